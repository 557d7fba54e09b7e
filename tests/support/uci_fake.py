"""`python -m support.uci_fake`: the UCI engine with a model of pseudo-random numbers instead of weights."""

from __future__ import annotations

from muzero_engine.engine.engine import Engine
from muzero_engine.engine.options import EngineOptions
from muzero_engine.games.chess import GAME
from muzero_engine.model import Model
from muzero_engine.protocols.stdio import open_stdio, run_session
from muzero_engine.protocols.uci import UciSession
from support.fakes import HashModel


def load_model(_: EngineOptions) -> Model:
    return HashModel(GAME.spec, GAME.spec.shapes[0])


def main() -> None:
    inbox, writer = open_stdio()
    session = UciSession(Engine(load_model), writer, name="MuZero Engine (fake model)", author="the tests")
    run_session(session, inbox)


if __name__ == "__main__":
    main()

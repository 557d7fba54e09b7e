"""`python -m support.uci_fake`: the UCI engine with a model of pseudo-random numbers instead of weights."""

from __future__ import annotations

from muzero_engine.engine.engine import Engine
from muzero_engine.engine.options import EngineOptions
from muzero_engine.games.chess import GAME
from muzero_engine.model import Model
from muzero_engine.protocols.common.stdio import open_stdio, run_session
from muzero_engine.protocols.uci.session import UciSession
from support.fakes import HashModel


class OpeningModel(HashModel):
    """Likes the moves of the start position, which either side can often play, so that variations get long."""

    def __init__(self) -> None:
        super().__init__(GAME.spec, GAME.spec.shapes[0])
        self._policies[:, GAME.initial(GAME.spec.shapes[0]).legal_actions()] += 8.0


def load_model(_: EngineOptions) -> Model:
    return OpeningModel()


def main() -> None:
    inbox, writer = open_stdio()
    session = UciSession(Engine(load_model), writer, name="MuZero Engine (fake model)", author="the tests")
    run_session(session, inbox)


if __name__ == "__main__":
    main()

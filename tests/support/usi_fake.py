"""`python -m support.usi_fake`: the USI engine with a model of pseudo-random numbers instead of weights."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from muzero_engine.engine.engine import Engine
from muzero_engine.engine.options import EngineOptions
from muzero_engine.games.shogi import GAME
from muzero_engine.model import Model
from muzero_engine.protocols.common.stdio import open_stdio, run_session
from muzero_engine.protocols.usi.session import UsiSession
from support.fakes import HashModel

NAME = "MuZero Engine (fake model)"


def load_model(_: EngineOptions) -> Model:
    return HashModel(GAME.spec, GAME.spec.shapes[0])


def executable(folder: Path, name: str = "engine.sh", command: str = "support.usi_fake") -> str:
    """Write an executable that starts `python -m command`, for clients that take a path and no arguments."""
    tests = Path(__file__).parents[1]
    path = folder / name
    path.write_text(f'#!/bin/sh\nPYTHONPATH="{tests.parent}{os.pathsep}{tests}" exec "{sys.executable}" -m {command}\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def main() -> None:
    inbox, writer = open_stdio()
    session = UsiSession(
        Engine(load_model, EngineOptions(mate_search=False), game="shogi"), writer, name=NAME, author="the tests"
    )
    run_session(session, inbox)


if __name__ == "__main__":
    main()

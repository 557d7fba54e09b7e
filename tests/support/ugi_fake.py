"""The model of pseudo-random numbers that stands in for weights in tests of UGI."""

from __future__ import annotations

from muzero_engine.engine.options import EngineOptions
from muzero_engine.games.registry import load_game
from muzero_engine.model import Model
from support.fakes import HashModel

GAME = load_game("tictactoe")


def load_model(_: EngineOptions) -> Model:
    return HashModel(GAME.spec, GAME.spec.shapes[0])

"""The conformance kit: what every game has to obey, for the games here and for those of other packages.

    python -m muzero_engine.games.conformance NAME     every check of a game of the registry, one line each

    from muzero_engine.games.conformance import check_game, checks

    check_game(GAME)                                   raises AssertionError for the first check that fails

    @pytest.mark.parametrize("check", checks(GAME), ids=str)
    def test_conformance(check):                       one test a check and board
        check.run()

A failure says in a sentence what is wrong and where. The checks play random games from fixed seeds on some boards of
the game (the default, the smallest, the largest, an oblong one), so a game that passes once passes again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from muzero_engine.games.base import Game, Shape
from muzero_engine.games.conformance import declared, moves, planes, texts
from muzero_engine.games.conformance.play import some_shapes


@dataclass(frozen=True, slots=True)
class Check:
    """One property on one board of a game."""

    game: Game
    shape: Shape
    function: Callable[[Game, Shape], None]

    @property
    def statement(self) -> str:
        """Return what has to hold, in a sentence."""
        return (self.function.__doc__ or "").strip().splitlines()[0]

    def run(self) -> None:
        """Raise AssertionError, with a sentence that says what is wrong and where, if the game has it not."""
        try:
            self.function(self.game, self.shape)
        except AssertionError as error:
            raise AssertionError(f"{self}: {error}") from error
        except Exception as error:
            raise AssertionError(f"{self}: {type(error).__name__} was raised: {error}") from error

    def __str__(self) -> str:
        return f"{self.game.spec.name}-{self.shape[0]}x{self.shape[1]}-{self.function.__name__}"


def checks(game: Game) -> list[Check]:
    """Return every check on some boards of the game, the most basic ones first."""
    functions = (*moves.CHECKS, *texts.CHECKS, *planes.CHECKS, *declared.CHECKS)
    return [Check(game, shape, function) for shape in some_shapes(game) for function in functions]


def check_game(game: Game) -> None:
    """Run every check. Raises AssertionError, with a sentence, for the first that fails."""
    for check in checks(game):
        check.run()

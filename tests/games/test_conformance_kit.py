"""The conformance kit finds what is wrong with a game and says so."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from support.broken_games import FAULTS

from muzero_engine.games.base import Game
from muzero_engine.games.conformance import check_game, checks
from muzero_engine.games.conformance.planes import moves_change_their_square, one_network_serves_all_boards
from muzero_engine.games.go import GAME as GO
from muzero_engine.games.tictactoe import GAME as TICTACTOE
from muzero_engine.network.config import BadConfig, NetworkConfig


@pytest.mark.parametrize(("game", "sentence"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_a_broken_game_fails_with_a_sentence(game: Callable[[], Game], sentence: str) -> None:
    with pytest.raises(AssertionError, match=sentence):
        check_game(game())


def test_a_good_game_passes() -> None:
    check_game(TICTACTOE)


def test_pieces_of_nobody_change_squares_too() -> None:
    layout = replace(TICTACTOE.spec.layout, per_player=0, neutral=2)
    game = replace(TICTACTOE, spec=replace(TICTACTOE.spec, layout=layout))
    moves_change_their_square(game, game.spec.shapes[0])


def test_several_boards_want_actions_that_name_a_point() -> None:
    """The network of such a game is refused by `train`."""
    one_network_serves_all_boards(GO, GO.spec.shapes[0])
    for game in (
        replace(GO, spec=replace(GO.spec, action_planes=2)),
        replace(GO, action_table=lambda shape: replace(GO.action_table(shape), kinds=1)),
    ):
        with pytest.raises(BadConfig):
            NetworkConfig.for_game(game)
        with pytest.raises(AssertionError, match="which no network takes"):
            one_network_serves_all_boards(game, GO.spec.shapes[0])


def test_a_check_says_what_it_proves() -> None:
    statements = [check.statement for check in checks(TICTACTOE)]
    assert all(statement.endswith(".") for statement in statements)
    assert len(set(statements)) == len(statements)


def conformance(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "muzero_engine.games.conformance", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_the_command_prints_one_line_a_check() -> None:
    done = conformance("tictactoe")
    assert done.returncode == 0
    *lines, last = done.stdout.splitlines()
    assert last == "tictactoe passes"
    assert lines == [f"ok      {check}" for check in checks(TICTACTOE)]


def test_the_command_names_an_unknown_game() -> None:
    done = conformance("checkers")
    assert done.returncode == 2
    assert done.stderr.startswith("error: unknown game 'checkers'")

"""What the rules say at the root about moves that end the game."""

from __future__ import annotations

import pytest

from muzero_engine.games.endings import can_escape_loss, playable
from muzero_engine.games.go.rules import GoPosition
from muzero_engine.games.registry import load_game
from muzero_engine.games.shogi.rules import ShogiPosition


@pytest.mark.parametrize(
    ("game", "moves", "komi", "expected"),
    [
        ("go", "pass", 7.0, "pass"),  # white has komi: wins
        ("go", "C3 pass", 7.0, "pass"),  # black has every point: wins
        ("go", "A1 C3 A2 pass", 7.0, "not pass"),  # black would lose by komi
        ("go", "pass", 0.0, "all"),  # a draw is left to the search
        ("go", "C3", 7.0, "all"),  # a pass ends nothing
        ("tictactoe", "a1 b1 a2 b2", 0.0, "a3"),
        ("chess", "f2f3 e7e5 g2g4", 0.0, "d8h4"),
    ],
)
def test_a_search_is_told_which_moves_end_the_game(game: str, moves: str, komi: float, expected: str) -> None:
    position = load_game(game).initial((5, 5) if game == "go" else load_game(game).spec.shapes[0])
    if isinstance(position, GoPosition):
        position.set_komi(komi)
    for move in moves.split():
        position.push(position.parse_action(move))
    searched = {position.action_text(action) for action in playable(position).tolist()}
    legal = {position.action_text(action) for action in position.legal_actions().tolist()}
    assert searched == {"all": legal, "not pass": legal - {"pass"}}.get(expected, {expected})


@pytest.mark.parametrize(
    ("game", "text", "expected"),
    [
        ("chess", "7k/5Q2/8/8/8/8/8/K7 w - - 0 1", True),  # mates, or stalemates
        ("chess", "7k/8/5Q2/8/8/8/8/K7 b - - 0 1", False),
        ("chess", "7k/8/5Q2/8/8/8/8/K7 b - - 99 80", True),  # any move is the fiftieth
        ("shogi", "4k4/9/4P4/9/9/9/9/9/4K4 b G 1", True),  # mates by a gold on 5b
        ("shogi", "4k4/9/9/9/9/9/9/9/4K4 b - 1", False),
    ],
)
def test_a_mover_escapes_a_loss_by_a_win_or_a_draw(game: str, text: str, expected: bool) -> None:
    assert can_escape_loss(load_game(game).from_text(text)) == expected


def test_a_mover_escapes_a_loss_by_a_declaration(monkeypatch: pytest.MonkeyPatch) -> None:
    position = load_game("shogi").from_text("4k4/9/9/9/9/9/9/9/4K4 b - 1")
    monkeypatch.setattr(ShogiPosition, "can_declare_win", lambda self: True)
    assert can_escape_loss(position)

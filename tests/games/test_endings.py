from __future__ import annotations

import pytest

from muzero_engine.games.endings import playable
from muzero_engine.games.go.rules import GoPosition
from muzero_engine.games.registry import load_game


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
    found = {position.action_text(action) for action in playable(position).tolist()}
    legal = {position.action_text(action) for action in position.legal_actions().tolist()}
    assert found == {"all": legal, "not pass": legal - {"pass"}}.get(expected, {expected})

"""Matches of batched players are fair: openings are shared, sides swapped."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from muzero_engine.games.base import Gains, Game, Position
from muzero_engine.games.registry import load_game
from muzero_engine.training.evaluation.matches import GreedyPlayer, MatchScore, RandomPlayer, openings, play_pairs

TICTACTOE = load_game("tictactoe")


def gains(game: Game) -> Callable[[Position], Gains]:
    assert game.greedy is not None
    return game.greedy


def end(position: Position) -> float | None:
    outcome = position.outcome()
    return None if outcome is None else outcome.value(0)


class FirstMove:
    """The lowest legal action: on an empty board it wins by the lower row against itself as x."""

    def choose(self, positions: Sequence[Position]) -> list[int]:
        assert all(position.outcome() is None for position in positions)
        return [int(position.legal_actions()[0]) for position in positions]


class Perfect:
    def choose(self, positions: Sequence[Position]) -> list[int]:
        return [max(p.legal_actions().tolist(), key=lambda action: -value(after(p, action))) for p in positions]


def after(position: Position, action: int) -> str:
    following = position.copy()
    following.push(action)
    return following.text()


@functools.cache
def value(text: str) -> float:
    """Of a tic-tac-toe board for the player to move, by exhaustive search."""
    position = TICTACTOE.from_text(text)
    outcome = position.outcome()
    if outcome is not None:
        return outcome.value(position.mover)
    return max(-value(after(position, action)) for action in position.legal_actions().tolist())


def test_a_player_against_itself_is_even_whatever_the_opening() -> None:
    starts = openings(lambda rng: TICTACTOE.initial((3, 3)), 20, 2, np.random.default_rng(1))
    score = play_pairs(FirstMove(), FirstMove(), starts, end)
    assert score.wins + score.draws + score.losses == 40
    assert score.wins == score.losses
    assert score.score == 0.5


def test_the_better_player_wins_from_both_sides() -> None:
    starts = [TICTACTOE.from_text(text) for text in (".../.../...", "x../.../...", "x../.o./...")]
    better = play_pairs(Perfect(), FirstMove(), starts, end)
    worse = play_pairs(FirstMove(), Perfect(), starts, end)
    assert better.losses == 0 < better.wins
    assert (worse.wins, worse.draws, worse.losses) == (better.losses, better.draws, better.wins)
    assert all(start.ply == 0 for start in starts)


def test_openings_never_end_the_game() -> None:
    starts = openings(lambda rng: TICTACTOE.initial((3, 3)), 50, 9, np.random.default_rng(2))
    assert all(position.outcome() is None for position in starts)
    assert len({position.text() for position in starts}) > 20
    again = openings(lambda rng: TICTACTOE.initial((3, 3)), 50, 9, np.random.default_rng(2))
    assert [position.text() for position in starts] == [position.text() for position in again]


@pytest.mark.parametrize(
    ("game", "text", "moves"),
    [
        ("chess", "4k3/8/8/3q1r2/4P3/8/8/4K3 w - - 0 1", {"e4d5"}),  # queen before rook
        ("chess", "4k3/8/8/3Q1r2/4p3/8/8/4K3 b - - 0 1", {"f5d5"}),  # the same for black, in its frame
        ("chess", "6k1/5ppp/8/8/8/8/1q6/1R1R2K1 w - - 0 1", {"d1d8"}),  # mate before the queen
        ("chess", "8/8/8/3pP3/8/8/8/k1K5 w - - 0 1", {"e5e6", "c1c2", "c1d1", "c1d2"}),  # nothing to take
        ("shogi", "4k4/9/9/9/3r1b3/4G4/9/9/4K4 b - 1", {"5f6e"}),  # rook before bishop
        ("shogi", "4k4/9/9/4g4/3B1R3/9/9/9/4K4 w - 1", {"5d4e"}),  # the same for white
    ],
)
def test_the_greedy_player_takes_the_most_valuable_piece(game: str, text: str, moves: set[str]) -> None:
    position = load_game(game).from_text(text)
    player = GreedyPlayer(gains(load_game(game)), np.random.default_rng(0))
    chosen = {position.action_text(player.choose([position])[0]) for _ in range(30)}
    assert chosen <= moves


def test_the_greedy_player_beats_the_random_one_at_chess() -> None:
    game = load_game("chess")
    rng = np.random.default_rng(5)

    def material_end(position: Position) -> float | None:
        if position.outcome() is None and position.ply < 60:
            return None
        values = np.array([1, 3, 3, 5, 9, 0, -1, -3, -3, -5, -9, 0])
        balance = float((position.frames(1)[0][:12].sum(axis=(1, 2)) * values).sum())
        return float(np.sign(balance))

    starts = openings(lambda rng: game.initial((8, 8)), 4, 2, rng)
    score = play_pairs(GreedyPlayer(gains(game), rng), RandomPlayer(rng), starts, material_end)
    assert score.wins >= 7


def test_an_empty_score_is_even() -> None:
    assert MatchScore().score == 0.5
    assert MatchScore(wins=1, draws=1, losses=2).score == 0.375

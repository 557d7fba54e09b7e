"""Chess positions and games to test with, and Hypothesis strategies of positions with a past."""

from __future__ import annotations

import random

import chess
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from muzero_engine.games.chess import GAME, ChessPosition, position_from_fen

# Walks may take long on a busy machine; that is no failure.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Openings, castling of every kind, en passant at once, promotions, bare endgames, a clock about to run out.
STANDARD_FENS = (
    chess.STARTING_FEN,
    "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1",
    "8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1",
    "r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1",
    "rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8",
    "rnbqkbnr/ppp1p1pp/8/3pPp2/8/8/PPPP1PPP/RNBQKBNR w KQkq f6 0 3",
    "8/8/8/1k6/3Pp3/8/8/4K2R b K d3 0 1",
    "8/P6k/8/8/8/8/p6K/8 b - - 3 70",
    "4k3/8/8/8/8/8/8/R3K2R w KQ - 97 120",
    "8/8/8/4k3/8/2n5/8/3BK3 w - - 10 90",
    "7k/8/6Q1/8/8/8/8/K7 w - - 0 1",
)
CHESS960_FENS = (
    "bqnb1rkr/pp3ppp/3ppn2/2p5/5P2/P2P4/NPP1P1PP/BQ1BNRKR w HFhf - 2 9",
    "1rkr4/8/8/8/8/8/8/1RKR4 w DBdb - 0 1",
    "4rkr1/8/8/8/8/8/8/RK5R b HAge - 0 1",
    "r3k2r/8/8/8/8/8/8/1R2KR2 w FBha - 0 1",
    "r3k2r/8/8/8/8/8/8/R3K2R w HAha - 0 1",
)

_FROM = GAME.action_table((8, 8)).from_square.tolist()
_TO = GAME.action_table((8, 8)).to_square.tolist()

starts = st.one_of(
    st.builds(position_from_fen, st.sampled_from(STANDARD_FENS)),
    st.builds(position_from_fen, st.sampled_from(CHESS960_FENS), st.just(True)),
)


def _long_choices(seed: int, plies: int, undoing: float) -> list[int]:
    generator = random.Random(seed)
    return [2 * generator.randrange(2**12) + (generator.random() < undoing) for _ in range(plies)]


# Short walks that shrink well, and long ones that reach the ends of games.
choices = st.one_of(
    st.lists(st.integers(0, 2**12), max_size=30),
    st.builds(_long_choices, st.integers(0, 2**32), st.integers(40, 160), st.sampled_from([0.05, 0.5, 0.8])),
)


def next_action(position: ChessPosition, choice: int, previous: int | None) -> int | None:
    """Return a legal action, None if the game is over. Odd choices undo the mover's `previous` action where they can.

    Undoing makes repetitions as frequent as they are in bad play.
    """
    if position.outcome() is not None:
        return None
    legal = position.legal_actions().tolist()
    if choice % 2 and previous is not None:
        back = [a for a in legal if (_FROM[a], _TO[a]) == (_TO[previous], _FROM[previous])]
        if back:
            return int(back[0])
    return int(legal[choice // 2 % len(legal)])


def walk(start: ChessPosition, choices: list[int]) -> list[int]:
    """Play on `start` as long as choices last and the game goes on; return the actions."""
    actions: list[int] = []
    for choice in choices:
        action = next_action(start, choice, actions[-2] if len(actions) > 1 else None)
        if action is None:
            break
        start.push(action)
        actions.append(action)
    return actions


def _played(start: ChessPosition, choices: list[int]) -> ChessPosition:
    walk(start, choices)
    return start


positions = st.builds(_played, starts, choices)


def played(moves: str, fen: str = chess.STARTING_FEN) -> ChessPosition:
    """Return the position after some moves."""
    position = position_from_fen(fen)
    for text in moves.split():
        position.push(position.parse_action(text))
    return position


def legal_texts(position: ChessPosition) -> set[str]:
    """Return the legal moves."""
    return {position.action_text(action) for action in position.legal_actions().tolist()}


def everything(position: ChessPosition) -> tuple[object, ...]:
    """Return all that can be seen of a position."""
    return (
        position.text(),
        position.board_text(),
        position.ply,
        position.mover,
        position.outcome(),
        position.legal_actions().tolist(),
        position.scalars().tolist(),
        position.frames(10).tobytes(),
        position.ending_actions(),
    )

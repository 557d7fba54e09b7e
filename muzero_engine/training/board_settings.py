"""What follows from the self-play settings for each board (shape) of a game: its share of the games, its slots, its
longest game. No torch here."""

from __future__ import annotations

from collections.abc import Iterable

from muzero_engine.games.base import GameSpec, Shape
from muzero_engine.training.config import SelfPlaySettings


def board_shares(settings: SelfPlaySettings, spec: GameSpec) -> dict[Shape, float]:
    """Return the boards that are played with their shares of the games, which sum to 1."""
    shares = dict(settings.shapes) or {spec.shapes[0]: 1.0}
    total = sum(shares.values())
    return {shape: share / total for shape, share in shares.items()}


def boards_text(boards: Iterable[Shape]) -> str:
    """Return boards as people write them: "9x9, 13x13"."""
    return ", ".join(f"{rows}x{columns}" for rows, columns in boards)


def chosen_boards(settings: SelfPlaySettings, spec: GameSpec) -> str:
    """Return " on 9x9, 13x13", the boards that are played; "" for a game that has one."""
    return f" on {boards_text(board_shares(settings, spec))}" if len(spec.shapes) > 1 else ""


def group_sizes(settings: SelfPlaySettings, spec: GameSpec) -> dict[Shape, int]:
    """Return the batch size of every search: the slots in each of the two groups of a board, at least one."""
    return {shape: max(1, round(settings.games * share / 2)) for shape, share in board_shares(settings, spec).items()}


def ply_cap(settings: SelfPlaySettings, spec: GameSpec, shape: Shape) -> int:
    """Return the most plies of a game.

    `GameSpec.max_plies` is meant for the largest board; smaller ones get their share.
    """
    if settings.max_plies:
        return settings.max_plies
    largest = max(rows * columns for rows, columns in spec.shapes)
    return max(1, spec.max_plies * shape[0] * shape[1] // largest)

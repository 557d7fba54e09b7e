"""Going through a game: what the search thinks of every position, and what each move gave away.

A move's loss is what its player's expected score (wins and half of draws, 0 to 1) is lower after it than with the best
line that was found before it, both as the search sees them. It is never below 0, and 0 for the best move itself.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import click

from muzero_engine.commands.common.compose import think_whole
from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.report import RootMove
from muzero_engine.games.base import Position
from muzero_engine.games.registry import game_of
from muzero_engine.games.written_moves import line_texts, move_text

MARKS = ((0.15, "??"), (0.10, "?"), (0.05, "?!"))
"""Losses from which on a move is marked, largest first (5, 10 and 15 points of a hundred, as lichess marks them)."""
LEAST_LOSS = 0.005  # that is shown

_NUMBER = re.compile(r"([0-9]{1,5})\s*(\.{0,3})\s*([a-z]?)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PlayedMove:
    """A move of a game."""

    before: Position  # the position in which it was played
    action: int
    after: Position
    number: str  # as people number it: "12.", "12...", or "23." where every ply has its own

    @property
    def text(self) -> str:
        """Return the move as people write it."""
        return move_text(self.before, self.action)


@dataclass(frozen=True, slots=True)
class Judged:
    """What the search thinks of a position. Scores are the expected ones of player 0, 0 to 1."""

    score: float
    best: RootMove | None  # None where the game is over
    nodes: int = 0


@dataclass(frozen=True, slots=True)
class JudgedMove:
    """A move of a game, with what the search thinks before and after it."""

    played: PlayedMove
    before: Judged
    after: Judged

    @property
    def is_best(self) -> bool:
        return self.before.best is not None and self.before.best.action == self.played.action

    @property
    def loss(self) -> float:
        """Return by how much the mover's expected score is lower for it, 0 to 1."""
        if self.is_best:
            return 0.0
        difference = self.before.score - self.after.score
        return max(0.0, difference if self.played.before.mover == 0 else -difference)

    @property
    def has_better(self) -> bool:
        """Return whether there was a better move, by half a point of a hundred at least."""
        return self.loss >= LEAST_LOSS

    @property
    def mark(self) -> str:
        """Return the mark of the move: `??`, `?`, `?!`, or nothing."""
        return next((mark for least, mark in MARKS if self.loss >= least), "")

    def better_line(self) -> tuple[list[str], list[str]]:
        """Return the best line as (protocol's texts, texts for people)."""
        assert self.before.best is not None
        return line_texts(self.played.before, self.before.best.pv)


def loss_of(moves: Sequence[JudgedMove]) -> float:
    """Return the mean loss of some moves, 0 to 1; 0 for none."""
    return sum(move.loss for move in moves) / len(moves) if moves else 0.0


def chosen(end: Position, first: str | None, last: str | None) -> list[PlayedMove]:
    """Return the moves from one number to another, both included, of the game that led to a position, which has one at
    least; None is the first and the last one.

    A number is as people write it: `12` is both players' in chess, `12w`, `12.`, `12b` and `12...` are one's. Raises
    click.ClickException.
    """
    numbers = _numbers(end)
    start = 0 if first is None else _places(numbers, first)[0]
    stop = len(numbers) if last is None else _places(numbers, last)[-1] + 1
    if start >= stop:
        raise click.ClickException(f"--from {first} comes after --to {last}")
    walker = end.copy()
    while walker.ply > stop:
        walker.pop()
    after = walker.copy()
    moves: list[PlayedMove] = []
    while walker.ply > start:
        action = walker.pop()
        before = walker.copy()
        moves.append(PlayedMove(before, action, after, numbers[before.ply][0]))
        after = before
    return moves[::-1]


def _numbers(end: Position) -> list[tuple[str, str]]:
    """Return number, as people write it, and player of each move of a game, the first one first."""
    walker = end.copy()
    movers = []
    while walker.ply:
        walker.pop()
        movers.append(walker.mover)
    game, players = game_of(walker), walker.spec.players
    number = 1 if game.board_view is None else game.board_view(walker).move_number
    both = game.notation.plies_per_move > 1  # have one number
    numbers = []
    for mover in reversed(movers):
        numbers.append((f"{number}{'...' if both and mover else '.'}", players[mover]))
        number += mover if both else 1
    return numbers


def _places(numbers: Sequence[tuple[str, str]], text: str) -> list[int]:
    """Return where moves of this number are. Raises click.ClickException."""
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        raise click.ClickException(f"{text[:20]!a} is no number of a move: write 12, 12w or 12b")
    digits, dots, letter = match.groups()
    places = []
    for place, (number, player) in enumerate(numbers):
        if int(number.rstrip(".")) != int(digits) or (letter and not player.startswith(letter.lower())):
            continue
        if dots and number.count(".") > 1 and len(dots) == 1:
            continue
        if len(dots) > 1 and number.count(".") == 1:
            continue
        places.append(place)
    if not places:
        raise click.ClickException(f"there is no move {text} in the game: it has {numbers[0][0]} to {numbers[-1][0]}")
    return places


def judge_moves(
    engine: Engine, moves: Sequence[PlayedMove], limits: Limits, tick: Callable[[], None]
) -> list[JudgedMove]:
    """Search before and after every move, which follow each other; `tick` is called after each search.

    Ctrl-C ends it: what is judged by then is returned.
    """
    judged: list[Judged] = []
    try:
        for move in moves:
            judged.append(_judged(engine, move.before, limits))
            tick()
        if moves:
            judged.append(_ended(moves[-1].after) or _judged(engine, moves[-1].after, limits))
            tick()
    except KeyboardInterrupt:
        pass
    return [JudgedMove(move, *pair) for move, pair in zip(moves, itertools.pairwise(judged), strict=False)]


def _ended(position: Position) -> Judged | None:
    """Return how the game ended, None where it could go on."""
    outcome = position.outcome()
    return None if outcome is None else Judged((1.0 + outcome.value(0)) / 2.0, None)


def _judged(engine: Engine, position: Position, limits: Limits) -> Judged:
    """Return what the search thinks. Raises KeyboardInterrupt on Ctrl-C."""
    result = think_whole(engine, position, limits)
    best = result.info.moves[0]
    value = 1.0 if result.declare_win else best.value
    return Judged((1.0 + (value if position.mover == 0 else -value)) / 2.0, best, result.info.nodes)

"""Where games begin: openings from files of games and positions, or random moves from a seed.

An opening is played twice, with colours swapped, so it need not be fair, but one that decides the game tells nothing.

Files are of the formats of the game (`Game.records`), told by their ending, or lines of moves, which every game has.

Empty lines and those that begin with `#` are skipped. A book may hold millions of positions, so it is only cut into
entries; those that are chosen are read, and a bad one of these ends in `BadOpenings` with one line.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from muzero_engine.games.base import BadPosition, Game, IllegalMove, Position
from muzero_engine.games.record_files import format_of, read_text

ATTEMPTS = 2000  # random games without a new balanced position among them


class BadOpenings(ValueError):
    """A file of openings that cannot be used, or random openings that cannot be found; the message says why."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A position to begin from. `start` is read by `Game.from_text`, None is the initial position of the game."""

    name: str
    start: str | None = None
    moves: tuple[str, ...] = ()  # in the protocol's words, one side after the other


def opening_position(opening: Opening, initial: Position, from_text: Callable[[str], Position]) -> Position:
    """Return the position after the moves of an opening. `initial` is the start of the game, which is left as it is.

    Raises BadOpenings for a position that cannot be read, an illegal move, and an opening that ends the game.
    """
    try:
        position = initial.copy() if opening.start is None else from_text(opening.start)
        for number, move in enumerate(opening.moves, start=1):
            try:
                position.push(position.parse_action(move))
            except IllegalMove as error:
                raise BadOpenings(f"opening {opening.name}, move {number}: {error}") from None
    except BadPosition as error:
        raise BadOpenings(f"opening {opening.name}: {error}") from None
    if position.shape != initial.shape:
        shapes = "x".join(map(str, position.shape)), "x".join(map(str, initial.shape))
        raise BadOpenings(f"opening {opening.name} is for a board of {shapes[0]}, and the games are on {shapes[1]}")
    outcome = position.outcome()
    if outcome is not None or not len(position.legal_actions()):
        reason = outcome.reason if outcome else "no legal moves"
        raise BadOpenings(f"opening {opening.name} ends the game ({reason}): take it out")
    return position


def read_openings(
    path: Path,
    game: Game,
    initial: Position,
    *,
    count: int | None = None,
    plies: int | None = None,
    seed: int | None = None,
    warn: Callable[[str], None] = lambda _warning: None,
) -> list[Opening]:
    """Return the openings of a file, each checked.

    Args:
        path: the file; its ending says what it holds.
        game: whose openings these are to be.
        initial: the start position of the games to be played; boards of another size are refused, and its komi is
            that of SGF openings with set-up stones.
        count: how many at most; None for all.
        plies: moves of an opening at most, the rest is cut off; None for all.
        seed: of the order; None for that of the file.
        warn: is called with a sentence for what was read otherwise than it is written.

    Raises BadOpenings for a file that cannot be read, holds another game or nothing, and for a bad entry.
    """
    try:
        form = format_of(path.name, game)
        entries = list(form.split(read_text(path, form)))
    except BadPosition as error:
        raise BadOpenings(str(error)) from None
    if not entries:
        raise BadOpenings(f"there are no openings in {path}")
    if seed is not None:
        random.Random(f"openings {seed}").shuffle(entries)
    openings = []
    for entry in entries[:count]:
        try:
            recorded = form.read(entry.text, initial)
        except BadPosition as error:
            raise BadOpenings(f"{path}, {form.unit} {entry.number}: {error}") from None
        for warning in recorded.warnings:
            warn(f"{path}, {form.unit} {entry.number}: {warning}")
        name = recorded.name or f"{path.name}:{entry.number}"
        opening = Opening(name, recorded.start, recorded.moves[:plies])
        opening_position(opening, initial, game.from_text)
        openings.append(opening)
    return openings


def random_openings(
    initial: Position,
    count: int,
    *,
    plies: int,
    seed: int,
    value: Callable[[Position], float] | None = None,
    balance: float = 0.3,
    from_start: bool = True,
    fewest: int | None = None,
) -> list[Opening]:
    """Return different positions after `plies` uniformly random legal moves (no pass among them) from `initial`.

    That is where the game starts, or a set-up position if `from_start` is false. With `value`, which judges a position
    from its mover's point of view in [-1, 1], only positions are taken that it sees within `balance` of an even game.
    The same seed gives the same openings, and the first ones do not depend on `count`.

    Raises BadOpenings if not so many are found, or `fewest` of them, which then do.
    """
    rng = np.random.default_rng(random.Random(f"random openings {seed}").getrandbits(64))
    spec, shape = initial.spec, initial.shape
    stones = spec.action_planes * shape[0] * shape[1]  # actions from here on have no square
    start = None if from_start else initial.text()
    openings: list[Opening] = []
    seen: set[str] = set()
    failures = 0
    while len(openings) < count:
        position = initial.copy()
        moves = _random_moves(position, plies, stones, rng)
        text = position.text()
        if moves is None or text in seen or (value is not None and not abs(value(position)) <= balance):
            failures += 1
            if failures == ATTEMPTS and len(openings) >= (fewest or count):
                break
            if failures == ATTEMPTS:
                within = "" if value is None else f" within {balance:g} of balance"
                raise BadOpenings(
                    f"found only {len(openings)} of {count} different positions after {plies} random moves{within}: "
                    "ask for fewer openings or for more moves" + ("" if value is None else ", or allow more imbalance")
                )
            continue
        failures = 0
        seen.add(text)
        openings.append(Opening(f"random {seed}:{len(openings) + 1}", start, tuple(moves)))
    return openings


def _random_moves(position: Position, plies: int, stones: int, rng: np.random.Generator) -> list[str] | None:
    """Play random moves and return their texts, or None where the game ends."""
    moves = []
    for _ in range(plies):
        actions = position.legal_actions()
        actions = actions[actions < stones]
        if not len(actions):
            return None
        action = int(rng.choice(actions))
        moves.append(position.action_text(action))
        position.push(action)
        if position.outcome() is not None:
            return None
    return None if not len(position.legal_actions()) else moves

"""Reads the arguments of the UCI commands `position` and `go`.

Clients differ, so the readers are forgiving: unknown words are skipped, numbers that make no sense are dropped or
raised to the least that does, and each of these is told in `problems` rather than refused. Nothing here raises.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from muzero_engine.engine.limits import Clock, Limits
from muzero_engine.games.base import IllegalMove, Position
from muzero_engine.protocols.common.search_text import group_words, whole_number

NULL_MOVE = "0000"

_NUMBERS = frozenset({"wtime", "btime", "winc", "binc", "movestogo", "depth", "nodes", "mate", "movetime"})
_WORDS = _NUMBERS | {"searchmoves", "ponder", "infinite"}


@dataclass(frozen=True, slots=True)
class PositionCommand:
    """`position startpos|fen F [moves M1 M2 ...]`. `fen` is None for the start position."""

    fen: str | None
    moves: tuple[str, ...]


def parse_position(arguments: str) -> PositionCommand | None:
    """What follows the word `position`; None where it is neither `startpos` nor `fen F`."""
    words = arguments.split()
    cut = words.index("moves") if "moves" in words else len(words)
    setup, moves = words[:cut], tuple(word.lower() for word in words[cut + 1 :])
    if setup[:1] == ["startpos"]:
        return PositionCommand(None, moves)
    if setup[:1] == ["fen"] and len(setup) > 1:
        return PositionCommand(" ".join(setup[1:]), moves)
    return None


@dataclass(frozen=True, slots=True)
class GoCommand:
    """The arguments of `go`: numbers as sent (held within +-`common.MOST`), None where absent."""

    numbers: dict[str, int]
    search_moves: tuple[str, ...] | None
    ponder: bool
    infinite: bool
    problems: tuple[str, ...]


def parse_go(arguments: str) -> GoCommand:
    """What follows the word `go`, in any order and combination; the last of two equal words counts."""
    numbers: dict[str, int] = {}
    search_moves: tuple[str, ...] | None = None
    problems: list[str] = []
    flags: set[str] = set()
    words = arguments.split()
    unknown = list(itertools.takewhile(lambda word: word not in _WORDS, words))
    for word, values in group_words(words, _WORDS):
        if word in _NUMBERS:
            try:
                numbers[word] = whole_number(values[0])
            except (IndexError, ValueError):
                problems.append(f"{word} takes a whole number; ignored")
            else:
                unknown += values[1:]
        elif word == "searchmoves":
            search_moves = tuple(move.lower() for move in values) or None
        else:
            flags.add(word)
            unknown += values
    problems += [f"unknown word {word} in go; ignored" for word in unknown]
    return GoCommand(numbers, search_moves, "ponder" in flags, "infinite" in flags, tuple(problems))


def make_limits(go: GoCommand, position: Position) -> tuple[Limits, list[str]]:
    """The limits a `go` means in this position, and what is wrong with it.

    Moves of `searchmoves` that are not legal are left out, and where none is left there is no restriction: an empty
    list, which python-chess writes as `searchmoves 0000`, means all moves.
    """
    problems = list(go.problems)
    actions: tuple[int, ...] | None = None
    if go.search_moves is not None:
        found: dict[int, None] = {}
        for text in go.search_moves:
            if text == NULL_MOVE:
                continue
            try:
                found[position.parse_action(text)] = None
            except IllegalMove as error:
                problems.append(f"searchmoves: {error}")
        actions = tuple(found) or None
    least_one = {word: max(1, number) for word, number in go.numbers.items()}
    limits = Limits(
        clock=_clock(go.numbers, position.mover),
        move_time_ms=least_one.get("movetime"),
        nodes=least_one.get("nodes"),
        depth=least_one.get("depth"),
        mate=least_one.get("mate"),
        infinite=go.infinite,
        ponder=go.ponder,
        root_actions=actions,
    )
    return limits, problems


def _clock(numbers: dict[str, int], mover: int) -> Clock | None:
    """The mover's clock; where only the opponent's is told, that one. None without any time or increment."""
    (time, increment), (other_time, other_increment) = (("wtime", "winc"), ("btime", "binc"))[:: -1 if mover else 1]
    if not numbers.keys() & {time, increment, other_time, other_increment}:
        return None
    moves_to_go = numbers.get("movestogo", 0)
    return Clock(
        remaining_ms=max(1, numbers.get(time, numbers.get(other_time, 0))),
        increment_ms=max(0, numbers.get(increment, numbers.get(other_increment, 0))),
        moves_to_go=moves_to_go if moves_to_go > 0 else None,
    )

"""The command `go` as UCI and UGI write it: words with numbers and words without, in any order.

Clients differ, so the readers are forgiving: unknown words are skipped, numbers that make no sense are dropped or
raised to the least that does, and each of these is told in `problems` rather than refused. Where no limit is left of
what was asked for, the move is due at once: only who asks for a search without end gets one. Nothing here raises.
"""

from __future__ import annotations

from dataclasses import dataclass

from muzero_engine.engine.limits import Clock, Limits
from muzero_engine.games.base import IllegalMove, Position
from muzero_engine.protocols.common.search_text import NO_LIMIT_LEFT, group_words, unknown_words, whole_number

NULL_MOVE = "0000"


@dataclass(frozen=True, slots=True)
class GoWords:
    """The words that a protocol has after `go`. Words that it lacks are unknown ones."""

    clocks: tuple[tuple[str, str], tuple[str, str]]  # time and increment of player 0 and of player 1
    counts: frozenset[str]  # of movestogo, depth, nodes, mate, movetime
    others: frozenset[str]  # of searchmoves, ponder, infinite

    @property
    def numbers(self) -> frozenset[str]:
        """Return the words that a whole number follows."""
        return self.counts.union(*self.clocks)

    @property
    def limits(self) -> frozenset[str]:
        """Return the words that end a search without a clock."""
        return self.counts - {"movestogo"}


@dataclass(frozen=True, slots=True)
class GoCommand:
    """The arguments of `go`: numbers as sent (held within +-`search_text.MOST`), None where absent."""

    words: GoWords
    numbers: dict[str, int]
    search_moves: tuple[str, ...] | None
    ponder: bool
    infinite: bool
    problems: tuple[str, ...]


def parse_go(arguments: str, go_words: GoWords) -> GoCommand:
    """Return what follows the word `go`, in any order and combination; the last of two equal words counts."""
    known = go_words.numbers | go_words.others
    numbers: dict[str, int] = {}
    search_moves: tuple[str, ...] | None = None
    problems: list[str] = []
    flags: set[str] = set()
    unknown: list[str] = []
    for word, values in group_words(arguments.split(), known):
        if word in go_words.numbers:
            try:
                numbers[word] = whole_number(values[0])
            except (IndexError, ValueError):
                problems.append(f"{word} takes a number; ignored")
            else:
                unknown += values[1:]
        elif word == "searchmoves":
            search_moves = tuple(values) or None
        else:
            flags.add(word)
            unknown += values
    problems += unknown_words(unknown)
    return GoCommand(go_words, numbers, search_moves, "ponder" in flags, "infinite" in flags, tuple(problems))


def make_limits(go: GoCommand, position: Position) -> tuple[Limits, list[str]]:
    """Return the limits that a `go` means in this position, and what is wrong with it.

    Moves of `searchmoves` that are not legal are left out, and where none is left there is no restriction: an empty
    list, which python-chess writes as `searchmoves 0000`, means all moves.
    """
    problems = list(go.problems)
    actions: tuple[int, ...] | None = None
    if go.search_moves is not None:
        legal: dict[int, None] = {}
        for text in go.search_moves:
            if text == NULL_MOVE:
                continue
            try:
                legal[position.parse_action(text)] = None
            except IllegalMove as error:
                problems.append(f"searchmoves: {error}")
        actions = tuple(legal) or None
    least_one = {word: max(1, number) for word, number in go.numbers.items()}
    clock = _clock(go, position.mover)
    if go.problems and clock is None and not go.infinite and not go.words.limits & go.numbers.keys():
        clock = Clock(remaining_ms=1)
        problems += [] if go.ponder else [NO_LIMIT_LEFT]
    limits = Limits(
        clock=clock,
        move_time_ms=least_one.get("movetime"),
        nodes=least_one.get("nodes"),
        depth=least_one.get("depth"),
        mate=least_one.get("mate"),
        infinite=go.infinite,
        ponder=go.ponder,
        root_actions=actions,
    )
    return limits, problems


def _clock(go: GoCommand, mover: int) -> Clock | None:
    """Return the mover's clock; where only the opponent's is told, that one. None without any time or increment."""
    numbers = go.numbers
    (time, increment), (other_time, other_increment) = go.words.clocks[:: -1 if mover else 1]
    if not numbers.keys() & {time, increment, other_time, other_increment}:
        return None
    moves_to_go = numbers.get("movestogo", 0)
    return Clock(
        remaining_ms=max(1, numbers.get(time, numbers.get(other_time, 0))),
        increment_ms=max(0, numbers.get(increment, numbers.get(other_increment, 0))),
        moves_to_go=moves_to_go if moves_to_go > 0 else None,
    )

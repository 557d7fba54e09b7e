"""Reads the arguments of the USI commands `position`, `go` and `ponderhit`.

Clients differ, so the readers are forgiving: unknown words are skipped and what makes no sense is left out and told in
`problems` rather than refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from muzero_engine.engine.limits import Clock, Limits
from muzero_engine.games.base import Game, IllegalMove, Position
from muzero_engine.games.record_files import refuse_long
from muzero_engine.protocols.common.position_command import kept_moves
from muzero_engine.protocols.common.search_text import group_words, unknown_words, whole_number

_NUMBERS = frozenset({"btime", "wtime", "byoyomi", "binc", "winc", "nodes", "movetime", "depth"})
_WORDS = _NUMBERS | {"ponder", "infinite", "searchmoves", "mate"}


@dataclass(frozen=True, slots=True, kw_only=True)
class UsiGoCommand:
    """What a `go` line says. Times in milliseconds, at least 0; None where not given."""

    btime: int | None = None
    wtime: int | None = None
    byoyomi: int | None = None
    binc: int | None = None
    winc: int | None = None
    nodes: int | None = None
    movetime: int | None = None
    depth: int | None = None
    ponder: bool = False
    infinite: bool = False
    search_moves: tuple[str, ...] = ()
    mate: bool = False
    mate_ms: int | None = None  # None: as long as it takes
    problems: tuple[str, ...] = ()  # one line each, for people

    @property
    def limitless(self) -> bool:
        """Return whether nothing that was read ends a search, though none without end was asked for."""
        limits = (self.btime, self.wtime, self.byoyomi, self.binc, self.winc, self.movetime, self.nodes, self.depth)
        return not self.infinite and all(limit is None for limit in limits)

    def clock(self, mover: int) -> Clock | None:
        """Return the clock of player `mover` (0 is black), None without any time.

        An increment comes before the move that it is for, and is not in the time that is told: the mover has btime +
        binc (Shogidokoro's "USI protocol", `go`). Where only the opponent's main time is told and no byoyomi, it stands
        for the mover's, too.
        """
        if all(time is None for time in (self.btime, self.wtime, self.byoyomi, self.binc, self.winc)):
            return None
        (main, increment), (other, _) = ((self.btime, self.binc), (self.wtime, self.winc))[:: -1 if mover else 1]
        if main is None and self.byoyomi is None:
            main = other
        remaining, increment = (main or 0) + (increment or 0), increment or 0
        return Clock(remaining_ms=remaining, increment_ms=increment, byoyomi_ms=self.byoyomi or 0)

    def limits(self, mover: int, root_actions: tuple[int, ...] | None) -> Limits:
        """Return the limits of a search by player `mover`."""
        clock = self.clock(mover)
        if self.limitless and (self.ponder or self.problems):
            clock = Clock()  # the move is due at the hit, unless that brings another clock, or at once
        return Limits(
            clock=clock,
            move_time_ms=self.movetime,
            nodes=None if self.nodes is None else max(self.nodes, 1),
            depth=None if self.depth is None else max(self.depth, 1),
            infinite=self.infinite,
            ponder=self.ponder,
            root_actions=root_actions,
        )


def parse_go(words: list[str]) -> UsiGoCommand:
    """Read what follows `go` or `ponderhit`, in any order.

    Unknown words are skipped, the last of two equal ones counts.
    """
    numbers: dict[str, int] = {}
    flags: set[str] = set()
    search_moves: tuple[str, ...] = ()
    mate_ms: int | None = None
    problems: list[str] = []
    unknown: list[str] = []
    for word, arguments in group_words(words, _WORDS):
        flags.add(word)
        if word == "searchmoves":
            search_moves = tuple(arguments)
            continue
        unknown += arguments[word in _NUMBERS or word == "mate" :]
        if word in _NUMBERS or (word == "mate" and arguments):
            try:
                number = max(0, whole_number(arguments[0]))  # a clock that ran out may be negative
            except (IndexError, ValueError):
                problems.append(f"{word} takes a number; ignored")
            else:
                if word == "mate":
                    mate_ms = number
                else:
                    numbers[word] = number
    return UsiGoCommand(
        **numbers,
        ponder="ponder" in flags,
        infinite="infinite" in flags,
        search_moves=search_moves,
        mate="mate" in flags,
        mate_ms=mate_ms,
        problems=(*problems, *unknown_words(unknown)),
    )


def root_actions(texts: tuple[str, ...], position: Position) -> tuple[tuple[int, ...] | None, list[str]]:
    """Return the actions of `searchmoves` and what is wrong with it; None (all moves) where none of them is legal."""
    actions: dict[int, None] = {}
    problems = []
    for text in texts:
        try:
            actions[position.parse_action(text)] = None
        except IllegalMove as error:
            problems.append(f"searchmoves: {error}")
    return tuple(actions) or None, problems


def split_position(words: list[str]) -> tuple[list[str], list[str]]:
    """Return the words of what follows `position` before and after the word `moves`."""
    cut = words.index("moves") if "moves" in words else len(words)
    return words[:cut], words[cut + 1 :]


def position_of_words(words: list[str], game: Game) -> tuple[Position, str | None]:
    """Read what follows `position`: `startpos` or `sfen BOARD TURN HANDS [NUMBER]`, then perhaps `moves ...`.

    Returns the position after the longest legal prefix of the moves and one line on the first that is not legal.
    Raises BadPosition.
    """
    setup, moves = split_position(words)
    refuse_long(moves)
    position = game.initial(game.spec.shapes[0]) if setup == ["startpos"] else game.from_text(" ".join(setup))
    for count, text in enumerate(moves):
        try:
            position.push(position.parse_action(text))
        except IllegalMove as error:
            return position, f"{error}; {kept_moves(count)}"
    return position, None

"""What a solver proves about the root's moves while a search runs: mates, checked by the rules of the game."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from muzero_engine.engine.mate_helper import MateFound, MateHelper
from muzero_engine.games.base import IllegalMove, Position
from muzero_engine.search.search import Search

AT_ONCE = 4  # mates that are played through between two steps of the search: a millisecond or two


class RootProofs:
    """Asks a helper about one root and tells the search what it finds. The search's thread alone calls it."""

    def __init__(self, helper: MateHelper, position: Position, search: Search) -> None:
        """Ask about `position`, the root of a search that has just begun; nothing comes where no helper can be had."""
        self._helper = helper
        self._position = position
        self._search = search
        self._lines: dict[int, tuple[int, ...]] = {}
        self._texts = {move.action: position.action_text(move.action) for move in search.root_moves()}
        self._first: int | None = None
        self._found: deque[MateFound] = deque()  # not looked at yet
        self._asked = helper.ask(helper.problem(position), tuple(self._texts.values()), helper.quick_nodes)

    @property
    def lines(self) -> Mapping[int, tuple[int, ...]]:
        """Return the proven root actions, each with the line that begins with it and ends in mate."""
        return self._lines

    def take(self) -> bool:
        """Tell the search what was proven, some of it at a time; return whether anything was."""
        if not self._asked:
            return False
        known = len(self._lines)
        self._found += self._helper.take()
        for _ in range(min(AT_ONCE, len(self._found))):
            found = self._found.popleft()
            if found.moves:
                line = self._line(found.moves if found.after is None else (found.after, *found.moves))
                if line is not None and line[0] in self._texts:
                    self._lines[line[0]] = line
                    self._search.prove(line[0], 1.0 if found.after is None else -1.0)
        return len(self._lines) > known

    def wait(self, seconds: float) -> bool:
        """Wait for something to `take`, at most so long; return whether there is, or may be later."""
        return self._asked and (bool(self._found) or self._helper.wait(seconds) or not self._helper.ended)

    def look_at(self, action: int) -> None:
        """Have the opponent's mate after a root action looked for before those after others."""
        if action != self._first and action not in self._lines:
            self._first = action
            self._helper.put_first(self._texts[action])

    def end(self) -> None:
        """Let the helper rest, and tell the search the rest of what was proven."""
        self._helper.rest()
        while self._found:
            self.take()

    def _line(self, texts: Iterable[str]) -> tuple[int, ...] | None:
        """Return the actions of a line that is legal and ends in a win of who moves last, None for any other."""
        position, line = self._position.copy(), []
        try:
            for text in texts:
                action = position.parse_action(text)
                position.push(action)
                line.append(action)
        except IllegalMove:
            return None
        outcome = position.outcome()
        return tuple(line) if outcome is not None and outcome.winner == 1 - position.mover else None

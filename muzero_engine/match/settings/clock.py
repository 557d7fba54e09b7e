"""The runner's clocks: what each side has left, by the runner's own measurement. Seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from muzero_engine.match.settings.time_control import TimeControl


@dataclass(frozen=True, slots=True)
class ClockState:
    """What a clock shows before a move.

    `left_s` is main time, or, `in_overtime`, what is left of the running period. `moves` is how many moves must still
    be made in it (moves in a time, Canadian overtime); `periods` how many byoyomi periods are left, this one included.
    """

    left_s: float
    in_overtime: bool = False
    moves: int | None = None
    periods: int = 0


class GameClock:
    """The clock of one side in one game. Lag within the margin of the time control never takes it below zero."""

    def __init__(self, control: TimeControl, *, increment_first: bool = False) -> None:
        """Begin with main time; with `increment_first` an increment comes before each move, the first included."""
        self.control = control
        self._in_overtime = False
        self._left = (control.main_s or 0.0) + (control.increment_s if increment_first else 0.0)
        self._moves = control.moves
        self._periods = control.periods
        if control.has_clock and self._left <= 0.0:
            self._start_overtime()

    @property
    def state(self) -> ClockState | None:
        """Return what the clock shows, or None where there is none."""
        if not self.control.has_clock:
            return None
        return ClockState(self._left, self._in_overtime, self._moves, self._periods)

    @property
    def allowed_s(self) -> float | None:
        """Return the longest that the next move may take, the margin not included; None: no limit."""
        control = self.control
        if not control.has_clock:
            return control.move_time_s
        left = self._left
        if control.periods:
            # In overtime `left` is the first of the periods.
            left += control.overtime_s * (self._periods - 1 if self._in_overtime else self._periods)
        elif control.stones and not self._in_overtime:
            left += control.overtime_s
        return left if control.move_time_s is None else min(left, control.move_time_s)

    def in_time(self, elapsed_s: float) -> bool:
        """Return whether a move that took this long is in time."""
        allowed = self.allowed_s
        return allowed is None or elapsed_s <= allowed + self.control.margin_s

    def spend(self, elapsed_s: float) -> None:
        """Take what a move took, which was in time, off the clock."""
        control = self.control
        if not control.has_clock:
            return
        if control.periods:
            self._spend_byoyomi(elapsed_s)
        elif control.stones:
            self._spend_canadian(elapsed_s)
        else:
            self._left = max(self._left - elapsed_s, 0.0) + control.increment_s
            if self._moves is not None:
                self._moves -= 1
                if self._moves == 0:
                    self._moves = control.moves
                    self._left += control.main_s or 0.0

    def _start_overtime(self) -> None:
        self._in_overtime = True
        self._left = self.control.overtime_s
        self._moves = self.control.stones or None

    def _spend_byoyomi(self, elapsed_s: float) -> None:
        if not self._in_overtime:
            self._left -= elapsed_s
            if self._left > 0.0:
                return
            elapsed_s = -self._left
            self._start_overtime()
        whole = math.floor(elapsed_s / self.control.overtime_s)
        self._periods = max(self._periods - whole, 1)
        self._left = self.control.overtime_s  # a period is granted anew each move

    def _spend_canadian(self, elapsed_s: float) -> None:
        self._left -= elapsed_s
        if not self._in_overtime:
            if self._left > 0.0:
                return
            over = -self._left
            self._start_overtime()
            self._left -= over  # the move that used up main time is the first of the period
        self._left = max(self._left, 0.0)
        assert self._moves is not None
        self._moves -= 1
        if self._moves == 0:
            self._start_overtime()

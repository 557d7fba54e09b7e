"""The client's side of UGI, for games without a protocol of their own (https://github.com/kz04px/ugi, `ugi.md`).

`query` is not used: this program's own rules judge. As the text asks, `isready` follows every position, a `go` has one
kind of limit, and a clock is told whole.
"""

from __future__ import annotations

from muzero_engine.match.engines.base import Question, ReplyKind
from muzero_engine.match.engines.dialogue import DialogueClient, milliseconds


class UgiClient(DialogueClient):
    """An engine of any game."""

    greeting = "ugi"
    greeted = "ugiok"
    new_game_command = "uginewgame"
    position_word = "fen"
    position_is_confirmed = True

    def _limits(self, question: Question) -> str:
        own = question.clocks[question.mover]
        own_state = own.state
        if own_state is None:
            return " ".join(self._effort(question))
        left, increments = [], []
        for clock in question.clocks:
            known = own if clock.state is None else clock  # UGI wants both clocks, and the opponent may have none
            left.append(milliseconds((clock.state or own_state).left_s))
            increments.append(milliseconds(known.control.increment_s) if known.control.increment_s else 0)
        return f"p1time {left[0]} p2time {left[1]} p1inc {increments[0]} p2inc {increments[1]}"

    def _reply_kind(self, word: str) -> ReplyKind:
        return ReplyKind.MOVE  # whatever it is: UGI has no word for another reply, and the judge knows no such move

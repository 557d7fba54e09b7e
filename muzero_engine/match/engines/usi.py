"""The client's side of USI ("The Universal Shogi Interface", Tord Romstad, 2007; byoyomi and `win` as all use them)."""

from __future__ import annotations

from muzero_engine.match.engines.base import GameResult, Question, ReplyKind
from muzero_engine.match.engines.dialogue import DialogueClient, milliseconds
from muzero_engine.match.settings.clock import GameClock

_ALWAYS_TAKEN = ("usi_hash", "usi_ponder")  # offered or not


class UsiClient(DialogueClient):
    """A shogi engine."""

    greeting = "usi"
    greeted = "usiok"
    new_game_command = "usinewgame"
    position_word = "sfen"

    def end_game(self, result: GameResult) -> None:
        self._send(f"gameover {result.value}")

    def _offers(self, name: str) -> bool:
        return name.lower() in _ALWAYS_TAKEN or super()._offers(name)

    def _limits(self, question: Question) -> str:
        own = question.clocks[question.mover]
        words = []
        if own.state is not None:
            words += [f"{letter}time {_main_ms(clock)}" for letter, clock in zip("bw", question.clocks, strict=True)]
            if own.control.periods:
                words.append(f"byoyomi {milliseconds(own.control.overtime_s)}")
            else:
                for letter, clock in zip("bw", question.clocks, strict=True):
                    inc = clock.control.increment_s
                    words.append(f"{letter}inc {milliseconds(inc) if inc else 0}")
        return " ".join(words + self._effort(question)) or "infinite"

    def _reply_kind(self, word: str) -> ReplyKind:
        return {"resign": ReplyKind.RESIGN, "win": ReplyKind.DECLARE_WIN}.get(word.lower(), ReplyKind.MOVE)


def _main_ms(clock: GameClock) -> int:
    """Return the main time that USI tells: 0 once it is gone, and without the increment of the move that is to be made
    (Shogidokoro's "USI protocol", `go`)."""
    state, increment = clock.state, clock.control.increment_s
    if state is None or state.in_overtime or (increment and state.left_s <= increment):
        return 0
    return milliseconds(state.left_s - increment)

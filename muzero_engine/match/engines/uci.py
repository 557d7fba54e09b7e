"""The client's side of UCI ("Description of the universal chess interface", Stefan Meyer-Kahlen, 2006)."""

from __future__ import annotations

from muzero_engine.games.record import Ending
from muzero_engine.match.engines.base import EngineFailure, GameSetup, Question, ReplyKind
from muzero_engine.match.engines.dialogue import DialogueClient, milliseconds
from muzero_engine.match.settings.match_settings import EngineSettings, Patience

_NO_MOVES = ("(none)", "0000", "none", "null")


class UciClient(DialogueClient):
    """A chess engine."""

    greeting = "uci"
    greeted = "uciok"
    new_game_command = "ucinewgame"
    position_word = "fen"

    def __init__(self, settings: EngineSettings, patience: Patience) -> None:
        super().__init__(settings, patience)
        self._is_set: dict[str, str] = {}  # options of positions

    def start(self) -> None:
        self._is_set = {}
        super().start()

    def _prepare(self, setup: GameSetup) -> None:
        if setup.option is None:
            return
        name, value, purpose = setup.option
        if self._is_set.get(name, "false") == value:
            return
        if not self._offers(name):
            raise EngineFailure(Ending.WRONG_REPLY, f"it cannot play {purpose}, which this opening is from")
        self._set_option(name, value)
        self._is_set[name] = value

    def _limits(self, question: Question) -> str:
        words = []
        for letter, clock in zip("wb", question.clocks, strict=True):
            if clock.state is not None:
                words.append(f"{letter}time {milliseconds(clock.state.left_s)}")
                if clock.control.increment_s:
                    words.append(f"{letter}inc {milliseconds(clock.control.increment_s)}")
        own = question.clocks[question.mover].state
        if own is None:
            words = []
        elif own.moves is not None:
            words.append(f"movestogo {own.moves}")
        return " ".join(words + self._effort(question)) or "infinite"

    def _reply_kind(self, word: str) -> ReplyKind:
        if word.lower() in _NO_MOVES:
            raise EngineFailure(Ending.WRONG_REPLY, f"bestmove {word}, but there are legal moves")
        return ReplyKind.MOVE

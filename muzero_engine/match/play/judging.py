"""The judge of one game: this project's rules, and what the runner may decide beyond them. No engine's word counts.

- Moves, mates, draws by repetition and move count, and a game of Go after two passes are judged by the game's
  `Position`: threefold repetition and a hundred plies without progress end a game of chess by themselves, in shogi the
  fourth occurrence of a position does, as a loss for a player who gave check all the time.
- A declared win counts only where the rules of shogi allow it (27 points); any other loses.
- Adjudication, where it is asked for: both engines' scores have to agree for some moves, as `Adjudication` says.
- A game that reaches the cap on plies is a draw, and where the board can be counted (Go) it is counted as it stands.
"""

from __future__ import annotations

import math
import re
from collections import deque
from dataclasses import dataclass

from muzero_engine.games.base import Game, IllegalMove, Position, Scored
from muzero_engine.games.record import Ending, Score, ScoreKind
from muzero_engine.match.settings.match_settings import Adjudication

_ANY_WORD = re.compile(r"\S+")
_MATE_SCORE = math.inf


@dataclass(frozen=True, slots=True)
class Verdict:
    """The end of a game. `winner` is 0, 1 or None for a draw."""

    winner: int | None
    ending: Ending
    reason: str
    area: float | None = None  # Go, where the board was counted: black's points less white's and komi


def centipawns(score: Score) -> float:
    """Return a score on one scale: see `Adjudication`."""
    match score.kind:
        case ScoreKind.CENTIPAWNS:
            return score.value
        case ScoreKind.MATE:
            return _MATE_SCORE if score.value > 0 else -_MATE_SCORE
        case ScoreKind.WIN_RATE:
            if not 0.0 < score.value < 1.0:
                return math.copysign(_MATE_SCORE, score.value - 0.5)
            return 400.0 * math.log10(score.value / (1.0 - score.value))


class Judge:
    """Keeps the position of a game and says when it is over."""

    def __init__(self, game: Game, position: Position, *, max_plies: int | None, adjudication: Adjudication) -> None:
        """Begin where the engines do, at `position`, the opening's moves played.

        It belongs to the judge from now on.
        """
        self._pattern = game.notation.pattern or _ANY_WORD
        self.position = position
        self._max_plies = game.ply_cap(position.shape) if max_plies is None else max_plies
        self._rules = adjudication
        needed = 2 * max(adjudication.win_moves, adjudication.draw_moves, 1)
        self._scores: deque[float | None] = deque(maxlen=needed)  # the first player's view, the newest last

    @property
    def mover(self) -> int:
        return self.position.mover

    def outcome(self) -> Verdict | None:
        """Return the end of the game by the rules, if it is over."""
        outcome = self.position.outcome()
        if outcome is None:
            return None
        return Verdict(outcome.winner, Ending.RULES, outcome.reason, self.area())

    def play(self, text: str, score: Score | None) -> str | Verdict:
        """Play the move of an engine, with the engine's score, and return its text as the judge writes it.

        A move that cannot be played ends the game: then the verdict is returned and the position stays as it is.
        """
        position = self.position
        mover = position.mover
        try:
            action = position.parse_action(text)
        except IllegalMove as error:
            if self._pattern.fullmatch(text) is None:
                return Verdict(1 - mover, Ending.WRONG_REPLY, f"{text[:40]!a} is no move")
            return Verdict(1 - mover, Ending.ILLEGAL_MOVE, _one_line(f"illegal move {text}: {error}"))
        written = position.action_text(action)
        position.push(action)
        value = None if score is None else centipawns(score)
        self._scores.append(value if value is None or mover == 0 else -value)
        return written

    def declare_win(self) -> Verdict:
        """Judge the declaration of the player to move that it has won."""
        mover = self.position.mover
        if self.position.can_declare_win():
            return Verdict(mover, Ending.DECLARATION, "declared win")
        return Verdict(1 - mover, Ending.ILLEGAL_MOVE, "declared a win that the rules do not give")

    def after_move(self) -> Verdict | None:
        """Return the end of the game after a move: by the rules, by the engines' scores or by the cap on plies."""
        return self.outcome() or self._adjudicated() or self._capped()

    def area(self) -> float | None:
        """Return player 0's points less player 1's and komi, everything alive; None where boards are not counted."""
        return self.position.score() if isinstance(self.position, Scored) else None

    def _adjudicated(self) -> Verdict | None:
        rules, scores = self._rules, self._scores
        if rules.win_moves and len(scores) >= (plies := 2 * rules.win_moves):
            last = [score for score in list(scores)[-plies:] if score is not None]
            if len(last) == plies:
                if min(last) >= rules.win_score:
                    return Verdict(0, Ending.ADJUDICATION, f"both see {self._player(0)} winning")
                if max(last) <= -rules.win_score:
                    return Verdict(1, Ending.ADJUDICATION, f"both see {self._player(1)} winning")
        moves_made = (self.position.ply + 1) // 2
        if rules.draw_moves and moves_made >= rules.draw_after and len(scores) >= (plies := 2 * rules.draw_moves):
            last = [score for score in list(scores)[-plies:] if score is not None]
            if len(last) == plies and all(abs(score) <= rules.draw_score for score in last):
                return Verdict(None, Ending.ADJUDICATION, "both see a draw")
        return None

    def _capped(self) -> Verdict | None:
        if self.position.ply < self._max_plies:
            return None
        area = self.area()
        winner = None if not area else (0 if area > 0 else 1)
        return Verdict(winner, Ending.PLY_CAP, f"the cap of {self._max_plies} plies", area)

    def _player(self, player: int) -> str:
        return self.position.spec.players[player]


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]

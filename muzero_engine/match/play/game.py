"""One game between two engines, from the start position to its record."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

from muzero_engine.games.base import BadPosition, EngineSetup, Game, Position, WithKomi
from muzero_engine.games.record import Ending, GameRecord, PlyRecord
from muzero_engine.match.engines.base import (
    Client,
    EngineFailure,
    GameResult,
    GameSetup,
    Question,
    Reply,
    ReplyKind,
)
from muzero_engine.match.engines.running_time import now
from muzero_engine.match.play.judging import Judge, Verdict
from muzero_engine.match.play.openings import Opening, opening_position
from muzero_engine.match.settings.clock import GameClock
from muzero_engine.match.settings.match_settings import ClientKind, EngineSettings, GameSettings, Scoring, client_kind


@dataclass(frozen=True, slots=True, kw_only=True)
class GamePlan:
    """One game that is to be played."""

    first: str  # name of the engine that plays player 0
    second: str
    opening: Opening
    pair: int
    game: int  # 0 or 1 in the pair


class Seat(NamedTuple):
    """An engine at the board: its settings and the client through which it is spoken to."""

    settings: EngineSettings
    client: Client


class EndedGame(NamedTuple):
    """A game's record, and which of the two players (0, 1) has to be started anew before it can play again."""

    record: GameRecord
    broken: frozenset[int]


def initial_position(game: Game, settings: GameSettings) -> Position:
    """Return the position where games without an opening begin. Raises BadPosition."""
    position = game.initial(settings.shape or game.spec.shapes[0])
    if settings.komi is not None:
        if not isinstance(position, WithKomi):
            raise BadPosition(f"{game.spec.name} has no komi: leave --komi out")
        position.set_komi(settings.komi)
    return position


def play_game(plan: GamePlan, seats: tuple[Seat, Seat], game: Game, settings: GameSettings) -> EndedGame:
    """Play one game, player 0's seat first; blocks until it is over. Raises BadOpenings."""
    return _GameInProgress(plan, seats, game, settings).play()


class _GameInProgress:
    """The state of one game in progress."""

    def __init__(self, plan: GamePlan, seats: tuple[Seat, Seat], game: Game, settings: GameSettings) -> None:
        self._plan = plan
        self._seats = seats
        self._settings = settings
        initial, opening = initial_position(game, settings), plan.opening
        position = opening_position(opening, initial, game.from_text)
        self._start = initial.text() if opening.start is None else game.from_text(opening.start).text()
        at_start = opening.start is None and self._start == game.initial(game.spec.shapes[0]).text()
        self._setups = self._make_setups(position, at_start=at_start)
        # Repetitions and the cap on plies count the opening's moves too: they are part of the game.
        self._judge = Judge(game, position, max_plies=settings.max_plies, adjudication=settings.adjudication)
        early = client_kind(settings.game) is ClientKind.USI  # which tells what is left without the increment
        first, second = (GameClock(seat.settings.control, increment_first=early) for seat in seats)
        self._clocks = (first, second)
        self._opening = tuple(plan.opening.moves)
        self._plies: list[PlyRecord] = []
        self._broken: set[int] = set()

    def play(self) -> EndedGame:
        began = now()
        started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        verdict = self._begin()
        while verdict is None:
            verdict = self._move()
        if verdict.ending.is_fault and verdict.ending is not Ending.TIME_LOSS:
            self._broken.add(0 if verdict.winner == 1 else 1)
        verdict = self._recount(verdict)
        self._say_goodbye(verdict)
        plan, (first, second) = self._plan, self._seats
        record = GameRecord(
            game_name=self._judge.position.spec.name,
            first=plan.first,
            second=plan.second,
            opening=plan.opening.name,
            pair=plan.pair,
            game=plan.game,
            start=self._start,
            opening_moves=self._opening,
            moves=tuple(self._plies),
            points=0.5 if verdict.winner is None else 1.0 - verdict.winner,
            ending=verdict.ending,
            reason=verdict.reason,
            first_limit=str(first.settings.control),
            second_limit=str(second.settings.control),
            area=verdict.area,
            started=started,
            duration_s=round(now() - began, 3),
        )
        return EndedGame(record, frozenset(self._broken))

    def _make_setups(self, position: Position, *, at_start: bool) -> tuple[GameSetup, GameSetup]:
        option = position.engine_option() if isinstance(position, EngineSetup) else None
        setups = [
            GameSetup(
                start=self._start,
                initial=at_start,
                control=self._seats[player].settings.control,
                option=option,
            )
            for player in (0, 1)
        ]
        return setups[0], setups[1]

    def _begin(self) -> Verdict | None:
        """Make both engines ready."""
        for player, seat in enumerate(self._seats):
            try:
                seat.client.new_game(self._setups[player])
            except EngineFailure as failure:
                return self._lost(player, failure)
        return None

    def _move(self) -> Verdict | None:
        """Ask the engine whose turn it is and judge its reply; return the end of the game, if it is one."""
        mover = self._judge.mover
        moves = self._opening + tuple(ply.move for ply in self._plies)
        question = Question(mover=mover, moves=moves, clocks=self._clocks)
        try:
            reply = self._seats[mover].client.think(question)
        except EngineFailure as failure:
            return self._lost(mover, failure)
        clock = self._clocks[mover]
        if not clock.in_time(reply.elapsed_s):
            told = f"out of time: {reply.elapsed_s:.3f} s where {clock.allowed_s or 0.0:.3f} s were left"
            return Verdict(1 - mover, Ending.TIME_LOSS, f"{told}{_stalled_text(reply)}")
        match reply.kind:
            case ReplyKind.RESIGN:
                return Verdict(1 - mover, Ending.RESIGNATION, "resignation")
            case ReplyKind.DECLARE_WIN:
                verdict = self._judge.declare_win()
                return replace(verdict, reason=f"{verdict.reason}{_stalled_text(reply)}")
            case ReplyKind.MOVE:
                return self._play(reply, clock)

    def _play(self, reply: Reply, clock: GameClock) -> Verdict | None:
        written = self._judge.play(reply.move, reply.score)
        if isinstance(written, Verdict):
            return written
        clock.spend(reply.elapsed_s)
        state = clock.state
        self._plies.append(
            PlyRecord(
                move=written,
                elapsed_s=round(reply.elapsed_s, 4),
                clock_s=None if state is None else round(state.left_s, 3),
                score=reply.score,
                depth=reply.depth,
                nodes=reply.nodes,
                stalled_s=round(reply.stalled_s, 4) if reply.stalled_s else None,
            )
        )
        return self._judge.after_move()

    @staticmethod
    def _lost(player: int, failure: EngineFailure) -> Verdict:
        return Verdict(1 - player, failure.ending, f"{failure.ending.value}: {failure}")

    def _recount(self, verdict: Verdict) -> Verdict:
        """Go after two passes, counted by both engines where that is asked for and they agree on the winner."""
        scored = verdict.ending is Ending.RULES and verdict.area is not None
        if not scored or self._settings.scoring is not Scoring.ENGINES:
            return verdict
        moves = self._opening + tuple(ply.move for ply in self._plies)
        counts = []
        for player, seat in enumerate(self._seats):
            try:
                counts.append(seat.client.final_score(moves))
            except EngineFailure:
                self._broken.add(player)
                counts.append(None)
        winners = {None if count is None else (count > 0) - (count < 0) for count in counts}
        if len(winners) != 1 or None in winners:
            return verdict
        sign = winners.pop()
        winner = None if sign == 0 else (0 if sign == 1 else 1)
        return Verdict(winner, Ending.RULES, "two passes, counted by both engines", counts[0])

    def _say_goodbye(self, verdict: Verdict) -> None:
        for player, seat in enumerate(self._seats):
            if player in self._broken:
                continue
            won = GameResult.WIN if verdict.winner == player else GameResult.LOSS
            with contextlib.suppress(EngineFailure):
                seat.client.end_game(GameResult.DRAW if verdict.winner is None else won)


def _stalled_text(reply: Reply) -> str:
    """Say what was taken off the time of an answer that no move of the record tells of."""
    return f", without {reply.stalled_s:.2f} s in which the machine stood still" if reply.stalled_s else ""

"""One tab of a browser: its engine, and answers to what its page asks.

The game is kept by the page, which names the whole position in every request; a tab has nothing to lose. Requests are
heard in the server's thread and answered one after the other in one of the tab's own; reports of the search come from
the engine's thread, through `send` as well.
"""

from __future__ import annotations

import base64
import binascii
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice

from muzero_engine import __version__
from muzero_engine.dataclass_json import to_data
from muzero_engine.engine.engine import Engine
from muzero_engine.engine.imagination import ImaginedPly, horizons, lookaheads, plies_held
from muzero_engine.engine.limits import Clock, Limits
from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.points import RootPoints
from muzero_engine.engine.report import SearchInfo, SearchResult
from muzero_engine.engine.strength import Levels
from muzero_engine.games.base import Game, Handicap, PlayedGame, Position, WithKomi
from muzero_engine.games.lines import START
from muzero_engine.games.record import Ending, told_name
from muzero_engine.games.registry import load_game, loaded_games
from muzero_engine.games.written_games import (
    EVENT,
    default_name,
    game_bytes,
    game_record,
    played_moves,
    told_record,
)
from muzero_engine.games.written_moves import read_move
from muzero_engine.web.requests import (
    MAX_MOVES,
    Asked,
    BadRequest,
    GoRequest,
    HorizonsRequest,
    ImagineRequest,
    LoadRequest,
    MoveRequest,
    SaveRequest,
    ShowRequest,
    Where,
    read_request,
)
from muzero_engine.web.views import (
    Data,
    game_data,
    imagined_data,
    info_data,
    line_data,
    position_data,
    shape_of,
    start_text,
)

INFO_INTERVAL_MS = 200.0
ANALYSIS_WIDENING = 2.0  # temperature of the policy at the root of an analysis, as in `kata-analyze`
MAX_FILE = 2 << 20  # bytes
HORIZON_POSITIONS, HORIZON_PLIES = 60, 8  # of a game, at most, and of a line from each


@dataclass(frozen=True, slots=True)
class Parts:
    """What a tab is made with by the command that composes the program."""

    make_engine: Callable[[str, EngineOptions], Engine]  # of a game
    read_game: Callable[[bytes, str | None, int], PlayedGame]  # of a file's bytes; raises ValueError
    imagine: Callable[[Position, Sequence[int], EngineOptions], list[ImaginedPly]]  # see `engine.imagination`
    weights_line: Callable[[str, EngineOptions], str]  # one line on the weights of a game
    levels: Callable[[str, EngineOptions], Levels]  # that were measured of them
    options: EngineOptions


class Tab:
    """Answers the requests of one tab; `close` ends its engine."""

    def __init__(self, parts: Parts, send: Callable[[Data], None]) -> None:
        """Make a tab without an engine. `send` takes answers from any thread, and must not wait."""
        self._parts = parts
        self._send = send
        self._engine: Engine | None = None
        self._game = ""  # that the engine plays
        self._where = Where(game="")  # what it thought about last
        self._lock = threading.Lock()
        self._closed = False

    def hear(self, message: str | bytes) -> Asked | None:
        """Return what a message of the page asks, for `answer`; None where that cannot be read, and was answered.

        It takes a moment only. A search is stopped at once, whatever waits to be answered before.
        """
        try:
            asked = read_request(message)
        except BadRequest as error:
            self._send({"id": error.number, "error": str(error)})
            return None
        if asked.ask == "stop" and (engine := self._engine) is not None:
            engine.stop()
        return asked

    def answer(self, asked: Asked) -> None:
        """Answer a request: an object with its `id`, or with `error`, one sentence."""
        try:
            if not self._closed and (answer := self._answer(asked)) is not None:
                self._send({"id": asked.id, **answer})
        except Exception as error:  # a tab answers and lives, whatever a network or its runtime does
            text = f"{error}".strip()
            self._send({"id": asked.id, "error": text.splitlines()[0] if text else type(error).__name__})

    def leave(self) -> None:
        """Begin no more work, and end what runs as soon as can be; `close` follows."""
        self._closed = True
        if (engine := self._engine) is not None:
            engine.stop()

    def close(self) -> None:
        """End the engine and its search."""
        with self._lock:
            self._closed = True
            engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()

    def _answer(self, asked: Asked) -> Data | None:
        match asked.request:
            case ShowRequest() as request:
                return self._show(request)
            case MoveRequest() as request:
                position = position_of(request.where)
                return {"move": position.action_text(read_move(position, request.text))}
            case GoRequest() as request:
                self._go(asked.id, request)
                return None
            case ImagineRequest() as request:
                return self._imagine(request)
            case HorizonsRequest() as request:
                return self._horizons(request)
            case LoadRequest() as request:
                return self._load(request)
            case SaveRequest() as request:
                return _saved(request)
            case _ if asked.ask == "stop":
                if self._engine is not None:
                    self._engine.stop()
                return {}
            case _:
                return self._hello()

    def _hello(self) -> Data:
        games = []
        for game in loaded_games():
            name, data = game.spec.name, game_data(game)
            data["weights"] = self._parts.weights_line(name, self._parts.options)
            levels = self._parts.levels(name, self._parts.options)
            if levels.table is not None:
                data["levels"] = levels.range
                data["ranks"] = levels.ranks_in_range
                data["levels_board"] = levels.table.board  # None: the game has one
            games.append(data)
        return {"version": __version__, "games": games}

    def _show(self, request: ShowRequest) -> Data:
        position = position_of(request.where)
        answer = position_data(position, kanji=request.kanji)
        if request.line:
            first, actions = played_moves(position)
            answer["line"] = line_data(first, actions, kanji=request.kanji)
        return answer

    # -- the engine --------------------------------------------------------------------------------------------------

    def _go(self, number: int, request: GoRequest) -> None:
        position = position_of(request.where)
        if position.outcome() is not None:
            raise BadRequest("the game is over")
        engine = self._engine_of(request.where.game, request.elo)
        where, before = request.where, self._where
        shared = min(1, len(where.moves), len(before.moves))
        if replace(where, moves=where.moves[:shared]) != replace(before, moves=before.moves[:shared]):
            engine.new_game()
        self._where = where
        clock = None
        if request.clock is not None:
            clock = Clock(remaining_ms=1000.0 * request.clock, increment_ms=1000.0 * request.increment)
        limits = Limits(
            move_time_ms=None if request.seconds is None else 1000.0 * request.seconds,
            nodes=request.nodes,
            clock=clock,
        )
        root = position.copy()  # for the thread that reports
        points = RootPoints(root, engine.values)

        def on_info(info: SearchInfo) -> None:
            if engine.error is None:
                self._send({"id": number, "info": info_data(root, info, request.lines, points, kanji=request.kanji)})

        def on_done(result: SearchResult) -> None:
            if engine.error is not None:  # what there is was no search
                self._send({"id": number, "error": engine.error})
                return
            done: Data = {
                "move": None if result.action is None else root.action_text(result.action),
                "resign": result.resign,
                "declare": result.declare_win,
            }
            self._send({"id": number, "done": done})

        engine.go(
            position,
            limits,
            on_info=on_info,
            on_done=on_done,
            info_interval_ms=INFO_INTERVAL_MS,
            lines=request.lines,
            branches=request.branches,
            root_widening=ANALYSIS_WIDENING if request.analysis else 1.0,
            plays=request.plays and not request.analysis,
        )

    def _engine_of(self, game: str, elo: int | None) -> Engine:
        options = self._parts.options
        if elo is not None:
            options = replace(options, limit_strength=True, elo=elo)
        with self._lock:
            if self._closed:
                raise BadRequest("this tab was closed")
            if self._engine is None or self._game != game:
                old, self._engine = self._engine, None
                if old is not None:
                    old.close()
                self._engine = self._parts.make_engine(game, options)
                self._game = game
            self._engine.check(options)
            self._engine.configure(options)
            return self._engine

    def _imagine(self, request: ImagineRequest) -> Data:
        start = position_of(request.where)
        position, actions = start.copy(), []
        for move in request.moves:
            actions.append(position.parse_action(move))
            position.push(actions[-1])
        plies = self._parts.imagine(start, actions, self._parts.options)
        return {"plies": imagined_data(plies, start, kanji=request.kanji)}

    def _horizons(self, request: HorizonsRequest) -> Data:
        first, actions = played_moves(position_of(request.where))
        every = max(1, len(actions) // HORIZON_POSITIONS)
        lines = []
        for start, following in islice(lookaheads(first, actions, HORIZON_PLIES), 0, len(actions), every):
            if self._closed:
                raise BadRequest("this tab was closed")
            lines.append(self._parts.imagine(start, following, self._parts.options))
        held = sorted(plies_held(line) for line in lines if len(line) > HORIZON_PLIES)
        known = [asdict(one) for one in horizons(lines)]
        return {"horizons": known, "held": held[len(held) // 2] if held else None, "plies": HORIZON_PLIES}

    # -- files -------------------------------------------------------------------------------------------------------

    def _load(self, request: LoadRequest) -> Data:
        try:
            data = base64.b64decode(request.data, validate=True)
        except (binascii.Error, ValueError):
            raise BadRequest("what is loaded comes in base64") from None
        if len(data) > MAX_FILE:
            raise BadRequest(f"that is larger than {MAX_FILE >> 20} MiB: take a part of it")
        played = self._parts.read_game(data, request.game or None, request.number)
        first, actions = played_moves(played.position)
        if len(actions) > MAX_MOVES:
            raise BadRequest(f"that game has {len(actions):,} moves; {MAX_MOVES:,} are shown at most")
        game, warnings = load_game(played.position.spec.name), played.warnings
        if first.ply:
            moves = "a move" if first.ply == 1 else f"{first.ply} moves"
            warnings += (f"{moves} not in turn or not by the rules: what they led to is where this game begins",)
        return {
            "game": game.spec.name,
            "start": start_text(first, game),
            "line": line_data(first, actions, kanji=False),
            "names": [told_name(name) for name in played.players],
            "told": to_data(played.told),
            "warnings": warnings,
        }


def position_of(where: Where) -> Position:
    """Return the position that a page means. Raises BadRequest, BadPosition, IllegalMove or UnknownGame."""
    game = load_game(where.game)
    position = _start(where, game)
    for number, move in enumerate(where.moves, start=1):
        if position.outcome() is not None and not len(position.legal_actions()):
            raise BadRequest(f"the game was over before move {number}")
        position.push(position.parse_action(move))
    return position


def _start(where: Where, game: Game) -> Position:
    if where.start and where.start != START:
        if (where.size, where.komi, where.handicap) != (None, None, None):
            raise BadRequest("a position says its board, komi and handicap itself: leave them out")
        return game.from_text(where.start)
    try:
        position = game.initial(shape_of(game, where.size))
    except ValueError as error:
        raise BadRequest(str(error)) from None
    if where.handicap is not None:
        if not isinstance(position, Handicap):
            raise BadRequest(f"{game.spec.name} has no handicap")
        position.place_fixed_handicap(where.handicap)
    if where.komi is not None:
        if not isinstance(position, WithKomi):
            raise BadRequest(f"{game.spec.name} has no komi")
        position.set_komi(where.komi)
    return position


_ENDINGS = {"time": Ending.TIME_LOSS, Ending.DECLARATION.value: Ending.DECLARATION}  # by the page's words


def _saved(request: SaveRequest) -> Data:
    position = position_of(request.where)
    game = load_game(request.where.game)
    outcome = position.outcome()
    players = game.spec.players
    names = (request.names[0] or players[0].capitalize(), request.names[1] or players[1].capitalize())
    event = EVENT
    if request.told is not None:
        record, event = told_record(position, names, request.told), request.told.event
    elif outcome is not None:
        record = game_record(position, names, outcome.winner, Ending.RULES, outcome.reason, began=request.began)
    elif request.winner is not None:
        ending = _ENDINGS.get(request.reason, Ending.RESIGNATION)
        record = game_record(position, names, request.winner, ending, ending.value, began=request.began)
    else:
        record = game_record(position, names, None, Ending.UNFINISHED, "unfinished", began=request.began)
    try:
        data = game_bytes(game, record, request.suffix, event)
    except UnicodeEncodeError:
        raise BadRequest(f"a name or the event has characters that {request.suffix} cannot hold") from None
    return {"name": default_name(game, request.suffix), "data": base64.b64encode(data).decode()}

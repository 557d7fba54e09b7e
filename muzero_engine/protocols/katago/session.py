"""KataGo's JSON analysis protocol: one query a line, any number of answers a query. KaTrain speaks only this.

After https://github.com/lightvector/KataGo/blob/master/docs/Analysis_Engine.md (see `katago.query` for the fields).
Positions are searched one at a time, the highest priority first; lines that come meanwhile are taken at once, so that
`terminate` works. As with KataGo, all queries are answered before the end of input ends the session, and values have
black's view unless `reportAnalysisWinratesAs` says otherwise. Scores are those of `engine.points`.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

from muzero_engine import __version__
from muzero_engine.arrays import Floats
from muzero_engine.dataclass_json import parse_json
from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.points import RootPoints, move_lead
from muzero_engine.engine.report import SearchInfo, SearchResult
from muzero_engine.games.go.actions import pass_action, vertex_text
from muzero_engine.games.go.rules import BLACK, GoPosition
from muzero_engine.protocols.common.stdio import Inbox, RefusedLine, Writer, log_from_the_start
from muzero_engine.protocols.gtp.analysis import moves_ownership, ownership_stdev, win_rate
from muzero_engine.protocols.gtp.final_status import Ownerships, root_lead
from muzero_engine.protocols.gtp.params import GtpSettings
from muzero_engine.protocols.gtp.search import ANALYSIS_LINES
from muzero_engine.protocols.katago.game import Playback
from muzero_engine.protocols.katago.query import Query, QueryError, parse_query, whole_numbers
from muzero_engine.protocols.katago.waiting import Queue, Task, TooMuch

_POLL_S = 0.02  # how often a session looks whether its search is over, where nothing wakes it
_READ_S, _MOST_READ_S = 0.05, 1.0  # that lines which wait are read for between two searches, so that answers come ...
_READ_SHARE = 4.0  # ... before the last query, and what stands behind many queries is not read much later for it
DEFAULT_VISITS = 500  # where neither the query nor the session says; that of KataGo's example configuration


class KatagoAnalysisSession:
    """Answers queries. Fulfils `stdio.Session`; the engine is closed with it."""

    def __init__(
        self,
        engine: Engine,
        writer: Writer,
        inbox: Inbox,
        *,
        version: str = __version__,
        max_visits: int = DEFAULT_VISITS,
        describe: Callable[[], str] = lambda: "",
    ) -> None:
        """Take `max_visits` for queries that bound neither visits nor time.

        `describe` returns a line on the weights.
        """
        self._describe = describe
        self._engine = engine
        self._writer = writer
        log_from_the_start(writer, engine.options.log_file)
        self._inbox = inbox
        self._version = version
        self._max_visits = max_visits
        self._waiting = Queue()
        self._playback = Playback()
        self._running: Task | None = None

    def handle(self, line: str) -> bool:
        """Take one line, and search until nothing is left to do."""
        self._accept(line)
        reading = _READ_S
        while self._waiting and not self._inbox.abandoned:
            self._accept_more(_passed(reading))
            if self._waiting:
                began = time.monotonic()
                self._answer(self._waiting.take())
                reading = max(_READ_S, min(_MOST_READ_S, _READ_SHARE * (time.monotonic() - began)))
        return True

    def refuse(self, why: str) -> None:
        """Answer a line that was not read."""
        self._send({"error": why})

    def end_of_input(self) -> None:
        """Leave it at that: all queries are answered by now."""

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()

    # Input

    def _accept_more(self, enough: Callable[[], bool]) -> None:
        """Take the lines that wait, until `enough` says that something else is due."""
        while not enough() and self._inbox.wait(0.0) and (line := self._inbox.get()) is not None:
            self._accept(line)

    def _accept(self, line: str) -> None:
        if isinstance(line, RefusedLine):
            self.refuse(line)
            return
        if not line.strip():
            return
        try:
            fields = parse_json(line, constants=True)
        except ValueError:
            self._send({"error": "the line is not valid JSON"})
            return
        query_id = fields.get("id") if isinstance(fields, dict) else None
        if not isinstance(query_id, str):
            self._send({"error": "a query must be a JSON object with an id, a string"})
            return
        try:
            if "action" in fields:
                self._act(fields)
            else:
                self._enqueue(parse_query(fields, query_id), len(line))
        except QueryError as error:
            self._send({"error": str(error), "field": error.field, "id": query_id})
        except TooMuch as error:
            self._send({"error": str(error), "id": query_id})
        except RecursionError:  # what is echoed is nearly too deep to be read
            self._send({"error": "the query is nested too deeply", "id": query_id})
        except Exception as error:
            self._fault(error, query_id)

    def _enqueue(self, query: Query, characters: int) -> None:
        self._waiting.add(query, characters)
        for field, message in query.warnings:
            self._send({"warning": message, "field": field, "id": query.id})

    def _act(self, fields: dict[str, Any]) -> None:
        match fields["action"]:
            case "query_version":
                self._send({**fields, "version": self._version, "git_hash": "<omitted>"})
            case "query_models":
                self._send({**fields, "models": [self._model()]})
            case "clear_cache":
                self._send(fields)
            case "terminate":
                query_id = fields.get("terminateId")
                if not isinstance(query_id, str):
                    raise QueryError("terminateId", "must be the id of a query, a string")
                named = fields.get("turnNumbers") is not None
                turns = frozenset(whole_numbers(fields, "turnNumbers")) if named else None
                self._send(fields)
                self._terminate(query_id, turns)
            case "terminate_all":
                self._send(fields)
                self._terminate(None, None)
            case _:
                known = "query_version, query_models, clear_cache, terminate or terminate_all"
                raise QueryError("action", f"must be {known}")

    def _model(self) -> dict[str, Any]:
        """Return what is known of the network without loading it, by KataGo's names."""
        return {
            "name": self._engine.options.weights or "the weights that came along",
            "internalName": " ".join(self._describe().split()),
            "maxBatchSize": self._engine.options.minibatch_size,
            "usesHumanSLProfile": False,
            "version": 1,
            "usingFP16": False,
        }

    def _terminate(self, query_id: str | None, turns: frozenset[int] | None) -> None:
        """End the tasks of a query (None: of all), all of its turns or these."""
        for query, numbers in self._waiting.terminate(query_id, turns):
            for number in numbers:
                self._send({"id": query.id, "isDuringSearch": False, "noResults": True, "turnNumber": number})
        running = self._running
        if running is not None and query_id in (None, running.query.id) and (turns is None or running.turn in turns):
            running.terminated = True

    # Searching

    def _answer(self, task: Task) -> None:
        try:
            self._run(task)
        except Exception as error:
            self._running = None
            self._fault(error, task.query.id)

    def _fault(self, error: Exception, query_id: str) -> None:
        """Tell a fault of this program, which must not end a client's session."""
        traceback.print_exception(error, file=sys.stderr)
        self._send({"error": f"internal error: {error!r}", "id": query_id})

    def _run(self, task: Task) -> None:
        self._running = task
        query, turn = task.query, task.turn
        position = self._playback.at(query.game, turn)
        interval_ms = None if query.report_every_s is None else 1000.0 * query.report_every_s
        reported_ms = 0.0
        points = RootPoints(position, self._engine.values)

        def answer(info: SearchInfo, *, during_search: bool) -> None:
            owned = self._engine.ownership
            self._send(analysis(query, turn, position, info, points, during_search=during_search, ownerships=owned))

        def report(info: SearchInfo) -> None:
            nonlocal reported_ms
            if interval_ms is not None and info.elapsed_ms - reported_ms >= 0.5 * interval_ms:
                reported_ms = info.elapsed_ms
                answer(info, during_search=True)

        results: list[SearchResult] = []

        def done(result: SearchResult) -> None:
            results.append(result)
            self._inbox.wake()

        try:
            self._engine.prepare(position.shape)
        except (ValueError, RuntimeError) as error:
            self._running = None
            self._send({"error": " ".join(str(error).split()), "id": query.id})
            return
        self._engine.go(
            position,
            self._limits(query, position),
            on_info=report,
            on_done=done,
            info_interval_ms=interval_ms,
            lines=ANALYSIS_LINES,
            root_widening=GtpSettings(wide_root_noise=query.wide_root_noise).root_widening,
        )
        while not results and not self._engine.wait(_POLL_S if self._inbox.closed else 0.0):
            self._inbox.wait(_POLL_S)
            self._accept_more(lambda: bool(results))
            if task.terminated or self._inbox.abandoned:
                self._engine.stop()
        self._engine.wait()
        self._running = None
        if self._engine.error is not None:
            self._send({"error": self._engine.error, "id": query.id})
        else:
            answer(results[0].info, during_search=False)

    def _limits(self, query: Query, position: GoPosition) -> Limits:
        visits = query.max_visits
        if visits is None and query.max_time_s is None:
            visits = self._max_visits
        move_time = None if query.max_time_s is None else 1000.0 * query.max_time_s
        return Limits(nodes=visits, move_time_ms=move_time, root_actions=query.root_actions(position))

    def _send(self, fields: dict[str, Any]) -> None:
        self._writer.write(json.dumps(fields, separators=(",", ":")))


def _passed(seconds: float) -> Callable[[], bool]:
    """Return what tells whether so much time has passed since now."""
    until = time.monotonic() + seconds
    return lambda: time.monotonic() >= until


def analysis(
    query: Query,
    turn: int,
    position: GoPosition,
    info: SearchInfo,
    root_points: RootPoints,
    *,
    during_search: bool,
    ownerships: Ownerships,
) -> dict[str, Any]:
    """Return the answer for one position: moves that were searched, the root and what else was asked for."""
    black_to_move = position.mover == BLACK
    sign = 1.0 if query.view == "SIDETOMOVE" or (query.view == "BLACK") == black_to_move else -1.0
    score = root_points.model(info)

    def scores(lead: float) -> dict[str, float]:
        fields = dict.fromkeys(("scoreLead", "scoreMean", "scoreSelfplay"), round(sign * lead, 6))
        return {**fields, "scoreStdev": round(score.deviation, 6)}

    shown = [move for i, move in enumerate(info.moves) if i == 0 or move.visits > 0]
    moves: list[dict[str, Any]] = [
        {
            "move": vertex_text(move.action, position.shape),
            "visits": move.visits,
            "edgeVisits": move.visits,
            "winrate": round(win_rate(sign * move.value), 6),
            "utility": round(sign * move.value, 6),
            "lcb": round(win_rate(sign * move.lcb), 6),
            "utilityLcb": round(sign * move.lcb, 6),
            **scores(move_lead(position, move, score)),
            "prior": round(move.prior, 6),
            "weight": float(move.visits),
            "order": order,
            "pv": [vertex_text(action, position.shape) for action in move.pv[: query.pv_length + 1]],
        }
        for order, move in enumerate(shown)
    ]
    raw = scores(score.lead(info.network_value))
    root = {
        "currentPlayer": "B" if black_to_move else "W",
        "visits": info.nodes,
        "winrate": round(win_rate(sign * info.value), 6),
        "utility": round(sign * info.value, 6),
        "weight": float(info.nodes),
        **scores(root_lead(position, info, score, ownerships, friendly=query.friendly_pass_ok)),
        "rawWinrate": round(win_rate(sign * info.network_value), 6),
        "rawLead": raw["scoreLead"],
        "rawScoreSelfplay": raw["scoreSelfplay"],
        "rawScoreSelfplayStdev": raw["scoreStdev"],
    }
    answer = {
        "id": query.id,
        "isDuringSearch": during_search,
        "turnNumber": turn,
        "moveInfos": moves,
        "rootInfo": root,
    }

    def points(owned: Floats, view: float) -> list[float]:
        return [round(view * x, 6) for x in owned.reshape(-1).tolist()]

    if "includeOwnership" in query.include and info.ownership is not None:
        answer["ownership"] = points(info.ownership, sign)
    if "includeOwnershipStdev" in query.include and info.ownership is not None:
        answer["ownershipStdev"] = points(ownership_stdev(info.ownership), 1.0)
    if query.include & {"includeMovesOwnership", "includeMovesOwnershipStdev"}:
        after = moves_ownership(shown, position.copy(), ownerships)
        for entry, owned in zip(moves, after, strict=True):
            if owned is not None and "includeMovesOwnership" in query.include:
                entry["ownership"] = points(owned, sign)
            if owned is not None and "includeMovesOwnershipStdev" in query.include:
                entry["ownershipStdev"] = points(ownership_stdev(owned), 1.0)
    for entry, move in zip(moves, shown, strict=True):
        if "includePVVisits" in query.include:
            entry["pvVisits"] = entry["pvEdgeVisits"] = list(move.pv_visits[: query.pv_length + 1])
        if "includeNoResultValue" in query.include:
            entry["noResultValue"] = 0.0
    if "includePolicy" in query.include:
        policy = np.full(pass_action(position.shape) + 1, -1.0)
        legal = position.legal_actions()
        policy[legal] = info.network_policy(legal)
        answer["policy"] = policy.round(9).tolist()
    return answer

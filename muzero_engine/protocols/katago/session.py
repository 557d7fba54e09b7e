"""KataGo's JSON analysis protocol: one query a line, any number of answers a query. KaTrain speaks only this.

After https://github.com/lightvector/KataGo/blob/master/docs/Analysis_Engine.md (see `katago_query` for the fields).
Positions are searched one at a time, the highest priority first; lines that come meanwhile are taken at once, so that
`terminate` works. As with KataGo, all queries are answered before the end of input ends the session, and values have
black's view unless `reportAnalysisWinratesAs` says otherwise. Scores are derived as in `gtp_analysis`.
"""

from __future__ import annotations

import json
import sys
import traceback
from dataclasses import dataclass
from typing import Any

from muzero_engine import __version__
from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.report import SearchInfo, SearchResult
from muzero_engine.games.go.actions import pass_action, vertex_text
from muzero_engine.games.go.rules import BLACK
from muzero_engine.protocols.common.stdio import Inbox, Writer
from muzero_engine.protocols.gtp.analysis import score_lead, win_rate
from muzero_engine.protocols.gtp.search import ANALYSIS_LINES
from muzero_engine.protocols.katago.query import QueriedTurn, Query, QueryError, parse_query

_POLL_S = 0.02  # how often a running search looks for more input
DEFAULT_VISITS = 500  # where neither the query nor the session says; that of KataGo's example configuration


@dataclass(slots=True, eq=False)
class Task:
    """One position to search."""

    query: Query
    turn: QueriedTurn
    terminated: bool = False


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
    ) -> None:
        """`max_visits` is for queries that bound neither visits nor time."""
        self._engine = engine
        self._writer = writer
        self._inbox = inbox
        self._version = version
        self._max_visits = max_visits
        self._waiting: list[Task] = []
        self._running: Task | None = None

    def handle(self, line: str) -> bool:
        """Takes one line, and searches until nothing is left to do."""
        self._accept(line)
        while self._waiting and not self._inbox.abandoned:
            self._accept_more()
            if self._waiting:
                self._run(max(self._waiting, key=lambda task: task.turn.priority))
        return True

    def end_of_input(self) -> None:
        """All queries are answered by now."""

    def close(self) -> None:
        """Closes the engine."""
        self._engine.close()

    # Input

    def _accept_more(self) -> None:
        while self._inbox.wait(0.0) and (line := self._inbox.get()) is not None:
            self._accept(line)

    def _accept(self, line: str) -> None:
        if not line.strip():
            return
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError):
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
                self._enqueue(parse_query(fields, query_id))
        except QueryError as error:
            self._send({"error": str(error), "field": error.field, "id": query_id})
        except Exception as error:  # a fault of this program must not end a client's session
            traceback.print_exc(file=sys.stderr)
            self._send({"error": f"internal error: {error!r}", "id": query_id})

    def _enqueue(self, query: Query) -> None:
        for field, message in query.warnings:
            self._send({"warning": message, "field": field, "id": query.id})
        self._waiting += [Task(query, turn) for turn in query.turns]

    def _act(self, fields: dict[str, Any]) -> None:
        match fields["action"]:
            case "query_version":
                self._send({**fields, "version": self._version, "git_hash": "<omitted>"})
            case "clear_cache":
                self._send(fields)
            case "terminate":
                wanted = fields.get("terminateId")
                if not isinstance(wanted, str):
                    raise QueryError("terminateId", "must be the id of a query, a string")
                turns = fields.get("turnNumbers")
                if turns is not None and not isinstance(turns, list):
                    raise QueryError("turnNumbers", "must be a list of turns")
                self._send(fields)
                self._terminate(wanted, turns)
            case "terminate_all":
                self._send(fields)
                self._terminate(None, None)
            case _:
                raise QueryError("action", "must be query_version, clear_cache, terminate or terminate_all")

    def _terminate(self, query_id: str | None, turns: list[object] | None) -> None:
        """Ends the tasks of a query (None: of all), all of its turns or these."""

        def meant(task: Task) -> bool:
            return query_id in (None, task.query.id) and (turns is None or task.turn.number in turns)

        for task in [task for task in self._waiting if meant(task)]:
            self._waiting.remove(task)
            self._send(
                {"id": task.query.id, "isDuringSearch": False, "noResults": True, "turnNumber": task.turn.number}
            )
        if self._running is not None and meant(self._running):
            self._running.terminated = True

    # Searching

    def _run(self, task: Task) -> None:
        self._waiting.remove(task)
        self._running = task
        query, turn = task.query, task.turn
        interval_ms = None if query.report_every_s is None else 1000.0 * query.report_every_s
        reported_ms = 0.0

        def report(info: SearchInfo) -> None:
            nonlocal reported_ms
            if interval_ms is not None and info.elapsed_ms - reported_ms >= 0.5 * interval_ms:
                reported_ms = info.elapsed_ms
                self._send(analysis(query, turn, info, during_search=True))

        results: list[SearchResult] = []
        try:
            self._engine.prepare(turn.position.shape)
        except (ValueError, RuntimeError) as error:
            self._running = None
            self._send({"error": " ".join(str(error).split()), "id": query.id})
            return
        self._engine.go(
            turn.position,
            self._limits(task),
            on_info=report,
            on_done=results.append,
            info_interval_ms=interval_ms,
            lines=ANALYSIS_LINES,
        )
        while not self._engine.wait(_POLL_S):
            self._accept_more()
            if task.terminated or self._inbox.abandoned:
                self._engine.stop()
        self._running = None
        if self._engine.error is not None:
            self._send({"error": self._engine.error, "id": query.id})
        else:
            self._send(analysis(query, turn, results[0].info, during_search=False))

    def _limits(self, task: Task) -> Limits:
        query = task.query
        visits = query.max_visits
        if visits is None and query.max_time_s is None:
            visits = self._max_visits
        move_time = None if query.max_time_s is None else 1000.0 * query.max_time_s
        return Limits(nodes=visits, move_time_ms=move_time, root_actions=task.turn.root_actions)

    def _send(self, fields: dict[str, Any]) -> None:
        self._writer.write(json.dumps(fields, separators=(",", ":")))


def analysis(query: Query, turn: QueriedTurn, info: SearchInfo, *, during_search: bool) -> dict[str, Any]:
    """The answer for one position: moves that were searched, the root and, if asked for, ownership and policy."""
    position = turn.position
    black_to_move = position.mover == BLACK
    sign = 1.0 if query.view == "SIDETOMOVE" or (query.view == "BLACK") == black_to_move else -1.0
    lead, deviation = score_lead(info, position)
    scores = {name: round(sign * lead, 6) for name in ("scoreLead", "scoreMean", "scoreSelfplay")}
    scores["scoreStdev"] = round(deviation, 6)
    moves = [
        {
            "move": vertex_text(move.action, position.shape),
            "visits": move.visits,
            "edgeVisits": move.visits,
            "winrate": round(win_rate(sign * move.value), 6),
            "utility": round(sign * move.value, 6),
            "lcb": round(win_rate(sign * move.lcb), 6),
            "utilityLcb": round(sign * move.lcb, 6),
            **scores,
            "prior": round(move.prior, 6),
            "weight": float(move.visits),
            "order": order,
            "pv": [vertex_text(action, position.shape) for action in move.pv[: query.pv_length]],
        }
        for order, move in enumerate(m for i, m in enumerate(info.moves) if i == 0 or m.visits > 0)
    ]
    root = {
        "currentPlayer": "B" if black_to_move else "W",
        "visits": info.nodes,
        "winrate": round(win_rate(sign * info.value), 6),
        "utility": round(sign * info.value, 6),
        "weight": float(info.nodes),
        **scores,
    }
    answer = {
        "id": query.id,
        "isDuringSearch": during_search,
        "turnNumber": turn.number,
        "moveInfos": moves,
        "rootInfo": root,
    }
    if query.include_ownership and info.ownership is not None:
        answer["ownership"] = [round(sign * owned, 6) for owned in info.ownership.reshape(-1).tolist()]
    if query.include_policy:
        policy = [-1.0] * (pass_action(position.shape) + 1)
        for move in info.moves:
            policy[move.action] = round(move.prior, 9)
        answer["policy"] = policy
    return answer

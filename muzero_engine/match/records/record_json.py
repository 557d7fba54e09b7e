"""`GameRecord` as one line of JSON, there and back.

Moves are lists without names, since they are nearly all of a file: [move, seconds, clock, score's kind, score, depth,
nodes, seconds in which the machine stood still], cut after the last entry that is not null.
"""

from __future__ import annotations

import enum
import json
from typing import Any

from muzero_engine.dataclass_json import BadData, from_data, parse_json, to_data
from muzero_engine.games.record import GameRecord


class BadRecord(ValueError):
    """A line that is no game record; the message says why."""


_PLY = ("move", "elapsed_s", "clock_s", "kind", "value", "depth", "nodes", "stalled_s")  # the entries of a move's list


def record_line(record: GameRecord) -> str:
    """Return the record as one line, without its end."""
    data = to_data(record)
    data["moves"] = [_entry(ply) for ply in data.pop("moves")]  # last, since they are long
    return json.dumps(data, separators=(",", ":"), allow_nan=False)


def parse_record(line: str) -> GameRecord:
    """Return the record of a line. Raises BadRecord."""
    try:
        data = parse_json(line, constants=True)
    except ValueError:
        raise BadRecord("it is no JSON") from None
    if not isinstance(data, dict):
        raise BadRecord("it is no JSON object")
    if isinstance(moves := data.get("moves"), list):
        data["moves"] = [_ply(entry) for entry in moves]
    try:
        record = from_data(GameRecord, data, "it", ignored=True, complete=True)
    except BadData as error:
        raise BadRecord(_complaint(error)) from None
    if record.points not in (0.0, 0.5, 1.0):
        raise BadRecord(f"a game gives 0, 0.5 or 1 points, not {record.points:g}")
    return record


def _entry(ply: dict[str, Any]) -> list[object]:
    """Return the list of a move, from the fields of a `PlyRecord`."""
    fields = {**ply, **(ply["score"] or {})}
    entry = [fields.get(name) for name in _PLY]
    while entry[-1] is None:
        entry.pop()
    return entry


def _ply(entry: object) -> dict[str, object]:
    """Return the fields of a `PlyRecord`, of which nothing is checked yet. Raises BadRecord."""
    if not isinstance(entry, list):
        raise BadRecord(_misplaced(entry, "list"))
    if not 2 <= len(entry) <= len(_PLY):
        raise BadRecord(f"a move is a list of 2 to {len(_PLY)} entries, not of {len(entry)}")
    fields = dict(zip(_PLY, entry + [None] * (len(_PLY) - len(entry)), strict=True))
    score = {"kind": fields.pop("kind"), "value": fields.pop("value")}
    return {**fields, "score": None if score["kind"] is None else score}


def _complaint(error: BadData) -> str:
    if error.missing:
        return f"{min(error.missing)!r} is missing"
    if isinstance(error.kind, enum.EnumMeta):
        return f"{error.value!r} is not a valid {error.kind.__name__}"
    return _misplaced(error.value, error.kind.__name__ if error.kind else error.expected)


def _misplaced(value: object, expected: str) -> str:
    return f"{str(value)[:40]!r} stands where {expected} belongs"

"""`GameRecord` as one line of JSON, there and back.

Moves are lists without names, since they are nearly all of a file: [move, seconds, clock, score's kind, score, depth,
nodes], cut after the last entry that is not null.
"""

from __future__ import annotations

import json
import math
from typing import Any

from muzero_engine.match.records.record import Ending, GameRecord, PlyRecord, Score, ScoreKind


class BadRecord(ValueError):
    """A line that is no game record; the message says why."""


_TEXTS = ("game_name", "first", "second", "opening", "start", "reason", "first_limit", "second_limit", "started")


def record_line(record: GameRecord) -> str:
    """One line, without its end."""
    data: dict[str, object] = {name: getattr(record, name) for name in _TEXTS}
    data |= {"pair": record.pair, "game": record.game, "points": record.points, "ending": record.ending.value}
    data |= {"area": record.area, "duration_s": record.duration_s, "opening_moves": record.opening_moves}
    data["moves"] = [_ply_list(ply) for ply in record.moves]
    return json.dumps(data, separators=(",", ":"), allow_nan=False)


def parse_record(line: str) -> GameRecord:
    """The record of a line. Raises BadRecord."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        raise BadRecord("it is no JSON") from None
    if not isinstance(data, dict):
        raise BadRecord("it is no JSON object")
    try:
        area = data["area"]
        points = _number(data["points"])
        record = GameRecord(
            **{name: _typed(data[name], str) for name in _TEXTS},
            pair=_typed(data["pair"], int),
            game=_typed(data["game"], int),
            points=points,
            ending=Ending(data["ending"]),
            area=None if area is None else _number(area),
            duration_s=_number(data["duration_s"]),
            opening_moves=tuple(_typed(move, str) for move in _typed(data["opening_moves"], list)),
            moves=tuple(_ply(entry) for entry in _typed(data["moves"], list)),
        )
    except KeyError as error:
        raise BadRecord(f"{error} is missing") from None
    except (ValueError, TypeError) as error:
        raise BadRecord(str(error)) from None
    if points not in (0.0, 0.5, 1.0):
        raise BadRecord(f"a game gives 0, 0.5 or 1 points, not {points:g}")
    return record


def _ply_list(ply: PlyRecord) -> list[object]:
    score = (None, None) if ply.score is None else (ply.score.kind.value, ply.score.value)
    entry = [ply.move, ply.elapsed_s, ply.clock_s, *score, ply.depth, ply.nodes]
    while entry[-1] is None:
        entry.pop()
    return entry


def _ply(entry: object) -> PlyRecord:
    values = _typed(entry, list)
    if not 2 <= len(values) <= 7:
        raise BadRecord(f"a move is a list of 2 to 7 entries, not of {len(values)}")
    move, elapsed, clock, kind, value, depth, nodes = values + [None] * (7 - len(values))
    return PlyRecord(
        move=_typed(move, str),
        elapsed_s=_number(elapsed),
        clock_s=None if clock is None else _number(clock),
        score=None if kind is None else Score(ScoreKind(kind), _number(value)),
        depth=None if depth is None else _typed(depth, int),
        nodes=None if nodes is None else _typed(nodes, int),
    )


def _typed(value: object, kind: type) -> Any:
    if type(value) is not kind:
        raise BadRecord(f"{str(value)[:40]!r} stands where {kind.__name__} belongs")
    return value


def _number(value: object) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):  # type: ignore[arg-type]
        raise BadRecord(f"{str(value)[:40]!r} stands where a number belongs")
    return float(value)  # type: ignore[arg-type]

"""A match's result as JSON, for programs; what people see is made from the same standings."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from muzero_engine.files import write_atomically
from muzero_engine.games.record import GameRecord
from muzero_engine.match.results.standings import Standings
from muzero_engine.match.results.statistics import HeadToHead, Interval, Sprt, WinDrawLoss, estimate
from muzero_engine.ratings import PlayerRating

SUMMARY = "summary.json"


def write_summary(
    folder: Path,
    records: Sequence[GameRecord],
    standings: Standings,
    *,
    facts: dict[str, Any],
    finished: bool,
    sprt: Sprt | None = None,
) -> None:
    """Write summary.json. `facts` are the settings; `finished` is false where games are still to be played."""
    data = summary(records, standings, facts=facts, finished=finished, sprt=sprt)
    write_atomically(folder / SUMMARY, (json.dumps(data, indent=2, allow_nan=False) + "\n").encode())


def summary(
    records: Sequence[GameRecord],
    standings: Standings,
    *,
    facts: dict[str, Any],
    finished: bool,
    sprt: Sprt | None = None,
) -> dict[str, Any]:
    """Return the data of `write_summary`. Elo that is not finite is null."""
    pairings = [
        {"first": name, "second": other, **_counts(results), "pairs": list(results.pairs), **_estimate(results)}
        for (name, other), results in standings.cross.items()
    ]
    stalls = [stall for record in records for stall in record.stalls]
    data: dict[str, Any] = {
        "settings": facts,
        "finished": finished,
        "games": len(records),
        "moves": sum(len(record.moves) for record in records),
        "stalled": {"moves": len(stalls), "seconds": round(sum(stalls), 2)},
        "players": [
            {
                "name": row.name,
                "elo": _rating(row.rating),
                "fixed": row.fixed,
                **_counts(row.total),
                "endings": endings(records, row.name),
            }
            for row in standings.players
        ],
        "pairings": pairings,
        "moving_first": _rating(standings.advantage) | _counts(standings.first),
    }
    if sprt is not None and len(standings.players) == 2:
        names = [engine["name"] for engine in facts["engines"]]
        state = sprt.state(standings.cross.get((names[0], names[1]), HeadToHead()))
        data["sprt"] = {
            "elo0": sprt.elo0,
            "elo1": sprt.elo1,
            "alpha": sprt.alpha,
            "beta": sprt.beta,
            "model": sprt.model.value,
            "llr": state.llr,
            "lower": state.lower,
            "upper": state.upper,
            "verdict": state.decision.value,
        }
    return data


def endings(records: Sequence[GameRecord], name: str) -> dict[str, int]:
    """Count how a player's games ended; those that a fault decided only where the fault was its own."""
    counts: Counter[str] = Counter()
    for record in records:
        if name not in (record.first, record.second):
            continue
        lost = record.winner is not None and record.loser == name
        if lost or not record.ending.is_fault:
            counts[record.ending.value] += 1
    return dict(counts.most_common())


def _counts(total: WinDrawLoss) -> dict[str, Any]:
    return {"games": total.games, "won": total.wins, "drawn": total.draws, "lost": total.losses}


def _estimate(results: HeadToHead) -> dict[str, Any]:
    strength = estimate(results)
    if strength is None:
        return {}
    return {
        "score": _interval(strength.score),
        "elo_difference": _interval(strength.elo),
        "normalised_elo": _interval(strength.normalised),
        "superiority": strength.superiority,
    }


def _interval(interval: Interval) -> dict[str, float | None]:
    return {"value": _finite(interval.value), "low": _finite(interval.low), "high": _finite(interval.high)}


def _rating(rating: PlayerRating | None) -> dict[str, float | None]:
    if rating is None:
        return {"value": None, "error": None}
    return {"value": _finite(rating.elo), "error": _finite(rating.error)}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None

"""Arguments and `info` lines of the GTP analysis commands, in Leela Zero's (`lz-`) and KataGo's (`kata-`) form.

Both print every move on one line, values in the view of the side to move. What KataGo has and this engine has not:

- `scoreLead`, `scoreMean` and `scoreSelfplay` are one number, what the winning rate is worth in points, and
  `scoreStdev` is the spread that goes with it (`engine.points`). There is no score head. Where the game is over, or a
  move ends it, points are counted.
- `ownershipStdev` is that of a point which is somebody's or the other's, by the ownership; `movesOwnershipStdev` is
  accepted and prints nothing. `movesOwnership` is the network's about the position after each move.

Sabaki splits the line at `info`, wants a point in every number, drops an entry with text behind its `pv` and cannot
show `move pass`. So `rootInfo` and `ownership` come only when asked for, and a pass only where it is the best move.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from muzero_engine.arrays import Floats
from muzero_engine.engine.points import RootPoints, ScoreModel, move_lead
from muzero_engine.engine.report import RootMove, SearchInfo
from muzero_engine.games.go.actions import pass_action, vertex_text
from muzero_engine.games.go.rules import WHITE, GoPosition
from muzero_engine.protocols.gtp.final_status import Ownerships, root_lead
from muzero_engine.protocols.gtp.frame import GtpError, is_colour, parse_bool, parse_colour, parse_int, parse_move

_KATA_FLAGS = {  # argument -> field of Analysis, or None where there is nothing to print
    "rootinfo": "root_info",
    "ownership": "ownership",
    "ownershipstdev": "ownership_stdev",
    "movesownership": "moves_ownership",
    "movesownershipstdev": None,
    "pvvisits": "pv_visits",
    "pvedgevisits": "pv_edge_visits",
    "noresultvalue": "no_result_value",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What an analysis command asks for."""

    kata: bool
    colour: int
    interval_ms: float | None = None  # None: the engine's option
    least_moves: int = 0
    most_moves: int | None = None
    root_actions: tuple[int, ...] | None = None  # None: all legal ones
    root_info: bool = False
    ownership: bool = False
    ownership_stdev: bool = False
    moves_ownership: bool = False
    pv_visits: bool = False
    pv_edge_visits: bool = False
    no_result_value: bool = False
    friendly_pass_ok: bool = True  # as the rules have it, see `rule_sets.Rules`


def parse_analysis(args: Sequence[str], position: GoPosition, *, kata: bool) -> tuple[Analysis, GoPosition]:
    """Read `[colour] [centiseconds] [key value]...`.

    Returns what is asked for and a copy of the position with the colour asked for to move. `avoid` and `allow` work at
    the root: a restriction to N >= 1 plies begins there. Raises GtpError.
    """
    words = deque(args)
    colour = parse_colour(words.popleft()) if words and is_colour(words[0]) else position.mover
    position = position.copy()
    position.set_mover(colour)
    analysis = Analysis(kata=kata, colour=colour)
    if words and words[0].replace(".", "", 1).isdecimal():
        analysis = replace(analysis, interval_ms=_interval(words.popleft()))
    allowed: set[int] | None = None
    avoided: set[int] = set()
    while words:
        key = words.popleft().lower()
        if key in ("avoid", "allow"):
            if len(words) < 3:
                raise GtpError(f"usage: {key} colour vertex,vertex... plies")
            actions = _restriction([words.popleft() for _ in range(3)], position)
            if key == "avoid":
                avoided |= actions
            elif actions:
                allowed = (allowed or set()) | actions
            continue
        if not words:
            raise GtpError(f"{key!r:.40} needs a value")
        analysis = _with_value(analysis, key, words.popleft())
    if allowed is None and not avoided:
        return analysis, position
    legal = position.legal_actions().tolist()
    left = tuple(action for action in legal if action not in avoided and (allowed is None or action in allowed))
    if not left:
        raise GtpError("no legal move is left to analyse")
    return replace(analysis, root_actions=left), position


def _with_value(analysis: Analysis, key: str, value: str) -> Analysis:
    match key:
        case "interval":
            return replace(analysis, interval_ms=_interval(value))
        case "minmoves":
            return replace(analysis, least_moves=max(parse_int(value, key), 0))
        case "maxmoves":
            return replace(analysis, most_moves=max(parse_int(value, key), 1))
    if not analysis.kata or key not in _KATA_FLAGS:
        raise GtpError(f"unknown argument {key!r:.40}")
    on = parse_bool(value, key)
    flag = _KATA_FLAGS[key]
    changes: dict[str, Any] = {} if flag is None else {flag: on}
    return replace(analysis, **changes)


def _interval(text: str) -> float | None:
    """Return milliseconds from centiseconds; None (the engine's option) for 0."""
    centiseconds = parse_int(text, "the interval")
    return 10.0 * min(centiseconds, 360_000) if centiseconds > 0 else None


def _restriction(words: Sequence[str], position: GoPosition) -> set[int]:
    """Return the actions of `colour vertex,vertex... plies` if they concern the root's mover."""
    colour = parse_colour(words[0])
    actions = {parse_move(vertex, position.shape) for vertex in words[1].split(",") if vertex}
    plies = parse_int(words[2], "the number of plies")
    return actions if colour == position.mover and plies >= 1 else set()


def shown_moves(info: SearchInfo, analysis: Analysis, position: GoPosition) -> list[RootMove]:
    """Return the moves to print, best first: those searched, `minmoves` at least and `maxmoves` at most."""
    passing = pass_action(position.shape)
    moves = [move for i, move in enumerate(info.moves) if i == 0 or move.action != passing]
    searched = [move for i, move in enumerate(moves) if i == 0 or move.visits > 0]
    if len(searched) < analysis.least_moves:
        searched += [move for move in moves[1:] if not move.visits][: analysis.least_moves - len(searched)]
    return searched[: analysis.most_moves]


def moves_ownership(moves: Sequence[RootMove], position: GoPosition, ownerships: Ownerships) -> list[Floats | None]:
    """Return the ownership after each move, float32[H, W], in the view of the mover of `position`."""
    after = []
    for move in moves:
        position.push(move.action)
        after.append(position.copy())
        position.pop()
    return [None if owned is None else -owned for owned in ownerships(after)]


def ownership_stdev(ownership: Floats) -> Floats:
    """Return the standard deviation of points that are +1 or -1 with this mean."""
    stdev: Floats = np.sqrt(np.maximum(1.0 - ownership * ownership, 0.0))
    return stdev


def format_info(
    info: SearchInfo,
    analysis: Analysis,
    position: GoPosition,
    pv_length: int,
    points: RootPoints,
    ownerships: Ownerships | None = None,
) -> str:
    """Return the `info` line of a moment of a search of `position`, whose `points` are shown in KataGo's form,
    with `pv_length` moves of a variation after its first; `ownerships` is needed for those of moves."""
    score = points.model(info) if analysis.kata else None
    shown = shown_moves(info, analysis, position)
    after: list[Floats | None] = [None] * len(shown)
    if analysis.moves_ownership and ownerships is not None:
        after = moves_ownership(shown, position, ownerships)
    parts = []
    for order, (move, owned) in enumerate(zip(shown, after, strict=True)):
        pv = " ".join(vertex_text(action, position.shape) for action in move.pv[: pv_length + 1])
        vertex = vertex_text(move.action, position.shape)
        fields = _lz_fields(move) if score is None else _kata_fields(move, position, score, analysis)
        parts.append(f"info move {vertex} {fields} order {order} pv {pv}")
        visits = " ".join(str(count) for count in move.pv_visits[: pv_length + 1])
        parts += [f"{name} {visits}" for name, on in _visit_flags(analysis) if on]
        if owned is not None:
            parts.append("movesOwnership " + _points(owned))
    if analysis.root_info and score is not None:
        lead = root_lead(position, info, score, ownerships, friendly=analysis.friendly_pass_ok)
        parts.append(f"rootInfo {_root_fields(info, score, lead)}")
    if analysis.ownership and info.ownership is not None:
        parts.append("ownership " + _points(info.ownership))
    if analysis.ownership_stdev and info.ownership is not None:
        parts.append("ownershipStdev " + _points(ownership_stdev(info.ownership)))
    return " ".join(parts)


def _visit_flags(analysis: Analysis) -> tuple[tuple[str, bool], ...]:
    return ("pvVisits", analysis.pv_visits), ("pvEdgeVisits", analysis.pv_edge_visits)


def _points(owned: Floats) -> str:
    return " ".join(f"{x:.6f}" for x in owned.reshape(-1).tolist())


def raw_network_text(info: SearchInfo, position: GoPosition, points: RootPoints) -> str:
    """Return the answer of `kata-raw-nn` from a search of one simulation; NAN marks illegal moves."""
    view = 1.0 if position.mover == WHITE else -1.0
    draw = info.network_draw
    lead = points.model(info).lead(info.network_value)
    policy = np.full(pass_action(position.shape) + 1, np.nan)
    legal = position.legal_actions()
    policy[legal] = info.network_policy(legal)
    lines = [
        "symmetry 0",
        f"whiteWin {(1.0 - draw + view * info.network_value) / 2.0:.6f}",
        f"whiteLoss {(1.0 - draw - view * info.network_value) / 2.0:.6f}",
        f"noResult {draw:.6f}",
        f"whiteLead {view * lead:.3f}",
        "policy",
        *_rows(policy[:-1].reshape(position.shape)),
        f"policyPass {policy[-1]:.6f}",
    ]
    if info.ownership is not None:
        lines += ["whiteOwnership", *_rows(view * info.ownership.astype(np.float64))]
    return "\n".join(lines).replace("nan", "NAN")


def _rows(grid: npt.NDArray[np.float64]) -> list[str]:
    return [" ".join(f"{x:.6f}" for x in row) for row in grid.tolist()]


def win_rate(value: float) -> float:
    """Return the winning rate, in [0, 1], of a value in [-1, 1]."""
    return min(max((value + 1.0) / 2.0, 0.0), 1.0)


def _lz_fields(move: RootMove) -> str:
    numbers = {"winrate": win_rate(move.value), "prior": move.prior, "lcb": win_rate(move.lcb)}
    return f"visits {move.visits} " + " ".join(f"{name} {round(10000 * x)}" for name, x in numbers.items())


def _kata_fields(move: RootMove, position: GoPosition, score: ScoreModel, analysis: Analysis) -> str:
    numbers = {
        "utility": move.value,
        "winrate": win_rate(move.value),
        **_score_fields(score, move_lead(position, move, score)),
        "prior": move.prior,
        "lcb": win_rate(move.lcb),
        "utilityLcb": move.lcb,
        "weight": float(move.visits),
    }
    if analysis.no_result_value:
        numbers["noResultValue"] = 0.0
    return f"visits {move.visits} edgeVisits {move.visits} {_numbers(numbers)}"


def _root_fields(info: SearchInfo, score: ScoreModel, lead: float) -> str:
    numbers = {
        "utility": info.value,
        "winrate": win_rate(info.value),
        **_score_fields(score, lead),
        "weight": float(info.nodes),
    }
    return f"visits {info.nodes} {_numbers(numbers)}"


def _score_fields(score: ScoreModel, lead: float) -> dict[str, float]:
    return {"scoreMean": lead, "scoreStdev": score.deviation, "scoreLead": lead, "scoreSelfplay": lead}


def _numbers(numbers: dict[str, float]) -> str:
    return " ".join(f"{name} {x:.6f}" for name, x in numbers.items())

"""Arguments and `info` lines of the GTP analysis commands, in Leela Zero's (`lz-`) and KataGo's (`kata-`) form.

Both print every move on one line, values in the view of the side to move. What KataGo has and this engine has not:

- There is no score head. `scoreLead`, `scoreMean` and `scoreSelfplay` are what the ownership of the root adds up to,
  komi counted, the same for all moves (0 without ownership); `scoreStdev` takes the points as independent.
- `ownershipStdev`, `movesOwnership`, `pvVisits` and their kin are accepted as arguments and print nothing.

Sabaki splits the line at `info`, wants a point in every number, drops an entry with text behind its `pv` and cannot
show `move pass`. So `rootInfo` and `ownership` come only when asked for, and a pass only where it is the best move.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from muzero_engine.engine.report import RootMove, SearchInfo
from muzero_engine.games.go.actions import pass_action, vertex_text
from muzero_engine.games.go.rules import WHITE, GoPosition
from muzero_engine.protocols.gtp.frame import GtpError, is_colour, parse_bool, parse_colour, parse_int, parse_move

_KATA_FLAGS = {  # argument -> field of Analysis, or None where there is nothing to print
    "rootinfo": "root_info",
    "ownership": "ownership",
    "ownershipstdev": None,
    "movesownership": None,
    "movesownershipstdev": None,
    "pvvisits": None,
    "pvedgevisits": None,
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
    no_result_value: bool = False


def parse_analysis(args: Sequence[str], position: GoPosition, *, kata: bool) -> tuple[Analysis, GoPosition]:
    """Reads `[colour] [centiseconds] [key value]...`.

    Returns what is asked for and a copy of the position with the colour asked for to move. `avoid` and `allow` work at
    the root: a restriction to N >= 1 plies begins there. Raises GtpError.
    """
    words = list(args)
    colour = parse_colour(words.pop(0)) if words and is_colour(words[0]) else position.mover
    position = position.copy()
    position.set_mover(colour)
    wanted = Analysis(kata=kata, colour=colour)
    if words and words[0].replace(".", "", 1).isdecimal():
        wanted = replace(wanted, interval_ms=_interval(words.pop(0)))
    allowed: set[int] | None = None
    avoided: set[int] = set()
    while words:
        key = words.pop(0).lower()
        if key in ("avoid", "allow"):
            if len(words) < 3:
                raise GtpError(f"usage: {key} colour vertex,vertex... plies")
            actions = _restriction(words[:3], position)
            del words[:3]
            if key == "avoid":
                avoided |= actions
            elif actions:
                allowed = (allowed or set()) | actions
            continue
        if not words:
            raise GtpError(f"{key!r:.40} needs a value")
        wanted = _with_value(wanted, key, words.pop(0))
    if allowed is None and not avoided:
        return wanted, position
    legal = position.legal_actions().tolist()
    left = tuple(action for action in legal if action not in avoided and (allowed is None or action in allowed))
    if not left:
        raise GtpError("no legal move is left to analyse")
    return replace(wanted, root_actions=left), position


def _with_value(wanted: Analysis, key: str, value: str) -> Analysis:
    match key:
        case "interval":
            return replace(wanted, interval_ms=_interval(value))
        case "minmoves":
            return replace(wanted, least_moves=max(parse_int(value, key), 0))
        case "maxmoves":
            return replace(wanted, most_moves=max(parse_int(value, key), 1))
    if not wanted.kata or key not in _KATA_FLAGS:
        raise GtpError(f"unknown argument {key!r:.40}")
    on = parse_bool(value, key)
    match _KATA_FLAGS[key]:
        case "root_info":
            return replace(wanted, root_info=on)
        case "ownership":
            return replace(wanted, ownership=on)
        case "no_result_value":
            return replace(wanted, no_result_value=on)
    return wanted


def _interval(text: str) -> float | None:
    """Milliseconds from centiseconds; None (the engine's option) for 0."""
    centiseconds = parse_int(text, "the interval")
    return 10.0 * min(centiseconds, 360_000) if centiseconds > 0 else None


def _restriction(words: Sequence[str], position: GoPosition) -> set[int]:
    """The actions of `colour vertex,vertex... plies` if they concern the root's mover."""
    colour = parse_colour(words[0])
    actions = {parse_move(vertex, position.shape) for vertex in words[1].split(",") if vertex}
    plies = parse_int(words[2], "the number of plies")
    return actions if colour == position.mover and plies >= 1 else set()


def score_lead(info: SearchInfo, position: GoPosition) -> tuple[float, float]:
    """(points that the side to move is ahead, their standard deviation) from the root's ownership; 0, 0 without."""
    if info.ownership is None:
        return 0.0, 0.0
    owned = info.ownership.astype(np.float64)
    komi = position.komi if position.mover == WHITE else -position.komi
    return float(owned.sum()) + komi, math.sqrt(max(float((1.0 - owned * owned).sum()), 0.0))


def shown_moves(info: SearchInfo, wanted: Analysis, position: GoPosition) -> list[RootMove]:
    """The moves to print, best first: those searched, `minmoves` at least and `maxmoves` at most."""
    passing = pass_action(position.shape)
    moves = [move for i, move in enumerate(info.moves) if i == 0 or move.action != passing]
    searched = [move for i, move in enumerate(moves) if i == 0 or move.visits > 0]
    if len(searched) < wanted.least_moves:
        searched += [move for move in moves[1:] if not move.visits][: wanted.least_moves - len(searched)]
    return searched[: wanted.most_moves]


def format_info(info: SearchInfo, wanted: Analysis, position: GoPosition, pv_length: int) -> str:
    """The `info` line of a moment of a search of `position`."""
    lead = score_lead(info, position)
    parts = []
    for order, move in enumerate(shown_moves(info, wanted, position)):
        pv = " ".join(vertex_text(action, position.shape) for action in move.pv[:pv_length])
        vertex = vertex_text(move.action, position.shape)
        if wanted.kata:
            parts.append(f"info move {vertex} {_kata_fields(move, lead, wanted)} order {order} pv {pv}")
        else:
            parts.append(f"info move {vertex} {_lz_fields(move)} order {order} pv {pv}")
    if wanted.root_info:
        parts.append(f"rootInfo {_root_fields(info, lead)}")
    if wanted.ownership and info.ownership is not None:
        parts.append("ownership " + " ".join(f"{owned:.6f}" for owned in info.ownership.reshape(-1)))
    return " ".join(parts)


def raw_network_text(info: SearchInfo, position: GoPosition) -> str:
    """The answer of `kata-raw-nn` from a search of one simulation; NAN marks illegal moves."""
    best = info.moves[0]
    view = 1.0 if position.mover == WHITE else -1.0
    draw = min(best.draw, 1.0 - abs(info.network_value))
    lead, _ = score_lead(info, position)
    policy = np.full(pass_action(position.shape) + 1, np.nan)
    for move in info.moves:
        policy[move.action] = move.prior
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
    """[0, 1] from a value in [-1, 1]."""
    return min(max((value + 1.0) / 2.0, 0.0), 1.0)


def _lz_fields(move: RootMove) -> str:
    numbers = {"winrate": win_rate(move.value), "prior": move.prior, "lcb": win_rate(move.lcb)}
    return f"visits {move.visits} " + " ".join(f"{name} {round(10000 * x)}" for name, x in numbers.items())


def _kata_fields(move: RootMove, lead: tuple[float, float], wanted: Analysis) -> str:
    numbers = {
        "utility": move.value,
        "winrate": win_rate(move.value),
        **_score_fields(lead),
        "prior": move.prior,
        "lcb": win_rate(move.lcb),
        "utilityLcb": move.lcb,
        "weight": float(move.visits),
    }
    if wanted.no_result_value:
        numbers["noResultValue"] = 0.0
    return f"visits {move.visits} edgeVisits {move.visits} {_numbers(numbers)}"


def _root_fields(info: SearchInfo, lead: tuple[float, float]) -> str:
    numbers = {
        "utility": info.value,
        "winrate": win_rate(info.value),
        **_score_fields(lead),
        "weight": float(info.nodes),
    }
    return f"visits {info.nodes} {_numbers(numbers)}"


def _score_fields(lead: tuple[float, float]) -> dict[str, float]:
    mean, deviation = lead
    return {"scoreMean": mean, "scoreStdev": deviation, "scoreLead": mean, "scoreSelfplay": mean}


def _numbers(numbers: dict[str, float]) -> str:
    return " ".join(f"{name} {x:.6f}" for name, x in numbers.items())

"""What UCI, UGI and USI share: the words of a `go` line, scores, variations and statistics as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from muzero_engine.engine.report import RootMove, SearchInfo, SearchResult
from muzero_engine.games.base import Position

MAX_CENTIPAWNS = 10_000
MOST_TOLD = 500  # characters of a line for people: clients may send anything, and some is echoed
NO_LIMIT_LEFT = "go has no limit that can be read: the move comes at once (go infinite searches until stop)"
MOST = 10**12  # more milliseconds or nodes than anybody waits for; keeps every later sum finite


def group_words(words: Iterable[str], known: Collection[str]) -> list[tuple[str, list[str]]]:
    """Return each known word with the words up to the next known one, first "" with those before any known one."""
    groups: list[tuple[str, list[str]]] = [("", [])]
    for word in words:
        if word in known:
            groups.append((word, []))
        else:
            groups[-1][1].append(word)
    return groups


def unknown_words(words: Iterable[str]) -> list[str]:
    """Return what is said of words in `go` that mean nothing, a line each."""
    return [f"unknown word {word} in go; ignored" for word in words]


def whole_number(text: str) -> int:
    """Return a whole number, held within -MOST to MOST; 250.7 and 1e3 are 250 and 1000. Raises ValueError."""
    if "_" in text:  # which Python takes
        raise ValueError(text)
    try:
        number = int(text)
    except ValueError:
        real = float(text)
        if math.isnan(real):
            raise
        number = int(max(-MOST, min(MOST, real)))
    return max(-MOST, min(MOST, number))


def one_line(text: str) -> str:
    """Return a text without line ends and control characters, cut at `MOST_TOLD`, to go into one line of protocol."""
    line = " ".join("".join(mark if mark.isprintable() else " " for mark in text[: 2 * MOST_TOLD]).split())
    return line if len(line) <= MOST_TOLD else f"{line[:MOST_TOLD]}..."


def score_text(move: RootMove, score_type: str = "centipawn") -> str:
    """Return `cp X` or `mate N`, the side to move's, as UCI and UGI have them; `score_type` as in EngineOptions.

    `cp` behaves like centipawns (ScoreType `centipawn`): `90 tan(1.5637541897 Q)`, the conversion that Leela Chess Zero
    documents for its option of the same name, so that Q = 0.5 is 89; as there, `win_percentage` is 0..10000 and `Q` is
    Q x 10000. `mate` is claimed only for a win that the rules show at the root, and for what a solver proves.
    """
    if move.mate_plies is not None:
        moves = (move.mate_plies + 1) // 2
        return f"mate {moves if move.ends == 1.0 else -moves}"
    if move.ends is not None and move.ends > 0:
        return "mate 1"
    value = move.value if move.ends is None else move.ends
    match score_type:
        case "win_percentage":
            score = 5000.0 + 5000.0 * value
        case "Q":
            score = 10_000.0 * value
        case _:
            score = 90.0 * math.tan(1.5637541897 * max(-1.0, min(1.0, value)))
    return f"cp {max(-MAX_CENTIPAWNS, min(MAX_CENTIPAWNS, round(score)))}"


def score_without_moves(position: Position) -> str:
    """Return the score of a position in which there is no move to report: `mate 0` where it is decided, else `cp 0`."""
    outcome = position.outcome()
    return "mate 0" if outcome is not None and outcome.winner is not None else "cp 0"


def effort_text(info: SearchInfo, *, table_hits: int | None = None) -> str:
    """Return what a search has cost so far: `nodes N nps N hashfull N [tbhits N] time MS`."""
    hits = "" if table_hits is None else f"tbhits {table_hits} "
    return (
        f"nodes {info.nodes} nps {info.nps} hashfull {max(0, min(1000, info.hashfull))} {hits}"
        f"time {max(0, round(info.elapsed_ms))}"
    )


def variation_lines(
    info: SearchInfo, position: Position, *, multipv: int, score: Callable[[RootMove], str], effort: str
) -> list[str]:
    """Return an `info` line for each of the best `multipv` moves; `score` gives the words after `score`.

    The first is the move that would be played, which has been searched most; the others come by their scores, the
    highest first. One of these may be higher than the first's, on fewer simulations.
    """
    first, others = info.moves[:1], info.moves[1:multipv]
    by_score = sorted(others, key=lambda move: -(move.value if move.ends is None else move.ends))
    return [
        f"info depth {info.depth} seldepth {max(info.depth, info.seldepth)} multipv {rank} "
        f"score {score(move)} {effort} pv {pv_text(position, move.pv)}"
        for rank, move in enumerate([*first, *by_score], start=1)
    ]


def pv_text(position: Position, pv: tuple[int, ...]) -> str:
    """Return the moves of a variation from `position`, which is left as it was."""
    texts = []
    for action in pv:
        texts.append(position.action_text(action))
        position.push(action)
    for _ in pv:
        position.pop()
    return " ".join(texts)


def move_stats(info: SearchInfo, position: Position) -> list[str]:
    """Return Leela Chess Zero's verbose statistics, the best move last, then the root as `node`: Nibbler reads them."""
    rows = [
        (position.action_text(move.action), move.action, move.visits, move.prior, move.value, move.draw)
        for move in reversed(info.moves)
    ]
    rows.append(("node", len(rows), info.nodes, 1.0, info.value, info.moves[0].draw))
    return [
        f"info string {name:<5} ({index:<4}) N: {visits:>7} (+ 0) (P: {100 * prior:5.2f}%) (WL: {value:8.5f}) "
        f"(D: {draw:5.3f}) (Q: {value:8.5f}) (V:  -.----)"
        for name, index, visits, prior, value, draw in rows
    ]


def final_info(result: SearchResult) -> SearchInfo:
    """Return the last report of a search with the move that is played in front, which a sampled one need not be."""
    info = result.info
    if result.action is None or not info.moves or info.moves[0].action == result.action:
        return info
    return replace(info, moves=tuple(sorted(info.moves, key=lambda move: move.action != result.action)))

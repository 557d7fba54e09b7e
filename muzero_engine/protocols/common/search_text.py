"""What UCI and USI share: the words of a `go` line, variations and statistics as text."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from muzero_engine.engine.report import SearchInfo, SearchResult
from muzero_engine.games.base import Position

MOST = 10**12  # more milliseconds or nodes than anybody waits for; keeps every later sum finite


def group_words(words: Iterable[str], known: Collection[str]) -> list[tuple[str, list[str]]]:
    """Each known word with the words up to the next known one; what comes before the first is left out."""
    groups: list[tuple[str, list[str]]] = []
    for word in words:
        if word in known:
            groups.append((word, []))
        elif groups:
            groups[-1][1].append(word)
    return groups


def whole_number(text: str) -> int:
    """A whole number, held within -MOST to MOST. Raises ValueError."""
    return max(-MOST, min(MOST, int(text)))


def one_line(text: str) -> str:
    """A text without line ends, to go into one line of protocol."""
    return " ".join(text.split())


def pv_text(position: Position, pv: tuple[int, ...]) -> str:
    """The moves of a variation from `position`, which is left as it was."""
    texts = []
    for action in pv:
        texts.append(position.action_text(action))
        position.push(action)
    for _ in pv:
        position.pop()
    return " ".join(texts)


def move_stats(info: SearchInfo, position: Position) -> list[str]:
    """Leela Chess Zero's verbose statistics, the best move last, then the root as `node`; Nibbler reads them."""
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
    """The last report of a search with the move that is played in front, which a sampled move need not be."""
    info = result.info
    if result.action is None or not info.moves or info.moves[0].action == result.action:
        return info
    return replace(info, moves=tuple(sorted(info.moves, key=lambda move: move.action != result.action)))

"""What the formats share: scores and endings in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from muzero_engine.games.record import Ending, GameRecord, PlyRecord, Score, ScoreKind


def recorded_score(score: Score) -> str:
    """Return a score for people: pawns, a mate, or a win rate."""
    match score.kind:
        case ScoreKind.CENTIPAWNS:
            return f"{score.value / 100:+.2f}"
        case ScoreKind.MATE:
            return f"mate {score.value:+.0f}"
        case ScoreKind.WIN_RATE:
            return f"{score.value:.1%}"


def comment(ply: PlyRecord, score_text: Callable[[Score], str] = recorded_score) -> str:
    """Return what is known of a move in one line: "+0.35/12 0.520s 1234 nodes, 59.5 s left".

    The score is the mover's. It begins as readers of match programs' comments have it.
    """
    parts = []
    if ply.score is not None:
        parts.append(score_text(ply.score) + (f"/{ply.depth}" if ply.depth is not None else ""))
    elif ply.depth is not None:
        parts.append(f"depth {ply.depth}")
    parts.append(f"{ply.elapsed_s:.3f}s")
    if ply.nodes is not None:
        parts.append(f"{ply.nodes} nodes")
    left = "" if ply.clock_s is None else f", {ply.clock_s:.1f} s left"
    stalled = "" if ply.stalled_s is None else f", without {ply.stalled_s:.2f} s in which the machine stood still"
    return f"{' '.join(parts)}{left}{stalled}"


def ending_text(record: GameRecord) -> str:
    """Return how the game ended: "draw; rules: threefold repetition". Nothing of a game whose file does not tell."""
    if not record.ending.has_result:
        return "unfinished" if record.ending is Ending.UNFINISHED else ""
    winner = record.winner
    result = "draw" if winner is None else f"{record.first if winner == 0 else record.second} wins"
    if record.ending is Ending.UNKNOWN:
        return result
    kind = record.ending.value
    return f"{result}; {kind}" if record.reason in ("", kind) else f"{result}; {kind}: {record.reason}"


def local_start(record: GameRecord) -> str:
    """Return when the game began where this machine is, "2026-01-31 23:59:59", which is what files say; a date without
    a time as it is."""
    if len(record.started) <= len("2026-01-31"):
        return record.started
    began = datetime.fromisoformat(record.started[:19]).replace(tzinfo=UTC).astimezone()
    return began.strftime("%Y-%m-%d %H:%M:%S")


def with_movers(record: GameRecord, first_mover: int) -> Iterator[tuple[int, str, PlyRecord | None]]:
    """Return (player, move, what the engine said) of every move, the opening's first."""
    player = first_mover
    for move in record.opening_moves:
        yield player, move, None
        player = 1 - player
    for ply in record.moves:
        yield player, ply.move, ply
        player = 1 - player

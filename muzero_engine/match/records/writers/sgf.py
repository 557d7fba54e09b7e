"""Go as SGF, through the writer of `games.go.sgf`."""

from __future__ import annotations

from muzero_engine.games.go.actions import parse_vertex
from muzero_engine.games.go.rules import BLACK, WHITE
from muzero_engine.games.go.sgf import GoRecord, Move, Setup, sgf_text
from muzero_engine.games.go.text import parse_position
from muzero_engine.match.records.record import Ending, GameRecord
from muzero_engine.match.records.writers.common import comment, ending_text, with_movers


def sgf_record(record: GameRecord, event: str) -> str:
    """The game."""
    start = parse_position(record.start)
    steps: list[Move | Setup] = []
    if start.black or start.white or start.mover == WHITE:
        steps.append(Setup(tuple(start.black), tuple(start.white), mover=start.mover))
    for player, text, ply in with_movers(record, start.mover):
        action = parse_vertex(text, start.shape)
        steps.append(Move((BLACK, WHITE)[player], action, "" if ply is None else comment(ply)))
    limits = f"opening {record.opening}; black {record.first_limit}, white {record.second_limit}"
    return sgf_text(
        GoRecord(
            start.shape,
            tuple(steps),
            start.komi,
            result_text(record),
            record.first,
            record.second,
            event=event,
            date=record.started[:10],
            comment=f"round {record.pair + 1}.{record.game + 1}; {ending_text(record)}; {limits}",
        )
    )


def result_text(record: GameRecord) -> str:
    """The property RE: "B+3.5", "W+R" (resignation), "B+T" (time), "B+F" (forfeit), "B+", "0"."""
    if record.winner is None:
        return "0"
    letter = "BW"[record.winner]
    if record.area is not None:
        return f"{letter}+{abs(record.area):g}"
    if record.ending is Ending.RESIGNATION:
        return f"{letter}+R"
    if record.ending is Ending.TIME_LOSS:
        return f"{letter}+T"
    return f"{letter}+F" if record.ending.is_fault else f"{letter}+"

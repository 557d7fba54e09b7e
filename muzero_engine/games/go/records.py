"""Go in files: SGF, through the reader and writer of `games.go.sgf`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from muzero_engine.games.base import BadPosition, PlayedGame, Position, RecordedGame, RecordEntry, RecordFormat
from muzero_engine.games.go.actions import parse_vertex, vertex_text
from muzero_engine.games.go.rules import BLACK, WHITE, GoPosition
from muzero_engine.games.go.sgf import GoRecord, Move, Setup, parse_sgf, sgf_text
from muzero_engine.games.go.sgf_tree import declared_charset, split_games
from muzero_engine.games.go.text import parse_position_line
from muzero_engine.games.record import Ending, GameRecord, ToldGame, told_date, told_name
from muzero_engine.games.record_text import comment, ending_text, local_start, with_movers

_ENDINGS = {"r": Ending.RESIGNATION, "t": Ending.TIME_LOSS, "f": Ending.FORFEIT}  # by the first letter


def split_sgf(text: str) -> Iterator[RecordEntry]:
    """Yield the games of a collection."""
    for number, game in enumerate(split_games(text), start=1):
        yield RecordEntry(number, game)


def read_sgf(text: str, initial: Position) -> RecordedGame:
    """Return the main line of a game, from its set-up stones if it has some, with the komi of `initial`.

    Raises BadPosition, also where stones are set up in the middle of the game or a colour plays twice in a row.
    """
    assert isinstance(initial, GoPosition)
    record = parse_sgf(text)
    position = record.position(komi=initial.komi)
    if any(not isinstance(step, Move) for step in record.steps[1:]):
        raise BadPosition("stones are put on the board in the middle of the game: set them up at its start")
    mover = position.first_mover
    for number, (colour, _) in enumerate(position.moves):
        if colour != mover ^ (number & 1):
            raise BadPosition(f"move {number + 1} is not {('black', 'white')[mover ^ (number & 1)]}'s")
    empty = not (position.first_stones(0) or position.first_stones(1)) and mover == 0
    start = GoPosition(
        position.shape, black=position.first_stones(0), white=position.first_stones(1), mover=mover, komi=initial.komi
    )
    moves = tuple(vertex_text(action, position.shape) for _, action in position.moves)
    return RecordedGame(
        None if empty and position.shape == initial.shape else start.text(),
        moves,
        players=(record.black_name, record.white_name),
        warnings=record.warnings,
        told=told_of(record),
    )


def play_sgf(text: str) -> PlayedGame:
    """Return the game with all moves since stones were last set up. Raises BadPosition."""
    record = parse_sgf(text)
    position, warnings = record.position(), record.warnings
    left_out = sum(isinstance(step, Move) for step in record.steps) - position.ply
    if left_out:
        moves = "a move" if left_out == 1 else f"{left_out} moves"
        warnings += (f"stones are put on the board in the middle of the SGF, and {moves} before that left out",)
    return PlayedGame(position, (record.black_name, record.white_name), warnings, told_of(record))


def told_of(record: GoRecord) -> ToldGame:
    """Return what a record says of its game: of RE what `result_text` writes, in whatever letters."""
    event, date = told_name(record.event), told_date(record.date)
    result = record.result.lower()
    if result in ("0", "draw", "jigo"):
        return ToldGame(ending=Ending.UNKNOWN, event=event, date=date)
    if result == "void":
        return ToldGame(ending=Ending.UNFINISHED, event=event, date=date)
    won = re.fullmatch(r"(b|w)(?:lack|hite)?\s*\+\s*(.*)", result)
    if won is None:
        return ToldGame(event=event, date=date)
    winner = "bw".index(won[1])
    points = re.fullmatch(r"([0-9]{1,3}(?:[.,][0-9]{1,2})?)[^0-9]*", won[2])
    return ToldGame(
        winner=winner,
        ending=_ENDINGS.get(won[2][:1], Ending.UNKNOWN),
        area=None if points is None else float(points[1].replace(",", ".")) * (1 - 2 * winner),
        event=event,
        date=date,
    )


def sgf_record(record: GameRecord, event: str) -> str:
    """Return the record of a game, with its result."""
    start = parse_position_line(record.start)
    steps: list[Move | Setup] = []
    if start.black or start.white or start.mover == WHITE:
        steps.append(Setup(tuple(start.black), tuple(start.white), mover=start.mover))
    for player, text, ply in with_movers(record, start.mover):
        action = parse_vertex(text, start.shape)
        steps.append(Move((BLACK, WHITE)[player], action, "" if ply is None else comment(ply)))
    notes = [f"round {record.pair + 1}.{record.game + 1}"] if record.first_limit else []  # of a match
    notes += filter(None, [ending_text(record)])
    if record.opening:
        notes.append(f"opening {record.opening}")
    if record.first_limit:
        notes.append(f"black {record.first_limit}, white {record.second_limit}")
    return sgf_text(
        GoRecord(
            start.shape,
            tuple(steps),
            start.komi,
            result_text(record),
            record.first,
            record.second,
            event=event,
            date=local_start(record)[:10],
            comment="; ".join(notes),
        )
    )


def result_text(record: GameRecord) -> str:
    """Return the property RE: "B+3.5", "W+R" (resignation), "B+T" (time), "B+F" (forfeit), "B+", "0"; or ""."""
    if not record.ending.has_result:
        return ""
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


FORMATS = (
    RecordFormat(
        name="SGF",
        suffixes=(".sgf",),
        unit="game",
        split=split_sgf,
        read=read_sgf,
        play=play_sgf,
        declared_encoding=declared_charset,
        signature=re.compile(r"\A[^(]{0,80}\(\s*;"),
        write=sgf_record,
        written_once=b"(;GM[1]",
    ),
)

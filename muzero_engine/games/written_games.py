"""A game that people played, as a record and as the bytes of a file."""

from __future__ import annotations

import time
from dataclasses import replace

from muzero_engine.games.base import BadPosition, Game, Position, Scored
from muzero_engine.games.lines import record_formats
from muzero_engine.games.record import Ending, GameRecord, ToldGame
from muzero_engine.games.record_files import format_of

EVENT = "Casual game"


def played_moves(position: Position) -> tuple[Position, list[int]]:
    """Return the first position of a game, a copy, and the actions since then, which are played in turn by the rules.

    Records of Go have others, too: two moves of one player in a row, suicide. The first position is then the one after
    the last of these.
    """
    first, actions = position.copy(), list[int]()
    while first.ply:
        mover = first.mover
        action = first.pop()
        if first.mover == mover or action not in first.legal_actions():
            break
        actions.append(action)
    first = position.copy()
    for _ in actions:
        first.pop()
    return first, actions[::-1]


def game_record(
    position: Position,
    names: tuple[str, str],
    winner: int | None,
    ending: Ending,
    reason: str,
    *,
    began: float | None = None,
) -> GameRecord:
    """Return the record of a game; an unfinished one has the ending `Ending.UNFINISHED`. `began` is when, in seconds
    since 1970, where that is known."""
    first, actions = played_moves(position)
    start, moves = first.text(), []
    for action in actions:
        moves.append(first.action_text(action))
        first.push(action)
    counted = ending is Ending.RULES and isinstance(position, Scored)
    return GameRecord(
        game_name=position.spec.name,
        first=names[0],
        second=names[1],
        opening="",
        pair=0,
        game=0,
        start=start,
        opening_moves=tuple(moves),
        moves=(),
        points=0.5 if winner is None else 1.0 - winner,
        ending=ending,
        reason=reason,
        area=position.score() if counted and isinstance(position, Scored) else None,
        started="" if began is None else time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(began)),
    )


def told_record(position: Position, names: tuple[str, str], told: ToldGame) -> GameRecord:
    """Return the record of a game from a file: as it says, or where it does not say how, as it ended by the rules."""
    outcome = position.outcome()
    bare = told.ending is Ending.UNKNOWN and told.area is None
    if outcome is not None and (told.ending is Ending.UNTOLD or (bare and told.winner == outcome.winner)):
        record = game_record(position, names, outcome.winner, Ending.RULES, outcome.reason)
        if bare:  # and no margin
            record = replace(record, area=None)
    else:
        record = replace(game_record(position, names, told.winner, told.ending, told.ending.value), area=told.area)
    return replace(record, started=told.date)


def written_suffixes(game: Game) -> list[str]:
    """Return the endings of the files that a game can be written to."""
    written = [form for form in record_formats(game) if form.write is not None]
    return [suffix for form in written for suffix in form.suffixes if suffix not in form.only_read]


def default_name(game: Game, suffix: str = "") -> str:
    """Return a name for a file that is not there yet, of the game's first kind where no suffix is given:
    "GAME-20260131-235959.pgn".
    """
    return f"{game.spec.name}-{time.strftime('%Y%m%d-%H%M%S')}{suffix or written_suffixes(game)[0]}"


def game_bytes(game: Game, record: GameRecord, suffix: str, event: str = EVENT) -> bytes:
    """Return a file of the kind that ends so (".pgn"). Raises BadPosition for a kind that is not written, and
    UnicodeEncodeError, a ValueError, where the kind's encoding lacks a character.
    """
    if suffix not in written_suffixes(game):
        raise BadPosition(f"games of {game.spec.name} are not written to {suffix}: {', '.join(written_suffixes(game))}")
    form = format_of(f"game{suffix}", game)
    assert form.write is not None
    return form.write(record, event).encode(form.written_encodings.get(suffix, "utf-8"))

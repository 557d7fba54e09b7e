"""Moves as people write them: the protocol's text everywhere, and what the game's `Notation` adds to it.

In every game a move may have its number before it (`1. e4`, `3...`), praise behind it (`Nf3!`), spaces within (`D 4`)
and letters and digits of full width, as a Japanese keyboard makes them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from muzero_engine.games.base import IllegalMove, Position
from muzero_engine.games.registry import game_of

RESULTS = frozenset("1-0 1:0 0-1 0:1 1/2-1/2 1/2 ½-½ ½ *".split())  # may stand behind the moves
_NUMBER = re.compile(r"(?<!\d)\d++\s*+\.[\s.]*")


def bare_move(text: str) -> str:
    """Return what is left of a move's text without number and praise; empty where there was nothing else."""
    return _NUMBER.sub("", unicodedata.normalize("NFKC", text).strip(), count=1).rstrip("!?").strip()


def read_move(position: Position, text: str) -> int:
    """Return the legal action that a text means. Raises IllegalMove."""
    move = bare_move(text) or text
    joined = "".join(move.split())
    try:
        return position.parse_action(move)
    except IllegalMove as error:
        refusal = error
    notation = game_of(position).notation
    if notation.pattern is not None and notation.pattern.fullmatch(move):
        raise refusal  # it was understood
    if notation.parse is not None and (action := notation.parse(position, move)) is not None:
        return action
    if joined != move and notation.parse is None:
        return position.parse_action(joined)
    if notation.parse is not None and notation.move_example:
        raise IllegalMove(f"not a move: {text.strip()!r}, write one like {notation.move_example}")
    raise refusal


def move_text(position: Position, action: int, *, kanji: bool = False) -> str:
    """Return a legal action for people: SAN in chess, say, the protocol's text where the game has nothing else."""
    notation = game_of(position).notation
    text = notation.kanji if kanji and notation.kanji is not None else notation.text
    return position.action_text(action) if text is None else text(position, action)


def line_texts(position: Position, actions: Iterable[int], *, kanji: bool = False) -> tuple[list[str], list[str]]:
    """Return a line of legal actions from here as (protocol's texts, texts for people).

    `position` is as before afterwards.
    """
    protocol, people = [], []
    for action in actions:
        protocol.append(position.action_text(action))
        people.append(move_text(position, action, kanji=kanji))
        position.push(action)
    for _ in protocol:
        position.pop()
    return protocol, people

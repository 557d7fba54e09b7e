"""Moves as people write them: the protocol's text everywhere, and what the game's `Notation` adds to it."""

from __future__ import annotations

from collections.abc import Iterable

from muzero_engine.games.base import IllegalMove, Position
from muzero_engine.games.registry import game_of


def read_move(position: Position, text: str) -> int:
    """Return the legal action that a text means. Raises IllegalMove."""
    try:
        return position.parse_action(text)
    except IllegalMove:
        parse = game_of(position).notation.parse
        if parse is None or (action := parse(position, text)) is None:
            raise
        return action


def move_text(position: Position, action: int) -> str:
    """Return a legal action for people: SAN in chess, say, the protocol's text where the game has nothing else."""
    text = game_of(position).notation.text
    return position.action_text(action) if text is None else text(position, action)


def line_texts(position: Position, actions: Iterable[int]) -> tuple[list[str], list[str]]:
    """Return a line of legal actions from here as (protocol's texts, texts for people).

    `position` is as before afterwards.
    """
    protocol, people = [], []
    for action in actions:
        protocol.append(position.action_text(action))
        people.append(move_text(position, action))
        position.push(action)
    for _ in protocol:
        position.pop()
    return protocol, people

"""How people write moves of Go: D4, d 4, pass, with or without whose move it is (B D4, white pass)."""

from __future__ import annotations

import re

from muzero_engine.games.base import IllegalMove, Notation, Position
from muzero_engine.games.go.actions import COLUMN_LETTERS

_COLOURED = re.compile(r"(b|w|black|white)\s+(.+)", re.ASCII | re.IGNORECASE)


def parse_written_move(position: Position, text: str) -> int:
    """Return the action of a vertex or a pass. Raises IllegalMove, also for a move of the other colour."""
    coloured = _COLOURED.fullmatch(text.strip())
    if coloured is None:
        return position.parse_action("".join(text.split()))
    players = position.spec.players
    if not players[position.mover].startswith(coloured[1].lower()):
        raise IllegalMove(f"{text} is illegal: it is {players[position.mover]}'s turn")
    return position.parse_action("".join(coloured[2].split()))


NOTATION = Notation(
    parse=parse_written_move,
    pattern=re.compile(rf"pass|[{COLUMN_LETTERS}][0-9]{{1,2}}", re.ASCII | re.IGNORECASE),
    move_example="D4 or pass",
    position_example="a Go position like '5/5/2b2/5/5 w 7.5'",
)

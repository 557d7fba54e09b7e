"""Go on boards of 2 to 19 rows and columns: rules, actions, planes, SGF."""

from __future__ import annotations

from muzero_engine.games.base import EngineProtocol, Game
from muzero_engine.games.go.actions import action_permutation, action_table
from muzero_engine.games.go.board_view import PLANE_PIECES, board_move, board_view
from muzero_engine.games.go.defaults import DEFAULTS
from muzero_engine.games.go.notation import NOTATION
from muzero_engine.games.go.records import FORMATS
from muzero_engine.games.go.rules import SPEC, GoPosition
from muzero_engine.games.go.text import parse_position_line


def from_text(text: str) -> GoPosition:
    """Return the position of one line (see `games.go.text`). Raises BadPosition."""
    line = parse_position_line(text)
    return GoPosition(line.shape, black=line.black, white=line.white, mover=line.mover, komi=line.komi)


GAME = Game(
    spec=SPEC,
    initial=GoPosition,
    from_text=from_text,
    action_table=action_table,
    action_permutation=action_permutation,
    protocol=EngineProtocol.GTP,
    notation=NOTATION,
    board_view=board_view,
    board_move=board_move,
    plane_pieces=PLANE_PIECES,
    records=FORMATS,
    defaults=DEFAULTS,
)

"""Games without a record format of their own: a line of moves each, as UGI writes them and `--openings` reads them.

Who played and how it ended is in `games.jsonl` alone.
"""

from __future__ import annotations

from muzero_engine.games.registry import load_game
from muzero_engine.match.records.record import GameRecord
from muzero_engine.match.records.writers.common import moves_line


def ugi_line(record: GameRecord, _event: str) -> str:
    """Return the position to begin from and all moves, as after the command `position`."""
    game = load_game(record.game_name)
    return moves_line(record, initial=game.initial(game.spec.shapes[0]).text(), word="fen")

"""Chess as PGN (Edwards 1994): `[%clk]`, `[%emt]` and `[%eval]` as GUIs read them, and the rest in words."""

from __future__ import annotations

import chess
import chess.engine
import chess.pgn

from muzero_engine.games.chess.rules import position_from_fen
from muzero_engine.match.records.record import Ending, GameRecord, Score, ScoreKind
from muzero_engine.match.records.writers.common import comment, ending_text, with_movers

# PGN's own words for its tag Termination
_TERMINATIONS = {
    Ending.ADJUDICATION: "adjudication",
    Ending.PLY_CAP: "adjudication",
    Ending.TIME_LOSS: "time forfeit",
    Ending.ILLEGAL_MOVE: "rules infraction",
    Ending.WRONG_REPLY: "rules infraction",
    Ending.CRASH: "emergency",
    Ending.HANG: "emergency",
}
_RESULTS = {1.0: "1-0", 0.5: "1/2-1/2", 0.0: "0-1"}


def pgn_text(record: GameRecord, event: str) -> str:
    """The game and an empty line."""
    board = position_from_fen(record.start).board
    game = chess.pgn.Game()
    game.headers["Event"] = event
    game.headers["Date"] = record.started[:10].replace("-", ".") or "????.??.??"
    game.headers["Round"] = f"{record.pair + 1}.{record.game + 1}"
    game.headers["White"] = record.first
    game.headers["Black"] = record.second
    game.headers["Result"] = _RESULTS[record.points]
    if board.chess960 or record.start != chess.STARTING_FEN:
        game.setup(board)
    game.headers["Opening"] = record.opening
    game.headers["WhiteTimeControl"] = record.first_limit
    game.headers["BlackTimeControl"] = record.second_limit
    game.headers["UTCDate"] = game.headers["Date"]
    game.headers["UTCTime"] = record.started[11:19] or "??:??:??"
    game.headers["PlyCount"] = str(len(record.opening_moves) + len(record.moves))
    game.headers["Termination"] = _TERMINATIONS.get(record.ending, "normal")
    node: chess.pgn.GameNode = game
    for player, text, ply in with_movers(record, 0 if board.turn else 1):
        node = node.add_main_variation(board.push_uci(text))
        if ply is None:
            continue
        node.comment = comment(ply)
        if ply.clock_s is not None:
            node.set_clock(ply.clock_s)
        node.set_emt(ply.elapsed_s)
        if ply.score is not None and ply.score.kind is not ScoreKind.WIN_RATE:
            node.set_eval(_pov_score(ply.score, player), ply.depth)
    node.comment = f"{node.comment} {ending_text(record)}".strip()
    return f"{game}\n\n"


def _pov_score(score: Score, player: int) -> chess.engine.PovScore:
    colour = chess.WHITE if player == 0 else chess.BLACK
    value = int(score.value)
    relative: chess.engine.Score = chess.engine.Cp(value)
    if score.kind is ScoreKind.MATE:
        relative = chess.engine.Mate(value)
    return chess.engine.PovScore(relative, colour)

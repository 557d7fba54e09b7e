"""Shogi as CSA (version 2.2, http://www2.computer-shogi.org/protocol/record_v22.html), and as lines of USI moves.

CSA has few words for how a game ends, so every game also has its result in a comment: "'result 1: rules: checkmate".
Scores are comments as the servers of floodgate write them, in centipawns and from black's point of view: "'** 35".
"""

from __future__ import annotations

import cshogi

from muzero_engine.match.records.record import Ending, GameRecord, Score, ScoreKind
from muzero_engine.match.records.writers.common import comment, moves_line, with_movers

_MATE = 100_000  # how floodgate writes a mate, less its distance
_ENDINGS = {
    Ending.RESIGNATION: "%TORYO",
    Ending.DECLARATION: "%KACHI",
    Ending.TIME_LOSS: "%TIME_UP",
    Ending.ILLEGAL_MOVE: "%ILLEGAL_MOVE",
    Ending.WRONG_REPLY: "%ILLEGAL_MOVE",
    Ending.PLY_CAP: "%JISHOGI",
    Ending.ADJUDICATION: "%CHUDAN",
    Ending.CRASH: "%ERROR",
    Ending.HANG: "%ERROR",
}
_BY_RULES = {"fourfold repetition": "%SENNICHITE", "perpetual check": "%ILLEGAL_ACTION"}


def csa_text(record: GameRecord, event: str) -> str:
    """The game and the line that ends it in a file of several."""
    board = cshogi.Board(record.start)
    lines = ["V2.2", f"N+{record.first}", f"N-{record.second}", f"$EVENT:{event}"]
    if record.started:
        date, time = record.started[:10].replace("-", "/"), record.started[11:19]
        lines.append(f"$START_TIME:{date} {time}")
    lines.append(f"$OPENING:{record.opening}")
    lines += board.csa_pos().rstrip("\n").split("\n")
    for player, text, ply in with_movers(record, int(board.turn)):
        move = board.move_from_usi(text)
        lines.append(f"{'+-'[player]}{cshogi.move_to_csa(move)}")
        board.push(move)
        if ply is None:
            continue
        lines.append(f"T{int(ply.elapsed_s)}")
        if ply.score is not None and ply.score.kind is not ScoreKind.WIN_RATE:
            lines.append(f"'** {_centipawns(ply.score) * (1 - 2 * player)}")
        lines.append(f"'{comment(ply)}")
    lines.append(_ending(record))
    reason = record.reason.encode("ascii", "replace").decode()
    lines.append(f"'result {record.points:g}: {record.ending.value}: {reason}")
    return "\n".join([*lines, "/", ""])


def usi_line(record: GameRecord, _event: str) -> str:
    """The position to begin from and all moves, as after the command `position`."""
    return moves_line(record, initial=cshogi.STARTING_SFEN, word="sfen")


def _ending(record: GameRecord) -> str:
    if record.ending is not Ending.RULES:
        return _ENDINGS[record.ending]
    word = _BY_RULES.get(record.reason, "%TSUMI")
    return f"%{'-+'[record.winner or 0]}{word[1:]}" if word == "%ILLEGAL_ACTION" else word


def _centipawns(score: Score) -> int:
    value = int(score.value)
    if score.kind is ScoreKind.CENTIPAWNS:
        return value
    return _MATE - value if value > 0 else -_MATE - value

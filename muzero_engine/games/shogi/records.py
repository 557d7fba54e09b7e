"""Shogi in files: CSA, KIF, and lines of SFEN and USI moves.

CSA is version 2.2 (http://www2.computer-shogi.org/protocol/record_v22.html). It has few words for how a game ends, so
every written game also has its result in a comment: "'result 1: rules: checkmate". Scores are comments as floodgate's
servers write them, in centipawns and from black's point of view: "'** 35". CSA is read by
`games.shogi.csa`, KIF and KI2 by `games.shogi.kif`.
"""

from __future__ import annotations

import re

import cshogi

from muzero_engine.games.base import RecordFormat
from muzero_engine.games.lines import line_format, line_of
from muzero_engine.games.record import Ending, GameRecord, Score, ScoreKind
from muzero_engine.games.record_text import comment, local_start, with_movers
from muzero_engine.games.shogi.csa import is_of_mover, read_csa, split_csa
from muzero_engine.games.shogi.kif import read_kif, split_kif
from muzero_engine.games.shogi.kif_writer import kif_text
from muzero_engine.games.shogi.rules import ShogiPosition
from muzero_engine.games.shogi.sfen import START

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
    Ending.UNFINISHED: "%CHUDAN",
    Ending.FORFEIT: "%ILLEGAL_MOVE",
    Ending.UNTOLD: "",
}
_BY_RULES = {"fourfold repetition": "%SENNICHITE", "perpetual check": "%ILLEGAL_ACTION"}
_ENCODING = re.compile(rb"encoding=([A-Za-z0-9_-]{1,20})")


def declared_encoding(data: bytes) -> str | None:
    """Return the encoding that the first lines of a file name ("#KIF version=2.0 encoding=UTF-8", "'CSA encoding=")."""
    match = _ENCODING.search(data[:200])
    return None if match is None else match[1].decode("ascii")


# Writing


def csa_text(record: GameRecord, event: str) -> str:
    """Return the file of one game."""
    board = cshogi.Board(record.start)
    lines = ["V2.2", f"N+{record.first}", f"N-{record.second}"]
    if event:
        lines.append(f"$EVENT:{event}")
    if len(record.started) >= len("2026-01-31"):
        lines.append(f"$START_TIME:{local_start(record).replace('-', '/')}")
    if record.opening:
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
    lines += filter(None, [_ending(record, int(board.turn))])
    if record.ending is not Ending.UNTOLD:
        ending, reason = record.ending.value, record.reason.encode("ascii", "replace").decode()
        lines.append(f"'result {record.points:g}: {ending}" + ("" if reason in ("", ending) else f": {reason}"))
    return "\n".join([*lines, ""])


def usi_line(record: GameRecord, _event: str) -> str:
    """Return the position to begin from and all moves, as after the command `position`."""
    return f"{line_of(record, cshogi.STARTING_SFEN, 'sfen')}\n"


def _ending(record: GameRecord, mover: int) -> str:
    if record.ending is Ending.UNKNOWN or not is_of_mover(record, mover):
        return "%HIKIWAKE" if record.winner is None else ""  # there is no word for a win alone
    if record.ending is not Ending.RULES:
        return _ENDINGS[record.ending]
    word = _BY_RULES.get(record.reason, "%TSUMI")
    return f"%{'-+'[record.winner or 0]}{word[1:]}" if word == "%ILLEGAL_ACTION" else word


def _centipawns(score: Score) -> int:
    value = int(score.value)
    if score.kind is ScoreKind.CENTIPAWNS:
        return value
    return _MATE - value if value > 0 else -_MATE - value


_LINES = line_format(ShogiPosition.from_text, (".usi", ".sfen", ".txt"), start=START)

FORMATS = (
    RecordFormat(
        name="CSA",
        suffixes=(".csa",),
        unit="game",
        split=split_csa,
        read=read_csa,
        encodings=("utf-8", "cp932"),
        declared_encoding=declared_encoding,
        signature=re.compile(r"\A\s*(?:'.*+\s++)*+(?:V[23]|N[+-]|P[I1]|\$EVENT:)"),
        write=csa_text,
        separator="/\n",
        written_once=b"V2.2\n",
    ),
    RecordFormat(
        name="KIF and KI2",
        suffixes=(".kif", ".kifu", ".ki2", ".ki2u", ".bod"),
        signature=re.compile(r"手合割|手数-|の持駒|^#[^\S\n]*-*[^\S\n]*KIF|^[^\S\n]*[▲△☗☖▼▽⛊⛉]", re.MULTILINE),
        unit="game",
        split=split_kif,
        read=read_kif,
        write=kif_text,
        only_read=(".ki2", ".ki2u", ".bod"),
        written_encodings={".kif": "cp932"},
        one_game=True,
        encodings=("utf-8", "cp932"),
        declared_encoding=declared_encoding,
    ),
    RecordFormat(
        name="SFEN and USI",
        suffixes=_LINES.suffixes,
        unit="line",
        split=_LINES.split,
        read=_LINES.read,
        write=usi_line,
        written_once=_LINES.written_once,
    ),
)

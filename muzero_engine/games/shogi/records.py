"""Shogi in files: CSA, KIF, and lines of SFEN and USI moves.

CSA is version 2.2 (http://www2.computer-shogi.org/protocol/record_v22.html). It has few words for how a game ends, so
every written game also has its result in a comment: "'result 1: rules: checkmate". Scores are comments as floodgate's
servers write them, in centipawns and from black's point of view: "'** 35". CSA and KIF are read by cshogi.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import cshogi
from cshogi import CSA, KIF

from muzero_engine.games.base import BadPosition, IllegalMove, Position, RecordedGame, RecordEntry, RecordFormat
from muzero_engine.games.lines import line_format, line_of
from muzero_engine.games.record import Ending, GameRecord, Score, ScoreKind
from muzero_engine.games.record_text import comment, with_movers
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
}
_BY_RULES = {"fourfold repetition": "%SENNICHITE", "perpetual check": "%ILLEGAL_ACTION"}
_KIF_BOARD = re.compile(r"^\s*\|", re.MULTILINE)  # a row of a board diagram


# Reading


def split_csa(text: str) -> Iterator[RecordEntry]:
    """Yield the games of a file; a line "/" ends one."""
    for number, game in enumerate(filter(str.strip, re.split(r"(?m)^/\s*$", text)), start=1):
        yield RecordEntry(number, game)


def read_csa(text: str, _initial: Position) -> RecordedGame:
    """Return a game of CSA. Raises BadPosition."""
    try:
        games = CSA.Parser.parse_str(text)
    except Exception as error:  # whatever the parser stumbles on
        raise BadPosition(f"cannot read the CSA: {error}") from None
    if not games:
        raise BadPosition("there is no game in it")
    return _recorded(games[0].sfen, games[0].moves, " ".join(str(name) for name in games[0].names if name))


def split_kif(text: str) -> Iterator[RecordEntry]:
    """Yield the one game that a KIF file holds."""
    if text.strip():
        yield RecordEntry(1, text)


def read_kif(text: str, _initial: Position) -> RecordedGame:
    """Return the main line of a game of KIF, of any handicap. Raises BadPosition, also for a drawn board."""
    if _KIF_BOARD.search(text):
        raise BadPosition("the KIF begins from a drawn board, which is not read: give the position as an SFEN")
    try:
        game = KIF.Parser.parse_str(text)
    except Exception as error:  # whatever the parser stumbles on
        raise BadPosition(f"cannot read the KIF: {type(error).__name__} {error}") from None
    if not game.moves and "手合割" not in text and "手数" not in text:
        raise BadPosition("there is no game of KIF in it")
    return _recorded(game.sfen, game.moves, " ".join(name for name in game.names if name))


def _recorded(sfen: str, moves: list[int], name: str) -> RecordedGame:
    """Return a game whose moves are checked by the rules."""
    position = ShogiPosition.from_text(sfen)
    texts = []
    for number, move in enumerate(moves, start=1):
        text = cshogi.move_to_usi(move)
        try:
            action = position.parse_action(text)
        except IllegalMove as error:
            raise BadPosition(f"move {number}: {error}") from None
        texts.append(position.action_text(action))
        position.push(action)
    start = ShogiPosition.from_text(sfen).text()
    return RecordedGame(None if start == START else start, tuple(texts), name)


# Writing


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
    """Return the position to begin from and all moves, as after the command `position`."""
    return f"{line_of(record, cshogi.STARTING_SFEN, 'sfen')}\n"


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


_LINES = line_format(ShogiPosition.from_text, (".usi", ".sfen", ".txt"), start=START)

FORMATS = (
    RecordFormat(
        name="CSA",
        suffixes=(".csa",),
        unit="game",
        split=split_csa,
        read=read_csa,
        encodings=("utf-8", "cp932"),
        signature=re.compile(r"\A\s*(?:'.*\s+)*(?:V[23]|N[+-]|P[I1]|\$EVENT:)"),
        write=csa_text,
        written_once=b"V2.2\n",
    ),
    RecordFormat(
        name="KIF",
        suffixes=(".kif", ".kifu"),
        unit="game",
        split=split_kif,
        read=read_kif,
        encodings=("utf-8", "cp932"),
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

"""KIF, KI2 and BOD: games of shogi as Japanese programs keep them, from the start, a handicap or a drawn board.

    手合割：平手                              後手の持駒：飛　角二
    手数----指手---------消費時間--            |v香v桂 ・ ・v玉 ・ ・v桂v香|一
       1 ７六歩(77)   ( 0:01/00:00:01)         ... eight rows more
       2 ３四歩(33)   ( 0:01/00:00:01)         先手の持駒：歩三
    ▲２二角成    △同　銀                      後手番

The third line of moves is KI2's. A line among the moves that says nothing known is refused: cshogi's readers skip it,
and go on with the variations behind a game as if they were its moves.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from cshogi import KIF

from muzero_engine.games.base import BadPosition, Position, RecordedGame, RecordEntry
from muzero_engine.games.record import Ending, ToldGame, told_date, told_name
from muzero_engine.games.shogi.csa import MOVER, OTHER, mover_behind, recorded
from muzero_engine.games.shogi.diagram import Diagram
from muzero_engine.games.shogi.sfen import START

_PIECES = {
    **dict(zip("歩香桂銀金角飛王玉と杏圭全馬龍竜", "P L N S G B R K K +P +L +N +S +B +R +R".split(), strict=True)),
    **dict(zip(("成香", "成桂", "成銀"), ("+L", "+N", "+S"), strict=True)),
}
_NO_CONTENT = re.compile(r"\s*(?:[*#&'].*|9 8 7 6 5 4 3 2 1\s*|\+-+\+\s*)?$")  # comments, and the frame of a board
_ROW = re.compile(r"\s*\|(.*)\|")
_SQUARE = re.compile(r"([vV▽△☖]?)(成[香桂銀]|[・･·.口歩香桂銀金角飛王玉と杏圭全馬龍竜])")
_HELD = re.compile(r"([歩香桂銀金角飛])\s*([一二三四五六七八九十]+|[0-9]{1,2})?")
_KANJI = {kanji: number for number, kanji in enumerate("一二三四五六七八九十", start=1)}
_HEADER = re.compile(r"\s*([^\s:*0-9][^:]{0,20}?)\s*:(.*)")
_NUMBERED = re.compile(r"\s*([0-9]{1,5})\s+(\S.*)")
_SEVEN = {"左七枚落ち": "2sgkg3", "右七枚落ち": "3gkgs2"}  # the giver's left or right silver is gone; cshogi lacks them
_TIME = re.compile(r"[(（]\s*[0-9０-９]*[:：].*$|[+＋]\s*$")
_SIGNED = re.compile(r"[▲△☗☖▼▽⛊⛉][^▲△☗☖▼▽⛊⛉]*")
_ENDINGS: dict[str, tuple[int | None, Ending]] = {
    "中断": (None, Ending.UNFINISHED),
    "投了": (OTHER, Ending.RESIGNATION),
    "持将棋": (None, Ending.UNKNOWN),
    "千日手": (None, Ending.UNKNOWN),
    "詰み": (OTHER, Ending.UNKNOWN),
    "不詰": (None, Ending.UNTOLD),
    "切れ負け": (OTHER, Ending.TIME_LOSS),
    "反則勝ち": (MOVER, Ending.UNKNOWN),
    "反則負け": (OTHER, Ending.ILLEGAL_MOVE),
    "入玉勝ち": (MOVER, Ending.DECLARATION),
    "不戦勝": (MOVER, Ending.UNKNOWN),
    "不戦敗": (OTHER, Ending.UNKNOWN),
    "封じ手": (None, Ending.UNTOLD),
}
_WON = re.compile(r"([先下後上])手の(?:反則)?(勝ち|負け)")
_DRAWN_MOVER = re.compile(r"\s*(先手|後手|下手|上手)番\s*")


def split_kif(text: str) -> Iterator[RecordEntry]:
    """Yield the one game that a file holds."""
    if text.strip():
        yield RecordEntry(1, text)


def read_kif(text: str, _initial: Position) -> RecordedGame:
    """Return the main line of a game of KIF or KI2, or the position of a BOD. Raises BadPosition."""
    head: dict[str, str] = {}
    rows: list[str] = []
    moves: list[str] = []
    first = 0  # number of the first move
    end = ""  # the words that end the game
    for line in text.splitlines():
        plain = unicodedata.normalize("NFKC", line)
        written = line if len(line) == len(plain) else plain  # what messages show of a move
        if _NO_CONTENT.match(plain):
            continue
        if row := _ROW.match(plain):
            rows.append(row[1])
        elif numbered := _NUMBERED.fullmatch(plain):
            if moves and int(numbered[1]) != first + len(moves):
                raise BadPosition(f"move {first + len(moves)} of the KIF is missing: {numbered[1]} comes instead")
            first = first if moves else int(numbered[1])
            if numbered[2].startswith((*_ENDINGS, "まで")):
                end = numbered[2]
                break
            last = _end_of_moves(written, numbered.start(2))
            moves.append(_TIME.sub("", written[numbered.start(2) : last]).strip())
            if end := written[last:]:
                break
        elif plain.lstrip()[0] in "▲△☗☖▼▽⛊⛉":
            last = _end_of_moves(written)
            moves += [move.strip() for move in _SIGNED.findall(written, 0, last)]
            if end := written[last:]:
                break
        elif plain.strip().startswith(("まで", "変化")):
            end = plain.strip()
            break
        elif turn := _DRAWN_MOVER.fullmatch(plain):
            head["手番"] = turn[1]
        elif header := _HEADER.fullmatch(plain):
            head.setdefault(header[1].strip(), header[2].strip())
        elif moves or plain.lstrip()[0].isdecimal():
            where = f"behind move {len(moves)}" if moves else "where move 1 should be"
            raise BadPosition(f"cannot read the KIF: {where} stands {' '.join(line.split())[:20]!r}")
    if not moves and not rows and not end and "手数-" not in text:
        raise BadPosition("there is no game of KIF in it")
    names = [head.get("先手", head.get("下手", "")), head.get("後手", head.get("上手", ""))]
    sfen = _drawn(rows, head) if rows else _handicap(head)
    winner, ending = _end(end, mover_behind(sfen, moves))
    event, date = told_name(head.get("棋戦", "")), told_date(head.get("開始日時", head.get("対局日", "")))
    return recorded(sfen, moves, names, ToldGame(winner=winner, ending=ending, event=event, date=date))


def _end(words: str, mover: int) -> tuple[int | None, Ending]:
    """Return who won, and how, by the words that end a game (投了, まで74手で先手の勝ち); `mover` is to move there."""
    for word, (winner, ending) in _ENDINGS.items():
        if words.startswith(word):
            return None if winner is None else mover ^ winner, ending
    if won := _WON.search(words):
        return int((won[1] in "後上") != (won[2] == "負け")), Ending.UNKNOWN
    if re.search("引き?分け?|千日手|持将棋", words):
        return None, Ending.UNKNOWN
    return None, Ending.UNFINISHED if "中断" in words else Ending.UNTOLD


def _end_of_moves(line: str, start: int = 0) -> int:
    """Return where まで5手で中断 begins behind the last move of a line; its length where there is nothing like it."""
    words = line.find("まで", start, max(start, line.rfind("手")))
    return len(line) if words < 0 else words


def _handicap(head: dict[str, str]) -> str:
    """Return the SFEN that the heading 手合割 names. Raises BadPosition."""
    name = head.get("手合割", "平手").replace(" ", "")
    if name in _SEVEN:
        sfen = f"{_SEVEN[name]}/9/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL w - 1"
    elif name == "平手":
        sfen = START
    else:
        sfen = KIF.Parser.HANDYCAP_SFENS.get(name.removeprefix("左") if name == "左香落ち" else name)
    if sfen is None:
        raise BadPosition(f"the KIF begins from {name[:20]}, and there is no board drawn in it")
    return str(sfen)


def _drawn(rows: list[str], head: dict[str, str]) -> str:
    """Return the SFEN of a drawn board with hands. Raises BadPosition."""
    if len(rows) != 9:
        raise BadPosition(f"the board of the KIF has {len(rows)} rows instead of nine")
    diagram = Diagram()
    for rank, row in enumerate(rows, start=1):
        row = "".join(row.split())
        squares = _SQUARE.findall(row)
        if len(squares) != 9 or _SQUARE.sub("", row):
            raise BadPosition(f"row {rank} of the board in the KIF is not nine squares")
        for column, (sign, name) in enumerate(squares):
            if name in _PIECES:
                diagram.pieces[9 - column, rank] = _PIECES[name].lower() if sign else _PIECES[name]
    for player, owners in enumerate((("先手", "下手"), ("後手", "上手"))):
        for owner in owners:
            for piece, count in _held(head.get(f"{owner}の持駒", head.get(f"{owner}の持ち駒", ""))):
                diagram.hands[piece if player == 0 else piece.lower()] += count
    turn = head.get("手番", "上手" if "上手の持駒" in head or "上手" in head else "先手")
    diagram.mover = 1 if turn.startswith(("後", "上", "△", "☖", "▽")) else 0
    return diagram.sfen()


def _held(text: str) -> list[tuple[str, int]]:
    """Return what a line of pieces in hand says: 飛　角二　歩十二, or なし. Raises BadPosition."""
    if text in ("", "なし"):
        return []
    if _HELD.sub("", text).strip():
        raise BadPosition(f"{text[:20]} in the KIF are no pieces in hand")
    return [(_PIECES[name], _count(count)) for name, count in _HELD.findall(text)]


def _count(text: str) -> int:
    """Return the number that 二, 十八 or 2 means, 1 for nothing."""
    if not text or text.isdecimal():
        return int(text or 1)
    return 10 * text.count("十") + _KANJI.get(text.lstrip("十"), 0)

"""Writing KIF, the record of a game as people in Japan keep it: one game a file, moves like `７六歩(77)`.

Names of the keys and of the endings are those of Kakinoki's format (http://kakinoki.o.oo7.jp/kif_format.html).
"""

from __future__ import annotations

import cshogi
from cshogi import KIF

from muzero_engine.games.record import Ending, GameRecord
from muzero_engine.games.record_text import comment, ending_text, local_start, with_movers
from muzero_engine.games.shogi.csa import is_of_mover
from muzero_engine.games.shogi.sfen import START

_DRAWN = "持将棋"  # by whatever nobody tells: nothing was repeated
_ENDINGS = {
    Ending.RESIGNATION: "投了",
    Ending.DECLARATION: "入玉勝ち",
    Ending.TIME_LOSS: "切れ負け",
    Ending.ILLEGAL_MOVE: "反則負け",
    Ending.WRONG_REPLY: "反則負け",
    Ending.FORFEIT: "反則負け",
    Ending.PLY_CAP: _DRAWN,
}
_BY_RULES = {"fourfold repetition": "千日手"}
_BROKEN_OFF = "中断"


def kif_text(record: GameRecord, event: str) -> str:
    """Return the file of one game. Its start is a drawn board where it is not the usual one."""
    board = cshogi.Board(record.start)
    lines = [f"開始日時：{local_start(record).replace('-', '/')}"] if record.started else []
    if event:
        lines.append(f"棋戦：{event}")
    lines += ["手合割：平手"] if record.start == START else str(board.to_bod()).rstrip("\n").split("\n")
    lines += [f"先手：{record.first}", f"後手：{record.second}", "手数----指手---------消費時間--"]
    previous, total, number = None, [0, 0], 0
    for number, (player, text, ply) in enumerate(with_movers(record, int(board.turn)), start=1):
        move = board.move_from_usi(text)
        seconds = 0 if ply is None else int(ply.elapsed_s)
        total[player] += seconds
        times = f"({_clock(seconds)}/{_clock(total[player], hours=True)})"
        lines.append(f"{number:4} {KIF.move_to_kif(move, previous)}   {times}")
        if ply is not None:
            lines.append(f"*{comment(ply)}")
        board.push(move)
        previous = move
    mover = int(board.turn)
    known = record.ending is not Ending.UNKNOWN and is_of_mover(record, mover)
    if not known and record.winner is not None:
        lines += [f"*{ending_text(record)}", f"まで{number}手で{'先後'[record.winner]}手の勝ち"]
    elif record.ending is not Ending.UNTOLD:
        lines += [f"{number + 1:4} {_ending(record, mover) if known else _DRAWN}", f"*{ending_text(record)}"]
    return "\n".join([*lines, ""])


def _ending(record: GameRecord, mover: int) -> str:
    if record.ending is Ending.RULES:
        if record.reason == "perpetual check":
            return "反則勝ち" if record.winner == mover else "反則負け"
        return _BY_RULES.get(record.reason, "詰み")
    return _ENDINGS.get(record.ending, _BROKEN_OFF)


def _clock(seconds: int, *, hours: bool = False) -> str:
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}" if hours else f"{minutes:2}:{seconds:02}"

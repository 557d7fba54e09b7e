"""KIF, KI2, BOD and CSA of shogi as programs write them: read as they are meant, or refused in a line."""

from __future__ import annotations

from pathlib import Path

import cshogi
import numpy as np
import pytest
from cshogi import KI2, KIF

from muzero_engine.games.base import BadPosition
from muzero_engine.games.record_files import format_of, formats_of_text, played_game, read_text, text_of
from muzero_engine.games.registry import load_game

SHOGI = load_game("shogi")
INITIAL = SHOGI.initial((9, 9))
HEAD = "手合割：平手\n先手：Ann\n後手：Ben\n"
MOVES = """手数----指手--
   1 ７六歩(77)   ( 0:01/00:00:01)
   2 ３四歩(33)
   3 ２二角成(88) ( 0:01/00:00:02)+
   4 同　銀(31)
"""
KI2_MOVES = "▲７六歩    △３四歩    ▲２二角成  △同　銀\nまで4手で後手の勝ち\n"
USI = ("7g7f", "3c3d", "8h2b+", "3a2b")
BOARD = """後手の持駒：飛　角　金二
  ９ ８ ７ ６ ５ ４ ３ ２ １
+---------------------------+
| ・ ・ ・ ・v玉 ・ ・ ・ ・|一
| ・ ・ ・ ・ ・ ・ ・ ・ ・|二
| ・ ・ ・ ・ 歩 ・ ・ ・ ・|三
| ・ ・ ・ ・ ・ ・ ・ ・ ・|四
| ・ ・ ・ ・ ・ ・ ・vと ・|五
| ・ ・ ・ ・ ・ ・ ・ ・ ・|六
| ・ ・ ・ ・ ・ ・ ・ ・ ・|七
| ・ 龍 ・ ・ ・ ・ ・ ・ ・|八
| ・ ・ ・ ・ 玉 ・ ・ ・v全|九
+---------------------------+
先手の持駒：金　歩十二
"""
DRAWN = "4k4/9/4P4/9/7+p1/9/9/1+R7/4K3+s {} G12Prb2g 1"


def moves_of(name: str, text: str) -> tuple[str, ...]:
    return format_of(name, SHOGI).read(text, INITIAL).moves


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.kif", HEAD + MOVES),
        ("a.kif", MOVES),
        ("a.kif", HEAD + "*a comment\n" + MOVES.replace("\n", "\n*said\n&mark\n") + "   5 投了\n"),
        ("a.kif", HEAD + MOVES + "まで4手で中断\n\n変化：2手\n   2 ８四歩(83)\n"),
        ("a.kif", HEAD + MOVES + "   5 投了\n\n変化：2手\n   2 ８四歩(83)\n"),
        ("a.kif", HEAD + MOVES + "変化：2手\n   2 ８四歩(83)\n"),
        ("a.kif", (HEAD + MOVES).replace("\n", "\r\n")),
        ("a.kif", (HEAD + MOVES).replace("７六", "76").replace("：", ":")),
        ("a.ki2", HEAD + KI2_MOVES),
        ("a.ki2", KI2_MOVES),
        ("a.ki2", KI2_MOVES.replace("\nまで", " まで")),
        ("a.ki2", KI2_MOVES.replace("\nまで4手", "まで四手") + "▲４五角打\n"),
        ("a.kif", HEAD + MOVES + "   5 まで4手で中断\n   6 ４五角打\n"),
        ("a.kif", HEAD + MOVES.rstrip() + " まで4手で中断\n   5 ４五角打\n"),
        ("a.kif", HEAD + MOVES.replace("(", "（").replace(")", "）")),
        ("a.ki2", HEAD + KI2_MOVES.replace("▲", "☗").replace("△", "☖").replace("　", "")),
        ("a.csa", "V2.2\nPI\n+\n+7776FU\n-3334FU\n+8822UM\n-3122GI\n%TORYO\n"),
        ("a.csa", "+7776FU,T1\n-3334FU,T2\n+8822UM\n-3122GI\n"),
    ],
)
def test_a_game_is_read_however_it_is_written(name: str, text: str) -> None:
    assert moves_of(name, text) == USI
    assert [form for _, form in formats_of_text(text)][:1] in ([format_of(name, SHOGI)], [])


@pytest.mark.parametrize(("name", "rank"), [("左七枚落ち", "2sgkg3"), ("右七枚落ち", "3gkgs2"), ("八枚落ち", "3gkg3")])
def test_handicaps_by_name(name: str, rank: str) -> None:
    game = format_of("a.kif", SHOGI).read(f"手合割：{name}\n手数----指手--\n   1 ５二玉(51)\n", INITIAL)
    assert game.start == f"{rank}/9/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL w - 1"
    assert game.moves == ("5a5b",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
@pytest.mark.parametrize("name", ["a.kif", "a.ki2"])
def test_encodings(tmp_path: Path, name: str, encoding: str) -> None:
    path = tmp_path / name
    path.write_bytes((HEAD + (MOVES if name == "a.kif" else KI2_MOVES)).encode(encoding))
    recorded = format_of(name, SHOGI).read(read_text(path, format_of(name, SHOGI)), INITIAL)
    assert (recorded.moves, recorded.players) == (USI, ("Ann", "Ben"))
    assert next(formats_of_text(text_of(path.read_bytes())))[0] is SHOGI


@pytest.mark.parametrize(
    ("tail", "sfen"),
    [("", DRAWN.format("b")), ("後手番\n", DRAWN.format("w")), ("手番：後手\n", DRAWN.format("w"))],
)
def test_a_drawn_board(tail: str, sfen: str) -> None:
    assert played_game(BOARD + tail, format_of("a.kif", SHOGI), SHOGI).position.text() == sfen


def test_a_game_from_a_drawn_board() -> None:
    text = "手合割：その他\n" + BOARD + "手数----指手--\n   1 ５二金打\n"
    position = played_game(text, format_of("a.kif", SHOGI), SHOGI).position
    assert position.outcome() is not None
    assert position.ply == 1


def test_a_drawn_board_is_what_cshogi_draws() -> None:
    rng = np.random.default_rng(1)
    for seed in range(5):
        board = cshogi.Board()
        for _ in range(60 + 10 * seed):
            moves = list(board.legal_moves)
            if not moves:
                break
            board.push(moves[rng.integers(len(moves))])
        position = played_game(KIF.board_to_bod(board), format_of("a.bod", SHOGI), SHOGI).position
        assert position.text().split()[:3] == board.sfen().split()[:3]


def test_moves_of_ki2_are_those_that_cshogi_writes() -> None:
    rng = np.random.default_rng(2)
    for _ in range(3):
        board, texts, usi = cshogi.Board(), [], []
        for _ in range(120):
            moves = list(board.legal_moves)
            if not moves:
                break
            move = moves[rng.integers(len(moves))]
            texts.append(KI2.move_to_ki2(move, board))
            usi.append(cshogi.move_to_usi(move))
            board.push(move)
        assert moves_of("a.ki2", "手合割：平手\n" + "\n".join(texts)) == tuple(usi)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.kif", HEAD + MOVES.replace("３四歩(33)", "３五歩(33)"), "move 2: .*illegal"),
        ("a.kif", HEAD + MOVES.replace("   2 ３四歩(33)\n", ""), "move 2 of the KIF is missing"),
        ("a.kif", HEAD + MOVES.replace("   2 ３四歩(33)", "   2 ３四ポ(33)"), "move 2: '.*' is no move"),
        ("a.kif", HEAD + MOVES.replace("   2 ３四歩(33)", "   2 ３四ポ(33)"), r"move 2: '３四ポ\(33\)' is no move"),
        ("a.kif", HEAD + MOVES.replace("３四歩(33)", "３五歩(33)"), r"move 2: ３五歩\(33\) is illegal"),
        ("a.kif", HEAD + MOVES + "何か\n", "behind move 4 stands '何か'"),
        ("a.ki2", HEAD + KI2_MOVES.replace("同　銀", "３四　ポ"), "move 4: '△３四 ポ' is no move"),
        ("a.ki2", HEAD + KI2_MOVES.replace("同　銀", "９九銀"), "move 4: △９九銀 is illegal"),
        ("a.ki2", HEAD + KI2_MOVES.replace("同　銀", "同\x1b銀"), r"move 4: '△同\\x1b銀' is no move"),
        ("a.kif", f"{HEAD}{'9' * 5000} ７六歩(77)\n", "where move 1 should be stands '9999"),
        ("a.kif", HEAD + MOVES + "something else\n", "behind move 4 stands 'something else'"),
        ("a.kif", "手合割：その他\n手数--\n", "no board drawn"),
        ("a.kif", "手合割：百枚落ち\n手数--\n", "begins from 百枚落ち"),
        ("a.kif", HEAD, "there is no game"),
        ("a.kif", BOARD.replace("| ・ 龍 ・", "| 龍 ・"), "row 8 .* nine squares"),
        ("a.kif", BOARD.replace("金　歩十二", "金　犬"), "no pieces in hand"),
        ("a.ki2", HEAD + KI2_MOVES.replace("▲２二", "△２二"), "move 3: .* black's turn"),
        ("a.csa", "V2.2\n", "no game"),
        ("a.csa", "V2.2\nPI\n+\n+7776XX\n", "move 1: .*no move"),
        ("a.csa", "V2.2\nP1-KY-KE-GI-KI-OU-KI-GI-KE-KY-KY\n+\n", "more than nine"),
        ("a.csa", "V2.2\nP+00XX\n+\n", "'XX' is no piece"),
        ("a.csa", f"V2.2\nPI\n+\n+7776FU\nT{'9' * 5000}\nhello\n", "line 6 is 'hello'"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(name: str, text: str, message: str) -> None:
    with pytest.raises(BadPosition, match=message) as caught:
        moves_of(name, text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sfen"),
    [
        ("V2.2\nPI82HI22KA\n-\n", "lnsgkgsnl/9/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL w - 1"),
        ("V2.2\nP-51OU\nP+59OU00KI\nP-00AL\n+\n", "4k4/9/9/9/9/9/9/9/4K4 b G2r2b3g4s4n4l18p 1"),
    ],
)
def test_positions_of_csa(text: str, sfen: str) -> None:
    assert played_game(text, format_of("a.csa", SHOGI), SHOGI).position.text() == sfen

"""Moves as people type them, and why a move that cannot be played is illegal."""

from __future__ import annotations

import pytest

from muzero_engine.commands.common.positions import play_moves
from muzero_engine.games.base import IllegalMove, Position
from muzero_engine.games.registry import load_game
from muzero_engine.games.written_moves import read_move

CASTLING = "r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1"
BISHOP_OR_PAWN = "4k3/P7/8/8/8/2p5/1P1B4/4K2b w - - 0 1"
BISHOP_AND_PAWNS = "2b1k3/1p6/4p3/3P4/8/8/8/4K3 b - - 0 1"
NO_CASTLING = "rn2k2r/8/8/8/2b5/8/8/RN2K2R w KQ - 0 1"
IN_CHECK = "4k3/8/8/8/8/8/4r3/R3K2R w KQ - 0 1"
PAWNS_IN_HAND = "lnsgk1snl/6gb1/p1pppp2p/6R2/9/1rP6/P2PPPP1P/1BG6/LNS1KGSNL b 3P2p 17"
DROP_MATE = "8k/9/7LG/9/9/9/9/9/4K4 b P 1"
PINNED = "4k4/4r4/9/9/9/9/4G4/9/4K4 b P 1"


def at(game: str, text: str | None) -> Position:
    loaded = load_game(game)
    return loaded.initial(loaded.spec.shapes[0]) if text is None else loaded.from_text(text)


@pytest.mark.parametrize(
    ("game", "start", "texts", "move"),
    [
        ("chess", None, "Nf3!|nf3|NF3|1. Nf3|♘f3|Ng1-f3|g1 f3|N1f3!?|1.Nf3+", "g1f3"),
        ("chess", None, "1. e4|e2 e4|e2-e4|E4|Pe4|e2e4!|ｅ４", "e2e4"),
        ("chess", CASTLING, "O-O|0-0|o-o|e1g1|e1h1|OO|O–O|O-O+", "e1g1"),
        ("chess", CASTLING, "O-O-O|0-0-0|o-o-o|e1c1|e1a1|ooo", "e1c1"),
        ("chess", BISHOP_OR_PAWN, "a8=Q|a8Q|a8(Q)|a7 a8=q|a8q!|a7a8q", "a7a8q"),
        ("chess", BISHOP_OR_PAWN, "bxc3", "b2c3"),
        ("chess", BISHOP_AND_PAWNS, "exd5|ed5|xd5|e6d5|e6 d5", "e6d5"),
        ("chess", BISHOP_AND_PAWNS, "b5|bB5|b7-b5", "b7b5"),
        ("chess", BISHOP_OR_PAWN, "Bc3|Bxc3", "d2c3"),
        ("shogi", None, "7g7f|7G7F|7g-7f|7g 7f|P-7f|P7f|p-76|76FU|+7776FU|77-76|1. P-7f", "7g7f"),
        ("shogi", None, "▲7六歩|７六歩|☗７六歩|7六歩(77)|７６歩|７六歩　(77)", "7g7f"),
        ("shogi", None, "5八金右|G4i-5h|G49-58|4958KI", "4i5h"),
        ("shogi", PAWNS_IN_HAND, "P*2c|p*2c|2三歩打|2三歩|0023FU|P'2c", "P*2c"),
        ("shogi", PAWNS_IN_HAND, "Rx3c+|3三飛成|3433RY|３三飛成(34)", "3d3c+"),
        ("shogi", PAWNS_IN_HAND, "Rx3c=|3三飛不成|3433HI|３三飛(34)", "3d3c"),
        ("go", None, "d4|D 4|D4|b d4|Black D4|ｄ４", "D4"),
        ("go", None, "PASS|pass|b pass", "pass"),
        ("tictactoe", None, "B2|b 2|1. b2", "b2"),
    ],
)
def test_a_move_is_read_in_every_spelling(game: str, start: str | None, texts: str, move: str) -> None:
    position = at(game, start)
    moves = {text: position.action_text(read_move(position, text)) for text in texts.split("|")}
    assert moves == dict.fromkeys(moves, move)


@pytest.mark.parametrize(
    ("game", "start", "text", "reason"),
    [
        ("chess", None, "Ke7", "Ke7 is illegal: the king cannot go to e7"),
        ("chess", None, "Ke2", "Ke2 is illegal: white's own pawn stands on e2"),
        ("chess", None, "e5", "e5 is illegal: no pawn can go to e5"),
        ("chess", BISHOP_AND_PAWNS, "Bb5", "Bb5 is illegal: the bishop cannot go to b5"),
        ("chess", BISHOP_AND_PAWNS, "d5", "d5 is illegal: a pawn takes there, which is written exd5"),
        ("chess", BISHOP_AND_PAWNS, "d4", "d4 is illegal: no pawn can go to d4"),
        ("chess", None, "exd3", "exd3 is illegal: there is nothing to take on d3"),
        ("chess", None, "O-O", "there are pieces between king and rook"),
        ("chess", NO_CASTLING, "o-o", "o-o is illegal: the king would pass through check, or be in check"),
        ("chess", IN_CHECK, "0-0", "the king is in check"),
        ("chess", IN_CHECK, "e1g1", "the king is in check"),
        ("chess", None, "e1c1", "there are pieces between king and rook"),
        ("chess", IN_CHECK, "Ra2", "Ra2 is illegal: the king would still be in check"),
        ("chess", IN_CHECK, "Kd2", "Kd2 is illegal: the king would be in check"),
        ("chess", IN_CHECK, "Qd4", "Qd4 is illegal: white has no queen"),
        ("chess", CASTLING, "Kg1", "castling is written O-O"),
        ("chess", BISHOP_OR_PAWN, "bc3", "bc3 could be Bxc3 or bxc3: say which"),
        ("chess", BISHOP_OR_PAWN, "a8", "say what the pawn becomes, as in a8=Q"),
        ("chess", None, "zz", "not a move: 'zz', write one like e2e4"),
        ("shogi", None, "P-7e", "P-7e is illegal: no pawn can go to 7e"),
        ("shogi", None, "8h2b+", "8h2b+ is illegal: the bishop on 8h cannot go to 2b"),
        ("shogi", None, "3a3b", "the silver on 3a is white's"),
        ("shogi", None, "2h2g", "black's own pawn stands on 2g"),
        ("shogi", None, "P*5e", "black has no pawn in hand"),
        ("shogi", None, "9i9h+", "the lance cannot promote there"),
        ("shogi", None, "△7六歩", "it is black's turn"),
        ("shogi", None, "同歩", "no piece has moved yet"),
        ("shogi", None, "5八金", "5八金 could be 4i5h or 6i5h: say which"),
        ("shogi", PAWNS_IN_HAND, "P*3e", "P*3e is illegal: nifu, black has an unpromoted pawn on file 3 already"),
        ("shogi", PAWNS_IN_HAND, "Rx3c", "Rx3c could be a promotion or not: write Rx3c+ or Rx3c="),
        ("shogi", DROP_MATE, "1二歩打", "uchifuzume, a dropped pawn may not give mate"),
        ("shogi", PINNED, "5g4g", "5g4g is illegal: the king would be in check"),
        ("shogi", PINNED, "6七金", "the king would be in check"),
        ("shogi", PINNED, "P*9a", "a pawn could never move from there"),
        ("shogi", None, "zz", "not a move: 'zz', write one like 7g7f"),
        ("go", None, "w d4", "it is black's turn"),
        ("go", None, "i5", "without I"),
    ],
)
def test_an_illegal_move_is_called_so_and_why(game: str, start: str | None, text: str, reason: str) -> None:
    with pytest.raises(IllegalMove) as caught:
        read_move(at(game, start), text)
    assert reason in str(caught.value)


def test_the_same_square_is_that_of_the_last_move() -> None:
    position = at("shogi", None)
    play_moves(position, "▲７六歩 △３四歩 ▲２二角成 △同銀")
    assert position.text().startswith("lnsgkg1nl/1r5s1/")


def test_moves_on_the_command_line_may_be_numbered_and_spaced() -> None:
    position = at("chess", None)
    play_moves(position, "1. e4 e5 2.Nf3 Nc6 3. f1 b5, a6!")
    assert position.text().startswith("r1bqkbnr/1ppp1ppp/p1n5/1B2p3/")
    with pytest.raises(IllegalMove, match="move 2, Ke3: Ke3 is illegal"):
        play_moves(position, "4. Bc6 Ke3")

"""PGN, FEN and EPD as other programs and people write them: read as they are meant, or refused by name."""

from __future__ import annotations

import re

import pytest

from muzero_engine.games.base import BadPosition, RecordedGame
from muzero_engine.games.chess.pgn import read_pgn, split_pgn
from muzero_engine.games.chess.records import read_line
from muzero_engine.games.record import Ending
from muzero_engine.games.record_files import text_of
from muzero_engine.games.registry import load_game

INITIAL = load_game("chess").initial((8, 8))
SPANISH = ("e2e4", "e7e5", "g1f3", "b8c6", "f1b5", "a7a6", "e1g1")


def read(text: str) -> RecordedGame:
    entries = list(split_pgn(text))
    assert len(entries) == 1
    return read_pgn(entries[0].text, INITIAL)


@pytest.mark.parametrize(
    "text",
    [
        "1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 4. O-O",
        "e4 e5 Nf3 Nc6 Bb5 a6 0-0 *",
        "1.e4 e5 2.Nf3 Nc6 3.Bb5 a6 4.OO 1/2-1/2",
        "1. e4 e5 2. ♘f3 ♞c6 3. ♗b5 a6 4. O–O",
        "1. e4 e5 2. Sf3 Sc6 3. Lb5 a6 4. 0-0",  # German
        "1. e4 e5 2. Cf3 Cc6 3. Fb5 a6 4. 0-0",  # French
        "1. e4 e5 2. Cf3 Cc6 3. Ab5 a6 4. O-O",  # Spanish, Italian
        "1. e4 e5 2. Pf3 Pc6 3. Lb5 a6 4. O-O",  # Dutch
        "1. e4 e5 2. Кf3 Кc6 3. Сb5 a6 4. O-O",  # Russian
        "1. e4\u200b e5+- 2. N\u00adf3-+ Nc6\u00a03. Bb5 a6 4. O-O",
        "1. e2-e4 e7-e5 2. Ng1-f3 Nb8-c6 3. Bf1-b5 a7-a6 4. O-O",
        "1. e2e4 e7e5 2. g1f3 b8c6 3. f1b5 a7a6 4. e1g1",
        "1. e4 (1. d4 d5 (1... Nf6 {a ) in it})) 1... e5 $1 2. Nf3!? Nc6 +- 3. Bb5 N a6 ; 4. d4\n4. O-O",
        "   1. e4 e5 2. Nf3 Nc6\n   3. Bb5 a6 4. O-O *",
        "1. e4 e5\r2. Nf3 Nc6 3. Bb5 a6\r4. O-O *\r",
        "% 1. d4\n1. e4 e5 2. Nf3 Nc6\n%\n3. Bb5 a6 4. O-O *",
        '1. e4 {\n[Event "another"]\n\n1. d4} e5 2. Nf3 Nc6 3. Bb5 a6 4. O-O *',
    ],
)
@pytest.mark.parametrize("head", ["", '[Event "x"]\n\n', '  [Event "My "best" game"]\r  [Site "y\r\r'])
def test_a_game_is_read_however_it_is_written(head: str, text: str) -> None:
    assert read(head + text).moves == SPANISH
    assert read(head + text).start is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1. Zf3 Nf6", "move 1. Zf3 is no move"),
        ("1. Sf3 Sf6 2. Dh7", "move 2. Dh7 is illegal"),
        ("1. Nf3 Sf6", "move 1... Sf6 is no move"),  # letters of two languages
        ("1. e4 e5 2. Re2 Re7", "could be written in French or Finnish"),  # a king or a knight
        ("1. e4 e5 2. Ke3", "move 2. Ke3 is illegal"),
        ("1. e4 -- 2. d4", "move 1... -- is no move"),
        ("1. Nf3 a6 2. Nc3 a5 3. Nb5 a4 4. Nd4", "either of two pieces"),
        ("1. e4 {no end", "a comment is not closed"),
        ("1. e4 " + "(" * 10**5, "a variation is not closed"),
        ("1. e4 " + "N" * 5000, "'NNNNNNNNNNNNNNNNNNNN' is no move"),
        ('[Event "x"]\n[Site "?"]\n', "there is no game in it"),
        ("hello, world", "move 1. hello, is no move"),
        ('[Event "x"]\n[Variant "Atomic"]\n\n1. e4', "a game of 'Atomic'"),
        ('[FEN "8/8/8 w"]\n\n1. e4', "cannot read the FEN"),
    ],
)
def test_a_game_that_cannot_be_read_is_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(BadPosition, match=message) as caught:
        read(text)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("text", ["", "\n \n", "{ nothing but a comment }", "; nothing\n% at all\n"])
def test_a_text_without_a_game_has_none(text: str) -> None:
    assert list(split_pgn(text)) == []


@pytest.mark.parametrize("variant", ["Standard", "From Position", "Normal", "chess"])
def test_variants_that_are_chess(variant: str) -> None:
    game = read(f'[Variant "{variant}"]\n[FEN "4k3/8/8/8/8/8/4P3/4K3 w - - 0 1"]\n[White "Ann"]\n\n1. e4 *')
    assert (game.start, game.moves) == ("4k3/8/8/8/8/8/4P3/4K3 w - - 0 1", ("e2e4",))
    assert game.players == ("Ann", "")


@pytest.mark.parametrize("variant", ["Chess960", "chess 960", "Fischerandom", "Fischer Random", "FRC", ""])
def test_names_of_chess960(variant: str) -> None:
    fen = "nrkbqrnb/pppppppp/8/8/8/8/PPPPPPPP/NRKBQRNB w KQkq - 0 1"
    game = read(f'[Variant "{variant}"]\n[FEN "{fen}"]\n\n1. b3 b6 *')
    assert game.start == "nrkbqrnb/pppppppp/8/8/8/8/PPPPPPPP/NRKBQRNB w FBfb - 0 1"


def test_games_without_tags_end_with_their_results() -> None:
    text = '1. e4 e5 1-0\n\n1. d4 {1-0\n} d5 0-1\n; said of it\n[Event "x"]\n\n[Event "y"]\n\n1. c4 *\n'.replace(
        "]\n\n[", ']\n[FEN "k7/8/8/8/8/8/8/K6R w - -"]\n\n['
    )
    games = [read_pgn(entry.text, INITIAL).moves for entry in split_pgn(text)]
    assert games == [("e2e4", "e7e5"), ("d2d4", "d7d5"), (), ("c2c4",)]


@pytest.mark.parametrize(
    ("line", "fen", "name"),
    [
        ("7k/8/5KQ1/8/8/8/8/8 w - -", "7k/8/5KQ1/8/8/8/8/8 w - - 0 1", ""),
        ('7k/8/5KQ1/8/8/8/8/8 w - - bm Qg7#; id "mate; in one";', "7k/8/5KQ1/8/8/8/8/8 w - - 0 1", "mate; in one"),
        ('7k/8/5KQ1/8/8/8/8/8 w - - 3 40 bm Qg7#; id "x";', "7k/8/5KQ1/8/8/8/8/8 w - - 3 40", "x"),
        ('7k/8/5KQ1/8/8/8/8/8 w - - 3 40; id "best moves";', "7k/8/5KQ1/8/8/8/8/8 w - - 3 40", "best moves"),
        ("7k/8/5KQ1/8/8/8/8/8 w - - hmvc 3; fmvn 40;", "7k/8/5KQ1/8/8/8/8/8 w - - 3 40", ""),
        ("7k/8/5KQ1/8/8/8/8/8 w", "7k/8/5KQ1/8/8/8/8/8 w - - 0 1", ""),
    ],
)
def test_lines_of_fen_and_epd(line: str, fen: str, name: str) -> None:
    recorded = read_line(line, INITIAL)
    assert (recorded.start, recorded.name, recorded.warnings) == (fen, name, ())


def test_advice_of_an_epd_that_cannot_be_played_is_said() -> None:
    recorded = read_line("7k/8/5KQ1/8/8/8/8/8 w - - bm Qg7 Qa1;", INITIAL)
    assert recorded.warnings == ("bm 'Qa1' cannot be played in 7k/8/5KQ1/8/8/8/8/8 w - - 0 1",)
    assert recorded.start is not None


@pytest.mark.parametrize("line", ["7k/8/5KQ1/8/8/8/8/8 w - - 0 1 !?", f"7k/8/5KQ1/8/8/8/8/8 w - - {'9' * 5000} 1"])
def test_lines_that_are_refused(line: str) -> None:
    with pytest.raises(BadPosition) as caught:
        read_line(line, INITIAL)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("mark", "+/- -/+ +/= =/+ =/= +− −+ +- -+ = += =+ ± ∓ ⩲ ⩱ ∞ =/∞ □ ! ?! ○ → ↑ ⇆ ⊕ ⟳".split())
@pytest.mark.parametrize("space", ["", " ", "\n"])
def test_a_mark_behind_a_move_does_not_end_the_game(mark: str, space: str) -> None:
    moves = read(f"1.e4 e5 2.Nf3 Nc6 3.Bb5{space}{mark} a6 4.Ba4 Nf6{space}{mark} *").moves
    assert moves == (*SPANISH[:6], "b5a4", "g8f6")


@pytest.mark.parametrize("result", ["*", "1-0", "0-1", "1/2", "1/2-1/2", "½-½", "1:0"])
@pytest.mark.parametrize("behind", [" 2. Nf3 Nc6", " Sf3", "\n2. Nf3", " 2.0-0 *"])
def test_moves_behind_a_result_are_refused(result: str, behind: str) -> None:
    with pytest.raises(BadPosition, match=f"moves stand behind the result {re.escape(result)}, '.*' first"):
        read(f"1. e4 e5 {result}{behind}")


def test_words_behind_a_result_are_left_out() -> None:
    assert read("1. e4 e5 1-0 Black resigns {d4} (2. d4)").moves == ("e2e4", "e7e5")


@pytest.mark.parametrize("end", [b"\x1a", b"\r\n\x1a\x1a", bytes(20)])
def test_end_marks_of_dos_are_no_game(end: bytes) -> None:
    form = load_game("chess").records[0]
    assert len(list(split_pgn(text_of(b"1. e4 e5 *\r\n" + end, form)))) == 1


def test_the_name_of_a_player_says_nothing_of_the_end() -> None:
    tags = '[White "Resigner"]\n[Black "On Time"]\n[Result "{}"]\n[Termination "{}"]\n\n1. e4 *'
    for result, said, ending in (
        ("1-0", "Resigner won by checkmate", Ending.UNKNOWN),
        ("0-1", "On Time won by checkmate", Ending.UNKNOWN),
        ("0-1", "On Time won by resignation", Ending.RESIGNATION),
    ):
        told = read(tags.format(result, said)).told
        assert told is not None
        assert told.ending is ending, said

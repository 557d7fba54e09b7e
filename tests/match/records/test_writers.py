"""Records in PGN, SGF, CSA and USI, read again by other programs or by this project's readers."""

from __future__ import annotations

import io
import time

import chess.pgn
import cshogi
import pytest
from cshogi import CSA

from muzero_engine.games.chess import pgn
from muzero_engine.games.chess.records import pgn_text
from muzero_engine.games.go.actions import vertex_text
from muzero_engine.games.go.records import result_text, sgf_record
from muzero_engine.games.go.sgf import Move, parse_sgf
from muzero_engine.games.lines import written_formats
from muzero_engine.games.record import Ending, GameRecord, PlyRecord, Score, ScoreKind
from muzero_engine.games.registry import load_game
from muzero_engine.games.shogi.records import csa_text, usi_line
from muzero_engine.match.records.store import file_name, text_of


def game_record(game: str, line: str, **changes: object) -> GameRecord:
    plies = tuple(
        PlyRecord(
            move=move,
            elapsed_s=0.25,
            clock_s=59.75,
            score=Score(ScoreKind.CENTIPAWNS, 30.0 + i),
            depth=5 + i,
            nodes=1000,
        )
        for i, move in enumerate(line.split())
    )
    loaded = load_game(game)
    fields: dict[str, object] = {
        "game_name": game,
        "first": "A engine",
        "second": "B: engine",
        "opening": "book:1",
        "pair": 2,
        "game": 1,
        "start": loaded.initial(loaded.spec.shapes[0]).text(),
        "opening_moves": (),
        "moves": plies,
        "points": 1.0,
        "ending": Ending.RESIGNATION,
        "reason": "resignation",
        "first_limit": "60",
        "second_limit": "nodes=5",
        "started": "2026-11-25T10:30:05Z",
        "duration_s": 1.5,
    }
    return GameRecord(**(fields | changes))  # type: ignore[arg-type]


def read_pgn(text: str) -> chess.pgn.Game:
    game = chess.pgn.read_game(io.StringIO(text))
    assert game is not None
    assert game.errors == []
    return game


def test_names_with_quotes_and_backslashes_are_written_as_the_standard_has_it() -> None:
    for name in (r"ab\]", 'a "b"', "a\\", '\\"', r"C:\new\tab"):
        text = pgn_text(game_record("chess", "e2e4", first=name), "a match")
        assert pgn.read_pgn(text, load_game("chess").initial((8, 8))).players[0] == name, text


def test_pgn() -> None:
    record = game_record("chess", "g1f3 b8c6 f1e2", opening_moves=("e2e4", "e7e5"))
    tags, moves, end = pgn_text(record, "a match").split("\n\n")  # with an empty line between them
    assert (tags.count("\n["), moves[:6], end) == (len(tags.splitlines()) - 1, "1. e4 ", "")
    game = read_pgn(pgn_text(record, "a match"))
    assert dict(game.headers) | {"Site": "?"} == {
        "Event": "a match",
        "Site": "?",
        "Date": "2026.11.25",
        "Round": "3.2",
        "White": "A engine",
        "Black": "B: engine",
        "Result": "1-0",
        "Opening": "book:1",
        "WhiteTimeControl": "60",
        "BlackTimeControl": "nodes=5",
        "UTCDate": "2026.11.25",
        "UTCTime": "10:30:05",
        "PlyCount": "5",
        "Termination": "normal",
    }
    nodes = list(game.mainline())
    assert [node.move.uci() for node in nodes] == ["e2e4", "e7e5", "g1f3", "b8c6", "f1e2"]
    assert [node.clock() for node in nodes] == [None, None, 59.75, 59.75, 59.75]
    evals = [node.eval() for node in nodes[2:]]
    assert [None if it is None else it.white().score() for it in evals] == [30, -31, 32]
    assert [node.eval_depth() for node in nodes[2:]] == [5, 6, 7]
    assert "1000 nodes" in nodes[2].comment
    assert nodes[-1].comment.endswith("A engine wins; resignation")


def test_mates_in_pgn() -> None:
    """`eval` is of the position after the move; comments are those of match programs, in plies."""
    mates = [("f2f3", None), ("e7e5", 2), ("g2g4", -1), ("d8h4", 1)]
    moves = tuple(
        PlyRecord(move=move, elapsed_s=0.5, score=None if mate is None else Score(ScoreKind.MATE, mate), depth=9)
        for move, mate in mates
    )
    text = pgn_text(game_record("chess", "", moves=moves, ending=Ending.RULES, reason="checkmate", points=0.0), "x")
    nodes = list(read_pgn(text).mainline())
    evals = [node.eval() for node in nodes]
    assert [None if it is None else it.black().mate() for it in evals] == [None, 1, 1, None]
    assert [node.comment[:12] for node in nodes[1:]] == ["+M3/9 0.500s", "-M2/9 0.500s", "+M1/9 0.500s"]


def test_lines_of_pgn_have_80_columns() -> None:
    said = Score(ScoreKind.CENTIPAWNS, 31)
    text = ["g1f3", "g8f6", "f3g1", "f6g8"] * 10
    moves = tuple(PlyRecord(move=move, elapsed_s=1.234, clock_s=59.0, score=said, nodes=10**9) for move in text)
    reason = "exit code 1: " + "a long word " * 20 + '%x [Event "y"] } and ' + "z" * 60
    record = game_record("chess", "", moves=moves, ending=Ending.CRASH, reason=reason)
    written = pgn_text(record, "x")
    lines = written.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line for line in lines if line.startswith(("%", "[Event "))] == ['[Event "x"]']
    assert written.count("[%clk 0:00:59]") == written.replace("\n", " ").count("[%clk 0:00:59]") == 40
    game = read_pgn(written)
    assert [move.uci() for move in game.mainline_moves()] == text
    assert " ".join(game.end().comment.split()).endswith(" ".join(reason.replace("}", "").split()))


def test_pgn_of_mates_and_of_other_positions() -> None:
    fen = "7k/8/8/8/8/r7/6PP/7K w - - 0 1"
    mated = PlyRecord(move="h1g1", elapsed_s=0.1, score=Score(ScoreKind.MATE, -3))
    game = read_pgn(pgn_text(game_record("chess", "", moves=(mated,), start=fen, points=0.0), "x"))
    assert game.headers["FEN"] == fen
    evaluation = game.next().eval()  # type: ignore[union-attr]
    assert evaluation is not None
    assert evaluation.white() == chess.engine.Mate(-3)


def test_pgn_without_a_move_and_with_castling_of_chess960() -> None:
    empty = game_record("chess", "", ending=Ending.CRASH, reason="crash: exit code 1")
    assert "crash: exit code 1" in read_pgn(pgn_text(empty, "x")).comment
    start = "bqnb1rkr/pp3ppp/3ppn2/2p5/5P2/P2P4/NPP1P1PP/BQ1BNRKR w HFhf - 2 9"
    castling = "4k3/8/8/8/8/8/8/1R2K2R w HB - 0 1"
    assert read_pgn(pgn_text(game_record("chess", "f4f5", start=start), "x")).headers["Variant"] == "Chess960"
    moves = [
        move.uci() for move in read_pgn(pgn_text(game_record("chess", "e1h1", start=castling), "x")).mainline_moves()
    ]
    assert moves == ["e1h1"]


def test_sgf() -> None:
    record = game_record("go", "E5 pass pass", opening_moves=("C3",), area=-2.5, points=0.0, ending=Ending.RULES)
    read = parse_sgf(sgf_record(record, "a match"))
    moves = [(step.colour, vertex_text(step.action, (9, 9))) for step in read.steps if isinstance(step, Move)]
    assert moves == [(0, "C3"), (1, "E5"), (0, "pass"), (1, "pass")]
    assert (read.black_name, read.white_name, read.result, read.komi) == ("A engine", "B: engine", "W+2.5", 7.5)
    assert read.event == "a match"
    assert "rules: resignation" in read.comment
    comments = [step.comment for step in read.steps if isinstance(step, Move)]
    assert comments[0] == ""
    assert comments[1] == "+0.30/5 0.250s 1000 nodes, 59.8 s left"


def test_sgf_of_a_handicap_game() -> None:
    record = game_record("go", "E5", start="9/9/2b6/9/9/9/6b2/9/9 w 0.5")
    position = parse_sgf(sgf_record(record, "x")).position()
    assert (position.first_mover, position.komi, position.moves[0][0]) == (1, 0.5, 1)
    assert "HA[2]" in sgf_record(record, "x")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"points": 0.5, "area": 0.0, "ending": Ending.RULES}, "0"),
        ({"area": 73.5, "ending": Ending.RULES}, "B+73.5"),
        ({"points": 0.0}, "W+R"),
        ({"ending": Ending.TIME_LOSS}, "B+T"),
        ({"ending": Ending.ILLEGAL_MOVE}, "B+F"),
        ({"ending": Ending.ADJUDICATION}, "B+"),
    ],
)
def test_sgf_results(changes: dict[str, object], text: str) -> None:
    assert result_text(game_record("go", "E5", **changes)) == text


def test_csa() -> None:
    records = [
        game_record("shogi", "7g7f 3c3d 8h2b+", opening_moves=("2g2f", "8c8d")),
        game_record("shogi", "2h3h", points=0.5, ending=Ending.RULES, reason="fourfold repetition"),
        game_record("shogi", "5e5d", start="4k4/9/4P4/9/4R4/9/9/9/4K4 b G 1"),
    ]
    parsed = CSA.Parser.parse_str("/\n".join(csa_text(record, "a match") for record in records))
    assert [it.names for it in parsed] == [["A engine", "B: engine"]] * 3
    moves = [cshogi.move_to_usi(move) for move in parsed[0].moves]
    assert moves == ["2g2f", "8c8d", "7g7f", "3c3d", "8h2b+"]
    assert (parsed[0].endgame, parsed[0].win) == ("%TORYO", cshogi.BLACK_WIN)
    assert parsed[0].scores[2:] == [30, -31, 32]
    assert parsed[1].endgame == "%SENNICHITE"
    assert cshogi.Board(parsed[2].sfen).sfen().split()[:3] == records[2].start.split()[:3]


@pytest.mark.parametrize(
    ("ending", "reason", "points", "word"),
    [
        (Ending.RULES, "checkmate", 1.0, "%TSUMI"),
        (Ending.RULES, "perpetual check", 1.0, "%-ILLEGAL_ACTION"),
        (Ending.RULES, "perpetual check", 0.0, "%+ILLEGAL_ACTION"),
        (Ending.DECLARATION, "declared win", 0.0, "%KACHI"),
        (Ending.TIME_LOSS, "out of time", 1.0, "%TIME_UP"),
        (Ending.PLY_CAP, "the cap", 0.5, "%JISHOGI"),
    ],
)
def test_csa_endings(ending: Ending, reason: str, points: float, word: str) -> None:
    text = csa_text(game_record("shogi", "7g7f", ending=ending, reason=reason, points=points), "x")
    assert word in text.splitlines()
    told = ending.value if reason == ending.value else f"{ending.value}: {reason}"
    assert f"'result {points:g}: {told}" in text.splitlines()


def test_the_time_of_a_game_is_the_local_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "JST-9")
    time.tzset()
    try:
        for game, move, written in (
            ("chess", "e2e4", ['[Date "2026.11.26"]', '[UTCDate "2026.11.25"]', '[UTCTime "20:30:05"]']),
            ("go", "E5", ["DT[2026-11-26]"]),
            ("shogi", "7g7f", ["$START_TIME:2026/11/26 05:30:05", "開始日時\uff1a2026/11/26 05:30:05"]),
        ):
            record = game_record(game, move, started="2026-11-25T20:30:05Z")
            texts = [form.write(record, "x") for form in load_game(game).records if form.write is not None]
            assert [part for part in written if not any(part in text for text in texts)] == []
    finally:
        monkeypatch.undo()
        time.tzset()


def test_every_ending_can_be_written() -> None:
    for game, moves in (("chess", "e2e4"), ("go", "E5"), ("shogi", "7g7f"), ("tictactoe", "b2")):
        for ending in Ending:
            for form in written_formats(load_game(game)):
                text = text_of(form, game_record(game, moves, ending=ending, reason="Grund: ß"), "x")
                assert text.endswith("\n")


def test_games_without_a_format_are_lines_of_moves() -> None:
    (form,) = written_formats(load_game("tictactoe"))
    assert file_name(form) == "games.ugi"
    written = text_of(form, game_record("tictactoe", "c3", opening_moves=("b2", "a1")), "x")
    assert written == "startpos moves b2 a1 c3\n"
    assert text_of(form, game_record("tictactoe", "", start="xo./.x./..."), "x") == "fen xo./.x./...\n"


def test_usi() -> None:
    record = game_record("shogi", "7g7f", opening_moves=("2g2f", "8c8d"))
    assert usi_line(record, "x") == "startpos moves 2g2f 8c8d 7g7f\n"
    start = "4k4/9/4P4/9/4R4/9/9/9/4K4 b G 1"
    assert usi_line(game_record("shogi", "", start=start), "x") == f"sfen {start}\n"

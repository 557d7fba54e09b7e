"""What a tab answers: positions, moves, searches, files; and that what does not fit is one sentence."""

from __future__ import annotations

import base64
import json
import queue
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NoReturn

import pytest
from support.web import ENGINES, make_parts

from muzero_engine.engine.engine import Engine
from muzero_engine.engine.options import EngineOptions
from muzero_engine.games.base import Position
from muzero_engine.games.registry import game_names, load_game
from muzero_engine.inference.manifest import BadWeights
from muzero_engine.web.tab import Parts, Tab

Answer = dict[str, Any]


class Client:
    """Asks a tab, and reads what it sends."""

    def __init__(self, parts: Parts | None = None) -> None:
        self.sent: queue.Queue[Answer] = queue.Queue()
        self.tab = Tab(parts or make_parts(), self.sent.put)

    def send(self, message: str) -> None:
        if (asked := self.tab.hear(message)) is not None:
            self.tab.answer(asked)

    def ask(self, name: str, **about: Any) -> Answer:
        self.send(json.dumps({"ask": name, "id": 7, "about": about}))
        return json.loads(json.dumps(self.sent.get(timeout=30)))  # type: ignore[no-any-return]  # as the page gets it


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client()
    yield client
    client.tab.close()


def test_hello_names_every_game_with_what_a_new_one_needs(client: Client) -> None:
    games = {game["name"]: game for game in client.ask("hello")["games"]}
    assert set(games) == set(game_names())
    assert games["go"]["komi"] == 7.5
    assert games["go"]["handicap"]
    assert [19, 19] in games["go"]["shapes"]
    assert games["chess"]["komi"] is None
    assert games["shogi"]["kanji"]
    assert games["shogi"]["declarations"]
    assert ".pgn" in games["chess"]["suffixes"]
    assert games["chess"]["levels"] == [400, 2200]
    assert games["chess"]["ranks"] == {}


@pytest.mark.parametrize("name", ["chess", "go", "othello", "shogi", "tictactoe"])
def test_every_game_is_shown_with_squares_that_its_moves_go_to(client: Client, name: str) -> None:
    game = load_game(name)
    assert game.board_view is not None
    position: Position = game.initial(game.spec.shapes[0])
    moves: list[str] = []
    for ply in range(12):
        shown = client.ask("show", where={"game": name, "moves": moves}, line=True)
        assert [line["move"] for line in shown["line"]] == moves
        assert shown["mover"] == position.mover
        assert {move["move"] for move in shown["moves"]} == {
            position.action_text(action) for action in position.legal_actions().tolist()
        }
        move = shown["moves"][(5 * ply) % len(shown["moves"])]
        position.push(position.parse_action(move["move"]))
        view = game.board_view(position)
        assert move["to"] == (None if view.arrived is None else list(view.arrived))
        if view.left is not None:
            assert move["from"] == list(view.left)
        moves.append(move["move"])
        if position.outcome() is not None:
            break


def test_a_drop_names_the_piece_in_hand(client: Client) -> None:
    shown = client.ask("show", where={"game": "shogi", "moves": ["7g7f", "3c3d", "8h2b+", "3a2b"]})
    drops = [move for move in shown["moves"] if move["drop"]]
    assert {move["drop"] for move in drops} == {"B"}
    assert [piece["letter"] for piece in shown["board"]["held"][0]] == ["B"]
    assert all(move["from"] is None and move["to"] for move in drops)
    later = client.ask("show", where={"game": "shogi", "moves": ["7g7f", "3c3d", "8h2b+", "3a2b", "1g1f"]})
    assert {move["drop"] for move in later["moves"]} == {"", "b"}
    assert later["board"]["held"][1][0]["letter"] == "b"


def test_promotions_are_several_moves_between_the_same_squares(client: Client) -> None:
    shown = client.ask("show", where={"game": "chess", "start": "7k/P7/8/8/8/8/8/K7 w - - 0 1"})
    promotions = [move["text"] for move in shown["moves"] if move["from"] == [1, 0]]
    assert sorted(promotions) == ["a8=B", "a8=N", "a8=Q+", "a8=R+"]


def test_the_end_of_a_game_is_told_and_nothing_can_be_played(client: Client) -> None:
    moves = ["f2f3", "e7e5", "g2g4", "d8h4"]
    shown = client.ask("show", where={"game": "chess", "moves": moves})
    assert shown["outcome"] == {"winner": 1, "reason": "checkmate"}
    assert shown["moves"] == []
    assert client.ask("go", where={"game": "chess", "moves": moves})["error"] == "the game is over"


def test_go_has_boards_komi_and_handicap(client: Client) -> None:
    shown = client.ask("show", where={"game": "go", "size": 19, "komi": 0.5, "handicap": 4})
    assert len(shown["board"]["pieces"]) == 4
    assert shown["mover"] == 1
    assert shown["text"].endswith("w 0.5")
    assert shown["score"] is not None


def test_the_lead_behind_a_pass_that_ends_the_game_is_counted(client: Client) -> None:
    answer = client.ask("go", where={"game": "go", "start": "5/5/2b2/5/5 w 0.5", "moves": ["pass"]}, nodes=20)
    while "done" not in answer:
        info = answer["info"]
        answer = client.sent.get(timeout=30)
    assert info["lines"][0]["texts"] == ["pass"]
    assert info["lead"] == 24.5


def test_a_move_in_words_is_read(client: Client) -> None:
    assert client.ask("move", where={"game": "chess"}, text="Nf3")["move"] == "g1f3"
    assert client.ask("move", where={"game": "shogi"}, text="７六歩")["move"] == "7g7f"
    assert "nowhere" in client.ask("move", where={"game": "go"}, text="nowhere")["error"]


def test_a_search_reports_and_ends_with_a_legal_move(client: Client) -> None:
    answer = client.ask("go", where={"game": "chess", "moves": ["e2e4"]}, nodes=60, lines=2)
    while "done" not in answer:
        assert answer["id"] == 7
        info = answer["info"]
        assert 0 <= info["score"] <= 1
        assert len(info["lines"]) == 2
        assert sum(info["lines"][0]["wdl"]) == pytest.approx(1, abs=1e-3)
        answer = client.sent.get(timeout=30)
    position = load_game("chess").initial((8, 8))
    position.push(position.parse_action("e2e4"))
    assert position.parse_action(answer["done"]["move"]) in position.legal_actions()
    assert not answer["done"]["resign"]


def test_each_game_counts_its_own_lost_turns(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    games: list[object] = []
    monkeypatch.setattr(Engine, "new_game", lambda _: games.append(None))
    begun = []
    for moves in (["e2e4"], ["e2e4", "e7e5", "g1f3"], ["d2d4", "d7d5", "c2c4"], ["d2d4", "d7d5", "c2c4", "e7e6"]):
        answer = client.ask("go", where={"game": "chess", "moves": moves}, nodes=1)
        while "done" not in answer:
            answer = client.sent.get(timeout=30)
        begun.append(len(games))
    assert begun == [1, 1, 2, 2]
    for moves in ([], ["d2d4", "d7d5"]):  # the engine began; nothing tells this from the game before
        answer = client.ask("go", where={"game": "chess", "moves": moves}, nodes=1)
        while "done" not in answer:
            answer = client.sent.get(timeout=30)
    assert len(games) == 2


def test_the_tree_is_sent_where_it_is_asked_for(client: Client) -> None:
    answer = client.ask("go", where={"game": "chess", "moves": ["e2e4"]}, nodes=300, branches=60)
    while "done" not in answer:
        tree = answer["info"]["tree"]
        answer = client.sent.get(timeout=30)
    nodes = tree["nodes"]
    assert 20 < len(nodes) <= 60
    assert all(node["parent"] < number for number, node in enumerate(nodes))
    roots = [node for node in nodes if node["parent"] == -1]
    assert all(node["mover"] == 1 and node["text"] for node in roots)
    for number, node in enumerate(nodes):
        below = sum(other["visits"] for other in nodes if other["parent"] == number)
        assert below < node["visits"] or not below
        assert 0 <= node["score"] <= 1
        assert node["text"] is not None or not below  # nothing is shown behind a move that cannot be
    assert any(node["text"] is None for node in nodes)  # made-up policies know no rules
    rounds = [(len(one["texts"]), one["left"]) for one in tree["rounds"]]
    assert rounds[:5] == [(16, 8), (8, 4), (4, 2), (16, 16), (16, 8)]
    assert sorted(tree["rounds"][1]["texts"]) == sorted(tree["rounds"][0]["texts"][:8])


def test_scores_are_the_first_players_whoever_moves(client: Client) -> None:
    mate = {"game": "chess", "start": "6k1/5ppp/8/8/8/8/5PPP/3rR1K1 b - - 0 1"}  # black mates
    answer = client.ask("go", where=mate, nodes=40)
    while "done" not in answer:
        info = answer["info"]
        answer = client.sent.get(timeout=30)
    assert answer["done"]["move"] == "d1e1"
    assert info["score"] == 0
    assert info["lines"][0]["wdl"] == [0, 0, 1]


def test_a_search_without_limit_ends_when_it_is_stopped(client: Client) -> None:
    assert "info" in client.ask("go", where={"game": "go"}, analysis=True)
    client.send(json.dumps({"ask": "stop", "id": 8, "about": {}}))
    seen = [client.sent.get(timeout=30)]
    while "done" not in seen[-1] or {"id": 8} not in seen:
        seen.append(client.sent.get(timeout=30))
    assert sum("done" in answer for answer in seen) == 1


def test_a_closed_tab_has_no_engine_and_makes_none(client: Client) -> None:
    client.ask("go", where={"game": "go"}, analysis=True)
    client.tab.close()
    assert len(ENGINES) == 1
    assert not ENGINES[0].searching
    client.send(json.dumps({"ask": "go", "id": 9, "about": {"where": {"game": "go"}}}))
    while not client.sent.empty():
        assert client.sent.get()["id"] != 9


def test_another_game_has_another_engine_and_the_first_ends(client: Client) -> None:
    client.ask("go", where={"game": "go"})
    client.send(json.dumps({"ask": "go", "id": 9, "about": {"where": {"game": "chess"}, "nodes": 5}}))
    while "done" not in (answer := client.sent.get(timeout=30)) or answer["id"] != 9:
        pass
    assert len(ENGINES) == 2
    assert not ENGINES[0].searching


def test_a_network_that_cannot_be_loaded_plays_no_move() -> None:
    def refuse(_: EngineOptions) -> NoReturn:
        raise BadWeights("there are no weights")

    client = Client(replace(make_parts(), make_engine=lambda _, options: Engine(refuse, options)))
    client.send(json.dumps({"ask": "go", "id": 7, "about": {"where": {"game": "chess"}, "nodes": 5}}))
    assert client.sent.get(timeout=30) == {"id": 7, "error": "there are no weights"}
    client.tab.close()


def test_a_network_that_fails_is_answered_and_the_tab_lives() -> None:
    def fails(*_arguments: object) -> NoReturn:
        raise RuntimeError("the graphics card is gone\nand this is where")

    client = Client(replace(make_parts(), imagine=fails))
    answer = client.ask("imagine", where={"game": "chess"}, moves=[])
    assert answer == {"id": 7, "error": "the graphics card is gone"}
    assert len(client.ask("show", where={"game": "chess"})["moves"]) == 20
    client.tab.close()


SGF = "(;GM[1]FF[4]SZ[9]KM[6.5]PB[Ann]PW[Bob];B[ee];W[gc])"
PGN = '[White "Ann"]\n[Black "Bob"]\n\n1. e4 e5 2. Nf3 *\n\n1. d4 d5 *\n'
KIF = "手合割：平手\n先手：甲\n後手：乙\n   1 ７六歩(77)\n   2 ３四歩(33)\n"
CSA = "V2.2\nPI\n+\n+7776FU\n-3334FU\n"


@pytest.mark.parametrize(
    ("text", "game", "moves"),
    [
        (SGF, "go", ["E5", "G7"]),
        (PGN, "chess", ["e2e4", "e7e5", "g1f3"]),
        (KIF, "shogi", ["7g7f", "3c3d"]),
        (CSA, "shogi", ["7g7f", "3c3d"]),
        ("8/8/8/8/8/8/k7/7K w - - 0 1", "chess", []),
        ("lnsgkgsnl/1r5b1/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL w - 2", "shogi", []),
    ],
)
def test_games_and_positions_of_every_kind_are_loaded(client: Client, text: str, game: str, moves: list[str]) -> None:
    loaded = client.ask("load", data=base64.b64encode(text.encode()).decode())
    assert loaded["game"] == game
    assert [line["move"] for line in loaded["line"]] == moves
    shown = client.ask("show", where={"game": game, "start": loaded["start"], "moves": moves})
    assert shown["ply"] == len(moves)


@pytest.mark.parametrize(
    ("moves", "kept", "left_out"),
    [
        (";B[pd];B[dp];W[dd];B[pp]", [("D4", 0), ("D16", 1), ("Q4", 0)], "a move"),  # two stones as some servers say it
        (";B[aa];W[bb];B[cc];W[dd];W[ee];B[ff]", [("E15", 1), ("F14", 0)], "4 moves"),
        (";B[ab];W[ss];B[ba];W[aa];B[cc]", [("C17", 0)], "4 moves"),  # suicide
    ],
)
def test_a_game_begins_behind_the_moves_that_are_out_of_turn_or_no_moves_by_the_rules(
    client: Client, moves: str, kept: list[tuple[str, int]], left_out: str
) -> None:
    loaded = client.ask("load", data=base64.b64encode(f"(;GM[1]SZ[19]{moves})".encode()).decode())
    assert [(line["move"], line["mover"]) for line in loaded["line"]] == kept
    assert loaded["warnings"][-1].startswith(f"{left_out} not in turn or not by the rules")
    where = {"game": "go", "start": loaded["start"], "moves": [move for move, _ in kept]}
    loaded_again = client.ask("load", data=client.ask("save", where=where, suffix=".sgf")["data"])
    assert [(line["move"], line["mover"]) for line in loaded_again["line"]] == kept
    assert loaded_again["start"] == loaded["start"]


def test_a_game_of_several_is_chosen_by_its_number(client: Client) -> None:
    loaded = client.ask("load", data=base64.b64encode(PGN.encode()).decode(), number=2)
    assert [line["text"] for line in loaded["line"]] == ["d4", "d5"]
    error = client.ask("load", data=base64.b64encode(PGN.encode()).decode(), number=9)["error"]
    assert "no game 9" in error


@pytest.mark.parametrize("name", ["chess", "go", "othello", "shogi", "tictactoe"])
def test_what_is_saved_can_be_loaded_again(client: Client, name: str) -> None:
    moves: list[str] = []
    for _ in range(4):
        moves.append(client.ask("show", where={"game": name, "moves": moves})["moves"][0]["move"])
    for suffix in next(game for game in client.ask("hello")["games"] if game["name"] == name)["suffixes"]:
        saved = client.ask("save", where={"game": name, "moves": moves}, suffix=suffix, names=["Ann", "Bob"])
        assert saved["name"].endswith(suffix)
        loaded = client.ask("load", data=saved["data"], game=name)
        assert [line["move"] for line in loaded["line"]] == moves


PGN_OF_1972 = """[Event "World \\"Cup\\""]
[Date "1972.07.??"]
[White "Fischer"]
[Black "Spassky"]
[Result "{result}"]{tags}

1. c4 e6 2. Nf3 {result}
"""
KIF_OF_2001 = "開始日時：2001/02/03 10:00:00\n棋戦：名人戦\n先手：甲\n後手：乙\n手数----指手\n   1 ７六歩(77)\n{end}\n"
CSA_OF_2001 = "V2.2\nN+A\nN-B\n$EVENT:cup\n$START_TIME:2001/02/03 10:00:00\nPI\n+\n+7776FU\n-3334FU\n{end}\n"
TWO_PASSES = "(;GM[1]SZ[9]KM[7.5]EV[cup]DT[2001-02-03]RE[{result}];B[ee];W[gc];B[];W[])"


@pytest.mark.parametrize(
    ("text", "suffix", "kept", "not_there"),
    [
        (PGN_OF_1972.format(result="1-0", tags=""), ".pgn", ['"1972.07.??"', '"1-0"', r'"World \"Cup\""'], "Term"),
        (PGN_OF_1972.format(result="1/2-1/2", tags=""), ".pgn", ['[Result "1/2-1/2"]'], "Termination"),
        (PGN_OF_1972.format(result="*", tags=""), ".pgn", ['"1972.07.??"', '[Result "*"]'], "unfinished"),
        (
            PGN_OF_1972.format(result="0-1", tags='\n[Termination "Time forfeit"]'),
            ".pgn",
            ['[Result "0-1"]', '[Termination "time forfeit"]'],
            "UTCDate",
        ),
        *[
            (
                PGN_OF_1972.format(result=result, tags=f'\n[Termination "{said}"]'),
                ".pgn",
                [f'[Termination "{written}"]', f"{{ {words} }}"],
                "unfinished",
            )
            for result, said, written, words in [
                ("1-0", "Abandoned", "abandoned", "Fischer wins; forfeit"),
                ("0-1", "Rules infraction", "rules infraction", "Spassky wins; illegal move"),
                ("1-0", "Fischer won by resignation", "normal", "Fischer wins; resignation"),
                ("0-1", "Spassky won on time", "time forfeit", "Spassky wins; time loss"),
                ("1-0", "emergency", "emergency", "Fischer wins; crash"),
            ]
        ],
        (PGN_OF_1972.format(result="1/2-1/2", tags='\n[Termination "Abandoned"]'), ".pgn", ["{ draw }"], "Termination"),
        ("1. f3 e5 2. g4 Qh4# 0-1", ".pgn", ['[Event "?"]', '[Date "????.??.??"]', "checkmate } 0-1"], "UTC"),
        (SGF.replace("SZ", "RE[W+Resign]DT[1999]SZ"), ".sgf", ["RE[W+R]", "DT[1999]"], "unfinished"),
        (SGF, ".sgf", [";B[ee]"], "GC["),
        (TWO_PASSES.format(result="B+12.5"), ".sgf", ["RE[B+12.5]", "EV[cup]", "DT[2001-02-03]"], "passes"),
        (TWO_PASSES.format(result="W+T"), ".sgf", ["RE[W+T]"], "passes"),
        (TWO_PASSES.format(result="0"), ".sgf", ["RE[0]", "GC[draw]"], "passes"),
        (TWO_PASSES.format(result="W+Forfeit"), ".sgf", ["RE[W+F]", "GC[White wins; forfeit]"], "passes"),
        (TWO_PASSES.format(result="W+"), ".sgf", ["RE[W+]", "two passes"], "RE[W+7"),
        (TWO_PASSES.format(result="B+Resignation"), ".sgf", ["RE[B+R]"], "passes"),
        (TWO_PASSES.format(result="Void"), ".sgf", ["GC[unfinished]"], "passes"),
        (TWO_PASSES.format(result="?"), ".sgf", ["two passes"], "RE[?]"),
        (KIF_OF_2001.format(end="   2 投了"), ".kif", ["2001/02/03", "名人戦", "   2 投了"], "中断"),
        (KIF_OF_2001.format(end="   2 切れ負け"), ".csa", ["2001/02/03", "$EVENT:名人戦", "%TIME_UP"], "CHUDAN"),
        (KIF_OF_2001.format(end="まで1手で後手の勝ち"), ".kif", ["まで1手で後手の勝ち"], "投了"),
        (KIF_OF_2001.format(end="まで1手で先手の反則負け"), ".kif", ["まで1手で後手の勝ち"], "先手の"),
        (KIF_OF_2001.format(end="   2 持将棋"), ".kif", ["   2 持将棋\n*draw"], "まで"),
        (KIF_OF_2001.format(end="").replace("甲", "甲\t九段"), ".kif", ["2001/02/03", "先手：甲 九段"], "中断"),
        (CSA_OF_2001.format(end="%TIME_UP"), ".csa", ["2001/02/03", "$EVENT:cup", "%TIME_UP", "'result 0:"], "CHUDAN"),
        (CSA_OF_2001.format(end="%-ILLEGAL_ACTION"), ".kif", ["cup", "まで2手で先手の勝ち"], "中断"),
        (CSA_OF_2001.format(end="%SENNICHITE"), ".csa", ["%HIKIWAKE", "'result 0.5: unknown\n"], "CHUDAN"),
        (CSA_OF_2001.format(end="%CHUDAN"), ".kif", ["   3 中断"], "勝ち"),
        (CSA_OF_2001.format(end=""), ".csa", ["-3334FU\n"], "\n/"),
    ],
)
def test_a_loaded_game_is_saved_with_what_its_file_says_of_it(
    client: Client, text: str, suffix: str, kept: list[str], not_there: str
) -> None:
    loaded = client.ask("load", data=base64.b64encode(text.encode()).decode())
    where = {"game": loaded["game"], "start": loaded["start"], "moves": [line["move"] for line in loaded["line"]]}
    saved = client.ask("save", where=where, suffix=suffix, names=loaded["names"], told=loaded["told"])
    data = base64.b64decode(saved["data"])
    written = data.decode("cp932" if suffix == ".kif" else "utf-8")
    assert [part for part in kept if part not in written] == []
    assert not_there not in written
    assert "Casual" not in written
    again = client.ask("load", data=saved["data"])
    for name in ("event", "date"):
        assert again["told"][name] == loaded["told"][name]


@pytest.mark.parametrize(
    ("game", "suffix", "reason", "written"),
    [
        ("chess", ".pgn", "time", '[Termination "time forfeit"]'),
        ("chess", ".pgn", "resignation", "{ White wins; resignation } 1-0"),
        ("go", ".sgf", "time", "RE[B+T]"),
    ],
)
def test_how_a_game_ended_is_saved(client: Client, game: str, suffix: str, reason: str, written: str) -> None:
    saved = client.ask("save", where={"game": game}, suffix=suffix, winner=0, reason=reason)
    assert written in base64.b64decode(saved["data"]).decode()


def test_a_game_began_with_its_first_move_and_not_when_it_is_saved(client: Client) -> None:
    where = {"game": "chess", "moves": ["e2e4"]}
    for began, date in ((1_000_000_000.5, b'[UTCDate "2001.09.09"]'), (None, b'[Date "????.??.??"]')):
        saved = client.ask("save", where=where, suffix=".pgn", began=began)
        assert date in base64.b64decode(saved["data"])


@pytest.mark.parametrize("suffix", [".csa", ".kif", ".kifu"])
@pytest.mark.parametrize("winner", [0, 1])
@pytest.mark.parametrize("moves", [[], ["7g7f"]])
@pytest.mark.parametrize("reason", ["resignation", "time", "declared win"])
def test_whoever_resigns_in_shogi_has_lost_in_its_files(
    client: Client, suffix: str, winner: int, moves: list[str], reason: str
) -> None:
    """Their words for it speak of the player to move, who need not be the one who resigns."""
    where = {"game": "shogi", "moves": moves}
    saved = client.ask("save", where=where, suffix=suffix, winner=winner, reason=reason)
    loaded = client.ask("load", data=saved["data"], game="shogi")
    assert loaded["told"]["winner"] == winner
    assert [line["move"] for line in loaded["line"]] == moves


def test_a_resignation_is_saved_as_one(client: Client) -> None:
    saved = client.ask(
        "save", where={"game": "chess", "moves": ["e2e4"]}, suffix=".pgn", winner=0, reason="resignation"
    )
    assert b'[Result "1-0"]' in base64.b64decode(saved["data"])


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("", "one JSON object"),
        ("[" * 100_000, "one JSON object"),
        ("[]", '"ask"'),
        ('{"ask": "rm"}', "there is no request"),
        ('{"ask": "show"}', "where"),
        ('{"ask": "show", "about": {"where": {"game": "../../etc/passwd"}}}', "unknown game"),
        ('{"ask": "show", "about": {"where": {"game": "chess", "start": "/etc/passwd"}}}', "FEN"),
        ('{"ask": "show", "about": {"where": {"game": "chess", "moves": ["e2e5"]}}}', "e2e5"),
        ('{"ask": "show", "about": {"where": {"game": "chess", "file": "x"}}}', "file"),
        ('{"ask": "show", "about": {"where": {"game": "chess", "komi": 3}}}', "no komi"),
        ('{"ask": "show", "about": {"where": {"game": "chess", "handicap": 3}}}', "no handicap"),
        (
            '{"ask": "show", "about": {"where": {"game": "go", "size": 13, "start": "5/5/2b2/5/5 w 7.5"}}}',
            "a position says its board, komi and handicap itself",
        ),
        ('{"ask": "show", "about": {"where": {"game": "go", "size": 98}}}', "no board of 98"),
        ('{"ask": "go", "about": {"where": {"game": "go"}, "seconds": -1}}', "seconds"),
        ('{"ask": "go", "about": {"where": {"game": "go"}, "nodes": 1e300}}', "nodes"),
        ('{"ask": "go", "about": {"where": {"game": "go"}, "nodes": 5, "elo": 3000}}', "choose one from 400 to 2200"),
        ('{"ask": "load", "about": {"data": "%%%"}}', "base64"),
        ('{"ask": "load", "about": {"data": ""}}', "no position"),
        ('{"ask": "load", "about": {"data": "L2V0Yy9wYXNzd2Q="}}', "position"),  # "/etc/passwd" is a text, not a file
        (
            '{"ask": "load", "about": {"data": "%s"}}' % ("iVBORw0K" * 100),
            "...' is no position of any game",
        ),
        ('{"ask": "horizons", "about": {"where": {"game": "nim"}}}', "unknown game"),
        ('{"ask": "imagine", "about": {"where": {"game": "chess"}, "moves": ["e2e5"]}}', "e2e5"),
        ('{"ask": "save", "about": {"where": {"game": "chess"}, "suffix": ".exe"}}', ".exe"),
        ('{"ask": "stop", "id": -1}', '"id"'),
        ('{"ask": "rm", "id": 7}', "there is no request"),
        ('{"ask": "show", "id": 7, "about": {}}', "where"),
        ('{"ask": "go", "about": {"where": {"game": "go"}, "elo": 1%s}}' % ("0" * 400), "elo"),
        ('{"ask": "save", "about": {"where": {"game": "chess"}, "suffix": "\\ud800"}}', "not written"),
        ('{"ask": "save", "about": {"where": {"game": "shogi"}, "suffix": ".csa", "names": ["x\\nPI", ""]}}', "names"),
    ],
)
def test_what_does_not_fit_is_answered_by_a_sentence(client: Client, message: str, says: str) -> None:
    client.send(message)
    answer = client.sent.get(timeout=10)
    assert answer["id"] == (7 if '"id": 7' in message else 0)
    assert says in answer["error"]
    assert "\n" not in answer["error"]
    assert "--" not in answer["error"]  # no flags of the command line
    assert len(client.ask("show", where={"game": "chess"})["moves"]) == 20  # and it lives

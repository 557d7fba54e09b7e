"""The page in Chromium: games of every kind to their end by clicks and drags, analysis, files, and what comes and goes.

The engine behind it thinks with made-up numbers, so that nothing here depends on a network.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sized
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect, sync_playwright
from support.web import ENGINES, served

AXE = Path(__file__).parents[2] / ".cache" / "node" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = shutil.which("chromium")

expect.set_options(timeout=30_000)  # ms, on a machine that has other things to do

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium: scripts/test installs it"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # playwright's own pipes
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        sandbox = [] if os.geteuid() else ["--no-sandbox"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, accept_downloads=True)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    opened(page, address)
    yield page
    context.close()
    assert not problems


def opened(page: Page, address: str) -> None:
    page.goto(address)
    expect(status(page)).not_to_be_empty()


def status(page: Page) -> Locator:
    return page.locator("#status")


def square(page: Page, name: str) -> Locator:
    return page.locator("#board").locator(f'.cell[aria-label="{name}"], .cell[aria-label^="{name} "]')


def begin(page: Page, game: str, side: str = "both", **fields: str) -> None:
    page.click("#new")
    page.select_option("[name=game]", game)
    page.select_option("[name=side]", side)
    for name, value in fields.items():
        field = page.locator(f"#new-form [name={name}]")
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.evaluate("(field, value) => { field.value = value; }", value)
    page.click("#new-form .main")
    expect(page.locator("#new-dialog")).to_be_hidden()
    expect(page.locator("#board")).to_have_attribute("aria-busy", "false")
    expect(page.locator("#moves .move")).to_have_count(0)


def click(page: Page, move: str) -> None:
    for name in re.findall(r"[a-zA-Z][0-9]+|[0-9][a-i]", move):
        square(page, name).click()


def play(page: Page, *moves: str) -> None:
    """Click from square to square ("e2e4"), or on a square ("E5"), and wait until the move is in the list."""
    for move in moves:
        count = page.locator("#moves .move").count()
        click(page, move)
        expect(page.locator("#moves .move")).to_have_count(count + 1)
        expect(page.locator("#board")).to_have_attribute("aria-busy", "false")


def test_chess_to_mate_by_clicks(page: Page) -> None:
    begin(page, "chess")
    play(page, "f2f3", "e7e5", "g2g4", "d8h4")
    expect(status(page)).to_have_text("black wins: checkmate")
    expect(page.locator("#board .cell.movable")).to_have_count(0)
    expect(page.locator("#board .cell.checked")).to_have_attribute("aria-label", re.compile("^e1"))
    assert page.locator("#moves").inner_text().split() == ["1.", "f3", "e5", "2.", "g4", "Qh4#"]


def test_pieces_are_dragged_and_what_cannot_go_there_stays(page: Page) -> None:
    begin(page, "chess")
    square(page, "e2").drag_to(square(page, "e5"))
    expect(page.locator("#moves .move")).to_have_count(0)
    square(page, "e2").drag_to(square(page, "e4"))
    expect(page.locator("#moves .move.here")).to_have_text("1. e4")
    expect(page.locator(".ghost")).to_have_count(0)


def test_a_new_game_does_not_begin_where_the_last_one_did(page: Page) -> None:
    begin(page, "chess", position="7k/P7/8/8/8/8/8/K7 w - - 0 1")
    begin(page, "chess")
    expect(page.locator("#board .cell .piece")).to_have_count(32)
    begin(page, "go", size="9", handicap="4")
    expect(page.locator("#facts-of-board")).to_contain_text("komi 0.5")


def test_a_promotion_is_asked_for(page: Page) -> None:
    begin(page, "chess", position="7k/P7/8/8/8/8/8/K7 w - - 0 1")
    click(page, "a7a8")
    expect(page.locator("#choose button")).to_have_count(4)
    page.keyboard.press("Escape")
    expect(page.locator("#moves .move")).to_have_count(0)
    click(page, "a7a8")
    page.locator("#choose").get_by_text("a8=N").click()
    expect(page.locator("#moves .move")).to_have_text(["1. a8=N"])


def test_shogi_promotes_drops_and_mates(page: Page) -> None:
    begin(page, "shogi")
    expect(page.locator("#kanji")).to_have_attribute("aria-pressed", "true")
    play(page, "7g7f", "3c3d")
    square(page, "8h").click()
    square(page, "2b").click()
    expect(page.locator("#choose button")).to_have_count(2)
    page.locator("#choose button").first.click()
    expect(page.locator("#moves .move")).to_have_count(3)
    play(page, "3a2b")
    page.locator("#player-below .held").click()
    expect(page.locator("#board .cell.target")).not_to_have_count(0)
    square(page, "5e").click()
    expect(page.locator("#moves .move")).to_have_count(5)
    expect(square(page, "5e").locator(".piece")).to_have_count(1)
    page.click("#kanji")
    expect(page.locator("#moves .move.here")).to_contain_text("B*5e")
    begin(page, "shogi", position="4k4/9/4P4/9/9/9/9/9/4K4 b G 1")
    page.locator("#player-below .held").click()
    square(page, "5b").click()
    expect(status(page)).to_contain_text("black wins")


def test_go_captures_passes_and_counts(page: Page) -> None:
    begin(page, "go", size="5", komi="0.5")
    play(page, "A1", "C3", "B2", "C2")
    for _ in range(2):
        page.locator("#extra").get_by_text("pass").click()
    expect(status(page)).to_contain_text("wins by")
    expect(status(page)).to_contain_text("two passes")
    expect(status(page)).to_contain_text("taken for alive")


def test_othello_and_tic_tac_toe_to_the_end(page: Page) -> None:
    begin(page, "tictactoe")
    play(page, "a1", "b1", "a2", "b2", "a3")
    expect(status(page)).to_contain_text("x wins")
    begin(page, "othello")
    for _ in range(70):
        if "to move" not in status(page).inner_text():
            break
        count = page.locator("#moves .move").count()
        target = page.locator("#board .cell.target")
        if target.count():
            target.first.click()
        else:
            page.locator("#extra button").click()
        expect(page.locator("#moves .move")).to_have_count(count + 1)
        expect(page.locator("#board")).to_have_attribute("aria-busy", "false")
    expect(status(page)).to_contain_text(re.compile("wins|draw"))


def test_the_engine_answers_and_a_move_is_taken_back(page: Page) -> None:
    begin(page, "chess", side="0", seconds="0.1")
    click(page, "e2e4")
    expect(page.locator("#moves .move")).to_have_count(2)
    expect(status(page)).to_have_text(re.compile("^white to move"))
    page.click("#undo")
    expect(page.locator("#moves .move.here")).to_have_count(0)
    play_other = square(page, "d2")
    play_other.click()
    square(page, "d4").click()
    expect(page.locator("#moves .variation .move")).to_have_count(2)  # what was taken back is a variation
    page.click("#resign")
    expect(status(page)).to_have_text("black wins: resignation")


def test_the_engine_answers_a_move_that_was_taken_back_and_is_played_again(page: Page) -> None:
    begin(page, "chess", side="0", seconds="0.1")
    for again in (False, True):
        click(page, "e2e4")
        expect(status(page)).to_have_text(re.compile("^white to move"))
        expect(page.locator("#moves .move.here")).not_to_have_text("e4")
        expect(page.locator("#board")).to_have_attribute("aria-busy", "false")
        if not again:
            page.click("#undo")
            expect(page.locator("#moves .move.here")).to_have_count(0)


def test_resigning_while_the_engine_thinks_ends_the_game(page: Page) -> None:
    begin(page, "chess", side="0", seconds="30")
    click(page, "e2e4")
    expect(status(page)).to_have_text("black (engine) thinks ...")
    page.click("#resign")
    expect(status(page)).to_have_text("black wins: resignation")
    page.click("#undo")  # so that whatever the engine had begun is over
    expect(page.locator("#moves .move")).to_have_count(1)


def test_a_game_ends_where_it_is_resigned_also_with_moves_behind_it(page: Page) -> None:
    begin(page, "chess", side="0", seconds="0.1")
    click(page, "e2e4")
    expect(page.locator("#moves .move")).to_have_count(2)
    expect(page.locator("#board")).to_have_attribute("aria-busy", "false")
    page.click("#undo")
    expect(page.locator("#moves .move.here")).to_have_count(0)
    page.click("#resign")
    expect(status(page)).to_have_text("black wins: resignation")
    page.fill("#typed-move", "d4")
    page.press("#typed-move", "Enter")
    expect(status(page)).to_have_text("black wins: resignation; take it back to go on")
    page.click("#undo")  # the resignation alone
    expect(status(page)).to_have_text("white to move")
    page.click("#resign")
    expect(status(page)).to_have_text("black wins: resignation")
    page.click("#undo")  # at the first position: the resignation alone
    expect(status(page)).to_have_text("white to move")
    page.click("#next")
    expect(status(page)).to_have_text("black to move")


def test_a_new_game_that_is_refused_leaves_the_engine_thinking(page: Page) -> None:
    begin(page, "go", side="0", size="5", seconds="30")
    square(page, "C3").click()
    expect(status(page)).to_have_text("white (engine) thinks ...")
    page.click("#new")
    page.select_option("[name=size]", "5")
    page.select_option("[name=handicap]", "9")
    page.click("#new-form button.main")
    expect(status(page)).to_contain_text("allows no fixed handicap")
    page.click("#move-now")
    expect(page.locator("#moves .move")).to_have_count(2)


def test_the_clock_of_a_game_that_was_left_ends_no_other(page: Page) -> None:
    begin(page, "chess", side="0", time="clock", minutes="0.02", increment="0")
    expect(page.locator("#player-below .clock")).not_to_be_empty()
    begin(page, "chess", side="0", time="move", seconds="0.1")
    page.wait_for_timeout(1500)  # in which the first clock would have fallen
    expect(status(page)).to_have_text("white to move")


def test_the_clocks_come_back_with_a_move_that_is_taken_back(page: Page) -> None:
    begin(page, "chess", side="0", time="clock", minutes="0.1", increment="0")
    click(page, "e2e4")
    expect(status(page)).to_have_text("white to move")
    expect(status(page)).to_have_text("black wins: time")
    page.click("#undo")
    expect(status(page)).to_have_text("white to move")
    expect(page.locator("#player-below .clock")).not_to_have_text("0.0")
    click(page, "d2d4")
    expect(page.locator("#moves .move")).to_have_count(4)


def test_fields_that_are_not_shown_do_not_keep_from_playing(page: Page) -> None:
    page.click("#new")
    page.select_option("[name=game]", "go")
    page.fill("[name=komi]", "6.3")
    page.fill("[name=seconds]", "0")
    page.select_option("[name=time]", "clock")
    page.select_option("[name=game]", "chess")
    page.click("#new-form button.main")
    expect(page.locator("#new-dialog")).not_to_be_visible()
    page.click("#load")
    page.fill("#load-form [name=number]", "0")
    page.click("#load-form button:not(.main)")
    expect(page.locator("#load-dialog")).not_to_be_visible()


def test_a_move_is_taken_once_while_another_position_is_waited_for(page: Page) -> None:
    begin(page, "go", size="5")
    page.evaluate("""() => {
        const pass = document.querySelector("#extra button");
        pass.click();
        pass.click();
    }""")
    expect(page.locator("#moves .move")).to_have_count(1)
    begin(page, "chess")
    page.click("#analyse")
    expect(page.locator("#engine-lines")).not_to_be_empty()
    page.evaluate(
        """names => names.forEach((name) => document.querySelector(
            `#board .cell[aria-label="${name}"], #board .cell[aria-label^="${name} "]`).click())""",
        ["e2", "e4", "d2", "d4"],
    )
    expect(page.locator("#moves .move")).to_have_text(["1. e4"])
    expect(page.locator("#board")).to_have_attribute("aria-busy", "false")
    expect(status(page)).to_have_text("black to move")


@pytest.mark.parametrize("button", ["back", "first", "undo"])
@pytest.mark.parametrize(("game", "squares"), [("chess", ("e2", "e4")), ("go", ("E5",))])
def test_what_the_engine_thinks_about_a_position_that_was_left_is_dropped(
    page: Page, button: str, game: str, squares: tuple[str, ...]
) -> None:
    begin(page, game, side="0", seconds="30")
    for name in squares:
        square(page, name).click()
    expect(status(page)).to_contain_text("(engine) thinks ...")
    page.click(f"#{button}")
    expect(status(page)).to_have_text(re.compile("^(white|black) to move$"))
    expect(page.locator("#moves .move")).to_have_count(1)
    page.click("#analyse")  # which would show that something else still runs
    expect(page.locator("#engine-lines")).not_to_be_empty()
    expect(page.locator("#moves .move")).to_have_count(1)


def test_analysis_does_not_hurry_the_engine(page: Page) -> None:
    begin(page, "chess", side="0", seconds="30")
    click(page, "e2e4")
    expect(status(page)).to_have_text("black (engine) thinks ...")
    for _ in range(2):
        page.click("#analyse")
    page.click("#imagination summary")
    page.click("#imagine-line")
    expect(status(page)).to_have_text("black (engine) thinks ... wait for its move")
    page.fill("#typed-move", "xyz")
    page.press("#typed-move", "Enter")
    expect(status(page)).to_have_text(re.compile(r"^black \(engine\) thinks \.\.\. .*xyz"))
    page.click("#flip")
    expect(status(page)).to_have_text(re.compile(r"^black \(engine\) thinks \.\.\. .*xyz"))
    expect(page.locator("#moves .move")).to_have_count(1)
    page.click("#move-now")
    expect(page.locator("#moves .move")).to_have_count(2)


def test_a_level_may_be_a_rank(page: Page) -> None:
    begin(page, "go", side="0", level="8K", size="9")
    expect(page.locator("body")).to_contain_text("(engine, 1600 Elo)")
    page.click("#new")
    field = page.locator("#new-form [name=level]")
    for text, taken in (("8 kyu", True), ("31k", False), ("800", True), ("100", False), ("strong", False), ("", True)):
        field.fill(text)
        assert field.evaluate("field => field.validity.valid") == taken
    expect(page.locator("#level-range")).to_contain_text(", measured on 9x9; empty: as strong as it can")
    page.select_option("[name=game]", "chess")  # which has no ranks
    expect(page.locator("#level-range")).to_have_text("400 to 2200; empty: as strong as it can")
    field.fill("8k")
    assert not field.evaluate("field => field.validity.valid")
    page.keyboard.press("Escape")
    begin(page, "go", side="0", level="800", size="13")
    expect(page.locator("body")).to_contain_text("(engine, 800 Elo on 9x9)")


def test_clocks_run_and_fall(page: Page) -> None:
    begin(page, "tictactoe", side="0", time="clock", minutes="0.02", increment="0")
    expect(page.locator("#player-below .clock")).to_have_text(re.compile(r"^[01]\.\d$"))
    expect(status(page)).to_have_text("o wins: time", timeout=15_000)


def test_analysis_goes_on_and_off_and_its_lines_can_be_played(page: Page) -> None:
    begin(page, "chess")
    page.click("#analyse")
    expect(page.locator("#engine-lines li")).to_have_count(3)
    expect(page.locator(".arrow")).to_have_count(3)
    page.locator("#engine-lines li").first.locator(".move").first.click()
    expect(page.locator("#moves .move")).to_have_count(1)
    expect(page.locator("#facts")).to_contain_text("simulations")
    page.click("#analyse")
    expect(page.locator(".arrow")).to_have_count(0)
    assert ENGINES[-1].wait(30)
    page.click("#analyse")
    begin(page, "chess", side="0")  # against the engine, which ends it
    expect(page.locator("#analyse")).to_have_attribute("aria-pressed", "false")


def test_a_game_is_gone_through(page: Page) -> None:
    begin(page, "chess")
    play(page, "f2f3", "e7e5", "g2g4", "d8h4")
    page.click("#review")
    expect(page.locator("#curve .curve")).to_have_count(1)
    expect(status(page)).to_have_text("black wins: checkmate", timeout=60_000)


def test_a_variation_that_is_gone_through_stays_the_line_that_is_saved_and_gone_on_with(page: Page) -> None:
    begin(page, "chess")
    play(page, "e2e4", "e7e5")
    page.click("#back")
    expect(page.locator("#board")).to_have_attribute("aria-busy", "false")
    play(page, "c7c5", "g1f3", "d7d6", "d2d4")
    page.click("#review")
    page.click("#save")
    with page.expect_download() as download:
        page.click("#save-form .main")
    assert b"\n1. e4 c5 2. Nf3 d6 3. d4 " in download.value.path().read_bytes()
    page.reload()
    expect(page.locator("#moves .here")).to_have_text("3. d4")


def test_the_moves_of_a_board_in_letters_lie_over_nothing(page: Page) -> None:
    page.set_viewport_size({"width": 340, "height": 800})
    last, board = page.evaluate("""() => {
      const board = document.getElementById("board"), moves = document.createElement("div");
      moves.className = "plain-moves";
      for (let i = 0; i < 40; i++) moves.append(Object.assign(document.createElement("button"), {textContent: "move"}));
      board.replaceChildren(document.createElement("pre"), moves);
      return [moves.lastChild, board].map((element) => element.getBoundingClientRect().bottom);
    }""")
    assert last <= board


def test_the_tree_is_shown_as_it_grows(page: Page) -> None:
    begin(page, "chess")
    page.click("#analyse")
    page.locator("#tree summary").click()
    expect(page.locator("#icicle .level .level .node")).not_to_have_count(0)  # two plies deep
    expect(page.locator("#rounds li").first).to_contain_text("simulations")
    expect(page.locator("#rounds s").first).not_to_be_empty()  # who was thrown out
    page.click("#analyse")
    first = page.locator("#icicle .node").first
    name = first.evaluate("node => node.firstChild.textContent")
    first.click()
    expect(page.locator("#moves .move")).to_have_text([f"1. {name}"])
    expect(page.locator("#icicle .node")).to_have_count(0)  # of the position before
    expect(page.locator("#engine-lines li")).to_have_count(0)
    page.click("#back")
    expect(page.locator("#engine-lines li")).to_have_count(3)  # what was found there is kept


def test_the_model_imagines_a_line(page: Page) -> None:
    begin(page, "chess")
    play(page, "e2e4", "e7e5", "g1f3")
    page.click("#first")
    page.locator("#imagination summary").click()
    page.click("#imagine-game")
    expect(page.locator("#imagined-line .move")).to_have_text(["now", "e4", "e5", "Nf3"])
    imagined = page.locator("#imagined-board")
    expect(imagined.locator(".piece")).to_have_count(32)
    expect(imagined.locator('.cell[aria-label^="f3 white N, 100%"]')).to_have_count(1)
    expect(imagined.locator(".wrong")).to_have_count(0)
    page.locator("#imagined-line .move").first.click()
    expect(imagined.locator('.cell[aria-label^="g1 white N, 100%"]')).to_have_count(1)
    page.click("#imagine-line")
    expect(page.locator("#imagined-facts")).to_contain_text("policy on illegal moves")
    play(page, "d2d4")
    expect(page.locator("#imagined")).to_be_hidden()
    page.click("#horizons")
    expect(page.locator("#horizon-table td").nth(1)).to_have_text("100.0%")


FILES = {  # game-what.suffix
    "chess-game.pgn": ("1. e4 e5 2. Nf3 Nc6 *", 4),
    "go-game.sgf": ("(;GM[1]SZ[9];B[ee];W[gc];B[cg])", 3),
    "shogi-game.kif": ("手合割:平手\n   1 ７六歩(77)\n   2 ３四歩(33)\n", 2),
    "shogi-game.csa": ("V2.2\nPI\n+\n+7776FU\n-3334FU\n", 2),
    "shogi-position.txt": ("lnsgkgsnl/1r5b1/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL w - 2", 0),
    "chess-position.epd": ("4k3/8/8/8/8/8/4P3/4K3 w - -", 0),
}


HELD_FILES = """() => {
  const read = Blob.prototype.arrayBuffer, held = new Promise((resolve) => { window.release = resolve; });
  Blob.prototype.arrayBuffer = async function () { await held; return read.call(this); };
}"""


def load(page: Page, name: str) -> int:
    """Send a file of FILES from a disk that gives nothing until `release()` is called; return how many moves it has."""
    text, moves = FILES[name]
    page.evaluate(HELD_FILES)
    page.click("#load")
    page.set_input_files("[name=file]", {"name": name, "mimeType": "text/plain", "buffer": text.encode()})
    page.click("#load-form .main")
    expect(page.locator("#load-dialog")).to_be_hidden()
    assert page.locator("#board").get_attribute("aria-busy") == "true"
    return moves


@pytest.mark.parametrize("name", list(FILES))
def test_files_are_loaded_and_saved(page: Page, name: str) -> None:
    moves = load(page, name)
    page.evaluate("release()")
    expect(page.locator("#board")).to_have_attribute("aria-busy", "false")  # a position alone has no moves to wait for
    expect(page.locator("#moves .move")).to_have_count(moves)
    expect(status(page)).to_contain_text("to move")
    page.click("#save")
    with page.expect_download() as download:
        page.click("#save-form .main")
    assert download.value.suggested_filename.split("-")[0] == name.split("-")[0]
    assert download.value.path().read_bytes()
    assert b"Casual game" not in download.value.path().read_bytes()  # which is of games that were played here


def test_what_is_saved_is_what_was_shown_when_it_was_asked_for(page: Page) -> None:
    begin(page, "chess")
    play(page, "e2e4")
    load(page, "shogi-game.csa")
    page.click("#save")
    page.evaluate("release()")
    expect(page.locator("#kanji")).to_be_visible()  # shogi has come
    with page.expect_download() as download:
        page.click("#save-form .main")
    assert b"\n1. e4 " in download.value.path().read_bytes()


def test_what_cannot_be_loaded_is_a_sentence_and_the_game_stays(page: Page) -> None:
    begin(page, "chess")
    play(page, "e2e4")
    page.click("#load")
    page.fill("#load-form textarea", "1. e4 Ke2 *\n")
    page.click("#load-form .main")
    expect(status(page)).to_have_class("problem")
    expect(page.locator("#moves .move")).to_have_count(1)


def test_a_page_that_is_loaded_anew_goes_on_and_a_lost_tab_is_offered(page: Page, address: str) -> None:
    begin(page, "chess")
    play(page, "e2e4", "e7e5")
    page.reload()
    expect(page.locator("#moves .move")).to_have_count(2)
    other = page.context.new_page()
    opened(other, address)
    expect(other.locator("#offers")).to_contain_text("unfinished game of chess, 2 moves")
    page.close()
    other.get_by_text("Go on with it").click()
    expect(other.locator("#moves .move")).to_have_count(2)


def test_a_duplicated_tab_keeps_its_game_apart(page: Page, address: str) -> None:
    begin(page, "chess")
    play(page, "e2e4", "e7e5")
    with page.context.expect_page() as found:
        page.evaluate("() => { window.open(location.href, '_blank'); }")  # has a copy of what the session holds
    copy = found.value
    expect(copy.locator("#moves .move")).to_have_count(2)
    play(copy, "g1f3")
    another = page.context.new_page()
    copy.close()
    page.close()
    opened(another, address)
    expect(another.locator("#offers")).to_contain_text("unfinished game of chess, 2 moves")
    another.get_by_text("Forget it").click()
    expect(another.locator("#offers")).to_contain_text("unfinished game of chess, 3 moves")


def test_a_game_that_is_over_by_the_rules_is_no_unfinished_one(page: Page, address: str) -> None:
    begin(page, "chess")
    play(page, "f2f3", "e7e5", "g2g4", "d8h4")
    expect(status(page)).to_contain_text("checkmate")
    other = page.context.new_page()
    opened(other, address)
    expect(other.locator("#offers")).to_be_hidden()


def test_a_game_as_its_file_has_it_is_no_unfinished_one(page: Page, address: str) -> None:
    load(page, "chess-game.pgn")
    page.evaluate("release()")
    expect(page.locator("#moves .move")).to_have_count(4)
    other = page.context.new_page()
    opened(other, address)
    expect(other.locator("#offers")).to_be_hidden()
    play(page, "f1b5")
    opened(another := page.context.new_page(), address)
    expect(another.locator("#offers")).to_contain_text("unfinished game of chess, 5 moves")


def test_boards_without_a_move_push_no_game_out(page: Page, address: str) -> None:
    begin(page, "chess")
    play(page, "e2e4", "e7e5")
    other = page.context.new_page()
    opened(other, address)
    other.evaluate(
        """() => { const getItem = Storage.prototype.getItem; window.looks = 0;
        Storage.prototype.getItem = function (key) {
          looks += key.startsWith("muzero-game-"); return getItem.call(this, key); }; }"""
    )
    play(other, "d2d4")
    assert other.evaluate("looks") == 0  # the other games are long to read, and there is room for more
    other.evaluate(
        """() => { const own = localStorage["muzero-game-" + sessionStorage["muzero-tab"]];
        for (let i = 0; i < 20; i++) localStorage["muzero-game-" + i] = own; }"""
    )
    page.close()
    play(other, "d7d5")
    opened(other.context.new_page(), address)
    other.context.pages[-1].get_by_text("Forget it").click()  # of the newer one
    expect(other.context.pages[-1].locator("#offers")).to_contain_text("unfinished game of chess, 2 moves")


def test_a_page_without_locks_begins_a_game_where_its_own_cannot_be_read(page: Page) -> None:
    """Browsers lend none by http to pages of another machine."""
    page.add_init_script("Object.defineProperty(navigator, 'locks', {value: undefined})")
    page.add_init_script("localStorage['muzero-game-x'] = '{'; sessionStorage['muzero-tab'] = 'x'")
    page.reload()
    expect(status(page)).to_have_text("white to move")
    expect(page.locator("#board .cell")).to_have_count(64)


def test_a_game_that_cannot_be_shown_now_is_kept_and_told_of(page: Page) -> None:
    begin(page, "chess")
    play(page, "e2e4", "e7e5")
    kept = "localStorage['muzero-game-' + sessionStorage['muzero-tab']]"
    nothing_more = "Storage.prototype.setItem = () => null"
    page.evaluate(f"() => {{ {kept} = {kept}.replace('chess', 'connect_four'); {nothing_more}; }}")
    page.reload()
    expect(page.locator("#offers")).to_contain_text("unfinished game of connect_four, 2 moves")
    page.get_by_text("Go on with it").click()
    expect(status(page)).to_have_class("problem")
    expect(page.locator("#board")).to_have_attribute("aria-busy", "false")
    expect(page.locator("#offers")).to_contain_text("connect_four")
    with page.context.expect_page() as found:
        page.evaluate("() => { window.open(location.href, '_blank'); }")
    expect(status(found.value)).not_to_be_empty()
    own = "() => sessionStorage['muzero-tab']"
    assert page.evaluate(own) != found.value.evaluate(own)  # the next games have a place that no other tab takes


def await_some(page: Page, found: Sized) -> None:
    """Wait until there is something in it, for half a minute at most."""
    for _ in range(1500):
        if len(found):
            return
        page.wait_for_timeout(20)
    raise AssertionError


@pytest.mark.parametrize(
    ("at", "move", "here"),
    [("show", "", "e5"), ("go", "", "e5"), ("go", "d2d4", "1. d4")],  # while the page is loaded, or looks at the start
)
def test_a_connection_that_goes_costs_no_game(page: Page, at: str, move: str, here: str) -> None:
    begin(page, "chess")
    play(page, "e2e4", "e7e5")
    cut: list[str] = []
    held: list[Callable[[], None]] = []

    def connected(tab: WebSocketRoute) -> None:
        server = tab.connect_to_server()

        def hand_on(message: str | bytes) -> None:
            ask = json.loads(message)["ask"]
            if ask == at and not cut:
                cut.append(at)
                tab.close()
            elif ask == "hello" and cut and move:
                held.append(lambda: server.send(message))
            else:
                server.send(message)

        tab.on_message(hand_on)

    page.route_web_socket(re.compile("/tab$"), connected)
    page.reload()
    expect(page.locator("#moves .move")).to_have_count(2)
    if at == "go":
        page.click("#review")
        await_some(page, cut)  # when the start is shown, where it begins
    if move:
        click(page, move)  # on the board as it is shown
        await_some(page, held)
        held[0]()
    expect(page.locator("#moves .here")).to_have_text(here)
    expect(page.locator("#moves .move")).to_have_text(["1. e4", here, "1… e5"] if move else ["1. e4", here])
    assert cut


@pytest.mark.parametrize(
    "kept",
    ["{", '{"tree": {"setup": {"game": "nope"}, "settings": null, "root": {"children": []}, "at": []}}', None],
)
def test_what_a_browser_kept_badly_or_not_at_all_is_no_hindrance(
    browser: Browser, address: str, kept: str | None
) -> None:
    context = browser.new_context()
    page = context.new_page()
    if kept is None:
        page.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw new Error('denied'); }});")
    else:
        opened(page, address)
        key = page.evaluate("'muzero-game-' + sessionStorage['muzero-tab']")
        no_more = "Storage.prototype.setItem = () => null"  # the page would keep its own as it goes
        page.evaluate(f"([key, kept]) => {{ localStorage[key] = kept; {no_more}; }}", [key, kept])
    opened(page, address)
    begin(page, "chess")
    play(page, "e2e4")
    if kept is not None:
        assert page.evaluate("key => localStorage[key]", key) == kept  # a later version may read it
    context.close()


def test_a_game_of_any_length_is_kept(page: Page) -> None:
    """Also one that is too long for functions that call themselves once a move."""
    size = page.evaluate(
        """async () => {
            const {GameTree} = await import("/pages/game.js");
            const tree = new GameTree({game: "chess"}, {people: [0, 1]});
            for (let ply = 0; ply < 20000; ply++) tree.play({move: `m${ply}`, text: "", mover: ply % 2, number: ply});
            const last = tree.here;
            tree.here = last.parent.parent;
            tree.play({move: "other", text: "", mover: 0, number: 0});
            const again = GameTree.fromData(JSON.parse(JSON.stringify(tree.toData())));
            const ends = again.ends().map((node) => node.move);
            return [GameTree.path(again.here).length, again.here.move, again.last.move, ends.sort()];
        }"""
    )
    assert size == [19999, "other", "other", ["m19999", "other"]]


def test_a_new_game_is_asked_what_counts_for_it_alone(page: Page) -> None:
    page.click("#new")
    page.select_option("[name=game]", "go")
    page.select_option("[name=side]", "0")
    page.select_option("[name=time]", "clock")
    rows = {
        name: page.locator(f"#{name}") for name in ("size-row", "komi-row", "handicap-row", "clock-time", "level-row")
    }
    for row in rows.values():
        expect(row).to_be_visible()
    page.select_option("[name=side]", "both")  # nobody's time is measured
    for name in ("clock-time", "level-row"):
        expect(rows[name]).to_be_hidden()
    page.locator("#new-form summary").click()
    page.fill("[name=position]", "5/5/2b2/5/5 w 7.5")  # says its board, its komi and its stones
    for name in ("size-row", "komi-row", "handicap-row"):
        expect(rows[name]).to_be_hidden()
    page.click("#new-form .main")
    expect(page.locator("#board .cell")).to_have_count(25)


def test_two_tabs_do_not_disturb_each_other(page: Page, address: str) -> None:
    other = page.context.new_page()
    opened(other, address)
    begin(page, "chess")
    begin(other, "go")
    page.click("#analyse")
    other.click("#analyse")
    for tab in (page, other):
        expect(tab.locator("#engine-lines li")).to_have_count(3)
    expect(page.locator(".arrow")).not_to_have_count(0)
    expect(other.locator(".ring")).not_to_have_count(0)
    other.close()
    page.click("#analyse")


def test_a_server_that_went_is_told_and_the_game_goes_on_when_it_is_back(browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    with served() as address:
        opened(page, address)
        begin(page, "chess", side="0", seconds="0.1")
        click(page, "e2e4")
        expect(page.locator("#moves .move")).to_have_count(2)
    expect(page.locator("#offline")).to_be_visible()
    expect(page.locator("#moves .move")).to_have_count(2)
    with served(port=int(address.rstrip("/").rpartition(":")[2])):
        expect(page.locator("#offline")).to_be_hidden()
        expect(page.locator("#board")).to_have_attribute("aria-busy", "false")
        click(page, "d2d3")
        expect(page.locator("#moves .move")).to_have_count(4)
        context.close()


def test_a_hundred_reloads_leave_one_engine_and_the_game(page: Page) -> None:
    begin(page, "chess")
    play(page, "e2e4", "e7e5")
    made = len(ENGINES)
    for number in range(100):
        if number % 10 == 0:  # in the middle of a search; else as soon as can be
            expect(status(page)).not_to_be_empty()
            page.click("#analyse")
        page.reload(wait_until="domcontentloaded")
    expect(page.locator("#moves .move")).to_have_count(2)
    page.click("#analyse")
    expect(page.locator("#engine-lines li")).to_have_count(3)
    page.click("#analyse")
    for engine in ENGINES[made:]:
        assert engine.wait(60)


def test_the_keyboard_is_enough(page: Page) -> None:
    begin(page, "chess")
    page.keyboard.press("m")
    page.keyboard.type("Nf3")
    page.keyboard.press("Enter")
    expect(page.locator("#moves .move.here")).to_have_text("1. Nf3")
    expect(page.locator("#board")).to_have_attribute("aria-busy", "false")
    page.locator('#board .cell[tabindex="0"]').focus()
    for key in ("ArrowDown", *4 * ("ArrowRight",), "Enter", "ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#moves .move.here")).to_have_text("e5")
    page.locator("#moves").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#moves .move.here")).to_have_text("1. Nf3")
    page.keyboard.press("f")
    expect(page.locator("#player-above .name")).to_have_text("white")


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1280)])
@pytest.mark.parametrize("game", ["chess", "go", "shogi"])
def test_nothing_serious_is_found_by_axe(page: Page, game: str, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of its two words
    page.set_viewport_size({"width": width, "height": 900})
    begin(page, game)
    page.click("#analyse")
    expect(page.locator("#engine-lines li")).to_have_count(3)
    page.click("#analyse")
    page.evaluate(AXE.read_text())
    found = page.evaluate("async () => (await axe.run()).violations")
    serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]
    assert not serious
    assert page.evaluate("document.documentElement.scrollWidth") <= width  # nothing sticks out

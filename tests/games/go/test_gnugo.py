"""Our Go rules against GNU Go's, over GTP: legality, captures, board, score, handicap, SGF."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.gnugo import GnuGo, Refused

from muzero_engine.games.go.actions import vertex_text
from muzero_engine.games.go.handicap import fixed_handicap, most_fixed_stones
from muzero_engine.games.go.rules import BLACK, WHITE, GoPosition
from muzero_engine.games.go.sgf import GoRecord, parse_sgf, sgf_text

COLOURS = ("black", "white")


@pytest.fixture(scope="module")
def gnugo() -> Iterator[GnuGo]:
    with GnuGo() as program:
        yield program


def vertices(position: GoPosition, squares: list[int]) -> set[str]:
    return {vertex_text(square, position.shape).lower() for square in squares}


def start(gnugo: GnuGo, size: int) -> GoPosition:
    gnugo.ask(f"boardsize {size}")
    gnugo.ask("clear_board")
    gnugo.ask("komi 7.5")
    return GoPosition((size, size))


def same_moves(gnugo: GnuGo, position: GoPosition) -> None:
    """GNU Go lists the pass or not, as it likes: it is always legal."""
    theirs = gnugo.words(f"all_legal {COLOURS[position.mover]}") | {"pass"}
    assert theirs == vertices(position, position.legal_actions().tolist()), position.board_text()


def same_board(gnugo: GnuGo, position: GoPosition) -> None:
    for colour in (BLACK, WHITE):
        assert gnugo.words(f"list_stones {COLOURS[colour]}") == vertices(position, position.stones(colour))
        assert int(gnugo.ask(f"captures {COLOURS[colour]}")) == position.lost[1 - colour]


def play(gnugo: GnuGo, position: GoPosition, action: int) -> None:
    gnugo.ask(f"play {COLOURS[position.mover]} {position.action_text(action)}")
    position.push(action)


def fills_eye(position: GoPosition, square: int) -> bool:
    own = set(position.stones(position.mover))
    row, column = divmod(square, position.shape[1])
    around = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
    return all(
        r * position.shape[1] + c in own for r, c in around if 0 <= r < position.shape[0] and 0 <= c < position.shape[1]
    )


@pytest.mark.parametrize(("size", "games"), [(5, 10), (9, 6), (13, 2), (19, 2)])
def test_random_games_to_the_end(gnugo: GnuGo, size: int, games: int) -> None:
    """Nobody fills a one-point eye, so each game ends on a full board where every stone is alive in both programs."""
    chance = random.Random(size)
    for _ in range(games):
        position = start(gnugo, size)
        while position.outcome() is None:
            same_moves(gnugo, position)
            moves = position.legal_actions()[:-1].tolist()
            moves = [move for move in moves if not fills_eye(position, move)]
            play(gnugo, position, chance.choice(moves) if moves else size * size)
            if position.ply % 10 == 0:
                same_board(gnugo, position)
        same_board(gnugo, position)
        assert gnugo.ask("final_status_list dead") == ""
        score = position.score()
        assert gnugo.ask("final_score") == f"{'B' if score > 0 else 'W'}+{abs(score):.1f}"


@pytest.mark.parametrize(("size", "games"), [(3, 20), (4, 40), (5, 40)])
def test_superko_in_games_that_fill_eyes(gnugo: GnuGo, size: int, games: int) -> None:
    """On small boards everything is captured again and again, so superko closes points all the time."""
    chance = random.Random(size)
    closed = 0
    for _ in range(games):
        position = start(gnugo, size)
        while position.outcome() is None and position.ply < 120:
            same_moves(gnugo, position)
            closed += int(position.frames(1)[0, 2].sum())
            moves = position.legal_actions().tolist()
            play(gnugo, position, chance.choice(moves[:-1] or moves))
        same_board(gnugo, position)
    assert closed > 30  # the games really met superko


@pytest.mark.parametrize("size", [7, 8, 9, 10, 11, 13, 18, 19])
def test_fixed_handicap(gnugo: GnuGo, size: int) -> None:
    """Size 12 is left out: GTP says third line up to 12, and GNU Go takes the fourth there."""
    for stones in range(2, most_fixed_stones((size, size)) + 1):
        position = start(gnugo, size)
        position.place_handicap(fixed_handicap(stones, position.shape))
        assert gnugo.words(f"fixed_handicap {stones}") == vertices(position, position.stones(BLACK))
        same_moves(gnugo, position)


def test_fixed_handicap_has_the_same_limits(gnugo: GnuGo) -> None:
    for size in (5, 6, 7, 8, 9, 10, 19):
        start(gnugo, size)
        with pytest.raises(Refused, match="invalid handicap"):
            gnugo.ask(f"fixed_handicap {max(2, most_fixed_stones((size, size)) + 1)}")


def test_gnugo_reads_our_sgf(gnugo: GnuGo, tmp_path: Path) -> None:
    chance = random.Random(7)
    position = GoPosition((9, 9), komi=0.5)
    position.place_handicap(fixed_handicap(4, position.shape))
    for _ in range(60):
        position.push(chance.choice(position.legal_actions().tolist()))
    file = tmp_path / "game.sgf"
    file.write_text(sgf_text(GoRecord.of(position, result="W+0.5", black_name="a]b", white_name="c")))
    for stop in (None, 2, 30):
        mover = gnugo.ask(f"loadsgf {file}" + (f" {stop}" if stop else ""))
        ours = GoRecord.of(position).position(stop)
        assert mover == COLOURS[ours.mover]
        same_board(gnugo, ours)
    assert float(gnugo.ask("get_komi")) == 0.5


def test_we_read_the_sgf_of_gnugo(gnugo: GnuGo) -> None:
    chance = random.Random(8)
    position = start(gnugo, 9)
    for _ in range(60):
        play(gnugo, position, chance.choice(position.legal_actions().tolist()))
    record = parse_sgf(gnugo.ask("printsgf"))  # the position only, with a komi of its own
    assert record.position().text().split()[0] == position.text().split()[0]

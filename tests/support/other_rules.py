"""Records of matches replayed with other people's programs: what `match --verify` says, without this project's rules.

PGN is read and played by python-chess, CSA and lines of USI moves by cshogi, SGF by GNU Go (which has to be installed),
with positional superko and no suicide. For every game: each move is legal; the game was not over before its last move;
if the record says that it ended by the rules, it was over and had this result; if an engine lost by a fault, it was
that engine's turn. Stones are GNU Go's, and area is counted here. Nothing of this project's rules is used.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import chess
import chess.pgn
import cshogi
from cshogi import CSA

from support.gnugo import GnuGo, Refused

FAULTS = ("illegal move", "wrong reply", "crash", "hang", "time loss")
LETTERS = "abcdefghijklmnopqrs"
COLUMNS = "ABCDEFGHJKLMNOPQRST"


class Claim(NamedTuple):
    """What games.jsonl says of a game."""

    points: float
    ending: str
    reason: str
    plies: int
    engine_moves: int  # those of the opening not counted


class Wrong(Exception):
    """What is wrong with a game."""


def read_claims(folder: Path) -> list[Claim]:
    """Return what games.jsonl says of each game."""
    lines = (folder / "games.jsonl").read_text(encoding="utf-8").splitlines()[1:]
    games = []
    for data in map(json.loads, lines):
        plies = len(data["opening_moves"]) + len(data["moves"])
        games.append(Claim(data["points"], data["ending"], data["reason"], plies, len(data["moves"])))
    return games


def expect(condition: bool, problem: str) -> None:
    if not condition:
        raise Wrong(problem)


def check_end(claim: Claim, points: float | None, reason: str, mover: int) -> None:
    """Check that `points` of player 0 is the result by the rules, None if the game goes on; `mover` is to move."""
    if claim.ending == "rules":
        expect(points is not None, f"said to have ended by {claim.reason}, but it is not over")
        expect(points == claim.points, f"{claim.points} points by {claim.reason}, but it is {points} by {reason}")
        return
    expect(points is None, f"said to have ended by {claim.ending}, but it was over by {reason}")
    if claim.ending in FAULTS and claim.engine_moves:
        expect(claim.points == float(mover), f"{claim.ending}, but player {mover} was to move and has not lost")
    if claim.ending == "ply cap":
        expect(claim.points == 0.5, "a cap on plies is a draw")


# Chess


def chess_end(board: chess.Board) -> tuple[float, str] | None:
    if board.is_checkmate():
        return (0.0 if board.turn == chess.WHITE else 1.0), "checkmate"
    if board.is_stalemate():
        return 0.5, "stalemate"
    if board.is_insufficient_material():
        return 0.5, "insufficient material"
    if board.halfmove_clock >= 100:
        return 0.5, "fifty moves"
    if board.is_repetition(3):
        return 0.5, "threefold repetition"
    return None


def check_chess(folder: Path, claims: list[Claim]) -> Iterator[tuple[int, str]]:
    stream = io.StringIO((folder / "games.pgn").read_text(encoding="utf-8"))
    for number, claim in enumerate(claims):
        try:
            game = chess.pgn.read_game(stream)
            expect(game is not None, "it is missing in games.pgn")
            assert game is not None
            expect(not game.errors, f"games.pgn: {game.errors}")
            result = {1.0: "1-0", 0.5: "1/2-1/2", 0.0: "0-1"}[claim.points]
            expect(game.headers["Result"] == result, f"games.pgn says {game.headers['Result']}")
            board = game.board()
            moves = list(game.mainline_moves())
            expect(len(moves) == claim.plies, f"{len(moves)} moves in games.pgn, {claim.plies} in games.jsonl")
            for ply, move in enumerate(moves):
                end = chess_end(board)
                expect(end is None, f"it went on after {end} at ply {ply}")
                expect(board.is_legal(move), f"illegal move {move}")
                board.push(move)
            points, reason = chess_end(board) or (None, "")
            check_end(claim, points, reason, 0 if board.turn == chess.WHITE else 1)
        except Wrong as wrong:
            yield number, str(wrong)
    if chess.pgn.read_game(stream) is not None:
        yield len(claims), "games.pgn has more games than games.jsonl"


# Shogi


def shogi_end(board: Any, seen: list[tuple[str, bool]]) -> tuple[float, str] | None:
    """Return the end of a game.

    `seen` has each position (no move number) and whether its mover is in check, in order.
    """
    mover = int(board.turn)
    if board.is_game_over():
        return float(mover), "no legal move"
    position = seen[-1][0]
    at = [i for i, (other, _) in enumerate(seen) if other == position]
    if len(at) < 4:
        return None
    since = seen[at[0] + 1 :]
    checked = {player: all(check for i, (_, check) in enumerate(since) if i % 2 == player) for player in (0, 1)}
    # since[0] is after the mover's move: there its opponent is to move, and was in check if the mover gave it
    if checked[0] == checked[1]:
        return 0.5, "fourfold repetition"
    loser = mover if checked[0] else 1 - mover
    return float(loser), "perpetual check"


def check_shogi(folder: Path, claims: list[Claim]) -> Iterator[tuple[int, str]]:
    texts = (folder / "games.csa").read_text(encoding="utf-8").removesuffix("/\n").split("\n/\n")
    lines = (folder / "games.usi").read_text(encoding="utf-8").splitlines()
    if not len(texts) == len(lines) == len(claims):
        yield 0, f"{len(texts)} games in games.csa, {len(lines)} in games.usi, {len(claims)} in games.jsonl"
        return
    for number, claim in enumerate(claims):
        try:
            parsed = CSA.Parser.parse_str(texts[number])[0]
            expect(f"'result {claim.points:g}: {claim.ending}" in texts[number], "games.csa has another result")
            start, _, words = lines[number].partition(" moves ")
            usi = words.split()
            csa = [cshogi.move_to_usi(move) for move in parsed.moves]
            expect(csa == usi, "games.csa and games.usi differ")
            expect(len(usi) == claim.plies, f"{len(usi)} moves, {claim.plies} in games.jsonl")
            board = cshogi.Board(cshogi.STARTING_SFEN if start == "startpos" else start.removeprefix("sfen "))
            seen = [(board.sfen().rsplit(" ", 1)[0], bool(board.is_check()))]
            for ply, text in enumerate(usi):
                end = shogi_end(board, seen)
                expect(end is None, f"it went on after {end} at ply {ply}")
                move = board.move_from_usi(text)
                expect(board.is_legal(move), f"illegal move {text}")
                board.push(move)
                seen.append((board.sfen().rsplit(" ", 1)[0], bool(board.is_check())))
            points, reason = shogi_end(board, seen) or (None, "")
            check_end(claim, points, reason, int(board.turn))
            if claim.ending == "declared win":
                expect(bool(board.is_nyugyoku()), "the declared win is none")
        except Wrong as wrong:
            yield number, str(wrong)


# Go


def area(size: int, stones: dict[str, set[tuple[int, int]]]) -> int:
    """Return points of black less those of white, every stone alive (Tromp-Taylor)."""
    owner = {point: colour for colour in stones for point in stones[colour]}
    total = len(stones["black"]) - len(stones["white"])
    empty = {(x, y) for x in range(size) for y in range(size)} - set(owner)
    while empty:
        region, edge, borders = set[tuple[int, int]](), [next(iter(empty))], set[str]()
        while edge:
            x, y = edge.pop()
            if (x, y) in region:
                continue
            region.add((x, y))
            for near in ((x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)):
                if near in owner:
                    borders.add(owner[near])
                elif near in empty:
                    edge.append(near)
        empty -= region
        if len(borders) == 1:
            total += len(region) if borders == {"black"} else -len(region)
    return total


def points_of(value: str, size: int) -> tuple[str, bool]:
    """Return the vertex of an SGF point, and whether it is a pass."""
    if value == "":
        return "pass", True
    return f"{COLUMNS[LETTERS.index(value[0])]}{size - LETTERS.index(value[1])}", False


def check_go(folder: Path, claims: list[Claim]) -> Iterator[tuple[int, str]]:
    games = re.findall(
        r"^\(;GM\[1\].*?\)\n", (folder / "games.sgf").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    if len(games) != len(claims):
        yield 0, f"{len(games)} games in games.sgf, {len(claims)} in games.jsonl"
        return
    with GnuGo() as gnugo:
        for number, (game, claim) in enumerate(zip(games, claims, strict=True)):
            try:
                check_go_game(gnugo, game, claim)
            except (Wrong, Refused) as wrong:
                yield number, str(wrong)


def check_go_game(gnugo: GnuGo, text: str, claim: Claim) -> None:
    text = re.sub(r"C\[(?:\\.|[^\]\\])*\]", "", text, flags=re.DOTALL)
    size = int(re.findall(r"SZ\[(\d+)\]", text)[0])
    komi = float(re.findall(r"KM\[([-0-9.]+)\]", text)[0])
    gnugo.ask(f"boardsize {size}")
    gnugo.ask("clear_board")
    root = text.split(";", 2)[1]
    for name, colour in (("AB", "black"), ("AW", "white")):
        for values in re.findall(rf"{name}((?:\[[a-s]{{2}}\])+)", root):
            for value in re.findall(r"\[(..)\]", values):
                gnugo.ask(f"play {colour} {points_of(value, size)[0]}")
    moves = re.findall(r";([BW])\[([a-s]{2}|)\]", text)
    expect(len(moves) == claim.plies, f"{len(moves)} moves in games.sgf, {claim.plies} in games.jsonl")
    passes = 0
    for ply, (letter, value) in enumerate(moves):
        expect(passes < 2, f"it went on after two passes at ply {ply}")
        colour = {"B": "black", "W": "white"}[letter]
        vertex, is_pass = points_of(value, size)
        expect(is_pass or gnugo.ask(f"is_legal {colour} {vertex}") == "1", f"illegal move {vertex} at ply {ply}")
        gnugo.ask(f"play {colour} {vertex}")
        passes = passes + 1 if is_pass else 0
    stones = {}
    for colour in ("black", "white"):
        vertices = gnugo.ask(f"list_stones {colour}").split()
        stones[colour] = {(COLUMNS.index(vertex[0]), int(vertex[1:]) - 1) for vertex in vertices}
    score = area(size, stones) - komi
    points = 0.5 if score == 0 else float(score > 0)
    mover = len(moves) % 2 if "PL[W]" not in root else 1 - len(moves) % 2
    if "counted by both engines" in claim.reason:
        expect(passes == 2, "counted, but not over")
    elif claim.ending == "ply cap":
        expect(claim.points == points, f"{claim.points} points, but the board gives {points}")
    else:
        check_end(claim, points if passes == 2 else None, f"two passes and {score:g} points", mover)
        if passes == 2:
            claimed_score = re.findall(r"RE\[([^\]]*)\]", root)[0]
            expect(
                claimed_score == ("0" if score == 0 else f"{'B' if score > 0 else 'W'}+{abs(score):g}"),
                f"{claimed_score}",
            )


def problems(folder: Path) -> list[str]:
    """Return what is wrong with the games of a match's folder."""
    claims = read_claims(folder)
    checks = {"games.pgn": check_chess, "games.csa": check_shogi, "games.sgf": check_go}
    return [
        f"line {number + 2}: {problem}"
        for name, check in checks.items()
        if (folder / name).exists()
        for number, problem in check(folder, claims)
    ]

"""Reading SFEN (the position text of USI) with care: cshogi takes much nonsense and may crash on some of it.

`lnsgkgsnl/1r5b1/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL b - 1`: ranks a to i from file 9 to file 1, capitals are
black's, `+` before a promoted piece; `b` or `w` to move; hands as in `2P` or `-`; the move number, which may be
missing. See "The Universal Shogi Interface" (Tord Romstad, 2007).
"""

from __future__ import annotations

import itertools
import re
from collections import Counter

from muzero_engine.games.base import BadPosition

START = "lnsgkgsnl/1r5b1/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL b - 1"

SQUARE = re.compile(r"[1-9]|\+?[PLNSBRplnsbr]|[GKgk]")
HAND = re.compile(r"([1-9][0-9]?)?([PLNSGBRplnsgbr])")
TOTALS = {"P": 18, "L": 4, "N": 4, "S": 4, "G": 4, "B": 2, "R": 2, "K": 2}
NAMES = {"P": "pawns", "L": "lances", "N": "knights", "S": "silvers", "G": "golds", "B": "bishops", "R": "rooks"}
STUCK_RANKS = {"P": 1, "L": 1, "N": 2}  # on its last ranks an unpromoted piece could never move again


def normal_sfen(text: str, *, mate_problem: bool = False) -> str:
    """Return the text as full SFEN with a move number; `startpos` and a leading `sfen` are understood.

    Raises BadPosition unless the board is whole, each player has one king (in a mate problem the player to move, who is
    to give mate, need not have one), no more pieces are there than in the box, and no pawn, lance or knight stands
    where the rules forbid. Whether the player who just moved left its king in check is for the caller to see.
    """
    fields = text.split()
    if fields[:1] == ["sfen"]:
        fields = fields[1:]
    if fields == ["startpos"]:
        return START
    if len(fields) not in (3, 4):
        raise BadPosition(
            f"{text[:80]!r} is not an SFEN: it needs a board, b or w, hands or -, and perhaps a move number"
        )
    board, turn, hands, number = *fields[:3], fields[3] if len(fields) == 4 else "1"
    if turn not in ("b", "w"):
        raise BadPosition(f"{turn[:20]!r} in SFEN is no player to move: write b (black) or w (white)")
    if not re.fullmatch(r"[0-9]{1,5}", number):
        raise BadPosition(f"{number[:20]!r} in SFEN is no move number: write a whole number such as 1")
    rows = read_board(board)
    held = read_hands(hands)
    _check_totals(rows, held, kingless=(turn if mate_problem else ""))
    _check_squares(rows)
    return f"{board} {turn} {hands} {max(int(number), 1)}"


def read_board(board: str) -> list[list[str]]:
    """Return nine rows of nine squares: a piece letter with its `+`, or an empty string."""
    ranks = board.split("/")
    if len(ranks) != 9:
        raise BadPosition(f"an SFEN board has 9 ranks between slashes, not {len(ranks)}")
    rows = []
    for name, rank in zip("abcdefghi", ranks, strict=True):
        squares = SQUARE.findall(rank)
        row = [cell for square in squares for cell in ([""] * int(square) if square.isdecimal() else [square])]
        if "".join(squares) != rank or len(row) != 9:
            raise BadPosition(f"rank {name} of the SFEN board is not 9 squares: {rank[:20]!r}")
        rows.append(row)
    return rows


def read_hands(hands: str) -> Counter[str]:
    """Return how many of each piece are in hand, by SFEN letter."""
    held: Counter[str] = Counter()
    if hands == "-":
        return held
    groups = HAND.findall(hands)
    if "".join(count + piece for count, piece in groups) != hands:
        raise BadPosition(f"{hands[:40]!r} in SFEN are no hands: write - or pieces with their counts like RG2p")
    if len({piece for _, piece in groups}) != len(groups):
        raise BadPosition(f"{hands[:40]!r} in SFEN names a piece in hand twice")
    for count, piece in groups:
        held[piece] += int(count or 1)
    return held


def _check_totals(rows: list[list[str]], held: Counter[str], *, kingless: str) -> None:
    """Check the pieces of a board; `kingless` is the player ("b", "w", "" for neither) who may have no king."""
    on_board = Counter(cell.lstrip("+") for row in rows for cell in row if cell)
    for player, king in (("black", "K"), ("white", "k")):
        if on_board[king] != 1 and not (on_board[king] == 0 and kingless == player[0]):
            problem = on_board["K"] + on_board["k"] == 1 and not kingless
            but = " (a mate problem with one king is for USI's `go mate`)" if problem else ""
            raise BadPosition(f"SFEN has {on_board[king]} kings of {player}: each player needs exactly one{but}")
    for piece, name in NAMES.items():
        count = sum(pieces[letter] for pieces in (on_board, held) for letter in (piece, piece.lower()))
        if count > TOTALS[piece]:
            raise BadPosition(f"SFEN has {count} {name}: a set has only {TOTALS[piece]}")


def _check_squares(rows: list[list[str]]) -> None:
    for player, own, far in (("black", str.upper, rows), ("white", str.lower, rows[::-1])):
        for piece, ranks in STUCK_RANKS.items():
            if any(own(piece) in row for row in far[:ranks]):
                raise BadPosition(f"SFEN has one of the {NAMES[piece]} of {player} where it can never move again")
        for file, column in zip(range(9, 0, -1), zip(*rows, strict=True), strict=True):
            if column.count(own("P")) > 1:
                raise BadPosition(f"SFEN has two unpromoted pawns of {player} on file {file}")
    kings = [(r, c) for king in "Kk" for r, row in enumerate(rows) for c, cell in enumerate(row) if cell == king]
    for (r, c), (other_r, other_c) in itertools.pairwise(kings):
        if max(abs(r - other_r), abs(c - other_c)) == 1:
            raise BadPosition("SFEN has the kings side by side")

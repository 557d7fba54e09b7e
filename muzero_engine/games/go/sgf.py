"""SGF (FF[4], https://www.red-bean.com/sgf/): the main line of a Go game, read and written.

Read: board size (also `SZ[9:13]`, columns first), komi, set-up stones (AB, AW, AE, point lists included) at any node,
PL, moves, passes (`B[]` and `B[tt]`), result, names, event, date and comments on moves and on the game, each comment as
one line. The first variation is the main line. All else is skipped.

Whatever the input is, reading ends in a `GoRecord` or in `BadPosition` with one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from muzero_engine.games.base import BadPosition, IllegalMove, Shape
from muzero_engine.games.go.actions import pass_action
from muzero_engine.games.go.rules import BLACK, DEFAULT_KOMI, LARGEST, SMALLEST, WHITE, GoPosition, half_points
from muzero_engine.games.go.text import komi_text

MAX_BYTES = 4 << 20  # a longer file is no game record
_COLOURS = {"B": BLACK, "W": WHITE}
_NAMES = ("black", "white")
_LETTERS = "abcdefghijklmnopqrs"
_IDENTIFIER = re.compile(r"[A-Za-z]+")
_SIZE = re.compile(r"\s*([0-9]{1,4})\s*(?::\s*([0-9]{1,4})\s*)?")

Node = list[tuple[str, list[str]]]  # properties in the order of the file


@dataclass(frozen=True, slots=True)
class Move:
    """A stone or a pass."""

    colour: int
    action: int
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Setup:
    """Stones put on or taken off the board outside the order of play, and who moves next (None: not said)."""

    black: tuple[int, ...] = ()  # squares
    white: tuple[int, ...] = ()
    empty: tuple[int, ...] = ()
    mover: int | None = None


@dataclass(frozen=True, slots=True)
class GoRecord:
    """The main line of a game."""

    shape: Shape
    steps: tuple[Move | Setup, ...]
    komi: float | None = None  # None: the file does not say
    result: str = ""  # "B+3.5", "W+R", "0", as the file has it
    black_name: str = ""
    white_name: str = ""
    event: str = ""
    date: str = ""  # of the game, ISO 8601
    comment: str = ""  # on the game as a whole

    @classmethod
    def of(cls, position: GoPosition, *, result: str = "", black_name: str = "", white_name: str = "") -> GoRecord:
        """The record of a game from its set-up stones to its last move."""
        black, white = position.first_stones(BLACK), position.first_stones(WHITE)
        steps: list[Move | Setup] = []
        if black or white or (not position.moves and position.mover == WHITE):
            steps.append(Setup(tuple(black), tuple(white), mover=position.first_mover))
        steps += [Move(colour, action) for colour, action in position.moves]
        return cls(position.shape, tuple(steps), position.komi, result, black_name, white_name)

    def position(self, before_move: int | None = None, *, komi: float = DEFAULT_KOMI) -> GoPosition:
        """The position at the end, or before move number `before_move` (1 is the first; GTP `loadsgf`).

        `komi` is for a record without one. Ko, superko and suicide are played as `GoPosition.play_any` does. Raises
        BadPosition for a move on an occupied point or a set-up that leaves a chain without liberty.
        """
        position = GoPosition(self.shape, komi=komi if self.komi is None else self.komi)
        number = 0
        for step in self.steps:
            if isinstance(step, Setup):
                _apply(step, position)
                continue
            number += 1
            if number == before_move:
                position.set_mover(step.colour)
                break
            try:
                position.play_any(step.action, step.colour)
            except IllegalMove as error:
                raise BadPosition(f"move {number} of the SGF, {_NAMES[step.colour]}: {error}") from None
        return position


def load_sgf(path: str | Path) -> GoRecord:
    """The first game of a file. Raises BadPosition if it cannot be read or holds no Go game."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise BadPosition(f"cannot read {str(path)!a}: {reason}") from None
    if len(data) > MAX_BYTES:
        raise BadPosition(f"{str(path)!a} is larger than {MAX_BYTES >> 20} MiB: that is no game record")
    return parse_sgf(data.decode("utf-8-sig", errors="replace"))


def parse_sgf(text: str) -> GoRecord:
    """The main line of the first game in an SGF text. Raises BadPosition."""
    nodes = list(_main_line(text))
    root = dict(nodes[0])
    game = _first(root, "GM") or "1"
    if game != "1":
        raise BadPosition(f"the SGF holds another game (GM {_shown(game)}), not Go (GM[1])")
    shape = _shape(_first(root, "SZ"))
    steps: list[Move | Setup] = []
    for node in nodes:
        setup = _setup(node, shape)
        if setup != Setup():
            steps.append(setup)
        for name, values in node:
            if name in _COLOURS:
                comment = _simple(_first(dict(node), "C"))
                steps.append(Move(_COLOURS[name], _point(values[0], shape, allow_pass=True), comment))
    return GoRecord(
        shape,
        tuple(steps),
        _komi(_first(root, "KM")),
        _simple(_first(root, "RE")),
        _simple(_first(root, "PB")),
        _simple(_first(root, "PW")),
        _simple(_first(root, "EV")),
        _simple(_first(root, "DT")),
        _simple(_first(root, "GC")),
    )


def split_games(text: str) -> Iterator[str]:
    """The text of each game of a collection, as `parse_sgf` takes it."""
    start, depth, at = 0, 0, 0
    while at < len(text):
        sign = text[at]
        if sign == "(":
            start = at if depth == 0 else start
            depth += 1
        elif sign == ")" and depth > 0:
            depth -= 1
            if depth == 0:
                yield text[start : at + 1]
        elif sign == "[" and depth > 0:
            while at < len(text) and text[at] != "]":
                at += 2 if text[at] == "\\" else 1
        at += 1
    if depth > 0:
        yield text[start:]


def sgf_text(record: GoRecord) -> str:
    """The record as an SGF game; `parse_sgf` is its inverse. A set-up not at the start begins a node of its own."""
    rows, columns = record.shape
    size = str(rows) if rows == columns else f"{columns}:{rows}"
    root = ["GM[1]FF[4]CA[UTF-8]AP[muzero-engine]", f"SZ[{size}]", "RU[Chinese]"]
    if record.komi is not None:
        root.append(f"KM[{komi_text(half_points(record.komi))}]")
    names = (("PB", record.black_name), ("PW", record.white_name), ("RE", record.result))
    told = (*names, ("EV", record.event), ("DT", record.date), ("GC", record.comment))
    root += [f"{name}[{_escaped(value)}]" for name, value in told if value]
    nodes = ["".join(root)]
    for i, step in enumerate(record.steps):
        if isinstance(step, Move):
            comment = f"C[{_escaped(step.comment)}]" if step.comment else ""
            nodes.append(f"{'BW'[step.colour]}[{_sgf_point(step.action, record.shape)}]{comment}")
            continue
        setup = _setup_text(step, record.shape)
        if i > 0:
            nodes.append(setup)
            continue
        handicap = len(step.black) if step.mover == WHITE and not step.white and len(step.black) > 1 else 0
        nodes[0] += (f"HA[{handicap}]" if handicap else "") + setup
    lines = [";" + node for node in nodes]
    return "(" + "\n".join([lines[0], *("".join(lines[i : i + 10]) for i in range(1, len(lines), 10))]) + ")\n"


# Reading


def _main_line(text: str) -> Iterator[Node]:
    """The nodes of the first game's first variation, at least one. Raises BadPosition."""
    start = re.search(r"\(\s*;", text)
    if start is None:
        raise BadPosition("no SGF game found: a game begins with '(;'")
    at, found = start.end(), False
    node: Node = []
    while at < len(text):
        sign = text[at]
        if sign == ";":
            yield node
            node = []
        elif sign == ")":  # the end of the first variation, so of the main line
            found = True
            break
        elif word := _IDENTIFIER.match(text, at):
            name = "".join(letter for letter in word[0] if letter.isupper())  # FF[1] to FF[3]: "White" is W
            values, at = _values(text, word.end())
            if not values:
                raise BadPosition(f"the SGF property {word[0]:.20} has no value")
            node.append((name, values))
            continue
        elif sign != "(" and not sign.isspace():
            raise BadPosition(f"unexpected {sign!a} in the SGF, {at} characters in")
        at += 1
    if not found:
        raise BadPosition("the SGF ends in the middle of the game: a ')' is missing")
    yield node


def _values(text: str, at: int) -> tuple[list[str], int]:
    """The bracketed values from `at` on, and where they end."""
    values: list[str] = []
    while True:
        opening = at
        while opening < len(text) and text[opening].isspace():
            opening += 1
        if opening == len(text) or text[opening] != "[":
            return values, at
        closing = opening + 1
        while closing < len(text) and text[closing] != "]":
            closing += 2 if text[closing] == "\\" else 1
        if closing >= len(text):
            raise BadPosition("the SGF ends inside a value: a ']' is missing")
        values.append(text[opening + 1 : closing])
        at = closing + 1


def _first(root: dict[str, list[str]], name: str) -> str | None:
    return root[name][0].strip() if name in root else None


def _simple(value: str | None) -> str:
    """SimpleText: escapes undone, every run of white space one space."""
    if value is None:
        return ""
    value = re.sub(r"\\(\r\n|\n\r|\r|\n)", "", value)
    return " ".join(re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL).split())


def _escaped(value: str) -> str:
    return re.sub(r"([\]\\:])", r"\\\1", " ".join(value.split()))


def _shown(value: str) -> str:
    return ascii(value if len(value) <= 20 else value[:20] + "...")


def _shape(value: str | None) -> Shape:
    if not value:
        return LARGEST, LARGEST
    match = _SIZE.fullmatch(value)
    columns, rows = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not all(SMALLEST <= size <= LARGEST for size in (rows, columns)):
        raise BadPosition(f"SZ {_shown(value)} in the SGF: a board has {SMALLEST} to {LARGEST} rows and columns")
    return rows, columns


def _komi(value: str | None) -> float | None:
    if not value:
        return None
    try:
        komi = float(value.replace(",", "."))
        return half_points(komi) / 2
    except ValueError:  # BadPosition is one
        raise BadPosition(f"KM {_shown(value)} in the SGF is no komi") from None


def _point(value: str, shape: Shape, *, allow_pass: bool = False) -> int:
    value = value.strip()
    if allow_pass and value in ("", "tt"):
        return pass_action(shape)
    column, row = (_LETTERS.find(letter) for letter in value) if len(value) == 2 else (-1, -1)
    if not (0 <= row < shape[0] and 0 <= column < shape[1]):
        raise BadPosition(f"{_shown(value)} in the SGF is no point of a {shape[0]}x{shape[1]} board")
    return row * shape[1] + column


def _points(value: str, shape: Shape) -> list[int]:
    """A point, or the rectangle of a compressed list ("aa:cb")."""
    first, colon, last = value.partition(":")
    start = _point(first, shape)
    if not colon:
        return [start]
    (top, left), (bottom, right) = (divmod(point, shape[1]) for point in (start, _point(last, shape)))
    rows = range(min(top, bottom), max(top, bottom) + 1)
    columns = range(min(left, right), max(left, right) + 1)
    return [row * shape[1] + column for row in rows for column in columns]


def _setup(node: Node, shape: Shape) -> Setup:
    stones: dict[str, list[int]] = {"AB": [], "AW": [], "AE": []}
    mover = None
    for name, values in node:
        if name in stones:
            stones[name] += [point for value in values if value.strip() for point in _points(value, shape)]
        elif name == "PL":
            mover = {"B": BLACK, "1": BLACK, "W": WHITE, "2": WHITE}.get(values[0].strip()[:1].upper())
            if mover is None:
                raise BadPosition(f"PL {_shown(values[0])} in the SGF: the player to move is B or W")
    return Setup(tuple(stones["AB"]), tuple(stones["AW"]), tuple(stones["AE"]), mover)


def _apply(setup: Setup, position: GoPosition) -> None:
    if not (setup.black or setup.white or setup.empty):
        position.set_mover(position.mover if setup.mover is None else setup.mover)
        return
    black, white = set(position.stones(BLACK)), set(position.stones(WHITE))
    fresh = position.ply == 0 and not black and not white
    black = (black - {*setup.white, *setup.empty}) | set(setup.black)
    white = (white - {*setup.black, *setup.empty}) | set(setup.white)
    mover = setup.mover
    if mover is None:
        mover = WHITE if fresh and black and not white else position.mover  # handicap stones
    position.set_up(black, white, mover)


# Writing


def _sgf_point(action: int, shape: Shape) -> str:
    if action == pass_action(shape):
        return ""
    row, column = divmod(action, shape[1])
    return _LETTERS[column] + _LETTERS[row]


def _setup_text(setup: Setup, shape: Shape) -> str:
    text = ""
    for name, points in (("AB", setup.black), ("AW", setup.white), ("AE", setup.empty)):
        if points:
            text += name + "".join(f"[{_sgf_point(point, shape)}]" for point in points)
    return text + ("" if setup.mover is None else f"PL[{'BW'[setup.mover]}]")

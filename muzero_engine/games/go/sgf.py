"""SGF (FF[4], https://www.red-bean.com/sgf/): the main line of a Go game, read and written.

Read: board size (also `SZ[9:13]`, columns first), komi, set-up stones (AB, AW, AE, point lists included) at any node,
PL, moves, passes (`B[]` and `B[tt]`), rules, result, names, event, date and comments on moves and on the game, each
comment as one line. The first variation is the main line. All else is skipped.

White's points for handicap, where the rules of the record (RU) give some, are no part of KM; they are part of the komi
of `GoRecord.position`. Records of this program that do not say its version say "Chinese" of any rules: theirs do not
count.

What servers write otherwise is read where it can only mean one thing, with a warning: komi in hundredths (`KM[375]`,
`KM[650]`) and in stones, as Chinese rules count (3.75 are 7.5 points), words after a number (`KM[6.5 points]`),
`B[resign]`, a board size that comes after the first node, handicap stones that are only counted (`HA[4]`).

Whatever the input is, reading ends in a `GoRecord` or in `BadPosition` with one line.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from muzero_engine import __version__
from muzero_engine.games.base import MOST_KOMI, BadPosition, IllegalMove, Shape
from muzero_engine.games.go.actions import pass_action
from muzero_engine.games.go.handicap import handicap_stones
from muzero_engine.games.go.rule_sets import BadRules, Rules, UnplayableRules
from muzero_engine.games.go.rules import BLACK, DEFAULT_KOMI, LARGEST, SMALLEST, WHITE, GoPosition, half_points
from muzero_engine.games.go.sgf_tree import Node, declared_charset, main_line, warn
from muzero_engine.games.go.text import komi_text
from muzero_engine.games.record_files import read_bytes
from muzero_engine.games.text_encodings import decode

MAX_BYTES = 4 << 20  # a longer file is no game record
MAX_STEPS = 100_000  # moves and set-ups of a game
_PROGRAM = "muzero-engine"  # in AP
_COLOURS = {"B": BLACK, "W": WHITE}
_NAMES = ("black", "white")
_LETTERS = "abcdefghijklmnopqrs"
_SIZE = re.compile(r"\s*([0-9]{1,4})\s*(?:[:xX]\s*([0-9]{1,4})\s*)?")
_NUMBER = re.compile(r"([+-]?[0-9]{1,7}(?:[.,][0-9]{1,9})?)(?![0-9])")
_PASS_WORDS = ("pass", "--")
_RESIGN_WORDS = ("resign", "resigned", "resigns")


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
    rules: str = field(default="", compare=False, kw_only=True)  # RU, as the file has it
    warnings: tuple[str, ...] = field(
        default=(), compare=False, kw_only=True
    )  # what was read otherwise than it is written

    @classmethod
    def of(cls, position: GoPosition, *, result: str = "", black_name: str = "", white_name: str = "") -> GoRecord:
        """Return the record of a game from its set-up stones to its last move."""
        black, white = position.first_stones(BLACK), position.first_stones(WHITE)
        steps: list[Move | Setup] = []
        if black or white or (not position.moves and position.mover == WHITE):
            steps.append(Setup(tuple(black), tuple(white), mover=position.first_mover))
        steps += [Move(colour, action) for colour, action in position.moves]
        return cls(position.shape, tuple(steps), position.komi, result, black_name, white_name)

    @property
    def rule_set(self) -> Rules | None:
        """Return the rules of the record, None where it names none that are known. Those that are not played here
        (Japanese) are taken for the default ones, which give white no points for handicap either."""
        try:
            return Rules.preset(self.rules)
        except UnplayableRules:
            return Rules()
        except BadRules:
            return None

    @property
    def handicap(self) -> int:
        """Return how many handicap stones black has, 0 for none (`handicap_stones`). Raises BadPosition for a set-up
        that leaves a chain without liberty."""
        position = GoPosition(self.shape)
        for step in self.steps:
            if isinstance(step, Move):
                break
            _apply(step, position)
        moves = ((step.colour, step.action) for step in self.steps if isinstance(step, Move))
        return handicap_stones(position.stones(BLACK), position.stones(WHITE), moves, self.shape)

    def position(self, before_move: int | None = None, *, komi: float = DEFAULT_KOMI) -> GoPosition:
        """Return the position at the end, or before move number `before_move` (1 is the first; GTP `loadsgf`).

        `komi` is for a record without one; white's points for handicap come on top of either. Ko, superko and suicide
        are played as `GoPosition.play_any` does. Raises BadPosition for a move on an occupied point or a set-up that
        leaves a chain without liberty.
        """
        rules = self.rule_set
        bonus = 0 if rules is None else rules.handicap_bonus(self.handicap)
        position = GoPosition(self.shape, komi=(komi if self.komi is None else self.komi) + bonus)
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
    """Read the first game of a file. Raises BadPosition if it cannot be read or holds no Go game."""
    data = read_bytes(Path(path), MAX_BYTES)
    return parse_sgf(decode(data, declared=declared_charset(data)))


def parse_sgf(text: str) -> GoRecord:
    """Read the main line of the first game in an SGF text. Raises BadPosition."""
    warnings: list[str] = []
    nodes = main_line(text, warnings)
    root = _root(nodes, warnings)
    game = root.get("GM") or "1"
    if game != "1":
        raise BadPosition(f"the SGF holds another game (GM {_shown(game)}), not Go (GM[1])")
    shape = _shape(root.get("SZ"))
    steps: list[Move | Setup] = []
    for node in nodes:
        setup = _setup(node, shape)
        if setup != Setup():
            steps.append(setup)
        comment = _simple(node.first("C"))
        for name, values in node.properties:
            if name not in _COLOURS:
                continue
            if values[0].strip().lower() in _RESIGN_WORDS:
                warn(warnings, f"{name}[{values[0].strip()}] in the SGF is no move, and is left out")
                continue
            point = _point(values[0], shape, allow_pass=True)
            steps.append(Move(_COLOURS[name], point, comment))
        if len(steps) > MAX_STEPS:
            raise BadPosition(f"the SGF has more than {MAX_STEPS} moves: that is no game record")
    if (stones := _counted_handicap(root.get("HA"), steps, shape, warnings)) is not None:
        steps.insert(0, stones)
    return GoRecord(
        shape,
        tuple(steps),
        _komi(root.get("KM"), warnings),
        *(_simple(root.get(name)) for name in ("RE", "PB", "PW", "EV", "DT", "GC")),
        rules="" if root.get("AP") == _PROGRAM else _simple(root.get("RU")),
        warnings=tuple(warnings),
    )


def sgf_text(record: GoRecord) -> str:
    """Return the record as an SGF game, which `parse_sgf` reads. A set-up not at the start begins a node of its own.

    Rules that it does not name are those of Tromp and Taylor, by which this program counts games: every stone on the
    board is alive, and komi is all that white gets.
    """
    rows, columns = record.shape
    size = str(rows) if rows == columns else f"{columns}:{rows}"
    rules = record.rules or "Tromp-Taylor"
    root = [f"GM[1]FF[4]CA[UTF-8]AP[{_PROGRAM}:{__version__}]", f"SZ[{size}]", f"RU[{_escaped(rules)}]"]
    if record.komi is not None:
        root.append(f"KM[{komi_text(half_points(record.komi))}]")
    names = (("PB", record.black_name), ("PW", record.white_name), ("RE", record.result))
    properties = (*names, ("EV", record.event), ("DT", record.date), ("GC", record.comment))
    root += [f"{name}[{_escaped(value)}]" for name, value in properties if value]
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


def _root(nodes: Sequence[Node], warnings: list[str]) -> dict[str, str]:
    """Return the first value of each property of the game: those of the first node, and what comes before a move.

    The size of the board is taken from wherever it stands: points cannot be read without it.
    """
    root: dict[str, str] = {}
    for number, node in enumerate(nodes):
        for name, values in node.properties:
            if number and name in ("SZ", "KM") and name not in root:
                warn(warnings, f"{name} stands in node {number + 1} of the SGF instead of the first")
            root.setdefault(name, values[0].strip())
        if not _COLOURS.keys().isdisjoint(name for name, _ in node.properties):
            break
    if "SZ" not in root and (sizes := [size for node in nodes if (size := node.first("SZ")) is not None]):
        warn(warnings, "SZ stands behind a move of the SGF instead of in the first node")
        root["SZ"] = sizes[0]
    for name in ("SZ", "KM"):
        if root.get(name) == "":
            warn(warnings, f"the SGF property {name} has no value")
    return root


def _counted_handicap(
    value: str | None, steps: Sequence[Move | Setup], shape: Shape, warnings: list[str]
) -> Setup | None:
    """Return the usual handicap stones where a file only counts them and white moves first, None everywhere else."""
    first = steps[0] if steps else None
    if not value or not re.fullmatch(r"[2-9]", value) or not isinstance(first, Move) or first.colour != WHITE:
        return None
    position = GoPosition(shape)
    try:
        position.place_fixed_handicap(int(value))
    except BadPosition:
        return None
    warn(warnings, f"the SGF has {value} handicap stones and does not say where: they are put on the usual points")
    return Setup(tuple(position.stones(BLACK)), mover=WHITE)


def _simple(value: str | None) -> str:
    """Return a SimpleText: escapes undone, every run of white space one space."""
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


def _komi(value: str | None, warnings: list[str]) -> float | None:
    """Return komi in points, None where the file does not say. A whole number from 100 on counts hundredths, and a
    quarter is one of stones, which are two points each."""
    if not value:
        return None
    number = _NUMBER.match(value)
    if number is None or abs(written := float(number[1].replace(",", "."))) > MOST_KOMI:
        warn(warnings, f"KM {_shown(value)} in the SGF is no komi: it is taken as not written")
        return None
    komi = (
        written / 100 if abs(written) >= 100 and number[1].lstrip("+-").isdecimal() and written % 25 == 0 else written
    )
    points = half_points(2 * komi if 4 * komi % 2 == 1 else komi) / 2
    if points != written or number.end() < len(value):
        warn(warnings, f"KM {_shown(value)} in the SGF is read as a komi of {points:g} points")
    return points


def _point(value: str, shape: Shape, *, allow_pass: bool = False) -> int:
    value = value.strip()
    if allow_pass and (value in ("", "tt") or value.lower() in _PASS_WORDS):
        return pass_action(shape)
    column, row = (_LETTERS.find(letter) for letter in value) if len(value) == 2 else (-1, -1)
    if not (0 <= row < shape[0] and 0 <= column < shape[1]):
        raise BadPosition(f"{_shown(value)} in the SGF is no point of a {shape[0]}x{shape[1]} board")
    return row * shape[1] + column


@functools.lru_cache(1 << 16)  # a file of some MB may have as many rectangles of the whole board
def _points(value: str, shape: Shape) -> int:
    """Return the bits of a point, or of the rectangle of a compressed list ("aa:cb")."""
    first, colon, last = value.partition(":")
    start = _point(first, shape)
    if not colon:
        return 1 << start
    (top, left), (bottom, right) = (divmod(point, shape[1]) for point in (start, _point(last, shape)))
    row = sum(1 << column for column in range(min(left, right), max(left, right) + 1))
    return sum(row << row_number * shape[1] for row_number in range(min(top, bottom), max(top, bottom) + 1))


def _setup(node: Node, shape: Shape) -> Setup:
    stones = dict.fromkeys(("AB", "AW", "AE"), 0)
    mover = None
    for name, values in node.properties:
        if name in stones:
            for value in filter(None, map(str.strip, values)):
                stones[name] |= _points(value, shape)
        elif name == "PL":
            mover = {"B": BLACK, "1": BLACK, "W": WHITE, "2": WHITE}.get(values[0].strip()[:1].upper())
            if mover is None:
                raise BadPosition(f"PL {_shown(values[0])} in the SGF: the player to move is B or W")
    black, white, empty = (tuple(i for i in range(bits.bit_length()) if bits >> i & 1) for bits in stones.values())
    return Setup(black, white, empty, mover)


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

"""What a game is to the rest of the program: a `Game`, its `GameSpec`, `Position`, `ActionTable`, `GameDefaults`.

Everything is in the **mover's frame** (the player to move): observation, action index, legal mask, policy, value.
The board is *turned* between movers as `GameSpec.turn` says, so that a mover always sees its own side at the same edge.

Actions are integers. With a board of `H x W` and `P` move planes,

    action = plane * (H * W) + square        square = row * W + column, in the mover's frame
    actions from P * H * W on                extra actions without a square (Go's pass)

Player 0 moves first (white in chess, black in Go and shogi), player 1 second.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt

from muzero_engine.arrays import Bools as Bools  # named here for games to import
from muzero_engine.arrays import Floats as Floats
from muzero_engine.arrays import Ints as Ints
from muzero_engine.games.record import GameRecord, ToldGame
from muzero_engine.games.text_encodings import ENCODINGS

if TYPE_CHECKING:
    from muzero_engine.games.board_view import BoardMove, BoardView, Piece

Scalars = npt.NDArray[np.int16]
Packed = npt.NDArray[np.uint8]
Area = npt.NDArray[np.int8]
Gains = npt.NDArray[np.float64]
Shape = tuple[int, int]

MOST_KOMI = 1_000_000  # points


class IllegalMove(ValueError):
    """A move text or action that cannot be played in this position; the message names it and says why."""


class BadPosition(ValueError):
    """A position text (FEN, SFEN, board size, ...) that cannot be read or is not playable; the message says why."""


class Turn(enum.Enum):
    """How the board turns between the two movers. Each is its own inverse."""

    NONE = "none"
    MIRROR = "mirror"  # rows reversed (chess)
    ROTATE = "rotate"  # rows and columns reversed (shogi)


class Symmetry(enum.IntEnum):
    """Elements of the dihedral group: bit 0 reverses columns, bit 1 reverses rows, bit 2 transposes (last)."""

    IDENTITY = 0
    FLIP_COLUMNS = 1
    FLIP_ROWS = 2
    ROTATE_180 = 3
    TRANSPOSE = 4
    ROTATE_90 = 5
    ROTATE_270 = 6
    ANTITRANSPOSE = 7


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a game. `winner` is 0 (first player), 1 (second player) or None for a draw."""

    winner: int | None
    reason: str  # lower case, for people: "checkmate", "threefold repetition", "two passes", ...

    def value(self, player: int) -> float:
        """Return +1.0 if `player` (0 or 1) won, -1.0 if it lost, 0.0 for a draw."""
        return 0.0 if self.winner is None else (1.0 if self.winner == player else -1.0)


@dataclass(frozen=True, slots=True)
class FrameLayout:
    """What one ply contributes to an observation.

    A frame is `bool[2 * per_player + neutral, H, W]` in the *first player's* frame: the planes of player 0, the same
    planes of player 1, then neutral ones. An observation stacks the last `history` frames (newest first), turned to the
    mover and with the mover's own planes first, then one constant plane a scalar (newest ply only).
    """

    per_player: int
    neutral: int
    history: int
    scalar_scales: tuple[float, ...]  # a scalar (int16, mover's view) is divided by its scale to make its plane

    @property
    def frame_planes(self) -> int:
        return 2 * self.per_player + self.neutral

    @property
    def scalars(self) -> int:
        return len(self.scalar_scales)

    @property
    def planes(self) -> int:
        """Return how many channels the observation has."""
        return self.history * self.frame_planes + self.scalars


@dataclass(frozen=True, slots=True)
class ActionTable:
    """The meaning of each action for g, in the mover's frame; squares are `row * W + column`, -1 where there is none.

    `kind` names a constant plane (a promotion piece, a dropped piece, "promotes"), -1 for none, below `kinds`.
    A pass has -1 everywhere: all its planes are zero.
    """

    from_square: Ints  # int64[A]
    to_square: Ints  # int64[A]
    kind: Ints  # int64[A]
    kinds: int


@dataclass(frozen=True, slots=True)
class GameSpec:
    """The constants of a game. `version` changes whenever its planes or its actions change."""

    name: str
    version: int
    shapes: tuple[Shape, ...]  # playable boards (rows, columns); the first is the default
    layout: FrameLayout
    turn: Turn
    symmetries: tuple[Symmetry, ...]  # exact symmetries of the rules, IDENTITY included
    action_planes: int
    extra_actions: int
    max_plies: int  # a game that is longer is scored as a draw in self-play (never by `Position.outcome`)
    players: tuple[str, str]  # names of player 0 and player 1 in the game's own words
    typical_plies: float = 1.5  # length of a usual game, in plies per square of the board; for time management
    ownership: bool = False  # whether the network has an ownership head (Go)

    def num_actions(self, shape: Shape) -> int:
        """Return A, the number of actions on a board of this shape."""
        return self.action_planes * shape[0] * shape[1] + self.extra_actions


class Position(Protocol):
    """A position with its history. Mutable: `push` and `pop` are exact inverses. Not thread-safe; `copy` is cheap.

    Actions are always in the frame of the player to move *now*.
    """

    @property
    def spec(self) -> GameSpec: ...
    @property
    def shape(self) -> Shape: ...
    @property
    def mover(self) -> int:
        """Return the player to move: 0 or 1."""
        ...

    @property
    def ply(self) -> int:
        """Return the plies played since the first position of this object (a set-up position starts at 0)."""
        ...

    def legal_actions(self) -> Ints:
        """Return the legal actions, int64[n], ascending, n >= 0.

        Draws by repetition or move counts do not empty the array; mate and stalemate do.
        """
        ...

    def push(self, action: int) -> None:
        """Play a legal action. Raises IllegalMove for any other."""
        ...

    def pop(self) -> int:
        """Take the last action back and return it. Raises IndexError where there is none."""
        ...

    def copy(self) -> Self: ...
    def outcome(self) -> Outcome | None:
        """Return how the game ends here by the rules, draws to claim (threefold, fifty moves) included, or None."""
        ...

    def ending_actions(self) -> dict[int, float]:
        """Return the legal actions that end the game, each with its value (+1, 0, -1) for the mover *here*."""
        ...

    def decisive_actions(self) -> dict[int, float]:
        """Return those of `ending_actions` that win (+1) or lose (-1); it may be much faster."""
        ...

    def can_declare_win(self) -> bool:
        """Return whether the mover may end the game in its favour without a move (shogi's 27-point declaration)."""
        ...

    def frames(self, count: int) -> Bools:
        """Return bool[count, frame_planes, H, W], newest first, first player's frame.

        It is zero before the first position.
        """
        ...

    def scalars(self) -> Scalars:
        """Return int16[layout.scalars] of the current ply, mover's view."""
        ...

    def action_text(self, action: int) -> str:
        """Return the protocol's text for a legal action (UCI, GTP vertex, USI)."""
        ...

    def parse_action(self, text: str) -> int:
        """Return the legal action that a protocol text means. Raises IllegalMove for anything else."""
        ...

    def text(self) -> str:
        """Return the position as text that `Game.from_text` reads (FEN, SFEN, ...), without history."""
        ...

    def board_text(self) -> str:
        """Return a board for people: lines of ASCII, coordinates at the edges, who is to move below."""
        ...


# What only some games have: a position of theirs also fulfils one of these (`isinstance` tells).


@runtime_checkable
class Scored(Protocol):
    """A position that can be counted as it stands, every stone or disc on the board alive."""

    def score(self) -> float:
        """Return player 0's points less player 1's, komi included where there is one."""
        ...

    def area(self) -> Area:
        """Return int8[H, W] in {-1, 0, 1}: who owns each square, player 0's view (1: player 0)."""
        ...


@runtime_checkable
class WithKomi(Protocol):
    """A position in which player 1 has points for moving second."""

    @property
    def komi(self) -> float: ...
    def set_komi(self, komi: float) -> None:
        """Change the komi, to the nearest half point. Raises BadPosition beyond `MOST_KOMI` points either way."""
        ...


@runtime_checkable
class Handicap(Protocol):
    """A position in which player 0 may have stones before the game begins; player 1 moves first then."""

    def place_fixed_handicap(self, stones: int) -> None:
        """Put so many stones on the usual points of an empty board. Raises BadPosition where they have no place."""
        ...


@runtime_checkable
class EngineSetup(Protocol):
    """A position that an engine has to be told of by an option of its protocol before it can play it."""

    def engine_option(self) -> tuple[str, str, str]:
        """Return (option, value, what the option is for): ("UCI_Chess960", "true", "Chess960")."""
        ...


@dataclass(frozen=True, slots=True)
class MateResult:
    """What a `MateSolver` found out about one problem."""

    moves: tuple[str, ...]  # of both players in the protocol's words, up to the mate; empty where none is proven
    decided: bool  # a mate is proven, or no mate was left to be looked for


class MateSolver(Protocol):
    """Proves forced mates by the rules alone. Problems are text, so that another process can solve them."""

    @property
    def quick_nodes(self) -> int:
        """Return how many positions it looks at in 0.1 to 0.2 s."""
        ...

    def problem(self, position: Position) -> str:
        """Return a position as one line, with what a mate may depend on of the moves that led to it."""
        ...

    def solve(
        self, problem: str, moves: Sequence[str], nodes: int, stopped: Callable[[], bool] = lambda: False
    ) -> MateResult:
        """Look for a mate that the player to move forces after `moves` were played from `problem`.

        It looks at about `nodes` positions (at least 1) at most. What it returns is proven: against every reply of the
        other player there is a move of the mate, and the game's rules on repetition do not end it before. Blocks, and
        may hold the interpreter; a solver that can asks `stopped` now and then, and decides nothing any more once that
        says so. Raises BadPosition or IllegalMove.
        """
        ...


class EngineProtocol(enum.Enum):
    """What GUIs and engines of a game speak."""

    UCI = "uci"
    GTP = "gtp"
    USI = "usi"
    UGI = "ugi"  # the Universal Game Interface: of games without a protocol of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class Notation:
    """How people write moves and positions, where that is more than the protocol's text.

    `parse` returns the legal action that a text means, None for what it does not know, and raises IllegalMove where a
    text is understood but cannot be played. The protocol's text is read before it. `text` writes a legal action.
    """

    parse: Callable[[Position, str], int | None] | None = None
    text: Callable[[Position, int], str] | None = None
    kanji: Callable[[Position, int], str] | None = None  # as `text`, beside a board with kanji on its pieces
    kanji_players: tuple[str, str] | None = None  # what the players are called beside kanji
    pattern: re.Pattern[str] | None = None  # what a move of the protocol looks like, legal or not; None: one word
    plies_per_move: int = 1  # what a numbered move is: 2 where the two players' moves have one number
    move_example: str = ""  # for a prompt: "e2e4, e7e8q, or Nf3"
    position_example: str = ""  # for an error message: "a FEN"


@dataclass(frozen=True, slots=True)
class RecordedGame:
    """What a file says of one game, or of one position to begin from."""

    start: str | None = None  # as `Game.from_text` reads it; None is the initial position of the game
    moves: tuple[str, ...] = ()  # in the protocol's words, from `start` on, one side after the other
    name: str = ""  # what the file calls it, if it does
    players: tuple[str, str] = ("", "")  # names of player 0 and player 1
    warnings: tuple[str, ...] = ()  # what was read otherwise than it is written, each a sentence
    told: ToldGame = field(default_factory=ToldGame)


@dataclass(frozen=True, slots=True)
class PlayedGame:
    """A recorded game, played through."""

    position: Position  # after the last move, with all moves
    players: tuple[str, str] = ("", "")  # names of player 0 and player 1
    warnings: tuple[str, ...] = ()  # as in `RecordedGame`
    told: ToldGame = field(default_factory=ToldGame)


@dataclass(frozen=True, slots=True)
class RecordEntry:
    """The part of a file that holds one game or one position."""

    number: int  # of the game, or of the line, from 1
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFormat:
    """A kind of file that holds games or positions of one game.

    `read` gets one entry and the start position of the games to be played, whose komi, say, holds where the entry has
    none; `play` gets one entry and plays it through. Both raise BadPosition. `write` returns the file of one game, from
    the record and the event's name; files of several hold these one behind the other, with the `separator` in between.
    """

    name: str  # "PGN"
    suffixes: tuple[str, ...]  # of file names, lower case, the first is what is written: (".pgn",)
    unit: str  # "game" or "line": what an entry is
    split: Callable[[str], Iterator[RecordEntry]]
    read: Callable[[str, Position], RecordedGame]
    play: Callable[[str], PlayedGame] | None = None  # None: what `read` says, played through
    encodings: tuple[str, ...] = ENCODINGS  # what files without a mark are in, see `games.text_encodings`
    declared_encoding: Callable[[bytes], str | None] | None = None  # what a file says of its encoding
    signature: re.Pattern[str] | None = None  # searched for in the beginning of a text that could be of any format
    write: Callable[[GameRecord, str], str] | None = None
    only_read: tuple[str, ...] = ()  # those of `suffixes` whose files are never written
    written_encodings: Mapping[str, str] = field(default_factory=dict)  # by suffix, where it is not UTF-8
    one_game: bool = False  # whether a file holds no more than one
    separator: str = ""  # between the games of a file
    written_once: bytes = b""  # what each written game contains once, so that games can be counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """Kyu and dan of a game, on the scale of its ladder: 1 dan is `step` above 1 kyu, 2 dan as much above 1 dan."""

    first_dan: float  # Elo
    step: float  # Elo of a rank
    weakest_kyu: int
    highest_dan: int
    scale: str  # is in what a table says of its scale (`LevelTable.scale`) where its ratings are those of the ladder
    anchor: str  # what 1 dan rests on and how far it may be off, a sentence for people

    def elo(self, text: str) -> float | None:
        """Return the rating that a rank ("5k", "5 kyu", "2 dan") stands for; None for what is none."""
        match = re.fullmatch(r"([0-9]{1,2})\s*-?\s*(k|kyu|d|dan)", text.strip().lower())
        if match is None:
            return None
        number = int(match[1])
        dan = match[2].startswith("d")
        if not 1 <= number <= (self.highest_dan if dan else self.weakest_kyu):
            return None
        return self.first_dan + self.step * (number - 1 if dan else -number)

    def name(self, elo: float) -> str:
        """Return the rank that is nearest to a rating: "5 kyu"."""
        steps = round((elo - self.first_dan) / self.step)
        if steps >= 0:
            return f"{min(steps + 1, self.highest_dan)} dan"
        return f"{min(-steps, self.weakest_kyu)} kyu"


@dataclass(frozen=True, slots=True, kw_only=True)
class GameDefaults:
    """What holds for a game where the user says nothing else."""

    time_control: str = "movetime=1"  # of matches, as `match --tc` reads it
    opening_plies: int = 4  # random plies at the start of the games of a match
    ply_cap: Callable[[Shape], int] | None = None  # plies of a match's game at most; None: `GameSpec.max_plies`
    bench_positions: tuple[str, ...] = ()  # what `bench` searches, as `Game.from_text` reads it; empty: the start
    ranks: Ranks | None = None  # kyu and dan, where people have them
    presets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By the name of a preset of training ("tiny", "small", "release"): settings that differ from what holds for every
    game, as on the command line: "self_play.games=256"."""


@dataclass(frozen=True, slots=True)
class Game:
    """A game as the registry hands it out. What has a default need not be declared."""

    spec: GameSpec
    initial: Callable[[Shape], Position]  # start position on a board of this shape; raises BadPosition
    from_text: Callable[[str], Position]  # raises BadPosition
    action_table: Callable[[Shape], ActionTable]
    action_permutation: Callable[[Symmetry, Shape], Ints]  # int64[A]: new index of each action under a symmetry
    transformed_starts: Mapping[Symmetry, str] = field(default_factory=dict)
    """Text of the start position as each symmetry of the rules moves it, where that is another position."""
    protocol: EngineProtocol = EngineProtocol.UGI
    notation: Notation = field(default_factory=Notation)
    board_view: Callable[[Position], BoardView] | None = None  # a board for people; None: `Position.board_text` is all
    board_move: Callable[[Position, int], BoardMove] | None = None
    """Where a legal action goes on the board of `board_view`; None: moves can be chosen by their texts alone."""
    plane_pieces: tuple[tuple[Piece, ...], tuple[Piece, ...]] | None = None
    """What the first `FrameLayout.per_player` planes of player 0 and of player 1 stand for, as `board_view` shows it;
    None: the planes are no pieces."""
    records: tuple[RecordFormat, ...] = ()  # besides lines of moves, which every game has (see `games.lines`)
    defaults: GameDefaults = field(default_factory=GameDefaults)
    picture: Callable[[Position, int | None, int | None], str] | None = None
    """SVG of a position with two legal actions marked, one that was played and a better one; None: as `board_view`."""
    piece_picture: Callable[[str], str | None] | None = None
    """SVG of the piece with this letter (`board_view.Piece.letter`), None where there is no such piece; without it a
    piece is drawn by its symbol, kanji or letter."""
    greedy: Callable[[Position], Gains] | None = None
    """float64[n]: what each of `legal_actions()` gains at once by a rule of thumb (material, discs), for the scripted
    opponent `greedy` of a run; None: there is no such opponent."""
    declarations: bool = False  # whether `Position.can_declare_win` is ever true
    mates: MateSolver | None = None  # None: nobody here proves mates of this game

    def ply_cap(self, shape: Shape) -> int:
        """Return how many plies a game of a match may have where nothing else is said."""
        cap = self.defaults.ply_cap
        return self.spec.max_plies if cap is None else cap(shape)

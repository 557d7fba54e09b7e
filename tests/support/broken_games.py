"""Games with one deliberate fault each, and what the conformance kit has to say of it."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Callable, Sequence
from typing import Any, Self

import chess
import numpy as np

from muzero_engine.games.base import (
    ActionTable,
    Area,
    Bools,
    Gains,
    Game,
    GameDefaults,
    GameSpec,
    Ints,
    MateResult,
    Notation,
    Outcome,
    Position,
    RecordFormat,
    Scalars,
    Shape,
    Symmetry,
    Turn,
)
from muzero_engine.games.board_view import BoardView
from muzero_engine.games.chess import GAME as CHESS
from muzero_engine.games.chess.rules import ChessPosition, position_from_fen
from muzero_engine.games.lines import line_format
from muzero_engine.games.othello import GAME as OTHELLO
from muzero_engine.games.othello.rules import OthelloPosition
from muzero_engine.games.tictactoe import GAME as TICTACTOE
from muzero_engine.games.tictactoe.board_view import board_view
from muzero_engine.games.tictactoe.rules import SPEC, Marks, TicTacToePosition


class PopForgetsTheMover(OthelloPosition):
    def pop(self) -> int:
        action = super().pop()
        self._mover = 1 - self._mover
        return action


class PopReturnsNothing(TicTacToePosition):
    def pop(self) -> int:
        super().pop()
        return 0


class PopOfNothingIsSilent(TicTacToePosition):
    def pop(self) -> int:
        return super().pop() if self.ply else -1


class PopOfNothingTakesAway(TicTacToePosition):
    def pop(self) -> int:
        self._taken = not self.ply
        return super().pop() if self.ply else -1

    def text(self) -> str:
        if getattr(self, "_taken", False):
            raise IndexError("list index out of range")
        return super().text()


class TakesAnyAction(TicTacToePosition):
    def push(self, action: int) -> None:
        board = self._boards[-1]
        self._boards.append((*board[:action], self.mover, *board[action + 1 :]))
        self._actions.append(int(action))


class RaisesAnotherError(TicTacToePosition):
    def push(self, action: int) -> None:
        self._boards[-1][action]
        super().push(action)


class CopiesShareTheHistory(TicTacToePosition):
    def copy(self) -> Self:
        twin = type(self)(self._boards)
        twin._actions = self._actions
        return twin


class KeepsItsArrays(TicTacToePosition):
    def __init__(self, boards: list[Marks]) -> None:
        super().__init__(boards)
        self._kept: dict[Marks, Ints] = {}

    def legal_actions(self) -> Ints:
        return self._kept.setdefault(self._boards[-1], super().legal_actions())


class LegalActionsDescend(TicTacToePosition):
    def legal_actions(self) -> Ints:
        return super().legal_actions()[::-1]


class RunsOutOfMoves(TicTacToePosition):
    def outcome(self) -> Outcome | None:
        return None


class MovesTwice(OthelloPosition):
    @property
    def mover(self) -> int:
        return self.ply // 2 % 2


class MissesAWin(TicTacToePosition):
    def ending_actions(self) -> dict[int, float]:
        return {action: value for action, value in super().ending_actions().items() if action != 4}


class EndingsOfTheOtherSide(OthelloPosition):
    def ending_actions(self) -> dict[int, float]:
        return {action: -value for action, value in super().ending_actions().items()}


class DecidesDraws(TicTacToePosition):
    def decisive_actions(self) -> dict[int, float]:
        return self.ending_actions()


class CountsItsTexts(TicTacToePosition):
    numbers = itertools.count()

    def board_text(self) -> str:
        return f"{next(self.numbers)}\n{super().board_text()}"


class OneWordForAll(TicTacToePosition):
    def action_text(self, action: int) -> str:
        return "a1"


class WritesAnotherMove(TicTacToePosition):
    def action_text(self, action: int) -> str:
        return super().action_text(8 - action)

    def parse_action(self, text: str) -> int:
        return super().parse_action(text)


class ReadsAnotherMover(OthelloPosition):
    def text(self) -> str:
        return super().text()[:-1] + "x"


class ForgetsWhoMoves(TicTacToePosition):
    def board_text(self) -> str:
        return "\n".join([*super().board_text().splitlines()[:-1], ""])


class ParsesWithAKeyError(TicTacToePosition):
    def parse_action(self, text: str) -> int:
        actions: dict[str, int] = {self.action_text(action): action for action in self.legal_actions().tolist()}
        return actions[text]


class SaysMuch(TicTacToePosition):
    @classmethod
    def from_text(cls, text: str) -> Self:
        try:
            return super().from_text(text)
        except ValueError as error:
            raise type(error)(f"{error}\nand more") from error


class HistoryOfTheNewest(TicTacToePosition):
    def frames(self, count: int) -> Bools:
        frames = super().frames(count)
        frames[1:] = frames[0]
        return frames


class FramesOfTheMover(TicTacToePosition):
    """Hands out its own marks first, which the encoding does a second time."""

    def frames(self, count: int) -> Bools:
        frames = super().frames(count)
        return frames[:, ::-1] if self.mover == 1 else frames


class WideScalars(TicTacToePosition):
    def scalars(self) -> Scalars:
        return np.zeros(1, dtype=np.int16)


class HugeScalars(OthelloPosition):
    @property
    def spec(self) -> GameSpec:
        layout = dataclasses.replace(OTHELLO.spec.layout, scalar_scales=(1.0,))
        return dataclasses.replace(OTHELLO.spec, layout=layout)

    def scalars(self) -> Scalars:
        return np.array([self.ply], dtype=np.int16)


class NotInTheCorner(TicTacToePosition):
    """Its first move may not be a1, so the board has fewer symmetries."""

    def legal_actions(self) -> Ints:
        return super().legal_actions()[0 if self.ply or "x" in self.text() else 1 :]


class TurnsTheWrongWay(ChessPosition):
    @property
    def spec(self) -> GameSpec:
        return dataclasses.replace(CHESS.spec, turn=Turn.ROTATE)

    @classmethod
    def initial(cls, shape: Shape) -> Self:
        CHESS.initial(shape)
        return cls(chess.Board())

    @classmethod
    def from_text(cls, text: str) -> Self:
        return cls(position_from_fen(text).board)


class HalfOwners(OthelloPosition):
    def area(self) -> Area:
        return super().area()[:4]


class ChangesItsKomi(TicTacToePosition):
    komi = 0.0

    def set_komi(self, komi: float) -> None:
        self.komi = 0.5


class Declares(TicTacToePosition):
    def can_declare_win(self) -> bool:
        return True


class FalseMates:
    """Claims that the first legal move mates, as long as there are two."""

    def problem(self, position: Position) -> str:
        return position.text()

    def solve(
        self, problem: str, moves: Sequence[str], nodes: int, stopped: Callable[[], bool] = lambda: False
    ) -> MateResult:
        position = TICTACTOE.from_text(problem)
        legal = position.legal_actions().tolist()
        return MateResult((position.action_text(legal[0]),) if len(legal) > 1 else (), True)


class TwoLines(FalseMates):
    def problem(self, position: Position) -> str:
        return f"{position.text()}\nagain"


class IllegalMates(FalseMates):
    def solve(
        self, problem: str, moves: Sequence[str], nodes: int, stopped: Callable[[], bool] = lambda: False
    ) -> MateResult:
        return MateResult(("z9",), True)


def gains_of_all_actions(position: Position) -> Gains:
    return np.zeros(position.spec.num_actions(position.shape))


def gains_by_playing(position: Position) -> Gains:
    gains = np.zeros(len(position.legal_actions()))
    if len(gains):
        position.push(int(position.legal_actions()[0]))
    return gains


class OtherBoards(TicTacToePosition):
    @classmethod
    def initial(cls, shape: Shape) -> Self:
        return super().initial((3, 3))


def tictactoe(position: type[TicTacToePosition], **changes: Any) -> Game:
    return dataclasses.replace(TICTACTOE, initial=position.initial, from_text=position.from_text, **changes)


def othello(position: type[OthelloPosition], **changes: Any) -> Game:
    return dataclasses.replace(OTHELLO, initial=position.initial, from_text=position.from_text, **changes)


def spec(**changes: Any) -> Game:
    changed = dataclasses.replace(SPEC, **changes)
    position = type("Changed", (TicTacToePosition,), {"spec": property(lambda self: changed)})
    return tictactoe(position, spec=changed)


def narrow_view(position: Position) -> BoardView:
    return dataclasses.replace(board_view(position), columns=("a", "b"))


def swapped_permutation(symmetry: Symmetry, shape: Shape) -> Ints:
    """Return what the other quarter turn does."""
    other = {Symmetry.ROTATE_90: Symmetry.ROTATE_270, Symmetry.ROTATE_270: Symmetry.ROTATE_90}
    return TICTACTOE.action_permutation(other.get(symmetry, symmetry), shape)


def short_permutation(symmetry: Symmetry, shape: Shape) -> Ints:
    return TICTACTOE.action_permutation(symmetry, shape)[:-1]


def reversed_table(shape: Shape) -> ActionTable:
    table = TICTACTOE.action_table(shape)
    return dataclasses.replace(table, to_square=table.to_square[::-1].copy())


def table_of_one_square(shape: Shape) -> ActionTable:
    table = TICTACTOE.action_table(shape)
    return dataclasses.replace(table, to_square=np.zeros_like(table.to_square))


def table_off_the_board(shape: Shape) -> ActionTable:
    table = TICTACTOE.action_table(shape)
    return dataclasses.replace(table, to_square=table.to_square + 1)


def turned_chess() -> Game:
    turned = dataclasses.replace(CHESS.spec, turn=Turn.ROTATE)
    position = TurnsTheWrongWay
    return dataclasses.replace(CHESS, spec=turned, initial=position.initial, from_text=position.from_text)


def shortened_format() -> RecordFormat:
    """Return a format whose lines lack the last move."""
    lines = line_format(TICTACTOE.from_text, (".txt",), start=".../.../...")
    write = lines.write
    assert write is not None
    return dataclasses.replace(lines, write=lambda record, event: write(record, event).rpartition(" ")[0] + "\n")


FAULTS: list[tuple[str, Callable[[], Game], str]] = [
    ("version", lambda: spec(version=0), r"GameSpec.version is below 1"),
    ("players", lambda: spec(players=("x", "x")), r"GameSpec.players has the same name twice"),
    ("other boards", lambda: tictactoe(OtherBoards), r"initial\(\(2, 77\)\) returns a position"),
    ("text changes", lambda: tictactoe(CountsItsTexts), r"asked twice, .* differently: board_text is '\d+\\n.*' here"),
    ("descending", lambda: tictactoe(LegalActionsDescend), r"legal_actions\(\) is not ascending: \[8, 7, 6"),
    ("no outcome", lambda: tictactoe(RunsOutOfMoves), r"no legal action although outcome\(\) is None.*after 9 plies"),
    ("moves twice", lambda: othello(MovesTwice), r"the mover is 0; who cannot move has to pass"),
    ("any action", lambda: tictactoe(TakesAnyAction), r"push\(-1\) is not refused"),
    ("another error", lambda: tictactoe(RaisesAnotherError), r"IndexError was raised: tuple index out of range"),
    (
        "pop forgets",
        lambda: othello(PopForgetsTheMover),
        r"pop\(\) does not bring back .*: mover is 0 here and 1 there",
    ),
    ("pop returns", lambda: tictactoe(PopReturnsNothing), r"pop\(\) returns 0, but the last action was \d"),
    ("pop takes away", lambda: tictactoe(PopOfNothingTakesAway), r"pop\(\) at the start position does not raise"),
    ("pop is silent", lambda: tictactoe(PopOfNothingIsSilent), r"pop\(\) at the start position does not raise"),
    (
        "copies share",
        lambda: tictactoe(CopiesShareTheHistory),
        r"a move on a copy changes what it was made from: mover",
    ),
    (
        "keeps its array",
        lambda: tictactoe(KeepsItsArrays),
        r"an array that legal_actions\(\) returned is the position's",
    ),
    (
        "misses a win",
        lambda: tictactoe(MissesAWin),
        r"ending_actions\(\) is \{.*\}, but outcome\(\) .* says \{.*4: 1.0",
    ),
    ("other side", lambda: othello(EndingsOfTheOtherSide), r"ending_actions\(\) is \{.*\}, but outcome\(\)"),
    ("decides draws", lambda: tictactoe(DecidesDraws), r"decisive_actions\(\) is \{\d: 0.0\}, but \{\} of ending_act"),
    ("one word", lambda: tictactoe(OneWordForAll), r"calls more than one legal action 'a1'"),
    ("another word", lambda: tictactoe(WritesAnotherMove), r"parse_action\('c3'\) is 8, but action_text\(0\) wrote it"),
    ("another mover", lambda: othello(ReadsAnotherMover), r"mover is 0 after from_text\('.*'\), not 1 \(after 1 plies"),
    ("who moves", lambda: tictactoe(ForgetsWhoMoves), r"the last line of board_text\(\) does not name 'x'"),
    ("narrow view", lambda: dataclasses.replace(TICTACTOE, board_view=narrow_view), r"board_view\(\) has 3x2 squares"),
    ("key error", lambda: tictactoe(ParsesWithAKeyError), r"KeyError was raised"),
    ("two lines", lambda: tictactoe(SaysMuch), r"from_text\('.*'\) raises BadPosition with a message .* not one line"),
    ("newest only", lambda: tictactoe(HistoryOfTheNewest), r"frames\(\) is not zero before the first position"),
    ("mover's frames", lambda: tictactoe(FramesOfTheMover), r"frames\(history\) is not what frames\(1\) was"),
    ("wide scalars", lambda: tictactoe(WideScalars), r"scalars\(\) is int16\[1\], not int16\[0\]"),
    ("huge scalars", lambda: othello(HugeScalars, spec=HugeScalars(0, 0, 0).spec), r"the observation leaves -4 to 4"),
    (
        "reversed table",
        lambda: tictactoe(TicTacToePosition, action_table=reversed_table),
        r"leaves the square \d as it",
    ),
    (
        "one square",
        lambda: tictactoe(TicTacToePosition, action_table=table_of_one_square),
        r"have the same row in the a",
    ),
    ("off the board", lambda: tictactoe(TicTacToePosition, action_table=table_off_the_board), r"leaves -1 to 8"),
    (
        "wrong permutation",
        lambda: tictactoe(TicTacToePosition, action_permutation=swapped_permutation),
        r"action_permutation\(ROTATE_90\) takes action 0 to \d, which is not the action on the square",
    ),
    (
        "short permutation",
        lambda: tictactoe(TicTacToePosition, action_permutation=short_permutation),
        r"action_permutation\(IDENTITY\) is not int64 with each action once",
    ),
    (
        "undeclared starts",
        lambda: othello(OthelloPosition, transformed_starts={}),
        r"the start under FLIP_COLUMNS is not '8/8/8/3ox3/3xo3/8/8/8 x': say what it is in Game.transformed_starts",
    ),
    (
        "false symmetry",
        lambda: tictactoe(NotInTheCorner),
        r"a game and the same under FLIP_COLUMNS have different legal actions \(after 0 plies",
    ),
    ("half owners", lambda: othello(HalfOwners), r"area\(\) is int8\[4, 8\] with \[-1, 0, 1\]"),
    ("ownership", lambda: spec(ownership=True), r"ownership is set, but positions have no score\(\) and area\(\)"),
    ("komi", lambda: tictactoe(ChangesItsKomi), r"komi is 0.5 after set_komi\(1.0\)"),
    ("mates", lambda: tictactoe(TicTacToePosition, mates=FalseMates()), r"has the line .*, which is no mate"),
    ("illegal mates", lambda: tictactoe(TicTacToePosition, mates=IllegalMates()), r"solve\(\) has the line z9: .*z9"),
    ("lines", lambda: tictactoe(TicTacToePosition, mates=TwoLines()), r"problem\(\) is '.*\\nagain', not one line"),
    ("declares", lambda: tictactoe(Declares), r"can_declare_win\(\) is true, but Game.declarations is not set"),
    (
        "gains of all",
        lambda: tictactoe(TicTacToePosition, greedy=gains_of_all_actions),
        r"greedy\(\) is float64\[9\], not float64\[8\] \(after 1 plies",
    ),
    ("gains", lambda: tictactoe(TicTacToePosition, greedy=gains_by_playing), r"greedy\(\) changes the position: mover"),
    (
        "presets",
        lambda: tictactoe(TicTacToePosition, defaults=GameDefaults(presets={"tiny": ("games = 3",)})),
        r"the preset 'tiny' has 'games = 3', which is not like 'self_play.games=256'",
    ),
    (
        "bench",
        lambda: tictactoe(TicTacToePosition, defaults=GameDefaults(bench_positions=("xxx/oo./...",))),
        r"the game is over in the bench position 'xxx/oo./...'",
    ),
    (
        "notation",
        lambda: tictactoe(TicTacToePosition, notation=Notation(text=lambda position, action: "b2")),
        r"Notation writes 'b2' for action 0, which is read as 4",
    ),
    (
        "pattern",
        lambda: tictactoe(TicTacToePosition, notation=Notation(pattern=re.compile("[ab][1-3]"))),
        r"Notation.pattern does not fit 'c1', a legal move",
    ),
    (
        "records",
        lambda: tictactoe(TicTacToePosition, records=(shortened_format(),)),
        r"lines of moves of a game is read as one that ends at '.*' \(after \d plies",
    ),
    ("wrong turn", turned_chess, r"looks the same to both players under Turn.MIRROR, not under the declared"),
]

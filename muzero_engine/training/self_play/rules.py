"""Games played by their rules, slot by slot, reading and writing numpy arrays that processes may share. No torch here.

A slot plays one game after the other. What is random about a game (its opening plies, komi, whether it may be
resigned) follows from the run's seed, the rank, the slot and the number of the game in its slot, so that it is the same
however many processes share the slots.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from muzero_engine.games.base import Game, Position, Scored, Shape, WithKomi
from muzero_engine.games.encoding import pack, packed_size
from muzero_engine.games.endings import can_escape_loss, playable
from muzero_engine.games.registry import load_game

KEEP = -2  # instead of an action: the slot stays as it is
START = -3  # instead of an action: the slot begins its game `Buffers.number` afresh
ArraysLayout = list[tuple[npt.DTypeLike, tuple[int, ...]]]  # type and shape of arrays in shared memory
RESIGNATION, DECLARED, LONGEST = "resignation", "declared win", "longest game"


class RulesError(RuntimeError):
    """The rules failed; one line says in which game and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesSettings:
    """One group of slots: B games at once on boards of one shape."""

    game: str
    shape: Shape
    slots: int  # B
    first_slot: int  # number of the first slot among all groups of this rank, for the seeds
    seed: int
    rank: int
    cap: int  # the most plies of a game
    opening_plies: int
    decisive_moves: bool
    no_resign_share: float
    branch_share: float
    komi: float  # mean, where the game has komi
    komi_spread: float  # standard deviation

    def memory_size(self) -> int:
        """Return the bytes of memory that `buffers_over` needs."""
        return arrays_size(Buffers.layout(self))

    def buffers_over(self, memory: Any) -> Buffers:
        """Return the arrays over a writable buffer of `memory_size` bytes."""
        return Buffers(*arrays_over(memory, Buffers.layout(self)))

    def slice_of(self, buffers: Buffers, first: int, end: int) -> RulesSlice:
        """Return the slots from `first` to before `end`."""
        return RulesSlice(self, buffers, first, end)


@dataclass(frozen=True, slots=True)
class Buffers:
    """What the rules and the search tell each other about the B slots of a group; P bytes a ply, A actions."""

    action: npt.NDArray[np.int32]  # [B] in: the move to play, or KEEP, START
    resigns: npt.NDArray[np.bool_]  # [B] in and out: whether the mover would resign; false if the rules save it now
    branch_ply: npt.NDArray[np.int32]  # [B] in: where the next game may branch off the one that ends now; -1: nowhere
    branch_action: npt.NDArray[np.int32]  # [B] in: the move that it would play there
    number: npt.NDArray[np.int64]  # [B] in and out: number of the current game in its slot, from 0
    origin: npt.NDArray[np.int64]  # [B] number of the game whose beginning it has: another's where it branched off
    packed: npt.NDArray[np.uint8]  # [B, P] the position to move in (see games.encoding)
    legal: npt.NDArray[np.uint8]  # [B, ceil(A / 8)] the actions to search, as numpy.packbits: the legal ones, or fewer
    ply: npt.NDArray[np.int32]  # [B] plies played before it, random opening included
    resignable: npt.NDArray[np.bool_]  # [B] whether the current game may be resigned
    fresh: npt.NDArray[np.bool_]  # [B] whether the current game began in the last step
    opening: npt.NDArray[np.int32]  # [B] its plies that nobody searched: random ones, at most O, or those of a branch
    opening_packed: npt.NDArray[np.uint8]  # [B, O, P]
    opening_action: npt.NDArray[np.int16]  # [B, O]
    done: npt.NDArray[np.bool_]  # [B] whether the last step ended a game; what follows is about that game
    result: npt.NDArray[np.int8]  # [B] in {-1, 0, 1}, player 0's view
    by_rules: npt.NDArray[np.bool_]  # [B] whether its last move ended it by the rules
    reason: npt.NDArray[np.bytes_]  # S24[B]
    ownership: npt.NDArray[np.int8]  # [B, H, W] in {-1, 0, 1}, player 0's view, 0 where it was resigned; else [B, 0, 0]

    @staticmethod
    def layout(settings: RulesSettings) -> ArraysLayout:
        """Return the type and the shape of each array, in their order."""
        spec, shape = load_game(settings.game).spec, settings.shape
        plies, size = settings.opening_plies, packed_size(spec, shape)
        shapes: ArraysLayout = [
            (np.int32, ()),
            (np.bool_, ()),
            (np.int32, ()),
            (np.int32, ()),
            (np.int64, ()),
            (np.int64, ()),
            (np.uint8, (size,)),
            (np.uint8, ((spec.num_actions(shape) + 7) // 8,)),
            (np.int32, ()),
            (np.bool_, ()),
            (np.bool_, ()),
            (np.int32, ()),
            (np.uint8, (plies, size)),
            (np.int16, (plies,)),
            (np.bool_, ()),
            (np.int8, ()),
            (np.bool_, ()),
            ("S24", ()),
            (np.int8, shape if spec.ownership else (0, 0)),
        ]
        return [(dtype, (settings.slots, *rest)) for dtype, rest in shapes]


def arrays_size(layout: ArraysLayout) -> int:
    """Return the bytes of memory that `arrays_over` needs."""
    return sum(_aligned(dtype, shape) for dtype, shape in layout)


def arrays_over(memory: Any, layout: ArraysLayout) -> list[npt.NDArray[Any]]:
    """Return arrays one behind the other over a writable buffer of `arrays_size` bytes."""
    arrays: list[npt.NDArray[Any]] = []
    offset = 0
    for dtype, shape in layout:
        count = math.prod(shape)
        arrays.append(np.frombuffer(memory, dtype, count, offset if count else 0).reshape(shape))
        offset += _aligned(dtype, shape)
    return arrays


def _aligned(dtype: npt.DTypeLike, shape: tuple[int, ...]) -> int:
    return -(-math.prod(shape) * np.dtype(dtype).itemsize // 64) * 64


@dataclass(frozen=True, slots=True)
class _End:
    winner: int | None
    reason: str
    by_rules: bool


class RulesSlice:
    """The slots `start` to `stop` of a group. Nothing else may write their rows while `step` runs."""

    def __init__(self, settings: RulesSettings, buffers: Buffers, start: int, stop: int) -> None:
        """Raise RulesError where the game asks for ownership, and its positions cannot say whose each point is."""
        self._settings = settings
        self._game: Game = load_game(settings.game)
        if self._game.spec.ownership and not isinstance(self._game.initial(settings.shape), Scored):
            raise RulesError(
                f"{settings.game} declares an ownership head (GameSpec.ownership), but its positions cannot count "
                "areas, which the head would learn: declare ownership=False"
            )
        self._rows = slice(start, stop)
        self._slots = range(start, stop)
        self._buffers = buffers
        layout, count = self._game.spec.layout, stop - start
        self._positions: list[Position] = [self._game.initial(settings.shape)] * count
        self._moves: list[list[int]] = [[] for _ in range(count)]  # of the games, where games may branch
        self._frames = np.zeros((count, layout.frame_planes, *settings.shape), dtype=np.bool_)
        self._scalars = np.zeros((count, layout.scalars), dtype="<i2")
        self._legal = np.zeros((count, self._game.spec.num_actions(settings.shape)), dtype=np.bool_)

    def step(self) -> None:
        """Do what `Buffers.action` says and describe the position that follows in each slot. Raises RulesError.

        Where `Buffers.resigns` is set and the game may be resigned, its mover loses and the action is not played,
        unless the mover can end the game at once by a win or a draw. A game that ended is followed by the first
        position of the slot's next game.
        """
        buffers = self._buffers
        buffers.done[self._rows] = False
        buffers.fresh[self._rows] = False
        for i, (slot, action) in enumerate(zip(self._slots, buffers.action[self._rows].tolist(), strict=True)):
            if action == KEEP:
                continue
            try:
                if action == START:
                    self._begin(i, slot)
                else:
                    self._advance(i, slot, action)
            except Exception as error:
                where = f"slot {slot}, game {buffers.number[slot]}, ply {self._positions[i].ply}"
                raise RulesError(f"{self._settings.game}, {where}: {type(error).__name__}: {error}") from error
        frames = np.packbits(self._frames.reshape(len(self._slots), -1), axis=1)
        end = frames.shape[1]
        buffers.packed[self._rows, :end] = frames
        buffers.packed[self._rows, end:-1] = self._scalars.view(np.uint8)
        buffers.packed[self._rows, -1] = [position.mover for position in self._positions]
        buffers.legal[self._rows] = np.packbits(self._legal, axis=1)

    def close(self) -> None:
        """Give back nothing: rules hold nothing."""

    def _advance(self, i: int, slot: int, action: int) -> None:
        position = self._positions[i]
        if self._buffers.resigns[slot]:
            self._buffers.resigns[slot] = not can_escape_loss(position)
        if self._buffers.resigns[slot] and self._buffers.resignable[slot]:
            self._finish(i, slot, _End(1 - position.mover, RESIGNATION, False))
            return
        position.push(action)
        self._moves[i].append(action)
        position.legal_actions()  # first: `outcome` is cheaper when they are known
        end = self._end_of(position)
        if end is not None:
            self._finish(i, slot, end)
        else:
            self._describe(i, slot)

    def _end_of(self, position: Position) -> _End | None:
        outcome = position.outcome()
        if outcome is not None:
            return _End(outcome.winner, outcome.reason, True)
        if position.can_declare_win():
            return _End(position.mover, DECLARED, False)
        if position.ply < self._settings.cap:
            return None
        score = position.score() if isinstance(position, Scored) else 0.0
        return _End(None if score == 0 else (0 if score > 0 else 1), LONGEST, False)

    def _finish(self, i: int, slot: int, end: _End) -> None:
        buffers, position = self._buffers, self._positions[i]
        buffers.done[slot] = True
        buffers.result[slot] = 0 if end.winner is None else 1 - 2 * end.winner
        buffers.by_rules[slot] = end.by_rules
        buffers.reason[slot] = end.reason.encode()
        if self._game.spec.ownership:
            assert isinstance(position, Scored)
            buffers.ownership[slot] = 0 if end.reason == RESIGNATION else position.area()
        buffers.number[slot] += 1
        if not self._branch(i, slot):
            self._begin(i, slot)

    def _begin(self, i: int, slot: int) -> None:
        settings, buffers = self._settings, self._buffers
        number = int(buffers.number[slot])
        rng = self._random(slot, number)
        komi = rng.gauss(settings.komi, settings.komi_spread)
        buffers.resignable[slot] = rng.random() >= settings.no_resign_share
        plies = rng.randint(0, min(settings.opening_plies, settings.cap - 1))
        while (position := self._opening(slot, plies, komi, rng)) is None:
            plies -= 1
        self._positions[i] = position
        self._moves[i] = buffers.opening_action[slot, :plies].tolist()
        buffers.opening[slot] = plies
        buffers.origin[slot] = number
        buffers.fresh[slot] = True
        self._describe(i, slot)

    def _branch(self, i: int, slot: int) -> bool:
        """Begin the slot's next game as a branch of the one that just ended; return False where it is none."""
        settings, buffers = self._settings, self._buffers
        ply = int(buffers.branch_ply[slot])
        rng = self._random(slot, int(buffers.number[slot]), "branch")
        if not settings.branch_share or ply < 0 or rng.random() >= settings.branch_share:
            return False
        position = self._game.initial(settings.shape)
        if isinstance(position, WithKomi):
            position.set_komi(self._random(slot, int(buffers.origin[slot])).gauss(settings.komi, settings.komi_spread))
        moves = [*self._moves[i][:ply], int(buffers.branch_action[slot])]
        for action in moves:
            position.push(action)
        if self._end_of(position) is not None:
            return False
        self._positions[i], self._moves[i] = position, moves
        buffers.resignable[slot] = rng.random() >= settings.no_resign_share
        buffers.opening[slot] = len(moves)
        buffers.fresh[slot] = True
        self._describe(i, slot)
        return True

    def _random(self, slot: int, number: int, what: str = "") -> random.Random:
        """Return the random numbers of a game of a slot."""
        settings = self._settings
        seed = f"{settings.seed} {settings.rank} {settings.first_slot + slot} {number}"
        return random.Random(f"{seed} {what}" if what else seed)

    def _opening(self, slot: int, plies: int, komi: float, rng: random.Random) -> Position | None:
        """Return a game after some random plies, which are written to the buffers; None if they ended the game."""
        position = self._game.initial(self._settings.shape)
        if isinstance(position, WithKomi):
            position.set_komi(komi)
        for ply in range(plies):
            action = int(rng.choice(position.legal_actions()))
            self._buffers.opening_packed[slot, ply] = pack(position)
            self._buffers.opening_action[slot, ply] = action
            position.push(action)
            if position.outcome() is not None:
                return None
        return position

    def _describe(self, i: int, slot: int) -> None:
        position = self._positions[i]
        legal = playable(position) if self._settings.decisive_moves else position.legal_actions()
        self._frames[i] = position.frames(1)[0]
        self._scalars[i] = position.scalars()
        row = self._legal[i]
        row[:] = False
        row[legal] = True
        self._buffers.ply[slot] = position.ply

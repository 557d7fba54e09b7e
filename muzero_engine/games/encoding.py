"""Observation planes and packed plies, shared by all games (see `FrameLayout` for the layout).

One ply packs into `packed_size(spec, shape)` bytes: the frame's bits (row-major, big-endian bits, padded to a byte),
the scalars as little-endian int16, and one byte for the mover. Of a game that began where the rules say, an observation
is a pure function of the last `history` packed plies; nothing else of it needs to be stored.
"""

from __future__ import annotations

import functools

import numpy as np

from muzero_engine.games.base import (
    Bools,
    Floats,
    FrameLayout,
    GameSpec,
    Packed,
    Position,
    Scalars,
    Shape,
    Symmetry,
    Turn,
)
from muzero_engine.games.registry import UnknownGame, load_game


def turned(planes: Bools, turn: Turn) -> Bools:
    """Return `bool[..., H, W]` as the other player sees it (a view)."""
    match turn:
        case Turn.NONE:
            return planes
        case Turn.MIRROR:
            return planes[..., ::-1, :]
        case Turn.ROTATE:
            return planes[..., ::-1, ::-1]


def stack_observation(frames: Bools, scalars: Scalars, mover: int, layout: FrameLayout, turn: Turn) -> Floats:
    """Return float32[planes, H, W] in the mover's frame from bool[history, frame_planes, H, W] and int16[scalars]."""
    history, _, rows, columns = frames.shape
    if mover == 1:
        p = layout.per_player
        order = [*range(p, 2 * p), *range(p), *range(2 * p, layout.frame_planes)]
        frames = turned(frames[:, order], turn)
    observation = np.empty((layout.planes, rows, columns), dtype=np.float32)
    count = history * layout.frame_planes
    observation[:count] = frames.reshape(count, rows, columns)
    constants = scalars.astype(np.float32) / np.asarray(layout.scalar_scales, dtype=np.float32)
    observation[count:] = constants[:, None, None]
    return observation


def observation(position: Position) -> Floats:
    """Return what h sees of this position, float32[planes, H, W], mover's frame.

    The past of a position that was set up, a FEN say, is not known, but a network that was trained on games knows none
    without a past but their start: without it the mover seems to be lost. The pieces are then taken to have stood as
    they were set up.
    """
    layout = position.spec.layout
    frames = position.frames(layout.history)
    if position.ply + 1 < layout.history:
        first = frames[position.ply, : 2 * layout.per_player]
        starts = _starts(position.spec.name, position.shape)
        if starts and first.tobytes() not in starts:
            frames[position.ply + 1 :, : 2 * layout.per_player] = first
    return stack_observation(frames, position.scalars(), position.mover, layout, position.spec.turn)


@functools.cache
def _starts(name: str, shape: Shape) -> frozenset[bytes]:
    """Return the planes of pieces where games begin on a board; none where the game is not known."""
    try:
        game = load_game(name)
    except UnknownGame:
        return frozenset()
    starts = [game.initial(shape), *map(game.from_text, game.transformed_starts.values())]
    return frozenset(start.frames(1)[0, : 2 * game.spec.layout.per_player].tobytes() for start in starts)


def packed_size(spec: GameSpec, shape: Shape) -> int:
    """Return how many bytes one packed ply has."""
    bits = spec.layout.frame_planes * shape[0] * shape[1]
    return (bits + 7) // 8 + 2 * spec.layout.scalars + 1


def pack(position: Position) -> Packed:
    """Return the current ply of a position, uint8[packed_size]."""
    frame = np.packbits(position.frames(1)[0].reshape(-1))
    scalars = position.scalars().astype("<i2").view(np.uint8)
    return np.concatenate([frame, scalars, np.array([position.mover], dtype=np.uint8)])


def unpack(packed: Packed, spec: GameSpec, shape: Shape) -> tuple[Bools, Scalars, int]:
    """Undo `pack`: return `bool[frame_planes, H, W]`, `int16[scalars]` and the mover.

    Raises ValueError on a wrong size.
    """
    if packed.shape != (packed_size(spec, shape),):
        raise ValueError(
            f"a packed ply of {spec.name} {shape} has {packed_size(spec, shape)} bytes, not {packed.shape}"
        )
    bits = spec.layout.frame_planes * shape[0] * shape[1]
    end = (bits + 7) // 8
    frame = np.unpackbits(packed[:end], count=bits).astype(np.bool_)
    scalars = packed[end:-1].copy().view("<i2").astype(np.int16)
    return frame.reshape(spec.layout.frame_planes, *shape), scalars, int(packed[-1])


def observation_from_packed(plies: Packed, spec: GameSpec, shape: Shape) -> Floats:
    """Return float32[planes, H, W] from `uint8[n, packed_size]`, oldest first, n >= 1; missing history is zero."""
    layout = spec.layout
    frames = np.zeros((layout.history, layout.frame_planes, *shape), dtype=np.bool_)
    newest = plies[::-1][: layout.history]
    unpacked = [unpack(ply, spec, shape) for ply in newest]
    for i, (frame, _, _) in enumerate(unpacked):
        frames[i] = frame
    _, scalars, mover = unpacked[0]
    return stack_observation(frames, scalars, mover, layout, spec.turn)


def apply_symmetry(planes: Floats, symmetry: Symmetry) -> Floats:
    """Return `float32[..., H, W]` under a symmetry of the board (a view; H == W is needed where it transposes)."""
    if symmetry & 1:
        planes = planes[..., ::-1]
    if symmetry & 2:
        planes = planes[..., ::-1, :]
    if symmetry & 4:
        planes = planes.swapaxes(-1, -2)
    return planes


def square_permutation(symmetry: Symmetry, shape: Shape) -> list[int]:
    """Return the new square of each square (`row * W + column`) when `apply_symmetry` is applied to the board."""
    rows, columns = shape
    old = np.arange(rows * columns, dtype=np.float32).reshape(rows, columns)
    moved = apply_symmetry(old, symmetry).reshape(-1).astype(np.int64)  # moved[new] = old
    permutation = np.empty_like(moved)
    permutation[moved] = np.arange(rows * columns)
    return [int(square) for square in permutation]

"""Checks of what the network sees: observations, packed plies, action planes, turns and symmetries of the board."""

from __future__ import annotations

import numpy as np

from muzero_engine.games.base import Bools, Game, Position, Shape, Symmetry, Turn
from muzero_engine.games.conformance.play import Broken, homesick_play, pick, random_play
from muzero_engine.games.encoding import (
    apply_symmetry,
    observation,
    observation_from_packed,
    pack,
    packed_size,
    turned,
    unpack,
)

INVERSE = {Symmetry.ROTATE_90: Symmetry.ROTATE_270, Symmetry.ROTATE_270: Symmetry.ROTATE_90}  # the others: themselves


def observations_are_finite_planes(game: Game, shape: Shape) -> None:
    """frames() and scalars() have the type and the shape that the layout says; no plane leaves -4 to 4."""
    layout = game.spec.layout
    for position in random_play(game.initial(shape), seed=10, plies=100):
        frames, scalars = position.frames(1), position.scalars()
        if frames.dtype != np.bool_ or frames.shape != (1, layout.frame_planes, *shape):
            raise Broken(
                f"frames(1) is {frames.dtype}{list(frames.shape)}, not bool{[1, layout.frame_planes, *shape]}", position
            )
        if scalars.dtype != np.int16 or scalars.shape != (layout.scalars,):
            raise Broken(f"scalars() is {scalars.dtype}{list(scalars.shape)}, not int16[{layout.scalars}]", position)
        planes = observation(position)
        if planes.dtype != np.float32 or planes.shape != (layout.planes, *shape):
            raise Broken(f"the observation is {planes.dtype}{list(planes.shape)}", position)
        if not np.all(np.isfinite(planes)) or not np.all(np.abs(planes) <= 4):
            raise Broken("the observation leaves -4 to 4: give that scalar a larger scale in the layout", position)


def missing_history_is_zero(game: Game, shape: Shape) -> None:
    """frames(n) begins with the newest ply and is zero before the first position."""
    start = game.initial(shape)
    position = game.initial(shape)
    position.push(pick(position, np.random.default_rng(11)))
    frames = position.frames(4)
    if len(frames) != 4:
        raise Broken(f"frames(4) has {len(frames)} plies", position)
    if frames[2:].any():
        raise Broken("frames() is not zero before the first position", position)
    if not np.array_equal(frames[0], position.frames(1)[0]):
        raise Broken("frames() does not begin with the newest ply", position)
    if not np.array_equal(frames[1], start.frames(1)[0]):
        raise Broken("the second ply of frames() is not the position before", position)


def packed_plies_hold_the_whole_observation(game: Game, shape: Shape) -> None:
    """The observation is what the last packed plies say and nothing else: a run stores no more of a game."""
    spec = game.spec
    for play in (random_play, homesick_play):
        packed = np.zeros((0, packed_size(spec, shape)), dtype=np.uint8)
        for position in play(game.initial(shape), seed=12, plies=60):
            ply = pack(position)
            frame, scalars, mover = unpack(ply, spec, shape)
            same = np.array_equal(frame, position.frames(1)[0]) and np.array_equal(scalars, position.scalars())
            if not same or mover != position.mover:
                raise Broken("a packed ply does not unpack to frames(1), scalars() and mover", position)
            packed = np.concatenate([packed, ply[None]])
            if not np.array_equal(observation_from_packed(packed, spec, shape), observation(position)):
                raise Broken(
                    "frames(history) is not what frames(1) was at each of the last plies, so packed plies do not make "
                    "the observation",
                    position,
                )


def action_table_tells_legal_actions_apart(game: Game, shape: Shape) -> None:
    """Each action has its row in the action table, and no two that are legal at the same time have the same planes."""
    table = game.action_table(shape)
    count, squares = game.spec.num_actions(shape), shape[0] * shape[1]
    columns = {"from_square": table.from_square, "to_square": table.to_square, "kind": table.kind}
    for name, column in columns.items():
        limit = table.kinds if name == "kind" else squares
        if column.dtype != np.int64 or column.shape != (count,):
            raise Broken(f"{name} of the action table is {column.dtype}{list(column.shape)}, not int64[{count}]")
        if not np.all((column >= -1) & (column < limit)):
            raise Broken(f"{name} of the action table leaves -1 to {limit - 1}")
    rows = np.stack([*columns.values()], axis=1)
    for position in random_play(game.initial(shape), seed=16, plies=100):
        legal = rows[position.legal_actions()]
        if len(np.unique(legal, axis=0)) != len(legal):
            raise Broken("two legal actions have the same row in the action table", position)


def one_network_serves_all_boards(game: Game, shape: Shape) -> None:
    """Where there are several boards, an action names a point and nothing else: one plane of actions, and no kinds."""
    planes, kinds = game.spec.action_planes, game.action_table(shape).kinds
    if len(game.spec.shapes) > 1 and (planes != 1 or kinds):
        raise Broken(
            f"there are {len(game.spec.shapes)} boards and actions of {planes} planes and {kinds} kinds, "
            "which no network takes: make each board a game of its own"
        )


def moves_change_their_square(game: Game, shape: Shape) -> None:
    """The square that the action table names as `to_square` is one that the move changes."""
    to_square = game.action_table(shape).to_square
    rng = np.random.default_rng(15)
    position = game.initial(shape)
    while position.outcome() is None and position.ply < 60:
        action = pick(position, rng)
        name, mover, before = position.action_text(action), position.mover, position.frames(1)[0]
        position.push(action)
        changed = (position.frames(1)[0] != before).any(axis=0)
        if mover == 1:
            changed = turned(changed, game.spec.turn)
        if to_square[action] >= 0 and not changed.reshape(-1)[to_square[action]]:
            raise Broken(
                f"{name} (action {action}) leaves the square {to_square[action]} as it was, which the action table "
                "names as its to_square in the mover's frame",
                position,
            )


def symmetries_are_permutations_with_an_inverse(game: Game, shape: Shape) -> None:
    """action_permutation() moves each action to the one on the moved square; the inverse symmetry takes it back."""
    everything = np.arange(game.spec.num_actions(shape))
    squares = np.arange(shape[0] * shape[1], dtype=np.float32).reshape(shape)
    to = game.action_table(shape).to_square
    for symmetry in _symmetries(game, shape):
        permutation = game.action_permutation(symmetry, shape)
        if permutation.dtype != np.int64 or not np.array_equal(np.sort(permutation), everything):
            raise Broken(f"action_permutation({symmetry.name}) is not int64 with each action once")
        back = INVERSE.get(symmetry, symmetry)
        if not np.array_equal(game.action_permutation(back, shape)[permutation], everything):
            raise Broken(f"action_permutation({back.name}) does not take back action_permutation({symmetry.name})")
        moved = apply_symmetry(squares, symmetry).reshape(-1)  # moved[new] = old
        on_square, new_to = to >= 0, to[permutation]
        if not np.array_equal(on_square, new_to >= 0):
            raise Broken(f"action_permutation({symmetry.name}) makes an action without a square one that has one")
        wrong = np.flatnonzero(on_square)[moved[new_to[on_square]] != to[on_square]]
        if len(wrong):
            raise Broken(
                f"action_permutation({symmetry.name}) takes action {wrong[0]} to {permutation[wrong[0]]}, which is not "
                "the action on the square that the symmetry moves its square to"
            )
    if not np.array_equal(game.action_permutation(Symmetry.IDENTITY, shape), everything):
        raise Broken("action_permutation(IDENTITY) moves an action")


def transformed_games_are_the_same_game(game: Game, shape: Shape) -> None:
    """A game played through a symmetry, with permuted actions, is the same game seen through it."""
    for symmetry in _symmetries(game, shape):
        permutation = game.action_permutation(symmetry, shape)
        text = game.transformed_starts.get(symmetry)
        twin = game.initial(shape) if text is None else game.from_text(text)
        if not np.array_equal(apply_symmetry(observation(game.initial(shape)), symmetry), observation(twin)):
            raise Broken(
                f"the start under {symmetry.name} is not {twin.text()!r}: say what it is in Game.transformed_starts, "
                "or leave that symmetry out if the rules do not have it"
            )
        for position in random_play(game.initial(shape), seed=13, plies=40):
            if position.ply:
                action = position.pop()
                position.push(action)
                twin.push(int(permutation[action]))
            if not np.array_equal(apply_symmetry(observation(position), symmetry), observation(twin)):
                raise Broken(f"a game and the same under {symmetry.name} look different at {twin.text()!r}", position)
            legal = np.sort(permutation[position.legal_actions()])
            if not np.array_equal(legal, twin.legal_actions()):
                raise Broken(f"a game and the same under {symmetry.name} have different legal actions", position)
            if position.outcome() != twin.outcome():
                raise Broken(f"a game and the same under {symmetry.name} have different outcomes", position)


def turned_boards_look_the_same(game: Game, shape: Shape) -> None:
    """Where the board turns and the start looks the same to both players, an action means the same to both.

    A start that looks the same only under another turn than the declared one is a wrong declaration.
    """
    turn = game.spec.turn
    if turn is Turn.NONE:
        return
    position = game.initial(shape)
    if not starts_alike(position, turn):
        others = [other for other in Turn if other is not turn and starts_alike(position, other)]
        if others:
            raise Broken(f"the start looks the same to both players under {others[0]}, not under the declared {turn}")
        return
    for action in position.legal_actions().tolist():
        name = position.action_text(action)
        position.push(action)
        if action in position.legal_actions():
            position.push(action)
            if not np.array_equal(*_both_views(position, turn)):
                raise Broken(f"action {action} ({name}) of one player is not the same move of the other", position)
            position.pop()
        position.pop()


def starts_alike(position: Position, turn: Turn) -> bool:
    """Return whether the pieces of a position look the same to both players if the board turns so between them."""
    return bool(np.array_equal(*_both_views(position, turn)))


def _both_views(position: Position, turn: Turn) -> tuple[Bools, Bools]:
    """Return bool[2 * per_player, H, W] twice: the pieces as each player sees them, its own first."""
    p = position.spec.layout.per_player
    frame = position.frames(1)[0]
    return frame[: 2 * p], turned(frame[[*range(p, 2 * p), *range(p)]], turn)


def _symmetries(game: Game, shape: Shape) -> list[Symmetry]:
    """Return the game's symmetries that leave the shape of this board as it is."""
    return [symmetry for symmetry in game.spec.symmetries if shape[0] == shape[1] or not symmetry & 4]


CHECKS = (
    observations_are_finite_planes,
    turned_boards_look_the_same,
    missing_history_is_zero,
    packed_plies_hold_the_whole_observation,
    action_table_tells_legal_actions_apart,
    one_network_serves_all_boards,
    moves_change_their_square,
    symmetries_are_permutations_with_an_inverse,
    transformed_games_are_the_same_game,
)

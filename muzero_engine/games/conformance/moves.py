"""Checks of the game's constants, of moves made and taken back, and of the ends of games."""

from __future__ import annotations

import contextlib

import numpy as np

from muzero_engine.games.base import BadPosition, Game, IllegalMove, Position, Shape, Symmetry
from muzero_engine.games.conformance.play import (
    Broken,
    Seen,
    endings_by_trying,
    homesick_play,
    pick,
    random_play,
    whole_game,
)
from muzero_engine.games.encoding import pack

SMALL = 100  # squares of a board on which many games are played to their end


def spec_is_whole(game: Game, shape: Shape) -> None:
    """The constants of the game fit together, and its start position is one."""
    spec, layout = game.spec, game.spec.layout
    wrong = {
        "name is empty": not spec.name,
        "version is below 1": spec.version < 1,
        "shapes names a board twice": len(set(spec.shapes)) != len(spec.shapes),
        "symmetries has no IDENTITY": Symmetry.IDENTITY not in spec.symmetries,
        "symmetries names one twice": len(set(spec.symmetries)) != len(spec.symmetries),
        "layout.history is below 1": layout.history < 1,
        "layout has no planes": layout.frame_planes < 1,
        "layout.scalar_scales has one that is not above 0": not all(scale > 0 for scale in layout.scalar_scales),
        "players has the same name twice": len(set(spec.players)) != 2,
        "max_plies is below 1": spec.max_plies < 1,
        "typical_plies is not above 0": not spec.typical_plies > 0,
        "num_actions is below 1": spec.num_actions(shape) < 1,
    }
    for complaint, holds in wrong.items():
        if holds:
            raise Broken(f"GameSpec.{complaint}")
    position = game.initial(shape)
    for what, value, right in (
        ("spec", position.spec, spec),
        ("shape", position.shape, shape),
        ("ply", position.ply, 0),
        ("mover", position.mover, 0),
        ("outcome()", position.outcome(), None),
    ):
        if value != right:
            raise Broken(f"{what} of the start position is {value!r}, not {right!r}")
    pick(position, np.random.default_rng(0))


def other_boards_are_refused(game: Game, shape: Shape) -> None:
    """The start on a board of a shape that the game does not have raises BadPosition."""
    with contextlib.suppress(BadPosition):
        game.initial((2, 77))
        raise Broken("initial((2, 77)) returns a position and does not raise BadPosition")


def answers_stay_the_same(game: Game, shape: Shape) -> None:
    """What a position answers twice is the same, and another game of the same moves gives the same answers."""
    position, twin = game.initial(shape), game.initial(shape)
    rng = np.random.default_rng(23)
    for _ in range(20):
        seen = Seen.of(position)
        if difference := Seen.of(position).difference(seen):
            raise Broken(f"asked twice, a position answers differently: {difference}", position)
        if difference := Seen.of(twin).difference(seen):
            raise Broken(f"the same moves lead to different positions: {difference}", position)
        if position.outcome() is not None:
            return
        action = pick(position, rng)
        position.push(action)
        twin.push(action)


def legal_actions_are_ascending_and_in_range(game: Game, shape: Shape) -> None:
    """legal_actions() is int64, ascending, within the actions of the board, and empty only where the game is over."""
    for position in random_play(game.initial(shape), seed=1, plies=150):
        actions = position.legal_actions()
        if actions.dtype != np.int64 or actions.ndim != 1:
            raise Broken(f"legal_actions() is {actions.dtype}[{actions.ndim} axes], not int64[n]", position)
        if not np.all(np.diff(actions) > 0):
            raise Broken(f"legal_actions() is not ascending: {actions.tolist()}", position)
        count = position.spec.num_actions(shape)
        if len(actions) and not 0 <= actions[0] <= actions[-1] < count:
            raise Broken(f"legal_actions() has one outside 0..{count - 1}: {actions.tolist()}", position)


def players_move_in_turn(game: Game, shape: Shape) -> None:
    """After each action the other player is to move: the sign of every value in the search rests on it."""
    for position in random_play(game.initial(shape), seed=24, plies=150):
        if position.mover != position.ply % 2:
            raise Broken(f"the mover is {position.mover}; who cannot move has to pass with an action", position)


def illegal_actions_change_nothing(game: Game, shape: Shape) -> None:
    """push() of an action that is not legal raises IllegalMove and leaves the position as it was."""
    rng = np.random.default_rng(2)
    for position in random_play(game.initial(shape), seed=2, plies=30):
        before = Seen.of(position)
        count = position.spec.num_actions(shape)
        illegal = np.setdiff1d(np.arange(count), position.legal_actions())
        for action in [-1, count, *rng.choice(illegal, min(8, len(illegal)), replace=False).tolist()]:
            with contextlib.suppress(IllegalMove):
                position.push(action)
                raise Broken(f"push({action}) is not refused although legal_actions() did not have it", position)
        if difference := Seen.of(position).difference(before):
            raise Broken(f"a refused action changes the position: {difference}", position)


def pop_is_the_inverse_of_push(game: Game, shape: Shape) -> None:
    """pop() returns the last action and brings back all that was seen before it; without one it raises IndexError."""
    position = game.initial(shape)
    rng = np.random.default_rng(3)
    seen: list[Seen] = [Seen.of(position)]
    played: list[int] = []
    while position.outcome() is None and position.ply < 60:
        played.append(pick(position, rng))
        position.push(played[-1])
        seen.append(Seen.of(position))
        if position.ply != len(played):
            raise Broken(f"ply is {position.ply} after {len(played)} actions", position)
    while played:
        _compare_popped(position, seen.pop())
        action = played.pop()
        if (popped := position.pop()) != action:
            raise Broken(f"pop() returns {popped}, but the last action was {action}", position)
    _compare_popped(position, seen.pop())
    try:
        position.pop()
    except IndexError:
        _compare_popped(position, Seen.of(game.initial(shape)))
    else:
        raise Broken("pop() at the start position does not raise IndexError")


def _compare_popped(position: Position, before: Seen) -> None:
    if difference := Seen.of(position).difference(before):
        raise Broken(f"pop() does not bring back what was there before push(): {difference}", position)


def copies_share_nothing(game: Game, shape: Shape) -> None:
    """A copy is equal, and what is played or taken back on one of the two does not reach the other."""
    rng = np.random.default_rng(4)
    start = Seen.of(game.initial(shape))
    for position in random_play(game.initial(shape), seed=4, plies=20):
        before = Seen.of(position)
        twin = position.copy()
        if difference := Seen.of(twin).difference(before):
            raise Broken(f"a copy is not equal to what it was made from: {difference}", position)
        for _ in range(3):
            if twin.outcome() is None:
                twin.push(pick(twin, rng))
        if difference := Seen.of(position).difference(before):
            raise Broken(f"a move on a copy changes what it was made from: {difference}", position)
        after = Seen.of(twin)
        if position.ply:
            action = position.pop()
            if difference := Seen.of(twin).difference(after):
                raise Broken(f"a move taken back changes a copy: {difference}", twin)
            position.push(action)
        while twin.ply:
            twin.pop()
        if difference := Seen.of(twin).difference(start):
            raise Broken(f"a copy cannot take back all moves to the start: {difference}", position)


def results_belong_to_the_caller(game: Game, shape: Shape) -> None:
    """What a caller does to an array or a dict that it got does not change the position."""
    for position in random_play(game.initial(shape), seed=5, plies=5):
        before = Seen.of(position)
        for name, array in (
            ("legal_actions()", position.legal_actions()),
            ("frames()", position.frames(2)),
            ("scalars()", position.scalars()),
            ("pack()", pack(position)),
        ):
            if array.flags.writeable:
                array[...] = 0
            if Seen.of(position) != before:
                raise Broken(f"an array that {name} returned is the position's own: writing to it changes it", position)
        position.ending_actions().clear()
        if Seen.of(position) != before or position.ending_actions() != endings_by_trying(position):
            raise Broken("the dict that ending_actions() returned is the position's own", position)


def positions_live_apart(game: Game, shape: Shape) -> None:
    """Two games played in turn go as each goes alone."""
    alone = [[Seen.of(p) for p in random_play(game.initial(shape), seed, plies=15)] for seed in (17, 18)]
    games = [random_play(game.initial(shape), seed, plies=15) for seed in (17, 18)]
    together: list[list[Seen]] = [[], []]
    for pair in zip(*games, strict=False):
        for seen, position in zip(together, pair, strict=True):
            seen.append(Seen.of(position))
    for one, other in zip(alone, together, strict=True):
        for expected, seen_now in zip(one, other, strict=False):
            if difference := seen_now.difference(expected):
                raise Broken(f"two games at the same time disturb each other: {difference}")


def endings_agree_with_the_outcome(game: Game, shape: Shape) -> None:
    """ending_actions() and decisive_actions() say what outcome() says after each action: at a game's end and before."""
    for seed in range(24 if shape[0] * shape[1] <= SMALL else 4):
        actions = whole_game(game.initial(shape), seed)
        position = game.initial(shape)
        for ply, action in enumerate(actions):
            if ply % 60 == 30 or ply >= len(actions) - 3:
                _compare_endings(position)
            position.push(action)


def endings_agree_where_positions_repeat(game: Game, shape: Shape) -> None:
    """The same where players go back to earlier boards, so that rules about repetition have a say."""
    for position in homesick_play(game.initial(shape), seed=21, plies=30):
        if position.outcome() is None:
            _compare_endings(position)


def _compare_endings(position: Position) -> None:
    endings, right = position.ending_actions(), endings_by_trying(position)
    if endings != right:
        raise Broken(
            f"ending_actions() is {endings}, but outcome() after each legal action says {right}, with the value for "
            "who moves now",
            position,
        )
    decisive, right = position.decisive_actions(), {action: value for action, value in right.items() if value}
    if decisive != right:
        raise Broken(f"decisive_actions() is {decisive}, but {right} of ending_actions() win or lose", position)


CHECKS = (
    spec_is_whole,
    other_boards_are_refused,
    answers_stay_the_same,
    legal_actions_are_ascending_and_in_range,
    players_move_in_turn,
    illegal_actions_change_nothing,
    pop_is_the_inverse_of_push,
    copies_share_nothing,
    results_belong_to_the_caller,
    positions_live_apart,
    endings_agree_with_the_outcome,
    endings_agree_where_positions_repeat,
)

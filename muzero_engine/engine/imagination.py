"""What the model imagines along a line of moves, beside what the rules say.

The rules have no part in what is imagined: h sees the first position, g is given the moves, and that is all. They say
afterwards where it is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from muzero_engine.arrays import Bools, Floats, Ints
from muzero_engine.games.base import GameSpec, Position
from muzero_engine.games.board_view import Square
from muzero_engine.games.encoding import observation, turned
from muzero_engine.games.imagined_view import BELIEVED
from muzero_engine.model import Model, top_policy
from muzero_engine.search.scoring import softmax


@dataclass(frozen=True, slots=True)
class ImaginedPly:
    """What the model makes of a position after some moves. Values are player 0's view, in [-1, 1]."""

    action: int | None  # that led here, in the frame of who played it; None for the first position, which h saw
    value: float  # as imagined
    seen_value: float | None  # by h, which sees this position; None where the game is over
    illegal: float | None  # [0, 1]: share of the policy on moves that the rules do not allow; None where it is over
    over: float  # [0, 1]: probability that the last move ended the game, as imagined
    is_over: bool  # whether it did, by the rules
    picture: (
        Floats | None
    )  # float32[2 * per_player, H, W]: probability of each piece, player 0's frame; None: no decoder
    wrong: tuple[Square, ...]  # (row, column) in player 0's frame where the picture is another board than the true one


@dataclass(frozen=True, slots=True)
class Horizon:
    """How well the model knows what is so many plies ahead, over many positions."""

    plies: int
    positions: int  # where the game goes on: all but `over_error` is of these
    right: float | None  # share of the pictures without a wrong square; None: no decoder
    wrong_squares: float | None  # mean number of wrong squares
    illegal: float  # mean share of the policy on illegal moves
    value_error: float  # mean of |imagined value - value by h|
    over_error: float  # mean of |probability that the game is over - whether it is|, of those where it is, too


def imagine(
    model: Model, decode: Callable[[Floats], Floats] | None, start: Position, actions: Sequence[int]
) -> list[ImaginedPly]:
    """Return what the model makes of `start` and of the position after each of the legal `actions`.

    `decode` gives frames from latents (see `inference.decoder`). Raises IllegalMove for what cannot be played.
    """
    position = start.copy()
    root = model.initial_inference(observation(position)[None])
    top = top_policy(root.policy_logits)
    plies = [_ply(None, position, root.latent, float(root.value[0]), float(root.value[0]), top, 0.0, decode)]
    latent = root.latent
    for action in actions:
        position.push(action)
        out = model.recurrent_inference(latent, np.array([action], dtype=np.int64))
        latent = out.latent
        seen = None
        if position.outcome() is None:
            seen = float(model.initial_inference(observation(position)[None]).value[0])
        named = out.top_actions, out.top_logits
        over = 1.0 + float(out.discount[0])
        plies.append(_ply(action, position, latent, float(out.value[0]), seen, named, over, decode))
    return plies


def _ply(
    action: int | None,
    position: Position,
    latent: Floats,
    value: float,
    seen: float | None,
    top: tuple[Ints, Floats],
    over: float,
    decode: Callable[[Floats], Floats] | None,
) -> ImaginedPly:
    sign = 1.0 if position.mover == 0 else -1.0
    is_over = position.outcome() is not None
    picture: Floats | None = None
    wrong: tuple[Square, ...] = ()
    if decode is not None:
        picture = pieces_of(decode(latent)[0], position.spec, position.mover)
        wrong = wrong_squares(picture, position)
    return ImaginedPly(
        action=action,
        value=sign * value,
        seen_value=None if seen is None else sign * seen,
        illegal=None if is_over else _illegal(position, *top),
        over=min(1.0, max(0.0, over)),
        is_over=is_over,
        picture=picture,
        wrong=wrong,
    )


def _illegal(position: Position, actions: Ints, logits: Floats) -> float:
    """Return the share of the policy, over the actions that the model names, on those that are illegal."""
    shares = softmax(logits[0].astype(np.float64), 1.0)
    return float(shares[~np.isin(actions[0], position.legal_actions())].sum())


def pieces_of(frame: Floats, spec: GameSpec, mover: int) -> Floats:
    """Return float32[2 * per_player, H, W] in player 0's frame from frame planes in the mover's."""
    own = spec.layout.per_player
    pieces = frame[: 2 * own]
    if mover == 0:
        return pieces
    exchanged = np.concatenate([pieces[own:], pieces[:own]])
    return np.asarray(turned(exchanged, spec.turn), dtype=np.float32)


def wrong_squares(picture: Floats, position: Position) -> tuple[Square, ...]:
    """Return the squares on which another piece, or none, is believed in than stands there."""
    true: Bools = position.frames(1)[0][: len(picture)]
    rows, columns = np.nonzero(((picture >= BELIEVED) != true).any(axis=0))
    return tuple(zip(rows.tolist(), columns.tolist(), strict=True))


def lookaheads(start: Position, actions: Sequence[int], plies: int) -> Iterator[tuple[Position, Sequence[int]]]:
    """Yield every position of a game, the last included, each with the moves that followed, at most `plies` of them."""
    position = start.copy()
    for number in range(len(actions) + 1):
        yield position.copy(), actions[number : number + plies]
        if number < len(actions):
            position.push(actions[number])


def horizons(lines: Sequence[Sequence[ImaginedPly]]) -> list[Horizon]:
    """Return how well the model knows what is 0, 1, 2, ... plies ahead, over lines from many positions, up to where all
    games are over."""
    longest = max((len(line) for line in lines), default=0)
    result = []
    for plies in range(longest):
        here = [line[plies] for line in lines if len(line) > plies]
        going_on = [ply for ply in here if not ply.is_over]
        if not going_on:
            break
        pictured = [ply for ply in going_on if ply.picture is not None]
        result.append(
            Horizon(
                plies=plies,
                positions=len(going_on),
                right=fmean(not ply.wrong for ply in pictured) if pictured else None,
                wrong_squares=fmean(len(ply.wrong) for ply in pictured) if pictured else None,
                illegal=fmean(ply.illegal for ply in going_on if ply.illegal is not None),
                value_error=fmean(abs(ply.value - ply.seen_value) for ply in going_on if ply.seen_value is not None),
                over_error=fmean(abs(ply.over - float(ply.is_over)) for ply in here),
            )
        )
    return result


def plies_held(line: Sequence[ImaginedPly]) -> int:
    """Return how many plies ahead the picture has no wrong square, without a gap."""
    for plies, ply in enumerate(line):
        if ply.wrong or ply.is_over:  # behind the end of a game nothing was ever to be learnt
            return max(0, plies - 1)
    return len(line) - 1

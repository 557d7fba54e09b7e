"""Games as bytes, and what else the learner and the actors have in common."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import fields

import safetensors
import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from muzero_engine import __version__
from muzero_engine.games.registry import load_game
from muzero_engine.training.cluster.messages import Identity
from muzero_engine.training.self_play.statistics import SelfPlayStatistics
from muzero_engine.training.types import FinishedGames, tensors_of

_SHAPE = "shape"  # of the board, beside the tensors of its games
_MAY_LACK = ("ownership", "legal", "surprise")


class BadGames(ValueError):
    """Bytes that hold no games."""


def identity(game: str) -> Identity:
    """Return what must be the same wherever games of a run are played."""
    spec = load_game(game).spec
    return {
        "muzero-engine": __version__,
        f"{game}'s rules": str(spec.version),
        f"{game}'s planes": str(spec.layout.planes),
        f"{game}'s actions": " ".join(str(spec.num_actions(shape)) for shape in spec.shapes),
        "PyTorch": ".".join(torch.__version__.split(".")[:2]),
    }


def packed_games(games: FinishedGames) -> bytes:
    """Return the bytes that `unpacked_games` reads."""
    tensors = {name: tensor.cpu().contiguous() for name, tensor in tensors_of(games).items()}
    return save_tensors({_SHAPE: torch.tensor(games.shape), **tensors})


def unpacked_games(data: bytes, device: torch.device) -> FinishedGames:
    """Return games on a device. Raises BadGames."""
    try:
        tensors = load_tensors(data)
        rows, columns = tensors.pop(_SHAPE).tolist()
        names = {field.name for field in fields(FinishedGames)} - {"shape"}
        lacking = names - tensors.keys() - set(_MAY_LACK)
        if lacking or tensors.keys() - names:
            raise BadGames(f"games without {' and '.join(sorted(lacking)) or 'what they should be'}")
        on_device = {name: tensors[name].to(device) if name in tensors else None for name in names}
    except (safetensors.SafetensorError, KeyError, ValueError) as error:
        raise BadGames(f"a delivery holds no games: {error}") from error
    return FinishedGames(shape=(rows, columns), **on_device)  # type: ignore[arg-type]  # only those may be None


def joined(parts: Sequence[bytes]) -> bytes:
    """Return the bytes that `parted` takes apart."""
    return b"".join(struct.pack("<Q", len(part)) + part for part in parts)


def parted(data: bytes) -> list[bytes]:
    """Return the parts that were joined."""
    parts, place = [], 0
    while place < len(data):
        (size,) = struct.unpack_from("<Q", data, place)
        parts.append(data[place + 8 : place + 8 + size])
        place += 8 + size
    return parts


def added(statistics: Sequence[SelfPlayStatistics], seconds: float) -> SelfPlayStatistics:
    """Return the statistics of several sources together, over so many seconds."""
    games = sum(each.games for each in statistics)
    full = sum(each.full_moves for each in statistics)
    reasons: dict[str, int] = {}
    for each in statistics:
        for reason, count in each.reasons:
            reasons[reason] = reasons.get(reason, 0) + count
    counts = ("moves", "first_wins", "draws", "resigned", "capped", "resign_checked", "resign_wrong")
    return SelfPlayStatistics(
        games=games,
        full_moves=full,
        seconds=seconds,
        reasons=tuple(sorted(reasons.items(), key=lambda item: -item[1])),
        mean_length=sum(each.mean_length * each.games for each in statistics) / max(games, 1),
        divergence=sum(each.divergence * each.full_moves for each in statistics) / max(full, 1),
        root_value=sum(each.root_value * each.full_moves for each in statistics) / max(full, 1),
        **{name: sum(getattr(each, name) for each in statistics) for name in counts},
    )

"""Networks from wherever they are kept."""

from __future__ import annotations

from pathlib import Path

from muzero_engine.inference.manifest import CHECKPOINT
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.network.network_file import load_network
from muzero_engine.training.run.checkpoint_contents import newest_checkpoint, read_network


def network_of(place: Path) -> MuZeroNetwork:
    """Return the network of a bundle's or a run's folder (its newest checkpoint) or of a checkpoint's file."""
    if place.is_dir() and not (place / CHECKPOINT).exists():
        return read_network(newest_checkpoint(place))
    return load_network(place / CHECKPOINT if place.is_dir() else place)

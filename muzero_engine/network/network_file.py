"""The file of a network: its weights as safetensors, its configuration in the metadata, so that nothing else is needed.

The checkpoints of a training run, which hold much more, are written by `training.run.checkpoint`.
"""

from __future__ import annotations

from pathlib import Path

import safetensors
import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from muzero_engine.dataclass_json import parse_json
from muzero_engine.files import read_limited
from muzero_engine.games.base import ActionTable
from muzero_engine.network.config import BadConfig, NetworkConfig
from muzero_engine.network.model import MuZeroNetwork

CONFIG_KEY = "network"
MOST_BYTES = 4 << 30  # of a file


class BadCheckpoint(ValueError):
    """A checkpoint that cannot be read or does not fit its own configuration; the message says which and why."""


def network_bytes(network: MuZeroNetwork, *, dtype: torch.dtype = torch.float32) -> bytes:
    """Return the network's parameters in `dtype` and its configuration, as the bytes of a safetensors file."""
    tensors = {name: tensor.detach().to("cpu", dtype).contiguous() for name, tensor in network.state_dict().items()}
    return save_tensors(tensors, metadata={CONFIG_KEY: network.config.to_json()})


def load_network(path: Path, table: ActionTable | None = None) -> MuZeroNetwork:
    """Return the network of a file, in 32 bits on the CPU (see MuZeroNetwork for `table`). Raises BadCheckpoint."""
    try:
        data = read_limited(path, MOST_BYTES)
        tensors = load_tensors(data)
        metadata = metadata_of(data)
    except (OSError, safetensors.SafetensorError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise BadCheckpoint(f"the checkpoint {path} cannot be read: {reason}") from error
    try:
        network = MuZeroNetwork(NetworkConfig.from_json(metadata.get(CONFIG_KEY, "")), table)
        found = network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()}, strict=False)
    except (BadConfig, RuntimeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise BadCheckpoint(f"the checkpoint {path} does not hold a network of this program: {reason}") from error
    if odd := [*found.missing_keys, *found.unexpected_keys]:
        verb = "lacks" if found.missing_keys else "has"
        raise BadCheckpoint(f"the checkpoint {path} does not hold a network of this version: it {verb} {odd[0]!a:.80}")
    return network


def metadata_of(data: bytes) -> dict[str, str]:
    """Return the metadata in the header of a safetensors file (8 bytes of length, then JSON), {} where it has none."""
    header = parse_json(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return {str(key): str(value) for key, value in header.get("__metadata__", {}).items()}

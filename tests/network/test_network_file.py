"""A network's file brings it back; other files are refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from support.networks import ENVIRONMENTS, tiny_environment_network, tiny_network

from muzero_engine.games.registry import BUILT_IN, load_game
from muzero_engine.network.network_file import BadCheckpoint, load_network, network_bytes


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_file_brings_the_network_back(name: str, tmp_path: Path) -> None:
    network = tiny_network(load_game(name))
    path = tmp_path / "l2\udce9.safetensors"  # a name of an old disk, which is no UTF-8
    path.write_bytes(network_bytes(network))
    loaded = load_network(path)
    assert loaded.config == network.config
    for key, tensor in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], tensor), key


def test_sixteen_bits_halve_the_file(tmp_path: Path) -> None:
    network = tiny_network(load_game("tictactoe"), channels=32)
    half = network_bytes(network, dtype=torch.float16)
    assert len(half) < 0.6 * len(network_bytes(network))
    (tmp_path / "x.safetensors").write_bytes(half)
    for key, tensor in load_network(tmp_path / "x.safetensors").state_dict().items():
        assert torch.equal(tensor, network.state_dict()[key].half().float()), key


def test_files_that_are_no_checkpoints_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    with pytest.raises(BadCheckpoint, match=r"cannot be read: No such file or directory$"):
        load_network(path)
    path.write_bytes(b"PK\x03\x04 not this")
    with pytest.raises(BadCheckpoint, match="cannot be read"):
        load_network(path)
    data = network_bytes(tiny_network(load_game("tictactoe")))
    path.write_bytes(data[:-100])
    with pytest.raises(BadCheckpoint, match="cannot be read"):
        load_network(path)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(BadCheckpoint, match="does not hold a network"):
        load_network(path)


def test_networks_of_another_version_are_refused(tmp_path: Path) -> None:
    """One for images from before their channels were normalised, and one that has more."""
    path, network = tmp_path / "x.safetensors", tiny_environment_network(ENVIRONMENTS[1])
    tensors, metadata = network.state_dict(), {"network": network.config.to_json()}
    save_file(tensors | {"a": torch.zeros(1)}, path, metadata=metadata)
    with pytest.raises(BadCheckpoint, match=r"not hold a network of this version: it has 'a'$"):
        load_network(path)
    save_file({name: tensor for name, tensor in tensors.items() if ".1.weight" not in name}, path, metadata=metadata)
    with pytest.raises(BadCheckpoint, match=r"this version: it lacks 'representation_stem\.layers\.1\.weight'$"):
        load_network(path)

"""The names in a graph, against the `onnx` package and against files that are none."""

from __future__ import annotations

import contextlib

import numpy as np
import onnx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from muzero_engine.games.registry import BUILT_IN
from muzero_engine.inference.bundle import default_weights_dir
from muzero_engine.inference.graph_names import NoGraph, initializer_names


def _graph(names: list[str], text: str = "") -> bytes:
    """A model with initialisers of these names, and with `text` wherever a text may stand."""
    node = helper.make_node("Identity", ["x"], ["y"], name=text, doc_string=text)
    value = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1], doc_string=text)
    tensors = [numpy_helper.from_array(np.arange(3, dtype=np.float32), name) for name in names]
    graph = helper.make_graph([node], text or "graph", [value], [value], tensors, doc_string=text)
    data: bytes = helper.make_model(graph, producer_name=text, doc_string=text).SerializeToString()
    return data


@given(st.lists(st.text(min_size=1), max_size=4), st.text(max_size=200))
@example(["network.a.half"], "network.b.half")
def test_names_are_those_of_initialisers_and_of_nothing_else(names: list[str], text: str) -> None:
    assert initializer_names(_graph(names, text)) == set(names)


@pytest.mark.parametrize("game", BUILT_IN)
def test_the_shipped_graphs(game: str) -> None:
    files = sorted(default_weights_dir(game).glob("*.onnx"))
    for file in files:
        expected = onnx.load_model(file, load_external_data=False).graph.initializer
        assert initializer_names(file.read_bytes()) == {tensor.name for tensor in expected}


def test_a_name_within_another_is_not_in_the_graph() -> None:
    data = _graph(["network.stem.half.scale"])
    assert b"network.stem.half" in data
    assert "network.stem.half" not in initializer_names(data)


@pytest.mark.parametrize(
    "data", [b"\xff" * 20, b"\x3a", b"\x3a\x05abc", b"\x3b\x00", b"\x39\x00", b"\x3a\x06\x2a\x04\x42\x02\xff\xfe"]
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(NoGraph):
        initializer_names(data)


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(NoGraph):
        assert isinstance(initializer_names(data), frozenset)


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_graph_is_read_or_refused(place: int, byte: int) -> None:
    data = bytearray(_graph(["a", "b"], "text"))
    data[place % len(data)] = byte
    with contextlib.suppress(NoGraph):
        initializer_names(bytes(data))


def test_nothing_has_no_names() -> None:
    assert initializer_names(b"") == frozenset()

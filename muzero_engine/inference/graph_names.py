"""The names of the tensors that an ONNX graph holds or refers to, from the file's bytes alone.

onnxruntime refuses a tensor given to a graph that has no initialiser of its name, and names the initialisers of none
before it has loaded it; the `onnx` package is not there where an engine only plays. An ONNX file is a protobuf message,
of which three fields matter here (github.com/onnx/onnx, `onnx.proto`):

    ModelProto.graph = 7    GraphProto.initializer = 5 (repeated)    TensorProto.name = 8

On the wire (protobuf.dev, "Encoding") a message is a sequence of fields, each a key (number << 3 | type, a varint) and
a value: 0 a varint, 1 eight bytes, 2 a length (a varint) and as many bytes, 5 four bytes. Varints have seven bits a
byte, lowest first, and a high bit where another byte follows.
"""

from __future__ import annotations

from collections.abc import Iterator

_GRAPH, _INITIALIZER, _NAME = 7, 5, 8
_MOST_VARINT_BYTES = 10


class NoGraph(ValueError):
    """Bytes that are no protobuf message."""


def initializer_names(model: bytes) -> frozenset[str]:
    """Return the names of the initialisers of a ModelProto's graph. Raises NoGraph."""
    data = memoryview(model)
    return frozenset(
        _text(name)
        for graph in _delimited(data, _GRAPH)
        for tensor in _delimited(graph, _INITIALIZER)
        for name in _delimited(tensor, _NAME)
    )


def _text(data: memoryview) -> str:
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError:
        raise NoGraph("a name is not text") from None


def _delimited(message: memoryview, number: int) -> Iterator[memoryview]:
    """Yield the values of the length-delimited fields of this number."""
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        match key & 7:
            case 0:
                _, at = _varint(message, at)
                continue
            case 1:
                size = 8
            case 2:
                size, at = _varint(message, at)
            case 5:
                size = 4
            case _:
                raise NoGraph(f"a field of type {key & 7}")
        if at + size > end:
            raise NoGraph("a field is longer than its message")
        if key == number << 3 | 2:
            yield message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Return the number that begins at `at`, and where it ends."""
    value = 0
    for i, byte in enumerate(message[at : at + _MOST_VARINT_BYTES]):
        value |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            return value, at + i + 1
    raise NoGraph("a number does not end")

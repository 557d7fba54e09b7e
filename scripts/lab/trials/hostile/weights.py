"""Bundles whose manifest, tensors or graphs are not what they should be."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lab.trials.hostile.kinds import ANALYZE, BUNDLE, Kind, bundle_copy, nested

HUGE_NUMBERS = {
    "10^30": 10**30,
    "-10^30": -(10**30),
    "2^53": 2**53,
    "2^63": 2**63,
    "float": 1e308,
    "text": "9" * 5000,
    "null": None,
    "list": [1] * 1000,
}


def manifest_kinds(folder: Path) -> Iterator[Kind]:
    """Yield bundles whose manifest says what cannot be."""
    whole = json.loads((BUNDLE / "manifest.json").read_text())
    fields: dict[str, Callable[[dict[str, Any], object], None]] = {
        "planes": lambda manifest, value: manifest.update(planes=value),
        "action_planes": lambda manifest, value: manifest.update(action_planes=value),
        "shapes": lambda manifest, value: manifest.update(shapes=[[value, value]]),
        "format": lambda manifest, value: manifest.update(format=value),
        "channels": lambda manifest, value: manifest["network"].update(channels=value),
        "size": lambda manifest, value: manifest["files"]["initial.onnx"].update(size=value),
        "checkpoint-size": lambda manifest, value: manifest["files"]["checkpoint.safetensors"].update(size=value),
    }
    texts: dict[str, str | bytes] = {
        "empty": "",
        "nested": nested(1000),
        "nested-100000": nested(100_000),
        "objects": '{"a":' * 1000 + "1" + "}" * 1000,
        "digits": json.dumps(whole).replace('"format": 3', '"format": ' + "9" * 5000),
        "many-digits": json.dumps(whole).replace('"format": 3', '"format": ' + "9" * 1_000_000),
        "nan": json.dumps(whole).replace('"format": 3', '"format": NaN'),
        "exponent": json.dumps(whole).replace('"format": 3', '"format": 1e999'),
        "not-utf-8": b"\xff\xfe\x00",
        "list": "[]",
        "name-of-a-megabyte": json.dumps({**whole, "x" * (1 << 19): 1}),
        "2-megabytes": json.dumps({**whole, "licence": "x" * (2 << 20)}),
    }
    for field, change in fields.items():
        for name, value in HUGE_NUMBERS.items():
            manifest = json.loads(json.dumps(whole))
            change(manifest, value)
            texts[f"{field} {name}"] = json.dumps(manifest)
    for number, (name, text) in enumerate(texts.items()):
        bundle = bundle_copy(folder / f"manifest-{number}")
        (bundle / "manifest.json").write_bytes(text if isinstance(text, bytes) else text.encode())
        yield Kind(f"manifest {name}", [*ANALYZE, "--weights", str(bundle)])


def tensor_kinds(folder: Path) -> Iterator[Kind]:
    """Yield bundles whose tensors or graphs are not what they say, though their hashes fit."""
    data = (BUNDLE / "checkpoint.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    first = next(name for name in header if name != "__metadata__")
    rest = data[8 + length :]

    def with_header(text: str) -> bytes:
        return struct.pack("<Q", len(text.encode())) + text.encode() + rest

    def changed(**values: object) -> bytes:
        return with_header(json.dumps({**header, first: {**header[first], **values}}))

    spoilt: dict[str, bytes] = {
        "empty": b"",
        "header-of-2^63": struct.pack("<Q", 2**63) + data[8:],
        "header-of-nothing": struct.pack("<Q", 0) + data[8:],
        "nested": with_header(nested(1000)),
        "digits": with_header('{"a":{"dtype":"F16","shape":[' + "9" * 5000 + '],"data_offsets":[0,2]}}'),
        "shape-10^30": changed(shape=[10**30]),
        "shape-0-10^30": changed(shape=[0, 10**30], data_offsets=[0, 0]),
        "shape-of-100-dimensions": changed(shape=[1] * 100, data_offsets=[0, 2]),
        "shape-negative": changed(shape=[-1, -2]),
        "shape-text": changed(shape="12"),
        "shape-many": changed(shape=[10**15] * 100_000),
        "shape-null": changed(shape=None),
        "offsets-10^30": changed(data_offsets=[10**30, 2 * 10**30]),
        "offsets-apart": changed(data_offsets=[0, 10**30]),
        "offsets-float": changed(data_offsets=[0.0, 2.0]),
        "offsets-turned": changed(data_offsets=[4, 0]),
        "dtype": changed(dtype="F" + "9" * 10_000),
        "no-tensors": with_header("{}"),
        "list": with_header("[]"),
        "half": data[: len(data) // 2],
    }
    for name, content in spoilt.items():
        yield Kind(f"tensors {name}", [*ANALYZE, "--weights", _with_file(folder, "checkpoint.safetensors", content)])
    graph = (BUNDLE / "initial.onnx").read_bytes()
    graphs = {
        "empty": b"",
        "zeros": bytes(4096),
        "ones": b"\xff" * 4096,
        "half": graph[: len(graph) // 2],
        "twice": graph * 2,
        "length-2^63": b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f" + graph[10:],
        "dimension-10^30": graph.replace(b"\x08\x09", b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
        "other": (BUNDLE / "recurrent.onnx").read_bytes(),
        "deep": _deep_protobuf(100_000),
        "text": b"this is no graph" * 1000,
    }
    for i in range(20):
        at = len(graph) * i // 20
        graphs[f"flipped-{i}"] = graph[:at] + bytes(byte ^ 0xFF for byte in graph[at : at + 8]) + graph[at + 8 :]
    for name, content in graphs.items():
        odd = Kind(f"graph {name}", [*ANALYZE, "--weights", _with_file(folder, "initial.onnx", content)])
        # the bytes that are changed may be a note or a value: such a graph is sound
        yield Kind(odd.name, odd.arguments, succeeds=name.startswith(("flipped", "twice", "dimension")))


def _deep_protobuf(depth: int) -> bytes:
    inner = b""
    for _ in range(min(depth, 2000)):
        size, head = len(inner), b"\x3a"
        while size >= 128:
            head += bytes([size & 127 | 128])
            size >>= 7
        inner = head + bytes([size]) + inner
    return inner


def _with_file(folder: Path, name: str, content: bytes) -> str:
    bundle = bundle_copy(folder / f"file-{len(list(folder.iterdir()))}")
    (bundle / name).write_bytes(content)
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["files"][name] = {"size": max(1, len(content)), "sha256": hashlib.sha256(content).hexdigest()}
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    return str(bundle)

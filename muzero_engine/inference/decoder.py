"""The board back from a latent, where a bundle can tell: `decoder.onnx`. Nothing that plays needs it.

latent float32[B, C, H, W] -> frame float32[B, frame planes, H, W], probabilities, both in the frame of one mover
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from muzero_engine.arrays import Floats
from muzero_engine.files import read_limited
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import read_manifest
from muzero_engine.inference.manifest import DECODER, BadWeights
from muzero_engine.inference.session import session_options

Decoder = Callable[[Floats], Floats]


def load_decoder(folder: Path) -> Decoder | None:
    """Return the decoder of a bundle, None where it has none. Raises BadWeights."""
    manifest = read_manifest(folder)
    info = manifest.files.get(DECODER)
    if info is None or not (folder / DECODER).exists():
        return None
    again = "install the weights again, or train a decoder for them (scripts/lab/decoder)"
    try:
        data = read_limited(folder / DECODER, info.size)
    except OSError as error:
        raise BadWeights(f"{DECODER} in {folder} cannot be read ({error.strerror}): {again}") from None
    if hashlib.sha256(data).hexdigest() != info.sha256:
        raise BadWeights(f"{DECODER} in {folder} is not the file that the manifest describes: {again}")
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(data, session_options(threads=1), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions have no common base but this
        raise BadWeights(f"{DECODER} in {folder} cannot be loaded ({str(error)[:200]}): {again}") from None

    def decode(latent: Floats) -> Floats:
        frame: Floats = session.run(["frame"], {"latent": np.ascontiguousarray(latent)})[0]
        return np.nan_to_num(np.asarray(frame, dtype=np.float32)).clip(0.0, 1.0)

    planes = load_game(manifest.game).spec.layout.frame_planes
    board = manifest.shapes[0]
    try:
        probe = decode(np.zeros((2, manifest.network.channels, *board), dtype=np.float32))
    except Exception as error:  # of onnxruntime, or of numpy where it is no array of numbers
        raise BadWeights(f"{DECODER} in {folder} does not run ({str(error)[:200]!a}): {again}") from None
    if probe.shape != (2, planes, *board):
        raise BadWeights(f"{DECODER} in {folder} gives {probe.shape} where {(2, planes, *board)} belongs: {again}")
    return decode

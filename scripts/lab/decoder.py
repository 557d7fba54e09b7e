"""A decoder for networks that have learnt: `python scripts/lab/decoder.py weights/chess weights/go [OPTION ...]`.

Each bundle gets a `decoder.onnx` (some 50 kB), with which `muzero-engine imagine` and the board in the browser show
what the model has on its mind. Its network stays as it is. A few minutes on a processor's core, one on a GPU.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the package of this checkout is measured

import torch

from muzero_engine.export.decoder import DecoderTraining, add_decoder, decoder_file, train_decoder
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import read_manifest
from muzero_engine.inference.manifest import CHECKPOINT
from muzero_engine.network.network_file import load_network

SECONDS_A_LINE = 2.0


def main() -> None:
    """Train and add the decoders that are asked for."""
    usual = DecoderTraining()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundles", nargs="+", type=Path)
    parser.add_argument("--plies", type=int, default=usual.plies)
    parser.add_argument("--examples", type=int, default=usual.examples)
    parser.add_argument("--epochs", type=int, default=usual.epochs)
    parser.add_argument("--seed", type=int, default=usual.seed)
    arguments = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    settings = DecoderTraining(
        plies=arguments.plies, examples=arguments.examples, epochs=arguments.epochs, seed=arguments.seed
    )
    last = 0.0

    def report(line: str) -> None:
        nonlocal last
        if time.monotonic() - last > SECONDS_A_LINE:
            last = time.monotonic()
            print(line, flush=True)

    for bundle in arguments.bundles:
        manifest = read_manifest(bundle)
        network = load_network(bundle / CHECKPOINT)
        began = time.monotonic()
        game = load_game(manifest.game)
        decoder = train_decoder(network, game, manifest.training.boards, settings, device, report)
        add_decoder(bundle, data := decoder_file(decoder, network))
        print(f"{bundle}: {len(data):,} bytes, {time.monotonic() - began:.0f} s on {device.type}", flush=True)


if __name__ == "__main__":
    main()

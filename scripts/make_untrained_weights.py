"""Makes the bundles of freshly initialised networks in weights/: `python scripts/make_untrained_weights.py [game ...]`.

They let everything run before there are trained weights, and say "untrained" wherever they are shown. The same seed and
the same torch make the same networks.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from muzero_engine.export.bundle import export_bundle
from muzero_engine.games.registry import GAME_NAMES, load_game
from muzero_engine.inference.manifest import Training
from muzero_engine.network.fresh import fresh_network

SEED = 20240229
SMALL = {"channels": 16, "representation_blocks": 2, "dynamics_blocks": 1, "value_channels": 16, "value_hidden": 32}
TINY = {"channels": 8, "representation_blocks": 1, "dynamics_blocks": 1, "value_channels": 8, "value_hidden": 16}


def make(name: str, root: Path) -> None:
    """Writes `root/name` and prints what it is."""
    game = load_game(name)
    network = fresh_network(game, SEED, **(TINY if name == "tictactoe" else SMALL))
    manifest = export_bundle(network, game, root / name, training=Training("untrained"))
    size = sum(file.size for file in manifest.files.values())
    print(f"{root / name}: {manifest.summary()}, {size / 1024:.0f} KiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("games", nargs="*", default=list(GAME_NAMES), metavar="game", help="default: all")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[1] / "weights")
    arguments = parser.parse_args()
    for name in arguments.games:
        make(name, arguments.root)


if __name__ == "__main__":
    main()

"""Searches a million nodes with a model that costs nothing: memory, speed of the tree alone, and the longest step.

    python scripts/stress_search.py --simulations 1000000 --memory 4096 --channels 1

`--memory` is the search's bound in MB; a latent takes 4 * channels * 64 bytes.
"""

from __future__ import annotations

import argparse
import gc
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.fakes import HashModel

from muzero_engine.games.encoding import observation
from muzero_engine.games.registry import load_game
from muzero_engine.search.config import SearchConfig
from muzero_engine.search.search import Search


def resident_mb() -> float:
    """The most memory that this process had, in MB (Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=1_000_000)
    parser.add_argument("--memory", type=int, default=4096)
    parser.add_argument("--channels", type=int, default=1)
    args = parser.parse_args()
    game = load_game("chess")
    position = game.initial((8, 8))
    search = Search(
        HashModel(game.spec, (8, 8), channels=args.channels), SearchConfig(batch_size=16, memory_mb=args.memory)
    )
    before = resident_mb()
    gc.disable()  # as the engine does while it searches
    search.start(observation(position), position.legal_actions(), position.ending_actions())
    begun = time.monotonic()
    longest = 0.0
    while search.simulations < args.simulations:
        start = time.monotonic()
        search.step(args.simulations - search.simulations)
        longest = max(longest, time.monotonic() - start)
    seconds = time.monotonic() - begun
    print(
        f"{search.simulations} simulations in {seconds:.1f} s ({1e6 * seconds / search.simulations:.1f} us each), "
        f"longest step {1000 * longest:.1f} ms, memory {resident_mb() - before:.0f} MB above the start "
        f"(bound {args.memory} MB), tree {search.hashfull / 10:.0f}% full"
    )


if __name__ == "__main__":
    main()

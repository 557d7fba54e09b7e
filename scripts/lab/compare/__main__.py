"""Compare two of something by games: `python scripts/lab/compare COMMAND [OPTION ...]`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))  # the package of this checkout is measured
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # where `lab` is

from lab.common.commands import dispatch

COMMANDS = {
    "searches": "settings of the engine's search, with a bundle or without: games of the same simulations",
    "batched": "settings of the batched search, or two networks: games on the training device",
    "learners": "settings of the learner: losses and games after the same time on the same positions",
    "precisions": "8 bits with 32 in an environment: actions, values, time of the same searches",
    "runs": "settings of a whole training run: games after the same time",
}

if __name__ == "__main__":
    dispatch("compare", COMMANDS)

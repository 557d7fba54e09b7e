"""Measure speed: `python scripts/lab/bench COMMAND [OPTION ...]`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))  # the package of this checkout is measured
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # where `lab` is

from lab.common.commands import dispatch

COMMANDS = {
    "learner": "gradient steps a second, in several configurations",
    "match": "milliseconds that the match runner costs a move",
    "self-play": "rules, search and both together in moves a second, and drawing batches",
    "episodes": "environments, search and both together in steps a second, and drawing batches",
    "training": "the batched search beside its network calls alone, on random networks",
    "cluster": "actors of a cluster: moves a second by their number, curves of runs with and without them",
    "blocks": "milliseconds of a block of g on one core: residual, with attention; 32 and 8 bits",
    "kernels": "the top-K kernel by its tuning parameters",
    "tree": "CPU microseconds a simulation that the search takes besides the model, by batch size",
    "stress": "a search of a million nodes: memory, time a simulation, the longest step",
}

if __name__ == "__main__":
    dispatch("bench", COMMANDS)

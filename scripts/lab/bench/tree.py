"""CPU microseconds a simulation that the search takes besides the model, by batch size.

    python scripts/lab/bench tree
    python scripts/lab/bench tree . ../before --repeats 9

Each FOLDER holds a package `muzero_engine` (default: this checkout's); they are measured in turn, a process each, so
that load falls on all alike, and the last column compares with the first. The model gives random policies and values of
a position of chess, latents of 96 channels in bytes and takes no time: its own is taken off. CPU seconds of the thread
are counted, the smallest of five searches of 4,000 simulations a process, the median (smallest to largest) of all.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from lab.common.commands import parser_of

from muzero_engine.arrays import Floats, Ints
from muzero_engine.commands.common.collector import no_full_collections
from muzero_engine.games.encoding import observation
from muzero_engine.games.registry import load_game
from muzero_engine.model import InitialOutput, RecurrentOutput, top_policy
from muzero_engine.search import search as search_module
from muzero_engine.search.config import SearchConfig
from muzero_engine.search.search import Search

SCRIPTS = Path(__file__).resolve().parents[2]
STATES = 1024
SIMULATIONS = 4000
SEARCHES = 5
SHARPNESS = 2.0  # standard deviation of the logits
CHILD = "import sys; sys.path[:0] = sys.argv[1:3]; from lab.bench.tree import child; child(sys.argv[3:])"


class TimedTables:
    """A `Model` of random policies, values and latents, which adds up the CPU seconds of its own calls."""

    latent_levels = 255

    def __init__(self, actions: int, latent: tuple[int, int, int], largest_batch: int) -> None:
        draw = np.random.default_rng(1)
        self._policies = (SHARPNESS * draw.normal(size=(STATES, actions))).astype(np.float32)
        self._top_actions, self._top_logits = top_policy(self._policies)
        self._values = draw.uniform(-0.5, 0.5, size=STATES).astype(np.float32)
        levels = draw.integers(0, 256, (largest_batch, *latent)).astype(np.float32)
        self._latents = levels * np.float32(1 / self.latent_levels)
        self._calls = 0
        self.seconds = 0.0

    def initial_inference(self, observation: Floats) -> InitialOutput:
        """See `Model`."""
        return InitialOutput(self._latents[:1].copy(), self._policies[:1], self._values[:1], 0.0 * self._values[:1])

    def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
        """See `Model`; no game ends."""
        begun = time.thread_time()
        count = len(action)
        state = (np.arange(self._calls, self._calls + count) * 1103 + action * 89 + 12345) % STATES
        self._calls += count
        zero = np.zeros(count, dtype=np.float32)
        top = self._top_actions[state], self._top_logits[state]
        output = RecurrentOutput(self._latents[:count].copy(), zero, zero - 1.0, zero, *top, self._values[state], zero)
        self.seconds += time.thread_time() - begun
        return output


def microseconds(batch: int) -> float:
    """Return the CPU microseconds a simulation takes outside the model."""
    game = load_game("chess")
    shape = game.spec.shapes[0]
    position = game.initial(shape)
    model = TimedTables(game.spec.num_actions(shape), (96, *shape), batch)
    search = Search(model, SearchConfig(batch_size=batch))
    times = []
    for _ in range(SEARCHES):
        search.start(observation(position), position.legal_actions(), {})
        model.seconds = 0.0
        begun = time.thread_time()
        while search.simulations < SIMULATIONS:
            search.step(SIMULATIONS - search.simulations)
        times.append(time.thread_time() - begun - model.seconds)
    return 1e6 * min(times) / SIMULATIONS


def child(batches: list[str]) -> None:
    """Print the file of the search and a number a batch, as JSON: what a process that measures one folder does."""
    no_full_collections()  # as in every command that plays
    print(json.dumps([search_module.__file__, *(microseconds(int(batch)) for batch in batches)]))


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("folders", metavar="FOLDER", nargs="*", type=Path, default=[SCRIPTS.parent])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8, 64, 256])
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    times: dict[Path, list[list[float]]] = {folder: [] for folder in args.folders}
    for _ in range(args.repeats):
        for folder in times:
            command = [sys.executable, "-c", CHILD, str(folder.resolve()), str(SCRIPTS), *map(str, args.batches)]
            file, *numbers = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            if not times[folder]:
                print(f"{folder}: {file}")
            times[folder].append(numbers)
    base = [statistics.median(column) for column in zip(*times[args.folders[0]], strict=True)]
    for folder, rows in times.items():
        for batch, column, first in zip(args.batches, zip(*rows, strict=True), base, strict=True):
            middle = statistics.median(column)
            span = f"{min(column):.1f} to {max(column):.1f}"
            print(f"{folder!s:24} batch {batch:4}  {middle:5.1f} us ({span})  {middle / first:.2f}")

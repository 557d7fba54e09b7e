"""Search a million nodes with a model that costs nothing: memory, speed of the tree alone, and the longest step.

    python scripts/lab/bench stress --simulations 1000000 --memory 4096 --channels 1

`--memory` is the search's bound in MB; a latent takes 4 * channels * 64 bytes.
"""

from __future__ import annotations

import resource
import time

import numpy as np
from lab.common.commands import parser_of

from muzero_engine.arrays import Floats, Ints
from muzero_engine.commands.common.collector import no_full_collections
from muzero_engine.games.encoding import observation
from muzero_engine.games.registry import load_game
from muzero_engine.model import InitialOutput, RecurrentOutput, top_policy
from muzero_engine.search.config import SearchConfig
from muzero_engine.search.search import Search

STATES = 1024


class TableModel:
    """A `Model` whose policies and values are looked up, by the actions since the root, in tables of random numbers."""

    latent_levels = 0

    def __init__(self, actions: int, latent: tuple[int, int, int]) -> None:
        draw = np.random.default_rng(1)
        self._latent = latent  # channels, rows, columns
        self._policies = draw.normal(size=(STATES, actions)).astype(np.float32)
        self._values = draw.uniform(-0.5, 0.5, size=STATES).astype(np.float32)

    def _latents(self, states: Ints) -> Floats:
        """Return float32[B, C, H, W] in [0, 1], the number of the state in the first cell."""
        latents = np.zeros((len(states), *self._latent), dtype=np.float32)
        latents[:, 0, 0, 0] = states / STATES
        return latents

    def initial_inference(self, observation: Floats) -> InitialOutput:
        """See `Model`; every root is state 0."""
        state = np.zeros(len(observation), dtype=np.int64)
        value = self._values[state]
        return InitialOutput(self._latents(state), self._policies[state], value, np.zeros_like(value))

    def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
        """See `Model`; no game ends."""
        state = (np.rint(latent[:, 0, 0, 0] * STATES).astype(np.int64) * 1103 + action * 89 + 12345) % STATES
        value, zero = self._values[state], np.zeros(len(action), dtype=np.float32)
        return RecurrentOutput(
            self._latents(state), zero, zero - 1.0, zero, *top_policy(self._policies[state]), value, zero
        )


def resident_mb() -> float:
    """Return the most memory that this process had, in MB (Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--simulations", type=int, default=1_000_000)
    parser.add_argument("--memory", type=int, default=4096)
    parser.add_argument("--channels", type=int, default=1)
    args = parser.parse_args()
    game = load_game("chess")
    shape = game.spec.shapes[0]
    position = game.initial(shape)
    model = TableModel(game.spec.num_actions(shape), (args.channels, *shape))
    search = Search(model, SearchConfig(batch_size=16, memory_mb=args.memory))
    before = resident_mb()
    no_full_collections()  # as in every command that plays
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

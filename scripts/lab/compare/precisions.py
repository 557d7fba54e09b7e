"""Compare a bundle's 8-bit network with its 32-bit one in an environment: what the search makes of the same places.

    python scripts/lab/compare precisions --weights DIR --places 300 --nodes 16

Both search the same places of episodes that the 32-bit one plays (one thread, the steps between places by its search
too), and say how often their actions agree, how far their values and policies are apart, and what a search takes.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from lab.common.commands import parser_of

from muzero_engine.commands.common.environments import EnvironmentPlayer, Thought
from muzero_engine.engine.options import EngineOptions
from muzero_engine.environments.registry import load_environment
from muzero_engine.environments.stacking import FrameStack
from muzero_engine.inference.bundle import load_bundle
from muzero_engine.inference.session import Backend, OnnxModel, Precision

SMALLEST = 1e-9  # probability


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--weights", type=Path, required=True, help="an environment's bundle, exported with --int8")
    parser.add_argument("--places", type=int, default=300)
    parser.add_argument("--apart", type=int, default=4, help="steps from one place to the next")
    parser.add_argument("--nodes", type=int, default=16)
    args = parser.parse_args()
    bundle = load_bundle(args.weights)
    described = bundle.manifest.environment
    if described is None:
        parser.error(f"{args.weights} is of a board game: compare searches plays games of its precisions")
    players = [
        EnvironmentPlayer(
            OnnxModel(bundle, backend=Backend.CPU, precision=precision), described, EngineOptions(), args.nodes
        )
        for precision in (Precision.FP32, Precision.INT8)
    ]
    environment, stack = load_environment(described.settings), FrameStack(described.spec)
    pairs: list[tuple[Thought, Thought]] = []
    seconds = np.zeros(2)
    episode = step = 0
    seen = stack.begin(environment.reset(episode))
    while len(pairs) < args.places:
        thoughts = []
        for which, player in enumerate(players[: 2 if step % args.apart == 0 else 1]):
            begun = time.thread_time()
            thoughts.append(player.think(seen))
            seconds[which] += (time.thread_time() - begun) * (step % args.apart == 0)
        if len(thoughts) == 2:
            pairs.append((thoughts[0], thoughts[1]))
        step += 1
        after = environment.step(thoughts[0].action)
        if after.terminated or after.truncated:
            episode += 1
            seen = stack.begin(environment.reset(episode))
        else:
            seen = stack.add(after.observation)
    environment.close()
    same = np.mean([exact.action == small.action for exact, small in pairs])
    values = np.array([exact.value for exact, _ in pairs])
    differences = np.array([small.value for _, small in pairs]) - values
    divergence = np.mean([_divergence(exact, small) for exact, small in pairs])
    print(f"{described.spec.id}, {len(pairs)} places of {episode + 1} episodes, {args.nodes} nodes")
    print(f"  the same action        {same:.1%}")
    print(f"  value in 32 bits       {values.mean():.2f}, standard deviation {values.std():.2f}")
    print(f"  difference in 8 bits   {differences.mean():+.3f}, standard deviation {differences.std():.3f}")
    print(f"  KL(32 || 8) of the improved policies  {divergence:.4f} nats")
    print("  a search               " + ", ".join(f"{1e3 * each / len(pairs):.2f} ms" for each in seconds))


def _divergence(exact: Thought, small: Thought) -> float:
    ours, theirs = (np.maximum(thought.policy, SMALLEST) for thought in (exact, small))
    return float((ours * np.log(ours / theirs)).sum())

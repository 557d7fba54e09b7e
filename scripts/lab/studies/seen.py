"""How soon a fresh network sees what matters: whether a reward is near, learnt from random steps of an environment.

    python scripts/lab/studies seen ALE/Pong-v5 --set environment.size=48 network.channels=16
    python scripts/lab/studies seen ALE/Pong-v5 --set environment.size=48 network.channels=16 --plain

No search and no g: h, and a head with two classes, learn from pairs of an observation and whether one of the next steps
brings a reward (any but 0). The log loss in nats is on steps that came after all that is learnt from; beside it stands
that of who always says how often it happens. `--plain` leaves the normalisation of image stems out. The environment,
the network and the optimiser are those of the preset `small` with the changes of `--set`, the learning rate constant.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import asdict, replace

import numpy as np
import torch
from lab.common.commands import count, parser_of
from torch import Tensor, nn
from torch.nn import functional as F

from muzero_engine.environments.registry import environment_spec, load_environment
from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.environments.stacking import FrameStack
from muzero_engine.network.fresh import fresh_environment_network
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.network.stems import ChannelNorm
from muzero_engine.returns import DiscountedReturns
from muzero_engine.training.learner.optimiser import make_optimiser
from muzero_engine.training.presets import environment_preset

HELD_OUT = 1000  # steps, the last ones
MEASURED = 50  # gradient steps from one line to the next


def random_steps(settings: EnvironmentSettings, steps: int, near: int) -> tuple[Tensor, Tensor]:
    """Return what a network sees before each step with a random action, and bool[steps]: is a reward `near`?"""
    environment = load_environment(settings)
    stack, draw = FrameStack(environment.spec), random.Random(1)
    seen, rewards, episode, ended = [], np.zeros(steps + near, dtype=bool), 0, True
    for step in range(steps + near):
        if ended:
            view = stack.begin(environment.reset(episode))
            episode += 1
        after = environment.step(draw.randrange(environment.spec.actions))
        seen.append(view)
        rewards[step], ended = after.reward != 0, after.terminated or after.truncated
        view = stack.add(after.observation)
    environment.close()
    found = np.lib.stride_tricks.sliding_window_view(rewards, near)[:steps].any(axis=1)
    return torch.from_numpy(np.stack(seen[:steps])), torch.from_numpy(found)


def loss_of(network: MuZeroNetwork, seen: Tensor, near: Tensor) -> Tensor:
    return F.cross_entropy(network.predict(network.represent(seen)).policy_logits, near.long())


def measure(args: argparse.Namespace) -> None:
    """Print the loss while it is learnt."""
    config = environment_preset(args.environment, "small", args.set)
    seen, near = random_steps(config.environment, args.play, args.near)
    returns = DiscountedReturns(discount=config.returns.discount, support=config.returns.support)
    spec = replace(environment_spec(config.environment), actions=2, action_names=())  # the classes
    network = fresh_environment_network(spec, returns, args.seed, **asdict(config.network))
    if args.plain:
        stem = network.representation_stem
        for name, _ in [each for each in stem.named_modules() if isinstance(each[1], ChannelNorm)]:
            stem.set_submodule(name, nn.Identity())
    optimiser = make_optimiser(network, replace(config.learner, learning_rate=args.rate))
    learnt, draw = args.play - HELD_OUT, torch.Generator().manual_seed(args.seed)
    share = near[:learnt].double().mean()
    base = -(near[learnt:].double() * share.log() + (~near[learnt:]).double() * (1 - share).log()).mean()
    print(f"{args.environment}, {share:.1%} of {args.play:,} steps with a reward within {args.near}")
    print(f"  always {share:.1%}  {base:.3f}")
    for step in range(1, args.steps + 1):
        chosen = torch.randint(learnt, (args.batch,), generator=draw)
        optimiser.zero_grad()
        loss_of(network, seen[chosen], near[chosen]).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        norm = nn.utils.clip_grad_norm_(network.parameters(), config.learner.clip_norm)
        optimiser.step()
        if step % MEASURED == 0:
            with torch.no_grad():
                parts = [loss_of(network, seen[i : i + 100], near[i : i + 100]) for i in range(learnt, args.play, 100)]
            print(f"  {step:5d} steps  {torch.stack(parts).mean():.3f}  gradient {norm:.2f}", flush=True)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("environment", metavar="ID")
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE")
    parser.add_argument("--play", type=count, default=11_000, metavar="STEPS")
    parser.add_argument("--near", type=count, default=5, metavar="STEPS")
    parser.add_argument("--steps", type=count, default=300, help="gradient steps")
    parser.add_argument("--batch", type=count, default=64)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plain", action="store_true")
    args = parser.parse_args()
    if args.play <= HELD_OUT:
        parser.error(f"--play must be more than the {HELD_OUT} steps that are held out")
    torch.set_num_threads(1)
    measure(args)

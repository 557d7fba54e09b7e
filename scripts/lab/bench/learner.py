"""Time gradient steps on random batches of a game's shapes, in several configurations.

    python scripts/lab/bench learner                # h 8 + g 4 blocks of 128, unroll 5, batch 1024, chess
    python scripts/lab/bench learner --quick        # seconds on a CPU: does it run?

A sample is one position with its unrolled steps (U + 1 predictions). Each line is the median over `--repeats` runs of
`--steps` steps, after a warm-up that compiles. FLOP/s count the convolutions, forward and backward (3 times forward).
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import time

import torch
from lab.common.commands import parser_of
from lab.common.devices import device_name, wait
from lab.common.kernel_profile import print_profile

from muzero_engine.games.registry import game_names, load_game
from muzero_engine.network.blocks import StandardisedConv
from muzero_engine.network.fresh import fresh_network
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.training.config import LearnerSettings
from muzero_engine.training.distributed import World
from muzero_engine.training.learner.learner import Learner
from muzero_engine.training.random_batches import random_batch
from muzero_engine.training.types import tensors_of


@dataclasses.dataclass(frozen=True, slots=True)
class Variant:
    """One line of the table."""

    name: str
    compile: bool = True
    channels_last: bool = True
    graphed: bool = True
    consistency: bool = False


VARIANTS = (
    Variant("default"),
    Variant("no-graph", graphed=False),
    Variant("eager", compile=False),
    Variant("eager-no-graph", compile=False, graphed=False),
    Variant("channels-first", channels_last=False),
    Variant("consistency", consistency=True),
)


def flops_per_sample(network: MuZeroNetwork, area: int, unroll: int) -> float:
    """Return the multiplications and additions of convolutions and heads for one sample, forward and backward."""

    def of(module: torch.nn.Module) -> int:
        return sum(2 * area * conv.weight.numel() for conv in module.modules() if isinstance(conv, StandardisedConv))

    h = of(network.representation_stem) + of(network.representation_tower)
    g = of(network.dynamics_stem) + of(network.dynamics_tower) + of(network.reward)
    f = of(network.policy) + of(network.value)
    return 3.0 * (h + unroll * g + (unroll + 1) * f)


def measure(args: argparse.Namespace, variant: Variant) -> tuple[float, float, float]:
    """Return the median samples/s, FLOP/s, and the seconds of the first step with its compilation."""
    game, device = load_game(args.game), torch.device(args.device)
    network = fresh_network(
        game, 1, channels=args.channels, representation_blocks=args.representation, dynamics_blocks=args.dynamics
    )
    settings = LearnerSettings(
        batch_size=args.batch,
        unroll=args.unroll,
        compile=variant.compile,
        consistency_weight=2.0 if variant.consistency else 0.0,
    )
    learner = Learner(
        network,
        settings,
        total_steps=100_000,
        world=World.alone(device),
        channels_last=variant.channels_last,
        graphed=variant.graphed,
    )
    batch = random_batch(game, args.batch, unroll_steps=args.unroll, targets=32, later_observation=variant.consistency)
    batch = dataclasses.replace(batch, **{name: tensor.to(device) for name, tensor in tensors_of(batch).items()})
    begun = time.perf_counter()
    learner.step(batch)
    wait(device)
    first = time.perf_counter() - begun
    for _ in range(args.warmup):
        learner.step(batch)
    rates = []
    for _ in range(args.repeats):
        wait(device)
        begun = time.perf_counter()
        for _ in range(args.steps):
            learner.step(batch)
        wait(device)
        rates.append(args.steps * args.batch / (time.perf_counter() - begun))
    learner.finish()
    if args.profile and device.type == "cuda":
        print_profile(lambda: learner.step(batch))
    rate = statistics.median(rates)
    rows, columns = game.spec.shapes[0]
    return rate, rate * flops_per_sample(network, rows * columns, args.unroll), first


def main() -> None:
    on_gpu = torch.cuda.is_available()
    parser = parser_of(__doc__)
    parser.add_argument("--game", choices=game_names(), default="chess")
    parser.add_argument("--device", default="cuda" if on_gpu else "cpu")
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--unroll", type=int, default=5)
    parser.add_argument("--channels", type=int, default=128)
    parser.add_argument("--representation", type=int, default=8, help="blocks of h")
    parser.add_argument("--dynamics", type=int, default=4, help="blocks of g")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("--variants", nargs="+", choices=[v.name for v in VARIANTS], help="default: all")
    parser.add_argument("--profile", action="store_true", help="list the kernels of a step")
    parser.add_argument("--quick", action="store_true", help="a tiny network and batch")
    args = parser.parse_args()
    if args.quick:
        args.batch, args.channels, args.representation, args.dynamics = 8, 16, 1, 1
        args.steps, args.repeats, args.warmup = 2, 2, 1
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    print(
        f"{device_name(torch.device(args.device))}, torch {torch.__version__}: {args.game}, "
        f"h {args.representation} + g {args.dynamics} x {args.channels}, unroll {args.unroll}, batch {args.batch}"
    )
    for variant in VARIANTS:
        if args.variants and variant.name not in args.variants:
            continue
        rate, flops, first = measure(args, variant)
        print(
            f"{variant.name:16} {rate:10,.0f} samples/s  {flops / 1e12:8.2f} TFLOP/s  first step {first:6.1f} s",
            flush=True,
        )

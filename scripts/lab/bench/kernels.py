"""Time the kernel that finds the K best children (Triton) by its tuning parameters; needs a CUDA device.

    python scripts/lab/bench kernels --rows 4096

What the Triton kernels must do, tests/training/search/test_triton_kernels.py holds against their reference in torch.
"""

from __future__ import annotations

import statistics
from functools import partial

import torch
from lab.common.commands import parser_of
from lab.common.devices import best_device, captured, device_name, timed

from muzero_engine.games.registry import game_names, load_game

CALLS = 10  # in one captured graph
TUNINGS = ((4, 512), (4, 1024), (8, 512), (8, 1024), (16, 1024))  # warps, entries of a row that are read at once


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--games", nargs="+", choices=game_names(), default=("chess", "go", "shogi"))
    parser.add_argument("--rows", type=int, default=4096, help="games that are searched at once")
    parser.add_argument("--children", type=int, default=32)
    parser.add_argument("--repetitions", type=int, default=10)
    arguments = parser.parse_args()
    device = best_device()
    if device.type != "cuda":
        parser.error("this times a kernel of a CUDA device, and there is none")

    from muzero_engine.training.search.triton_kernels import TritonKernels

    print(f"{device_name(device)}, torch {torch.__version__}")
    for name in arguments.games:
        spec = load_game(name).spec
        actions = spec.num_actions(spec.shapes[0])
        values = torch.randn(arguments.rows, actions, device=device).bfloat16()
        for warps, chunk in TUNINGS:
            kernels = TritonKernels(warps=warps, chunk=chunk)
            replay = captured(partial(kernels.top, values, arguments.children), device, CALLS)
            each = statistics.median(timed(replay, arguments.repetitions, device)) / CALLS
            print(
                f"  {name}: top {arguments.children} of {arguments.rows} x {actions}, {warps} warps, chunk {chunk}: "
                f"{1e6 * each:.0f} us",
                flush=True,
            )

"""Random numbers that depend on the seed and the cycle alone, not on what was drawn before.

What draws them changes nothing else of a run, and a run that resumes needs no state of them.
"""

from __future__ import annotations

import random

import torch


def cycle_generator(device: torch.device, seed: int, cycle: int, rank: int, purpose: str) -> torch.Generator:
    """Return a generator of this device, its own for each cycle, rank and purpose."""
    generator = torch.Generator(device)
    return generator.manual_seed(random.Random(f"{seed} {cycle} {rank} {purpose}").getrandbits(63))

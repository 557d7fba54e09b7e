"""What `torchrun` tells a process of itself: RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE. No torch is imported."""

from __future__ import annotations

import os


class BadWorld(ValueError):
    """The environment does not describe a world, or it could not be joined; the message says what is wrong."""


def told(name: str, default: int) -> int:
    """Return the number that an environment variable holds, `default` where it is not set or empty. Raises BadWorld."""
    text = os.environ.get(name) or str(default)
    try:
        return int(text)
    except ValueError:
        raise BadWorld(f"{name} is {text!r}, not a number: start several processes with torchrun") from None

"""What is not as the options ask: a line for people, from whatever there is to say of each part."""

from __future__ import annotations

from dataclasses import dataclass, fields

from muzero_engine.engine.options import EngineOptions
from muzero_engine.inference.session import obtainable_threads

ON_A_CLOCK = "the network that the options ask for is not loaded on a clock, but at isready or a new game"


@dataclass(slots=True)
class Notices:
    """A sentence on each part that is not as the options ask, None where it is. Any thread may set and read them."""

    threads: str | None = None
    network: str | None = None  # why another one was loaded
    waiting: str | None = None  # that another one is to be loaded
    level: str | None = None
    hash: str | None = None
    mates: str | None = None

    def line(self) -> str | None:
        """Return all of them in one line; None where all is as the options ask."""
        return "; ".join(filter(None, (getattr(self, field.name) for field in fields(self)))) or None


def missing_threads(options: EngineOptions) -> str | None:
    """Return a sentence where the options ask for more threads than there are cores, else None."""
    asked, threads = options.threads, obtainable_threads(options.threads)
    return (
        f"{asked} threads cannot be had here: thinking with {threads}, one for each core" if threads < asked else None
    )

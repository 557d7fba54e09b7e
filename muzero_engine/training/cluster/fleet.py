"""`Fleet`: machines and the actors on them, as the coordinator sees them, whatever connects them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class ClusterLost(RuntimeError):
    """There is no cluster, or no more; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that has joined. One that leaves and joins again has another `key`."""

    key: str
    name: str  # for people
    cores: int
    gpus: int
    learns: bool  # whether the learner runs on it


@dataclass(frozen=True, slots=True)
class ActorLost:
    """Instead of an answer: the actor's process, or its machine, is no more."""

    reason: str


@dataclass(frozen=True, slots=True)
class CallFailed:
    """Instead of an answer: the method raised something; the actor is still there."""

    reason: str


class Fleet(Protocol):
    """Starts actors on machines and calls their methods, which answer later, those of one actor one after another."""

    def machines(self) -> Sequence[Machine]:
        """Return those that are there now. Raises ClusterLost."""
        ...

    def start(self, machine: Machine, on_gpu: bool) -> Hashable:
        """Start a `SelfPlayActor` on a machine; return what stands for it."""
        ...

    def shared(self, data: bytes) -> Any:
        """Return an argument for `call` that stands for bytes which many calls use."""
        ...

    def call(self, actor: Hashable, method: str, *arguments: Any) -> Hashable:
        """Call a method, and return what stands for the answer; `pulse` does not wait for other calls."""
        ...

    def answers(self) -> list[tuple[Hashable, Any]]:
        """Return the calls that were answered since the last time, each with its value, ActorLost or CallFailed."""
        ...

    def end(self, actor: Hashable) -> None:
        """Kill an actor, whatever it is doing."""
        ...

    def close(self) -> None:
        """End all actors and leave the cluster."""
        ...

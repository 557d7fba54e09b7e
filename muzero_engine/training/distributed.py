"""Several processes that take the same gradient steps (SPMD): `World` is what they do together.

Started by `torchrun`, a process finds its place in RANK, WORLD_SIZE and LOCAL_RANK; started alone it is a world of one,
and the same code runs. Tensors on the CPU travel over gloo, tensors on a GPU over NCCL.

When a process dies, the others learn of it at their next collective: gloo reports the closed connection at once, NCCL
after `timeout` (its watchdog then ends the process). Both end with an exit code other than 0; `PeerLost` carries the
one line to print.
"""

from __future__ import annotations

import functools
import os
import re
import signal
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import FrameType, TracebackType
from typing import Self

import torch

# PyTorch imports this at the first optimiser, and its default arguments hold the group that is there then for ever: the
# group's threads outlived `destroy_process_group` and now and then aborted the process at its end. Here there is none.
import torch.distributed.nn.functional
from torch import Tensor, nn
from torch import distributed as dist
from torch.distributed.rendezvous import rendezvous

from muzero_engine.training.ranks import BadWorld, told
from muzero_engine.training.stop_signals import OUT_OF_TIME, STOP_SIGNALS

TIMEOUT_SECONDS = 300.0  # longer than any difference between the ranks' cycles
REPEAT_SECONDS = 2.0  # torchrun passes on the Ctrl-C that the terminal sent already: this soon it is the same one


class PeerLost(RuntimeError):
    """Another process of the run died or hung; the message is one line."""


@dataclass(frozen=True, slots=True)
class World:
    """This process among `size`, of ranks 0 to size - 1. Every method but the properties is called by all ranks."""

    rank: int
    size: int
    device: torch.device

    @classmethod
    def alone(cls, device: torch.device | str = "cpu") -> Self:
        """Return a world of one process."""
        return cls(0, 1, torch.device(device))

    @property
    def is_main(self) -> bool:
        """Return whether this is the process that writes files and speaks."""
        return self.rank == 0

    def sum_(self, tensor: Tensor) -> None:
        """Replace `tensor` by its sum over the ranks. Raises PeerLost."""
        if self.size > 1:
            self._together(lambda: dist.all_reduce(tensor))

    def mean_(self, tensor: Tensor) -> None:
        """Replace `tensor` by its mean over the ranks. Raises PeerLost."""
        if self.size > 1:
            self.sum_(tensor)
            tensor.div_(self.size)

    def broadcast_(self, module: nn.Module) -> None:
        """Give every rank what rank 0 has in the module's state_dict. Raises PeerLost."""
        if self.size > 1:
            for tensor in module.state_dict().values():
                self._together(functools.partial(dist.broadcast, tensor, src=0))

    def any(self, flag: bool) -> bool:
        """Return whether the flag of any rank is set: the same answer on all of them. Raises PeerLost."""
        if self.size == 1:
            return flag
        shared = torch.tensor([int(flag)])  # on the CPU: no GPU is waited for
        self._together(lambda: dist.all_reduce(shared, op=dist.ReduceOp.MAX))
        return bool(shared.item())

    def text(self, text: str) -> str:
        """Return the text that rank 0 has. Raises PeerLost."""
        if self.size == 1:
            return text
        data = text.encode(errors="surrogateescape")
        length = torch.tensor([len(data)])
        self._together(lambda: dist.broadcast(length, src=0))
        shared = torch.zeros(int(length), dtype=torch.uint8)
        if self.is_main:
            shared = torch.frombuffer(bytearray(data), dtype=torch.uint8).clone()
        self._together(lambda: dist.broadcast(shared, src=0))
        return bytes(shared.tolist()).decode(errors="surrogateescape")

    def deal(self, parts: Sequence[bytes]) -> bytes:
        """Return this rank's of the parts that rank 0 has for every rank (what others give counts for nothing).

        Raises PeerLost.
        """
        if self.size == 1:
            return parts[0]
        sizes = torch.tensor([len(part) if self.is_main else 0 for part in parts])
        self._together(lambda: dist.broadcast(sizes, src=0))
        if self.is_main:
            for rank in range(1, self.size):
                if parts[rank]:
                    sent = torch.frombuffer(bytearray(parts[rank]), dtype=torch.uint8)
                    self._together(functools.partial(dist.send, sent, dst=rank))
            return parts[0]
        received = torch.zeros(int(sizes[self.rank]), dtype=torch.uint8)
        if len(received):
            self._together(lambda: dist.recv(received, src=0))
        return received.numpy().tobytes()

    def barrier(self) -> None:
        """Return when all ranks have come here. Raises PeerLost, after the timeout at the latest."""
        self.any(False)

    def _together(self, collective: Callable[[], object]) -> None:
        try:
            collective()
        except RuntimeError as error:
            raise PeerLost(
                f"rank {self.rank} of {self.size} stops: another process of this run died or hung ({_reason(error)})"
            ) from error


@contextmanager
def joined_world(device: str | None = None, *, timeout: float = TIMEOUT_SECONDS) -> Iterator[World]:
    """Join the world that the environment describes (torchrun's RANK, WORLD_SIZE, LOCAL_RANK), and leave it at the end.

    `device` is "cpu", "cuda" (one GPU a process, by LOCAL_RANK) or a single device; None takes a GPU where there is
    one. `timeout`, in seconds, bounds every wait for another rank. Raises BadWorld.
    """
    rank, size, local = told("RANK", 0), told("WORLD_SIZE", 1), told("LOCAL_RANK", 0)
    if not 0 <= rank < size:
        raise BadWorld(f"RANK is {rank} but WORLD_SIZE is {size}: start several processes with torchrun")
    place = _device(device, local)
    if size == 1:
        yield World(0, 1, place)
        return
    limit = timedelta(seconds=timeout)
    try:
        with _signals_end_at_once():
            store, _, _ = next(rendezvous("env://", rank, size, timeout=limit))
            # after a restart by torchrun the store may still hold where the ranks were before
            prefix = f"restart-{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}"
            store = dist.PrefixStore(prefix, store)  # type: ignore[attr-defined]  # not exported in the stubs
            backend = "cpu:gloo,cuda:nccl" if place.type == "cuda" else "gloo"
            dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=limit)
    except (RuntimeError, ValueError) as error:
        raise BadWorld(f"rank {rank} of {size} could not meet the others: {_reason(error)}") from error
    try:
        yield World(rank, size, place)
    except BaseException:
        if place.type == "cpu":  # NCCL might wait for a rank that is no more; the end of the process ends it as well
            dist.destroy_process_group()
        raise
    dist.destroy_process_group()


@contextmanager
def _signals_end_at_once() -> Iterator[None]:
    """Leave signals to stop to the system, unless they are ignored: Python's handlers wait until C++ comes back."""
    before = {}
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _reason(error: Exception) -> str:
    """Return the first sentence of torch's message, without the line of its source."""
    text = re.sub(r"^\[[^\]]*:\d+\] ", "", " ".join(str(error).split()))
    return text.split(". ")[0][:200]


def _device(name: str | None, local_rank: int) -> torch.device:
    if name is None:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise BadWorld(f"unknown device {name!r}: choose cpu or cuda") from None
    if device.type not in ("cpu", "cuda"):
        raise BadWorld(f"cannot train on {name!r}: choose cpu or cuda")
    if device.type == "cpu":
        return device
    index = local_rank if device.index is None else device.index
    if index >= torch.cuda.device_count():
        raise BadWorld(f"there is no GPU {index}: this machine has {torch.cuda.device_count()}")
    device = torch.device("cuda", index)
    take_device(device)
    return device


def take_device(device: torch.device) -> None:
    """Let this process compute there, as `joined_world` does. Nothing is changed where it is a CPU."""
    if device.type == "cuda":
        torch.cuda.set_device(device)
        # what torch.compile says of a choice of its own, several times a run
        warnings.filterwarnings("ignore", message=r"\s*Online softmax is disabled", category=UserWarning)
        torch.backends.cudnn.benchmark = True  # shapes stay the same: the fastest convolutions are found once


class StopRequest:
    """Whether the run should end: Ctrl-C or SIGTERM came, the terminal was closed, or the time is up, this machine's or
    what `ulimit -t` grants. A context manager of the main thread.

    The first one is answered by `answer`, called in the handler of the signal; a second one, no sooner than `repeat`
    seconds later, interrupts at once. Ranks decide together: `world.any(request.due())`. Where the parent process had
    SIGINT ignored, as shells do for what runs in the background, or SIGHUP, as nohup does, it stays so.
    """

    def __init__(
        self,
        time_limit: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        answer: Callable[[], None] = lambda: None,
        repeat: float = REPEAT_SECONDS,
    ) -> None:
        self._clock = clock
        self._answer, self._repeat = answer, repeat
        self._end = None if time_limit is None else clock() + time_limit
        self._asked: float | None = None
        self._before: dict[int, object] = {}

    @property
    def signalled(self) -> bool:
        """Return whether a signal asked for the stop."""
        return self._asked is not None

    def due(self) -> bool:
        """Return whether this process wants the run to end."""
        return self.signalled or (self._end is not None and self._clock() >= self._end)

    def __enter__(self) -> Self:
        for number in STOP_SIGNALS:
            if signal.getsignal(number) is signal.SIG_IGN:
                continue
            self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal itself returned
        self._before.clear()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        now = self._clock()
        if self._asked is not None and now - self._asked >= self._repeat and number != OUT_OF_TIME:
            raise KeyboardInterrupt
        if self._asked is None:
            self._asked = now
            self._answer()

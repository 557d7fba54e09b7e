"""Worker processes over shared memory, so that rules or environments run while the device searches. No torch here.

Each worker has a share of the slots of every group. A byte over its pipe names the group to step, the same byte comes
back when that is done, and how long it took; positions and moves go through buffers in shared memory. Workers sleep
while there is nothing to do. A pipe that closes says that the other side is gone: a worker then ends, and the main
process raises an error.

Processes are spawned, never forked: the main process may hold a CUDA context. As always with spawned processes, a
script that starts them keeps its code behind `if __name__ == "__main__"`.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import multiprocessing
import os
import signal
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from muzero_engine.files import text_bytes
from muzero_engine.machine import usable_cores
from muzero_engine.training.ranks import told
from muzero_engine.training.self_play.rules import Buffers, RulesError, RulesSettings

_JOIN_SECONDS = 5.0  # for all workers to end
_BUSY_SECONDS = 1.0  # the same where one has not done its step
_LOOK_SECONDS = 0.25  # at most, between two looks at a worker that is waited for
_STOP_SECONDS = 1.0  # at least that a step is waited for where the run is to stop
_STOP_FACTOR = 2.0  # times the slowest step so far: the same where that is longer
_ANSWER = struct.Struct("<Bd")  # a group, and the seconds of its step
_FAILED = b"\xff"  # no group, but what is wrong
_RULES_SECONDS = 300.0  # that no step of rules takes
B = TypeVar("B")  # the buffers of a group


class LeftBehind(RuntimeError):
    """The run is asked to stop, and a worker is not waited for any longer; the message says which."""


class SlotSlice(Protocol):
    """Some slots of a group in one process."""

    def step(self) -> None:
        """Do with all of them what the buffers say. What it raises ends the worker."""
        ...

    def close(self) -> None:
        """Give back what they hold; nothing is asked of them afterwards."""
        ...


class SlotSettings(Protocol[B]):
    """A group of slots; pickled to the workers."""

    @property
    def slots(self) -> int:
        """Return their number."""
        ...

    def memory_size(self) -> int:
        """Return the bytes of memory that `buffers_over` needs."""
        ...

    def buffers_over(self, memory: Any) -> B:
        """Return the arrays over so many writable bytes."""
        ...

    def slice_of(self, buffers: B, first: int, end: int) -> SlotSlice:
        """Return the slots from `first` to before `end`."""
        ...


class WorkerPool(Generic[B]):
    """Several groups of slots. `submit` a group, `wait` for it, then read its `buffers`.

    Between the two calls only the workers touch the buffers of that group. Groups are independent of each other. With
    no workers `submit` does the work itself.
    """

    def __init__(
        self,
        groups: Sequence[SlotSettings[B]],
        workers: int,
        *,
        name: str,
        error: type[RuntimeError],
        patience: float | None = None,
        late: str = "",
    ) -> None:
        """Start `workers` processes, but no more than there are slots in the largest group; 0: none.

        `name` is what they are called in messages, `error` what is raised; an error of this type that is raised in a
        worker is known by its message alone. A step that takes more than `patience` seconds (None: for ever) is one,
        of which `late` says more.
        """
        self._name, self._error, self._late = name, error, late
        self.patience = patience
        self.due: Callable[[], bool] = lambda: False  # whether the run is to stop
        self.left = ""  # which worker was not waited for then; empty: none
        self._slowest = 0.0  # seconds of a step
        context = multiprocessing.get_context("spawn")
        sizes = [group.memory_size() for group in groups]
        memories: list[Any] = [context.RawArray(ctypes.c_uint8, size) if workers else bytearray(size) for size in sizes]
        self.buffers = [group.buffers_over(memory) for memory, group in zip(memories, groups, strict=True)]
        self._local: list[SlotSlice] = []
        self._processes: list[BaseProcess] = []
        self._pipes: list[Connection] = []
        self._pending: list[set[int]] = [set() for _ in groups]  # workers that have not answered
        if not workers:
            self._local = [
                group.slice_of(buffers, 0, group.slots) for group, buffers in zip(groups, self.buffers, strict=True)
            ]
            return
        count = min(workers, max(group.slots for group in groups))
        with interrupts_blocked():
            for worker in range(count):
                shares = [(group.slots * worker // count, group.slots * (worker + 1) // count) for group in groups]
                ours, theirs = context.Pipe()
                process = context.Process(
                    target=_work,
                    args=(theirs, memories, list(groups), shares, error),
                    name=f"{name}-{worker}",
                    daemon=True,
                )
                process.start()
                theirs.close()
                self._processes.append(process)
                self._pipes.append(ours)

    @property
    def workers(self) -> int:
        return len(self._processes)

    def submit(self, group: int) -> None:
        """Let the slots of this group take the step that its buffers describe. Raises the pool's error."""
        if self._local:
            self._local[group].step()
        for worker, pipe in enumerate(self._pipes):
            with self._ends_reported(worker):
                pipe.send_bytes(bytes([group]))
            self._pending[group].add(worker)

    def wait(self, group: int) -> None:
        """Return when the last step of this group is done. Raises the pool's error where it, or a worker, failed.

        Raises LeftBehind where `due` says that the run is to stop and a worker takes much longer than the slowest step
        so far, and at every call after that.
        """
        if self.left:
            raise LeftBehind(self.left)
        while self._pending[group]:
            worker = min(self._pending[group])
            with self._ends_reported(worker):
                self._wait_for_answer(worker)
                answer = self._pipes[worker].recv_bytes()
            if answer[:1] == _FAILED:
                raise self._failure(worker, answer)
            done, seconds = _ANSWER.unpack(answer)
            self._slowest = max(self._slowest, seconds)
            self._pending[done].discard(worker)

    def _wait_for_answer(self, worker: int) -> None:
        """Wait for a worker, while this process runs. Raises the pool's error where it has lost patience, LeftBehind.

        The time in which all were stopped (Ctrl-Z, then `fg`), or the machine slept, is one look at most.
        """
        waited, who = 0.0, f"{self._name} worker {worker}"
        while not self._pipes[worker].poll(_LOOK_SECONDS):
            waited += _LOOK_SECONDS
            if self.due() and waited >= max(_STOP_SECONDS, _STOP_FACTOR * self._slowest):
                self._processes[worker].kill()
                self.left = f"{who} has not answered for {waited:.0f} seconds"
                raise LeftBehind(self.left)
            if self.patience is not None and waited >= self.patience:
                self._processes[worker].kill()
                raise self._error(f"{who} has not answered for {self.patience:g} seconds{self._late}")

    def _failure(self, worker: int, answer: bytes) -> RuntimeError:
        return self._error(f"{self._name} worker {worker} failed: {answer[1:].decode()}")

    @contextlib.contextmanager
    def _ends_reported(self, worker: int) -> Iterator[None]:
        """Raise the pool's error where the pipe is closed inside: what the worker said of it, or how it ended."""
        try:
            yield
        except (EOFError, OSError):
            with contextlib.suppress(EOFError, OSError):  # it may have failed at another group, and be asked for more
                while True:
                    if (answer := self._pipes[worker].recv_bytes())[:1] == _FAILED:
                        raise self._failure(worker, answer) from None
            process = self._processes[worker]
            process.join(_JOIN_SECONDS)
            code = process.exitcode
            how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with exit code {code}"
            memory = ": is the machine out of memory?" if code in (None, -9) else ""  # which the system ends so
            raise self._error(f"{self._name} worker {worker} {how}{memory}") from None

    def close(self) -> None:
        """End the workers. May be called twice."""
        for part in self._local:
            part.close()
        for pipe in self._pipes:
            pipe.close()
        end = time.monotonic() + (_BUSY_SECONDS if any(self._pending) else _JOIN_SECONDS)
        for process in self._processes:
            process.join(max(0.0, end - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()
        self._processes.clear()
        self._pipes.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class RulesPool(WorkerPool[Buffers]):
    """The rules of several groups of slots. Raises RulesError."""

    def __init__(self, groups: Sequence[RulesSettings], workers: int) -> None:
        """Start `workers` processes, see `WorkerPool`."""
        super().__init__(groups, workers, name="rules", error=RulesError, patience=_RULES_SECONDS)


@contextlib.contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Keep Ctrl-C and SIGTERM, which are the main process's business, from processes that are started inside."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows: the workers ignore Ctrl-C themselves, once they run
        yield
        return
    resource_tracker.ensure_running()  # the first process starts it, and then it unblocks both
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def leave_stops_to_parent() -> None:
    """Let Ctrl-C and a SIGTERM to the parent's group pass this process, which was started with both blocked, by."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "setpgrp"):  # torchrun sends SIGTERM to its child's whole group: from here on that is not this one
        os.setpgrp()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # forgets one that came before
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _work(
    pipe: Connection,
    memories: Sequence[Any],
    groups: Sequence[SlotSettings[Any]],
    shares: Sequence[tuple[int, int]],
    known: type[RuntimeError],
) -> None:
    leave_stops_to_parent()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # many objects that live long, hardly any in cycles: 7% of a ply of chess
    slices: list[SlotSlice] = []
    with contextlib.suppress(EOFError, OSError):  # the main process is gone or wants no more
        try:
            slices += [
                group.slice_of(group.buffers_over(memory), *share)
                for group, memory, share in zip(groups, memories, shares, strict=True)
            ]
            while True:
                (group,) = pipe.recv_bytes()
                begun = time.monotonic()
                slices[group].step()
                pipe.send_bytes(_ANSWER.pack(group, time.monotonic() - begun))
        except (EOFError, OSError):
            raise
        except BaseException as error:  # Ctrl-C is ignored here: what is stepped raised it itself
            text = str(error) if isinstance(error, known) else f"{type(error).__name__}: {error}".removesuffix(": ")
            pipe.send_bytes(_FAILED + text_bytes(" ".join(text.split())))
    for part in slices:
        part.close()


def default_workers(world: int = 1) -> int:
    """Return as many as there are cores for each rank of this machine, less one for the rank itself; at least one."""
    ranks = max(1, told("LOCAL_WORLD_SIZE", world))
    return max(1, usable_cores() // ranks - 1)

"""`CompileAhead`: a process that compiles the gradient step while a new run plays its first games.

Compiling takes a minute, in which a GPU would do nothing. The results lie in PyTorch's cache on the disk, from where
the run takes them in some seconds. The step has to be the same one: the module, and the shapes, types and order of
memory of a batch, which `RunTask.random_batch` makes.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection

import torch

from muzero_engine.training.config import TrainConfig
from muzero_engine.training.distributed import World, take_device
from muzero_engine.training.learner.learner import Learner
from muzero_engine.training.run.task import RunTask
from muzero_engine.training.self_play.workers import interrupts_blocked, leave_stops_to_parent
from muzero_engine.training.types import tensors_of

TaskOf = Callable[[TrainConfig], RunTask]


class CompileAhead:
    """The process, from the beginning to `close`. It is asked for nothing: where it fails, the run compiles itself."""

    def __init__(self, task_of: TaskOf, config: TrainConfig, device: torch.device, dtype: torch.dtype) -> None:
        """Begin. `task_of` is a function of a module, since games cannot be sent to a process.

        `dtype` is that of the replay's observations that are not whole numbers.
        """
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(
            target=_compile, args=(theirs, task_of, config, device, dtype), name="compile-ahead", daemon=True
        )
        with interrupts_blocked():
            self._process.start()
        theirs.close()

    @property
    def busy(self) -> bool:
        """Return whether it has not ended."""
        return self._process.is_alive()

    def close(self) -> None:
        """End it. May be called twice."""
        self._ours.close()
        self._process.kill()
        self._process.join()


def compile_step(task: RunTask, config: TrainConfig, device: torch.device, dtype: torch.dtype) -> None:
    """Take one gradient step on each board, with random positions, as a run of these settings would."""
    learner = Learner(task.fresh_network(), config.learner, total_steps=1, world=World.alone(device))
    for shape in task.shares():
        batch = task.random_batch(shape, config.learner.batch_size, dtype)
        learner.step(replace(batch, **{name: tensor.to(device) for name, tensor in tensors_of(batch).items()}))
    learner.finish()


def _compile(pipe: Connection, task_of: TaskOf, config: TrainConfig, device: torch.device, dtype: torch.dtype) -> None:
    leave_stops_to_parent()
    threading.Thread(target=_end_with, args=(pipe,), daemon=True).start()
    try:
        take_device(device)
        compile_step(task_of(config), config, device, dtype)
    except Exception as error:
        said = str(error).partition("\n")[0]
        print(f"compiling beside the first games failed ({type(error).__name__}: {said})", file=sys.stderr, flush=True)


def _end_with(pipe: Connection) -> None:
    """End this process when the other side of the pipe is gone."""
    with contextlib.suppress(EOFError, OSError):
        pipe.recv_bytes()
    os._exit(1)

"""`Learner`: gradient steps on batches, the same ones on every rank.

All gradients lie in one flat buffer with the loss at its end: one all-reduce, one norm and one test for finiteness a
step. Nothing in a step waits for the device. A step whose loss or gradient is not finite is skipped there (as is every
later one), and the host, which looks a few steps later, saves the batch and stops the run with the weights intact.
"""

from __future__ import annotations

import copy
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save as save_tensors
from torch import Tensor

from muzero_engine.files import write_atomically
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.training.config import LearnerSettings
from muzero_engine.training.distributed import World
from muzero_engine.training.learner.gradients import Gradients
from muzero_engine.training.learner.losses import BatchLoss, MuZeroLoss, mixed_precision
from muzero_engine.training.learner.optimiser import ema_decay, learning_rate, make_optimiser
from muzero_engine.training.report.step_metrics import StepMetrics
from muzero_engine.training.types import Batch, tensors_of

LAG = 2  # steps that the host may be ahead of a GPU before it looks whether all was finite


class NonFiniteLoss(ArithmeticError):
    """A loss or a gradient was infinite or not a number; the message says at which step and where its batch is."""


class BadLearnerState(ValueError):
    """A state that does not fit this learner's network and settings; the message names the first difference."""


@dataclass(frozen=True, slots=True)
class LearnerState:
    """Everything that the next steps depend on. Tensors are copies on the CPU."""

    tensors: dict[str, Tensor]  # network.*, heads.*, ema.*, optimiser.<slot>.<parameter>
    step: int  # gradient steps taken


@dataclass(frozen=True, slots=True)
class _Unchecked:
    """A step whose finiteness the host has not looked at. `copied` is reached when `finite` has arrived."""

    step: int
    batch: Batch
    finite: Tensor  # bool[], on the CPU
    copied: torch.cuda.Event | None  # None: it is there


class Learner:
    """Trains `network` (moved to the world's device, with the weights of rank 0) and a running mean of its weights.

    `total_steps` ends the learning-rate schedule. Batches of steps that were not finite go to `run_dir`, where given.
    `channels_last` lays convolutions out as a GPU's tensor cores read them; by default on a GPU. `graphed` captures a
    step as a CUDA graph (no effect elsewhere).
    """

    def __init__(
        self,
        network: MuZeroNetwork,
        settings: LearnerSettings,
        *,
        total_steps: int,
        world: World,
        run_dir: Path | None = None,
        channels_last: bool | None = None,
        graphed: bool = True,
    ) -> None:
        on_gpu = world.device.type == "cuda"
        self._settings = settings
        self.total_steps = total_steps  # at which the learning rate ends
        self._world = world
        self._run_dir = run_dir
        self._lag = LAG if on_gpu else 0
        self._module = MuZeroLoss(network.to(world.device).train(), settings)
        channels_last = on_gpu if channels_last is None else channels_last
        if channels_last:
            self._module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in the stubs
        world.broadcast_(self._module)
        self._ema = copy.deepcopy(network).eval().requires_grad_(False)
        self._optimiser = make_optimiser(self._module, settings)
        self._parameters = [parameter for parameter in self._module.parameters() if parameter.requires_grad]
        self._buffer = torch.zeros(sum(p.numel() for p in self._parameters) + 1, device=world.device)
        loss = torch.compile(self._module, dynamic=False) if on_gpu and settings.compile else self._module
        self._gradients = Gradients(
            loss, self._parameters, self._buffer, graphed=graphed and on_gpu, channels_last=channels_last
        )
        for parameter, gradient in zip(self._parameters, self._gradients.views, strict=True):
            parameter.grad = gradient
        self._broken = torch.zeros((), device=world.device)  # 1 from the first step on that was not finite
        self._optimiser.found_inf = self._broken  # type: ignore[attr-defined]  # what GradScaler sets: skip the step
        self._unchecked: deque[_Unchecked] = deque()
        self._step = 0

    @property
    def steps(self) -> int:
        """Return how many gradient steps were taken."""
        return self._step

    @property
    def network(self) -> MuZeroNetwork:
        """Return the network that the steps change; not a copy."""
        return self._module.network

    def ema_network(self) -> MuZeroNetwork:
        """Return the network with the running mean of the weights, which plays; not a copy."""
        return self._ema

    def step(self, batch: Batch) -> StepMetrics:
        """Take one gradient step; all ranks call it together.

        Raises NonFiniteLoss (on a GPU up to two steps later), with the weights as they were before the step; PeerLost.
        """
        rate = learning_rate(self._settings, self._step, self.total_steps)
        measured = self._gradients(batch)
        self._world.mean_(self._buffer)
        norm = torch.linalg.vector_norm(self._buffer[:-1])
        loss = self._buffer[-1].clone()
        finite = torch.isfinite(norm) & torch.isfinite(loss)
        self._broken.copy_(torch.maximum(self._broken, (~finite).to(self._broken.dtype)))
        self._watch(batch, finite)
        self._check(self._lag)
        if self._settings.clip_norm > 0:
            self._buffer[:-1].mul_((self._settings.clip_norm / (norm + 1e-6)).clamp(max=1.0))
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._optimiser.step()
        self._follow(ema_decay(self._settings, self._step))
        self._step += 1
        return StepMetrics(self._step - 1, rate, loss, norm, measured.sums, measured.counts)

    @torch.no_grad()
    def measure(self, batch: Batch) -> BatchLoss:
        """Return the loss of this rank's batch with the weights of now, from which nothing is learnt.

        Not compiled: it is asked for too seldom. The consistency head's normalisation takes the statistics of its
        batch, as in a step, so measure batches of the size that is learnt from.
        """
        with mixed_precision(self._world.device):
            loss: BatchLoss = self._module(batch)
        return loss

    @torch.no_grad()
    def values(self, observation: Tensor) -> Tensor:
        """Return the values float32[M] that the weights of now give to float[M, planes, H, W]."""
        with mixed_precision(self._world.device):
            return self.network.initial_inference(observation).value.float()

    def finish(self) -> None:
        """Wait for all steps. Raises NonFiniteLoss where one of them was not finite."""
        self._check(0)

    def state(self) -> LearnerState:
        """Return what `load_state` needs to go on exactly. Raises NonFiniteLoss as `finish` does."""
        self.finish()
        tensors: dict[str, Tensor] = dict(self._module.state_dict())
        tensors |= {f"ema.{name}": tensor for name, tensor in self._ema.state_dict().items()}
        for name, parameter in self._module.named_parameters():
            for slot, tensor in self._optimiser.state[parameter].items():
                if isinstance(tensor, Tensor):
                    tensors[f"optimiser.{slot}.{name}"] = tensor
        return LearnerState({name: _copied(tensor) for name, tensor in tensors.items()}, self._step)

    def load_state(self, state: LearnerState) -> None:
        """Go on where `state` was taken. Raises BadLearnerState and leaves the learner as it was."""
        places = dict(self._module.state_dict())
        places |= {f"ema.{name}": tensor for name, tensor in self._ema.state_dict().items()}
        parameters = dict(self._module.named_parameters())
        slots = {name: tensor for name, tensor in state.tensors.items() if name.startswith("optimiser.")}
        _require_fit(places, {name: tensor for name, tensor in state.tensors.items() if name not in slots})
        _require_slots(slots, parameters)
        with torch.no_grad():
            for name, place in places.items():
                place.copy_(state.tensors[name])
        self._optimiser.state.clear()
        for name, tensor in slots.items():
            slot, parameter = name.split(".", 2)[1], parameters[_parameter_of(name)]
            place = torch.empty_like(parameter) if tensor.shape == parameter.shape else tensor.new_empty(())
            self._optimiser.state[parameter][slot] = place.detach().to(self._world.device).copy_(tensor)
        self._unchecked.clear()
        self._broken.zero_()
        self._step = state.step

    def _follow(self, decay: float) -> None:
        with torch.no_grad():
            torch._foreach_lerp_(list(self._ema.parameters()), list(self.network.parameters()), 1.0 - decay)

    def _watch(self, batch: Batch, finite: Tensor) -> None:
        """Send the flag to the host behind the work of this step, so that to look at it waits for no later step."""
        flag, copied = finite.to("cpu", non_blocking=True), None
        if finite.is_cuda:
            copied = torch.cuda.Event()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            copied.record()
        self._unchecked.append(_Unchecked(self._step, batch, flag, copied))

    def _check(self, lag: int) -> None:
        while len(self._unchecked) > lag:
            oldest = self._unchecked.popleft()
            if oldest.copied is not None:
                oldest.copied.synchronize()
            if not bool(oldest.finite):
                self._unchecked.appendleft(oldest)  # whoever asks again is told again
                raise NonFiniteLoss(
                    f"the loss or its gradient is not finite at step {oldest.step}; {self._saved(oldest)} "
                    "(resume from the last checkpoint, with a lower learning rate if this comes again)"
                )

    def _saved(self, step: _Unchecked) -> str:
        if self._run_dir is None:
            return "its batch was not kept"
        rank = f"-rank{self._world.rank}" if self._world.rank else ""
        path = self._run_dir / f"nonfinite-{step.step}{rank}.safetensors"
        tensors = {name: _copied(tensor) for name, tensor in tensors_of(step.batch).items()}
        try:
            write_atomically(path, save_tensors(tensors, metadata={"step": str(step.step)}))
        except OSError as error:
            return f"its batch could not be saved: {error}"
        return f"its batch is in {path}"


def _copied(tensor: Tensor) -> Tensor:
    """Return a copy on the CPU, contiguous, that shares memory with nothing (safetensors wants it so)."""
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)


def _parameter_of(slot: str) -> str:
    return slot.split(".", 2)[-1]  # optimiser.<slot>.<parameter>


def _require_fit(places: dict[str, Tensor | None], tensors: dict[str, Tensor]) -> None:
    for name in sorted(places.keys() | tensors.keys()):
        place, tensor = places.get(name), tensors.get(name)
        if tensor is None:
            raise BadLearnerState(f"the learner's state lacks {name}")
        if place is None:
            raise BadLearnerState(f"the learner's state has {name}, which these settings do not use")
        if place.shape != tensor.shape:
            raise BadLearnerState(f"the learner's {name} is {tuple(tensor.shape)}, not {tuple(place.shape)}")


def _require_slots(slots: dict[str, Tensor], parameters: dict[str, torch.nn.Parameter]) -> None:
    for name, tensor in slots.items():
        parameter = parameters.get(_parameter_of(name))
        if parameter is None:
            raise BadLearnerState(f"the learner's state has {name}, which this network does not use")
        if tensor.dim() and tensor.shape != parameter.shape:
            raise BadLearnerState(f"the learner's {name} is {tuple(tensor.shape)}, not {tuple(parameter.shape)}")

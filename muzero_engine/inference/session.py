"""`OnnxModel`: a weights bundle running in onnxruntime, as the search wants it.

Sessions are set up for a search that calls from one thread: sequential execution, no spinning between calls (a waiting
engine must leave the processor to its opponent). On the processor a batch is split among as many sessions as there are
threads, of one thread each (onnxruntime lets go of the interpreter while it computes): that scales better than the
threads within an operator ([report](../../weights/experiments/2026-11-29-threads.md)).

onnxruntime is imported when a model is made, not with this module.

The same inputs in the same batch give the same outputs, bit for bit, for the same threads, provider and build of
onnxruntime. On the processor a state's outputs were also seen not to depend on the batch it is in nor on the threads,
but onnxruntime promises neither: elsewhere the last digits (about 1e-6) may differ.
"""

from __future__ import annotations

import contextlib
import enum
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from muzero_engine.arrays import Floats, Ints
from muzero_engine.environments.base import ObservationKind
from muzero_engine.inference.bundle import Bundle
from muzero_engine.inference.graph_names import initializer_names
from muzero_engine.inference.manifest import INITIAL, RECURRENT, RECURRENT_INT8, BadWeights, Manifest, weight_name
from muzero_engine.installing import pip
from muzero_engine.machine import usable_cores
from muzero_engine.model import TOP, InitialOutput, RecurrentOutput

if TYPE_CHECKING:
    import onnxruntime

INITIAL_OUTPUTS = ("latent", "policy", "value", "draw")
LEVELS = 255  # of numbers from 0 to 1 in 8 bits
RECURRENT_OUTPUTS = ("next_latent", "reward", "discount", "reward_draw", "top_actions", "top_logits", "value", "draw")


class BackendUnavailable(RuntimeError):
    """A backend that this installation of onnxruntime does not have; the message says what to install."""


class Backend(enum.Enum):
    """Where the network runs. AUTO takes the first accelerator that is installed, else the processor."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    DIRECTML = "directml"
    COREML = "coreml"
    OPENVINO = "openvino"


class Precision(enum.Enum):
    """AUTO takes the 8-bit recurrent network where the bundle has one and the processor runs it, else 32 bits."""

    AUTO = "auto"
    FP32 = "fp32"
    INT8 = "int8"


_PROVIDERS = {
    Backend.CUDA: "CUDAExecutionProvider",
    Backend.DIRECTML: "DmlExecutionProvider",
    Backend.COREML: "CoreMLExecutionProvider",
    Backend.OPENVINO: "OpenVINOExecutionProvider",
    Backend.CPU: "CPUExecutionProvider",
}
_ON_PROCESSOR = (Backend.CPU, Backend.OPENVINO)
_AUTO_ORDER = (Backend.CUDA, Backend.DIRECTML, Backend.CPU)
_PACKAGES = {
    Backend.CUDA: f"{pip()} uninstall onnxruntime, then {pip()} install 'onnxruntime-gpu[cuda,cudnn]'",
    Backend.DIRECTML: f"{pip()} uninstall onnxruntime, then {pip()} install onnxruntime-directml (Windows)",
    Backend.COREML: f"{pip()} install onnxruntime (macOS)",
    Backend.OPENVINO: f"{pip()} uninstall onnxruntime, then {pip()} install onnxruntime-openvino",
}


def available_backends() -> tuple[Backend, ...]:
    """Return the backends of the installed onnxruntime, fastest first. Raises BackendUnavailable where it is broken."""
    try:
        import onnxruntime
    except ImportError as error:
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise KeyboardInterrupt from None  # of which it makes an error of its own
        reason = " ".join(str(error).split())[:200]
        raise BackendUnavailable(
            f"onnxruntime cannot be loaded ({reason}): give it more memory, or install it again"
        ) from None

    onnxruntime.disable_telemetry_events()  # before any session; see the package
    providers = onnxruntime.get_available_providers()
    return tuple(backend for backend, provider in _PROVIDERS.items() if provider in providers)


def choose_backend(choice: Backend, available: tuple[Backend, ...]) -> Backend:
    """Return the backend to use. Raises BackendUnavailable."""
    if choice is Backend.AUTO:
        return next((backend for backend in _AUTO_ORDER if backend in available), Backend.CPU)
    if choice not in available:
        names = ", ".join(backend.value for backend in available)
        raise BackendUnavailable(
            f"the backend {choice.value} is not installed (there is {names}): {_PACKAGES[choice]}, or choose another"
        )
    return choice


def accelerator_advice(available: tuple[Backend, ...], platform: str = sys.platform) -> str | None:
    """Return in one line what would let a graphics card be used; None where one is in use without being asked for."""
    if any(backend is not Backend.CPU for backend in _AUTO_ORDER if backend in available):
        return None
    if Backend.COREML in available:
        return "none is used by itself; --backend coreml tries Apple's"
    ways = [f"NVIDIA: {_PACKAGES[Backend.CUDA]}"]
    if platform == "win32":
        ways.append(f"any: {_PACKAGES[Backend.DIRECTML]}")
    return "none is used; for " + ", or for ".join(ways)


def default_threads() -> int:
    """Return half of the cores that this process may run on, at least one and at most eight.

    Most processors count two for each that they have, and the second brings little; the rest is for the opponent, the
    GUI and the search itself.
    """
    return max(1, min(usable_cores() // 2, 8))


def obtainable_threads(asked: int) -> int:
    """Return `asked` threads, but no more than there are cores for them; 0: `default_threads`."""
    return min(asked, usable_cores()) if asked > 0 else default_threads()


class OnnxModel:
    """A bundle as a `muzero_engine.model.Model`. Not for several threads at once.

    `threads` are those of the processor, as far as it has cores for them; 0: half of its cores (`default_threads`).
    Raises BadWeights where a graph cannot be loaded or does not fit the manifest or where INT8 is asked of a bundle
    without it, and BackendUnavailable.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        backend: Backend = Backend.AUTO,
        precision: Precision = Precision.AUTO,
        threads: int = 1,
    ) -> None:
        self.manifest: Manifest = bundle.manifest
        self.threads = obtainable_threads(threads)
        self.backend = choose_backend(backend, available_backends())
        environment = self.manifest.environment
        images = environment is not None and environment.spec.kind is ObservationKind.IMAGE
        self._observation_type = np.dtype(np.uint8 if images else np.float32)
        self._initial_outputs = [*INITIAL_OUTPUTS, "ownership"] if self.manifest.ownership else list(INITIAL_OUTPUTS)
        self._recurrent_outputs = list(RECURRENT_OUTPUTS)
        self._load(bundle, precision)
        if not _runs_on(self.backend, self._recurrent[0]):
            if backend is not Backend.AUTO:
                raise BackendUnavailable(
                    f"the backend {self.backend.value} is installed but does not start on this machine: are its driver "
                    f"and libraries there ({_PACKAGES[self.backend]})? Or choose another backend"
                )
            self.backend = Backend.CPU
            self._load(bundle, precision)
        self._levels = self._probe(str(bundle.folder))

    def _load(self, bundle: Bundle, precision: Precision) -> None:
        """Make the sessions for `backend`."""
        self.precision = _choose_precision(precision, self.backend, bundle)
        recurrent = RECURRENT_INT8 if self.precision is Precision.INT8 else RECURRENT
        self._initial = _session(bundle, INITIAL, self.backend, self.threads)
        workers = self.threads if self.backend is Backend.CPU else 1
        self._recurrent = [_session(bundle, recurrent, self.backend, self.threads // workers) for _ in range(workers)]
        self._workers = ThreadPoolExecutor(workers, "network") if workers > 1 else None
        self._fills_up = self.backend not in _ON_PROCESSOR  # batches, to powers of two: a card prepares for each size

    @property
    def planes(self) -> int:
        """Return how many channels an observation has."""
        return self.manifest.planes

    @property
    def largest_batch(self) -> int:
        """Return how many states at once may pay: eight a thread, and hundreds where a graphics card is to be busy."""
        return max(32, min(8 * self.threads, 512)) if self.backend in _ON_PROCESSOR else 512

    @property
    def latent_levels(self) -> int:
        """See `Model`: 255 in 8 bits, where the largest activation of a latent, 1, has the largest byte."""
        return self._levels

    def clock(self) -> float:
        """Return seconds, for timing calls: of work, which other load does not stretch, where one thread does it all.

        Elsewhere, and on Windows, whose clock of a thread's work is coarse, the time that passes.
        """
        alone = self.backend is Backend.CPU and self.threads == 1 and os.name == "posix"
        return time.thread_time() if alone else time.perf_counter()

    def initial_inference(self, observation: Floats) -> InitialOutput:
        """See `Model`."""
        given = np.ascontiguousarray(observation, dtype=self._observation_type)
        return InitialOutput(*self._initial.run(self._initial_outputs, {"observation": given}))

    def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
        """See `Model`."""
        latent, count = np.ascontiguousarray(latent), len(action)
        if self._fills_up and count != (shape := 1 << (count - 1).bit_length()):
            latent, action = np.resize(latent, (shape, *latent.shape[1:])), np.resize(action, shape)
            return RecurrentOutput(*(output[:count] for output in self._run(self._recurrent[0], latent, action)))
        if self._workers is None or count == 1:
            return RecurrentOutput(*self._run(self._recurrent[0], latent, action))
        parts = min(len(self._recurrent), count)
        latents, actions = np.array_split(latent, parts), np.array_split(action, parts)
        outputs = self._workers.map(self._run, self._recurrent[:parts], latents, actions)
        return RecurrentOutput(*(np.concatenate(column) for column in zip(*outputs, strict=True)))

    def _run(self, session: onnxruntime.InferenceSession, latent: Floats, action: Ints) -> list[Any]:
        outputs: list[Any] = session.run(self._recurrent_outputs, {"latent": latent, "action": action})
        return outputs

    def _probe(self, source: str) -> int:
        """Run both graphs once, hold what they give against the manifest, and return the levels of latents."""
        shape = self.manifest.shapes[0]
        try:
            seen = (1, *self.manifest.observation_shape(shape))
            root = self.initial_inference(np.zeros(seen, dtype=self._observation_type))
            after = self.recurrent_inference(root.latent, np.zeros(1, dtype=np.int64))
        except Exception as error:  # onnxruntime's exceptions have no common base but this
            raise BadWeights(
                f"the graphs in {source} do not run ({_first_line(error)}): export or install the weights again"
            ) from None
        latent = (1, self.manifest.network.channels, *shape)
        actions = self.manifest.num_actions(shape)
        top = (1, min(TOP, actions))
        expected = latent, (1, actions), latent, top, top
        tops = after.top_actions.shape, after.top_logits.shape
        shapes = root.latent.shape, root.policy_logits.shape, after.latent.shape, *tops
        scalars = (root.value, after.value)
        if shapes != expected or any(value.shape != (1,) or not np.isfinite(value).all() for value in scalars):
            raise BadWeights(
                f"the graphs in {source} give latent and policy of {shapes} where their manifest says "
                f"{expected}, or no finite value: export or install the weights again"
            )
        if self.precision is not Precision.INT8:
            return 0
        step = np.float32(1 / LEVELS)
        rounded = self.recurrent_inference(np.rint(root.latent / step) * step, np.zeros(1, dtype=np.int64))
        same = np.array_equal(rounded.latent, after.latent) and np.array_equal(rounded.top_logits, after.top_logits)
        return LEVELS if same else 0


def _choose_precision(choice: Precision, backend: Backend, bundle: Bundle) -> Precision:
    has_int8 = RECURRENT_INT8 in bundle.graphs
    if choice is Precision.AUTO:
        return Precision.INT8 if has_int8 and backend in _ON_PROCESSOR else Precision.FP32
    if choice is Precision.INT8 and not has_int8:
        raise BadWeights(f"the weights in {bundle.folder} have no 8-bit network: set the precision to fp32 or auto")
    return choice


def session_options(threads: int) -> onnxruntime.SessionOptions:
    """Return the settings of a session that one caller uses from one thread, see the module."""
    import onnxruntime

    onnxruntime.disable_telemetry_events()  # before any session; see the package
    onnxruntime.set_default_logger_severity(3)  # errors only: standard error belongs to the protocol session
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _session(bundle: Bundle, name: str, backend: Backend, threads: int) -> onnxruntime.InferenceSession:
    import onnxruntime

    options = session_options(threads)
    if backend is Backend.DIRECTML:
        options.enable_mem_pattern = False  # DirectML requires it
    graph = bundle.graphs[name]
    weights = {weight_name(tensor): values for tensor, values in bundle.weights.items()}
    try:
        named = initializer_names(graph)
        used = [weight for weight in weights if weight in named]  # onnxruntime refuses any that is not there
        tensors = [onnxruntime.OrtValue.ortvalue_from_numpy(weights[weight]) for weight in used]
        options.add_external_initializers(used, tensors)
        if backend is Backend.CPU:
            return onnxruntime.InferenceSession(graph, options, providers=_providers(backend, threads))
        with contextlib.redirect_stdout(sys.stderr):  # where onnxruntime says that a provider does not start
            if backend is Backend.CUDA:
                getattr(onnxruntime, "preload_dlls", int)()  # those of NVIDIA's wheels; onnxruntime has it from 1.21 on
            return onnxruntime.InferenceSession(graph, options, providers=_providers(backend, threads))
    except Exception as error:  # onnxruntime's exceptions have no common base but this
        raise BadWeights(
            f"{name} in {bundle.folder} cannot be loaded by onnxruntime ({_first_line(error)}): "
            "export or install the weights again"
        ) from None


def _providers(backend: Backend, threads: int) -> list[tuple[str, dict[str, str]]]:
    """Return what runs a graph, with the settings of each; what the first cannot run falls to the processor.

    OpenVINO has threads of its own, by default one a core; the session's count says nothing to it.
    """
    settings = {
        Backend.OPENVINO: {"device_type": "CPU", "num_of_threads": str(threads)},
        Backend.CUDA: {
            "cudnn_conv_algo_search": "HEURISTIC"
        },  # by default it tries every algorithm for each batch size
    }
    chosen = [(_PROVIDERS[backend], settings.get(backend, {}))]
    if backend is not Backend.CPU:
        chosen.append((_PROVIDERS[Backend.CPU], {}))
    return chosen


def _runs_on(backend: Backend, running: onnxruntime.InferenceSession) -> bool:
    """Return whether a session has the backend that it was made for: onnxruntime goes on without one that fails."""
    return _PROVIDERS[backend] in running.get_providers()


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__

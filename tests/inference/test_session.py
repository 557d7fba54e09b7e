"""A session runs where and with what it is asked to, or says why it cannot."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.networks import random_observations, tiny_network

from muzero_engine.arrays import Floats, Ints
from muzero_engine.export.bundle import export_bundle
from muzero_engine.figures import new_figure
from muzero_engine.games.registry import load_game
from muzero_engine.inference import session
from muzero_engine.inference.bundle import Bundle, load_bundle
from muzero_engine.inference.manifest import INITIAL, RECURRENT, RECURRENT_INT8, BadWeights, NetworkSize, Training
from muzero_engine.inference.session import (
    Backend,
    BackendUnavailable,
    OnnxModel,
    Precision,
    accelerator_advice,
    available_backends,
    choose_backend,
    default_threads,
    obtainable_threads,
)
from muzero_engine.machine import usable_cores

GAME = load_game("tictactoe")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("weights") / "tictactoe"
    export_bundle(tiny_network(GAME), GAME, folder, training=Training("untrained"))
    return load_bundle(folder, GAME.spec)


def test_auto_takes_the_fastest_that_is_there() -> None:
    everything = (Backend.CUDA, Backend.DIRECTML, Backend.CPU)
    assert choose_backend(Backend.AUTO, everything) is Backend.CUDA
    assert choose_backend(Backend.AUTO, (Backend.DIRECTML, Backend.CPU)) is Backend.DIRECTML
    assert choose_backend(Backend.AUTO, (Backend.CPU,)) is Backend.CPU
    assert choose_backend(Backend.CPU, everything) is Backend.CPU
    assert Backend.CPU in available_backends()


@pytest.mark.parametrize(
    ("backend", "package"),
    [
        (Backend.CUDA, "onnxruntime-gpu"),
        (Backend.DIRECTML, "onnxruntime-directml"),
        (Backend.OPENVINO, "onnxruntime-openvino"),
        (Backend.COREML, "macOS"),
    ],
)
def test_a_backend_that_is_missing_says_what_to_install(backend: Backend, package: str) -> None:
    with pytest.raises(BackendUnavailable, match=f"{backend.value} is not installed .*{package}"):
        choose_backend(backend, (Backend.CPU,))


def test_what_a_graphics_card_needs_is_said_where_none_is_used() -> None:
    assert accelerator_advice((Backend.CUDA, Backend.CPU)) is None
    assert accelerator_advice((Backend.DIRECTML, Backend.CPU)) is None
    assert "--backend coreml" in str(accelerator_advice((Backend.COREML, Backend.CPU), "darwin"))
    linux, windows = (str(accelerator_advice((Backend.CPU,), platform)) for platform in ("linux", "win32"))
    assert "onnxruntime-gpu" in linux
    assert "directml" not in linux
    assert "directml" in windows


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_card_that_does_not_start_is_no_card(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """onnxruntime goes on without a provider whose driver is missing; 32 bits on a processor would be the worst."""
    monkeypatch.setattr(session, "available_backends", lambda: (Backend.CUDA, Backend.CPU))
    assert OnnxModel(bundle).backend is Backend.CPU
    with pytest.raises(BackendUnavailable, match="cuda is installed but does not start"):
        OnnxModel(bundle, backend=Backend.CUDA)


def test_eight_bits_are_refused_where_there_are_none(bundle: Bundle) -> None:
    with pytest.raises(BadWeights, match="no 8-bit network"):
        OnnxModel(bundle, precision=Precision.INT8)
    assert OnnxModel(bundle, backend=Backend.CPU).precision is Precision.FP32


def test_openvino_takes_the_eight_bits_and_the_threads_that_it_is_told(bundle: Bundle) -> None:
    both = dataclasses.replace(bundle, graphs={**bundle.graphs, RECURRENT_INT8: b""})
    chosen = [session._choose_precision(Precision.AUTO, backend, both) for backend in (Backend.OPENVINO, Backend.CUDA)]
    assert chosen == [Precision.INT8, Precision.FP32]
    first, last = session._providers(Backend.OPENVINO, 3)
    assert first == ("OpenVINOExecutionProvider", {"device_type": "CPU", "num_of_threads": "3"})
    assert last == ("CPUExecutionProvider", {})
    assert session._providers(Backend.CPU, 3) == [last]


@pytest.fixture
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "usable_cores", lambda: 8)


@pytest.mark.usefixtures("eight_cores")
def test_no_network_has_more_threads_than_there_are_cores(bundle: Bundle) -> None:
    """512 sessions took 17 s and 1.1 GB on two cores."""
    assert [obtainable_threads(asked) for asked in (0, 1, 3, 8, 9, 512)] == [4, 1, 3, 8, 8, 8]
    model = OnnxModel(bundle, backend=Backend.CPU, threads=512)
    assert (model.threads, len(model._recurrent)) == (8, 8)


def test_threads(bundle: Bundle) -> None:
    assert OnnxModel(bundle, threads=2).threads == min(2, usable_cores())
    assert OnnxModel(bundle, threads=0).threads == default_threads() == max(1, min(usable_cores() // 2, 8))


def test_a_batch_that_is_filled_up_for_a_card_gives_the_same(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """A card meets few sizes: each one that is new makes it wait."""
    model = OnnxModel(bundle, backend=Backend.CPU)
    root = model.initial_inference(random_observations(GAME, (3, 3), 5))
    actions = np.arange(5, dtype=np.int64)
    plain = model.recurrent_inference(root.latent, actions)
    sizes = []
    run = model._run

    def counted(session: Any, latent: Floats, action: Ints) -> list[Any]:
        sizes.append(len(action))
        return run(session, latent, action)

    monkeypatch.setattr(model, "_run", counted)
    monkeypatch.setattr(model, "_fills_up", True)
    filled = model.recurrent_inference(root.latent, actions)
    assert sizes == [8]
    for field in dataclasses.fields(plain):
        assert np.array_equal(getattr(plain, field.name), getattr(filled, field.name)), field.name


@pytest.mark.usefixtures("eight_cores")
def test_a_batch_that_is_split_among_threads_gives_the_same(bundle: Bundle) -> None:
    alone, split = (OnnxModel(bundle, backend=Backend.CPU, threads=threads) for threads in (1, 3))
    root = alone.initial_inference(random_observations(GAME, (3, 3), 7))
    for count in (1, 2, 3, 7):
        one, other = (
            model.recurrent_inference(root.latent[:count], np.arange(count, dtype=np.int64)) for model in (alone, split)
        )
        for field in dataclasses.fields(one):
            assert np.array_equal(getattr(one, field.name), getattr(other, field.name)), field.name


@pytest.mark.parametrize("name", [INITIAL, RECURRENT])
def test_a_graph_that_is_none_is_refused_in_one_line(bundle: Bundle, name: str) -> None:
    broken = dataclasses.replace(bundle, graphs={**bundle.graphs, name: b"not a graph"})
    with pytest.raises(BadWeights, match=f"{name} in .* cannot be loaded") as caught:
        OnnxModel(broken)
    assert "\n" not in str(caught.value)


def test_a_graph_whose_weights_are_missing_is_refused_in_one_line(bundle: Bundle) -> None:
    kept = {name: tensor for name, tensor in bundle.weights.items() if name != "representation_stem.weight"}
    with pytest.raises(BadWeights, match=f"{INITIAL} in .* cannot be loaded") as caught:
        OnnxModel(dataclasses.replace(bundle, weights=kept, folder=bundle.folder / "nowhere"))
    assert "\n" not in str(caught.value)


def test_weights_of_another_network_are_refused(bundle: Bundle) -> None:
    wrong = {name: tensor.reshape(-1) for name, tensor in bundle.weights.items()}
    with pytest.raises(BadWeights, match=f"{INITIAL} in .* cannot be loaded"):
        OnnxModel(dataclasses.replace(bundle, weights=wrong))


@pytest.mark.parametrize(
    "changes",
    [
        {"network": NetworkSize(99, 2, 1)},
        {"action_planes": 2},
        {"shapes": ((3, 4),)},
        {"planes": 5},
        {"ownership": True},
    ],
)
def test_graphs_that_are_not_what_the_manifest_says_are_refused(bundle: Bundle, changes: dict[str, Any]) -> None:
    other = dataclasses.replace(bundle, manifest=dataclasses.replace(bundle.manifest, **changes))
    with pytest.raises(BadWeights, match=r"the graphs in .* (do not run|give latent and policy)") as caught:
        OnnxModel(other)
    assert "\n" not in str(caught.value)


def test_exchanged_graphs_are_refused(bundle: Bundle) -> None:
    swapped = {INITIAL: bundle.graphs[RECURRENT], RECURRENT: bundle.graphs[INITIAL]}
    with pytest.raises(BadWeights, match="do not run"):
        OnnxModel(dataclasses.replace(bundle, graphs=swapped))


def test_a_network_that_gives_no_numbers_is_refused(tmp_path: Path) -> None:
    network = tiny_network(GAME)
    with torch.no_grad():
        network.value.logits.bias[0] = float("nan")
    export_bundle(network, GAME, tmp_path / "nan", training=Training("untrained"))
    with pytest.raises(BadWeights, match="no finite value"):
        OnnxModel(load_bundle(tmp_path / "nan"))


def test_views_are_taken_as_they_are(bundle: Bundle) -> None:
    model = OnnxModel(bundle)
    observations = random_observations(GAME, (3, 3), 4)
    mirrored = np.ascontiguousarray(observations[:, :, ::-1])
    root = model.initial_inference(observations[:, :, ::-1])
    assert np.array_equal(root.policy_logits, model.initial_inference(mirrored).policy_logits)
    every_other = model.recurrent_inference(root.latent[::2], np.arange(4)[::2])
    packed = model.recurrent_inference(root.latent[::2].copy(), np.array([0, 2]))
    assert np.array_equal(every_other.latent, packed.latent)


@pytest.mark.usefixtures("eight_cores")
@pytest.mark.skipif(os.name != "posix", reason="the clock of a thread's work is coarse there")
def test_other_load_does_not_count_where_one_thread_does_the_work(bundle: Bundle) -> None:
    for threads in (1, 2):
        model = OnnxModel(bundle, backend=Backend.CPU, threads=threads)
        before = model.clock()
        time.sleep(0.1)
        assert (model.clock() - before < 0.05) == (threads == 1)


def test_the_runtime_leaves_no_trace_in_the_users_home(bundle: Bundle, tmp_path: Path) -> None:
    """Its telemetry keeps a device id and a database there, and looks its collector up."""
    code = f"""
from pathlib import Path
from muzero_engine.inference.bundle import load_bundle
from muzero_engine.inference.session import OnnxModel
OnnxModel(load_bundle(Path({str(bundle.folder)!r})))
"""
    watched = {"HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME"}
    unset = watched | {"ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "CI"}
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment |= dict.fromkeys(watched, str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    done = subprocess.run([sys.executable, "-c", code], timeout=60, check=False, capture_output=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert not [path for path in (tmp_path / "home").rglob("*") if path.is_file()]


def test_exporting_switches_telemetry_off_too() -> None:
    code = "import os, muzero_engine.export; assert os.environ['ORT_DISABLE_TELEMETRY'] == '1'"
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)


def test_playing_imports_no_torch(bundle: Bundle) -> None:
    code = f"""
import sys
from pathlib import Path
from typing import Any
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import load_bundle
from muzero_engine.inference.session import OnnxModel
from muzero_engine.inference.tuning import tune
assert "onnxruntime" not in sys.modules, "onnxruntime is imported before it is needed"
game = load_game("tictactoe")
model = OnnxModel(load_bundle(Path({str(bundle.folder)!r}), game.spec))
tune(model, (3, 3), seconds=0.01)
found = {{"torch", "safetensors", "onnx", "matplotlib"}} & set(sys.modules)
assert not found, found
"""
    done = subprocess.run([sys.executable, "-c", code], timeout=60, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr == ""


def test_the_bundle_is_read_only_once(bundle: Bundle, tmp_path: Path) -> None:
    moved = dataclasses.replace(bundle, folder=tmp_path / "gone")
    assert OnnxModel(moved).planes == GAME.spec.layout.planes


def test_a_runtime_that_cannot_be_loaded_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # as where there is not enough memory for it
    with pytest.raises(BackendUnavailable, match=r"^onnxruntime cannot be loaded \(.*\): give it more memory"):
        available_backends()


@pytest.mark.parametrize(
    ("module", "load"), [("onnxruntime", available_backends), ("matplotlib", lambda: new_figure(1.0, 1.0))]
)
def test_a_ctrl_c_while_a_library_is_loaded_is_no_fault_of_it(
    monkeypatch: pytest.MonkeyPatch, module: str, load: Callable[..., object]
) -> None:
    class Interrupted:
        """Fails as an extension does that Ctrl-C interrupts."""

        @staticmethod
        def find_spec(name: str, *_: object) -> None:
            if name == module:
                raise ImportError("initialization failed") from KeyboardInterrupt()

    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Interrupted, *sys.meta_path])
    with pytest.raises(KeyboardInterrupt):
        load()

"""Networks and memory that are loaded, changed, or cannot be had."""

from __future__ import annotations

import shutil
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support.engine_client import PATIENCE, Client
from support.fakes import HashModel

from muzero_engine.arrays import Floats, Ints
from muzero_engine.commands.common import compose
from muzero_engine.engine import memory
from muzero_engine.engine.batches import FIXED_BATCH
from muzero_engine.engine.engine import Engine, end_searches
from muzero_engine.engine.limits import Clock, Limits
from muzero_engine.engine.options import BadOption, EngineOptions
from muzero_engine.games.base import Shape
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import default_weights_dir
from muzero_engine.model import Model, RecurrentOutput


def test_a_hash_that_cannot_be_had_is_said_and_searched_with_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "machine_mb", lambda: 100.0)
    client = Client("chess", hash_mb=1 << 20)
    client.engine.prepare((8, 8))
    assert client.engine.notice == "a hash of 1048576 MB cannot be had here: searching with 75 MB"
    assert client.go(Limits(nodes=50)).info.nodes == 50
    assert client.engine.error is None
    client.engine.configure(replace(client.engine.options, hash_mb=16))
    client.engine.prepare((8, 8))
    assert client.engine.notice is None


def test_threads_that_cannot_be_had_are_said_beside_a_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("muzero_engine.inference.session.usable_cores", lambda: 4)
    monkeypatch.setattr(memory, "machine_mb", lambda: 100.0)
    client = Client("chess", threads=512, hash_mb=64)
    client.engine.prepare((8, 8))
    assert client.engine.notice == "512 threads cannot be had here: thinking with 4, one for each core"
    client.engine.configure(replace(client.engine.options, threads=4))
    assert not client.engine.stale  # it has four already
    assert client.engine.notice is None
    client.engine.configure(replace(client.engine.options, threads=5, hash_mb=1 << 20))
    client.engine.prepare((8, 8))
    assert client.engine.notice == (
        "5 threads cannot be had here: thinking with 4, one for each core; "
        "a hash of 1048576 MB cannot be had here: searching with 75 MB"
    )


def test_no_machine_has_a_hash_beyond_all_bounds() -> None:
    client = Client("chess", hash_mb=1 << 20)
    assert client.go(Limits(nodes=20)).info.nodes == 20


def test_memory_that_the_system_refuses_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(size: int, **_: object) -> None:
        if size > 40 << 20:
            raise MemoryError

    monkeypatch.setattr("muzero_engine.engine.memory.np.empty", refusing)
    monkeypatch.setattr(memory, "machine_mb", lambda: None)
    assert memory.obtainable_mb(256) == 32
    assert memory.obtainable_mb(20) == 20


def test_a_clock_never_pays_for_another_network() -> None:
    game = load_game("tictactoe")
    loaded: list[str] = []

    def load(options: EngineOptions) -> Model:
        loaded.append(options.precision)
        return HashModel(game.spec, (3, 3))

    engine = Engine(load)
    client = Client()
    client.engine = engine
    client.go(Limits(clock=Clock(remaining_ms=50)))  # there is none yet
    assert loaded == ["auto"]
    engine.configure(EngineOptions(precision="fp32"))
    assert engine.stale
    for limits in (Limits(clock=Clock(remaining_ms=50)), Limits(move_time_ms=5)):
        client.go(limits)
        assert loaded == ["auto"]
        assert "not loaded on a clock" in (engine.notice or "")
    engine.prepare((3, 3))
    assert loaded == ["auto", "fp32"]
    assert not engine.stale
    assert engine.notice is None
    engine.configure(EngineOptions(precision="int8"))
    client.go(Limits(nodes=5))
    assert loaded == ["auto", "fp32", "int8"]


def test_a_model_that_cannot_be_loaded_still_gives_a_move() -> None:
    def refuse(_: EngineOptions) -> Model:
        raise ValueError("weights are not there: reinstall")

    client = Client("chess")
    client.engine = Engine(refuse)
    with pytest.raises(ValueError, match="not there"):
        client.engine.prepare(client.shape)
    result = client.go(Limits(move_time_ms=10))
    assert result.action in client.game.initial(client.shape).legal_actions()
    assert client.engine.error == "weights are not there: reinstall"


def test_a_model_that_fails_in_mid_search_still_gives_a_move() -> None:
    class Failing(HashModel):
        def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
            if self.calls == 3:
                raise RuntimeError("out of memory\nand more")
            return super().recurrent_inference(latent, action)

    client = Client("chess", Failing(load_game("chess").spec, (8, 8)))
    result = client.go(Limits(nodes=1000))
    assert result.action is not None
    assert client.engine.error == "out of memory"
    assert len(client.results) == 1


def test_the_memory_of_a_network_is_given_back_before_the_next_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    game = load_game("tictactoe")
    loaded, left = list[weakref.ref[Model]](), list[list[bool]]()

    def load(*_: object, **__: object) -> Model:
        model = HashModel(game.spec, (3, 3))
        loaded.append(weakref.ref(model))
        return model

    monkeypatch.setattr(compose, "OnnxModel", load)
    monkeypatch.setattr(compose, "give_back_memory", lambda: left.append([ref() is not None for ref in loaded]))
    client = Client()
    client.engine = Engine(compose.GameWeights("tictactoe").load)
    for precision in ("auto", "fp32", "int8"):
        client.engine.configure(EngineOptions(precision=precision))
        client.go(Limits(nodes=20))
    assert left == [[], [False], [False, False]]


def test_weights_in_play_stay_what_they_are_whatever_becomes_of_their_folder(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    plain, limited = EngineOptions(weights=str(folder)), EngineOptions(weights=str(folder), level="300")
    weights = compose.GameWeights("tictactoe")
    client = Client()
    client.engine = Engine(weights.load, plain, read_levels=weights.levels)
    with pytest.raises(BadOption, match="there are no weights in"):
        client.engine.check(limited)
    shutil.copytree(default_weights_dir("tictactoe"), folder)
    client.engine.check(limited)
    client.go(Limits(nodes=20))
    shutil.rmtree(folder)
    client.engine.check(limited)
    client.engine.configure(replace(plain, precision="fp32"))
    assert client.go(Limits(nodes=20)).info.nodes == 20
    assert client.engine.error is client.engine.notice is None
    client.engine.configure(EngineOptions(weights=str(tmp_path / "none")))
    assert client.go(Limits(nodes=20)).info.nodes == 20
    assert "none: it is not a folder" in (client.engine.notice or "")


def test_the_model_is_loaded_again_only_when_its_options_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("muzero_engine.inference.session.usable_cores", lambda: 8)
    loaded: list[EngineOptions] = []
    tuned: list[Shape] = []
    game = load_game("tictactoe")

    def load(options: EngineOptions) -> Model:
        loaded.append(options)
        return HashModel(game.spec, (3, 3))

    def tune(_: Model, shape: Shape, _seconds: float, _due: Callable[[], bool]) -> int:
        tuned.append(shape)
        return 4

    client = Client()
    client.engine = Engine(load, tune_batch=tune)
    client.engine.prepare((3, 3))
    client.go(Limits(nodes=5))
    client.engine.configure(replace(client.engine.options, multipv=3))
    client.go(Limits(nodes=5))
    assert len(loaded) == 1
    client.engine.configure(replace(client.engine.options, threads=2))
    client.go(Limits(nodes=5))
    assert len(loaded) == 2
    assert tuned == [(3, 3), (3, 3)]


def test_a_stop_while_the_model_loads_is_obeyed_after_the_first_batch() -> None:
    loading, loaded = threading.Event(), threading.Event()
    tuned: list[Shape] = []
    game = load_game("tictactoe")

    def load(_: EngineOptions) -> Model:
        loading.set()
        assert loaded.wait(PATIENCE)
        return HashModel(game.spec, (3, 3))

    def tune(_: Model, shape: Shape, _seconds: float, _due: Callable[[], bool]) -> int:
        tuned.append(shape)
        return 4

    client = Client()
    client.engine = Engine(load, tune_batch=tune)
    client.start(Limits(infinite=True))
    assert loading.wait(PATIENCE)
    client.engine.stop()
    assert not client.engine.wait(0.02)
    loaded.set()
    assert client.engine.wait(PATIENCE)
    (result,) = client.results
    assert 1 <= result.info.nodes <= FIXED_BATCH
    assert client.engine.error is None
    assert tuned == []  # it would take half a second more
    client.go(Limits(move_time_ms=1))
    assert tuned == [(3, 3)]


def test_a_stop_while_the_batch_is_measured_is_obeyed_and_it_is_measured_again() -> None:
    measuring = threading.Event()
    dues: list[bool] = []
    game = load_game("tictactoe")

    def tune(_: Model, _shape: Shape, _seconds: float, due: Callable[[], bool]) -> int:
        measuring.set()
        while not (due() or dues):
            time.sleep(0.001)
        dues.append(due())
        return 4

    client = Client()
    client.engine = Engine(lambda _: HashModel(game.spec, (3, 3)), tune_batch=tune)
    client.start(Limits(infinite=True))
    assert measuring.wait(PATIENCE)
    client.engine.stop()
    assert client.engine.wait(PATIENCE)
    assert client.results[0].info.nodes >= 1
    for _ in range(2):
        client.go(Limits(move_time_ms=1))
    assert dues == [True, False]


def test_an_engine_that_is_closed_while_the_model_loads_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("muzero_engine.engine.engine.CLOSE_SECONDS", 0.0)
    loading, loaded = threading.Event(), threading.Event()
    game = load_game("tictactoe")

    def load(_: EngineOptions) -> Model:
        loading.set()
        assert loaded.wait(PATIENCE)
        return HashModel(game.spec, (3, 3))

    client = Client()
    client.engine = Engine(load, tune_batch=lambda model, *_: 1 if model.latent_levels == 0 else 2)
    client.start(Limits(nodes=5))
    assert loading.wait(PATIENCE)
    client.engine.close()
    loaded.set()
    assert client.engine.wait(PATIENCE)
    assert client.engine.error is None
    assert len(client.results) == 1


def test_a_network_that_cannot_be_loaded_leaves_the_one_from_before(monkeypatch: pytest.MonkeyPatch) -> None:
    game = load_game("tictactoe")
    loaded: list[str] = []

    def load(options: EngineOptions) -> Model:
        loaded.append(options.weights)
        if options.weights == "bad":
            raise ValueError("there are no weights in bad")
        return HashModel(game.spec, (3, 3))

    engine = Engine(load, EngineOptions(weights="bad"))
    with pytest.raises(ValueError, match="there are no weights in bad"):  # there is none from before
        engine.prepare((3, 3))
    engine.configure(EngineOptions(weights="good"))
    engine.prepare((3, 3))
    engine.configure(EngineOptions(weights="bad"))
    engine.prepare((3, 3))
    said = "there are no weights in bad: playing on with the network from before"
    assert engine.notice == said
    monkeypatch.setattr(memory, "machine_mb", lambda: 100.0)
    engine.configure(EngineOptions(weights="bad", hash_mb=1 << 20))
    engine.prepare((3, 3))
    assert engine.notice == f"{said}; a hash of 1048576 MB cannot be had here: searching with 75 MB"
    assert not engine.stale  # it is not tried again at every move
    assert loaded == ["bad", "good", "bad", "good"]


def test_searches_that_are_left_end_with_the_process() -> None:
    client = Client("chess")
    client.start(Limits(infinite=True))
    assert client.engine.searching
    end_searches()
    assert not client.engine.searching


def test_the_batch_is_measured_in_a_part_of_the_time_for_the_move_and_again_where_there_is_more() -> None:
    told: list[float] = []
    game = load_game("tictactoe")

    def tune(_: Model, _shape: Shape, seconds: float, _due: Callable[[], bool]) -> int:
        told.append(seconds)
        return 4

    client = Client()
    client.engine = Engine(lambda _: HashModel(game.spec, (3, 3)), tune_batch=tune)
    for limits, seconds in (
        (Limits(move_time_ms=100), [0.025]),
        (Limits(move_time_ms=120), []),
        (Limits(clock=Clock(remaining_ms=4000, byoyomi_ms=200)), [0.15]),
        (Limits(clock=Clock(remaining_ms=100_000), nodes=20), [0.6]),
        (Limits(nodes=2), []),
    ):
        client.go(limits)
        assert told == seconds
        told.clear()

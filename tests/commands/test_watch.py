"""`watch`: episodes, their pictures and recordings."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from support.environments import Chain
from support.fakes import HashModel, ReturnsModel
from support.networks import tiny_environment_network

from muzero_engine.cli import main
from muzero_engine.commands.common.environments import EnvironmentPlayer
from muzero_engine.commands.watch import recording
from muzero_engine.commands.watch.command import _alike, _other_environment
from muzero_engine.commands.watch.episode import Episode, EpisodeEnd, play_episode
from muzero_engine.commands.watch.picture import HEIGHT, LEFT, WIDTH, EpisodePicture, Scale
from muzero_engine.engine.options import EngineOptions
from muzero_engine.environments.base import (
    EnvironmentFailed,
    EnvironmentSpec,
    EnvironmentStep,
    Observation,
    ObservationKind,
)
from muzero_engine.environments.registry import environment_spec
from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.export.bundle import export_bundle
from muzero_engine.games.registry import load_game
from muzero_engine.inference.manifest import EnvironmentDescription, Training
from muzero_engine.returns import DiscountedReturns

WEIGHTS = Path(__file__).parents[2] / "weights"
ACTIONS = 9
DISCOUNT = 0.9


class Corridor:
    """Pays 1 a step and ends after `length` steps; `interrupt` is the step at which somebody presses Ctrl-C."""

    def __init__(
        self,
        kind: ObservationKind = ObservationKind.PLANES,
        shape: tuple[int, int, int] = (4, 3, 3),
        *,
        length: int = 5,
        truncates: bool = False,
        interrupt: int = -1,
    ) -> None:
        self.spec = EnvironmentSpec(id="Corridor", kind=kind, shape=shape, actions=ACTIONS)
        self._length, self._truncates, self._interrupt = length, truncates, interrupt
        self._step = 0

    def _observation(self) -> Observation:
        draw = np.random.default_rng(self._step)
        return draw.integers(0, 2, self.spec.shape).astype(self.spec.kind.dtype)

    def reset(self, seed: int) -> Observation:
        self._step = 0
        return self._observation()

    def step(self, action: int) -> EnvironmentStep:
        if self._step == self._interrupt:
            raise KeyboardInterrupt
        self._step += 1
        over = self._step == self._length
        return EnvironmentStep(self._observation(), 1.0, over and not self._truncates, over and self._truncates)

    def render(self) -> npt.NDArray[np.uint8] | None:
        return None

    def close(self) -> None:
        pass


def _described(spec: EnvironmentSpec, *, clip_rewards: bool = False) -> EnvironmentDescription:
    returns = DiscountedReturns(discount=DISCOUNT)
    settings = EnvironmentSettings(id=spec.id)
    return EnvironmentDescription(spec=spec, settings=settings, returns=returns, clip_rewards=clip_rewards)


def _episode(environment: Corridor, scenes: int = 0, max_steps: int = 1000) -> Episode:
    model = ReturnsModel(HashModel(load_game("tictactoe").spec, (3, 3)), size=10.0)
    settings = EnvironmentSettings(id="Corridor")
    described = EnvironmentDescription(spec=environment.spec, settings=settings, returns=DiscountedReturns())
    player = EnvironmentPlayer(model, described, EngineOptions(), 20)
    return play_episode(environment, player, 7, max_steps=max_steps, scenes=scenes)


def test_an_episode_that_ends_has_the_returns_that_came() -> None:
    episode = _episode(Corridor(), scenes=3)
    assert (episode.ending, episode.total) == (EpisodeEnd.TERMINATED, 5.0)
    assert (len(episode.thoughts), len(episode.scenes)) == (3, 3)
    assert episode.returns(DISCOUNT) == pytest.approx([sum(DISCOUNT**i for i in range(n)) for n in (5, 4, 3, 2, 1)])


def test_what_is_cut_off_counts_as_expected() -> None:
    episode = _episode(Corridor(truncates=True), scenes=100)
    assert episode.ending is EpisodeEnd.TRUNCATED
    assert episode.last_value != 0.0
    assert episode.returns(DISCOUNT)[-1] == pytest.approx(1.0 + DISCOUNT * episode.last_value)
    assert len(episode.scenes) == 6  # the end is one


class Undrawn(Corridor):
    """An environment that cannot draw itself here."""

    def __init__(self, picture: Any) -> None:
        super().__init__(ObservationKind.VECTOR, (4, 1, 1))
        self._picture = picture

    def render(self) -> Any:
        if isinstance(self._picture, Exception):
            raise self._picture
        return self._picture


@pytest.mark.parametrize(
    ("picture", "told"),
    [(EnvironmentFailed("it cannot be drawn: no display"), "no display"), (None, "")],
)
def test_an_environment_that_cannot_draw_itself_is_shown_by_its_numbers(picture: Any, told: str) -> None:
    episode = _episode(Undrawn(picture), scenes=100)
    assert episode.ending is EpisodeEnd.TERMINATED
    assert told in episode.scenes[0].why_none
    assert EpisodePicture(episode, _described(Undrawn(picture).spec)).draw(0).size == (WIDTH, HEIGHT)


def test_an_episode_without_an_end_is_cut_off() -> None:
    episode = _episode(Corridor(length=-1), scenes=4, max_steps=30)
    assert (episode.ending, episode.total) == (EpisodeEnd.CUT, 30.0)
    assert (len(episode.thoughts), len(episode.scenes)) == (4, 4)  # what is kept is bounded
    assert episode.last_value != 0.0


def test_ctrl_c_keeps_what_was_played() -> None:
    episode = _episode(Corridor(interrupt=3), scenes=100)
    assert (episode.ending, episode.total, len(episode.thoughts)) == (EpisodeEnd.STOPPED, 3.0, 3)


def test_thoughts_are_policies_and_their_value() -> None:
    thoughts = _episode(Corridor(), scenes=100).thoughts
    assert len(thoughts) == 5
    for thought in thoughts:
        assert thought.policy.sum() == pytest.approx(1.0)
        assert thought.prior.sum() == pytest.approx(1.0, abs=1e-5)
        assert thought.policy.shape == (ACTIONS,)
        assert abs(thought.value) < 50.0


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        (ObservationKind.PLANES, (12, 3, 5)),
        (ObservationKind.IMAGE, (3, 16, 16)),
        (ObservationKind.IMAGE, (1, 16, 16)),
        (ObservationKind.VECTOR, (4, 1, 1)),
        (ObservationKind.VECTOR, (40, 1, 1)),
    ],
)
def test_every_kind_of_observation_is_drawn(kind: ObservationKind, shape: tuple[int, int, int]) -> None:
    episode = _episode(Corridor(kind, shape), scenes=100)
    pictures = EpisodePicture(episode, _described(Corridor(kind, shape).spec))
    drawn = [pictures.draw(i) for i in range(len(pictures))]
    assert [picture.size for picture in drawn] == [(WIDTH, HEIGHT)] * 6
    assert drawn[0].tobytes() != drawn[1].tobytes()


def test_the_ends_of_a_scale_are_numbers_as_people_write_them() -> None:
    assert Scale([0.0, -5.97e-07, 2.3e-08]).ends() == [("0", 2.3e-08)]
    assert [text for text, _ in Scale([-0.25, 1.0000001]).ends()] == ["-0.25", "1"]
    assert [text for text, _ in Scale([0.0, 12_500.0]).ends()] == ["0", "12,500"]


def test_an_episode_that_was_stopped_is_drawn() -> None:
    pictures = EpisodePicture(_episode(Corridor(interrupt=1), scenes=100), _described(Corridor().spec))
    assert [pictures.draw(i).size for i in range(len(pictures))] == [(WIDTH, HEIGHT)] * 2


def test_what_a_network_of_clipped_rewards_expects_is_compared_with_their_signs() -> None:
    episode, spec = _episode(Corridor(), scenes=100), Corridor().spec
    larger = replace(episode, rewards=[4.0 * reward for reward in episode.rewards])

    def below_the_head(of: Episode, *, clips: bool) -> bytes:
        picture = EpisodePicture(of, _described(spec, clip_rewards=clips)).draw(5)
        return picture.crop((LEFT, 80, WIDTH, HEIGHT)).tobytes()

    assert below_the_head(larger, clips=True) == below_the_head(episode, clips=True)
    assert below_the_head(larger, clips=False) != below_the_head(episode, clips=False)


def _card(number: int) -> Image.Image:
    return Image.new("RGB", (16, 8), (40 * number, 0, 0))


def test_a_gif_has_every_picture_and_one_palette(tmp_path: Path) -> None:
    recording.write_gif(tmp_path / "a.gif", 5, _card, 20.0)
    with Image.open(tmp_path / "a.gif") as gif:
        assert (getattr(gif, "n_frames", 1), gif.size, gif.info["loop"]) == (5, (16, 8), 0)
        assert gif.info["duration"] == 50
        colours = []
        for number in range(5):
            gif.seek(number)
            colours.append(gif.convert("RGB").getpixel((3, 3)))
    assert colours == [(40 * number, 0, 0) for number in range(5)]


@pytest.mark.parametrize("fps", [1.0, 15.0, 40.0, 50.0])
def test_a_gif_runs_at_the_speed_that_is_asked_for(tmp_path: Path, fps: float) -> None:
    recording.write_gif(tmp_path / "a.gif", 31, lambda number: _card(number % 6), fps)
    with Image.open(tmp_path / "a.gif") as gif:
        durations = []
        for number in range(getattr(gif, "n_frames", 1) - 1):
            gif.seek(number)
            durations.append(gif.info["duration"])
    assert sum(durations) == pytest.approx(1000 * 30 / fps, abs=10)


def test_an_mp4_without_ffmpeg_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_name: str) -> Any:
        raise ImportError

    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.setattr("importlib.import_module", missing)
    with pytest.raises(click.ClickException, match="imageio-ffmpeg"):
        recording.ffmpeg()


def test_what_ffmpeg_says_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\ncat > /dev/null\necho 'no such codec' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(recording, "ffmpeg", lambda: str(program))
    with pytest.raises(click.ClickException, match="no such codec"):
        recording.write_mp4(tmp_path / "a.mp4", 3, _card, 20.0)
    assert [file.name for file in tmp_path.iterdir()] == ["ffmpeg"]


def test_a_recording_that_is_interrupted_leaves_no_part_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text('#!/bin/sh\nfor part; do :; done\ncat > "$part"\n')
    program.chmod(0o755)
    monkeypatch.setattr(recording, "ffmpeg", lambda: str(program))

    def draw(number: int) -> Image.Image:
        if number == 2:
            raise KeyboardInterrupt
        return _card(number)

    with pytest.raises(KeyboardInterrupt):
        recording.write_mp4(tmp_path / "a.mp4", 3, draw, 20.0)
    assert [file.name for file in tmp_path.iterdir()] == ["ffmpeg"]


# The command


@pytest.fixture(scope="module")
def chain_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of an untrained network of an environment of one's own."""
    settings = EnvironmentSettings(id="support.environments:Chain")
    spec = environment_spec(settings)
    network = tiny_environment_network(spec)
    folder = tmp_path_factory.mktemp("chain") / "weights"
    returns = network.config.returns
    assert returns is not None
    described = EnvironmentDescription(spec=spec, settings=settings, returns=returns)
    export_bundle(network, described, folder, training=Training(note="untrained"))
    return folder


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_watch_tells_returns_and_repeats_them(chain_weights: Path) -> None:
    arguments = "watch", "--weights", chain_weights, "--episodes", 3, "--nodes", 8, "--json"
    first, second = (json.loads(_run(*arguments).stdout) for _ in range(2))
    assert first == second
    assert [episode["seed"] for episode in first["episodes"]] == [0, 1, 2]
    assert first["mean"] == pytest.approx(np.mean([episode["return"] for episode in first["episodes"]]))
    told = _run("watch", "--weights", chain_weights, "--episodes", 3, "--nodes", 8).stdout
    assert told.count("episode  ") == 3
    assert "over 3 episodes" in told


def test_an_environment_may_print_and_change_folders(
    chain_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Chain.step

    def noisy(self: Chain, action: int) -> Any:
        print("hello")
        os.chdir("/")
        return step(self, action)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Chain, "step", noisy)
    chain = "--weights", chain_weights, "--nodes", 4
    result = _run("watch", *chain, "--json", "--gif", "film.gif")
    assert json.loads(result.stdout)["episodes"]
    assert "hello" in result.stderr
    assert (tmp_path / "film.gif").exists()
    assert json.loads(_run("bench", *chain, "--json").stdout)


def test_weights_that_come_along_are_found_by_the_name_of_their_environment(
    chain_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUZERO_WEIGHTS", str(tmp_path))
    shutil.copytree(chain_weights, tmp_path / "support.environments-Chain")
    chain = "--env", "support.environments:Chain", "--nodes", 4
    assert "over 2 episodes" in _run("watch", *chain, "--episodes", 2).stdout
    assert "support.environments:Chain network" in _run("bench", *chain).stdout
    for command in ("watch", "bench"):
        result = _run(command, "--env", "CartPole-v1")
        assert result.exit_code == 1
        assert "no weights for CartPole-v1 come along, only for support.environments:Chain: --weights" in result.output
        assert "train --env CartPole-v1" in result.output
    assert "bundle, --env one of support.environments:Chain" in _run("watch").output
    assert "leave --env out" in _run("bench", "--weights", chain_weights, *chain).output


def test_a_class_of_ones_own_may_lie_elsewhere_now(chain_weights: Path, tmp_path: Path) -> None:
    (tmp_path / "here.py").write_text("from support.environments import Chain\n")
    found = f"{tmp_path / 'here.py'}:Chain"
    result = _run("watch", "--weights", chain_weights, "--env", found, "--episodes", 1, "--nodes", 4)
    assert result.exit_code == 0, result.output


def test_watch_records_a_gif(chain_weights: Path, tmp_path: Path) -> None:
    result = _run("watch", "--weights", chain_weights, "--episodes", 1, "--nodes", 8, "--gif", tmp_path / "a.gif")
    assert result.exit_code == 0, result.output
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.size == (WIDTH, HEIGHT)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "--weights"),
        (("--weights", "nowhere"), "there are no weights in nowhere"),
        (("--weights", WEIGHTS / "tictactoe"), "muzero-engine play"),
        (("--env", "CartPole-v1", "--weights", "CHAIN"), "leave --env out"),
        (("--weights", "CHAIN", "--gif", "nowhere/a.gif"), "nowhere"),
        (("--weights", "CHAIN", "--gif", "/proc/a.gif"), "/proc/a.gif cannot be written"),
        (("--weights", "CHAIN", "--gif", "MINE"), "is there already, and is no film: choose another name"),
        (("--weights", "CHAIN", "--gif", "a.txt"), "ends in .gif"),
        (("--weights", "CHAIN", "--fps", "20"), "--fps is of a recording"),
        (("--weights", "CHAIN", "--mp4", "a.gif"), "ends in .mp4"),
        (("--weights", "CHAIN", "--env", "support.environments:Bandit"), "leave --env out"),
    ],
)
def test_what_cannot_be_watched_is_told_in_a_line(
    chain_weights: Path, arguments: tuple[object, ...], told: str
) -> None:
    (mine := chain_weights.parent / "mine.gif").write_text("of somebody else")
    places = {"CHAIN": chain_weights, "MINE": mine}
    result = _run("watch", *(places.get(str(argument), argument) for argument in arguments))
    assert mine.read_text() == "of somebody else"
    assert result.exit_code != 0
    assert told in result.output
    assert "Traceback" not in result.output


def test_a_board_in_the_browser_is_not_opened_for_an_environment(
    chain_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("muzero_engine.commands.web.serve", lambda *_, **__: pytest.fail("it was opened"))
    missing = _run("web", "--no-browser", "--port", 0, "--weights", chain_weights / "none")
    assert (missing.exit_code, "there are no weights in" in missing.output) == (1, True)
    result = _run("web", "--no-browser", "--port", 0, "--weights", chain_weights)
    assert result.exit_code == 1
    assert "are for support.environments:Chain, no board game: muzero-engine watch" in result.output


def test_info_and_bench_know_environments(chain_weights: Path) -> None:
    told = " ".join(_run("info", "--weights", chain_weights).stdout.split())
    assert "support.environments:Chain network" in told
    assert "actions, discount 0.9, support 10" in told
    document = json.loads(_run("bench", "--weights", chain_weights, "--nodes", 8, "--json").stdout)
    (report,) = document["environments"]
    assert document["games"] == []
    assert report["nodes_per_second"] > 0
    assert 0 < report["outside_network"] < 1
    assert "evaluations/s" in _run("bench", "--weights", chain_weights, "--nodes", 8).stdout


def test_an_environment_with_other_actions_is_told_from_its_network() -> None:
    environment = Corridor()
    spec, names = environment.spec, tuple("abcdefghi")
    assert _alike(spec, replace(spec, action_names=names, id="elsewhere.py:Corridor"))  # older bundles lack some
    assert _alike(replace(spec, action_names=names), spec)
    assert not _alike(replace(spec, action_names=names), replace(spec, action_names=names[::-1]))
    assert not _alike(spec, replace(spec, actions=3))
    environment.spec = replace(spec, action_names=names)
    told = _other_environment(environment, _described(replace(spec, action_names=names[::-1])))
    assert " and 9 actions (a, b, c, d, e, f, g, h, i) here, and these weights are for " in told
    assert " and 9 actions (i, h, g, f, e, d, c, b, a): install " in told
    told = _other_environment(environment, _described(replace(spec, actions=3)))
    assert " and 9 actions here, and these weights are for " in told

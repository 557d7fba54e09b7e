"""`watch`: episodes of a network in its environment, their returns, and a film of them."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from muzero_engine.commands.common.collector import no_full_collections
from muzero_engine.commands.common.environments import (
    EnvironmentPlayer,
    environment_model,
    environment_weights,
    shipped_environments,
)
from muzero_engine.commands.common.flags import OF_GAMES, OF_RESIGNATIONS, OF_SESSIONS, engine_flags, is_written
from muzero_engine.commands.common.interrupts import INTERRUPTED, signals_as_ctrl_c
from muzero_engine.commands.common.numbers import FiniteNumber
from muzero_engine.commands.common.texts import FilledText
from muzero_engine.commands.watch.episode import Episode, EpisodeEnd, play_episode
from muzero_engine.engine.options import EngineOptions
from muzero_engine.environments.base import BadEnvironment, Environment, EnvironmentSpec, ObservationKind, close_all
from muzero_engine.environments.registry import load_environment
from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.files import expanded, require_writable
from muzero_engine.inference.manifest import BadWeights, EnvironmentDescription, Manifest
from muzero_engine.installing import pip
from muzero_engine.training.report.episodes_record import EpisodesRecord
from muzero_engine.training.report.progress import plain_number

NODES = 50
EPISODES = 10
MAX_STEPS = 10_000  # of an episode
STEPS = 500  # that a film shows at most
MOST_STEPS = 2000  # the same, whatever is asked for: their pictures take 400 kB of memory each
TELL_SECONDS = 10.0  # between two lines on how far an episode is, where there is no terminal
FIRST_SECONDS = 3.0  # to the first of them
FPS = 15.0
NO_PICTURE = "the environment does not draw itself, so that what it lets be seen is shown"
ELSEWHERE = "; or say where its class is with --env PATH:Class"
PYGAME = f"many of Gymnasium's need pygame: {pip()} install pygame"
OF_NO_USE = frozenset(
    "multipv temperature temperature_plies smart_pruning_factor mate_search seed draw_value_white "
    "draw_value_black".split()
)  # of the engine's options


@click.command()
@click.option("--env", "environment_id", metavar="ID", default="", help="Which; or where its class is now")
@click.option("--episodes", type=click.IntRange(min=1), default=EPISODES, metavar="N", help=f"How many  [{EPISODES}]")
@click.option("--nodes", type=click.IntRange(min=1), default=NODES, metavar="N", help=f"Simulations a step  [{NODES}]")
@click.option("--seed", type=click.IntRange(min=0), default=0, metavar="N", help="Of the first episode  [0]")
@click.option("--gif", type=FilledText(), metavar="FILE", help="Record the first episode as a GIF")
@click.option("--mp4", type=FilledText(), metavar="FILE", help="Record the first episode as an MP4 (needs ffmpeg)")
@click.option(
    "--max-steps", type=click.IntRange(min=1), default=MAX_STEPS, metavar="N", help=f"Longer are cut off  [{MAX_STEPS}]"
)
@click.option(
    "--steps",
    type=click.IntRange(1, MOST_STEPS),
    default=STEPS,
    metavar="N",
    help=f"Of a recording, at most  [{STEPS}]",
)
@click.option("--fps", type=FiniteNumber(1, 50), default=FPS, metavar="N", help=f"Steps a second in it  [{FPS:g}]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text")
@engine_flags(leave_out=OF_GAMES | OF_RESIGNATIONS | OF_SESSIONS | OF_NO_USE)
def watch(
    environment_id: str,
    episodes: int,
    nodes: int,
    seed: int,
    gif: str | None,
    mp4: str | None,
    max_steps: int,
    steps: int,
    fps: float,
    as_json: bool,
    options: EngineOptions,
) -> None:
    """Let a network act in its environment: returns, and a recording.

    The weights say which environment they are for; for MinAtar's five some come along. A recording shows what the model
    expects beside what comes of it.

    \b
    Examples:
      muzero-engine watch --env MinAtar/Breakout-v1 --gif breakout.gif
      muzero-engine watch --weights runs/breakout/weights --episodes 32
    """
    for flag in ("steps", "fps"):
        if is_written(flag) and gif is None and mp4 is None:
            raise click.UsageError(f"--{flag} is of a recording: ask for one with --gif or --mp4, or leave it out")
    films, here = _films(gif, mp4), Path.cwd()
    no_full_collections()
    model, described = environment_model(_folder(environment_id, options), options)
    with contextlib.redirect_stdout(sys.stderr if as_json else sys.stdout):  # an environment of one's own may print
        try:
            environment = load_environment(_settings(environment_id, described), picture=bool(films))
        except BadEnvironment as error:
            elsewhere = ":" in described.spec.id and not environment_id
            raise BadEnvironment(f"{error}{ELSEWHERE if elsewhere else ''}") from None
        if not _alike(environment.spec, described.spec):
            raise BadWeights(_other_environment(environment, described))
        player = EnvironmentPlayer(model, described, options, nodes)
        if not as_json:
            click.echo(f"{model.manifest.summary()}\n{nodes} simulations a step")
        try:
            scenes = steps if films else 0
            played = _play(environment, player, episodes, seed, max_steps=max_steps, scenes=scenes, quiet=as_json)
        finally:
            close_all([environment])
            os.chdir(here)  # it may have gone elsewhere
    whole = [episode for episode in played if episode.ending is not EpisodeEnd.STOPPED]
    record = _record(whole) if whole else None
    if as_json:
        click.echo(json.dumps(_document(model.manifest, nodes, played, record), indent=2))
    elif record is not None:
        click.echo(record.sentence())
    if len(whole) < episodes:
        click.echo(f"stopped after {len(whole)} of {episodes} episodes", err=True)
    if films and played and played[0].rewards:
        first = played[0].scenes[0]
        if described.spec.kind is not ObservationKind.PLANES and first.picture is None:
            click.echo(f"{NO_PICTURE} ({first.why_none or PYGAME})", err=True)
        with signals_as_ctrl_c():
            for path, write in films:
                _record_episode(path, write, played[0], described, fps)
    if len(whole) < episodes:
        raise click.exceptions.Exit(INTERRUPTED)


def _folder(environment_id: str, options: EngineOptions) -> Path:
    """Return the folder of the weights."""
    if options.weights:
        return expanded(options.weights)
    if not environment_id:
        raise click.UsageError(
            f"which network is to act? --weights names the folder of a bundle, --env one of {shipped_environments()}"
        )
    return environment_weights(environment_id)


def _settings(environment_id: str, described: EnvironmentDescription) -> EnvironmentSettings:
    """Return how the environment is made; a class of one's own may lie elsewhere now. Raises BadWeights for another."""
    if environment_id in ("", described.spec.id):
        return described.settings
    names = [name.rpartition(":") for name in (environment_id, described.spec.id)]
    if not all(place for place, _, _ in names) or names[0][2] != names[1][2]:
        raise BadWeights(f"these weights are for {described.spec.id}, not {environment_id}: leave --env out")
    return replace(described.settings, id=environment_id)


def _alike(ours: EnvironmentSpec, theirs: EnvironmentSpec) -> bool:
    """Return whether they are of one environment, whatever it is called: names of actions may be missing on a side."""
    names = ours.action_names if ours.action_names and theirs.action_names else theirs.action_names
    return replace(ours, id=theirs.id, action_names=names) == theirs


def _other_environment(environment: Environment, described: EnvironmentDescription) -> str:
    ours, theirs = environment.spec, described.spec
    named = bool(ours.action_names and theirs.action_names) and ours.action_names != theirs.action_names

    def has(spec: EnvironmentSpec) -> str:
        names = f" ({', '.join(spec.action_names)})" if named else ""
        return f"observations of {'x'.join(map(str, spec.shape))} ({spec.kind.value}) and {spec.actions} actions{names}"

    return (
        f"{ours.id} has {has(ours)} here, and these weights are for {has(theirs)}: install the version of the "
        "environment that they were trained with, or train again"
    )


def _play(
    environment: Environment,
    player: EnvironmentPlayer,
    episodes: int,
    seed: int,
    *,
    max_steps: int,
    scenes: int,
    quiet: bool,
) -> list[Episode]:
    """Play until there are so many episodes, or until Ctrl-C, and say what each brought."""
    played: list[Episode] = []
    progress = _EpisodeProgress()
    with signals_as_ctrl_c():
        for number in range(episodes):
            shown = 0 if number else scenes
            tell = functools.partial(progress.tell, number + 1)
            try:
                episode = play_episode(
                    environment, player, seed + number, max_steps=max_steps, scenes=shown, on_step=tell
                )
                played.append(episode)
                if not quiet:
                    _clear_progress()
                    click.echo(_line(number + 1, episode))
            except KeyboardInterrupt:
                break
            if episode.ending is EpisodeEnd.STOPPED:
                break
    return played


def _line(number: int, episode: Episode) -> str:
    steps = len(episode.rewards)
    return (
        f"episode {number:3}  seed {episode.seed:<4}  return {plain_number(episode.total, 6):>10}  {steps:6} steps  "
        f"{episode.ending.value}"
    )


class _EpisodeProgress:
    """Says how far an episode is: on a terminal in one line, elsewhere in a line now and then."""

    def __init__(self) -> None:
        self._on_terminal = sys.stderr.isatty()
        self._next = time.monotonic() + (0.0 if self._on_terminal else FIRST_SECONDS)

    def tell(self, number: int, steps: int, total: float) -> None:
        """Hear of a step of an episode."""
        if (now := time.monotonic()) < self._next:
            return
        self._next = now + (0.1 if self._on_terminal else TELL_SECONDS)
        line = f"episode {number:3}  step {steps:6}  return {plain_number(total, 6):>10}"
        click.echo(f"\r{line} " if self._on_terminal else line, nl=not self._on_terminal, err=True)


def _clear_progress() -> None:
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)


def _record(episodes: Sequence[Episode]) -> EpisodesRecord:
    truncated = sum(episode.ending is not EpisodeEnd.TERMINATED for episode in episodes)
    totals = [episode.total for episode in episodes]
    return EpisodesRecord.of(totals, [len(episode.rewards) for episode in episodes], truncated)


def _document(
    manifest: Manifest, nodes: int, played: Sequence[Episode], record: EpisodesRecord | None
) -> dict[str, Any]:
    return {
        "environment": manifest.game,
        "network": manifest.networks_digest(),
        "nodes": nodes,
        "episodes": [
            {"seed": one.seed, "return": one.total, "steps": len(one.rewards), "ending": one.ending.value}
            for one in played
        ],
        "mean": None if record is None else record.mean,
        "half_width_95": None if record is None else record.half_width,
    }


# Recordings

FilmWriter = Callable[
    [Path, int, Callable[[int], Any], float], None
]  # of so many pictures, each drawn when it is needed


def _films(gif: str | None, mp4: str | None) -> list[tuple[Path, FilmWriter]]:
    """Return which files are to be recorded. Raises ClickException, before anything is played, where that cannot be."""
    if gif is None and mp4 is None:
        return []
    try:
        from muzero_engine.commands.watch import recording
    except ModuleNotFoundError as error:
        if error.name != "PIL":
            raise
        raise click.ClickException(f"a recording needs Pillow: {pip()} install pillow") from None
    wanted = ((gif, recording.write_gif), (mp4, recording.write_mp4))
    for text, suffix in ((gif, ".gif"), (mp4, ".mp4")):
        if text is not None and Path(text).suffix.lower() != suffix:
            raise click.UsageError(f"--{suffix[1:]} takes the name of a file that ends in {suffix}, not {text!r}")
    films: list[tuple[Path, FilmWriter]] = [(expanded(text), write) for text, write in wanted if text is not None]
    for path, _ in films:
        if path.is_dir() or not path.parent.is_dir():
            raise click.ClickException(f"{path} cannot be written: give a file in a folder that there is")
        if not recording.replaceable(path):
            raise click.ClickException(f"{path} is there already, and is no film: choose another name")
        try:
            require_writable(path.parent)
        except OSError as error:
            raise click.ClickException(f"{path} cannot be written: {error.strerror or error}") from None
    if mp4 is not None:
        recording.ffmpeg()
    return films


def _record_episode(
    path: Path, write: FilmWriter, episode: Episode, described: EnvironmentDescription, fps: float
) -> None:
    from muzero_engine.commands.watch.picture import EpisodePicture

    pictures = EpisodePicture(episode, described)
    tell = sys.stderr.isatty()

    def draw(number: int) -> Any:
        if tell:
            click.echo(f"\r{path}: picture {number + 1} of {len(pictures)} ", nl=False, err=True)
        return pictures.draw(number)

    try:
        write(path, len(pictures), draw, fps)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror or error}") from None
    _clear_progress()
    shown = min(len(pictures), len(episode.rewards))
    size = path.stat().st_size / (1 << 20)
    click.echo(f"{path}: the first {shown} of {len(episode.rewards)} steps of episode 1, {size:.1f} MiB", err=True)

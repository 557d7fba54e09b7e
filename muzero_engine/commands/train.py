"""`train`: learn a network by self-play. Needs the extra `train`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import click

from muzero_engine.commands.common.games import GAMES, GameName
from muzero_engine.commands.common.help import expert_option, help_all_option
from muzero_engine.commands.common.interrupts import INTERRUPTED
from muzero_engine.commands.common.run_words import (
    edited_by_hand,
    is_of_a_run,
    other_boards,
    run_title,
    tell_what_to_expect,
    what_comes_next,
    what_is_there,
)
from muzero_engine.commands.common.subjects import Subject, environment_subject, game_subject
from muzero_engine.commands.common.texts import FilledPath, FilledText
from muzero_engine.commands.common.times import Duration, said_where_slow
from muzero_engine.commands.common.training import (
    file_beside,
    manifest_beside,
    require_ray,
    require_training_libraries,
    training_beside,
    training_errors,
)
from muzero_engine.files import new_folder, write_atomically
from muzero_engine.games.registry import game_names
from muzero_engine.inference.manifest import CHECKPOINT, HISTORY, MANIFEST, Training
from muzero_engine.machine import usable_cores
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.idle_settings import refuse_idle
from muzero_engine.training.presets import PRESET_NAMES, default_preset
from muzero_engine.training.ranks import told
from muzero_engine.training.report.progress import Progress
from muzero_engine.training.run.lock import LOCK, RunLock
from muzero_engine.training.settings_text import BadSettings, to_json, with_overrides
from muzero_engine.training.stop_signals import STOP_SIGNALS

if TYPE_CHECKING:
    from muzero_engine.network.model import MuZeroNetwork
    from muzero_engine.training.distributed import World
    from muzero_engine.training.run.checkpoint import Checkpoint
    from muzero_engine.training.run.checkpoint_contents import Counters

RUNS = Path("runs")  # where runs lie that were given no folder
CONFIG = "config.json"  # of a run, in its folder
NEWEST, AUTO = "newest", "auto"  # values of --resume


@dataclass(frozen=True, slots=True)
class _Order:
    """What the command line asks for."""

    folder: Path | None
    subject: Subject | None
    preset_name: str | None
    initial: Path | None
    resume: str | None
    resume_step: int | None
    time_limit: float | None
    device: str | None
    threads: int
    changes: tuple[str, ...]  # of settings: NAME=VALUE
    tensorboard: bool
    wandb: bool
    cluster: str | None  # its address


@dataclass(frozen=True, slots=True)
class _Beginning:
    """What a run begins with: nothing, a network, or a checkpoint that it goes on from."""

    config: TrainConfig
    checkpoint: Checkpoint | None = None
    network: MuZeroNetwork | None = None
    file: Path | None = None  # of the network
    earlier: Counters | None = None  # what the network had learnt
    before: TrainConfig | None = None  # the checkpoint's own


@click.command()
@click.option("--game", type=GameName(), help=f"Of a new run: {GAMES}")
@click.option(
    "--env",
    "environment",
    metavar="ID",
    help="Instead of a game: Gymnasium's CartPole-v1, MinAtar/Breakout-v1 ..., or a class of your own (actions, reset, "
    "step): mine.py:Maze",
)
@click.option("--run", "folder", type=FilledPath(folder=True), help="Its folder  [runs/NAME-DATE-TIME]")
@click.option(
    "--preset", "preset_name", help=f"One of {', '.join(PRESET_NAMES)}  [on a GPU small, on a processor tiny]"
)
@click.option(
    "--init",
    "initial",
    type=FilledPath(exists=True),
    help="Begin with a network: a checkpoint's file or a bundle's folder. It keeps its size but for what --set says",
)
@click.option(
    "--resume",
    type=click.Choice([NEWEST, AUTO]),
    is_flag=False,
    flag_value=NEWEST,
    help="Go on from the newest checkpoint; auto: begin a new run where there is none",
)
@expert_option("--resume-step", type=click.IntRange(min=0), help="Go on from the checkpoint of this step")
@click.option("--time-limit", type=Duration(), help="Stop with a checkpoint before this time is over: 9m, 1h30m")
@click.option(
    "--duration",
    type=Duration(),
    help="Of the run, all its parts together, instead of --steps: 8h; the learning rate falls over it",
)
@click.option("--device", help="cpu or cuda  [a GPU if there is one]")
@expert_option("--threads", type=click.IntRange(min=1), help="Of a network on cpu; tiny ones gain nothing by more  [1]")
@expert_option("--seed", type=click.IntRange(min=0), help="The same seed gives the same run on a CPU  [1]")
@expert_option("--games", type=click.IntRange(min=2), help="Played at once, for each rank: self_play.games")
@click.option("--steps", type=click.IntRange(min=1), help="Gradient steps of the run")
@click.option("--set", "overrides", multiple=True, metavar="SETTING=VALUE", help="Like learner.batch_size=512")
@click.option("--tensorboard", is_flag=True, help="Also write event files for TensorBoard, to RUN/tensorboard")
@click.option(
    "--cluster",
    type=FilledText(),
    metavar="auto|HOST:PORT",
    help="Let a Ray cluster play: auto is the one that runs here, or a new one of this machine",
)
@expert_option("--wandb", is_flag=True, help="Also report to Weights & Biases")
@help_all_option
def train(
    folder: Path | None,
    game: str | None,
    environment: str | None,
    preset_name: str | None,
    initial: Path | None,
    resume: str | None,
    resume_step: int | None,
    time_limit: float | None,
    duration: float | None,
    device: str | None,
    threads: int | None,
    seed: int | None,
    games: int | None,
    steps: int | None,
    overrides: tuple[str, ...],
    tensorboard: bool,
    wandb: bool,
    cluster: str | None,
) -> None:
    """Learn a board game by self-play alone, or an environment by acting in it.

    Several GPUs: torchrun --nproc-per-node N -m -- muzero_engine train ...

    Ctrl-C, SIGTERM or a closed terminal ends the run within seconds, with a checkpoint; a second Ctrl-C at once.

    \b
    Examples:
      muzero-engine train --game shogi --time-limit 1h30m
      muzero-engine train --env mine.py:Maze
    """
    if game is not None and environment is not None:
        raise click.UsageError("a run learns one thing: use --game or --env")
    if cluster is not None and environment is not None:
        raise click.UsageError("clusters play board games only: leave --cluster out; several GPUs need torchrun alone")
    subject = game_subject(game) if game is not None else None
    if environment is not None:
        subject = environment_subject(environment)
    if duration == 0.0:
        raise click.UsageError("a --duration is more than no time: without it all --steps are done")
    if steps is not None and duration is not None:
        raise click.UsageError("a run ends after --steps or after a --duration: use one of them")
    flags = {"seed": seed, "self_play.games": games, "steps": steps, "duration": duration}
    named = {name: value for name, value in flags.items() if value is not None}
    for override in overrides:
        if (name := override.partition("=")[0].strip()) in named:
            raise click.UsageError(
                f"--{name.rpartition('.')[2]} is the setting {name}: say it once, not by --set as well"
            )
    if steps is not None:
        named["duration"] = 0.0
    changes = (*(f"{name}={value}" for name, value in named.items()), *overrides)
    if resume_step is not None:
        resume = NEWEST
    may_go_on = resume == NEWEST or (resume == AUTO and folder is not None and any(folder.glob("*checkpoint-*")))
    if subject is None and not may_go_on:
        raise click.UsageError(_needs_game())
    if resume == NEWEST and initial is not None:
        raise click.UsageError("--init begins a new run, --resume goes on with one: use one of them")
    if resume == NEWEST and preset_name is not None:
        raise click.UsageError("--preset is of a new run, --resume goes on with one: leave --preset out")
    if resume is not None and folder is None:
        raise click.UsageError(f"say with --run which run goes on{_latest_run(subject)}")
    if subject is not None and resume != NEWEST:
        with said_where_slow(f"{subject.name} is made and begins an episode"):
            subject.preset(preset_name or PRESET_NAMES[0], changes)  # what is wrong is said at once
    order = _Order(
        folder,
        subject,
        preset_name,
        initial,
        resume,
        resume_step,
        time_limit,
        device,
        threads or 1,
        changes,
        tensorboard,
        wandb,
        cluster,
    )
    with training_errors():
        if resume == NEWEST and folder is not None and not any(folder.glob("*checkpoint-*")):
            raise _nothing_to_go_on_from(folder)  # before PyTorch is loaded, which takes seconds
        require_training_libraries("torch", "safetensors")
        if cluster is not None:
            require_ray()
        _train(order)


def _train(order: _Order) -> None:
    """Begin a run or go on with one, until it ends."""
    rank = told("RANK", 0)
    what = "training" if order.subject is None else order.subject.name
    folder = order.folder or RUNS  # until the other ranks are told which one
    if order.folder is None and rank == 0:
        folder = new_folder(RUNS, "run" if order.subject is None else order.subject.folder_name)
    progress = Progress(sys.stderr, silent=rank != 0)
    try:
        with _interruptible(progress), ExitStack() as stack:
            lock = stack.enter_context(RunLock(folder))
            if order.folder is not None and folder.exists():
                _refuse_another(folder, lock, order.resume)
            progress.note(f"{what} in {folder}, loading PyTorch")
            from muzero_engine.training.distributed import joined_world
            from muzero_engine.training.run.run import use_threads

            world = stack.enter_context(joined_world(order.device))
            if order.folder is None:
                folder = Path(world.text(str(folder)))
            if order.threads > (cores := usable_cores()):
                progress.note(f"{order.threads} threads cannot be had here: training with {cores}, one for each core")
            use_threads(world, min(order.threads, cores))
            _run(order, folder, world, lock, progress)
    except KeyboardInterrupt:
        progress.note(f"stopped at once: {what_is_there(folder)}")
        _remove_unused(order, folder)
        os._exit(INTERRUPTED)  # half of PyTorch may have been loaded, which ends slowly, and with another code
    finally:
        _remove_unused(order, folder)
        progress.close()


def _remove_unused(order: _Order, folder: Path) -> None:
    """Remove a folder that nobody chose, where nothing was written to it."""
    if order.folder is None and told("RANK", 0) == 0:
        with suppress(OSError):
            if [path.name for path in folder.iterdir()] == [LOCK]:
                (folder / LOCK).unlink()
            folder.rmdir()


@contextmanager
def _interruptible(progress: Progress) -> Iterator[None]:
    """Answer Ctrl-C, SIGTERM and SIGHUP at once and raise KeyboardInterrupt, while there is nothing that must be saved.

    What the parent process had ignored, as shells do with Ctrl-C for what runs in the background, stays ignored.
    """

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        progress.note_from_handler("stopping: nothing is to be saved")
        raise KeyboardInterrupt

    heard = [number for number in STOP_SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(order: _Order, folder: Path, world: World, lock: RunLock, progress: Progress) -> None:
    from muzero_engine.training.cluster.cluster_play import Cluster
    from muzero_engine.training.report.dashboards import dashboards
    from muzero_engine.training.report.history import keep_earlier
    from muzero_engine.training.run.checkpoint import restore_checkpoints, set_later_aside
    from muzero_engine.training.run.loop import train as run_loop
    from muzero_engine.training.run.run import TrainingRun
    from muzero_engine.training.run.state import seen_and_done

    write_records = dashboards(folder, tensorboard=order.tensorboard, wandb=order.wandb) if world.is_main else ()
    if world.is_main and order.folder is not None and folder.exists():
        lock.take()
        restore_checkpoints(folder)
    world.barrier()
    begin = _beginning(order, folder, world, progress.note)
    config, checkpoint = begin.config, begin.checkpoint
    refuse_idle(config, _names(order.changes), in_cluster=order.cluster is not None)
    world.barrier()  # all have read what rank 0 may rename now
    if world.is_main:
        lock.take()
        for path in set_later_aside(folder, None if checkpoint is None else checkpoint.step):
            progress.note(f"of no more use, and renamed: {path}")
        if checkpoint is None:
            if (folder / CONFIG).exists():
                progress.note(f"{folder} holds a run without a checkpoint: begun anew")
            keep_earlier(folder, None if begin.file is None else file_beside(begin.file, HISTORY))
    where = f"{world.size} x {world.device.type}" if world.size > 1 else world.device.type
    begun = f"from step {checkpoint.step:,}" if checkpoint else f"from {order.initial or 'nothing'}"
    if order.cluster is not None and config.learns_environment:
        raise BadSettings("clusters play board games only: go on without --cluster")
    progress.note(f"{run_title(config)}, on {where}, {begun}, in {folder}")
    if world.is_main and checkpoint is None and order.cluster is None:
        tell_what_to_expect(
            config,
            begin.network,
            on_gpu=world.device.type != "cpu",
            chosen=order.preset_name is not None,
            note=progress.note,
        )
    cluster = None if order.cluster is None else Cluster(address=order.cluster, note=progress.note)
    with TrainingRun(config, folder, world, checkpoint, begin.network, begin.earlier, cluster, lock) as run:
        if world.is_main:
            if begin.before is not None and (edited := edited_by_hand(folder / CONFIG, begin.before, config)):
                progress.note(edited)
            write_atomically(folder / CONFIG, to_json(config).encode())
            if config.learns_environment:
                progress.note(seen_and_done(run.learner.network.config))
        for write in write_records:
            run.on_record(write)
        ending = run_loop(run, progress, time_limit=order.time_limit)
    progress.note(what_comes_next(config, folder, ending))


def _beginning(order: _Order, folder: Path, world: World, note: Callable[[str], None]) -> _Beginning:
    """Return what the run begins with. Raises BadSettings, BadCheckpoint, BadConfig."""
    from muzero_engine.training.evaluation.evaluation import NETS
    from muzero_engine.training.report.run_metrics import METRICS_FILE
    from muzero_engine.training.run.checkpoint import DOCUMENT, checkpoints
    from muzero_engine.training.run.checkpoint_contents import newest_checkpoint, read_config
    from muzero_engine.training.run.initial_network import initial_network

    if order.resume == NEWEST and not checkpoints(folder):
        raise _nothing_to_go_on_from(folder)
    if order.resume is not None and checkpoints(folder):
        checkpoint = newest_checkpoint(folder, order.resume_step, note)
        before = read_config(checkpoint)
        config = with_overrides(before, order.changes)
        subject = order.subject
        if subject is not None and not subject.same_as(config):
            raise BadSettings(
                f"{folder} is a run of {config.name}, not {subject.name}: leave {subject.flag} out or choose its folder"
            )
        return _Beginning(config, checkpoint, before=before)
    if order.subject is None:
        raise BadSettings(f"{folder} has no checkpoint to go on from, and {_needs_game()}")
    if not is_of_a_run(folder / CONFIG):
        for name in (CONFIG, METRICS_FILE, NETS, MANIFEST):
            if (folder / name).exists():
                raise BadSettings(f"{folder} holds {name}, which is no run's: choose another folder")
    name = order.preset_name or default_preset(on_gpu=world.device.type == "cuda")
    config = order.subject.preset(name, order.changes)
    if order.initial is None:
        return _Beginning(config)
    file = order.initial / CHECKPOINT if order.initial.is_dir() else order.initial
    in_run = any((folder / DOCUMENT).exists() for folder in (order.initial, order.initial.parent))
    if in_run or (not file.exists() and checkpoints(order.initial)):
        what = "is of" if in_run else "is"
        raise BadSettings(f"{order.initial} {what} a run: its bundle is what to begin with (muzero-engine export)")
    sizes = [name.removeprefix("network.") for name in _names(order.changes) if name.startswith("network.")]
    beside = manifest_beside(file)
    environment = None if beside is None or beside.environment is None else beside.environment.settings
    network, config = initial_network(file, config, sizes, environment)
    learnt = training_beside(file)
    if (line := other_boards(config, order.initial, learnt.boards)) is not None:
        note(line)
    return _Beginning(config, None, network, file, _earlier(learnt))


def _names(changes: Sequence[str]) -> list[str]:
    return [change.partition("=")[0].strip() for change in changes]


def _nothing_to_go_on_from(folder: Path) -> BadSettings:
    return BadSettings(
        f"{folder} has no checkpoint to go on from: begin a run there with --game or --env and without --resume, "
        "or choose another --run"
    )


def _needs_game() -> str:
    return f"a new run needs --game: one of {', '.join(game_names())}; or --env: an environment"


def _refuse_another(folder: Path, lock: RunLock, resume: str | None) -> None:
    """Raise where another program trains in the folder (rank 0 alone asks), or a new run would begin over a run."""
    if told("RANK", 0) == 0:
        lock.take()
    if resume is None and any(folder.glob("checkpoint-*")):
        raise BadSettings(f"{folder} already holds a run: go on with --resume, or choose another folder")


def _latest_run(subject: Subject | None) -> str:
    """Return words that name the run in `runs/` that was begun last, if there is one."""
    start = "*" if subject is None else subject.folder_name
    runs = [path.parent for path in RUNS.glob(f"{start}-*/{CONFIG}")]
    return f": --run {max(runs, key=lambda run: run.stat().st_mtime)} is the latest" if runs else ""


def _earlier(learnt: Training) -> Counters:
    """Return what the network that a run begins with learnt."""
    from muzero_engine.training.run.checkpoint_contents import Counters

    return Counters(
        step=learnt.steps, games=learnt.games, plies=learnt.plies, device_seconds=learnt.device_hours * 3600
    )

"""`train` and `report`: learn a network by self-play, and see how it went. Need the extra `train`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from muzero_engine.commands.common.games import GameName
from muzero_engine.commands.common.help import expert_option, help_all_option
from muzero_engine.commands.common.training import training_beside, training_errors
from muzero_engine.files import write_atomically
from muzero_engine.games.registry import game_names
from muzero_engine.inference.manifest import CHECKPOINT
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.presets import PRESET_NAMES, preset
from muzero_engine.training.settings_text import BadSettings, to_json, with_overrides

if TYPE_CHECKING:
    from muzero_engine.training.run.checkpoint_contents import Counters

INTERRUPTED = 130  # what shells expect after Ctrl-C
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


class Duration(click.ParamType[float]):
    """A time like 90, 90s, 9m, 1h30m."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds."""
        if isinstance(value, float):
            return value
        parts = re.findall(r"(\d+(?:\.\d+)?)([smh]?)", str(value))
        if not parts or "".join(number + unit for number, unit in parts) != str(value):
            self.fail(f"{value!r} is not a time: write it like 90s, 9m or 1h30m", param, ctx)
        return sum(float(number) * _UNITS[unit] for number, unit in parts)


@click.command()
@click.option("--run", "folder", type=click.Path(path_type=Path, file_okay=False), required=True, help="Its folder")
@click.option("--game", type=GameName(), help="Of a new run")
@click.option("--preset", "preset_name", default="small", show_default=True, help=f"One of {', '.join(PRESET_NAMES)}")
@click.option(
    "--init",
    "initial",
    type=click.Path(path_type=Path, exists=True),
    help="Begin with a network: a checkpoint's file or a bundle's folder. It keeps its size but for what --set says",
)
@click.option("--resume", is_flag=True, help="Go on from the newest checkpoint")
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
@help_all_option
def train(
    folder: Path,
    game: str | None,
    preset_name: str,
    initial: Path | None,
    resume: bool,
    resume_step: int | None,
    time_limit: float | None,
    duration: float | None,
    device: str | None,
    threads: int | None,
    seed: int | None,
    games: int | None,
    steps: int | None,
    overrides: tuple[str, ...],
) -> None:
    """Learn a game by self-play alone.

    Several GPUs: torchrun --nproc-per-node N -m -- muzero_engine train ...

    Ctrl-C or SIGTERM ends the run with a checkpoint; a second Ctrl-C ends it at once.

    \b
    Examples:
      muzero-engine train --game tictactoe --preset tiny --run runs/ttt
      muzero-engine train --run runs/ttt --resume --time-limit 1h30m
    """
    if steps is not None and duration is not None:
        raise click.UsageError("a run ends after --steps or after a --duration: use one of them")
    if steps is not None:
        duration = 0.0
    named = {"seed": seed, "self_play.games": games, "steps": steps, "duration": duration}
    changes = [*(f"{name}={value}" for name, value in named.items() if value is not None), *overrides]
    resume = resume or resume_step is not None
    if not resume and game is None:
        raise click.UsageError(f"a new run needs --game: one of {', '.join(game_names())}")
    if resume and initial is not None:
        raise click.UsageError("--init begins a new run, --resume goes on with one: use one of them")
    config = None if resume else with_overrides(preset(str(game), preset_name), changes)
    with training_errors():
        _train(folder, config, changes, game, initial, resume_step, time_limit, device, threads or 1)


def _train(
    folder: Path,
    config: TrainConfig | None,
    changes: list[str],
    game: str | None,
    initial: Path | None,
    resume_step: int | None,
    time_limit: float | None,
    device: str | None,
    threads: int,
) -> None:
    """Begin a new run where there is a `config`, else go on with one."""
    from muzero_engine.training.distributed import joined_world
    from muzero_engine.training.report.history import keep_earlier
    from muzero_engine.training.report.progress import Progress
    from muzero_engine.training.run.checkpoint_contents import newest_checkpoint, read_config
    from muzero_engine.training.run.initial_network import initial_network
    from muzero_engine.training.run.loop import train as run_loop
    from muzero_engine.training.run.run import TrainingRun, use_threads

    checkpoint, network, earlier, file = None, None, None, None
    if config is None:
        checkpoint = newest_checkpoint(folder, resume_step)
        config = with_overrides(read_config(checkpoint), changes)
        if game not in (None, config.game):
            raise BadSettings(f"{folder} is a run of {config.game}, not {game}: leave --game out or choose its folder")
    elif any(folder.glob("checkpoint-*")):
        raise BadSettings(f"{folder} already holds a run: go on with --resume, or choose another folder")
    if config is not None and initial is not None:
        file = initial / CHECKPOINT if initial.is_dir() else initial
        named = [change.partition("=")[0].strip() for change in changes]
        sizes = [name.removeprefix("network.") for name in named if name.startswith("network.")]
        network, config = initial_network(file, config, sizes)
        earlier = _earlier(file)
    with joined_world(device) as world:
        use_threads(world, threads)
        if world.is_main and checkpoint is None:
            keep_earlier(folder, file)
        progress = Progress(sys.stderr, silent=not world.is_main)
        with TrainingRun(config, folder, world, checkpoint, network, earlier) as run:
            if world.is_main:
                write_atomically(folder / "config.json", to_json(config).encode())
            where = f"{world.size} x {world.device.type}" if world.size > 1 else world.device.type
            begin = f"from step {checkpoint.step:,}" if checkpoint else f"from {initial or 'nothing'}"
            progress.note(f"{config.game}, preset {config.preset}, on {where}, {begin}, in {folder}")
            try:
                run_loop(run, progress, time_limit=time_limit)
            except KeyboardInterrupt:
                progress.note("stopped at once: earlier checkpoints are intact")
                sys.exit(INTERRUPTED)
            finally:
                progress.close()


@click.command()
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The page  [RUN/report.html]")
@click.option("--png", type=click.Path(path_type=Path, file_okay=False), help="Also each chart as a PNG file in here")
@click.option("--title", help="Of the page")
def report(folder: Path, out: Path | None, png: Path | None, title: str | None) -> None:
    """Draw the curves of a run as one page (HTML).

    It needs nothing beside it. The curves begin with those of the network that the run began with, where its bundle
    has them.

    \b
    Examples:
      muzero-engine report runs/ttt
      muzero-engine report runs/ttt --png pictures
    """
    with training_errors():
        from muzero_engine.training.report.history import history
        from muzero_engine.training.report.report import write_report
        from muzero_engine.training.report.run_metrics import METRICS_FILE

        records = history(folder)
        if not records:
            raise click.ClickException(f"{folder / METRICS_FILE} holds no cycle yet")
        page = out or folder / "report.html"
        write_report(records, title or run_title(folder), page, png)
    click.echo(str(page))


def _earlier(file: Path) -> Counters:
    """Return what the network of a checkpoint's file learnt, by the manifest beside it; nothing where there is none."""
    from muzero_engine.training.run.checkpoint_contents import Counters

    learnt = training_beside(file)
    return Counters(
        step=learnt.steps, games=learnt.games, plies=learnt.plies, device_seconds=learnt.device_hours * 3600
    )


def run_title(folder: Path) -> str:
    """Return what the report of a run is called."""
    from muzero_engine.training.settings_text import from_json

    try:
        config = from_json((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, BadSettings):
        return f"Training run {folder.name}"
    return f"{config.game}, preset {config.preset}: {folder.name}"

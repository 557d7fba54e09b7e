"""The metrics of a run, the records that `report` draws, for dashboards: TensorBoard's event files, Weights & Biases.

Neither library is needed but where it is asked for. Curves go on where a run is resumed.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from muzero_engine.installing import pip
from muzero_engine.training.report.run_metrics import CycleRecord
from muzero_engine.training.report.step_metrics import Means

FOLDER = "tensorboard"


class NoDashboard(RuntimeError):
    """A dashboard is asked for whose library is missing; the message says how to get it."""


def scalars(record: CycleRecord) -> dict[str, float]:
    """Return what a cycle measured, by name.

    Losses are those of the first unroll step that has one; what is unknown is left out.
    """
    play = record.play
    values: dict[str, float | None] = {
        "progress/games": record.games,
        "progress/plies": record.plies,
        "progress/hours": record.seconds / 3600,
        "progress/replay_plies": record.replay_plies,
        "speed/moves_per_second": play.plies / record.cycle_seconds,
        "speed/simulations_per_second": record.simulations / record.cycle_seconds,
        "speed/positions_per_second": record.positions / record.cycle_seconds,
        **{f"play/{name}": getattr(play, name) for name in ("length", "first_wins", "draws", "resigned", "capped")},
        "play/divergence": play.divergence,
        "play/resign_wrong": play.resign_wrong,
        **{f"match/{match.opponent}": match.score for match in record.matches},
    }
    for group, returns in (("play", record.episodes), ("evaluation", record.evaluation)):
        if returns is not None:
            values |= {f"{group}/return": returns.mean, f"{group}/median_return": returns.median}
    for group, means in (("learn", record.learn), ("held_out", record.held_out)):
        for field in fields(Means) if means is not None else ():
            known = (value for value in getattr(means, field.name) if value is not None)
            values[f"{group}/{field.name}"] = next(known, None)
    if (learn := record.learn) is not None:
        values |= {
            "learn/loss": learn.loss,
            "learn/gradient_norm": learn.gradient_norm,
            "learn/learning_rate": learn.learning_rate,
        }
    return {name: float(value) for name, value in values.items() if value is not None}


def dashboards(run: Path, *, tensorboard: bool, wandb: bool) -> tuple[Callable[[CycleRecord], None], ...]:
    """Return what writes the records of a run to the dashboards that are asked for. Raises NoDashboard."""
    chosen = ((tensorboard, "tensorboard", _tensorboard), (wandb, "wandb", _wandb))
    for asked, library, _ in chosen:
        if asked and importlib.util.find_spec(library) is None:
            raise NoDashboard(f"--{library} needs {library}: {pip()} install {library}")
    return tuple(make(run) for asked, _, make in chosen if asked)


def _tensorboard(run: Path) -> Callable[[CycleRecord], None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library about itself
        from torch.utils.tensorboard import SummaryWriter
    writer: Any = None

    def write(record: CycleRecord) -> None:
        nonlocal writer
        if writer is None:  # not before: the folder of a run that is refused stays as it is
            writer = SummaryWriter(str(run / FOLDER), purge_step=record.step)  # what comes again counts once
        for name, value in scalars(record).items():
            writer.add_scalar(name, value, record.step)
        writer.flush()

    return write


def _wandb(run: Path) -> Callable[[CycleRecord], None]:
    library = importlib.import_module("wandb")
    session: Any = None

    def write(record: CycleRecord) -> None:
        nonlocal session
        if session is None:
            session = library.init(project="muzero-engine", name=run.name, id=run.name, resume="allow", dir=str(run))
        session.log(scalars(record) | {"step": record.step, "cycle": record.cycle}, step=record.cycle)

    return write

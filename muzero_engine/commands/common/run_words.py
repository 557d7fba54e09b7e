"""What a run of `train` tells people: how long it will take, what is there, and which commands go on."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from muzero_engine.commands.common.subjects import subject_of
from muzero_engine.commands.common.times import about
from muzero_engine.dataclass_json import parse_json, to_data
from muzero_engine.files import read_limited
from muzero_engine.games.base import Shape
from muzero_engine.games.registry import load_game
from muzero_engine.training.board_settings import board_shares, boards_text, chosen_boards
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.presets import default_preset
from muzero_engine.training.report.words import words_for

if TYPE_CHECKING:
    from muzero_engine.network.model import MuZeroNetwork
    from muzero_engine.training.run.loop import RunEnd

MOST_BYTES = 1 << 20  # of settings
MOST_EDITS = 3  # that a line names
TOO_LONG = 3 * 86400.0  # seconds of a run that nobody waits for
NOTHING_LEARNT = "nothing was learnt yet; start again with the same command"


def tell_what_to_expect(
    config: TrainConfig, network: MuZeroNetwork | None, *, on_gpu: bool, chosen: bool, note: Callable[[str], None]
) -> None:
    """Say how long a new run will take on a processor, and what a GPU would change.

    It begins with the `network`, None: a fresh one; `chosen` says whether somebody named its preset.
    """
    if on_gpu:
        note("the first cycle compiles for the GPU: half a minute or more without a line")
        return
    from muzero_engine.training.run.forecast import forecast

    usual = default_preset(on_gpu=False)
    times = forecast(config, network)
    size = f"a network of {config.network.channels} channels"
    end = (
        f"its end in about {about(times.whole)}"
        if config.duration
        else (f"all {config.steps:,} in about {about(times.whole)}")
    )
    note(f"on this processor the first gradient step comes in about {about(times.first_step)}, {end} ({size})")
    if times.whole > TOO_LONG and config.preset != usual:
        note(f"preset {config.preset} is meant for GPUs: Ctrl-C, then --preset {usual}, learns here")
    elif not chosen:
        better, words = subject_of(config).preset(default_preset(on_gpu=True)), words_for(config)
        note(
            f"preset {usual} is for processors; on a GPU it would be {better.preset}: {better.network.channels} "
            f"channels, {better.self_play.games:,} {words.games} at once, an hour or less"
        )


def run_title(config: TrainConfig) -> str:
    """Return what a run learns, and by which preset: "go on 9x9, preset small"."""
    boards = "" if config.learns_environment else chosen_boards(config.self_play, load_game(config.name).spec)
    return f"{config.name}{boards}, preset {config.preset}"


def other_boards(config: TrainConfig, source: Path, boards: Sequence[Shape]) -> str | None:
    """Return what to say where the network of `source`, which a run begins with, was trained on `boards` that the run
    does not play on; None elsewhere."""
    if config.learns_environment:
        return None
    played = board_shares(config.self_play, load_game(config.name).spec)
    if set(boards) <= set(played):
        return None
    return (
        f"{source} was trained on {boards_text(boards)}, and this run plays and learns on {boards_text(played)} alone: "
        "another --preset, or --set self_play.shapes, has other boards"
    )


def edited_by_hand(file: Path, before: TrainConfig, now: TrainConfig) -> str | None:
    """Return what to say where the copy of a run's settings says what no run wrote; None where it does not.

    The run's checkpoint, which counts, has the settings `before`; it goes on with those of `now`.
    """
    if not file.exists():
        return None
    try:
        written = _flat(parse_json(read_limited(file, MOST_BYTES).decode()))
    except (OSError, ValueError):
        return f"{file} cannot be read: it is a copy of the settings, and written anew"
    known = [_flat(to_data(config)) for config in (before, now)]
    edits = [f"{name}={value}" for name, value in written.items() if all(value != one.get(name) for one in known)]
    if not edits:
        return None
    more = f" (and {len(edits) - MOST_EDITS} more)" if len(edits) > MOST_EDITS else ""
    asked = " ".join(f"--set {shlex.quote(edit)}" for edit in edits[:MOST_EDITS])
    return f"{file} was edited, and is only a copy: nothing of it counts; to change settings say {asked}{more}"


def is_of_a_run(file: Path) -> bool:
    """Return whether a file has settings of a run, of whatever version, and is not somebody else's."""
    try:
        written = parse_json(read_limited(file, MOST_BYTES).decode())
    except (OSError, ValueError):
        return False
    return isinstance(written, dict) and {"preset", "steps", "learner"} <= written.keys()


def _flat(data: Any, name: str = "") -> dict[str, object]:
    """Return values by the names that --set knows them by."""
    if not isinstance(data, dict):
        return {name: data}
    parts = [_flat(part, f"{name}.{key}".removeprefix(".")) for key, part in data.items()]
    return {path: value for part in parts for path, value in part.items()}


def what_is_there(folder: Path) -> str:
    """Return words on the newest checkpoint of a run."""
    steps = [path.name.partition("-")[2] for path in folder.glob("checkpoint-*")]
    numbers = [int(step) for step in steps if step.isdecimal()]
    if not numbers:
        return NOTHING_LEARNT
    return f"{folder / f'checkpoint-{max(numbers)}'} is whole, go on with --resume"


def what_comes_next(config: TrainConfig, folder: Path, ending: RunEnd) -> str:
    """Return the commands that a run which ended so is of use to."""
    from muzero_engine.training.run.checkpoint_contents import newest_checkpoint, read_counters
    from muzero_engine.training.run.loop import RunEnd

    subject = subject_of(config)
    if not any(folder.glob("checkpoint-*")):
        return NOTHING_LEARNT + (" and a longer --time-limit" if ending is RunEnd.TIME else "")
    run, weights = shlex.quote(str(folder)), shlex.quote(str(folder / "weights"))
    more = ""
    if ending in (RunEnd.FINISHED, RunEnd.LASTED):
        now = read_counters(newest_checkpoint(folder))  # a run may have been longer than it was asked for this time
        steps, seconds = (
            2 * (asked if 2 * asked > done else math.ceil(done))
            for asked, done in ((config.steps, now.step), (config.duration, now.seconds))
        )
        more = f" --steps {steps}" if ending is RunEnd.FINISHED else f" --duration {seconds:g}s"
    return (
        f"go on:  muzero-engine train --run {run} --resume{more}\n"
        f"curves: muzero-engine report {run}\n"
        f"play:   muzero-engine export --run {run} --out {weights}\n"
        f"        muzero-engine {subject.after_export}{_size(config)} --weights {weights}"
    )


def _size(config: TrainConfig) -> str:
    """Return the flag that chooses a board of the run's games, where they are on others than the game's usual one."""
    if config.learns_environment:
        return ""
    spec = load_game(config.name).spec
    boards = board_shares(config.self_play, spec)
    return "" if spec.shapes[0] in boards else f" --size {next(iter(boards))[0]}"

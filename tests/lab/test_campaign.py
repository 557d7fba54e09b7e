"""The step of training and the positions of tactics: what can be told without a GPU and without Stockfish."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tarfile
from dataclasses import asdict
from pathlib import Path

import pytest
from lab.campaign.step import MATCHES, RECIPES, Step, ladder_command, pack, stop, train_command
from lab.studies.tactics import Tactic, kinds, position_of, read

from muzero_engine.cli import main
from muzero_engine.training.presets import preset
from muzero_engine.training.settings_text import with_overrides


def step_in(folder: Path, **options: object) -> Step:
    settings = {"game": "chess", "out": folder / "out", "minutes": 9.0, "set": [], "preset": "release"}
    rest = {"init": None, "run": None, "duration": None, "pairs": 0, "ladder_cores": 0, "no_int8": True}
    return Step(argparse.Namespace(**settings | rest | options))


@pytest.mark.parametrize("game", sorted(RECIPES))
def test_recipes_are_settings_of_a_run(game: str) -> None:
    config = with_overrides(preset(game, "release"), RECIPES[game])
    assert config.learner.batch_size == 512
    assert MATCHES[game]


def test_the_commands_of_a_step_are_understood(tmp_path: Path) -> None:
    step = step_in(tmp_path)
    for command in (train_command(step, 2, 11), ladder_command(step, step.shipped, 3)):
        _, _, words = " ".join(command).partition("muzero_engine ")
        name, *arguments = words.split()
        with main.make_context("muzero-engine", [name, *arguments]) as context:
            subcommand = main.get_command(context, name)
            assert subcommand is not None
            subcommand.make_context(name, arguments, parent=context)


def test_a_step_without_time_to_train_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"--minutes 1\.2 leave no time to train"):
        step_in(tmp_path, minutes=1.2, pairs=200)
    assert list(tmp_path.iterdir()) == []


def test_a_step_begins_with_the_shipped_weights_or_goes_on(tmp_path: Path) -> None:
    step = step_in(tmp_path, set=["seed=7"])
    begin = train_command(step, 2, 11)
    assert begin[begin.index("--init") + 1] == str(step.shipped)
    assert begin[begin.index("--nproc-per-node") + 1] == "2"
    assert begin[-1] == "seed=7"  # the last of a setting counts
    (step.run / "begin").mkdir()
    assert str(step.run / "begin") in train_command(step, 1, 11)
    (step.run / "checkpoint-256").mkdir()
    resume = train_command(step, 1, 11)
    assert "--resume" in resume
    assert "--init" not in resume


def test_matches_take_their_time_from_training(tmp_path: Path) -> None:
    alone, matches = step_in(tmp_path / "a"), step_in(tmp_path / "b", pairs=10)
    assert matches.end - matches.training_end == pytest.approx(alone.end - alone.training_end + 0.25 * 540)


def test_what_there_is_is_packed(tmp_path: Path) -> None:
    (tmp_path / "train.log").write_text("step 1", encoding="utf-8")
    pack(tmp_path / "run.tar.gz", tmp_path, ["train.log", "pictures"])
    with tarfile.open(tmp_path / "run.tar.gz") as tar:
        assert tar.getnames() == ["train.log"]


def test_a_process_that_does_not_end_is_killed() -> None:
    deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE, start_new_session=True)
    assert child.stdout is not None
    child.stdout.readline()
    stop(child, 0.1)
    assert child.returncode == -signal.SIGKILL
    child.stdout.close()


def test_tactics_are_read_back_with_their_positions(tmp_path: Path) -> None:
    mate = Tactic(moves=("f2f3", "e7e5", "g2g4"), best="d8h4", expected=1.0, second=0.1, mate=1, quiet=False)
    file = tmp_path / "tactics.jsonl"
    file.write_text(json.dumps(asdict(mate)) + "\n" + '{"moves": [', encoding="utf-8")
    assert read(file) == [mate]
    position = position_of(mate)
    position.push(position.parse_action(mate.best))
    outcome = position.outcome()
    assert outcome is not None
    assert outcome.winner == 1
    assert {name: mask.tolist() for name, mask in kinds([mate]).items()} == {
        "all": [True],
        "mates": [True],
        "quiet": [False],
        "others": [False],
    }

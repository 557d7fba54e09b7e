"""`train`, `report` and `export` of a run, as people call them."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from support import environments
from support.cycles import run_records

from muzero_engine import installing
from muzero_engine.cli import main
from muzero_engine.commands.common.run_words import edited_by_hand, other_boards, run_title, what_comes_next
from muzero_engine.commands.common.times import Duration, about
from muzero_engine.files import page_mark
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import load_bundle
from muzero_engine.network.network_file import load_network
from muzero_engine.training import distributed
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.distributed import StopRequest
from muzero_engine.training.presets import preset
from muzero_engine.training.report.run_metrics import METRICS_FILE, lines
from muzero_engine.training.run.loop import RunEnd
from muzero_engine.training.self_play.rules import RulesError
from muzero_engine.training.settings_text import to_json, with_overrides

torch.set_num_threads(1)  # tiny networks: more threads only wait for one another

TINY = [
    "--set=network.channels=8",
    "--set=network.representation_blocks=1",
    "--set=search.simulations=4",
    "--set=self_play.games=8",
    "--set=self_play.plies_per_cycle=40",
    "--set=replay.min_plies=60",
    "--set=learner.batch_size=8",
    "--set=learner.steps_per_cycle=2",
    "--set=evaluation.games=4",
    "--set=evaluation.every_cycles=2",
]
NEW = ["train", "--game", "tictactoe", "--preset", "tiny", "--device", "cpu"]


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def last_line(result: Result) -> str:
    return result.output.splitlines()[-1]


def done(*arguments: object) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_duration_is_told_and_can_be_changed_for_steps(tmp_path: Path) -> None:
    run = tmp_path / "run"
    output = done(*NEW, "--run", run, "--duration", "1s", *TINY)
    assert "its duration is over: " in output
    longer = re.search(rf"go on:  muzero-engine train --run {run} --resume --duration (\d+)s\n", output)
    assert longer is not None
    assert int(longer[1]) >= 2
    step = max(int(folder.name.removeprefix("checkpoint-")) for folder in run.glob("checkpoint-*"))
    assert json.loads((run / "config.json").read_text())["duration"] == 1.0
    assert "its duration is over" in done("train", "--run", run, "--resume")  # nothing is left to do
    assert "all steps are done: " in done("train", "--run", run, "--resume", "--steps", step + 2)
    assert (run / f"checkpoint-{step + 2}").is_dir()
    output = done("train", "--run", run, "--resume", "--steps", 1)  # fewer than it has
    assert f"go on:  muzero-engine train --run {run} --resume --steps {2 * (step + 2)}\n" in output


def test_a_run_from_nothing_to_a_bundle(tmp_path: Path) -> None:
    run = tmp_path / "run"
    output = done(*NEW, "--run", run, "--steps", 2, *TINY)
    assert output.startswith(f"tictactoe in {run}, loading PyTorch\n")
    assert f"tictactoe, preset tiny, on cpu, from nothing, in {run}\n" in output
    assert re.search(r"on this processor the first gradient step comes in about \d+ s, all 2 in about \d+ s ", output)
    assert f"all steps are done: {run / 'checkpoint-2'}\n" in output
    assert f"go on:  muzero-engine train --run {run} --resume --steps 4\n" in output
    assert f"        muzero-engine play tictactoe --weights {run / 'weights'}\n" in output
    output = done("train", "--run", run, "--resume", "--steps", 4, "--time-limit", "5m")
    assert "from step 2" in output
    assert f"all steps are done: {run / 'checkpoint-4'}\n" in output
    assert json.loads((run / "config.json").read_text())["steps"] == 4

    assert done("report", run, "--png", tmp_path / "png") == f"{run / 'report.html'}\n"
    assert "<title>tictactoe, preset tiny: run</title>" in (run / "report.html").read_text()
    assert (tmp_path / "png" / "policy-loss.png").exists()

    assert "4 steps" in done("export", "--run", run, "--out", tmp_path / "bundle")
    manifest = load_bundle(tmp_path / "bundle", load_game("tictactoe").spec).manifest
    assert "training.png" in manifest.files
    assert (tmp_path / "bundle" / "training.png").read_bytes().startswith(b"\x89PNG")
    first_history = (tmp_path / "bundle" / "training.jsonl").read_text().splitlines()
    assert json.loads(first_history[-1])["step"] == 4
    training = manifest.training
    assert (training.steps, training.untrained) == (4, False)
    assert training.plies > training.games > 0 < training.device_hours
    assert training.boards == ((3, 3),)
    done("export", "--run", run, "--step", 2, "--out", tmp_path / "older")
    assert load_bundle(tmp_path / "older").manifest.training.steps == 2
    assert json.loads((tmp_path / "older" / "training.jsonl").read_text().splitlines()[-1])["step"] == 2
    shutil.copytree(run, tmp_path / "killed")  # after its second checkpoint was due, before it was there
    shutil.rmtree(tmp_path / "killed" / "checkpoint-4")
    done("export", "--run", tmp_path / "killed", "--out", tmp_path / "rescued")
    for name in ("training.jsonl", "training.png"):
        assert (tmp_path / "rescued" / name).read_bytes() == (tmp_path / "older" / name).read_bytes()

    done("export", "--checkpoint", tmp_path / "bundle" / "checkpoint.safetensors", "--out", tmp_path / "copy")
    assert load_bundle(tmp_path / "copy").manifest == manifest
    output = done(*NEW, "--run", tmp_path / "next", "--init", tmp_path / "bundle", "--steps", 2, *TINY[1:])
    assert f"from {tmp_path / 'bundle'}, in" in output
    assert json.loads((tmp_path / "next" / "config.json").read_text())["network"]["channels"] == 8
    begun = load_network(tmp_path / "next" / "nets" / "net-0.safetensors").state_dict()
    exported = load_network(tmp_path / "bundle" / "checkpoint.safetensors").state_dict()
    assert all(torch.equal(tensor, exported[name]) for name, tensor in begun.items())
    both_runs = done("train", "--run", tmp_path / "next", "--resume", "--steps", 4)
    assert "from step 2" in both_runs
    assert " 8 steps" in done("export", "--run", tmp_path / "next", "--out", tmp_path / "after")
    history = (tmp_path / "after" / "training.jsonl").read_text().splitlines()
    assert history[: len(first_history)] == first_history
    assert json.loads(history[-1])["step"] == 8
    done("report", tmp_path / "next")
    assert "<th>Gradient steps</th><td>8</td>" in (tmp_path / "next" / "report.html").read_text()
    after = load_bundle(tmp_path / "after").manifest.training
    assert after.steps == 8
    assert after.games > training.games
    assert after.plies > training.plies
    assert after.device_hours > training.device_hours
    larger = (*NEW, "--init", tmp_path / "bundle", "--steps", 2, *TINY[1:])
    done(*larger, "--run", tmp_path / "larger", "--set", "network.dynamics_blocks=2", "--set", "network.channels=12")
    size = json.loads((tmp_path / "larger" / "config.json").read_text())["network"]
    assert size == {"channels": 12, "representation_blocks": 1, "dynamics_blocks": 2}
    done(*larger, "--run", tmp_path / "smaller", "--set", "network.dynamics_blocks=0")
    size = json.loads((tmp_path / "smaller" / "config.json").read_text())["network"]
    assert size == {"channels": 8, "representation_blocks": 1, "dynamics_blocks": 0}
    narrower = call(*larger, "--run", tmp_path / "narrower", "--set", "network.channels=4")
    assert narrower.exit_code == 1
    assert last_line(narrower) == "Error: channels cannot be 4: the network has 8, and can only get more"
    foreign = call("train", "--game", "go", "--run", tmp_path / "no", "--init", tmp_path / "bundle")
    assert foreign.exit_code == 1
    assert foreign.output.endswith("holds a network for tictactoe, and this is a run of go\n")
    unexported = call(*NEW, "--run", tmp_path / "no", "--init", run)
    line = f"Error: {run} is a run: its bundle is what to begin with (muzero-engine export)"
    assert last_line(unexported) == line
    for part in (run / "checkpoint-4", run / "checkpoint-4" / "weights.000.safetensors"):
        line = f"Error: {part} is of a run: its bundle is what to begin with (muzero-engine export)"
        assert last_line(call(*NEW, "--run", tmp_path / "no", "--init", part)) == line
    both = call("train", "--run", run, "--resume", "--init", tmp_path / "bundle")
    assert both.exit_code == 2

    again = call(*NEW, "--run", run)
    assert again.exit_code == 1
    assert again.output == f"Error: {run} already holds a run: go on with --resume, or choose another folder\n"
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for place in (tmp_path / "loop", tmp_path / "loop" / "run"):
        odd = call(*NEW, "--run", place)
        assert odd.exit_code == 1
        assert last_line(odd).startswith(f"Error: {tmp_path / 'loop'}")
        assert "[Errno" not in odd.output
    other = call("train", "--run", run, "--resume", "--game", "go")
    assert last_line(other) == f"Error: {run} is a run of tictactoe, not go: leave --game out or choose its folder"
    missing = call("train", "--run", run, "--resume-step", 3)
    assert last_line(missing) == f"Error: {run} has no checkpoint of step 3: there are those of 2 and 4"
    damaged = run / "checkpoint-4" / "ema.000.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    shutil.copytree(run / "checkpoint-2", run / "checkpoint-99")  # whose step is 2
    assert "2 steps" in done("export", "--run", run, "--out", tmp_path / "whole")
    output = done("train", "--run", run, "--resume", "--steps", 5)
    assert f"the checkpoint {run / 'checkpoint-4'} is damaged: ema.000.safetensors has" in output
    assert "that of step 2 is taken instead\n" in output
    assert "from step 2" in output
    assert f"of no more use, and renamed: {run / 'aside-checkpoint-99'}\n" in output
    assert sorted(path.name for path in run.glob("*checkpoint-*")) == [
        "aside-checkpoint-4",
        "aside-checkpoint-99",
        "checkpoint-2",
        "checkpoint-5",
    ]

    manifest_file = tmp_path / "copy" / "manifest.json"
    manifest_file.write_text(replace(manifest, training=replace(training, plies=0)).to_json())  # as of older versions
    done(*NEW, "--run", tmp_path / "of-old", "--init", tmp_path / "copy", "--steps", 1, *TINY[1:])
    done("export", "--run", tmp_path / "of-old", "--out", tmp_path / "unknown")
    unknown = load_bundle(tmp_path / "unknown").manifest.training
    assert (unknown.plies, "positions" in unknown.note) == (0, False)
    assert unknown.games > training.games


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--preset", "tiny"], 2, "a new run needs --game: one of chess, go, othello, shogi, tictactoe"),
        (["--game", "go", "--preset", "huge"], 1, "there is no preset 'huge': choose one of tiny, small, release"),
        (["--game", "go", "--set", "batch=3"], 1, "there is no setting 'batch'"),
        (["--game", "go", "--set", "learner.batch_size=0"], 1, "learner.batch_size must be greater than 0, not 0"),
        (["--game", "go", "--steps", "9", "--duration", "9m"], 2, "a run ends after --steps or after a --duration"),
        (
            ["--game", "go", "--games", "8", "--set", "self_play.games=9"],
            2,
            "--games is the setting self_play.games: say it once",
        ),
        (["--run", ".", "--resume", "--preset", "tiny"], 2, "--preset is of a new run, --resume goes on with one"),
        (["--game", "go", "--duration=-1s"], 2, "'-1s' is not a time: write it like 90s, 9m or 1h30m"),
        (["--game", "go", "--duration", "0s"], 2, "a --duration is more than no time: without it all --steps are done"),
        (["--game", "go", "--time-limit", "soon"], 2, "'soon' is not a time: write it like 90s, 9m or 1h30m"),
        (["--game", "go", "--device", "abacus"], 1, "unknown device 'abacus': choose cpu or cuda"),
        (
            ["--resume"],
            1,
            "begin a run there with --game or --env and without --resume",
        ),
        (["--env", "CartPole-v1", "--game", "go"], 2, "a run learns one thing: use --game or --env"),
        (["--env", "CartPole-v1", "--cluster", "auto"], 2, "clusters play board games only"),
        (["--env", "nowhere.py:Walk"], 1, "nowhere.py: call this from the folder where it is"),
        (
            ["--env", "CartPole-v1", "--set", "returns.discount=2"],
            1,
            "must be greater than 0 and at most 1, not 2.0",
        ),
        (
            ["--env", "CartPole-v1", "--set", "self_play.branch_share=1"],
            1,
            "self_play.branch_share has no effect where an environment is learnt: leave it out",
        ),
        (["--env", "CartPole-v1", "--set", "environment.id=Pong"], 1, "environment.id is no setting of a run"),
        (
            ["--env", f"{environments.__file__}:Sleeps", "--set", "environment.step_seconds=0.2"],
            1,
            "has not begun an episode for 0.2 seconds: does it hang?",
        ),
        (
            ["--env", "CartPole-v1", "--set", "environment.step_seconds=0"],
            1,
            "environment.step_seconds must be a number above 0 and at most 86400, not 0.0",
        ),
    ],
)
def test_errors_are_one_line(tmp_path: Path, arguments: list[str], code: int, message: str) -> None:
    result = call("train", "--run", tmp_path / "run", *arguments)
    assert result.exit_code == code
    assert message in result.output.splitlines()[-1]
    assert not (tmp_path / "run").exists()


def test_a_rank_that_is_no_number_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "x")
    result = call("train", "--game", "tictactoe", "--run", tmp_path / "run", "--steps", 1)
    assert last_line(result) == "Error: RANK is 'x', not a number: start several processes with torchrun"


def test_no_more_threads_are_taken_than_there_are_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("muzero_engine.commands.train._run", lambda *_: None)
    monkeypatch.setattr("muzero_engine.commands.train.usable_cores", lambda: 1)
    output = done("train", "--game", "tictactoe", "--run", tmp_path, "--device", "cpu", "--threads", 100_000)
    assert "100000 threads cannot be had here: training with 1, one for each core" in output
    assert torch.get_num_threads() == 1


def test_what_there_is_to_go_on_from_is_looked_for_before_pytorch_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loaded(*_: str) -> None:
        raise AssertionError("PyTorch was loaded")

    monkeypatch.setattr("muzero_engine.commands.train.require_training_libraries", loaded)
    result = call("train", "--run", tmp_path, "--resume")
    assert last_line(result).startswith(f"Error: {tmp_path} has no checkpoint to go on from")


def test_an_environment_that_is_slow_to_begin_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (
        "import time",
        "class Slow:",
        "    def __init__(self):",
        "        time.sleep(0.3)",
        "        raise OSError('no ROM')",
    )
    (tmp_path / "slow.py").write_text("\n".join(lines))
    monkeypatch.setattr("muzero_engine.commands.common.times.SLOW", 0.01)
    result = call("train", "--env", f"{tmp_path / 'slow.py'}:Slow", "--run", tmp_path / "run")
    assert f"{tmp_path / 'slow.py'}:Slow is made and begins an episode, which takes a while\n" in result.output
    assert "no ROM" in last_line(result)


def test_commands_that_go_on_can_be_pasted_whatever_the_folder_is_called(tmp_path: Path) -> None:
    run = tmp_path / "my runs"
    lines = done(*NEW, "--run", run, "--steps", 1, *TINY).splitlines()
    assert lines[-3] == f"curves: muzero-engine report '{run}'"
    assert lines[-1] == f"        muzero-engine play tictactoe --weights '{run / 'weights'}'"


def test_ctrl_c_where_nothing_is_to_be_said_is_answered_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("muzero_engine.commands.train.environment_subject", _interrupt)
    result = call("train", "--env", "CartPole-v1")
    assert (result.output, result.exit_code) == ("stopped as asked\n", 130)


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = call(*NEW, "--run", tmp_path / "file" / "run", *TINY)
    assert result.exit_code == 1
    assert last_line(result) == f"Error: {tmp_path / 'file' / 'run'}: Not a directory"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            ImportError("libtorch_cpu.so: failed to map segment", name="torch"),
            "a library cannot be loaded: libtorch_cpu.so",
        ),
        (
            RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB.\nmore"),
            "not enough memory: CUDA out of memory.",
        ),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
            "not enough memory: DefaultCPUAllocator",
        ),
        (MemoryError(), "there is not enough memory"),
        (RuntimeError("can't start new thread"), "the system has no thread left: free memory"),
        (RulesError("worker 0 was killed: is the machine out of memory?"), "worker 0 was killed"),
        (
            OSError(errno.ENOSPC, "No space left on device", "run/config.json"),
            "run/config.json: No space left on device",
        ),
        (OSError(errno.EIO, "Input/output error"), "the disk: Input/output error"),
    ],
)
def test_a_machine_that_is_too_small_is_one_line(
    error: Exception, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise error

    monkeypatch.setattr("muzero_engine.commands.train._train", refuse)
    result = call(*NEW, "--run", tmp_path / "run")
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {line}")
    assert result.output.count("\n") == 1


def test_a_loss_that_is_not_finite_ends_in_one_line(tmp_path: Path) -> None:
    wild = ["--set=learner.learning_rate=1e12", "--set=learner.warmup_steps=0", "--steps", 40]
    result = call(*NEW, "--run", tmp_path, *TINY, *wild)
    assert result.exit_code == 1
    assert "Error: the loss or its gradient is not finite at step " in result.output.splitlines()[-1]
    assert len(list(tmp_path.glob("nonfinite-*.safetensors"))) == 1
    assert [path.name for path in tmp_path.glob("checkpoint-*")] == ["checkpoint-0"]  # from before the first step


def test_a_report_replaces_no_page_of_a_match(tmp_path: Path) -> None:
    (tmp_path / METRICS_FILE).write_bytes(lines(run_records(4)))
    page = tmp_path / "report.html"
    page.write_text(f"<html>{page_mark('match')}")
    assert call("report", tmp_path).output == f"Error: {page} is of a match: name another page by --out\n"
    own = tmp_path / "own.html"
    for _ in range(2):
        assert done("report", tmp_path, "--out", own) == f"{own}\n"


def test_a_run_without_metrics_has_no_report(tmp_path: Path) -> None:
    result = call("report", tmp_path)
    assert result.exit_code == 1
    assert result.output == f"Error: {tmp_path / 'metrics.jsonl'} cannot be read: No such file or directory\n"


@pytest.mark.parametrize(("name", "flag"), [("tiny", " --size 5"), ("release", "")])
def test_a_run_on_other_boards_than_the_usual_one_says_how_to_play_on_them(
    name: str, flag: str, tmp_path: Path
) -> None:
    (tmp_path / "checkpoint-1").mkdir()
    words = what_comes_next(preset("go", name), tmp_path, RunEnd.ASKED)
    assert f"muzero-engine play go{flag} --weights" in words


def test_a_run_on_other_boards_than_its_network_was_trained_on_says_so() -> None:
    small, bundle = preset("go", "tiny"), Path("weights/go")
    assert run_title(small) == "go on 5x5, preset tiny"
    assert run_title(preset("chess", "tiny")) == "chess, preset tiny"
    line = other_boards(small, bundle, ((9, 9), (13, 13)))
    assert line is not None
    assert line.startswith("weights/go was trained on 9x9, 13x13, and this run plays and learns on 5x5 alone: ")
    assert other_boards(with_overrides(small, ["self_play.shapes=9x9:1,13x13:2"]), bundle, ((9, 9),)) is None
    assert other_boards(small, bundle, ()) is None  # which are not known


def test_a_run_of_which_no_game_is_over_is_exported_without_a_picture(tmp_path: Path) -> None:
    run, short = tmp_path / "run", ["--set=self_play.plies_per_cycle=8", "--set=replay.min_plies=8"]
    done(*NEW, "--run", run, "--steps", 1, *TINY, *short)
    metrics = run / "metrics.jsonl"
    metrics.write_text(metrics.read_text().splitlines(keepends=True)[0])  # as it is after the first cycle
    assert json.loads(metrics.read_text())["games"] == 0
    done("export", "--run", run, "--step", 0, "--out", tmp_path / "bundle")
    manifest = load_bundle(tmp_path / "bundle", load_game("tictactoe").spec).manifest
    assert manifest.training.note.startswith("trained by self-play: 0 games, 0 steps, 0.00 device-hours (")
    assert (manifest.training.games, manifest.training.plies) == (0, 0)
    files = manifest.files
    assert "training.png" not in files
    assert "training.jsonl" in files
    done("report", run, "--png", tmp_path / "png")
    assert not (tmp_path / "png" / "overview.png").exists()


@pytest.mark.parametrize("command", [["train", "--game", "go", "--run", "RUN"], ["report", "RUN"]])
def test_without_torch_one_line_says_how_to_get_it(tmp_path: Path, command: list[str]) -> None:
    arguments = [str(tmp_path) if argument == "RUN" else argument for argument in command]
    program = (
        "import sys; sys.modules['torch'] = None\n"  # as if it were not installed
        f"from muzero_engine.cli import main; main({arguments!r})"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 1
    way = f"{sys.executable} -m pip install '{Path(__file__).parents[2]}[train]'"
    assert result.stderr == f"Error: this needs torch, which playing does not: {way}\n"


def test_the_systems_own_python_which_pip_refuses_gets_an_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "EXTERNALLY-MANAGED").touch()
    monkeypatch.setattr("sys.prefix", sys.base_prefix)
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    monkeypatch.setattr(installing, "ROOT", tmp_path)  # installed from an index
    assert installing.install_command("train") == (
        "python3 -m venv muzero && muzero/bin/pip install 'muzero-engine[train]', then muzero/bin/muzero-engine"
    )


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90.0), ("90s", 90.0), ("9m", 540.0), ("1h30m", 5400.0), ("0.5h", 1800.0)]
)
def test_times(text: str, seconds: float) -> None:
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (40, "40 s"), (119, "119 s"), (150, "2 min"), (3_700, "1.0 h"), (12_600, "3.5 h"), (5e5, "6 days")],
)
def test_times_that_are_about_right(seconds: float, text: str) -> None:
    assert about(seconds) == text


def test_a_run_without_a_folder_gets_one_by_its_game_and_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert last_line(call("train", "--resume")) == "Error: say with --run which run goes on"
    output = done(*NEW, "--steps", 2, *TINY)
    (run,) = Path("runs").iterdir()
    assert re.fullmatch(r"tictactoe-\d{4}-\d\d-\d\d-\d{6}", run.name)
    assert output.startswith(f"tictactoe in {run}, loading PyTorch\n")
    assert call(*NEW, "--init", run, *TINY).exit_code == 1
    with monkeypatch.context() as context:
        locked = "muzero_engine.commands.train.tell_what_to_expect"  # is called when the folder is
        context.setattr(locked, lambda *_arguments, **_more: _interrupt())
        context.setattr("os._exit", sys.exit)
        assert call(*NEW, *TINY).exit_code == 130
    assert list(Path("runs").iterdir()) == [run]  # no folder stays of what never began
    assert last_line(call("train", "--resume")) == f"Error: say with --run which run goes on: --run {run} is the latest"


def test_an_environment_in_a_file_is_learnt_and_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "worlds").mkdir()
    shutil.copy(Path(environments.__file__), tmp_path / "worlds" / "mine.py")
    begin = ["train", "--env", "worlds/mine.py:Walk", "--preset", "tiny", "--device", "cpu"]
    output = done(*begin, "--steps", 4, *TINY)
    (run,) = Path("runs").iterdir()
    assert re.fullmatch(r"worlds-mine\.py-Walk-\d{4}-\d\d-\d\d-\d{6}", run.name)
    told = r"^step 4: return [-\d.]+ ± [\d.]+ .* over 4 episodes of \d steps?(, \d of them cut off)?$"
    assert re.search(told, output, re.MULTILINE)
    assert re.search(r"^observations of 2x3x3 \(board\) and 3 actions$", output, re.MULTILINE)
    assert output.endswith(f"muzero-engine watch --weights {run / 'weights'}\n")
    assert "environment steps" in done("train", "--run", run, "--resume", "--steps", 6)
    other = call("train", "--run", run, "--resume", "--game", "go")
    assert last_line(other).endswith("is a run of worlds/mine.py:Walk, not go: leave --game out or choose its folder")
    page = Path(done("report", run, "--png", tmp_path / "png").strip()).read_text()
    assert "Returns of self-play" in page
    assert "Episodes of self-play" in page
    assert (tmp_path / "png" / "evaluation.png").exists()


def test_resume_auto_is_right_for_a_new_run_and_for_one_that_was_stopped(tmp_path: Path) -> None:
    command = [*NEW, "--run", tmp_path / "run", "--resume", "auto", *TINY]
    assert "from nothing" in done(*command, "--steps", 2)
    assert "from step 2" in done(*command, "--steps", 4)


def test_settings_that_were_edited_by_hand_are_told_to_be_a_copy(tmp_path: Path) -> None:
    before = TrainConfig(game="tictactoe", preset="tiny", steps=10)
    now = replace(before, steps=20)
    file = tmp_path / "config.json"
    assert edited_by_hand(file, before, now) is None
    for written in (before, now):  # the run before may have been killed before its first checkpoint
        file.write_text(to_json(written))
        assert edited_by_hand(file, before, now) is None
    learner = replace(before.learner, learning_rate=0.125, batch_size=77)
    file.write_text(to_json(replace(before, learner=learner)))
    said = edited_by_hand(file, before, now)
    assert said is not None
    assert "was edited, and is only a copy" in said
    settings = said.partition(" say ")[2].replace("--set ", "").split()
    assert with_overrides(before, settings).learner == learner
    file.write_text("{")
    assert "cannot be read" in (edited_by_hand(file, before, now) or "")


def test_resume_auto_needs_no_game_where_there_is_a_checkpoint(tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = ["train", "--run", run, "--resume", "auto"]
    needs = "a new run needs --game: one of chess, go, othello, shogi, tictactoe; or --env: an environment"
    assert last_line(call(*command)) == f"Error: {needs}"
    (run / "checkpoint-7").mkdir(parents=True)
    gone = "cannot be read, checkpoint.json: No such file or directory"
    assert last_line(call(*command)) == f"Error: the checkpoint {run / 'checkpoint-7'} {gone}"
    (run / "checkpoint-7").rmdir()
    done(*NEW, "--run", run, "--steps", 1, *TINY)
    assert "from step 1" in done(*command, "--steps", 2)


def test_a_run_begun_anew_over_one_without_a_checkpoint_says_so(tmp_path: Path) -> None:
    command, line = [*NEW, "--run", tmp_path, "--steps", 1, *TINY], "holds a run without a checkpoint: begun anew"
    assert line not in done(*command)
    for checkpoint in tmp_path.glob("checkpoint-*"):  # as it is when killed while it filled its replay
        shutil.rmtree(checkpoint)
    assert done(*command).count(f"{tmp_path} {line}\n") == 1


@pytest.mark.parametrize(
    ("name", "text"), [("config.json", '{"my": "settings"}'), ("metrics.jsonl", "mine"), ("manifest.json", "{}")]
)
def test_no_run_begins_over_files_of_somebody_else(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    (tmp_path / "checkpoint-last").mkdir()  # as other programs have, too
    (tmp_path / "checkpoint-last" / "model.bin").write_text(text)
    line = f"Error: {tmp_path} holds {name}, which is no run's: choose another folder"
    assert last_line(call(*NEW, "--run", tmp_path, "--resume", "auto", *TINY)) == line
    assert (tmp_path / name).read_text() == text
    assert (tmp_path / "checkpoint-last" / "model.bin").exists()


def _interrupt(*_arguments: object) -> None:
    raise KeyboardInterrupt


def test_a_run_stopped_before_there_is_anything_to_save_says_what_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentence = "nothing was learnt yet; start again with the same command"
    with monkeypatch.context() as patched:
        patched.setattr(StopRequest, "due", lambda _: True)  # Ctrl-C in the first cycle
        lines = done(*NEW, "--run", tmp_path, "--steps", 1, *TINY).splitlines()
    assert lines[-2:] == ["stopped as asked: nothing was played yet, so that there is no checkpoint", sentence]
    assert (
        last_line(call(*NEW, "--run", tmp_path, *TINY, "--time-limit", "1s")) == f"{sentence} and a longer --time-limit"
    )
    monkeypatch.setattr(distributed, "joined_world", _interrupt)  # Ctrl-C while PyTorch is loaded
    monkeypatch.setattr(os, "_exit", sys.exit)
    result = call(*NEW, "--run", tmp_path, *TINY)
    assert result.exit_code == 130
    assert last_line(result) == f"stopped at once: {sentence}"


def test_nobody_else_trains_in_the_folder_of_a_run_that_goes_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "muzero_engine", *NEW, "--run", str(tmp_path), "--steps", "100000", *TINY]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        try:
            assert running.stderr is not None
            while not any(tmp_path.glob("checkpoint-*")):
                assert running.poll() is None
                time.sleep(0.05)
            for more in ([], ["--resume"], ["--resume", "auto"]):
                refused = call(*NEW[: 3 if more == ["--resume"] else None], "--run", tmp_path, *more)
                assert refused.exit_code == 1
                assert last_line(refused).startswith(f"Error: another program trains in {tmp_path}: when it has ended")
            running.send_signal(signal.SIGINT)
            _, output = running.communicate(timeout=60)
        finally:
            running.kill()
    assert running.returncode == 0
    assert re.search(r"^stopping: a checkpoint in about \d+ s; again to stop at once$", output, re.MULTILINE)
    assert "stopped as asked: " in output
    assert "from step " in done("train", "--run", tmp_path, "--resume", "--steps", 1)


def test_two_processes_train_together_and_go_on(tmp_path: Path) -> None:
    run = tmp_path / "run"
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "--"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def together(*arguments: object) -> str:
        command = [*launch, "muzero_engine", *(str(argument) for argument in arguments)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=250, env=environment, check=False)
        assert result.returncode == 0, result.stderr
        return result.stderr

    output = together(*NEW, "--run", run, "--steps", 2, *TINY)
    assert output.count("from nothing") == 1
    assert "on 2 x cpu" in output
    names = {path.name.split(".")[0] for path in (run / "checkpoint-2").iterdir()}
    assert names >= {"weights", "ema", "optimiser", "replay-0", "replay-1", "self-play-0", "self-play-1"}
    assert together("train", "--run", run, "--resume", "--steps", 4, "--device", "cpu").count("from step 2") == 1
    assert "from step 4" in done("train", "--run", run, "--resume", "--steps", 5)  # alone

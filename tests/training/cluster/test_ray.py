"""A cluster of this machine, with Ray: four actors, some of which are killed, and a learner that is. The short form of
`scripts/lab/trials cluster`; what needs no processes is tested without them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner
from lab.trials.cluster import Loopback, loopback
from support.runs import TINY

from muzero_engine.cli import main

ENDLESS = ("steps=1000000", "replay.capacity_plies=1000000", "evaluation.every_cycles=0", "checkpoint_seconds=2")


def counted(trial: Loopback) -> int:
    """Return the games that the newest checkpoint counts, all of which it holds."""
    games, held = trial.saved()
    assert games == held
    return games


@pytest.mark.timeout(900)
def test_games_that_count_survive_killed_actors_and_a_killed_learner() -> None:
    with loopback(*TINY, *ENDLESS) as trial:
        trial.start()
        trial.wait("four actors", lambda: len(trial.playing()) == 4)
        trial.wait("a checkpoint", lambda: any(trial.run.glob("checkpoint-*/checkpoint.json")))
        os.kill(trial.playing()[2], signal.SIGKILL)
        trial.more_games()
        trial.wait("the line", lambda: " lost an actor (killed" in trial.said())
        saved = counted(trial)
        trial.kill()  # and with it everything that it began
        saved = max(saved, counted(trial))
        trial.start("--set", "cluster.actors=1")
        trial.goes_on()
        trial.wait("more games", lambda: trial.games() > saved)
        trial.stop()
        assert "stopped as asked" in trial.said()
        assert counted(trial) == trial.games() > saved
        trial.wait("the end of all processes", lambda: not trial.all())


def test_a_cluster_that_is_not_there_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ["train", "--game", "tictactoe", "--run", str(tmp_path / "run"), "--device", "cpu", "--cluster"]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "ray" else object())
    told = CliRunner().invoke(main, [*command, "auto"])
    assert told.exit_code == 1
    assert "--cluster needs Ray: " in told.output
    assert "pip install" in told.output
    assert "[cluster]" in told.output
    monkeypatch.undo()
    told = CliRunner().invoke(main, [*command, "127.0.0.1:1"])
    assert told.exit_code == 1
    (line,) = [line for line in told.output.splitlines() if line.startswith("Error")]
    assert "the Ray cluster at 127.0.0.1:1 cannot be joined" in line
    assert "ray start --head" in line

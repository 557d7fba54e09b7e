"""Measurements of speed: what they are told that cannot be measured ends in a line."""

from __future__ import annotations

import sys

import pytest
import torch
from lab.common.commands import dispatch

torch.set_num_threads(1)

QUICK = "--games 4 --simulations 2 --channels 4 --blocks 1 1 --workers 1".split()


def measure(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    """Run `bench` with these arguments."""
    monkeypatch.setattr(sys, "argv", ["bench", *arguments])
    dispatch("bench", {"episodes": "environments"})


def test_too_few_rounds_to_draw_a_batch_from_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measure(monkeypatch, "episodes", "support.environments:Walk", *QUICK, "--rounds", "1")
    assert capsys.readouterr().out.endswith("  too few rounds to draw a batch from: raise --rounds\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere.py:Walk"], "bench episodes: there is no file "),
        (["CartPole-v1", "--rounds", "0"], "argument --rounds: '0' is no whole number of 1 or more"),
        (["CartPole-v1", "--games", "1"], "--games must be 2 or more: two groups take turns"),
    ],
)
def test_what_cannot_be_measured_is_told_in_a_line(
    arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        measure(monkeypatch, "episodes", *arguments)
    assert told in f"{ended.value}{capsys.readouterr().err}"

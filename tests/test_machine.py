"""A container's share of the machine is what a process inside has."""

from __future__ import annotations

from pathlib import Path

import pytest

from muzero_engine import machine
from muzero_engine.machine import machine_mb, usable_cores
from muzero_engine.training.self_play.workers import default_workers


def test_a_containers_share_of_the_processor_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quota = tmp_path / "cpu.max"
    monkeypatch.setattr(machine, "_QUOTA", quota)
    everything = usable_cores()
    for text, cores in (("max 100000\n", everything), ("100000 100000\n", 1), ("10000 100000\n", 1), ("x", everything)):
        quota.write_text(text)
        assert usable_cores() == cores
        assert default_workers() == max(1, cores - 1)


def test_a_containers_share_of_the_memory_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(machine, "_LIMIT", limit)
    everything = machine_mb()
    for text, mb in (("max\n", everything), ("52428800\n", 50.0), ("0\n", everything), ("x", everything)):
        limit.write_text(text)
        assert machine_mb() == mb

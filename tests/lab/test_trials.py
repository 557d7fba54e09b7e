"""Short forms of the trials: a few fuzzed lines, a few hostile calls."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab.trials import fuzz, hostile_files


@pytest.mark.parametrize("protocol", ["ugi", "analysis"])
def test_a_session_outlives_fuzzed_lines(protocol: str) -> None:
    tally = fuzz.session(protocol, 100, seed=2)
    assert (tally.lines, tally.fault) == (100, "")


def test_hostile_tensors_give_one_line_each(tmp_path: Path) -> None:
    for kind in list(hostile_files.tensor_kinds(tmp_path))[3:8:2]:
        outcome = hostile_files.call(kind)
        assert outcome.fault(most_seconds=60.0, most_megabytes=300.0) is None, outcome.said
        assert "checkpoint.safetensors" in outcome.said

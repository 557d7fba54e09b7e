"""An environment of Gymnasium, learnt as people learn it: from nothing to a pole that stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from muzero_engine.cli import main
from muzero_engine.training.report.run_metrics import read_records

SOLVED = 475.0  # Gymnasium's threshold of CartPole-v1, whose longest episodes return 500


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_cartpole_is_solved(tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = ["train", "--env", "CartPole-v1", "--preset", "tiny", "--run", str(run), "--device", "cpu"]
    result = CliRunner().invoke(main, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    evaluation = read_records(run)[-1].evaluation
    assert evaluation is not None
    assert evaluation.episodes == 32
    assert evaluation.mean >= SOLVED, evaluation.sentence()

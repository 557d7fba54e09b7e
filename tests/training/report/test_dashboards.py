"""Records reach the dashboards that are asked for, and nothing else does."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from support.cycles import cycle_record

from muzero_engine.training.report.dashboards import NoDashboard, dashboards, scalars
from muzero_engine.training.report.run_metrics import MatchRecord


def test_what_is_known_has_a_name_and_a_number() -> None:
    filling, learning = (
        cycle_record(1, learnt=False),
        cycle_record(2, matches=(MatchRecord(opponent="net-0", wins=3, draws=0, losses=1),)),
    )
    values = scalars(learning)
    assert values["match/net-0"] == 0.75
    assert learning.learn is not None
    assert values["learn/policy"] == learning.learn.policy[0]
    assert values["learn/loss"] == learning.learn.loss
    assert values["progress/games"] == learning.games
    assert values["speed/moves_per_second"] == learning.play.plies / learning.cycle_seconds
    assert {name for name in scalars(filling) if name.startswith(("learn", "match", "held_out"))} == set()
    assert set(scalars(filling)) < set(values)


def test_nothing_is_written_where_nothing_is_asked_for(tmp_path: Path) -> None:
    assert dashboards(tmp_path, tensorboard=False, wandb=False) == ()


@pytest.mark.parametrize("library", ["tensorboard", "wandb"])
def test_a_library_that_is_missing_is_named_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(NoDashboard, match=rf"^--{library} needs {library}: \S+ -m pip install {library}$"):
        dashboards(tmp_path, **{"tensorboard": False, "wandb": False, library: True})


def test_records_go_to_the_dashboards_that_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, Any]] = []

    class Writer:
        def __init__(self, folder: str, purge_step: int) -> None:
            calls.append(("writer", (folder, purge_step)))

        def add_scalar(self, name: str, value: float, step: int) -> None:
            calls.append((name, (value, step)))

        def flush(self) -> None:
            calls.append(("flush", None))

    class Session:
        def log(self, values: dict[str, float], step: int) -> None:
            calls.append(("log", (values, step)))

    def init(**named: Any) -> Session:
        calls.append(("init", named))
        return Session()

    tensorboard, wandb = ModuleType("torch.utils.tensorboard"), ModuleType("wandb")
    vars(tensorboard)["SummaryWriter"], vars(wandb)["init"] = Writer, init
    monkeypatch.setitem(sys.modules, tensorboard.__name__, tensorboard)
    monkeypatch.setitem(sys.modules, wandb.__name__, wandb)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: SimpleNamespace())
    writes = dashboards(tmp_path / "run", tensorboard=True, wandb=True)
    assert calls == []  # a run that is refused leaves nothing
    for record in (cycle_record(3), cycle_record(4)):
        for write in writes:
            write(record)
    third, fourth = cycle_record(3), cycle_record(4)
    assert calls[0] == ("writer", (str(tmp_path / "run" / "tensorboard"), third.step))
    assert [call for call in calls if call[0] == "learn/loss"] == [
        ("learn/loss", (scalars(record)["learn/loss"], record.step)) for record in (third, fourth)
    ]
    assert [name for name, _ in calls].count("flush") == 2
    assert [named["id"] for name, named in calls if name == "init"] == ["run"]
    assert [step for _, (values, step) in (call for call in calls if call[0] == "log")] == [3, 4]

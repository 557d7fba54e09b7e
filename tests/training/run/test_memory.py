"""Settings that cannot fit into memory are refused before anything is begun."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from support.runs import tiny

from muzero_engine.training.config import SearchSettings
from muzero_engine.training.distributed import World
from muzero_engine.training.run.assemble import assemble, task_of
from muzero_engine.training.run.checkpoint_contents import Counters
from muzero_engine.training.run.forecast import forecast
from muzero_engine.training.run.memory import refuse_what_cannot_fit
from muzero_engine.training.search import batched
from muzero_engine.training.settings_text import BadSettings


@pytest.mark.parametrize(
    ("setting", "others"),
    [
        ("search.simulations=100000000", ()),
        ("self_play.games=1000000000", ()),
        ("self_play.fast_simulations=100000000", ("self_play.full_search_share=0.5",)),
        ("evaluation.simulations=100000000", ("evaluation.every_cycles=1",)),
        ("evaluation.games=1000000000", ("evaluation.every_cycles=1",)),
        ("learner.batch_size=1000000000", ()),
    ],
)
def test_what_no_machine_holds_is_refused_by_name(tmp_path: Path, setting: str, others: tuple[str, ...]) -> None:
    config = tiny(setting, *others)
    with pytest.raises(BadSettings, match=rf"{setting}\b.* GB of memory or more, and there are [\d,]+: set .* lower"):
        assemble(config, tmp_path / "run", World.alone(), Counters())
    assert not (tmp_path / "run").exists()
    with pytest.raises(BadSettings, match=setting.partition("=")[0]):
        forecast(config)


def test_a_forecast_of_long_searches_times_the_beginning_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    monkeypatch.setattr("muzero_engine.training.run.forecast.MOST_TIMED", 5)
    check = batched._check

    def noted(settings: SearchSettings, num_actions: int) -> None:
        made.append(settings.simulations)
        check(settings, num_actions)

    monkeypatch.setattr(batched, "_check", noted)
    usual = forecast(tiny("search.simulations=5"))
    longer = forecast(tiny("search.simulations=5000"))
    assert set(made) == {5}
    assert longer.first_step > 20 * usual.first_step  # a thousand times, and what disturbs a clock


@pytest.mark.parametrize("setting", ["search.simulations=3000", "learner.batch_size=100000"])
def test_what_is_merely_large_is_taken(setting: str) -> None:
    config = tiny(setting)
    refuse_what_cannot_fit(config, task_of(config), torch.device("cpu"))


def test_what_a_container_may_use_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny("learner.batch_size=100000")
    monkeypatch.setattr("muzero_engine.training.run.memory.machine_mb", lambda: 50.0)
    with pytest.raises(BadSettings, match=r"^learner\.batch_size=100000 needs"):
        refuse_what_cannot_fit(config, task_of(config), torch.device("cpu"))
    monkeypatch.setattr("muzero_engine.training.run.memory.machine_mb", lambda: None)
    refuse_what_cannot_fit(config, task_of(config), torch.device("cpu"))

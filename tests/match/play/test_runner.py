"""The runner: side by side, with engines that break, stopped and resumed."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.matches import PATIENT, SCRIPT, random_player, scripted

from muzero_engine.games.record import Ending, GameRecord
from muzero_engine.games.registry import load_game
from muzero_engine.match.engines.registry import make_client
from muzero_engine.match.play.game import GamePlan
from muzero_engine.match.play.openings import Opening
from muzero_engine.match.play.runner import NotStarted, Runner
from muzero_engine.match.play.schedule import schedule
from muzero_engine.match.settings.match_settings import BadMatch, EngineSettings, GameSettings, MatchSettings

GAME = GameSettings(game="chess", patience=PATIENT, max_plies=20)


def plans(engines: list[EngineSettings], pairs: int) -> list[GamePlan]:
    return list(schedule(MatchSettings(engines=tuple(engines), game=GAME, pairs=pairs), [Opening("start")]))


def runner(engines: list[EngineSettings], concurrency: int = 1) -> Runner:
    return Runner({engine.name: engine for engine in engines}, GAME, concurrency=concurrency)


def keeping(records: list[GameRecord], stop_after: int | None = None) -> Callable[[GameRecord], bool]:
    def keep(record: GameRecord) -> bool:
        records.append(record)
        return len(records) != stop_after

    return keep


@pytest.mark.parametrize("concurrency", [1, 3])
def test_every_game_is_played_once(concurrency: int) -> None:
    engines = [scripted("a", "chess"), scripted("b", "chess"), random_player("c")]
    records: list[GameRecord] = []
    runner(engines, concurrency).run(plans(engines, 3), keeping(records))
    games = Counter((record.first, record.second, record.pair, record.game) for record in records)
    assert games == Counter((plan.first, plan.second, plan.pair, plan.game) for plan in plans(engines, 3))


def test_engines_are_kept_from_game_to_game_and_restarted_when_they_break() -> None:
    engines = [scripted("good", "chess"), scripted("bad", "chess", "--fault", "exit", "--at", "3")]
    records: list[GameRecord] = []
    runner(engines).run(plans(engines, 2), keeping(records))
    assert [record.ending for record in records] == [Ending.CRASH] * 4
    assert [len(record.moves) for record in records] == [5, 4, 5, 4]
    assert {record.winner == (record.first == "bad") for record in records} == {True}
    # One that breaks at its tenth move does so in its third game, since no game takes more than four of its moves.
    engines = [scripted("good", "chess"), scripted("bad", "chess", "--fault", "exit", "--at", "10")]
    records.clear()
    runner(engines).run(plans(engines, 3), keeping(records))
    endings = [record.ending for record in records]
    assert endings == [Ending.RULES, Ending.RULES, Ending.CRASH, Ending.RULES, Ending.RULES, Ending.CRASH]


def test_an_engine_may_be_restarted_before_every_game() -> None:
    breaks = scripted("bad", "chess", "--fault", "exit", "--at", "5")
    fresh = EngineSettings(name="bad", kind=breaks.kind, command=breaks.command, control=breaks.control, restart=True)
    engines = [scripted("good", "chess"), fresh]
    records: list[GameRecord] = []
    runner(engines).run(plans(engines, 2), keeping(records))
    assert [record.ending for record in records] == [Ending.RULES] * 4


def test_an_engine_that_never_starts_ends_the_match() -> None:
    missing = scripted("missing", "chess")
    engines = [
        random_player("a"),
        EngineSettings(name="missing", kind=missing.kind, command=("no-such-program",), control=missing.control),
    ]
    with pytest.raises(BadMatch, match=r"missing does not start: cannot start 'no-such-program'"):
        runner(engines, 2).run(plans(engines, 5), keeping([]))


def test_an_engine_that_does_not_start_any_more_ends_the_match(tmp_path: Path) -> None:
    good, script = scripted("good", "chess"), Path(shutil.copy(SCRIPT, tmp_path))
    command = tuple(str(script) if word == str(SCRIPT) else word for word in good.command)
    engines = [good, replace(good, name="gone", command=command, restart=True)]
    records: list[GameRecord] = []

    def keep(record: GameRecord) -> bool:
        script.unlink(missing_ok=True)
        records.append(record)
        return True

    with pytest.raises(NotStarted, match="gone does not start any more: "):
        runner(engines).run(plans(engines, 5), keep)
    assert [record.ending for record in records] == [Ending.RULES, Ending.CRASH, Ending.CRASH]


def test_an_engine_whose_second_try_starts_plays_on(tmp_path: Path) -> None:
    good, count = scripted("good", "chess"), tmp_path / "starts"
    every_second = f'n=$(cat {count}); echo $((n + 1)) > {count}; [ $((n % 2)) = 0 ] || exit 3; exec "$@"'
    count.write_text("0")
    steady = replace(good, name="steady", command=("sh", "-c", every_second, "sh", *good.command), restart=True)
    records: list[GameRecord] = []
    runner([good, steady]).run(plans([good, steady], 4), keeping(records))
    assert [record.ending for record in records] == [Ending.RULES] * 8
    assert int(count.read_text()) == 15


def test_a_process_that_runs_since_long_says_nothing_of_starts_that_fail(tmp_path: Path) -> None:
    good, failed = scripted("good", "chess"), tmp_path / "failed"
    first, second = (f"mkdir {tmp_path}/{number} 2> /dev/null" for number in (1, 2))
    second_dies = f'{first} && exec "$@"; {second} && exec "$@" --fault exit --at 2; echo >> {failed}; exit 3'
    twins = replace(good, name="twins", command=("sh", "-c", second_dies, "sh", *good.command))
    with pytest.raises(NotStarted, match="twins does not start any more: "):
        runner([good, twins], 2).run(plans([good, twins], 2000), keeping([]))
    assert len(failed.read_text()) == 5  # two games with two tries each, a try


def test_a_machine_that_is_full_ends_the_match_and_costs_nobody_a_game(monkeypatch: pytest.MonkeyPatch) -> None:
    engines = [scripted("a", "chess"), scripted("b", "chess")]
    records: list[GameRecord] = []
    popen, started = subprocess.Popen, list[None]()

    def start(*args: Any, **kwargs: Any) -> subprocess.Popen[bytes]:
        if len(started) == 3:
            raise OSError(errno.EMFILE, "Too many open files")
        started.append(None)
        return popen(*args, **kwargs)

    monkeypatch.setattr("muzero_engine.match.engines.process.subprocess.Popen", start)
    with pytest.raises(BadMatch, match="Too many open files: play fewer games at the same time"):
        runner(engines, 2).run(plans(engines, 5), keeping(records))
    assert all(record.ending is Ending.RULES for record in records)


def test_an_engine_that_is_waited_for_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until its time was over, a minute later, nothing was said of one that does not answer."""
    monkeypatch.setattr("muzero_engine.match.play.runner.SLOW_S", 0.0)
    told, notes = threading.Event(), list[str]()

    def note(text: str) -> None:
        notes.append(text)
        told.set()

    player = random_player("a")
    client = make_client(player, load_game("chess"), PATIENT)
    client.asked = "uci"
    monkeypatch.setattr(client, "start", told.wait)
    monkeypatch.setattr("muzero_engine.match.play.runner.make_client", lambda *_: client)
    Runner({"a": player}, GAME, note=note).start(["a"])
    assert notes == ["waiting for a to answer 'uci' ..."]


def test_stopping_drops_the_games_in_progress() -> None:
    engines = [scripted("a", "chess"), scripted("hangs", "chess", "--fault", "hang"), random_player("c")]
    games = [plan for plan in plans(engines, 4) if {plan.first, plan.second} == {"a", "c"}]
    waiting = [plan for plan in plans(engines, 1) if {plan.first, plan.second} == {"hangs", "c"}]
    records: list[GameRecord] = []
    before = threading.active_count()
    runner(engines, 2).run([waiting[0], *games], keeping(records, stop_after=3))
    assert len(records) == 3
    assert all("hangs" not in (record.first, record.second) for record in records)
    assert threading.active_count() == before


def test_plans_may_depend_on_the_games_before() -> None:
    engines = [random_player("a"), random_player("b")]
    records: list[GameRecord] = []

    def chosen() -> Iterator[GamePlan]:
        while len(records) < 3:
            yield GamePlan(first="a", second="b", opening=Opening("start"), pair=len(records), game=0)

    runner(engines).run(chosen(), keeping(records))
    assert [record.pair for record in records] == [0, 1, 2]


@pytest.mark.parametrize("where", ["plans", "on_game"])
def test_errors_of_the_caller_are_raised(where: str) -> None:
    engines = [random_player("a"), random_player("b")]

    def chosen() -> Iterator[GamePlan]:
        yield plans(engines, 1)[0]
        if where == "plans":
            raise KeyError("plans")

    def keep(_: GameRecord) -> bool:
        if where == "on_game":
            raise KeyError("on_game")
        return True

    with pytest.raises(KeyError, match=where):
        runner(engines, 2).run(chosen(), keep)


def test_no_process_is_left() -> None:
    engines = [scripted("a", "chess"), scripted("b", "chess")]
    records: list[GameRecord] = []
    runner(engines, 2).run(plans(engines, 2), keeping(records))
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    if not children.exists():
        pytest.skip("this system does not list the children of a process")
    running = [pid for pid in children.read_text().split() if "match_engine" in _command(pid)]
    assert running == []


def _command(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""

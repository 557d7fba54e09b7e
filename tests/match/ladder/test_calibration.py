"""A calibration plays every setting, finds ratings that rise, and corrects levels that do not hold."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.ladder import CHESS, OPENINGS, record

from muzero_engine.games.record import Ending, GameRecord
from muzero_engine.match.ladder.calibration import (
    PATH,
    Blocks,
    Calibration,
    calibration_ladder,
    joint_fit,
    level_table,
    monotone,
    player_name,
    settings_of,
)
from muzero_engine.match.ladder.ladder import BadLadder
from muzero_engine.match.ladder.level_checks import CheckGames, plan_checks
from muzero_engine.match.ladder.opponents import Ladder, UnknownLadder
from muzero_engine.match.play.game import GamePlan
from muzero_engine.ratings import expected_score

STRENGTHS = {player_name(settings): -200.0 + 200.0 * i for i, settings in enumerate(PATH)}
OTHELLO = calibration_ladder("othello")
SHORT = replace(
    CHESS, opponents=tuple(one for one in CHESS.opponents if one.name.startswith(("random", "stockfish s")))
)
RUNGS = [one.name for one in SHORT.opponents]


def play(
    games: list[GameRecord],
    next_block: Callable[[Sequence[GamePlan]], list[GamePlan]],
    ladder: Ladder = SHORT,
    *,
    most: int = 10**6,
    strengths: Mapping[str, float] = STRENGTHS,
) -> list[GameRecord]:
    """Add games that are decided by chance, as the true strengths say."""
    rng = np.random.default_rng(1)
    true = {opponent.name: opponent.rating for opponent in ladder.opponents} | dict(strengths)
    for plan in itertools.islice(Blocks(next_block).plans(), most):
        first, second = (true.get(name, 1150.0) for name in (plan.first, plan.second))
        games.append(record(plan, float(rng.random() < expected_score(first - second))))
    return games


@pytest.mark.parametrize(("ladder", "rungs"), [(SHORT, RUNGS), (OTHELLO, ["random"])])
def test_ratings_rise_and_are_those_of_the_settings(ladder: Ladder, rungs: list[str]) -> None:
    games: list[GameRecord] = []
    play(games, Calibration(ladder, rungs, OPENINGS, games, 40).block, ladder)
    played = Counter(name for game in games for name in (game.first, game.second))
    assert min(played[player_name(settings)] for settings in PATH) >= 40
    table = level_table(ladder, games)
    assert table is not None
    assert len(table.levels) >= 8
    for level in table.levels:
        true = STRENGTHS[player_name(level.settings)]
        assert abs(level.elo - true) < 2.5 * max(level.error, 40.0)
    assert [level.settings.order for level in table.levels] == sorted(level.settings.order for level in table.levels)


def test_levels_are_told_apart_by_each_other_as_well() -> None:
    """Rungs here are spread twice as wide as they are worth to the settings, as another program's strength may be."""
    games: list[GameRecord] = []
    true = {opponent.name: opponent.rating / 2.0 for opponent in SHORT.opponents}
    play(games, Calibration(SHORT, RUNGS, OPENINGS, games, 80).block, strengths=STRENGTHS | true)
    met = Counter(frozenset((game.first, game.second)) for game in games)
    pairs = list(itertools.pairwise(map(player_name, PATH)))
    assert min(met[frozenset(pair)] for pair in pairs) >= 16
    ratings = joint_fit(SHORT, games)
    assert ratings is not None
    steps = [ratings.elo(upper) - ratings.elo(lower) for lower, upper in pairs[3:9]]
    assert sum(steps) / len(steps) < 330.0  # 200 among themselves, 400 by the rungs


def test_it_goes_on_where_it_stopped() -> None:
    games: list[GameRecord] = []
    play(games, Calibration(SHORT, RUNGS, OPENINGS, games, 8).block, most=33)
    begun = list(games)
    calibration = Calibration(SHORT, RUNGS, OPENINGS, games, 8)
    assert 0.0 < calibration.progress < 1.0
    play(games, calibration.block)
    assert games[:33] == begun
    assert calibration.progress == 1.0
    assert len({(game.pair, game.game) for game in games}) == len(games) <= 9 * len(PATH)  # hardly more than asked for
    assert Calibration(SHORT, RUNGS, OPENINGS, games, 8).block([]) == []


def test_a_block_is_of_two_players_who_swap_sides() -> None:
    games: list[GameRecord] = []
    calibration = Calibration(SHORT, RUNGS, OPENINGS, games, 100)
    play(games, calibration.block, most=80)
    block = calibration.block([])
    assert len(block) == 8
    assert len({frozenset((plan.first, plan.second)) for plan in block}) == 1
    for first, second in zip(block[::2], block[1::2], strict=True):
        assert (first.first, first.second, first.opening) == (second.second, second.first, second.opening)


def test_no_game_of_a_block_is_lost_when_others_are_done() -> None:
    """Each game is asked for by another thread, so that one block waits in each."""
    games: list[GameRecord] = []
    calibration = Calibration(SHORT, RUNGS, OPENINGS, games, 20)
    plans = Blocks(calibration.block).plans()
    out: list[GamePlan] = []
    while True:
        with ThreadPoolExecutor(1) as thread:
            plan = thread.submit(next, plans, None).result()
        if plan is None:
            break
        out.append(plan)
        games.append(record(plan, 0.5))
    assert calibration.progress == 1.0
    assert len({(plan.pair, plan.game) for plan in out}) == len(out) == 2 * len({plan.pair for plan in out})


def test_what_is_handed_out_counts() -> None:
    calibration = Calibration(SHORT, RUNGS, OPENINGS, [], 2)
    out: list[GamePlan] = []
    while block := calibration.block(out):
        out += block
    names = Counter(name for plan in out for name in (plan.first, plan.second))
    assert min(names[player_name(settings)] for settings in PATH) >= 2
    assert len(out) <= 2 * len(PATH)


def test_a_fault_of_the_engine_ends_it() -> None:
    games: list[GameRecord] = []
    calibration = Calibration(SHORT, RUNGS, OPENINGS, games, 10)
    plan = calibration.block([])[0]
    games += [record(plan, 0.0, Ending.ILLEGAL_MOVE)] * 5
    assert calibration.block([])
    games.append(games[0])
    with pytest.raises(BadLadder, match="level 1,8,0 lost a game by a fault of its program, the 6th"):
        calibration.block([])
    again = Calibration(SHORT, RUNGS, OPENINGS, games, 10)  # what the fault was is mended
    assert again.progress == 0.0
    assert again.block([])


def test_above_settings_that_are_alike_the_strongest_of_them_counts() -> None:
    """Three in the middle play alike; a rating above theirs is interpolated from the last, one below from the first."""
    alike = {player_name(settings): 1200.0 for settings in PATH[6:9]}
    games: list[GameRecord] = []
    play(games, Calibration(SHORT, RUNGS, OPENINGS, games, 60).block, strengths=STRENGTHS | alike)
    table = level_table(SHORT, games)
    assert table is not None
    assert all(low.elo < high.elo for low, high in itertools.pairwise(table.levels))
    middle = [level for level in table.levels if level.settings in PATH[6:9]]
    assert middle[0].settings == PATH[6]
    assert middle[-1].settings == PATH[8]
    assert table.settings(middle[-1].elo + 1.0).simulations >= PATH[8].simulations
    assert table.settings(middle[0].elo - 1.0).temperature >= PATH[6].temperature


def test_too_few_games_make_no_table() -> None:
    assert level_table(SHORT, []) is None
    games: list[GameRecord] = []
    play(games, Calibration(SHORT, RUNGS, OPENINGS, games, 2).block, most=4)
    assert level_table(SHORT, games) is None


def test_names_are_settings_and_back() -> None:
    for settings in PATH:
        assert settings_of(player_name(settings)) == settings
    assert settings_of("stockfish skill 3") is None


def test_a_game_and_a_board_without_a_ladder_have_random_moves() -> None:
    assert [rung.name for rung in OTHELLO.opponents] == ["random"]
    with pytest.raises(UnknownLadder, match="leave --size out"):
        calibration_ladder("othello", 9)
    small = calibration_ladder("go", 5)
    assert ([rung.name for rung in small.opponents], small.game.shape, small.label) == (["random"], (5, 5), "go 5x5")
    assert len(calibration_ladder("go").opponents) > 5
    with pytest.raises(UnknownLadder, match="no board of 3 lines: choose one of 5, "):
        calibration_ladder("go", 3)


@given(st.lists(st.tuples(st.floats(-1000, 1000), st.floats(0.1, 10)), min_size=1, max_size=20))
def test_a_monotone_fit_rises_and_keeps_the_mean(points: list[tuple[float, float]]) -> None:
    values, weights = zip(*points, strict=True)
    blocks = monotone(values, weights)
    assert [block.start for block in blocks] == [0, *(block.stop for block in blocks[:-1])]
    assert blocks[-1].stop == len(values)
    assert all(low.value < high.value for low, high in itertools.pairwise(blocks))
    for block in blocks:
        inside = slice(block.start, block.stop)
        mean = np.average(values[inside], weights=weights[inside])
        assert block.value == pytest.approx(mean, abs=1e-6)


# -- checks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ladder", "rungs"), [(SHORT, RUNGS), (OTHELLO, ["random"])])
def test_checks_are_spread_over_the_table(ladder: Ladder, rungs: list[str]) -> None:
    games: list[GameRecord] = []
    play(games, Calibration(ladder, rungs, OPENINGS, games, 24).block, ladder)
    checks = plan_checks(ladder, rungs, games)
    table = level_table(ladder, games)
    assert table is not None
    assert len(checks) == 4
    quarter = (table.highest - table.lowest) / 4
    for number, check in enumerate(checks):
        assert table.lowest + number * quarter <= check.elo <= table.lowest + (number + 1) * quarter
        assert check.settings == table.settings(check.elo)
        assert 0.2 < check.expected < 0.8


def test_a_level_that_does_not_hold_is_corrected() -> None:
    games: list[GameRecord] = []
    play(games, Calibration(SHORT, RUNGS, OPENINGS, games, 24).block)
    checks = plan_checks(SHORT, RUNGS, games)
    before = {check.settings: check.elo for check in checks}
    play(games, CheckGames(checks, OPENINGS, games, 60).block)  # every level between is worth 1150, see `play`
    weakest, *_, strongest = (check.played(games) for check in checks)
    assert min(weakest.games, strongest.games) >= 60
    assert not weakest.holds
    assert not strongest.holds
    after = joint_fit(SHORT, games)
    assert after is not None
    assert after.elo(player_name(weakest.settings)) > before[weakest.settings] + 100
    assert after.elo(player_name(strongest.settings)) < before[strongest.settings] - 100

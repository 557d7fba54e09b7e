"""Who plays whom."""

from __future__ import annotations

from collections import Counter

import pytest
from support.matches import random_player, scripted

from muzero_engine.match.play.openings import Opening
from muzero_engine.match.play.schedule import schedule
from muzero_engine.match.settings.match_settings import (
    BadMatch,
    EngineSettings,
    GameSettings,
    MatchFormat,
    MatchSettings,
)

OPENINGS = [Opening(f"o{i}") for i in range(3)]


def settings(
    engines: int, *, pairs: int = 2, kind: MatchFormat = MatchFormat.ROUND_ROBIN, game: str = "chess"
) -> MatchSettings:
    players = tuple(random_player("abcdef"[i]) for i in range(engines))
    return MatchSettings(engines=players, game=GameSettings(game=game), format=kind, pairs=pairs)


def test_two_engines() -> None:
    plans = list(schedule(settings(2), OPENINGS))
    assert [(plan.first, plan.second, plan.opening.name, plan.pair, plan.game) for plan in plans] == [
        ("a", "b", "o0", 0, 0),
        ("b", "a", "o0", 0, 1),
        ("a", "b", "o1", 1, 0),
        ("b", "a", "o1", 1, 1),
    ]


def test_round_robin() -> None:
    plans = list(schedule(settings(4, pairs=4), OPENINGS))
    met = Counter((plan.first, plan.second) for plan in plans)
    assert set(met.values()) == {4}
    assert len(met) == 12
    assert len({(plan.pair, plan.game) for plan in plans}) == len(plans) == 48
    for pair in range(24):
        one, two = (plan for plan in plans if plan.pair == pair)
        assert (one.first, one.second, one.opening) == (two.second, two.first, two.opening)
    assert {plan.opening.name for plan in plans[-12:]} == {"o0"}  # the fourth round begins the openings again


def test_gauntlet() -> None:
    plans = list(schedule(settings(3, kind=MatchFormat.GAUNTLET), OPENINGS))
    assert {frozenset((plan.first, plan.second)) for plan in plans} == {frozenset("ab"), frozenset("ac")}


def test_more_rounds_leave_the_first_ones_as_they_are() -> None:
    short, long = (list(schedule(settings(3, pairs=pairs), OPENINGS)) for pairs in (2, 5))
    assert long[: len(short)] == short


@pytest.mark.parametrize(
    ("engines", "game", "problem"),
    [
        ((random_player("a"),), "chess", "two engines or more"),
        ((random_player("a"), random_player("a")), "chess", "two engines are called a"),
        ((random_player("a"), random_player("a\nb")), "chess", "cannot be an engine's name"),
        ((random_player("a"), scripted("b", "shogi")), "chess", "b speaks USI, but chess is played over UCI"),
        ((random_player("a"), scripted("b", "chess", limit="none")), "chess", "think for ever"),
        ((random_player("a"), scripted("b", "chess", limit="60+5x1")), "chess", "UCI has no overtime"),
        ((scripted("a", "chess", limit="0+1"), random_player("b")), "chess", r"a cannot play with 0\+1: an increment"),
        ((random_player("a"), scripted("b", "tictactoe", limit="none")), "tictactoe", "think for ever"),
        ((random_player("a"), scripted("b", "tictactoe", limit="60+5x1")), "tictactoe", "UGI has neither overtime"),
        ((random_player("a"), scripted("b", "tictactoe", limit="40/60")), "tictactoe", "UGI has neither overtime"),
        (
            (random_player("a"), scripted("b", "tictactoe", limit="60,nodes=5")),
            "tictactoe",
            "one kind of limit at a time: choose one of a clock, nodes",
        ),
        ((random_player("a"), scripted("b", "shogi", limit="60+5x2")), "shogi", "byoyomi of one period"),
        ((random_player("a"), scripted("b", "go", limit="nodes=5")), "go", "GTP cannot say nodes"),
        ((random_player("a"), scripted("b", "go", limit="40/60")), "go", r"0\+40/60"),
    ],
)
def test_what_cannot_be_played(engines: tuple[EngineSettings, ...], game: str, problem: str) -> None:
    with pytest.raises(BadMatch, match=problem):
        MatchSettings(engines=engines, game=GameSettings(game=game))


def test_numbers_that_make_no_match() -> None:
    with pytest.raises(BadMatch, match="one pair"):
        settings(2, pairs=0)

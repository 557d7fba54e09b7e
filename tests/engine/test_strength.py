"""Levels: what options ask for, how moves are drawn, and that full strength pays nothing for them."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from support.engine_client import PATIENCE, Client, at
from support.fakes import ConfidentModel, HashModel

from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Clock, Limits
from muzero_engine.engine.options import BadOption, EngineOptions
from muzero_engine.engine.report import RootMove, SearchResult
from muzero_engine.engine.strength import Levels, level_weights, limited, ranks_of
from muzero_engine.games.base import EngineProtocol
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import read_manifest, shipped_weights_dir
from muzero_engine.inference.levels import Level, LevelSettings, LevelTable
from muzero_engine.protocols.common.options_text import value_text

CHESS = load_game("chess")
TABLE = LevelTable(
    "a scale with GNU Go",
    (Level(400.0, 60.0, 100, LevelSettings(1, 3.0, 0.001)), Level(1600.0, 40.0, 120, LevelSettings(16, 0.5, 0.1))),
)
LEVELS = Levels(TABLE, load_game("go").defaults.ranks)


def options(**values: Any) -> EngineOptions:
    return replace(EngineOptions(), **values)


def move(action: int, prior: float, *, visits: int = 0, value: float = 0.0, ends: float | None = None) -> RootMove:
    return RootMove(action, visits, value, 0.0, prior, -1.0, (action,), ends)


@pytest.mark.parametrize(
    ("values", "elo"),
    [
        ({"level": "1200"}, 1200.0),
        ({"level": " 1200 Elo"}, 1200.0),
        ({"level": "15k"}, 900.0),
        ({"level": "15 kyu"}, 900.0),
        ({"limit_strength": True, "elo": 500}, 500.0),
        ({"limit_strength": True}, 1000.0),
        ({"skill_level": 0}, 400.0),
        ({"skill_level": 19}, 1600.0),
    ],
)
def test_all_names_of_a_level_are_one_mechanism(values: dict[str, Any], elo: float) -> None:
    asked = options(**values)
    assert limited(asked)
    assert LEVELS.rating(asked) == pytest.approx(elo)
    assert LEVELS.settings(asked) == TABLE.settings(elo)


def set_in_turn(protocol: EngineProtocol, *settings: tuple[str, str]) -> tuple[EngineOptions, list[str]]:
    """Return the options after these were set, and what was remarked."""
    asked, remarks = options(), []
    for name, text in settings:
        asked, remark = LEVELS.as_set_last(protocol, name, asked.with_text(protocol, name, text))
        remarks += [] if remark is None else [remark]
    return asked, remarks


@pytest.mark.parametrize(
    ("settings", "elo", "remarks"),
    [
        ([("Level", "800"), ("UCI_LimitStrength", "true"), ("UCI_Elo", "500")], 500.0, ["Level"]),
        ([("UCI_Elo", "500"), ("UCI_LimitStrength", "true"), ("Level", "800")], 800.0, ["UCI_LimitStrength"]),
        ([("Level", "800"), ("Skill Level", "0")], 400.0, ["Level"]),
    ],
)
def test_of_several_strengths_the_one_set_last_counts(
    settings: list[tuple[str, str]], elo: float, remarks: list[str]
) -> None:
    asked, told = set_in_turn(EngineProtocol.UCI, *settings)
    assert LEVELS.rating(asked) == pytest.approx(elo)
    places = [remark.partition(" takes the place of ")[2] for remark in told]
    assert [place for place in places if place] == remarks


def test_full_strength_takes_the_place_of_a_level() -> None:
    asked, told = set_in_turn(EngineProtocol.UCI, ("UCI_LimitStrength", "true"), ("Level", "full"))
    assert (limited(asked), told) == (False, ["Level takes the place of UCI_LimitStrength"])
    assert set_in_turn(EngineProtocol.UCI, ("Level", "full"), ("Skill Level", "3"))[1] == []


@pytest.mark.parametrize("protocol", [EngineProtocol.UCI, EngineProtocol.USI])
@pytest.mark.parametrize("chosen", [{}, {"level": "800"}, {"limit_strength": True, "elo": 500}, {"skill_level": 3}])
def test_a_client_that_sends_every_option_is_told_nothing_whatever_one_it_changed(
    protocol: EngineProtocol, chosen: dict[str, Any]
) -> None:
    offered = LEVELS.offered(protocol, options(**chosen))
    for order in (offered, offered[::-1]):
        sent = [(info.names(protocol)[0], value_text(value)) for info, value in order]
        asked, told = set_in_turn(protocol, *sent)
        assert LEVELS.settings(asked) == LEVELS.settings(options(**chosen))
        assert told == [] or (order != offered and "elo" in chosen)  # the rating came before the switch


def test_a_temperature_beside_a_level_is_remarked() -> None:
    level, temperature = ("level", "800"), ("temperature", "2")
    for settings in ([level, temperature], [temperature, level]):
        assert set_in_turn(EngineProtocol.GTP, *settings)[1] == ["temperature has no effect at a level"]


def test_a_level_on_another_board_than_the_measured_one_is_noticed() -> None:
    go = load_game("go")
    levels = Levels(replace(TABLE, board=(9, 9)))
    model = HashModel(go.spec, (13, 13))
    engine = Engine(lambda _: model, options(level="800"), read_levels=lambda _: levels)
    for size, notice in ((9, None), (13, "levels were measured on 9x9: how strong they are on 13x13 is not known")):
        engine.go(go.initial((size, size)), Limits(nodes=1), on_info=lambda _: None, on_done=lambda _: None)
        assert engine.wait(PATIENCE)
        assert engine.notice == notice


@pytest.mark.parametrize("values", [{}, {"level": "full"}, {"elo": 500}, {"skill_level": 20}])
def test_full_strength_is_no_level(values: dict[str, Any]) -> None:
    assert not limited(options(**values))
    assert LEVELS.settings(options(**values)) is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"level": "3000"}, "choose one from 400 to 1600"),
        (
            {"level": "1d"},
            "a level of 2400 Elo, about 1 dan was not measured for these weights: choose one from 400 to",
        ),
        ({"level": "1d"}, r"to 1600 \(about 20 kyu to 8 kyu\)"),
        (
            {"level": "31k"},
            r"'31k' is no level: write a rating or a rank such as 8k, from 400 to 1600 \(about 20 kyu to 8 kyu\)",
        ),
        ({"level": "strong"}, "'strong' is no level"),
        ({"elo": 300}, "choose one from 400 to 1600"),
        ({"elo": 0}, "a level of 0 Elo"),
        ({"limit_strength": True, "elo": 0}, "a level of 0 Elo"),
        ({"limit_strength": True, "elo": 3000}, "choose one from 400 to 1600"),
        ({"level_settings": "1,2"}, "are no settings of a level"),
    ],
)
def test_a_level_that_was_not_measured_is_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(BadOption, match=words):
        LEVELS.check(options(**values))


def test_weights_without_levels_refuse_them() -> None:
    for values in ({"level": "1200"}, {"limit_strength": True}, {"skill_level": 3}):
        with pytest.raises(BadOption, match="have no measured levels: run muzero-engine calibrate"):
            Levels().check(options(**values))
    names = {info.field for info, _ in Levels().offered(EngineProtocol.UCI, options())}
    assert not names & {"level", "limit_strength", "elo", "skill_level"}


def test_the_rating_is_offered_as_far_as_it_was_measured() -> None:
    offered = {info.field: (info, value) for info, value in LEVELS.offered(EngineProtocol.UCI, options())}
    info, value = offered["elo"]
    assert (info.minimum, info.maximum, value) == (400, 1600, 1000)
    assert offered["limit_strength"][1] is False


def test_0_is_a_rating_like_any_other() -> None:
    table = LevelTable("a scale", (replace(TABLE.levels[0], elo=-50.0), TABLE.levels[1]))
    asked = options(limit_strength=True, elo=0)
    assert Levels(table).rating(asked) == 0.0
    assert Levels(table).settings(asked) == table.settings(0.0)


def test_ranks_are_read_as_they_are_written() -> None:
    ranks = LEVELS.ranks
    assert ranks is not None
    for name, following in itertools.pairwise(["30 kyu", "2 kyu", "1 kyu", "1 dan", "2 dan", "9 dan"]):
        low, high = ranks.elo(name), ranks.elo(following)
        assert low is not None
        assert high is not None
        assert low < high
        assert ranks.name(low) == name
    assert [ranks.elo(text) for text in ("0k", "10d", "k", "5", "", "5 kyu x")] == [None] * 6


def test_ranks_that_can_be_played_are_within_what_was_measured() -> None:
    ratings = LEVELS.ranks_in_range
    assert next(iter(ratings)) == "20 kyu"
    assert list(ratings)[-1] == "8 kyu"
    assert list(ratings.values()) == sorted(ratings.values())
    assert 400 <= min(ratings.values()) <= max(ratings.values()) <= 1600
    assert Levels(TABLE).ranks_in_range == {}


def test_ranks_are_for_ratings_of_the_ladder_alone() -> None:
    for game, folder in (("go", "go"), ("shogi", "shogi")):
        ranks = load_game(game).defaults.ranks
        assert ranks_of(ranks, None) is ranks
        assert ranks_of(ranks, read_manifest(shipped_weights_dir(folder)).levels) is ranks
        assert ranks_of(ranks, replace(TABLE, scale="go: uniformly random moves on 5x5 = 0")) is None
    assert ranks_of(None, TABLE) is None


# -- the draw ----------------------------------------------------------------------------------------------------------


def test_moves_below_the_cut_are_never_played() -> None:
    moves = [move(0, 0.6), move(1, 0.3), move(2, 0.05), move(3, 0.05)]
    weights = level_weights(moves, 0.0, LevelSettings(1, 1.0, 0.1))
    assert weights == pytest.approx([2 / 3, 1 / 3, 0.0, 0.0])
    flat = level_weights(moves, 0.0, LevelSettings(1, 100.0, 0.1))
    assert flat == pytest.approx([0.5, 0.5, 0.0, 0.0], abs=0.01)
    assert level_weights(moves, 0.0, LevelSettings(1, 0.0, 0.0)) == pytest.approx([1.0, 0.0, 0.0, 0.0])


def test_what_the_rules_say_is_seen_at_every_level() -> None:
    weak = LevelSettings(1, 8.0, 0.0)
    lost = level_weights([move(0, 0.9, ends=-1.0), move(1, 0.1)], 0.0, weak)
    assert lost == pytest.approx([0.0, 1.0])
    won = level_weights([move(0, 0.9), move(1, 0.1, ends=1.0)], 0.0, weak)
    assert won == pytest.approx([0.0, 1.0])
    over = level_weights([move(0, 0.5, ends=-1.0), move(1, 0.5, ends=-1.0)], 0.0, weak)
    assert over.sum() == pytest.approx(1.0)


def test_one_simulation_is_the_policy_and_more_of_them_see_what_is_better() -> None:
    alike = [move(0, 0.5, visits=1, value=-0.9), move(1, 0.5)]
    assert level_weights(alike, 0.0, LevelSettings(1, 1.0, 0.0)) == pytest.approx([0.5, 0.5])
    searched = [move(0, 0.5, visits=4, value=-0.1), move(1, 0.5, visits=4, value=0.1)]
    assert level_weights(searched, 0.0, LevelSettings(8, 1.0, 0.0))[1] > 0.99


@pytest.mark.parametrize("seed", range(1, 6))
def test_mate_in_one_is_found_at_the_weakest_level(seed: int) -> None:
    position = at("chess", "6k1/5ppp/8/8/8/8/5PPP/R5K1 w - - 0 1")
    model = ConfidentModel(CHESS.spec.num_actions((8, 8)), (8, 8), value=0.5, favourite=position.parse_action("h2h3"))
    client = Client("chess", model, level_settings="1,50,0", seed=seed)
    assert client.go(Limits(nodes=100), position).action == position.parse_action("a1a8")


# -- the engine --------------------------------------------------------------------------------------------------------


def played(engine: Engine, limits: Limits) -> SearchResult:
    results: list[SearchResult] = []
    engine.go(CHESS.initial((8, 8)), limits, on_info=lambda _: None, on_done=results.append)
    assert engine.wait(PATIENCE)
    return results[0]


def test_a_level_bounds_the_search_whatever_the_clock() -> None:
    engine = Engine(
        lambda _: HashModel(CHESS.spec, (8, 8)), options(seed=1, level="1600"), read_levels=lambda _: LEVELS
    )
    for limits in (Limits(nodes=500), Limits(clock=Clock(remaining_ms=60_000.0)), Limits(move_time_ms=5000.0)):
        assert played(engine, limits).info.nodes == 16


def test_weights_that_lose_their_levels_play_on_and_say_so() -> None:
    client = Client("chess", level="1200")
    assert client.go(Limits(nodes=20)).info.nodes == 20
    assert client.engine.notice == (
        "playing at full strength: these weights have no measured levels: run muzero-engine calibrate, or play at full "
        "strength"
    )


def test_every_level_varies_its_moves() -> None:
    actions = {Client("chess", level_settings="1,1,0", seed=seed).go(Limits(nodes=10)).action for seed in range(1, 12)}
    assert len(actions) > 2
    again = [Client("chess", level_settings="4,1,0", seed=3).go(Limits(nodes=10)).action for _ in range(2)]
    assert again[0] == again[1]

"""A net is measured against older nets and scripted players, and rated with all of them."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.cycles import cycle_record, run_records
from support.networks import tiny_network

from muzero_engine.games.go.rules import GoPosition
from muzero_engine.games.registry import BUILT_IN, load_game
from muzero_engine.training.board_settings import ply_cap
from muzero_engine.training.config import SearchSettings, TrainConfig
from muzero_engine.training.distributed import World
from muzero_engine.training.evaluation.evaluation import Evaluator, NetworkPlayer, opponents, surplus
from muzero_engine.training.presets import preset
from muzero_engine.training.report.run_metrics import MatchRecord, ratings
from muzero_engine.training.search.batched import BatchedSearch
from muzero_engine.training.settings_text import with_overrides
from muzero_engine.training.types import SearchOutput

SEARCH = SearchSettings(simulations=4, considered=4, children=4, target_actions=4)


def config(game: str = "tictactoe", *more: str) -> TrainConfig:
    small = ("evaluation.games=8", "evaluation.simulations=4", "search.considered=4", *more)
    return with_overrides(preset(game, "tiny"), small)


def evaluator(tmp_path: Path, settings: TrainConfig | None = None) -> Evaluator:
    settings = settings or config()
    return Evaluator(settings, tmp_path, tiny_network(load_game(settings.game)), World.alone())


def nets(tmp_path: Path) -> list[str]:
    return sorted(path.stem for path in (tmp_path / "nets").iterdir())


def test_opponents_are_the_newest_and_the_one_of_half_the_age() -> None:
    assert opponents([], 10) == []
    assert opponents([0], 10) == [0]
    assert opponents([0, 10, 20, 30], 40) == [30, 20]
    assert opponents([0, 100], 110) == [100, 0]
    assert opponents([0, 10, 20], 20) == [10, 0]  # never itself


@given(st.integers(1, 200), st.integers(1, 50))
def test_few_nets_are_kept_and_every_age_has_one(evaluations: int, interval: int) -> None:
    kept: list[int] = []
    for step in range(0, evaluations * interval + 1, interval):
        kept.append(step)
        gone = surplus(kept)
        kept = [step for step in kept if step not in gone]
    assert kept[0] == 0
    assert kept[-2:] == [(evaluations - 1) * interval, evaluations * interval]
    assert len(kept) == min(evaluations + 1, 8)
    ages = [evaluations * interval + interval - step for step in kept]
    assert all(older <= 4 * newer for older, newer in itertools.pairwise(ages))


def test_ratings_put_all_matches_on_one_scale() -> None:
    elo = ratings(run_records())
    assert elo["net-0"] == 0.0
    assert 0 < elo["net-320"] < elo["net-1920"]
    assert elo["random"] < elo["net-1920"]
    assert ratings([cycle_record(1)]) == {"net-0": 0.0}


def test_a_scripted_player_that_was_beaten_says_nothing_of_later_nets() -> None:
    """Its half a point in the prior would hold them a thousand Elo above it, whatever they do to each other."""
    beaten = MatchRecord(opponent="random", wins=128, draws=0, losses=0)
    better = [MatchRecord(opponent=f"net-{16 * n}", wins=120, draws=0, losses=8) for n in range(3)]
    records = [cycle_record(n + 1, matches=(better[n], beaten)) for n in range(3)]
    alone = [records[0], *(cycle_record(n + 1, matches=(better[n],)) for n in range(1, 3))]
    assert ratings(records) == ratings(alone)
    assert ratings(records)["net-48"] - ratings(records)["random"] > 1500


@pytest.mark.parametrize("game", BUILT_IN)
@pytest.mark.parametrize("count", [1, 3])
def test_a_net_chooses_legal_moves_whatever_the_batch(game: str, count: int) -> None:
    spec = load_game(game).spec
    search = BatchedSearch(tiny_network(load_game(game)), SEARCH, spec.num_actions(spec.shapes[0]))
    positions = [load_game(game).initial(spec.shapes[0]) for _ in range(count)]
    rng = np.random.default_rng(0)
    for position in positions[1:]:
        position.push(int(rng.choice(position.legal_actions())))
    together = NetworkPlayer(search, 4).choose(positions)
    assert all(action in position.legal_actions() for position, action in zip(positions, together, strict=True))
    assert together == [NetworkPlayer(search, 4).choose([position])[0] for position in positions]


def test_a_net_answers_a_pass_as_the_rules_say() -> None:
    game = load_game("go")
    search = BatchedSearch(tiny_network(game), SEARCH, game.spec.num_actions((5, 5)))
    lines = {"pass": True, "C3 pass": True, "A1 C3 A2 pass": False}  # whether to pass wins, with a komi of 7.5
    positions = []
    for line in lines:
        position = game.initial((5, 5))
        for move in line.split():
            position.push(position.parse_action(move))
        positions.append(position)
    chosen = NetworkPlayer(search, 4).choose(positions)
    assert [action == 25 for action in chosen] == list(lines.values())


class Passing(BatchedSearch):
    """Whatever the position, it would pass, then play C3."""

    thinks = 0.0

    def run(self, *arguments: Any, **options: Any) -> SearchOutput:
        output = super().run(*arguments, **options)
        actions = torch.tensor([25, 12, -1, -1]).expand_as(output.target_actions)
        value = torch.full_like(output.value, self.thinks)
        return dataclasses.replace(output, action=actions[:, 0], value=value, target_actions=actions)


@pytest.mark.parametrize(("value", "moves"), [(0.9, [12, 12, 25, 25]), (-0.9, [25, 25, 25, 25])])
def test_a_net_does_not_pass_what_it_thinks_is_won(value: float, moves: list[int]) -> None:
    game = load_game("go")
    search = Passing(tiny_network(game), SEARCH, game.spec.num_actions((5, 5)))
    search.thinks = value
    positions = [game.initial((5, 5)) for _ in range(4)]
    for position, komi in zip(positions, (7.5, 0.0, -7.5, 7.5), strict=True):  # the second would be a draw
        assert isinstance(position, GoPosition)
        position.set_komi(komi)
    positions[3].push(25)  # black has passed, which white wins by passing as well
    assert NetworkPlayer(search, 4).choose(positions) == moves
    assert [position.ply for position in positions] == [0, 0, 0, 1]


def test_matches_are_played_against_scripts_and_earlier_nets(tmp_path: Path) -> None:
    measured = evaluator(tmp_path)
    network = tiny_network(load_game("tictactoe"))
    measured.keep(0, network)
    first = measured.evaluate(10, network, []).matches
    assert [match.opponent for match in first] == ["random", "net-0"]
    assert all(match.wins + match.draws + match.losses == 8 for match in first)
    second = measured.evaluate(20, network, []).matches
    assert [match.opponent for match in second] == ["random", "net-10", "net-0"]
    assert second[1].wins == second[1].losses  # against itself, with colours swapped
    assert nets(tmp_path) == ["net-0", "net-10", "net-20"]
    measured.forget_after(10)
    assert nets(tmp_path) == ["net-0", "net-10"]
    assert measured.evaluate(20, network, []).matches == second  # the same seed and step: the same games


def test_a_beaten_script_is_not_met_again(tmp_path: Path) -> None:
    measured = evaluator(tmp_path)
    network = tiny_network(load_game("tictactoe"))
    won = MatchRecord(opponent="random", wins=8, draws=0, losses=0)
    drawn = dataclasses.replace(won, wins=7, draws=1)
    records = [cycle_record(1, matches=(won,)), cycle_record(2, matches=(drawn,)), cycle_record(3, matches=(won,))]
    assert [match.opponent for match in measured.evaluate(10, network, records).matches] == ["random"]
    records.append(cycle_record(4, matches=(won,)))
    assert measured.evaluate(20, network, records).matches[0].opponent == "net-10"


@pytest.mark.parametrize(("game", "scripts"), [("chess", ["random", "greedy"]), ("go", ["random"])])
def test_scripts_and_long_games(game: str, scripts: list[str], tmp_path: Path) -> None:
    torch.set_num_threads(1)
    measured = evaluator(
        tmp_path, config(game, "self_play.max_plies=12", "self_play.komi_spread=0", "evaluation.games=2")
    )
    matches = measured.evaluate(5, tiny_network(load_game(game)), []).matches
    assert [match.opponent for match in matches] == scripts
    assert all(match.wins + match.draws + match.losses == 2 for match in matches)
    if game == "go":  # scored at the cap, with half a point
        assert all(match.draws == 0 for match in matches)
    assert ply_cap(config(game, "self_play.max_plies=12").self_play, load_game(game).spec, (5, 5)) == 12

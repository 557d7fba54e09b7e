"""Self-play in environments with a random search: rows are what was played, and it can be repeated and resumed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from support.self_play import CPU, RandomSearch

from muzero_engine.environments.registry import environment_spec, load_environment
from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.environments.stacking import FrameStack
from muzero_engine.training.config import SelfPlaySettings
from muzero_engine.training.episodes.observations import stacked
from muzero_engine.training.episodes.play import EpisodePlay
from muzero_engine.training.episodes.rows import PER_ROW, EpisodeRows
from muzero_engine.training.episodes.slots import EnvironmentGroup
from muzero_engine.training.types import BadState, RootSearch, SearchOutput, Stopped

torch.set_num_threads(1)
SETTINGS = SelfPlaySettings(games=8, temperature_plies=2)


class Watched(RandomSearch):
    """Notes what it is shown."""

    def __init__(self) -> None:
        super().__init__(targets=3)
        self.seen: list[torch.Tensor] = []

    def run(self, observation: torch.Tensor, legal: torch.Tensor, **others: object) -> SearchOutput:
        self.seen.append(observation.clone())
        assert legal.all()
        return super().run(observation.float(), legal, **others)  # type: ignore[arg-type]  # as it is called


def played(
    name: str = "Walk",
    search: RootSearch | None = None,
    *,
    workers: int = 0,
    seed: int = 1,
    games: int = 8,
    temperature_plies: int = 2,
    random_share: float = 0.0,
    clip_rewards: bool = False,
    **settings: object,
) -> EpisodePlay:
    environment = EnvironmentSettings(id=f"support.environments:{name}", **settings)  # type: ignore[arg-type]  # the tests name the fields
    spec = environment_spec(environment)
    return EpisodePlay(
        spec,
        environment,
        search or Watched(),
        self_play=SelfPlaySettings(games=games, temperature_plies=temperature_plies, random_share=random_share),
        target_actions=min(3, spec.actions),
        seed=seed,
        device=CPU,
        workers=workers,
        clip_rewards=clip_rewards,
    )


def assert_same_rows(left: list[EpisodeRows], right: list[EpisodeRows]) -> None:
    for one, other in zip(left, right, strict=True):
        assert one.first_slot == other.first_slot
        for name in PER_ROW:
            assert torch.equal(getattr(one, name), getattr(other, name)), name


@pytest.mark.parametrize(("name", "stack"), [("Walk", 1), ("Walk", 3), ("Chain", 2), ("Camera", 2)])
def test_rows_are_what_the_environments_did(name: str, stack: int) -> None:
    search = Watched()
    with played(name, search, stack=stack, size=8) as player:
        parts = [player.play(8 * 20), player.play(8 * 15)]
        statistics = player.statistics
    settings = EnvironmentSettings(id=f"support.environments:{name}", stack=stack, size=8)
    environment, spec = load_environment(settings), environment_spec(settings)
    returns, lengths, steps = [], [], 0
    for group, slot in ((group, slot) for group in range(2) for slot in range(4)):
        rows = {n: torch.cat([getattr(part[group], n)[:, slot] for part in parts]) for n in PER_ROW}
        seen = [each[slot] for each in search.seen[group::2]]
        frames = FrameStack(spec)
        place = EnvironmentGroup(settings=settings, spec=spec, slots=4, first_slot=4 * group, seed=1, rank=0)
        buffers = place.buffers_over(bytearray(place.memory_size()))
        slots = place.slice_of(buffers, 0, 4)
        number, t, earned = 0, 0, 0.0
        while t < 35:
            observation = frames.begin(environment.reset(slots.seed(slot, number)))
            age, over, terminated = 0, False, False
            while t < 35:
                assert np.array_equal(seen[t].numpy(), observation)
                assert rows["age"][t] == age
                assert rows["last"][t] == over
                if over:
                    assert rows["terminated"][t] == terminated
                    assert rows["reward"][t] == 0
                    t += 1
                    break
                step = environment.step(int(rows["action"][t]))
                assert rows["reward"][t] == step.reward
                assert rows["terminated"][t] == step.terminated
                observation = frames.add(step.observation)
                over, terminated = step.terminated or step.truncated, step.terminated
                age, t, earned = age + 1, t + 1, earned + step.reward
                steps += t > 20
                if over and t > 20:
                    returns.append(earned)
                    lengths.append(age)
            number, earned = number + 1, 0.0
    assert sorted(statistics.lengths) == sorted(lengths)
    assert sorted(statistics.returns) == pytest.approx(sorted(returns))
    assert statistics.steps == steps


def test_rewards_are_clipped_in_what_is_learnt_from_and_told_whole() -> None:
    with played("Chain") as whole, played("Chain", clip_rewards=True) as clipped:
        parts = whole.play(8 * 20), clipped.play(8 * 20)
        assert whole.statistics.returns == clipped.statistics.returns
    for one, other in zip(*parts, strict=True):
        assert {1.0, 3.0, 10.0} <= set(one.reward.flatten().tolist())
        assert torch.equal(other.reward, one.reward.sign())


def test_a_lost_life_ends_what_is_learnt_from_and_not_the_episode() -> None:
    with played("Lives", life_ends=True) as player:
        rows = player.play(8 * 26)[0]
        assert set(player.statistics.returns) == {12.0}
    assert rows.terminated[:13, 0].nonzero().flatten().tolist() == [
        3,
        7,
        11,
        12,
    ]  # the last one is its last observation
    assert rows.last[:26, 0].nonzero().flatten().tolist() == [12, 25]


@pytest.mark.timeout(60)
def test_workers_play_the_same_episodes() -> None:
    with played() as alone, played(workers=2) as shared:
        for _ in range(2):
            assert_same_rows(alone.play(100), shared.play(100))
    assert replace(alone.statistics, seconds=0.0) == replace(shared.statistics, seconds=0.0)
    assert len(alone.statistics.returns) == alone.games > 0
    assert 80 < alone.moves == alone.statistics.steps < 104  # in some of the rounds an episode begins


def test_another_seed_makes_other_episodes() -> None:
    with played() as one, played(seed=2) as other:
        assert not torch.equal(one.play(40)[0].packed, other.play(40)[0].packed)


@pytest.mark.parametrize(("name", "stack"), [("Walk", 3), ("Chain", 1), ("Camera", 2)])
def test_resumed_episodes_go_on_exactly(name: str, stack: int) -> None:
    with played(name, stack=stack, size=8) as unbroken, played(name, stack=stack, size=8) as resumed:
        for more in (37, 64, 8):
            unbroken.play(more)
            state = {name: tensor.clone() for name, tensor in unbroken.state().items()}
            resumed.load_state(state)
            again = resumed.state()
            assert state.keys() == again.keys()
            assert all(torch.equal(state[name], again[name]) for name in state)
            assert_same_rows(unbroken.play(80), resumed.play(80))
            assert replace(unbroken.statistics, seconds=0.0) == replace(resumed.statistics, seconds=0.0)
    assert resumed.notice == ""


def test_minatar_resumes_exactly() -> None:
    settings = EnvironmentSettings(id="MinAtar/SpaceInvaders-v1", sticky=0.3)
    players = [
        EpisodePlay(
            environment_spec(settings),
            settings,
            Watched(),
            self_play=SETTINGS,
            target_actions=3,
            seed=4,
            device=CPU,
            workers=0,
        )
        for _ in range(2)
    ]
    players[0].play(8 * 90)
    assert players[0].games
    players[1].load_state({name: tensor.clone() for name, tensor in players[0].state().items()})
    assert_same_rows(players[0].play(8 * 40), players[1].play(8 * 40))
    assert players[1].notice == ""


def test_environments_that_cannot_be_repeated_begin_other_episodes_and_say_so() -> None:
    with played("Forgetful") as unbroken, played("Forgetful") as resumed:
        unbroken.play(40)
        state = unbroken.state()
        resumed.load_state(state)
        assert resumed.notice.startswith("8 of 8 environments did not come to where they were")
        again = resumed.state()
        for group in range(2):
            assert torch.equal(again[f"{group}.number"], state[f"{group}.number"] + 1)
            assert not again[f"{group}.age"].any()
        (rows, _) = resumed.play(80)
        assert not rows.age[0].any()


def test_episodes_of_other_settings_are_refused() -> None:
    with played() as player:
        player.play(40)
        state = player.state()
    with played(games=12) as other, pytest.raises(BadState, match=r"self_play.games was different"):
        other.load_state(state)
    with played("Chain") as other, pytest.raises(BadState, match="observations of another size"):
        other.load_state(state)


def test_other_work_is_done_at_every_turn_and_stopping_loses_nothing_that_was_played() -> None:
    called: list[int] = []
    with played() as alone, played() as stopped:
        whole = alone.play(8 * 10, lambda: called.append(1))
        assert len(called) == alone.turns(8 * 10) == 20
        turns = iter(range(100))
        parts = stopped.play(8 * 10, stop=lambda: next(turns) == 7)
        assert [len(part.age) for part in parts] == [4, 3]
        assert 0 < stopped.moves == stopped.statistics.steps <= 4 * 7
        for one, other in zip(whole, parts, strict=True):
            for name in ("packed", "age", "last"):
                assert torch.equal(getattr(one, name)[: len(other.age)], getattr(other, name))


def test_a_search_that_is_stopped_is_dropped() -> None:
    class Stops(Watched):
        stopped = False

        def run(self, observation: torch.Tensor, legal: torch.Tensor, **others: object) -> SearchOutput:
            if len(self.seen) == 5:
                self.stopped = True
                raise Stopped
            return super().run(observation, legal, **others)

    search = Stops()
    with played(search=search) as player:
        parts = player.play(80, stop=lambda: search.stopped)
    assert [len(part.age) for part in parts] == [2, 2]
    assert 0 < player.moves == player.statistics.steps <= 4 * 4


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.timeout(60)
def test_after_a_failure_there_are_the_rows_of_before(workers: int) -> None:
    asked: list[bool] = []

    def stop() -> bool:
        asked.append(player.failure is not None)
        return asked[-1]

    with played("Faulty", workers=workers) as player:
        parts = player.play(8 * 10, stop=stop)
        assert [len(part.age) for part in parts] == [4, 4]
        assert "the world ends (slot 0, episode 0, step 4)" in str(player.failure)
        assert asked == [False] * 9 + [True]
        assert player.state() == {}
        with pytest.raises(RuntimeError, match="the world ends"):
            player.play(8)


def test_some_actions_are_any() -> None:
    class Fixed(Watched):
        def run(self, observation: torch.Tensor, legal: torch.Tensor, **others: object) -> SearchOutput:
            output = super().run(observation, legal, **others)
            return replace(output, action=torch.zeros_like(output.action))

    with played(search=Fixed(), games=200, temperature_plies=0, random_share=0.3) as player:
        parts = player.play(200 * 40)
    actions = torch.cat([part.action.flatten() for part in parts])
    shares = [(actions == action).float().mean().item() for action in range(3)]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.015)


def test_vectors_images_and_planes_come_from_their_bytes() -> None:
    for name, dtype in (("Walk", torch.bfloat16), ("Camera", torch.uint8), ("Chain", torch.float32)):
        search = Watched()
        with played(name, search, size=8) as player:
            (rows, _) = player.play(8)
            spec = player.spec
        seen = stacked(rows.packed[0].unsqueeze(1), torch.ones(4, 1, dtype=torch.bool), spec, torch.bfloat16)
        assert seen.dtype == dtype
        assert torch.equal(seen.float(), search.seen[0].float())

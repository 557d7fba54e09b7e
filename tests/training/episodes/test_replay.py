"""The replay of episodes: targets against hand-made ones, what is drawn and how often, and that it can be resumed."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from muzero_engine.environments.base import EnvironmentSpec, ObservationKind
from muzero_engine.training.config import LearnerSettings, ReplaySettings
from muzero_engine.training.episodes.observations import shifted
from muzero_engine.training.episodes.replay import EpisodeReplay
from muzero_engine.training.episodes.rows import EpisodeRows
from muzero_engine.training.types import BadState, Batch, SearchOutput

CPU = torch.device("cpu")
GAMMA, STEPS, UNROLL = 0.9, 3, 4
SPEC = EnvironmentSpec(id="numbers", kind=ObservationKind.VECTOR, shape=(2, 1, 1), actions=3)


def rows(ends: str, first_slot: int = 0, slots: int = 1, start: int = 0) -> EpisodeRows:
    """Return rows of equal slots, a letter each: `.` goes on, `t` and `c` are acted in and terminate or cut off the
    episode, and `T` and `C` are its last observations. Row n has the observation (n, slot), the reward n + 1, the root
    value 100 + n and the action n % 3."""
    count = len(ends)
    number = start + torch.arange(count)
    ages, age = [], 0
    for letter in ends:
        ages.append(age)
        age = 0 if letter in "TC" else age + 1
    seen = torch.stack([number[:, None].expand(count, slots), first_slot + torch.arange(slots).expand(count, slots)], 2)
    last = torch.tensor([letter in "TC" for letter in ends])

    def of_slots(column: Tensor) -> Tensor:
        return column.unsqueeze(1).expand(count, slots, *column.shape[1:]).contiguous()

    return EpisodeRows(
        first_slot=first_slot,
        packed=seen.float().contiguous().view(torch.uint8),
        age=of_slots(torch.tensor(ages, dtype=torch.int32)),
        last=of_slots(last),
        terminated=of_slots(torch.tensor([letter in "tT" for letter in ends])),
        action=of_slots((number % 3).short()),
        reward=of_slots(torch.where(last, 0.0, number + 1.0)),
        target_actions=of_slots(torch.stack([number % 3, (number + 1) % 3], 1).short()),
        target_probs=of_slots(torch.tensor([[0.75, 0.25]]).half().expand(count, 2)),
        root_value=of_slots(100.0 + number),
        divergence=of_slots(torch.full((count,), 0.5).half()),
    )


def replay(
    spec: EnvironmentSpec = SPEC,
    slots: int = 1,
    capacity: int = 1000,
    unroll: int = UNROLL,
    shift: int = 0,
    **settings: Any,
) -> EpisodeReplay:
    return EpisodeReplay(
        spec,
        slots=slots,
        replay=replace(ReplaySettings(capacity_plies=capacity, min_plies=1), **{"window_exponent": 1.0, **settings}),
        learner=LearnerSettings(unroll=unroll, consistency_weight=1.0, shift=shift),
        target_actions=2,
        discount=GAMMA,
        n_step=STEPS,
        device=CPU,
    )


def drawn(of: EpisodeReplay, count: int = 4000) -> Batch:
    return of.draw(count, torch.Generator().manual_seed(1))


def by_number(batch: Batch) -> dict[int, int]:
    """Return a place in the batch of each row number that was drawn."""
    return {int(number): place for place, number in enumerate(batch.observation[:, 0, 0, 0].tolist())}


def test_targets_are_the_ones_made_by_hand() -> None:
    of = replay()
    of.add(rows("..tT...cC......."))
    batch = drawn(of)
    places = by_number(batch)
    assert sorted(places) == [0, 1, 2, 4, 5, 6, 7, 9, 10, 11]  # no last observations, none whose unroll is to come
    value = {number: batch.value[place, :, 0].tolist() for number, place in places.items()}
    ends = {0: 1 + GAMMA * (2 + GAMMA * 3), 1: 2 + GAMMA * 3, 2: 3.0}
    assert value[0] == pytest.approx([ends[0], ends[1], ends[2], 0.0, 0.0])  # terminated: nothing follows
    assert value[1] == pytest.approx([ends[1], ends[2], 0.0, 0.0, 0.0])
    at_cut = {
        4: 5 + GAMMA * (6 + GAMMA * (7 + GAMMA * 107)),
        5: 6 + GAMMA * (7 + GAMMA * (8 + GAMMA * 108)),
        6: 7 + GAMMA * (8 + GAMMA * 108),
        7: 8 + GAMMA * 108,
        8: 108.0,  # cut off: the search's value of the last observation stands for what would have come
    }
    assert value[4] == pytest.approx([at_cut[number] for number in range(4, 9)])
    assert value[6] == pytest.approx([at_cut[6], at_cut[7], at_cut[8], 0.0, 0.0])
    newest = [12 + GAMMA * (13 + GAMMA * (14 + GAMMA * 114)), 13 + GAMMA * (14 + GAMMA * (15 + GAMMA * 115))]
    newest += [14 + GAMMA * (15 + GAMMA * 115), 15 + GAMMA * 115, 115.0]  # what is to come is not known yet
    assert value[11] == pytest.approx(newest)


def test_steps_past_the_end_have_no_targets() -> None:
    of = replay()
    of.add(rows("..tT...cC......."))
    batch = drawn(of)
    places = by_number(batch)

    def flags(field: Tensor, number: int) -> str:
        return "".join("01"[int(flag)] for flag in field[places[number]].tolist())

    assert [flags(batch.alive, number) for number in (0, 1, 2)] == ["11100", "11000", "10000"]
    assert [flags(batch.has_outcome, number) for number in (0, 1, 2)] == ["1110", "1100", "1000"]
    assert [flags(batch.alive, number) for number in (4, 6, 9)] == ["11111", "11100", "11111"]
    assert [flags(batch.has_outcome, number) for number in (4, 6, 9)] == ["1111", "1100", "1111"]
    assert torch.equal(batch.has_value, batch.alive)
    assert torch.equal(batch.has_policy, batch.alive)
    assert batch.outcome[places[1]].tolist() == [[2, 0], [3, 1], [0, 0], [0, 0]]
    assert batch.outcome[places[6]].tolist() == [[7, 0], [8, 0], [0, 0], [0, 0]]
    assert batch.action[places[0], :3].tolist() == [0, 1, 2]
    assert batch.target_actions[places[1]].tolist() == [[1, 2], [2, 0], [-1, -1], [-1, -1], [-1, -1]]
    assert batch.target_probs[places[1]].tolist() == [[0.75, 0.25], [0.75, 0.25], [0, 0], [0, 0], [0, 0]]
    past = batch.action[~batch.has_outcome]
    assert set(past.tolist()) == {0, 1, 2}
    assert torch.isnan(batch.result).all()
    assert batch.shape == (1, 1)


def test_later_observations_are_those_of_their_step() -> None:
    of = replay()
    of.add(rows("..tT...cC......."))
    batch = drawn(of)
    assert batch.later_step is not None
    assert batch.later_observation is not None
    assert set(batch.later_step.tolist()) == {1, 2, 3, 4}
    assert torch.equal(batch.later_observation[:, 0, 0, 0], batch.observation[:, 0, 0, 0] + batch.later_step)


def test_stacks_stay_in_their_episode_and_on_this_side_of_the_rings_end() -> None:
    spec = replace(SPEC, shape=(6, 1, 1), stack=3)
    of = replay(spec, capacity=16)
    of.add(rows("..tT...cC"))
    of.add(rows("...........", start=9))  # 20 rows went into 16
    batch = drawn(of)
    seen = {tuple(each) for each in batch.observation[:, ::2, 0, 0].tolist()}
    stacks = {each[0]: each for each in seen}
    assert stacks == {
        4: (4, 0, 0),  # the first of its episode
        5: (5, 4, 0),
        6: (6, 5, 4),
        7: (7, 6, 5),
        9: (9, 0, 0),
        10: (10, 9, 0),
        **{n: (n, n - 1, n - 2) for n in range(11, 16)},
    }
    of = replay(spec, capacity=16)
    of.add(rows("." * 20))
    assert {int(n) for n in drawn(of).observation[:, 0, 0, 0].tolist()} == set(range(6, 16))  # 4 and 5 lack history


def test_images_are_moved_by_a_few_points_each_way_all_planes_alike() -> None:
    images = torch.arange(400 * 2 * 5 * 6).remainder(251).to(torch.uint8).view(400, 2, 5, 6)
    moved = shifted(images, 2, torch.Generator().manual_seed(1))
    assert moved.shape == images.shape
    seen = set()
    for before, after in zip(images.numpy(), moved.numpy(), strict=True):
        edges = np.pad(before, ((0, 0), (2, 2), (2, 2)), mode="edge")
        by = [(y, x) for y in range(5) for x in range(5) if np.array_equal(edges[:, y : y + 5, x : x + 6], after)]
        assert by
        seen.update(by)
    assert len(seen) == 25


@pytest.mark.parametrize(("kind", "moves"), [(ObservationKind.IMAGE, True), (ObservationKind.PLANES, False)])
def test_observations_are_moved_where_they_are_images_and_targets_stay(kind: ObservationKind, moves: bool) -> None:
    spec = EnvironmentSpec(id="pictures", kind=kind, shape=(1, 8, 8), actions=3)
    image = torch.arange(64 if moves else 8).to(torch.uint8)
    played = replace(rows("." * 12), packed=image.expand(12, 1, -1).contiguous())
    batches = []
    for shift in (0, 3):
        of = replay(spec, shift=shift)
        of.add(played)
        batches.append(drawn(of, 50))
    still, moved = batches
    assert torch.equal(still.observation, still.observation[:1].expand(50, -1, -1, -1))
    assert torch.equal(still.observation, moved.observation) is not moves
    assert still.later_observation is not None
    assert moved.later_observation is not None
    assert torch.equal(still.later_observation, moved.later_observation) is not moves
    assert torch.equal(moved.later_observation, moved.observation) is not moves  # each by its own
    assert set(still.value[:, 0, 0].tolist()) == set(moved.value[:, 0, 0].tolist())


def test_slots_advance_by_themselves() -> None:
    of = replay(slots=4)
    for start in range(0, 30, 10):
        of.add(rows("." * 10, 0, 2, start))
        of.add(rows("." * 10, 2, 2, start))
    of.add(rows(".", 0, 2, 30))
    batch = drawn(of, 8000)
    numbers, slots = batch.observation[:, 0, 0, 0], batch.observation[:, 1, 0, 0]
    assert [int(numbers[slots == slot].max()) for slot in range(4)] == [26, 26, 25, 25]
    shares = [(slots == slot).float().mean().item() for slot in range(4)]
    assert shares == pytest.approx([27 / 106, 27 / 106, 26 / 106, 26 / 106], abs=0.02)
    assert of.stored_plies == 2 * 31 + 2 * 30
    assert of.window_plies == of.stored_plies - 2 * 3 - 2 * 2  # what is added is an episode of its own each time


def test_the_window_grows_more_slowly_than_what_comes_in() -> None:
    of = replay(min_plies=50, window_exponent=0.5, capacity=2000)
    assert not of.ready
    of.add(rows("." * 40))
    assert (of.window_plies, of.ready) == (40, False)
    of.add(rows("." * 160, start=40))
    assert of.ready
    assert of.window_plies == 100
    assert int(drawn(of).observation[:, 0].min()) == 100


def test_steps_of_the_window_are_told_without_last_observations() -> None:
    of = replay(slots=2)
    of.add(rows("..tT...cC..", slots=2))
    assert (of.window_plies, of.stored_plies) == (18, 22)


def test_one_slot_in_fifty_is_held_out_with_its_whole_returns() -> None:
    few = replay(slots=49)
    few.add(rows("." * 20, slots=49))
    assert few.draw_held_out(10, torch.Generator()) is None
    of = replay(slots=50, capacity=5000)
    of.add(rows("..tT...cC.tT......", slots=50))
    assert of.stored_plies == 49 * 18
    assert int(drawn(of).observation[:, 1].max()) == 48
    batch = of.draw_held_out(400, torch.Generator().manual_seed(1))
    assert batch is not None
    assert set(batch.observation[:, 1].flatten().tolist()) == {49}
    result = {int(n): batch.result[place].item() for n, place in by_number(batch).items()}
    assert sorted(result) == [0, 1, 2, 4, 5, 6, 7, 9, 10, 12, 13]
    assert [result[n] for n in (0, 1, 2)] == pytest.approx([1 + GAMMA * (2 + GAMMA * 3), 2 + GAMMA * 3, 3.0])
    assert [result[n] for n in (9, 10)] == pytest.approx([10 + GAMMA * 11, 11.0])
    assert np.isnan([result[n] for n in (4, 5, 6, 7, 12, 13)]).all()  # cut off, or not over


def test_surprising_rows_are_drawn_more_often_and_weigh_less() -> None:
    of = replay(value_surprise_share=0.5, unroll=1)
    part = rows("t" + "Tt" * 500 + "T")
    values = torch.where(torch.arange(1002) % 4 == 0, part.reward[:, 0] - 6, part.reward[:, 0] - 2)
    of.add(replace(part, root_value=values.unsqueeze(1)))  # |return - root value| is 6 or 2, in turn
    batch = drawn(of, 20_000)
    assert batch.weight is not None
    surprising = batch.observation[:, 0, 0, 0] % 4 == 0
    odds = torch.tensor([0.5 + 0.5 * 6 / 4, 0.5 + 0.5 * 2 / 4])
    assert surprising.float().mean().item() == pytest.approx((odds[0] / odds.sum()).item(), abs=0.02)
    assert batch.weight[surprising].mean().item() == pytest.approx(1 / odds[0].item(), rel=1e-2)
    assert batch.weight[~surprising].mean().item() == pytest.approx(1 / odds[1].item(), rel=1e-2)
    assert batch.weight.mean().item() == pytest.approx(1.0, abs=0.02)
    share = of.most_drawn_share()
    assert share is not None
    assert share == pytest.approx(0.1 * odds[0].item(), rel=0.02)
    assert replay().most_drawn_share() is None


def test_policy_surprises_are_not_undone() -> None:
    of = replay(policy_surprise_share=1.0)
    part = rows("." * 100)
    divergence = torch.where(torch.arange(100) < 20, 1.0, 0.0).half().unsqueeze(1)
    of.add(replace(part, divergence=divergence))
    batch = drawn(of)
    assert int(batch.observation[:, 0].max()) == 19
    assert batch.weight is None


def test_refreshed_rows_have_new_targets_and_values() -> None:
    of = replay(slots=2)
    of.add(rows("..tT" + "." * 36, slots=2))
    assert of.stale((1, 1), 1000, torch.Generator()) is None
    stale = of.stale((1, 1), 20, torch.Generator().manual_seed(1))
    assert stale is not None
    assert len(set(stale.number.tolist())) == 20
    assert stale.legal.shape == (20, 3)
    assert stale.legal.all()
    assert torch.equal(stale.root_value, 100 + stale.observation[:, 0, 0, 0])
    new = SearchOutput(
        action=torch.zeros(20, dtype=torch.int64),
        value=torch.full((20,), -7.0),
        target_actions=torch.tensor([[2, -1]]).expand(20, 2),
        target_probs=torch.tensor([[1.0, 0.0]]).expand(20, 2),
        divergence=torch.zeros(20),
        raw_value=torch.zeros(20),
        unlikely=torch.zeros(20, dtype=torch.int64),
    )
    of.refresh(stale, new)
    refreshed = {(int(n), int(slot)) for n, slot in stale.observation[:, :, 0, 0].tolist()}
    batch = drawn(of)
    for place, (number, slot) in enumerate(batch.observation[:, :, 0, 0].tolist()):
        changed = (number, slot) in refreshed
        assert batch.target_actions[place, 0].tolist() == ([2, -1] if changed else [number % 3, (number + 1) % 3])
        if number >= 4:
            bootstrap = -7.0 if (number + 3, slot) in refreshed else 103 + number
            expected = number + 1 + GAMMA * (number + 2 + GAMMA * (number + 3 + GAMMA * bootstrap))
            assert batch.value[place, 0, 0].item() == pytest.approx(expected, rel=1e-5)


def test_renewed_values_are_what_targets_bootstrap_from() -> None:
    of = replay(value_surprise_share=0.5)
    of.add(rows("." * 12))
    before = drawn(of)
    of.renew_values(200, lambda observed: 1000.0 + observed[:, 0, 0, 0], torch.Generator().manual_seed(1))
    after, generator = drawn(of), torch.Generator().manual_seed(1)
    stale = of.stale((1, 1), 4, generator)
    assert stale is not None
    assert torch.equal(stale.root_value, 1000.0 + stale.observation[:, 0, 0, 0])
    one, other = by_number(before)[2], by_number(after)[2]
    difference = after.value[other, 0, 0] - before.value[one, 0, 0]
    assert difference.item() == pytest.approx(900.0 * GAMMA**STEPS)  # of the value three steps later
    assert after.weight is not None


def test_values_of_held_out_rows_are_renewed_like_those_that_are_learnt_from() -> None:
    of = replay(slots=50)
    of.add(rows("." * 12, slots=50))
    before = of.draw_held_out(50, torch.Generator().manual_seed(1))
    of.renew_values(20_000, lambda observed: torch.full((len(observed),), 1000.0), torch.Generator().manual_seed(1))
    after = of.draw_held_out(50, torch.Generator().manual_seed(1))
    assert before is not None
    assert after is not None
    place = by_number(before)[2]
    bootstrapped = after.value[place, 0, 0] - before.value[place, 0, 0]
    assert bootstrapped.item() == pytest.approx((1000.0 - 105.0) * GAMMA**STEPS, rel=1e-4)


def assert_same_batches(one: Batch, other: Batch) -> None:
    for field in fields(Batch):
        left, right = getattr(one, field.name), getattr(other, field.name)
        same = torch.equal(left.nan_to_num(5e5), right.nan_to_num(5e5)) if isinstance(left, Tensor) else left == right
        assert same, field.name


@pytest.mark.parametrize("capacity", [60, 1000])
def test_a_resumed_replay_draws_the_same(capacity: int) -> None:
    settings: dict[str, Any] = {"value_surprise_share": 0.5, "policy_surprise_share": 0.2, "capacity": capacity}
    unbroken, resumed = replay(slots=4, **settings), replay(slots=4, **settings)
    for start in (0, 20):
        unbroken.add(rows("..tT...cC...........", 0, 2, start))
        unbroken.add(rows("..tT...cC..........", 2, 2, start))
    resumed.load_state({name: tensor.clone() for name, tensor in unbroken.state().items()})
    assert (resumed.window_plies, resumed.stored_plies) == (unbroken.window_plies, unbroken.stored_plies)
    assert_same_batches(drawn(unbroken), drawn(resumed))
    for of in (unbroken, resumed):
        of.add(rows("." * 9, 0, 2, 40))
        of.add(rows("." * 10, 2, 2, 40))
    assert_same_batches(drawn(unbroken), drawn(resumed))


@pytest.mark.parametrize("before", ["....", "...t"])
def test_an_episode_that_is_not_gone_on_with_is_cut_off(before: str) -> None:
    """Its newest row was followed by the first of another episode, of which targets and unrolls knew nothing."""
    of, whole = replay(slots=50, capacity=5000), replay(slots=50, capacity=5000)
    of.add(rows(before, slots=50))
    resumed = replay(slots=50, capacity=5000)
    resumed.load_state(of.state())
    resumed.add(rows("..cC......", slots=50, start=4))
    whole.add(rows("...C..cC......", slots=50))
    assert_same_batches(drawn(resumed), drawn(whole))
    held_out, of_whole = (each.draw_held_out(99, torch.Generator().manual_seed(1)) for each in (resumed, whole))
    assert held_out is not None
    assert of_whole is not None
    assert_same_batches(held_out, of_whole)


def test_an_episode_that_is_gone_on_with_is_whole() -> None:
    of, whole = replay(), replay()
    of.add(rows("..cC...."))
    more = rows("....tT.....", start=8)
    of.add(replace(more, age=torch.where(torch.arange(11)[:, None] < 6, more.age + 4, more.age)))
    whole.add(rows("..cC........tT....."))
    assert_same_batches(drawn(of), drawn(whole))


def test_a_state_of_few_bytes_has_the_newest_rows() -> None:
    of, resumed = replay(slots=2), replay(slots=2)
    of.add(rows("." * 60, slots=2))
    state = of.state(max_bytes=20 * 2 * of._ring.bytes_per_row)
    assert len(state["rows.age"]) == 20
    resumed.load_state(state)
    assert (resumed.window_plies, resumed.stored_plies) == (40, 120)
    assert int(drawn(resumed).observation[:, 0].min()) == 40
    empty = replay(slots=2)
    empty.load_state(of.state(max_bytes=0))
    assert not empty.ready


def test_replays_of_other_settings_are_refused() -> None:
    of = replay(slots=2)
    of.add(rows("." * 20, slots=2))
    with pytest.raises(BadState, match=r"of 2 environments, not 3: self_play.games was different"):
        replay(slots=3).load_state(of.state())
    with pytest.raises(BadState, match="of another environment"):
        replay(replace(SPEC, shape=(3, 1, 1)), slots=2).load_state(of.state())


def test_no_target_reaches_further_than_the_ring() -> None:
    of = EpisodeReplay(
        SPEC,
        slots=1,
        replay=ReplaySettings(capacity_plies=20, min_plies=1),
        learner=LearnerSettings(unroll=UNROLL),
        target_actions=2,
        discount=1.0,
        n_step=10**9,
        device=CPU,
    )
    of.add(rows("." * 12))
    batch = drawn(of, 50)
    places = by_number(batch)
    assert batch.value[places[6], 0].item() == 7 + 8 + 9 + 10 + 11 + 111


def test_there_is_nothing_to_draw_at_first() -> None:
    of = replay()
    with pytest.raises(ValueError, match="too few steps"):
        drawn(of)
    of.add(rows("."))
    assert not of.ready

"""Batches against a plain reference made with the Position API."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from support.self_play import BOARDS, CPU, RandomSearch, assert_same_games, played, positions, self_play, small_config
from torch import Tensor

from muzero_engine.games.base import Position, Shape
from muzero_engine.games.encoding import observation
from muzero_engine.games.endings import playable
from muzero_engine.games.go.rules import GoPosition
from muzero_engine.games.registry import load_game
from muzero_engine.training.config import ReplaySettings, TrainConfig
from muzero_engine.training.replay.batches import batch_at, value_target
from muzero_engine.training.replay.replay import HELD_OUT_EVERY, Replay, weights
from muzero_engine.training.replay.ring import Ring
from muzero_engine.training.types import BadState, Batch, FinishedGames

torch.set_num_threads(1)
UNROLL, SHARE = 5, 0.25


def whole_batch(ring: Ring, game: str, index: Tensor | None = None) -> Batch:
    """The batch of every ply of the ring, or of those numbers."""
    return batch_at(
        ring,
        torch.arange(ring.first, ring.end) if index is None else index,
        spec=load_game(game).spec,
        unroll_steps=UNROLL,
        root_value_share=SHARE,
        later_observation=True,
        generator=torch.Generator().manual_seed(1),
        dtype=torch.float32,
    )


def check(batch: Batch, games: FinishedGames, game: str, first_game: int) -> None:
    """The batch holds the plies of the games from `first_game` on, in their order."""
    lines = positions(games, game)
    lengths = games.lengths.tolist()
    start = sum(lengths[:first_game])
    m = 0
    for number in range(first_game, len(lengths)):
        for ply in range(lengths[number]):
            check_one(batch, m, games, lines[number], number, start, ply)
            m += 1
        start += lengths[number]
    assert m == len(batch.observation)


def check_one(
    batch: Batch, m: int, games: FinishedGames, line: list[Position], number: int, start: int, ply: int
) -> None:
    length = len(line) - 1
    by_rules = bool(games.by_rules[number])
    final = line[-1].outcome() if by_rules else None
    assert batch.later_step is not None
    assert batch.later_observation is not None
    for u in range(UNROLL + 1):
        row = start + ply + u
        alive = ply + u < length
        assert bool(batch.alive[m, u]) == bool(batch.has_value[m, u]) == alive
        position = line[min(ply + u, length)]
        if u in (0, int(batch.later_step[m])):
            seen = batch.later_observation[m] if u else batch.observation[m]
            assert np.array_equal(seen.numpy(), observation(position) if alive else np.zeros_like(seen.numpy()))
        targets = games.target_actions[row].tolist() if alive else [-1] * 8
        assert batch.target_actions[m, u].tolist() == targets
        assert bool(batch.has_policy[m, u]) == (targets[0] >= 0)
        if targets[0] >= 0:
            assert batch.target_probs[m, u].tolist() == pytest.approx(games.target_probs[row].tolist(), abs=2e-3)
            assert batch.target_probs[m, u].sum().item() == pytest.approx(1)
        else:
            assert not batch.target_probs[m, u].any()
        if alive:
            result, root = int(games.result[row]), float(games.root_value[row])
            win, draw, loss = batch.value[m, u].tolist()
            assert win + draw + loss == pytest.approx(1)
            assert win - loss == pytest.approx((1 - SHARE) * result + SHARE * root, abs=1e-5)
        if u == UNROLL:
            continue
        assert bool(batch.has_outcome[m, u]) == (alive and (by_rules or ply + u < length - 1))
        if alive:
            assert int(batch.action[m, u]) == int(games.action[row])
        assert 0 <= int(batch.action[m, u]) < line[0].spec.num_actions(line[0].shape)
        expected = 0
        if final is not None and ply + u == length - 1:
            expected = {1.0: 1, 0.0: 2, -1.0: 3}[final.value(position.mover)]
        assert int(batch.outcome[m, u]) == expected
    last = line[-1]
    if isinstance(last, GoPosition):
        assert batch.ownership is not None
        assert batch.has_ownership is not None
        assert bool(batch.has_ownership[m]) == by_rules
        if by_rules:
            assert np.array_equal(batch.ownership[m].numpy(), last.area() * (1 - 2 * line[ply].mover))
    else:
        assert batch.ownership is batch.has_ownership is None


@pytest.mark.parametrize(("game", "shape"), BOARDS)
def test_batches_are_those_of_the_rules(game: str, shape: Shape) -> None:
    games = played(game, shape, 250 if game == "chess" else 300)
    ring = Ring(1000, load_game(game).spec, shape, 8, CPU)
    ring.add(games)
    assert ring.plies == len(games.action)
    check(whole_batch(ring, game), games, game, 0)


def test_resigned_games_have_no_outcome_and_no_ownership() -> None:
    games = played("go", (5, 5), 400, resign_value=0.0, resign_turns=2, no_resign_share=0.5)
    assert 0 < int(games.by_rules.sum()) < len(games.by_rules)
    ring = Ring(1000, load_game("go").spec, (5, 5), 8, CPU)
    ring.add(games)
    batch = whole_batch(ring, "go")
    ends = torch.cumsum(games.lengths, 0) - 1
    assert batch.has_outcome[ends, 0].tolist() == games.by_rules.tolist()
    assert batch.has_ownership is not None
    assert batch.has_ownership.tolist() == games.by_rules.repeat_interleave(games.lengths).tolist()


def test_a_full_ring_keeps_whole_games_and_their_history() -> None:
    games = played("go", (5, 5), 500)
    lengths = games.lengths.tolist()
    ring = Ring(100, load_game("go").spec, (5, 5), 8, CPU)
    for part in split(games):
        ring.add(part)
    kept = next(n for n in range(len(lengths)) if sum(lengths[n:]) <= 100)
    assert ring.end == sum(lengths)
    assert ring.plies == sum(lengths[kept:])
    check(whole_batch(ring, "go"), games, "go", kept)
    at_once = Ring(100, load_game("go").spec, (5, 5), 8, CPU)
    at_once.add(games)
    assert_same_games(at_once.newest(100), ring.newest(100))
    check(whole_batch(at_once, "go"), games, "go", kept)


def test_a_game_longer_than_the_ring_is_left_out() -> None:
    games = played("chess", (8, 8), 500)
    ring = Ring(20, load_game("chess").spec, (8, 8), 8, CPU)
    ring.add(games)
    assert ring.plies <= 20


def split(games: FinishedGames) -> list[FinishedGames]:
    """The games one by one."""
    numbers = torch.arange(len(games.lengths))
    return [games.select(numbers == number) for number in numbers]


def test_games_of_one_and_the_rest_are_all_games_in_another_order() -> None:
    games = played("go", (5, 5), 400)
    first = torch.arange(len(games.lengths)) == 0
    one, rest = games.select(first), games.select(~first)
    length = int(games.lengths[0])
    assert one.lengths.tolist() == [length]
    assert torch.equal(one.packed, games.packed[:length])
    assert one.ownership is not None
    assert games.ownership is not None
    assert torch.equal(rest.ownership, games.ownership[1:])  # type: ignore[arg-type]  # as `games` has it
    assert torch.equal(rest.by_rules, games.by_rules[1:])
    assert_same_games(FinishedGames.cat([one, rest]), games)
    assert_same_games(FinishedGames.cat(split(games)), games)


def replay_config(**settings: object) -> TrainConfig:
    config = small_config("go", (5, 5))
    replay = replace(ReplaySettings(capacity_plies=2000, min_plies=100), **settings)  # type: ignore[arg-type]
    return replace(config, replay=replay, learner=replace(config.learner, symmetries=False))


def test_the_window_grows_slower_than_the_plies_and_is_drawn_uniformly() -> None:
    replay = Replay(replay_config(window_exponent=0.5), CPU)
    assert replay.window_plies == 0
    assert not replay.ready
    parts = split(played("go", (5, 5), 1000))
    for part in parts:
        replay.add(part)
        stored = replay.stored_plies
        assert replay.window_plies == (stored if stored <= 100 else int(stored * (stored / 100) ** -0.5))
    assert replay.ready
    assert replay.games == len(parts)
    ring = replay._rings[(5, 5)]
    batch = replay.draw(4000, torch.Generator().manual_seed(3))
    everything = whole_batch(ring, "go", torch.arange(ring.first, ring.end))
    window = replay.window_plies
    seen = {tuple(row) for row in batch.observation.flatten(1).tolist()}
    inside = {tuple(row) for row in everything.observation[-window:].flatten(1).tolist()}
    outside = {tuple(row) for row in everything.observation[:-window].flatten(1).tolist()}
    assert seen == inside
    assert outside - inside
    assert replay.draws_per_ply == 4000 / stored


def test_the_window_ends_at_the_capacity() -> None:
    replay = Replay(replay_config(window_exponent=1.0, capacity_plies=300), CPU)
    replay.add(played("go", (5, 5), 1000))
    assert 200 < replay.window_plies <= 300
    full = Replay(replay_config(min_plies=300, capacity_plies=300), CPU)
    full.add(played("go", (5, 5), 1000))
    assert full.ready


def test_some_games_are_held_out() -> None:
    replay = Replay(replay_config(), CPU)
    generator = torch.Generator().manual_seed(1)
    assert replay.draw_held_out(4, generator) is None
    parts = split(played("go", (5, 5), 2000))
    assert len(parts) >= HELD_OUT_EVERY
    for part in parts[:HELD_OUT_EVERY]:
        replay.add(part)
    held = parts[HELD_OUT_EVERY - 1]
    assert replay.held_out_plies == len(held.action)
    assert replay.stored_plies == sum(len(part.action) for part in parts[: HELD_OUT_EVERY - 1])
    batch = replay.draw_held_out(100, generator)
    assert batch is not None
    ring = Ring(100, load_game("go").spec, (5, 5), 8, CPU)
    ring.add(held)
    known = {tuple(row) for row in whole_batch(ring, "go").observation.flatten(1).tolist()}
    assert {tuple(row) for row in batch.observation.flatten(1).tolist()} <= known


@pytest.mark.parametrize(("consistency", "decoder"), [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)])
def test_a_later_observation_is_there_where_a_loss_needs_them(consistency: float, decoder: float) -> None:
    config = small_config("tictactoe", (3, 3))
    learner = replace(config.learner, consistency_weight=consistency, decoder_weight=decoder)
    replay = Replay(replace(config, learner=learner), CPU)
    replay.add(played("tictactoe", (3, 3), 100))
    batch = replay.draw(4, torch.Generator().manual_seed(1))
    assert (batch.later_observation is not None) == (consistency + decoder > 0)


def test_every_later_step_is_drawn() -> None:
    ring = Ring(1000, load_game("tictactoe").spec, (3, 3), 8, CPU)
    ring.add(played("tictactoe", (3, 3), 300))
    later = whole_batch(ring, "tictactoe").later_step
    assert later is not None
    shares = later.bincount(minlength=UNROLL + 1) / len(later)
    assert shares[0] == 0
    assert torch.allclose(shares[1:], torch.full((UNROLL,), 1 / UNROLL), atol=0.1)


def test_drawing_from_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="no game has ended yet"):
        Replay(replay_config(), CPU).draw(4, torch.Generator())


def assert_same_batches(one: Batch, other: Batch) -> None:
    for field in fields(Batch):
        left, right = getattr(one, field.name), getattr(other, field.name)
        assert torch.equal(left, right) if isinstance(left, Tensor) else left == right, field.name


def test_boards_are_drawn_in_proportion_to_their_plies() -> None:
    config = small_config("go", (5, 5), (6, 6))
    replay = Replay(config, CPU)
    small, large = played("go", (5, 5), 200), played("go", (6, 6), 700)
    replay.add(small)
    replay.add(large)
    generator = torch.Generator().manual_seed(1)
    shapes = [replay.draw(2, generator).shape for _ in range(300)]
    expected = len(small.action) / (len(small.action) + len(large.action))
    assert shapes.count((5, 5)) / 300 == pytest.approx(expected, abs=0.1)


def test_a_saved_replay_goes_on_exactly() -> None:
    config = replace(
        small_config("go", (5, 5)), replay=ReplaySettings(capacity_plies=700, min_plies=100, window_exponent=0.9)
    )
    unbroken, resumed = Replay(config, CPU), Replay(config, CPU)
    parts = split(played("go", (5, 5), 2000))
    for part in parts[:60]:
        unbroken.add(part)
    unbroken.draw(8, torch.Generator().manual_seed(1))
    resumed.load_state(unbroken.state())
    for part in parts[60:]:
        unbroken.add(part)
        resumed.add(part)
        generators = torch.Generator().manual_seed(5), torch.Generator().manual_seed(5)
        assert_same_batches(unbroken.draw(16, generators[0]), resumed.draw(16, generators[1]))
    left, right = unbroken.draw_held_out(9, generators[0]), resumed.draw_held_out(9, generators[1])
    assert left is not None
    assert right is not None
    assert_same_batches(left, right)
    assert unbroken.draws_per_ply == resumed.draws_per_ply
    assert unbroken.games == resumed.games


def test_a_sample_holds_the_newest_games_that_fit() -> None:
    config = small_config("go", (5, 5))
    replay, smaller = Replay(config, CPU), Replay(config, CPU)
    replay.add(played("go", (5, 5), 1000))
    whole, sample = replay.state(), replay.state(max_bytes=10_000)
    size = sum(tensor.nbytes for tensor in sample.values())
    assert 5_000 < size < 15_000
    assert torch.equal(sample["train.5x5.action"], whole["train.5x5.action"][-len(sample["train.5x5.action"]) :])
    smaller.load_state(sample)
    assert 0 < smaller.window_plies < replay.window_plies
    assert smaller.stored_plies == replay.stored_plies
    smaller.draw(8, torch.Generator())


def test_a_replay_of_other_boards_or_targets_is_refused() -> None:
    replay = Replay(small_config("go", (5, 5)), CPU)
    replay.add(played("go", (5, 5), 200))
    with pytest.raises(BadState, match="no games on 6x6"):
        Replay(small_config("go", (6, 6)), CPU).load_state(replay.state())
    config = small_config("go", (5, 5))
    other = replace(config, search=replace(config.search, target_actions=4))
    with pytest.raises(BadState, match="number of target actions"):
        Replay(other, CPU).load_state(replay.state())


def test_stale_positions_are_searched_again() -> None:
    config = replay_config(reanalyse_share=0.5)
    with self_play(config) as player:
        (games,) = player.play(300)
        (later,) = player.play(2600)
        resumed_state = player.state()
        with self_play(config) as resumed:
            resumed.load_state(resumed_state)
            assert_same_games(player.play(300)[0], resumed.play(300)[0])  # legal actions among them
    replay = Replay(config, CPU)
    replay.add(games)
    ring = replay._rings[(5, 5)]
    lines = [position for line in positions(games, "go") for position in line[:-1]]
    generator = torch.Generator().manual_seed(1)
    stale = replay.stale((5, 5), 50, generator)
    assert stale is not None
    assert torch.equal(stale.root_value, ring.root_value[stale.number])
    output = RandomSearch().run(stale.observation, stale.legal, generator=generator)
    before = ring.newest(1000)
    replay.refresh(stale, output)
    after = ring.newest(1000)
    assert torch.equal(before.packed, after.packed)
    changed = set()
    for m, number in enumerate(stale.number.tolist()):
        assert np.array_equal(stale.observation[m].numpy(), observation(lines[number]))
        if before.target_actions[number, 0] >= 0:
            searched = playable(lines[number]).tolist()
            assert np.flatnonzero(stale.legal[m].numpy()).tolist() == searched
            if len(searched) > 1:
                changed.add(number)
        else:
            assert not stale.legal[m].any()
    for number in range(len(lines)):
        same = torch.equal(before.target_probs[number], after.target_probs[number])
        assert same == (number not in changed)
    loaded = Replay(config, CPU)
    loaded.load_state(replay.state())
    assert_same_games(loaded._rings[(5, 5)].newest(1000), after)
    replay.add(later)  # the first positions are no longer there
    kept = ring.newest(2000)
    replay.refresh(stale, output)
    assert_same_games(ring.newest(2000), kept)


def test_every_position_of_the_window_is_searched_again_as_often() -> None:
    replay = Replay(replay_config(reanalyse_share=0.5, window_exponent=0.5), CPU)
    generator = torch.Generator().manual_seed(1)
    with self_play(replay_config(reanalyse_share=0.5)) as player:
        (games,) = player.play(1000)
    assert replay.stale((5, 5), 50, generator) is None
    replay.add(games)
    ring, window = replay._rings[(5, 5)], replay.window_plies
    assert 100 < window < ring.plies
    assert window % 50
    drawn = torch.zeros(window)
    for _ in range(2000):
        stale = replay.stale((5, 5), 50, generator)
        assert stale is not None
        assert len(set(stale.number.tolist())) == 50
        drawn[stale.number - (ring.end - window)] += 1
    expected = 2000 * 50 / window
    inner = drawn[window % 50 : -(window % 50)]  # the ends lie outside of the parts sometimes
    assert inner.min() > 0.7 * expected
    assert inner.max() < 1.5 * expected
    assert drawn.min() > 0


def test_without_reanalysis_no_legal_actions_are_stored() -> None:
    replay = Replay(replay_config(), CPU)
    replay.add(played("go", (5, 5), 200))
    with pytest.raises(ValueError, match="reanalyse_share is 0"):
        replay.stale((5, 5), 4, torch.Generator())
    with pytest.raises(BadState, match=r"another replay\.reanalyse_share"):
        Replay(replay_config(reanalyse_share=0.1), CPU).load_state(replay.state())


def test_root_values_bring_draws_only_into_drawn_games() -> None:
    result = torch.tensor([1, 0, -1, 0], dtype=torch.int8)
    found = value_target(result, torch.tensor([0.5, 0.5, 0.5, -1.0]), 0.4)
    expected = [[0.9, 0.0, 0.1], [0.2, 0.8, 0.0], [0.3, 0.0, 0.7], [0.0, 0.6, 0.4]]
    assert torch.allclose(found, torch.tensor(expected))


def test_weights_are_even_but_for_the_shares_of_what_surprises() -> None:
    surprise = torch.tensor([[0.0, 0.0], [1.0, 0.0], [3.0, 0.5], [0.0, 0.5]], dtype=torch.float16)
    assert weights(surprise, 0.0, 0.0).tolist() == [1.0] * 4
    assert weights(surprise, 0.5, 0.1).tolist() == pytest.approx([0.4, 0.9, 2.1, 0.6])
    assert weights(torch.zeros(3, 2), 0.5, 0.1).tolist() == [1.0] * 3  # nothing surprises: even
    assert weights(surprise, 1.0, 0.0).mean().item() == pytest.approx(1.0)


def test_surprising_positions_are_drawn_more_often() -> None:
    config = small_config("chess", (8, 8))
    config = replace(config, replay=replace(config.replay, policy_surprise_share=0.5, min_plies=2000))
    config = replace(config, learner=replace(config.learner, symmetries=False))
    with self_play(config) as player:
        (games,) = player.play(300)
    count = len(games.action)
    divergence = torch.zeros(count)
    divergence[games.target_actions[:, 0] >= 0] = 1.0
    divergence[count // 2] = 30.0
    games = replace(games, surprise=torch.stack([divergence, torch.zeros(count)], dim=1).to(torch.float16))
    replay = Replay(config, CPU)
    replay.add(games)
    ring, window = replay._rings[8, 8], replay.window_plies
    drawn = replay._chosen(replay._rings, {(8, 8): window}, 100_000, torch.Generator().manual_seed(1))[1]
    assert drawn.min() >= ring.end - window
    assert drawn.max() < ring.end
    share = torch.bincount(drawn - ring.first, minlength=ring.plies) / 100_000
    expected = weights(ring.surprise[torch.arange(ring.first, ring.end) % ring.capacity], 0.5, 0.0) / ring.plies
    assert torch.allclose(share.double(), expected, atol=2e-3)
    assert share.max() > 5 / ring.plies


def test_surprise_comes_with_a_saved_replay_and_must_be_there() -> None:
    config = small_config("chess", (8, 8))
    surprised = replace(config, replay=replace(config.replay, value_surprise_share=0.1))
    with self_play(surprised) as player:
        (games,) = player.play(300)
    replay, again = Replay(surprised, CPU), Replay(surprised, CPU)
    replay.add(games)
    again.load_state(replay.state())
    rows = torch.arange(replay._rings[8, 8].first, replay._rings[8, 8].end) % replay._rings[8, 8].capacity
    assert replay._rings[8, 8].surprise[rows].any()
    assert torch.equal(replay._rings[8, 8].surprise[rows], again._rings[8, 8].surprise[rows])
    with pytest.raises(BadState, match="policy_surprise_share"):
        Replay(config, CPU).load_state(replay.state())

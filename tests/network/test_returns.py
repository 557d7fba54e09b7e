"""What value and reward are: results of games, and discounted returns of episodes on a support."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from muzero_engine.network.returns import EpisodeReturns, GameReturns, scaled, unscaled
from muzero_engine.returns import BadReturns, DiscountedReturns

RETURNS = EpisodeReturns(DiscountedReturns(discount=0.9, support=20))


def target_of(number: float) -> Tensor:
    """float32[atoms]: the probabilities that the loss of a value wants, which is where its gradient is zero."""
    logits = torch.zeros(1, RETURNS.value_outputs, requires_grad=True)
    loss = RETURNS.value_loss(logits, torch.tensor([[number]])).loss.sum()
    return (logits.softmax(1) - torch.autograd.grad(loss, logits)[0])[0]


def test_results_of_games_are_decoded() -> None:
    value, draw = GameReturns().decoded_value(torch.tensor([[0.5, 0.3, 0.2]]).log())
    torch.testing.assert_close((value, draw), (torch.tensor([0.3]), torch.tensor([0.3])))
    reward, discount, reward_draw = GameReturns().decoded_reward(torch.tensor([[0.4, 0.3, 0.2, 0.1]]).log())
    expected = (torch.tensor([0.2]), torch.tensor([-0.4]), torch.tensor([0.2]))
    torch.testing.assert_close((reward, discount, reward_draw), expected)


def test_the_scaling_is_that_of_the_paper_and_inverts() -> None:
    numbers = torch.tensor([-5e4, -3.0, -1e-3, 0.0, 1e-3, 0.5, 1.0, 100.0, 5e4])
    exact = numbers.double()
    paper = exact.sign() * ((exact.abs() + 1).sqrt() - 1) + 0.001 * exact
    torch.testing.assert_close(scaled(numbers), paper.float())
    torch.testing.assert_close(unscaled(scaled(numbers)), numbers, rtol=1e-5, atol=1e-6)
    largest = torch.tensor(DiscountedReturns(support=300).largest)
    torch.testing.assert_close(scaled(largest), torch.tensor(300.0))


@pytest.mark.parametrize("number", [-400.0, -7.3, -1.0, 0.0, 0.01, 1.0, 2.995, 17.0, 400.0])
def test_a_target_lies_on_two_neighbours_and_is_decoded_to_itself(number: float) -> None:
    target = target_of(number)
    assert (target > 1e-4).sum() <= 2
    assert target.sum().item() == pytest.approx(1.0, abs=1e-5)
    assert RETURNS.decoded_value(target.clamp_min(1e-30).log()[None])[0].item() == pytest.approx(number, abs=2e-3)


def test_a_target_beyond_the_support_is_its_end() -> None:
    assert target_of(1e6).argmax() == 40
    assert target_of(-1e6).argmax() == 0
    assert torch.isfinite(RETURNS.value_loss(torch.zeros(1, 41), torch.tensor([[1e30]])).loss).all()


def test_the_mean_of_random_returns_is_learnt() -> None:
    """Of the paper's decoding, h^-1 of the mean, the value would be 0.457."""
    both = (target_of(0.0) + target_of(1.0)) / 2
    assert RETURNS.decoded_value(both.clamp_min(1e-30).log()[None])[0].item() == pytest.approx(0.5, abs=1e-5)


def test_a_step_that_ends_the_episode_has_no_discount() -> None:
    logits = torch.zeros(2, RETURNS.reward_outputs)
    logits[:, 20] = 50.0
    logits[:, -1] = torch.tensor([-50.0, 50.0])
    reward, discount, draw = RETURNS.decoded_reward(logits)
    torch.testing.assert_close(reward, torch.zeros(2))
    torch.testing.assert_close(discount, torch.tensor([0.9, 0.0]))
    assert not draw.any()


def test_rewards_and_ends_are_told_apart() -> None:
    logits = torch.zeros(3, RETURNS.reward_outputs)
    logits[:, 20] = 50.0
    logits[:, -1] = torch.tensor([2.0, -2.0, 2.0])
    loss = RETURNS.reward_loss(logits, torch.tensor([[0.0, 1.0], [0.0, 0.0], [1.0, 0.0]]))
    assert loss.ended.tolist() == [True, False, False]
    assert loss.called.tolist() == [True, False, True]
    assert loss.found.tolist() == [True, True, False]
    torch.testing.assert_close(loss.error, torch.tensor([0.0, 0.0, 1.0]))
    assert loss.loss[2] > 10 > loss.loss[0]


def test_a_fresh_network_expects_nothing_and_no_end() -> None:
    for support in (5, 300):
        returns = EpisodeReturns(DiscountedReturns(discount=0.9, support=support))
        value, reward = nn.Linear(4, returns.value_outputs), nn.Linear(4, returns.reward_outputs)
        returns.initialise(value, reward)
        assert returns.decoded_value(value.bias[None])[0].abs() < 1e-3
        assert value.bias.softmax(0)[support - 2 : support + 3].sum() > 0.5
        expected, discount, _ = returns.decoded_reward(reward.bias[None])
        assert expected.abs() < 1e-3
        assert discount > 0.9 * 0.99


@pytest.mark.parametrize("wrong", [{"discount": 0.0}, {"discount": 1.1}, {"support": 0}, {"support": 100_000}])
def test_returns_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(BadReturns, match=next(iter(wrong))):
        DiscountedReturns(**wrong)  # type: ignore[arg-type]  # as a file might have them

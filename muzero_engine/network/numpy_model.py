"""`TorchModel`: a network as the search sees a model, for use before it is exported."""

from __future__ import annotations

import torch
from torch import Tensor

from muzero_engine.arrays import Floats, Ints
from muzero_engine.model import InitialOutput, RecurrentOutput, top_policy
from muzero_engine.network.model import MuZeroNetwork


class TorchModel:
    """A `muzero_engine.model.Model` on the network's own device, in its own precision."""

    latent_levels = 0

    def __init__(self, network: MuZeroNetwork) -> None:
        self._network = network.folded()
        self._like = next(self._network.parameters())

    @property
    def planes(self) -> int:
        """Return how many channels an observation has."""
        return self._network.config.planes

    @torch.inference_mode()
    def initial_inference(self, observation: Floats) -> InitialOutput:
        """Return f(h(o)), see `Model`."""
        output = self._network.initial_inference(torch.from_numpy(observation).to(self._like))
        ownership = None if output.ownership is None else _numpy(output.ownership)
        return InitialOutput(
            latent=_numpy(output.latent),
            policy_logits=_numpy(output.policy_logits),
            value=_numpy(output.value),
            draw=_numpy(output.draw),
            ownership=ownership,
        )

    @torch.inference_mode()
    def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
        """Return f(g(s, a)), see `Model`."""
        actions = torch.from_numpy(action).to(self._like.device)
        output = self._network.recurrent_inference(torch.from_numpy(latent).to(self._like), actions)
        top_actions, top_logits = top_policy(_numpy(output.policy_logits))
        return RecurrentOutput(
            latent=_numpy(output.latent),
            reward=_numpy(output.reward),
            discount=_numpy(output.discount),
            reward_draw=_numpy(output.reward_draw),
            top_actions=top_actions,
            top_logits=top_logits,
            value=_numpy(output.value),
            draw=_numpy(output.draw),
        )


def _numpy(x: Tensor) -> Floats:
    array: Floats = x.float().cpu().numpy()
    return array

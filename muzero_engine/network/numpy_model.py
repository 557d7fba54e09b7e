"""`TorchModel`: a network as the search sees a model, for use before it is exported."""

from __future__ import annotations

import torch
from torch import Tensor

from muzero_engine.model import Floats, InitialOutput, Ints, RecurrentOutput, top_policy
from muzero_engine.network.model import MuZeroNetwork


class TorchModel:
    """A `muzero_engine.model.Model` on the network's own device, in its own precision."""

    latent_levels = 0

    def __init__(self, network: MuZeroNetwork) -> None:
        self._network = network.folded()
        self._like = next(self._network.parameters())

    @property
    def planes(self) -> int:
        """Channels of an observation."""
        return self._network.config.planes

    @torch.inference_mode()
    def initial_inference(self, observation: Floats) -> InitialOutput:
        """See `Model`."""
        found = self._network.initial_inference(torch.from_numpy(observation).to(self._like))
        ownership = None if found.ownership is None else _numpy(found.ownership)
        return InitialOutput(
            latent=_numpy(found.latent),
            policy_logits=_numpy(found.policy_logits),
            value=_numpy(found.value),
            draw=_numpy(found.draw),
            ownership=ownership,
        )

    @torch.inference_mode()
    def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
        """See `Model`."""
        actions = torch.from_numpy(action).to(self._like.device)
        found = self._network.recurrent_inference(torch.from_numpy(latent).to(self._like), actions)
        top_actions, top_logits = top_policy(_numpy(found.policy_logits))
        return RecurrentOutput(
            latent=_numpy(found.latent),
            reward=_numpy(found.reward),
            discount=_numpy(found.discount),
            reward_draw=_numpy(found.reward_draw),
            top_actions=top_actions,
            top_logits=top_logits,
            value=_numpy(found.value),
            draw=_numpy(found.draw),
        )


def _numpy(x: Tensor) -> Floats:
    array: Floats = x.float().cpu().numpy()
    return array

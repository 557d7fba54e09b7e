"""Batched full Gumbel MuZero search on the device (Danihelka et al. 2022), for self-play, evaluation and reanalysis.

All games take a step together: select an edge in every tree, one network call for all, expand, back up. Shapes are
static. On CUDA the whole search, root inference to improved policy, is one CUDA graph over Triton kernels and a
compiled bfloat16 network; nothing waits for the host. On a CPU the same steps run eagerly in float32.

Below the root only the `children` actions of highest prior exist; with as many children as actions the search is that
of mctx's `gumbel_muzero_policy` with `qtransform_completed_by_mix_value`: for games, whose Q stays in [-1, 1], with
`rescale_values=False`, for environments, whose returns have no bounds, with `rescale_values=True`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from muzero_engine.network.config import Stem
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.training.config import SearchSettings
from muzero_engine.training.search.root import halving_schedule, improve_policies, plant_roots, widened
from muzero_engine.training.search.tree import SearchTree, SelectionSettings, TorchKernels, TreeKernels
from muzero_engine.training.types import SearchOutput

MIN_EXPONENTIAL = 1e-30  # Gumbel noise is -log of an exponential draw, which must not be 0
WARM_UPS = 2  # runs before a capture: they compile what the graph then replays
COMPILED_SHAPES = 256  # torch.compile's limit of variants of one function (8) is fewer than Go has boards


class InitialEstimate(Protocol):
    """f(h(o)): latent [B, ...] of any type, policy_logits float[B, A], value float32[B], mover's view."""

    @property
    def latent(self) -> Tensor: ...
    @property
    def policy_logits(self) -> Tensor: ...
    @property
    def value(self) -> Tensor: ...


class RecurrentEstimate(InitialEstimate, Protocol):
    """f(g(s, a)): the same of s', and of the move reward float32[B] and discount float32[B]: -(1 - p_end) in games."""

    @property
    def reward(self) -> Tensor: ...
    @property
    def discount(self) -> Tensor: ...


class SearchModel(Protocol):
    """What the search asks of a network; `MuZeroNetwork` is one."""

    def initial_inference(self, observation: Tensor) -> InitialEstimate: ...
    def recurrent_inference(self, latent: Tensor, action: Tensor) -> RecurrentEstimate: ...


@dataclass(slots=True)
class _SearchMemory:
    """The memory of searches of one shape, and their CUDA graph."""

    observation: Tensor
    legal: Tensor
    noise: Tensor
    tree: SearchTree
    latents: Tensor  # [N * B, latent size], row node * B + game
    shape: torch.Size  # of one latent
    graph: Any = None
    output: SearchOutput | None = None


class BatchedSearch:
    """Searches for many games at once. One thread at a time.

    A `MuZeroNetwork` is copied, with its standardised convolutions folded, to `device` (bfloat16 and channels last on
    CUDA; vectors are observed in float32 there too); `update_weights` brings new weights into the copy. Any other model
    is used as it is. `rescale` says whether Q is rescaled among the actions of a node (`SelectionSettings.rescale`;
    None: as the returns of a `MuZeroNetwork` want it). `graph`, `compiled` and `channels_last` are there for
    measurements and have no effect but on CUDA; so are `initial` and `recurrent`, the two network calls of a search.
    """

    def __init__(
        self,
        network: MuZeroNetwork | SearchModel,
        settings: SearchSettings,
        num_actions: int,
        device: torch.device | str = "cpu",
        *,
        rescale: bool | None = None,
        kernels: TreeKernels | None = None,
        graph: bool = True,
        compiled: bool = True,
        channels_last: bool = True,
    ) -> None:
        _check(settings, num_actions)
        self.settings = settings
        self.num_actions = num_actions
        self.device = torch.device(device)
        on_cuda = self.device.type == "cuda"
        self._kernels = kernels if kernels is not None else default_kernels(self.device)
        self._graphed = graph and on_cuda
        self._channels_last = channels_last and on_cuda
        self._dtype = torch.bfloat16 if on_cuda else torch.float32
        self._network = self._prepared(network) if isinstance(network, MuZeroNetwork) else None
        self._model: SearchModel = network if self._network is None else self._network
        vectors = self._network is not None and self._network.config.stem is Stem.VECTOR
        self._observed = torch.float32 if vectors else self._dtype
        self._candidates = min(settings.considered, num_actions)
        self._children = min(settings.children, num_actions)
        if rescale is None:
            rescale = self._network is not None and self._network.returns.rescales
        depth = settings.depth or settings.simulations
        self._selection = SelectionSettings(depth, settings.c_visit, settings.c_scale, rescale, settings.min_range)
        self._memories: dict[tuple[int, ...], _SearchMemory] = {}
        self.before_simulation: Callable[[int], None] = _nothing  # of B games, on a CPU; what it raises ends a search
        self.initial: Callable[..., Any] = self._initial_inference
        self.recurrent: Callable[..., Any] = self._recurrent_inference
        if compiled and on_cuda and self._network is not None:
            self.initial = torch.compile(self.initial, dynamic=False, fullgraph=True)
            self.recurrent = torch.compile(self.recurrent, dynamic=False, fullgraph=True)

    def run(
        self,
        observation: Tensor,
        legal: Tensor,
        *,
        noise: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> SearchOutput:
        """Search from float[B, planes, H, W] with legal actions bool[B, A].

        `noise` is float32[B, A] Gumbel(0, 1) (zeros: play without noise); without it noise is drawn from `generator`,
        which is one of this device. Rows without a legal action (finished games) give action 0, the network's value,
        no target (all -1) and a divergence of 0. The answer is the caller's own. On CUDA this returns before the
        device has finished.
        """
        if legal.shape != (len(observation), self.num_actions):
            shape = [len(observation), self.num_actions]
            raise ValueError(f"the legal actions must be bool{shape}, not of shape {list(legal.shape)}")
        with torch.no_grad():
            memory = self._memory(observation)
            memory.observation.copy_(observation, non_blocking=True)
            memory.legal.copy_(legal, non_blocking=True)
            if noise is not None:
                memory.noise.copy_(noise, non_blocking=True)
            else:
                memory.noise.exponential_(generator=generator).clamp_min_(MIN_EXPONENTIAL).log_().neg_()
            if not self._graphed:
                return self._search(memory)
            if memory.graph is None:
                self._capture(memory)
            memory.graph.replay()
            assert memory.output is not None
            return _copied(memory.output)

    @torch.no_grad()
    def values(self, observation: Tensor) -> Tensor:
        """Return the network's own values float32[B] of float[B, planes, H, W], which `run` searches from."""
        value: Tensor = self.initial(observation.to(self._observed))[2]
        return value.float()

    @torch.no_grad()
    def update_weights(self, network: MuZeroNetwork) -> None:
        """Play with the weights of `network`, which has the configuration of the first; captured graphs stay valid.

        Raises TypeError where the search was made for another model.
        """
        if self._network is None:
            raise TypeError("only a search over a MuZeroNetwork can take new weights")
        if network.config != self._network.config:
            raise ValueError("new weights must come from a network of the same configuration")
        for current, new in zip(self._network.parameters(), network.folded().parameters(), strict=True):
            current.copy_(new)

    def _prepared(self, network: MuZeroNetwork) -> MuZeroNetwork:
        folded = network.folded().to(self.device, self._dtype)
        return folded.to(memory_format=torch.channels_last) if self._channels_last else folded  # type: ignore[call-overload]  # torch's stub lacks a lone memory_format

    def _memory(self, observation: Tensor) -> _SearchMemory:
        memory = self._memories.get(tuple(observation.shape))
        if memory is not None:
            return memory
        batch, actions = len(observation), self.num_actions
        static = torch.empty(observation.shape, dtype=self._observed, device=self.device)
        static.copy_(observation)
        latent = self._model.initial_inference(static).latent
        schedule = torch.tensor(
            halving_schedule(self._candidates, self.settings.simulations), dtype=torch.int32, device=self.device
        )
        tree = SearchTree.empty(batch, max(self._children, self._candidates), schedule)
        memory = _SearchMemory(
            observation=static,
            legal=torch.zeros(batch, actions, dtype=torch.bool, device=self.device),
            noise=torch.zeros(batch, actions, device=self.device),
            tree=tree,
            latents=torch.zeros(tree.nodes * batch, latent[0].numel(), dtype=latent.dtype, device=self.device),
            shape=latent.shape[1:],
        )
        self._memories[tuple(observation.shape)] = memory
        return memory

    def _initial_inference(self, observation: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        root = self._model.initial_inference(observation)
        return root.latent, root.policy_logits, root.value

    def _recurrent_inference(
        self, latents: Tensor, row: Tensor, action: Tensor, shape: torch.Size
    ) -> tuple[Tensor, ...]:
        step = self._model.recurrent_inference(self._as_latents(latents.index_select(0, row), shape), action)
        return step.latent, step.reward, step.discount, step.policy_logits, step.value

    def _as_latents(self, rows: Tensor, shape: torch.Size) -> Tensor:
        """Return a view of stored rows [B, latent size] as latents [B, *shape], in the model's order of memory."""
        if self._channels_last and len(shape) == 3:
            channels, height, width = shape
            return rows.view(-1, height, width, channels).permute(0, 3, 1, 2)
        return rows.view(-1, *shape)

    def _search(self, memory: _SearchMemory) -> SearchOutput:
        tree, kernels = memory.tree, self._kernels
        alive = memory.legal.any(dim=1)
        legal = memory.legal.clone()
        legal[:, 0] |= ~alive
        latent, logits, value = self.initial(memory.observation)
        self._as_latents(memory.latents[: tree.batch], memory.shape).copy_(latent)
        prior = torch.where(legal, logits.float(), -torch.inf)
        allowed = widened(prior, self.settings.root_policy_temperature, self.settings.even_prior_share)
        plant_roots(tree, kernels, allowed, value, legal, memory.noise)
        for simulation in range(self.settings.simulations):
            if not self._graphed:
                self.before_simulation(tree.batch)
            kernels.select(tree, simulation, self._selection)
            chosen = tree.selection
            latent, reward, discount, logits, value = self.recurrent(
                memory.latents, chosen.latent, chosen.action, memory.shape
            )
            first = (simulation + 1) * tree.batch
            self._as_latents(memory.latents[first : first + tree.batch], memory.shape).copy_(latent)
            kernels.expand(tree, logits, self._children)
            kernels.backup(tree, reward, discount, value)
        targets = self.settings.target_actions
        output = improve_policies(tree, kernels, allowed, self._selection, targets, prior, memory.noise)
        return SearchOutput(
            action=output.action,
            value=torch.where(alive, output.value, tree.raw_value[:, 0]),
            target_actions=output.target_actions.masked_fill(~alive[:, None], -1),
            target_probs=output.target_probs * alive[:, None],
            divergence=output.divergence * alive,
            raw_value=output.raw_value,
            unlikely=output.unlikely,
        )

    def _capture(self, memory: _SearchMemory) -> None:
        side = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]  # torch's own
        side.wait_stream(torch.cuda.current_stream(self.device))
        many = torch._dynamo.config.patch(recompile_limit=COMPILED_SHAPES, accumulated_recompile_limit=COMPILED_SHAPES)
        with torch.cuda.stream(side), many:
            for _ in range(WARM_UPS):
                self._search(memory)
        torch.cuda.current_stream(self.device).wait_stream(side)
        memory.graph = torch.cuda.CUDAGraph()
        # thread_local: what other threads (NCCL's watchdog, copies for rules workers) do meanwhile is no error
        with torch.cuda.graph(memory.graph, capture_error_mode="thread_local"):
            memory.output = self._search(memory)


def _nothing(_games: int) -> None:
    pass


def default_kernels(device: torch.device) -> TreeKernels:
    """Return Triton's kernels on CUDA, torch's elsewhere."""
    if device.type != "cuda":
        return TorchKernels()
    from muzero_engine.training.search.triton_kernels import TritonKernels

    return TritonKernels()


def _check(settings: SearchSettings, num_actions: int) -> None:
    for name in ("simulations", "considered", "children", "target_actions"):
        if getattr(settings, name) < 1:
            raise ValueError(f"the search's {name} must be 1 or more, not {getattr(settings, name)}")
    if settings.min_range <= 0.0:
        raise ValueError(f"the search's min_range must be more than 0, not {settings.min_range}")
    if settings.depth < 0:
        raise ValueError(f"the search's depth must be 0 (no settings) or more, not {settings.depth}")
    if num_actions < 1:
        raise ValueError(f"the search needs at least one action, not {num_actions}")


def _copied(output: SearchOutput) -> SearchOutput:
    return SearchOutput(
        action=output.action.clone(),
        value=output.value.clone(),
        target_actions=output.target_actions.clone(),
        target_probs=output.target_probs.clone(),
        divergence=output.divergence.clone(),
        raw_value=output.raw_value.clone(),
        unlikely=output.unlikely.clone(),
    )

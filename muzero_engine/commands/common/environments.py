"""Networks of environments, and the engine's search playing with them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from muzero_engine.arrays import Doubles
from muzero_engine.engine.options import EngineOptions
from muzero_engine.environments.base import Observation
from muzero_engine.inference.bundle import default_weights_dir, default_weights_dirs, load_bundle, read_manifest
from muzero_engine.inference.manifest import BadWeights, EnvironmentDescription
from muzero_engine.inference.session import Backend, OnnxModel, Precision
from muzero_engine.model import Model
from muzero_engine.search.config import RootPolicy, SearchConfig
from muzero_engine.search.scoring import completed_q, least_range, rescaled, sigma, softmax
from muzero_engine.search.search import RootChild, Search

LEAST_PRIOR = 1e-12
NODES_A_BATCH = 64  # of a small search: with fewer, leaves of a batch are chosen with too little knowledge
MOST_BATCH = 8


@dataclass(frozen=True, slots=True)
class Thought:
    """What a search found at one step of an episode. Values are discounted returns from the step on."""

    action: int
    value: float  # under the improved policy
    network_value: float  # without a search
    reward: float  # that the model expects of the action
    prior: Doubles  # float64[A], the network's policy
    policy: Doubles  # float64[A], the improved one


class EnvironmentPlayer:
    """Searches for one step after another of one environment. One thread at a time."""

    def __init__(self, model: Model, described: EnvironmentDescription, options: EngineOptions, nodes: int) -> None:
        """Make a player that searches `nodes` simulations a step, as `described` says."""
        self._nodes = nodes
        self._actions = np.arange(described.spec.actions, dtype=np.int64)
        self._config = SearchConfig(
            root_policy=RootPolicy(options.root_search),
            c1=options.c_puct,
            fpu_reduction=options.fpu_reduction,
            policy_temperature=options.policy_temperature,
            batch_size=options.minibatch_size or min(max(nodes // NODES_A_BATCH, 1), MOST_BATCH),
            memory_mb=options.hash_mb,
            c_scale=described.c_scale,
            min_range=described.min_range,
            rescale=True,
        )
        self._search = Search(model, self._config)

    @property
    def batch_size(self) -> int:
        """Return how many leaves are evaluated at once."""
        return self._config.batch_size

    def think(self, observation: Observation) -> Thought:
        """Return what to do where this is seen, [planes, rows, columns]."""
        search = self._search
        search.start(observation, self._actions, {})
        while search.simulations < self._nodes:
            search.step(self._nodes - search.simulations)
        children = search.root_moves()
        by_action = sorted(children, key=lambda child: child.action)
        policy, value = self._improved(by_action)
        best = children[0]
        return Thought(
            action=best.action,
            value=value,
            network_value=search.root_value,
            reward=search.reward(best.node),
            prior=np.array([child.prior for child in by_action]),
            policy=policy,
        )

    def _improved(self, children: Sequence[RootChild]) -> tuple[Doubles, float]:
        """Return the improved policy float64[A] and the root's value under it; Danihelka et al. 2022, section 4."""
        config = self._config
        visits = np.array([child.visits for child in children], dtype=np.int64)
        prior = np.array([child.prior for child in children])
        completed = completed_q(self._search.root_value, prior, np.array([child.q for child in children]), visits)
        scaled = rescaled(completed, least_range(self._search.value, config.min_range))
        bonus = sigma(scaled, int(visits.max()), config.c_visit, config.c_scale)
        policy = softmax(np.log(np.maximum(prior, LEAST_PRIOR)) + bonus)
        return policy, float((policy * completed).sum())


def environment_weights(environment_id: str) -> Path:
    """Return the folder of the weights that come along for an environment. Raises BadWeights where there are none."""
    folder = default_weights_dir(environment_id)
    if folder.is_dir():
        return folder
    raise BadWeights(
        f"no weights for {environment_id} come along, only for {shipped_environments()}: --weights says where others "
        f"are, and muzero-engine train --env {environment_id} makes some"
    )


def shipped_environments() -> str:
    """Return the names of the environments that weights come along for."""
    manifests = []
    for folder in default_weights_dirs():
        with contextlib.suppress(BadWeights):
            manifests.append(read_manifest(folder))
    return ", ".join(manifest.game for manifest in manifests if manifest.environment is not None) or "none"


def environment_model(folder: Path, options: EngineOptions) -> tuple[OnnxModel, EnvironmentDescription]:
    """Return the network in a folder and what it is of. Raises BadWeights, also for a board game's, or
    BackendUnavailable."""
    bundle = load_bundle(folder)
    environment = bundle.manifest.environment
    if environment is None:
        raise BadWeights(
            f"the weights in {folder} are for {bundle.manifest.game}, a board game: muzero-engine play plays it"
        )
    model = OnnxModel(
        bundle,
        backend=Backend(options.backend),
        precision=Precision(options.precision),
        threads=options.threads,
    )
    return model, environment

"""One group of slots: rules, search and the games in progress.

`launch` queues a search on the device and returns at once (on CUDA), `dispatch` waits for its moves and hands them to
the rules, `settle` waits for the rules and gathers the games that ended. Two groups in turn keep both sides busy: while
the device searches one, the rules of the other run.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from muzero_engine.games.base import GameSpec
from muzero_engine.training.config import SelfPlaySettings
from muzero_engine.training.observations import observations, unpacked_bits
from muzero_engine.training.self_play.branches import Branches
from muzero_engine.training.self_play.rules import KEEP, START, RulesSettings
from muzero_engine.training.self_play.statistics import GameCounts
from muzero_engine.training.self_play.trajectories import Trajectories, to_device
from muzero_engine.training.self_play.workers import RulesPool
from muzero_engine.training.types import BadState, FinishedGames, RootSearch, SearchOutput


def chosen_actions(
    output: SearchOutput, sampled: Tensor, generator: torch.Generator, temperature: float = 1.0
) -> Tensor:
    """Return int64[B]: drawn from improved policy ** (1 / temperature) where `sampled`, else the search's own choice.

    `sampled` is bool[B].
    """
    probs = output.target_probs ** (1.0 / temperature)
    mass = probs.cumsum(dim=1)
    uniform = torch.rand((len(probs), 1), generator=generator, device=probs.device)
    index = (mass <= uniform * mass[:, -1:]).sum(dim=1)
    last = (output.target_actions >= 0).sum(dim=1) - 1  # rounding may go past it
    drawn = output.target_actions.gather(1, torch.minimum(index, last).unsqueeze(1)).squeeze(1)
    return torch.where(sampled, drawn, output.action)


def with_unlikely(action: Tensor, output: SearchOutput, share: float, generator: torch.Generator) -> Tensor:
    """Return int64[B]: `action`, or in a share of the rows the legal action that was drawn as likely as the network
    thinks it unlikely, so that no action dies out.

    An action whose prior has fallen to nothing is never searched, so never played, so never learnt of: g imagines
    nonsense behind it, and its value looks bad for ever. `SearchSettings.even_prior_share` lets it be searched as well.
    (AlphaZero's noise at the root does that by chance: Silver et al. 2018.)
    """
    chance = torch.rand(len(action), generator=generator, device=action.device)
    alive = output.target_actions[:, 0] >= 0
    return torch.where(alive & (chance < share), output.unlikely, action)


class SlotGroup:
    """B slots that are searched together; `index` is their number in the pool of the rules."""

    def __init__(
        self,
        *,
        index: int,
        pool: RulesPool,
        rules: RulesSettings,
        settings: SelfPlaySettings,
        spec: GameSpec,
        search: RootSearch,
        fast_search: RootSearch | None,
        target_actions: int,
        device: torch.device,
        dtype: torch.dtype,
        keep_legal: bool,
        keep_surprise: bool,
    ) -> None:
        self.slots = rules.slots
        self._index, self._pool, self._buffers = index, pool, pool.buffers[index]
        self._settings, self._spec, self._shape = settings, spec, rules.shape
        self._search, self._fast_search = search, fast_search
        self._device, self._dtype = device, dtype
        self._actions = spec.num_actions(rules.shape)
        self._trajectories = Trajectories(
            rules.slots, rules.cap, spec, rules.shape, target_actions, device, keep_legal, keep_surprise
        )
        self._streaks = np.zeros((rules.slots, 2), dtype=np.int64)  # own turns in a row below the resign value
        self._would_resign = np.full(rules.slots, -1, dtype=np.int8)  # who would first have, where nobody may
        self._lost = np.zeros(rules.slots, dtype=np.bool_)  # at the last dispatch: whether the mover would resign
        self._must_go_on = np.zeros(rules.slots, dtype=np.bool_)  # at the last dispatch: whether nobody may resign
        self._mover = np.zeros(rules.slots, dtype=np.int64)  # at the last dispatch: the player to move, 0 or 1
        self._ply = np.zeros(rules.slots, dtype=np.int64)
        self._openings = np.zeros(rules.slots, dtype=np.int64)  # plies that the games began with and nobody searched
        self._skipped = np.zeros(rules.slots, dtype=np.int64)  # of them: plies that are not learnt from
        self._branches = Branches(rules.slots, device) if settings.branch_share else None
        self._host_action = torch.zeros(rules.slots, dtype=torch.int64, pin_memory=device.type == "cuda")
        self._host_value = torch.zeros(rules.slots, dtype=torch.float32, pin_memory=device.type == "cuda")
        self._searched = torch.cuda.Event() if device.type == "cuda" else None  # type: ignore[no-untyped-call]  # torch leaves it untyped

    def start(self) -> None:
        """Begin game `Buffers.number` in every slot."""
        self._buffers.action[:] = START
        self._buffers.resigns[:] = False
        self._pool.submit(self._index)
        self._pool.wait(self._index)
        self._streaks[:] = 0
        self._would_resign[:] = -1
        self._begin_games()

    def launch(self, generator: torch.Generator, *, full: bool = True) -> SearchOutput:
        """Search all slots; not `full`: with the fast search, whose policy is played but not learnt."""
        search = self._search if full or self._fast_search is None else self._fast_search
        ply = to_device(self._ply, self._device)
        legal = to_device(self._buffers.legal, self._device)
        self._trajectories.write_positions(ply, to_device(self._buffers.packed, self._device), legal)
        history, present = self._trajectories.history(ply)
        observation = observations(history, present, self._spec, self._shape, self._dtype)
        allowed = unpacked_bits(legal, self._actions).to(torch.bool)
        output = search.run(observation, allowed, generator=generator)
        sampled = ply < self._settings.temperature_plies
        action = chosen_actions(output, sampled, generator, self._settings.temperature)
        if self._settings.rare_share:
            action = with_unlikely(action, output, self._settings.rare_share, generator)
        self._trajectories.record(ply, action, output, policy=full)
        self._host_action.copy_(action, non_blocking=True)
        self._host_value.copy_(output.value, non_blocking=True)
        if self._branches is not None:
            self._branches.launch(output, action)
        if self._searched is not None:
            self._searched.record()
        return output

    def dispatch(self) -> None:
        """Wait for the search and let the rules play its moves, or resign lost games. Raises RulesError."""
        if self._searched is not None:
            self._searched.synchronize()
        buffers, settings = self._buffers, self._settings
        slots, mover = np.arange(self.slots), buffers.packed[:, -1].astype(np.int64)
        streak = np.where(self._host_value.numpy() < settings.resign_value, self._streaks[slots, mover] + 1, 0)
        self._streaks[slots, mover] = streak
        self._lost, self._must_go_on = streak >= settings.resign_turns, ~buffers.resignable
        self._mover = mover
        buffers.resigns[:] = self._lost
        buffers.action[:] = self._host_action.numpy()
        if self._branches is not None:
            self._branches.take(self._ply)
            buffers.branch_ply[:], buffers.branch_action[:] = self._branches.ply, self._branches.action
        self._pool.submit(self._index)

    def settle(self, counts: GameCounts) -> FinishedGames | None:
        """Wait for the rules; count and return the games that ended, by slot. Raises RulesError."""
        self._pool.wait(self._index)
        buffers = self._buffers
        saved = np.flatnonzero(self._lost & ~buffers.resigns)  # by the rules, which the network may not see
        self._streaks[saved, self._mover[saved]] = 0
        watched = buffers.resigns & self._must_go_on & (self._would_resign < 0)
        self._would_resign[watched] = self._mover[watched]
        slots = np.flatnonzero(buffers.done)
        games = None
        if len(slots):
            lengths, results = self._ply[slots] + 1, buffers.result[slots]
            ownership = buffers.ownership[slots] if self._spec.ownership else None
            games = self._trajectories.take(
                slots,
                lengths,
                results,
                buffers.by_rules[slots],
                ownership,
                self._openings[slots],
                self._skipped[slots],
            )
            counts.add(lengths, results, buffers.reason[slots], self._would_resign[slots])
            self._streaks[slots] = 0
            self._would_resign[slots] = -1
        self._begin_games()
        return games

    def _begin_games(self) -> None:
        """Take over the plies of the slots and the beginnings of new games."""
        buffers = self._buffers
        branched = buffers.origin != buffers.number
        fresh = np.flatnonzero(buffers.fresh & ~branched)
        if len(fresh):
            self._trajectories.write_openings(
                fresh, buffers.opening[fresh], buffers.opening_packed[fresh], buffers.opening_action[fresh]
            )
        if self._branches is not None and len(new := np.flatnonzero(buffers.fresh & branched)):
            self._trajectories.write_branches(new, buffers.opening[new], self._branches.action[new])
        fresh = np.flatnonzero(buffers.fresh)
        self._openings[fresh] = buffers.opening[fresh]
        self._skipped[fresh] = self._known_before()[fresh]
        if self._branches is not None:
            self._branches.forget(fresh)
        self._ply = buffers.ply.astype(np.int64)

    def _known_before(self) -> npt.NDArray[np.int64]:
        """Return int64[B]: the plies of branches that are in the replay already, but for those that are history."""
        branched = self._buffers.origin != self._buffers.number
        return np.where(branched, np.maximum(self._openings - (self._spec.layout.history - 1), 0), 0)

    def state(self) -> dict[str, Tensor]:
        """Return the games in progress, on the CPU. Positions are left out: the rules make them again."""
        return {
            "number": torch.from_numpy(self._buffers.number.copy()),
            "ply": torch.from_numpy(self._ply.copy()),
            "streaks": torch.from_numpy(self._streaks.copy()),
            "would_resign": torch.from_numpy(self._would_resign.copy()),
            **self._branch_state(),
            **self._trajectories.state(self._ply),
        }

    def _branch_state(self) -> dict[str, Tensor]:
        """Return what a game that branched does not have of its own number; nothing where none branches."""
        if self._branches is None:
            return {}
        arrays = {
            "origin": self._buffers.origin,
            "resignable": self._buffers.resignable,
            "openings": self._openings,
        }
        return {name: torch.from_numpy(array.copy()) for name, array in arrays.items()} | self._branches.state()

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Take up saved games by playing their moves again. Raises BadState, RulesError."""
        plies = state["ply"].numpy().astype(np.int64)
        if len(plies) != self.slots:
            raise BadState(f"the saved games fill {len(plies)} slots, not {self.slots}: self_play.games was different")
        if plies.max(initial=0) >= self._trajectories.plies:
            raise BadState("a saved game is longer than self_play.max_plies allows")
        if state["target_actions"].shape[1] != self._trajectories.target_actions:
            raise BadState("the saved games have another number of target actions: search.target_actions was different")
        self._buffers.number[:] = state["origin" if self._branches is not None else "number"].numpy()
        self.start()
        actions = np.zeros((self.slots, self._trajectories.plies), dtype=np.int64)
        actions[np.arange(actions.shape[1]) < plies[:, None]] = state["action"].numpy()
        self._check_openings(plies, actions)
        while (behind := self._ply < plies).any():
            packed, legal = (to_device(array, self._device) for array in (self._buffers.packed, self._buffers.legal))
            self._trajectories.write_positions(to_device(self._ply, self._device), packed, legal)
            self._buffers.action[:] = np.where(behind, actions[np.arange(self.slots), self._ply], KEEP)
            self._pool.submit(self._index)
            self._pool.wait(self._index)
            if self._buffers.done.any():
                raise BadState(
                    "a saved game that was not over is over by these rules: self_play.max_plies was different"
                )
            self._ply = self._buffers.ply.astype(np.int64)
        self._trajectories.load_state(plies, state)
        if self._branches is not None:
            self._buffers.number[:] = state["number"].numpy()
            self._buffers.resignable[:] = state["resignable"].numpy()
            self._openings[:] = state["openings"].numpy()
            self._skipped = self._known_before()
            self._branches.load_state(state)
        self._streaks[:] = state["streaks"].numpy()
        self._would_resign[:] = state["would_resign"].numpy()

    def _check_openings(self, plies: np.ndarray, actions: np.ndarray) -> None:
        buffers = self._buffers
        count = np.arange(buffers.opening_action.shape[1]) < buffers.opening[:, None]
        saved = actions[:, : count.shape[1]]
        if (buffers.opening > plies).any() or (count & (buffers.opening_action != saved)).any():
            raise BadState("the saved games began otherwise: seed or opening settings were different")

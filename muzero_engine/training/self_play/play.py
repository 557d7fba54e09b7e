"""Self-play: thousands of games at once, searched on the device, played by the rules in worker processes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from muzero_engine.games.base import Shape
from muzero_engine.games.registry import load_game
from muzero_engine.training.board_settings import group_sizes, ply_cap
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.self_play.rules import RulesSettings
from muzero_engine.training.self_play.slot_group import SlotGroup
from muzero_engine.training.self_play.statistics import GameCounts
from muzero_engine.training.self_play.turns import GroupsInTurn
from muzero_engine.training.self_play.workers import LeftBehind, RulesPool, default_workers
from muzero_engine.training.types import FinishedGames, RootSearch, Stopped

GROUPS = 2  # of each board


class SelfPlay(GroupsInTurn[SlotGroup]):
    """The games of one rank. With the same seed, searches and device it always plays the same games.

    `searches` has one search for each board of `group_sizes`, which also says the size of its batches. Each board has
    two groups of slots that take turns, see `GroupsInTurn`.

    With a `full_search_share` below 1 (playout cap randomisation, Wu 2019, section 3.1) every turn of a group is drawn
    to be full or fast. A fast one uses `fast_searches`, moves its games on at little cost, and has no policy target.
    """

    def __init__(
        self,
        config: TrainConfig,
        searches: Mapping[Shape, RootSearch],
        device: torch.device,
        rank: int = 0,
        world: int = 1,
        dtype: torch.dtype = torch.float32,
        workers: int | None = None,
        fast_searches: Mapping[Shape, RootSearch] | None = None,
    ) -> None:
        """Begin all games.

        `dtype` is that of the observations; `workers` overrides the number that settings and device suggest.

        Raises ValueError where `fast_searches` are needed and missing.
        """
        settings, spec = config.self_play, load_game(config.game).spec
        rules = []
        first_slot = 0
        for shape, slots in group_sizes(settings, spec).items():
            for _ in range(GROUPS):
                rules.append(
                    RulesSettings(
                        game=config.game,
                        shape=shape,
                        slots=slots,
                        first_slot=first_slot,
                        seed=config.seed,
                        rank=rank,
                        cap=ply_cap(settings, spec, shape),
                        opening_plies=settings.opening_plies,
                        decisive_moves=settings.decisive_moves,
                        no_resign_share=settings.no_resign_share,
                        branch_share=settings.branch_share,
                        komi=settings.komi,
                        komi_spread=settings.komi_spread,
                    )
                )
                first_slot += slots
        if workers is None:
            workers = settings.workers or (default_workers(world) if device.type == "cuda" else 0)
        self._full_share = settings.full_search_share
        if self._full_share < 1 and fast_searches is None:
            raise ValueError("a self_play.full_search_share below 1 needs fast searches")
        self._turns = torch.Generator().manual_seed((config.seed * 65_539 + rank) % 2**63)  # which are full
        pool = RulesPool(rules, workers)
        groups = [
            SlotGroup(
                index=index,
                pool=pool,
                rules=group,
                settings=settings,
                spec=spec,
                search=searches[group.shape],
                fast_search=None if fast_searches is None else fast_searches[group.shape],
                target_actions=config.search.target_actions,
                device=device,
                dtype=dtype,
                keep_legal=config.replay.reanalyse_share > 0,
                keep_surprise=config.replay.draws_by_surprise,
            )
            for index, group in enumerate(rules)
        ]
        super().__init__(pool, groups, seed=config.seed, rank=rank, device=device)
        self.statistics = GameCounts().statistics(0, 0, 0.0, 0.0, 0.0)  # of the last call of `play`
        self._searched = 0  # moves of this call that had a full search
        self._start()

    @property
    def failure(self) -> None:
        """Return nothing: what the rules find wrong is raised."""
        return None

    @property
    def notice(self) -> str:
        """Return nothing: saved games go on as they were."""
        return ""

    def play(
        self,
        plies: int,
        meanwhile: Callable[[], None] | None = None,
        stop: Callable[[], bool] | None = None,
        due: Callable[[], bool] = lambda: False,
    ) -> list[FinishedGames]:
        """Play at least this many moves (whole rounds of all slots); return the games that ended. Raises RulesError.

        `meanwhile` is called whenever the rules of a group have been set to work: what it queues on the device runs
        while they do. Games are in the order in which they ended, by round, group and slot, with those of one board
        together.

        `stop` is asked before every turn of a group; where it says yes, the moves that were only searched are dropped,
        and that is all. A search that raises Stopped is dropped as well: `stop` must say yes from then on.

        `due` is asked while workers are waited for: whether this rank is to stop, so that `stop` will say yes from then
        on. One that hangs is left behind then, as `left` says, with all games in progress.
        """
        self._pool.due = due
        started = time.perf_counter()
        counts = GameCounts()
        sums = torch.zeros(2, dtype=torch.float64, device=self._device)  # divergence, absolute root value
        self.moves = self.games = self._searched = 0
        full_moves = 0
        ended: dict[Shape, list[FinishedGames]] = {}
        rounds = self._rounds(plies)
        at_rules: list[SlotGroup] = []  # groups whose moves the rules have
        with contextlib.suppress(Stopped):
            full = {group: self._launch(group, sums) for group in self._groups}
        for remaining, group in ((n, group) for n in reversed(range(rounds)) for group in self._groups):
            if stop is not None and stop():
                break
            group.dispatch()
            at_rules.append(group)
            self.moves += group.slots
            full_moves += group.slots if full[group] else 0
            if meanwhile is not None:
                meanwhile()
            if remaining:
                at_rules.remove(group)
                with contextlib.suppress(Stopped, LeftBehind):
                    self._keep(ended, group.settle(counts))
                    full[group] = self._launch(group, sums)
        for group in at_rules:
            with contextlib.suppress(LeftBehind):
                self._keep(ended, group.settle(counts))
        divergence, root_value = (sums / max(self._searched, 1)).tolist()
        seconds = time.perf_counter() - started
        self.statistics = counts.statistics(self.moves, full_moves, seconds, divergence, root_value)
        return [FinishedGames.cat(parts) for parts in ended.values()]

    def _launch(self, group: SlotGroup, sums: Tensor) -> bool:
        """Search for a group; return whether that was a full search."""
        full = self._full_share == 1 or bool(torch.rand((), generator=self._turns) < self._full_share)
        output = group.launch(self._generator, full=full)
        if full:
            self._searched += group.slots
            sums += torch.stack([output.divergence.sum(), output.value.abs().sum()])
        return full

    def _keep(self, ended: dict[Shape, list[FinishedGames]], games: FinishedGames | None) -> None:
        if games is not None:
            ended.setdefault(games.shape, []).append(games)
            self.games += len(games.lengths)

    def state(self) -> dict[str, Tensor]:
        """Return all that `load_state` needs to go on exactly here, on the CPU. Call it between calls of `play`."""
        state = self._state()
        if state and self._full_share < 1:
            state["generator.turns"] = self._turns.get_state()
        return state

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on where `state` was taken. Raises BadState where the settings were others.

        Random numbers go on exactly only on the same kind of device.
        """
        for group, part in self._states_of_groups(state, "games"):
            group.load_state(part)
        self._load_generator(state)
        if (turns := state.get("generator.turns")) is not None:
            self._turns.set_state(turns)

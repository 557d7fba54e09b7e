"""Self-play in an environment: many copies at once, searched on the device, stepped in worker processes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor

from muzero_engine.environments.base import EnvironmentFailed, EnvironmentSpec
from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.training.config import SelfPlaySettings
from muzero_engine.training.episodes.group import EpisodeGroup
from muzero_engine.training.episodes.pool import EnvironmentPool, environment_workers
from muzero_engine.training.episodes.rows import EpisodeRows
from muzero_engine.training.episodes.slots import EnvironmentGroup
from muzero_engine.training.episodes.statistics import EpisodeCounts
from muzero_engine.training.self_play.turns import GroupsInTurn
from muzero_engine.training.self_play.workers import LeftBehind
from muzero_engine.training.types import RootSearch, Stopped

GROUPS = 2


class EpisodePlay(GroupsInTurn[EpisodeGroup]):
    """The episodes of one rank. With the same seed, search and device it always plays the same episodes.

    Two groups of slots take turns, see `GroupsInTurn`.
    """

    def __init__(
        self,
        spec: EnvironmentSpec,
        settings: EnvironmentSettings,
        search: RootSearch,
        *,
        self_play: SelfPlaySettings,
        target_actions: int,
        seed: int,
        device: torch.device,
        rank: int = 0,
        world: int = 1,
        dtype: torch.dtype = torch.float32,
        workers: int | None = None,
        clip_rewards: bool = False,
    ) -> None:
        """Begin all episodes.

        `dtype` is that of the search's planes; `workers` overrides the number that settings and device suggest, which
        is at least one. With `clip_rewards` rows have the rewards' signs, statistics have them whole. Raises
        EnvironmentFailed.
        """
        slots = max(1, self_play.games // GROUPS)
        parts = [
            EnvironmentGroup(settings=settings, spec=spec, slots=slots, first_slot=index * slots, seed=seed, rank=rank)
            for index in range(GROUPS)
        ]
        if workers is None:
            workers = environment_workers(self_play.workers, on_gpu=device.type == "cuda", ranks=world)
        self.spec = spec
        pool = EnvironmentPool(parts, workers)
        groups = [
            EpisodeGroup(
                index=index,
                pool=pool,
                group=group,
                settings=self_play,
                search=search,
                target_actions=target_actions,
                device=device,
                dtype=dtype,
                clip_rewards=clip_rewards,
            )
            for index, group in enumerate(parts)
        ]
        super().__init__(pool, groups, seed=seed, rank=rank, device=device)
        self.statistics = EpisodeCounts().statistics(0.0, 0.0, 0.0)  # of the last call of `play`
        self.failure: RuntimeError | None = None  # why nothing more can be played
        self.notice = ""  # what `load_state` has to say to people
        self._start()

    def play(
        self,
        plies: int,
        meanwhile: Callable[[], None] | None = None,
        stop: Callable[[], bool] | None = None,
        due: Callable[[], bool] = lambda: False,
    ) -> list[EpisodeRows]:
        """Take at least so many steps (whole rounds of all slots); return the rows of each group.

        `meanwhile` is called whenever the environments of a group have been set to work: what it queues on the device
        runs while they do. `stop` is asked before every turn of a group; where it says yes, the actions that were only
        searched are dropped, and that is all. A search that raises Stopped is dropped as well: `stop` must say yes from
        then on. Where an environment fails, `failure` says so and `stop` is asked once more, as other ranks do; the
        rows that were whole before are returned. Raises that failure where it is of an earlier call.

        `due` is as in `SelfPlay.play`: an environment that hangs is left behind, as `left` says, with all episodes in
        progress.
        """
        if self.failure is not None:
            raise self.failure
        self._pool.due = due
        started = time.perf_counter()
        counts = EpisodeCounts()
        sums = torch.zeros(2, dtype=torch.float64, device=self._device)  # divergence, absolute root value
        searched = self.moves = self.games = 0
        rounds = self._rounds(plies)
        for group in self._groups:
            group.begin(rounds)
        at_work: list[EpisodeGroup] = []  # groups whose environments have their actions
        with contextlib.suppress(Stopped):
            for group in self._groups:
                searched += self._launch(group, sums)
        for remaining, group in ((n, group) for n in reversed(range(rounds)) for group in self._groups):
            if (stop is not None and stop()) or self.failure is not None:
                break
            with self._failure_kept():
                group.dispatch()
                at_work.append(group)
            if meanwhile is not None:
                meanwhile()
            if remaining and group in at_work:
                at_work.remove(group)
                with self._failure_kept(), contextlib.suppress(Stopped, LeftBehind):
                    self._settle(group, counts)
                    searched += self._launch(group, sums)
        for group in at_work:
            with self._failure_kept(), contextlib.suppress(LeftBehind):
                self._settle(group, counts)
        divergence, root_value = (sums / max(searched, 1)).tolist()
        self.statistics = counts.statistics(time.perf_counter() - started, divergence, root_value)
        return [rows for group in self._groups if (rows := group.rows()).count]

    def _launch(self, group: EpisodeGroup, sums: Tensor) -> int:
        output = group.launch(self._generator)
        sums += torch.stack([output.divergence.sum(), output.value.abs().sum()])
        return group.slots

    def _settle(self, group: EpisodeGroup, counts: EpisodeCounts) -> None:
        group.settle(counts)
        self.moves, self.games = counts.steps, counts.episodes

    @contextlib.contextmanager
    def _failure_kept(self) -> Iterator[None]:
        try:
            yield
        except EnvironmentFailed as error:
            self.failure = self.failure or error

    def state(self) -> dict[str, Tensor]:
        """Return all that `load_state` needs to go on exactly here, on the CPU. Call it between calls of `play`.

        After a failure there is nothing to go on with.
        """
        if self.failure is not None:
            return {}
        return self._state()

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on where `state` was taken. Raises BadState where the settings were others, EnvironmentFailed.

        Environments come to where they were by playing their episodes again. Where one is not the same then, it begins
        another episode, and `notice` says so. Random numbers go on exactly only on the same kind of device.
        """
        others = 0
        for group, part in self._states_of_groups(state, "episodes"):
            others += group.load_state(part)
        if others:
            self.notice = (
                f"{others} of {self.slots} environments did not come to where they were by the same seed and actions: "
                "they begin other episodes"
            )
        self._load_generator(state)

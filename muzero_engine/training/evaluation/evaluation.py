"""Is it learning? Every so often the network that plays meets earlier networks of its run and scripted players.

Earlier networks lie in `RUN/nets/net-STEP.safetensors`, in 16 bits, the untrained one first; so many are kept that
their ages grow geometrically. Results go into the metrics, of which `report.run_metrics.ratings` makes one Elo scale,
on which the untrained network has 0. Games are shared out among the ranks.

The networks search as self-play does, with Gumbel MuZero inside the tree; the engine that is shipped searches with pUCT
inside (`search.search`). So these results follow the learning; what a bundle is worth at play, only matches say.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch

from muzero_engine.files import make_folder, write_atomically
from muzero_engine.games.base import Position, Scored, WithKomi
from muzero_engine.games.encoding import observation
from muzero_engine.games.endings import gives_up, playable
from muzero_engine.games.registry import load_game
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.network.network_file import load_network, network_bytes
from muzero_engine.training.board_settings import board_shares, ply_cap
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.distributed import World
from muzero_engine.training.evaluation.matches import (
    GreedyPlayer,
    MatchScore,
    Player,
    RandomPlayer,
    openings,
    play_pairs,
)
from muzero_engine.training.report.run_metrics import BEATEN, CycleRecord, Evaluated, MatchRecord
from muzero_engine.training.search.batched import BatchedSearch
from muzero_engine.training.types import Stopped

NETS = "nets"
KEPT = 8  # networks


class NetworkPlayer:
    """Plays what a batched search without noise chooses from the moves of `playable`, as an engine would."""

    def __init__(self, search: BatchedSearch, batch: int) -> None:
        """Take the search, and the most positions that `choose` will get as `batch`."""
        self._search = search
        self._batch = batch

    def choose(self, positions: Sequence[Position]) -> list[int]:
        """Return a legal action for each position, see `Player`."""
        actions = self._search.num_actions
        rows = self._rows(len(positions))
        seen = np.zeros((rows, positions[0].spec.layout.planes, *positions[0].shape), dtype=np.float32)
        legal = np.zeros((rows, actions), dtype=np.bool_)
        for i, position in enumerate(positions):
            seen[i] = observation(position)
            legal[i, playable(position)] = True
        device = self._search.device
        output = self._search.run(
            torch.from_numpy(seen).to(device),
            torch.from_numpy(legal).to(device),
            noise=torch.zeros(rows, actions, device=device),
        )
        answers = (output.action, output.value, output.target_actions)
        columns = (tensor[: len(positions)].tolist() for tensor in answers)
        return [_move(position, *row) for position, *row in zip(positions, *columns, strict=True)]

    def _rows(self, count: int) -> int:
        """Return the rows of the search: on a GPU, whose graphs have one shape, always as many; else a power of 2."""
        if self._search.device.type == "cuda":
            return self._batch
        return min(self._batch, 1 << (count - 1).bit_length())


def _move(position: Position, action: int, value: float, by_policy: Sequence[int]) -> int:
    """Return the search's own choice, but as in the engine no pass that throws a won game away (`games.endings`).

    `by_policy`: actions, the likeliest of the improved policy first, -1 padded.
    """
    if gives_up(position, action, value):
        return next((other for other in by_policy if other not in (action, -1)), action)
    return action


class Evaluator:
    """Plays the matches of a run. All ranks call its methods together."""

    def __init__(self, config: TrainConfig, run: Path, network: MuZeroNetwork, world: World) -> None:
        self._config = config
        self._game = load_game(config.game)
        self._folder = run / NETS
        self._world = world
        shares = board_shares(config.self_play, self._game.spec)
        self._shape = max(shares, key=lambda shape: shares[shape])
        self._pairs = max(1, config.evaluation.games // 2)
        settings = config.search.of_evaluations(config.evaluation.simulations)
        actions = self._game.spec.num_actions(self._shape)
        batch = -(-self._pairs // world.size)
        # not compiled: that takes longer than the matches of many evaluations
        self._searches = [BatchedSearch(network, settings, actions, world.device, compiled=False) for _ in range(2)]
        self._current, self._earlier = (NetworkPlayer(search, batch) for search in self._searches)

    def keep(self, step: int, network: MuZeroNetwork) -> None:
        """Store the network of a step for later matches and remove those that are no longer needed."""
        if self._world.is_main:
            make_folder(self._folder)
            write_atomically(self._folder / f"net-{step}.safetensors", network_bytes(network, dtype=torch.float16))
            for old in surplus(self._steps()):
                (self._folder / f"net-{old}.safetensors").unlink()
        self._world.barrier()

    def forget_after(self, step: int) -> None:
        """Remove networks of later steps: the run goes back to this one."""
        if self._world.is_main:
            for late in self._steps():
                if late > step:
                    (self._folder / f"net-{late}.safetensors").unlink()
        self._world.barrier()

    def close(self) -> None:
        """End nothing: there are no processes."""

    @property
    def failure(self) -> None:
        """Return nothing: what the rules find wrong is raised."""
        return None

    def before_simulations(self, act: Callable[[int], None]) -> None:
        """Let the searches call `act` with their batch before every simulation on a CPU; what it raises ends them."""
        for search in self._searches:
            search.before_simulation = act

    def evaluate(
        self,
        step: int,
        network: MuZeroNetwork,
        history: Iterable[CycleRecord],
        due: Callable[[], bool] = lambda: False,
    ) -> Evaluated:
        """Return the results of the network of this step and store it afterwards. `history` is what was measured
        before.

        `due` says whether this rank is to stop. Where one is, or one's search raised Stopped, no match counts, and the
        network is not stored.
        """
        self._searches[0].update_weights(network)
        matches = []
        for name in self._scripted(history):
            if (match := self._match(name, self._script(name, step), step, due)) is None:
                return Evaluated()
            matches.append(match)
        for earlier in opponents(self._steps(), step):
            path = self._folder / f"net-{earlier}.safetensors"
            self._searches[1].update_weights(load_network(path))
            if (match := self._match(path.stem, self._earlier, step, due)) is None:
                return Evaluated()
            matches.append(match)
        self.keep(step, network)
        return Evaluated(matches=tuple(matches))

    def _match(self, name: str, opponent: Player, step: int, due: Callable[[], bool]) -> MatchRecord | None:
        """Return the result of a match; None where a rank was to stop."""
        rng = self._generator(name, step)
        starts = openings(self._start, self._pairs, self._config.evaluation.opening_plies, rng)
        own_starts = starts[self._world.rank :: self._world.size]
        try:
            score = play_pairs(self._current, opponent, own_starts, self._end)
        except Stopped:
            score = MatchScore()
        if self._world.any(due()):
            return None
        total = torch.tensor([score.wins, score.draws, score.losses])
        self._world.sum_(total)
        wins, draws, losses = (int(count) for count in total.tolist())
        return MatchRecord(opponent=name, wins=wins, draws=draws, losses=losses)

    def _steps(self) -> list[int]:
        """Return the steps of the stored networks, ascending."""
        return sorted(int(path.stem.partition("-")[2]) for path in self._folder.glob("net-*.safetensors"))

    def _scripted(self, history: Iterable[CycleRecord]) -> list[str]:
        if not self._config.evaluation.against_scripted:
            return []
        names = ["random", *([] if self._game.greedy is None else ["greedy"])]
        scores: dict[str, list[float]] = {name: [] for name in names}
        for record in history:
            for match in record.matches:
                if match.opponent in scores:
                    scores[match.opponent].append(match.score)
        return [name for name in names if len(scores[name]) < 2 or min(scores[name][-2:]) < BEATEN]

    def _script(self, name: str, step: int) -> Player:
        rng = self._generator(f"{name} of rank {self._world.rank}", step)
        if self._game.greedy is None or name == "random":
            return RandomPlayer(rng)
        return GreedyPlayer(self._game.greedy, rng)

    def _generator(self, name: str, step: int) -> np.random.Generator:
        return np.random.default_rng(random.Random(f"{self._config.seed} {step} {name}").getrandbits(64))

    def _start(self, rng: np.random.Generator) -> Position:
        position = self._game.initial(self._shape)
        if isinstance(position, WithKomi):
            settings = self._config.self_play
            position.set_komi(float(rng.normal(settings.komi, settings.komi_spread)))
        return position

    def _end(self, position: Position) -> float | None:
        """Return the result for player 0, by the rules or at the ply cap of self-play; None while the game goes on."""
        outcome = position.outcome()
        if outcome is not None:
            return outcome.value(0)
        if position.can_declare_win():
            return 1.0 if position.mover == 0 else -1.0
        if position.ply < ply_cap(self._config.self_play, self._game.spec, self._shape):
            return None
        return float(np.sign(position.score())) if isinstance(position, Scored) else 0.0


def opponents(steps: Sequence[int], now: int) -> list[int]:
    """Return the stored networks (of ascending steps) that the network of step `now` meets.

    They are the newest and, of the others, the one that is nearest to half its step.
    """
    before = [step for step in steps if step < now]
    if len(before) < 2:
        return before
    return [before[-1], min(before[:-1], key=lambda step: (abs(step - now / 2), step))]


def surplus(steps: Sequence[int]) -> list[int]:
    """Return those of the stored networks (of ascending steps) that are to be removed.

    The first and the two newest stay; of the others go those that leave the smallest gap between the ages of their
    neighbours, as a ratio.
    """
    kept = list(steps)
    removed = []
    while len(kept) > KEPT:
        end = 2 * kept[-1] - kept[-2]  # the next evaluation, about: ages are counted from there

        def gap(i: int, end: int = end) -> float:
            return (end - kept[i - 1]) / (end - kept[i + 1])

        removed.append(kept.pop(min(range(1, len(kept) - 2), key=gap)))
    return removed

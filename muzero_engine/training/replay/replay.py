"""The replay of one rank: rings of plies on the training device, from which batches are drawn.

- Batches are drawn uniformly from a window of the newest plies. The window is everything until there are `min_plies`,
  then grows as `min_plies * (plies / min_plies) ** window_exponent` with the plies that ever came in, up to the
  capacity. So late plies are drawn about as often as early ones, and old ones fade out.
- With `policy_surprise_share` p and `value_surprise_share` v a position is drawn in proportion to
  (1 - p - v) + p * d / mean(d) + v * e / mean(e), where d = KL(policy target || prior) and e = |root value - network's
  value| (KataGo, "Policy Surprise Weighting"). What the search found surprising says nothing about how the game ended,
  so value targets stay unbiased: only positions are chosen, never results.
- How often a position is drawn is decided by the loop, which draws `steps_per_cycle` batches for `plies_per_cycle`
  plies.
- One game in `HELD_OUT_EVERY` never trains. What the learner's losses are on these games shows overfitting.
- With `reanalyse_share` legal actions are stored too. `stale` draws positions to be searched again with newer weights,
  `refresh` puts their new targets in the place of the old; random opening plies keep having none. They are drawn evenly
  from the window: new targets of the oldest plies would leave it, with their plies, before anything learns from them.
- Several boards have a ring each; a batch is of one board, chosen in proportion to the plies in the windows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from muzero_engine.games.base import Shape
from muzero_engine.games.registry import load_game
from muzero_engine.training.board_settings import board_shares
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.observations import observations, unpacked_bits
from muzero_engine.training.replay.batches import batch_at
from muzero_engine.training.replay.ring import Ring
from muzero_engine.training.replay.symmetries import Symmetries
from muzero_engine.training.types import BadState, Batch, FinishedGames, SearchOutput, surprise, tensors_of

HELD_OUT_EVERY = 50  # games


@dataclass(frozen=True, slots=True)
class StalePositions:
    """M positions of the replay, as self-play would search them."""

    shape: Shape
    number: Tensor  # int64[M], of the ply in its ring
    observation: Tensor  # float[M, planes, H, W]
    legal: Tensor  # bool[M, A]; none in random openings
    root_value: Tensor  # float16[M] in [-1, 1], of the last search


Rings = dict[Shape, Ring]


@dataclass(frozen=True, slots=True)
class Odds:
    """How likely each ply of a window is to be drawn."""

    window: int
    sums: Tensor  # float64[window], ascending: weights of the plies up to each


def weights(surprise: Tensor, policy_share: float, value_share: float) -> Tensor:
    """Return float64[n] of mean 1 from float[n, 2] (`FinishedGames.surprise`); shares without surprise are even."""
    exact = surprise.double()
    mean = exact.mean(dim=0)
    relative = torch.where(mean > 0, exact / mean.clamp_min(1e-12), 1.0)
    return (1 - policy_share - value_share) + policy_share * relative[:, 0] + value_share * relative[:, 1]


def places_by_odds(sums: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Return int64[count] random places in 0..n-1, drawn by odds whose sums up to each place are float64[n]."""
    uniform = torch.rand(count, generator=generator, dtype=torch.float64, device=sums.device)
    return torch.searchsorted(sums, uniform * sums[-1], right=True).clamp_max(len(sums) - 1)


class Replay:
    """Games to learn from."""

    def __init__(self, config: TrainConfig, device: torch.device, dtype: torch.dtype = torch.float32) -> None:
        """Make an empty replay. `dtype` is that of the observations."""
        self._game = load_game(config.game)
        self._settings, self._learner = config.replay, config.learner
        self._device, self._dtype = device, dtype
        spec, capacity = self._game.spec, config.replay.capacity_plies
        shares = board_shares(config.self_play, spec)
        sizes = {shape: share * shape[0] * shape[1] for shape, share in shares.items()}  # larger boards, longer games
        plies = {shape: int(capacity * size / sum(sizes.values())) for shape, size in sizes.items()}
        targets = config.search.target_actions
        kept = (
            config.replay.reanalyse_share > 0,
            config.replay.draws_by_surprise,
            config.learner.short_value_weight > 0,
        )
        self._rings: Rings = {shape: Ring(n, spec, shape, targets, device, *kept) for shape, n in plies.items()}
        self._held_out: Rings = {
            shape: Ring(max(n // HELD_OUT_EVERY, min(n, 2048)), spec, shape, targets, device, *kept)
            for shape, n in plies.items()
        }
        self._odds: dict[Shape, Odds] = {}  # as the rings were when they were last drawn from
        self._symmetries = {shape: Symmetries(self._game, shape, device) for shape in shares}
        self._games = 0  # that ever came in, held-out ones included
        self._stored = 0  # plies that ever came in to be learnt from

    @property
    def stored_plies(self) -> int:
        """Return the plies that ever came in, held-out ones excluded."""
        return self._stored

    @property
    def games(self) -> int:
        """Return the games that ever came in, held-out ones included."""
        return self._games

    @property
    def window_plies(self) -> int:
        """Return the plies that batches are drawn from now."""
        return sum(self._windows(self._rings).values())

    @property
    def ready(self) -> bool:
        """Return whether there are `min_plies`, or half the capacity if that is less, so that learning may begin."""
        return self.window_plies >= self._settings.first_plies

    def add(self, games: FinishedGames) -> None:
        """Take games in; every `HELD_OUT_EVERY`th that ever came is held out."""
        count = len(games.lengths)
        held = (torch.arange(count) + self._games) % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
        self._games += count
        if held.any():
            held = held.to(self._device)
            self._held_out[games.shape].add(games.select(held))
            games = games.select(~held)
        if len(games.lengths):
            self._rings[games.shape].add(games)
            self._odds.pop(games.shape, None)
            self._stored += len(games.action)

    def draw(self, batch_size: int, generator: torch.Generator) -> Batch:
        """Return a batch of random positions of the window, in random symmetries. Raises ValueError where it is empty.

        `generator` is one of the training device.
        """
        windows = self._windows(self._rings)
        batch = self._drawn_from(self._rings, windows, batch_size, generator)
        if self._learner.symmetries:
            symmetries = self._symmetries[batch.shape]
            batch = symmetries.apply(batch, symmetries.draw(batch_size, generator))
        return batch

    def draw_held_out(self, batch_size: int, generator: torch.Generator) -> Batch | None:
        """Return the same from the held-out games of the window's time, as they were played; None where there are none.

        Older games would be easier or harder than those that are learnt from, and the losses could not be compared.
        """
        windows = self._windows(self._held_out)
        return self._drawn_from(self._held_out, windows, batch_size, generator) if any(windows.values()) else None

    def stale(self, shape: Shape, count: int, generator: torch.Generator) -> StalePositions | None:
        """Return random positions of a board, one from each of `count` parts of its window; None where it holds fewer.

        All are different, as `refresh` needs it. Raises ValueError where `reanalyse_share` is 0.
        """
        if not self._settings.reanalyse_share:
            raise ValueError("legal actions were not stored: replay.reanalyse_share is 0")
        ring, window = self._rings[shape], self._windows(self._rings)[shape]
        if window < count:
            return None
        part, rest = divmod(window, count)
        begin = torch.randint(rest + 1, (1,), generator=generator, device=self._device) + (ring.end - window)
        inside = torch.randint(part, (count,), generator=generator, device=self._device)
        number = begin + torch.arange(count, device=self._device) * part + inside
        rows = number % ring.capacity
        back = torch.arange(self._game.spec.layout.history, device=self._device)
        return StalePositions(
            shape=ring.shape,
            number=number,
            observation=observations(
                ring.packed[(number.unsqueeze(1) - back) % ring.capacity],
                back <= ring.age[rows].unsqueeze(1),
                self._game.spec,
                ring.shape,
                self._dtype,
            ),
            legal=unpacked_bits(ring.legal[rows], self._game.spec.num_actions(ring.shape)).to(torch.bool),
            root_value=ring.root_value[rows],
        )

    def refresh(self, positions: StalePositions, output: SearchOutput) -> None:
        """Take the targets and root values of a new search of these positions, where they are still there."""
        ring = self._rings[positions.shape]
        kept = positions.legal.any(dim=1) & (positions.number >= ring.first)
        rows = positions.number[kept] % ring.capacity
        ring.target_actions[rows] = output.target_actions[kept].to(torch.int16)
        ring.target_probs[rows] = output.target_probs[kept].to(torch.float16)
        ring.root_value[rows] = output.value[kept].to(torch.float16)
        if self._settings.draws_by_surprise:
            ring.surprise[rows] = surprise(output)[kept]
            self._odds.pop(positions.shape, None)

    def renew_values(self, count: int, values: Callable[[Tensor], Tensor], generator: torch.Generator) -> None:
        """Renew nothing: no target of a game bootstraps."""

    def _windows(self, rings: Rings) -> dict[Shape, int]:
        share = self._settings.window_share(self._stored)
        return {
            shape: min(ring.plies, max(1, int(ring.end * share))) if ring.plies else 0 for shape, ring in rings.items()
        }

    def _chosen(
        self, rings: Rings, windows: dict[Shape, int], count: int, generator: torch.Generator
    ) -> tuple[Ring, Tensor]:
        """Return a ring and int64[count] random numbers of plies in its window."""
        shapes = [shape for shape, plies in windows.items() if plies]
        if not shapes:
            raise ValueError("there is nothing to draw: no game has ended yet")
        shape = shapes[0]
        if len(shapes) > 1:
            weights = torch.tensor([windows[shape] for shape in shapes], dtype=torch.float32, device=self._device)
            shape = shapes[int(torch.multinomial(weights, 1, generator=generator))]
        ring, window = rings[shape], windows[shape]
        if self._settings.draws_by_surprise and rings is self._rings:
            inside = self._drawn_by_surprise(ring, window, count, generator)
        else:
            inside = torch.randint(window, (count,), generator=generator, device=self._device)
        return ring, inside + (ring.end - window)

    def _drawn_by_surprise(self, ring: Ring, window: int, count: int, generator: torch.Generator) -> Tensor:
        """Return int64[count]: places in the window, from 0."""
        odds = self._odds.get(ring.shape)
        if odds is None or odds.window != window:
            odds = self._odds[ring.shape] = Odds(window, self._weights(ring, window).cumsum(0))
        return places_by_odds(odds.sums, count, generator)

    def most_drawn_share(self) -> float | None:
        """Return the share of the draws that the tenth of the positions drawn most gets; None where draws are even."""
        windows = self._windows(self._rings)
        total = sum(windows.values())
        if not self._settings.draws_by_surprise or not total:
            return None
        shares = 0.0
        for shape, window in windows.items():
            if window:
                odds = self._weights(self._rings[shape], window)
                shares += window / total * float(odds.topk(-(-window // 10)).values.sum() / odds.sum())
        return shares

    def _weights(self, ring: Ring, window: int) -> Tensor:
        """Return float64[window] of mean 1: how often each ply of a window is drawn."""
        rows = torch.arange(ring.end - window, ring.end, device=self._device) % ring.capacity
        return weights(ring.surprise[rows], self._settings.policy_surprise_share, self._settings.value_surprise_share)

    def _drawn_from(
        self, rings: Rings, windows: dict[Shape, int], batch_size: int, generator: torch.Generator
    ) -> Batch:
        ring, index = self._chosen(rings, windows, batch_size, generator)
        return batch_at(
            ring,
            index,
            spec=self._game.spec,
            unroll_steps=self._learner.unroll,
            root_value_share=self._learner.root_value_share,
            later_observation=self._learner.needs_later_observation,
            generator=generator,
            dtype=self._dtype,
        )

    def state(self, max_bytes: int | None = None) -> dict[str, Tensor]:
        """Return the newest games that fit in about so many bytes (None: all), each board its share, on the CPU.

        A replay with everything goes on exactly as the first; with less the window is smaller for a while.
        """
        rings = {"train": self._rings, "held": self._held_out}
        total = sum(ring.plies * ring.bytes_per_ply for kind in rings.values() for ring in kind.values())
        share = 1.0 if max_bytes is None else min(1.0, max_bytes / max(1, total))
        state = {"counts": torch.tensor([self._games, self._stored])}
        for kind, ring_of in rings.items():
            for shape, ring in ring_of.items():
                games = ring.newest(int(ring.plies * share))
                state[f"{kind}.{shape[0]}x{shape[1]}.end"] = torch.tensor(ring.end)
                for name, tensor in tensors_of(games).items():
                    state[f"{kind}.{shape[0]}x{shape[1]}.{name}"] = tensor.cpu()
        return state

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take over what `state` returned; this replay must be new. Raises BadState where the boards are others."""
        for kind, ring_of in (("train", self._rings), ("held", self._held_out)):
            for shape, ring in ring_of.items():
                prefix = f"{kind}.{shape[0]}x{shape[1]}."
                if f"{prefix}lengths" not in state:
                    raise BadState(f"the saved replay has no games on {shape[0]}x{shape[1]}: other boards were played")
                saved = {
                    field.name: state[prefix + field.name].to(self._device) if prefix + field.name in state else None
                    for field in fields(FinishedGames)
                    if field.name != "shape"
                }
                games = FinishedGames(shape=shape, **saved)  # type: ignore[arg-type]  # only the last three may be None
                legal_bytes = 0 if games.legal is None else games.legal.shape[1]
                if legal_bytes != ring.legal.shape[1]:
                    raise BadState("the saved replay was made with another replay.reanalyse_share")
                if (games.surprise is not None) != self._settings.draws_by_surprise:
                    raise BadState(
                        "the saved replay was made with another replay.policy_surprise_share or value_surprise_share"
                    )
                if (
                    games.packed.shape[1:] != ring.packed.shape[1:]
                    or games.target_actions.shape[1:] != (ring.target_actions.shape[1:])
                ):
                    raise BadState("the saved replay is of another game or has another number of target actions")
                ring.begin_at(int(state[f"{prefix}end"]) - len(games.action))
                ring.add(games)
        self._games, self._stored = state["counts"].tolist()[:2]  # older runs counted more

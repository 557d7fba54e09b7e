"""The replay of one rank's episodes: the newest rows of every slot on the training device, and batches of them.

- Batches are drawn from a window of the newest rows, which grows as that of `replay.Replay` does.
- With `value_surprise_share` v and `policy_surprise_share` p a row is drawn in proportion to
  (1 - p - v) + p * d / mean(d) + v * e / mean(e), where d = KL(policy target || prior) and e = |n-step return - root
  value|, the priority of Schrittwieser et al. 2020, appendix G (which has v = 1). What v does to the odds is undone by
  `Batch.weight`, so that expected losses stay those of even draws: returns are random, and a surprising one is no
  better known for being drawn more often.
- Every `HELD_OUT_EVERY`th slot never trains. What the losses are there shows overfitting.
- `stale` and `refresh` renew targets and values with newer weights, `renew_values` renews values alone; n-step targets
  bootstrap from the new values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from muzero_engine.environments.base import EnvironmentSpec
from muzero_engine.games.base import Shape
from muzero_engine.training.config import LearnerSettings, ReplaySettings
from muzero_engine.training.episodes.batches import episode_batch, observations_at
from muzero_engine.training.episodes.ring import EpisodeRing, sequences_from
from muzero_engine.training.episodes.rows import PER_ROW, EpisodeRows
from muzero_engine.training.episodes.targets import value_targets, whole_returns
from muzero_engine.training.replay.replay import HELD_OUT_EVERY, StalePositions, places_by_odds, weights
from muzero_engine.training.types import BadState, Batch, SearchOutput


@dataclass(frozen=True, slots=True)
class _Drawable:
    """The rows that batches begin with."""

    places: Tensor  # int64[n]
    odds: Tensor | None = None  # float64[n] of mean 1, how often each is drawn; None: evenly
    sums: Tensor | None = None  # float64[n], of the odds up to each
    weight: Tensor | None = None  # float32[n], what undoes `value_surprise_share`


class EpisodeReplay:
    """Episodes to learn from."""

    def __init__(
        self,
        spec: EnvironmentSpec,
        *,
        slots: int,
        replay: ReplaySettings,
        learner: LearnerSettings,
        target_actions: int,
        discount: float,
        n_step: int,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """Make an empty replay of B slots; `dtype` is that of planes, `discount` and `n_step` those of the targets."""
        self._spec, self._settings, self._learner = spec, replay, learner
        self._device, self._dtype = device, dtype
        length = max(replay.capacity_plies // slots, learner.unroll + spec.stack + 2)
        self._ring = EpisodeRing(spec, slots, length, target_actions, device)
        self._discount, self._n_step = discount, min(n_step, length)  # what is further on has not come in
        number = torch.arange(slots)
        self._held_out = number % HELD_OUT_EVERY == HELD_OUT_EVERY - 1  # bool[B], on the CPU
        self._drawable: _Drawable | None = None  # as the ring was when it was last drawn from
        self._renewable: Tensor | None = None  # int64[n], places of the windows of all slots

    @property
    def stored_plies(self) -> int:
        """Return the rows that ever came in, held-out ones excluded."""
        return int(self._ring.end[~self._held_out].sum())

    @property
    def window_plies(self) -> int:
        """Return the steps in the window that batches are drawn from: its rows but for last observations."""
        places, _, in_window = self._newest(~self._held_out, self._windows())
        return int((in_window & ~self._ring.rows.last[places]).sum())

    @property
    def ready(self) -> bool:
        """Return whether there are `min_plies`, or half the capacity if that is less, and any row to begin with."""
        return self.window_plies >= self._settings.first_plies and len(self._drawn_from().places) > 0

    def add(self, rows: EpisodeRows) -> None:
        """Take in the next rows of some slots."""
        self._ring.add(rows)
        self._drawable = self._renewable = None

    def draw(self, batch_size: int, generator: torch.Generator) -> Batch:
        """Return a batch of random rows of the window, `generator` being one of the training device.

        Raises ValueError where there is none.
        """
        drawable = self._drawn_from()
        if not len(drawable.places):
            raise ValueError("there is nothing to draw: too few steps have been taken yet")
        if drawable.sums is None:
            chosen = torch.randint(len(drawable.places), (batch_size,), generator=generator, device=self._device)
        else:
            chosen = places_by_odds(drawable.sums, batch_size, generator)
        weight = None if drawable.weight is None else drawable.weight[chosen]
        return self._batch(drawable.places[chosen], generator, weight=weight)

    def draw_held_out(self, batch_size: int, generator: torch.Generator) -> Batch | None:
        """Return the same from the slots that are held out, drawn evenly, with what each episode brought in the end.

        None as long as there is nothing.
        """
        places = self._places(self._held_out, self._windows())
        if not len(places):
            return None
        place = places[torch.randint(len(places), (batch_size,), generator=generator, device=self._device)]
        return self._batch(place, generator, result=whole_returns(self._ring, self._discount)[place])

    def stale(self, shape: Shape, count: int, generator: torch.Generator) -> StalePositions | None:
        """Return random rows, one from each of `count` parts of the window; None where it holds fewer.

        All are different, as `refresh` needs it. `number` is their place in the ring: `refresh` them before `add`.
        """
        places = self._drawn_from().places
        if len(places) < count:
            return None
        part, rest = divmod(len(places), count)
        begin = torch.randint(rest + 1, (1,), generator=generator, device=self._device)
        inside = torch.randint(part, (count,), generator=generator, device=self._device)
        place = places[begin + torch.arange(count, device=self._device) * part + inside]
        return StalePositions(
            shape=shape,
            number=place,
            observation=observations_at(self._ring, place, self._spec, self._dtype),
            legal=torch.ones((count, self._spec.actions), dtype=torch.bool, device=self._device),
            root_value=self._ring.rows.root_value[place],
        )

    def refresh(self, positions: StalePositions, output: SearchOutput) -> None:
        """Take the targets and root values of a new search of these rows."""
        rows, place = self._ring.rows, positions.number
        rows.target_actions[place] = output.target_actions.to(torch.int16)
        rows.target_probs[place] = output.target_probs.to(torch.float16)
        rows.root_value[place] = output.value
        rows.divergence[place] = output.divergence.to(torch.float16)
        if self._settings.draws_by_surprise:
            self._drawable = None

    def renew_values(self, count: int, values: Callable[[Tensor], Tensor], generator: torch.Generator) -> None:
        """Make the values of `count` random rows of the window anew; `values` returns float32[M] for observations.

        Those that are held out as well: their targets, too, are to be the newest network's, or their loss would show
        how old they are.
        """
        if self._renewable is None:
            self._renewable = self._places(torch.ones_like(self._held_out), self._windows())
        places = self._renewable
        if len(places):
            place = places[torch.randint(len(places), (count,), generator=generator, device=self._device)]
            self._ring.rows.root_value[place] = values(observations_at(self._ring, place, self._spec, self._dtype))
        if self._settings.draws_by_surprise:
            self._drawable = None

    def most_drawn_share(self) -> float | None:
        """Return the share of the draws that the tenth of the rows drawn most gets; None where draws are even."""
        odds = self._drawn_from().odds
        if odds is None or not len(odds):
            return None
        return float(odds.topk(-(-len(odds) // 10)).values.sum() / odds.sum())

    def _windows(self) -> Tensor:
        """Return int64[B], the newest rows of each slot that batches are drawn from."""
        newest = (self._ring.end * self._settings.window_share(self.stored_plies)).long().clamp_min(1)
        return torch.minimum(newest, self._ring.held)

    def _places(self, slots: Tensor, windows: Tensor) -> Tensor:
        """Return int64[n], places of the rows that batches may begin with, among the newest `windows` of `slots`.

        They are not the last of their episode, their unrolled steps have all come in, and what the network sees of
        them is still there.
        """
        ring = self._ring
        places, back, in_window = self._newest(slots, windows)
        held = ring.held[slots].to(self._device).unsqueeze(1)
        seen = ring.rows.age[places].clamp_max(self._spec.stack - 1)
        fits = in_window & (back + seen < held) & (back >= self._learner.unroll)
        return places[fits & ~ring.rows.last[places]]

    def _newest(self, slots: Tensor, windows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return places int64[b, n] of the newest rows of b `slots`, oldest first, how many rows came after each
        int64[n], and bool[b, n], which of them are among the newest `windows` of their slot."""
        ring, device = self._ring, self._device
        slot = slots.nonzero().squeeze(1)
        widest = int(windows[slot].max()) if len(slot) else 0
        slot, windows, end = (x.to(device) for x in (slot, windows[slot], ring.end[slot]))
        back = torch.arange(widest - 1, -1, -1, device=device)
        places = (slot * ring.length).unsqueeze(1) + (end.unsqueeze(1) - 1 - back) % ring.length
        return places, back, back < windows.unsqueeze(1)

    def _drawn_from(self) -> _Drawable:
        if self._drawable is None:
            self._drawable = self._with_odds(self._places(~self._held_out, self._windows()))
        return self._drawable

    def _with_odds(self, places: Tensor) -> _Drawable:
        settings = self._settings
        if not settings.draws_by_surprise or not len(places):
            return _Drawable(places)
        rows = self._ring.rows
        steps = sequences_from(self._ring, places, 1 + self._n_step)
        target = value_targets(self._ring, steps, discount=self._discount, n_step=self._n_step).squeeze(1)
        surprise = torch.stack([rows.divergence[places].float(), (target - rows.root_value[places]).abs()], dim=1)
        odds = weights(surprise, settings.policy_surprise_share, settings.value_surprise_share)
        if not settings.value_surprise_share:
            return _Drawable(places, odds, odds.cumsum(0))
        surprise[:, 1] = 1.0
        even = weights(surprise, settings.policy_surprise_share, settings.value_surprise_share)
        return _Drawable(places, odds, odds.cumsum(0), (even / odds.clamp_min(1e-12)).float())

    def _batch(
        self, place: Tensor, generator: torch.Generator, *, weight: Tensor | None = None, result: Tensor | None = None
    ) -> Batch:
        return episode_batch(
            self._ring,
            place,
            spec=self._spec,
            unroll_steps=self._learner.unroll,
            discount=self._discount,
            n_step=self._n_step,
            later_observation=self._learner.needs_later_observation,
            shift=self._learner.shift,
            generator=generator,
            dtype=self._dtype,
            weight=weight,
            result=result,
        )

    def state(self, max_bytes: int | None = None) -> dict[str, Tensor]:
        """Return the newest rows of every slot that fit in about so many bytes (None: all), on the CPU.

        A replay with everything goes on exactly as the first; with less the window is smaller for a while.
        """
        ring = self._ring
        fitting = ring.length if max_bytes is None else max_bytes // (ring.bytes_per_row * ring.slots)
        rows, held = ring.newest(fitting)
        tensors = {f"rows.{name}": getattr(rows, name).cpu().contiguous() for name in PER_ROW}
        return {"end": ring.end.clone(), "held": held.clone(), **tensors}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take over what `state` returned; this replay must be new. Raises BadState where the settings were others."""
        ring, saved = self._ring, {name: state[f"rows.{name}"].to(self._device) for name in PER_ROW}
        slots = saved["age"].shape[1]
        if slots != ring.slots:
            raise BadState(
                f"the saved replay is of {slots} environments, not {ring.slots}: self_play.games was different"
            )
        if any(saved[name].shape[2:] != getattr(ring.rows, name).shape[1:] for name in PER_ROW):
            raise BadState("the saved replay is of another environment or has another number of target actions")
        ring.begin_at(state["end"], state["held"], EpisodeRows(first_slot=0, **saved))
        self._drawable = self._renewable = None

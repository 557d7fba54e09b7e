"""`EpisodeRing`: the newest rows of B slots on the training device, each slot a ring of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from muzero_engine.environments.base import EnvironmentSpec
from muzero_engine.training.episodes.rows import PER_ROW, EpisodeRows
from muzero_engine.training.episodes.slots import packed_bytes


class EpisodeRing:
    """B slots of T rows. Rows of a slot are numbered from 0 as they come in; row n is in place `slot * T + n % T`."""

    def __init__(
        self, spec: EnvironmentSpec, slots: int, length: int, target_actions: int, device: torch.device
    ) -> None:
        self.slots, self.length, self._device = slots, length, device
        self._of_slots = EpisodeRows.empty(  # fields [B, T, ...]
            slots, length, packed=packed_bytes(spec), target_actions=target_actions, device=device
        )
        flat = {name: getattr(self._of_slots, name).flatten(0, 1) for name in PER_ROW}
        self.rows = replace(self._of_slots, **flat)  # the same memory, fields [B * T, ...] by place
        self.end = torch.zeros(slots, dtype=torch.int64)  # rows that ever came in, of each slot; on the CPU
        self.held = torch.zeros(slots, dtype=torch.int64)  # of them: that are there, the newest; on the CPU
        self.device_end = self.end.to(device)  # a copy, so that a draw waits for nothing

    @property
    def bytes_per_row(self) -> int:
        """Return the bytes of a row of one slot."""
        return sum(getattr(self.rows, name)[0].nbytes for name in PER_ROW)

    def add(self, rows: EpisodeRows) -> None:
        """Take in the next rows of some slots; the oldest make room.

        Where they do not go on with the episode of the newest row, as it was not played on after a resume, that row
        becomes the last of its episode, cut off there.
        """
        count, slots = rows.age.shape
        begin, end = rows.first_slot, rows.first_slot + slots
        if count:
            self._cut(begin, end, rows.age[0])
        kept = min(count, self.length)  # the rest would be overwritten at once
        self.end[begin:end] += count
        self.held[begin:end] = (self.held[begin:end] + count).clamp_max(self.length)
        numbers = self.end[begin:end, None] - kept + torch.arange(kept)
        places = self._places(torch.arange(begin, end), numbers)
        for name in PER_ROW:
            getattr(self.rows, name)[places] = getattr(rows, name)[count - kept :].transpose(0, 1)
        self.device_end = self.end.to(self._device, copy=True)

    def _cut(self, begin: int, end: int, age: Tensor) -> None:
        """End the episodes of slots whose next row is of this age, int32[b], and so of another episode."""
        newest = self._places(torch.arange(begin, end), self.end[begin:end, None] - 1).squeeze(1)
        last, there = self.rows.last[newest], self.held[begin:end].to(self._device) > 0
        other = there & (age != torch.where(last, 0, self.rows.age[newest] + 1))
        self.rows.last[newest] = last | other
        self.rows.terminated[newest] &= ~other

    def newest(self, count: int) -> tuple[EpisodeRows, Tensor]:
        """Return the `count` newest rows of every slot [count, B], and how many of them each holds, int64[B].

        Those that a slot does not hold come first and mean nothing.
        """
        count = min(count, int(self.held.max()) if self.slots else 0)
        numbers = self.end[:, None] - count + torch.arange(count)
        places = self._places(torch.arange(self.slots), numbers)
        newest = {name: getattr(self.rows, name)[places].transpose(0, 1) for name in PER_ROW}
        return EpisodeRows(first_slot=0, **newest), self.held.clamp_max(count)

    def begin_at(self, end: Tensor, held: Tensor, rows: EpisodeRows) -> None:
        """Take over what `newest` returned, of slots into which `end` int64[B] rows had come; for a new ring."""
        self.end = end - len(rows.age)
        self.add(rows)
        self.held = held.clone()

    def _places(self, slots: Tensor, numbers: Tensor) -> Tensor:
        """Return int64[n, m] on the device for slots int64[n] and their row numbers int64[n, m]."""
        return (slots[:, None] * self.length + numbers % self.length).to(self._device)


@dataclass(frozen=True, slots=True)
class RowSequences:
    """K rows behind each other from each of M places."""

    places: Tensor  # int64[M, K]; beyond the newest row of the slot they are of older ones
    there: Tensor  # bool[M, K], whether the row has come in
    newest: Tensor  # bool[M, K], whether it is the newest of its slot


def sequences_from(ring: EpisodeRing, place: Tensor, count: int) -> RowSequences:
    """Return the rows from place int64[M] on, `count` of each, places that hold rows."""
    slot, row = place // ring.length, place % ring.length
    end = ring.device_end[slot]
    ahead = torch.arange(count, device=place.device)
    # rows to the newest: places are of rows that are there, so that this is below the length
    left = ((end - 1 - row) % ring.length).unsqueeze(1)
    places = (slot * ring.length).unsqueeze(1) + (row.unsqueeze(1) + ahead) % ring.length
    return RowSequences(places, ahead <= left, ahead == left)

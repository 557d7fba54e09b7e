"""What a command that plays does to the garbage collector of its process."""

from __future__ import annotations

import gc

from muzero_engine.commands.common.collector import NEVER, no_full_collections


def test_young_objects_are_collected_and_old_ones_are_not() -> None:
    before = gc.get_threshold()
    try:
        no_full_collections()
        assert gc.isenabled()
        assert gc.get_threshold() == (*before[:2], NEVER)
        fulls = gc.get_stats()[2]["collections"]
        kept = [[index] for index in range(200_000)]
        assert gc.get_stats()[2]["collections"] == fulls
        assert len(kept) == 200_000
    finally:
        gc.set_threshold(*before)

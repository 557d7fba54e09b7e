"""Which CUDA kernels a call spends its time in."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile


def print_profile(call: Callable[[], object], rows: int = 16) -> None:
    """Print the kernels of one call that take longest, with their number, and the time of all together."""
    with profile(activities=[ProfilerActivity.CUDA]) as record:
        call()
        torch.cuda.synchronize()
    events = record.key_averages()
    print(f"    {sum(event.self_device_time_total for event in events) / 1e3:8.2f} ms in all kernels")
    for event in sorted(events, key=lambda event: -event.self_device_time_total)[:rows]:
        each = event.self_device_time_total / max(1, event.count)
        print(f"    {event.self_device_time_total / 1e3:8.2f} ms {event.count:6d} x {each:8.1f} us  {event.key[:90]}")

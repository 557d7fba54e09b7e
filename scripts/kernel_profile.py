"""`profile`: which CUDA kernels a call spends its time in. For the benchmarks beside this file."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity
from torch.profiler import profile as torch_profile


def profile(call: Callable[[], object], rows: int = 16) -> None:
    """Prints the kernels of one call that take longest, with their number, and the time of all together."""
    with torch_profile(activities=[ProfilerActivity.CUDA]) as record:
        call()
        torch.cuda.synchronize()
    events = record.key_averages()
    print(f"    {sum(event.self_device_time_total for event in events) / 1e3:8.2f} ms in all kernels")
    for event in sorted(events, key=lambda event: -event.self_device_time_total)[:rows]:
        each = event.self_device_time_total / max(1, event.count)
        print(f"    {event.self_device_time_total / 1e3:8.2f} ms {event.count:6d} x {each:8.1f} us  {event.key[:90]}")

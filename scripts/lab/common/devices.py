"""The device that a measurement runs on, and the time that it takes there."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch


def best_device() -> torch.device:
    """Return the first CUDA device, or the CPU where there is none."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def device_name(device: torch.device) -> str:
    """Return what people call the device: "NVIDIA H200", "CPU"."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


def precision(device: torch.device) -> torch.dtype:
    """Return the type that networks are run in there: bfloat16 on CUDA, float32 on a CPU."""
    return torch.bfloat16 if device.type == "cuda" else torch.float32


def wait(device: torch.device) -> None:
    """Block until the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def timed(call: Callable[[], object], repetitions: int, device: torch.device) -> list[float]:
    """Return the seconds of each of so many calls; the device has finished before and after each."""
    seconds = []
    for _ in range(repetitions):
        wait(device)
        begun = time.perf_counter()
        call()
        wait(device)
        seconds.append(time.perf_counter() - begun)
    return seconds


def captured(call: Callable[[], object], device: torch.device, times: int) -> Callable[[], object]:
    """Return `times` calls in a row as one: a CUDA graph, which is captured here, or on a CPU the calls themselves."""

    def all_calls() -> None:
        for _ in range(times):
            call()

    if device.type != "cuda":
        return all_calls
    side = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch's own
    side.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(side):
        call()
    torch.cuda.current_stream(device).wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        all_calls()
    return graph.replay

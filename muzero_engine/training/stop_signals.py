"""Signals at which a run of training ends in good order."""

from __future__ import annotations

import signal

# SIGXCPU comes where `ulimit -t` bounds the processor's time, and again each second until the system kills the process.
OUT_OF_TIME = getattr(signal, "SIGXCPU", None)
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGXCPU")  # Windows has the first two
STOP_SIGNALS = tuple(signal.Signals[name] for name in _NAMES if hasattr(signal, name))

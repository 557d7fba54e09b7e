"""Settings of all tests: no test fails because the machine was slow."""

from __future__ import annotations

import signal

import pytest
from hypothesis import settings

collect_ignore = ["packages"]  # packages of their own; the tests that install them run theirs

settings.register_profile("muzero-engine", deadline=None)
settings.load_profile("muzero-engine")

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # as behind a shell's `&`: the programs under test would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests first, as their `timeout` says, so that no worker waits for another's at the end."""
    items.sort(key=lambda item: -max((mark.args[0] for mark in item.iter_markers("timeout")), default=0))

"""Long commands end in good order at SIGTERM, and when their terminal is closed."""

from __future__ import annotations

import importlib
import io
import signal
import sys
import threading
import time
import tomllib
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from muzero_engine.cli import _unraisable, main
from muzero_engine.commands.common.interrupts import INTERRUPTED, signals_as_ctrl_c

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there are no terminals that hang up")


class Terminal(io.StringIO):
    """A terminal that is gone."""

    gone = False

    def isatty(self) -> bool:
        return not self.gone

    def write(self, text: str) -> int:
        raise OSError("Input/output error")


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # these tests may run under nohup themselves
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_terminal_that_is_closed_interrupts_once_and_is_not_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    with signals_as_ctrl_c():
        terminal.gone = True
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGHUP)
    print("the reports are written")
    signal.raise_signal(signal.SIGHUP)  # the shell's


def test_a_signal_to_end_interrupts_and_nohup_stays() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    before = signal.getsignal(signal.SIGTERM)
    with signals_as_ctrl_c():
        signal.raise_signal(signal.SIGHUP)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
def test_signals_that_come_at_once_are_one(raised: type[BaseException]) -> None:
    both = (signal.SIGHUP, signal.SIGTERM)
    with signals_as_ctrl_c(raised):
        signal.pthread_sigmask(signal.SIG_BLOCK, both)
        for number in both:
            signal.pthread_kill(threading.get_ident(), number)
        with pytest.raises(raised):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, both)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        assert (signal.getsignal(signal.SIGTERM) == signal.SIG_IGN) is (raised is SystemExit)


def interrupted(**_flags: object) -> None:
    raise KeyboardInterrupt


def interrupted_import(**_flags: object) -> None:
    raise ImportError("initialization failed") from KeyboardInterrupt()


@pytest.mark.parametrize("command", [interrupted, interrupted_import])
def test_ctrl_c_ends_a_command_with_a_word_and_the_code_that_shells_expect(
    monkeypatch: pytest.MonkeyPatch, command: Callable[..., None]
) -> None:
    monkeypatch.setattr("muzero_engine.commands.info.info.callback", command)
    result = CliRunner().invoke(main, ["info"])
    assert (result.exit_code, result.stderr) == (INTERRUPTED, "stopped as asked\n")


@pytest.mark.parametrize("name", ["main", "uci", "gtp", "usi"])
def test_ctrl_c_while_a_program_is_loaded_ends_it_with_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    scripts = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]["scripts"]
    module, function = scripts["muzero-engine" if name == "main" else f"muzero-{name}"].split(":")

    class Loading(ModuleType):
        @property
        def main(self) -> None:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "muzero_engine.cli", Loading("cli"))
    with pytest.raises(SystemExit) as ended:
        getattr(importlib.import_module(module), function)()
    assert (ended.value.code, capsys.readouterr().err) == (INTERRUPTED, "stopped as asked\n")


def test_ctrl_c_in_a_callback_that_cannot_raise_comes_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    class Thing:
        pass

    def interrupted_callback(_reference: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "unraisablehook", _unraisable)  # as the program does at its start
    things = [Thing()]
    reference = weakref.ref(things[0], interrupted_callback)
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012  # it comes a moment later
        things.clear()
        for _ in range(1000):
            time.sleep(0.01)  # a longer one would end first
    assert reference() is None

"""`play` at a terminal of its own: signs of life, moving at once, leaving in any way without losing the game."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="Windows has no such terminals")
SECONDS = 60.0
CTRL_C = "\x03"
ON_A_TERMINAL = """import fcntl, os, signal, sys, termios
for number in (signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)  # whoever started the tests may ignore it
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C is sent to this process
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"""


class Session:
    """A command on a terminal."""

    def __init__(self, *arguments: str, folder: Path | None = None) -> None:
        self._terminal, other = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-c", ON_A_TERMINAL, "-m", "muzero_engine", "play", *arguments],
            stdin=other,
            stdout=other,
            stderr=other,
            env=os.environ | {"TERM": "xterm", "COLUMNS": "100", "NO_COLOR": "1", "PYTHONUTF8": "1"},
            start_new_session=True,
            cwd=folder,
        )
        os.close(other)
        self._shown = ""

    def until(self, pattern: str) -> str:
        """Return what is shown up to the end of a pattern. Raises AssertionError when that does not come."""
        end = time.monotonic() + SECONDS
        while (match := re.search(pattern, self._shown, re.DOTALL)) is None:
            ready, _, _ = select.select([self._terminal], [], [], max(0.0, end - time.monotonic()))
            assert ready, self._shown
            try:
                self._shown += os.read(self._terminal, 4096).decode(errors="replace")
            except OSError as error:  # Linux says so when the other side has closed
                raise AssertionError(self._shown) from error
        shown, self._shown = self._shown[: match.end()], self._shown[match.end() :]
        return shown

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def interrupt(self, pattern: str) -> str:
        """Press Ctrl-C as a person does, again after a while if nothing comes of it; return what is shown then.

        Python's `input` notices a Ctrl-C that falls between the prompt and its waiting for a key only at the next key.
        """
        for _ in range(10):
            self.type(CTRL_C)
            ready, _, _ = select.select([self._terminal], [], [], SECONDS / 10)
            if ready:
                break
        return self.until(pattern)

    def hang_up(self) -> None:
        """Close the terminal."""
        os.close(self._terminal)
        self._terminal = os.open(os.devnull, os.O_RDWR)

    def terminate(self) -> None:
        self._process.terminate()

    def end_session(self) -> None:
        """Send what comes at the end of a login, at once."""
        for number in (signal.SIGTERM, signal.SIGHUP):
            self._process.send_signal(number)

    def close(self) -> int:
        """Return the exit status."""
        try:
            return self._process.wait(SECONDS)
        finally:
            self._process.kill()
            os.close(self._terminal)


def test_enter_makes_the_engine_move_and_ctrl_c_leaves_with_the_game_saved(tmp_path: Path) -> None:
    path = tmp_path / "game.pgn"
    session = Session("chess", "--time", "600")
    session.until("white to move.*> ")
    session.type("e4\r")
    session.until(r"thinking \d+ s \(Enter: move now\), \d+% \S")
    session.type("\r")
    session.until("the engine plays .*> ")
    session.type(f"save {path}\r")
    session.until("saved as .*> ")
    session.type("resign\r")  # which the file does not hold yet
    session.until("black wins: resignation.*> ")
    session.type("nonsense")
    session.until("nonsense")
    session.interrupt("Save the game.*: ")
    session.type(f"{tmp_path / 'game'}\r")
    session.until("end the name with one of .*Save the game.*: ")
    session.type(f"{path}\r")
    session.until("saved as .*bye")
    assert session.close() == 0
    text = path.read_text(encoding="utf-8")
    assert "1. e4 " in text
    assert "resignation } 0-1" in text


def test_ctrl_c_makes_the_engine_move_too_and_a_finished_game_is_offered() -> None:
    session = Session("chess", "--time", "600", "--position", "6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1")
    session.until("> ")
    session.type("h3\r")
    session.until("illegal.*> ")
    session.type("Kf1\r")
    session.until("thinking")
    session.interrupt("the engine plays .*> ")
    session.type("undo\rRa8\r")
    session.until("white wins: checkmate\r\nWrite save FILE to keep the game.*> ")
    session.type("quit\r")
    session.until("Save the game.*: ")
    session.type("\r")
    session.until("bye")
    assert session.close() == 0


@pytest.mark.parametrize("end", [Session.hang_up, Session.terminate])
def test_a_game_that_a_closed_terminal_or_a_signal_ends_is_kept(end: Callable[[Session], None], tmp_path: Path) -> None:
    session = Session("chess", "--time", "600", folder=tmp_path)
    session.until("white to move.*> ")
    session.type("e4\r")
    session.until("thinking")
    end(session)
    assert session.close() == 0
    (path,) = tmp_path.iterdir()
    assert "1. e4 { unfinished } *" in path.read_text(encoding="utf-8")


def test_a_game_is_kept_where_two_signals_come_while_a_move_is_waited_for(tmp_path: Path) -> None:
    session = Session("chess", "--side", "both", folder=tmp_path)
    session.until("white to move.*> ")
    session.type("e4\r")
    session.until("black to move.*> ")
    session.end_session()
    assert session.close() == 0
    (path,) = tmp_path.iterdir()
    assert "1. e4 { unfinished } *" in path.read_text(encoding="utf-8")

"""GNU Go as a GTP server, for whatever needs an independent Go program."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Self


class NotInstalled(RuntimeError):
    """GNU Go is not there; the message says what installs it."""


class Refused(ValueError):
    """A command that GNU Go answered with a failure; the message holds both."""


class GnuGo:
    """A running GNU Go with area scoring, positional superko and no suicide. Raises NotInstalled."""

    def __init__(self) -> None:
        path = shutil.which("gnugo", path=os.environ.get("PATH", "") + os.pathsep + "/usr/games")
        if path is None:
            raise NotInstalled("apt-get install gnugo")
        rules = ["--chinese-rules", "--positional-superko", "--forbid-suicide", "--capture-all-dead"]
        self._process = subprocess.Popen(
            [path, "--mode", "gtp", *rules], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate("quit\n", timeout=10)

    def ask(self, command: str) -> str:
        """Return the response's text. Raises Refused."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        lines = []
        while (line := self._process.stdout.readline().rstrip("\n")) != "":
            lines.append(line)
        response = "\n".join(lines)
        if not response.startswith("="):
            raise Refused(f"GNU Go to {command!r}: {response}")
        return response[1:].strip()

    def words(self, command: str) -> set[str]:
        """Return the response's words in lower case."""
        return set(self.ask(command).lower().split())

"""GNU Go as a GTP server, for tests that need an independent Go program."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Self


class GnuGo:
    """A running GNU Go with area scoring, positional superko and no suicide."""

    def __init__(self) -> None:
        path = shutil.which("gnugo", path=os.environ.get("PATH", "") + os.pathsep + "/usr/games")
        assert path is not None, "these tests need GNU Go: install the package gnugo"
        rules = ["--chinese-rules", "--positional-superko", "--forbid-suicide", "--capture-all-dead"]
        self._process = subprocess.Popen(
            [path, "--mode", "gtp", *rules], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate("quit\n", timeout=10)

    def ask(self, command: str) -> str:
        """The response's text; AssertionError if it is a failure."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        lines = []
        while (line := self._process.stdout.readline().rstrip("\n")) != "":
            lines.append(line)
        response = "\n".join(lines)
        assert response.startswith("="), f"GNU Go to {command!r}: {response}"
        return response[1:].strip()

    def words(self, command: str) -> set[str]:
        """The response's words in lower case."""
        return set(self.ask(command).lower().split())

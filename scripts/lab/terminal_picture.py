"""Draws a real terminal session of `play` as an SVG, the picture at the head of README.md.

    python scripts/lab/terminal_picture.py .github/terminal.svg

The command runs on a terminal of its own (a pty, so POSIX only), with a fixed seed and a fixed number of simulations;
what is typed is echoed by that terminal, as a person would see it. Long lines are broken where the terminal ends.
"""

from __future__ import annotations

import argparse
import html
import os
import pty
import re
import sys
import time
from pathlib import Path

from muzero_engine.files import write_atomically

COLUMNS = 96
PROMPT = "> "
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
CHARACTER, LINE, MARGIN = 7.83, 17, 14  # pixels
COMMAND = ("play", "go", "--size", "9", "--nodes", "800", "--seed", "1", "--show-value")
TYPED = ("E5", "hint", "resign")
SECONDS = 120.0  # the longest that a session may take


def session(arguments: tuple[str, ...], typed: tuple[str, ...]) -> str:
    """Everything that a terminal shows of the command, with `typed` answered to one prompt after the other."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ |= {"TERM": "dumb", "COLUMNS": str(COLUMNS)}
        os.execv(sys.executable, [sys.executable, "-m", "muzero_engine", *arguments])
    shown, waiting, end = "", list(typed), time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            data = os.read(terminal, 4096)
        except OSError:  # Linux says so when the other side has closed
            break
        if not data:
            break
        shown += data.decode()
        if waiting and shown.endswith(PROMPT):
            os.write(terminal, f"{waiting.pop(0)}\n".encode())
    os.close(terminal)
    if os.waitpid(pid, 0)[1] != 0:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{shown}")
    return shown.replace("\r", "")


def screen(arguments: tuple[str, ...], typed: tuple[str, ...]) -> list[str]:
    """The session's lines as they stand on the screen, below the command that began it."""
    lines = [f"$ scripts/engine {' '.join(arguments)}", *session(arguments, typed).rstrip().split("\n")]
    return [line[at : at + COLUMNS] for line in lines for at in range(0, max(1, len(line)), COLUMNS)]


def drawn(line: str, y: float) -> str:
    """One line of text: what a person typed and what ends a game stand out."""
    colour = "#c9d1d9"
    if line.startswith(("$ ", PROMPT)):
        colour = "#7ee787"
    elif re.match(r"the engine plays|hint:", line):
        colour = "#79c0ff"
    text = html.escape(line)
    return f'<text x="{MARGIN}" y="{y:.0f}" fill="{colour}" xml:space="preserve">{text}</text>'


def picture(lines: list[str]) -> str:
    width, height = round(2 * MARGIN + COLUMNS * CHARACTER), 44 + LINE * len(lines)
    dots = "".join(
        f'<circle cx="{18 + 18 * index}" cy="16" r="5" fill="{colour}"/>'
        for index, colour in enumerate(("#ff5f56", "#ffbd2e", "#27c93f"))
    )
    texts = "\n".join(drawn(line, 46 + LINE * index) for index, line in enumerate(lines) if line.strip())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="A terminal: a game of Go against the engine">\n'
        f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>\n{dots}\n'
        f'<g font-family="{FONT}" font-size="13">\n{texts}\n</g>\n</svg>\n'
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    out: Path = parser.parse_args().out
    write_atomically(out, picture(screen(COMMAND, TYPED)).encode())


if __name__ == "__main__":
    main()

"""Draws a real terminal session of `play` as an SVG, the picture at the head of README.md.

    python scripts/lab/terminal_picture.py .github/terminal.svg

The command runs on a terminal of its own (a pty, so POSIX only), with a fixed seed and a fixed number of simulations;
what is typed is echoed by that terminal, as a person would see it, and colours are those of a terminal with 256. Long
lines are broken where the terminal ends.
"""

from __future__ import annotations

import argparse
import html
import os
import pty
import re
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from muzero_engine.files import write_atomically

COLUMNS = 96
PROMPT = "> "
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
CHARACTER, LINE, MARGIN = 7.83, 17, 14  # pixels
INK, GREEN, BLUE = "#c9d1d9", "#7ee787", "#79c0ff"
COMMAND = ("play", "go", "--size", "9", "--nodes", "800", "--seed", "1", "--show-value")
TYPED = ("E5", "hint")
SECONDS = 120.0  # the longest that a session may take
LEAVE = b"\x04"  # the end of input
SEQUENCE = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])")
NEVER_SHOWN = re.compile(r"[^\n]*\r\x1b\[2K")  # signs of life, which the next line takes the place of


@dataclass(frozen=True, slots=True)
class Run:
    """Signs of one look that follow each other on a line."""

    column: int
    text: str
    ink: str
    ground: str | None


def session(arguments: tuple[str, ...], typed: tuple[str, ...]) -> str:
    """Return everything that a terminal shows of the command, with `typed` answered to one prompt after the other."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ |= {"TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "PYTHONUTF8": "1"}
        os.environ.pop("NO_COLOR", None)
        os.execv(sys.executable, [sys.executable, "-m", "muzero_engine", *arguments])
    shown, waiting, end = "", list(typed), time.monotonic() + SECONDS
    while time.monotonic() < end:
        shown += os.read(terminal, 4096).decode()
        if shown.endswith(PROMPT):
            if not waiting:
                break
            os.write(terminal, f"{waiting.pop(0)}\r".encode())
    try:
        while True:
            os.write(terminal, LEAVE)
            os.read(terminal, 4096)
            time.sleep(0.1)
    except OSError:  # the other side has closed
        os.close(terminal)
    if os.waitpid(pid, 0)[1] != 0:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{shown}")
    return NEVER_SHOWN.sub("", shown).replace("\r", "")


def palette(number: int) -> str:
    """Return one of the 216 colours and 24 greys behind the first sixteen."""
    if number >= 232:
        return f"#{8 + 10 * (number - 232):02x}" + 2 * f"{8 + 10 * (number - 232):02x}"
    parts = (number - 16) // 36, (number - 16) // 6 % 6, (number - 16) % 6
    return "#" + "".join(f"{55 + 40 * part if part else 0:02x}" for part in parts)


def runs(line: str) -> list[Run]:
    """Return what stands on a line, in the look that its sequences say."""
    plain_ink = ink = line_ink(line)
    ground: str | None = None
    column = 0
    parts: list[Run] = []
    for text, codes, _ in re.findall(r"([^\x1b]*)(?:\x1b\[([?\d;]*)([A-Za-z]))?", line):
        if text and parts and (parts[-1].ink, parts[-1].ground) == (ink, ground):
            parts[-1] = replace(parts[-1], text=parts[-1].text + text)
        elif text:
            parts.append(Run(column, text, ink, ground))
        column += len(text)
        if codes in ("0", ""):
            ink, ground = plain_ink, None
        elif codes.startswith("38;5;"):
            ink = palette(int(codes[5:]))
        elif codes.startswith("48;5;"):
            ground = palette(int(codes[5:]))
        elif ";38;5;" in codes:
            ink = palette(int(codes.rpartition(";")[2]))
    return parts


def line_ink(line: str) -> str:
    """Return the ink of a line: what a person typed and what the engine answers stand out."""
    if line.startswith(("$ ", PROMPT)):
        return GREEN
    return BLUE if re.match(r"the engine plays|hint:", line) else INK


def screen(arguments: tuple[str, ...], typed: tuple[str, ...]) -> list[str]:
    """Return the session's lines as they stand on the screen, below the command that began it."""
    shown = SEQUENCE.sub(lambda match: match[0] if match[2] == "m" else "", session(arguments, typed))
    lines = [f"$ scripts/engine {' '.join(arguments)}", *shown.removesuffix(PROMPT).rstrip().split("\n")]
    return [part for line in lines for part in broken(line)]


def broken(line: str) -> list[str]:
    """Return a line as the terminal breaks it; lines with colours fit."""
    if "\x1b" in line:
        return [line]
    return [line[at : at + COLUMNS] for at in range(0, max(1, len(line)), COLUMNS)]


def drawn(line: str, y: int) -> str:
    """Return one line: grounds first, signs upon them, each run as wide as its columns."""
    parts = []
    for run in runs(line):
        x, width = MARGIN + CHARACTER * run.column, CHARACTER * len(run.text)
        if run.ground is not None:
            box = f'x="{x:.1f}" y="{y - 13}" width="{width + 0.3:.1f}" height="{LINE + 0.3}"'
            parts.append(f'<rect {box} fill="{run.ground}"/>')
        if run.text.strip():
            where = f'x="{x:.1f}" y="{y}" textLength="{width:.1f}" lengthAdjust="spacingAndGlyphs"'
            parts.append(f'<text {where} fill="{run.ink}" xml:space="preserve">{html.escape(run.text)}</text>')
    return "".join(parts)


def picture(lines: list[str]) -> str:
    """Return the whole SVG."""
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

"""Hostile files, settings and streams: each must give one line, soon, and in little memory.

    python scripts/lab/trials hostile-files
    python scripts/lab/trials hostile-files --only streams

Every kind is one call of the program with something that is wrong: pipes, devices and folders where a file belongs,
manifests, graphs and tensors with sizes that nothing has, JSON without end, numbers that are none, streams that are
closed. One table on standard output; the exit code is 1 where a call had a traceback, succeeded, hung, was slow or took
memory. Kinds with a NUL in a name are left out: no system passes them on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.common.commands import parser_of
from lab.trials.common.processes import peak_memory_mb
from lab.trials.common.sessions import PROTOCOLS, environment
from lab.trials.common.table import Table
from lab.trials.hostile.environments import environment_kinds
from lab.trials.hostile.kinds import ANALYZE, MATCH, Kind, bundle_copy, nested
from lab.trials.hostile.weights import manifest_kinds, tensor_kinds

PATIENCE_S = 20.0  # after which a call hangs
MOST_LINES = 2  # of complaint, a warning beside it; not those on how a command is used, which come before
MOST_CHARACTERS = 1_200  # of complaint
CLOSED_INPUT, CLOSED_OUTPUT = "0<&-", "1>&-"  # as a shell says it


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call."""

    kind: Kind
    seconds: float  # of a processor, as what else the machine does is not its fault; or those that passed
    megabytes: float  # at its largest
    code: int | None  # None: it hung
    said: str

    def fault(self, *, most_seconds: float, most_megabytes: float) -> str | None:
        """Return what is wrong with it in a word or two, None where nothing is."""
        if self.code is None:
            return "hung"
        if "Traceback" in self.said or self.code < 0:
            return "traceback" if self.code >= 0 else f"signal {-self.code}"
        if self.code == 0 and not self.kind.succeeds:
            return "succeeded"
        if self.code != 0 and not self.said.strip():
            return "silent"
        complaint = self.said[self.said.rfind("\nError: ") + 1 :].strip()
        if self.code != 0 and (len(complaint.splitlines()) > MOST_LINES or len(complaint) > MOST_CHARACTERS):
            return "long"
        if self.seconds > most_seconds:
            return "slow"
        return "memory" if self.megabytes > most_megabytes else None


def call(kind: Kind, *, wall: bool = False) -> Outcome:
    """Call the program, and wait for its end. Its seconds are a processor's, or with `wall` those that pass."""
    command = [sys.executable, "-m", "muzero_engine", *kind.arguments]
    if kind.closed:
        command = ["sh", "-c", f'exec "$@" {kind.closed}', "sh", *command]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environment())
        alarm = threading.Timer(PATIENCE_S, process.kill)
        alarm.start()
        begin = time.perf_counter()
        megabytes = 0.0
        while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
            megabytes = max(megabytes, peak_memory_mb(process.pid))
            time.sleep(0.01)
        passed = time.perf_counter() - begin
        _, status, usage = ended
        hung = not alarm.is_alive()
        alarm.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read(1 << 20).decode(errors="replace")
    seconds = passed if wall else usage.ru_utime + usage.ru_stime
    return Outcome(kind, seconds, megabytes, None if hung else process.returncode, text)


# What is no file


def odd_places(folder: Path) -> dict[str, str]:
    """Return the names of what is there and no file to read, or is no name at all."""
    pipe, loop, big = folder / "pipe", folder / "loop", folder / "big"
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    (folder / "to-pipe").symlink_to(pipe)
    (folder / "folder").mkdir()
    with big.open("wb") as file:
        file.truncate(5 << 30)  # a hole: it takes no room
    return {
        "pipe": str(pipe),
        "link-to-pipe": str(folder / "to-pipe"),
        "loop": str(loop),
        "folder": str(folder / "folder"),
        "missing": str(folder / "missing"),
        "zero": "/dev/zero",
        "full": "/dev/full",
        "terminal": "/dev/tty",
        "5-gigabytes": str(big),
        "name-of-5000": "x" * 5000,
        "path-of-5000": "x/" * 2500,
        "nobodys-home": "~nouser/x",
        "under-a-file": f"{__file__}/x",
        "memory": "/proc/self/mem",
    }


def place_kinds(folder: Path) -> Iterator[Kind]:
    """Yield calls with such a place wherever the program takes one."""
    takers: dict[str, Callable[[str], list[str]]] = {
        "analyze-file": lambda path: ["analyze", path, "--game", "chess", "--nodes", "1"],
        "analyze-weights": lambda path: [*ANALYZE, "--weights", path],
        "openings": lambda path: [*MATCH, "--openings", path],
        "engines": lambda path: ["match", "--game", "tictactoe", "--engines", path, "-e", "muzero", "-e", "random"],
        "resume": lambda path: [*MATCH, "--out", path, "--resume"],
        "verify": lambda path: ["match", "--verify", path],
        "export-run": lambda path: ["export", "--run", path, "--out", str(folder / "exported")],
        "report-run": lambda path: ["report", path],
        "train-resume": lambda path: ["train", "--run", path, "--resume"],
    }
    places = odd_places(folder)
    for taker, arguments in takers.items():
        for name, path in places.items():
            yield Kind(f"{taker} {name}", arguments(path))
    for name, path in places.items():
        source = places["pipe"] if name == "pipe" else path
        if name in ("pipe", "folder", "zero", "5-gigabytes", "loop", "memory"):
            for file in ("manifest.json", "initial.onnx", "checkpoint.safetensors"):
                bundle = bundle_copy(folder / f"bundle-{file}-{name}")
                (bundle / file).unlink()
                (bundle / file).symlink_to(source)
                yield Kind(f"bundle {file} {name}", [*ANALYZE, "--weights", str(bundle)])
            played = folder / f"match-{name}"
            played.mkdir()
            (played / "games.jsonl").symlink_to(source)
            yield Kind(f"games.jsonl {name} resume", [*MATCH, "--out", str(played), "--resume"])
            yield Kind(f"games.jsonl {name} verify", ["match", "--verify", str(played)])
            run = folder / f"run-{name}"
            (run / "checkpoint-1").mkdir(parents=True)
            (run / "config.json").symlink_to(source)
            (run / "metrics.jsonl").symlink_to(source)
            (run / "checkpoint-1" / "checkpoint.json").symlink_to(source)
            yield Kind(f"run {name} export", ["export", "--run", str(run), "--out", str(folder / "exported")])
            yield Kind(f"run {name} report", ["report", str(run)])
            yield Kind(f"run {name} train", ["train", "--run", str(run), "--resume"])


# Texts


def text_kinds(folder: Path) -> Iterator[Kind]:
    """Yield files of text that are what they should be, but for what is in them."""
    texts: dict[str, bytes] = {
        "empty": b"",
        "nested": nested(1000).encode(),
        "digits": b"9" * 5000,
        "zeros": bytes(100_000),
        "control": b"\x1b[2J\x07\x00" * 100,
        "not-utf-8": b"\xff\xfe\xfd" * 100,
        "a-line-of-2-megabytes": b"x" * (2 << 20),
    }
    for name, data in texts.items():
        path = folder / f"text-{name}"
        path.write_bytes(data)
        for suffix in (".toml", ".pgn", ".sgf", ".csa", ".kif", ".epd"):
            shutil.copy(path, f"{path}{suffix}")
        yield Kind(f"engines {name}", ["match", "--engines", f"{path}.toml", "-e", "a", "-e", "random"])
        for suffix in (".pgn", ".epd"):
            openings = ["match", "--game", "chess", "-e", "random", "-e", "random", "--openings", f"{path}{suffix}"]
            yield Kind(f"openings{suffix} {name}", openings)
        for suffix in (".pgn", ".sgf", ".csa", ".kif"):
            yield Kind(f"analyze {suffix} {name}", ["analyze", f"{path}{suffix}", "--nodes", "1"])
        played = folder / f"played-{name}"
        played.mkdir()
        (played / "games.jsonl").write_bytes(data + b"\n")
        yield Kind(f"resume {name}", [*MATCH, "--out", str(played), "--resume"])
        yield Kind(f"verify {name}", ["match", "--verify", str(played)])
    lines = {"nested": nested(1000), "digits": '{"pair":' + "9" * 5000 + "}", "control": '{"game_name":"\\u001b[2J"}'}
    for name, line in lines.items():
        played = folder / f"line-{name}"
        played.mkdir()
        (played / "games.jsonl").write_text('{"store": 1}\n' + line + "\n")
        yield Kind(f"line {name} resume", [*MATCH, "--out", str(played), "--resume"])
        yield Kind(f"line {name} verify", ["match", "--verify", str(played)], succeeds=True)
    tables = {
        "nested": "a = " + nested(1000),
        "digits": "[engines.a]\ncommand = 'x'\nseed = " + "9" * 5000,
        "nan": "[engines.a]\ncommand = 'muzero'\noptions = { CPuct = nan }",
        "dotted": ".".join("a" * 20_000) + " = 1",
        "tables": "[" + ".".join("a" * 20_000) + "]",
    }
    for name, text in tables.items():
        path = folder / f"table-{name}.toml"
        path.write_text(text)
        arguments = ["match", "--game", "tictactoe", "--engines", str(path), "-e", "a", "-e", "random", "--pairs", "1"]
        yield Kind(f"engines {name}", arguments)


# Numbers and streams


def number_kinds(folder: Path) -> Iterator[Kind]:
    """Yield flags that take a number with what is none."""
    flags = {
        "analyze --time": [*ANALYZE[:4], "--time"],
        "analyze --nodes": [*ANALYZE[:4], "--nodes"],
        "analyze --c-puct": [*ANALYZE, "--c-puct"],
        "analyze --temperature": [*ANALYZE, "--temperature"],
        "play --time": ["play", "tictactoe", "--time"],
        "play --komi": ["play", "go", "--komi"],
        "gtp --komi": ["gtp", "--komi"],
        "gtp --move-time": ["gtp", "--move-time"],
        "match --komi": ["match", "--game", "go", "-e", "random", "-e", "random", "--pairs", "1", "--komi"],
        "match --balance": [*MATCH, "--balance"],
        "match --patience": [*MATCH, "--patience"],
        "match --win-score": [*MATCH, "--win-moves", "3", "--win-score"],
        "match --draw-score": [*MATCH, "--draw-moves", "3", "--draw-score"],
        "match --sprt-error": [*MATCH, "--sprt", "0", "10", "--sprt-error"],
        "match --sprt": [*MATCH, "--sprt", "0"],
        "match --tc": [*MATCH, "--tc"],
        "ladder --start": ["ladder", "--game", "chess", "--start"],
        "train --time-limit": ["train", "--game", "tictactoe", "--run", str(folder / "new"), "--time-limit"],
    }
    for flag, arguments in flags.items():
        for number in ("nan", "inf", "-inf", "1e999", "9" * 5000, "x", "", "\x1b[2J"):
            if (flag, number) != ("match --tc", ""):
                yield Kind(f"{flag} {number[:8]!a}", [*arguments, number])
    for number in ("nan", "inf", "1e999"):
        setting = ["train", "--game", "tictactoe", "--run", str(folder / "new"), "--set", f"learner.peak_rate={number}"]
        yield Kind(f"train peak_rate {number}", setting)


def stream_kinds(_folder: Path) -> Iterator[Kind]:
    """Yield sessions and commands without a standard input or output."""
    for name, arguments in PROTOCOLS.items():
        yield Kind(f"{name} without input", arguments, closed=CLOSED_INPUT)
        yield Kind(f"{name} without output", arguments, closed=CLOSED_OUTPUT)
        yield Kind(f"{name} without either", arguments, closed=f"{CLOSED_INPUT} {CLOSED_OUTPUT}")
    yield Kind("listen without input", [], closed=CLOSED_INPUT)
    yield Kind("listen without output", [], closed=CLOSED_OUTPUT)
    yield Kind("analyze - without input", ["analyze", "-"], closed=CLOSED_INPUT)
    yield Kind("play without input", ["play", "tictactoe"], closed=CLOSED_INPUT, succeeds=True)
    for command in (["info"], ANALYZE, ["play", "tictactoe"], ["--help"], ["match", "--help"]):
        yield Kind(f"{' '.join(command)[:20]} without output", command, closed=CLOSED_OUTPUT)
    yield Kind("info without input", ["info"], closed=CLOSED_INPUT, succeeds=True)


FAMILIES: dict[str, Callable[[Path], Iterator[Kind]]] = {
    "places": place_kinds,
    "manifests": manifest_kinds,
    "tensors": tensor_kinds,
    "environments": environment_kinds,
    "texts": text_kinds,
    "numbers": number_kinds,
    "streams": stream_kinds,
}


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--only", choices=FAMILIES, help="a family of kinds")
    parser.add_argument("--every", type=int, default=1, help="take every N-th kind")
    parser.add_argument("--seconds", type=float, default=2.0, help="most that a call may take")
    parser.add_argument("--megabytes", type=float, default=300.0, help="most memory that a call may take")
    parser.add_argument("--wall", action="store_true", help="count the time that passes, not a processor's")
    args = parser.parse_args()
    table = Table(("family", "kinds", "slowest s", "largest MB"))
    for family in [args.only] if args.only else FAMILIES:
        faults, seconds, megabytes = list[str](), [0.0], [0.0]
        with tempfile.TemporaryDirectory() as folder:
            kinds = list(FAMILIES[family](Path(folder)))[:: args.every]
            for kind in kinds:
                outcome = call(kind, wall=args.wall)
                seconds.append(outcome.seconds)
                megabytes.append(outcome.megabytes)
                fault = outcome.fault(most_seconds=args.seconds, most_megabytes=args.megabytes)
                if fault is not None:
                    figures = f"{outcome.seconds:.1f} s, {outcome.megabytes:.0f} MB, {outcome.code}"
                    faults.append(f"{fault}: {kind.name} ({figures}): {outcome.said.strip()[-160:]!a}")
                table.progress(f"{family}: {len(seconds) - 1} of {len(kinds)} kinds, {len(faults)} faults")
        table.row(family, len(kinds), max(seconds), round(max(megabytes)), fault="; ".join(faults))
    table.end()

"""Environments that are none: bundles of theirs, files with their classes, names, settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab.trials.common.sessions import environment
from lab.trials.hostile.kinds import Kind, nested
from lab.trials.hostile.weights import HUGE_NUMBERS

SOUND = """
class Walk:
    actions = 2
    def reset(self, seed):
        return [0.0, 1.0]
    def step(self, action):
        return [1.0, 0.0], 1.0, False, False
"""
# What a class is otherwise, from the first line that differs
SEEN = {
    "nothing": "None",
    "text": "'x'",
    "empty": "[]",
    "ragged": "[[1.0], [1.0, 2.0]]",
    "nan": "[float('nan'), 1.0]",
    "infinite": "[float('inf'), 1.0]",
    "objects": "[object(), object()]",
    "dictionary": "{'a': [1.0]}",
    "deep": "eval('[' * 90 + '1.0' + ']' * 90)",
    "generator": "(x for x in [1.0])",
    "itself": "self",
    "raises": "1 / 0",
    "message-of-a-megabyte": "exec('raise ValueError(chr(27) + 2**20 * chr(10))')",
    "exits": "exec('raise SystemExit(3)')",
    "recursion": "self.reset(seed)",
    "no-memory": "exec('raise MemoryError')",
    "digits": "[10 ** 5000, 1]",
}
ACTIONS = ("0", "-1", "1", "1.5", "10 ** 9", "10 ** 5000", "'x'", "None", "[2]", "float('nan')", "object()")
STEPS = {
    "nothing": "None",
    "short": "([1.0, 0.0], 1.0)",
    "text": "'abcd'",
    "reward-nan": "([1.0, 0.0], float('nan'), False, False)",
    "reward-infinite": "([1.0, 0.0], float('inf'), False, False)",
    "reward-text": "([1.0, 0.0], 'x', False, False)",
    "reward-nothing": "([1.0, 0.0], None, False, False)",
    "reward-digits": "([1.0, 0.0], 10 ** 5000, False, False)",
    "reward-list": "([1.0, 0.0], [1.0, 2.0], False, False)",
    "other-shape": "([1.0, 0.0, 0.0], 1.0, False, False)",
    "seen-nothing": "(None, 1.0, False, False)",
    "seen-nan": "([float('nan'), 0.0], 1.0, False, False)",
    "over-text": "([1.0, 0.0], 1.0, [], {1: 2})",
    "raises": "1 / 0",
    "exits": "exec('raise SystemExit(3)')",
    "recursion": "self.step(action)",
}
FILES: dict[str, bytes] = {
    "empty": b"",
    "zeros": bytes(1000),
    "not-utf-8": b"\xff\xfe\xfd" * 100,
    "syntax": b"class Walk(:\n",
    "nested": nested(1000).encode(),
    "raises": b"1 / 0",
    "raises-a-megabyte": b"raise ValueError(2 ** 20 * chr(10))",
    "exits": b"raise SystemExit(0)",
    "no-class": b"Walk = 3",
    "no-methods": b"class Walk:\n    pass",
    "no-step": b"class Walk:\n    def reset(self, seed): return [1.0]",
    "not-made": b"class Walk:\n    def __init__(self, much): pass\n    reset = step = None",
    "raises-when-made": SOUND.replace("actions = 2", "def __init__(self): 1 / 0").encode(),
    "exits-when-made": SOUND.replace("actions = 2", "def __init__(self): raise SystemExit").encode(),
    "function": b"def Walk(): return None",
    "talks": b"print('x' * 100_000)\n" + SOUND.replace("[0.0, 1.0]", "None").encode(),
}
NAMES: tuple[str, ...] = (
    "",
    ":",
    "x:",
    ":x",
    ".py:",
    ".py:Walk",
    "own.py",
    "own.py:",
    "own.py:Run",
    "own.py:Walk:Walk",
    "/dev/zero.py:Walk",
)
NAMES += ("folder.py:Walk", "pipe.py:Walk", "x" * 5000, "x/" * 2500 + "x.py:Walk", "\x1b[2J", "os:getcwd", "os:path")
NAMES += ("../" * 50 + "x.py:Walk", "json:JSONDecoder", "no.such.module:Walk", "CartPol", "ALE/Nothing-v9", "é.py:é")
SETTINGS = ("frame_skip", "sticky", "no_ops", "size", "stack", "max_steps", "step_seconds")
NO_NUMBERS = {"nan": "nan", "fraction": "1e", "text": "x", "nothing": "", "list": "[1]", "digits": "9" * 5000}


def environment_kinds(folder: Path) -> Iterator[Kind]:
    """Yield calls with such an environment."""
    own = folder / "own.py"
    own.write_text(SOUND)
    (folder / "folder.py").mkdir()
    os.mkfifo(folder / "pipe.py")
    bundle = folder / "bundle"
    sizes = ["--channels", "8", "--representation-blocks", "1", "--dynamics-blocks", "1"]
    export = ["export", "--env", f"{own}:Walk", "--out", str(bundle), *sizes]
    subprocess.run([sys.executable, "-m", "muzero_engine", *export], check=True, capture_output=True, env=environment())
    new = ["--run", str(folder / "new")]
    for name in NAMES:
        for command in (["train", *new], ["export", "--out", str(folder / "exported")]):
            yield Kind(f"{command[0]} --env {name[:20]!a}", [*command, "--env", name])
        if name:
            yield Kind(f"watch --env {name[:20]!a}", _watched(bundle, name))
    for number, (name, text) in enumerate(_classes().items()):
        path = folder / f"class{number}.py"
        path.write_bytes(text)
        yield Kind(f"train {name}", ["train", *new, "--env", f"{path}:Walk"])
        yield Kind(f"watch {name}", _watched(bundle, f"{path}:Walk"))
    for name, answer in STEPS.items():
        path = folder / f"step-{name}.py"
        path.write_text(SOUND.replace("[1.0, 0.0], 1.0, False, False", answer))
        yield Kind(f"watch step {name}", _watched(bundle, f"{path}:Walk"))
    for setting in SETTINGS:
        for name, value in NO_NUMBERS.items():
            arguments = ["train", *new, "--env", f"{own}:Walk", "--set", f"environment.{setting}={value}"]
            yield Kind(f"train {setting} {name}", arguments)
    yield from _manifest_kinds(folder, bundle)


def _watched(bundle: Path, name: str = "") -> list[str]:
    """Return the arguments of a look at three steps."""
    few = ["--episodes", "1", "--nodes", "1", "--max-steps", "3"]
    return ["watch", "--weights", str(bundle), *few, *(["--env", name] if name else [])]


def _classes() -> dict[str, bytes]:
    """Return the files whose class is refused when an episode begins, or before."""
    files = {f"file {name}": data for name, data in FILES.items()}
    files |= {f"seen {name}": SOUND.replace("[0.0, 1.0]", seen, 1).encode() for name, seen in SEEN.items()}
    return files | {
        f"actions {x}": SOUND.replace("actions = 2", f"actions = {x}").encode() for x in ACTIONS if x != "1"
    }


def _manifest_kinds(folder: Path, bundle: Path) -> Iterator[Kind]:
    """Yield bundles whose manifest says of their environment what cannot be; some of it does no harm."""
    whole = json.loads((bundle / "manifest.json").read_text())
    values: dict[str, Any] = {**HUGE_NUMBERS, "0": 0, "-1": -1, "nested": json.loads(nested(50)), "object": {}}
    number = 0
    for part, fields in whole["environment"].items():
        for field in fields if isinstance(fields, dict) else [""]:
            for name, value in values.items():
                manifest = json.loads(json.dumps(whole))
                place = manifest["environment"][part] if field else manifest["environment"]
                place[field or part] = value
                number += 1
                odd = folder / f"odd-{number}"
                odd.mkdir()
                for path in bundle.iterdir():
                    (odd / path.name).symlink_to(path)
                (odd / "manifest.json").unlink()
                (odd / "manifest.json").write_text(json.dumps(manifest))
                yield Kind(f"environment.{part}.{field} {name}", _watched(odd), succeeds=True)

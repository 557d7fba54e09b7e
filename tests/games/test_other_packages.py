"""A game of another package does all that a built-in one does: Connect Four, from `tests/packages/connect_four`.

It is installed as people install packages, into a folder of its own, and the commands run in processes that see it.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from muzero_engine.games.registry import BUILT_IN

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "tests" / "packages" / "connect_four"
TINY = [
    "--set=network.channels=8",
    "--set=network.representation_blocks=1",
    "--set=search.simulations=4",
    "--set=self_play.games=8",
    "--set=self_play.plies_per_cycle=120",
    "--set=replay.min_plies=60",
    "--set=learner.batch_size=8",
    "--set=learner.steps_per_cycle=2",
    "--set=evaluation.games=2",
    "--set=evaluation.every_cycles=2",
]


@dataclass(frozen=True)
class Installed:
    """A folder with the installed package, its source beside it, and what processes need to see it."""

    source: Path
    environment: dict[str, str]

    def python(self, *arguments: object, lines: str = "") -> str:
        """Run Python and return its output. Fails unless it exits with 0."""
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            input=lines,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # where `train` says how it goes
            text=True,
            env=self.environment,
            cwd=self.source,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def engine(self, *arguments: object, lines: str = "") -> str:
        """Run a command of `muzero-engine` and return its output."""
        return self.python("-m", "muzero_engine", *arguments, lines=lines)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("packages")
    source, target = folder / "source", folder / "target"
    shutil.copytree(SOURCE, source)  # building a package leaves files in its source
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    where = ["--no-deps", "--no-build-isolation", "--no-index", "--target", str(target), str(source)]
    done = subprocess.run([*pip, *where], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.rmtree(source / "connect_four")  # what is tested is what was installed
    path = os.pathsep.join([str(target), str(ROOT)])
    return Installed(source, {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"})


def test_the_package_knows_only_what_a_game_is() -> None:
    modules = set()
    for path in (SOURCE / "connect_four").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                modules.add(node.module or "")
            elif isinstance(node, ast.Import):
                modules.update(name.name for name in node.names)
    ours = {module for module in modules if module.startswith("muzero_engine")}
    assert ours == {"muzero_engine.games.base"}


def test_its_own_tests_pass(installed: Installed) -> None:
    """The conformance kit among them."""
    assert " passed" in installed.python("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")


def test_the_registry_has_it(installed: Installed) -> None:
    names = "from muzero_engine.games.registry import game_names; print(*game_names())"
    assert "connect_four" in installed.python("-c", names).split()


def test_it_is_trained_exported_analysed_played_and_matched(installed: Installed, tmp_path: Path) -> None:
    """With weights of a few steps, and with the rules of the package at the root of every search."""
    run, bundle, games = tmp_path / "run", tmp_path / "bundle", tmp_path / "match"
    new = ["--game", "connect_four", "--preset", "tiny", "--device", "cpu", "--run", run]
    output = installed.engine("train", *new, "--steps", 4, *TINY)
    assert f"all steps are done: {run / 'checkpoint-4'}" in output
    assert "against random" in output
    rules = hashlib.sha256((SOURCE / "connect_four" / "rules.py").read_bytes()).hexdigest()
    assert json.loads((run / "checkpoint-4" / "checkpoint.json").read_text())["digest"] == rules[:16]
    assert "4 steps" in installed.engine("export", "--run", run, "--out", bundle)

    output = installed.engine("ugi", "--game", "connect_four", lines="ugi\nisready\nquit\n")
    assert "connect_four, and none for connect_four come along: name a bundle's folder (--weights; " in output
    weights = ["--weights", bundle]
    board = "......./......./......./......./ooo..../xxx...."
    output = installed.engine("analyze", board, "--game", "connect_four", "--nodes", 16, *weights)
    assert "\nd        +1.000  100%   0%   0%" in output

    moves = "a\nb\na\nb\na\nb\na\n"
    output = installed.engine("play", "connect_four", "--nodes", 8, "--side", "both", *weights, lines=moves)
    assert output.splitlines()[-1] == "x wins: four in a row"

    engines = ["-e", f"name=net weights={bundle} tc=nodes=16 muzero", "-e", "random"]
    output = installed.engine("match", "--game", "connect_four", *engines, "--pairs", 1, "--out", games)
    assert "2 games to play" in output
    assert "net - random" in output
    assert "2 games" in installed.engine("match", "--verify", games)


def test_a_package_that_does_not_load_takes_no_other_game_along(tmp_path: Path) -> None:
    told = tmp_path / "broken-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text("[muzero_engine.games]\nbad = bad_game:GAME\nleaves = leaving_game:GAME\n")
    (tmp_path / "bad_game.py").write_text("raise RuntimeError('half of it\\nis missing')\n")
    (tmp_path / "leaving_game.py").write_text("import sys\nsys.exit(3)\n")
    package = Installed(tmp_path, {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])})
    about = {entry["game"]: entry for entry in json.loads(package.engine("info", "--json"))["weights"]}
    assert "error" not in about["chess"]
    assert about["bad"]["error"].endswith("from bad_game:GAME: RuntimeError: half of it is missing")
    assert about["leaves"]["error"].endswith("from leaving_game:GAME: SystemExit: 3")
    games = "[game.spec.name for game in loaded_games()]"
    listed = package.python("-c", f"from muzero_engine.games.registry import *; print({games})")
    assert ast.literal_eval(listed) == list(BUILT_IN)

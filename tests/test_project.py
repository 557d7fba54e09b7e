"""What README, changelog and packaging promise is what the program offers."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support.options_table import table

import muzero_engine
from muzero_engine.cli import COMMANDS
from muzero_engine.games.registry import BUILT_IN
from muzero_engine.inference.bundle import load_bundle

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_options_table_is_the_one_that_the_options_make() -> None:
    assert table() in README, "run `python -m support.options_table` in tests/ and put its output into README.md"


@pytest.mark.parametrize("protocol", ["uci", "usi"])
def test_every_option_that_a_session_offers_is_explained(protocol: str) -> None:
    command = [sys.executable, "-m", "muzero_engine", protocol]
    output = subprocess.run(
        command, input=f"{protocol}\n", capture_output=True, text=True, check=True, timeout=60
    ).stdout
    offered = re.findall(r"^option name (.+?) type ", output, re.MULTILINE)
    assert len(offered) > 20
    assert [name for name in offered if f"`{name}`" not in README] == []


def test_every_command_is_explained() -> None:
    assert [command for command in COMMANDS if f"`{command}`" not in README and f"engine {command}" not in README] == []


def test_the_changelog_knows_this_version() -> None:
    assert f"\n## {muzero_engine.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_playing_depends_on_five_packages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {requirement.split(">")[0] for requirement in project["dependencies"]}
    assert names == {"numpy", "onnxruntime", "click", "chess", "cshogi"}


@pytest.mark.parametrize("game", BUILT_IN)
def test_the_weights_that_come_along_are_whole(game: str) -> None:
    bundle = load_bundle(ROOT / "weights" / game)
    assert bundle.manifest.game == game
    assert sum(file.size for file in bundle.manifest.files.values()) <= 12 << 20
    listed = {"manifest.json", *bundle.manifest.files}
    assert {path.name for path in (ROOT / "weights" / game).iterdir()} == listed

"""What `--help` shows: it fits a screen, its examples can be typed, and mistyped words are understood."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from muzero_engine.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parents[2]


def shown(*arguments: str) -> list[str]:
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_fits_a_screen(command: str | None) -> None:
    lines = shown(*filter(None, [command]), "--help")
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80


def test_no_sentence_on_a_command_is_cut() -> None:
    lines = shown("--help")
    assert [line for line in lines[lines.index("Commands:") :] if line.endswith("...")] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_of_a_command_can_be_typed(name: str) -> None:
    lines = shown(name, "--help")
    examples = [line.strip() for line in lines if line.startswith("    muzero-engine ")]
    assert len(examples) == 2
    for example in examples:
        _, named, *words = shlex.split(example)
        command = main.get_command(click.Context(main), named)
        assert command is not None
        flags = {flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts)}
        assert [word for word in words if word.startswith("-") and word not in flags] == []


def test_what_is_for_experts_is_shown_when_asked_for() -> None:
    assert not any("--c-puct" in line for line in shown("uci", "--help"))
    assert any(line.strip().startswith("--help-all ") for line in shown("uci", "--help"))
    everything = "\n".join(shown("uci", "--help-all"))
    command = main.get_command(click.Context(main), "uci")
    assert command is not None
    for parameter in command.params:
        assert parameter.opts[0] in everything or parameter.opts == ["--help-all"]


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["mach"], "Did you mean match or watch?"),
        (["analyse"], "Did you mean analyze"),
        (["xyz"], "--help lists the commands"),
        (["match", "--paris", "3"], "Did you mean '--pairs'?"),
    ],
)
def test_mistyped_words_are_answered_with_those_that_are_meant(words: list[str], answer: str) -> None:
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert answer in result.output.splitlines()[-1]


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "cp1252:strict"])
def test_a_console_that_cannot_write_a_name_stops_no_match(tmp_path: Path, encoding: str) -> None:
    command = [sys.executable, "-m", "muzero_engine", "match", "--game", "tictactoe", "--pairs", "1"]
    command += ["-e", "name=強い random", "-e", "name=Łódź random", "--out", str(tmp_path / "m")]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding}
    done = subprocess.run(command, capture_output=True, env=environment, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"2/2: " in done.stdout


def test_pictures_need_matplotlib_alone_and_say_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    words = [
        "match",
        "--game",
        "tictactoe",
        "-e",
        "random",
        "-e",
        "random",
        "--pairs",
        "1",
        "--out",
        str(tmp_path / "m"),
    ]
    last = shown(*words)[-1]
    assert last.startswith("pictures need matplotlib, ")
    assert "pip install " in last
    assert "[pictures]" in last
    assert (tmp_path / "m" / "report.html").exists()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert [requirement.partition(">")[0] for requirement in extras["pictures"]] == ["matplotlib"]

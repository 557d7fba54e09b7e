"""What is no number, a stream that is closed and a name that nothing has give one line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from muzero_engine import cli
from muzero_engine.commands.common.numbers import FiniteNumber

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX closes streams")


def said(arguments: list[str], closed: str = "") -> str:
    """The one line that a call of the program which must fail says on standard error."""
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-m", "muzero_engine", *arguments]
    process = subprocess.run(shell, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert process.returncode in (1, 2)
    line = process.stderr[process.stderr.rfind("\nError: ") + 1 :]
    assert line.startswith("Error: ")
    assert line.count("\n") == 1
    return line


@pytest.mark.parametrize(
    ("arguments", "closed", "stream"),
    [
        (["uci"], "<&-", "standard input is closed"),
        (["gtp"], ">&-", "standard output is closed"),
        (["analyze", "-"], "<&-", "standard input is closed"),
        (["info"], ">&-", "standard output is closed"),
    ],
)
def test_a_closed_stream_is_said(arguments: list[str], closed: str, stream: str) -> None:
    assert stream in said(arguments, closed)


@pytest.mark.parametrize("arguments", [["train", "--env", "x.py:X"], ["export", "--game", "tictactoe", "--out", "e"]])
def test_a_working_folder_that_was_removed_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert said(arguments) == "Error: the folder that this was called from: No such file or directory\n"


def test_a_host_that_is_no_text_is_refused() -> None:
    assert "cannot listen on" in said(["web", "--no-browser", "--port", "0", "--host", "caf\udce9"])


@pytest.mark.parametrize("weights", ["x" * 5000, "~nouser/x"])
def test_weights_of_a_name_that_nothing_has(weights: str) -> None:
    line = said(["analyze", "startpos", "--game", "tictactoe", "--nodes", "1", "--weights", weights])
    assert f"there are no weights in {weights[:100]}" in line
    assert len(line) < 1100


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e999", "9" * 5000])
def test_no_number_is_infinite_or_none(number: str) -> None:
    result = CliRunner().invoke(cli.main, ["analyze", "startpos", "--time", number])
    assert result.exit_code == 2
    assert "--time" in result.output
    assert len(result.output) < 400


def options() -> Iterator[tuple[str, click.Parameter]]:
    for name in cli.COMMANDS:
        command = cli.main.get_command(click.Context(cli.main), name)
        assert command is not None
        for parameter in command.params:
            yield name, parameter


def test_every_flag_with_a_fraction_is_a_finite_number() -> None:
    for name, parameter in options():
        loose = isinstance(parameter.type, click.FloatRange) and not isinstance(parameter.type, FiniteNumber)
        assert not loose, (name, parameter.name)
        assert parameter.type is not click.FLOAT, (name, parameter.name)


def test_every_path_is_one_that_is_not_empty() -> None:
    for name, parameter in options():
        assert type(parameter.type) is not click.Path, (name, parameter.name)


@pytest.mark.parametrize(
    "arguments",
    [
        ["analyze", ""],
        ["imagine", ""],
        ["analyze", "startpos", "--weights", ""],
        ["analyze", "startpos", "--report", ""],
        ["info", "--weights", ""],
        ["web", "--host", ""],
        ["train", "--game", "chess", "--run", ""],
        ["match", "--game", "chess", "-e", "random", "-e", "random", "--tc", ""],
    ],
)
def test_what_is_empty_is_called_so(arguments: list[str]) -> None:
    """An empty path was the current folder, an empty host every address, an empty name of weights those of the game."""
    result = CliRunner().invoke(cli.main, arguments)
    assert result.exit_code == 2
    assert ": it is empty" in result.output.splitlines()[-1]


def test_what_a_complaint_echoes_is_cut_and_has_no_control_characters() -> None:
    result = CliRunner().invoke(cli.main, ["analyze", "startpos", "--c-puct", "\x1b[2J\x07" + "9" * 100_000])
    assert result.exit_code == 2
    assert len(result.output) < 1400
    assert "\x1b" not in result.output
    assert "\x07" not in result.output


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has such a device")
def test_an_output_that_is_full_is_said() -> None:
    assert said(["--help"], ">/dev/full") == "Error: standard output: No space left on device\n"

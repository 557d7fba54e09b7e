"""`scripts/engine` sets up what a command needs, once, and what training needs only where it is asked for."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import setup_venv


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The commands that are run, which do nothing but make the environment's folder with its Python."""
    commands: list[tuple[str, ...]] = []

    def run(*command: str | Path) -> None:
        commands.append(tuple(str(part) for part in command))
        if command[1:3] == ("-m", "venv"):
            (Path(command[3]) / "bin").mkdir(parents=True)
            (Path(command[3]) / "bin" / "python").symlink_to(sys.executable)

    monkeypatch.setattr(setup_venv, "run", run)
    return commands


def set_up(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", ["setup_venv.py", *map(str, arguments)])
    return setup_venv.main()


def test_training_is_added_to_the_environment_that_plays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: list[tuple[str, ...]]
) -> None:
    venv = tmp_path / "venv"
    assert set_up(monkeypatch, venv, "") == 0
    assert [command[-1] for command in calls if "pip" in command] == [str(setup_venv.REPOSITORY)]
    calls.clear()
    assert set_up(monkeypatch, venv, "", "train") == 0
    assert [command[-1] for command in calls] == [f"{setup_venv.REPOSITORY}[train]"]
    calls.clear()
    assert set_up(monkeypatch, venv, "", "train") == 0
    assert set_up(monkeypatch, venv, "") == 0
    assert calls == []
    (venv / "setup.stamp").write_text("another checkout")
    (venv / "setup-train.stamp").write_text("another checkout")
    assert set_up(monkeypatch, venv, "", "train") == 0
    assert [command[-1] for command in calls if "pip" in command] == [
        str(setup_venv.REPOSITORY),
        f"{setup_venv.REPOSITORY}[train]",
    ]


def test_packages_go_into_the_environment_whatever_the_users_pip_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: list[tuple[str, ...]]
) -> None:
    told = {"PIP_USER": "1", "PIP_TARGET": str(tmp_path), "PIP_PREFIX": str(tmp_path), "PIP_PROXY": "proxy:80"}
    monkeypatch.setattr(os, "environ", {**os.environ, **told})
    assert set_up(monkeypatch, tmp_path / "venv", "") == 0
    assert calls
    assert {name: os.environ.get(name) for name in told} == {
        "PIP_USER": "0",
        "PIP_TARGET": None,
        "PIP_PREFIX": None,
        "PIP_PROXY": "proxy:80",
    }


def test_a_folder_that_cannot_be_written_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: list[tuple[str, ...]], capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert set_up(monkeypatch, tmp_path / "file" / "venv", "") == 1
    said = capfd.readouterr().err
    assert f"could not set up {tmp_path}/file/venv: Not a directory" in said
    assert "may, or clone it into a folder of your own" in said
    assert calls == []


def is_stamped(venv: Path) -> bool:
    """Whether `scripts/engine` takes the environment as it is."""
    shell = f'. {shlex.quote(str(setup_venv.REPOSITORY / "scripts" / "_venv"))}; stamped "$0" setup.stamp'
    return subprocess.run(["bash", "-euc", shell, str(venv)], check=False).returncode == 0


def test_an_environment_whose_python_was_upgraded_or_removed_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: list[tuple[str, ...]]
) -> None:
    venv, other = tmp_path / "venv", tmp_path / "python3.99"
    shutil.copy(sys.executable, other)
    for target in (None, other, tmp_path / "gone" / "python3"):
        if target is not None:
            (venv / "bin" / "python").unlink()
            (venv / "bin" / "python").symlink_to(target)
            assert not is_stamped(venv)
        calls.clear()
        assert set_up(monkeypatch, venv, "") == 0
        assert [command[-1] for command in calls if "pip" in command] == [str(setup_venv.REPOSITORY)]
        assert is_stamped(venv)


def test_what_could_not_be_added_is_tried_again_and_the_rest_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    venv = tmp_path / "venv"
    assert set_up(monkeypatch, venv, "") == 0

    def fail(*command: str | Path) -> None:
        raise subprocess.CalledProcessError(1, [str(part) for part in command])

    with monkeypatch.context() as patched:
        patched.setattr(setup_venv, "run", fail)
        assert set_up(monkeypatch, venv, "", "train") == 1
    assert "could not set up" in capsys.readouterr().err
    calls.clear()
    assert set_up(monkeypatch, venv, "") == 0
    assert calls == []
    assert set_up(monkeypatch, venv, "", "train") == 0
    assert len(calls) == 1

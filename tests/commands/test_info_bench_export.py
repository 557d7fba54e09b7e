"""`info`, `bench` and `export`."""

from __future__ import annotations

import json
import shutil
import signal
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from muzero_engine import __version__
from muzero_engine.cli import COMMANDS, main
from muzero_engine.commands import bench
from muzero_engine.commands.bench import bench_positions
from muzero_engine.games.registry import BUILT_IN, load_game
from muzero_engine.inference.bundle import default_weights_dir, load_bundle, read_manifest
from muzero_engine.inference.levels import Level, LevelSettings, LevelTable
from muzero_engine.inference.manifest import Training


def run(*arguments: str) -> str:
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_help_lists_every_command() -> None:
    output = run("--help")
    assert all(f"\n  {command} " in output for command in COMMANDS)
    assert run("--version") == f"muzero-engine {__version__}\n"


def test_info_tells_versions_machine_and_weights() -> None:
    document = json.loads(run("info", "--json"))
    assert document["versions"]["muzero-engine"] == __version__
    assert "cpu" in document["machine"]["backends"]
    games = [bundle["game"] for bundle in document["weights"]]
    assert games[: len(BUILT_IN)] == list(BUILT_IN)
    assert "MinAtar/Breakout-v1" in games[len(BUILT_IN) :]
    output = run("info")
    for bundle in document["weights"]:
        assert bundle["trained"] is (bundle["manifest"]["training"]["steps"] > 0)
        assert f"{bundle['game']} network" in output


def test_info_tells_what_is_wrong_with_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUZERO_WEIGHTS", str(tmp_path))
    (tmp_path / "go").mkdir()
    (tmp_path / "go" / "manifest.json").write_text("{", encoding="ascii")
    output = " ".join(run("info").split())
    assert "there are no weights in" in output
    assert "is not valid JSON" in output
    named = CliRunner().invoke(main, ["info", "--weights", str(tmp_path / "go")])
    assert (named.exit_code, "is not valid JSON" in " ".join(named.output.split())) == (1, True)


@pytest.mark.parametrize("game", BUILT_IN)
def test_the_bench_positions_can_be_played_on(game: str) -> None:
    for position in bench_positions(load_game(game)):
        assert position.outcome() is None
        assert len(position.legal_actions()) > 0


def test_bench_measures_and_repeats_its_moves() -> None:
    arguments = ("bench", "--game", "tictactoe", "--nodes", "64", "--minibatch-size", "4", "--json")
    first, second = (json.loads(run(*arguments)) for _ in range(2))
    (report,) = first["games"]
    assert report["batch"] == 4
    assert report["nodes_per_second"] > 0
    assert 0 < report["outside_network"] < 1
    assert report["batches"][0]["batch"] == 1
    assert [position["nodes"] for position in report["positions"]] == [64]
    moves = [[row["move"] for row in document["games"][0]["positions"]] for document in (first, second)]
    assert moves[0] == moves[1]


def test_bench_leaves_out_games_of_packages_that_cannot_be_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "game_names", lambda: ("tictactoe", "connect_four"))
    result = CliRunner().invoke(main, ["bench", "--nodes", "8", "--minibatch-size", "4", "--json"])
    assert result.exit_code == 0, result.output
    assert [report["game"] for report in json.loads(result.stdout)["games"]] == ["tictactoe"]
    assert result.stderr.startswith("connect_four is left out: ")


def test_bench_prints_a_table() -> None:
    output = run("bench", "--game", "tictactoe", "--nodes", "32")
    assert "evaluations/s" in output
    assert "outside network" in output
    assert "stop: " in output


def test_export_of_a_new_network_and_of_its_checkpoint(tmp_path: Path) -> None:
    sizes = ("--channels", "8", "--representation-blocks", "1", "--dynamics-blocks", "1")
    assert "untrained" in run("export", "--game", "tictactoe", "--out", str(tmp_path / "new"), *sizes)
    checkpoint = str(tmp_path / "new" / "checkpoint.safetensors")
    facts = ("--note", "trained for a test", "--steps", "3", "--games", "2", "--plies", "9", "--device-hours", "0.5")
    run("export", "--checkpoint", checkpoint, "--out", str(tmp_path / "again"), *facts)
    new, again = (load_bundle(tmp_path / name, load_game("tictactoe").spec) for name in ("new", "again"))
    assert new.graphs == again.graphs
    assert new.manifest.training.untrained
    assert again.manifest.training == Training("trained for a test", games=2, plies=9, steps=3, device_hours=0.5)
    inherited = tmp_path / "inherited"
    run("export", "--checkpoint", str(tmp_path / "again" / "checkpoint.safetensors"), "--out", str(inherited))
    assert load_bundle(inherited).manifest.training == again.manifest.training


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--game", "tictactoe", "--step", "3"), "--step is of a run: name it with --run"),
        (("--game", "tictactoe", "--positions", "5"), "--positions are those of --int8: add it"),
        (("--game", "tictactoe", "--games", "3"), "--games is said of a checkpoint: a new network is untrained"),
        (("--run", ".", "--device-hours", "3"), "--device-hours is said of a checkpoint: a run knows it"),
        (("--checkpoint", "FILE", "--steps", "0"), "--steps goes with --note, which says how the weights were trained"),
    ],
)
def test_what_is_said_of_weights_fits_them(tmp_path: Path, arguments: tuple[str, ...], problem: str) -> None:
    (file := tmp_path / "checkpoint.safetensors").touch()
    words = [str(file) if word == "FILE" else word for word in arguments]
    result = CliRunner().invoke(main, ["export", "--out", str(tmp_path / "out"), *words])
    assert (result.exit_code, problem in result.output, (tmp_path / "out").exists()) == (2, True, False)


def test_measured_levels_stay_with_their_network(tmp_path: Path) -> None:
    sizes = ("--channels", "8", "--representation-blocks", "1", "--dynamics-blocks", "1", "--game", "tictactoe")
    bundle, again = tmp_path / "bundle", str(tmp_path / "again")
    none = f"its levels are not measured: muzero-engine calibrate --game tictactoe --weights {bundle}\n"
    assert run("export", "--out", str(bundle), *sizes).endswith(none)
    settings = LevelSettings(1, 2.0, 0.01), LevelSettings(8, 0.2, 0.1)
    table = LevelTable("a scale", (Level(0.0, 9.0, 50, settings[0]), Level(100.0, 9.0, 50, settings[1])))
    (bundle / "manifest.json").write_text(replace(read_manifest(bundle), levels=table).to_json())
    assert "not measured" not in run("export", "--checkpoint", str(bundle / "checkpoint.safetensors"), "--out", again)
    assert read_manifest(tmp_path / "again").levels == table
    assert "not measured" not in run("export", "--out", str(bundle), *sizes)  # the same network in its own place
    assert read_manifest(bundle).levels == table
    assert run("export", "--out", again, "--seed", "1", *sizes).endswith(none.replace(str(bundle), again))
    assert read_manifest(tmp_path / "again").levels is None
    run("export", "--out", str(tmp_path / "other"), "--seed", "1", *sizes)
    shutil.copy(tmp_path / "other" / "checkpoint.safetensors", bundle)
    assert "not measured" in run("export", "--checkpoint", str(bundle / "checkpoint.safetensors"), "--out", again)
    assert read_manifest(tmp_path / "again").levels is None


def test_a_checkpoint_that_the_manifest_does_not_describe_has_nothing_of_its_training(tmp_path: Path) -> None:
    sizes = ("--channels", "8", "--representation-blocks", "1", "--dynamics-blocks", "1", "--game", "tictactoe")
    checkpoint = tmp_path / "mixed" / "checkpoint.safetensors"
    shutil.copytree(default_weights_dir("tictactoe"), tmp_path / "mixed")
    assert "21,309 games" in run("export", "--checkpoint", str(checkpoint), "--out", str(tmp_path / "same"))
    assert (tmp_path / "same" / "training.png").exists()
    run("export", "--out", str(tmp_path / "new"), *sizes)
    shutil.copy(tmp_path / "new" / "checkpoint.safetensors", checkpoint)
    assert "of unknown training" in run("export", "--checkpoint", str(checkpoint), "--out", str(tmp_path / "other"))
    assert not (tmp_path / "other" / "training.png").exists()


def test_a_card_of_the_network_before_is_told(tmp_path: Path) -> None:
    shutil.copytree(default_weights_dir("tictactoe"), tmp_path / "w")
    told = "README.md there is the card of the network before, and stays"
    checkpoint = str(tmp_path / "w" / "checkpoint.safetensors")
    assert told not in run("export", "--checkpoint", checkpoint, "--out", str(tmp_path / "w"))
    assert told in run("export", "--game", "tictactoe", "--channels", "8", "--out", str(tmp_path / "w"))


def test_a_graph_in_8_bits_that_is_not_made_anew_is_told(tmp_path: Path) -> None:
    sizes = ("--channels", "8", "--representation-blocks", "1", "--dynamics-blocks", "1", "--game", "tictactoe")
    gone = "the 8-bit graph that was there is gone: --int8 makes it anew"
    assert gone not in run("export", "--out", str(tmp_path / "b"), "--int8", "--positions", "8", *sizes)
    assert gone in run("export", "--out", str(tmp_path / "b"), *sizes)
    assert gone not in run("export", "--out", str(tmp_path / "b"), *sizes)


def test_export_of_a_network_for_an_environment(tmp_path: Path) -> None:
    sizes = ["--channels", "8", "--representation-blocks", "1", "--dynamics-blocks", "1"]
    output = run("export", "--env", "support.environments:Chain", "--out", str(tmp_path / "new"), *sizes)
    assert f"muzero-engine watch --weights {tmp_path / 'new'}" in output
    checkpoint = tmp_path / "new" / "checkpoint.safetensors"
    run("export", "--checkpoint", str(checkpoint), "--out", str(tmp_path / "again"))
    new, again = read_manifest(tmp_path / "new"), read_manifest(tmp_path / "again")
    assert (new.environment, new.files) == (again.environment, again.files)
    assert new.environment is not None
    assert new.environment.spec.action_names == ("left", "right")
    alone = Path(shutil.copy(checkpoint, tmp_path / "alone.safetensors"))
    for arguments, problem in (
        (["--env", "support.environments:NoSuch"], "NoSuch"),
        (["--checkpoint", str(alone)], "which a manifest.json beside it must describe"),
        (["--checkpoint", str(checkpoint), "--int8"], "slower in 8 bits than in 32: leave --int8 out"),
    ):
        result = CliRunner().invoke(main, ["export", "--out", str(tmp_path / "x"), *arguments])
        assert (result.exit_code, result.output.count("\n")) == (1, 1)
        assert problem in result.output


def test_an_export_that_is_told_to_end_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    before = signal.signal(signal.SIGTERM, lambda *_: pytest.fail("the export does not hear of it"))

    def told_to_end(_model: object, path: Path, *_others: object, **_settings: object) -> None:
        path.write_bytes(b"half a network")
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("muzero_engine.export.quantise.quantize_static", told_to_end)
    sizes = ("--channels", "8", "--representation-blocks", "1", "--dynamics-blocks", "1")
    arguments = ("--game", "tictactoe", "--int8", "--positions", "8", *sizes)
    try:
        result = CliRunner().invoke(main, ["export", "--out", str(tmp_path / "bundle"), *arguments])
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (130, "stopped as asked")
    assert list(tmp_path.rglob("*")) == [temporary]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--game", "go", "--checkpoint", "CHECKPOINT"], 2, "one of --run, --checkpoint, --game and --env"),
        ([], 2, "one of --run, --checkpoint, --game and --env"),
        (["--checkpoint", "CHECKPOINT", "--channels", "8"], 2, "a checkpoint has its own size"),
        (["--game", "tictactoe", "--channels", "0"], 1, "channels must be 1 to 100,000, not 0"),
        (["--game", "tictactoe", "--channels", "9" * 30], 1, "channels must be 1 to 100,000, not 999"),
        (["--game", "tictactoe", "--dynamics-blocks", "1001"], 1, "dynamics_blocks must be 0 to 1,000, not 1001"),
        (["--game", "tictactoe", "--seed", "9" * 30], 2, "is not in the range 0<=x<=1000000000"),
        (["--checkpoint", "JUNK"], 1, "cannot be read"),
        (["--run", "EMPTY"], 1, "has no checkpoint"),
    ],
)
def test_export_errors_are_one_line(tmp_path: Path, arguments: list[str], code: int, message: str) -> None:
    junk = tmp_path / "junk"
    junk.write_bytes(b"junk")
    here = Path(__file__).resolve().parents[2]
    paths = {
        "CHECKPOINT": str(here / "weights" / "tictactoe" / "checkpoint.safetensors"),
        "JUNK": str(junk),
        "EMPTY": str(tmp_path),
    }
    rest = [paths.get(argument, argument) for argument in arguments]
    result = CliRunner().invoke(main, ["export", "--out", str(tmp_path / "bundle"), *rest])
    assert result.exit_code == code
    assert message in result.output.splitlines()[-1]
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize(
    "note", ["of\u3000two\nlines", "a joined \U0001f468\u200d\U0001f469", "not \udce9 UTF-8", "a\u00a0b"]
)
def test_a_note_is_read_again_whatever_letters_it_has(tmp_path: Path, note: str) -> None:
    new = ["export", "--game", "tictactoe", "--seed", "1", "--out", str(tmp_path / "w")]
    made = CliRunner().invoke(main, [*new, "--note", note])
    assert made.exit_code == 0, made.output
    assert read_manifest(tmp_path / "w").training.note == " ".join(note.split())


@pytest.mark.parametrize(
    ("note", "reason"), [("", "it is empty"), (" ", "must be a line of text"), ("\x1b[1m", "control characters")]
)
def test_a_note_that_says_nothing_makes_no_bundle(tmp_path: Path, note: str, reason: str) -> None:
    made = CliRunner().invoke(main, ["export", "--game", "tictactoe", "--out", str(tmp_path / "w"), "--note", note])
    assert made.exit_code != 0
    assert reason in made.output
    assert not (tmp_path / "w").exists()

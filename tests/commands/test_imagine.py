"""`imagine`: a line, a whole game, JSON, weights with and without a decoder, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result

from muzero_engine.cli import main
from muzero_engine.engine.imagination import ImaginedPly, imagine
from muzero_engine.export.decoder import DecoderTraining, add_decoder, decoder_file, train_decoder
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import load_bundle
from muzero_engine.inference.manifest import CHECKPOINT, DECODER
from muzero_engine.network.network_file import load_network

SHIPPED = Path(__file__).parents[2] / "weights" / "tictactoe"
LINE = "b2 a1 c1 a3 a2"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["imagine", *arguments])


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the bundle that comes along, with a decoder that had a moment to learn."""
    folder = tmp_path_factory.mktemp("imagine") / "weights"
    shutil.copytree(SHIPPED, folder)
    network = load_network(folder / CHECKPOINT)
    settings = DecoderTraining(plies=200, examples=400, epochs=20, batch=32, unroll_steps=4)
    lines: list[str] = []
    decoder = train_decoder(network, load_game("tictactoe"), (), settings, torch.device("cpu"), lines.append)
    losses = [float(line.rpartition(" ")[2]) for line in lines if "loss" in line]
    assert losses[-1] < losses[0] / 2
    add_decoder(folder, decoder_file(decoder, network))
    return folder


def test_a_bundle_with_a_decoder_is_whole_and_plays(bundle: Path) -> None:
    loaded = load_bundle(bundle)
    assert DECODER in loaded.manifest.files
    assert DECODER not in loaded.graphs  # nothing that plays loads it


def test_a_line_is_shown_with_the_board_as_imagined(bundle: Path) -> None:
    result = run("startpos", "--game", "tictactoe", "--weights", str(bundle), "--moves", LINE)
    assert result.exit_code == 0
    rows = result.output.splitlines()
    assert rows[1].startswith("ply  move")
    assert [row.split()[1] for row in rows[3:8]] == LINE.split()
    assert "as imagined" in result.output


def test_json_has_every_ply_with_its_pieces(bundle: Path) -> None:
    result = run("startpos", "--game", "tictactoe", "--weights", str(bundle), "--moves", LINE, "--plies", "3", "--json")
    plies = json.loads(result.stdout)["plies"]
    assert [ply["move"] for ply in plies] == [None, "b2", "a1", "c1"]
    believed = {square for square, (_, probability) in plies[3]["pieces"].items() if probability >= 0.5}
    true = {"b2", "a1", "c1"}
    assert set(plies[3]["wrong"]) >= believed ^ true  # what is believed elsewhere, or not, is told


def test_games_of_a_file_are_summed_up(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    games = tmp_path / "games.txt"
    games.write_text("startpos moves b2 a1 c1 a3 a2\nstartpos moves a1 b2 c3\n", encoding="utf-8")
    arguments = [str(games), "--game", "tictactoe", "--weights", str(bundle), "--all", "--games", "2", "--plies", "2"]
    document = json.loads(run(*arguments, "--json").stdout)
    assert document["games"] == 2
    assert [one["positions"] for one in document["horizons"]] == [10, 8, 6]
    assert all(0 <= one["right"] <= 1 for one in document["horizons"])
    assert "plies ahead" in run(*arguments).output
    left = [None, None, None]

    def interrupted(*given: Any) -> list[ImaginedPly]:
        if not left:
            raise KeyboardInterrupt
        left.pop()
        return imagine(*given)

    monkeypatch.setattr("muzero_engine.commands.imagine.imagine", interrupted)
    stopped = run(*arguments)
    assert (stopped.exit_code, stopped.stderr) == (130, "stopped after 3 of 10 positions\n")
    assert "plies ahead" in stopped.stdout


def test_all_moves_that_are_given_are_followed(bundle: Path) -> None:
    whole = "b2 a1 c1 a3 a2 c2 b3 b1 c3"  # more than the plies that are shown of other lines
    arguments = ("startpos", "--game", "tictactoe", "--weights", str(bundle), "--moves", whole, "--json")
    assert len(json.loads(run(*arguments).output)["plies"]) == 1 + 9
    assert len(json.loads(run(*arguments, "--plies", "3").output)["plies"]) == 1 + 3
    game = json.loads(run(*arguments, "--all").output)
    assert game["horizons"][1]["positions"] == 8  # the ninth is the end
    assert "'zz'" in run(*arguments, "--all", "--moves", "b2 zz").output


def test_without_a_decoder_the_rest_is_shown_and_that_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(SHIPPED, folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"].pop(DECODER, None)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    result = run("startpos", "--game", "tictactoe", "--weights", str(folder), "--moves", "b2")
    assert result.exit_code == 0
    assert "have no decoder.onnx" in result.stderr
    assert "as imagined" not in result.stdout


def test_a_decoder_that_was_changed_is_refused(bundle: Path, tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(bundle, folder)
    (folder / DECODER).write_bytes(b"x" * (folder / DECODER).stat().st_size)
    result = run("startpos", "--game", "tictactoe", "--weights", str(folder), "--moves", "b2")
    assert result.exit_code == 1
    assert "is not the file that the manifest describes" in result.output


def test_a_decoder_that_cannot_be_written_leaves_the_one_before(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(bundle, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def fails(_new: Path, _place: Path) -> None:
        raise OSError("the power is gone")

    monkeypatch.setattr("muzero_engine.export.bundle.replace_folder", fails)
    with pytest.raises(OSError, match="the power is gone"):
        add_decoder(folder, b"another")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert list(tmp_path.iterdir()) == [folder]


def test_a_decoder_of_another_network_is_refused(bundle: Path, tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(bundle, folder)
    add_decoder(folder, (SHIPPED.parent / "othello" / DECODER).read_bytes())
    result = run("startpos", "--game", "tictactoe", "--weights", str(folder), "--moves", "b2")
    assert result.exit_code == 1
    assert "decoder.onnx in" in result.output
    assert len(result.output.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["startpos", "--game", "chess", "--moves", "e5"], "e5"),
        (["startpos", "--game", "tictactoe", "--games", "2"], "--games goes with --all"),
        (["startpos", "--game", "tictactoe", "--all"], "no move in it"),
        (["startpos", "--game", "tictactoe", "--all", "--seed", "1"], "--seed is of a search, and with --all there is"),
        (["startpos", "--game", "tictactoe", "--moves", "b2", "--temperature", "1"], "and with --moves there is none"),
        (["nonsense", "--game", "chess"], "nonsense"),
    ],
)
def test_what_cannot_be_imagined_is_a_sentence(arguments: list[str], says: str) -> None:
    result = run(*arguments)
    assert result.exit_code in (1, 2)
    assert says in result.output
    assert "Traceback" not in result.output

"""`muzero-engine uci|gtp|usi|ugi` and `muzero-engine` alone, as a GUI starts them: real processes, real pipes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.networks import tiny_network

from muzero_engine import __version__
from muzero_engine.commands.sessions import protocol_of
from muzero_engine.export.bundle import export_bundle
from muzero_engine.games.base import EngineProtocol
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import default_weights_dir, read_manifest
from muzero_engine.inference.manifest import Training


def talk(arguments: list[str], lines: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Sends all lines at once and closes the input."""
    return subprocess.run(
        [sys.executable, "-m", "muzero_engine", *arguments],
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize(
    ("line", "protocol"),
    [
        ("uci", EngineProtocol.UCI),
        ("  uci\r", EngineProtocol.UCI),
        ("usi", EngineProtocol.USI),
        ("ugi", EngineProtocol.UGI),
        ("name", EngineProtocol.GTP),
        ("1 protocol_version", EngineProtocol.GTP),
        ("boardsize 19", EngineProtocol.GTP),
        ("", None),
        ("12", None),
        ("xboard", None),
        ("quit", None),
        ("hello uci", None),
    ],
)
def test_the_first_line_tells_the_protocol(line: str, protocol: EngineProtocol | None) -> None:
    assert protocol_of(line) is protocol


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        (["uci", "quit"], "uciok"),
        (["usi", "quit"], "usiok"),
        (["7 name", "quit"], "=7 MuZero Engine"),
        (["1 protocol_version"], "=1 2"),
    ],
)
def test_without_a_command_it_answers_as_it_is_spoken_to(lines: list[str], answer: str) -> None:
    result = talk([], lines)
    assert answer in result.stdout.splitlines()
    assert (result.returncode, result.stderr) == (0, "")


def test_ugi_without_a_command_ends_with_one_line_that_asks_for_the_game() -> None:
    result = talk([], ["ugi", "isready"])
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(
        "Error: UGI does not say which game is played: start 'muzero-engine ugi --game GAME'"
    )
    assert len(result.stderr.splitlines()) == 1


def test_ugi_plays_the_game_that_it_is_started_for() -> None:
    lines = ["\ufeffugi\r", "isready", "uginewgame", "position startpos moves b2", "isready", "go nodes 16"]
    result = talk(["ugi", "--game", "tictactoe"], lines)
    output = result.stdout.splitlines()
    assert output[0] == f"id name MuZero Engine {__version__}"
    assert [line for line in output if line in ("ugiok", "readyok")] == ["ugiok", "readyok", "readyok"]
    assert output[-1].startswith("bestmove ")
    assert (result.returncode, result.stderr) == (0, "")


def test_lines_of_no_protocol_are_answered_by_a_hint_on_stderr_alone() -> None:
    result = talk([], ["hello", "", "uci", "quit"])
    assert result.stderr.startswith("ignored 'hello'.")
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout.startswith("id name MuZero Engine")


@pytest.mark.parametrize("lines", [[], ["quit"], ["", "what", "quit"]])
def test_it_ends_quietly_where_nobody_speaks_a_protocol(lines: list[str]) -> None:
    result = talk([], lines)
    assert (result.returncode, result.stdout) == (0, "")


def test_the_greeting_says_which_version_and_whether_the_weights_are_untrained(tmp_path: Path) -> None:
    weights = {}
    for name in ("chess", "go", "shogi"):
        weights[name] = ["--weights", str(tmp_path / name)]
        export_bundle(tiny_network(load_game(name)), load_game(name), tmp_path / name, training=Training("untrained"))
    for protocol, game in (("uci", "chess"), ("usi", "shogi")):
        lines = [protocol, "isready", "position startpos", "go nodes 1"]
        output = talk([protocol, *weights[game]], lines).stdout
        assert f"id name MuZero Engine {__version__} (untrained)" in output
        assert "untrained" in output.split("readyok\n", 1)[1], "not said at the first search"
        shipped = talk([protocol], lines).stdout
        assert f"id name MuZero Engine {__version__}\n" in shipped
        assert read_manifest(default_weights_dir(game)).training.note in shipped.split("readyok\n", 1)[1]
    assert f"= {__version__} (untrained)" in talk(["gtp", *weights["go"]], ["version"]).stdout
    assert f"= {__version__}\n" in talk(["gtp"], ["version"]).stdout


def test_flags_become_the_defaults_of_the_session() -> None:
    output = talk(["uci", "--threads", "2", "--c-puct", "2.5", "--ponder"], ["uci"]).stdout
    assert "option name Threads type spin default 2 min 0 max 512" in output
    assert "option name CPuct type string default 2.5" in output
    assert "option name Ponder type check default true" in output


def test_gtp_flags() -> None:
    arguments = [
        "gtp",
        "--name",
        "KataGo",
        "--version",
        "1.15.3",
        "--boardsize",
        "5",
        "--komi",
        "2.5",
        "--visits",
        "20",
    ]
    output = talk(arguments, ["name", "version", "genmove b", "showboard", "kata-get-param maxVisits"]).stdout
    assert "komi 2.5\n" in output
    assert output.startswith("= KataGo\n\n= 1.15.3\n\n= ")
    assert "A B C D E\n" in output
    assert output.endswith("= 20\n\n")


def test_katago_analysis_for_katrain() -> None:
    query = {"id": "a", "boardXSize": 5, "boardYSize": 5, "rules": "chinese", "komi": 7.5, "moves": [["B", "C3"]]}
    result = talk(["analysis", "--visits", "20"], [json.dumps(query)])
    (answer,) = (json.loads(line) for line in result.stdout.splitlines())
    assert (answer["id"], answer["turnNumber"], answer["rootInfo"]["currentPlayer"]) == ("a", 1, "W")
    assert (result.returncode, result.stderr) == (0, "")


def test_missing_weights_are_one_line_and_the_session_goes_on(tmp_path: Path) -> None:
    lines = ["uci", "isready", "position startpos", "go nodes 10", "quit"]
    result = talk(["uci", "--weights", str(tmp_path / "nowhere")], lines)
    assert f"id name MuZero Engine {__version__} (no weights)" in result.stdout
    assert "there are no weights in" in result.stdout
    assert "readyok" in result.stdout.splitlines()
    assert result.stdout.splitlines()[-1].startswith("bestmove ")
    assert (result.returncode, result.stderr) == (0, "")


def test_where_no_weights_are_a_line_says_how_to_have_some(tmp_path: Path) -> None:
    result = talk(["uci"], ["uci", "go nodes 10", "quit"], MUZERO_WEIGHTS=str(tmp_path))
    assert f"there are no weights in {tmp_path / 'chess'}, where MUZERO_WEIGHTS says: " in result.stdout
    assert "muzero-engine train --game chess makes one" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["uci", "--threads", "-1"], "Invalid value for '--threads': threads takes 0 to 512, not -1"),
        (["usi", "--backend", "tpu"], "Invalid value for '--backend': backend takes one of auto, cpu,"),
        (["gtp", "--boardsize", "20"], "Invalid value for '--boardsize'"),
        (["ugi", "--game", "xiangqi"], "Invalid value for '--game': 'xiangqi' is not one of"),
        (["chess"], "There is no command 'chess'"),
    ],
)
def test_wrong_arguments_end_with_one_line(arguments: list[str], message: str) -> None:
    result = talk(arguments, ["uci"])
    assert result.returncode == 2
    assert message in result.stderr.splitlines()[-1]
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "lines", "answer"),
    [
        (["uci"], ["uci", "isready", "position startpos", "go nodes 16", "go nodes 8"], "bestmove"),
        (["usi"], ["usi", "isready", "position startpos", "go nodes 16"], "bestmove"),
        (["ugi", "--game", "tictactoe"], ["isready", "position startpos", "go nodes 16"], "bestmove"),
        (["gtp", "--visits", "16"], ["genmove b", "final_score"], "="),
        (["analyze", "--game", "chess", "--nodes", "16", "--json"], [], '"best"'),
        (["play", "tictactoe", "--nodes", "16"], ["b2"], "the engine plays"),
        (["info"], [], "chess"),
    ],
)
def test_playing_imports_nothing_that_only_training_needs(arguments: list[str], lines: list[str], answer: str) -> None:
    program = (
        "import sys\n"
        "from muzero_engine.cli import main\n"
        "try:\n"
        "    main(sys.argv[1:])\n"
        "finally:\n"
        "    heavy = {'torch', 'onnx', 'safetensors', 'matplotlib', 'click.testing'} & set(sys.modules)\n"
        "    print(f'\\nimported: {sorted(heavy)}')\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.stderr == ""
    assert answer in result.stdout
    assert result.stdout.splitlines()[-1] == "imported: []"


@pytest.mark.parametrize(
    ("protocol", "lines"), [("uci", ["uci"]), ("gtp", ["name", "list_commands"]), ("usi", ["usi"])]
)
def test_the_first_answer_needs_no_network_runtime(protocol: str, lines: list[str]) -> None:
    program = (
        "import sys\n"
        "from muzero_engine.cli import main\n"
        "try:\n"
        "    main(sys.argv[1:])\n"
        "finally:\n"
        "    print('runtime' if 'onnxruntime' in sys.modules else 'no runtime')\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, protocol],
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.stdout.splitlines()[-1] == "no runtime"

"""The whole program in small: from nothing to play that no tic-tac-toe player can beat, and an engine that shows it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from muzero_engine.cli import main
from muzero_engine.commands.common.compose import make_engine, think
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.options import EngineOptions
from muzero_engine.games.base import Position
from muzero_engine.games.encoding import observation
from muzero_engine.games.registry import load_game
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.network.network_file import load_network

GAME = load_game("tictactoe")
NODES = 64  # of the engine's searches
Line = tuple[str, ...]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the preset `tiny` learns, exported, by the commands that people use."""
    folder = tmp_path_factory.mktemp("tictactoe")
    run, out = str(folder / "run"), folder / "bundle"
    for command in (
        ["train", "--game", "tictactoe", "--preset", "tiny", "--run", run, "--device", "cpu"],
        ["export", "--run", run, "--out", str(out)],
    ):
        result = CliRunner().invoke(main, command, catch_exceptions=False)
        assert result.exit_code == 0, result.output
    return out


def lost_games(choose: Callable[[Position], int], player: int) -> list[Line]:
    """Every game that `player`, moving as `choose` says, loses against any replies whatever."""
    lost: list[Line] = []

    def walk(position: Position, line: Line) -> None:
        outcome = position.outcome()
        if outcome is not None:
            if outcome.value(player) < 0:
                lost.append(line)
            return
        ours = position.mover == player
        for action in [choose(position)] if ours else position.legal_actions().tolist():
            text = position.action_text(action)
            position.push(action)
            walk(position, (*line, text))
            position.pop()

    walk(GAME.initial((3, 3)), ())
    return lost


@pytest.mark.timeout(900)
def test_nobody_beats_what_was_learnt_and_ends_of_games_are_called(bundle: Path) -> None:
    options = EngineOptions(weights=str(bundle), minibatch_size=1, seed=1)
    engine = make_engine("tictactoe", options)
    chosen: dict[tuple[int, ...], int] = {}

    def choose(position: Position) -> int:
        key = tuple(position.frames(2).reshape(-1).tolist())
        if key not in chosen:
            action = think(engine, position.copy(), Limits(nodes=NODES)).action
            assert action is not None
            chosen[key] = action
        return chosen[key]

    try:
        assert lost_games(choose, 0) == []
        assert lost_games(choose, 1) == []
    finally:
        engine.close()
    assert len(chosen) > 300
    called, ended = ends_of_games(load_network(bundle / "checkpoint.safetensors"))
    assert np.mean(called[ended > 0] == ended[ended > 0]) > 0.95
    assert np.mean(called[ended == 0] > 0) < 0.02


def ends_of_games(network: MuZeroNetwork) -> tuple[np.ndarray, np.ndarray]:
    """int64[n] classes (0 goes on, 1 mover wins, 2 draw) that the reward head gives the moves of random games, from
    the position before each, and the true ones."""
    rng = np.random.default_rng(7)
    seen, actions, ended = [], [], []
    for _ in range(300):
        position = GAME.initial((3, 3))
        while position.outcome() is None:
            action = int(rng.choice(position.legal_actions()))
            seen.append(observation(position))
            actions.append(action)
            position.push(action)
            outcome = position.outcome()
            ended.append(0 if outcome is None else 1 if outcome.winner is not None else 2)
    with torch.no_grad():
        latent = network.represent(torch.from_numpy(np.stack(seen)))
        logits = network.dynamics(latent, torch.tensor(actions))[1]
    return logits.argmax(dim=1).numpy(), np.array(ended)


def test_a_player_that_can_be_beaten_is_found_out() -> None:
    def lowest(position: Position) -> int:
        return int(position.legal_actions()[0])

    lost = lost_games(lowest, 1)
    assert lost
    for line in itertools.islice(lost, 20):
        position = GAME.initial((3, 3))
        for text in line:
            position.push(position.parse_action(text))
        outcome = position.outcome()
        assert outcome is not None
        assert outcome.winner == 0

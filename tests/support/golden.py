"""Golden search trees. `python -m support.golden`, run in `tests/`, writes them anew after an intended change."""

from __future__ import annotations

import json
from pathlib import Path

from muzero_engine.games.encoding import observation
from muzero_engine.games.registry import load_game
from muzero_engine.search.config import RootPolicy, SearchConfig
from muzero_engine.search.search import Search
from support.fakes import HashModel

GOLDEN_FILE = Path(__file__).parents[1] / "golden" / "search.json"
GAMES = {"tictactoe": (3, 3), "chess": (8, 8), "go": (5, 5), "shogi": (9, 9)}


def golden_trees() -> dict[str, dict[str, int]]:
    """Return action text -> visits of the root, for every game, root policy and batch size."""
    trees: dict[str, dict[str, int]] = {}
    for name, shape in GAMES.items():
        game = load_game(name)
        position = game.initial(shape)
        for policy in RootPolicy:
            for batch in (1, 8):
                search = Search(HashModel(game.spec, shape), SearchConfig(root_policy=policy, batch_size=batch))
                search.start(observation(position), position.legal_actions(), position.ending_actions())
                while search.simulations < 400:
                    search.step(400 - search.simulations)
                visits = {position.action_text(m.action): m.visits for m in search.root_moves() if m.visits}
                trees[f"{name} {policy.value} batch {batch}"] = visits
    return trees


if __name__ == "__main__":
    GOLDEN_FILE.write_text(json.dumps(golden_trees(), indent=1) + "\n")
    print(f"wrote {GOLDEN_FILE}")

"""Run every check of the conformance kit on one game, one line each; the exit status is 1 if any fails."""

from __future__ import annotations

import argparse
import sys

from muzero_engine.games.conformance import checks
from muzero_engine.games.registry import UnknownGame, load_game


def main() -> int:
    """Check the game that the command line names and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m muzero_engine.games.conformance", description=__doc__)
    parser.add_argument("game", help="a name of the registry: a built-in game, or one of an installed package")
    arguments = parser.parse_args()
    try:
        game = load_game(arguments.game)
    except UnknownGame as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    failed = 0
    for check in checks(game):
        try:
            check.run()
        except AssertionError as error:
            failed += 1
            print(f"FAILED  {error}")
        else:
            print(f"ok      {check}")
    print(f"{failed} checks failed" if failed else f"{arguments.game} passes")
    return 1 if failed else 0


sys.exit(main())

"""Study what a network knows: `python scripts/lab/studies COMMAND [OPTION ...]`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))  # the package of this checkout is measured
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # where `lab` is

from lab.common.commands import dispatch

COMMANDS = {
    "blunders": "where a network lost its games of chess, and whether h or g is to blame",
    "choices": "what settings of the search are worth by the moves that they choose, judged by Stockfish",
    "imagined": "which kinds of moves g imagines wrongly, against h once they have been played",
    "int8": "how far a bundle's 8-bit graph is from the one in 32 bits",
    "losses": "how players of chess lose what they lose: one big blunder or many small ones",
    "mates": "which forced mates of shogi the engine finds, and into which it walks",
    "right-moves": "which right moves of recorded games the engine's search finds",
    "rungs": "ratings of a ladder's opponents, by games between them on one or several machines",
    "score": "how far the points ahead in Go's analysis agree with the counted ends of games",
    "seen": "how soon a fresh network sees in an environment whether a reward is near",
    "surprise": "what a network thinks of the moves and results of recorded games",
    "tactics": "which moves of tactics a network of chess sees, in positions that Stockfish makes and proves",
    "targets": "what the policy targets of self-play are worth",
    "told": "whether the values that the engine tells come true in recorded games",
    "values": "how far the values of h and g agree with Stockfish",
}

if __name__ == "__main__":
    dispatch("studies", COMMANDS)

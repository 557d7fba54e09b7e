"""Try to break the program: `python scripts/lab/trials COMMAND [OPTION ...]`.

Each prints one table, ends with 1 where it found a fault, shows progress on standard error, ends at Ctrl-C, and does
the same again for the same seed as far as the machine allows.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))  # the package of this checkout is tried
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # where `lab` is

from lab.common.commands import dispatch

COMMANDS = {
    "fuzz": "sessions of each protocol with fuzzed lines: whether they live, answer once and keep their memory",
    "soak": "fast games of all games: none may have a fault, and each is replayed by the rules",
    "kills": "training, matches, ladders and exports killed at random moments and at renames, and gone on with",
    "stop-training": "how soon a training run ends after Ctrl-C at random moments, and whether it goes on",
    "hostile-files": "1,000 calls with files, numbers and streams that are wrong: one line each, time, memory",
    "latency": "how soon a search ends after `stop` while all cores are busy",
    "cluster": "a run whose games come from actors: kill -9 of actors, learner and cluster; what was lost",
    "day": "a GUI's day in one session: searches of changing options, games and positions; memory, files, threads",
}

if __name__ == "__main__":
    dispatch("trials", COMMANDS)

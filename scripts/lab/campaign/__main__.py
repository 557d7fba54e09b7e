"""One step of training, whole: `python scripts/lab/campaign GAME OUT [OPTION ...]`; see `step`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))  # the package of this checkout is trained
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # where `lab` is

from lab.campaign.step import main

if __name__ == "__main__":
    main()

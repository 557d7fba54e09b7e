"""One-player worlds with rewards: what an environment is to the rest, and how one is found. No torch here."""

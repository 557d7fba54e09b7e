"""Games played by the network against itself, their rules in worker processes."""

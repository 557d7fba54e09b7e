"""Gradient steps: losses, heads that only training uses, the optimiser."""

"""MuZero game engine: a learned model drives an anytime search over UCI (chess), GTP (Go) and USI (shogi)."""

__version__ = "0.1.0"

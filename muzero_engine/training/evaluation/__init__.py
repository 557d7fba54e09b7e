"""Matches inside a run."""

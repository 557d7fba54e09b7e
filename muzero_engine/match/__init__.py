"""Engines against each other: the runner, the judge, records, statistics and ratings."""

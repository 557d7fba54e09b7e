"""`ladder`: the rating of weights, by games against opponents of known strength.

`command` has the flags and rates weights, `rungs` lets the opponents play each other.
"""

from muzero_engine.commands.ladder.command import ladder

__all__ = ["ladder"]

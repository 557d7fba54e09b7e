"""`match`: engines against each other, with the openings, the records and the tables that go with it.

`command` has the flags, `flags` makes settings of them, `run` plays the games and writes what they say.
"""

from muzero_engine.commands.match.command import match

__all__ = ["match"]

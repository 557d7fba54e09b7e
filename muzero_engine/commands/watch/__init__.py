"""`watch`: a network acts in its environment, to look at and to measure.

`command` has the flags and says what episodes brought, `episode` plays them; `picture` draws a step of one, `scenery`
the environment in it, and `recording` makes a film of the pictures. The last three need Pillow and wait for it.
"""

from muzero_engine.commands.watch.command import watch

__all__ = ["watch"]

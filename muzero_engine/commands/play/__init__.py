"""`play`: a person against the engine on a board in the terminal. Input may as well come from a pipe.

`command` reads the flags, `table` plays the game, `board` draws it in a `style`, `console` is the terminal, `keeping`
writes games into files.
"""

from muzero_engine.commands.play.command import play

__all__ = ["play"]

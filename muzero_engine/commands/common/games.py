"""The name of a game as an argument or a flag. Games of other packages are looked for only where a name asks for it."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from muzero_engine.games.registry import BUILT_IN, game_names

GAMES = f"{', '.join(BUILT_IN)}, or one of another package"  # for help


class GameName(click.ParamType[str]):
    """A name that the registry has, in lower case."""

    name = "game"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name. Raises BadParameter for one that the registry does not have."""
        name = value.lower()
        if name not in BUILT_IN and name not in game_names():
            self.fail(f"{value!r} is not one of {', '.join(game_names())}.", param, ctx)
        return name

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return what stands for the name in help; of an option no list, which would leave little room for the rest."""
        return f"[{'|'.join(game_names())}]" if isinstance(param, click.Argument) else "GAME"

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:
        """Return what is said where the name is missing."""
        return f"Choose one of {', '.join(game_names())}"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the names that begin as written."""
        return [CompletionItem(name) for name in game_names() if name.startswith(incomplete)]

"""Texts and paths on the command line that are not empty, as those are that a shell makes of a variable without value.

An empty path would be the current folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

EMPTY = "it is empty"


class FilledText(click.types.StringParamType):
    """A text that is not empty."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the text."""
        if value == "":
            self.fail(EMPTY, param, ctx)
        return super().convert(value, param, ctx)


class FilledPath(click.Path):
    """A path that is not empty: a file, a folder, or (None) either, which must exist if that is said."""

    def __init__(self, *, folder: bool | None = None, exists: bool = False) -> None:
        super().__init__(exists=exists, file_okay=folder is not True, dir_okay=folder is not False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        if value == "":
            self.fail(EMPTY, param, ctx)
        return super().convert(value, param, ctx)

"""Texts and paths on the command line that are not empty, as those are that a shell makes of a variable without value.

An empty path would be the current folder.
"""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import click

from muzero_engine.files import page_mark, read_limited

EMPTY = "it is empty"
PAGE_BEGINS = 1024  # bytes, in which a page says that it is one
MOST_PAGE = 1 << 28  # bytes


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


class PagePath(FilledPath):
    """A page (HTML) that is to be written: nothing is there yet, or a page of this program, which it replaces."""

    def __init__(self) -> None:
        super().__init__(folder=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        path: Path = super().convert(value, param, ctx)
        if not _replaceable(path):
            self.fail(f"{path} is there already, and is no page of this program: choose another name", param, ctx)
        return path


def _replaceable(path: Path) -> bool:
    """Return whether nothing is lost where a page comes to be here; whether it can is told where it is written."""
    try:
        data = read_limited(path, MOST_PAGE)
    except OSError as error:
        return error.errno != errno.EFBIG
    return not data or page_mark("").removesuffix('">').encode() in data[:PAGE_BEGINS]

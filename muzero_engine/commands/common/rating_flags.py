"""Flags of the commands that rate weights by games, `ladder` and `calibrate`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from muzero_engine.commands.common.texts import FilledPath

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

weights_flag = click.option(
    "--weights",
    type=FilledPath(folder=True),
    metavar="FOLDER",
    help="A bundle  [the one that came along]",
)
concurrency_flag = click.option(
    "--concurrency", type=click.IntRange(1, 1024), metavar="N", default=2, help="Games side by side  [2]"
)
without_flag = click.option(
    "--without", multiple=True, metavar="OPPONENT", help="Leave an opponent out; may be repeated"
)


def out_flag(default: str) -> Decorator:
    """Return `--out`, the folder of the games, which is in the folder `default` where it is not given."""
    return click.option(
        "--out",
        type=FilledPath(folder=True),
        metavar="FOLDER",
        help=f"Of the games  [{default}/...]",
    )

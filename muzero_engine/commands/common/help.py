"""Help that fits a screen: what only experts want is shown by `--help-all`, and examples stand as they are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])
_ALL = "muzero_engine.help_all"  # in click's `Context.meta`: whether everything is to be shown


class ExpertOption(click.Option):
    """An option that `--help` leaves out and `--help-all` shows."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the lines of the help, None where they are left out."""
        return super().get_help_record(ctx) if ctx.meta.get(_ALL) else None


class FullHelpOption(click.Option):
    """`--help-all`, with the number of options that `--help` leaves out."""

    def __init__(self, declarations: list[str], **attributes: Any) -> None:
        super().__init__(
            declarations, is_flag=True, is_eager=True, expose_value=False, callback=_show_all, **attributes
        )

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the lines of the help; None where everything is shown."""
        count = sum(isinstance(parameter, ExpertOption) for parameter in ctx.command.get_params(ctx))
        if ctx.meta.get(_ALL) or not count:
            return None
        return "--help-all", f"Show {count} more options, for experts."


def _show_all(ctx: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    if not asked or ctx.resilient_parsing:
        return
    ctx.meta[_ALL] = True
    click.echo(ctx.get_help(), color=ctx.color)
    ctx.exit()


def expert_option(*declarations: str, **attributes: Any) -> Callable[[Function], Function]:
    """Do as `click.option`, with an `ExpertOption`. The command needs `help_all_option` as well."""
    return click.option(*declarations, cls=ExpertOption, **attributes)


def help_all_option(command: Function) -> Function:
    """Give a command `--help-all`. Written last, it is listed last."""
    return click.option("--help-all", cls=FullHelpOption)(command)

"""Command-line flags made from the engine's options: `hash_mb` is `--hash-mb`. `--help` shows the usual ones alone."""

from __future__ import annotations

import functools
from collections.abc import Callable, Container
from dataclasses import replace
from typing import Any

import click
from click.core import ParameterSource

from muzero_engine.commands.common.help import ExpertOption, help_all_option
from muzero_engine.commands.common.texts import EMPTY
from muzero_engine.engine.options import BadOption, EngineOptions, Kind, OptionInfo, all_options, missing_for
from muzero_engine.engine.strength import LEVEL_FIELDS, WAYS, limited

Callback = Callable[..., None]
# Shown by `--help`, the others by `--help-all`.
USUAL = frozenset({"threads", "hash_mb", "multipv", "weights", "level", "human_time"})
OF_GAMES = frozenset({*LEVEL_FIELDS, "level_settings", "human_time"})  # of no use in an analysis
OF_LINES = frozenset({"multipv", "score_type", "verbose_move_stats"})  # of no use where a protocol has no info lines
OF_RESIGNATIONS = frozenset({"resign_value", "resign_turns"})  # of no use where nothing is resigned
OF_CLOCKS = frozenset({"smart_pruning_factor"})  # of no use where nothing is played on a clock
OF_CHOICES = frozenset(  # of no use where no move is chosen
    {"temperature", "temperature_plies", "draw_value_black", "draw_value_white"}
)
OF_NETWORKS = frozenset({"weights", "backend", "precision", "threads"})
OF_SESSIONS = frozenset(  # of no use where no protocol is spoken
    {"log_file", "ponder", "move_overhead_ms", "score_type", "verbose_move_stats", "info_interval_ms"}
)


def engine_flags(*, leave_out: frozenset[str] = frozenset(), **defaults: Any) -> Callable[[Callback], Callback]:
    """Give a command a flag for every engine option; it is called with `options: EngineOptions`.

    `defaults` are those of this command where they differ from the engine's; `leave_out` are fields of options that
    would do nothing here, and are no flags of it.
    """
    offered = (info for info in all_options() if info.field not in leave_out)
    infos = [replace(info, default=defaults.get(info.field, info.default)) for info in offered]

    def decorate(command: Callback) -> Callback:
        @functools.wraps(command)
        def wrapper(**arguments: Any) -> None:
            values = {info.field: arguments.pop(info.field) for info in infos}
            written = [info for info in infos if is_written(info.field)]
            options = _with_what_is_needed(EngineOptions(**values), written)
            _refuse_conflicts(options, written)
            command(options=options, **arguments)

        decorated: Callback = help_all_option(wrapper)
        for info in reversed(infos):
            decorated = _flag(info)(decorated)
        return decorated

    return decorate


def is_written(name: str) -> bool:
    """Return whether a flag stands on the command line."""
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


def command_flags() -> dict[str, str]:
    """Return the flags of the command that runs, as they are written, by the names of its parameters."""
    return {str(parameter.name): parameter.opts[0] for parameter in click.get_current_context().command.params}


def first_written(fields: Container[str]) -> str | None:
    """Return the flag of the first of these engine options that stands on the command line."""
    written = (info for info in all_options() if info.field in fields and is_written(info.field))
    return next((info.flag for info in written), None)


def refuse_search_flags(place: str) -> None:
    """Refuse flags of the search on a command line where `place`, another flag, means that there is none.

    Raises UsageError.
    """
    if (flag := first_written({info.field for info in all_options()} - OF_NETWORKS)) is not None:
        raise click.UsageError(f"{flag} is of a search, and with {place} there is none: leave it out")


def _with_what_is_needed(options: EngineOptions, written: list[OptionInfo]) -> EngineOptions:
    """Return the options with the switches on that a flag is of no use without; say so where one needs a value."""
    for info in written:
        needed = missing_for(info, options)
        if needed is None:
            continue
        if needed.kind is Kind.CHECK and needed.field not in [other.field for other in written]:
            switch: dict[str, Any] = {needed.field: True}
            options = replace(options, **switch)
        else:
            click.echo(f"{info.flag} has an effect only with {needed.flag}", err=True)
    return options


def _refuse_conflicts(options: EngineOptions, written: list[OptionInfo]) -> None:
    """Refuse a flag of a strength beside another one, which alone would count. Raises UsageError."""
    ways: dict[str, str] = {}
    for info in written:
        if info.field in (*WAYS, "elo") and (info.field != "limit_strength" or options.limit_strength):
            ways.setdefault("elo" if info.field == "limit_strength" else info.field, info.flag)
    if len(ways) > 1:
        first, second, *_ = ways.values()
        raise click.UsageError(f"{first} and {second} both say how strong to play: leave one out")
    if ways and limited(options) and any(info.field == "temperature" for info in written):
        raise click.UsageError(f"--temperature has no effect beside {next(iter(ways.values()))}: leave it out")


def _flag(info: OptionInfo) -> Callable[[Callback], Callback]:
    def parsed(_context: click.Context, _parameter: click.Parameter, text: str | None) -> object:
        if info.kind is Kind.STRING and text == "":
            raise click.BadParameter(f"{EMPTY}: leave {name} out for the default")
        try:
            return info.default if text is None else info.parse(text)
        except BadOption as error:
            raise click.BadParameter(str(error)) from None

    name = info.flag
    kind = click.Option if info.field in USUAL else ExpertOption
    shown = f"{info.help}  [{_default(info)}]"
    if info.kind is Kind.CHECK:
        return click.option(f"{name}/--no-{name[2:]}", info.field, default=info.default, help=shown, cls=kind)
    return click.option(name, info.field, metavar=_metavar(info), callback=parsed, help=shown, cls=kind)


def _metavar(info: OptionInfo) -> str:
    if info.kind is Kind.COMBO:
        return "|".join(info.choices)
    return "N" if info.kind in (Kind.SPIN, Kind.FLOAT) else "TEXT"


def _default(info: OptionInfo) -> str:
    if info.kind is Kind.CHECK:
        return "on" if info.default else "off"
    return "none" if info.default in (None, "") else f"{info.default}"

"""Flags are the engine's options, one for one."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

from muzero_engine.cli import COMMANDS, main
from muzero_engine.commands.common.flags import engine_flags
from muzero_engine.engine.options import EngineOptions, Kind, OptionInfo, all_options


def parsed(arguments: list[str], **defaults: Any) -> EngineOptions:
    """The options that a command with these defaults is called with."""
    seen: list[EngineOptions] = []

    @click.command()
    @engine_flags(**defaults)
    def command(options: EngineOptions) -> None:
        seen.append(options)

    result = CliRunner().invoke(command, arguments, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return seen[0]


def another_value(info: OptionInfo) -> bool | int | float | str:
    """A value that is not the default."""
    match info.kind:
        case Kind.CHECK:
            return not info.default
        case Kind.COMBO:
            return info.choices[-1]
        case Kind.STRING:
            return "some text"
        case _:
            assert info.minimum is not None
            assert info.maximum is not None
            return info.maximum if info.default != info.maximum else info.minimum


def test_without_flags_the_options_are_the_defaults() -> None:
    assert parsed([]) == EngineOptions()


def test_a_command_may_have_defaults_of_its_own() -> None:
    assert parsed([], multipv=5, seed=3) == EngineOptions(multipv=5, seed=3)
    assert parsed(["--multipv", "2"], multipv=5) == EngineOptions(multipv=2)


@pytest.mark.parametrize("info", list(all_options()), ids=lambda info: info.field)
def test_each_option_has_a_flag_that_sets_it(info: OptionInfo) -> None:
    value = another_value(info)
    flag = info.flag
    if info.kind is Kind.CHECK:
        arguments = [flag if value else f"--no-{flag[2:]}"]
    else:
        arguments = [flag, f"{value:.0f}" if info.kind is Kind.SPIN else str(value)]
    assert getattr(parsed(arguments), info.field) == value


@pytest.mark.parametrize("text", ["-1", "x", "513", "1.5", ""])
def test_what_an_option_does_not_take_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="threads takes"):
        parsed(["--threads", text])


def test_elo_alone_limits_the_strength() -> None:
    assert parsed(["--elo", "900"]).limit_strength
    assert parsed(["--elo", "1500"]).limit_strength  # the default, but it was asked for
    assert not parsed(["--elo", "900", "--no-limit-strength"]).limit_strength
    assert not parsed([]).limit_strength


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--temperature-plies", "10"], "--temperature-plies has an effect only with --temperature\n"),
        (["--temperature-plies", "10", "--temperature", "0.5"], ""),
        (["--resign-turns", "1"], "--resign-turns has an effect only with --resign-value\n"),
        (["--resign-turns", "1", "--resign-value", "-0.9"], ""),
        (["--elo", "900", "--no-limit-strength"], "--elo has an effect only with --limit-strength\n"),
        (["--elo", "900"], ""),
    ],
)
def test_a_flag_that_needs_another_says_so(arguments: list[str], hint: str) -> None:
    @click.command()
    @engine_flags()
    def command(options: EngineOptions) -> None:
        pass

    assert CliRunner().invoke(command, arguments).stderr == hint


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--level", "300", "--elo", "500"], "--level and --elo both say how strong to play: leave one out"),
        (["--limit-strength", "--level", "full"], "--level and --limit-strength both"),
        (["--skill-level", "0", "--level-settings", "4,1,0"], "--skill-level and --level-settings both"),
        (["--elo", "900", "--temperature", "9"], "--temperature has no effect beside --elo: leave it out"),
        (["--elo", "900", "--limit-strength"], None),
        (["--level", "full", "--temperature", "9"], None),
        (["--level", "900", "--no-limit-strength"], None),
    ],
)
def test_two_flags_of_a_strength_are_refused(arguments: list[str], message: str | None) -> None:
    if message is None:
        parsed(arguments)
        return
    with pytest.raises(click.UsageError, match=message):
        parsed(arguments)


@pytest.mark.parametrize(
    ("field", "where"),
    [
        ("log_file", {"uci", "gtp", "usi", "ugi", "analysis"}),
        ("verbose_move_stats", {"uci", "usi", "ugi"}),
        ("score_type", {"uci", "usi", "ugi"}),
        ("multipv", {"uci", "usi", "ugi", "analyze"}),
        ("ponder", {"uci", "gtp", "usi"}),
        ("move_overhead_ms", {"uci", "gtp", "usi", "ugi"}),
        ("resign_value", {"gtp", "usi", "play", "web"}),
        ("mate_search", {"uci", "usi", "play", "web", "analyze", "bench"}),
        ("smart_pruning_factor", {"uci", "gtp", "usi", "ugi", "web"}),
        ("info_interval_ms", {"uci", "gtp", "usi", "ugi"}),
        ("temperature", {"uci", "gtp", "usi", "ugi", "play", "web", "analyze", "imagine", "analysis"}),
        ("human_time", {"uci", "gtp", "usi", "ugi", "play", "web"}),
    ],
)
def test_an_option_is_offered_where_it_has_an_effect(field: str, where: set[str]) -> None:
    commands = {name: main.get_command(click.Context(main), name) for name in COMMANDS}
    assert {
        name for name, command in commands.items() if command and field in {p.name for p in command.params}
    } == where

"""Engine options: one dataclass field gives the UCI, UGI, USI and GTP option, the command-line flag and the help.

Protocol modules list `protocol_options(protocol)` and set with `EngineOptions.with_text`. Names are matched without
regard to case; the first name of a protocol is the one that is offered, the others are accepted.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

from muzero_engine.games.base import EngineProtocol
from muzero_engine.search.config import SearchConfig

_SEARCH = SearchConfig()


class Kind(enum.Enum):
    """What an option takes, by the names of UCI's option types."""

    CHECK = "check"  # bool
    SPIN = "spin"  # int
    FLOAT = "float"  # float; of type `string` in UCI and USI
    COMBO = "combo"  # one of `choices`
    STRING = "string"
    BUTTON = "button"  # no value: something is done


class BadOption(ValueError):
    """An option value that cannot be taken; the message names the option and what it takes."""


@dataclass(frozen=True, slots=True)
class OptionInfo:
    """One option as protocols and command lines see it."""

    field: str
    kind: Kind
    default: bool | int | float | str | None  # None: nothing is asked for
    help: str
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]
    uci: tuple[str, ...]
    usi: tuple[str, ...]
    gtp: tuple[str, ...]
    needs: str = ""  # the field of another option, without which this one has no effect; empty: none

    @property
    def flag(self) -> str:
        """Return its flag on the command line: `--hash-mb`."""
        return "--" + self.field.replace("_", "-")

    def names(self, protocol: EngineProtocol) -> tuple[str, ...]:
        """Return the accepted names, the offered one first; empty where the protocol does not have the option."""
        match protocol:
            case EngineProtocol.UCI:
                return self.uci
            case EngineProtocol.USI:
                return self.usi
            case EngineProtocol.GTP:
                return self.gtp
            case EngineProtocol.UGI:  # UCI's without its prefix; what UGI has no words for is no option there
                return tuple(name.removeprefix("UCI_") for name in self.uci if name != "Ponder")

    def parse(self, text: str, name: str | None = None) -> bool | int | float | str:
        """Return what a text stands for. Raises BadOption, which calls the option `name` (None: as the field)."""
        text = text.strip()
        name = name or self.field
        if self.kind is Kind.BUTTON:
            return True
        if self.kind is Kind.STRING:
            return "" if text == "<empty>" else text
        if self.kind is Kind.CHECK:
            lowered = text.lower()
            if lowered in ("true", "on", "yes", "1"):
                return True
            if lowered in ("false", "off", "no", "0"):
                return False
            raise BadOption(f"{name} takes true or false, not {text!r}")
        if self.kind is Kind.COMBO:
            for choice in self.choices:
                if choice.lower() == text.lower():
                    return choice
            raise BadOption(f"{name} takes one of {', '.join(self.choices)}, not {text!r}")
        assert self.minimum is not None
        assert self.maximum is not None
        try:
            number = int(text) if self.kind is Kind.SPIN else float(text)
        except ValueError:
            raise BadOption(f"{name} takes a number, not {text!r}") from None
        if not self.minimum <= number <= self.maximum:
            raise BadOption(f"{name} takes {self.minimum} to {self.maximum}, not {text}")
        return number


def _option(
    default: bool | int | float | str | None,
    help_text: str,
    *,
    kind: Kind | None = None,
    uci: tuple[str, ...] = (),
    usi: tuple[str, ...] | None = None,
    gtp: tuple[str, ...] = (),
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    needs: str = "",
) -> Any:
    if choices:
        kind = Kind.COMBO
    elif kind is None:
        kinds: dict[type, Kind] = {bool: Kind.CHECK, int: Kind.SPIN, float: Kind.FLOAT, str: Kind.STRING}
        kind = kinds[type(default)]
    usi_names = tuple(name for name in uci if " " not in name) if usi is None else usi
    info = {"kind": kind, "help": help_text, "minimum": low, "maximum": high, "choices": choices}
    return field(default=default, metadata=info | {"uci": uci, "usi": usi_names, "gtp": gtp, "needs": needs})


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """All options of the engine, immutable; a session keeps one and hands a changed copy to the next search."""

    threads: int = _option(
        0,
        "Threads of the network, no more than there are cores; 0: half of them, at most 8",
        uci=("Threads",),
        gtp=("threads",),
        low=0,
        high=512,
    )
    hash_mb: int = _option(
        256,
        "Memory of the search tree in MB",
        uci=("Hash",),
        usi=("USI_Hash", "Hash"),
        gtp=("hash",),
        low=8,
        high=1 << 20,
    )
    multipv: int = _option(1, "Lines to report", uci=("MultiPV",), low=1, high=500)
    ponder: bool = _option(False, "Think on the opponent's time", uci=("Ponder",), usi=("USI_Ponder",), gtp=("ponder",))
    move_overhead_ms: int = _option(
        50,
        "Time lost between engine and clock a move",
        uci=("Move Overhead", "MoveOverheadMs", "MoveOverhead"),
        usi=("MoveOverheadMs", "Byoyomi_Margin", "NetworkDelay"),
        gtp=("move_overhead_ms",),
        low=0,
        high=10000,
    )
    log_file: str = _option(
        "", "File that all lines of the conversation are added to", uci=("LogFile", "Debug Log File")
    )
    weights: str = _option("", "Weights bundle (a folder); empty: those that came along", uci=("WeightsFile",))
    backend: str = _option(
        "auto",
        "Where the network runs",
        uci=("Backend",),
        choices=("auto", "cpu", "cuda", "directml", "coreml", "openvino"),
    )
    precision: str = _option("auto", "Weights to use", uci=("Precision",), choices=("auto", "fp32", "int8"))
    minibatch_size: int = _option(
        0,
        "Leaves evaluated at once; 0: measured at start",
        uci=("MinibatchSize",),
        gtp=("minibatch_size",),
        low=0,
        high=1024,
    )
    root_search: str = _option(
        _SEARCH.root_policy.value, "How root moves are chosen", uci=("RootSearch",), choices=("puct", "gumbel")
    )
    c_puct: float = _option(
        _SEARCH.c1, "Exploration constant c1 of pUCT", uci=("CPuct",), gtp=("c_puct",), low=0.0, high=100.0
    )
    fpu_reduction: float = _option(
        _SEARCH.fpu_reduction,
        "First-play urgency: how far below its parent's value a move not yet visited starts",
        uci=("FpuValue",),
        gtp=("fpu_reduction",),
        low=-2.0,
        high=2.0,
    )
    policy_temperature: float = _option(
        _SEARCH.policy_temperature,
        "Softmax temperature of the policy",
        uci=("PolicyTemperature",),
        gtp=("policy_temperature",),
        low=0.1,
        high=10.0,
    )
    temperature: float = _option(
        0.0,
        "Temperature of the move choice over visit counts; 0: the best",
        uci=("Temperature",),
        gtp=("temperature",),
        low=0.0,
        high=100.0,
    )
    temperature_plies: int = _option(
        30,
        "Plies of a game during which Temperature holds",
        uci=("TemperaturePlies",),
        gtp=("temperature_plies",),
        low=0,
        high=1000,
        needs="temperature",
    )
    smart_pruning_factor: float = _option(
        1.0,
        "Stop early when no other move can catch up at this multiple of the remaining visits; 0: never stop early",
        uci=("SmartPruningFactor",),
        low=0.0,
        high=10.0,
    )
    mate_search: bool = _option(
        True,
        "Prove forced mates beside searches on a clock or without a limit, in a process of its own",
        uci=("MateSearch",),
        usi=("MateSearch",),
    )
    seed: int = _option(
        0, "Seed of every random choice; 0: another one every time", uci=("Seed",), gtp=("seed",), low=0, high=2**31 - 1
    )
    level: str = _option(
        "",
        "Play at a measured level: a rating, or a rank such as 5k or 2d; full, or empty: full strength",
        uci=("Level",),
        gtp=("level",),
    )
    limit_strength: bool = _option(
        False, "Play weaker, as Elo says", uci=("UCI_LimitStrength",), usi=("LimitStrength",)
    )
    elo: int | None = _option(
        None,
        "Rating to play at when limited; the flag alone limits it; none: the middle of what was measured",
        kind=Kind.SPIN,
        uci=("UCI_Elo",),
        usi=("Elo",),
        low=-10000,
        high=10000,
        needs="limit_strength",
    )
    skill_level: int = _option(
        20,
        "Level from the lowest that was measured (0) to the highest (19); 20: full strength",
        uci=("Skill Level",),
        usi=("SkillLevel",),
        gtp=("skill_level",),
        low=0,
        high=20,
    )
    human_time: bool = _option(False, "Take a person's time for a move", uci=("HumanTime",), gtp=("human_time",))
    level_settings: str = _option(
        "", "Simulations, temperature and cut to play with, as in 4,1.5,0.02, whatever was measured; empty: none"
    )
    score_type: str = _option(
        "centipawn", "What cp scores mean", uci=("ScoreType",), choices=("centipawn", "win_percentage", "Q")
    )
    verbose_move_stats: bool = _option(
        False, "Report visits, prior and Q of every root move", uci=("VerboseMoveStats",)
    )
    resign_value: float = _option(
        -1.01,
        "Resign when the root's value stays below this; below -1: never",
        usi=(),
        gtp=("resign_value",),
        low=-2.0,
        high=0.0,
    )
    resign_turns: int = _option(
        3, "Turns in a row that must be below it", gtp=("resign_turns",), low=1, high=100, needs="resign_value"
    )
    draw_value_black: int = _option(
        500, "Winning rate of a draw for the first player, per mille", usi=("Draw_Value_Black",), low=0, high=1000
    )
    draw_value_white: int = _option(
        500, "Winning rate of a draw for the second player, per mille", usi=("Draw_Value_White",), low=0, high=1000
    )
    info_interval_ms: int = _option(
        1000,
        "Longest silence between two reports",
        uci=(),
        usi=("PvInterval",),
        gtp=("info_interval_ms",),
        low=10,
        high=60000,
    )

    def with_text(self, protocol: EngineProtocol, name: str, text: str) -> Self:
        """Return a copy with the option of this name set from text. Raises BadOption, or KeyError if unknown."""
        info = find_option(protocol, name)
        changes: dict[str, Any] = {info.field: info.parse(text, name)}
        return replace(self, **changes)


def missing_for(info: OptionInfo, options: EngineOptions) -> OptionInfo | None:
    """Return the option that must be set for `info` to have an effect, None where it is set or none is needed."""
    needed = next((other for other in all_options() if other.field == info.needs), None)
    return needed if needed is not None and getattr(options, needed.field) == needed.default else None


def without_effect(
    protocol: EngineProtocol,
    name: str,
    options: EngineOptions,
    offered: Callable[[OptionInfo], OptionInfo] = lambda info: info,
) -> str | None:
    """Return a sentence where the option of this name was set, but another that it needs was not; else None.

    Clients that send every option with its default, as it was `offered`, are not told of it. Raises KeyError for an
    unknown name.
    """
    info = offered(find_option(protocol, name))
    needed = missing_for(info, options)
    if needed is None or not needed.names(protocol) or getattr(options, info.field) == info.default:
        return None
    return f"{name} has an effect only with {needed.names(protocol)[0]}"


def all_options() -> Iterator[OptionInfo]:
    """Yield every option, in the order of the fields."""
    for f in fields(EngineOptions):
        default: Any = f.default
        yield OptionInfo(field=f.name, default=default, **f.metadata)


def protocol_options(protocol: EngineProtocol) -> list[OptionInfo]:
    """Return the options that a protocol offers, in order."""
    return [info for info in all_options() if info.names(protocol)]


def find_option(protocol: EngineProtocol, name: str) -> OptionInfo:
    """Return the option of this name, in any case. Raises KeyError."""
    words = " ".join(name.lower().split())
    for info in protocol_options(protocol):
        if any(words == known.lower() for known in info.names(protocol)):
            return info
    raise KeyError(name)

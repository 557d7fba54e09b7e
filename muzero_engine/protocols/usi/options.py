"""The options that only USI has, beside those of `EngineOptions`.

`Resign_Threshold` is a winning rate per mille, as in dlshogi, where the name comes from. `MaxMovesToDraw` is offered
because match runners refuse to start without it; it is the runner that ends the game, so the search does not heed it.
`Stochastic_Ponder` is taken but not offered: it would not change anything either.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

from muzero_engine.engine.options import BadOption, Kind, OptionInfo

CSA_RULE = "CSARule27"
RULES = ("CSARule24", "CSARule24H", CSA_RULE, "CSARule27H", "NoEnteringKing")  # as in `games.shogi.declarations`
NEVER_RESIGN = -1.01


@dataclass(frozen=True, slots=True, kw_only=True)
class UsiOptions:
    """Options that concern the conversation and the game's rules, not the engine."""

    resign_threshold: int = 0  # winning rate per mille; 0: never
    entering_king_rule: str = CSA_RULE
    max_moves_to_draw: int = 0
    stochastic_ponder: bool = False

    @property
    def resign_value(self) -> float:
        """Return what `EngineOptions.resign_value` is to be."""
        return self.resign_threshold / 500.0 - 1.0 if self.resign_threshold else NEVER_RESIGN

    def with_text(self, info: OptionInfo, text: str) -> Self:
        """Return a copy with one option set. Raises BadOption."""
        changes: dict[str, Any] = {info.field: info.parse(text, info.usi[0])}
        return replace(self, **changes)


def _option(
    field: str, kind: Kind, help_text: str, *names: str, high: int | None = None, choices: tuple[str, ...] = ()
) -> OptionInfo:
    default = getattr(UsiOptions(), field)
    return OptionInfo(field, kind, default, help_text, None if high is None else 0, high, choices, (), names, ())


_CLIENT_OPTIONS = (
    _option(
        "resign_threshold",
        Kind.SPIN,
        "Resign when the winning rate stays below this, per mille; 0: never",
        "Resign_Threshold",
        high=1000,
    ),
    _option(
        "entering_king_rule",
        Kind.COMBO,
        "Rule by which a win is declared: 24 or 27 points, H in handicap games, or never",
        "EnteringKingRule",
        choices=RULES,
    ),
    _option(
        "max_moves_to_draw",
        Kind.SPIN,
        "Move number after which the match runner calls a draw; the search does not heed it",
        "MaxMovesToDraw",
        "Draw_Ply",
        high=100_000,
    ),
    _option("stochastic_ponder", Kind.CHECK, "Taken and without effect", "Stochastic_Ponder"),
)


def offered_client_options() -> Iterator[OptionInfo]:
    """Return those that `usi` lists."""
    return (info for info in _CLIENT_OPTIONS if info.field != "stochastic_ponder")


def find_client_option(name: str) -> OptionInfo | None:
    """Return the USI-only option of this name, case-insensitive."""
    for info in _CLIENT_OPTIONS:
        if name.lower() in (known.lower() for known in info.usi):
            return info
    return None


def fit_text(info: OptionInfo, text: str) -> str:
    """Return the text, or the nearest number that the option takes: GUIs offer `USI_Hash` without its range."""
    try:
        info.parse(text)
    except BadOption:
        if info.minimum is not None and info.maximum is not None:
            try:
                number = int(text) if info.kind is Kind.SPIN else float(text)
            except ValueError:
                return text
            if isinstance(number, int) or not math.isnan(number):  # an int may be too large for the latter
                return f"{max(info.minimum, min(info.maximum, number))}"
    return text

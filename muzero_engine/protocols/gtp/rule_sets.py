"""Rule sets of Go as KataGo's protocols name them, and which of them this engine can play.

The engine knows area scoring, positional superko and no suicide. A rule set is accepted if every move that the engine
plays is legal in it and the game is counted the same way: any ko rule and either suicide rule will do, because the
engine never repeats a board and never takes its own stones, and `play` takes whatever the other side does. Territory
scoring, group taxes and the button count differently and are refused. White's points for handicap are added to komi.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

_BONUSES = ("0", "N-1", "N")
_ACCEPTED: dict[str, tuple[object, ...]] = {
    "ko": ("SIMPLE", "POSITIONAL", "SITUATIONAL"),
    "scoring": ("AREA",),
    "tax": ("NONE",),
    "suicide": (True, False),
    "hasButton": (False,),
    "friendlyPassOk": (True, False),
    "whiteHandicapBonus": _BONUSES,
}
_PRESETS: dict[str, str] = {  # name -> white's bonus in handicap games
    "tromp-taylor": "0",
    "chinese": "N",
    "chinese-ogs": "N",
    "chinese-kgs": "N",
    "aga": "N-1",
    "bga": "N-1",
    "new-zealand": "0",
}
_REFUSED_PRESETS = {
    "japanese": "territory scoring",
    "korean": "territory scoring",
    "stone-scoring": "a tax on groups",
    "aga-button": "the button",
}


class BadRules(ValueError):
    """Rules that the engine does not know; the message says which."""


class UnplayableRules(BadRules):
    """Rules that the engine knows but cannot play; the message says why."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What can differ between the rule sets that the engine plays."""

    white_handicap_bonus: str = "0"  # "0", "N-1" or "N" points for N handicap stones

    @classmethod
    def parse(cls, text: str) -> Self:
        """Rules from a name ("chinese") or a JSON object. Raises BadRules."""
        text = text.strip()
        if not text.startswith("{"):
            return cls.preset(text)
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            raise BadRules("the rules are not valid JSON") from None
        return cls.of_fields(fields)

    @classmethod
    def preset(cls, name: str) -> Self:
        """The rule set of a name, in any case. Raises BadRules."""
        key = name.lower().replace("_", "-")
        if key in _REFUSED_PRESETS:
            raise UnplayableRules(f"{key} rules need {_REFUSED_PRESETS[key]}; this engine plays area scoring only")
        if key not in _PRESETS:
            raise BadRules(f"unknown rules {name!r:.40}: use one of {', '.join(_PRESETS)}")
        return cls(_PRESETS[key])

    @classmethod
    def of_fields(cls, fields: Mapping[str, object]) -> Self:
        """Rules from KataGo's fields; those left out keep their defaults. Raises BadRules."""
        rules = cls()
        for name, value in fields.items():
            rules = rules.with_field(name, value)
        return rules

    def with_field(self, name: str, value: object) -> Self:
        """A copy with one of KataGo's fields set, from JSON or from text. Raises BadRules."""
        if name not in _ACCEPTED:
            raise BadRules(f"unknown rule {name!r:.40}: use one of {', '.join(_ACCEPTED)}")
        if isinstance(value, str) and value.lower() in ("true", "false"):
            value = value.lower() == "true"
        elif isinstance(value, str):
            value = value.upper()
        choices = _ACCEPTED[name]
        if not any(type(value) is type(choice) and value == choice for choice in choices):
            taken = " or ".join(json.dumps(choice).strip('"') for choice in choices)
            raise UnplayableRules(f"the rule {name} can only be {taken} with this engine")
        return type(self)(str(value)) if name == "whiteHandicapBonus" else self

    def handicap_bonus(self, stones: int) -> int:
        """Points that white gets for this many handicap stones."""
        if stones < 2 or self.white_handicap_bonus == "0":
            return 0
        return stones if self.white_handicap_bonus == "N" else stones - 1

    def to_json(self) -> str:
        """KataGo's JSON form of the rules that the engine plays by."""
        fields = {
            "friendlyPassOk": False,
            "hasButton": False,
            "ko": "POSITIONAL",
            "scoring": "AREA",
            "suicide": False,
            "tax": "NONE",
            "whiteHandicapBonus": self.white_handicap_bonus,
        }
        return json.dumps(fields, separators=(",", ":"))

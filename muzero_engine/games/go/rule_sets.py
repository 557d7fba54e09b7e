"""Rule sets of Go as KataGo's protocols name them, and which of them this engine can play.

The engine knows area scoring, positional superko and no suicide. A rule set is accepted if every move that the engine
plays is legal in it and the game is counted the same way: any ko rule and either suicide rule will do, because the
engine never repeats a board and never takes its own stones, and `play` takes whatever the other side does. Territory
scoring, group taxes and the button count differently and are refused. White's points for handicap are added to komi.

Whether dead stones count for their owner (Tromp-Taylor) or for who surrounds them (`friendlyPassOk`, where nothing else
is said) concerns the score that is told at the end; the engine itself does not pass before it has captured what it
needs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from muzero_engine.dataclass_json import parse_json

_BONUSES = ("0", "N-1", "N")
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}
_ACCEPTED: dict[str, tuple[object, ...]] = {
    "ko": ("SIMPLE", "POSITIONAL", "SITUATIONAL"),
    "scoring": ("AREA",),
    "tax": ("NONE",),
    "suicide": (True, False),
    "hasButton": (False,),
    "friendlyPassOk": (True, False),
    "whiteHandicapBonus": _BONUSES,
}
_PRESETS: dict[str, tuple[str, bool]] = {  # name -> white's bonus in handicap games, whether dead stones may stay
    "tromp-taylor": ("0", False),
    "chinese": ("N", True),
    "chinese-ogs": ("N", True),
    "chinese-kgs": ("N", True),
    "aga": ("N-1", True),
    "bga": ("N-1", True),
    "french": ("N-1", True),
    "new-zealand": ("0", True),
    "nz": ("0", True),
    "ing": ("0", True),
    "goe": ("0", True),
}
_REFUSED_PRESETS = {
    "japanese": "territory scoring",
    "korean": "territory scoring",
    "stone-scoring": "a tax on groups",
    "ancient-area": "a tax on groups",
    "ancient-territory": "territory scoring",
    "aga-button": "the button",
}
_PART = re.compile(  # of KataGo's one-word form: koPOSITIONALscoreAREAtaxNONEsui0whb0fpok1
    r"(?P<name>komi|ko|scoring|score|tax|suicide|sui|button|whb|fpok|friendlyPassOk)"
    r"(?P<value>SIMPLE|POSITIONAL|SITUATIONAL|SPIGHT|AREA|TERRITORY|NONE|SEKI|ALL|N-1|N|-?[0-9.]+|true|false)"
)
_LONG_NAMES = {
    "score": "scoring",
    "sui": "suicide",
    "button": "hasButton",
    "whb": "whiteHandicapBonus",
    "fpok": "friendlyPassOk",
}


def _plain(name: str) -> str:
    """Return a name as it is looked up: case, spaces, hyphens and underscores do not count."""
    return re.sub(r"[-_ ]", "", name.lower())


class BadRules(ValueError):
    """Rules that the engine does not know; the message says which."""


class UnplayableRules(BadRules):
    """Rules that the engine knows but cannot play; the message says why."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What can differ between the rule sets that the engine plays."""

    white_handicap_bonus: str = "0"  # "0", "N-1" or "N" points for N handicap stones
    friendly_pass_ok: bool = True  # dead stones need not be captured: people agree on them, here the ownership says

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return rules from a name ("chinese") or a JSON object. Raises BadRules."""
        text = text.strip()
        if not text.startswith("{"):
            return cls.preset(text)
        try:
            fields = parse_json(text)
        except ValueError:
            raise BadRules("the rules are not valid JSON") from None
        return cls.of_fields(fields)

    @classmethod
    def preset(cls, name: str) -> Self:
        """Return the rule set of a name, as KataGo spells it in any of its ways. Raises BadRules."""
        plain = _plain(name)
        for known, reason in _REFUSED_PRESETS.items():
            if plain == _plain(known):
                raise UnplayableRules(f"{known} rules need {reason}; this engine plays area scoring only")
        for known, (bonus, friendly) in _PRESETS.items():
            if plain == _plain(known):
                return cls(bonus, friendly)
        parts = list(_PART.finditer(name))
        if parts and "".join(part[0] for part in parts) == name:
            if any(part["name"] == "komi" for part in parts):
                raise BadRules("komi is said apart from the rules: leave it out of them")
            return cls.of_fields({_LONG_NAMES.get(part["name"], part["name"]): part["value"] for part in parts})
        raise BadRules(f"unknown rules {name!r:.40}: use one of {', '.join(_PRESETS)}")

    @classmethod
    def of_fields(cls, fields: Mapping[str, object]) -> Self:
        """Return rules from KataGo's fields; those left out keep their defaults. Raises BadRules."""
        rules = cls()
        for name, value in fields.items():
            rules = rules.with_field(name, value)
        return rules

    def with_field(self, name: str, value: object) -> Self:
        """Return a copy with one of KataGo's fields set, from JSON or from text. Raises BadRules."""
        if name not in _ACCEPTED:
            raise BadRules(f"unknown rule {name!r:.40}: use one of {', '.join(_ACCEPTED)}")
        if isinstance(value, str) and isinstance(_ACCEPTED[name][0], bool) and value.lower() in _TRUTHS:
            value = _TRUTHS[value.lower()]
        elif isinstance(value, str):
            value = value.upper()
        choices = _ACCEPTED[name]
        if not any(type(value) is type(choice) and value == choice for choice in choices):
            taken = " or ".join(json.dumps(choice).strip('"') for choice in choices)
            raise UnplayableRules(f"the rule {name} can only be {taken} with this engine")
        match name:
            case "whiteHandicapBonus":
                return replace(self, white_handicap_bonus=str(value))
            case "friendlyPassOk":
                return replace(self, friendly_pass_ok=bool(value))
        return self

    def handicap_bonus(self, stones: int) -> int:
        """Return the points that white gets for this many handicap stones."""
        if stones < 2 or self.white_handicap_bonus == "0":
            return 0
        return stones if self.white_handicap_bonus == "N" else stones - 1

    def sgf_name(self, stones: int) -> str:
        """Return what SGF's RU calls the rules in a game with this many handicap stones, 0 for none."""
        if not self.friendly_pass_ok and not self.handicap_bonus(stones):
            return "Tromp-Taylor"
        return {"N": "Chinese", "N-1": "AGA", "0": "NZ"}[self.white_handicap_bonus] if stones else "Chinese"

    def to_json(self) -> str:
        """Return KataGo's JSON form of the rules that the engine plays by."""
        fields = {
            "friendlyPassOk": self.friendly_pass_ok,
            "hasButton": False,
            "ko": "POSITIONAL",
            "scoring": "AREA",
            "suicide": False,
            "tax": "NONE",
            "whiteHandicapBonus": self.white_handicap_bonus,
        }
        return json.dumps(fields, separators=(",", ":"))

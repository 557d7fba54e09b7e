"""Options as a session of UCI, UGI or USI offers them, and setting them back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_OFFER = re.compile(r"option name (?P<name>.+?) type (?P<kind>\S+)(?: default (?P<default>\S*))?(?P<rest>.*)")
_BOUNDS = re.compile(r" min (?P<low>-?\d+) max (?P<high>-?\d+)")
NOT_TRIED = frozenset(("LogFile", "WeightsFile"))  # they write a file, and leave it without a network


@dataclass(frozen=True, slots=True)
class Offer:
    """An option."""

    name: str
    kind: str  # check, spin, combo, string or button
    default: str
    low: int  # of a spin
    high: int
    choices: tuple[str, ...]  # of a combo


def offer_of(line: str) -> Offer | None:
    """Return the option that a line offers; None where it offers none, or one that is not to be tried."""
    match = _OFFER.fullmatch(line)
    if match is None or match["name"] in NOT_TRIED:
        return None
    bounds = _BOUNDS.search(match["rest"])
    low, high = (int(bounds["low"]), int(bounds["high"])) if bounds else (0, 0)
    choices = tuple(match["rest"].split(" var ")[1:])
    return Offer(match["name"], match["kind"], match["default"] or "", low, high, choices)


def setting(name: str, value: object) -> str:
    """Return the line that sets an option."""
    return f"setoption name {name} value {value}"


def set_back(offers: Iterable[Offer]) -> list[str]:
    """Return the lines that set options to what they are at the start."""
    return [setting(offer.name, offer.default) for offer in offers if offer.kind != "button"]

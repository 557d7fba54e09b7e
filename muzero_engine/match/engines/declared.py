"""What an engine declares of an option in UCI, UGI and USI, and which values that leaves.

An engine drops a value that it does not take without a word, and plays on by its default.
"""

from __future__ import annotations

import itertools
import re

_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")


def refused(declaration: str, value: str) -> str | None:
    """Return what an option takes that does not take this value ("1 to 10"), None where it takes it, or does not say.

    `declaration` is what stands behind its name: "type spin default 1 min 1 max 10".
    """
    words = declaration.split()
    match words[1] if words[:1] == ["type"] and len(words) > 1 else "":
        case "check":
            return None if value in ("true", "false") else "true or false"
        case "spin":
            low, high = _bound(words, "min"), _bound(words, "max")
            number = int(value) if _NUMBER.fullmatch(value) else None
            if number is not None and (low is None or number >= low) and (high is None or number <= high):
                return None
            return "a whole number" if low is None or high is None else f"{low} to {high}"
        case "combo":
            choices = [" ".join(choice.split()) for choice in re.split(r"\svar\s", declaration)[1:]]
            taken = not choices or value.lower() in map(str.lower, choices)
            return None if taken else f"one of {', '.join(choices)}"
        case "button":
            return "no value" if value else None
    return None  # any text


def _bound(words: list[str], name: str) -> int | None:
    found = [value for word, value in itertools.pairwise(words) if word == name]
    return int(found[-1]) if found and _NUMBER.fullmatch(found[-1]) else None

"""What the system refuses, in a line."""

from __future__ import annotations

import errno


def refusal(error: OSError, place: str) -> str:
    """Return one line on an error of the system; `place` is what it means where it names nothing itself."""
    if error.errno == errno.ENOENT:  # which only a working folder can be without a name
        place = "the folder that this was called from"
    return f"{error.filename or place}: {error.strerror or error}"

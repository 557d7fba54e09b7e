"""Settings of the batched search as people write them."""

from __future__ import annotations

import dataclasses

from muzero_engine.training.config import SearchSettings


def with_changes(text: str, base: SearchSettings) -> SearchSettings:
    """Return the settings with `name=value` pairs, separated by commas, applied. Exits on an unknown name."""
    changes = dict(part.split("=", 1) for part in text.split(",") if part)
    kinds = {field.name: type(getattr(base, field.name)) for field in dataclasses.fields(base)}
    unknown = sorted(set(changes) - set(kinds))
    if unknown:
        raise SystemExit(f"there is no setting {unknown[0]!r} of the search: {', '.join(kinds)}")
    return dataclasses.replace(base, **{name: kinds[name](value) for name, value in changes.items()})

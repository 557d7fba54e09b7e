"""Frozen dataclasses to and from what JSON can hold. Field types say how data is read, and nothing else is accepted.

What an older version wrote is read as far as possible: a missing field takes its default, or None where it may be None.
What a newer version wrote has unknown fields; they are refused unless they are asked to be `ignored`.
"""

from __future__ import annotations

import dataclasses
import enum
import types
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


class BadData(ValueError):
    """Data that does not fit the dataclass; the message names the field."""


def to_plain(value: object) -> Any:
    """A dataclass as dictionaries and lists, enumerations as their values."""
    if dataclasses.is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    return value


def from_plain(kind: type[T], data: Any, name: str, *, ignored: bool = False) -> T:
    """The inverse of `to_plain` for dataclasses of this type; `name` stands for the whole in errors. Raises BadData."""
    return cast(T, _read(kind, data, name, ignored))


def _read(kind: Any, data: Any, name: str, ignored: bool) -> Any:
    if dataclasses.is_dataclass(kind):
        return _read_fields(kind, data, name, ignored)
    if _optional(kind):
        (inner,) = (part for part in get_args(kind) if part is not type(None))
        return None if data is None else _read(inner, data, name, ignored)
    if get_origin(kind) is tuple:
        parts = get_args(kind)
        if not isinstance(data, list):
            raise BadData(f"{name} is not a list")
        if parts[-1] is Ellipsis:
            return tuple(_read(parts[0], item, name, ignored) for item in data)
        if len(data) != len(parts):
            raise BadData(f"{name} has {len(data)} parts, not {len(parts)}")
        return tuple(_read(part, item, name, ignored) for part, item in zip(parts, data, strict=True))
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        try:
            return kind(data)
        except ValueError:
            raise BadData(f"{name} is none of {', '.join(str(choice.value) for choice in kind)}") from None
    if type(data) is not kind and not (kind is float and type(data) is int):
        raise BadData(f"{name} is not of type {kind.__name__}")
    return kind(data)


def _read_fields(kind: Any, data: Any, name: str, ignored: bool) -> Any:
    if not isinstance(data, dict):
        raise BadData(f"{name} is not a JSON object")
    hints = get_type_hints(kind)
    unknown = sorted(set(data) - set(hints))
    if unknown and not ignored:
        raise BadData(f"{name} has fields that this version does not know: {', '.join(unknown)}")
    found = {}
    for field in dataclasses.fields(kind):
        if field.name in data:
            found[field.name] = _read(hints[field.name], data[field.name], field.name, ignored)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            if not _optional(hints[field.name]):
                raise BadData(f"{name} lacks {field.name}")
            found[field.name] = None
    return kind(**found)


def _optional(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType) and type(None) in get_args(kind)

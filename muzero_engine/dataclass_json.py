"""Dataclasses to and from what JSON can hold: the one reader of what lies on the disk as JSON. No library but Python's.

Field types say how data is read, and nothing else is accepted: dataclasses, enumerations (by their values), `int`,
`float` (a whole number is one too), `str`, `bool`, `X | None`, `tuple[X, ...]`, `tuple[X, Y]`, `dict[str, X]`, and
`Annotated[X, Rule(...)]` for what must hold besides.

What an older version wrote is read as far as possible: a missing field takes its default, or None where it may be None,
unless data must be `complete`. What a newer version wrote has unknown fields; they are refused unless they are asked to
be `ignored`.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import json
import math
import re
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
MAY_LACK = {"may_lack": True}  # metadata of a field with a default that complete data may lack: older versions had none


class BadData(ValueError):
    """Data that does not fit its type. The message is a sentence about the field; the rest is for other sentences."""

    def __init__(
        self,
        message: str,
        *,
        expected: str = "",
        kind: type | None = None,
        value: object = None,
        missing: tuple[str, ...] = (),
        unknown: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.path = ""  # where in the whole, like "training.games" or "ratings[0]"; "" for the whole itself
        self.expected = expected  # what belongs there, like "a whole number from 1"
        self.kind = kind  # the type that the value does not have, where it is as simple as that
        self.value = value  # what is there
        self.missing = missing  # fields of the object at `path` that are not there
        self.unknown = unknown  # fields of the object at `path` that do not belong there

    def within(self, outer: str) -> BadData:
        """Return this error as one of a larger whole, in which `outer` (a field or "[3]") leads to what was read."""
        self.path = f"{outer}{'.' if self.path and self.path[0] != '[' else ''}{self.path}"
        return self


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold of a value besides its type, for `Annotated`."""

    holds: Callable[[Any], object]
    expected: str  # what the value must be, like "a whole number from 1"


Finite = Annotated[float, Rule(math.isfinite, "a number")]
_NO_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # control characters and ends of lines


def is_line(text: str) -> bool:
    """Return whether a text stays on one line, whatever letters and signs it has."""
    return _NO_LINE.search(text) is None


def parse_json(text: str | bytes, *, constants: bool = False) -> Any:
    """Return what a text of JSON says. Raises ValueError, also where it is nested too deeply or a number too long.

    Infinities and NaN, which are no JSON though Python's writer knows them, are refused unless `constants`.
    """
    try:
        return json.loads(text, parse_constant=None if constants else _refuse_constant)
    except (json.JSONDecodeError, UnicodeDecodeError, _Constant):
        raise
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError:  # Python's limit, whose message is for programmers
        raise ValueError("a number in it has thousands of digits") from None


class _Constant(ValueError):
    """A constant that is no JSON."""


def _refuse_constant(name: str) -> float:
    raise _Constant(f"{name} is no number")


def to_data(value: Any) -> Any:
    """Return a dataclass as dictionaries and lists, enumerations as their values; other values as they are."""
    kind = type(value)
    if kind in _SIMPLE:
        return value
    if kind is tuple:
        return [to_data(item) for item in value]
    if kind is dict:
        return {key: to_data(item) for key, item in value.items()}
    if issubclass(kind, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(kind):
        return {name: to_data(getattr(value, name)) for name in _hints(kind)}
    return value


def from_data(kind: type[T], data: Any, name: str, *, ignored: bool = False, complete: bool = False) -> T:
    """Return the value of this type that `to_data` made `data` of; `name` stands for the whole in messages.

    `ignored`: unknown fields are left out. `complete`: a field with a default must be there too, but for those whose
    metadata is MAY_LACK. Raises BadData.
    """
    read = _reader(cast(Any, kind), _Mode(ignored, complete))
    return cast(T, read(data, name))


class _Mode(NamedTuple):
    """How strictly objects are read, see `from_data`."""

    ignored: bool
    complete: bool


_SIMPLE = (str, int, float, bool, type(None))
_Read = Callable[[Any, str], Any]  # from data and the name that messages give it


@functools.cache
def _reader(kind: Any, mode: _Mode) -> _Read:
    """Return what reads data of this type; made once, since records are read by the hundred thousand."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _ruled(_reader(parts[0], mode), parts[1])
    if origin is dict:
        return _table(_reader(parts[1], mode))
    if origin is tuple:
        if parts[-1] is Ellipsis:
            return _list(_reader(parts[0], mode))
        return _parts([_reader(part, mode) for part in parts])
    if _optional(kind):
        (inner,) = (_reader(part, mode) for part in parts if part is not type(None))
        return lambda data, name: None if data is None else inner(data, name)
    if dataclasses.is_dataclass(kind):
        return _object(kind, mode)
    return _choice(kind) if issubclass(kind, enum.Enum) else _simple(kind)


def _simple(kind: Any) -> _Read:
    def read(data: Any, name: str) -> Any:
        if type(data) is kind:
            return data
        if kind is float and type(data) is int and abs(data) <= sys.float_info.max:
            return float(data)
        raise BadData(f"{name} is not of type {kind.__name__}", expected=kind.__name__, kind=kind, value=data)

    return read


def _choice(kind: type[enum.Enum]) -> _Read:
    def read(data: Any, name: str) -> Any:
        try:
            return kind(data)
        except ValueError:
            choices = ", ".join(str(choice.value) for choice in kind)
            message = f"{name} is none of {choices}"
            raise BadData(message, expected=f"one of {choices}", kind=kind, value=data) from None

    return read


def _ruled(inner: _Read, rule: Rule) -> _Read:
    def read(data: Any, name: str) -> Any:
        try:
            value = inner(data, name)
            if rule.holds(value):
                return value
        except BadData:
            pass  # the rule says it
        raise BadData(f"{name} must be {rule.expected}", expected=rule.expected, value=data)

    return read


def _list(inner: _Read) -> _Read:
    def read(data: Any, name: str) -> Any:
        if not isinstance(data, list):
            raise BadData(f"{name} is not a list", expected="a list", kind=list, value=data)
        return _all_read([inner] * len(data), data, name)

    return read


def _parts(inner: list[_Read]) -> _Read:
    def read(data: Any, name: str) -> Any:
        if not isinstance(data, list):
            raise BadData(f"{name} is not a list", expected="a list", kind=list, value=data)
        if len(data) != len(inner):
            message = f"{name} has {len(data)} parts, not {len(inner)}"
            raise BadData(message, expected=f"a list of {len(inner)}", value=data)
        return _all_read(inner, data, name)

    return read


def _all_read(readers: list[_Read], data: list[Any], name: str) -> tuple[Any, ...]:
    values: list[Any] = []
    try:
        for read, item in zip(readers, data, strict=True):
            values.append(read(item, name))  # so that its length says where a value was bad
    except BadData as error:
        raise error.within(f"[{len(values)}]") from None
    return tuple(values)


def _table(inner: _Read) -> _Read:
    def read(data: Any, name: str) -> Any:
        _require_object(data, name)
        values = {}
        key = ""
        try:
            for key, item in data.items():
                values[key] = inner(item, key)
        except BadData as error:
            raise error.within(key if key.isidentifier() else repr(key)) from None
        return values

    return read


def _object(kind: Any, mode: _Mode) -> _Read:
    fields = dataclasses.fields(kind)
    readers = {field.name: _reader(_hints(kind)[field.name], mode) for field in fields}
    bare = [f.name for f in fields if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING]
    if mode.complete:
        needed = [field.name for field in fields if not field.metadata.get("may_lack")]
    else:
        needed = [name for name in bare if not _optional(_hints(kind)[name])]

    def read(data: Any, name: str) -> Any:
        _require_object(data, name)
        missing = tuple(field for field in needed if field not in data)
        unknown = () if mode.ignored else tuple(sorted(data.keys() - readers.keys()))
        if missing or unknown:
            foreign = f"has fields that this version does not know: {', '.join(unknown)}"
            problem = foreign if unknown else f"lacks {missing[0]}"
            raise BadData(f"{name} {problem}", missing=missing, unknown=unknown)
        values = {}
        field = ""
        try:
            for field, read_field in readers.items():
                if field in data:
                    values[field] = read_field(data[field], field)
        except BadData as error:
            raise error.within(field) from None
        return kind(**dict.fromkeys(bare) | values if len(values) < len(readers) else values)

    return read


def _require_object(data: Any, name: str) -> None:
    if not isinstance(data, dict):
        raise BadData(f"{name} is not a JSON object", expected="an object", kind=dict, value=data)


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _optional(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType) and type(None) in get_args(kind)

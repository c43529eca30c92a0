"""A Schema as JSON and back, every field of it, with Arrow types spelled as a person reads them."""

from __future__ import annotations

import dataclasses
import functools
import re
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from understudy.errors import Error
from understudy.schema import Schema

_PLAIN: dict[str, pa.DataType] = {
    str(made): made
    for made in (
        *(pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64()),
        *(pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64(), pa.float16(), pa.float32(), pa.float64()),
        *(pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.date32(), pa.date64(), pa.null()),
        *(pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns")),
    )
} | {"uuid": pa.uuid()}

_WITH_NUMBERS: tuple[tuple[str, Callable[..., pa.DataType]], ...] = (
    (r"decimal128\((\d+), (-?\d+)\)", lambda precision, scale: pa.decimal128(int(precision), int(scale))),
    (r"decimal256\((\d+), (-?\d+)\)", lambda precision, scale: pa.decimal256(int(precision), int(scale))),
    (r"timestamp\[(s|ms|us|ns)\]", pa.timestamp),
    (r"timestamp\[(s|ms|us|ns), tz=(.+)\]", pa.timestamp),
    (r"fixed_size_binary\[(\d+)\]", lambda width: pa.binary(int(width))),
)


def type_name(arrow_type: pa.DataType) -> str:
    """How an Arrow type is spelled: ``int64``, ``decimal128(12, 2)``, ``timestamp[us, tz=UTC]``, ``uuid``."""
    name = "uuid" if arrow_type == pa.uuid() else str(arrow_type)
    if parse_type(name) != arrow_type:
        raise Error(f"Arrow type {name!r} is not one that columns travel in")
    return name


def parse_type(name: str) -> pa.DataType:
    """The Arrow type of that spelling; an Error where there is none."""
    if name in _PLAIN:
        return _PLAIN[name]
    for pattern, make in _WITH_NUMBERS:
        if match := re.fullmatch(pattern, name):
            return make(*match.groups())
    raise Error(f"Arrow type {name!r} is not one that columns travel in")


def to_json(schema: Schema) -> dict[str, Any]:
    """The schema as JSON values; a field that holds its default is left out."""
    shown = _show(schema)
    assert isinstance(shown, dict)
    return shown


def from_json(shown: Mapping[str, Any]) -> Schema:
    """The schema ``to_json`` wrote, equal in every field; an Error where the text is of another make."""
    try:
        schema = _parse(Schema, shown)
    except (KeyError, TypeError, ValueError) as error:
        raise Error(f"this is not a schema as Understudy writes it: {error}") from error
    assert isinstance(schema, Schema)
    return schema


def _show(value: Any) -> Any:
    if isinstance(value, pa.DataType):
        return type_name(value)
    if isinstance(value, tuple):
        return [_show(item) for item in value]
    if isinstance(value, Mapping):
        return dict(value)
    if dataclasses.is_dataclass(value):
        held = [(field, getattr(value, field.name)) for field in dataclasses.fields(value)]
        return {field.name: _show(item) for field, item in held if item != _default(field)}
    return value


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


@functools.cache
def _fields(noun: type) -> dict[str, Any]:
    return typing.get_type_hints(noun)


def _parse(wanted: Any, shown: Any) -> Any:
    """One value of a wanted type: the schema's nouns are frozen dataclasses, so their annotations say it all."""
    origin, inner = typing.get_origin(wanted), typing.get_args(wanted)
    if wanted is pa.DataType:
        return parse_type(shown)
    if dataclasses.is_dataclass(wanted):
        assert isinstance(wanted, type)
        hints = _fields(wanted)
        return wanted(**{name: _parse(hints[name], value) for name, value in shown.items()})
    if origin in (typing.Union, types.UnionType):
        return None if shown is None else _parse(next(arm for arm in inner if arm is not type(None)), shown)
    if origin is tuple:
        kinds = [inner[0]] * len(shown) if inner[-1] is Ellipsis else inner
        return tuple(_parse(kind, item) for kind, item in zip(kinds, shown, strict=True))
    return shown

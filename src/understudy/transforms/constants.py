"""Values a person writes in a job file, as values of a column's type."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import pyarrow as pa

from understudy.arrow import storage
from understudy.errors import InputError
from understudy.schema import Column, Kind


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _digits(value: Any) -> str:
    """A number that travels as text."""
    Decimal(_text(value))
    return _text(value)


def _boolean(value: Any) -> bool:
    return {"true": True, "false": False, "yes": True, "no": False}[_text(value).lower()]


def _document(value: Any) -> str:
    if isinstance(value, str):
        json.loads(value)
        return value
    return json.dumps(value, ensure_ascii=False)


def _moment(value: Any) -> datetime:
    return datetime.fromisoformat(_text(value))


_PARSERS: Mapping[Kind, Callable[[Any], Any]] = {
    "integer": lambda value: int(_text(value)),
    "decimal": lambda value: Decimal(_text(value)),
    "float": float,
    "boolean": _boolean,
    "date": lambda value: date.fromisoformat(_text(value)),
    "timestamp": _moment,
    "time": lambda value: time.fromisoformat(_text(value)),
    "uuid": lambda value: UUID(_text(value)).bytes,
    "json": _document,
    "bytes": lambda value: _text(value).encode(),
}

_EMPTY: Mapping[Kind, Any] = {
    "integer": 0,
    "decimal": 0,
    "float": 0.0,
    "boolean": False,
    "date": "1970-01-01",
    "timestamp": "1970-01-01 00:00:00",
    "time": "00:00:00",
    "uuid": UUID(int=0),
    "json": "{}",
    "bytes": "",
}
"""What an emptied value of a kind is."""


def empty(column: Column) -> Any:
    """The value that says nothing, of a column's kind."""
    return _EMPTY[column.kind]


def constants(values: Iterable[Any], column: Column) -> pa.Array:
    """Values as an array of the column's type (the plain type behind uuid); an InputError where one does not fit."""
    return pa.concat_arrays([_one(value, column) for value in values])


def _one(value: Any, column: Column) -> pa.Array:
    as_text = _digits if column.kind == "decimal" else _text
    parse = as_text if column.as_text else _PARSERS.get(column.kind, _text)
    kind = storage(pa.array([], column.arrow_type)).type
    wrong = InputError(f"{value!r} is not a value of type {column.native_type}")
    try:
        parsed = parse(value)
        if isinstance(parsed, datetime):
            zoned = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
            parsed = zoned if kind.tz else zoned.replace(tzinfo=None)
        made = pa.array([parsed], kind)
    except (ValueError, KeyError, InvalidOperation, OverflowError, pa.ArrowException):
        raise wrong from None
    if column.kind == "enum" and parsed not in column.labels:
        hint = f"labels: {', '.join(column.labels)}"
        raise InputError(f"{value!r} is not a label of {column.native_type}", hint=hint)
    if column.max_length is not None and isinstance(parsed, str) and len(parsed) > column.max_length:
        raise InputError(f"{value!r} is longer than the {column.max_length} characters of {column.native_type}")
    return made

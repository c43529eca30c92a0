"""JSON becomes the values of a column, or a reason why it cannot; what a model is told of the column."""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa

from understudy import arrow
from understudy.schema import Column


class Unfit(Exception):
    """A value that a column cannot hold: the kind of reason, counted, and words for the model."""

    def __init__(self, kind: str, words: str) -> None:
        super().__init__(kind)
        self.kind, self.words = kind, words


def value_of(column: Column, said: Any) -> Any:
    """The Python value of a column that some JSON stands for; raises Unfit.

    Nothing is bent to fit: a text that is too long is refused, not cut.  Only what is the same value in other letters
    is taken: digits in quotes, a moment's offset, an object where its JSON text was asked for.
    """
    if said is None:
        if not column.nullable:
            raise Unfit("null", "must not be null")
        return None
    return _READ.get(column.kind, _other)(column, said)


def array_of(column: Column, values: list[Any]) -> pa.Array:
    """Values as an array of the column's own type."""
    inner = column.arrow_type
    while isinstance(inner, pa.BaseExtensionType):
        inner = inner.storage_type
    if pa.types.is_dictionary(inner):
        inner = inner.value_type
    return arrow.like(pa.array(values, inner), column.arrow_type)


def same(column: Column, value: Any) -> Any:
    """What is equal for values that the database takes for equal."""
    if isinstance(value, str) and column.kind == "decimal":
        return Decimal(value)
    return value.lower() if isinstance(value, str) and "lower(" in column.key_sql else value


def shape_of(column: Column) -> dict[str, Any]:
    """The column in a JSON schema, in the words that all servers know."""
    kind = {"integer": "integer", "decimal": "number", "float": "number", "boolean": "boolean"}.get(
        column.kind, "string"
    )
    shape: dict[str, Any] = {"type": [kind, "null"] if column.nullable else kind}
    if column.labels:
        shape["enum"] = [*column.labels, None] if column.nullable else list(column.labels)
    return shape


def words_of(column: Column) -> str:
    """What a model must know to write values of the column."""
    said = [_FORMS.get(column.kind, "the text form that the database reads")]
    said[0] += f" ({column.native_type})" if column.native_type else ""
    said += [f"at most {column.max_length} characters"] if column.max_length else []
    said += [f"one of {', '.join(map(json.dumps, column.labels))}"] if column.labels else []
    said += ["may be null" if column.nullable else "never null"]
    said += [" ".join(column.comment.split())] if column.comment else []
    return "; ".join(said)


_FORMS = {
    "integer": "whole number",
    "decimal": "number",
    "float": "number",
    "text": "text",
    "enum": "text",
    "boolean": "true or false",
    "date": "date as YYYY-MM-DD",
    "timestamp": "moment as YYYY-MM-DDTHH:MM:SS, with Z where the type has a time zone",
    "time": "time as HH:MM:SS",
    "uuid": "UUID",
    "json": "JSON, written as text",
    "bytes": "bytes as hexadecimal digits",
}


def _integer(column: Column, said: Any) -> int:
    number = _number(said)
    if number != number.to_integral_value():
        raise Unfit("type", "must be a whole number")
    return int(_fits(column, int(number)))


def _number(said: Any) -> Decimal:
    """A finite number, also where its digits stand in quotes."""
    try:
        if isinstance(said, bool) or not isinstance(said, (int, Decimal, str)):
            raise Unfit("type", "must be a number")
        number = Decimal(said)
    except (InvalidOperation, ValueError):
        raise Unfit("type", "must be a number") from None
    if not number.is_finite() or abs(number.adjusted()) > 400:
        raise Unfit("range", "is out of range")
    return number


def _decimal(column: Column, said: Any) -> Any:
    number = _number(said)
    if pa.types.is_decimal(column.arrow_type):
        digits, scale = column.arrow_type.precision, column.arrow_type.scale
        if number and number.adjusted() >= digits - scale:
            raise Unfit("range", f"must have at most {digits - scale} digits before the point")
        exponent = number.normalize().as_tuple().exponent
        if isinstance(exponent, int) and -exponent > scale:
            raise Unfit("range", f"must have at most {scale} digits after the point")
        return number
    return format(number, "f") if arrow.is_text(column.arrow_type) else _fits(column, number)


def _float(column: Column, said: Any) -> float:
    number = float(_number(said))
    if not math.isfinite(number):
        raise Unfit("range", "is out of range")
    return float(_fits(column, number))


def _text(column: Column, said: Any) -> str:
    if not isinstance(said, str):
        raise Unfit("type", "must be text")
    if "\0" in said or any("\ud800" <= letter <= "\udfff" for letter in said):
        raise Unfit("type", "holds characters that no database takes")
    if column.max_length is not None and len(said) > column.max_length:
        raise Unfit("length", f"must have at most {column.max_length} characters")
    if column.labels and said not in column.labels:
        raise Unfit("label", f"must be one of {', '.join(map(json.dumps, column.labels))}")
    return said


def _boolean(column: Column, said: Any) -> bool:  # noqa: ARG001 - readers are called alike
    found = {"true": True, "false": False}.get(said.lower(), said) if isinstance(said, str) else said
    if not isinstance(found, bool):
        raise Unfit("type", "must be true or false")
    return found


def _date(column: Column, said: Any) -> Any:
    text = _said(said)
    try:
        return _fits(column, date.fromisoformat(text[:10] if re.fullmatch(r".{10}[T ]00:00(:00)?Z?", text) else text))
    except ValueError:
        raise Unfit("type", "must be a date as YYYY-MM-DD") from None


def _timestamp(column: Column, said: Any) -> Any:
    try:
        moment = datetime.fromisoformat(_said(said))
        if getattr(column.arrow_type, "tz", None) is None:
            return _fits(column, moment.replace(tzinfo=None))  # as PostgreSQL reads an offset here: not at all
        return _fits(column, moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise Unfit("type", "must be a moment as YYYY-MM-DDTHH:MM:SS") from None


def _time(column: Column, said: Any) -> Any:
    try:
        return _fits(column, time.fromisoformat(_said(said)).replace(tzinfo=None))
    except ValueError:
        raise Unfit("type", "must be a time as HH:MM:SS") from None


def _uuid(column: Column, said: Any) -> Any:
    try:
        found = uuid.UUID(_said(said))
    except ValueError:
        raise Unfit("type", "must be a UUID") from None
    return str(found) if arrow.is_text(column.arrow_type) else found.bytes


def _json(column: Column, said: Any) -> str:
    if isinstance(said, str):
        try:
            json.loads(said, parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise Unfit("type", "must be JSON, written as text") from None
        return _text(column, said)
    try:
        return _text(column, json.dumps(said, ensure_ascii=False, default=float, allow_nan=False))
    except ValueError:
        raise Unfit("range", "holds a number out of range") from None


def _refuse(name: str) -> None:
    """Python reads NaN and Infinity; JSON has none."""
    raise ValueError(name)


def _bytes(column: Column, said: Any) -> Any:
    try:
        return _fits(column, bytes.fromhex(_said(said).removeprefix("\\x")))
    except ValueError:
        raise Unfit("type", "must be hexadecimal digits") from None


def _other(column: Column, said: Any) -> Any:
    return _text(column, said) if arrow.is_text(column.arrow_type) else _fits(column, said)


def _said(said: Any) -> str:
    if not isinstance(said, str):
        raise Unfit("type", "must be text")
    return said.strip()


def _fits(column: Column, value: Any) -> Any:
    """The value, where the column's type can hold it; raises Unfit."""
    try:
        array_of(column, [value])
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        raise Unfit("range", f"does not fit {column.native_type or column.arrow_type}") from None
    return value


_READ: Mapping[str, Callable[[Column, Any], Any]] = {
    "integer": _integer,
    "decimal": _decimal,
    "float": _float,
    "text": _text,
    "enum": _text,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
    "time": _time,
    "uuid": _uuid,
    "json": _json,
    "bytes": _bytes,
}

"""What the comparisons of a condition mean for every kind of column: SQL's meaning, in Arrow kernels."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import plain
from understudy.errors import InputError
from understudy.schema import Column, Kind
from understudy.transforms.prf import trimmed

Value = str | Decimal | bool


@dataclass(frozen=True)
class Operand:
    """The values of a column, and what they are."""

    column: Column
    values: pa.Array


_KERNELS: Mapping[str, Callable[[Any, Any], pa.Array]] = {
    "=": pc.equal,
    "!=": pc.not_equal,
    "<>": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
COMPARISONS = tuple(_KERNELS)
_EQUALITY = ("=", "!=", "<>")
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
"""What a comparison becomes when its sides change places."""

_ORDERED: frozenset[Kind] = frozenset({"integer", "decimal", "float", "text", "date", "timestamp", "time"})
_TEXTS: frozenset[Kind] = frozenset({"text", "enum", "json", "other"})
_NUMBERS: frozenset[Kind] = frozenset({"integer", "decimal", "float"})


def compare(left: Operand, sign: str, right: Operand | Value) -> pa.Array:
    """A column beside a constant, or beside another column; null where either is."""
    if sign not in _EQUALITY and left.column.kind not in _ORDERED:
        raise InputError(f"values of type {left.column.native_type} have no order here, only `=`, `!=` and `in`")
    if isinstance(right, Operand):
        return _KERNELS[sign](*_alike(left, right))
    as_text = left.column.kind == "decimal" and left.column.as_text
    if as_text and sign not in _EQUALITY:  # NaN and infinity too, which no decimal of Arrow is
        return _KERNELS[sign](plain(left.values).cast(pa.float64()), float(_number(right, left.column)))
    return _KERNELS[sign](_canonical(left), _constant(right, left.column))


def is_in(left: Operand, constants: Sequence[Value]) -> pa.Array:
    """Whether a column holds one of these constants; null where it holds nothing."""
    values = _canonical(left)
    wanted = [_constant(one, left.column) for one in constants]
    if left.column.kind == "decimal" and not left.column.as_text:  # constants of different scales
        found = pc.equal(values, wanted[0])
        for one in wanted[1:]:
            found = pc.or_(found, pc.equal(values, one))
        return found
    listed = pa.array([one.as_py() for one in wanted], wanted[0].type)
    if listed.type != values.type:
        listed = listed.cast(values.type)
    return pc.if_else(values.is_valid(), pc.is_in(values, listed), None)


def is_like(left: Operand, pattern: Value, *, any_case: bool) -> pa.Array:
    """Whether texts fit a pattern in which ``%`` is any characters and ``_`` any one."""
    if left.column.kind not in _TEXTS or not pa.types.is_string(plain(left.values).type):
        raise InputError(f"`like` compares texts, and {left.column.native_type} is none")
    if not isinstance(pattern, str):
        raise InputError("`like` takes a pattern in quotes, such as '%@ours.example'")
    return pc.match_like(plain(left.values), pattern, ignore_case=any_case or _folds(left.column))


def _folds(column: Column) -> bool:
    return column.kind == "text" and bool(column.key_sql)


def _canonical(one: Operand) -> pa.Array:
    """Values in the form in which plain equality is the database's own."""
    values = plain(one.values)
    if _folds(one.column):
        return pc.utf8_lower(values)
    return trimmed(values) if one.column.kind == "decimal" and one.column.as_text else values


def _alike(left: Operand, right: Operand) -> tuple[pa.Array, pa.Array]:
    """Two columns in forms that Arrow compares."""
    kinds = {left.column.kind, right.column.kind}
    texts, numbers = kinds <= _TEXTS, kinds <= _NUMBERS
    if not (texts or numbers or len(kinds) == 1 or kinds == {"date", "timestamp"}):
        raise InputError(f"{left.column.native_type} and {right.column.native_type} do not compare")
    if numbers and (left.column.as_text or right.column.as_text):
        return plain(left.values).cast(pa.float64()), plain(right.values).cast(pa.float64())
    one, other = plain(left.values), plain(right.values)
    return (pc.utf8_lower(one), pc.utf8_lower(other)) if _folds(left.column) or _folds(right.column) else (one, other)


def _constant(value: Value, column: Column) -> pa.Scalar:
    """A constant as a value of a column's type."""
    kind = column.kind
    if kind in _NUMBERS:
        number = _number(value, column)
        if kind == "float":
            return pa.scalar(float(number))
        if column.as_text:
            return trimmed(pa.array([format(number, "f")]))[0]
        whole = number == number.to_integral_value() and abs(number) < 2**63
        return pa.scalar(int(number), pa.int64()) if whole and kind == "integer" else pa.scalar(number)
    if kind == "boolean" and isinstance(value, bool):
        return pa.scalar(value)
    if not isinstance(value, str) or kind in ("boolean", "bytes"):
        raise InputError(f"values of type {column.native_type} do not compare with {_spelled(value)}")
    if kind in _TEXTS and pa.types.is_string(column.arrow_type):
        return pa.scalar(value.lower() if _folds(column) else value)
    try:
        return _PARSED[kind](value, column)
    except (KeyError, ValueError, pa.ArrowException):
        raise InputError(f"{value!r} is not a value of type {column.native_type}") from None


def _spelled(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else "a text" if isinstance(value, str) else str(value)


def _number(value: Value, column: Column) -> Decimal:
    if not isinstance(value, Decimal):
        raise InputError(f"values of type {column.native_type} do not compare with {_spelled(value)}")
    return value


def _moment(text: str, column: Column) -> pa.Scalar:
    """A moment; without a zone it is in UTC, where the column knows zones."""
    found = datetime.fromisoformat(text)
    if column.arrow_type.tz is None and found.tzinfo is not None:
        raise ValueError
    if column.arrow_type.tz is not None:
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    return pa.scalar(found, column.arrow_type)


_PARSED: Mapping[str, Callable[[str, Column], pa.Scalar]] = {
    "date": lambda text, column: pa.scalar(date.fromisoformat(text), column.arrow_type),
    "timestamp": _moment,
    "time": lambda text, column: pa.scalar(time.fromisoformat(text), column.arrow_type),
    "uuid": lambda text, _column: pa.scalar(uuid.UUID(text).bytes, pa.binary(16)),
}

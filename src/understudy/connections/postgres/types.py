"""How PostgreSQL's types travel in Arrow: exactly in a typed lane, or as the server's own text; and back to text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from understudy.arrow import storage
from understudy.connections.postgres import numeric
from understudy.errors import Error, Inexact
from understudy.schema import Kind


@dataclass(frozen=True, slots=True)
class NativeType:
    """A type as the catalog knows it, a domain already replaced by the type under it."""

    namespace: str
    name: str
    category: str
    """``pg_type.typtype``: b base, e enum, c composite, r range, m multirange, p pseudo."""
    modifier: int = -1


@dataclass(frozen=True, slots=True)
class Lane:
    """How the values of a type travel; ``key_sql`` has ``{}`` where the column's name goes."""

    kind: Kind
    arrow_type: pa.DataType
    as_text: bool = False
    max_length: int | None = None
    key_sql: str = ""


EXACT: Mapping[str, Lane] = {
    "int2": Lane("integer", pa.int16()),
    "int4": Lane("integer", pa.int32()),
    "int8": Lane("integer", pa.int64()),
    # 0 and -0 are equal, and of one form once 0 is added
    "float4": Lane("float", pa.float32(), key_sql="({} + 0.0)"),
    "float8": Lane("float", pa.float64(), key_sql="({} + 0.0)"),
    "bool": Lane("boolean", pa.bool_()),
    "text": Lane("text", pa.string()),
    "varchar": Lane("text", pa.string()),
    "bpchar": Lane("text", pa.string()),
    "name": Lane("text", pa.string(), max_length=63),
    "char": Lane("text", pa.string(), max_length=1),
    "xml": Lane("text", pa.string()),
    "json": Lane("json", pa.string()),
    "jsonb": Lane("json", pa.string()),
    "uuid": Lane("uuid", pa.uuid()),
    "bytea": Lane("bytes", pa.binary()),
    "date": Lane("date", pa.date32()),
    "timestamp": Lane("timestamp", pa.timestamp("us")),
    "timestamptz": Lane("timestamp", pa.timestamp("us", tz="UTC")),
    "time": Lane("time", pa.time64("us")),
}
"""The types of ``pg_catalog`` that Arrow carries exactly; every other one travels as text, but for enum and numeric."""

_AS_TEXT = Lane("other", pa.string(), as_text=True, key_sql="{}::text")
_NUMERIC_AS_TEXT = Lane("decimal", pa.string(), as_text=True, key_sql="trim_scale({})::text")
# One month and 30 days are equal intervals; justified they are one text.
_INTERVAL = replace(_AS_TEXT, key_sql="justify_interval({})::text")
_CITEXT = Lane("text", pa.string(), key_sql="lower({}::text)")
_ENUM = Lane("enum", pa.string())
_MOST_DIGITS = 38  # of decimal128


def lane(native: NativeType) -> Lane:
    """How values of a type travel."""
    if native.category == "e":
        return _ENUM
    if native.name == "citext" and native.category == "b":
        return _CITEXT
    if native.namespace != "pg_catalog" or native.category != "b":
        return _AS_TEXT
    if native.name == "numeric":
        return _numeric(native.modifier)
    if native.name == "interval":
        return _INTERVAL
    exact = EXACT.get(native.name, _AS_TEXT)
    if native.name in ("varchar", "bpchar") and native.modifier >= 0:
        return replace(exact, max_length=native.modifier - 4)
    return exact


def _numeric(modifier: int) -> Lane:
    # Precision and scale share the modifier, off by 4; the scale has 11 bits and a sign since PostgreSQL 15.
    precision, scale = (modifier - 4) >> 16, (((modifier - 4) & 0x7FF) ^ 1024) - 1024
    if modifier >= 0 and precision <= _MOST_DIGITS and 0 <= scale <= precision:
        return Lane("decimal", pa.decimal128(precision, scale))
    return _NUMERIC_AS_TEXT


def text_lane(kind: Kind) -> Lane:
    """The lane of values read as the server's text because some do not fit their own."""
    return _NUMERIC_AS_TEXT if kind == "decimal" else _AS_TEXT


# ---------------------------------------------------------------------------------------------------------------------
# What the driver gives -> what the lane promises.

INFINITY = {"date": 2**31 - 1, "timestamp": 2**63 - 1}
"""The integers that carry ``infinity``; their negatives carry ``-infinity``."""

# PostgreSQL counts from 2000 and keeps infinity as the extreme integers; the driver (ADBC 1.13) adds the 30 years to
# 1970 to them too, and wraps around.
_DATE_SHIFT, _TIMESTAMP_SHIFT = 10_957, 946_684_800_000_000
_WRAPPED = {
    "date": (-(2**31) - 1 + _DATE_SHIFT, -(2**31) + _DATE_SHIFT),
    "timestamp": (-(2**63) - 1 + _TIMESTAMP_SHIFT, -(2**63) + _TIMESTAMP_SHIFT),
}
_FIRST = {"date": -(2**31) + _DATE_SHIFT + 1, "timestamp": -(2**58)}
"""Everything below is no day of PostgreSQL's calendar (which starts in 4714 BC) but an infinity or a wrapped value."""


def convert(array: pa.Array, arrow_type: pa.DataType, *, table: str, column: str) -> pa.Array:
    """The driver's array in the Arrow type of the column's lane.

    Raises Inexact, naming table and column, where a value has no exact form there.
    """
    plain = storage(array)
    if numeric.is_packed(arrow_type):
        return numeric.unpack(plain, arrow_type, table=table, column=column)
    if pat.is_decimal(arrow_type):
        try:
            return plain.cast(arrow_type)
        except pa.ArrowInvalid:
            raise Inexact(table, column, "NaN, which no decimal of Arrow can be") from None
    if pat.is_date(arrow_type):
        return _with_infinity(plain, "date", table, column)
    if pat.is_timestamp(arrow_type):
        return _with_infinity(plain, "timestamp", table, column)
    if isinstance(arrow_type, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(arrow_type, plain.cast(arrow_type.storage_type))
    if plain.type != arrow_type:
        raise Error(f"{table}.{column} arrives as {plain.type}, and {arrow_type} was expected")
    return plain


def _with_infinity(array: pa.Array, what: str, table: str, column: str) -> pa.Array:
    integers = array.view(pa.int32() if what == "date" else pa.int64())
    lowest = pc.min(integers).as_py()
    if lowest is None or lowest >= _FIRST[what]:
        return array
    positive, negative = (pa.scalar(value, integers.type) for value in _WRAPPED[what])
    is_positive, is_negative = pc.equal(integers, positive), pc.equal(integers, negative)
    strange = pc.and_not(pc.less(integers, pa.scalar(_FIRST[what], integers.type)), pc.or_(is_positive, is_negative))
    if pc.any(strange).as_py():
        raise Inexact(table, column, "a moment after the year 294246, beyond Arrow's range")
    infinity = INFINITY[what]
    integers = pc.if_else(is_positive, pa.scalar(infinity, integers.type), integers)
    integers = pc.if_else(is_negative, pa.scalar(-infinity, integers.type), integers)
    return integers.view(array.type)


# ---------------------------------------------------------------------------------------------------------------------
# Arrow values -> text that the server's input functions read back exactly.

_JULIAN_1970 = 2_440_588
_DAY_MICROSECONDS = 86_400_000_000
_NATIVE: Mapping[pa.DataType, str] = {
    pa.bool_(): "bool",
    pa.int8(): "int2",
    pa.int16(): "int2",
    pa.int32(): "int4",
    pa.int64(): "int8",
    pa.float32(): "float4",
    pa.float64(): "float8",
    pa.string(): "text",
    pa.large_string(): "text",
    pa.binary(): "bytea",
    pa.large_binary(): "bytea",
    pa.date32(): "date",
    pa.time64("us"): "time",
    pa.timestamp("us"): "timestamp",
    pa.timestamp("us", tz="UTC"): "timestamptz",
}


def native_name(arrow_type: pa.DataType) -> str:
    """The PostgreSQL type whose values an Arrow type holds, for values of computed columns."""
    if isinstance(arrow_type, pa.UuidType):
        return "uuid"
    if pat.is_decimal(arrow_type):
        return "numeric"
    if arrow_type not in _NATIVE:
        raise Error(f"values of the Arrow type {arrow_type} cannot be looked up in PostgreSQL")
    return _NATIVE[arrow_type]


def native_text(array: pa.Array) -> pa.Array:
    """Each value as large_string in a form the server reads exactly; NULL stays NULL.

    Days are written as Julian day numbers, which any year has, before Christ and after 9999.
    """
    arrow_type, plain = array.type, storage(array)
    if isinstance(arrow_type, pa.UuidType):
        return _hexadecimal(plain.cast(pa.large_binary()), "")
    if pat.is_binary(arrow_type) or pat.is_large_binary(arrow_type):
        return _hexadecimal(plain.cast(pa.large_binary()), "\\x")
    if pat.is_date(arrow_type):
        return _days(plain.cast(pa.date32()).view(pa.int32()).cast(pa.int64()), INFINITY["date"], None)
    if pat.is_timestamp(arrow_type):
        micros = plain.cast(pa.timestamp("us", tz=arrow_type.tz)).view(pa.int64())
        days = _floor_days(micros)
        return _days(days, INFINITY["timestamp"], pc.subtract(micros, pc.multiply(days, _DAY_MICROSECONDS)), micros)
    if pat.is_time(arrow_type):
        return _clock(plain.cast(pa.time64("us")).view(pa.int64()))
    return plain.cast(pa.large_string())


def array_literal(array: pa.Array) -> str:
    """The values as one PostgreSQL array in text form: ``{1,NULL,"say \\"hi\\""}``, without the outer quotes."""
    text = native_text(array)
    if not pat.is_primitive(array.type):
        escaped = pc.replace_substring(pc.replace_substring(text, "\\", "\\\\"), '"', '\\"')
        text = _joined('"', escaped, '"')
    if not len(text):
        return "{}"
    elements = _joined(pc.fill_null(text, "NULL"), ",")
    _, offsets, data = elements.buffers()
    end = int(np.frombuffer(offsets, np.int64, len(elements) + 1)[-1])
    return "{" + str(memoryview(data)[: end - 1], "utf-8") + "}"


def _hexadecimal(array: pa.Array, prefix: str) -> pa.Array:
    """Bytes as hexadecimal digits: every byte becomes two, so the offsets double."""
    array = pa.concat_arrays([array])  # gives up a slice's offset
    length = len(array)
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, np.int64, length + 1) if length else np.zeros(1, np.int64)
    inside = memoryview(data)[ends[0] : ends[-1]] if data is not None else memoryview(b"")
    digits = pa.py_buffer(inside.hex().encode())
    moved = pa.py_buffer(((ends - ends[0]) * 2).astype(np.int64))
    text = pa.LargeStringArray.from_buffers(length, moved, digits)
    text = pc.if_else(array.is_valid(), text, pa.scalar(None, pa.large_string()))
    return pc.binary_join_element_wise(pa.scalar(prefix, pa.large_string()), text, pa.scalar("", pa.large_string()))


def _floor_days(micros: pa.Array) -> pa.Array:
    whole = pc.divide(micros, _DAY_MICROSECONDS)  # rounds towards zero
    below = pc.less(micros, pc.multiply(whole, _DAY_MICROSECONDS))
    return pc.subtract(whole, below.cast(pa.int64()))


def _days(days: pa.Array, infinity: int, rest: pa.Array | None, extremes: pa.Array | None = None) -> pa.Array:
    text = _joined("J", _string(pc.add(days, _JULIAN_1970)))
    if rest is not None:
        text = _joined(text, " ", _clock(rest))
    extremes = days if extremes is None else extremes
    text = pc.if_else(pc.equal(extremes, infinity), pa.scalar("infinity", pa.large_string()), text)
    return pc.if_else(pc.equal(extremes, -infinity), pa.scalar("-infinity", pa.large_string()), text)


def _clock(micros: pa.Array) -> pa.Array:
    """Microseconds of a day as ``hours:minutes:seconds.microseconds``; 24:00:00 is a time too."""
    seconds = pc.divide(micros, 1_000_000)
    fraction = pc.subtract(micros, pc.multiply(seconds, 1_000_000))
    minutes, hours = pc.divide(seconds, 60), pc.divide(seconds, 3600)
    parts = (hours, pc.subtract(minutes, pc.multiply(hours, 60)), pc.subtract(seconds, pc.multiply(minutes, 60)))
    shown = [pc.utf8_lpad(_string(part), 2, "0") for part in parts]
    return _joined(shown[0], ":", shown[1], ":", shown[2], ".", pc.utf8_lpad(_string(fraction), 6, "0"))


def _string(array: pa.Array) -> pa.Array:
    return array.cast(pa.large_string())


def _joined(*parts: pa.Array | str) -> pa.Array:
    pieces = [pa.scalar(part, pa.large_string()) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*pieces, pa.scalar("", pa.large_string()))

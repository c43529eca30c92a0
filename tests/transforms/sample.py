"""A small table of people, and how a test masks one of its columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from understudy import transforms
from understudy.arrow import storage
from understudy.errors import InputError
from understudy.interfaces import Dataset
from understudy.schema import Column, Kind, Table, TableName, Unique
from understudy.transforms import Key, parse_rule

KEY = Key(bytes(range(32)))
OTHER_KEY = Key(bytes(range(1, 33)))
PEOPLE = TableName("public", "people")

TYPES: Mapping[Kind, pa.DataType] = {
    "integer": pa.int32(),
    "decimal": pa.decimal128(10, 2),
    "float": pa.float64(),
    "text": pa.string(),
    "enum": pa.string(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
    "time": pa.time64("us"),
    "uuid": pa.uuid(),
    "json": pa.string(),
    "bytes": pa.binary(),
    "other": pa.string(),
}


def column(name: str, kind: Kind = "text", **more: Any) -> Column:
    """A column whose native type is called like its kind."""
    kind_of_values = more.pop("arrow_type", TYPES[kind])
    return Column(name, more.pop("native_type", kind), kind, kind_of_values, **more)


def people(*columns: Column, **more: Any) -> Table:
    """A table with the primary key ``id`` and these columns."""
    key = Unique("people_pkey", ("id",), primary=True)
    more.setdefault("uniques", (key,))
    return Table(PEOPLE, (column("id", "integer", nullable=False), *columns), **more)


def array(values: Iterable[Any], kind: pa.DataType) -> pa.Array:
    """Values as an Arrow array; dates and times may be given as numbers."""
    values = list(values)
    numbers = all(isinstance(value, int | None) for value in values)
    if numbers and pa.types.is_temporal(kind):
        return pa.array(values, pa.int32() if kind.bit_width == 32 else pa.int64()).view(kind)
    if kind == pa.uuid():
        raw = pa.array([None if value is None else value.bytes for value in values], pa.binary(16))
        return pa.ExtensionArray.from_storage(kind, raw)
    return pa.array(values, kind)


def batch(table: Table, **values: Iterable[Any]) -> pa.RecordBatch:
    """Rows of a table; ids count from 1 unless given."""
    count = len(list(next(iter(values.values()))))
    values.setdefault("id", range(1, count + 1))
    there = [one for one in table.columns if one.name in values]
    arrays = [array(values[one.name], one.arrow_type) for one in there]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema([(one.name, one.arrow_type) for one in there]))


def masked(rule: Any, values: Iterable[Any], kind: Kind = "text", **more: Any) -> list[Any]:
    """What a rule makes of the values of one column ``v``."""
    return plain(mask_array(rule, values, kind, **more))


def mask_array(
    rule: Any,
    values: Iterable[Any],
    kind: Kind = "text",
    *,
    key: Key = KEY,
    dataset: Dataset | None = None,
    **more: Any,
) -> pa.Array:
    table = people(column("v", kind, **more))
    transform = transforms.compile(table, {"v": parse_rule(rule)}, key=key, domains={}, dataset=dataset)
    return transform(batch(table, v=values)).column("v")


def restored(rule: Any, values: Iterable[Any], kind: Kind = "text", **more: Any) -> list[Any]:
    """What comes back of what a rule made of some values; an InputError where nothing can."""
    table = people(column("v", kind, **more))
    rules = {"v": parse_rule(rule)}
    back, lost = transforms.restore(table, rules, key=KEY, domains={})
    if lost:
        raise InputError(lost["v"])
    return plain(back(transforms.compile(table, rules, key=KEY, domains={})(batch(table, v=values))).column("v"))


def plain(values: pa.Array) -> list[Any]:
    """Values as Python has them; dates and times as their numbers, since Python knows no infinite ones."""
    kind = values.type
    if kind == pa.uuid():
        return list(values.to_pylist())
    values = storage(values)
    if pa.types.is_temporal(kind):
        values = values.view(pa.int32() if kind.bit_width == 32 else pa.int64())
    return list(values.to_pylist())

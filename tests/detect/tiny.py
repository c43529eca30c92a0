"""Tiny schemas and rows to detect in: ``found({"users": {"email": ["ada@mail.test"]}})`` is what is found there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from understudy import detect
from understudy.detect import Finding, Survey
from understudy.schema import Column, ForeignKey, Kind, Schema, Table, TableName, Unique

ARROW: Mapping[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "decimal": pa.decimal128(18, 6),
    "float": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "boolean": pa.bool_(),
    "json": pa.string(),
    "bytes": pa.binary(),
    "other": pa.string(),
    "enum": pa.string(),
    "uuid": pa.string(),
}

Rows = Mapping[str, Sequence[Any]]


def column(name: str, kind: Kind = "text", **more: Any) -> Column:
    return Column(name, more.pop("native_type", kind), kind, ARROW[kind], **more)


def table(name: str, *columns: Column, key: str = "id", **more: Any) -> Table:
    """A table whose primary key is the column of that name, if there is one."""
    uniques = (Unique(f"{name}_pkey", (key,), primary=True),) if key in [one.name for one in columns] else ()
    return Table(TableName("", name), columns, uniques=more.pop("uniques", uniques), **more)


def points(child: str, at: str, *, parent_column: str = "id") -> ForeignKey:
    """A foreign key written ``orders.user_id`` at a table."""
    owner, _, name = child.partition(".")
    return ForeignKey(child, TableName("", owner), (name,), TableName("", at), (parent_column,))


def schema(*tables: Table, keys: Sequence[ForeignKey] = ()) -> Schema:
    return Schema(tables, tuple(keys), engine="tiny")


def _kind(values: Sequence[Any]) -> Kind:
    arrow = pa.array(values).type
    known: list[Kind] = ["integer", "float", "date", "timestamp", "boolean", "bytes"]
    return next((kind for kind in known if ARROW[kind].id == arrow.id), "text")


def of_rows(data: Mapping[str, Rows]) -> tuple[Schema, Any]:
    """A schema as its rows have it, and the sample of them."""
    made = schema(*(table(name, *(column(c, _kind(v)) for c, v in rows.items())) for name, rows in data.items()))
    return made, lambda one: pa.table(dict(data[one.name.name]))


def survey(data: Mapping[str, Rows], **more: Any) -> Survey:
    made, sample = of_rows(data)
    return detect.survey(made, sample, **more)


def found(data: Mapping[str, Rows], **more: Any) -> dict[str, str]:
    """What is found in tables of rows: entity by place."""
    return entities(survey(data, **more).findings)


def entities(findings: Sequence[Finding]) -> dict[str, str]:
    return {one.place: one.entity for one in findings if one.found}


def by_schema(*tables: Table, keys: Sequence[ForeignKey] = ()) -> dict[str, str]:
    """What is found without looking at a row."""
    return entities(detect.detect(schema(*tables, keys=keys), None))

"""A Dataset over Arrow tables in memory, and short spellings of the nouns, so that a test shows its data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from understudy.interfaces import Scan
from understudy.schema import CheckConstraint, Column, ForeignKey, Kind, Schema, Table, TableName, Unique

_TYPES: dict[str, tuple[Kind, pa.DataType]] = {
    "bigint": ("integer", pa.int64()),
    "integer": ("integer", pa.int32()),
    "smallint": ("integer", pa.int16()),
    "text": ("text", pa.string()),
    "citext": ("text", pa.string()),
    "numeric": ("decimal", pa.string()),
    "numeric(10,2)": ("decimal", pa.decimal128(10, 2)),
    "double precision": ("float", pa.float64()),
    "boolean": ("boolean", pa.bool_()),
    "uuid": ("uuid", pa.uuid()),
    "jsonb": ("json", pa.string()),
    "date": ("date", pa.date32()),
    "text[]": ("other", pa.string()),
}


def name(text: str) -> TableName:
    namespace, _, plain = text.rpartition(".")
    return TableName(namespace or "public", plain)


def column(text: str) -> Column:
    """``email text not null`` as in DDL; varchar(n) and ``enum(a,b)`` as well."""
    nullable = not text.endswith(" not null")
    title, _, native = text.removesuffix(" not null").partition(" ")
    if native.startswith("varchar("):
        return Column(title, native, "text", pa.string(), nullable, max_length=int(native[8:-1]))
    if native.startswith("enum("):
        return Column(title, "mood", "enum", pa.string(), nullable, labels=tuple(native[5:-1].split(",")))
    kind, arrow_type = _TYPES[native]
    as_text = native in ("numeric", "text[]")
    key_sql = {"citext": f"lower({title}::text)", "numeric": f"trim_scale({title})"}.get(native, "")
    return Column(title, native, kind, arrow_type, nullable, as_text=as_text, key_sql=key_sql)


def table(
    title: str,
    *columns: str,
    primary: str = "",
    uniques: tuple[Unique, ...] = (),
    checks: tuple[CheckConstraint, ...] = (),
) -> Table:
    keys = (Unique(f"{title}_pkey", tuple(primary.split()), primary=True),) if primary else ()
    return Table(name(title), tuple(column(text) for text in columns), uniques=keys + uniques, checks=checks)


def key(text: str, **options: object) -> ForeignKey:
    """``orders.user_id -> users.id``; several columns are separated by commas."""
    child, parent = text.split(" -> ")
    child_table, _, child_columns = child.rpartition(".")
    parent_table, _, parent_columns = parent.rpartition(".")
    return ForeignKey(
        name=text,
        table=name(child_table),
        columns=tuple(child_columns.split(",")),
        parent=name(parent_table),
        parent_columns=tuple(parent_columns.split(",")),
        **options,  # type: ignore[arg-type]
    )


@dataclass(frozen=True)
class Memory:
    """Tables as lists of rows, read in batches of two rows so that no check sees a whole table at once."""

    tables: tuple[Table, ...]
    rows: Mapping[str, list[tuple[object, ...]]]
    foreign_keys: tuple[ForeignKey, ...] = ()

    def schema(self) -> Schema:
        return Schema(self.tables, self.foreign_keys)

    def read(self, scan: Scan) -> pa.RecordBatchReader:
        table = self.schema().table(scan.table)
        columns = [table.column(name) for name in scan.columns] or list(table.columns)
        schema = pa.schema([pa.field(column.name, column.arrow_type) for column in columns])
        places = [table.columns.index(column) for column in columns]
        rows = self.rows.get(str(scan.table), [])
        arrays = [
            _array([row[place] for row in rows], column.arrow_type)
            for place, column in zip(places, columns, strict=True)
        ]
        whole = pa.Table.from_arrays(arrays, schema=schema)
        return pa.RecordBatchReader.from_batches(schema, iter(whole.to_batches(max_chunksize=2)))

    def but(self, **rows: list[tuple[object, ...]]) -> Memory:
        """The same with other rows in some tables."""
        return Memory(self.tables, {**self.rows, **rows}, self.foreign_keys)


def _array(values: list[object], kind: pa.DataType) -> pa.Array:
    if kind == pa.uuid():
        raw = [None if value is None else value.bytes for value in values]  # type: ignore[attr-defined]
        return pa.ExtensionArray.from_storage(kind, pa.array(raw, pa.binary(16)))
    return pa.array(values, kind)


def digest(values: pa.Array) -> np.ndarray:
    """A keyed hash of every value, written for clarity."""
    raw = b"".join(hashlib.blake2b(text.encode(), digest_size=8, key=b"key").digest() for text in values.to_pylist())
    return np.frombuffer(raw, np.uint64)

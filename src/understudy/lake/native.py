"""Tables as PostgreSQL would have them, where only the lake describes them: what an engine added, changed or made.

The definitions of a copied database are kept as its own statements.  What became of its tables in the lake since is
told here as further statements, so that every state of a branch can be built in a database.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from understudy.connections import manifest
from understudy.connections.postgres.sql import qualified, quoted
from understudy.schema import Column, Table

if TYPE_CHECKING:
    from pyiceberg.table.metadata import TableMetadata

ENGINE = "postgresql"
_TYPES = {
    "bool": "boolean",
    "int8": "smallint",
    "int16": "smallint",
    "int32": "integer",
    "int64": "bigint",
    "uint8": "smallint",
    "uint16": "integer",
    "uint32": "bigint",
    "uint64": "numeric(20,0)",
    "float16": "real",
    "float": "real",
    "double": "double precision",
    "string": "text",
    "large_string": "text",
    "null": "text",
    "binary": "bytea",
    "large_binary": "bytea",
    "date32[day]": "date",
    "date64[ms]": "date",
    "uuid": "uuid",
}


def native(table: Table) -> Table:
    """The table with PostgreSQL's own types for columns whose type is only an Arrow one."""
    return replace(table, columns=tuple(_native(column) for column in table.columns))


def _native(column: Column) -> Column:
    if column.kind == "json" and not _is_arrow(column):  # nested in Iceberg
        return replace(column, native_type="jsonb") if "<" in column.native_type else column
    return replace(column, native_type=_type(column.arrow_type)) if _is_arrow(column) else column


def _is_arrow(column: Column) -> bool:
    return column.native_type == manifest.type_name(column.arrow_type) and column.native_type not in ("uuid", "bytea")


def _type(arrow_type: pa.DataType) -> str:
    if pa.types.is_decimal(arrow_type):
        return f"numeric({arrow_type.precision},{arrow_type.scale})"
    if pa.types.is_timestamp(arrow_type):
        return f"timestamp {'with' if arrow_type.tz else 'without'} time zone"
    if pa.types.is_time(arrow_type):
        return "time without time zone"
    if pa.types.is_fixed_size_binary(arrow_type):
        return "bytea"
    return _TYPES[manifest.type_name(arrow_type)]


def made(table: Table) -> Iterator[str]:
    """The statements that build a table nobody else defines, less its key; and those that follow its rows."""
    columns = ", ".join(
        f"{quoted(one.name)} {one.native_type}{'' if one.nullable else ' NOT NULL'}" for one in table.stored
    )
    if table.name.namespace not in ("", "public"):
        yield f"CREATE SCHEMA IF NOT EXISTS {quoted(table.name.namespace)}"
    yield f"CREATE TABLE {qualified(table.name)} ({columns})"


def keyed(table: Table) -> Iterator[str]:
    """The primary key of a table nobody else defines."""
    if table.primary_key:
        yield f"ALTER TABLE ONLY {qualified(table.name)} ADD PRIMARY KEY ({', '.join(map(quoted, table.primary_key))})"


def since(metadata: TableMetadata, table: Table) -> Iterator[str]:
    """What has become of a copied table's columns, as statements on the table as its source defined it."""
    from understudy.lake.types import FIELDS, TABLE

    described = manifest.from_json({"tables": [json.loads(metadata.properties[TABLE])]}).tables[0]
    ids: dict[str, int] = json.loads(metadata.properties[FIELDS])
    now = {field.field_id: table.by_name[field.name] for field in metadata.schema().fields}
    alter = f"ALTER TABLE ONLY {qualified(table.name)}"
    for column in described.stored:
        kept = now.pop(ids[column.name], None)
        if kept is None:
            yield f"{alter} DROP COLUMN {quoted(column.name)}"
            continue
        if kept.name != column.name:
            yield f"{alter} RENAME COLUMN {quoted(column.name)} TO {quoted(kept.name)}"
        if kept.native_type != column.native_type:
            yield f"{alter} ALTER COLUMN {quoted(kept.name)} TYPE {kept.native_type}"
        if kept.nullable and not column.nullable:
            yield f"{alter} ALTER COLUMN {quoted(kept.name)} DROP NOT NULL"
    for added in now.values():
        yield f"{alter} ADD COLUMN {quoted(added.name)} {added.native_type}"

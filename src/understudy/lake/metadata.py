"""Iceberg table metadata as pure functions: made new, given another structure, written and read.

What changes the files of a table (``add``, ``change``, ``replace_all``) is in ``snapshots`` and may be had from here
as well.  Every function takes immutable metadata and returns new ones.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Collection, Mapping
from dataclasses import replace

from pyiceberg.exceptions import ResolveError
from pyiceberg.io import FileIO
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.schema import Schema as IcebergSchema
from pyiceberg.schema import promote
from pyiceberg.serializers import FromInputFile, ToOutputFile
from pyiceberg.table.metadata import TableMetadata, TableMetadataV2
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from pyiceberg.types import NestedField

from understudy.errors import Error
from understudy.lake import types
from understudy.lake.places import written
from understudy.lake.snapshots import FileEntry, add, change, file_set, paths, replace_all, row_count
from understudy.schema import Column, ForeignKey, Table

__all__ = [
    "FileEntry",
    "add",
    "change",
    "evolve",
    "file_set",
    "new",
    "paths",
    "read",
    "replace_all",
    "row_count",
    "write",
]

_PROPERTIES = {
    "gc.enabled": "false",
    "write.metadata.delete-after-commit.enabled": "false",
    "write.parquet.compression-codec": "zstd",
}
_NAMES = "schema.name-mapping.default"

_REMEMBERED = 256
_read: dict[str, TableMetadata] = {}
_reading = threading.Lock()


def new(
    table: Table, foreign_keys: Collection[ForeignKey], location: str, properties: Mapping[str, str] | None = None
) -> TableMetadata:
    """Metadata of a table without rows; its files will be under the location."""
    schema = types.iceberg_schema(table)
    described = types.properties_of(table, foreign_keys, schema)
    return TableMetadataV2.model_validate(
        {
            "location": location.rstrip("/"),
            "last-column-id": schema.highest_field_id,
            "schemas": [schema],
            "current-schema-id": schema.schema_id,
            "partition-specs": [UNPARTITIONED_PARTITION_SPEC],
            "last-partition-id": UNPARTITIONED_PARTITION_SPEC.last_assigned_field_id,
            "sort-orders": [UNSORTED_SORT_ORDER],
            "properties": {**_PROPERTIES, **(properties or {}), **described, _NAMES: _name_mapping(schema)},
        }
    )


def _name_mapping(schema: IcebergSchema, before: str = "[]") -> str:
    """Under which names files without field ids hold the columns; a renamed column keeps its older ones."""
    names: dict[int, list[str]] = {entry["field-id"]: entry["names"] for entry in json.loads(before)}
    taken = {field.name: field.field_id for field in schema.fields}
    mapping = [
        {
            "field-id": field.field_id,
            "names": [field.name, *(n for n in names.get(field.field_id, []) if n not in taken)],
        }
        for field in schema.fields
    ]
    return json.dumps(mapping, ensure_ascii=False, separators=(",", ":"))


def evolve(
    metadata: TableMetadata, table: Table, foreign_keys: Collection[ForeignKey], *, rows_stay: bool = True
) -> TableMetadata:
    """The table with another structure: same uuid, same field ids for columns of the same name and a type that fits.

    Where its rows stay, columns that are new, or NOT NULL only now, are optional: older rows have no value there.
    """
    before = {field.name: field for field in metadata.schema().fields}
    now, _ = types.table_of(metadata, table.name)
    same = {c.name: before[c.name] for c in table.stored if c.name in before and _fits(before[c.name], now, c)}
    fresh = [column.name for column in table.stored if column.name not in same]
    ids = {name: field.field_id for name, field in same.items()}
    ids |= {name: number for number, name in enumerate(fresh, metadata.last_column_id + 1)}
    if rows_stay:
        table = _relaxed(table, same)
    schema = _schema(metadata, table, ids, same)
    mapping = _name_mapping(schema, metadata.properties.get(_NAMES, "[]"))
    described = types.properties_of(table, foreign_keys, schema)
    known = any(schema.schema_id == one.schema_id for one in metadata.schemas)
    return metadata.model_copy(
        update={
            "schemas": metadata.schemas if known else [*metadata.schemas, schema],
            "current_schema_id": schema.schema_id,
            "last_column_id": metadata.last_column_id + len(fresh),
            "properties": {**metadata.properties, **described, _NAMES: mapping},
            "last_updated_ms": max(int(time.time() * 1000), metadata.last_updated_ms),
        }
    )


def _fits(field: NestedField, now: Table, column: Column) -> bool:
    """Whether values written for a field are values of the column: same type, or one that Iceberg may widen to it."""
    known = now.by_name[field.name]
    if not field.field_type.is_primitive:
        return column.native_type == str(field.field_type)
    wanted = types.iceberg_type(column.arrow_type)
    if types.as_number(known.arrow_type) != types.as_number(column.arrow_type):
        return False
    if field.field_type == wanted:
        return True
    try:
        promote(field.field_type, wanted)
    except ResolveError:
        return False
    return type(field.field_type) is not type(wanted) or getattr(field.field_type, "scale", 0) == getattr(
        wanted, "scale", 0
    )


def _relaxed(table: Table, same: Mapping[str, NestedField]) -> Table:
    columns = tuple(
        replace(column, nullable=column.nullable or column.name not in same or not same[column.name].required)
        for column in table.columns
    )
    return replace(table, columns=columns)


def _schema(
    metadata: TableMetadata, table: Table, ids: Mapping[str, int], same: Mapping[str, NestedField]
) -> IcebergSchema:
    """The table's Iceberg schema: one that the metadata have already, or a new one."""
    made = types.iceberg_schema(table, ids)
    fields = [
        same[field.name] if field.name in same and not same[field.name].field_type.is_primitive else field
        for field in made.fields
    ]
    for schema in reversed(metadata.schemas):
        if list(schema.fields) == fields and set(schema.identifier_field_ids) == set(made.identifier_field_ids):
            return schema
    number = max(schema.schema_id for schema in metadata.schemas) + 1
    return IcebergSchema(*fields, schema_id=number, identifier_field_ids=made.identifier_field_ids)


def write(metadata: TableMetadata, io: FileIO) -> str:
    """Write metadata under a name of their own in ``<location>/metadata``, and tell where."""
    location = f"{metadata.location.rstrip('/')}/metadata/00000-{uuid.uuid4()}.metadata.json"
    with written(location):
        ToOutputFile.table_metadata(metadata, io.new_output(location), overwrite=True)  # nothing is there to overwrite
    _remember(location, metadata)
    return location


def read(location: str, io: FileIO) -> TableMetadata:
    """The metadata at a location; those read or written lately are remembered, for they never change."""
    with _reading:
        found = _read.pop(location, None)
    if found is None:
        try:
            found = FromInputFile.table_metadata(io.new_input(location))
        except FileNotFoundError:
            raise Error(
                f"the table's metadata {location!r} are gone", hint="was the warehouse cleaned by hand?"
            ) from None
    _remember(location, found)
    return found


def _remember(location: str, metadata: TableMetadata) -> None:
    with _reading:
        _read[location] = metadata
        while len(_read) > _REMEMBERED:
            del _read[next(iter(_read))]

"""A table as Iceberg holds it: field ids and types, values in the forms that Iceberg knows, structure in properties."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace

import pyarrow as pa
from pyiceberg import types as iceberg
from pyiceberg.schema import Schema as IcebergSchema
from pyiceberg.table.metadata import TableMetadata

from understudy import arrow
from understudy.connections import manifest
from understudy.errors import Error
from understudy.schema import Column, ForeignKey, Schema, Table, TableName, Unique

TABLE, FOREIGN_KEYS, FIELDS = "understudy.table", "understudy.foreign-keys", "understudy.fields"
"""The properties of an Iceberg table that hold its structure, its foreign keys and the field ids of its columns."""

_DIGITS = 38
"""Most digits a decimal has in Iceberg."""
_MICROSECONDS = pa.timestamp("us")
_PLAIN: Mapping[pa.DataType, iceberg.PrimitiveType] = {
    pa.bool_(): iceberg.BooleanType(),
    pa.int32(): iceberg.IntegerType(),
    pa.int64(): iceberg.LongType(),
    pa.float32(): iceberg.FloatType(),
    pa.float64(): iceberg.DoubleType(),
    pa.string(): iceberg.StringType(),
    pa.binary(): iceberg.BinaryType(),
    pa.date32(): iceberg.DateType(),
    pa.time64("us"): iceberg.TimeType(),
    _MICROSECONDS: iceberg.TimestampType(),
    pa.timestamp("us", tz="UTC"): iceberg.TimestamptzType(),
    pa.uuid(): iceberg.UUIDType(),
}
_ARROW = {kind: arrow_type for arrow_type, kind in _PLAIN.items()}
_WIDER: Mapping[pa.DataType, pa.DataType] = {
    **dict.fromkeys((pa.int8(), pa.int16(), pa.uint8(), pa.uint16()), pa.int32()),
    pa.uint32(): pa.int64(),
    pa.uint64(): pa.decimal128(20, 0),
    pa.float16(): pa.float32(),
    pa.date64(): pa.date32(),
    **dict.fromkeys((pa.time32("s"), pa.time32("ms")), pa.time64("us")),
    pa.time64("ns"): pa.int64(),
    pa.timestamp("ns"): pa.int64(),
    **dict.fromkeys((pa.large_string(), pa.null()), pa.string()),
    **dict.fromkeys((pa.large_binary(), pa.binary(0)), pa.binary()),
}
_AS_THEY_ARE = (pa.int8(), pa.int16(), pa.uint8(), pa.uint16(), pa.large_string(), pa.large_binary())
"""What Parquet writes just as it would the storage type, so that readers by field id widen it themselves."""


def storage_type(arrow_type: pa.DataType) -> pa.DataType:
    """The Arrow type in which Iceberg carries values of a type; every value fits, and comes back equal.

    The exceptions are timestamps in seconds or milliseconds further than 292,000 years away: they are refused.
    """
    if pa.types.is_decimal(arrow_type):
        digits, scale = max(arrow_type.precision, arrow_type.scale), arrow_type.scale
        return pa.decimal128(digits, scale) if digits <= _DIGITS and scale >= 0 else pa.string()
    if pa.types.is_timestamp(arrow_type):
        if arrow_type.unit == "ns":
            return pa.int64()
        return _MICROSECONDS if arrow_type.tz is None else pa.timestamp("us", tz="UTC")
    return _WIDER.get(arrow_type, arrow_type)


def written_alike(arrow_type: pa.DataType) -> bool:
    """Whether a Parquet file with columns of a type is one that Iceberg readers take as it is."""
    return arrow_type in _AS_THEY_ARE or storage_type(arrow_type) == arrow_type


def iceberg_type(arrow_type: pa.DataType) -> iceberg.PrimitiveType:
    """The Iceberg type of a column whose values travel in an Arrow type."""
    stored = storage_type(arrow_type)
    if pa.types.is_decimal128(stored):
        return iceberg.DecimalType(stored.precision, stored.scale)
    if pa.types.is_fixed_size_binary(stored):
        return iceberg.FixedType(stored.byte_width)
    if stored not in _PLAIN:
        raise Error(f"Arrow type {str(arrow_type)!r} is not one that a lake carries")
    return _PLAIN[stored]


def as_number(arrow_type: pa.DataType) -> str:
    """What the integers stand for that a type is stored as: ``nanoseconds since ...``; empty where it is no such type.

    Two types with one Iceberg type are one column only where they also agree in this.
    """
    if pa.types.is_timestamp(arrow_type) and arrow_type.unit == "ns":
        return "nanoseconds since 1970-01-01 00:00" + (" UTC" if arrow_type.tz else "")
    return "nanoseconds since midnight" if arrow_type == pa.time64("ns") else ""


def iceberg_schema(table: Table, ids: Mapping[str, int] | None = None, schema_id: int = 0) -> IcebergSchema:
    """The Iceberg schema of a table's stored columns, with the field ids given or fresh ones from 1.

    The primary key becomes its identifier fields where all its columns may be that.
    """
    ids = ids or {column.name: number for number, column in enumerate(table.stored, 1)}
    fields = [
        iceberg.NestedField(
            ids[column.name],
            column.name,
            iceberg_type(column.arrow_type),
            required=not column.nullable,
            doc=_doc(column),
        )
        for column in table.stored
    ]
    return IcebergSchema(*fields, schema_id=schema_id, identifier_field_ids=[ids[name] for name in _identifiers(table)])


def _doc(column: Column) -> str | None:
    unit = as_number(column.arrow_type)
    return f"{column.comment} ({unit})" if column.comment and unit else column.comment or unit or None


def _identifiers(table: Table) -> tuple[str, ...]:
    """The primary key, where Iceberg takes all its columns as identifier fields; else ()."""
    columns = [table.by_name[name] for name in table.primary_key if name in table.by_name]
    floats = (iceberg.FloatType(), iceberg.DoubleType())
    if any(column.nullable or column.generated or iceberg_type(column.arrow_type) in floats for column in columns):
        return ()
    return tuple(column.name for column in columns)


def arrow_schema(schema: IcebergSchema) -> pa.Schema:
    """The Arrow schema in which a table's rows are written to files: storage types, with field ids."""
    from pyiceberg.io.pyarrow import schema_to_pyarrow

    wide = schema_to_pyarrow(schema)
    return pa.schema([field.with_type(storage_type(field.type)) for field in wide])


def to_storage(batch: pa.RecordBatch, table: Table) -> pa.RecordBatch:
    """A table's rows in the types that Iceberg carries: its stored columns in its order, all others left out."""
    names = set(batch.schema.names)
    if missing := [column.name for column in table.stored if column.name not in names]:
        raise Error(f"rows of {str(table.name)!r} come without its column {missing[0]!r}")
    arrays = [stored(batch.column(column.name), column.arrow_type) for column in table.stored]
    fields = [pa.field(c.name, a.type, c.nullable) for c, a in zip(table.stored, arrays, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def from_storage(batch: pa.RecordBatch, table: Table) -> pa.RecordBatch:
    """Rows in the types that Iceberg carries, in the table's own types again; columns keep their order."""
    columns = [table.column(name) for name in batch.schema.names]
    arrays = [restored(array, column.arrow_type) for array, column in zip(batch.columns, columns, strict=True)]
    fields = [pa.field(column.name, column.arrow_type) for column in columns]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def stored(values: pa.Array, arrow_type: pa.DataType) -> pa.Array:
    """Values of a type in its storage type."""
    wanted = storage_type(arrow_type)
    if values.type != arrow_type:
        values = arrow.like(arrow.plain(values), arrow_type)
    if wanted == arrow_type:
        return values
    if pa.types.is_decimal(arrow_type) and pa.types.is_string(wanted):
        return arrow.decimal_text(values)
    return values.cast(wanted)


def restored(values: pa.Array, arrow_type: pa.DataType) -> pa.Array:
    """Values of a type, from its storage type or from an older and narrower one; nested values become JSON."""
    if values.type == arrow_type:
        return values
    if pa.types.is_null(arrow_type):
        return pa.nulls(len(values))
    if pa.types.is_nested(values.type):
        return _json(values)
    values = arrow.plain(values)
    if pa.types.is_decimal(arrow_type) and arrow_type.scale < 0:
        values = values.cast(pa.decimal256(76, 0))
    return arrow.like(values, arrow_type)


def _json(values: pa.Array) -> pa.Array:
    import duckdb

    with duckdb.connect() as connection:
        connection.register("rows", pa.table({"value": values}))
        texts = connection.sql("select to_json(value)::varchar as value from rows").to_arrow_table()
    return texts.column(0).combine_chunks().cast(pa.string())


def properties_of(table: Table, foreign_keys: Collection[ForeignKey], schema: IcebergSchema) -> dict[str, str]:
    """A table's structure, its foreign keys and its field ids, as properties of its Iceberg table."""
    shown = manifest.to_json(Schema(tables=(table,), foreign_keys=tuple(foreign_keys)))
    return {
        TABLE: _compact(shown["tables"][0]),
        FOREIGN_KEYS: _compact(shown.get("foreign_keys", [])),
        FIELDS: _compact({field.name: field.field_id for field in schema.fields}),
    }


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def table_of(metadata: TableMetadata, name: TableName) -> tuple[Table, tuple[ForeignKey, ...]]:
    """The table that Iceberg metadata hold, and its foreign keys.

    What an engine changed since (columns added, dropped, renamed, widened; identifier fields) is followed, by field
    id.  A table that an engine made has the types that its Iceberg schema tells.
    """
    schema, properties = metadata.schema(), metadata.properties
    if TABLE not in properties:
        columns = tuple(_derived(field) for field in schema.fields)
        return replace(Table(name, columns), uniques=_primary(name, schema)), ()
    try:
        shown = {"tables": [json.loads(properties[TABLE])], "foreign_keys": json.loads(properties[FOREIGN_KEYS])}
        ids: dict[str, int] = json.loads(properties[FIELDS])
    except (KeyError, ValueError) as error:
        raise Error(f"the properties of {str(name)!r} do not tell its structure: {error}") from error
    kept = manifest.from_json(shown)
    return _followed(kept.tables[0], kept.foreign_keys, ids, schema, name)


def _followed(
    table: Table, keys: Collection[ForeignKey], ids: Mapping[str, int], schema: IcebergSchema, name: TableName
) -> tuple[Table, tuple[ForeignKey, ...]]:
    """A table as it was described, with what has become of its fields since."""
    fields = {field.field_id: field for field in schema.fields}
    by_id = {ids[column.name]: column for column in table.stored if column.name in ids}
    columns = [_reconciled(by_id.get(number), field) for number, field in fields.items()]
    taken = {column.name for column in columns}
    for place, column in enumerate(table.columns):
        if column.generated and column.name not in taken:
            columns.insert(place, column)
    now = {c.name: fields[number].name for number, c in by_id.items() if number in fields}
    now |= {c.name: c.name for c in table.columns if c.generated and c.name not in taken}

    known = {ids[column] for column in _identifiers(table)} & fields.keys()
    uniques = _renamed_uniques(table.uniques, now)
    if known != set(schema.identifier_field_ids):
        uniques = (*_primary(name, schema), *(unique for unique in uniques if not unique.primary))
    followed = replace(
        table,
        name=name,
        columns=tuple(columns),
        uniques=uniques,
        checks=tuple(check for check in table.checks if all(now.get(c) == c for c in check.columns)),
        indexes=tuple(tuple(now[c] for c in index) for index in table.indexes if now.keys() >= set(index)),
    )
    return followed, tuple(
        replace(key, table=name, columns=tuple(now.get(c, c) for c in key.columns))
        for key in keys
        if key.expressions or now.keys() >= set(key.columns)
    )


def _renamed_uniques(uniques: Collection[Unique], now: Mapping[str, str]) -> tuple[Unique, ...]:
    """The uniques whose columns are all still there; those with SQL in them only where no column was renamed."""
    return tuple(
        replace(unique, columns=tuple(now[column] for column in unique.columns))
        for unique in uniques
        if now.keys() >= set(unique.columns)
        and (not (unique.predicate or unique.expressions) or all(old == new for old, new in now.items()))
    )


def _primary(name: TableName, schema: IcebergSchema) -> tuple[Unique, ...]:
    columns = tuple(field.name for field in schema.fields if field.field_id in schema.identifier_field_ids)
    return (Unique(f"{name.name}_pkey", columns, primary=True),) if columns else ()


def _derived(field: iceberg.NestedField) -> Column:
    """A column that only Iceberg describes."""
    optional, comment = not field.required, field.doc or ""
    kind = field.field_type
    if not kind.is_primitive:
        return Column(field.name, str(kind), "json", pa.string(), optional, comment=comment, as_text=True)
    arrow_type = plain_type(kind)
    name = manifest.type_name(arrow_type)
    return Column(field.name, name, arrow.kind_of(arrow_type), arrow_type, optional, comment=comment)


def plain_type(kind: iceberg.IcebergType) -> pa.DataType:
    """The Arrow type of an Iceberg type that no column describes further."""
    if isinstance(kind, iceberg.DecimalType):
        return pa.decimal128(kind.precision, kind.scale)
    if isinstance(kind, iceberg.FixedType):
        return pa.binary(len(kind))
    if isinstance(kind, iceberg.PrimitiveType) and kind in _ARROW:
        return _ARROW[kind]
    raise Error(f"Iceberg type {str(kind)!r} is not one that a lake reads", hint="leave that column out in the engine")


def _reconciled(column: Column | None, field: iceberg.NestedField) -> Column:
    """A column as it was described, less what its field contradicts."""
    found = replace(column, name=field.name, nullable=not field.required) if column else None
    if found is None or (not field.field_type.is_primitive and found.native_type != str(field.field_type)):
        return _derived(field)
    if field.field_type.is_primitive and iceberg_type(found.arrow_type) != field.field_type:
        arrow_type = plain_type(field.field_type)
        native, kind = manifest.type_name(arrow_type), arrow.kind_of(arrow_type)
        found = replace(found, native_type=native, kind=kind, arrow_type=arrow_type, max_length=None, key_sql="")
    return found if (field.doc or "") == (_doc(found) or "") else replace(found, comment=field.doc or "")

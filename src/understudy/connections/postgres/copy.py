"""Arrow batches into COPY: binary where every column has an exact Arrow form, quoted CSV where some travel as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pgpq
import pgpq.encoders
import pgpq.schema
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.types as pat

from understudy.arrow import prefetch, storage
from understudy.connections.postgres.sql import quoted
from understudy.connections.postgres.types import INFINITY, native_text
from understudy.errors import Error
from understudy.schema import Column

_CHUNK_BYTES = 8 << 20
"""Most bytes of Arrow data encoded at once, so that wide rows do not multiply the memory of a batch."""

_DAYS_TO_2000, _MICROSECONDS_TO_2000 = 10_957, 946_684_800_000_000
"""PostgreSQL counts from 2000-01-01, Arrow from 1970-01-01."""


def copy_rows(
    connection: psycopg.Connection,
    into: str,
    columns: Sequence[Column],
    batches: Iterable[pa.RecordBatch],
    *,
    freeze: bool = False,
) -> int:
    """Append batches to a table (its quoted name), column by column name; returns the rows the server took.

    ``columns`` are those of the destination, with the lanes in which the batches carry them.
    ``freeze`` spares the server a later pass over the rows, and is for tables made or emptied in
    this very transaction (COPY's own rule).
    """
    encode, form = (_binary, "binary") if all(map(is_binary, columns)) else (_csv, "csv, NULL ''")
    names = ", ".join(quoted(column.name) for column in columns)
    statement = f"COPY {into} ({names}) FROM STDIN (FORMAT {form}{', FREEZE' if freeze else ''})"
    with connection.cursor() as cursor:
        with cursor.copy(statement.encode()) as copy:
            for chunk in prefetch(encode(columns, _pieces(columns, batches))):
                copy.write(chunk)
        return cursor.rowcount


def is_binary(column: Column) -> bool:
    """Whether a column's values can be sent in PostgreSQL's own binary form."""
    if column.kind == "json" and column.native_type not in ("json", "jsonb"):
        return False  # a domain: whether it is over json or jsonb, whose binary forms differ, is not told
    return not column.as_text and column.native_type != '"char"'  # which takes the empty string as text alone


def _pieces(columns: Sequence[Column], batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.Array]]:
    """The wanted columns of each batch, in order, cut so that no piece is much larger than a chunk."""
    for batch in batches:
        chosen = batch.select([column.name for column in columns])
        rows = max(1, batch.num_rows * _CHUNK_BYTES // max(chosen.nbytes, 1))
        for start in range(0, batch.num_rows, rows):
            yield chosen.slice(start, rows).columns


def _binary(columns: Sequence[Column], pieces: Iterable[list[pa.Array]]) -> Iterator[bytes]:
    fields = pa.schema([pa.field(column.name, _wire_type(column.arrow_type)) for column in columns])
    builders = {column.name: _builder(column, field) for column, field in zip(columns, fields, strict=True)}
    encoder = pgpq.ArrowToPostgresBinaryEncoder.new_with_encoders(fields, builders)
    yield encoder.write_header()
    for piece in pieces:
        arrays = [_wire(array, column) for array, column in zip(piece, columns, strict=True)]
        yield encoder.write_batch(pa.RecordBatch.from_arrays(arrays, schema=fields))
    yield encoder.finish()


def _builder(column: Column, field: pa.Field) -> Any:
    if column.native_type == "jsonb":  # text behind a version byte
        return pgpq.encoders.StringEncoderBuilder.new_with_output(field, pgpq.schema.Jsonb())
    return pgpq.ArrowToPostgresBinaryEncoder.infer_encoder(field)


def _wire_type(arrow_type: pa.DataType) -> pa.DataType:
    """The Arrow type whose encoder writes the bytes PostgreSQL expects."""
    if isinstance(arrow_type, pa.BaseExtensionType):
        return arrow_type.storage_type
    if pat.is_date(arrow_type):
        return pa.int32()
    return pa.int64() if pat.is_timestamp(arrow_type) or pat.is_time(arrow_type) else arrow_type


def _wire(array: pa.Array, column: Column) -> pa.Array:
    if array.type != column.arrow_type:
        raise Error(f"column {column.name!r} arrives as {array.type}, and {column.arrow_type} was expected")
    if pat.is_date(array.type):
        return _since_2000(array.view(pa.int32()), _DAYS_TO_2000, INFINITY["date"])
    if pat.is_timestamp(array.type):
        return _since_2000(array.view(pa.int64()), _MICROSECONDS_TO_2000, INFINITY["timestamp"])
    return array.view(pa.int64()) if pat.is_time(array.type) else storage(array)


def _since_2000(integers: pa.Array, shift: int, infinity: int) -> pa.Array:
    """The count from 2000; the infinities are the extremes of PostgreSQL's integers, which are not symmetric."""
    moved = pc.subtract(integers, pa.scalar(shift, integers.type))  # wraps around for -infinity, replaced below
    extremes = pc.min_max(integers)
    if extremes["max"].as_py() == infinity:
        moved = pc.if_else(pc.equal(integers, infinity), pa.scalar(infinity, moved.type), moved)
    if extremes["min"].as_py() == -infinity:
        moved = pc.if_else(pc.equal(integers, -infinity), pa.scalar(-infinity - 1, moved.type), moved)
    return moved


def _csv(columns: Sequence[Column], pieces: Iterable[list[pa.Array]]) -> Iterator[bytes]:
    """Every value quoted and NULL as nothing at all, so that no value can be taken for NULL or for the end."""
    names = [column.name for column in columns]
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="all_valid")
    for piece in pieces:
        sink = pa.BufferOutputStream()
        pyarrow.csv.write_csv(pa.RecordBatch.from_arrays([native_text(a) for a in piece], names), sink, options)
        yield sink.getvalue().to_pybytes()

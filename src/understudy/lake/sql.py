"""SQL over any state of the lake: DuckDB in this process, over the tables of one reference or of several.

Nothing but the named tables can be reached from it: no files, no network, no variables of the program.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import duckdb
import pyarrow as pa

from understudy import arrow
from understudy.connections.postgres.sql import quoted
from understudy.errors import Error, InputError
from understudy.interfaces import BATCH_ROWS
from understudy.lake import files, metadata
from understudy.lake.lake import Lake
from understudy.lake.nouns import MAIN, Entry
from understudy.schema import TableName

PROD = "prod"
"""What ``main`` is called in SQL, where that is a name of DuckDB's own."""

FILES = "files"
"""The namespace of tables that have none."""

_SAFE = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException, duckdb.PermissionException)
"""What DuckDB says of SQL before it has seen a row; anything later may quote values."""


class Rows:
    """A stream that can be had any number of times, as DuckDB wants it of a table that a statement names twice."""

    def __init__(self, schema: pa.Schema, make: Callable[[], pa.RecordBatchReader]) -> None:
        self.schema = schema
        self._make = make

    def __arrow_c_schema__(self) -> Any:
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._make().__arrow_c_stream__(requested_schema)


def rows(found: Callable[[], pa.RecordBatchReader]) -> Rows:
    """Rows in types that DuckDB has: decimals that are too long for it are texts there."""
    told = found().schema
    fields = [field.with_type(_known(field.type)) for field in told]
    schema = pa.schema(fields)

    def made() -> pa.RecordBatchReader:
        reader = found()
        return reader if schema == told else arrow.reader(schema, (_as(batch, schema) for batch in reader))

    return Rows(schema, made)


def _known(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_decimal256(kind):
        return pa.string()
    return pa.float32() if pa.types.is_float16(kind) else kind


def _as(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    arrays = [
        arrow.decimal_text(array) if pa.types.is_decimal256(array.type) else array.cast(field.type)
        for array, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


@contextmanager
def database(*, memory: str = "") -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB that reaches nothing outside; what does not fit into memory waits in a folder only we can read."""
    with tempfile.TemporaryDirectory(prefix="understudy-") as folder:
        config: dict[str, Any] = {
            "temp_directory": folder,
            "python_enable_replacements": False,
            "arrow_lossless_conversion": True,
            **({"memory_limit": memory} if memory else {}),
        }
        with duckdb.connect(config=config) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET enable_external_access = false")
            yield connection


def streamed(connection: duckdb.DuckDBPyConnection, sql: str) -> pa.RecordBatchReader:
    """The rows of one statement, with errors that quote no value of a row; the connection must stay open meanwhile."""
    with quiet():
        found = connection.sql(sql).to_arrow_reader(BATCH_ROWS)
    schema = pa.schema([pa.field(field.name, _plain(field.type)) for field in found.schema])

    def batches() -> Iterator[pa.RecordBatch]:
        with quiet():
            for batch in found:
                arrays = [_as_plain(array, field.type) for array, field in zip(batch.columns, schema, strict=True)]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    return arrow.reader(schema, batches())


def _plain(kind: pa.DataType) -> pa.DataType:
    if kind == pa.bool8():
        return pa.bool_()
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return pa.timestamp(kind.unit, tz="UTC")
    if _is_huge(kind):
        return pa.decimal128(38, 0)
    return pa.string() if kind == pa.json_() else kind


def _is_huge(kind: pa.DataType) -> bool:
    """Whether it is DuckDB's integer of 128 bits, which sums of integers are."""
    return isinstance(kind, pa.OpaqueType) and kind.type_name == "hugeint"


def _as_plain(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if array.type == kind:
        return array
    plain = arrow.storage(array)
    if _is_huge(array.type):  # the same 16 bytes as a decimal's
        return pa.Array.from_buffers(kind, len(plain), plain.buffers(), plain.null_count, plain.offset)
    return plain.cast(kind)


@contextmanager
def quiet() -> Iterator[None]:
    """Turn DuckDB's errors into ours, which quote no value of a row."""
    try:
        yield
    except _SAFE as error:
        raise InputError(f"DuckDB refuses this: {error}", hint="tables and conditions are DuckDB SQL") from None
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        cause = error.__cause__ or error.__context__
        if isinstance(cause, Error):
            raise cause from None
        kind = str(error).partition("Error")[0].strip().rpartition(" ")[2] or type(error).__name__
        raise Error(f"the SQL failed: {kind} error (its text may quote rows, so it is not shown)") from None


def query(lake: Lake, sql: str, refs: Mapping[str, str] | str = "", *, memory: str = "") -> pa.RecordBatchReader:
    """The rows of one SELECT over states of the lake, as a stream.

    ``refs`` gives each state its name in SQL: that under "" is there without one (``users``, ``public.users``),
    others with it (``dev.users``, ``prod.billing.invoices``); ``main`` is called ``prod``.  Tables that the
    statement does not mention are not opened.
    """
    named = {"": refs} if isinstance(refs, str) else dict(refs)
    opened = database(memory=memory)
    connection = opened.__enter__()
    try:
        _refuse_changes(connection, sql)
        scanned: list[_Scanned] = []
        for alias, ref in named.items():
            _attach(connection, lake, sql, alias, ref, scanned)
        _narrow(connection, sql, scanned)
        connection.execute("SET lock_configuration = true")
        found = streamed(connection, sql)
    except BaseException:
        opened.__exit__(None, None, None)
        raise

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            yield from found
        finally:
            opened.__exit__(None, None, None)

    return arrow.reader(found.schema, batches())


def _refuse_changes(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    with quiet():
        statements = connection.extract_statements(sql)
    kinds = {str(statement.type).rpartition(".")[2] for statement in statements}
    if len(statements) != 1 or not kinds <= {"SELECT", "EXPLAIN", "CALL"} or kinds == {"CALL"}:
        raise InputError("SQL over the lake is one SELECT", hint="`understudy lake` verbs and jobs change tables")


def _narrow(connection: duckdb.DuckDBPyConnection, sql: str, scanned: list[_Scanned]) -> None:
    """Let every table read only those columns that the statement's plan has."""
    with quiet():
        connection.sql(sql)  # says what is wrong with it
    with suppress(duckdb.Error):  # what cannot be explained reads everything
        [(_, plan)] = connection.execute(f"EXPLAIN (FORMAT json) {sql}").fetchall()
        for one in scanned:
            one.narrow(plan)


def _attach(
    connection: duckdb.DuckDBPyConnection, lake: Lake, sql: str, alias: str, ref: str, scanned: list[_Scanned]
) -> None:
    """Views over the tables of a state, under their namespaces and, where that is no question, without."""
    name = PROD if alias == MAIN else alias
    if name:
        connection.execute(f"ATTACH ':memory:' AS {quoted(name)}")
    prefix = f"{quoted(name)}." if name else ""
    place = lake.resolve(ref)
    text = sql.lower().replace('""', '"')
    mentioned = {table: entry for table, entry in lake.tables("@" + place.hash).items() if table.name.lower() in text}
    for table, entry in sorted(mentioned.items(), key=lambda one: _order(one[0])):
        stream = f"t{len(scanned)}"
        scanned.append(found := _Scanned(lake, entry, stream))
        connection.register(f"={stream}", found)
        columns = zip(found.names, found.columns, strict=True)
        select = f"SELECT {', '.join(f'{quoted(name)} AS {quoted(column)}' for name, column in columns)}"
        for namespace in dict.fromkeys((table.namespace or FILES, MAIN)):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {prefix}{quoted(namespace)}")
            view = f"{prefix}{quoted(namespace)}.{quoted(table.name)}"
            connection.execute(f"CREATE VIEW IF NOT EXISTS {view} AS {select} FROM {quoted('=' + stream)}")


def _order(table: TableName) -> tuple[bool, TableName]:
    """Tables that need no namespace first: ``users`` is ``public.users`` where several are called so."""
    return table.namespace not in ("", "public"), table


class _Scanned(Rows):
    """A table whose columns have names that nothing else has, so that DuckDB's plan tells which of them it reads.

    Others are null in the stream, and not read at all.
    """

    def __init__(self, lake: Lake, entry: Entry, prefix: str) -> None:
        held = metadata.read(entry.location, lake.io)
        self.columns = [field.name for field in held.schema().fields]
        self.names = [f"{prefix}.{number}" for number in range(len(self.columns))]
        plain = rows(lambda: files.read(held, lake.io, files=[])).schema
        fields = [field.with_name(name) for field, name in zip(plain, self.names, strict=True)]
        super().__init__(pa.schema(fields), self._read)
        self._held, self._io, self._wanted = held, lake.io, self.names

    def narrow(self, plan: str) -> None:
        """Read no more than a plan names."""
        named = set(re.findall(r"t\d+\.\d+", plan))
        self._wanted = [name for name in self.names if name in named] or self.names[:1]

    def _read(self) -> pa.RecordBatchReader:
        asked = {name: column for name, column in zip(self.names, self.columns, strict=True) if name in self._wanted}
        found = pa.RecordBatchReader.from_stream(
            rows(lambda: files.read(self._held, self._io, columns=list(asked.values())))
        )

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in found:
                read = dict(zip(asked, batch.columns, strict=True))
                arrays = [read.get(f.name, pa.nulls(batch.num_rows, f.type)) for f in self.schema]
                yield pa.RecordBatch.from_arrays(arrays, schema=self.schema)

        return arrow.reader(self.schema, batches())

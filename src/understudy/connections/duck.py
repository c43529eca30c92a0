"""Scans over files: a Scan becomes DuckDB SQL over Parquet, CSV or JSONL and streams back as Arrow batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from understudy.arrow import reader, storage
from understudy.connections.postgres.sql import literal, quoted
from understudy.errors import Error, InputError
from understudy.interfaces import BATCH_ROWS, Scan

FUNCTIONS = {".parquet": "read_parquet", ".csv": "read_csv", ".jsonl": "read_ndjson", ".ndjson": "read_ndjson"}
"""The files that hold rows, and the DuckDB function that reads each."""

_OPTIONS = {"read_csv": ", header=true, all_varchar=true, allow_quoted_nulls=false"}
"""CSV stays text: a sniffed type would turn the postcode 01234 into a number, and "" into NULL."""

_POSITION = "=position"
_STREAM = "=stream"
_SAFE = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)
"""What DuckDB says of SQL before it has seen a row; anything later may quote values."""


@dataclass(frozen=True)
class Source:
    """The files of one table and the columns in them."""

    files: tuple[Path, ...]
    arrow_schema: pa.Schema
    options: str = ""
    """What DuckDB's reader is told of such files, beyond their names."""
    stream: Callable[[], pa.RecordBatchReader] | None = None
    """The rows themselves, where DuckDB cannot read them from files."""

    def sql(self, scan: Scan) -> str:
        """The SELECT that a scan becomes; the table ``keys`` holds its keys."""
        names = {**self._names(), **{name: f"={name}" for name, _ in scan.computed}}
        computed = [f"(\n{sql}\n) AS {quoted(names[name])}" for name, sql in scan.computed]
        order = [f"\n{scan.order_by}\n", quoted(_POSITION)] if scan.order_by else [quoted(_POSITION)]
        position = [f"row_number() OVER () AS {quoted(_POSITION)}"] if scan.order_by or scan.top else []
        aliases = ", ".join(map(quoted, self._names().values()))
        inner = f"SELECT {', '.join(['*', *computed, *position])} FROM {self._rows()} AS t({aliases})"
        wanted = [*(self._names()[name] for name in scan.columns), *(names[name] for name, _ in scan.computed)]
        lines = [f"SELECT {', '.join(map(quoted, wanted))} FROM ({inner}) AS t"]
        if conditions := list(self._conditions(scan, names)):
            lines.append("WHERE " + " AND ".join(conditions))
        if scan.top:
            first, columns = scan.top
            per = ", ".join(quoted(names[name]) for name in columns)
            lines.append(f"QUALIFY row_number() OVER (PARTITION BY {per} ORDER BY {', '.join(order)}) <= {first:d}")
        if position:
            lines.append(f"ORDER BY {', '.join(order)}")
        if scan.limit is not None:
            lines.append(f"LIMIT {scan.limit:d}")
        return "\n".join(lines)

    def read(self, scan: Scan) -> pa.RecordBatchReader:
        """Run a scan; every batch has the files' own column names and types."""
        connection = self._connect(scan)
        found = _stream(connection, self.sql(scan))
        known = [self.arrow_schema.field(name) for name in scan.columns]
        extra = [
            pa.field(name, _plain(field.type))
            for (name, _), field in zip(scan.computed, list(found.schema)[len(known) :], strict=True)
        ]
        wanted = pa.schema([*known, *extra])

        def batches() -> Iterator[pa.RecordBatch]:
            with connection:  # open as long as its reader streams
                for batch in _rows_only(found):
                    yield _cast(batch, wanted)

        return reader(wanted, batches())

    def validate(self, scan: Scan) -> None:
        """Raise an InputError with DuckDB's own message if the scan would not run."""
        with self._connect(scan) as connection:
            _checked(connection, self.sql(scan))

    def _connect(self, scan: Scan) -> duckdb.DuckDBPyConnection:
        connection = _connect(scan.keys)
        if self.stream is not None:
            connection.register(_STREAM, self.stream())
        return connection

    def _rows(self) -> str:
        if self.stream is not None:
            return quoted(_STREAM)
        names = ", ".join(literal(str(file)) for file in self.files)
        return f"{FUNCTIONS[self.files[0].suffix]}([{names}]{self.options})"

    def _names(self) -> dict[str, str]:
        """What each column is called inside DuckDB, which knows no case: the second of "a" and "A" is "A_1"."""
        given: dict[str, str] = {}
        taken: set[str] = set()
        for name in self.arrow_schema.names:
            alias, number = name, 0
            while alias.lower() in taken:
                number += 1
                alias = f"{name}_{number}"
            taken.add(alias.lower())
            given[name] = alias
        return given

    def _conditions(self, scan: Scan, names: dict[str, str]) -> Iterator[str]:
        if scan.where:
            yield f"(\n{scan.where}\n)"
        if scan.keys is not None:
            columns = ", ".join(quoted(names[name]) for name in scan.keys.column_names)
            yield f"({columns}) IN (SELECT {', '.join(map(quoted, _key_names(scan.keys)))} FROM keys)"


def infer(file: Path) -> Source:
    """A Source for one file that no manifest describes, by what DuckDB finds in it."""
    source = Source((file,), pa.schema([]), _OPTIONS.get(FUNCTIONS[file.suffix], ""))
    with _connect(None) as connection:
        found = _checked(connection, f"SELECT * FROM {source._rows()}")
        kinds = dict(zip(found.columns, found.types, strict=True))
    nested = [name for name, kind in kinds.items() if kind.id in ("struct", "list", "map", "array", "union")]
    if nested and FUNCTIONS[file.suffix] == "read_parquet":
        raise InputError(f"column {nested[0]!r} of {file.name!r} is nested", hint="store it as JSON text")
    if nested:  # read as JSON text: a guessed struct would lose the order and absence of fields
        types = ", ".join(f"{literal(name)}: '{'JSON' if name in nested else kind}'" for name, kind in kinds.items())
        source = replace(source, options=f", columns={{{types}}}")
    with _connect(None) as connection:
        shown = _stream(connection, f"SELECT * FROM {source._rows()}").schema
    return replace(source, arrow_schema=pa.schema([pa.field(field.name, _plain(field.type)) for field in shown]))


def _connect(keys: pa.Table | None) -> duckdb.DuckDBPyConnection:
    # No temporary folder: the files may hold raw values, and a spill would write them to disk.
    connection = duckdb.connect(config={"temp_directory": "", "arrow_lossless_conversion": True})
    connection.execute("SET TimeZone = 'UTC'")
    if keys is not None:
        connection.register("keys", keys.rename_columns(_key_names(keys)))
    return connection


def _key_names(keys: pa.Table) -> list[str]:
    return [f"k{number}" for number in range(keys.num_columns)]


def _checked(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.DuckDBPyRelation:
    try:
        return connection.sql(sql)
    except _SAFE as error:
        raise InputError(f"DuckDB refuses this condition: {error}", hint="conditions on files are DuckDB SQL") from None
    except duckdb.Error as error:
        raise Error(_unquoted(error)) from None


def _stream(connection: duckdb.DuckDBPyConnection, sql: str) -> pa.RecordBatchReader:
    found = _checked(connection, sql)
    try:
        return found.to_arrow_reader(BATCH_ROWS)
    except duckdb.Error as error:
        raise Error(_unquoted(error)) from None


def _rows_only(found: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches, with errors that cannot quote a value of a row."""
    try:
        yield from found
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise Error(_unquoted(error)) from None


def _unquoted(error: Exception) -> str:
    kind = str(error).partition("Error")[0].strip().rpartition(" ")[2] or type(error).__name__
    return f"reading files failed inside DuckDB: {kind} error (its text may quote rows, so it is not shown)"


def _plain(arrow_type: pa.DataType) -> pa.DataType:
    if arrow_type == pa.bool8():
        return pa.bool_()
    return pa.string() if arrow_type == pa.json_() else arrow_type


def _cast(batch: pa.RecordBatch, wanted: pa.Schema) -> pa.RecordBatch:
    arrays = [
        array if array.type == field.type else storage(array).cast(field.type)
        for array, field in zip(batch.columns, wanted, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=wanted)

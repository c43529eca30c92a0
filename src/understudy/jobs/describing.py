"""Rows from a description: a schema from a script or a database, a model that writes, the database that judges."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa

from understudy.connections import connect
from understudy.connections.folder import Folder
from understudy.connections.postgres.read import Postgres
from understudy.connections.postgres.server import THROW_AWAY, Server
from understudy.errors import Error, InputError
from understudy.interfaces import Progress, Scan, Snapshot
from understudy.jobs.rows import among, of_file
from understudy.jobs.straight import Told
from understudy.jobs.version import code_version
from understudy.schema import Schema, Table, TableName
from understudy.synth.described import Accept, Budget, Counts, Described, Endpoint

_OWNER = "describing"


@dataclass(frozen=True)
class DescribedRows:
    """What was made, what was refused on the way, and what nobody verified."""

    folder: Path
    model: str
    counts: Mapping[TableName, Counts]
    unchecked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def json(self) -> dict[str, Any]:
        """Names and counts, never a value."""
        tables = {str(name): counts.json() for name, counts in self.counts.items()}
        told = {"folder": str(self.folder), "model": self.model, "tables": tables, "code": code_version()}
        return told | {"unchecked": list(self.unchecked), "notes": list(self.notes)}

    def __str__(self) -> str:
        return "\n".join([*map(self._line, self.counts), *self.notes, *self._unverified(), f"-> {self.folder}"])

    def _line(self, name: TableName) -> str:
        counts = self.counts[name]
        refused = ", ".join(f"{kind} {count:,}" for kind, count in sorted(counts.refused.items())) or "none"
        tokens = f"{'about ' if counts.guessed else ''}{counts.tokens:,} tokens"
        return f"{name}: {counts.kept:,} rows of {counts.asked:,} asked for; refused: {refused}; {tokens}"

    def _unverified(self) -> list[str]:
        return [f"not verified: {rule}" for rule in self.unchecked]


def describe_rows(
    source: str,
    description: str,
    rows: int | Mapping[str, int],
    output: str | Path,
    endpoint: Endpoint,
    *,
    budget: Budget | None = None,
    batch_rows: int = 20,
    seed: int = 0,
    cache: Path | None = None,
    examples: Mapping[str, str] | None = None,
    force: bool = False,
    progress: Progress,
) -> DescribedRows:
    """Make rows of the tables of a schema, and write them as a folder, which a job can read and a database can load.

    ``source`` is a file of CREATE statements, run in a throw-away PostgreSQL, or the URL of a database, of which no
    row is read.  ``rows`` is how many of every table, or of each named one.  ``examples`` names files of masked rows
    by table; they are sent to the model.  All or nothing: on any error nothing is written.
    """
    with _opened(source) as snapshot:
        whole = snapshot.schema()
        wanted = _wanted(whole, rows)
        schema = among(whole, [table for table in whole.tables if table.name in wanted])
        maker = Described(
            whole,
            description,
            endpoint,
            batch_rows=batch_rows,
            budget=budget,
            seed=seed,
            cache=cache,
            accept=_accepting(snapshot, schema.tables),
            examples={whole.find(name).name: _examples(path) for name, path in (examples or {}).items()},
            progress=progress,
        )
        extras, notes = _definitions(snapshot, complete=len(schema.tables) == len(whole.tables))
        with Folder.create(output, schema, mode="replace" if force else "create") as folder:
            _write(folder, maker, wanted)
            folder.publish({"model": endpoint.model, "seed": seed, "code": code_version(), **extras})
        return DescribedRows(Path(output), endpoint.model, maker.counts, tuple(maker.unchecked), notes)


def _write(folder: Folder, maker: Described, wanted: Mapping[TableName, int]) -> None:
    """Write batches as they are made; those of one table follow one another."""
    for table, made in groupby(maker.rows(wanted), key=itemgetter(0)):
        columns = pa.schema([(column.name, column.arrow_type) for column in table.stored])
        with folder.writer(table, columns) as writer:
            for _, batch in made:
                writer.write(batch)


def _wanted(schema: Schema, rows: int | Mapping[str, int]) -> dict[TableName, int]:
    if isinstance(rows, int):
        return {table.name: rows for table in schema.tables}
    return {schema.find(name).name: count for name, count in rows.items()}


def _examples(path: str) -> pa.Table:
    return of_file(path, Told()).read().read_all()


def _definitions(snapshot: Snapshot, *, complete: bool) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The statements that create the tables elsewhere, where all of them are made and can be written down."""
    if not complete:
        return {}, ()
    try:
        return {"ddl": asdict(snapshot.ddl())}, ()
    except InputError as error:
        return {}, (f"the tables' definitions are not with the rows: {error.message}",)


@contextmanager
def _opened(source: str) -> Iterator[Snapshot]:
    """The schema of a script, in a server that lives as long as the block, or a database as it is."""
    if not source.lower().endswith(".sql"):
        with connect(source).snapshot() as snapshot:
            yield snapshot
        return
    try:
        script = Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{source!r} cannot be read", hint="name a file of CREATE statements, in UTF-8") from None
    with (
        tempfile.TemporaryDirectory(prefix="understudy-") as folder,
        Server.start(Path(folder) / "data", options=THROW_AWAY) as server,
    ):
        url = _run(server, script, source)
        with Postgres(url).snapshot() as snapshot:
            yield snapshot


def _run(server: Server, script: str, name: str) -> str:
    """Run a script as somebody who owns one database and may nothing else; returns its URL."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {_OWNER} LOGIN".encode())
        connection.execute(f"CREATE DATABASE {_OWNER} OWNER {_OWNER} TEMPLATE template0".encode())
    url = server.url(_OWNER).replace("postgres@", f"{_OWNER}@", 1)
    plain = "\n".join("" if line.startswith("\\") else line for line in script.split("\n"))  # words to psql
    with psycopg.connect(url) as connection:
        try:
            connection.execute(plain.encode())
        except psycopg.Error as error:
            position = int(error.diag.statement_position or 0)
            where = f", line {plain.count(chr(10), 0, position) + 1}" if position else ""
            told = error.diag.message_primary or "it is no SQL of PostgreSQL"
            hint = "`pg_dump --schema-only --no-owner` writes a script that fits"
            raise InputError(f"{name}{where}: {told}", hint=hint) from None
    return url


def _accepting(snapshot: Snapshot, tables: Sequence[Table]) -> Accept | None:
    """Judges rows by the database's own constraints and types, without writing; None where it cannot."""
    try:
        for table in tables:
            columns = pa.schema([(column.name, column.arrow_type) for column in table.stored])
            snapshot.violations(table.name, pa.RecordBatch.from_pylist([], schema=columns))
    except InputError:
        return None
    by_name = {table.name: table for table in tables}

    def accept(name: TableName, batch: pa.RecordBatch) -> Sequence[str]:
        table = by_name[name]
        foreign = [column.name for column in table.stored if column.kind == "other"]
        if not foreign and not _broken(snapshot, table, batch):
            return [""] * batch.num_rows
        rows = [batch.slice(place, 1) for place in range(batch.num_rows)]
        return [_unreadable(snapshot, table, row, foreign) or _broken(snapshot, table, row) for row in rows]

    return accept


def _broken(snapshot: Snapshot, table: Table, batch: pa.RecordBatch) -> str:
    """A constraint that some of the rows break."""
    try:
        counts = snapshot.violations(table.name, batch)
    except Error:  # a division by zero, a text that no type of the database reads
        return "a rule that the database could not even compute for it"
    name = next((name for name, count in counts.items() if count), "")
    return next((f"the constraint {name}: {check.sql}" for check in table.checks if name and check.name == name), "")


def _unreadable(snapshot: Snapshot, table: Table, row: pa.RecordBatch, columns: Sequence[str]) -> str:
    """A column whose text is none of its type's, for types that travel as text."""
    for name in columns:
        value = row.column(name)[0].as_py()
        if value is None:
            continue
        quoted = "'" + str(value).replace("'", "''") + "'"
        try:
            snapshot.validate(Scan(table.name, where=f"CAST({quoted} AS {table.column(name).native_type}) IS NOT NULL"))
        except Error:
            return f"the type of {name}: it is no {table.column(name).native_type}"
    return ""

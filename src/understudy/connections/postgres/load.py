"""Loading a whole Dataset into a PostgreSQL database: one transaction, so all of it arrives or nothing changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial

import psycopg
import pyarrow as pa

from understudy.connections.postgres import catalog, destination, guest
from understudy.connections.postgres.aside import set_aside
from understudy.connections.postgres.copy import copy_rows
from understudy.connections.postgres.sequences import Sequences
from understudy.connections.postgres.sql import qualified
from understudy.connections.postgres.statements import Statement, split
from understudy.connections.postgres.writing import Writing, listed, writing
from understudy.errors import Error, InputError
from understudy.interfaces import Dataset, Ddl, Mode, Progress, Ready, Scan, at_once
from understudy.schema import Schema, Table, TableName


def load(
    url: str, made: Dataset, *, mode: Mode, ddl: Ddl | None, progress: Progress, ready: Ready = at_once
) -> Mapping[TableName, int]:
    """Write every table of a Dataset into a database; returns the rows per table.

    ``create`` builds the tables first (``ddl.before``) and everything over them afterwards
    (``ddl.after``), so that PostgreSQL itself validates every key.  ``replace`` empties the tables that
    exist and builds those that do not; ``append`` adds to what is there.  Existing tables keep their
    definitions: their owner's load sets foreign keys and triggers aside and puts them back, anybody
    else's inserts in the order the keys ask for.  On any error, or a kill, nothing has happened; ``ready``
    is called before the commit, and what it raises undoes everything.

    Raises an InputError before anything is changed where the tables do not fit or are in the way,
    and an Error that names table and constraint, never a value, where the server refuses a row.
    """
    with writing(url) as work:
        rows = _Load(work, made, mode, ddl, progress).run()
        ready()
        return rows


@dataclass
class _Load:
    work: Writing
    made: Dataset
    mode: Mode
    ddl: Ddl | None
    progress: Progress

    def run(self) -> dict[TableName, int]:
        schema = _held(self.made.schema())
        before = catalog.read(self.work.connection).schema
        present = destination.present(schema, before, mode=self.mode)
        absent = frozenset(table.name for table in schema.tables) - present
        held, owned = destination.relations(self.work, present)
        script = self._script(before, absent)
        if not owned:
            guest.check(self.work, held, empty=self.mode == "replace")
            if absent:
                raise InputError(
                    f"the destination lacks {listed(absent)}, and its other tables are not this user's",
                    hint="load as the owner of the tables",
                )
        self._build("tables", script[0])
        there = catalog.read(self.work.connection).schema if absent else before
        if unbuilt := absent - there.by_name.keys():
            raise InputError(f"the definitions do not build {listed(unbuilt)}", hint="was it made after the dump?")
        sequences = Sequences(self.work)
        emptied = present if owned and self.mode == "replace" else frozenset()
        frozen = (absent | emptied) - destination.partitioned(self.work)
        copy = partial(self._copy, there, sequences, frozen)
        rows = self._rows_into(schema, there, held, copy, owned=owned, build=script[1])
        sequences.advance(schema, rows.keys(), fresh=self.mode != "append")
        return rows

    def _rows_into(
        self, schema: Schema, there: Schema, held: list[int], copy: guest.Fill, *, owned: bool, build: list[Statement]
    ) -> dict[TableName, int]:
        tables = [table for table in schema.tables if table.stored]
        if not owned:
            if self.mode == "replace":
                guest.empty(self.work, tables)
            return guest.fill(self.work, tables, there.foreign_keys, copy)
        with set_aside(self.work, held):
            if held and self.mode == "replace":
                destination.truncate(self.work, held)
            rows = {table.name: copy(table, qualified(table.name)) for table in tables}
            self.work.run("SET CONSTRAINTS ALL IMMEDIATE", doing="checking deferred constraints")
            self._build("keys and indexes", build)
            destination.refresh(self.work, held)
        return rows

    def _script(self, before: Schema, absent: frozenset[TableName]) -> tuple[list[Statement], list[Statement]]:
        """What builds the absent tables; statements about tables that are there already are left out."""
        if not absent:
            return [], []
        if self.ddl is None or self.ddl.engine != "postgresql":
            raise InputError(
                f"the destination has no table {listed(absent)}, and there are no definitions to build it from",
                hint="build the tables there first, or load from a run whose source is PostgreSQL",
            )
        there = {*before.by_name, *(part for table in before.tables for part in table.partitions)}
        scripts = [list(split(part)) for part in (self.ddl.before, self.ddl.after)]
        scripts[0] = destination.without_namespaces(self.work, scripts[0])
        destination.check_extensions(self.work, scripts[0])
        destination.check_roles(self.work, scripts[1])
        if self.mode == "replace":
            scripts = [[each for each in script if each.table not in there] for script in scripts]
        return scripts[0], scripts[1]

    def _build(self, what: str, script: list[Statement]) -> None:
        """Run statements; in ``replace``, types and functions that are there already are used as they are."""
        for place, statement in enumerate(script):
            self.work.doing = statement.title
            try:
                with self.work.connection.transaction() if self.mode == "replace" else nullcontext():
                    self.work.run(statement.text)
            except _ALREADY_THERE:
                if self.mode != "replace":
                    raise
            self.progress("build", what, place + 1, len(script))

    def _copy(self, there: Schema, sequences: Sequences, frozen: frozenset[TableName], table: Table, into: str) -> int:
        """Copy one table's rows; every row that was read must have been taken."""
        columns = destination.columns(table, there.table(table.name))
        found = self.made.read(Scan(table.name, tuple(column.name for column in columns)))
        sent = 0

        def passing() -> Iterator[pa.RecordBatch]:
            nonlocal sent
            for batch in sequences.watched(table.name, found):
                yield batch
                sent += batch.num_rows
                self.progress("load", str(table.name), sent, None)

        self.work.doing = f"table {table.name}"
        taken = copy_rows(self.work.connection, into, columns, passing(), freeze=table.name in frozen)
        if taken != sent:
            raise Error(f"table {table.name}: {sent} rows were sent and {taken} were taken")
        return taken


def _held(schema: Schema) -> Schema:
    """The tables that can hold rows: one that could not be read has none, and its definition was left out."""
    return replace(schema, tables=tuple(table for table in schema.tables if table.readable))


_ALREADY_THERE = (psycopg.errors.DuplicateObject, psycopg.errors.DuplicateTable, psycopg.errors.DuplicateFunction)

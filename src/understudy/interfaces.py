"""The seams of Understudy, a newcomer's first file: what a Dataset, a Connection, a Transformer and a Check are.

Everything is a Dataset.  A job reads one, changes its batches, writes another, and proves the result.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

import pyarrow as pa

from understudy.schema import Schema, Table, TableName

BATCH_ROWS = 65_536
"""Rows per batch, where the source lets us choose; memory is bounded by it, never by a table's size."""


@dataclass(frozen=True)
class Scan:
    """Which rows and columns of one table to read.

    ``columns`` are plain columns (all stored ones where empty and nothing is computed); ``computed``
    adds named SQL expressions after them.  ``where``, ``order_by`` and computed SQL are in the
    source's own dialect, with the table's columns in scope.  ``keys`` keeps exactly the rows whose
    values equal one of its rows: its column names are those of the table or of ``computed``.
    ``top = (k, columns)`` keeps, per distinct value of those columns, the first k rows by ``order_by``.
    """

    table: TableName
    columns: tuple[str, ...] = ()
    computed: tuple[tuple[str, str], ...] = ()
    where: str = ""
    keys: pa.Table | None = None
    order_by: str = ""
    limit: int | None = None
    top: tuple[int, tuple[str, ...]] | None = None


class Dataset(Protocol):
    """Anything with a schema whose tables can be read as Arrow batches."""

    def schema(self) -> Schema:
        """The tables, columns and foreign keys there are."""
        ...

    def read(self, scan: Scan) -> pa.RecordBatchReader:
        """The rows of one scan, as a stream; safe to call from several threads."""
        ...


@dataclass(frozen=True)
class Tally:
    """What was counted of a table's rows while they were written."""

    rows: int
    nulls: Mapping[str, int]
    """Nulls by column."""


@runtime_checkable
class Tallied(Dataset, Protocol):
    """A Dataset that counted its rows while they were written, so that nobody need read them again for that."""

    def tally(self, table: TableName) -> Tally | None:
        """The counts of one table; None where it was not written here."""
        ...


class Snapshot(Dataset, Protocol):
    """A Dataset that does not change while it is open: every read sees the same moment."""

    @property
    def position(self) -> str:
        """Where in the source's history the moment lies (PostgreSQL: the WAL position), for the record."""
        ...

    def validate(self, scan: Scan) -> None:
        """Raise an InputError, with the server's own message and position, if the scan would not run."""
        ...

    def estimate(self, scan: Scan) -> tuple[int, int]:
        """Rows and bytes the server's planner expects of a scan, without running it."""
        ...

    def sql(self, scan: Scan) -> str:
        """The statement a scan becomes, for people to read."""
        ...

    def violations(self, table: TableName, batch: pa.RecordBatch) -> Mapping[str, int]:
        """For every CHECK constraint of the table: how many of these rows it would refuse."""
        ...

    def ddl(self, *, hide: frozenset[tuple[TableName, str]] = frozenset()) -> Ddl:
        """The statements that recreate this source's objects elsewhere, as of the same moment.

        What they show of the values of the columns in ``hide`` (defaults, checks) is taken out.
        """
        ...


@dataclass(frozen=True)
class Ddl:
    """SQL in two parts: what must exist before rows arrive, and what is built over them afterwards."""

    engine: str
    before: str
    after: str
    notes: tuple[str, ...] = ()
    """What was left out, and what still shows values of the source, one sentence each."""


Mode = Literal["create", "replace", "append"]
"""How a destination is loaded: into nothing, in place of what is there, or beside it."""


Ready = Callable[[], None]
"""Called between the last row written and the moment at which a destination shows them."""


def at_once() -> None:
    """Nothing to wait for: what is written is shown."""


class Connection(Dataset, Protocol):
    """A Dataset that can also be written: a database, a folder, a branch."""

    url: str
    """As given; print ``connections.redact(url)``, never this."""

    def snapshot(
        self, *, readers: int = 2, as_text: Collection[tuple[str, str]] = frozenset()
    ) -> AbstractContextManager[Snapshot]:
        """Open one consistent, read-only view shared by several readers.

        ``as_text`` names columns, as (table, column), to carry as the database's own text: those an
        earlier try found to hold values that their Arrow type cannot (``errors.Inexact``).
        """
        ...

    def place(self) -> str:
        """Tells one place from another: equal for two URLs exactly if both lead to the same one."""
        ...

    def load(
        self, made: Dataset, *, mode: Mode, ddl: Ddl | None, progress: Progress, ready: Ready = at_once
    ) -> Mapping[TableName, int]:
        """Write a whole Dataset, all or nothing; returns the rows written per table.

        On any error or kill the destination is as it was before.  ``ready`` is called when all is
        written and nothing of it can be seen yet: it may wait, and what it raises undoes everything.
        """
        ...


Transformer = Callable[[pa.RecordBatch], pa.RecordBatch]
"""Batch in, batch out: same rows, changed values.  Depends on key and value only, never on position."""


class Synthesizer(Protocol):
    """Learns a table, and makes any number of rows that behave like its rows."""

    def fit(self, table: Table, batches: pa.RecordBatchReader, *, progress: Progress) -> None:
        """Learn from rows; nothing of any single row is kept."""
        ...

    def sample(self, rows: int, *, seed: int, given: pa.Table | None = None) -> Iterator[pa.RecordBatch]:
        """So many rows of the table's columns; the same seed gives the same rows.

        With ``given``, one row for each of its rows, in order: values that are there stay, nulls and columns that are
        not there are made to go with them.
        """
        ...


@dataclass(frozen=True)
class Rule:
    """Which transformer a column gets, with its options, as written in the job file."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        inner = ", ".join(f"{key}: {_spelled(value)}" for key, value in self.options.items())
        return f"{self.name} {{{inner}}}" if inner else self.name


def _spelled(value: Any) -> str:
    """An option as the job file has it, rules inside it included."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_spelled(inner)}" for key, inner in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) and not value.isprintable() else str(value)


@dataclass(frozen=True)
class Refusal:
    """One reason why a job may not run, found before a row is read."""

    subject: str
    """The table, column or foreign key, as the job file names it."""
    reason: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.subject}: {self.reason}{hint}"


Verdict = Literal["pass", "fail", "error", "note"]
"""``error``: the check could not run, which blocks like a failure.  ``note``: a number without a limit."""


@dataclass(frozen=True)
class Result:
    """One answer of one check: what was asked, of what, the number found, the limit, the verdict."""

    check: str
    subject: str
    verdict: Verdict
    value: float | None = None
    limit: float | None = None
    detail: str = ""


class Check(Protocol):
    """One question about a made Dataset, asked beside the real one."""

    def __call__(self, real: Dataset, made: Dataset) -> Iterable[Result]:
        """Answer with one Result per subject; an exception counts as a check that could not run."""
        ...


class Progress(Protocol):
    """Told what long work does, so that a face can draw it; see ``render``."""

    def __call__(self, step: str, subject: str, done: int, total: int | None) -> None:
        """So many rows (or items) of so many are done; ``total`` is None where nobody knows."""
        ...

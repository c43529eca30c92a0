"""One table whose rows belong to subjects, as events do to patients: learned as two tables, and made as one.

What all rows of a subject repeat, such as a patient's name and birthday, is the row of a table of subjects.  All else
are the rows that this one owns: there are as many as there should be, and each goes on from those before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from understudy import arrow
from understudy.errors import InputError, unknown
from understudy.interfaces import BATCH_ROWS, Progress
from understudy.jobs.making import FamilyMaker, Wish
from understudy.jobs.people import first
from understudy.jobs.rows import Rows, Source
from understudy.schema import Column, ForeignKey, Schema, Table, TableName, Unique

if TYPE_CHECKING:
    from understudy.synth.filters import Filtered

_KINDS = ("text", "integer", "uuid")
"""What subjects are told apart by."""
_NAMED = re.compile(r"(id|uuid|guid|key|no|nr|number)$")
"""How columns end that may say whose row it is."""
_EACH = (1.5, 50.0)
"""Rows of each value, on average, from which and up to which it may be a subject."""
_FEWEST = 50
"""Subjects there are at least."""
_LOOKED = 100_000
"""Rows that are looked at for advice at most."""


@dataclass(frozen=True)
class Parted:
    """A table as two: its rows, first, and their subjects, each with a key of the column that says whose a row is."""

    source: Source
    subject: str

    @property
    def rows(self) -> Rows:
        """What differs from row to row of a subject."""
        return self.source.tables[0]

    @property
    def subjects(self) -> Rows:
        """What a subject's rows repeat."""
        return self.source.tables[1]


class SubjectMaker:
    """Makes rows of a table that belong to subjects: those of each follow one another."""

    def __init__(self, rows: Rows, parted: Parted, family: FamilyMaker) -> None:
        self.table, self.arrow_schema = rows.table, rows.arrow_schema
        self._parted, self._family = parted, family
        self.model, self.began = family.model, family.began
        self.learned_from = family.learned_from[parted.rows.table.name]
        self.outcome: Filtered | None = None
        """What filters came to, when rows were made."""

    @staticmethod
    def learn(rows: Rows, wish: Wish, progress: Progress) -> SubjectMaker:
        """Learn a table's subjects and what their rows are like; what says who someone is will be made by generators.

        An InputError says what is wrong with the column that is said to tell whose a row is.
        """
        parted = parted_by(rows, wish.subject)
        family = FamilyMaker.learn(parted.source, replace(wish, subject=""), progress, copying=False)
        return SubjectMaker(rows, parted, family)

    def make(
        self,
        wish: Wish,
        given: pa.Table | None,
        progress: Progress,
        *,
        real: Rows | None = None,  # noqa: ARG002 - the family has them
    ) -> Iterator[pa.RecordBatch]:
        """The rows: about as many as are wanted, for subjects are made whole; all of them before their rows."""
        if given is not None or wish.balance:
            raise InputError("rows of subjects cannot be given or balanced", hint="leave out `subject`")
        own, known = self._parted.rows.table.name, [self._parted.subjects.arrow_schema.empty_table()]
        count = 0
        for name, batch in self._family.make(wish):
            if name != own:
                known.append(pa.Table.from_batches([batch]))
                continue
            known = [pa.concat_tables(known).combine_chunks()]
            count += len(batch)
            yield self._whole(batch, known[0])
            progress("make", str(self.table.name), count, None)
        self.outcome = reduce(add, self._family.outcome.values()) if self._family.outcome else None

    def _whole(self, rows: pa.RecordBatch, subjects: pa.Table) -> pa.RecordBatch:
        """Rows with what their subjects say."""
        at = pc.index_in(
            arrow.plain(rows.column(self._parted.subject)),
            value_set=arrow.plain(subjects.column(self._parted.subject).combine_chunks()),
        )
        own = rows.schema.names
        columns = [
            rows.column(name) if name in own else subjects.column(name).combine_chunks().take(at)
            for name in self.arrow_schema.names
        ]
        return pa.RecordBatch.from_arrays(columns, schema=self.arrow_schema)

    def columns(self, given: pa.Table | None = None) -> dict[str, str]:  # noqa: ARG002 - none can be given
        """How each column comes to be: ``learned``, ``identifier``, or a generator's rule."""
        rows, subjects = (self._family.columns(one.table.name) for one in self._parted.source.tables)
        found = {**rows, **subjects}
        return {name: found[name] for name in self.arrow_schema.names}

    @property
    def relations(self) -> tuple[str, ...]:
        """What each subject has the same of in all its rows, in words that show no value."""
        fixed = [name for name in self._parted.subjects.arrow_schema.names if name != self._parted.subject]
        return tuple(f"{self._parted.subject} -> {name} (100.0%)" for name in fixed)


def advice(rows: Rows) -> str:
    """Which column may say whose row it is, by the first rows, and what then to say; empty where none does."""
    single = {unique.columns[0] for unique in rows.table.uniques if len(unique.columns) == 1}
    able = [
        one.name
        for one in rows.table.columns
        if one.kind in _KINDS and _NAMED.search(one.name.lower()) and one.name not in single
    ]
    if not able:
        return ""
    looked = first(rows.read(), _LOOKED)
    for name in able:
        values = arrow.plain(looked.column(name).combine_chunks()).drop_null()
        subjects = pc.count_distinct(values).as_py()
        each = len(values) / max(subjects, 1)
        if subjects >= _FEWEST and _EACH[0] <= each <= _EACH[1]:
            return f"{name} has {each:.1f} rows each: if those belong together, `--subject {name}` makes them together"
    return ""


def parted_by(rows: Rows, subject: str) -> Parted:
    """A table parted into its rows and their subjects, which a column tells."""
    names = rows.arrow_schema.names
    if subject not in names:
        raise unknown("column", subject, names)
    column = rows.table.column(subject)
    if column.kind not in _KINDS:
        raise InputError(
            f"{subject!r} holds {column.kind}, which tells no subjects", hint="name a column of texts or whole numbers"
        )
    constrained = {name for unique in rows.table.uniques for name in unique.columns}
    able = [one.name for one in rows.arrow_schema if not pa.types.is_nested(one.type) and one.name not in constrained]
    return _parted(rows, subject, subjects_of(rows.batches(), subject, [name for name in able if name != subject]))


def subjects_of(batches: Iterator[pa.RecordBatch], subject: str, names: Sequence[str]) -> pa.Table:
    """A row of each subject, sorted by it, with the columns that say the same in all of its rows.

    Null is something to say, too.  An InputError where a row has no subject, or no subject two rows.  What is held in
    memory is a row of each subject.
    """
    left, count = list(names), 0
    known: pa.Table | None = None
    for batch in batches:
        some = pa.table([arrow.plain(batch.column(name)) for name in (subject, *left)], [subject, *left])
        if some.column(subject).null_count:
            raise InputError(f"a row has no {subject!r}", hint="leave such rows out, or give each one of its own")
        count += len(some)
        known = _different(some if known is None else pa.concat_tables([known, some]))
        subjects = _different(known.select([subject])).num_rows
        if known.num_rows > subjects:
            left = [name for name in left if _different(known.select([subject, name])).num_rows == subjects]
            known = _different(known.select([subject, *left]))
    if known is None or known.num_rows == count:
        raise InputError(f"no {subject!r} has two rows, so none belong together", hint="leave `subject` out")
    return known.sort_by(subject)


def _different(rows: pa.Table) -> pa.Table:
    """The different rows of a table, in any order."""
    return rows.group_by(rows.column_names).aggregate([])


def _parted(rows: Rows, subject: str, known: pa.Table) -> Parted:
    name = TableName(rows.table.name.namespace, f"{subject} of {rows.table.name.name}")
    own = [one for one in rows.arrow_schema.names if one == subject or one not in known.column_names]
    key = ForeignKey("subject", rows.table.name, (subject,), name, (subject,), virtual=True)
    unique = Unique("subject", (subject,), primary=True)
    tables = (
        replace(_part(rows.table, own, subject), uniques=rows.table.uniques),
        replace(_part(rows.table, known.column_names, subject), name=name, uniques=(unique,)),
    )
    columns = _only(rows.arrow_schema, known.column_names)
    subjects = pa.table(
        [arrow.like(known.column(one.name).combine_chunks(), one.type) for one in columns], schema=columns
    )

    def of_rows() -> Iterator[pa.RecordBatch]:
        for batch in rows.batches():
            yield batch.select(own)

    source = Source(
        (
            replace(rows, table=tables[0], arrow_schema=_only(rows.arrow_schema, own), batches=of_rows),
            Rows(tables[1], columns, lambda: iter(subjects.to_batches(max_chunksize=BATCH_ROWS))),
        ),
        Schema(tables, (key,), engine="files"),
    )
    return Parted(source, subject)


def _part(table: Table, names: Sequence[str], subject: str) -> Table:
    """Some columns of a table, of which that of subjects is never null; checks may read others, so none is kept."""

    def column(one: Column) -> Column:
        return replace(one, nullable=one.nullable and one.name != subject)

    return replace(table, columns=tuple(column(table.column(name)) for name in names), checks=(), indexes=())


def _only(columns: pa.Schema, names: Sequence[str]) -> pa.Schema:
    return pa.schema([columns.field(name) for name in names])

"""Reading what is learned from: rows of parents, all children of those, and who belongs to whom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy import arrow
from understudy.interfaces import Progress
from understudy.schema import ForeignKey, TableName
from understudy.synth.encoding.encode import Reservoir
from understudy.synth.families.children import Whole
from understudy.synth.families.order import Plan, Role

Read = Callable[[TableName], pa.RecordBatchReader]
"""How to read a table's rows; called once a table."""

NONE, ELSEWHERE = -2, -1
"""Positions of parents of rows that name none, and of those that name a row that is not there."""


@dataclass
class Gathered:
    """Rows of one table that are learned from, and how many were read."""

    rows: pa.Table
    seen: int
    parents: dict[str, Whole] = field(default_factory=dict)
    """For each foreign key, by its id, the position of every row's parent among that table's rows."""
    counts: dict[str, Whole] = field(default_factory=dict)
    """For each key that points at the table, how many of all rows read point at each of its rows."""


class Keys:
    """The keys of some rows, to find rows by."""

    def __init__(self, columns: Sequence[pa.Array]) -> None:
        self._words = [pc.unique(one) for one in columns]
        codes = self._codes(columns)[0]
        self._order = np.argsort(codes, kind="stable")
        self._sorted = codes[self._order]

    def _codes(self, columns: Sequence[pa.Array]) -> tuple[Whole, Whole]:
        """One number for each key, -1 for those that cannot be there; and whether a part is null."""
        mixed = np.zeros(len(columns[0]), np.int64)
        gone = np.zeros(len(columns[0]), bool)
        strange = gone.copy()
        for words, values in zip(self._words, columns, strict=True):
            own = values if values.type == words.type else values.cast(words.type, safe=False)
            at = pc.fill_null(pc.index_in(own, value_set=words, skip_nulls=True), -1).to_numpy(zero_copy_only=False)
            gone |= np.asarray(values.is_null())
            strange |= at < 0
            mixed = mixed * (len(words) + 1) + at
        return np.where(strange, -1, mixed), gone

    def find(self, columns: Sequence[pa.Array]) -> Whole:
        """The position of each key, ELSEWHERE where it is not there, NONE where it is null."""
        codes, gone = self._codes(columns)
        at = np.minimum(np.searchsorted(self._sorted, codes), max(len(self._sorted) - 1, 0))
        there = (codes >= 0) & (self._sorted[at] == codes) if len(self._sorted) else np.zeros(len(codes), bool)
        found = np.full(len(codes), ELSEWHERE, np.int64)
        found[there] = self._order[at[there]]
        return np.where(gone, NONE, found)


def columns_of(rows: pa.RecordBatch | pa.Table, names: Sequence[str]) -> list[pa.Array]:
    """Some columns as plain arrays."""
    found = [rows.column(name) for name in names]
    return [arrow.plain(one.combine_chunks() if isinstance(one, pa.ChunkedArray) else one) for one in found]


def gathered(plan: Plan, read: Read, size: int, seed: int, progress: Progress) -> dict[TableName, Gathered]:
    """Read every table of a plan: a uniform sample of ``size`` rows; of an owned table all children of its owners."""
    found: dict[TableName, Gathered] = {}
    for role in plan.roles:
        found[role.table] = _read(role, read(role.table), found, size, seed)
        progress("read", str(role.table), found[role.table].seen, None)
    for role in plan.roles:
        own = found[role.table]
        for key in (key for key in (role.owner, *role.links, *role.late) if key):
            parent = found[key.parent]
            own.parents[key.id] = Keys(columns_of(parent.rows, key.parent_columns)).find(
                columns_of(own.rows, key.columns)
            )
            if key in role.late:
                at = own.parents[key.id]
                parent.counts[key.id] = np.bincount(at[at >= 0], minlength=len(parent.rows))
    return found


def _read(
    role: Role, batches: pa.RecordBatchReader, found: dict[TableName, Gathered], size: int, seed: int
) -> Gathered:
    keys = [key for key in (role.owner, *role.links) if key]
    known = {key.id: Keys(columns_of(found[key.parent].rows, key.parent_columns)) for key in keys}
    totals = {key.id: np.zeros(len(found[key.parent].rows), np.int64) for key in keys}
    sample = Reservoir(batches.schema, size, seed)
    kept: list[pa.RecordBatch] = []
    seen = 0
    for batch in batches:
        at = {key.id: known[key.id].find(columns_of(batch, key.columns)) for key in keys}
        for key in keys:
            own = at[key.id]
            totals[key.id] += np.bincount(own[own >= 0], minlength=len(totals[key.id]))
        seen += len(batch)
        if role.owner is None:
            sample.add(batch)
        else:
            kept.append(batch.filter(pa.array(at[role.owner.id] != ELSEWHERE)))
    for key in keys:
        found[key.parent].counts[key.id] = totals[key.id]
    rows = sample.rows() if role.owner is None else pa.Table.from_batches(kept, batches.schema).combine_chunks()
    return Gathered(rows, seen)


def joined(keys: Sequence[ForeignKey], table: TableName) -> set[str]:
    """The columns of a table that foreign keys fill."""
    return {column for key in keys if key.table == table for column in key.columns}

"""Which rows a model learns from and which only judge it: told apart by whose they are, the same on every run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy import arrow
from understudy.graph import components
from understudy.jobs.hashing import rank
from understudy.schema import ForeignKey, Schema, TableName
from understudy.transforms import Key

LEARNED, MEASURED, HELD = 0, 1, 2
"""A row is learned from; it is, and is compared with what is made; it is compared, and not learned from."""

_HELD_ROWS = 10_000
_LEAST, _MOST = 0.1, 0.25
_ROWS = 100_000

Groups = NDArray[np.int8]


@dataclass
class Split:
    """Tells rows apart: children go with their parents, and rows of one subject stay together.

    A tenth to a quarter of the rows are held out, the more the fewer there are; none where nothing is ``judged``.
    """

    schema: Schema
    names: tuple[TableName, ...]
    key: Key
    subject: str = ""
    judged: bool = True
    rows: dict[TableName, int] = field(default_factory=dict)
    learned: dict[TableName, int] = field(default_factory=dict)
    content: dict[TableName, int] = field(default_factory=dict)
    """A number that stands for all rows of a table that are learned from, in whatever order they came."""
    most: int = _ROWS
    """Rows of a table that are compared at most."""

    def __post_init__(self) -> None:
        self._rank = rank(self.key)
        self._known: dict[tuple[TableName, tuple[str, ...]], tuple[NDArray[np.uint64], Groups]] = {}
        self._noted: dict[tuple[TableName, tuple[str, ...]], list[tuple[NDArray[np.uint64], Groups]]] = {}
        self._kept: dict[tuple[TableName, int], list[pa.RecordBatch]] = {}
        biggest = max((self.schema.table(name).rows for name in self.names), default=0)
        self._held = min(max(_HELD_ROWS / max(biggest, 1), _LEAST), _MOST) if self.judged else 0.0
        self._measured = min(1.0, self.most / max(biggest, 1))

    @property
    def order(self) -> list[TableName]:
        """Parents before their children."""
        edges = {name: [key.parent for key in self._keys(name) if key.parent in self.names] for name in self.names}
        return [name for part in components(self.names, edges) for name in part]

    def _keys(self, name: TableName) -> list[ForeignKey]:
        return [key for key in self.schema.foreign_keys if key.table == name and key.parent != name]

    def take(self, name: TableName, batch: pa.RecordBatch) -> None:
        """Note rows of a table whose parents were taken before."""
        groups = self.groups(name, batch)
        self.rows[name] = self.rows.get(name, 0) + len(batch)
        self.learned[name] = self.learned.get(name, 0) + int((groups != HELD).sum())
        there = batch.filter(pa.array(groups != HELD))
        self.content[name] = self.content.get(name, 0) + self.content_of(there)
        for key in self.schema.foreign_keys:
            if key.parent == name and key.table in self.names:
                hashes = self._hashed(batch, key.parent_columns)
                self._noted.setdefault((name, key.parent_columns), []).append((hashes, groups))
        for group in (MEASURED, HELD):
            self._kept.setdefault((name, group), []).append(batch.filter(pa.array(groups == group)))

    def content_of(self, rows: pa.RecordBatch) -> int:
        """A number that stands for rows: that of several batches is the sum of theirs."""
        return int((self._hashed(rows, rows.schema.names) >> np.uint64(8)).sum()) if len(rows) else 0

    def groups(self, name: TableName, batch: pa.RecordBatch) -> Groups:
        """What each row is for."""
        if self.subject and self.subject in batch.schema.names:
            return self._drawn(self._hashed(batch, (self.subject,)))
        columns = self.schema.table(name).row_key or tuple(batch.schema.names)
        own = self._drawn(self._hashed(batch, columns))
        keys = self._keys(name)
        noted = [key for key in keys if (key.parent, key.parent_columns) in self._noted]
        if not keys:
            return own
        key = (noted or keys)[0]
        hashes = self._hashed(batch, key.columns, key)
        found = self._inherited(key, hashes) if noted else self._drawn(hashes)
        return np.where(np.asarray(batch.column(key.columns[0]).is_null()), own, found).astype(np.int8)

    def _drawn(self, hashes: NDArray[np.uint64]) -> Groups:
        share = hashes.astype(np.float64) / 2.0**64
        kept = self._held + self._measured * (1 - self._held)
        return np.where(share < self._held, HELD, np.where(share < kept, MEASURED, LEARNED)).astype(np.int8)

    def _inherited(self, key: ForeignKey, hashes: NDArray[np.uint64]) -> Groups:
        place = (key.parent, key.parent_columns)
        if place not in self._known:
            known = np.concatenate([one for one, _ in self._noted[place]])
            groups = np.concatenate([one for _, one in self._noted[place]])
            order = np.argsort(known)
            self._known[place] = known[order], groups[order]
        known, groups = self._known[place]
        if not len(known):
            return self._drawn(hashes)
        at = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
        return np.where(known[at] == hashes, groups[at], self._drawn(hashes)).astype(np.int8)

    def _hashed(
        self, batch: pa.RecordBatch, columns: Sequence[str], key: ForeignKey | None = None
    ) -> NDArray[np.uint64]:
        """A number for each row's values, the same for a child's key and its parent's."""
        parts = []
        for number, column in enumerate(columns):
            values = arrow.plain(batch.column(column))
            if key is not None:
                kind = self.schema.table(key.parent).column(key.parent_columns[number]).arrow_type
                values = values.cast(arrow.plain(pa.nulls(0, kind)).type)
            parts.append(values)
        return self._rank(parts)

    def measured(self, name: TableName) -> pa.Table:
        """Rows that were learned from, to compare with."""
        return self._table(name, MEASURED)

    def held(self, name: TableName) -> pa.Table:
        """Rows that were not."""
        return self._table(name, HELD)

    def _table(self, name: TableName, group: int) -> pa.Table:
        columns = pa.schema([(column.name, column.arrow_type) for column in self.schema.table(name).columns])
        return pa.Table.from_batches(self._kept.get((name, group), []), columns)

"""Columns of made rows that repeat one of the row they point at: what that became by rules, they become, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from understudy import arrow
from understudy.schema import ForeignKey, TableName

if TYPE_CHECKING:
    from understudy.synth.families.gather import Keys

Carried = Mapping[TableName, Mapping[ForeignKey, tuple[tuple[str, str], ...]]]


@dataclass
class Following:
    """Goes over the rows of several tables, parents first: fills in what they repeat, and keeps what others do."""

    carried: Carried
    _kept: dict[TableName, list[pa.RecordBatch]] = field(default_factory=dict)
    _known: dict[str, tuple[Keys, pa.RecordBatch]] = field(default_factory=dict)

    def filled(self, name: TableName, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Rows with what they repeat of rows that were kept; what they repeat of others stays as it is."""
        from understudy.synth.families.gather import columns_of

        for key, pairs in self.carried.get(name, {}).items():
            if key.parent not in self._kept:
                continue
            keys, parents = self._parents(key)
            at = keys.find(columns_of(batch, key.columns))
            for column, other in pairs:
                place, theirs = batch.schema.get_field_index(column), parents.column(other)
                values = arrow.plain(theirs.take(pa.array(at, mask=at < 0)))
                batch = batch.set_column(
                    place, batch.schema.field(place), arrow.like(values, batch.schema.types[place])
                )
        return batch

    def keep(self, name: TableName, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The same rows, of which is kept what others repeat."""
        wanted = self._wanted(name)
        if wanted:
            self._kept.setdefault(name, []).append(batch.select(wanted))
        return batch

    def _parents(self, key: ForeignKey) -> tuple[Keys, pa.RecordBatch]:
        from understudy.synth.families.gather import Keys, columns_of

        if key.id not in self._known:
            rows = pa.concat_batches(self._kept[key.parent])
            self._known[key.id] = Keys(columns_of(rows, key.parent_columns)), rows
        return self._known[key.id]

    def _wanted(self, name: TableName) -> list[str]:
        """The columns of a table that rows of others repeat, and the keys by which they point at it."""
        keys = [(key, pairs) for own in self.carried.values() for key, pairs in own.items() if key.parent == name]
        return list(dict.fromkeys(c for key, pairs in keys for c in (*key.parent_columns, *(one for _, one in pairs))))

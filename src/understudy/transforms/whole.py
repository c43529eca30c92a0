"""Whole columns, for transformers that must know all of a column before they change any of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.arrow import plain
from understudy.errors import Error, InputError
from understudy.interfaces import Scan
from understudy.schema import Column, Table
from understudy.transforms.declare import Place, Rows, Setting
from understudy.transforms.draws import of_rows
from understudy.transforms.prf import Words
from understudy.transforms.sentinels import kept

Mask = NDArray[np.bool_]

_ATTEMPTS = 4
_MERGE_ROWS = 1 << 20


def read(setting: Setting, *columns: str) -> dict[str, pa.Array]:
    """All values of columns of the rule's table, in rows of the same order; they are held in memory."""
    rows = _reader(setting, columns).read_all()
    return {name: plain(_in_one(rows.column(name))) for name in rows.column_names}


def counted(setting: Setting, *, of: tuple[Table, Column] | None = None) -> tuple[pa.Array, NDArray[np.int64]]:
    """Every different value of a column, the rule's own if none is given, and how often it comes.

    They are held in memory, the rows are not.  What may not change (see ``sentinels``) does not count.
    """
    table, column = of or (setting.place.table, setting.place.column)
    parts: list[pa.Table] = []
    pending = 0
    for batch in _reader(setting, (column.name,), table):
        values = plain(batch.column(0))
        found = values.filter(pa.array(~_mask(kept(values)))).value_counts()
        parts.append(pa.table({"value": found.field("values"), "count": found.field("counts")}))
        pending += len(found)
        if pending > _MERGE_ROWS:
            parts, pending = [_merged(parts)], 0
    if not parts:
        return plain(pa.array([], column.arrow_type)), np.empty(0, np.int64)
    merged = _merged(parts)
    return _in_one(merged["value"]), merged["count"].to_numpy()


def _reader(setting: Setting, columns: tuple[str, ...], table: Table | None = None) -> pa.RecordBatchReader:
    place = setting.place
    if problem(place):
        raise InputError(problem(place))
    if setting.dataset is None:
        raise InputError(f"the rule of {place.table.name}.{place.column.name} needs the dataset it stands in")
    return setting.dataset.read(Scan((table or place.table).name, tuple(dict.fromkeys(columns))))


def _in_one(column: pa.ChunkedArray) -> pa.Array:
    combined = column.combine_chunks()
    return pa.concat_arrays(combined.chunks) if isinstance(combined, pa.ChunkedArray) else combined


def _merged(parts: list[pa.Table]) -> pa.Table:
    grouped = pa.concat_tables(parts).group_by("value").aggregate([("count", "sum")])
    return grouped.rename_columns({"count_sum": "count"})


def _mask(values: pa.Array) -> Mask:
    return np.asarray(values.to_numpy(zero_copy_only=False), np.bool_)


def problem(place: Place) -> str:
    """Why a rule cannot know the whole column it stands on; empty if it can."""
    inside = place.column.name not in place.table.by_name
    return f"{place.column.name} is inside a column, and only a whole one can be read beforehand" if inside else ""


def key_problem(place: Place) -> str:
    """Why the rows of a place's table cannot be found again; empty if they can."""
    if problem(place):
        return problem(place)
    return "" if place.table.row_key else f"table {str(place.table.name)!r} has no key that tells its rows apart"


@dataclass(frozen=True)
class RowOrder:
    """The rows of a table in a secret order that their keys decide; eight bytes for each."""

    keys: tuple[str, ...]
    alike: tuple[str, ...]
    """Columns: rows in which the same ones of them are empty stand together."""
    subkey: bytes
    words: Words
    """A random word for every row that is in the order, ascending."""

    def place(self, rows: Rows, wanted: Mask) -> NDArray[np.int64]:
        """Where each row stands in the order (0 for the unwanted); an Error where a wanted one is not in it."""
        columns = {name: rows.original(name) for name in (*self.keys, *self.alike)}
        words = row_words(columns, self.keys, self.alike, self.subkey)
        place = np.searchsorted(self.words, words)
        found = place < len(self.words)
        found[found] = self.words[place[found]] == words[found]
        lost = int((wanted & ~found).sum())
        if lost:
            raise Error(f"{lost} rows were not there when the column was read as a whole")
        return np.where(found, place, 0)


def row_words(columns: Mapping[str, pa.Array], keys: tuple[str, ...], alike: tuple[str, ...], subkey: bytes) -> Words:
    """A random word for every row; its first bits say which of the columns ``alike`` are empty."""
    words = of_rows([columns[name] for name in keys], subkey)[:, 0]
    for name in alike:
        words = words >> np.uint64(1) | _mask(kept(columns[name])).astype(np.uint64) << np.uint64(63)
    return words


def row_order(
    setting: Setting,
    columns: Mapping[str, pa.Array],
    purpose: str,
    alike: tuple[str, ...] = (),
    *,
    chosen: Mask | None = None,
) -> tuple[RowOrder, NDArray[np.int64]]:
    """The secret order of the rows of whole columns, or of the chosen ones, and which row stands at each of its places.

    An Error where their keys do not tell rows apart.
    """
    keys = setting.place.table.row_key
    for attempt in range(_ATTEMPTS):
        subkey = setting.key.subkey(f"{purpose} rows {attempt}")
        words = row_words(columns, keys, alike, subkey)
        if len(np.unique(words)) == len(words):
            there = np.arange(len(words)) if chosen is None else np.flatnonzero(chosen)
            at = there[np.argsort(words[there])]
            return RowOrder(keys, alike, subkey, words[at]), at
    raise Error(f"rows of {setting.place.table.name} cannot be told apart by {', '.join(keys)}")

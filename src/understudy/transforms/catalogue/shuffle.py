"""``shuffle``: the values of a column stay what they are and change rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import storage
from understudy.errors import Error, InputError
from understudy.interfaces import Scan
from understudy.transforms.declare import ANY, Change, Declaration, Place, Rows, Setting, Uniqueness
from understudy.transforms.draws import needs_row, of_rows
from understudy.transforms.prf import Words
from understudy.transforms.sentinels import kept

_ATTEMPTS = 4


@dataclass(frozen=True)
class _Pool:
    """Every value of the column, and the ranks that say which row gets which."""

    ranks: Words
    """Random words of the rows, ascending: a row's place among them is its rank."""
    values: pa.Array
    """The value for each rank."""


def _build(setting: Setting) -> Change:
    """Read the whole column once; takes about 16 bytes per row of the table, and twice its values."""
    place = setting.place
    if setting.dataset is None:
        raise InputError(f"shuffling {place.table.name}.{place.column.name} needs the dataset it stands in")
    keys = place.table.row_key
    scan = Scan(place.table.name, tuple(dict.fromkeys((*keys, place.column.name))))
    rows = setting.dataset.read(scan).read_all().combine_chunks()
    columns = [storage(_whole(rows, name)) for name in keys]
    values = _whole(rows, place.column.name)
    chosen = pc.invert(kept(values))
    columns, values = [column.filter(chosen) for column in columns], storage(values).filter(chosen)
    label = f"shuffle:{place.table.name}.{place.column.name}"
    order = np.argsort(of_rows(columns, setting.key.subkey(f"{label} values"))[:, 0], kind="stable")
    for attempt in range(_ATTEMPTS):
        subkey = setting.key.subkey(f"{label} rows {attempt}")
        ranks = np.sort(of_rows(columns, subkey)[:, 0])
        if not (ranks[1:] == ranks[:-1]).any():
            pool = _Pool(ranks, values.take(pa.array(order)))
            return lambda values, rows: _change(values, rows, pool, [rows.original(n) for n in keys], subkey)
    raise Error(f"rows of {place.table.name} cannot be told apart by {', '.join(keys)}")


def _whole(rows: pa.Table, name: str) -> pa.Array:
    column = rows.column(name)
    return column.chunk(0) if column.num_chunks == 1 else pa.array([], column.type)


def _change(values: pa.Array, _rows: Rows, pool: _Pool, keys: list[pa.Array], subkey: bytes) -> pa.Array:
    words = of_rows(keys, subkey)[:, 0]
    place = np.searchsorted(pool.ranks, words)
    found = place < len(pool.ranks)
    found[found] = pool.ranks[place[found]] == words[found]
    missing = ~found & values.is_valid().to_numpy(zero_copy_only=False)
    if missing.any():
        raise Error(f"{int(missing.sum())} rows were not there when the column was read for shuffling")
    return pool.values.take(pa.array(place, mask=~found))


def _problem(place: Place) -> str:
    if not place.table.row_key:
        return f"table {str(place.table.name)!r} has no key that tells its rows apart"
    return ""


SHUFFLE = Declaration(
    name="shuffle",
    summary="The column's own values, each as often as before, in other rows; reads the whole column into memory.",
    example="shuffle",
    kinds=ANY,
    build=_build,
    uniqueness=lambda _place: Uniqueness("preserved", folded=True),
    needs=needs_row,
    problem=_problem,
    by="row",
    sensitive=False,
)

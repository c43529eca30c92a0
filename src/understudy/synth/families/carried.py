"""Which columns of rows repeat one of the row that they point at, as an invoice repeats its customer's address.

They are not learned: made rows have what the made row they point at has.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy import arrow
from understudy.schema import ForeignKey
from understudy.synth.encoding.encode import FEWEST
from understudy.synth.families.children import Flags, Whole
from understudy.synth.families.gather import Gathered

Pairs = tuple[tuple[str, str], ...]
"""Columns, and those of the parent that they repeat."""

_SELDOM = 0.002
"""The share of rows in which a column may not be the parent's."""
_RARER = 0.02
"""How much rarer that has to be than if rows pointed at parents chosen at random."""


def carried(
    own: Gathered,
    names: Sequence[str],
    keys: Sequence[ForeignKey],
    found: Sequence[Gathered],
    leave: Sequence[Collection[str]],
) -> dict[str, Pairs]:
    """For each key, by its id, those of some columns that repeat one of its parent.

    ``found`` are the keys' parents, and ``leave`` columns of those that are keys themselves.  Only keys that every row
    has are looked at, and that share no column with another.
    """
    told: dict[str, Pairs] = {}
    left = list(names)
    for key, parent, joining in zip(keys, found, leave, strict=True):
        at = own.parents[key.id]
        others = {column for one in keys if one is not key for column in one.columns}
        if len(at) < FEWEST or (at < 0).any() or others & set(key.columns):
            continue
        pairs = tuple(_pairs(own.rows, left, parent.rows, {*key.parent_columns, *joining}, at))
        if pairs:
            told[key.id] = pairs
            left = [name for name in left if name not in dict(pairs)]
    return told


def _pairs(
    rows: pa.Table, names: Sequence[str], parents: pa.Table, leave: Collection[str], at: Whole
) -> list[tuple[str, str]]:
    found = []
    other = np.random.default_rng(7).permutation(at)
    for name in names:
        values = arrow.plain(rows.column(name).combine_chunks())
        for theirs in parents.column_names:
            known = arrow.plain(parents.column(theirs).combine_chunks())
            if theirs in leave or known.type != values.type or pa.types.is_nested(known.type):
                continue
            wrong, by_chance = int((~_same(values, known, at)).sum()), int((~_same(values, known, other)).sum())
            if wrong <= _SELDOM * len(at) and wrong <= _RARER * by_chance and by_chance >= FEWEST:
                found.append((name, theirs))
                break
    return found


def _same(values: pa.Array, known: pa.Array, at: Whole) -> Flags:
    """In which rows a value is that of the parent at some position; nulls are alike."""
    theirs = known.take(pa.array(at))
    equal = pc.fill_null(pc.equal(values, theirs), False).to_numpy(zero_copy_only=False)
    same: Flags = equal | (np.asarray(values.is_null()) & np.asarray(theirs.is_null()))
    return same

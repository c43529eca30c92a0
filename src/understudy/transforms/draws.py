"""Keyed random numbers for the rows of a column: drawn by its own value, by a subject's, or by the row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.schema import Column, Table
from understudy.transforms.declare import Place, Rows, Setting
from understudy.transforms.prf import Aes, Words, digest, trimmed

Draw = Callable[[pa.Array, Rows], Words]
"""128 random bits for every row (n, 2), from the column's values and the rows they stand in."""

_LOW_32 = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)


def canonical(values: pa.Array, column: Column) -> pa.Array:
    """Values in the form in which plain equality is the database's own: citext folded, numeric without idle zeros."""
    if column.kind == "text" and column.key_sql:
        return pc.utf8_lower(values)
    if column.kind == "decimal" and column.as_text:
        return trimmed(values)
    return values


def by_value(setting: Setting, name: str, *, family: str = "") -> Draw:
    """Draw by the value itself; or, with the option ``per``, by the value of that column of the row.

    ``name`` is the domain where the rule gives none.  Transformers of one family draw alike for the
    same subject, so that a person's name and e-mail address agree.
    """
    place = setting.place
    named = place.options.get("domain")
    own_key = setting.key.subkey(f"{name}:{named or name}")
    own, per = place.column, place.subject
    if per is None:
        return lambda values, _rows: digest(canonical(values, own), own_key)
    subject = place.table.column(per)
    subject_key = setting.key.subkey(f"{family or name} of:{named or setting.own_name(per)}")

    def draw(values: pa.Array, rows: Rows) -> Words:
        subjects = rows.original(per)
        found = digest(canonical(subjects, subject), subject_key)
        if subjects.null_count:
            nobody = pc.is_null(subjects).to_numpy(zero_copy_only=False)
            found = np.where(nobody[:, None], digest(canonical(values, own), own_key), found)
        return found

    return draw


def row_columns(table: Table) -> tuple[str, ...]:
    """The columns that tell a row from others: its key, or every stored column where it has none."""
    return table.row_key or tuple(column.name for column in table.stored)


def by_row(setting: Setting, purpose: str) -> Draw:
    """Draw by the row: by what its key held when it was read."""
    names = row_columns(setting.place.table)
    subkey = setting.key.subkey(f"{purpose}:{setting.place.table.name}.{setting.place.column.name}")
    return lambda _values, rows: of_rows([rows.original(name) for name in names], subkey)


def drawn(setting: Setting, name: str, usual: Literal["value", "row"]) -> Draw:
    """Draw by the value or by the row, as the option ``by`` says, else as usual; by a subject if ``per`` names one."""
    place = setting.place
    by_rows = place.subject is None and (place.options.get("by") or usual) == "row"
    return by_row(setting, name) if by_rows else by_value(setting, name)


def of_rows(columns: list[pa.Array], subkey: bytes) -> Words:
    """128 random bits for rows of a fixed number of columns: their digests, chained through AES."""
    aes = Aes(subkey)
    state = np.zeros((len(columns[0]), 2), np.uint64)
    for column in columns:
        found = digest(column, subkey)
        if column.null_count:
            found[pc.is_null(column).to_numpy(zero_copy_only=False)] = 0
        state = aes(state ^ found)
    return state


def needs_subject(place: Place) -> frozenset[str]:
    """The column that ``per`` names."""
    return frozenset({place.subject} - {None})  # type: ignore[arg-type]


def needs_row(place: Place) -> frozenset[str]:
    """The columns that tell rows apart."""
    return frozenset(row_columns(place.table))


def needs_drawn(usual: Literal["value", "row"]) -> Callable[[Place], frozenset[str]]:
    """The columns that ``drawn`` reads besides its own."""

    def needs(place: Place) -> frozenset[str]:
        by_rows = place.subject is None and (place.options.get("by") or usual) == "row"
        return needs_row(place) if by_rows else needs_subject(place)

    return needs


def pick(words: Words, slot: int, size: int) -> NDArray[np.int64]:
    """A random number below ``size`` (at most 2^32) for every row; slots 0 to 3 are independent of one another."""
    part = words[:, slot // 2]
    part = part >> _32 if slot % 2 else part & _LOW_32
    return ((part * np.uint64(size)) >> _32).view(np.int64)


def either_way(words: Words, most: int) -> NDArray[np.int64]:
    """A random number from -most to most without 0 for every row."""
    found = np.floor(fraction(words, 0) * (2 * most)).astype(np.int64) - most
    return found + (found >= 0)


def fraction(words: Words, slot: int) -> NDArray[np.float64]:
    """A random number from 0 to below 1 for every row, of 53 bits; slots 0 and 1."""
    return (words[:, slot] >> np.uint64(11)).astype(np.float64) * 2.0**-53

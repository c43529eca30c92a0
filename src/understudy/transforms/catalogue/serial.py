"""``serial``: identifiers become the numbers from 1 on, in an order that tells nothing."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from understudy.errors import Error, InputError
from understudy.schema import Column, Table
from understudy.transforms import arithmetic, whole
from understudy.transforms.declare import (
    DOMAIN,
    Change,
    Declaration,
    Option,
    Place,
    Rows,
    Setting,
    Uniqueness,
)
from understudy.transforms.prf import digest


def _build(setting: Setting) -> Change:
    """Read all identifiers once; takes 16 bytes for each, in every column that holds them."""
    place, start = setting.place, int(setting.place.options["start"])
    values, _ = whole.counted(setting, of=_referenced(setting))
    before = np.unique(arithmetic.in_units(values))
    words = digest(pa.array(before), setting.key.subkey(f"serial:{setting.domain or _own(place)}"))[:, 0]
    after = np.empty(len(before), np.int64)
    after[np.argsort(words)] = np.arange(start, start + len(before))
    if len(after) and start + len(after) - 1 > arithmetic.most_units(place.column.arrow_type):
        raise Error(f"{_own(place)} has no room for {len(after)} numbers from {start} on")

    def change(column: pa.Array, _rows: Rows) -> pa.Array:
        numbers = arithmetic.in_units(column)
        there = column.is_valid().to_numpy(zero_copy_only=False)
        at = np.searchsorted(before[:-1], numbers)
        lost = int((there & (before[at] != numbers)).sum()) if len(before) else int(there.sum())
        if lost:
            raise Error(f"{lost} values of {_own(place)} are none of the identifiers that were read", hint="use `key`")
        return arithmetic.of_units(after[at], column.type) if len(before) else column

    return change


def _own(place: Place) -> str:
    return f"{place.table.name}.{place.column.name}"


def _referenced(setting: Setting) -> tuple[Table, Column] | None:
    """The column that holds all identifiers of the domain, by whose name domains go; None for the rule's own."""
    if setting.domain is None or setting.dataset is None:
        return None
    try:
        return setting.dataset.schema().find_column(setting.domain)
    except InputError as error:
        raise InputError(f"{setting.domain!r} names no column to number, as `serial` needs", hint=error.hint) from None


SERIAL = Declaration(
    name="serial",
    summary=(
        "Identifiers become the numbers 1, 2, 3 ..., each as often as before and alike in every table that refers to "
        "them, in an order that tells nothing. Reads all identifiers once; `key` needs not."
    ),
    example="serial",
    kinds=frozenset({"integer"}),
    build=_build,
    options=(Option("start", "whole number", "the first number", default=1), DOMAIN),
    uniqueness=lambda _place: Uniqueness("preserved", folded=True),
    problem=whole.problem,
)

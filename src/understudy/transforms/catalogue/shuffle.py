"""``shuffle``: the values of a column, or of several together, stay what they are and change rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.transforms import whole
from understudy.transforms.declare import (
    ANY,
    Change,
    Declaration,
    Option,
    Place,
    Rows,
    Setting,
    Uniqueness,
    column_named,
)
from understudy.transforms.draws import needs_row
from understudy.transforms.sentinels import kept

_MOST_TOGETHER = 8  # each costs one of the 64 bits that tell rows apart


def _together(place: Place) -> tuple[str, ...]:
    """The columns that move together, this one among them, in an order of their own; none if it moves alone."""
    given = place.options["together"] or ()
    names = {column_named(place.table, str(name), "together") for name in given}
    return tuple(sorted({*names, place.column.name})) if names - {place.column.name} else ()


def _build(setting: Setting) -> Change:
    """Read the whole column once; takes about 16 bytes per row of the table, and twice its values."""
    place = setting.place
    own, together = place.column.name, _together(place)
    columns = whole.read(setting, *place.table.row_key, own, *together)
    purpose = f"shuffle:{place.table.name}.{'+'.join(together) or own}"
    chosen = pc.invert(kept(columns[own])).to_numpy(zero_copy_only=False)
    order, _ = whole.row_order(setting, columns, purpose, together, chosen=chosen)
    words = whole.row_words(columns, order.keys, together, setting.key.subkey(f"{purpose} values"))
    there = np.flatnonzero(chosen)
    values = columns[own].take(pa.array(there[np.argsort(words[there], kind="stable")]))

    def change(own_values: pa.Array, rows: Rows) -> pa.Array:
        wanted = own_values.is_valid().to_numpy(zero_copy_only=False)
        return values.take(pa.array(order.place(rows, wanted), mask=~wanted))

    return change


def _needs(place: Place) -> frozenset[str]:
    return needs_row(place) | frozenset(_together(place))


def _problem(place: Place) -> str:
    if len(_together(place)) > _MOST_TOGETHER:
        return f"at most {_MOST_TOGETHER} columns can be shuffled together"
    return whole.key_problem(place)


SHUFFLE = Declaration(
    name="shuffle",
    summary="The column's own values, each as often as before, in other rows; reads the whole column into memory.",
    example="shuffle",
    kinds=ANY,
    build=_build,
    main="together",
    options=(
        Option(
            "together",
            "list",
            "columns that keep one another's company; give each of them the same rule",
        ),
    ),
    uniqueness=lambda _place: Uniqueness("preserved", folded=True),
    needs=_needs,
    problem=_problem,
    by="row",
    sensitive=False,
)

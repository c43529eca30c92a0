"""How often the values of a column come in rows that are made, where that is said and not as it was learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy import arrow
from understudy.errors import InputError, unknown
from understudy.synth.encoding.columns import Categories, Codes, Drawn, Numbers
from understudy.synth.encoding.encode import Encoder, typed
from understudy.synth.relations.related import Related

Shares = Literal["even"] | Mapping[object, float]
"""How often each value of a column is to be: all alike, or so often each."""

Wanted = Mapping[int, float]
"""The classes of a column with their wanted shares."""


def classes(encoder: Encoder, name: str, shares: Shares) -> Wanted:
    """The classes of a column for its values; an InputError where it has none of that name, or too many to name."""
    if name not in encoder.made_schema.names:
        raise unknown("column", name, encoder.made_schema.names)
    values = values_of(encoder, name)
    if shares == "even":
        return {code: 1.0 for code, value in values.items() if value is not None}
    found = {value: code for code, value in values.items()}
    for value in shares:
        if value not in found:
            hint = "values that few rows have are not kept"
            raise InputError(f"column {name!r} has no such value to balance", hint=hint)
    total = sum(shares.values())
    if total <= 0 or min(shares.values()) < 0:
        raise InputError(f"the shares of {name!r} must be positive", hint="write {column: {value: share}}")
    return {found[value]: share / total for value, share in shares.items()}


def values_of(encoder: Encoder, name: str) -> dict[int, object]:
    """The values of a column's classes by their codes; only of columns all of whose values are classes."""
    codes, values = _values(encoder, name)
    return dict(zip(codes.tolist(), encoder.written(name, values).to_pylist(), strict=True))


def chosen(shares: Wanted, rows: int, rng: np.random.Generator) -> Codes:
    """Classes in given shares, as exact as whole rows allow, in random order."""
    classes = np.array(list(shares), np.int32)
    up = np.cumsum(np.array(list(shares.values()), np.float64))
    places = (np.arange(rows) + rng.random()) / max(rows, 1) * up[-1]
    return rng.permutation(classes[np.minimum(np.searchsorted(up, places, "right"), len(classes) - 1)])


def balanced(
    encoder: Encoder, given: pa.Table | None, wanted: Mapping[str, Wanted], rows: int, rng: np.random.Generator
) -> pa.Table | None:
    """Rows given in part, with values in wanted shares where a balanced column has none."""
    for name, shares in wanted.items():
        _, values = _values(encoder, name)
        filled = pa.nulls(rows, values.type)
        if given is not None and name in given.schema.names:
            filled = arrow.plain(given.column(name).combine_chunks()).cast(values.type)
        free = np.flatnonzero(np.asarray(filled.is_null()))
        at = np.zeros(rows, np.int64)
        at[free] = chosen(shares, len(free), rng)
        own = pc.coalesce(filled, values.take(pa.array(at)))
        rest = given.drop_columns([name]) if given is not None and name in given.schema.names else given
        column = arrow.like(own, encoder.inner.field(name).type)
        given = pa.table({name: column}) if rest is None else rest.append_column(name, column)
    return given


def _values(encoder: Encoder, name: str) -> tuple[Codes, pa.Array]:
    coded, at = encoder.coded[name], encoder.places[name]
    coded = coded.inner if isinstance(coded, Related) else coded
    if not isinstance(coded, Categories | Numbers) or at.stop - at.start != 1 or coded.parts[0].number:
        hint = "give rows with the values instead"
        raise InputError(f"column {name!r} has too many different values to name each", hint=hint)
    codes = np.arange(coded.parts[0].classes, dtype=np.int32)
    if isinstance(coded, Categories) and coded.rare:
        codes = codes[: coded.told]
    drawn = Drawn([codes], [np.zeros(len(codes), np.float32)], np.random.default_rng(0), range(len(codes)))
    return codes, arrow.plain(typed(coded.decode(drawn), encoder.inner.field(name).type))

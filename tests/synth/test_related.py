"""Formulas are classes: they hold exactly where they are drawn, and as often as in the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from understudy.synth.encoding.encode import Encoder, encoder_of, table_of
from understudy.synth.relations.related import related


@dataclass(frozen=True)
class Copy:
    """The value of another column."""

    source: str

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.source,)

    def values(self, columns: Mapping[str, pa.Array]) -> pa.Array:
        return columns[self.source]


@dataclass(frozen=True)
class Sum:
    """The sum of two columns, to the cent."""

    one: str
    other: str

    @property
    def sources(self) -> tuple[str, ...]:
        return self.one, self.other

    def values(self, columns: Mapping[str, pa.Array]) -> pa.Array:
        return pc.round(pc.add(columns[self.one], columns[self.other]), 2)


def bills(rows: int = 400) -> pa.Table:
    """Nets and taxes; the total is their sum but in one row of ten, and a third of the payments are the total."""
    rng = np.random.default_rng(0)
    net, tax = np.round(rng.gamma(2, 50, rows), 2), np.round(rng.gamma(2, 5, rows), 2)
    total = np.round(net + tax + (rng.random(rows) < 0.1), 2)
    paid = np.where(rng.random(rows) < 1 / 3, total, np.round(rng.gamma(2, 50, rows), 2))
    return pa.table({"paid": paid, "total": total, "net": pa.array(net, mask=rng.random(rows) < 0.05), "tax": tax})


def learned() -> Encoder:
    table = bills()
    plain = encoder_of(table_of(table.schema), table, k=5)
    found = {"total": (Sum("net", "tax"),), "paid": (Copy("total"),)}
    return replace(plain, coded=related(plain.coded, table, found))


def test_rows_in_which_a_formula_holds_have_its_class() -> None:
    encoder, table = learned(), bills()
    at = encoder.places["total"].start
    sums = np.isclose(table["total"].to_numpy(), table["net"].to_numpy(zero_copy_only=False) + table["tax"].to_numpy())
    assert ((encoder.encode(table).codes[:, at] == encoder.coded["total"].first) == sums).all()  # type: ignore[attr-defined]
    assert sum(encoder.parts[at].shares) == pytest.approx(1)


def test_formulas_hold_in_made_rows_also_over_given_values() -> None:
    encoder, table = learned(), bills()
    encoded = encoder.encode(table)
    level = ((encoded.low + encoded.high) / 2).astype(np.float32)
    given = pa.table({"tax": pa.array([1_000.0, None] * 200)})
    made = encoder.decode(encoded.codes, level, np.random.default_rng(0), 0, given)
    chosen = encoded.codes[:, encoder.places["total"].start] == encoder.coded["total"].first  # type: ignore[attr-defined]
    net, tax, total = (made.column(name).to_numpy(zero_copy_only=False) for name in ("net", "tax", "total"))
    assert (tax[::2] == 1_000).all()
    assert np.allclose(np.round(net + tax, 2)[chosen], total[chosen], atol=1e-9)
    copied = encoded.codes[:, encoder.places["paid"].start] == encoder.coded["paid"].first  # type: ignore[attr-defined]
    assert (made.column("paid").to_numpy()[copied] == total[copied]).all() and copied.sum() > 100


def test_without_its_sources_a_value_has_its_own_class() -> None:
    encoder, table = learned(), bills()
    alone = encoder.encode(table.select(["total"]), given=True)
    whole = encoder.encode(table)
    at = encoder.places["total"].start
    assert (alone.codes[:, at] == encoder.parts[at].classes - 1).all()
    assert (whole.codes[:, at] != alone.codes[:, at]).any()


def test_where_a_source_is_null_a_value_of_the_column_stands_in() -> None:
    encoder = learned()
    at = encoder.places
    codes = np.zeros((3, len(encoder.parts)), np.int32)
    codes[:, at["total"].start] = encoder.coded["total"].first  # type: ignore[attr-defined]
    net = encoder.parts[at["net"].start]
    codes[:, at["net"].start] = net.classes - 2  # null
    made = encoder.decode(codes, np.full(codes.shape, 0.5, np.float32), np.random.default_rng(0), 0)
    assert made.column("net").null_count == 3 and made.column("total").null_count == 0

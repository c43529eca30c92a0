"""The synthesizer of one table, on tables of every shape."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

pytest.importorskip("torch")

from synth.tables import LONGER, SHORT, people, rows_of
from understudy.errors import InputError
from understudy.schema import Table, TableName, Unique
from understudy.synth import SYNTHESIZERS
from understudy.synth.encoding.encode import table_of
from understudy.synth.flat import Flat

N = 300
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"a": [7] * N}),
        pa.table({"a": pa.nulls(N, pa.int32()), "b": RNG.normal(size=N)}),
        pa.table({f"c{n}": RNG.integers(0, 4, N) if n % 4 else RNG.normal(size=N) for n in range(200)}),
        pa.table({"a": [f"c{n}" for n in RNG.integers(0, 10_000, 20_000)]}),
        pa.table({"a": np.where(RNG.random(N) < 0.1, np.inf, RNG.normal(size=N))}),
        pa.table({"a": RNG.normal(size=N) * 1e307, "b": RNG.integers(-(2**63), 2**63 - 1, N)}),
        pa.table({"a": np.full(N, np.nan), "b": np.r_[np.nan, np.inf, RNG.normal(size=N - 2)]}),
        pa.table({"a": [f"user{n}@example.org" for n in range(N)], "b": RNG.normal(size=N)}),
        pa.table({"id": np.arange(N)}),
        people(N),
    ],
    ids=["constant", "all null", "200 columns", "10,000 labels", "infinities", "ends of 64 bits", "not numbers",
         "unique texts", "a key", "300 rows"],
)  # fmt: skip
def test_tables_of_every_shape_are_made(table: pa.Table) -> None:
    made = rows_of(Flat(SHORT).fit(None, table).sample(50))
    assert made.schema == table.schema and len(made) == 50


def test_one_row_is_refused() -> None:
    with pytest.raises(InputError, match="has 1 row, fewer"):
        Flat(SHORT).fit(None, people().slice(0, 1))


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}])
def test_nested_values_are_refused_by_name(value: object) -> None:
    with pytest.raises(InputError, match="column 'deep' holds"):
        Flat(SHORT).fit(None, pa.table({"deep": [value] * N}))


def test_keys_of_the_schema_are_fresh_and_unique() -> None:
    rows = people().append_column("code", pa.array([f"{n % 500:04d}" for n in range(600)]))
    shape = table_of(rows.schema)
    table = Table(TableName("", "people"), shape.columns, (Unique("code_key", ("code",)),))
    flat = Flat(SHORT).fit(table, rows)
    made = rows_of(flat.sample(3_000))
    assert flat.identifiers == ("code",)
    assert len(set(made["code"].to_pylist())) == 3_000


def test_context_is_shown_and_never_made() -> None:
    rows = people(2_000)
    flat = Flat(LONGER, context=["city"]).fit(None, rows)
    made = rows_of(flat.sample(400, context=pa.table({"city": ["Oslo", "Bonn"] * 200})))
    assert made.column_names == ["wage", "children", "since", "active"]
    wage = made["wage"].to_numpy()
    assert wage[::2].mean() == pytest.approx(5_000, rel=0.1) and wage[1::2].mean() == pytest.approx(2_000, rel=0.1)
    with pytest.raises(InputError, match="context"):
        flat.sample(10)


def test_before_a_fit_there_is_nothing_to_draw_from() -> None:
    with pytest.raises(InputError, match="learned nothing"):
        Flat().sample(1)


@pytest.mark.parametrize("wrong", [{"effort": "great"}, {"identifiers": ["town"]}, {"context": ["town"]}])
def test_options_that_mean_nothing_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match="does not exist"):
        Flat(**{"effort": SHORT, **wrong}).fit(None, people())  # type: ignore[arg-type]


def test_a_given_table_of_other_length_or_columns_is_refused() -> None:
    flat = Flat(SHORT).fit(None, people())
    with pytest.raises(InputError, match="has 3 rows where 5"):
        flat.sample(5, given=pa.table({"city": ["Bonn"] * 3}))
    with pytest.raises(InputError, match="does not exist"):
        flat.sample(3, given=pa.table({"town": ["Bonn"] * 3}))


def test_progress_has_the_loss_and_the_time_left_and_ends_at_the_end() -> None:
    told: list[tuple[str, str, int, int | None]] = []
    Flat(SHORT).fit(None, people(), progress=lambda *what: told.append(what))
    assert all(step == "learn" and "loss" in subject for step, subject, _, _ in told)
    assert any("s left" in subject for _, subject, _, _ in told)
    assert told[-1][2] == told[-1][3] == SHORT.passes


def test_a_synthesizer_is_found_by_its_name() -> None:
    assert isinstance(SYNTHESIZERS["flat"](effort="fast"), Flat)


def test_housing_is_made_in_its_own_decimals_and_range(shared_data: Path) -> None:
    rows = pa.csv.read_csv(shared_data / "tabular" / "california_housing" / "housing.csv").slice(0, 3_000)
    made = rows_of(Flat(SHORT).fit(None, rows).sample(500))
    assert made.schema == rows.schema
    for name in ("longitude", "latitude"):
        own, real = made[name].to_numpy(), rows[name].to_numpy()
        assert (np.round(own, 2) == own).all()
        assert own.min() >= real.min() and own.max() <= real.max()

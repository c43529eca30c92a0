"""What holds for every synthesizer: rows of the fitted schema, repeatable, given values kept, no originals."""

from __future__ import annotations

import functools
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")

from understudy.synth import SYNTHESIZERS
from understudy.synth.network.effort import Budget
from understudy.synth.private import Private

NAMES = sorted(SYNTHESIZERS)
SECRET = "Aurelia Quintessa Voss"
ROWS = pa.table(
    {
        "colour": ["red", "green", "blue", "red", None] * 60,
        "size": pa.array([n % 7 for n in range(300)], pa.int32()),
        "price": [round(1.5 * (n * 37 % 101), 2) for n in range(300)],
        "on": [date(2024, 1, 1) + timedelta(days=n * 11 % 300) for n in range(300)],
        "owner": [SECRET, *[f"Owner Of Thing {n}" for n in range(299)]],
    },
    schema=pa.schema(
        [
            pa.field("colour", pa.string()),
            pa.field("size", pa.int32(), nullable=False),
            pa.field("price", pa.float64(), nullable=False),
            pa.field("on", pa.date32()),
            pa.field("owner", pa.string()),
        ]
    ),
)


@functools.cache
def fitted(name: str) -> Any:
    if name == "marginals":  # learns within a budget only; this one lets it see through the noise of 300 rows
        return SYNTHESIZERS[name](seed=2).fit(None, ROWS, private=Private(60.0, seed=2))
    return SYNTHESIZERS[name](effort=Budget(rows=1_000, width=32, passes=6_000), seed=2).fit(None, ROWS)


def drawn(made: Any, rows: int, **options: Any) -> pa.Table:
    return pa.Table.from_batches(list(made.sample(rows, **options)), ROWS.schema)


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=8)
@given(rows=st.integers(0, 300), seed=st.integers(0, 2**31))
def test_so_many_rows_of_the_fitted_schema_come(name: str, rows: int, seed: int) -> None:
    made = drawn(fitted(name), rows, seed=seed)
    assert len(made) == rows and made.schema == ROWS.schema


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=8)
@given(seed=st.integers(0, 2**31), size=st.integers(1, 400))
def test_the_same_seed_makes_the_same_rows_whatever_the_batches(name: str, seed: int, size: int) -> None:
    whole = drawn(fitted(name), 300, seed=seed)
    batches = list(fitted(name).sample(300, seed=seed, batch_rows=size))
    assert all(len(batch) == size for batch in batches[:-1])
    assert pa.Table.from_batches(batches).equals(whole)
    assert not drawn(fitted(name), 300, seed=seed + 1).equals(whole)


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=8)
@given(data=st.data())
def test_given_values_stay(name: str, data: st.DataObject) -> None:
    columns = data.draw(st.lists(st.sampled_from(ROWS.column_names), unique=True, min_size=1))
    order = data.draw(st.permutations(range(40)))
    given_rows = ROWS.select(columns).take(order)
    made = drawn(fitted(name), 40, given=given_rows)
    for column in columns:
        for kept, own in zip(made[column].to_pylist(), given_rows[column].to_pylist(), strict=True):
            assert own is None or kept == own


@pytest.mark.parametrize("name", NAMES)
def test_nulls_come_only_where_the_table_has_them(name: str) -> None:
    made = drawn(fitted(name), 500, seed=1)
    assert made["colour"].null_count
    assert not any(made[column].null_count for column in ("size", "price", "on", "owner"))


@pytest.mark.parametrize("name", NAMES)
def test_a_loaded_synthesizer_makes_the_same_rows_and_its_file_has_no_original(name: str, tmp_path: Path) -> None:
    made = fitted(name)
    made.save(tmp_path / "fit")
    assert drawn(type(made).load(tmp_path / "fit"), 200, seed=9).equals(drawn(made, 200, seed=9))
    content = (tmp_path / "fit").read_bytes()
    assert SECRET.encode() not in content
    assert b"Owner Of Thing 7" not in content
    assert SECRET not in drawn(made, 2_000)["owner"].to_pylist()

"""How the children of a row go on is found in the rows, and never set by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from synth.families import name, schema_of
from understudy.synth.families.children import (
    counters_of,
    firsts,
    floats,
    habits_of,
    means_of,
    order_of,
    places,
    plans_of,
    sorted_siblings,
    unwhole,
    whole,
)

OWNERS, EACH = 80, 6
OWNER = np.repeat(np.arange(OWNERS), EACH)
PLACE = np.tile(np.arange(EACH), OWNERS)
RNG = np.random.default_rng(2)


def rows() -> pa.Table:
    """Six rows each: counted, years that rise, a team that stays, a price that is kept, a score of no order."""
    start = RNG.integers(1900, 2000, OWNERS)
    return pa.table(
        {
            "owner": OWNER,
            "line": PLACE + 1,
            "year": start[OWNER] + 2 * PLACE,
            "day": pa.array((10_000 + OWNER * 7 + PLACE).astype(np.int32), pa.int32()).cast(pa.date32()),
            "team": np.array([f"team {one}" for one in range(20)])[(OWNER + PLACE // 4) % 20],
            "price": (RNG.random(OWNERS).round(3))[OWNER],
            "score": RNG.integers(0, 100, len(OWNER)),
            "won": RNG.random(len(OWNER)) < 0.5,
        }
    )


def test_order_steps_counters_and_carry_overs_are_found():
    table = rows().select(["line", "year", "team", "price", "score", "won"])
    siblings = sorted_siblings(table, OWNER, "year")
    counters = counters_of(siblings, table.column_names)
    assert counters == (("line", 1),)
    habits = habits_of(siblings, "year", table.column_names[1:], counters, 5)
    assert habits.steps == habits.rising == ("year",)
    assert habits.same == ("team", "price")
    assert habits.means == ("price", "score") and habits.labels == ("team", "won")


@pytest.mark.parametrize(
    ("columns", "uniques", "found"),
    [
        (["owner", "score", "day"], [], "day"),
        (["owner", "score", "year"], [], "year"),
        (["owner", "day", "year"], [("owner", "year")], "year"),
        (["owner", "score", "won"], [], ""),
    ],
    ids=["a date", "a column that is sorted as stored", "a part of the key", "none"],
)
def test_the_order_of_children_is_a_part_of_the_key_a_date_or_what_is_sorted(columns, uniques, found):
    table = rows().select(columns)
    schema = schema_of({name("t"): table}, (), {"t": uniques})
    assert order_of(schema.tables[0], table, OWNER, ["owner"]) == found


def test_rows_that_are_stored_in_any_order_are_sorted_by_their_date():
    mixed = RNG.permutation(len(OWNER))
    siblings = sorted_siblings(rows().take(pa.array(mixed)), OWNER[mixed], "day")
    assert siblings.owner.tolist() == OWNER.tolist() and siblings.place.tolist() == PLACE.tolist()
    assert siblings.rows["line"].to_pylist() == (PLACE + 1).tolist()
    assert siblings.index.tolist() == np.argsort(mixed).tolist()


def test_plans_are_what_the_rows_of_each_owner_come_to():
    table = pa.table(
        {
            "year": [2001, 2003, 1999],
            "score": pa.array([1, None, 7]),
            "team": ["a", "a", "b"],
        }
    )
    siblings = sorted_siblings(table, np.array([0, 0, 2]), "year")
    habits = habits_of(siblings, "year", table.column_names, (), 1)
    plans = plans_of(siblings, habits, 3)
    assert plans["first year"].to_pylist() == [date(2001, 7, 2), None, date(1999, 7, 2)]
    assert firsts(plans["first year"], pa.int64()).tolist() == [2001, 1970, 1999]
    assert plans["pace year"].to_pylist() == [2.0, None, None]
    assert plans["different team"].to_pylist() == [1, None, 1]
    means = means_of(siblings.rows, siblings.owner, habits, 3)
    assert {name: values.to_pylist() for name, values in means.items()} == {"mean score": [1.0, None, 7.0]}


@pytest.mark.parametrize(
    "values",
    [
        pa.array([1, 2, None], pa.int8()),
        pa.array([date(2020, 2, 29), None]),
        pa.array([3_600, None], pa.time32("s")),
        pa.array([5, 7], pa.timestamp("us", "UTC")),
    ],
)
def test_whole_units_come_back_as_the_values_they_are(values: pa.Array):
    assert unwhole(whole(values), values.type, np.asarray(values.is_null())).equals(values)
    assert np.isnan(floats(values)).tolist() == values.is_null().to_pylist()


def test_places_count_within_groups():
    assert places(np.array([4, 4, 7, 9, 9, 9])).tolist() == [0, 1, 0, 0, 1, 2]
    assert places(np.zeros(0, np.int64)).tolist() == []

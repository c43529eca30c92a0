"""Bars and maps: round edges, open ends, and pairs that go together."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.checks.pictures import FEWEST, pictures, trends
from understudy.checks.sides import sides


def one(values, other=None):
    table = pa.table({"x": values})
    return pictures(sides(table, table if other is None else pa.table({"x": other}), table))[0]


def test_edges_of_a_measure_are_round_and_its_ends_open():
    dice = np.random.default_rng(1)
    picture = one(dice.normal(50, 10, 2000))
    assert picture.bars[0].startswith("under ") and picture.bars[-1].endswith(" and over")
    assert picture.bars[1] == "32 to 34" or picture.bars[1].count(" to ") == 1
    assert sum(picture.real) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([dt.date(2020, 1, 1) + dt.timedelta(days=day) for day in range(400)], r"20\d\d-\d\d-\d\d"),
        ([dt.datetime(2020, 1, 1) + dt.timedelta(hours=hour) for hour in range(400)], r"2020-01-\d\d \d\d:00"),
        ([dt.time(hour % 24, hour % 60) for hour in range(400)], r"\d\d:\d\d"),
    ],
)
def test_moments_are_written_as_people_write_them(values, shown):
    import re

    assert re.search(shown, one(values).bars[1])


def test_constants_nulls_and_atoms_have_a_picture_too():
    assert one([5] * 100).bars == ("all values",)
    assert one([None] * 100 + [1.0] * 100).bars[-1] == "(null)"
    zeros = one([0] * 900 + list(range(1, 101)))
    assert zeros.real[0] > 0.85 and sum(share or 0 for share in zeros.real) == pytest.approx(1, abs=0.05)
    assert one(pa.nulls(100)).bars == ("(null)",)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(-(10**12), 10**12)), min_size=40, max_size=200), st.integers(0, 9))
def test_no_bar_of_any_column_is_of_fewer_than_ten_rows(values, few):
    picture = one(pa.array(values, pa.int64()))
    rows = len(values)
    assert all(share is None or share * rows > FEWEST - 0.5 for share in (*picture.real, *picture.made))
    labels = pa.array([f"l{few}"] * few + ["often"] * (rows - few))
    assert f"l{few}" not in one(labels).bars or few >= FEWEST


def test_labels_of_few_rows_are_shown_by_what_they_look_like_alone():
    codes = [f"K-{n * 7919 % 9973:04}" for n in range(200)] * 2 + ["none"] * 100
    assert set(one(codes).bars) == {"like A-9999", "none"}


def test_a_column_that_fixes_another_is_the_strongest_pair_and_shuffling_loses_it():
    dice = np.random.default_rng(2)
    a, c = dice.integers(0, 5, 1000), dice.normal(size=1000)
    real = pa.table({"a": a, "b": a * 2, "c": c})
    made = pa.table({"a": a, "b": dice.permutation(a) * 2, "c": c})
    found = trends(sides(real, made, real))
    assert found.real[0] > 0.99 and found.made[0] < 0.1
    assert found.real[1] < 0.1, "what is independent goes with nothing"
    assert found.lost(1)[0][:2] == ("a", "b")
    assert trends(sides(real.select(["a"]), real.select(["a"]))) is None

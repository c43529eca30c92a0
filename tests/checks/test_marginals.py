"""Shape, nulls, trend and accuracy: equal to their definitions, bounded, and the same however rows are ordered."""

from __future__ import annotations

import datetime
from collections import Counter
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from checks.tables import verdicts
from understudy.checks.marginals import accuracy, most_accuracy, nulls, shape, trend
from understudy.checks.sides import pattern, sides, torn
from understudy.errors import InputError


def by_subject(scores):
    return {score.subject: score for score in scores}


def normal(rows, seed, shift=0.0):
    return np.random.default_rng(seed).normal(shift, 1, rows)


def test_the_shape_of_a_measure_is_one_minus_the_kolmogorov_smirnov_distance():
    real, made, held = normal(300, 1), normal(400, 2, 0.5), normal(400, 3)
    score = by_subject(shape(sides(*(pa.table({"x": side}) for side in (real, made, held)))))["x"]
    assert score.value == pytest.approx(1 - stats.ks_2samp(real, made).statistic)
    assert score.ceiling == pytest.approx(1 - stats.ks_2samp(real, held).statistic)


def codes(seed, rows=600, look="K-{:04}"):
    """Labels that hardly two rows have, and one that many do."""
    drawn = np.random.default_rng(seed).integers(0, 10_000, rows)
    return pa.table({"x": ["none" if n % 3 == 0 else look.format(number) for n, number in enumerate(drawn)],
                     "y": range(rows)})  # fmt: skip


def test_labels_of_few_rows_are_compared_by_their_patterns_and_frequent_ones_as_they_are():
    real, made, held = codes(1), codes(2), codes(3)
    assert by_subject(shape(sides(real, made, held)))["x"].value == pytest.approx(1, abs=0.01)
    other = codes(2, look="{}-K")
    assert by_subject(shape(sides(real, other, held)))["x"].value == pytest.approx(1 / 3, abs=0.01)
    assert "their patterns are compared" in " ".join(sides(real, made, held).notes)


def test_a_hundred_labels_of_few_rows_are_compared_one_by_one():
    real = pa.table({"x": [f"label {n % 100}" for n in range(300)]})
    other = pa.table({"x": [f"label {n % 100 + 100}" for n in range(300)]})
    assert by_subject(shape(sides(real, other, real)))["x"].value == pytest.approx(0)


def test_the_shape_of_labels_is_one_minus_the_total_variation():
    real, made = ["a"] * 50 + ["b"] * 50, ["a"] * 80 + ["c"] * 20
    score = by_subject(shape(sides(*(pa.table({"x": side}) for side in (real, made, real)))))["x"]
    assert score.value == pytest.approx(0.5)
    assert score.ceiling == pytest.approx(1.0)


def test_the_trend_of_two_measures_is_half_the_difference_of_pearsons_correlation():
    def table(seed, slope):
        x = normal(500, seed)
        return pa.table({"x": x, "y": slope * x + normal(500, seed + 9)})

    real, made, held = table(1, 1), table(2, -1), table(3, 1)
    (score, *_) = trend(sides(real, made, held))
    wanted = [np.corrcoef(side["x"].to_numpy(), side["y"].to_numpy())[0, 1] for side in (real, made)]
    assert score.value == pytest.approx(1 - abs(wanted[0] - wanted[1]) / 2)
    assert score.floor < score.ceiling - 0.2


def contingency(real, made, bins):
    """The overlap of two tables of pairs, counted one by one; a number in one of ten equal parts of the real range."""

    def cell(row):
        return tuple(
            value if edges is None else sum(value >= edge for edge in edges)
            for value, edges in zip(row, bins, strict=True)
        )

    counts = [Counter(map(cell, side)) for side in (real, made)]
    return 1 - sum(abs(counts[0][one] / len(real) - counts[1][one] / len(made)) for one in {*counts[0], *counts[1]}) / 2


@pytest.mark.parametrize("numeric", [False, True])
def test_the_trend_of_labels_is_the_overlap_of_their_contingency_tables(numeric):
    def rows(seed, slope):
        dice = np.random.default_rng(seed)
        kind = dice.integers(0, 3, 300)
        other = slope * kind + dice.normal(0, 1, 300) if numeric else (kind * slope + dice.integers(0, 2, 300)) % 4
        return list(
            zip(kind.astype(str).tolist(), other.tolist() if numeric else other.astype(str).tolist(), strict=True)
        )

    def table(pairs):
        return pa.table({"kind": [one for one, _ in pairs], "other": [two for _, two in pairs]})

    real, made, held = rows(1, 1), rows(2, 3), rows(3, 1)
    values = [two for _, two in real]
    edges = [min(values) + part * (max(values) - min(values)) / 10 for part in range(1, 10)] if numeric else None
    (score, *_) = trend(sides(table(real), table(made), table(held)))
    assert score.value == pytest.approx(contingency(real, made, (None, edges)))
    assert score.ceiling == pytest.approx(contingency(real, held, (None, edges)))


def test_two_samples_of_one_source_agree_as_far_as_the_formula_says():
    dice = np.random.default_rng(4)
    p = np.array([0.5, 0.3, 0.1, 0.1])
    seen = [1 - 0.5 * np.abs(dice.multinomial(500, p) / 500 - dice.multinomial(200, p) / 200).sum() for _ in range(800)]
    assert most_accuracy(p * 500, 200) == pytest.approx(np.mean(seen), abs=0.004)


def test_a_copy_is_told_to_be_nearer_than_real_rows_are():
    real, held = (pa.table({"x": normal(400, seed), "y": normal(400, seed + 1)}) for seed in (1, 5))
    copied = next(score for score in accuracy(sides(real, real, held)) if score.name == "2-way accuracy")
    fair = next(score for score in accuracy(sides(real, held, held)) if score.name == "2-way accuracy")
    assert "nearer to the real rows than real rows are" in copied.detail
    assert "nearer" not in fair.detail


def test_intervals_hold_the_value_of_the_whole_source_about_as_often_as_they_say():
    """The likeness of two sources that differ by a known shift, from 60 pairs of samples."""
    wanted = 1 - (stats.norm.cdf(0.5) - stats.norm.cdf(-0.5))
    held = 0
    for seed in range(60):
        real, made = pa.table({"x": normal(800, 2 * seed)}), pa.table({"x": normal(800, 2 * seed + 1, 1.0)})
        score = by_subject(shape(sides(real, made, real)))["x"]
        held += score.low <= wanted <= score.high
    assert held >= 48


def test_nulls_are_compared_apart_from_values():
    values = normal(400, 1)
    full, half = pa.table({"x": values}), pa.table({"x": pa.array(values, mask=np.arange(400) % 2 == 0)})
    whole = sides(full, half, full)
    assert verdicts(nulls(whole), "fail") == {("nulls", "x"): "fail", ("mean nulls", "table"): "fail"}
    assert not verdicts(shape(whole), "fail")
    assert "50.0% null where 0.0% are" in by_subject(nulls(whole))["x"].detail


def odd(seed, rows=120):
    """A column of every kind that is hard: infinite, constant, null, nested, beyond floats, of every moment."""
    dice = np.random.default_rng(seed)
    x = dice.normal(size=rows)
    x[:3] = np.inf, -np.inf, np.nan
    whole = dice.integers(0, 5, rows).tolist()
    return pa.table(
        {
            "infinite": x,
            "constant": np.ones(rows),
            "null": pa.nulls(rows),
            "null text": pa.nulls(rows, pa.string()),
            "flag": x > 0,
            "decimal": pa.array([Decimal(one) / 8 for one in whole], pa.decimal128(20, 9)),
            "moment": pa.array(dice.integers(0, 10**15, rows), pa.timestamp("us", "UTC")),
            "time": pa.array(dice.integers(0, 86_400_000_000, rows), pa.time64("us")),
            "day": pa.array([datetime.date(2020, 1, 1 + one) for one in whole]),
            "label": pa.array(np.array(["a", "b", "c"])[dice.integers(0, 3, rows)]).dictionary_encode(),
            "list": pa.array([[one] for one in whole]),
            "bytes": pa.array([bytes([one]) for one in whole]),
            "e-mail": pa.array([f"u{one}@x.org" for one in dice.integers(0, 10**9, rows)]),
            "long": dice.integers(2**62, 2**63 - 1, rows),
        }
    )


def test_every_kind_of_column_has_a_shape_a_trend_and_an_accuracy():
    whole = sides(odd(1), odd(2), odd(3))
    assert {score.subject for score in shape(whole)} == {"table", *odd(1).column_names}
    assert not verdicts([*shape(whole), *nulls(whole), *trend(whole)[:1], *accuracy(whole)], "fail", "error")
    assert any(note.startswith("e-mail: nearly every text is another") for note in whole.notes)


def test_texts_that_name_rows_are_compared_by_what_they_look_like():
    assert pattern(pa.array(["Ada@x.org", "ÉmileZ-12", None])).to_pylist() == ["Aa@a.a", "AaA-99", None]
    names = [pa.table({"code": [f"AB-{number:04}" for number in range(start, start + 200)]}) for start in (0, 300, 600)]
    assert by_subject(shape(sides(*names)))["code"].value == 1.0
    other = pa.table({"code": [f"{number:04}/AB" for number in range(200)]})
    assert by_subject(shape(sides(names[0], other, names[1])))["code"].value == 0.0


def test_a_missing_column_another_kind_and_too_few_rows_are_told_without_a_value():
    real = pa.table({"x": normal(100, 1), "y": normal(100, 2)})
    with pytest.raises(InputError, match="the made table lacks y"):
        sides(real, real.select(["x"]))
    with pytest.raises(InputError, match="x holds numbers on one side") as caught:
        sides(real, pa.table({"x": ["secret"] * 100, "y": normal(100, 2)}))
    assert "secret" not in str(caught.value)
    with pytest.raises(InputError, match="fewer than 20 rows"):
        sides(real, real.slice(0, 5), real)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.integers(-5, 5)), min_size=45, max_size=60),
    st.lists(st.one_of(st.none(), st.integers(-9, 9)), min_size=45, max_size=60),
    st.booleans(),
)
def test_scores_lie_between_nothing_and_all_and_a_table_is_like_itself(real, made, labels):
    def table(values):
        texts = [None if one is None else f"l{one % 3}" for one in values]
        return pa.table({"x": pa.array(values, pa.int64()), "y": texts if labels else pa.array(values, pa.float64())})

    for one, two in ((real, made), (real, real)):
        whole = sides(table(one), table(two), table(real))
        for score in (*shape(whole), *nulls(whole), *trend(whole), *accuracy(whole)):
            assert 0 <= score.low <= score.value <= score.high <= 1
            if two is real:
                assert score.value == pytest.approx(1.0)


def test_the_same_tables_give_the_same_scores():
    real, made = pa.table({"x": normal(300, 1)}), pa.table({"x": normal(300, 2)})
    assert shape(sides(real, made)) == shape(sides(real, made))


def test_torn_columns_keep_their_values_and_lose_their_rows():
    table = pa.table({"x": range(100), "y": range(100)})
    apart = torn(table, 1)
    assert sorted(apart["x"].to_pylist()) == list(range(100))
    assert np.mean(apart["x"].to_numpy() == apart["y"].to_numpy()) < 0.1

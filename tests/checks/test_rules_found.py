"""Rules that nobody wrote down are found in real rows: sums, products, pairs that fix a third; made rows are asked."""

import numpy as np
import pyarrow as pa
import pytest

from checks.tables import replaced, shuffled, verdicts
from understudy.checks.arithmetic import products, sums
from understudy.checks.likelihood import gap
from understudy.checks.rulecheck import composites, dependencies, new_categories
from understudy.checks.sides import sides
from understudy.errors import Error


def bills(seed, rows=400):
    dice = np.random.default_rng(seed)
    net, count = dice.gamma(3, 40, rows).round(2), dice.integers(1, 9, rows)
    tax = (0.1 * net).round(2)
    unit = dice.gamma(2, 5, rows).round(2)
    return pa.table({"net": net, "tax": tax, "gross": net + tax, "unit": unit, "count": count,
                     "cost": (unit * count).round(2), "other": dice.normal(size=rows)})  # fmt: skip


def test_columns_that_add_up_must_still_do_so():
    real, fresh, held = bills(1), bills(2), bills(3)
    assert verdicts(sums(sides(real, fresh, held))) == {("sum", "gross = net + tax"): "pass"}
    broken = replaced(fresh, "tax", shuffled(fresh["tax"]))
    assert verdicts(sums(sides(real, broken, held))) == {("sum", "gross = net + tax"): "fail"}


def test_a_column_that_is_a_product_as_rounded_as_it_is_written_must_stay_one():
    real, fresh, held = bills(1), bills(2), bills(3)
    assert verdicts(products(sides(real, fresh, held))) == {("product", "cost = unit x count"): "pass"}
    broken = replaced(fresh, "count", shuffled(fresh["count"]))
    assert verdicts(products(sides(real, broken, held)), "fail") == {("product", "cost = unit x count"): "fail"}


def test_zeros_and_ones_are_no_sum_and_no_product():
    dice = np.random.default_rng(4)
    flag = (dice.random(300) < 0.5).astype(int)
    table = pa.table({"a": flag, "zero": np.zeros(300, int), "one": np.ones(300, int), "b": flag})
    whole = sides(table, table, table)
    assert sums(whole) == [] and products(whole) == []


def places(seed, rows=600):
    """Country and number of a region fix the region's name; neither does alone."""
    dice = np.random.default_rng(seed)
    country, region = dice.integers(0, 4, rows), dice.integers(0, 5, rows)
    names = [f"{'abcd'[one]}{two}" for one, two in zip(country, region, strict=True)]
    hashed = [f"n{(7 * one + 3 * two) % 6}" for one, two in zip(country, region, strict=True)]
    return pa.table({"country": country.astype(str), "region": region.astype(str), "name": hashed, "code": names})


def test_two_columns_that_together_fix_a_third_must_still_do_so():
    real, fresh, held = (places(seed).drop_columns(["code"]) for seed in (1, 2, 3))
    rule = ("dependency", "country, region -> name")
    assert verdicts(composites(sides(real, fresh, held)))[rule] == "pass"
    broken = replaced(fresh, "name", shuffled(fresh["name"]))
    assert verdicts(composites(sides(real, broken, held)))[rule] == "fail"
    assert not dependencies(sides(real, fresh, held)), "no column does it alone"


def test_what_a_column_fixes_alone_is_told_once():
    real, fresh, held = places(1), places(2), places(3)
    told = [score.subject for score in composites(sides(real, fresh, held))]
    assert not [subject for subject in told if "code" in subject.split(" -> ")[0]]


def test_labels_that_no_real_row_has_are_counted():
    real, fresh, held = places(1), places(2), places(3)
    (score,) = new_categories(sides(real, fresh, held))
    assert score.value == 0 and verdicts([score]) == {("new categories", "table"): "pass"}
    strange = replaced(fresh, "name", pa.array(["?"] * 300 + fresh["name"].to_pylist()[300:]))
    (score,) = new_categories(sides(real, strange, held))
    assert score.breakdown == {"name": 0.5}
    assert verdicts([score]) == {("new categories", "table"): "fail"}


def test_a_model_that_remembers_finds_its_own_rows_likelier():
    real, held = bills(1), bills(3)
    known = set(real["net"].to_pylist())

    def remembers(rows):
        return np.array([-1.0 if net in known else -9.0 for net in rows["net"].to_pylist()])

    (score,) = gap(real, held, remembers)
    assert score.value == pytest.approx(8, abs=0.5) and score.low > 7
    (score,) = gap(real, held, lambda rows: np.random.default_rng(len(rows)).normal(size=len(rows)))
    assert score.low <= 0 <= score.high
    with pytest.raises(Error, match="no likelihood"):
        gap(real, held, lambda rows: np.full(len(rows), np.nan))

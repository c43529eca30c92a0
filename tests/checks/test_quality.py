"""Quality metrics prove themselves: what is right passes, and every planted fault is caught and named."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from checks.tables import census, houses, replaced, shuffled, three, verdicts
from understudy.checks.c2st import c2st
from understudy.checks.marginals import nulls, shape, trend
from understudy.checks.quality import Limit, judge, quality
from understudy.checks.queries import queries
from understudy.checks.rulecheck import constants, dependencies, equalities, orders, ranges, unique_keys
from understudy.checks.scores import Score, attempt
from understudy.checks.sides import sides, torn
from understudy.errors import InputError


@pytest.fixture(scope="module")
def adult(shared_data):
    return three(census(shared_data), 1500)


def test_fresh_real_rows_pass_every_metric(adult):
    real, holdout, fresh = adult
    scores = quality(real, fresh, holdout, subject="adult", targets=["income"])
    assert not verdicts(scores, "fail", "error")
    names = {score.name for score in scores}
    assert {"mean shape", "trend", "3-way accuracy", "c2st holdout", "mean utility", "familiar score"} <= names


def test_columns_drawn_independently_are_at_the_floor_however_well_each_is_drawn(adult):
    real, holdout, _ = adult
    whole = sides(real, torn(real, 1), holdout, subject="adult")
    found = {score.name: score for score in [*shape(whole), *trend(whole), *c2st(whole)]}
    assert verdicts(shape(whole)).pop(("mean shape", "adult")) == "pass"
    assert abs(found["trend"].lift) < 0.35 and found["c2st holdout"].value < 0.5
    assert verdicts([found["trend"], found["c2st holdout"]], "pass") == {}


def test_a_column_that_became_null_is_caught_and_named(adult):
    real, holdout, fresh = adult
    empty = replaced(fresh, "hours", pa.nulls(fresh.num_rows, pa.int64()))
    assert ("nulls", "hours") in verdicts(nulls(sides(real, empty, holdout)), "fail")
    assert ("variety", "table") in verdicts(constants(real, empty), "fail")


def test_a_shifted_distribution_is_caught_and_named(adult):
    real, holdout, fresh = adult
    older = replaced(fresh, "age", pc.add(fresh["age"], 5))
    assert set(verdicts(shape(sides(real, older, holdout)), "fail")) == {("shape", "age")}


def test_a_broken_dependency_is_caught_and_named(adult):
    real, holdout, fresh = adult
    broken = replaced(fresh, "years", shuffled(fresh["years"]))
    failed = verdicts(dependencies(sides(real, broken, holdout)), "fail")
    assert any("years" in subject for _, subject in failed)
    assert not verdicts(dependencies(sides(real, fresh, holdout)), "fail")


def test_ends_before_starts_are_caught_and_named():
    dice = np.random.default_rng(1)
    start = dice.integers(0, 1000, 900)
    stay = pa.table({"start": start, "stop": start + dice.integers(1, 30, 900)})
    real, holdout, fresh = stay.slice(0, 300), stay.slice(300, 300), stay.slice(600)
    turned = fresh.rename_columns(["stop", "start"]).select(["start", "stop"])
    assert not verdicts(orders(sides(real, fresh, holdout)), "fail")
    assert any("start" in subject for _, subject in verdicts(orders(sides(real, turned, holdout)), "fail"))


def test_bedrooms_that_outnumber_rooms_are_caught_in_a_real_table(shared_data):
    real, holdout, fresh = three(houses(shared_data), 1500)
    rule = ("order", "total_bedrooms <= total_rooms")
    assert verdicts(orders(sides(real, fresh, holdout)))[rule] == "pass"
    apart = replaced(fresh, "total_rooms", shuffled(fresh["total_rooms"]))
    assert verdicts(orders(sides(real, apart, holdout)))[rule] == "fail"


def test_columns_that_are_equal_more_often_than_chance_must_stay_so():
    def bills(seed, equal):
        dice = np.random.default_rng(seed)
        billed = dice.integers(0, 1000, 400)
        paid = np.where(dice.random(400) < equal, billed, dice.integers(0, 1000, 400))
        return pa.table({"billed": billed, "paid": paid, "other": dice.integers(0, 1000, 400)})

    fresh, never = ((equalities(sides(bills(1, 0.3), bills(2, equal), bills(3, 0.3)))) for equal in (0.3, 0.0))
    assert verdicts(fresh) == {("equality", "billed = paid"): "pass"}
    assert verdicts(never) == {("equality", "billed = paid"): "fail"}
    assert never[0].breakdown["real"] == pytest.approx(0.3, abs=0.05)


def test_values_beyond_the_real_ones_and_new_labels_are_caught_and_named(adult):
    real, holdout, fresh = adult
    strange = replaced(fresh, "sex", pa.array([" Robot"] * 300 + fresh["sex"].to_pylist()[300:]))
    strange = replaced(strange, "hours", pc.multiply(fresh["hours"], -1))
    failed = verdicts(ranges(sides(real, strange, holdout)), "fail")
    assert {("within range", "sex"), ("within range", "hours")} <= set(failed)
    assert not verdicts(ranges(sides(real, fresh, holdout)), "fail")


def test_numbers_that_all_differ_by_chance_are_no_key():
    dice = np.random.default_rng(1)
    real = pa.table({"amount": dice.choice(10**9, 200, replace=False), "id": dice.permutation(200)})
    assert [score.subject for score in unique_keys(real, real)] == ["id"]


def test_a_duplicated_key_is_caught_and_named():
    real = pa.table({"id": range(50), "name": [f"n{row}" for row in range(50)]})
    twice = real.set_column(0, "id", pa.array([7, *range(1, 50)]))
    assert not verdicts(unique_keys(real, real, [["id"]]), "fail")
    ((_, subject),) = verdicts(unique_keys(real, twice, [["id"]]), "fail")
    assert "id" in subject


def test_a_query_of_ones_own_is_asked_of_both_sides():
    real = {"orders": pa.table({"kind": ["a", "a", "b"], "total": [1, 3, 10]})}
    made = {"orders": pa.table({"kind": ["a", "a", "c"], "total": [2, 2, 10]})}
    asked = {"totals": "select kind, sum(total) as total from orders group by kind"}
    (score,) = queries(asked, real, made)
    assert score.value == pytest.approx(1 / 3), "a agrees; b is only there, c only here"
    assert queries(asked, real, real)[0].value == 1.0
    with pytest.raises(InputError, match="does not run"):
        queries({"files": "select * from read_csv('/etc/passwd')"}, real, made)


def test_a_score_fails_only_where_its_whole_interval_is_too_far_below_the_ceiling():
    def judged(value, **others):
        return judge([Score("trend", "t", value, 0.5, 1.0, value - 0.05, value + 0.05, **others)])[0]

    assert judged(0.88).verdict == "pass", "0.93 is within a fifth of the way"
    assert judged(0.84).verdict == "fail"
    assert judged(0.84).limit == pytest.approx(0.9)
    assert judge([Score("trend", "t", 0.84, 0.5, 1.0)], {"trend": Limit(lift=0.5)})[0].verdict == "pass"
    assert judge([Score("trend", "t", 0.84, 0.5, 1.0)], {"trend": None})[0].verdict == "note"
    risk = Score("risk", "t", 0.3, 0.5, 0.0, 0.2, 0.4, higher_is_better=False)
    assert judge([risk])[0].verdict == "fail"


def test_lift_is_the_part_of_the_way_from_floor_to_ceiling():
    assert Score("trend", "t", 0.9, 0.8, 1.0).lift == pytest.approx(0.5)
    assert Score("shape", "t", 0.9, 0.99, 0.99).lift is None
    assert Score("shape", "t", None, 0.5, 0.9).lift is None


def test_a_lacking_column_blocks_the_whole_comparison_and_is_named(adult):
    real, holdout, fresh = adult
    scores = quality(real, fresh.drop_columns(["age"]), holdout)
    assert ("comparison", "table") in verdicts(scores, "error")
    assert "lacks age" in scores[0].detail


def test_nothing_heavy_is_loaded_before_a_metric_needs_it():
    script = (
        "import sys, understudy.checks.quality, understudy.checks.relational\n"
        "print([name for name in ('torch', 'sklearn', 'scipy', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_could_not_be_computed_blocks_and_shows_no_value():
    def fails():
        raise ValueError("could not convert string to float: 'ada@mail.test'")

    scores = attempt("shape", "users", fails)
    assert verdicts(scores) == {("shape", "users"): "error"}
    assert "ada@mail.test" not in scores[0].detail

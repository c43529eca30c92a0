"""Quality metrics prove themselves: what is right passes, and every planted fault is caught and named."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pytest

from understudy.checks.c2st import c2st
from understudy.checks.familiar import familiar
from understudy.checks.marginals import nulls, shape, trend
from understudy.checks.quality import judge, quality
from understudy.checks.queries import queries
from understudy.checks.relational import relational
from understudy.checks.rulecheck import constants, dependencies, orders, unique_keys
from understudy.checks.scores import attempt
from understudy.checks.sides import sides, torn
from understudy.errors import InputError
from understudy.schema import ForeignKey, TableName

COLUMNS = """age workclass weight education years marital occupation relation race sex gain loss hours country
income""".split()


@pytest.fixture(scope="module")
def adult(shared_data):
    """Three samples of the census: learned from, held out, and fresh ones that stand for a perfect synthesizer."""
    path = shared_data / "tabular" / "adult_uci" / "adult-train.csv"
    rows = pyarrow.csv.read_csv(path, pyarrow.csv.ReadOptions(column_names=COLUMNS))
    order = np.random.default_rng(5).permutation(rows.num_rows)
    return [rows.take(order[start : start + 1500]) for start in (0, 1500, 3000)]


def verdicts(scores, *wanted):
    return {(one.check, one.subject): one.verdict for one in judge(scores) if not wanted or one.verdict in wanted}


def replaced(table, name, values):
    return table.set_column(table.schema.get_field_index(name), name, values)


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


def test_the_familiar_score_is_fooled_by_them(adult):
    real, holdout, _ = adult
    (score,) = familiar(sides(real, torn(real, 1), holdout, subject="adult"))
    assert score.value > 7.5 and "Good" in score.detail
    assert verdicts([score]) == {("familiar score", "adult"): "note"}


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
    broken = replaced(fresh, "years", fresh["years"].take(np.random.default_rng(0).permutation(fresh.num_rows)))
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


def test_a_duplicated_key_is_caught_and_named():
    real = pa.table({"id": range(50), "name": [f"n{row}" for row in range(50)]})
    twice = real.set_column(0, "id", pa.array([7, *range(1, 50)]))
    assert not verdicts(unique_keys(real, real, [["id"]]), "fail")
    ((_, subject),) = verdicts(unique_keys(real, twice, [["id"]]), "fail")
    assert "id" in subject


USERS, ORDERS = TableName("", "users"), TableName("", "orders")
KEY = ForeignKey("orders_user", ORDERS, ("user_id",), USERS, ("id",))


def shop(seed, *, orphan=False, lonely=False):
    """200 users of some age, each with as many orders as years past twenty allow; or none but one user's."""
    dice = np.random.default_rng(seed)
    ids, age = np.arange(200), dice.integers(20, 60, 200)
    counts = dice.poisson((age - 18) / 8)
    owner = np.repeat(ids, counts)
    owner = np.zeros(len(owner), np.int64) if lonely else owner
    total = np.repeat(age, counts) * 2.0 + dice.normal(0, 3, len(owner))
    if orphan:
        owner[3] = 777
    return {USERS: pa.table({"id": ids, "age": age}), ORDERS: pa.table({"user_id": owner, "total": total})}


def test_families_of_the_same_source_pass_and_an_orphan_is_caught():
    real, holdout = shop(1), shop(2)
    assert not verdicts(relational(real, shop(3), [KEY], holdout), "fail", "error")
    failed = verdicts(relational(real, shop(3, orphan=True), [KEY], holdout), "fail")
    assert ("integrity", KEY.id) in failed


def test_children_that_are_all_one_parents_are_caught():
    failed = verdicts(relational(shop(1), shop(3, lonely=True), [KEY], shop(2)), "fail")
    assert ("cardinality", KEY.id) in failed


def test_a_query_of_ones_own_is_asked_of_both_sides():
    real = {"orders": pa.table({"kind": ["a", "a", "b"], "total": [1, 3, 10]})}
    made = {"orders": pa.table({"kind": ["a", "a", "c"], "total": [2, 2, 10]})}
    asked = {"totals": "select kind, sum(total) as total from orders group by kind"}
    (score,) = queries(asked, real, made)
    assert score.value == pytest.approx(1 / 3), "a agrees; b is only there, c only here"
    assert queries(asked, real, real)[0].value == 1.0
    with pytest.raises(InputError, match="does not run"):
        queries({"files": "select * from read_csv('/etc/passwd')"}, real, made)


def test_what_could_not_be_computed_blocks_and_shows_no_value():
    def fails():
        raise ValueError("could not convert string to float: 'ada@mail.test'")

    scores = attempt("shape", "users", fails)
    assert verdicts(scores) == {("shape", "users"): "error"}
    assert "ada@mail.test" not in scores[0].detail

"""The score that users know is fooled by what ours is not: each fooled number beside the one that is not."""

from dataclasses import replace

import pyarrow as pa
import pytest

from checks.tables import bank, census, replaced, three, verdicts
from understudy.checks.familiar import familiar, grade
from understudy.checks.marginals import nulls, shape, trend
from understudy.checks.quality import judge
from understudy.checks.sides import sides, torn


@pytest.fixture(scope="module", params=[census, bank], ids=["census", "bank"])
def samples(request, shared_data):
    return three(request.param(shared_data), 3000)


def test_columns_drawn_independently_are_graded_good_by_it_and_are_at_the_floor_of_ours(samples):
    real, holdout, fresh = samples
    whole = sides(real, torn(fresh, 1), holdout)
    (score,) = familiar(whole)
    assert 7.5 < score.value < 8.5, "published code gives 7.9 for the census and 8.2 for the bank"
    assert grade(score.value) in ("Good", "Excellent")
    ours = trend(whole)[0]
    assert abs(ours.lift) < 0.15
    assert judge([ours])[0].verdict == "fail"


def test_real_rows_get_what_published_code_gives_them(samples):
    real, holdout, fresh = samples
    (score,) = familiar(sides(real, fresh, holdout))
    assert score.value == pytest.approx(9.7, abs=0.2), "the table's own 9.7, of more rows"
    assert score.value == pytest.approx(score.ceiling, abs=0.15)


def test_a_column_that_became_null_costs_it_nothing_and_fails_ours(samples):
    real, holdout, fresh = samples
    empty = replaced(fresh, "age", pa.nulls(fresh.num_rows, pa.int64()))
    whole, sound = sides(real, empty, holdout), sides(real, fresh, holdout)
    (score,), (before,) = familiar(whole), familiar(sound)
    assert grade(score.value) == "Excellent"
    assert score.breakdown["distribution"] >= before.breakdown["distribution"]
    assert {("nulls", "age"), ("shape", "age")} <= set(verdicts([*nulls(whole), *shape(whole)], "fail"))


def test_it_is_shown_and_never_judged(samples):
    real, holdout, fresh = samples
    assert set(verdicts(familiar(sides(real, fresh, holdout))).values()) == {"note"}


def test_a_table_of_texts_alone_has_none_and_fails_nothing_by_that():
    texts = pa.table({"note": [f"{number} is a number" for number in range(100)]})
    (score,) = familiar(replace(sides(texts, texts, texts), facets=()))
    assert score.failed
    assert set(verdicts([score]).values()) == {"note"}

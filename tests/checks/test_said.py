"""Texts that say dates or amounts are compared as what they say."""

import numpy as np
import pyarrow as pa

from understudy.checks.said import said
from understudy.checks.scoring import Asked, score
from understudy.schema import TableName

T = TableName("", "visits")


def visits(seed, rows=400, form="%m/%d/%Y"):
    rng = np.random.default_rng(seed)
    days = np.datetime64("2020-01-01") + rng.integers(0, 1_500, rows)
    paid = rng.gamma(2, 900, rows)
    return pa.table(
        {"day": [day.item().strftime(form) for day in days], "paid": [f"${one:,.2f}" for one in paid],
         "who": rng.choice(["a", "b"], rows)}
    )  # fmt: skip


def answers(made, **asked):
    found = score({T: visits(1)}, {T: made}, {T: visits(2)}, Asked(**asked))
    return {(one.result.check, one.result.subject): one.result for one in found.answers}


def test_other_days_and_amounts_of_the_same_kind_are_alike():
    found = answers(visits(3))
    assert found["shape", "day"].verdict == found["shape", "paid"].verdict == "pass"
    assert found["shape", "day"].value > 0.9  # nearly every text is another


def test_texts_that_say_nothing_are_missed():
    found = answers(visits(3, form="%d|%m|%Y"))
    assert found["nulls", "day"].verdict == "fail"


def test_all_sides_are_read_as_the_real_one_is_written():
    real, made, held = said({T: visits(1)}, {T: visits(2)}, {T: visits(3)})
    assert [side[T].schema.field("day").type for side in (real, made, held)] == [pa.date32()] * 3
    assert [side[T].schema.field("who").type for side in (real, made, held)] == [pa.string()] * 3


def test_tables_that_are_asked_in_sql_keep_their_texts():
    found = answers(visits(3), queries={"days": "select substr(day, 7, 4) as year, count(*) from visits group by 1"})
    assert not [one for one in found.values() if one.check == "query" and one.verdict == "error"]

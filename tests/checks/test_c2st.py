"""Trees that tell made rows from real ones: never where there is nothing to tell, always where there is."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from checks.tables import verdicts
from understudy.checks.c2st import area, c2st
from understudy.checks.sides import sides


def correlated(seed, rows=400, names=1):
    """Two measures that go together, a label that follows them, and names of which every side has its own."""
    dice = np.random.default_rng(seed)
    x = dice.normal(size=rows)
    y = x + dice.normal(0, 0.3, rows)
    label = np.where(x + dice.normal(0, 0.3, rows) > 0, "high", "low")
    name = np.char.add("n", dice.integers(0, rows * names, rows).astype(str))
    return pa.table({"x": x, "y": y, "label": label, "name": name})


def found(made, real=None, held=None):
    scores = c2st(sides(real or correlated(1), made, held or correlated(2)))
    return {score.name: score for score in scores}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40))
def test_the_area_is_that_of_the_roc_curve(rows):
    score, label = np.array([one for one, _ in rows], float), np.array([one for _, one in rows])
    wanted = roc_auc_score(label, score) if len(set(label.tolist())) == 2 else 0.5
    assert area(score, label) == pytest.approx(wanted)


def test_fresh_rows_cannot_be_told_apart_though_half_of_their_names_are_new():
    scores = found(correlated(3))
    assert scores["c2st holdout"].value > 0.9
    assert scores["c2st holdout"].floor < 0.4
    assert not verdicts(scores.values(), "fail")


def test_the_column_that_betrays_is_named():
    made = correlated(3)
    bent = made.set_column(1, "y", pa.array(-made["y"].to_numpy()))
    score = found(bent)["c2st holdout"]
    assert score.value < 0.2
    assert next(iter(score.breakdown)) in ("x", "y")
    assert "betrayed by" in score.detail
    assert verdicts([score], "fail")


def test_a_copy_of_what_was_learned_gains_nothing_against_the_holdout():
    real = correlated(1)
    scores = found(real, real)
    assert scores["c2st"].value == 1.0, "equal rows share a fold, so a copy is no different from its original"
    assert scores["c2st holdout"].value == pytest.approx(scores["c2st holdout"].ceiling, abs=0.1)
    assert verdicts([scores["c2st"]]) == {("c2st", "table"): "note"}


def visits(seed):
    """60 people who come ten times each, and are the same every time but for a hair."""
    dice = np.random.default_rng(seed)
    who = np.repeat(np.arange(60), 10)
    height, weight = (dice.normal(size=60)[who] + dice.normal(0, 0.001, 600) for _ in "12")
    return pa.table({"height": height, "weight": weight, "person": who + 1000 * seed})


def test_people_who_come_often_betray_nothing_when_their_rows_are_judged_together():
    sides_of = [visits(seed) for seed in (1, 2, 3)]
    known, alone = (
        {score.name: score for score in c2st(sides(*sides_of, keys=keys, entity=entity))}["c2st holdout"]
        for keys, entity in (((), "person"), (("person",), None))
    )
    assert known.value > 0.7, "other people of the same kind"
    assert alone.value < 0.2, "the same people on both sides of a fold are known again"


def test_halves_of_real_rows_have_other_people():
    whole = sides(visits(1), visits(2), entity="person")
    assert not set(whole.owners[0].tolist()) & set(whole.owners[2].tolist())
    assert "person" not in [facet.name for facet in whole.facets]


def test_a_column_that_is_empty_on_a_side_is_learned_from_too():
    def table(seed, empty):
        dice = np.random.default_rng(seed)
        values = pa.nulls(200, pa.float64()) if empty else pa.array(dice.normal(size=200))
        return pa.table({"x": values, "y": dice.normal(size=200)})

    every = {score.name: score for score in c2st(sides(table(1, True), table(2, True), table(3, True)))}
    assert every["c2st holdout"].value > 0.7
    filled = {score.name: score for score in c2st(sides(table(1, True), table(2, False), table(3, True)))}
    assert filled["c2st holdout"].value < 0.1
    assert next(iter(filled["c2st holdout"].breakdown)) == "x"

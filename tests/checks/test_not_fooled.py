"""Three real tables, each leaked and broken in every way that must be caught: by name, whatever other scores say.

The whole of all attacks on larger samples, slowly, is in ``privacy/test_planted_leaks.py``.
"""

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from checks.privacy.samples import jittered, mixed, one_field_changed
from checks.tables import bank, census, houses, replaced, shuffled, three, verdicts
from understudy.checks.c2st import one_thread
from understudy.checks.marginals import nulls, shape, trend
from understudy.checks.privacy import judge, prepare
from understudy.checks.privacy.copies import exact_copies, near_copies
from understudy.checks.privacy.distances import distances
from understudy.checks.rulecheck import constants, dependencies, orders, unique_keys
from understudy.checks.sides import sides, torn

TABLES = {
    "census": (census, "age"),
    "bank": (bank, "balance"),
    "houses": (houses, "median_income"),
}


@pytest.fixture(scope="module", params=TABLES)
def real_held_fresh(request, shared_data):
    load, measure = TABLES[request.param]
    return (*three(load(shared_data), 2000), measure)


def leaks(real, made, holdout, distant=False):
    """The privacy checks of copies, and of distances, that fail."""
    with one_thread():
        trial = prepare(real, made, holdout)
        scores = [*exact_copies(trial), *near_copies(trial), *(distances(trial) if distant else ())]
    return {one.check for one in judge(scores) if one.verdict in ("fail", "error")}


def test_other_real_rows_leak_nothing(real_held_fresh):
    real, holdout, fresh, _ = real_held_fresh
    assert leaks(real, fresh, holdout, distant=True) == set()


def test_the_training_table_published_verbatim_fails(real_held_fresh):
    real, holdout, _, _ = real_held_fresh
    everything = {"exact copies", "copied rows", "near copies", "nearest share", "small distances"}
    assert everything <= leaks(real, real, holdout, distant=True)


def test_a_tenth_of_it_verbatim_fails(real_held_fresh):
    real, holdout, fresh, _ = real_held_fresh
    assert leaks(real, mixed(0.1, real, fresh), holdout) == {"exact copies", "copied rows", "near copies"}


@pytest.mark.parametrize("changed", [one_field_changed, jittered])
def test_rows_that_are_nearly_copied_fail_though_none_is_a_copy(real_held_fresh, changed):
    real, holdout, _, _ = real_held_fresh
    found = leaks(real, changed(real), holdout)
    assert "near copies" in found


def test_columns_drawn_independently_score_near_the_floor(real_held_fresh):
    real, holdout, fresh, _ = real_held_fresh
    apart, alike = (trend(sides(real, made, holdout))[:2] for made in (torn(fresh, 1), fresh))
    assert apart[0].lift < 0.4 and alike[0].lift > 0.6, "of a few thousand rows, chance is a part of the way"
    assert "fail" in verdicts(apart).values() and not verdicts(alike, "fail")


def test_a_column_that_became_null_is_caught_and_named(real_held_fresh):
    real, holdout, fresh, name = real_held_fresh
    empty = replaced(fresh, name, pa.nulls(fresh.num_rows, fresh.schema.field(name).type))
    whole = sides(real, empty, holdout)
    failed = verdicts([*nulls(whole), *shape(whole), *constants(real, empty)], "fail")
    assert {("nulls", name), ("shape", name), ("variety", "table")} <= set(failed)
    assert name in constants(real, empty)[0].detail


def test_a_shifted_distribution_is_caught_and_named(real_held_fresh):
    real, holdout, fresh, name = real_held_fresh
    by = pc.stddev(fresh[name]).as_py() * 0.5
    moved = replaced(fresh, name, pc.add(fresh[name].cast(pa.float64()), by))
    assert set(verdicts(shape(sides(real, moved, holdout)), "fail")) - {("mean shape", "table")} == {("shape", name)}


def test_a_broken_rule_of_the_table_is_caught_and_named(real_held_fresh):
    real, holdout, fresh, measure = real_held_fresh
    broken, rule = {
        "age": ("years", ("dependency", "education -> years")),
        "median_income": ("total_rooms", ("order", "total_bedrooms <= total_rooms")),
    }.get(measure, (None, None))
    if rule is None:
        pytest.skip("the table has no rule that holds always")
    found = {}
    for made in (fresh, replaced(fresh, broken, shuffled(fresh[broken]))):
        whole = sides(real, made, holdout)
        found[made is fresh] = verdicts([*dependencies(whole), *orders(whole)])
    assert found[True][rule] == "pass" and found[False][rule] == "fail"


def test_a_duplicated_key_is_caught_and_named(real_held_fresh):
    _, _, fresh, _ = real_held_fresh
    keyed = fresh.append_column("row", pa.array(range(fresh.num_rows)))
    twice = replaced(keyed, "row", pa.array([1, 1, *range(2, fresh.num_rows)]))
    assert ("unique key", "row") not in verdicts(unique_keys(keyed, keyed), "fail")
    assert ("unique key", "row") in verdicts(unique_keys(keyed, twice), "fail")

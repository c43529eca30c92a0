"""Privacy metrics prove themselves: published training rows fail, fresh real rows pass, each leak by its own attack."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pytest

from understudy.checks.privacy import judge, privacy

COLUMNS = """age workclass weight education years marital occupation relation race sex gain loss hours country
income""".split()


@pytest.fixture(scope="module")
def adult(shared_data):
    """Rows of the census: learned from, held out, and fresh ones that stand for a synthesizer that leaks nothing."""
    path = shared_data / "tabular" / "adult_uci" / "adult-train.csv"
    rows = pyarrow.csv.read_csv(path, pyarrow.csv.ReadOptions(column_names=COLUMNS))
    order = np.random.default_rng(7).permutation(rows.num_rows)
    return [rows.take(order[start : start + 2500]) for start in (0, 2500, 5000)]


def failed(scores):
    return {one.check for one in judge(scores) if one.verdict in ("fail", "error")}


def test_fresh_real_rows_are_not_shown_to_leak(adult):
    real, holdout, fresh = adult
    results = judge(privacy(real, fresh, holdout))
    assert sum(one.verdict == "pass" for one in results) >= 8
    for one in results:  # where 2,500 rows are too few to tell, that is said, and it blocks
        assert one.verdict in ("pass", "note") or "not shown to leak, but too few rows" in one.detail, one


def test_the_training_table_itself_fails(adult):
    real, holdout, _ = adult
    assert {"exact copies", "membership", "nearest share"} <= failed(privacy(real, real, holdout))


def test_ten_copies_in_a_hundred_rows_fail(adult):
    real, holdout, fresh = adult
    mixed = pa.concat_tables([real.slice(0, 250), fresh.slice(250)])
    assert "exact copies" in failed(privacy(real, mixed, holdout))


def test_rows_that_differ_in_one_field_fail(adult):
    real, holdout, _ = adult
    place = real.schema.get_field_index("weight")
    near = real.set_column(place, "weight", pc.add(real["weight"], 1))
    assert "near copies" in failed(privacy(real, near, holdout))


def test_without_a_holdout_nothing_passes(adult):
    real, _, fresh = adult
    results = judge(privacy(real, fresh))
    assert results and all(one.verdict != "pass" for one in results)
    assert any("held-out" in one.detail for one in results)


def test_no_metric_at_all_is_an_error():
    assert [one.verdict for one in judge([])] == ["error"]

"""A model taught by made rows, judged by real ones: as good as its teacher."""

import numpy as np
import pyarrow as pa
import pytest

from checks.tables import census, replaced, shuffled, three, verdicts
from understudy.checks.sides import sides
from understudy.checks.utility import utility
from understudy.errors import InputError


def world(seed, rows=900):
    """A measure that two columns explain, a label that one does, and noise that nothing does."""
    dice = np.random.default_rng(seed)
    x, kind = dice.normal(size=rows), dice.integers(0, 3, rows)
    price = 2 * x + kind + dice.normal(0, 0.3, rows)
    return pa.table({"x": x, "kind": np.array(["a", "b", "c"])[kind], "price": price, "noise": dice.normal(size=rows)})


def scores(made, targets=(), real=None):
    found = utility(sides(real or world(1), made, world(2)), targets)
    return {(score.name, score.subject): score for score in found}


def test_fresh_rows_teach_as_well_as_real_ones():
    found = scores(world(3))
    mean = found["mean utility", "table"]
    assert mean.value == pytest.approx(mean.ceiling, abs=0.02)
    assert mean.floor < 0.1
    assert found["utility", "price"].value > 0.9
    assert found["utility", "noise"].ceiling < 0.1
    assert not verdicts(found.values(), "fail")


def test_a_target_that_was_shuffled_teaches_nothing_and_is_named():
    made = world(3)
    found = scores(replaced(made, "price", shuffled(made["price"])), ["price"])
    assert set(found) == {("utility", "price"), ("mean utility", "table")}
    assert found["utility", "price"].value < 0.1
    assert "widest: price" in found["mean utility", "table"].detail
    assert ("utility", "price") in verdicts(found.values(), "fail")


def test_a_made_target_that_does_not_vary_teaches_nothing():
    made = world(3)
    found = scores(replaced(made, "kind", pa.array(["a"] * made.num_rows)), ["kind"])
    assert found["utility", "kind"].value == 0.0


def test_a_few_huge_values_do_not_decide_whether_a_measure_was_learned():
    def rich(seed):
        price = world(seed)["price"].to_numpy().copy()
        price[::150] = 1e9
        return replaced(world(seed), "price", pa.array(price))

    found = {one.subject: one for one in utility(sides(rich(1), rich(3), rich(2)), ["price"])}
    assert found["price"].value > 0.8 and found["price"].ceiling > 0.8


def test_a_target_that_is_not_there_or_never_varies_is_refused():
    with pytest.raises(InputError, match="'prize' does not exist"):
        scores(world(3), ["prize"])
    still = [replaced(world(seed), "x", pa.array([1.0] * 900)) for seed in (1, 2, 3)]
    with pytest.raises(InputError, match="x cannot be predicted"):
        utility(sides(*still), ["x"])


def test_a_single_column_has_nothing_to_be_predicted_from():
    one = [world(seed).select(["x"]) for seed in (1, 2, 3)]
    assert [score.detail for score in utility(sides(*one))] == ["a single column has no target"]


def test_who_earns_well_is_learned_from_fresh_rows_of_the_census(shared_data):
    real, holdout, fresh = three(census(shared_data), 3000)
    found = {score.subject: score for score in utility(sides(real, fresh, holdout), ["income"])}
    assert found["income"].ceiling > 0.75
    assert found["income"].value == pytest.approx(found["income"].ceiling, abs=0.03)

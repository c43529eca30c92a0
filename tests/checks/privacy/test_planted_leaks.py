"""Leaks planted into real tables: each is found, and by the attack that it is for; fresh real rows pass."""

import numpy as np
import pyarrow as pa
import pytest

from checks.privacy.samples import adult, bank, housing, jittered, mixed, one_field_changed, parts
from understudy.checks.privacy import familiar_privacy, judge, prepare, privacy
from understudy.checks.privacy.copies import exact_copies, near_copies
from understudy.checks.privacy.distances import distances
from understudy.checks.privacy.linking import inference, linkability
from understudy.checks.privacy.membership import likelihood, membership, membership_by_model
from understudy.checks.privacy.nearest import closest
from understudy.checks.privacy.singling import singling_out


@pytest.fixture(scope="module")
def census(shared_data):
    """Learned from, held out, fresh: 2,000 rows each."""
    return parts(adult(shared_data), 2000, 2000, 2000)


def failed(scores):
    return {one.check for one in judge(scores) if one.verdict in ("fail", "error")}


def test_jittered_rows_are_found_though_none_is_a_copy(census):
    real, holdout, _ = census
    trial = prepare(real, jittered(real), holdout)
    assert not failed(exact_copies(trial))
    assert failed(near_copies(trial)) == {"near copies"}
    assert {"membership", "membership of outliers", "membership for sure"} <= failed(membership(trial))
    assert "nearest share" in failed(distances(trial))


def test_a_tenth_of_nearly_copied_rows_is_found(census):
    real, holdout, fresh = census
    trial = prepare(real, mixed(0.1, one_field_changed(real), fresh), holdout)
    assert failed(near_copies(trial)) == {"near copies"}


def test_secrets_of_the_training_rows_are_told_by_a_copy_and_not_by_fresh_rows(census):
    real, holdout, fresh = census
    leaky, private = (inference(prepare(real, made, holdout))[0] for made in (real, fresh))
    assert leaky.low > 0.5 and leaky.breakdown["weight"] > 0.5
    assert private.low < 0.05 and abs(private.breakdown["race"]) < 0.02
    # what a column gives away of another one in any row is no leak, however well it is guessed
    assert abs(leaky.breakdown["years"]) < leaky.breakdown["occupation"]


def test_parts_of_a_person_are_linked_by_a_copy_and_not_by_fresh_rows(census):
    real, holdout, fresh = census
    leaky, private = (linkability(prepare(real, made, holdout))[0] for made in (real, fresh))
    assert leaky.low > 0.5 and private.low < 0.05


def test_values_of_one_row_single_people_out_even_when_all_columns_are_shuffled(census):
    real, holdout, fresh = census
    dice = np.random.default_rng(1)
    torn = pa.table({name: real[name].take(dice.permutation(len(real))) for name in real.column_names})
    leaky, private = (singling_out(prepare(real, made, holdout))[0] for made in (torn, fresh))
    assert leaky.low > 0.05 and leaky.breakdown["one value"] > 0.5 > leaky.breakdown["several values"]
    assert private.low < 0.05


def test_hardly_any_rows_that_stand_out_pass_where_none_is_a_persons_and_fail_where_they_are():
    def sizes(*rare):
        return pa.table({"size": [n % 9 for n in range(990)] + list(rare)})

    real, holdout = sizes(*range(1000, 1010)), sizes(*range(2000, 2010))
    none, some, all_of_them = (
        singling_out(prepare(real, sizes(*rare), holdout))[0]
        for rare in (range(3000, 3010), [*range(3000, 3008), 1000, 1001], range(1000, 1010))
    )
    assert none.value == 0 and 0 < none.high < 0.01 and not failed([none])
    assert 0.1 < some.value < 0.3 and failed([some]) == {"singling out"}, "not shown, but not unlikely either"
    assert all_of_them.value > 0.9 and all_of_them.low > 0.5 and failed([all_of_them]) == {"singling out"}


def test_copies_of_outliers_alone_are_found_among_outliers_though_distances_pass(census):
    real, holdout, fresh = census
    trial = prepare(real, fresh, holdout)
    farthest = np.argsort(-closest(trial.members.vectors, trial.unseen.vectors))[:90]
    outliers = real.take(trial.chosen[0][farthest])
    trial = prepare(real, pa.concat_tables([outliers, fresh.slice(90)]), holdout)
    assert "nearest share" not in failed(distances(trial))
    assert {"membership of outliers", "membership for sure"} <= failed(membership(trial))


def test_a_model_that_remembers_gives_its_people_away_though_its_rows_are_fresh(census):
    real, holdout, fresh = census
    trial = prepare(real, fresh, holdout)
    learned = set(real["weight"].to_pylist())

    def overfitted(rows):
        return np.array([1.0 if weight in learned else 0.0 for weight in rows["weight"].to_pylist()])

    said = likelihood(trial, real, holdout, overfitted)
    assert not failed(membership(trial)[:1])
    found = membership_by_model(trial, said)
    assert "worst attack: likelihood" in found[0].detail and found[0].low > 0.8
    names = [f"membership by the model{of}" for of in ("", " for sure", " of outliers")]
    assert [one.name for one in found] == names and failed(found) == set(names)


def test_the_familiar_score_calls_all_of_it_good(census):
    real, holdout, _ = census
    graded = {
        name: familiar_privacy(real, made, holdout)[0]
        for name, made in {"training table": real, "one field changed": one_field_changed(real)}.items()
    }
    assert graded["training table"].detail.startswith("Good")
    assert graded["one field changed"].detail.startswith("Very Good")
    assert [one.verdict for one in judge(graded["training table"] for _ in "1")] == ["note"]


@pytest.mark.slow
@pytest.mark.parametrize("load", [adult, bank, housing])
def test_fresh_rows_pass_every_attack_and_leaked_ones_fail(shared_data, load):
    real, holdout, fresh = parts(load(shared_data), 6000, 6000, 6000)
    assert not failed(privacy(real, fresh, holdout))
    assert len(failed(privacy(real, real, holdout))) >= 10
    for leaky in (mixed(0.1, real, fresh), mixed(0.05, real, fresh), one_field_changed(real), jittered(real)):
        assert len(failed(privacy(real, leaky, holdout))) >= 4

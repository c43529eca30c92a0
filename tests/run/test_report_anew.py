"""`understudy.measure` and columns that only name someone: values made anew are no failure, and gibberish is one."""

import numpy as np
import pyarrow as pa
import pytest

import understudy
from checks.tables import replaced

LEARNED = "Alice Amanda Brian Carol Daniel Diana Edward Emily Frank George Helen James".split()
OTHERS = "Karen Kevin Laura Linda Mark Martin Nancy Oliver Paul Rachel Susan Thomas".split()
LETTERS = np.array(list("bcdfghjklmnpqrstvwxz"))


def customers(seed, names=LEARNED, null=0.0):
    """400 customers: a given name, an e-mail address of their own, a plan, and a pay that goes with the plan."""
    dice = np.random.default_rng(seed)
    first = [names[at] for at in dice.integers(0, len(names), 400)]
    email = [
        None if dice.random() < null else f"{name.lower()}.{seed}{row}@example.com" for row, name in enumerate(first)
    ]
    plan = dice.integers(0, 3, 400)
    pay = 1000.0 * plan + dice.normal(0, 100, 400)
    return pa.table(
        {"first_name": first, "email": email, "plan": np.array(["free", "basic", "gold"])[plan], "pay": pay}
    )


def gibberish(seed, words=400):
    """400 texts of random letters, of so many words."""
    dice = np.random.default_rng(seed)
    found = ["".join(dice.choice(LETTERS, 9)).title() for _ in range(words)]
    return pa.array([found[row % words] for row in range(400)])


def failed(made, *, null=0.0, **more):
    """What fails of made customers, as (check, column), and the notes of their table."""
    found = understudy.measure(customers(1, null=null), made, customers(3, null=null), **more)
    return {(one.score.name, one.score.subject) for one in found.answers if one.bad}, " ".join(found.tables[0].notes)


def of_quality(found, column):
    return {check for check, subject in found if subject == column and check not in ("replay", "originals")}


def test_names_and_addresses_made_anew_are_no_failure_of_quality():
    found, notes = failed(customers(2, OTHERS))
    assert "first_name, email: only nulls compared" in notes
    assert not of_quality(found, "first_name") and not of_quality(found, "email")
    assert not {"c2st holdout", "new categories", "trend", "mean shape", "within range"} & {check for check, _ in found}


def test_gibberish_under_the_name_of_an_address_still_fails():
    found, notes = failed(replaced(customers(2, OTHERS), "email", gibberish(5)))
    assert "email" in notes and "first_name: only" in notes, "the names beside it are none"
    assert {"shape", "within range"} <= of_quality(found, "email")
    assert ("c2st holdout", "table") in found


def test_gibberish_under_the_name_of_a_given_name_still_fails():
    found, notes = failed(replaced(customers(2), "first_name", gibberish(5, 12)))
    assert "email: only" in notes
    assert {"shape", "within range"} <= of_quality(found, "first_name")


def test_given_names_that_were_learned_are_compared_as_labels():
    skewed = replaced(customers(2), "first_name", pa.array((LEARNED[:1] * 30 + LEARNED[1:4]) * 12 + LEARNED[4:8]))
    found, notes = failed(skewed)
    assert "email: only" in notes
    assert "shape" in of_quality(found, "first_name")


def test_two_addresses_for_everybody_are_no_stand_in():
    two = pa.array(["ann@example.com", "bob@example.com"] * 200)
    found, notes = failed(replaced(customers(2), "email", two), null=0.1)
    assert "shape" in of_quality(found, "email"), "with nulls in it, the real column is no key"
    assert "first_name, email: only" not in notes


def test_a_column_that_nothing_but_its_name_tells_of_is_made_anew():
    accounts = [replaced(customers(seed), "email", gibberish(seed)).rename_columns(
        ["first_name", "username", "plan", "pay"]) for seed in (1, 2, 3)]  # fmt: skip
    found = understudy.measure(*accounts)
    assert "username: only nulls compared" in " ".join(found.tables[0].notes)


def test_redacted_values_fail_once_as_what_does_not_vary():
    found, notes = failed(replaced(customers(2, OTHERS), "email", pa.array(["REDACTED"] * 400)))
    assert {("variety", "table"), ("unique key", "email")} <= found
    assert "first_name, email: only" in notes and not {"shape", "within range"} & of_quality(found, "email")


def test_nulls_that_vanish_fail_a_column_made_anew():
    for null, fails in ((0.4, False), (0.0, True)):
        found, notes = failed(customers(2, OTHERS, null=null), null=0.4)
        assert "first_name, email: only" in notes
        assert ("nulls" in of_quality(found, "email")) is fails


@pytest.mark.parametrize("masked", [False, True])
def test_originals_among_values_made_anew_are_still_found(masked):
    real, made = customers(1), customers(2, OTHERS)
    leaky = pa.concat_arrays([real["email"].combine_chunks()[:100], made["email"].combine_chunks()[100:]])
    found, notes = failed(replaced(made, "email", leaky), masked=masked)
    assert "first_name, email: only" in notes
    assert ("originals" if masked else "replay", "email") in found


def test_what_models_will_predict_is_compared():
    _, notes = failed(customers(2, OTHERS), targets=["first_name"])
    assert "first_name" not in notes and "email: only" in notes

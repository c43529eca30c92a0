"""The control is one, and nothing passes unmeasured: holdouts that are none, missing metrics, few rows, odd columns."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.checks.c2st import area
from understudy.checks.privacy import Limits, anonymity, judge, prepare, privacy
from understudy.checks.privacy.control import control
from understudy.checks.privacy.membership import membership
from understudy.checks.privacy.rates import risk, told, wilson
from understudy.checks.privacy.replay import replay
from understudy.checks.scores import Score
from understudy.errors import InputError


def people(count, seed, start=0):
    """Rows that any seed draws alike: a number, a label and an e-mail that is one person's."""
    dice = np.random.default_rng(seed)
    age = dice.normal(40, 12, count).round(1)
    place = np.array(["north", "south", "west"])[dice.integers(0, 3, count)]
    mails = [f"person{start + number}@example.org" for number in range(count)]
    return pa.table(
        {"age": age, "place": place, "pay": (age * 100 + dice.normal(0, 500, count)).round(), "mail": mails}
    )


def verdicts(scores, limits=None):
    return {one.check: one.verdict for one in (judge(scores) if limits is None else judge(scores, limits))}


def test_without_a_holdout_nothing_passes_and_the_reason_is_said():
    results = judge(privacy(people(200, 1), people(200, 2)))
    assert {one.verdict for one in results if one.check != "familiar privacy"} == {"error"}
    assert all("held-out" in one.detail for one in results)


def test_a_holdout_that_was_learned_from_is_caught():
    real = people(1000, 1)
    assert verdicts(control(prepare(real, people(1000, 2), real.slice(0, 500))))["holdout apart"] == "fail"
    assert verdicts(control(prepare(real, people(1000, 2), people(1000, 3))))["holdout apart"] == "pass"


def test_a_holdout_of_the_same_people_is_caught():
    real = people(400, 1).append_column("person", pa.array(np.arange(400) // 4))
    other = people(400, 3).append_column("person", pa.array(np.arange(400) // 4 + 50))
    found = control(prepare(real, people(400, 2), other, entity="person"))
    assert verdicts(found)["holdout apart"] == "fail" and "50 of 100 entities are in both" in found[0].detail


def test_a_holdout_of_another_population_is_caught():
    old = people(1000, 3)
    old = old.set_column(0, "age", pa.array(np.asarray(old["age"]) + 30))
    assert verdicts(control(prepare(people(1000, 1), people(1000, 2), old)))["holdout alike"] == "fail"


def test_a_fair_holdout_is_one_though_most_of_its_texts_are_its_own():
    """Names of which five in six are one person's: new names are no sign of who was never seen."""

    def named(count, seed):
        names = np.random.default_rng(seed + 50).integers(0, 3 * count, count)
        table = people(count, seed).drop_columns(["mail"])
        return table.append_column("name", pa.array([f"n{name}" for name in names]))

    trial = prepare(named(1000, 1), named(1000, 2), named(1000, 3))
    assert "name" in [field.name for field in trial.fields]
    assert verdicts(control(trial)) == {"holdout apart": "pass", "holdout alike": "pass"}
    assert 0.45 < membership(trial)[0].value < 0.55


def test_few_rows_are_said_to_be_too_few_and_fail():
    results = judge(privacy(people(60, 1), people(60, 2), people(60, 3)))
    assert any("too few rows to tell" in one.detail for one in results if one.verdict == "fail")
    assert {one.verdict for one in judge(privacy(people(9, 1), people(60, 2), people(60, 3)))} >= {"error"}


def test_no_scores_are_no_pass_and_a_score_without_a_value_is_an_error():
    assert [one.verdict for one in judge([])] == ["error"]
    assert [one.verdict for one in judge([Score("membership", "table", None, detail="broke")])] == ["error"]


@pytest.mark.parametrize(
    ("low", "high", "limit", "verdict"), [(0.0, 0.04, 0.05, "pass"), (0.0, 0.06, 0.05, "fail"), (0.1, 0.2, 0.3, "pass")]
)
def test_a_risk_passes_only_if_the_upper_end_is_under_the_limit(low, high, limit, verdict):
    score = Score("linkability", "table", (low + high) / 2, 1.0, 0.0, low, high, False)
    assert verdicts([score], Limits(risk=limit)) == {"linkability": verdict}


def test_one_replayed_e_mail_in_fifty_is_found_in_any_column_and_never_shown():
    real, holdout, made = people(1000, 1), people(1000, 2, 5000), people(1000, 3, 90000)
    notes = [f"  PERSON{number}@example.org" if number < 40 else "nothing" for number in range(1000)]
    leaky = made.append_column("notes", pa.array(notes))
    assert verdicts(replay(real, made, holdout)) == {"replay": "pass"}
    found = replay(real, leaky, holdout, {"mail": "email"})
    assert verdicts(found) == {"replay": "fail"} and found[0].subject == "mail"
    assert "email: 40 of 1,000 values" in found[0].detail
    assert "@" not in repr(judge(privacy(real, leaky, holdout)))


def test_an_unknown_column_is_named():
    for ask in (
        lambda: replay(people(50, 1), people(50, 2), people(50, 3), {"mial": "email"}),
        lambda: prepare(people(50, 1), people(50, 2), people(50, 3), entity="mial"),
        lambda: anonymity(people(50, 1), ["mial"]),
    ):
        with pytest.raises(InputError, match="mial"):
            ask()


def test_a_masked_copy_is_k_anonymous_and_yet_its_other_columns_give_people_away():
    real, holdout = people(1500, 1), people(1500, 2, 5000)
    decades = pa.array((np.asarray(real["age"]) // 20 * 20).clip(20, 60))
    masked = real.set_column(0, "age", decades).drop_columns(["mail"])
    found = {score.name: score for score in anonymity(masked, ["age", "place"], ["pay"])}
    assert found["k-anonymity"].value >= 5 and found["l-diversity"].value >= 2
    assert verdicts(found.values(), Limits(k=5, l=2)) == {"k-anonymity": "pass", "l-diversity": "pass"}
    assert verdicts(found.values(), Limits(k=9999)) == {"k-anonymity": "fail", "l-diversity": "note"}
    assert "fail" in set(verdicts(privacy(real, masked, holdout)).values())


def test_rows_of_one_person_count_once():
    """A hundred copies of one person's row are one person who leaked, not a hundred rows."""
    real = people(400, 1).append_column("person", pa.array(np.repeat(np.arange(40), 10)))
    holdout = people(400, 2).append_column("person", pa.array(np.repeat(np.arange(40, 80), 10)))
    made = pa.concat_tables([real.slice(0, 10), people(390, 3).append_column("person", pa.array(np.arange(390)))])
    scores = {score.name: score for score in privacy(real, made, holdout, entity="person", identifying={})}
    assert "hits 2.50% of those learned from" in scores["exact copies"].detail
    assert "80 attacks" in scores["exact copies"].detail


def test_columns_of_every_kind_are_attacked():
    """Nulls, infinities, constants, moments, booleans, lists, decimals, and a column that only one table has."""

    def odd(seed, **more):
        dice = np.random.default_rng(seed)
        days = [dt.date(2020, 1, 1) + dt.timedelta(days=int(day)) for day in dice.integers(0, 900, 120)]
        return pa.table(
            {
                "day": days,
                "at": pa.array([dt.datetime(2020, 1, 1, hour % 24) for hour in range(120)], pa.timestamp("us", "UTC")),
                "gone": pa.nulls(120, pa.float64()),
                "null": pa.nulls(120),
                "same": ["x"] * 120,
                "wild": [float("inf"), float("-inf"), float("nan"), None, *dice.normal(size=116)],
                "flag": dice.random(120) < 0.5,
                "list": [[int(one)] for one in dice.integers(0, 3, 120)],
                "word": pa.array(dice.choice(["a", "b"], 120)).dictionary_encode(),
                "cash": pa.array(dice.integers(0, 99, 120)).cast(pa.decimal128(23, 2)),
                **more,
            }
        )

    results = judge(privacy(odd(1, extra=range(120)), odd(2), odd(3)))
    assert not [one for one in results if one.verdict == "error"]
    single = [table.select(["day"]) for table in (odd(1), odd(2), odd(3))]
    assert not [one for one in judge(privacy(*single)) if one.verdict == "error"]


def test_the_same_tables_get_the_same_scores():
    tables = people(100, 1), people(100, 2), people(100, 3)
    assert privacy(*tables) == privacy(*tables)


@given(st.integers(1, 500), st.integers(1, 500), st.data())
def test_a_risk_lies_in_its_interval_and_grows_with_hits_on_members(seen, unseen, data):
    hits, chance = data.draw(st.integers(0, seen)), data.draw(st.integers(0, unseen))
    one = risk(hits, seen, chance, unseen)
    assert one.low <= one.value <= one.high <= 1
    if hits < seen:
        assert risk(hits + 1, seen, chance, unseen).value > one.value
    middle, half = wilson(hits, seen)
    assert middle - half <= hits / seen + 1e-12 and hits / seen <= middle + half + 1e-12


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40))
def test_the_area_is_that_of_all_pairs(rows):
    score = np.array([float(value) for value, _ in rows])
    member = np.array([flag for _, flag in rows])
    if member.all() or not member.any():
        return
    found = told(score, member, np.arange(len(rows)), np.random.default_rng(1))
    assert found.auc == pytest.approx(area(score, member))
    assert 0 <= found.hits <= 1 and found.auc_low <= found.auc_high

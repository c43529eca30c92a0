"""Tables that hang together: families of the same source pass, and each way of breaking them is caught and named."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.tables import KEY, ORDERS, USERS, replaced, shop, shuffled, verdicts
from understudy.checks.relational import Families, Family, hop_trend, positions, relational, sequence, unique_pairs
from understudy.schema import ForeignKey, TableName


def test_families_of_the_same_source_pass_and_an_orphan_is_caught():
    real, holdout = shop(1), shop(2)
    assert not verdicts(relational(real, shop(3), [KEY], holdout), "fail", "error")
    failed = verdicts(relational(real, shop(3, orphan=True), [KEY], holdout), "fail")
    assert ("integrity", KEY.id) in failed


def test_children_that_are_all_one_parents_are_caught():
    failed = verdicts(relational(shop(1), shop(3, lonely=True), [KEY], shop(2)), "fail")
    assert ("cardinality", KEY.id) in failed


def test_without_a_holdout_halves_of_the_real_tables_stand_in():
    assert not verdicts(relational(shop(1), shop(3), [KEY]), "fail", "error")


def test_children_given_to_other_parents_are_caught_by_what_no_table_shows_alone():
    made = shop(3)
    made[ORDERS] = replaced(made[ORDERS], "user_id", shuffled(made[ORDERS]["user_id"]))
    failed = verdicts(relational(shop(1), made, [KEY], shop(2)), "fail")
    assert ("hop trend", f"{KEY.id} -> users") in failed
    assert ("worst c2st-agg", "users") in failed
    assert ("cardinality", KEY.id) not in failed


def test_keys_that_became_null_are_caught():
    made = shop(3)
    owner = made[ORDERS]["user_id"].to_numpy()
    made[ORDERS] = replaced(made[ORDERS], "user_id", pa.array(owner, mask=owner % 2 == 0))
    failed = verdicts(relational(shop(1), made, [KEY], shop(2)), "fail")
    assert ("optional key", KEY.id) in failed
    assert ("integrity", KEY.id) not in failed


def test_a_lookup_table_is_too_small_to_be_judged_and_fails_nothing():
    kinds, things = TableName("", "kinds"), TableName("", "things")
    key = ForeignKey("thing_kind", things, ("kind",), kinds, ("id",))

    def world(seed):
        dice = np.random.default_rng(seed)
        thing = pa.table({"kind": dice.integers(0, 5, 300), "size": dice.normal(size=300)})
        return {kinds: pa.table({"id": range(5), "name": list("abcde")}), things: thing}

    scores = relational(world(1), world(2), [key], world(3))
    assert not verdicts(scores, "fail", "error")
    assert "too few rows" in next(score for score in scores if score.name == "cardinality").detail


def test_a_table_that_was_not_given_blocks_and_is_named():
    real, made = shop(1), shop(3)
    del made[USERS]
    scores = relational(real, made, [KEY], shop(2))
    assert ("integrity", KEY.id) in verdicts(scores, "error")
    assert ("worst c2st-agg", "users") in verdicts(scores, "error")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from("abc")), max_size=12, unique=True),
    st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 5)), st.sampled_from("abcd")), max_size=20),
)
def test_every_child_finds_the_parent_with_its_key(parents, children):
    parent = pa.table({"p": pa.array([p for p, _ in parents], pa.int64()), "q": [q for _, q in parents] or pa.nulls(0)})
    child = pa.table(
        {"x": pa.array([x for x, _ in children], pa.int32()), "y": [y for _, y in children] or pa.nulls(0)}
    )
    parent, child = (
        parent.cast(pa.schema({"p": "int64", "q": "string"})),
        child.cast(pa.schema({"x": pa.int32(), "y": pa.string()})),
    )
    wanted = [-2 if one[0] is None else parents.index(one) if one in parents else -1 for one in children]
    assert positions(child, ["x", "y"], parent, ["p", "q"]).tolist() == wanted


def test_pairs_that_repeat_where_real_ones_do_not_are_caught():
    people, clubs, members = (TableName("", name) for name in ("people", "clubs", "members"))
    keys = (
        ForeignKey("member", members, ("person",), people, ("id",)),
        ForeignKey("club", members, ("club",), clubs, ("id",)),
    )

    def world(club):
        table = pa.table({"person": np.repeat(np.arange(50), 2), "club": club})
        return Family({people: pa.table({"id": range(50)}), clubs: pa.table({"id": range(4)}), members: table}, keys)

    apart, twice = np.tile([0, 1], 50), np.repeat(np.arange(50) % 4, 2)
    (score,) = unique_pairs(Families(world(apart), world(twice), None, 1000))
    assert score.value == 0.5
    assert verdicts([score], "fail")


def careers(shared_data, players):
    """Three samples of so many players with their seasons at bat."""
    folder = shared_data / "relational" / "baseball"
    parents, seasons = (pyarrow.csv.read_csv(folder / f"{name}.csv.gz") for name in ("players", "batting"))
    order = np.random.default_rng(1).permutation(parents.num_rows)
    for start in (0, players, 2 * players):
        some = parents.take(order[start : start + players])
        yield {PLAYERS: some, BATTING: seasons.filter(pc.is_in(seasons["players_id"], some["id"].combine_chunks()))}


PLAYERS, BATTING = TableName("", "players"), TableName("", "batting")
PLAYED = ForeignKey("batting_player", BATTING, ("players_id",), PLAYERS, ("id",))


@pytest.fixture(scope="module")
def baseball(shared_data):
    return list(careers(shared_data, 600))


def test_real_careers_pass_in_the_order_of_their_years(baseball):
    real, holdout, fresh = baseball
    scores = relational(real, fresh, [PLAYED], holdout, rows=800)
    assert not verdicts(scores, "fail", "error")
    assert "rows ordered by year" in next(score.detail for score in scores if score.name == "sequence")
    assert next(score.value for score in scores if score.name == "cardinality") > 0.93


def test_sequences_of_another_length_are_caught():
    real, made, held = (shop(seed) for seed in (1, 2, 3))
    short = {**made, ORDERS: made[ORDERS].filter(pa.array(np.arange(made[ORDERS].num_rows) % 2 == 0))}

    def lengths(side):
        families = Families(*(Family(tables, (KEY,)) for tables in (real, side, held)), 2000)
        return next(one for one in sequence(families, KEY, "total") if one.name == "sequence length")

    assert verdicts([lengths(made)]) == {("sequence length", KEY.id): "pass"}
    assert verdicts([lengths(short)]) == {("sequence length", KEY.id): "fail"}


def test_careers_whose_years_were_dealt_out_anew_are_caught(baseball):
    real, holdout, fresh = baseball
    mixed = {**fresh, BATTING: replaced(fresh[BATTING], "year", shuffled(fresh[BATTING]["year"]))}
    families = Families(*(Family(side, (PLAYED,)) for side in (real, mixed, holdout)), 2000)
    following = itertools.islice(sequence(families, PLAYED), 2)  # what trees say is left out: it takes longest
    failed = verdicts([*following, *hop_trend(families, (PLAYED,))], "fail")
    assert ("sequence step", f"{PLAYED.id} [year]") in failed
    assert ("weakest hop trend", "batting.year x players.birthDate") in failed

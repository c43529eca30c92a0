"""Merges of what commits hold: the table of cases, renames, strategies, forward moves, taint, races."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.bookings import BOOKINGS, bookings, ids, made, rows
from support.lakes import at, put, shown, table
from understudy.errors import CheckFailed, InputError
from understudy.lake import Lake, gates, tables
from understudy.lake.conflicts import Conflicts
from understudy.lake.lake import Moved
from understudy.lake.merge import merge
from understudy.lake.nouns import Entry, Key
from understudy.lake.threeway import merge as merge_entries
from understudy.lake.threeway import merge_crossed
from understudy.schema import TableName

NAMES = "abcd"


def named(uuid: str, number: int) -> Entry:
    """A version of a table with an identity of its own."""
    return Entry(uuid=uuid, location=f"/metadata/{uuid}{number}.json", snapshot=number, rows=number)


def difference(one, other):
    keys = one.keys() | other.keys()
    return {key: (one.get(key), other.get(key)) for key in keys if one.get(key) != other.get(key)}


def after(ours, outcome):
    """Our side with a merge's changes."""
    return {key: entry for key, entry in {**ours, **outcome.changes}.items() if entry is not None}


states = st.dictionaries(st.sampled_from(NAMES).map(table), st.integers(1, 3).map(at))


@given(states, states, states)
def test_the_merge_of_entries_is_that_of_dictionaries(base, ours, theirs):
    # tables without an identity, so that no rename is seen
    base, ours, theirs = ({key: replace(entry, uuid="") for key, entry in one.items()} for one in (base, ours, theirs))
    found = merge_entries(difference(base, ours), difference(base, theirs))
    for key in map(table, NAMES):
        was, mine, other = base.get(key), ours.get(key), theirs.get(key)
        clash = mine != other and was not in (mine, other)
        assert (key in found.clashes) == clash
        if not clash:
            assert after(ours, found).get(key) == (other if mine == was else mine)


@st.composite
def histories(draw):
    """A state, and what two sides made of it by changing, renaming, deleting and adding tables."""
    base = {table(name): named(name, 0) for name in draw(st.sets(st.sampled_from("abc")))}
    return base, *(_lived(draw, base, side) for side in ("x", "y"))


def _lived(draw, base, side):
    now = dict(base)
    for number, (what, one, other) in enumerate(
        draw(st.lists(st.tuples(st.sampled_from("crda"), *[st.sampled_from(NAMES).map(table)] * 2), max_size=3)), 1
    ):
        if what == "c" and one in now:
            now[one] = named(now[one].uuid, draw(st.integers(1, 2)))
        elif what == "r" and one in now and other not in now:
            now[other] = now.pop(one)
        elif what == "d":
            now.pop(one, None)
        elif what == "a" and one not in now:
            now[one] = named(f"{side}{number}", 0)
    return now


@settings(max_examples=300)
@given(histories())
def test_no_table_is_lost_or_doubled_by_a_merge_whatever_was_renamed(history):
    base, ours, theirs = history
    found = merge_entries(difference(base, ours), difference(base, theirs))
    if found.clashes:
        return
    merged = after(ours, found)
    sides = [{entry.uuid: (key, entry) for key, entry in one.items()} for one in (base, ours, theirs, merged)]
    for uuid in set().union(*sides):
        was, mine, other, result = (side.get(uuid) for side in sides)
        if was is None:
            assert result == (mine or other)
        elif mine is None or other is None:
            assert result is None
        else:
            for place in (0, 1):
                assert result[place] == (other[place] if mine[place] == was[place] else mine[place])
    assert len({entry.uuid for entry in merged.values()}) == len(merged)


@settings(max_examples=200)
@given(histories())
def test_a_merge_is_the_same_from_either_side(history):
    base, ours, theirs = history
    found = merge_entries(difference(base, ours), difference(base, theirs))
    mirrored = merge_entries(difference(base, theirs), difference(base, ours))
    assert bool(found.clashes) == bool(mirrored.clashes)
    if not found.clashes:
        assert after(ours, found) == after(theirs, mirrored)


@given(states, states, states)
def test_two_equal_ancestors_decide_what_one_does(base, ours, theirs):
    sides = (difference(base, ours), difference(base, theirs))
    one, two = merge_crossed([sides]), merge_crossed([sides, sides])
    assert (one.changes, one.clashes.keys()) == (two.changes, two.clashes.keys())


# The verb


def conflicts(lake, source="dev", into="main", **how):
    before = lake.head(into)
    with pytest.raises(Conflicts) as caught:
        merge(lake, source, into, **how)
    assert lake.head(into) == before and caught.value.exit_code == 1
    return {str(one.key): one.reason for one in caught.value.conflicts}


def test_a_protected_branch_takes_a_merge_commit_and_others_move_forward(lake):
    put(lake, users=1)
    lake.branch("dev")
    lake.branch("free")
    dev = put(lake, "dev", users=2)
    done = merge(lake, "dev", "main")
    assert done.result == "merged" and done.commit.parents[1] == dev and shown(lake) == {"users": 2}
    assert merge(lake, "dev", "free").result == "fast-forward"
    assert lake.head("free").hash == dev
    assert merge(lake, "dev", "free").result == "nothing to do"
    assert merge(lake, "free", "main").result == "nothing to do"
    put(lake, "dev", users=3)
    assert merge(lake, "dev", "free", no_ff=True).commit.parents[1] == lake.head("dev").hash
    assert merge(lake, "dev", "main", no_ff=False).result == "merged"  # it cannot move forward any more


def test_a_dry_run_tells_the_same_and_writes_nothing(lake):
    put(lake, users=1)
    lake.branch("dev")
    put(lake, "dev", orders=5, users=2)
    before = lake.reflog()
    planned = merge(lake, "dev", "main", dry_run=True)
    assert planned.dry_run and lake.reflog() == before
    assert (
        planned.changes
        == merge(lake, "dev", "main").changes
        == {
            table("users"): "theirs, +1 rows",
            table("orders"): "added",
        }
    )
    assert planned.json()["changes"] == {"users": "theirs, +1 rows", "orders": "added"}


def test_each_side_keeps_what_only_it_changed(lake):
    put(lake, users=1, orders=1, gone=1, left=1)
    lake.branch("dev")
    put(lake, users=2, left=None)
    put(lake, "dev", orders=2, gone=None, new=1)
    merge(lake, "dev", "main")
    assert shown(lake) == {"users": 2, "orders": 2, "new": 1}


def test_a_table_deleted_on_one_side_and_changed_on_the_other_is_a_conflict(lake):
    put(lake, users=1, orders=1)
    lake.branch("dev")
    put(lake, users=2, orders=None)
    put(lake, "dev", users=None, orders=2)
    told = "one side deleted it, the other changed it"
    assert conflicts(lake) == {"users": told, "orders": told}
    merge(lake, "dev", "main", tables={"users": "theirs"}, strategy="ours")
    assert shown(lake) == {}


def test_two_tables_added_under_one_name_are_a_conflict_that_a_strategy_decides(lake):
    lake.branch("dev")
    lake.commit("main", {table("users"): named("one", 1)}, message="add")
    lake.commit("dev", {table("users"): named("other", 2)}, message="add")
    assert conflicts(lake) == {"users": "each side has another one under this name"}
    merge(lake, "dev", "main", strategy="theirs", allow_breaking=True)
    assert lake.entry("main", TableName("", "users")).uuid == "other"


def test_a_change_follows_a_table_under_its_new_name(lake):
    one, other = table("users"), table("people")
    lake.commit("main", {one: named("u", 1)}, message="add")
    lake.branch("dev")
    lake.branch("back")
    lake.commit("main", {one: None, other: named("u", 1)}, message="rename")
    lake.commit("dev", {one: named("u", 2)}, message="change")
    done = merge(lake, "dev", "main")
    assert lake.entries("main") == {other: named("u", 2)} and done.changes == {other: "theirs, +1 rows"}
    lake.commit("back", {one: named("u", 3)}, message="change")
    lake.reset("dev", "main~1")
    done = merge(lake, "dev", "back")
    assert lake.entries("back") == {other: named("u", 3)} and done.changes[other] == "renamed from users"


def test_a_strategy_never_replaces_another_table_silently(lake):
    a, b = table("a"), table("b")
    lake.commit("main", {a: named("u", 1)}, message="add")
    lake.branch("dev")
    lake.commit("main", {a: None, b: named("other", 1)}, message="drop one, add one")
    lake.commit("dev", {a: None, b: named("u", 2)}, message="rename and change")
    assert conflicts(lake, strategy="theirs") == {"a": "one side deleted it, the other changed it"}


def test_a_namespace_stays_as_long_as_it_holds_a_table(lake):
    space = Key("namespace", "shop")
    held = Entry("", "0" * 64)
    put(lake, users=1)
    lake.commit("main", {space: held, table("shop.items"): at(1)}, message="shop")
    lake.branch("dev")
    lake.commit("main", {space: None, table("shop.items"): None}, message="no shop")
    lake.commit("dev", {table("shop.prices"): at(1)}, message="more shop")
    merge(lake, "dev", "main")
    assert lake.entries("main", "shop") == {space: held, table("shop.prices"): at(1)}
    merge(lake, "main", "dev")
    lake.commit("main", {space: None, table("shop.prices"): None}, message="no shop")
    lake.commit("dev", {table("shop.new"): at(1)}, message="more shop")
    merge(lake, "main", "dev")
    assert set(lake.entries("dev", "shop")) == {space, table("shop.new")}


def test_documents_merge_whole(lake):
    one, other = Key("document", "", "dataset/a"), Key("document", "", "dataset/b")
    lake.commit("main", {one: Entry("", "1"), other: Entry("", "1")}, message="documents")
    lake.branch("dev")
    lake.commit("main", {one: Entry("", "2")}, message="ours")
    lake.commit("dev", {one: Entry("", "3"), other: Entry("", "3")}, message="theirs")
    assert conflicts(lake) == {"document dataset/a": "both sides changed it"}
    merge(lake, "dev", "main", strategy="theirs")
    assert lake.entries("main") == {one: Entry("", "3"), other: Entry("", "3")}


def test_an_explanation_names_both_commits_their_authors_and_runs_and_what_to_type(sqlite_lake):
    lake = made(sqlite_lake, 1, 2)
    tables.append(lake, "main", BOOKINGS, rows(3, 4), message="nightly")
    lake.author = "bo"
    tables.overwrite(lake, "dev", BOOKINGS, rows(9), message="fix", meta={"run": "r-12"})
    (conflict,) = merge(lake, "dev", "main", dry_run=True).conflicts
    ours, theirs = lake.head("main"), lake.head("dev")
    assert conflict.explain().splitlines() == [
        "bookings: theirs changed or removed rows, so it is more than appends",
        f"  main: +2 rows in 1 file (@{ours.short} by {ours.author}: nightly)",
        f"  dev: replaced 1 file by 1 (-1 rows) (@{theirs.short} by bo, run r-12: fix)",
        "  understudy merge dev --into main -X bookings=theirs",
        "  understudy merge dev --into main -X bookings=ours",
        "  understudy merge dev --into main --level rows",
    ]
    assert conflict.json()["theirs"] == {
        "did": "replaced 1 file by 1 (-1 rows)",
        "commit": theirs.hash,
        "author": "bo",
        "run": "r-12",
    }


def test_strategies_and_levels_are_said_by_table(sqlite_lake):
    lake = made(sqlite_lake, 1, 2)
    tables.append(lake, "main", BOOKINGS, rows(3))
    tables.delete(lake, "dev", BOOKINGS, "id = 1")
    with pytest.raises(InputError, match="'booking' does not exist"):
        merge(lake, "dev", "main", tables={"booking": "theirs"})
    with pytest.raises(InputError, match="'their' does not exist"):
        merge(lake, "dev", "main", tables={"bookings": "their"})
    assert list(conflicts(lake, level="rows", tables={"bookings": "append"})) == ["bookings"]
    lake.branch("mine")
    merge(lake, "dev", "mine", tables={"bookings": "ours"})
    assert ids(lake, "mine") == [1, 2, 3]
    merge(lake, "dev", "main", tables={"bookings": "rows"})
    assert ids(lake) == [2, 3]


def test_tables_made_anew_under_one_name_are_a_conflict_and_not_a_silent_replacement(sqlite_lake):
    lake = made(sqlite_lake, 1)
    tables.drop(lake, "dev", BOOKINGS)
    tables.create(lake, "dev", bookings(), batches=rows(7))
    tables.append(lake, "main", BOOKINGS, rows(2))
    assert conflicts(lake) == {"bookings": "one side replaced it by another table of that name"}


def test_what_did_not_pass_its_checks_is_merged_only_when_asked_and_stays_marked(lake):
    put(lake, users=1)
    lake.branch("dev")
    lake.mark([put(lake, "dev", users=2)], "aborted")
    with pytest.raises(InputError, match="its checks have not passed"):
        merge(lake, "dev", "main")
    assert merge(lake, "dev", "main", from_aborted=True).commit.status == "pending"


def test_a_gate_is_asked_for_the_tree_that_comes_of_the_merge(lake):
    put(lake, users=1)
    lake.branch("dev")
    put(lake, "dev", users=2)
    gates.add(lake, gates.Gate("main", "row counts"))
    with pytest.raises(CheckFailed, match="row counts was not asked"):
        merge(lake, "dev", "main")
    with lake.store.writing() as writing:
        writing.put_verdicts(lake.head("dev").tree, {"row counts": True})
    put(lake, orders=1)
    with pytest.raises(CheckFailed, match="row counts was not asked"):
        merge(lake, "dev", "main")  # dev passed, what would come of it has not
    merge(lake, "main", "dev")
    with lake.store.writing() as writing:
        writing.put_verdicts(lake.head("dev").tree, {"row counts": True})
    assert merge(lake, "dev", "main").result == "merged"


def test_what_was_decided_differently_in_crossed_merges_is_a_conflict(lake):
    put(lake, users=1)
    lake.branch("dev")
    ours, theirs = put(lake, users=2), put(lake, "dev", users=3)
    merge(lake, f"@{theirs}", "main", level="table", strategy="ours")
    merge(lake, f"@{ours}", "dev", level="table", strategy="ours")
    assert conflicts(lake, level="table") == {"users": "both sides changed it"}
    merge(lake, "dev", "main", level="table", strategy="theirs")
    assert shown(lake) == {"users": 3}


def test_a_commit_that_must_be_the_next_one_is_not_made_after_any_other(lake):
    base = put(lake, users=1)
    put(lake, orders=1)
    with pytest.raises(Moved, match="orders changed meanwhile"):
        lake.commit("main", {table("users"): at(2)}, base=base, message="late", alone=True)
    assert lake.commit("main", {table("users"): at(2)}, base=base, message="late").parents != (base,)


def test_tags_and_commits_are_merged_from_and_never_into(lake):
    put(lake, users=1)
    lake.branch("dev")
    lake.tag("v1", f"@{put(lake, 'dev', users=2)}")
    assert merge(lake, "v1", "main").result == "merged"
    with pytest.raises(InputError, match="not a branch"):
        merge(lake, "main", "v1")


def test_merges_at_once_lose_nothing(lake):
    names = [f"dev{number}" for number in range(4)]
    put(lake, users=1)
    for name in names:
        lake.branch(name)
        put(lake, name, **{f"of_{name}": 1})
    _at_once(lake, names)
    assert shown(lake) == {"users": 1, **{f"of_{name}": 1 for name in names}}


def test_merges_of_appends_to_one_table_at_once_lose_nothing(sqlite_lake):
    lake = made(sqlite_lake, 0)
    names = [f"dev{number}" for number in range(4)]
    for number, name in enumerate(names, 1):
        lake.branch(name)
        tables.append(lake, name, BOOKINGS, rows(number))
    _at_once(lake, names)
    assert ids(lake) == [0, 1, 2, 3, 4]


def _at_once(lake: Lake, names: list[str]) -> None:
    start, failed = threading.Barrier(len(names)), []

    def work(name: str) -> None:
        start.wait()
        try:
            merge(lake, name, "main")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed

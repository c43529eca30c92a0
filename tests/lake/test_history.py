import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.lakes import at, put, shown, table
from understudy.errors import Error, InputError
from understudy.lake import Lake, Moved, tree
from understudy.lake.history import between, bisect, bisect_command, blame, merge_bases, restore, revert
from understudy.lake.nouns import Commit, Entry, Key
from understudy.lake.store import named
from understudy.schema import TableName


def name(text: str) -> TableName:
    return table(text).table_name


class Graph:
    """A store of commits alone, by number: each is made from some before it."""

    def __init__(self, parents: list[tuple[int, ...]]) -> None:
        self.made: list[Commit] = []
        for number, before in enumerate(parents):
            known = [self.made[one] for one in before]
            generation = 1 + max((one.generation for one in known), default=-1)
            hashes = tuple(one.hash for one in known)
            self.made.append(named(Commit("", tree.EMPTY, hashes, generation, 0.0, "a", str(number), ())))
        self.by_hash = {one.hash: one for one in self.made}

    def commits(self, names) -> dict[str, Commit]:
        return {one: self.by_hash[one] for one in names}

    def ancestors(self, number: int) -> set[str]:
        found, waiting = set(), [self.made[number].hash]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += self.by_hash[one].parents
        return found


GRAPHS = st.lists(st.integers(0, 2**16), min_size=1, max_size=24).map(
    lambda drawn: Graph([()] + [tuple({one % (n + 1), one // 7 % (n + 1)}) for n, one in enumerate(drawn)])
)


@given(graph=GRAPHS, data=st.data())
@settings(max_examples=150)
def test_merge_bases_are_the_common_ancestors_that_no_other_has(graph, data):
    one, other = (data.draw(st.integers(0, len(graph.made) - 1)) for _ in range(2))
    common = graph.ancestors(one) & graph.ancestors(other)
    numbers = {commit.hash: number for number, commit in enumerate(graph.made)}
    best = {x for x in common if not any(x != y and x in graph.ancestors(numbers[y]) for y in common)}
    assert merge_bases(graph, graph.made[one].hash, graph.made[other].hash) == sorted(best)


@given(graph=GRAPHS, data=st.data())
@settings(max_examples=150)
def test_between_two_commits_is_what_led_to_one_and_not_to_the_other_parents_first(graph, data):
    old, new = (data.draw(st.integers(0, len(graph.made) - 1)) for _ in range(2))
    found = [one.hash for one in between(graph, graph.made[old].hash, graph.made[new].hash)]
    assert set(found) == graph.ancestors(new) - graph.ancestors(old)
    for place, one in enumerate(found):
        assert not set(graph.by_hash[one].parents) & set(found[place:])


def test_a_criss_cross_has_two_merge_bases(lake):
    lake.branch("dev", "main")
    one, other = put(lake, orders=1), put(lake, "dev", users=1)
    lake.commit("main", {table("users"): at(1, "users")}, others=(other,), message="merge")
    lake.commit("dev", {table("orders"): at(1, "orders")}, others=(one,), message="merge")
    assert merge_bases(lake.store, lake.head("main").hash, lake.head("dev").hash) == sorted([one, other])


def test_blame_tells_the_commit_that_made_each_table_and_looks_through_merges(lake):
    put(lake, orders=1, users=1, message="start")
    lake.branch("dev", "main")
    put(lake, "dev", orders=2, message="orders on dev")
    put(lake, rates=1, message="rates on main")
    put(lake, gone=1)
    put(lake, gone=None)
    lake.commit(
        "main",
        {table("orders"): at(2, "orders"), table("users"): at(9, "users")},
        others=(lake.head("dev").hash,),
        message="merge",
    )
    put(lake, rates=2, message="more rates")
    assert {str(one): commit.message for one, commit in blame(lake, "main").items()} == {
        "orders": "orders on dev",
        "rates": "more rates",
        "users": "merge",
    }


def test_revert_takes_back_all_that_a_commit_did_and_nothing_that_came_since(lake):
    put(lake, orders=1, users=1)
    undone = put(lake, orders=2, users=None, rates=1)
    put(lake, payments=1)
    made = revert(lake, "main", f"@{undone}")
    assert shown(lake) == {"orders": 1, "users": 1, "payments": 1}
    assert made.meta == {"revert": undone}
    assert made.message.startswith(f"revert {undone[:12]}: put")


def test_revert_names_what_has_moved_since(lake):
    put(lake, orders=1, users=1)
    undone = put(lake, orders=2, users=2)
    put(lake, users=3)
    with pytest.raises(InputError, match=r"^users changed on 'main' since") as caught:
        revert(lake, "main", f"@{undone}")
    assert "understudy restore" in caught.value.hint
    assert shown(lake) == {"orders": 2, "users": 3}


def test_one_table_of_several_is_not_undone_alone_unless_that_is_said(lake):
    put(lake, orders=1, users=1)
    undone = put(lake, orders=2, users=2)
    with pytest.raises(InputError, match="changed users too") as caught:
        revert(lake, "main", f"@{undone}", tables=[name("orders")])
    assert "--partial" in caught.value.hint
    revert(lake, "main", f"@{undone}", tables=[name("orders")], partial=True)
    assert shown(lake) == {"orders": 1, "users": 2}


def test_the_only_table_of_a_commit_may_be_named(lake):
    put(lake, orders=1)
    document = {Key("document", "", "dataset"): Entry("", tree.EMPTY)}
    undone = lake.commit(
        "main", {table("orders"): at(2, "orders")} | document, message="orders and what is said of them"
    )
    revert(lake, "main", f"@{undone.hash}", tables=[name("orders")])
    assert lake.head("main").tree == lake.head("main~2").tree


def test_a_revert_can_be_reverted(lake):
    put(lake, orders=1)
    after = lake.head("main").tree
    revert(lake, "main", "main")
    assert shown(lake) == {}
    revert(lake, "main", "main")
    assert lake.head("main").tree == after


def test_what_cannot_be_reverted_is_told(lake):
    undone = put(lake, orders=1)
    with pytest.raises(InputError, match="is the first commit"):
        revert(lake, "main", "main~1")
    with pytest.raises(InputError, match="a change of 'order' does not exist") as caught:
        revert(lake, "main", "main", tables=[name("order")])
    assert "orders" in caught.value.hint
    revert(lake, "main", f"@{undone}")
    with pytest.raises(InputError, match="already is as it was before"):
        revert(lake, "main", f"@{undone}")
    with pytest.raises(InputError, match="is not a branch"):
        revert(lake, "main~1", f"@{undone}")


def test_a_merge_is_reverted_to_what_its_first_parent_was(lake):
    put(lake, orders=1)
    lake.branch("dev", "main")
    put(lake, "dev", users=1)
    put(lake, "dev", users=2)
    lake.commit("main", {table("users"): at(2, "users")}, others=(lake.head("dev").hash,), message="merge")
    revert(lake, "main", "main")
    assert shown(lake) == {"orders": 1}


def test_tables_are_restored_from_any_state_with_their_namespace(lake):
    space = Key("namespace", "shop")
    lake.commit(
        "main",
        {space: Entry("", tree.EMPTY), table("shop.orders"): at(1), table("shop.users"): at(1)},
        message="start",
    )
    lake.tag("v1", "main")
    lake.commit("main", {space: None, table("shop.orders"): None, table("shop.users"): None}, message="oh no")
    put(lake, rates=1)
    restore(lake, "main", "v1", [name("shop.orders")])
    assert shown(lake) == {"shop.orders": 1, "rates": 1}
    assert space in lake.entries("main")
    with pytest.raises(InputError, match=r"table 'shop.order' does not exist"):
        restore(lake, "main", "v1", [name("shop.order")])


def test_everything_is_restored_where_no_table_is_named(lake):
    put(lake, orders=1)
    put(lake, orders=2, users=1)
    restored = restore(lake, "main", "main~1")
    assert restored.tree == lake.head("main~2").tree
    assert restored.parents == (lake.head("main~1").hash,)


def test_what_others_do_during_a_revert_is_not_overwritten(lake, monkeypatch):
    put(lake, orders=1)
    undone = put(lake, orders=2)
    committing = Lake.commit

    def late(self, *args, **options):
        monkeypatch.setattr(Lake, "commit", committing)
        put(lake, orders=3)
        return committing(self, *args, **options)

    monkeypatch.setattr(Lake, "commit", late)
    with pytest.raises(Moved):
        revert(lake, "main", f"@{undone}")
    assert shown(lake) == {"orders": 3}


@pytest.fixture
def long_history(sqlite_lake):
    """main with forty commits, ten of them on a branch that was merged."""
    for number in range(20):
        put(sqlite_lake, orders=number)
    sqlite_lake.branch("dev", "main")
    for number in range(10):
        put(sqlite_lake, "dev", users=number)
    for number in range(20, 29):
        put(sqlite_lake, orders=number)
    sqlite_lake.commit(
        "main", {table("users"): at(9, "users")}, others=(sqlite_lake.head("dev").hash,), message="merge"
    )
    return sqlite_lake


def first_bad(lake: Lake, **bad: int):
    """Bad is a table from that number on."""

    def verdict(commit: Commit) -> bool:
        held = shown(lake, f"@{commit.hash}")
        return not any((held.get(one) or 0) >= number for one, number in bad.items())

    return bisect(lake, "main~29", "main", verdict)


def test_bisect_finds_the_first_bad_commit_in_few_questions(long_history):
    found = first_bad(long_history, orders=13)
    assert shown(long_history, f"@{found.commit.hash}") == {"orders": 13}
    assert len(found.steps) <= 7


def test_bisect_finds_it_on_the_other_side_of_a_merge(long_history):
    found = first_bad(long_history, users=4)
    assert shown(long_history, f"@{found.commit.hash}") == {"orders": 19, "users": 4}


def test_bisect_goes_round_what_nobody_can_tell(long_history):
    broken = {long_history.head("main~18").hash, long_history.head("main~19").hash}

    def verdict(commit: Commit) -> bool | None:
        return None if commit.hash in broken else (shown(long_history, f"@{commit.hash}").get("orders") or 0) < 5

    found = bisect(long_history, "main~29", "main~9", verdict)
    assert shown(long_history, f"@{found.commit.hash}") == {"orders": 5}
    assert {answer for _, answer in found.steps} <= {True, False, None}


def test_bisect_lists_the_candidates_where_nobody_can_tell_them_apart(long_history):
    with pytest.raises(Error, match="first bad commit is one of") as caught:
        bisect(long_history, "main~29", "main~27", lambda _: None)
    assert caught.value.message.count("@") == 2


def test_bisect_wants_a_good_state_before_the_bad_one(long_history):
    for good, bad in (("main", "main~3"), ("main", "main"), ("dev", "main~3")):
        with pytest.raises(InputError, match="is not before"):
            bisect(long_history, good, bad, lambda _: True)


def test_a_command_bisects_with_the_state_in_its_environment(sqlite_lake, capfd):
    for number in range(12):
        put(sqlite_lake, orders=number)
    script = (
        "import os, sys\n"
        "from understudy.lake import Lake\n"
        "lake = Lake.open(os.environ['UNDERSTUDY_LAKE'], catalog=os.environ['UNDERSTUDY_CATALOG'])\n"
        "assert os.environ['LAKE_REF'] == os.environ['UNDERSTUDY_REF']\n"
        "found = [entry.snapshot for entry in lake.tables(os.environ['UNDERSTUDY_REF']).values()][0]\n"
        "sys.exit(125 if found in (3, 5, 9) else found >= 7)\n"
    )
    found = bisect_command(sqlite_lake, "main~11", "main", [sys.executable, "-c", script])
    assert shown(sqlite_lake, f"@{found.commit.hash}") == {"orders": 7}
    assert capfd.readouterr().err == ""


def test_a_command_that_breaks_off_stops_the_bisection(long_history):
    with pytest.raises(Error, match="broke off at"):
        bisect_command(long_history, "main~5", "main", ["sh", "-c", "kill -9 $$"])
    with pytest.raises(InputError, match="'no-such-command' cannot be run"):
        bisect_command(long_history, "main~5", "main", ["no-such-command"])

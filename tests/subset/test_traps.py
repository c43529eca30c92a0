"""The places where subsetters go wrong, one by one: keys, cycles, orphans, exclusions."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from subset.tiny import Tiny, edge, name, of
from subset.worlds import rank
from understudy.errors import InputError
from understudy.subset import EdgePolicy, Request, closure

PARENTS_ONLY = EdgePolicy(children=False)


def test_children_of_targets_and_parents_of_children_come_along() -> None:
    shop = Tiny(
        {
            "users": [{"id": 1, "country": "DE"}, {"id": 2, "country": "FR"}],
            "items": [{"id": 7}, {"id": 8}],
            "orders": [{"id": 1, "user_id": 1, "item_id": 7}, {"id": 2, "user_id": 2, "item_id": 8}],
        },
        ("orders.user_id -> users.id", "orders.item_id -> items.id"),
    )
    assert shop.take(of("users", "country = 'DE'")).tables == {"users": [1], "orders": [1], "items": [7]}


def test_a_row_that_came_as_a_parent_brings_no_children() -> None:
    shop = Tiny(
        {
            "users": [{"id": 1}, {"id": 2}],
            "orders": [{"id": 1, "user_id": 1}, {"id": 2, "user_id": 1}, {"id": 3, "user_id": 2}],
        },
        ("orders.user_id -> users.id",),
    )
    assert shop.take(of("orders", "id = 1")).tables == {"orders": [1], "users": [1]}


def test_expand_makes_a_parent_bring_its_children() -> None:
    shop = Tiny(
        {
            "users": [{"id": 1}, {"id": 2}],
            "orders": [{"id": 1, "user_id": 1}, {"id": 2, "user_id": 1}, {"id": 3, "user_id": 2}],
        },
        ("orders.user_id -> users.id",),
    )
    taken = shop.take(of("orders", "id = 1"), follow={"orders.user_id": EdgePolicy(parents="expand")})
    assert taken.tables == {"orders": [1, 2], "users": [1]}


PAIRS: dict[str, Any] = {
    "orders": [{"id": 1, "no": 1}, {"id": 1, "no": 2}, {"id": 2, "no": 1}],
    "lines": [
        {"id": 1, "order_id": 1, "order_no": 2},
        {"id": 2, "order_id": 9, "order_no": None},
        {"id": 3, "order_id": None, "order_no": None},
    ],
}


def test_a_composite_key_with_one_null_needs_no_parent() -> None:
    tiny = Tiny(PAIRS, ("lines.(order_id, order_no) -> orders.(id, no)",), keys={"orders": ("id", "no")})
    taken = tiny.take(of("lines"))
    assert taken["lines"] == [1, 2, 3]
    assert taken.rows["orders"] == [{"id": 1, "no": 2, "_via": 0, "_depth": 1}]
    assert taken.closure.orphans == {"lines.(order_id, order_no)": 0}


def test_a_match_full_key_that_is_all_null_needs_no_parent() -> None:
    rows = {**PAIRS, "lines": [PAIRS["lines"][0], PAIRS["lines"][2]]}
    key = edge("lines.(order_id, order_no) -> orders.(id, no)", match="full")
    taken = Tiny(rows, (key,), keys={"orders": ("id", "no")}).take(of("lines"))
    assert len(taken.rows["orders"]) == 1


def test_a_key_to_a_unique_column_that_is_not_the_primary_key() -> None:
    tiny = Tiny(
        {
            "countries": [{"id": 1, "code": "DE"}, {"id": 2, "code": "FR"}],
            "users": [{"id": 1, "country": "FR"}, {"id": 2, "country": "DE"}],
        },
        ("users.country -> countries.code",),
        uniques={"countries": ("code",)},
    )
    assert tiny.take(of("users", "id = 1"))["countries"] == [2]
    assert tiny.take(of("countries", "id = 2"))["users"] == [1]


def test_key_columns_in_another_order_than_the_parents_key() -> None:
    tiny = Tiny(
        {
            "orders": [{"id": 1, "no": 2}, {"id": 2, "no": 1}],
            "lines": [{"line": 1, "a_no": 2, "an_id": 1}, {"line": 2, "a_no": 1, "an_id": 2}],
        },
        ("lines.(a_no, an_id) -> orders.(no, id)",),
        keys={"orders": ("id", "no")},
    )
    assert tiny.take(of("lines", "line = 1"))["orders"] == [1]
    assert tiny.take(of("orders", "id = 2"))["lines"] == [2]


def test_two_keys_from_one_table_to_the_same_parent() -> None:
    tiny = Tiny(
        {
            "addresses": [{"id": 1}, {"id": 2}, {"id": 3}],
            "orders": [{"id": 1, "billing_id": 1, "shipping_id": 2}, {"id": 2, "billing_id": 3, "shipping_id": 1}],
        },
        ("orders.billing_id -> addresses.id", "orders.shipping_id -> addresses.id"),
    )
    assert tiny.take(of("addresses", "id = 1")).tables == {"addresses": [1, 2, 3], "orders": [1, 2]}
    only = {"orders.shipping_id": PARENTS_ONLY}
    assert tiny.take(of("addresses", "id = 1"), follow=only).tables == {"addresses": [1, 2], "orders": [1]}


CHAIN: dict[str, Any] = {
    "staff": [{"id": 1, "boss": None}, {"id": 2, "boss": 1}, {"id": 3, "boss": 2}, {"id": 4, "boss": 3}]
}


def test_a_self_reference_is_followed_to_both_ends() -> None:
    tiny = Tiny(CHAIN, ("staff.boss -> staff.id",))
    assert tiny.take(of("staff", "id = 3"))["staff"] == [1, 2, 3, 4]
    assert tiny.take(of("staff", "id = 3"), follow={"staff.boss": PARENTS_ONLY})["staff"] == [1, 2, 3]


def test_a_self_reference_without_an_index_reads_its_keys_once() -> None:
    tiny = Tiny(CHAIN, ("staff.boss -> staff.id",), indexed=False, tables={"staff": {"bytes": 8_000_000}})
    taken = tiny.take(of("staff", "id = 1"))
    assert taken["staff"] == [1, 2, 3, 4]
    assert taken.closure.read == taken.closure.rows
    assert taken.plan.warnings == (
        "staff.boss has no index: each batch is a sequential scan of 8.0 MB; its keys are read once and followed here",
    )


def test_a_row_that_is_its_own_parent() -> None:
    tiny = Tiny({"nodes": [{"id": 1, "up": 1}, {"id": 2, "up": 1}]}, ("nodes.up -> nodes.id",), not_null=("nodes.up",))
    assert tiny.take(of("nodes", "id = 1"))["nodes"] == [1, 2]
    assert tiny.take(of("nodes", "id = 2"), follow={"nodes": PARENTS_ONLY})["nodes"] == [1, 2]


def test_two_self_references_are_followed_in_turn() -> None:
    people = [
        {"id": 1, "mother": 2, "father": None},
        {"id": 2, "mother": None, "father": 3},
        {"id": 3, "mother": 4, "father": None},
        {"id": 4, "mother": None, "father": None},
        {"id": 5, "mother": None, "father": None},
    ]
    tiny = Tiny({"people": people}, ("people.mother -> people.id", "people.father -> people.id"))
    assert tiny.take(of("people", "id = 1"))["people"] == [1, 2, 3, 4]


def test_a_cycle_of_two_tables_with_keys_that_are_not_null() -> None:
    tiny = Tiny(
        {
            "hosts": [{"id": 1, "main": 10}, {"id": 2, "main": 20}],
            "homes": [{"id": 10, "host": 1}, {"id": 11, "host": 1}, {"id": 20, "host": 2}],
        },
        ("hosts.main -> homes.id", "homes.host -> hosts.id"),
        not_null=("hosts.main", "homes.host"),
    )
    assert tiny.take(of("hosts", "id = 1")).tables == {"hosts": [1], "homes": [10, 11]}
    assert tiny.take(of("homes", "id = 11"), follow={"hosts": PARENTS_ONLY, "homes": PARENTS_ONLY}).tables == {
        "homes": [10, 11],
        "hosts": [1],
    }


def test_two_cycles_that_overlap_in_one_table() -> None:
    tiny = Tiny(
        {
            "a": [{"id": 1, "b": 1, "c": 2}, {"id": 2, "b": 3, "c": None}, {"id": 3, "b": 3, "c": 3}],
            "b": [{"id": 1, "a": 2}, {"id": 2, "a": 3}, {"id": 3, "a": 2}],
            "c": [{"id": 1, "a": 1}, {"id": 2, "a": 1}, {"id": 3, "a": 3}],
        },
        ("a.b -> b.id", "b.a -> a.id", "a.c -> c.id", "c.a -> a.id"),
    )
    follow = {"a": PARENTS_ONLY, "b": PARENTS_ONLY, "c": PARENTS_ONLY}
    taken = tiny.take(of("a", "id = 1"), follow=follow)
    assert taken.tables == {"a": [1, 2], "b": [1, 3], "c": [2]}
    assert [len(component) for component in taken.plan.up_order] == [3]


def test_a_parent_that_two_rows_need_is_as_far_as_the_nearer_one() -> None:
    tiny = Tiny(
        {
            "users": [{"id": 1}, {"id": 2}],
            "nodes": [
                {"id": 1, "up": None, "user_id": 1},
                {"id": 2, "up": 1, "user_id": 1},
                {"id": 3, "up": 2, "user_id": 2},
            ],
        },
        ("nodes.up -> nodes.id", "nodes.user_id -> users.id"),
    )
    taken = tiny.take(of("nodes", "id = 3"))
    assert sorted((row["id"], row["_depth"]) for row in taken.rows["nodes"]) == [(1, 2), (2, 1), (3, 0)]
    assert sorted((row["id"], row["_depth"]) for row in taken.rows["users"]) == [(1, 2), (2, 1)]


def test_a_diamond_holds_along_both_sides() -> None:
    tiny = Tiny(
        {
            "users": [{"id": 1}, {"id": 2}],
            "carts": [{"id": 1, "user_id": 1}],
            "cards": [{"id": 1, "user_id": 2}],
            "orders": [{"id": 1, "cart_id": 1, "card_id": 1}, {"id": 2, "cart_id": None, "card_id": 1}],
        },
        (
            "carts.user_id -> users.id",
            "cards.user_id -> users.id",
            "orders.cart_id -> carts.id",
            "orders.card_id -> cards.id",
        ),
    )
    assert tiny.take(of("users", "id = 1")).tables == {"users": [1, 2], "carts": [1], "orders": [1], "cards": [1]}


def test_equal_rows_of_a_table_without_a_key_are_all_taken_and_each_once() -> None:
    tiny = Tiny(
        {"users": [{"id": 1}, {"id": 2}], "log": [{"user_id": 1}, {"user_id": 1}, {"user_id": 2}]},
        ("log.user_id -> users.id",),
        keys={"log": ()},
    )
    taken = tiny.take(of("users", "id = 1"), of("log", "user_id = 1"))
    assert taken["log"] == [1, 1]


def test_nulls_in_a_unique_column_match_nothing() -> None:
    tiny = Tiny(
        {"codes": [{"id": 1, "code": None}, {"id": 2, "code": "x"}], "uses": [{"id": 1, "code": None}]},
        ("uses.code -> codes.code",),
        uniques={"codes": ("code",)},
        columns={"uses.code": {"kind": "text", "arrow_type": pa.string()}},
    )
    assert tiny.take(of("codes", "id = 1")).tables == {"codes": [1]}
    assert tiny.take(of("uses")).tables == {"uses": [1]}


@pytest.mark.parametrize("virtual", [False, True])
def test_an_orphan_is_kept_and_counted(virtual: bool) -> None:
    key = edge("orders.user_id -> users.id", validated=virtual, virtual=virtual)
    tiny = Tiny({"users": [{"id": 1}], "orders": [{"id": 1, "user_id": 1}, {"id": 2, "user_id": 404}]}, (key,))
    taken = tiny.take(of("orders", "id > 0"))
    assert taken.tables == {"orders": [1, 2], "users": [1]}
    assert taken.closure.orphans == {"orders.user_id": 1}


def test_an_orphans_key_is_asked_for_once() -> None:
    rows = [{"id": 1, "up": 404, "next": None}, {"id": 2, "up": 404, "next": 1}, {"id": 3, "up": 404, "next": 2}]
    tiny = Tiny({"nodes": rows}, ("nodes.up -> nodes.id", "nodes.next -> nodes.id"))
    dataset = tiny.dataset
    request = Request((of("nodes", "id = 3"),), {"nodes": PARENTS_ONLY})
    closure(tiny.plan(request), dataset, lambda table, batch: None, columns={}, rank=rank)
    asked = [value for scan in dataset.scans if scan.keys is not None for value in scan.keys["id"].to_pylist()]
    assert sorted(asked) == [1, 2, 404]


def test_a_key_inside_json_finds_its_parent_and_junk_finds_none() -> None:
    sql = "json_extract_string(payload, '$.user')"
    key = edge("events.user -> users.id", virtual=True, expressions=(sql,))
    tiny = Tiny(
        {
            "users": [{"id": 1}, {"id": 2}],
            "events": [
                {"id": 1, "payload": '{"user": 2}'},
                {"id": 2, "payload": '{"user": "x"}'},
                {"id": 3, "payload": "{}"},
            ],
        },
        (key,),
    )
    taken = tiny.take(of("events"))
    assert taken.tables == {"events": [1, 2, 3], "users": [2]}
    assert taken.closure.orphans == {"events.user": 1}
    assert tiny.take(of("users", "id = 2")).tables == {"users": [2], "events": [1]}


def test_a_polymorphic_key_points_only_where_its_type_says() -> None:
    tiny = Tiny(
        {
            "users": [{"id": 1}, {"id": 2}],
            "posts": [{"id": 1}, {"id": 2}],
            "notes": [
                {"id": 1, "type": "User", "owner": 1},
                {"id": 2, "type": "Post", "owner": 1},
                {"id": 3, "type": "Page", "owner": 1},
                {"id": 4, "type": None, "owner": 1},
            ],
        },
        (
            edge("notes.owner -> users.id", virtual=True, condition="type = 'User'"),
            edge("notes.owner -> posts.id", virtual=True, condition="type = 'Post'"),
        ),
    )
    assert tiny.take(of("users", "id = 1")).tables == {"users": [1], "notes": [1]}
    assert tiny.take(of("notes")).tables == {"notes": [1, 2, 3, 4], "users": [1], "posts": [1]}
    nulled = tiny.take(of("notes"), follow={"notes.owner[type = 'User']": EdgePolicy(parents="null")})
    assert nulled.tables == {"notes": [1, 2, 3, 4], "posts": [1]}
    assert nulled.column("notes", "owner") == [None, 1, 1, 1]


DELETED: dict[str, Any] = {
    "users": [{"id": 1, "gone": 0}, {"id": 2, "gone": 1}],
    "orders": [{"id": 1, "user_id": 1}, {"id": 2, "user_id": 2}],
    "lines": [{"id": 1, "order_id": 1}, {"id": 2, "order_id": 2}],
}
DELETED_EDGES = ("orders.user_id -> users.id", "lines.order_id -> orders.id")


def test_rows_that_need_an_excluded_row_are_dropped_with_it() -> None:
    tiny = Tiny(DELETED, DELETED_EDGES)
    taken = tiny.take(of("lines"), exclude={name("users"): "gone = 1"})
    assert taken.tables == {"lines": [1], "orders": [1], "users": [1]}
    places = {str(table): places.to_pylist() for table, places in taken.closure.dropped.items()}
    assert places == {"users": [1], "orders": [1], "lines": [1]}


def test_a_child_may_outlive_its_excluded_parent_with_its_key_set_to_null() -> None:
    tiny = Tiny(DELETED, DELETED_EDGES)
    follow = {"orders.user_id": EdgePolicy(on_excluded="null")}
    taken = tiny.take(of("lines"), exclude={name("users"): "gone = 1"}, follow=follow)
    assert taken.tables == {"lines": [1, 2], "orders": [1, 2], "users": [1]}
    assert taken.column("orders", "user_id") == [1, None]


def test_exclusions_travel_around_a_cycle_that_is_not_null() -> None:
    rows = [
        {"id": 1, "next": 2, "bad": 0},
        {"id": 2, "next": 3, "bad": 0},
        {"id": 3, "next": 1, "bad": 1},
        {"id": 4, "next": 4, "bad": 0},
    ]
    tiny = Tiny({"ring": rows}, ("ring.next -> ring.id",), not_null=("ring.next",))
    assert tiny.take(of("ring"), exclude={name("ring"): "bad = 1"})["ring"] == [4]


def test_a_target_without_rows_gives_an_empty_result() -> None:
    tiny = Tiny(DELETED, DELETED_EDGES)
    assert tiny.take(of("users", "id > 99")).tables == {}


def test_a_target_that_is_also_the_parent_of_another_brings_its_children() -> None:
    tiny = Tiny(DELETED, DELETED_EDGES)
    assert tiny.take(of("lines", "id = 1"), of("users", "id = 1")).tables == {"lines": [1], "users": [1], "orders": [1]}
    assert tiny.take(of("lines", "id = 1"), of("users", "id = 2"))["orders"] == [1, 2]


def test_a_limit_breaks_ties_by_key() -> None:
    rows = [{"id": 3, "w": 1}, {"id": 1, "w": 1}, {"id": 2, "w": 1}, {"id": 4, "w": 0}]
    tiny = Tiny({"users": rows})
    assert tiny.take(of("users", limit=2, order_by="w DESC"))["users"] == [1, 2]
    assert tiny.take(of("users", limit=2))["users"] == [1, 2]


def test_a_smaller_percentage_is_part_of_a_larger_one() -> None:
    tiny = Tiny({"users": [{"id": number} for number in range(1000)]})
    few, more = (set(tiny.take(of("users", percent=percent))["users"]) for percent in (5, 20))
    assert few < more
    assert 20 < len(few) < 90 and 150 < len(more) < 250
    assert few == set(tiny.take(of("users", percent=5))["users"])
    assert len(tiny.take(of("users", percent=20, limit=7))["users"]) == 7


def test_given_keys_are_taken_and_null_keys_match_nothing() -> None:
    tiny = Tiny({"users": [{"id": 1, "team": 1}, {"id": 2, "team": None}, {"id": 3, "team": 1}]})
    assert tiny.take(of("users", keys=pa.table({"team": pa.array([1, None], pa.int8())})))["users"] == [1, 3]


@pytest.fixture
def low_stack() -> Iterator[int]:
    """The interpreter's stack ends so many calls above the test."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 150)
    yield 150
    sys.setrecursionlimit(before)


def test_a_chain_deeper_than_the_interpreters_stack(low_stack: int) -> None:
    rows = [{"id": number, "up": number - 1 if number else None} for number in range(low_stack + 50)]
    tiny = Tiny({"nodes": rows}, ("nodes.up -> nodes.id",))
    assert len(tiny.take(of("nodes", "id = 0"))["nodes"]) == low_stack + 50


HUB: dict[str, Any] = {
    "users": [{"id": 1}, {"id": 2}],
    "visits": [{"id": n, "user_id": 1 + n % 2, "moment": -n} for n in range(200)],
}


def test_a_hub_gives_the_first_children_by_an_order() -> None:
    tiny = Tiny(HUB, ("visits.user_id -> users.id",))
    follow = {"visits": EdgePolicy(top=2, order_by="moment")}
    assert tiny.take(of("users"), follow=follow)["visits"] == [196, 197, 198, 199]


@pytest.mark.parametrize("indexed", [True, False])
def test_a_hub_gives_the_same_children_by_hash_and_reads_no_other_row(indexed: bool) -> None:
    tiny = Tiny(HUB, ("visits.user_id -> users.id",), indexed=indexed)
    follow = {"visits": EdgePolicy(top=3)}
    both, one = tiny.take(of("users"), follow=follow), tiny.take(of("users", "id = 2"), follow=follow)
    assert len(both["visits"]) == 6
    assert set(one["visits"]) < set(both["visits"])
    assert sum(both.closure.read.values()) == 8


def test_depth_counts_child_edges_from_the_nearest_target() -> None:
    rows = [{"id": n, "up": n - 1 if n else None} for n in range(6)]
    tiny = Tiny({"nodes": rows}, ("nodes.up -> nodes.id",))
    follow = {"nodes": EdgePolicy(depth=2)}
    assert tiny.take(of("nodes", "id = 0"), follow=follow)["nodes"] == [0, 1, 2]
    assert tiny.take(of("nodes", "id IN (0, 2)"), follow=follow)["nodes"] == [0, 1, 2, 3, 4]


def test_a_lookup_table_reached_by_everything_gives_only_the_rows_in_use() -> None:
    tiny = Tiny(
        {
            "countries": [{"id": n} for n in range(200)],
            "users": [{"id": 1, "country": 3}],
            "shops": [{"id": 1, "country": 4, "user_id": 1}],
        },
        ("users.country -> countries.id", "shops.country -> countries.id", "shops.user_id -> users.id"),
    )
    assert tiny.take(of("users")).tables == {"users": [1], "shops": [1], "countries": [3, 4]}


def test_tables_of_one_name_in_two_namespaces_are_two_tables() -> None:
    tiny = Tiny(
        {"a.users": [{"id": 1}, {"id": 2}], "b.users": [{"id": 1, "a_id": 2}, {"id": 2, "a_id": 1}]},
        ("b.users.a_id -> a.users.id",),
    )
    assert tiny.take(of("b.users", "id = 1")).tables == {"b.users": [1], "a.users": [2]}


@pytest.mark.parametrize(
    ("what", "reason"), [({"readable": False}, "may not read it"), ({"row_security": True}, "row security would hide")]
)
def test_a_parent_that_may_not_be_read_is_refused_before_a_row_is_read(what: dict[str, Any], reason: str) -> None:
    tiny = Tiny(
        {"users": [{"id": 1}], "orders": [{"id": 1, "user_id": 1}]},
        ("orders.user_id -> users.id",),
        tables={"users": what},
    )
    refusals = tiny.plan(Request((of("orders"),))).refusals
    assert [refusal.subject for refusal in refusals] == ["users"]
    assert reason in refusals[0].reason
    assert "required by orders.user_id" in refusals[0].reason
    assert "follow orders.user_id with parents: null" in refusals[0].hint
    with pytest.raises(InputError, match="the subset is refused"):
        tiny.take(of("orders"))
    nulled = {"orders.user_id": EdgePolicy(parents="null")}
    assert tiny.take(of("orders"), follow=nulled).column("orders", "user_id") == [None]

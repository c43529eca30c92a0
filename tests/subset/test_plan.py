"""What a plan says before a row is read: which edges, in which order, why, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from subset.tiny import Tiny, edge, name, of
from understudy.errors import InputError
from understudy.subset import EdgePolicy, Request, SubsetPlan

SHOP = Tiny(
    {
        "countries": [{"id": 1, "code": "DE"}],
        "users": [{"id": 1, "country_id": 1, "ref": None}],
        "sessions": [{"id": 1, "user_id": 1, "started": 1}],
        "orders": [{"id": 1, "user_id": 1, "gift_for": None}],
        "settings": [{"key": "a"}],
        "audit": [{"id": 1}],
    },
    (
        "users.country_id -> countries.id",
        "sessions.user_id -> users.id",
        "orders.user_id -> users.id",
        "orders.gift_for -> users.id",
    ),
    not_null=("sessions.user_id", "orders.user_id"),
    tables={"audit": {"rows": 5_000_000, "bytes": 451_000_000}, "settings": {"rows": 12}},
)


def refusals(plan: SubsetPlan) -> list[str]:
    return [f"{refusal.subject}: {refusal.reason}" for refusal in plan.refusals]


def why(plan: SubsetPlan, label: str) -> str:
    return next(edge.why for edge in plan.edges if edge.label == label)


def test_every_table_says_how_its_rows_come() -> None:
    plan = SHOP.plan(Request((of("users", "country_id = 1"), of("users", limit=2)), unreached="reference"))
    assert {str(table.name): (table.role, table.why) for table in plan.tables} == {
        "countries": ("reached", "required by users.country_id"),
        "users": ("target", "country_id = 1 or the first 2 by key"),
        "sessions": ("reached", "children of users over sessions.user_id"),
        "orders": ("reached", "children of users over orders.user_id"),
        "settings": ("whole", "no target reaches it, and its 12 rows are at most 1,000"),
        "audit": ("empty", "no target reaches it, and its 5,000,000 rows are more than 1,000"),
    }
    assert plan.empty == {name("audit")}


def test_every_edge_says_why_it_is_followed_or_not() -> None:
    follow = {
        "sessions": EdgePolicy(top=20, order_by="started DESC", where="started > 0"),
        "orders.gift_for": EdgePolicy(parents="null", children=False),
    }
    plan = SHOP.plan(Request((of("users", "id = 1"),), follow))
    assert why(plan, "users.country_id") == (
        "children not taken: countries is reached only as a parent; parents required"
    )
    assert why(plan, "sessions.user_id") == (
        "children taken, where started > 0, at most 20 per parent by started DESC; parents required"
    )
    assert why(plan, "orders.gift_for") == (
        "children not taken, as asked; gift_for becomes NULL, so no parent is needed"
    )


def test_children_are_looked_up_parents_first_and_parents_children_first() -> None:
    plan = SHOP.plan(Request((of("users", "id = 1"),)))
    down, up = (
        [str(table) for component in order for table in component] for order in (plan.down_order, plan.up_order)
    )
    assert down.index("users") < min(down.index("sessions"), down.index("orders"))
    assert up.index("sessions") < up.index("users") < up.index("countries")


def test_without_integrity_every_target_stands_alone() -> None:
    plan = SHOP.plan(Request((of("orders", "id = 1"),), unreached="empty", integrity=False))
    assert {str(table.name) for table in plan.tables if table.role != "empty"} == {"orders"}
    assert {edge.why for edge in plan.edges} == {"not followed: integrity is off"}
    assert SHOP.take(of("orders", "id = 1"), integrity=False).tables == {"orders": [1]}


def test_a_parent_of_a_table_taken_whole_is_reached_through_it() -> None:
    tiny = Tiny(
        {"users": [{"id": 1}], "kinds": [{"id": 1, "file_id": 2}], "files": [{"id": 1}, {"id": 2}]},
        ("kinds.file_id -> files.id",),
        tables={"files": {"rows": 10_000}},
    )
    taken = tiny.take(of("users"), unreached="reference")
    assert taken.tables == {"users": [1], "kinds": [1], "files": [2]}


def test_a_table_whose_rows_nobody_counted_is_no_reference_table_when_it_is_large() -> None:
    tiny = Tiny({"users": [{"id": 1}], "log": [{"id": 1}]}, tables={"log": {"rows": 0, "bytes": 10**9}})
    plan = tiny.plan(Request((of("users"),)))
    assert plan.by_name[name("log")].why == (
        "no target reaches it, and its uncounted rows (1.0 GB) are more than 1,000"
    )


def test_an_edge_without_an_index_is_told_with_its_bytes() -> None:
    tables = {"orders": {"bytes": 451_000_000}}
    plan = replace(SHOP, indexed=False, tables=tables).plan(Request((of("users", "id = 1"),)))
    assert (
        "orders.gift_for has no index: each batch is a sequential scan of 451 MB; fetched in one scan" in plan.warnings
    )


def test_an_edge_to_columns_that_are_not_unique_is_told() -> None:
    key = edge("sessions.started -> orders.gift_for", virtual=True)
    plan = SHOP.plan(Request((of("sessions"),), virtual=(key,)))
    assert "orders.gift_for is not known to be unique: sessions.started needs every row that matches" in plan.warnings


FOLLOW_MISTAKES: dict[str, tuple[dict[str, EdgePolicy], str, str]] = {
    "an unknown edge": (
        {"orders.usr_id": EdgePolicy()},
        "foreign key 'orders.usr_id' does not exist",
        "orders.user_id",
    ),
    "a table without keys": ({"countries": EdgePolicy()}, "no foreign key of its own", "users.country_id"),
    "null on NOT NULL": ({"orders.user_id": EdgePolicy(parents="null")}, "cannot be set to NULL", "parents: follow"),
    "no children at all": ({"orders": EdgePolicy(top=0)}, "it is 0", "children: false"),
    "a negative depth": ({"orders": EdgePolicy(depth=-1)}, "it is -1", "0 or more"),
}


@pytest.mark.parametrize(("follow", "reason", "hint"), FOLLOW_MISTAKES.values(), ids=FOLLOW_MISTAKES)
def test_a_mistake_in_follow_is_refused_with_a_way_out(follow: dict[str, EdgePolicy], reason: str, hint: str) -> None:
    (refusal,) = SHOP.plan(Request((of("users"),), follow)).refusals
    assert reason in refusal.reason
    assert hint in refusal.hint


TARGET_MISTAKES: dict[str, tuple[Any, str, str]] = {
    "an unknown table": (of("user"), "table 'user' does not exist", "did you mean 'users'?"),
    "an unknown key column": (
        of("users", keys=pa.table({"idd": [1]})),
        "column 'users.idd' does not exist",
        "users.id",
    ),
    "more than everything": (of("users", percent=101), "percent is 101", "at most 100"),
    "a negative limit": (of("users", limit=-1), "limit is -1", "0 or more"),
}


@pytest.mark.parametrize(("target", "reason", "hint"), TARGET_MISTAKES.values(), ids=TARGET_MISTAKES)
def test_a_mistake_in_a_target_is_refused_with_a_way_out(target: Any, reason: str, hint: str) -> None:
    (refusal,) = SHOP.plan(Request((target,))).refusals
    assert reason in refusal.reason
    assert hint in refusal.hint


def test_an_exclusion_of_an_unknown_table_is_refused() -> None:
    plan = SHOP.plan(Request((of("users"),), exclude={name("ordres"): "id = 1"}))
    assert refusals(plan) == ["exclude.ordres: table 'ordres' does not exist"]


def test_a_virtual_key_must_pair_existing_columns() -> None:
    missing = edge("audit.user_id -> users.id", virtual=True)
    uneven = replace(edge("audit.id -> users.id", virtual=True), parent_columns=("id", "ref"))
    plan = SHOP.plan(Request((of("users"),), virtual=(missing, uneven)))
    assert refusals(plan) == [
        "audit.user_id -> users.id: column 'audit.user_id' does not exist",
        "audit.id -> users.id, ref: it has 1 values for 2 parent columns",
    ]


def test_the_first_children_by_hash_need_a_key() -> None:
    tiny = Tiny({"users": [{"id": 1}], "log": [{"user_id": 1}]}, ("log.user_id -> users.id",), keys={"log": ()})
    plan = tiny.plan(Request((of("users"),), {"log": EdgePolicy(top=5)}))
    assert refusals(plan) == ["log.user_id: it takes the top 5, and log has no key to choose by"]
    assert not tiny.plan(Request((of("users"),), {"log": EdgePolicy(top=5, order_by="user_id")})).refusals


def test_a_table_whose_rows_cannot_be_told_apart_is_refused_unless_it_is_taken_whole() -> None:
    tiny = Tiny({"log": [{"user_id": 1}]}, keys={"log": ()}, tables={"log": {"row_sql": ""}})
    assert refusals(tiny.plan(Request((of("log", "user_id = 1"),)))) == [
        "log: it has no key, and its source has no other name for a row"
    ]
    assert tiny.take(of("log")).tables == {"log": [1]}


def test_an_unreached_table_that_may_not_be_read_stays_empty_unless_all_is_asked_for() -> None:
    tiny = Tiny({"users": [{"id": 1}], "secrets": [{"id": 1}]}, tables={"secrets": {"readable": False}})
    assert tiny.plan(Request((of("users"),))).by_name[name("secrets")].why == (
        "no target reaches it, and this user may not read all of it"
    )
    assert not tiny.plan(Request((of("users"),))).refusals
    assert len(tiny.plan(Request((of("users"),), unreached="all")).refusals) == 1


def test_names_that_the_stage_needs_are_refused() -> None:
    tiny = Tiny({"users": [{"id": 1, "_via": 2}]})
    assert refusals(tiny.plan(Request((of("users"),)))) == ["users._via: Understudy needs this name for itself"]


def test_the_null_of_a_composite_key_falls_on_a_column_that_no_other_key_uses() -> None:
    tiny = Tiny(
        {
            "tenants": [{"id": 1}],
            "users": [{"tenant": 1, "id": 5}],
            "notes": [{"id": 1, "tenant": 1, "user": 5}],
        },
        ("users.tenant -> tenants.id", "notes.tenant -> tenants.id", "notes.(tenant, user) -> users.(tenant, id)"),
        keys={"users": ("tenant", "id")},
    )
    label = "notes.(tenant, user)"
    plan = tiny.plan(Request((of("notes"),), {label: EdgePolicy(parents="null")}))
    assert next(edge.nulls for edge in plan.edges if edge.label == label) == ("user",)


def test_a_column_that_another_key_points_at_never_becomes_null() -> None:
    tiny = Tiny(
        {"users": [{"id": 1}], "cards": [{"id": 1, "user_id": 1}], "uses": [{"id": 1, "card_user": 1}]},
        ("cards.user_id -> users.id", "uses.card_user -> cards.user_id"),
        uniques={"cards": ("user_id",)},
    )
    plan = tiny.plan(Request((of("uses"),), {"cards.user_id": EdgePolicy(parents="null")}))
    assert refusals(plan) == [
        "cards.user_id: it cannot be set to NULL: its columns are NOT NULL, generated, or part of a key"
    ]


def test_a_null_that_clears_a_shared_column_is_told() -> None:
    tiny = Tiny(
        {"a": [{"id": 1}], "b": [{"id": 1}], "notes": [{"id": 1, "both": 1}]},
        ("notes.both -> a.id", "notes.both -> b.id"),
    )
    plan = tiny.plan(Request((of("notes"),), {"notes.both -> a.id": EdgePolicy(parents="null")}))
    assert [edge.label for edge in plan.edges] == ["notes.both -> a.id", "notes.both -> b.id"]
    assert plan.warnings == (
        "setting notes.both -> a.id to NULL clears both, which another followed foreign key uses too",
    )


def test_an_edge_named_in_follow_overrides_its_table() -> None:
    follow = {"orders": EdgePolicy(top=1), "public.orders.gift_for": EdgePolicy(top=2)}
    schema = replace(SHOP, rows={f"public.{table}": rows for table, rows in SHOP.rows.items()}, tables={}, edges=(
        "public.orders.user_id -> public.users.id", "public.orders.gift_for -> public.users.id",
    ))  # fmt: skip
    plan = schema.plan(Request((of("public.users"),), follow))
    assert [edge.policy.top for edge in plan.edges] == [1, 2]


def test_a_plan_prints_as_a_page() -> None:
    plan = SHOP.plan(Request((of("users", "id = 1"),), {"ordres": EdgePolicy()}))
    page = str(plan)
    assert page.startswith("1 target, 3 reached, 1 whole, 1 empty\n\nTables\n  countries  reached ")
    assert "  1 sessions.user_id -> users.id\n      children taken; parents required" in page
    assert page.endswith("Refused\n  follow.ordres: foreign key 'ordres' does not exist (did you mean 'orders'?)")


def test_a_plan_is_plain_data_too() -> None:
    plan = SHOP.plan(Request((of("users", "id = 1"),)))
    data = json.loads(json.dumps(plan.json()))
    assert data["edges"][1]["edge"] == "sessions.user_id"
    assert data["tables"][1] | {"why": ""} == {
        "table": "users", "role": "target", "why": "", "rows": 0, "bytes": 0, "whole": False,
    }  # fmt: skip


def test_a_refused_plan_does_not_run() -> None:
    with pytest.raises(InputError, match="percent is 0"):
        SHOP.take(of("users", percent=0))

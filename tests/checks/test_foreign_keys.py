from __future__ import annotations

import uuid
from decimal import Decimal

import pytest

from checks.memory import Memory, column, key, table
from understudy.checks import foreign_keys
from understudy.interfaces import Result

USERS = table("users", "id bigint not null", primary="id")
ORDERS = table("orders", "id bigint not null", "user_id bigint", primary="id")
SHOP = Memory(
    (USERS, ORDERS),
    {"users": [(1,), (2,)], "orders": [(10, 1), (11, 2), (12, None), (13, 1)]},
    (key("orders.user_id -> users.id"),),
)


def ask(real: Memory, made: Memory | None = None) -> list[Result]:
    return list(foreign_keys(real, made or real))


def test_a_key_whose_rows_all_resolve_passes_and_says_how_many_were_asked():
    assert ask(SHOP) == [Result("foreign_keys", "orders.user_id", "pass", 0, 0, "3 rows, each with its row of users")]


def test_an_orphan_is_caught_and_its_key_named():
    [result] = ask(SHOP, SHOP.but(orders=[(10, 1), (11, 99), (12, 98)]))
    assert (result.subject, result.verdict, result.value) == ("orders.user_id", "fail", 2)
    assert "99" not in result.detail.replace("2 of 3", "")


def test_a_parent_table_that_was_not_made_leaves_every_child_an_orphan():
    made = Memory((ORDERS,), SHOP.rows)
    [result] = ask(SHOP, made)
    assert (result.verdict, result.value) == ("fail", 3)


def test_a_child_table_that_was_not_made_passes():
    [result] = ask(SHOP, Memory((USERS,), SHOP.rows))
    assert result.verdict == "pass"


@pytest.mark.parametrize(
    ("option", "why"),
    [({"validated": False}, "NOT VALID"), ({"validated": False, "virtual": True}, "declared in the job")],
)
def test_orphans_of_a_key_nobody_promised_are_a_note(option: dict[str, bool], why: str):
    shop = Memory(SHOP.tables, {**SHOP.rows, "orders": [(10, 99)]}, (key("orders.user_id -> users.id", **option),))
    [result] = ask(shop)
    assert (result.verdict, result.value) == ("note", 1)
    assert why in result.detail


def test_a_key_known_to_the_result_alone_is_checked_too():
    real = Memory(SHOP.tables, SHOP.rows)
    [result] = ask(real, SHOP.but(orders=[(10, 99)]))
    assert (result.subject, result.verdict) == ("orders.user_id", "fail")


PAIRS = table("pairs", "a bigint not null", "b text not null", primary="a b")


@pytest.mark.parametrize(
    ("match", "rows", "found"),
    [
        ("simple", [(1, "x"), (None, "x"), (1, None), (None, None)], 0),
        ("simple", [(1, "y"), (2, "x"), (2, None)], 2),
        ("full", [(1, "x"), (None, None)], 0),
        ("full", [(1, "x"), (None, "x"), (1, None), (9, "x")], 3),
    ],
)
def test_composite_keys_match_as_sql_says(match: str, rows: list[tuple[object, ...]], found: int):
    lines = table("lines", "a bigint", "b text")
    data = Memory(
        (PAIRS, lines), {"pairs": [(1, "x"), (2, "y")], "lines": rows}, (key("lines.a,b -> pairs.a,b", match=match),)
    )
    [result] = ask(data)
    assert result.value == found
    assert result.verdict == ("fail" if found else "pass")


def test_a_self_reference_resolves_within_its_table():
    staff = table("staff", "id bigint not null", "boss bigint", primary="id")
    data = Memory((staff,), {"staff": [(1, None), (2, 1), (3, 7)]}, (key("staff.boss -> staff.id"),))
    assert [result.value for result in ask(data)] == [1]


ONE = uuid.UUID(int=1)


@pytest.mark.parametrize(
    ("child", "parent", "pairs"),
    [
        ("smallint", "bigint", (7, 7)),
        ("numeric", "integer", ("7.00", 7)),
        ("numeric", "numeric(10,2)", ("7.5", Decimal("7.50"))),
        ("numeric", "numeric", ("100", "100.0")),
        ("double precision", "bigint", (7.0, 7)),
        ("citext", "citext", ("Ada@X.org", "ada@x.ORG")),
        ("text", "uuid", (str(ONE).upper(), ONE)),
        ("uuid", "uuid", (ONE, ONE)),
        ("varchar(9)", "text", ("abc", "abc")),
    ],
)
def test_keys_of_unlike_types_compare_as_the_database_does(child: str, parent: str, pairs: tuple[object, object]):
    parents, children = table("parents", f"k {parent}"), table("children", f"k {child}")
    data = Memory(
        (parents, children), {"parents": [(pairs[1],)], "children": [(pairs[0],)]}, (key("children.k -> parents.k"),)
    )
    [result] = ask(data)
    assert (result.verdict, result.detail) == ("pass", "1 rows, each with its row of parents")


def test_text_keys_that_differ_in_case_are_orphans():
    data = Memory((table("p", "k text"), table("c", "k text")), {"p": [("a",)], "c": [("A",)]}, (key("c.k -> p.k"),))
    assert [result.value for result in ask(data)] == [1]


def test_a_polymorphic_key_asks_only_the_rows_its_condition_names():
    notes = table("notes", "owner_type text", "owner_id bigint")
    rows = {"users": [(1,)], "notes": [("User", 1), ("Order", 99), (None, 98), ("User", 97)]}
    edge = key("notes.owner_id -> users.id", condition="owner_type = 'User'", virtual=True, validated=False)
    [result] = ask(Memory((USERS, notes), rows, (edge,)))
    assert (result.verdict, result.value) == ("note", 1)
    assert "1 of 2 rows" in result.detail


@pytest.mark.parametrize("option", [{"condition": "owner_type ~ '^U'"}, {"expressions": ("(payload->>'u')::bigint",)}])
def test_a_key_only_the_source_can_evaluate_is_noted(option: dict[str, object]):
    notes = table("notes", "owner_type text", "owner_id bigint")
    [result] = ask(Memory((USERS, notes), {}, (key("notes.owner_id -> users.id", **option),)))
    assert (result.verdict, result.value) == ("note", None)


def test_a_key_under_a_collation_of_its_own_is_noted():
    from dataclasses import replace

    odd = replace(table("p", "k text"), columns=(replace(column("k text"), key_sql='k COLLATE "case_insensitive"'),))
    [result] = ask(Memory((odd, table("c", "k text")), {"p": [("a",)], "c": [("A",)]}, (key("c.k -> p.k"),)))
    assert result.verdict == "note"


def test_columns_that_differ_only_in_case_are_told_apart():
    parents = table("p", "id bigint", "ID bigint")
    data = Memory((parents, table("c", "k bigint")), {"p": [(1, 2)], "c": [(2,)]}, (key("c.k -> p.ID"),))
    assert [result.verdict for result in ask(data)] == ["pass"]

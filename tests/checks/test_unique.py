from __future__ import annotations

from dataclasses import replace

import pytest

from checks.memory import Memory, table
from understudy.checks import unique
from understudy.interfaces import Result
from understudy.schema import CheckConstraint, Unique


def ask(*uniques: Unique, columns: tuple[str, ...], rows: list[tuple[object, ...]], primary: str = "") -> list[Result]:
    data = Memory((table("users", *columns, primary=primary, uniques=uniques),), {"users": rows})
    return list(unique(data, data))


def test_a_primary_key_without_repetition_passes():
    [result] = ask(columns=("id bigint not null",), primary="id", rows=[(1,), (2,), (3,)])
    assert result == Result("unique", "users (id)", "pass", 0, 0, "the primary key")


def test_a_duplicated_key_is_caught_and_named():
    [result] = ask(columns=("id bigint not null",), primary="id", rows=[(1,), (2,), (1,), (1,)])
    assert (result.subject, result.verdict, result.value) == ("users (id)", "fail", 2)
    assert "users_pkey" in result.detail


@pytest.mark.parametrize(("held", "suspects"), [(10, 10_000), (10, 3), (10_000, 3)])
def test_repeated_keys_are_counted_exactly_however_little_is_held(monkeypatch, held: int, suspects: int):
    monkeypatch.setattr("understudy.checks.counting.HELD", held)
    monkeypatch.setattr("understudy.checks.counting.SUSPECTS", suspects)
    ids = replace(table("users", "id bigint not null", primary="id"), rows=100)
    data = Memory((ids,), {"users": [(number // 2,) for number in range(100)]})
    [result] = unique(data, data)
    assert result.value == 50 and "50 keys" in result.detail


@pytest.mark.parametrize(("nulls_distinct", "found"), [(True, 0), (False, 1)])
def test_nulls_repeat_only_where_they_are_not_distinct(nulls_distinct: bool, found: int):
    constraint = Unique("users_email_key", ("email",), nulls_distinct=nulls_distinct)
    [result] = ask(constraint, columns=("email text",), rows=[(None,), (None,), ("a",)])
    assert result.value == found


def test_a_composite_key_with_a_null_does_not_repeat():
    constraint = Unique("u", ("a", "b"))
    [result] = ask(constraint, columns=("a bigint", "b bigint"), rows=[(1, None), (1, None), (1, 2), (1, 3)])
    assert result.value == 0


def test_citext_repeats_whatever_its_case():
    [result] = ask(Unique("u", ("email",)), columns=("email citext",), rows=[("A@x.org",), ("a@X.org",)])
    assert result.value == 1


def test_numbers_repeat_whatever_their_scale():
    [result] = ask(Unique("u", ("amount",)), columns=("amount numeric",), rows=[("1.0",), ("1.00",), ("10",)])
    assert result.value == 1


@pytest.mark.parametrize(
    "predicate",
    [
        "(deleted_at IS NULL)",
        "(status = 'active'::text)",
        "((status)::text = 'active'::character varying)",
        "(NOT gone)",
        "((gone = false) AND (deleted_at IS NULL))",
    ],
)
def test_a_partial_index_under_a_simple_condition_is_evaluated(predicate: str):
    columns = ("email text", "deleted_at date", "status text", "gone boolean")
    rows = [("a", None, "active", False), ("b", None, "active", False)]
    constraint = Unique("u", ("email",), predicate=predicate)
    assert [r.verdict for r in ask(constraint, columns=columns, rows=[*rows, ("a", 1, "left", True)])] == ["pass"]
    assert [r.value for r in ask(constraint, columns=columns, rows=[*rows, ("a", None, "active", False)])] == [1]


@pytest.mark.parametrize(
    "predicate",
    ["(email ~ '^a')", "(lower(email) = 'a')", "(amount > 3)", "(email = ANY ('{a}'::text[]))", "(nope = 1)"],
)
def test_a_partial_index_only_the_database_can_read_is_noted(predicate: str):
    constraint = Unique("u", ("email",), predicate=predicate)
    [result] = ask(constraint, columns=("email text", "amount bigint"), rows=[("a", 1), ("a", 1)])
    assert (result.subject, result.verdict) == ("users [u]", "note")


def test_an_index_over_an_expression_is_noted():
    [result] = ask(Unique("u", (), expressions="lower(email)"), columns=("email text",), rows=[("a",), ("A",)])
    assert (result.verdict, result.detail) == ("note", "over an expression: enforced by the destination")


def test_an_exclusion_constraint_is_noted():
    exclusion = CheckConstraint("no_overlap", ("during",), "EXCLUDE USING gist (during WITH &&)", exclusion=True)
    data = Memory((table("stays", "during text[]", checks=(exclusion,)),), {})
    assert [(r.subject, r.verdict) for r in unique(data, data)] == [("stays [no_overlap]", "note")]

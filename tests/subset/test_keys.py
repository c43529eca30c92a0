"""Keys are compared as the database compares them: unlike types, scales, case, and the spellings of one number."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from subset.tiny import Tiny, name, of
from understudy.subset import Request
from understudy.subset.layout import layouts


def of_type(kind: str, arrow_type: pa.DataType) -> dict[str, Any]:
    return {"kind": kind, "arrow_type": arrow_type}


SMALL, BIG = of_type("integer", pa.int16()), of_type("integer", pa.int64())
TWO, ONE = of_type("decimal", pa.decimal128(5, 2)), of_type("decimal", pa.decimal128(5, 1))
TEXT, UUID = of_type("text", pa.string()), of_type("uuid", pa.uuid())
FLOAT, BOOLEAN = of_type("float", pa.float64()), of_type("boolean", pa.bool_())

TYPES = {
    "smallint to bigint": (SMALL, BIG, [1, 2], [1, 2]),
    "bigint to smallint": (BIG, SMALL, [1, 99_999], [1, 2]),
    "numeric scales": (TWO, ONE, [Decimal("10.00"), Decimal("0.50")], [Decimal("10.0"), Decimal("0.5")]),
    "bigint to numeric": (BIG, TWO, [100, 20], [Decimal("100.00"), Decimal("20.00")]),
    "minus zero and not a number": (FLOAT, FLOAT, [-0.0, float("nan")], [0.0, float("nan")]),
    "text to uuid": (TEXT, UUID, [str(uuid.UUID(int=7)), "junk"], [uuid.UUID(int=7).bytes, uuid.UUID(int=8).bytes]),
    "boolean": (BOOLEAN, BOOLEAN, [True, False], [True, False]),
}


@pytest.mark.parametrize(("ours", "theirs", "keys", "values"), TYPES.values(), ids=TYPES)
def test_keys_of_unlike_types_are_compared_as_the_database_compares_them(
    ours: dict[str, Any], theirs: dict[str, Any], keys: list[Any], values: list[Any]
) -> None:
    tiny = Tiny(
        {
            "parents": [{"id": 1, "code": values[0]}, {"id": 2, "code": values[1]}],
            "children": [{"id": 1, "code": keys[0]}, {"id": 2, "code": keys[1]}],
        },
        ("children.code -> parents.code",),
        uniques={"parents": ("code",)},
        columns={"children.code": ours, "parents.code": theirs},
    )
    assert tiny.take(of("children", "id = 1")).tables == {"children": [1], "parents": [1]}
    assert tiny.take(of("parents", "id = 1")).tables == {"parents": [1], "children": [1]}


def test_a_child_spelled_in_another_case_finds_its_case_blind_parent() -> None:
    folded = {"key_sql": "lower(name)"}
    tiny = Tiny(
        {"users": [{"id": 1, "name": "Bob"}, {"id": 2, "name": "ann"}], "posts": [{"id": 1, "name": "bOB"}]},
        ("posts.name -> users.name",),
        uniques={"users": ("name",)},
        columns={"users.name": folded, "posts.name": folded},
    )
    assert tiny.take(of("posts")).tables == {"posts": [1], "users": [1]}
    assert tiny.take(of("users", "id = 1")).tables == {"users": [1], "posts": [1]}


def test_a_case_blind_child_does_not_find_another_spelling_in_a_text_parent() -> None:
    tiny = Tiny(
        {"users": [{"id": 1, "name": "Bob"}, {"id": 2, "name": "bob"}], "posts": [{"id": 1, "name": "Bob"}]},
        ("posts.name -> users.name",),
        uniques={"users": ("name",)},
        columns={"posts.name": {"key_sql": "lower(name)"}},
    )
    assert tiny.take(of("posts")).tables == {"posts": [1], "users": [1]}


def test_a_text_child_finds_its_case_blind_parent() -> None:
    tiny = Tiny(
        {"users": [{"id": 1, "name": "Bob"}], "posts": [{"id": 1, "name": "bob"}]},
        ("posts.name -> users.name",),
        uniques={"users": ("name",)},
        columns={"users.name": {"key_sql": "lower(name)"}},
    )
    assert tiny.take(of("posts")).tables == {"posts": [1], "users": [1]}
    assert tiny.take(of("users")).tables == {"users": [1], "posts": [1]}


@pytest.mark.parametrize("ours", ["10", "10.000"])
def test_numbers_without_a_scale_are_compared_by_value_and_found_by_their_index(ours: str) -> None:
    number = {"kind": "decimal", "arrow_type": pa.string(), "as_text": True, "key_sql": "CAST(code AS DOUBLE)::TEXT"}
    tiny = Tiny(
        {"parents": [{"id": 1, "code": "10.0"}, {"id": 2, "code": "1"}], "children": [{"id": 1, "code": ours}]},
        ("children.code -> parents.code",),
        uniques={"parents": ("code",)},
        columns={"parents.code": number, "children.code": number},
    )
    assert tiny.take(of("children")).tables == {"children": [1], "parents": [1]}
    assert tiny.take(of("parents", "id = 1")).tables == {"parents": [1], "children": [1]}
    assert tiny.plan(Request((of("children"),))).warnings == ()


def test_a_whole_number_finds_a_number_without_a_scale() -> None:
    number = {"kind": "decimal", "arrow_type": pa.string(), "key_sql": "CAST(CAST(code AS DECIMAL(9, 0)) AS TEXT)"}
    tiny = Tiny(
        {"parents": [{"id": 1, "code": "100.0"}, {"id": 2, "code": "1"}], "children": [{"id": 1, "code": 100}]},
        ("children.code -> parents.code",),
        uniques={"parents": ("code",)},
        columns={"parents.code": number},
    )
    assert tiny.take(of("children")).tables == {"children": [1], "parents": [1]}
    assert tiny.take(of("parents", "id = 1")).tables == {"parents": [1], "children": [1]}


def test_two_key_columns_whose_names_differ_only_in_case() -> None:
    tiny = Tiny(
        {"users": [{"id": 1}, {"id": 2}], "posts": [{"n": 1, "owner": 1, "Owner": 2}]},
        ("posts.owner -> users.id", "posts.Owner -> users.id"),
    )
    layout = layouts(tiny.plan(Request((of("posts"),))))[name("posts")]
    assert layout.fields == ("owner", "Owner")
    assert [layout.local(part) for part in (0, 1)] == ["v0", "v1"]

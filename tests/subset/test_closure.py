"""What a closure hands on: columns, order, accounts, and what it does not keep."""

from __future__ import annotations

import threading
from typing import Any

import pyarrow as pa
import pytest

from subset.tiny import Tiny, edge, name, of
from subset.worlds import rank
from understudy.errors import InputError
from understudy.schema import TableName
from understudy.subset import TARGET, WHOLE, Closure, EdgePolicy, Request, closure
from understudy.subset.layout import layouts

SHOP = Tiny(
    {
        "users": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}],
        "orders": [
            {"id": 1, "user_id": 2, "by": 1},
            {"id": 2, "user_id": 1, "by": 1},
            {"id": 3, "user_id": 1, "by": 2},
        ],
        "kinds": [{"id": 1}],
    },
    ("orders.user_id -> users.id", "orders.by -> users.id"),
)


def run(
    tiny: Tiny, request: Request, columns: dict[str, tuple[str, ...]], **rest: Any
) -> tuple[Closure, dict[str, pa.Table]]:
    batches: dict[str, list[pa.RecordBatch]] = {}
    made = closure(
        tiny.plan(request),
        rest.pop("source", tiny.dataset),
        lambda table, batch: batches.setdefault(str(table), []).append(batch),
        columns={name(table): chosen for table, chosen in columns.items()},
        rank=rank,
        **rest,
    )
    return made, {table: pa.Table.from_batches(found) for table, found in batches.items()}


def test_a_batch_holds_the_columns_asked_for_and_where_the_row_came_from() -> None:
    _, rows = run(SHOP, Request((of("users", "id = 1"),)), {"orders": ("by", "id"), "users": ("name",)})
    assert rows["orders"].schema == pa.schema(
        [("by", pa.int64()), ("id", pa.int64()), ("_via", pa.int16()), ("_depth", pa.int32())]
    )
    assert rows["users"].to_pylist() == [
        {"name": "a", "_via": TARGET, "_depth": 0},
        {"name": "b", "_via": 0, "_depth": 2},
    ]
    assert rows["orders"].column("_via").to_pylist() == [0, 0, 1]
    assert rows["kinds"].to_pylist() == [{"_via": WHOLE, "_depth": 0}]


def test_without_columns_a_closure_is_an_estimate() -> None:
    made, rows = run(SHOP, Request((of("users", "id = 1"),)), {})
    assert {str(table): count for table, count in made.rows.items()} == {"users": 2, "orders": 3, "kinds": 1}
    assert rows["orders"].column_names == ["_via", "_depth"]


def test_rows_come_in_the_order_of_keys_whatever_the_batches_are() -> None:
    users = [{"id": number, "name": "x"} for number in (5, 3, 4, 1, 2)]
    orders = [{"id": 100 - n, "user_id": 1 + n * 7 % 5} for n in range(40)]
    tiny = Tiny({"users": users, "orders": orders}, ("orders.user_id -> users.id",))
    request = Request((of("users", "id > 1"),))
    columns = {"orders": ("user_id", "id")}
    sequences = [
        run(tiny, request, columns, batch_keys=keys, workers=workers)[1]["orders"].to_pylist()
        for keys, workers in ((50_000, 1), (1, 2), (3, 4))
    ]
    assert sequences[0] == sequences[1] == sequences[2]
    found = [(row["user_id"], row["id"]) for row in sequences[0]]
    assert found == sorted(found)


def test_read_is_kept_and_explained() -> None:
    made, _ = run(SHOP, Request((of("users", "id = 1"),), exclude={name("users"): "id = 2"}), {})
    accounts = {str(table): (made.read[table], made.kept(table), made.explained(table)) for table in made.rows}
    assert accounts == {"users": (2, 1, 1), "orders": (4, 1, 3), "kinds": (1, 1, 0)}
    assert made.duplicates[name("orders")] == 1
    assert made.edges == {"orders.user_id": 3, "orders.by": 1}


def test_a_full_copy_keeps_no_key_and_reads_each_table_in_one_scan() -> None:
    plan = SHOP.plan(Request(unreached="all"))
    assert not any(layout.stored or layout.parts for layout in layouts(plan).values())
    source = SHOP.dataset
    made, _ = run(SHOP, Request(unreached="all"), {"users": ("id",)}, source=source)
    assert {str(table): count for table, count in made.rows.items()} == {"users": 2, "orders": 3, "kinds": 1}
    assert [(str(scan.table), scan.keys) for scan in source.scans] == [
        ("users", None),
        ("orders", None),
        ("kinds", None),
    ]


def test_a_table_taken_whole_keeps_only_the_keys_that_others_are_found_by() -> None:
    plan = SHOP.plan(Request((of("users"),)))
    kept = layouts(plan)[name("users")]
    assert [kept.parts[part].column for part in range(len(kept.parts))] == ["id"]
    assert kept.row == ()


def test_one_scan_is_read_where_most_keys_are_asked_for() -> None:
    tiny = Tiny(SHOP.rows, SHOP.edges, tables={"users": {"rows": 2}, "orders": {"rows": 3}})
    source = tiny.dataset
    run(tiny, Request((of("users", "id > 0"),), unreached="empty"), {}, source=source, batch_keys=1)
    assert [str(scan.table) for scan in source.scans] == ["users", "orders", "orders"]


def test_a_key_that_the_plan_sets_to_null_is_null_when_handed_on() -> None:
    follow = {"orders.by": EdgePolicy(parents="null", children=False)}
    made, rows = run(SHOP, Request((of("orders", "id = 3"),), follow), {"orders": ("id", "user_id", "by")})
    assert rows["orders"].select(["id", "user_id", "by"]).to_pylist() == [{"id": 3, "user_id": 1, "by": None}]
    assert made.nulled == {}


def test_a_parent_over_a_key_that_is_not_unique_brings_every_match() -> None:
    tiny = Tiny(
        {
            "posts": [{"id": 1, "tag": "x"}],
            "tags": [{"id": 1, "tag": "x"}, {"id": 2, "tag": "x"}, {"id": 3, "tag": "y"}],
        },
        (edge("posts.tag -> tags.tag", virtual=True),),
    )
    assert tiny.take(of("posts"), of("tags", "id = 1")).tables == {"posts": [1], "tags": [1, 2]}


def test_an_error_of_the_sink_ends_the_closure_and_its_threads() -> None:
    def full(table: TableName, batch: pa.RecordBatch) -> None:
        raise OSError("disk full")

    before = threading.active_count()
    plan = SHOP.plan(Request((of("users"),)))
    with pytest.raises(OSError, match="disk full"):
        closure(plan, SHOP.dataset, full, columns={}, rank=rank)
    assert threading.active_count() == before


def test_progress_is_told_per_table() -> None:
    told: list[tuple[str, str, int, int | None]] = []
    run(SHOP, Request((of("users", "id = 1"),)), {}, progress=lambda *step: told.append(step))
    assert told[0] == ("subset", "users", 1, None)
    assert told[-1] == ("subset", "users", 2, None)


def test_keys_that_do_not_fit_their_columns_are_refused_without_being_shown() -> None:
    with pytest.raises(InputError, match="the keys given of users do not fit its columns") as caught:
        SHOP.take(of("users", keys=pa.table({"id": ["secret"]})))
    assert caught.value.hint == "give id integer"


def test_words_of_the_user_may_end_in_a_comment() -> None:
    follow = {"orders": EdgePolicy(top=1, order_by="id DESC -- the latest", where="id > 0 -- all")}
    target = of("users", "id > 0 -- all", limit=1, order_by="id -- the first")
    taken = SHOP.take(target, follow=follow, exclude={name("kinds"): "id > 9 -- none"})
    assert taken.tables == {"users": [1, 2], "orders": [2, 3]}

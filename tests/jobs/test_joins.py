"""Foreign keys that nothing declares: as they are written, and as names and values tell."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

from understudy.errors import InputError
from understudy.jobs.joins import foreign_key, joined, likely
from understudy.jobs.rows import Source, of_table
from understudy.schema import Schema, TableName

USERS = {"id": [1, 2, 3], "name": ["Ann", "Bo", "Cy"]}
ORDERS = {"id": [7, 8, 9, 10], "user_id": [1, 1, 3, None]}


def source(**tables: dict[str, list[object]]) -> Source:
    rows = tuple(of_table(pa.table(columns), name) for name, columns in tables.items())
    return Source(rows, Schema(tuple(one.table for one in rows), engine="files"))


def found(**tables: dict[str, list[object]]) -> list[str]:
    whole = source(**tables)
    rows = {one.table.name: one for one in whole.tables}

    def batches(name: TableName) -> Iterator[pa.RecordBatch]:
        return rows[name].batches()

    return list(map(str, likely(whole.schema, batches)))


@pytest.mark.parametrize(
    ("text", "columns", "parent"),
    [
        ("orders.user_id -> users.id", ("user_id",), "users"),
        ("orders.user_id=users.id", ("user_id",), "users"),
        ("orders.(id, user_id) -> users.(id, name)", ("id", "user_id"), "users"),
        ("my lines.Order ID -> cd.orders.No", ("Order ID",), "cd.orders"),
    ],
)
def test_keys_are_read_as_they_are_written(text: str, columns: tuple[str, ...], parent: str) -> None:
    tables: dict[str, dict[str, list[object]]] = {
        "users": dict(USERS), "orders": dict(ORDERS), "my lines": {"Order ID": [1]}, "cd.orders": {"No": [1]},
    }  # fmt: skip
    key = foreign_key(text, source(**tables).schema)
    assert (key.columns, key.parent.name, key.virtual) == (columns, parent, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("orders", "is no foreign key"),
        ("orders.user -> users.id", "'orders.user' does not exist"),
        ("orders.user_id -> user.id", "'user' does not exist"),
        ("orders.(id, user_id) -> users.id", "different numbers of columns"),
        ("orders.user_id -> users.name", "holds integer and users.name text"),
        ("users.id -> orders.user_id", "user_id of orders is no key"),
    ],
)
def test_a_key_that_cannot_be_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        joined(source(users=dict(USERS), orders=dict(ORDERS)), [text], look=True)


def test_a_column_called_after_a_table_points_at_its_key_if_all_values_are_there() -> None:
    assert found(users=dict(USERS), orders=dict(ORDERS)) == ["orders.user_id -> users.id"]
    strange = {"id": [7, 8], "user_id": [1, 4]}
    assert found(users=dict(USERS), orders=strange) == []
    twice = {"id": [1, 1, 3], "name": ["Ann", "Bo", "Cy"]}
    assert found(users=twice, orders=dict(ORDERS)) == []


def test_a_column_may_say_in_which_role_it_points() -> None:
    staff: dict[str, list[object]] = {"staff_id": [1, 2], "boss": ["x", "y"]}
    stores: dict[str, list[object]] = {"store_id": [5, 6], "manager_staff_id": [2, 1]}
    assert found(staff=staff, stores=stores) == ["stores.manager_staff_id -> staff.staff_id"]


def test_a_column_may_point_at_other_rows_of_its_own_table() -> None:
    topics: dict[str, list[object]] = {"topic_id": [1, 2, 3], "parent_topic_id": [None, 1, 1], "next": [2, None, 2]}
    assert found(topics=topics) == ["topics.parent_topic_id -> topics.topic_id", "topics.next -> topics.topic_id"]
    staff: dict[str, list[object]] = {"EmployeeId": [1, 2, 3], "ReportsTo": [None, 1, 2]}
    assert found(Employee=staff) == ["Employee.ReportsTo -> Employee.EmployeeId"]
    members: dict[str, list[object]] = {"memid": [0, 1, 2], "recommendedby": [None, 0, 0]}
    assert found(members=members) == ["members.recommendedby -> members.memid"]


def test_what_may_point_elsewhere_or_is_a_second_id_points_at_no_row_of_its_own_table() -> None:
    rows: list[object] = [1, 1, 2]
    assert found(departments={"id": [1, 2, 3], "manager_id": rows}) == []
    assert found(users={"id": [1, 2, 3], "user_id": rows}) == [], "a second id that is called after its own table"
    assert found(users={"id": [1, 2, 3], "next_id": [3, 1, 2]}) == [], "each of them once: keys beside keys"
    employees: dict[str, list[object]] = {"id": [1, 2, 3], "manager_id": rows}
    assert found(departments={"id": [7], "manager_id": [2]}, employees=employees) == [
        "employees.manager_id -> employees.id"
    ]


def test_tables_in_the_plural_are_called_as_one_row_is() -> None:
    codes: list[object] = ["NO", "SE"]
    assert found(Countries={"code": codes}, towns={"CountryCode": ["NO", "NO"]}) == [
        "towns.CountryCode -> Countries.code"
    ]
    assert found(boxes={"id": [1, 2]}, things={"box_id": [2, 2]}) == ["things.box_id -> boxes.id"]
    assert found(people={"id": [1, 2]}, things={"person": [2, 2]}) == ["things.person -> people.id"]


def test_columns_of_one_name_join_where_one_side_is_a_key_and_the_name_says_whose() -> None:
    people: dict[str, list[object]] = {"playerID": ["a", "b"], "born": [1980, 1990], "id": [1, 2]}
    batting: dict[str, list[object]] = {"playerID": ["a", "a", "b"], "born": [1980, 1980, 1990], "id": [1, 2, 1]}
    assert found(batting=batting, people=people) == ["batting.playerID -> people.playerID"]


def test_of_two_tables_with_the_same_keys_the_one_they_are_called_after_is_the_parent() -> None:
    customers: dict[str, list[object]] = {"customer_id": [1, 2, 3]}
    details: dict[str, list[object]] = {"customer_id": [3, 2, 1]}
    orders: dict[str, list[object]] = {"customer_id": [1, 1, 2, 3]}
    expected = ["details.customer_id -> customers.customer_id", "orders.customer_id -> customers.customer_id"]
    assert found(details=details, orders=orders, customers=customers) == expected
    assert found(one={"no_id": [1, 2]}, two={"no_id": [1, 2]}) == ["two.no_id -> one.no_id"]


def test_what_keys_point_at_is_a_key_from_then_on_and_what_points_is_filled_only_if_it_always_is() -> None:
    lines: dict[str, list[object]] = {"order_id": [7, 7, 9]}
    whole = joined(source(users=dict(USERS), orders=dict(ORDERS), lines=lines), [], look=True)
    tables = {one.table.name.name: one.table for one in whole.tables}
    assert tables["users"].primary_key == ("id",) == tables["orders"].primary_key
    assert tables["orders"].column("user_id").nullable and not tables["lines"].column("order_id").nullable
    assert tuple(tables.values()) == whole.schema.tables
    assert "orders.user_id -> users.id" in whole.notes[0] and "`--key`" in whole.notes[0]


def test_what_points_at_two_tables_and_never_twice_at_the_same_two_rows_has_that_as_its_key() -> None:
    goods: dict[str, list[object]] = {"good_id": [1, 2]}
    lines: dict[str, list[object]] = {"order_id": [7, 7, 9], "good_id": [1, 2, 1], "pieces": [1, 1, 1]}
    whole = joined(source(orders=dict(ORDERS), goods=goods, lines=lines), [], look=True)
    assert whole.schema.find("lines").primary_key == ("order_id", "good_id")
    lines["good_id"] = [1, 1, 1]
    whole = joined(source(orders=dict(ORDERS), goods=goods, lines=lines), [], look=True)
    assert whole.schema.find("lines").primary_key == ()


def test_what_is_said_of_a_column_stands_and_others_are_found_unless_one_may_not_look() -> None:
    lines: dict[str, list[object]] = {"order_id": [7, 7, 9], "of": [1, 1, 3]}
    tables = {"users": dict(USERS), "orders": {**ORDERS, "user_id": [7, 7, 8, 9]}, "lines": lines}
    said = joined(source(**tables), ["lines.of -> users.id", "orders.user_id -> orders.id"], look=True)
    keys = [*map(str, said.schema.foreign_keys)]
    assert keys == ["lines.of -> users.id", "orders.user_id -> orders.id", "lines.order_id -> orders.id"]
    assert "values: lines.order_id -> orders.id; " in said.notes[0]
    assert joined(source(**tables), [], look=False).schema.foreign_keys == ()

"""Differences between two states: which tables, columns and counts; nothing equal is read."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from support.bookings import BOOKINGS, COLUMNS, bookings, made, rows
from support.lakes import at, put, table
from understudy.errors import InputError
from understudy.lake import files, metadata, tables, tree
from understudy.lake.diff import diff
from understudy.lake.nouns import Entry, Key
from understudy.schema import Column, TableName


def test_equal_states_differ_in_nothing(lake):
    put(lake, users=1)
    lake.branch("dev")
    found = diff(lake, "main", "dev")
    assert not found and str(found) == "main and dev hold the same"
    put(lake, "dev", users=2)
    put(lake, "dev", users=1)
    assert not diff(lake, "main", "dev")


def test_tables_are_added_removed_and_changed_with_their_rows_before_and_after(lake):
    put(lake, users=1, orders=10, same=1)
    lake.branch("dev")
    put(lake, "dev", users=3, orders=None, items=7)
    found = diff(lake, "main", "dev")
    assert {(str(change.key), change.what, change.rows) for change in found.tables} == {
        ("users", "changed", (1, 3)),
        ("orders", "removed", (10, 0)),
        ("items", "added", (0, 7)),
    }
    assert found.json(details=False) == {
        "a": "main",
        "b": "dev",
        "tables": [
            {"table": "items", "change": "added", "rows": {"before": 0, "after": 7}},
            {"table": "orders", "change": "removed", "rows": {"before": 10, "after": 0}},
            {"table": "users", "change": "changed", "rows": {"before": 1, "after": 3}},
        ],
        "others": [],
    }


def test_a_renamed_table_is_one_and_not_two(sqlite_lake):
    lake = made(sqlite_lake, 1, 2)
    tables.rename(lake, "dev", BOOKINGS, TableName("", "stays"))
    tables.append(lake, "dev", TableName("", "stays"), rows(3))
    (change,) = diff(lake, "main", "dev").tables
    assert (change.what, change.rows) == ("renamed", (2, 3))
    assert change.line() == "> stays  from bookings  +1 rows (2 -> 3)  files +1 -0"
    assert change.json()["from"] == "bookings"


def test_a_name_that_another_table_has_taken_is_told_beside_the_rename(sqlite_lake):
    lake = made(sqlite_lake, 1, 2)
    tables.rename(lake, "dev", BOOKINGS, TableName("", "old"))
    tables.create(lake, "dev", bookings(), batches=rows(7))
    found = diff(lake, "main", "dev")
    assert [(str(change.key), change.what) for change in found.tables] == [("bookings", "added"), ("old", "renamed")]


def test_files_and_columns_are_told_without_reading_a_row(sqlite_lake, monkeypatch):
    lake = made(sqlite_lake, 1, 2)
    tables.append(lake, "dev", BOOKINGS, rows(3))
    tables.delete(lake, "dev", BOOKINGS, "id = 1")
    wide = replace(COLUMNS[2], native_type="bigint", arrow_type=pa.int64())
    tables.evolve(lake, "dev", bookings(columns=(COLUMNS[0], wide, Column("vip", "boolean", "boolean", pa.bool_()))))
    monkeypatch.setattr(files, "read", lambda *_, **__: pytest.fail("rows were read"))
    change = diff(lake, "main", "dev")["bookings"]
    assert change.columns == ("- guest", "price int -> long", "+ vip boolean")
    assert (change.files.added, change.files.removed, change.files.shared) == (2, 1, 0)
    assert (change.files.rows_added, change.files.rows_removed) == (2, 2)
    assert (
        str(diff(lake, "main", "dev")) == "~ bookings  2 rows  files +2 -1  - guest  price int -> long  + vip boolean"
    )


def test_a_change_that_is_not_there_is_asked_for_with_a_close_match(lake):
    put(lake, users=1)
    with pytest.raises(InputError, match="'user' does not exist") as caught:
        diff(lake, "main~1", "main")["user"]
    assert caught.value.hint == "did you mean 'users'?"


def test_namespaces_and_documents_are_told_too(lake):
    document, space = Key("document", "", "dataset/shop"), Key("namespace", "shop")
    lake.commit("main", {document: Entry("", "1"), space: Entry("", "1")}, message="one")
    lake.commit("main", {document: Entry("", "2"), space: None}, message="other")
    found = diff(lake, "main~1", "main")
    assert found.others == ((document, "changed"), (space, "removed"))
    assert str(found) == "~ document dataset/shop\n- namespace shop"


def test_no_more_nodes_are_read_than_lead_to_what_differs(sqlite_lake, monkeypatch):
    sqlite_lake.commit("main", {table(f"t{number}"): at(1) for number in range(2_000)}, message="many")
    put(sqlite_lake, t7=2)
    read = []
    nodes = sqlite_lake.store.nodes
    monkeypatch.setattr(sqlite_lake.store, "nodes", lambda names: read.extend(names) or nodes(names))
    monkeypatch.setattr(metadata, "read", lambda *_: pytest.fail("a table's metadata were read"))
    assert [str(change.key) for change in diff(sqlite_lake, "main~1", "main").tables] == ["t7"]
    depth = len(tree.path(table("t7")))
    assert len(read) < 16 < depth

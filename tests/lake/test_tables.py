"""Tables on branches: every verb is one commit, and none loses what another wrote meanwhile."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from understudy.errors import InputError
from understudy.lake import Lake, files, tables
from understudy.lake.lake import Moved
from understudy.lake.nouns import Key
from understudy.lake.snapshots import file_set
from understudy.schema import Column, ForeignKey, Table, TableName, Unique

USERS = TableName("public", "users")
ORDERS = TableName("public", "orders")


def table(name: TableName = USERS) -> Table:
    columns = (
        Column("id", "bigint", "integer", pa.int64(), nullable=False),
        Column("email", "text", "text", pa.string()),
        Column("small", "smallint", "integer", pa.int16()),
    )
    return Table(name, columns, (Unique(f"{name.name}_pkey", ("id",), primary=True),))


SCHEMA = pa.schema([("id", pa.int64()), ("email", pa.string()), ("small", pa.int16())])


def people(*ids: int, email: str = "old") -> list[pa.RecordBatch]:
    rows = [{"id": number, "email": f"{email}{number}", "small": number % 7} for number in ids]
    return [pa.RecordBatch.from_pylist(rows, SCHEMA)]


def content(lake: Lake, ref: str = "main", name: TableName = USERS) -> dict[int, str]:
    found = tables.read(lake, ref, name).read_all()
    assert len(set(found["id"].to_pylist())) == found.num_rows
    return dict(zip(found["id"].to_pylist(), found["email"].to_pylist(), strict=True))


def data_files(lake: Lake, ref: str = "main", name: TableName = USERS) -> list[str]:
    return list(file_set(tables.held(lake, ref, name).metadata, lake.io))


@pytest.fixture
def users(sqlite_lake: Lake) -> Lake:
    tables.create(sqlite_lake, "main", table(), batches=people(1, 2, 3))
    return sqlite_lake


def test_a_table_is_made_with_its_rows_in_one_commit(sqlite_lake: Lake) -> None:
    before = sqlite_lake.head("main")
    made = tables.create(sqlite_lake, "main", table(), batches=people(1, 2))
    assert made.parents == (before.hash,)
    assert made.changed == (Key.table(USERS),)
    assert content(sqlite_lake) == {1: "old1", 2: "old2"}
    assert tables.read(sqlite_lake, "main", USERS).schema == SCHEMA
    assert tables.held(sqlite_lake, "main", USERS).table == table()


def test_a_table_that_is_there_is_not_made_again(users: Lake) -> None:
    with pytest.raises(InputError, match="there is a table 'users' already"):
        tables.create(users, "main", table())


def test_what_a_branch_writes_stays_on_it(users: Lake) -> None:
    users.branch("dev", "main")
    tables.append(users, "dev", USERS, people(4))
    assert set(content(users)) == {1, 2, 3}
    assert set(content(users, "dev")) == {1, 2, 3, 4}
    assert users.entry("dev", USERS).rows == 4


def test_a_tag_is_not_written(users: Lake) -> None:
    users.tag("v1", "main")
    with pytest.raises(InputError, match="'v1' is not a branch"):
        tables.append(users, "v1", USERS, people(4))


def test_rows_in_place_of_others(users: Lake) -> None:
    tables.overwrite(users, "main", USERS, people(7, email="new"))
    assert content(users) == {7: "new7"}
    assert content(users, "main~1") == {1: "old1", 2: "old2", 3: "old3"}


def test_deleting_writes_only_the_files_that_hold_such_rows(users: Lake) -> None:
    tables.append(users, "main", USERS, people(4, 5))
    tables.append(users, "main", USERS, people(6))
    first, second, third = data_files(users)
    tables.delete(users, "main", USERS, "email = 'old4' or id = 6")
    left = data_files(users)
    assert first in left
    assert second not in left  # written anew, without the row
    assert third not in left  # it had no other row
    assert len(left) == 2
    assert set(content(users)) == {1, 2, 3, 5}


def test_deleting_nothing_makes_no_commit(users: Lake) -> None:
    before = users.head("main")
    assert tables.delete(users, "main", USERS, "id > 100") == before


def test_rows_are_deleted_by_their_keys(users: Lake) -> None:
    tables.delete(users, "main", USERS, keys=pa.table({"small": pa.array([2, 3], pa.int16())}))
    assert set(content(users)) == {1}


def test_a_condition_that_is_no_sql_is_refused(users: Lake) -> None:
    with pytest.raises(InputError, match="DuckDB refuses"):
        tables.delete(users, "main", USERS, "id ==== 3")
    with pytest.raises(InputError, match="a condition, or keys"):
        tables.delete(users, "main", USERS)


def test_an_upsert_replaces_rows_with_the_same_key_and_adds_the_others(users: Lake) -> None:
    tables.append(users, "main", USERS, people(10, 11))
    _, untouched = data_files(users)
    tables.upsert(users, "main", USERS, people(2, 4, email="new"))
    assert content(users) == {1: "old1", 2: "new2", 3: "old3", 4: "new4", 10: "old10", 11: "old11"}
    assert untouched in data_files(users)  # its bounds hold no such key


def test_an_upsert_by_another_key(users: Lake) -> None:
    rows = pa.RecordBatch.from_pylist([{"id": 9, "email": "old2", "small": 1}], SCHEMA)
    tables.upsert(users, "main", USERS, [rows], key=["email"])
    assert content(users) == {1: "old1", 9: "old2", 3: "old3"}


def test_an_upsert_with_a_key_twice_or_without_one_is_refused(users: Lake) -> None:
    before = users.head("main")
    with pytest.raises(InputError, match=r"1 keys \(id\) come more than once"):
        tables.upsert(users, "main", USERS, [*people(2), *people(2)])
    rows = pa.RecordBatch.from_pylist([{"id": 1, "email": None, "small": 1}], SCHEMA)
    with pytest.raises(InputError, match="no value in their key"):
        tables.upsert(users, "main", USERS, [rows], key=["email"])
    assert users.head("main") == before


def test_compacting_puts_small_files_together_and_keeps_the_rows(users: Lake) -> None:
    for number in range(4, 9):
        tables.append(users, "main", USERS, people(number))
    before = content(users)
    tables.compact(users, "main", USERS)
    assert len(data_files(users)) == 1
    assert content(users) == before
    assert tables.compact(users, "main", USERS) == users.head("main")  # nothing is left to do


def test_a_table_gets_another_structure_and_keeps_its_rows(users: Lake) -> None:
    wider = table()
    columns = (*wider.columns, Column("born", "date", "date", pa.date32()))
    tables.evolve(users, "main", Table(USERS, columns, wider.uniques))
    assert tables.read(users, "main", USERS).read_all()["born"].null_count == 3
    assert set(content(users)) == {1, 2, 3}


def test_a_renamed_table_is_the_same_table(users: Lake) -> None:
    before = users.entry("main", USERS)
    tables.rename(users, "main", USERS, ORDERS)
    assert users.entry("main", ORDERS) == before
    with pytest.raises(InputError, match="table 'users' does not exist"):
        users.entry("main", USERS)


def test_a_dropped_table_is_still_in_the_commits_before(users: Lake) -> None:
    files_before = sorted(Path(users.warehouse).rglob("*.parquet"))
    tables.drop(users, "main", USERS)
    assert users.tables("main") == {}
    assert set(content(users, "main~1")) == {1, 2, 3}
    assert sorted(Path(users.warehouse).rglob("*.parquet")) == files_before


def test_a_hundred_tables_are_one_commit(sqlite_lake: Lake) -> None:
    before = sqlite_lake.head("main")
    with tables.changing(sqlite_lake, "main", "nightly") as change:
        for number in range(100):
            name = TableName("public", f"t{number}")
            change.create(table(name), [ForeignKey("fk", name, ("small",), USERS, ("id",))])
            change.append(name, people(number))
    assert sqlite_lake.head("main").parents == (before.hash,)
    assert len(sqlite_lake.tables("main")) == 100
    assert content(sqlite_lake, "main", TableName("public", "t42")) == {42: "old42"}


def test_a_change_that_fails_changes_nothing(users: Lake) -> None:
    before = users.head("main")

    def fail() -> None:
        with tables.changing(users, "main", "nightly") as change:
            change.append(USERS, people(4))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert users.head("main") == before


def test_what_a_change_only_read_may_move(users: Lake) -> None:
    with tables.changing(users, "main", "orders") as change:
        change.held(USERS)
        change.create(table(ORDERS))
        tables.append(users, "main", USERS, people(4))
    assert set(content(users)) == {1, 2, 3, 4}
    assert ORDERS in users.tables("main")


def test_an_overwrite_loses_nothing_that_came_meanwhile(users: Lake) -> None:
    def slowly() -> list[pa.RecordBatch]:
        tables.append(users, "main", USERS, people(4))
        return people(7)

    with pytest.raises(Moved), tables.changing(users, "main", "overwrite") as change:
        change.overwrite(USERS, slowly())
    assert set(content(users)) == {1, 2, 3, 4}


def test_appends_from_many_threads_lose_nothing(users: Lake) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: tables.append(users, "main", USERS, people(number)), range(100, 116)))
    assert set(content(users)) == {1, 2, 3, *range(100, 116)}
    assert users.entry("main", USERS).rows == 19


def test_compacting_upserting_and_deleting_beside_appends_lose_nothing(users: Lake) -> None:
    stop = threading.Event()

    def append() -> int:
        number = 1000
        while not stop.is_set():
            tables.append(users, "main", USERS, people(number))
            number += 1
        return number

    with ThreadPoolExecutor(1) as pool:
        appended = pool.submit(append)
        try:
            for number in range(2):
                tables.compact(users, "main", USERS)
                tables.upsert(users, "main", USERS, people(1, 500 + number, email="new"))
                tables.delete(users, "main", USERS, f"id = {2 + number}")
        finally:
            stop.set()
    assert set(content(users)) == {1, 500, 501, *range(1000, appended.result())}
    assert content(users)[1] == "new1"


def test_reading_chooses_columns_rows_and_how_many(users: Lake) -> None:
    found = tables.read(users, "main", USERS, ["small", "id"], where="email <> 'old2'", limit=1)
    assert found.schema == pa.schema([("small", pa.int16()), ("id", pa.int64())])
    assert found.read_all().to_pylist() == [{"small": 1, "id": 1}]
    assert tables.read(users, "main", USERS, limit=2).read_all().num_rows == 2


steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.sets(st.integers(0, 30), max_size=6)),
        st.tuples(st.just("upsert"), st.sets(st.integers(0, 30), max_size=6)),
        st.tuples(st.just("delete"), st.sets(st.integers(0, 30), max_size=6)),
        st.tuples(st.just("where"), st.sets(st.integers(0, 30), min_size=1, max_size=1)),
        st.tuples(st.just("compact"), st.just(set[int]())),
    ),
    max_size=6,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_a_table_holds_what_a_dictionary_would(sqlite_lake: Lake, steps: list[tuple[str, set[int]]]) -> None:
    expected: dict[int, str] = {}
    with tables.changing(sqlite_lake, "main", "again") as change:
        if change.exists(USERS):
            change.drop(USERS)
    tables.create(sqlite_lake, "main", table())
    for number, (verb, ids) in enumerate(steps):
        new = {key: f"{number}-{key}" for key in ids}
        rows = people(*new, email=f"{number}-")
        if verb == "append":
            rows = people(*(set(new) - set(expected)), email=f"{number}-")
            tables.append(sqlite_lake, "main", USERS, rows)
            expected = new | expected
        elif verb == "upsert":
            tables.upsert(sqlite_lake, "main", USERS, rows)
            expected |= new
        elif verb == "delete":
            tables.delete(sqlite_lake, "main", USERS, keys=pa.table({"id": pa.array(sorted(ids), pa.int64())}))
            expected = {key: value for key, value in expected.items() if key not in ids}
        elif verb == "where":
            tables.delete(sqlite_lake, "main", USERS, f"id >= {min(ids)}")
            expected = {key: value for key, value in expected.items() if key < min(ids)}
        else:
            tables.compact(sqlite_lake, "main", USERS)
        assert content(sqlite_lake) == expected
        held = tables.held(sqlite_lake, "main", USERS)
        assert files.count(held.metadata, sqlite_lake.io) == len(expected)

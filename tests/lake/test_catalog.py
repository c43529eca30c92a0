from __future__ import annotations

import threading
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyiceberg.exceptions import (
    CommitFailedException,
    CommitStateUnknownException,
    NamespaceNotEmptyError,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.expressions import EqualTo
from pyiceberg.table.update import AssertRefSnapshotId, SetPropertiesUpdate
from pyiceberg.types import LongType

from conftest import query, run_sql
from lake.rest_support import ORDERS, make_orders, rows
from understudy.errors import InputError
from understudy.lake import Lake, metadata
from understudy.lake.catalog import LakeCatalog, TableChange
from understudy.lake.namespaces import from_namespace, to_namespace
from understudy.lake.nouns import Key
from understudy.lake.safety import Refused
from understudy.schema import TableName

NAME = TableName("shop", "orders")
MORE = pa.table({"id": pa.array([4], pa.int64()), "item": ["jug"]})
THREE = [(1, "tea"), (2, "cup"), (3, "pot")]


def test_what_is_written_on_a_branch_is_on_that_branch_alone(lake):
    make_orders(lake)
    lake.branch("dev", "main")
    LakeCatalog(lake, "dev").load_table("shop.orders").append(MORE)
    assert rows(lake, "dev") == [*THREE, (4, "jug")]
    assert rows(lake, "main") == THREE


def test_every_write_is_one_commit_that_says_what_it_was(sqlite_lake):
    make_orders(sqlite_lake)
    table = LakeCatalog(sqlite_lake, "main").load_table("shop.orders")
    table.delete("id = 1")
    with table.update_schema() as change:
        change.add_column("n", LongType())
    assert [commit.message for commit in sqlite_lake.log("main")] == [
        "alter shop.orders",
        "overwrite shop.orders",
        "append shop.orders",
        "create shop.orders",
        "create namespace shop",
        "a new lake",
    ]
    assert sqlite_lake.head("main").meta == {"engine": "pyiceberg"}


def test_a_table_and_its_first_rows_are_one_commit(sqlite_lake):
    catalog = LakeCatalog(sqlite_lake, "main")
    catalog.create_namespace("shop")
    before = sqlite_lake.head("main").hash
    with catalog.create_table_transaction("shop.orders", ORDERS.schema) as transaction:
        transaction.append(ORDERS)
    assert sqlite_lake.head("main").parents == (before,)
    assert rows(sqlite_lake, "main") == THREE


def test_several_tables_change_together_or_not_at_all(sqlite_lake):
    make_orders(sqlite_lake, "orders", "payments")
    before, stale = sqlite_lake.head("main"), AssertRefSnapshotId(ref="main", snapshot_id=1)
    marked = (SetPropertiesUpdate(updates={"owner": "ann"}),)
    with pytest.raises(CommitFailedException):
        LakeCatalog(sqlite_lake, "main").apply(
            [
                TableChange(NAME, (), marked),
                TableChange(TableName("shop", "payments"), (stale,), marked),
            ]
        )
    assert sqlite_lake.head("main") == before


def test_a_stale_writer_of_the_same_table_is_refused_and_one_of_another_is_not(lake):
    make_orders(lake, "orders", "payments")
    catalog = LakeCatalog(lake, "main")
    stale, other = catalog.load_table("shop.orders"), catalog.load_table("shop.payments")
    snapshot = stale.metadata.current_snapshot_id
    catalog.load_table("shop.orders").append(MORE)
    with pytest.raises(CommitFailedException):
        catalog.commit_table(
            stale,
            (AssertRefSnapshotId(ref="main", snapshot_id=snapshot),),
            (SetPropertiesUpdate(updates={"owner": "ann"}),),
        )
    other.append(MORE)
    assert rows(lake, "main", "payments") == [*THREE, (4, "jug")]


def test_writers_of_one_table_at_once_lose_nothing(lake):
    make_orders(lake)

    def write(number: int) -> None:
        for turn in range(3):
            row = pa.table({"id": pa.array([number * 10 + turn], pa.int64()), "item": ["x"]})
            LakeCatalog(lake, "main").load_table("shop.orders").append(row)

    threads = [threading.Thread(target=write, args=(number,)) for number in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [number for number, _ in rows(lake, "main")] == [1, 2, 3, 10, 11, 12, 20, 21, 22, 30, 31, 32]


@pytest.mark.parametrize("ref", ["v1", "main~1", "main@{2100-01-01}"])
def test_tags_commits_and_times_are_read_only(sqlite_lake, ref):
    make_orders(sqlite_lake)
    LakeCatalog(sqlite_lake, "main").create_namespace("other")
    sqlite_lake.tag("v1", "main")
    catalog = LakeCatalog(sqlite_lake, ref)
    assert catalog.load_table("shop.orders").scan().to_arrow() == ORDERS
    writes = [
        lambda: catalog.load_table("shop.orders").append(MORE),
        lambda: catalog.create_table("shop.more", ORDERS.schema),
        lambda: catalog.drop_table("shop.orders"),
        lambda: catalog.rename_table("shop.orders", "shop.more"),
        lambda: catalog.create_namespace("third"),
        lambda: catalog.drop_namespace("other"),
    ]
    for write in writes:
        with pytest.raises(Refused, match="is not a branch"):
            write()


def test_a_dropped_table_keeps_its_files_and_a_purged_one_too(sqlite_lake):
    make_orders(sqlite_lake, "orders", "payments")
    before = {path for path in Path(sqlite_lake.warehouse).rglob("*") if path.is_file()}
    sqlite_lake.branch("dev", "main")
    catalog = LakeCatalog(sqlite_lake, "dev")
    catalog.drop_table("shop.orders")
    catalog.purge_table("shop.payments")
    assert catalog.list_tables("shop") == []
    assert {path for path in Path(sqlite_lake.warehouse).rglob("*") if path.is_file()} == before
    assert rows(sqlite_lake, "main", "payments") == THREE


def test_a_renamed_table_is_the_same_table(sqlite_lake):
    make_orders(sqlite_lake)
    before = sqlite_lake.entry("main", NAME)
    LakeCatalog(sqlite_lake, "main").rename_table("shop.orders", "shop.sales")
    assert sqlite_lake.entry("main", TableName("shop", "sales")) == before
    assert Key.table(NAME) not in sqlite_lake.entries("main")


def test_namespaces_have_properties_and_one_level(sqlite_lake):
    catalog = LakeCatalog(sqlite_lake, "main")
    catalog.create_namespace("shop", {"owner": "ann", "team": "web"})
    done = catalog.update_namespace_properties("shop", {"team", "gone"}, {"city": "Bonn"})
    assert (done.removed, done.updated, done.missing) == (["team"], ["city"], ["gone"])
    assert catalog.load_namespace_properties("shop") == {"owner": "ann", "city": "Bonn"}
    with pytest.raises(NoSuchNamespaceError, match="one level"):
        catalog.create_namespace(("shop", "eu"))
    with pytest.raises(NoSuchNamespaceError, match="create it first"):
        catalog.create_table("shoop.orders", ORDERS.schema)


def test_a_namespace_that_holds_tables_is_not_dropped(sqlite_lake):
    make_orders(sqlite_lake)
    catalog = LakeCatalog(sqlite_lake, "main")
    with pytest.raises(NamespaceNotEmptyError):
        catalog.drop_namespace("shop")
    catalog.drop_table("shop.orders")
    catalog.drop_namespace("shop")
    assert catalog.list_namespaces() == []


def test_names_that_are_taken_or_missing_are_named(sqlite_lake):
    make_orders(sqlite_lake)
    catalog = LakeCatalog(sqlite_lake, "main")
    with pytest.raises(TableAlreadyExistsError, match=r"'shop\.orders' exists already on 'main'"):
        catalog.create_table("shop.orders", ORDERS.schema)
    with pytest.raises(NoSuchTableError, match=r"'shop\.order' does not exist on 'main'"):
        catalog.load_table("shop.order")
    with pytest.raises(InputError, match="'mian' does not exist"):
        LakeCatalog(sqlite_lake, "mian")


@given(st.one_of(st.text(min_size=1), st.sampled_from(["files", "files_", "files__", "file"])))
def test_the_namespace_without_a_name_is_called_files_and_no_other_is(name):
    assert from_namespace("") == "files"
    assert to_namespace("files") == ""
    assert from_namespace(name) != "files"
    assert to_namespace(from_namespace(name)) == name


def test_a_registered_table_keeps_its_files_where_they_are_and_gets_new_ones_in_the_lake(tmp_path):
    theirs, ours = (Lake.open(tmp_path / name, create=True) for name in ("theirs", "ours"))
    make_orders(theirs)
    before = {path for path in Path(theirs.warehouse).rglob("*") if path.is_file()}
    catalog = LakeCatalog(ours, "main")
    catalog.create_namespace("shop")
    table = catalog.register_table("shop.orders", theirs.entry("main", NAME).location)
    table.append(MORE)
    entry = ours.entry("main", NAME)
    assert rows(ours, "main") == [*THREE, (4, "jug")]
    assert entry.external
    assert metadata.read(entry.location, ours.io).location.startswith(ours.warehouse)
    assert {path for path in Path(theirs.warehouse).rglob("*") if path.is_file()} == before
    with pytest.raises(TableAlreadyExistsError, match=r"'shop\.orders' already"):
        catalog.register_table("shop.again", entry.location)
    for lake in (theirs, ours):
        lake.store.database.close()


def test_a_long_history_of_a_table_stays_short_in_its_metadata_and_whole_in_the_lake(sqlite_lake):
    make_orders(sqlite_lake)
    first = sqlite_lake.head("main").hash
    table = LakeCatalog(sqlite_lake, "main").load_table("shop.orders")
    for number in range(25):
        table.append(pa.table({"id": pa.array([100 + number], pa.int64()), "item": ["x"]}))
    assert len(table.metadata.snapshots) == 20
    assert table.scan(EqualTo("id", 100)).to_arrow().num_rows == 1
    assert rows(sqlite_lake, f"@{first}") == THREE


_DIES = """
CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER die AFTER INSERT ON {place}.commit_ DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION die();
"""


def test_where_nobody_knows_whether_a_commit_landed_no_file_is_deleted(database, tmp_path):
    url = database()
    lake = Lake.open(tmp_path / "lake", catalog=url, create=True)
    make_orders(lake)
    table = LakeCatalog(lake, "main").load_table("shop.orders")
    (place,) = {name for (name,) in query(url, "SELECT schemaname FROM pg_tables WHERE tablename = 'commit_'")}
    run_sql(url, _DIES.format(place=place))
    before = set(Path(lake.warehouse).rglob("*.parquet"))
    with pytest.raises(CommitStateUnknownException, match=r"append shop\.orders"):
        table.append(MORE)
    assert set(Path(lake.warehouse).rglob("*.parquet")) > before
    run_sql(url, f"DROP TRIGGER die ON {place}.commit_")
    LakeCatalog(lake, "main").load_table("shop.orders").append(MORE)
    assert rows(lake, "main") == [*THREE, (4, "jug")]
    lake.store.database.close()

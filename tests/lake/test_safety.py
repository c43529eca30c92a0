"""Whatever an engine does to tidy up on one branch, every other branch, tag and commit still holds what it held.

What Spark and Trino would delete is worked out here as they do it, and with no regard for how young a file is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import ForbiddenError, RESTError, ValidationException
from pyiceberg.table import Table

from lake.rest_support import digest, duckdb_answers, make_orders, rows, sail_answers, serving
from understudy.lake import Lake
from understudy.lake.catalog import LakeCatalog
from understudy.lake.engines import snippet
from understudy.lake.merge import merge

MORE = pa.table({"id": pa.array([4], pa.int64()), "item": ["jug"]})
THREE = [(1, "tea"), (2, "cup"), (3, "pot")]


def reachable(table: Table) -> set[str]:
    """Every file that an engine knows to belong to a table."""
    found = {table.metadata_location, *(entry.metadata_file for entry in table.metadata.metadata_log)}
    for snapshot in table.metadata.snapshots:
        found.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            found.add(manifest.manifest_path)
            found |= {entry.data_file.file_path for entry in manifest.fetch_manifest_entry(table.io)}
    return {path.removeprefix("file://") for path in found}


def remove_orphan_files(table: Table) -> int:
    """As Spark's procedure and Trino's: what is under the table's location and not reachable from it is deleted."""
    known = reachable(table)
    orphans = [path for path in Path(table.location()).rglob("*") if path.is_file() and str(path) not in known]
    for path in orphans:
        path.unlink()
    return len(orphans)


def expire_snapshots(table: Table) -> None:
    """Every snapshot but the current one: the commit first, then the files, as Iceberg's Java library does."""
    old = [one.snapshot_id for one in table.metadata.snapshots if one.snapshot_id != table.metadata.current_snapshot_id]
    before = reachable(table)
    table.maintenance.expire_snapshots().by_ids(old).commit()
    for path in before - reachable(table):
        Path(path).unlink()


def drop_with_purge(catalog: Catalog, name: tuple[str, ...]) -> None:
    """As Spark's DROP TABLE ... PURGE: files go where ``gc.enabled`` allows it, then the table."""
    table = catalog.load_table(name)
    if table.properties.get("gc.enabled", "true") == "true":
        for path in reachable(table):
            Path(path).unlink()
    catalog.purge_table(name)


def delete_after_commit(table: Table) -> None:
    """As every engine does where the table's properties say so: metadata files of earlier commits are deleted."""
    if table.properties.get("write.metadata.delete-after-commit.enabled", "false") == "true":
        for entry in table.metadata.metadata_log:
            Path(entry.metadata_file).unlink()


@pytest.fixture
def history(sqlite_lake: Lake) -> Iterator[tuple[Lake, str, dict[str, str]]]:
    """Branches that hold files of one another: dev wrote, main merged it, dev went on; a tag, an older commit."""
    lake = sqlite_lake
    make_orders(lake, "orders", "payments")
    lake.tag("v1", "main")
    lake.branch("dev", "main")
    with serving(lake) as url:
        table = client(url, "dev").load_table("shop.orders")
        table.append(MORE)
        merge(lake, "dev", "main")
        lake.branch("next", "main")
        table.delete("id = 4")
        table.overwrite(pa.table({"id": pa.array([9], pa.int64()), "item": ["urn"]}))
        refs = ["main", "dev", "next", "v1", *(f"@{commit.hash}" for commit in lake.log("dev"))]
        yield lake, url, {ref: digest(lake, ref) for ref in refs}


def client(url: str, ref: str) -> Catalog:
    return load_catalog("rest", type="rest", uri=url, warehouse=ref)


def still(lake: Lake, before: dict[str, str], *but: str) -> bool:
    return all(digest(lake, ref) == held for ref, held in before.items() if ref not in but)


@pytest.mark.parametrize("ref", ["dev", "main", "next", "v1"])
def test_removing_orphans_on_one_branch_leaves_all_others_whole(history, ref):
    lake, url, before = history
    for name in ("orders", "payments"):
        remove_orphan_files(client(url, ref).load_table(("shop", name)))
    assert still(lake, before)


def test_what_a_writer_left_unfinished_is_removed(history):
    lake, url, before = history
    table = client(url, "dev").load_table("shop.orders")
    left = Path(table.location(), "data", "left.parquet")
    left.parent.mkdir(parents=True)
    left.touch()
    assert remove_orphan_files(table) == 1
    assert not left.exists()
    assert still(lake, before)


def test_removing_orphans_right_after_a_write_leaves_all_others_whole(history):
    lake, url, before = history
    table = client(url, "dev").load_table("shop.orders")
    table.append(MORE)
    remove_orphan_files(table)
    assert rows(lake, "dev") == [(4, "jug"), (9, "urn")]
    assert still(lake, before, "dev")


@pytest.mark.parametrize("ref", ["dev", "main"])
def test_expiring_snapshots_on_one_branch_is_refused_before_a_file_is_touched(history, ref):
    lake, url, before = history
    with pytest.raises(ForbiddenError, match="snapshots are not expired by engines"):
        expire_snapshots(client(url, ref).load_table("shop.orders"))
    with pytest.raises(ForbiddenError, match="snapshots are not expired by engines"):
        client(url, ref).load_table("shop.orders").maintenance.expire_snapshots().older_than(
            datetime(2100, 1, 1)
        ).commit()
    assert still(lake, before)


def test_dropping_with_purge_on_one_branch_leaves_all_others_whole(history):
    lake, url, before = history
    drop_with_purge(client(url, "dev"), ("shop", "orders"))
    assert client(url, "dev").list_tables("shop") == [("shop", "payments")]
    assert still(lake, before, "dev")


@pytest.mark.parametrize("ref", ["dev", "main", "v1"])
def test_no_table_lets_an_engine_delete_old_metadata(history, ref):
    lake, url, before = history
    table = client(url, ref).load_table("shop.orders")
    delete_after_commit(table)
    assert table.properties["gc.enabled"] == "false"
    for name in ("gc.enabled", "write.metadata.delete-after-commit.enabled"):
        with pytest.raises((ForbiddenError, NotImplementedError)), table.transaction() as change:
            change.set_properties({name: "true"})
    assert still(lake, before)


def test_no_table_is_made_with_the_properties_that_delete(sqlite_lake):
    catalog = LakeCatalog(sqlite_lake, "main")
    catalog.create_namespace("shop")
    schema = pa.schema([("id", pa.int64())])
    properties = {"gc.enabled": "true", "write.data.path": "/elsewhere", "owner": "ann"}
    held = catalog.create_table("shop.t", schema, properties=properties).properties
    assert (held["gc.enabled"], held["owner"], "write.data.path" in held) == ("false", "ann", False)


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.manage_snapshots().create_branch(table.metadata.current_snapshot_id, "b").commit(),
        lambda table: table.manage_snapshots().create_tag(table.metadata.current_snapshot_id, "t").commit(),
        lambda table: table.transaction().set_properties({"write.data.path": "/elsewhere"}).commit_transaction(),
        lambda table: table.transaction().set_properties({"write.metadata.path": "/elsewhere"}).commit_transaction(),
    ],
)
def test_what_the_lake_does_not_keep_is_refused_and_not_ignored(history, change: Callable[[Table], Any]):
    lake, url, before = history
    with pytest.raises(RESTError):
        change(client(url, "dev").load_table("shop.orders"))
    assert still(lake, before)


def test_the_place_an_engine_sees_is_below_that_of_no_other_state(history):
    lake, url, before = history
    tables = [client(url, ref).load_table("shop.orders") for ref in ("main", "dev", "next", "v1")]
    places = [Path(table.location()) for table in tables]
    assert not [one for one in places for other in places if one is not other and other.is_relative_to(one)]
    named = {Path(path) for table in tables for path in reachable(table)}
    assert not [path for path in named for one in places if path.is_relative_to(one)]
    stored = {entry.location for ref in before for entry in lake.tables(ref).values()}
    assert not [path for path in stored if "_refs" in path]


def test_files_outlive_the_reset_of_the_branch_that_wrote_them(sqlite_lake):
    make_orders(sqlite_lake)
    sqlite_lake.branch("dev", "main")
    start = sqlite_lake.head("dev").hash
    LakeCatalog(sqlite_lake, "dev").load_table("shop.orders").append(MORE)
    sqlite_lake.branch("kept", "dev")
    sqlite_lake.reset("dev", f"@{start}")
    remove_orphan_files(LakeCatalog(sqlite_lake, "dev").load_table("shop.orders"))
    assert rows(sqlite_lake, "kept") == [*THREE, (4, "jug")]


def test_a_writer_that_was_too_late_deletes_only_its_own_files(history):
    lake, url, before = history
    late, table = (client(url, "dev").load_table("shop.orders") for _ in range(2))
    table.overwrite(MORE)
    with pytest.raises(ValidationException):
        late.overwrite(pa.table({"id": pa.array([5], pa.int64()), "item": ["jar"]}))
    remove_orphan_files(late)
    assert rows(lake, "dev") == [(4, "jug")]
    assert still(lake, before, "dev")


def test_duckdb_on_one_branch_leaves_all_others_whole(history, tmp_path):
    lake, url, before = history
    answers = duckdb_answers(
        tmp_path,
        *snippet("duckdb", url, "dev").splitlines(),
        "DELETE FROM dev.shop.orders",
        "UPDATE dev.shop.payments SET item = 'x'",
        "INSERT INTO dev.shop.payments FROM prod.shop.payments",
        "DROP TABLE dev.shop.orders",
    )
    assert not [one for one in answers if isinstance(one, str)]
    remove_orphan_files(client(url, "dev").load_table("shop.payments"))
    assert still(lake, before, "dev")
    assert len(rows(lake, "dev", "payments")) == 6


def test_sail_on_one_branch_leaves_all_others_whole(history, tmp_path):
    lake, url, before = history
    answers = sail_answers(
        tmp_path,
        snippet("sail", url, "dev"),
        "INSERT OVERWRITE dev.shop.payments VALUES (7, 'x')",
        "DELETE FROM dev.shop.orders WHERE id > 0",
        "DROP TABLE dev.shop.orders PURGE",
    )
    assert not [one for one in answers if isinstance(one, str)]
    remove_orphan_files(client(url, "dev").load_table("shop.payments"))
    assert still(lake, before, "dev")
    assert rows(lake, "dev", "payments") == [(7, "x")]


class EnginesTidyUp(RuleBasedStateMachine):
    """Branches, writes, resets and orphan removals in any order: every state holds what it held."""

    @initialize()
    def begin(self) -> None:
        self.folder = self.new_folder()
        self.lake = Lake.open(self.folder, create=True)
        make_orders(self.lake)
        self.number = 10
        self.held = {self.lake.head("main").hash: digest(self.lake, "main")}

    new_folder: Callable[[], Path]

    def branches(self) -> list[str]:
        return [ref.name for ref in self.lake.refs("branch")]

    def table(self, pick: int) -> tuple[str, Table]:
        names = self.branches()
        name = names[pick % len(names)]
        return name, LakeCatalog(self.lake, name).load_table("shop.orders")

    def keep(self, name: str) -> None:
        self.held[self.lake.head(name).hash] = digest(self.lake, name)

    @rule(pick=st.integers(0, 9))
    def append(self, pick: int) -> None:
        name, table = self.table(pick)
        self.number += 1
        table.append(pa.table({"id": pa.array([self.number], pa.int64()), "item": ["x"]}))
        self.keep(name)

    @rule(pick=st.integers(0, 9))
    def rewrite(self, pick: int) -> None:
        name, table = self.table(pick)
        table.overwrite(table.scan().to_arrow())
        self.keep(name)

    @precondition(lambda self: len(self.branches()) < 4)
    @rule(pick=st.integers(0, 9))
    def branch(self, pick: int) -> None:
        name, _ = self.table(pick)
        self.number += 1
        self.lake.branch(f"b{self.number}", name)

    @rule(pick=st.integers(0, 9), other=st.integers(0, 9))
    def merge(self, pick: int, other: int) -> None:
        (source, _), (target, _) = self.table(pick), self.table(other)
        merge(self.lake, source, target, strategy="theirs")
        self.keep(target)

    @rule(pick=st.integers(0, 9), back=st.integers(0, 9))
    def reset(self, pick: int, back: int) -> None:
        name, _ = self.table(pick)
        if name != "main":
            states = sorted(self.held)
            self.lake.reset(name, f"@{states[back % len(states)]}")

    @rule(pick=st.integers(0, 9))
    def tidy_up(self, pick: int) -> None:
        remove_orphan_files(self.table(pick)[1])

    def teardown(self) -> None:
        for name, held in self.held.items():
            assert digest(self.lake, f"@{name}") == held
        self.lake.store.database.close()


def test_every_state_outlives_any_order_of_writes_and_tidying_up(tmp_path_factory):
    from hypothesis.stateful import run_state_machine_as_test

    class Here(EnginesTidyUp):
        new_folder = staticmethod(lambda: tmp_path_factory.mktemp("tidy") / "lake")

    run_state_machine_as_test(Here, settings=settings(max_examples=8, stateful_step_count=12, deadline=None))

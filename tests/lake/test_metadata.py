"""Metadata of Iceberg tables: files come and go in snapshots that other readers understand, at a cost that stays."""

import json
import time
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyiceberg.manifest import DataFile, ManifestEntryStatus
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.table import StaticTable
from pyiceberg.transforms import IdentityTransform

from understudy.errors import Error
from understudy.lake import files, metadata, types
from understudy.schema import Column, Table, TableName, Unique

USERS = Table(
    TableName("shop", "users"),
    (Column("id", "bigint", "integer", pa.int64(), nullable=False), Column("name", "text", "text", pa.string())),
    uniques=(Unique("users_pkey", ("id",), primary=True),),
)


@pytest.fixture
def io(tmp_path: Path):
    return files.open_io(str(tmp_path))


@pytest.fixture
def empty(tmp_path: Path):
    return metadata.new(USERS, (), str(tmp_path / "users"))


def rows(*ids):
    return pa.record_batch({"id": pa.array(ids, pa.int64()), "name": [f"user {i}" for i in ids]})


def added(table, io, *ids):
    return metadata.add(table, io, files.write(table, io, [rows(*ids)]))


def ids_of(table, io):
    return files.read(table, io, columns=["id"]).read_all()["id"].to_pylist()


def imagined(real: DataFile, name: str) -> DataFile:
    """An entry like a real one, of a file that nobody reads."""
    made = DataFile(*real._data)
    made[1] = name
    made.spec_id = 0
    return made


def test_a_new_table_is_of_format_2_and_forbids_maintenance_to_other_engines(empty):
    assert (empty.format_version, empty.current_snapshot_id, metadata.row_count(empty)) == (2, None, 0)
    assert empty.properties["gc.enabled"] == "false"
    assert empty.properties["write.metadata.delete-after-commit.enabled"] == "false"
    assert json.loads(empty.properties["schema.name-mapping.default"]) == [
        {"field-id": 1, "names": ["id"]},
        {"field-id": 2, "names": ["name"]},
    ]


def test_rows_added_twice_are_all_there_for_every_reader(empty, io):
    table = added(added(empty, io, 1, 2), io, 3)
    location = metadata.write(table, io)
    assert ids_of(table, io) == [1, 2, 3]
    iceberg = StaticTable.from_metadata(location)
    assert sorted(iceberg.scan().to_arrow()["id"].to_pylist()) == [1, 2, 3]
    assert iceberg.scan(row_filter="id = 3").to_arrow()["name"].to_pylist() == ["user 3"]
    assert iceberg.scan().count() == 3


@pytest.mark.filterwarnings("ignore:Iceberg scan planning")
def test_polars_reads_what_is_written(empty, io):
    location = metadata.write(added(added(empty, io, 1, 2), io, 3), io)
    assert sorted(pl.scan_iceberg(location).collect()["id"].to_list()) == [1, 2, 3]


def test_inspection_by_pyiceberg_tells_files_manifests_and_history(empty, io):
    iceberg = StaticTable.from_metadata(metadata.write(added(added(empty, io, 1, 2), io, 3), io))
    assert iceberg.inspect.files()["record_count"].to_pylist() == [1, 2]
    assert iceberg.inspect.manifests()["added_data_files_count"].to_pylist() == [1, 1]
    assert iceberg.inspect.history().num_rows == 2
    assert iceberg.inspect.entries()["sequence_number"].to_pylist() == [2, 1]


def test_the_summary_counts_what_is_there_and_what_was_added(empty, io):
    table = added(added(empty, io, 1, 2), io, 3)
    told = table.current_snapshot().summary
    assert (told["total-records"], told["added-records"]) == ("3", "1")
    assert (told["total-data-files"], told["added-data-files"]) == ("2", "1")
    sizes = [entry.data_file.file_size_in_bytes for entry in metadata.file_set(table, io).values()]
    assert told["total-files-size"] == str(sum(sizes))
    assert metadata.row_count(table) == 3


def test_the_metadata_before_stay_as_they_were(empty, io):
    one = added(empty, io, 1)
    before = one.model_dump_json()
    two = added(one, io, 2)
    assert (one.model_dump_json(), ids_of(one, io), ids_of(two, io)) == (before, [1], [1, 2])
    assert two.table_uuid == one.table_uuid


def test_files_replaced_are_marked_as_deleted_and_the_others_as_existing(empty, io):
    table = added(added(empty, io, 1), io, 2)
    first, second = metadata.file_set(table, io)
    table = metadata.add(table, io, files.write(table, io, [rows(8), rows(9)]))
    table = metadata.change(table, io, added=files.write(table, io, [rows(7)]), removed=[first])
    assert ids_of(table, io) == [2, 8, 9, 7]
    marks = {
        entry.data_file.file_path: entry.status
        for manifest in table.current_snapshot().manifests(io)
        for entry in manifest.fetch_manifest_entry(io, discard_deleted=False)
    }
    assert marks[first] == ManifestEntryStatus.DELETED and first not in metadata.file_set(table, io)
    assert metadata.file_set(table, io)[second].sequence == 2
    told = table.current_snapshot().summary
    assert (told["deleted-data-files"], told["deleted-records"], told["total-records"]) == ("1", "1", "4")
    assert StaticTable.from_metadata(metadata.write(table, io)).scan().count() == 4


def test_a_manifest_of_several_files_keeps_those_that_stay(empty, io):
    table = metadata.add(empty, io, [*files.write(empty, io, [rows(1)]), *files.write(empty, io, [rows(2)])])
    first, _ = metadata.file_set(table, io)
    table = metadata.change(table, io, removed=[first], operation="delete")
    assert ids_of(table, io) == [2]
    assert StaticTable.from_metadata(metadata.write(table, io)).scan().to_arrow()["id"].to_pylist() == [2]


def test_a_file_that_the_table_does_not_have_cannot_be_removed(empty, io):
    with pytest.raises(Error, match="has no file 'nowhere'"):
        metadata.change(added(empty, io, 1), io, removed=["nowhere"])


def test_all_rows_are_replaced_at_once(empty, io):
    table = metadata.replace_all(added(added(empty, io, 1), io, 2), io, files.write(empty, io, [rows(5)]))
    assert ids_of(table, io) == [5]
    assert metadata.row_count(table) == 1
    assert ids_of(metadata.replace_all(table, io, []), io) == []


def test_many_small_manifests_are_merged_and_nothing_is_lost(empty, io):
    (real,) = files.write(empty, io, [rows(1, 2)])
    table, added_so_far = empty, []
    for number in range(100):
        added_so_far.append(f"file {number}")
        table = metadata.add(table, io, [imagined(real, f"file {number}")])
    found = metadata.file_set(table, io)
    assert list(found) == added_so_far  # oldest first
    assert [entry.sequence for entry in found.values()] == list(range(1, 101))
    assert len(table.current_snapshot().manifests(io)) < 40
    assert metadata.row_count(table) == 200


def test_adding_costs_the_same_after_many_additions(empty, io):
    (real,) = files.write(empty, io, [rows(1)])
    table, took = empty, []
    for number in range(220):
        start = time.process_time()
        table = metadata.add(table, io, [imagined(real, f"file {number}")])
        metadata.write(table, io)
        took.append(time.process_time() - start)
    assert sorted(took[-20:])[10] < 3 * sorted(took[:20])[10]


def test_only_the_last_snapshots_are_listed_and_named_ones_stay(empty, io):
    (real,) = files.write(empty, io, [rows(1)])
    table = metadata.add(empty, io, [imagined(real, "file 0")])
    first = table.current_snapshot_id
    table = table.model_copy(update={"refs": {**table.refs, "kept": table.refs["main"]}})
    for number in range(1, 50):
        table = metadata.add(table, io, [imagined(real, f"file {number}")])
    listed = [snapshot.snapshot_id for snapshot in table.snapshots]
    assert len(listed) == metadata_limit() + 1 and listed[0] == first
    assert {entry.snapshot_id for entry in table.snapshot_log} <= set(listed)
    assert len(metadata.file_set(table, io)) == 50


def metadata_limit():
    from understudy.lake import snapshots

    return snapshots.KEPT


def test_a_table_that_an_engine_partitioned_takes_files_without_partitions(empty, io):
    spec = PartitionSpec(PartitionField(1, 1000, IdentityTransform(), "id"), spec_id=3)
    engines = empty.model_copy(update={"partition_specs": [spec], "default_spec_id": 3})
    table = added(engines, io, 1, 2)
    assert ids_of(table, io) == [1, 2]
    assert StaticTable.from_metadata(metadata.write(table, io)).scan("id = 2").to_arrow().num_rows == 1


def test_metadata_are_read_as_they_were_written(empty, io):
    table = added(empty, io, 1)
    location = metadata.write(table, io)
    assert location.startswith(f"{empty.location}/metadata/00000-") and location.endswith(".metadata.json")
    metadata._read.clear()
    assert metadata.read(location, io) == table
    assert metadata.read(location, io) is metadata.read(location, io)


def test_metadata_that_are_gone_are_named(io, tmp_path):
    with pytest.raises(Error, match="are gone"):
        metadata.read(str(tmp_path / "x.metadata.json"), io)


def test_what_a_commit_needs_on_the_disk_is_the_list_and_the_new_manifests(empty, io):
    one = added(empty, io, 1)
    two = added(one, io, 2)
    assert metadata.paths(empty, io) == ()
    assert len(metadata.paths(two, io)) == 2
    assert not set(metadata.paths(one, io)) & set(metadata.paths(two, io))
    files.durable([metadata.write(two, io), *metadata.paths(two, io)])


def columns(table):
    return [(field.field_id, field.name, str(field.field_type), field.required) for field in table.schema().fields]


def test_a_wider_type_keeps_the_field_and_another_type_gets_a_new_one(empty, io):
    narrow = replace(USERS, columns=(replace(USERS.columns[0], arrow_type=pa.int32()), USERS.columns[1]))
    table = added(metadata.new(narrow, (), empty.location), io, 1)
    wide = metadata.evolve(table, USERS, ())
    assert columns(wide) == [(1, "id", "long", True), (2, "name", "string", False)]
    assert ids_of(added(wide, io, 2**40), io) == [1, 2**40]
    other = replace(USERS, columns=(USERS.columns[0], replace(USERS.columns[1], arrow_type=pa.date32())))
    assert columns(metadata.evolve(wide, other, ())) == [(1, "id", "long", True), (3, "name", "date", False)]
    assert wide.table_uuid == table.table_uuid


def test_a_new_column_is_optional_where_older_rows_stay(empty, io):
    told = Column("mail", "text", "text", pa.string(), nullable=False)
    grown = replace(USERS, columns=(*USERS.columns, told))
    table = metadata.evolve(added(empty, io, 1), grown, ())
    assert columns(table)[2] == (3, "mail", "string", False)
    assert files.read(table, io).read_all().to_pylist() == [{"id": 1, "name": "user 1", "mail": None}]
    assert StaticTable.from_metadata(metadata.write(table, io)).scan().to_arrow().num_rows == 1
    assert columns(metadata.evolve(table, grown, (), rows_stay=False))[2] == (3, "mail", "string", True)


def test_a_dropped_column_that_comes_back_is_another_column(empty, io):
    small = replace(USERS, columns=USERS.columns[:1])
    table = metadata.evolve(metadata.evolve(added(empty, io, 1), small, ()), USERS, ())
    assert columns(table) == [(1, "id", "long", True), (3, "name", "string", False)]
    assert files.read(table, io).read_all()["name"].to_pylist() == [None]


def test_numbers_that_stand_for_another_unit_are_another_column(empty):
    at = replace(USERS, columns=(*USERS.columns, Column("at", "?", "timestamp", pa.timestamp("ns"))))
    table = metadata.new(at, (), empty.location)
    plain = replace(USERS, columns=(*USERS.columns, Column("at", "?", "integer", pa.int64())))
    assert [c[0] for c in columns(metadata.evolve(table, plain, ()))] == [1, 2, 4]
    assert types.table_of(metadata.evolve(table, plain, ()), USERS.name)[0] == plain


def test_a_table_that_did_not_change_gets_no_other_schema(empty):
    again = metadata.evolve(empty, USERS, ())
    assert (again.schemas, again.current_schema_id) == (empty.schemas, empty.current_schema_id)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3), st.sets(st.integers(0, 30), max_size=3)), max_size=12))
def test_any_sequence_of_changes_leaves_the_files_that_it_should(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("changes")
    io = files.open_io(str(folder))
    table, expected = metadata.new(USERS, (), str(folder / "users")), {}
    (real,) = files.write(table, io, [rows(1, 2, 3)])
    for step, (more, drop) in enumerate(steps):
        gone = [path for place, path in enumerate(expected) if place in drop]
        fresh = [imagined(real, f"{step}-{n}") for n in range(more)]
        table = metadata.change(table, io, added=fresh, removed=gone)
        expected = {path: n for path, n in expected.items() if path not in gone}
        expected |= {file.file_path: step + 1 for file in fresh}
        assert {path: entry.sequence for path, entry in metadata.file_set(table, io).items()} == expected
        assert metadata.row_count(table) == 3 * len(expected)

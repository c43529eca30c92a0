"""Tables that both sides changed: appends, files and rows, merged by what files there are."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.typedef import Record

from support.bookings import BOOKINGS, COLUMNS, bookings, held, ids, made, parquet_files, rows
from understudy.lake import Lake, metadata, tables
from understudy.lake.conflicts import Conflicts
from understudy.lake.content import merge_files
from understudy.lake.merge import merge
from understudy.lake.nouns import Entry, Key
from understudy.lake.snapshots import file_set
from understudy.schema import Column, TableName


def refused(lake: Lake, source: str = "dev", into: str = "main", **how: object) -> str:
    """Why a merge is refused, after proving that it changed nothing."""
    before = lake.head(into)
    with pytest.raises(Conflicts) as caught:
        merge(lake, source, into, **how)  # type: ignore[arg-type]
    assert lake.head(into) == before
    (conflict,) = caught.value.conflicts
    return conflict.reason


# Appends


def test_appends_on_both_sides_merge_and_no_row_is_written(sqlite_lake):
    lake = made(sqlite_lake, 1, 2)
    tables.append(lake, "main", BOOKINGS, rows(3))
    tables.append(lake, "dev", BOOKINGS, rows(4, 5))
    before = parquet_files(lake)
    done = merge(lake, "dev", "main")
    assert done.result == "merged" and ids(lake) == [1, 2, 3, 4, 5]
    assert list(done.changes.values()) == ["+2 rows in 1 file"]
    assert parquet_files(lake) == before
    assert lake.entry("main", BOOKINGS).rows == 5
    assert ids(lake, "dev") == [1, 2, 4, 5]


def test_the_same_branch_merges_again_and_again(sqlite_lake):
    lake = made(sqlite_lake, 0)
    for number in range(1, 6):
        tables.append(lake, "dev", BOOKINGS, rows(number))
        tables.append(lake, "main", BOOKINGS, rows(100 + number))
        merge(lake, "dev", "main")
    assert ids(lake) == [*range(6), *range(101, 106)]
    assert merge(lake, "dev", "main").result == "nothing to do"


def test_criss_crossed_merges_keep_every_row_once(sqlite_lake):
    lake = made(sqlite_lake, 0)
    tables.append(lake, "main", BOOKINGS, rows(1))
    tables.append(lake, "dev", BOOKINGS, rows(2))
    one, other = lake.head("main").hash, lake.head("dev").hash
    merge(lake, f"@{other}", "main")
    merge(lake, f"@{one}", "dev")
    tables.append(lake, "main", BOOKINGS, rows(3))
    tables.append(lake, "dev", BOOKINGS, rows(4))
    done = merge(lake, "dev", "main")
    assert len(done.bases) == 2 and ids(lake) == [0, 1, 2, 3, 4]
    assert merge(lake, "main", "dev").result == "fast-forward"
    assert ids(lake, "dev") == [0, 1, 2, 3, 4]


@settings(max_examples=8, deadline=None)
@given(st.lists(st.sampled_from(["main", "dev", "main<dev", "dev<main"]), max_size=8))
def test_any_sequence_of_appends_and_merges_has_the_rows_of_a_set(tmp_path_factory, steps):
    lake = made(Lake.open(tmp_path_factory.mktemp("lake"), create=True), 0)
    told: dict[str, set[int]] = {"main": {0}, "dev": {0}}
    for number, step in enumerate(steps, 1):
        into, _, source = step.partition("<")
        if source:
            merge(lake, source, into)
            told[into] |= told[source]
        else:
            tables.append(lake, into, BOOKINGS, rows(number))
            told[into].add(number)
    assert {name: ids(lake, name) for name in told} == {name: sorted(known) for name, known in told.items()}
    lake.close()


def test_a_key_added_on_both_sides_is_a_conflict_and_not_a_duplicate(sqlite_lake):
    lake = made(sqlite_lake, 1, 2)
    tables.append(lake, "main", BOOKINGS, rows(3, 4))
    tables.append(lake, "dev", BOOKINGS, rows(4, 5))
    assert refused(lake) == "both sides added rows with the same 1 primary key"
    merge(lake, "dev", "main", level="rows")  # it is the same row
    assert ids(lake) == [1, 2, 3, 4, 5]


def test_without_a_key_equal_rows_of_both_sides_are_all_kept(sqlite_lake):
    lake = made(sqlite_lake, 1, key=False)
    tables.append(lake, "main", BOOKINGS, rows(3))
    tables.append(lake, "dev", BOOKINGS, rows(3))
    merge(lake, "dev", "main")
    assert ids(lake) == [1, 3, 3]


@pytest.mark.parametrize(("one", "other"), [("main", "dev"), ("dev", "main")])
def test_a_delete_against_an_append_is_a_conflict(sqlite_lake, one, other):
    lake = made(sqlite_lake, 1, 2)
    tables.delete(lake, one, BOOKINGS, "id = 1")
    tables.append(lake, other, BOOKINGS, rows(3))
    side = "ours" if one == "main" else "theirs"
    assert refused(lake) == f"{side} changed or removed rows, so it is more than appends"


def test_a_delete_merges_where_the_other_side_did_nothing(sqlite_lake):
    lake = made(sqlite_lake, 1, 2)
    tables.delete(lake, "dev", BOOKINGS, "id = 1")
    merge(lake, "dev", "main")
    assert ids(lake) == [2]


@pytest.mark.parametrize(("one", "other"), [("main", "dev"), ("dev", "main")])
def test_a_compaction_is_no_obstacle_to_an_append(sqlite_lake, one, other):
    lake = made(sqlite_lake, 1)
    tables.append(lake, "main", BOOKINGS, rows(2))
    merge(lake, "main", "dev")
    tables.append(lake, other, BOOKINGS, rows(3))
    tables.compact(lake, one, BOOKINGS)
    tables.append(lake, one, BOOKINGS, rows(4))
    merge(lake, "dev", "main")
    assert ids(lake) == [1, 2, 3, 4]


def test_a_compaction_of_rows_that_the_other_side_deleted_is_a_conflict(sqlite_lake):
    lake = made(sqlite_lake, 1)
    tables.append(lake, "main", BOOKINGS, rows(2))
    merge(lake, "main", "dev")
    tables.compact(lake, "main", BOOKINGS)
    tables.delete(lake, "dev", BOOKINGS, "id = 2")
    assert "more than appends" in refused(lake)
    assert "the same 1 file" in refused(lake, level="files")
    merge(lake, "dev", "main", level="rows")
    assert ids(lake) == [1]


def test_a_merge_that_was_reverted_can_be_merged_again_only_by_a_new_commit(sqlite_lake):
    from understudy.lake.history import revert

    lake = made(sqlite_lake, 1)
    tables.append(lake, "main", BOOKINGS, rows(2))
    tables.append(lake, "dev", BOOKINGS, rows(3))
    done = merge(lake, "dev", "main")
    undone = revert(lake, "main", f"@{done.commit.hash}")
    assert ids(lake) == [1, 2]
    assert merge(lake, "dev", "main").result == "nothing to do"
    tables.append(lake, "dev", BOOKINGS, rows(4))
    assert "more than appends" in refused(lake)  # main took rows away that dev builds on
    revert(lake, "main", f"@{undone.hash}")
    merge(lake, "dev", "main")
    assert ids(lake) == [1, 2, 3, 4]


# Files


def test_changes_of_different_files_merge_at_the_level_of_files_only(sqlite_lake):
    lake = made(sqlite_lake, 1, 2)
    tables.append(lake, "main", BOOKINGS, rows(11, 12))
    merge(lake, "main", "dev")
    tables.delete(lake, "main", BOOKINGS, "id = 1")
    tables.upsert(lake, "dev", BOOKINGS, rows(11, guest="bo"))
    assert "more than appends" in refused(lake)
    before = parquet_files(lake)
    merge(lake, "dev", "main", level="files")
    assert held(lake) == {2: ("ana", 10), 11: ("bo", 10), 12: ("ana", 10)}
    assert parquet_files(lake) == before


def test_changes_of_one_file_do_not_merge_as_files(sqlite_lake):
    lake = made(sqlite_lake, 1, 2)
    tables.delete(lake, "main", BOOKINGS, "id = 1")
    tables.delete(lake, "dev", BOOKINGS, "id = 2")
    assert refused(lake, level="files") == "both sides changed rows of the same 1 file"


FILES = "abcd"
shapes = st.dictionaries(st.sampled_from(FILES), st.sets(st.sampled_from("xy")).map(frozenset))


@given(shapes, shapes, shapes)
def test_merged_files_are_what_either_side_did_to_the_base_and_nothing_else(base, ours, theirs):
    found = {level: merge_files(base, ours, theirs, level) for level in ("append", "files")}
    if base == theirs or ours == theirs:
        assert found["append"] == found["files"] == ours
    for level, shape in found.items():
        mirrored = merge_files(base, theirs, ours, level)
        assert isinstance(shape, str) == isinstance(mirrored, str)
        if isinstance(shape, str):
            continue
        assert shape == mirrored
        for path in FILES:
            three = [side.get(path) for side in (base, ours, theirs)]
            if ours != theirs and base not in (ours, theirs) and level == "append":
                assert three[0] is None or three[0] == three[1] == three[2]
            assert shape.get(path) == (three[1] if three[1] != three[0] else three[2])
    if isinstance(found["append"], dict):
        assert found["files"] == found["append"]


# Rows


def test_rows_changed_on_different_sides_merge_by_key(sqlite_lake):
    lake = made(sqlite_lake, 1, 2, 3, 4)
    tables.upsert(lake, "main", BOOKINGS, rows(1, guest="bo"))
    tables.delete(lake, "main", BOOKINGS, "id = 4")
    tables.upsert(lake, "dev", BOOKINGS, rows(2, 5, guest="cy"))
    tables.delete(lake, "dev", BOOKINGS, "id = 3")
    merge(lake, "dev", "main", level="rows")
    assert held(lake) == {1: ("bo", 10), 2: ("cy", 10), 5: ("cy", 10)}


def test_different_columns_of_one_row_merge_by_cell_or_are_a_conflict(sqlite_lake):
    lake = made(sqlite_lake, 1, 2)
    tables.upsert(lake, "main", BOOKINGS, rows(1, guest="bo"))
    tables.upsert(lake, "dev", BOOKINGS, rows(1, price=99))
    assert refused(lake, level="rows", cells=False) == "both sides changed 1 row, differently"
    merge(lake, "dev", "main", level="rows")
    assert held(lake) == {1: ("bo", 99), 2: ("ana", 10)}


def test_rows_in_conflict_are_counted_and_shown_with_what_both_sides_have(sqlite_lake):
    lake = made(sqlite_lake, 1, 2, 3)
    tables.upsert(lake, "main", BOOKINGS, rows(1, 2, guest="bobbie"))
    tables.upsert(lake, "dev", BOOKINGS, rows(1, guest="cyril"))
    tables.delete(lake, "dev", BOOKINGS, "id = 2")
    (conflict,) = merge(lake, "dev", "main", level="rows", dry_run=True).conflicts
    assert conflict.count == 2
    first, second = conflict.rows.to_pylist()
    assert (first["id"], first["ours"], first["theirs"]) == (1, "changed", "changed")
    assert first["their_row"] == '{"id":1,"guest":"cyril","price":10}'
    assert (second["id"], second["theirs"], second["their_row"]) == (2, "removed", None)
    assert "cyril" not in conflict.explain() and "bobbie" not in conflict.explain()


DONE = st.dictionaries(st.integers(0, 5), st.sampled_from(["delete", "bo", "cy", 7, 8]), max_size=4)


@settings(max_examples=10, deadline=None)
@given(ours=DONE, theirs=DONE)
def test_rows_merge_as_dictionaries_of_cells_do(tmp_path_factory, ours, theirs):
    lake = made(Lake.open(tmp_path_factory.mktemp("lake"), create=True), 0, 1, 2)
    base = held(lake)
    sides = {"main": _apply(lake, "main", base, ours), "dev": _apply(lake, "dev", base, theirs)}
    wanted = {}
    clash = False
    for key in range(6):
        was, mine, other = base.get(key), sides["main"].get(key), sides["dev"].get(key)
        if mine == was or other == mine:
            result = other
        elif other == was:
            result = mine
        elif was and mine and other:
            cells = [m if o in (w, m) else o if m == w else ... for w, m, o in zip(was, mine, other, strict=True)]
            clash |= ... in cells
            result = tuple(cells)
        else:
            clash, result = True, None
        if result:
            wanted[key] = result
    found = merge(lake, "dev", "main", level="rows", dry_run=True)
    assert bool(found.conflicts) == clash
    if not clash:
        merge(lake, "dev", "main", level="rows")
        assert held(lake) == wanted
    lake.close()


def _apply(lake, branch, base, done):
    """Do to the rows of a branch what a dictionary says; the rows afterwards."""
    now = dict(base)
    for key, what in done.items():
        if what == "delete":
            now.pop(key, None)
        else:
            guest, price = now.get(key, ("ana", 10))
            now[key] = (what, price) if isinstance(what, str) else (guest, what)
    changed = {key: row for key, row in now.items() if base.get(key) != row}
    if gone := sorted(base.keys() - now.keys()):
        tables.delete(lake, branch, BOOKINGS, keys=pa.table({"id": pa.array(gone, pa.int64())}))
    if changed:
        batches = itertools.chain.from_iterable(rows(k, guest=g, price=p) for k, (g, p) in changed.items())
        tables.upsert(lake, branch, BOOKINGS, batches)
    return now


def test_a_table_without_a_key_does_not_merge_by_rows(sqlite_lake):
    lake = made(sqlite_lake, 1, 2, key=False)
    tables.delete(lake, "main", BOOKINGS, "id = 1")
    tables.delete(lake, "dev", BOOKINGS, "id = 2")
    assert "no primary key" in refused(lake, level="rows")


# Structure

VIP = Column("vip", "boolean", "boolean", pa.bool_())


@pytest.mark.parametrize(("one", "other"), [("main", "dev"), ("dev", "main")])
def test_a_column_that_one_side_added_meets_rows_of_the_other(sqlite_lake, one, other):
    lake = made(sqlite_lake, 1)
    tables.evolve(lake, one, bookings(columns=(*COLUMNS, VIP)))
    tables.append(lake, other, BOOKINGS, rows(2))
    merge(lake, "dev", "main")
    found = tables.read(lake, "main", BOOKINGS).read_all().sort_by("id").to_pylist()
    assert found == [
        {"id": 1, "guest": "ana", "price": 10, "vip": None},
        {"id": 2, "guest": "ana", "price": 10, "vip": None},
    ]


def test_the_same_column_added_on_both_sides_is_one_column(sqlite_lake):
    lake = made(sqlite_lake, 1)
    for branch, number in (("main", 2), ("dev", 3)):
        tables.evolve(lake, branch, bookings(columns=(*COLUMNS, VIP)))
        tables.append(lake, branch, BOOKINGS, [_with_vip(number)])
    merge(lake, "dev", "main")
    found = tables.read(lake, "main", BOOKINGS, ["id", "vip"]).read_all().sort_by("id")["vip"].to_pylist()
    assert found == [None, True, True]


def _with_vip(number):
    (batch,) = rows(number)
    return batch.append_column("vip", pa.array([True]))


def test_different_columns_added_on_both_sides_under_one_id_are_never_mixed_up(sqlite_lake):
    lake = made(sqlite_lake, 1)
    tables.evolve(lake, "main", bookings(columns=(*COLUMNS, VIP)))
    tables.evolve(lake, "dev", bookings(columns=(*COLUMNS, Column("paid", "boolean", "boolean", pa.bool_()))))
    assert refused(lake) == "both sides changed its structure"


def test_a_column_that_came_and_went_on_one_side_is_not_read_as_the_one_the_other_added(sqlite_lake):
    lake = made(sqlite_lake, 1)
    tables.evolve(lake, "main", bookings(columns=(*COLUMNS, VIP)))
    tables.append(lake, "main", BOOKINGS, [_with_vip(2)])
    tables.evolve(lake, "main", bookings())
    tables.evolve(lake, "dev", bookings(columns=(*COLUMNS, Column("paid", "boolean", "boolean", pa.bool_()))))
    assert "another one under its field id" in refused(lake)


def test_columns_alike_under_other_ids_are_a_conflict(sqlite_lake):
    lake = made(sqlite_lake, 1)
    paid = Column("paid", "boolean", "boolean", pa.bool_())
    tables.evolve(lake, "main", bookings(columns=(*COLUMNS, VIP, paid)))
    tables.evolve(lake, "dev", bookings(columns=(*COLUMNS, paid)))
    tables.evolve(lake, "dev", bookings(columns=(*COLUMNS, VIP, paid)))
    assert "other field ids" in refused(lake)


def test_a_column_of_another_type_does_not_lose_the_values_that_the_other_side_added(sqlite_lake):
    lake = made(sqlite_lake, 1)
    text = replace(COLUMNS[2], native_type="text", kind="text", arrow_type=pa.string())
    tables.evolve(lake, "dev", bookings(columns=(*COLUMNS[:2], text)))
    tables.append(lake, "main", BOOKINGS, rows(2))
    assert "gave column 'price' another type" in refused(lake, allow_breaking=True)


def test_a_structure_that_breaks_readers_needs_a_word_to_get_into_a_protected_branch(sqlite_lake):
    lake = made(sqlite_lake, 1)
    tables.evolve(lake, "dev", bookings(columns=COLUMNS[:2]))
    assert refused(lake) == "'main' is protected, and this breaks readers: column 'price' dropped"
    assert refused(lake, no_ff=False).endswith("column 'price' dropped")
    (conflict,) = merge(lake, "dev", "main", dry_run=True).conflicts
    assert conflict.commands == ("understudy merge dev --into main --allow-breaking",)
    merge(lake, "dev", "main", allow_breaking=True)
    assert tables.read(lake, "main", BOOKINGS).schema.names == ["id", "guest"]


def test_a_dropped_column_meets_an_append_only_with_that_word(sqlite_lake):
    lake = made(sqlite_lake, 1)
    tables.evolve(lake, "dev", bookings(columns=COLUMNS[:2]))
    tables.append(lake, "main", BOOKINGS, rows(2))
    assert "breaks readers" in refused(lake)
    merge(lake, "dev", "main", allow_breaking=True)
    assert ids(lake) == [1, 2]
    assert tables.read(lake, "main", BOOKINGS).schema.names == ["id", "guest"]


def test_a_wider_column_is_no_break_for_an_unprotected_branch(sqlite_lake):
    lake = made(sqlite_lake, 1)
    wide = replace(COLUMNS[2], native_type="bigint", arrow_type=pa.int64())
    tables.evolve(lake, "main", bookings(columns=(*COLUMNS[:2], wide)))
    tables.append(lake, "dev", BOOKINGS, rows(2))
    merge(lake, "main", "dev")
    assert held(lake, "dev") == {1: ("ana", 10), 2: ("ana", 10)}
    assert tables.read(lake, "dev", BOOKINGS).schema.field("price").type == pa.int64()


# What engines write


def test_partitioned_tables_that_an_engine_appended_to_on_both_branches_merge(sqlite_lake):
    from pyiceberg.partitioning import PartitionField, PartitionSpec
    from pyiceberg.schema import Schema as IcebergSchema
    from pyiceberg.transforms import IdentityTransform
    from pyiceberg.types import IntegerType, LongType, NestedField, StringType

    from understudy.lake.catalog import LakeCatalog

    spec = PartitionSpec(PartitionField(source_id=2, field_id=1000, transform=IdentityTransform(), name="guest"))
    main = LakeCatalog(sqlite_lake, "main")
    (first,) = rows(1)
    fields = ((1, "id", LongType()), (2, "guest", StringType()), (3, "price", IntegerType()))
    schema = IcebergSchema(*(NestedField(number, name, kind, required=False) for number, name, kind in fields))
    main.create_namespace("shop")
    made_table = main.create_table("shop.stays", schema, partition_spec=spec)
    made_table.append(pa.Table.from_batches([first]))
    sqlite_lake.branch("dev")
    dev = LakeCatalog(sqlite_lake, "dev")
    main.load_table("shop.stays").append(pa.Table.from_batches([*rows(2), *rows(3, guest="bo")]))
    dev.load_table("shop.stays").append(pa.Table.from_batches([*rows(4, guest="bo"), *rows(5, guest="cy")]))
    merge(sqlite_lake, "dev", "main")
    found = main.load_table("shop.stays")
    assert sorted(found.scan().to_arrow()["id"].to_pylist()) == [1, 2, 3, 4, 5]
    assert sorted(found.scan(row_filter="guest = 'bo'").to_arrow()["id"].to_pylist()) == [3, 4]
    found.delete("guest = 'bo'")
    assert ids(sqlite_lake, "main", TableName("shop", "stays")) == [1, 2, 5]


def deleting(lake, path, *places, values=False):
    """A file as engines write it to delete rows of another, by place or by value."""
    where = f"{lake.warehouse}/{uuid.uuid4()}.parquet"
    rows = {"id": pa.array(places, pa.int64())} if values else {"file_path": [path] * len(places), "pos": places}
    pq.write_table(pa.table(rows), where)
    made_file = DataFile.from_args(
        content=DataFileContent.EQUALITY_DELETES if values else DataFileContent.POSITION_DELETES,
        file_path=where,
        file_format=FileFormat.PARQUET,
        partition=Record(),
        record_count=len(places),
        file_size_in_bytes=1,
        equality_ids=[1] if values else None,
        lower_bounds={} if values else {2147483546: path.encode()},
        upper_bounds={} if values else {2147483546: path.encode()},
    )
    made_file.spec_id = 0
    return made_file


def deleted_in_place(lake, branch, number, *places, values=False):
    """Delete rows of a table's file as engines do, without writing the others anew."""
    found = tables.held(lake, branch, BOOKINGS)
    path = list(file_set(found.metadata, lake.io))[number]
    table = metadata.add(found.metadata, lake.io, [deleting(lake, path, *places, values=values)], operation="delete")
    entry = Entry.of(table, metadata.write(table, lake.io))
    lake.commit(branch, {Key.table(BOOKINGS): entry}, message="delete in place")


def test_rows_deleted_in_place_merge_as_files_and_not_as_appends(sqlite_lake):
    lake = made(sqlite_lake, 1, 2, 3)
    deleted_in_place(lake, "dev", 0, 1)
    tables.append(lake, "main", BOOKINGS, rows(4))
    assert "more than appends" in refused(lake)
    merge(lake, "dev", "main", level="files")
    assert ids(lake) == [1, 3, 4]


def test_rows_deleted_in_place_from_new_files_merge_as_appends(sqlite_lake):
    lake = made(sqlite_lake, 1)
    tables.append(lake, "dev", BOOKINGS, rows(2, 3))
    deleted_in_place(lake, "dev", 1, 0)
    tables.append(lake, "main", BOOKINGS, rows(4))
    merge(lake, "dev", "main")
    assert ids(lake) == [1, 3, 4]
    tables.append(lake, "dev", BOOKINGS, rows(5, 6))
    deleted_in_place(lake, "dev", 2, 0)
    tables.append(lake, "main", BOOKINGS, rows(7, 8))
    deleted_in_place(lake, "main", 3, 0)
    assert refused(lake) == "both sides deleted rows within files"
    merge(lake, "dev", "main", level="rows")
    assert ids(lake) == [1, 3, 4, 6, 8]


def test_rows_of_one_file_deleted_in_place_on_both_sides_merge_by_rows(sqlite_lake):
    lake = made(sqlite_lake, 1, 2, 3)
    deleted_in_place(lake, "dev", 0, 0)
    deleted_in_place(lake, "main", 0, 2)
    assert "the same 1 file" in refused(lake, level="files")
    merge(lake, "dev", "main", level="rows")
    assert ids(lake) == [2]


def test_rows_deleted_by_their_values_are_never_merged(sqlite_lake):
    lake = made(sqlite_lake, 1, 2, 3)
    deleted_in_place(lake, "dev", 0, 2, values=True)
    tables.append(lake, "main", BOOKINGS, rows(4))
    for level in ("append", "files", "rows"):
        assert refused(lake, level=level)

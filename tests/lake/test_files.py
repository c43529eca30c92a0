"""Data files: rows written, taken as they are, and read back; bounds that are true; memory that stays small."""

import datetime as dt
import uuid
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table import StaticTable
from pyiceberg.typedef import Record

from understudy.connections.parquet import TableWriter
from understudy.errors import Error, InputError
from understudy.lake import bounds, files, metadata, types
from understudy.schema import Column, Table, TableName, Unique


def column(name, arrow_type, **more):
    return Column(name, "?", "other", arrow_type, **more)


ORDERS = Table(
    TableName("shop", "orders"),
    (
        column("id", pa.int64(), nullable=False),
        column("code", pa.string()),
        column("small", pa.int16()),
        column("big", pa.uint64()),
        column("at", pa.timestamp("us", "UTC")),
        column("total", pa.decimal128(12, 2)),
        column("wide", pa.decimal128(30, 2)),
        column("mark", pa.uuid()),
        column("ratio", pa.float64()),
        column("day", pa.date32()),
    ),
    uniques=(Unique("pk", ("code",)), Unique("orders_pkey", ("id",), primary=True)),
)


@pytest.fixture
def io(tmp_path: Path):
    return files.open_io(str(tmp_path))


@pytest.fixture
def empty(tmp_path: Path):
    return metadata.new(ORDERS, (), str(tmp_path / "orders"))


def order(number, code="x"):
    return {
        "id": number,
        "code": code,
        "small": -number,
        "big": 2**64 - 1,
        "at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=number),
        "total": Decimal(number) - Decimal("0.25"),
        "wide": Decimal(-number),
        "mark": uuid.UUID(int=number),
        "ratio": number / 2,
        "day": None,
    }


ARROW = pa.schema([(c.name, c.arrow_type) for c in ORDERS.columns])


def orders(*numbers):
    return pa.RecordBatch.from_pylist([order(n) for n in numbers], schema=ARROW)


def written(table, io, *batches, **more):
    return metadata.add(table, io, files.write(table, io, batches, **more))


def test_rows_come_back_in_their_own_types_and_order(empty, io):
    table = written(empty, io, orders(3, 1, 2))
    found = files.read(table, io).read_all()
    assert found.schema.equals(ARROW)
    assert found.to_pylist() == [order(3), order(1), order(2)]
    assert files.read(table, io, columns=["big", "id"]).read_all().schema.names == ["big", "id"]


def test_pyiceberg_reads_the_same_rows(empty, io):
    location = metadata.write(written(empty, io, orders(3, 1)), io)
    found = StaticTable.from_metadata(location).scan().to_arrow().to_pylist()
    assert found == [{**order(n), "big": Decimal(2**64 - 1)} for n in (3, 1)]
    assert StaticTable.from_metadata(location).scan("total >= 2.75 and small = -3").to_arrow()["id"].to_pylist() == [3]


def test_bounds_and_counts_tell_of_every_column_of_a_fixed_width_and_the_key(empty, io):
    (file,) = files.write(empty, io, [orders(1, 300, 2)])
    told = {
        field.name: tuple(
            bounds.decoded(field.field_type, side[field.field_id]) for side in (file.lower_bounds, file.upper_bounds)
        )
        for field in empty.schema().fields
        if field.field_id in file.lower_bounds
    }
    first = 1_767_225_600_000_000
    assert told == {
        "id": (1, 300),
        "small": (-300, -1),
        "big": (2**64 - 1, 2**64 - 1),
        "at": (first + 86_400_000_000, first + 300 * 86_400_000_000),
        "total": (75, 29975),
        "wide": (-30000, -100),
        "mark": (uuid.UUID(int=1).bytes, uuid.UUID(int=300).bytes),
        "ratio": (0.5, 150.0),
    }
    assert (file.record_count, file.null_value_counts[10], file.value_counts[10], file.null_value_counts[1]) == (
        3,
        3,
        3,
        0,
    )
    assert file.split_offsets == [4]
    assert file.file_size_in_bytes == Path(file.file_path).stat().st_size


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=24), min_size=1))
def test_bounds_of_texts_are_never_inside_the_values(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("texts")
    table = metadata.new(Table(TableName("", "t"), (column("a", pa.string()),)), (), str(folder))
    (file,) = files.write(table, files.open_io(str(folder)), [pa.record_batch({"a": texts})], bounds=["a"])
    assert file.lower_bounds[1] <= min(text.encode() for text in texts)
    top = file.upper_bounds.get(1)
    assert top is None or top >= max(text.encode() for text in texts)
    assert len(file.lower_bounds[1].decode()) <= 16


def test_rows_go_into_as_many_files_as_their_size_asks_for(empty, io):
    random = np.random.default_rng(1)
    table = metadata.new(Table(TableName("", "t"), (column("a", pa.int64()),)), (), empty.location)
    batches = [pa.record_batch({"a": random.integers(0, 2**62, 65_536)}) for _ in range(8)]
    made = files.write(table, io, batches, target_bytes=1 << 20)
    assert [file.record_count for file in made] == [131_072] * 4
    assert files.read(metadata.add(table, io, made), io).read_all().num_rows == 8 * 65_536


def test_no_rows_make_no_file(empty, io):
    assert files.write(empty, io, []) == []
    assert files.read(written(empty, io), io).read_all().num_rows == 0


def test_files_are_removed_where_their_rows_end_in_an_error(empty, io, tmp_path):
    def failing():
        yield orders(*range(1000))
        raise InputError("the source is gone")

    with pytest.raises(InputError, match="the source is gone"):
        files.write(empty, io, failing())
    assert list(tmp_path.rglob("*.parquet")) == []


def test_a_filter_opens_only_the_files_whose_bounds_allow_it(empty, io):
    table = written(written(empty, io, orders(1, 2)), io, orders(8, 9))
    Path(next(iter(metadata.file_set(table, io)))).unlink()
    assert files.read(table, io, columns=["code"], row_filter="id > 8").read_all().to_pylist() == [{"code": "x"}]


def test_the_rows_of_named_files_are_read_alone(empty, io):
    table = written(written(empty, io, orders(1, 2)), io, orders(8))
    _, second = metadata.file_set(table, io).values()
    assert files.read(table, io, files=[second]).read_all()["id"].to_pylist() == [8]


def deleting(folder, path, *places, name="d.parquet"):
    """A file as engines write it to delete rows of another."""
    where = folder / name
    pq.write_table(pa.table({"file_path": [path] * len(places), "pos": pa.array(places, pa.int64())}), where)
    made = DataFile.from_args(
        content=DataFileContent.POSITION_DELETES,
        file_path=str(where),
        file_format=FileFormat.PARQUET,
        partition=Record(),
        record_count=len(places),
        file_size_in_bytes=where.stat().st_size,
        lower_bounds={2147483546: path.encode()},
        upper_bounds={2147483546: path.encode()},
    )
    made.spec_id = 0
    return made


def test_rows_that_an_engine_deleted_in_place_are_left_out(empty, io, tmp_path):
    table = written(written(empty, io, orders(1, 2, 3, 4)), io, orders(5))
    first, _ = metadata.file_set(table, io)
    table = metadata.add(table, io, [deleting(tmp_path, first, 0, 2)], operation="delete")
    assert files.read(table, io).read_all()["id"].to_pylist() == [2, 4, 5]
    assert StaticTable.from_metadata(metadata.write(table, io)).scan().to_arrow().num_rows == 3
    assert metadata.row_count(table) is None
    assert files.count(table, io) == 3
    assert [len(entry.deletes) for entry in metadata.file_set(table, io).values()] == [1, 0]


def test_rows_added_after_a_deletion_are_not_deleted(empty, io, tmp_path):
    table = written(empty, io, orders(1))
    (path,) = metadata.file_set(table, io)
    table = metadata.add(table, io, [deleting(tmp_path, path, 0)], operation="delete")
    assert files.read(written(table, io, orders(7)), io).read_all()["id"].to_pylist() == [7]


def test_a_file_takes_what_deletes_its_rows_along_when_it_is_replaced(empty, io, tmp_path):
    table = written(written(empty, io, orders(1, 2)), io, orders(3))
    first, _ = metadata.file_set(table, io).values()
    table = metadata.add(table, io, [deleting(tmp_path, first.path, 0)], operation="delete")
    first, _ = metadata.file_set(table, io).values()
    compact = files.write(table, io, files.read(table, io, files=[first], as_stored=True), as_stored=True)
    table = metadata.change(table, io, added=compact, removed=[first.path], operation="replace")
    assert sorted(files.read(table, io).read_all()["id"].to_pylist()) == [2, 3]
    told = table.current_snapshot().summary
    assert (told["total-delete-files"], told["total-position-deletes"], told["total-records"]) == ("0", "0", "2")
    assert metadata.row_count(table) == 2
    assert StaticTable.from_metadata(metadata.write(table, io)).scan().to_arrow().num_rows == 2


SMALL = Table(
    TableName("shop", "small"),
    (column("id", pa.int64(), nullable=False), column("n", pa.int16()), column("note", pa.string())),
    uniques=(Unique("pk", ("id",), primary=True),),
)


def staged(path, **more):
    schema = pa.schema([("_via", pa.int32()), ("id", pa.int64()), ("n", pa.int16()), ("note", pa.string())])
    writer = TableWriter(path, schema, **more)
    writer.write(
        pa.record_batch(
            {
                "_via": pa.array([7, 7], pa.int32()),
                "id": [1, 2],
                "n": pa.array([3, None], pa.int16()),
                "note": ["a", None],
            }
        )
    )
    return writer.finish(), writer


@pytest.mark.parametrize("numbered", [True, False], ids=["by field id", "by name"])
def test_a_staged_file_is_taken_as_it_is(io, tmp_path, numbered):
    table = metadata.new(SMALL, (), str(tmp_path / "small"))
    ids = {field.name: field.field_id for field in table.schema().fields}
    path = tmp_path / "staged.parquet"
    more = {"field_ids": ids, "statistics": SMALL.row_key} if numbered else {}
    before, writer = staged(path, **more)
    file = files.adopt(table, io, str(path), nulls=writer.nulls)
    assert (file.record_count, file.file_size_in_bytes) == (2, before.bytes)
    assert file.null_value_counts == {1: 0, 2: 1, 3: 1}
    assert bool(file.lower_bounds) == numbered
    table = metadata.add(table, io, [file])
    expected = [{"id": 1, "n": 3, "note": "a"}, {"id": 2, "n": None, "note": None}]
    assert files.read(table, io).read_all().to_pylist() == expected
    if numbered:  # without ids other readers want a name for every column of the file
        scan = StaticTable.from_metadata(metadata.write(table, io)).scan("id > 0")
        assert scan.to_arrow().to_pylist() == expected


def test_a_file_that_iceberg_would_read_otherwise_is_not_taken(io, tmp_path):
    table = metadata.new(Table(SMALL.name, (column("n", pa.uint32()),)), (), str(tmp_path / "small"))
    pq.write_table(pa.table({"n": pa.array([2**32 - 1], pa.uint32())}), tmp_path / "n.parquet")
    with pytest.raises(InputError, match=r"column 'n' of file '.*' is uint32, not long"):
        files.adopt(table, io, str(tmp_path / "n.parquet"))
    pq.write_table(pa.table({"m": [1]}), tmp_path / "m.parquet")
    missing = metadata.new(SMALL, (), str(tmp_path / "small"))
    with pytest.raises(InputError, match="has no column 'id'"):
        files.adopt(missing, io, str(tmp_path / "m.parquet"))


def test_reading_and_writing_hold_a_row_group_and_not_the_table(io, tmp_path):
    table = metadata.new(Table(SMALL.name, (column("a", pa.int64()), column("b", pa.int64()))), (), str(tmp_path / "t"))
    random = np.random.default_rng(1)
    held = []

    def batches():
        start = pa.total_allocated_bytes()
        for _ in range(32):
            yield pa.record_batch({name: random.integers(0, 2**62, 65_536) for name in "ab"})
            held.append(pa.total_allocated_bytes() - start)

    (file,) = files.write(table, io, batches())
    table = metadata.add(table, io, [file])
    assert max(held) < file.file_size_in_bytes / 3
    start = pa.total_allocated_bytes()
    held = [pa.total_allocated_bytes() - start for _ in files.read(table, io)]
    assert len(held) == 32
    assert max(held) < file.file_size_in_bytes / 3


def test_a_warehouse_of_no_known_kind_is_refused():
    with pytest.raises(InputError, match="'ftp://host/x' is of no known kind"):
        files.open_io("ftp://host/x")


@pytest.mark.parametrize("prefix", ["", "file://"])
def test_a_local_warehouse_may_be_a_folder_or_a_file_url(tmp_path, prefix):
    warehouse = f"{prefix}{tmp_path}/ware house"
    io = files.open_io(warehouse)
    table = written(metadata.new(ORDERS, (), f"{warehouse}/orders"), io, orders(1))
    location = metadata.write(table, io)
    files.durable([location, *metadata.paths(table, io)])
    assert files.local_path(location).is_file()
    assert StaticTable.from_metadata(location).scan().count() == 1


def test_columns_with_dots_and_quotes_in_their_names_are_kept(io, tmp_path):
    odd = Table(SMALL.name, (column("a.b", pa.int64()), column('c "d"', pa.string())))
    table = metadata.new(odd, (), str(tmp_path / "odd"))
    table = written(table, io, pa.record_batch({"a.b": [1], 'c "d"': ["x"]}))
    assert files.read(table, io).read_all().to_pylist() == [{"a.b": 1, 'c "d"': "x"}]
    assert types.table_of(table, odd.name)[0] == odd


def test_a_place_that_cannot_be_written_is_named(empty, io, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(Error, match=r"taken.* cannot be written"):
        files.write(empty, io, [orders(1)], under=str(tmp_path / "taken" / "data"))
    with pytest.raises(Error, match=r"taken.* cannot be written"):
        metadata.write(empty.model_copy(update={"location": str(tmp_path / "taken")}), io)

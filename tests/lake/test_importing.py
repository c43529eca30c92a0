"""Tables from files and tables that are there already."""

from __future__ import annotations

import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lake.test_gc import collect
from lake.test_tables import USERS, content, people, table
from understudy.errors import InputError
from understudy.lake import Lake, importing, metadata, tables
from understudy.lake.snapshots import file_set
from understudy.schema import TableName

SALES = TableName("", "sales")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "sales"
    made.mkdir()
    for month, amounts in enumerate([[10, 20], [30]], 1):
        rows = pa.table({"amount": amounts, "day": [datetime.date(2026, month, 1)] * len(amounts)})
        pq.write_table(rows, made / f"2026-{month:02}.parquet")
    return made


def parquet_in(lake: Lake) -> list[Path]:
    return list(Path(lake.warehouse).rglob("*.parquet"))


def test_files_become_a_table_without_being_copied(sqlite_lake: Lake, folder: Path) -> None:
    made = importing.import_files(sqlite_lake, "main", SALES, str(folder / "*.parquet"))
    assert parquet_in(sqlite_lake) == []
    assert tables.read(sqlite_lake, "main", SALES).read_all()["amount"].to_pylist() == [10, 20, 30]
    entry = sqlite_lake.entry("main", SALES)
    assert (entry.rows, entry.external, made.message) == (3, True, "import 2 files into sales")
    found = tables.held(sqlite_lake, "main", SALES).table
    assert [(c.name, c.native_type, c.kind) for c in found.columns] == [
        ("amount", "int64", "integer"),
        ("day", "date32[day]", "date"),
    ]


def test_files_can_be_copied(sqlite_lake: Lake, folder: Path) -> None:
    importing.import_files(sqlite_lake, "main", SALES, [str(folder / "2026-01.parquet")], zero_copy=False)
    for file in folder.iterdir():
        file.unlink()
    assert tables.read(sqlite_lake, "main", SALES).read_all()["amount"].to_pylist() == [10, 20]
    assert not sqlite_lake.entry("main", SALES).external


def test_more_files_go_into_the_same_table(sqlite_lake: Lake, folder: Path) -> None:
    importing.import_files(sqlite_lake, "main", SALES, str(folder / "2026-01.parquet"))
    importing.import_files(sqlite_lake, "main", SALES, str(folder / "2026-02.parquet"))
    assert sqlite_lake.entry("main", SALES).rows == 3


def test_imported_files_are_never_collected(sqlite_lake: Lake, folder: Path) -> None:
    importing.import_files(sqlite_lake, "main", SALES, str(folder / "*.parquet"))
    tables.delete(sqlite_lake, "main", SALES, "amount = 10")
    tables.drop(sqlite_lake, "main", SALES)
    collect(sqlite_lake)
    assert len(list(folder.iterdir())) == 2
    assert parquet_in(sqlite_lake) == []


def test_rows_of_imported_files_are_deleted_without_touching_them(sqlite_lake: Lake, folder: Path) -> None:
    before = {file: file.read_bytes() for file in folder.iterdir()}
    importing.import_files(sqlite_lake, "main", SALES, str(folder / "*.parquet"))
    tables.delete(sqlite_lake, "main", SALES, "amount = 10")
    assert tables.read(sqlite_lake, "main", SALES).read_all()["amount"].to_pylist() == [30, 20]
    assert {file: file.read_bytes() for file in folder.iterdir()} == before


def test_files_with_other_columns_are_refused(sqlite_lake: Lake, folder: Path) -> None:
    pq.write_table(pa.table({"amount": ["10"], "day": [None]}), folder / "2026-03.parquet")
    with pytest.raises(InputError, match=r"03.parquet' has other columns than .*: 'amount' differs"):
        importing.import_files(sqlite_lake, "main", SALES, str(folder / "*.parquet"))
    assert sqlite_lake.tables("main") == {}


def test_types_that_must_be_written_anew_say_so(sqlite_lake: Lake, folder: Path) -> None:
    path = folder / "nanoseconds.parquet"
    pq.write_table(pa.table({"seen": pa.array([1], pa.timestamp("ns"))}), path)
    with pytest.raises(InputError) as error:
        importing.import_files(sqlite_lake, "main", SALES, str(path))
    assert error.value.hint == "copy its rows instead: `--copy`"
    importing.import_files(sqlite_lake, "main", SALES, str(path), zero_copy=False)
    assert tables.read(sqlite_lake, "main", SALES).read_all()["seen"].cast(pa.int64()).to_pylist() == [1]


@pytest.mark.parametrize(
    ("name", "said"),
    [("none-*.parquet", "no file is called"), ("text.parquet", "it is no Parquet file"), ("nested.parquet", "nested")],
)
def test_what_cannot_be_imported_is_refused(sqlite_lake: Lake, folder: Path, name: str, said: str) -> None:
    (folder / "text.parquet").write_text("not Parquet at all")
    pq.write_table(pa.table({"a": [[1]]}), folder / "nested.parquet")
    with pytest.raises(InputError, match=said):
        importing.import_files(sqlite_lake, "main", SALES, str(folder / name))


def test_files_of_the_warehouse_itself_are_copied_only(sqlite_lake: Lake) -> None:
    tables.create(sqlite_lake, "main", table(), batches=people(1))
    inside = str(parquet_in(sqlite_lake)[0])
    with pytest.raises(InputError, match="in the lake's own warehouse"):
        importing.import_files(sqlite_lake, "main", SALES, inside)


def test_an_iceberg_table_of_elsewhere_is_registered_and_written_here(sqlite_lake: Lake, tmp_path: Path) -> None:
    other = Lake.open(tmp_path / "other", create=True)
    tables.create(other, "main", table(), batches=people(1, 2))
    location = other.entry("main", USERS).location
    before = {path: path.read_bytes() for path in Path(other.warehouse).rglob("*") if path.is_file()}
    importing.register(sqlite_lake, "main", USERS, location)
    assert sqlite_lake.entry("main", USERS).external
    tables.append(sqlite_lake, "main", USERS, people(3))
    tables.delete(sqlite_lake, "main", USERS, "id = 1")
    assert set(content(sqlite_lake)) == {2, 3}
    collect(sqlite_lake)
    assert {path: path.read_bytes() for path in Path(other.warehouse).rglob("*") if path.is_file()} == before
    held = metadata.read(sqlite_lake.entry("main", USERS).location, sqlite_lake.io)
    assert all(path.startswith(sqlite_lake.warehouse) for path in file_set(held, sqlite_lake.io))
    with pytest.raises(InputError, match="is no Iceberg metadata"):
        importing.register(sqlite_lake, "main", SALES, str(tmp_path / "none.metadata.json"))
    other.close()

"""A folder holds what was written, appears whole or not at all, and answers scans."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import uuid
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.connections import manifest
from understudy.connections.folder import Folder
from understudy.errors import Error, InputError
from understudy.interfaces import Ddl, Scan
from understudy.schema import (
    CheckConstraint,
    Column,
    ForeignKey,
    Schema,
    Sequence,
    Table,
    TableName,
    Unique,
)

USERS = TableName("public", "users")
TABLE = Table(
    USERS,
    (
        Column("id", "integer", "integer", pa.int32(), nullable=False, identity="always"),
        Column("name", "text", "text", pa.string()),
        Column("Name", "text", "text", pa.string()),
        Column("loud", "text", "text", pa.string(), generated=True),
    ),
    uniques=(Unique("users_pkey", ("id",), primary=True),),
)
SCHEMA = Schema((TABLE,), engine="postgresql")
ARROW = pa.schema([("id", pa.int32()), ("name", pa.string()), ("Name", pa.string()), ("_via", pa.int16())])


def batch(*rows: tuple[int, str | None, str | None, int]) -> pa.RecordBatch:
    columns = list(zip(*rows, strict=True)) or [[], [], [], []]
    return pa.RecordBatch.from_arrays(
        [pa.array(values, field.type) for values, field in zip(columns, ARROW, strict=True)], schema=ARROW
    )


ROWS = batch((1, "ann", "A", -1), (2, None, "B", 0), (3, "", "C", 0), (4, "dan", None, 1), (5, "dan", "E", 1))


def stage(path: Path, *batches: pa.RecordBatch, mode: str = "create") -> Folder:
    with Folder.create(path, SCHEMA, mode=mode) as made:
        with made.writer(TABLE, ARROW) as writer:
            for one in batches:
                writer.write(one)
        made.publish({"key_id": "k1"})
    return Folder(path)


def ids(folder: Folder, **scan: object) -> list[int]:
    return folder.read(Scan(USERS, ("id",), **scan)).read_all()["id"].to_pylist()


def test_what_was_written_is_read_back_with_its_schema_and_extras(tmp_path: Path) -> None:
    folder = stage(tmp_path / "out", ROWS.slice(0, 2), ROWS.slice(2))
    assert folder.schema() == SCHEMA
    assert folder.extras == {"key_id": "k1"}
    assert folder.rows(USERS) == 5
    read = folder.read(Scan(USERS)).read_all()
    assert read.column_names == ["id", "name", "Name"], "stored columns only: neither generated nor provenance"
    assert read.equals(pa.Table.from_batches([ROWS.select(["id", "name", "Name"])]))
    assert folder.read(Scan(USERS, ("_via", "id"))).read_all()["_via"].to_pylist() == [-1, 0, 0, 1, 1]
    folder.verify()


def test_scan_by_condition_order_and_limit(tmp_path: Path) -> None:
    folder = stage(tmp_path / "out", ROWS)
    assert ids(folder, where="name = 'dan' OR id < 2 -- a comment") == [1, 4, 5]
    assert ids(folder, order_by='"name" DESC NULLS LAST, id', limit=3) == [4, 5, 1]
    assert ids(folder, order_by="id DESC -- a comment", limit=2) == [5, 4]
    assert ids(folder, limit=2) == [1, 2]
    assert ids(folder, limit=0) == []


def test_keys_keep_exactly_their_rows_and_never_repeat_them(tmp_path: Path) -> None:
    folder = stage(tmp_path / "out", ROWS)
    keys = pa.table({"name": pa.array(["dan", "dan", "", None])})
    assert ids(folder, keys=keys) == [3, 4, 5]
    two = pa.table({"name": ["dan", "dan"], "id": pa.array([4, 1], pa.int32())})
    assert ids(folder, keys=two) == [4]
    computed = Scan(USERS, ("id",), computed=(("twice", "id * 2"), ("ID", "-id")), keys=pa.table({"twice": [4, 6]}))
    assert folder.read(computed).read_all().to_pydict() == {"id": [2, 3], "twice": [4, 6], "ID": [-2, -3]}


def test_top_keeps_the_first_rows_of_each_group_and_ties_keep_their_order(tmp_path: Path) -> None:
    folder = stage(tmp_path / "out", ROWS)
    assert sorted(ids(folder, top=(1, ("name",)), order_by="id DESC")) == [1, 2, 3, 5]
    assert sorted(ids(folder, top=(1, ("name",)), order_by="length(name)")) == [1, 2, 3, 4]


def test_columns_that_differ_in_case_alone_stay_apart(tmp_path: Path) -> None:
    read = stage(tmp_path / "out", ROWS).read(Scan(USERS, ("Name", "name"), where="id = 1")).read_all()
    assert read.to_pydict() == {"Name": ["A"], "name": ["ann"]}


def test_every_arrow_type_survives_a_scan_with_sql(tmp_path: Path) -> None:
    far, day = 2**63 - 1, 2**31 - 1
    values = {
        "uuid": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([uuid.UUID(int=7).bytes, None], pa.binary(16))),
        "utc": pa.array([far, -far], pa.int64()).cast(pa.timestamp("us", "UTC")),
        "local": pa.array([far, -far], pa.int64()).cast(pa.timestamp("us")),
        "day": pa.array([day, -day], pa.int32()).cast(pa.date32()),
        "time": pa.array([86_400_000_000, 0], pa.int64()).cast(pa.time64("us")),
        "money": pa.array(["99999999999999999999999999999999.999999", None]).cast(pa.decimal128(38, 6)),
        "bytes": pa.array([b"\x00\xff", b""]),
        "flag": pa.array([True, None]),
        "small": pa.array([-32768, None], pa.int16()),
        "real": pa.array([float("nan"), -0.0], pa.float32()),
    }
    name = TableName("", "all")
    table = Table(name, tuple(Column(key, "", "other", array.type) for key, array in values.items()))
    with Folder.create(tmp_path / "out", Schema((table,))) as made:
        rows = pa.RecordBatch.from_pydict(values)
        with made.writer(table, rows.schema) as writer:
            writer.write(rows)
        made.publish({})
    for scan in (Scan(name), Scan(name, where="true")):
        read = Folder(tmp_path / "out").read(scan).read_all().combine_chunks().to_batches()[0]
        assert read.schema.equals(rows.schema)
        assert str(read.drop_columns("real")) == str(rows.drop_columns("real")) and read.num_rows == 2
        assert all(read[key].equals(rows[key]) for key in values if key != "real")
        assert str(read["real"].to_pylist()) == "[nan, -0.0]"


def test_unknown_names_and_bad_conditions_are_explained(tmp_path: Path) -> None:
    folder = stage(tmp_path / "out", ROWS)
    with pytest.raises(InputError, match=r"users\.nam' does not exist"):
        folder.read(Scan(USERS, ("nam",)))
    with pytest.raises(InputError, match="user"):
        folder.read(Scan(TableName("public", "user")))
    with pytest.raises(InputError, match='"nmae" not found'):
        folder.validate(Scan(USERS, where="nmae = 'ann'"))
    folder.validate(Scan(USERS, where="name = 'ann'", limit=3))


def test_an_error_while_reading_shows_no_value(tmp_path: Path) -> None:
    folder = stage(tmp_path / "out", ROWS)
    with pytest.raises(Error) as caught:
        folder.read(Scan(USERS, where="name::int > 0")).read_all()
    assert "dan" not in caught.value.message and "ann" not in caught.value.message


def test_table_nobody_wrote_is_empty_with_its_columns(tmp_path: Path) -> None:
    with Folder.create(tmp_path / "out", SCHEMA) as made:
        made.publish({})
    read = Folder(tmp_path / "out").read(Scan(USERS)).read_all()
    assert read.num_rows == 0 and read.schema.names == ["id", "name", "Name"]


def test_table_that_is_written_a_second_time_has_no_row_of_the_first(tmp_path: Path) -> None:
    with Folder.create(tmp_path / "out", SCHEMA) as made:
        for rows in (ROWS, ROWS.slice(3)):
            with made.writer(TABLE, ARROW) as writer:
                writer.write(rows)
        made.publish({})
    assert ids(Folder(tmp_path / "out")) == [4, 5]
    Folder(tmp_path / "out").verify()


def test_rewrite_drops_rows_and_empties_columns_by_ordinal(tmp_path: Path) -> None:
    with Folder.create(tmp_path / "out", SCHEMA) as made:
        with made.writer(TABLE, ARROW) as writer:
            writer.write(ROWS)
        made.rewrite(USERS, drop=pa.array([4, 0], pa.int64()), null={"Name": pa.array([2])})
        assert ids(made) == [2, 3, 4], "readable before it is published"
        made.publish({})
    read = Folder(tmp_path / "out").read(Scan(USERS)).read_all()
    assert read["Name"].to_pylist() == ["B", None, None] and read["id"].to_pylist() == [2, 3, 4]
    Folder(tmp_path / "out").verify()
    assert len(list(tmp_path.glob("out/rows-*/*"))) == 1


def test_rewrite_counts_ordinals_across_batches(tmp_path: Path) -> None:
    many = pa.RecordBatch.from_pydict({"id": pa.array(range(150_000), pa.int32())})
    table = Table(USERS, TABLE.columns[:1])
    with Folder.create(tmp_path / "out", Schema((table,))) as made:
        with made.writer(table, many.schema) as writer:
            writer.write(many)
        made.rewrite(USERS, drop=pa.array([0, 65_535, 65_536, 149_999]))
        made.publish({})
    left = set(range(150_000)) - set(ids(Folder(tmp_path / "out")))
    assert left == {0, 65_535, 65_536, 149_999}


def test_unpublished_folder_vanishes_and_leaves_the_place_as_it_was(tmp_path: Path) -> None:
    stage(tmp_path / "out", ROWS)
    before = Folder(tmp_path / "out").position
    with Folder.create(tmp_path / "out", SCHEMA, mode="replace") as made, made.writer(TABLE, ARROW) as writer:
        writer.write(ROWS)
    assert os.listdir(tmp_path) == ["out"]
    assert Folder(tmp_path / "out").position == before
    Folder(tmp_path / "out").verify()


def test_error_inside_a_writer_leaves_no_file_behind(tmp_path: Path) -> None:
    with Folder.create(tmp_path / "out", SCHEMA) as made:
        with pytest.raises(Error, match="columns other than"), made.writer(TABLE, ARROW) as writer:
            writer.write(ROWS.select(["id"]))
        assert made.rows(USERS) == 0
    assert os.listdir(tmp_path) == []


def test_create_refuses_what_is_there_and_replace_swaps_only_our_own(tmp_path: Path) -> None:
    stage(tmp_path / "out", ROWS)
    with pytest.raises(InputError, match="not empty"):
        Folder.create(tmp_path / "out", SCHEMA)
    with pytest.raises(InputError, match="cannot be added"):
        Folder.create(tmp_path / "out", SCHEMA, mode="append")
    replaced = stage(tmp_path / "out", ROWS.slice(1, 2), mode="replace")
    assert ids(replaced) == [2, 3]
    assert len(list(tmp_path.glob("out/rows-*"))) == 1
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.csv").write_text("a\n1\n")
    with pytest.raises(InputError, match="not written here"):
        Folder.create(tmp_path / "mine", SCHEMA, mode="replace")


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert ids(stage(tmp_path / "out", ROWS)) == [1, 2, 3, 4, 5]


KILLED = """
import sys, os, signal
sys.path.insert(0, {tests!r})
from test_folder import *
made = Folder.create(Path({path!r}), SCHEMA)
with made.writer(TABLE, ARROW) as writer:
    writer.write(ROWS)
    print("writing", flush=True)
    {then}
"""


def child(path: Path, then: str) -> subprocess.Popen[str]:
    script = KILLED.format(tests=str(Path(__file__).parent), path=str(path), then=then)
    return subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_leftovers_of_a_killed_writer_are_cleared_but_a_living_one_is_left_alone(tmp_path: Path) -> None:
    with child(tmp_path / "out", "signal.pause()") as writing:
        assert writing.stdout is not None and writing.stdout.readline() == "writing\n"
        with pytest.raises(InputError, match="another process is writing"):
            Folder.create(tmp_path / "out", SCHEMA)
        writing.send_signal(signal.SIGKILL)
    assert os.listdir(tmp_path) == ["out.partial"]
    assert ids(stage(tmp_path / "out", ROWS)) == [1, 2, 3, 4, 5]
    assert os.listdir(tmp_path) == ["out"]


def test_a_folder_in_the_way_that_is_not_ours_is_never_cleared(tmp_path: Path) -> None:
    (tmp_path / "out.partial").mkdir()
    (tmp_path / "out.partial" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="in the way"):
        Folder.create(tmp_path / "out", SCHEMA)
    assert (tmp_path / "out.partial" / "thesis.txt").exists()


def test_full_disk_tells_how_much_is_needed_and_free_and_leaves_nothing(tmp_path: Path) -> None:
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    noise = pa.array([os.urandom(1000).hex() for _ in range(20_000)])
    wide = pa.RecordBatch.from_pydict({"id": pa.array(range(20_000), pa.int32()), "name": noise, "Name": noise})
    table = Table(USERS, TABLE.columns[:3])
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limit[1]))  # a file of 1 MiB and no more
    try:
        with (
            pytest.raises(
                Error, match=r"no room to write .*7\d\.\d MiB more were needed at once, [\d,.]+ MiB are free"
            ),
            Folder.create(tmp_path / "out", SCHEMA) as made,
            made.writer(table, wide.schema) as writer,
        ):
            writer.write(wide)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert os.listdir(tmp_path) == []


def test_more_tables_than_open_files_are_allowed(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    tables = tuple(Table(TableName("", f"t{number}"), TABLE.columns[:1]) for number in range(200))
    one = pa.RecordBatch.from_pydict({"id": pa.array([1], pa.int32())})
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/dev/fd")) + 50, limits[1]))
    try:
        with Folder.create(tmp_path / "out", Schema(tables)) as made:
            with ExitStack() as writers:
                for table in tables:
                    writers.enter_context(made.writer(table, one.schema)).write(one)
            made.publish({})
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert sum(Folder(tmp_path / "out").rows(table.name) for table in tables) == 200


def test_verify_names_the_file_that_was_changed(tmp_path: Path) -> None:
    folder = stage(tmp_path / "out", ROWS)
    file = next(tmp_path.glob("out/rows-*/0001-public.users.parquet"))
    data = bytearray(file.read_bytes())
    data[10] ^= 1
    file.write_bytes(data)
    with pytest.raises(Error, match=r"changed since .*0001-public\.users\.parquet"):
        folder.verify()


def test_load_copies_a_dataset_with_its_definitions(tmp_path: Path) -> None:
    made, told = stage(tmp_path / "stage", ROWS), []
    ddl = Ddl("postgresql", "CREATE TABLE users ();", "")
    rows = Folder(tmp_path / "out").load(made, mode="create", ddl=ddl, progress=lambda *step: told.append(step))
    assert rows == {USERS: 5}
    assert Folder(tmp_path / "out").ddl() == ddl
    assert told == [("load", "users", 5, None)]
    with pytest.raises(InputError, match="no table definitions"):
        made.ddl()


def test_manifest_names_files_rows_and_hashes(tmp_path: Path) -> None:
    stage(tmp_path / "out", ROWS)
    shown = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert shown["format"] == 1 and shown["tables"][0]["rows"] == 5
    (tmp_path / "out" / "manifest.json").write_text(json.dumps(shown | {"format": 99}))
    with pytest.raises(InputError, match="format 99"):
        Folder(tmp_path / "out").schema()


def test_bare_files_are_tables_and_csv_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "towns.csv").write_text('id,postcode,note\n1,01234,""\n2,,"a ""b"", c"\n')
    (tmp_path / "events.jsonl").write_text('{"id": 1, "at": {"b": 1, "a": [2]}, "ok": true}\n{"id": 2}\n')
    folder = Folder(tmp_path)
    towns, events = TableName("", "towns"), TableName("", "events")
    assert {table.name for table in folder.schema().tables} == {towns, events}
    assert folder.read(Scan(towns)).read_all().to_pydict() == {
        "id": ["1", "2"],
        "postcode": ["01234", None],
        "note": ["", 'a "b", c'],
    }
    assert folder.read(Scan(events, where="id < 3")).read_all().to_pydict() == {
        "id": [1, 2],
        "at": ['{"b":1,"a":[2]}', None],
        "ok": [True, None],
    }
    assert Folder(tmp_path / "towns.csv").read(Scan(towns, ("id",))).read_all().num_rows == 2


def test_missing_folder_and_folder_without_data_are_explained(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file or folder"):
        Folder(tmp_path / "nowhere").schema()
    with pytest.raises(InputError, match="holds no"):
        Folder(tmp_path).schema()


words = st.text(min_size=1, max_size=8)
names = st.builds(TableName, words, words)
arrow_types = st.sampled_from(
    [pa.int16(), pa.string(), pa.uuid(), pa.date32(), pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.time64("us")]
) | st.builds(pa.decimal128, st.integers(1, 38), st.integers(-3, 38))
lists = st.lists(words, max_size=3).map(tuple)
columns = st.builds(
    Column,
    name=words,
    native_type=words,
    kind=st.sampled_from(["integer", "other"]),
    arrow_type=arrow_types,
    nullable=st.booleans(),
    max_length=st.none() | st.integers(),
    labels=lists,
    default=words,
    generated=st.booleans(),
    identity=st.sampled_from(["", "always"]),
    as_text=st.booleans(),
    key_sql=st.text(),
)
uniques = st.builds(Unique, name=words, columns=lists, primary=st.booleans(), predicate=st.text())
checks = st.builds(CheckConstraint, name=words, columns=lists, sql=st.text(), exclusion=st.booleans())
tables = st.builds(
    Table,
    name=names,
    columns=st.lists(columns, max_size=3).map(tuple),
    uniques=st.lists(uniques, max_size=2).map(tuple),
    checks=st.lists(checks, max_size=2).map(tuple),
    indexes=st.lists(lists, max_size=2).map(tuple),
    rows=st.integers(),
    partitions=st.lists(names, max_size=2).map(tuple),
    readable=st.booleans(),
)
keys = st.builds(
    ForeignKey,
    name=words,
    table=names,
    columns=lists,
    parent=names,
    parent_columns=lists,
    match=st.sampled_from(["simple", "full"]),
    deferrable=st.booleans(),
    expressions=lists,
)
owners = st.none() | st.tuples(names, words)
sequences = st.builds(Sequence, names, owned_by=owners, start=st.integers(), last_value=st.none() | st.integers())
schemas = st.builds(
    Schema,
    tables=st.lists(tables, max_size=2).map(tuple),
    foreign_keys=st.lists(keys, max_size=2).map(tuple),
    sequences=st.lists(sequences, max_size=2).map(tuple),
    notes=lists,
    engine=words,
    extras=st.dictionaries(words, words, max_size=2),
)


@settings(max_examples=150, deadline=None)
@given(schemas)
def test_schema_survives_the_manifest(schema: Schema) -> None:
    assert manifest.from_json(json.loads(json.dumps(manifest.to_json(schema)))) == schema


def test_a_type_that_does_not_travel_and_an_unknown_field_are_refused() -> None:
    with pytest.raises(Error, match="list<item: string>"):
        manifest.type_name(pa.list_(pa.string()))
    with pytest.raises(Error, match="colour"):
        manifest.from_json({"tables": [], "colour": "red"})

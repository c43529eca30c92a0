"""Differences row by row, against dictionaries and counters of rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.bookings import BOOKINGS, COLUMNS, bookings, made, rows
from understudy.errors import InputError
from understudy.lake import Lake, tables
from understudy.lake.rows import rows as row_diff
from understudy.schema import Column, Table, TableName, Unique


def lines(lake, a="main", b="dev", **how):
    with row_diff(lake, a, b, BOOKINGS, **how) as found:
        return [tuple(row.values()) for batch in found.batches() for row in batch.to_pylist()]


def test_rows_are_told_by_key_with_what_changed_in_them(sqlite_lake):
    lake = made(sqlite_lake, 1, 2, 3)
    tables.upsert(lake, "dev", BOOKINGS, rows(2, guest="bo", price=11))
    tables.delete(lake, "dev", BOOKINGS, "id = 1")
    tables.append(lake, "dev", BOOKINGS, rows(4))
    assert lines(lake) == [
        ("removed", [], 1, "ana", 10),
        ("before", ["guest", "price"], 2, "ana", 10),
        ("after", ["guest", "price"], 2, "bo", 11),
        ("added", [], 4, "ana", 10),
    ]
    with row_diff(lake, "main", "dev", BOOKINGS) as found:
        assert str(found) == "bookings: 1 added, 1 removed, 1 changed (guest 1, price 1)"
        assert found.json()["by_column"] == {"guest": 1, "price": 1}
        assert [batch.num_rows for batch in found.batches(limit=2)] == [2]
        assert found.reader().read_all().num_rows == 4


def test_without_a_key_rows_are_counted_as_often_as_they_are_there(sqlite_lake):
    lake = made(sqlite_lake, 1, 1, 2, 3, key=False)
    tables.overwrite(lake, "dev", BOOKINGS, rows(1, 2, 2, 2, 3))
    assert sorted(lines(lake)) == [("added", [], 2, "ana", 10)] * 2 + [("removed", [], 1, "ana", 10)]
    with row_diff(lake, "main", "dev", BOOKINGS, stat=True) as found:
        assert str(found) == "bookings: 2 added, 1 removed"


def test_only_files_that_differ_are_read(sqlite_lake):
    lake = made(sqlite_lake, 1, 2)
    for number in range(5):
        tables.append(lake, "main", BOOKINGS, rows(*range(100 * number + 10, 100 * number + 20)))
    lake.reset("dev", "main")
    tables.upsert(lake, "dev", BOOKINGS, rows(110, guest="bo"))
    tables.append(lake, "dev", BOOKINGS, rows(1000, 1001))
    with row_diff(lake, "main", "dev", BOOKINGS) as found:
        assert (found.files_shared, found.counts.added, found.counts.changed) == (5, 2, 1)
    with row_diff(lake, "main", "dev", BOOKINGS, stat=True) as told:
        assert told.counts == found.counts and told.files_read < found.files_read


def test_a_key_of_ones_own_must_tell_rows_apart(sqlite_lake):
    lake = made(sqlite_lake, 1, 2, key=False)
    tables.overwrite(lake, "dev", BOOKINGS, rows(1, 2, price=12))
    assert [line[0] for line in lines(lake, keys=["id"])] == ["before", "after"] * 2
    with pytest.raises(InputError, match="'guest' does not tell rows apart"):
        row_diff(lake, "main", "dev", BOOKINGS, keys=["guest"])
    with pytest.raises(InputError, match="column 'gast' does not exist"):
        row_diff(lake, "main", "dev", BOOKINGS, keys=["gast"])
    with pytest.raises(InputError, match="table 'booking' does not exist"):
        row_diff(lake, "main", "dev", TableName("", "booking"))


def test_a_table_that_one_side_has_alone_is_all_added_or_removed(sqlite_lake):
    lake = made(sqlite_lake, 1, 2)
    tables.drop(lake, "dev", BOOKINGS)
    assert [line[0] for line in lines(lake)] == ["removed"] * 2
    assert [line[0] for line in lines(lake, "dev", "main")] == ["added"] * 2


def test_a_renamed_table_is_compared_with_itself(sqlite_lake):
    lake = made(sqlite_lake, 1, 2)
    tables.rename(lake, "dev", BOOKINGS, TableName("", "stays"))
    tables.append(lake, "dev", TableName("", "stays"), rows(3))
    with row_diff(lake, "main", "dev", TableName("", "stays")) as found:
        assert found.counts.added == 1 and found.files_read == 1


def test_renamed_new_and_widened_columns_are_compared_by_what_they_are(sqlite_lake):
    lake = made(sqlite_lake, 1, 2)
    wide = replace(COLUMNS[2], native_type="bigint", arrow_type=pa.int64())
    columns = (*COLUMNS[:2], wide, Column("vip", "boolean", "boolean", pa.bool_()))
    tables.evolve(lake, "dev", bookings(columns=columns))
    batch = pa.RecordBatch.from_pylist(
        [{"id": 1, "guest": "ana", "price": 10, "vip": None}, {"id": 2, "guest": "ana", "price": 10, "vip": True}],
        pa.schema([("id", pa.int64()), ("guest", pa.string()), ("price", pa.int64()), ("vip", pa.bool_())]),
    )
    tables.overwrite(lake, "dev", BOOKINGS, [batch])
    assert lines(lake) == [("before", ["vip"], 2, "ana", 10, None), ("after", ["vip"], 2, "ana", 10, True)]


def test_every_type_that_a_lake_holds_is_compared_and_comes_back_equal(sqlite_lake):
    kinds = {
        "number": (pa.decimal128(38, 9), Decimal("7.000000001")),
        "day": (pa.date32(), 19_000),
        "moment": (pa.timestamp("us", tz="UTC"), 1_700_000_000_000_001),
        "local": (pa.timestamp("us"), -1),
        "time": (pa.time64("us"), 86_399_999_999),
        "bytes": (pa.binary(), b"\x00\xff"),
        "real": (pa.float64(), float("nan")),
        "flag": (pa.bool_(), True),
        "mark": (pa.uuid(), b"0123456789abcdef"),
    }
    columns = [Column("id", "bigint", "integer", pa.int64(), nullable=False)]
    columns += [Column(name, str(kind), "other", kind) for name, (kind, _) in kinds.items()]
    one = Table(BOOKINGS, tuple(columns), (Unique("pk", ("id",), primary=True),))
    schema = pa.schema([(column.name, column.arrow_type) for column in columns])

    def batch(number, *, null=False):
        values = [pa.array([number])]
        for kind, value in kinds.values():
            plain = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
            array = pa.array([None if null else value], plain)
            values.append(pa.ExtensionArray.from_storage(kind, array) if plain != kind else array)
        return pa.RecordBatch.from_arrays(values, schema=schema)

    tables.create(sqlite_lake, "main", one, batches=[batch(1), batch(2)])
    sqlite_lake.branch("dev")
    tables.overwrite(sqlite_lake, "dev", BOOKINGS, [batch(1), batch(2, null=True)])
    with row_diff(sqlite_lake, "main", "dev", BOOKINGS) as found:
        assert (found.counts.changed, found.counts.added) == (1, 0)
        assert set(found.counts.by_column.values()) == {1}
        before, after = found.reader().read_all().to_pylist()
    wanted = pa.Table.from_batches([batch(2)]).to_pylist()[0]
    assert {name: before[name] for name in kinds if name != "real"} == {n: wanted[n] for n in kinds if n != "real"}
    assert all(after[name] is None for name in kinds)


def test_a_comparison_ignores_what_dropped_columns_held(sqlite_lake):
    lake = made(sqlite_lake, 1, 2)
    tables.evolve(lake, "dev", bookings(columns=COLUMNS[:2]))
    tables.delete(lake, "dev", BOOKINGS, "id = 1")
    assert lines(lake) == [("removed", [], 1, "ana")]


SIDE = st.lists(st.tuples(st.integers(0, 6), st.sampled_from(["ana", "bo", None]), st.integers(0, 2)), max_size=8)


@settings(max_examples=15, deadline=None)
@given(SIDE, SIDE, st.booleans())
def test_differences_are_those_of_dictionaries_and_counters(tmp_path_factory, one, other, key):
    if key:
        one, other = (list({row[0]: row for row in side}.values()) for side in (one, other))
    lake = Lake.open(tmp_path_factory.mktemp("lake"), create=True)
    tables.create(lake, "main", bookings(key=key), batches=[_batch(one)])
    lake.branch("dev")
    tables.overwrite(lake, "dev", BOOKINGS, [_batch(other)])
    found = lines(lake)
    if key:
        was, now = ({row[0]: row for row in side} for side in (one, other))
        assert {line[2:] for line in found if line[0] == "added"} == {now[k] for k in now.keys() - was.keys()}
        assert {line[2:] for line in found if line[0] == "removed"} == {was[k] for k in was.keys() - now.keys()}
        changed = {k for k in was.keys() & now.keys() if was[k] != now[k]}
        assert {line[2:] for line in found if line[0] == "before"} == {was[k] for k in changed}
        assert {line[2:] for line in found if line[0] == "after"} == {now[k] for k in changed}
    else:
        assert Counter(line[2:] for line in found if line[0] == "added") == Counter(other) - Counter(one)
        assert Counter(line[2:] for line in found if line[0] == "removed") == Counter(one) - Counter(other)
    with row_diff(lake, "main", "dev", BOOKINGS, stat=True) as told:
        counts = Counter(line[0] for line in found)
        assert (told.counts.added, told.counts.removed, told.counts.changed) == (
            *(counts[name] for name in ("added", "removed")),
            counts["after"],
        )
    lake.close()


def _batch(side):
    columns = list(zip(*side, strict=True)) or [(), (), ()]
    kinds = (pa.int64(), pa.string(), pa.int32())
    arrays = [pa.array(values, kind) for values, kind in zip(columns, kinds, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=["id", "guest", "price"])

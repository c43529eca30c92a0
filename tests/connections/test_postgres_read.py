"""Reading scans from one snapshot: exactly the rows asked for, errors that help, readers that come back."""

from __future__ import annotations

import datetime
import gc
import socket
import threading
import traceback
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import query, run_sql
from understudy.connections.postgres.read import Postgres, PostgresSnapshot
from understudy.errors import Error, InputError
from understudy.interfaces import BATCH_ROWS, Scan
from understudy.schema import TableName

NASTY = ["", "NULL", '"', "\\", "{}", "{a,b}", "'", "$1", "%s", "a,b", " x ", "\n", "é😀", "Bob", "bob", "x" * 300]
UUIDS = [uuid.UUID(int=n) for n in (0, 1, 2**127)]
DAY = datetime.date

POOLS: dict[str, tuple[str, list[Any], pa.DataType]] = {
    "n": ("int", [-1, 0, 1, 2**31 - 1, 7], pa.int32()),
    "t": ("text", NASTY, pa.string()),
    "v": ("varchar(3)", ["a", "ab", "abc", "abcd"], pa.string()),
    "c": ("char(4)", ["a", "ab", "abcd"], pa.string()),
    "e": ("mood", ["sad", "ok", 'so "so"'], pa.string()),
    "u": ("uuid", UUIDS, pa.uuid()),
    "d": ("date", [DAY(1, 1, 1), DAY(1969, 12, 31), DAY(2024, 2, 29), DAY(9999, 12, 31)], pa.date32()),
    "b": ("bytea", [b"", b"\0", b"\\x", b"abc"], pa.binary()),
    "q": ("numeric(8,3)", [Decimal("1.500"), Decimal("0.000"), Decimal("-99999.999")], pa.decimal128(8, 3)),
    "f": ("float8", [0.1, 1e300, float("inf"), -1.5], pa.float64()),
    "l": ("boolean", [True, False], pa.bool_()),
    "i": ("inet", ["10.0.0.1", "::1", "10.0.0.0/8"], pa.string()),
    "a": ("text[]", ["{}", '{"a,b",NULL}', "{{1},{2}}"], pa.string()),
    "j": ("json", ['{"a": 1}', '{"a":1}'], pa.string()),
}
"""For every column: its type, values that are in the table (and one or two that are not), and its lane."""


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    """Rows in which every value of every pool occurs, the last of a pool nowhere, and NULLs."""
    made = []
    for number in range(24):
        row: dict[str, Any] = {"id": number}
        for place, (name, (_, pool, _)) in enumerate(POOLS.items()):
            choice = (number * (place + 1)) % len(pool)
            row[name] = pool[choice] if choice < len(pool) - 1 or name == "l" else None
        made.append(row)
    return made


@pytest.fixture(scope="module")
def everything(module_database: Callable[..., str], rows: list[dict[str, Any]]) -> Iterator[PostgresSnapshot]:
    columns = ", ".join(f"{name} {native}" for name, (native, _, _) in POOLS.items())
    url = module_database(f"CREATE TYPE mood AS ENUM ('sad', 'ok', 'so \"so\"'); CREATE TABLE t (id int, {columns})")
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        marks = ", ".join(["%s", *(f"%s::text::{native}" for native, _, _ in POOLS.values())])
        cursor.executemany(
            f"INSERT INTO t VALUES ({marks})", [[shown(value) for value in row.values()] for row in rows]
        )
    with Postgres(url).snapshot() as snapshot:
        yield snapshot


def shown(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return "\\x" + value.hex() if isinstance(value, bytes) else str(value)


T = TableName("public", "t")


def ids(snapshot: PostgresSnapshot, **scan: Any) -> list[int]:
    return sorted(snapshot.read(Scan(T, columns=("id",), **scan)).read_all().column("id").to_pylist())


def keys_of(items: dict[str, list[Any]]) -> pa.Table:
    arrays = {}
    for name, values in items.items():
        arrow_type = POOLS[name][2]
        if arrow_type == pa.uuid():
            stored = pa.array([v and v.bytes for v in values], pa.binary(16))
            arrays[name] = pa.ExtensionArray.from_storage(arrow_type, stored)
        else:
            arrays[name] = pa.array(values, arrow_type)
    return pa.table(arrays)


@pytest.mark.parametrize("name", list(POOLS))
def test_keys_of_one_column_bring_exactly_their_rows(
    everything: PostgresSnapshot, rows: list[dict[str, Any]], name: str
) -> None:
    @settings(max_examples=15, deadline=None)
    @given(st.lists(st.none() | st.sampled_from(POOLS[name][1]), max_size=6))
    def law(values: list[Any]) -> None:
        present = [value for value in values if value is not None]
        expected = [row["id"] for row in rows if row[name] is not None and row[name] in present]
        assert ids(everything, keys=keys_of({name: values})) == expected

    law()


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_keys_of_several_columns_bring_exactly_their_rows(
    everything: PostgresSnapshot, rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(POOLS)), min_size=2, max_size=4, unique=True))
    one = st.one_of([st.tuples(*(st.none() | st.sampled_from(POOLS[name][1]) for name in names))])
    tuples = data.draw(
        st.lists(one | st.sampled_from([tuple(row[name] for name in names) for row in rows]), max_size=8)
    )
    expected = [
        row["id"]
        for row in rows
        if None not in (key := tuple(row[name] for name in names)) and key in [t for t in tuples if None not in t]
    ]
    keys = keys_of({name: [each[place] for each in tuples] for place, name in enumerate(names)})
    assert ids(everything, keys=keys) == expected


@settings(max_examples=15, deadline=None)
@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=8), st.data())
def test_keys_may_be_any_text(postgres_texts: tuple[str, Postgres], texts: list[str], data: st.DataObject) -> None:
    url, postgres = postgres_texts
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("TRUNCATE t")
        cursor.executemany("INSERT INTO t VALUES (%s, %s)", list(enumerate(texts)))
    wanted = data.draw(st.lists(st.sampled_from([*texts, "absent", "NULL"]), max_size=5))
    read = postgres.read(Scan(T, columns=("id",), keys=pa.table({"v": pa.array(wanted, pa.string())})))
    assert sorted(read.read_all().column("id").to_pylist()) == [n for n, text in enumerate(texts) if text in wanted]


@pytest.fixture(scope="module")
def postgres_texts(module_database: Callable[..., str]) -> tuple[str, Postgres]:
    url = module_database("CREATE TABLE t (id int, v text)")
    return url, Postgres(url)


def test_keys_may_name_computed_values(everything: PostgresSnapshot, rows: list[dict[str, Any]]) -> None:
    computed = (("lower", "CAST((lower(t)) AS text) -- either Bob"), ("less", "n - 1"))
    expected = [row["id"] for row in rows if (row["t"] or "").lower() == "bob"]
    assert ids(everything, computed=computed, keys=pa.table({"lower": ["bob"]})) == expected
    keys = pa.table({"lower": ["bob", "bob"], "less": pa.array([-1, -2], pa.int32())})
    both = [row["id"] for row in rows if row["id"] in expected and row["n"] in (0, -1)]
    assert ids(everything, computed=computed, keys=keys) == both


def test_keys_longer_than_the_column_find_nothing(everything: PostgresSnapshot) -> None:
    assert ids(everything, keys=pa.table({"v": ["abcXYZ"]})) == []


def test_keys_of_a_case_blind_column_are_compared_as_spelled_or_by_its_key_sql(database: Callable[..., str]) -> None:
    url = database(
        "CREATE EXTENSION citext; CREATE TABLE t (id int, v citext); INSERT INTO t VALUES (1, 'Bob'), (2, 'bob')"
    )
    with Postgres(url).snapshot() as snapshot:
        key_sql = snapshot.schema().find("t").column("v").key_sql
        assert ids(snapshot, keys=pa.table({"v": ["bob"]})) == [2]
        assert ids(snapshot, computed=(("k", key_sql),), keys=pa.table({"k": ["bob"]})) == [1, 2]


def test_where_order_and_limit_are_the_users_own_sql(everything: PostgresSnapshot, rows: list[dict[str, Any]]) -> None:
    assert ids(everything, where="id >= 20 -- the last ones") == [20, 21, 22, 23]
    assert ids(everything, where="t.id % 2 = 0 OR id = 1", keys=keys_of({"l": [True]})) == [
        row["id"] for row in rows if row["l"] and (row["id"] % 2 == 0 or row["id"] == 1)
    ]
    read = everything.read(Scan(T, columns=("id",), order_by="id DESC", limit=3)).read_all()
    assert read.column("id").to_pylist() == [23, 22, 21]


def test_order_by_a_column_that_is_read_as_text_sorts_by_its_own_type(database: Callable[..., str]) -> None:
    url = database("CREATE TABLE t (v numeric); INSERT INTO t VALUES (10), (9), (100)")
    assert Postgres(url).read(Scan(T, order_by="v")).read_all().column("v").to_pylist() == ["9", "10", "100"]


def test_top_keeps_the_first_rows_of_each_group(everything: PostgresSnapshot, rows: list[dict[str, Any]]) -> None:
    expected = []
    for group in {row["l"] for row in rows}:
        members = [row["id"] for row in rows if row["l"] == group and row["id"] > 3]
        expected += sorted(members, reverse=True)[:2]
    assert ids(everything, where="id > 3", order_by="id DESC", top=(2, ("l",))) == sorted(expected)


def test_top_groups_by_computed_values_too_and_a_limit_takes_the_first_of_all(everything: PostgresSnapshot) -> None:
    computed = (("third", "id % 3"),)
    scan = Scan(T, columns=("id",), computed=computed, order_by="id DESC", top=(1, ("third",)))
    assert sorted(everything.read(scan).read_all().column("id").to_pylist()) == [21, 22, 23]
    scan = Scan(T, columns=("id",), computed=computed, order_by="id DESC", top=(1, ("third",)), limit=2)
    assert everything.read(scan).read_all().to_pylist() == [{"id": 23, "third": 2}, {"id": 22, "third": 1}]


def test_a_scan_of_nothing_but_a_table_reads_its_stored_columns(database: Callable[..., str]) -> None:
    url = database(
        'CREATE TABLE t (a int, "B b" text, c int GENERATED ALWAYS AS (a * 2) STORED); INSERT INTO t VALUES (2)'
    )
    postgres = Postgres(url)
    assert postgres.read(Scan(T)).read_all().to_pylist() == [{"a": 2, "B b": None}]
    assert postgres.read(Scan(T, columns=("c",))).read_all().to_pylist() == [{"c": 4}]
    assert postgres.read(Scan(T, computed=(("x", "a + 1"),))).read_all().to_pylist() == [{"x": 3}]


def test_an_empty_result_has_the_schema(everything: PostgresSnapshot) -> None:
    read = everything.read(Scan(T, where="false", computed=(("x", "1.5"), ("y", "now()"), ("z", "id::bigint"))))
    assert read.schema == pa.schema([("x", pa.string()), ("y", pa.timestamp("us", tz="UTC")), ("z", pa.int64())])
    assert read.read_all().num_rows == 0


def test_partitions_are_read_through_their_root(database: Callable[..., str]) -> None:
    url = database("""CREATE TABLE t (id int, at date) PARTITION BY RANGE (at);
        CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        CREATE TABLE t2 PARTITION OF t FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
        INSERT INTO t VALUES (1, '2024-05-05'), (2, '2025-05-05');""")
    with Postgres(url).snapshot() as snapshot:
        assert ids(snapshot) == [1, 2]
        row_sql = snapshot.schema().find("t").row_sql
        assert row_sql == "(tableoid, ctid)"
        names = snapshot.read(Scan(T, columns=("id",), computed=(("row", f"({row_sql})::text"),))).read_all()
        assert len(set(names.column("row").to_pylist())) == 2
        again = Scan(T, columns=("id",), computed=(("row", f"({row_sql})::text"),), keys=names.select(["row"]).slice(1))
        assert snapshot.read(again).read_all().column("id").to_pylist() == [2]


def test_large_tables_come_in_batches_of_bounded_size(database: Callable[..., str]) -> None:
    url = database("CREATE TABLE t AS SELECT g AS id FROM generate_series(1, 200000) g")
    sizes = [batch.num_rows for batch in Postgres(url).read(Scan(T))]
    assert sum(sizes) == 200_000 and max(sizes) <= BATCH_ROWS


def test_all_readers_see_one_moment_whatever_is_written_meanwhile(database: Callable[..., str]) -> None:
    url = database("""CREATE TABLE t (id int PRIMARY KEY, cents bigint);
        INSERT INTO t SELECT g, 100 FROM generate_series(1, 20000) g; CREATE TABLE u AS TABLE t""")
    stop = threading.Event()
    passed = threading.Barrier(2)

    def write() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            passed.wait(10)
            while not stop.is_set():
                connection.execute("UPDATE t SET cents = cents + 1 WHERE id % 7 = 0")
                connection.execute("DELETE FROM u WHERE id IN (SELECT id FROM u LIMIT 100)")
                connection.execute("INSERT INTO t SELECT max(id) + 1, 1 FROM t")
                connection.execute("VACUUM t")

    with Postgres(url).snapshot(readers=3) as snapshot, ThreadPoolExecutor(4) as pool:
        writing = pool.submit(write)
        passed.wait(10)

        def read(name: str) -> tuple[int, int]:
            table = snapshot.read(Scan(TableName("public", name))).read_all()
            return table.num_rows, sum(table.column("cents").to_pylist())

        try:
            seen = [list(pool.map(read, ["t", "u", "t"])) for _ in range(4)]
        finally:
            stop.set()
        writing.result()
    assert seen == [[(20_000, 2_000_000)] * 3] * 4
    assert query(url, "SELECT count(*) < 20000 FROM u") == [(True,)]


def test_a_row_keeps_its_ctid_within_a_snapshot(database: Callable[..., str]) -> None:
    url = database("CREATE TABLE t (id int, v text); INSERT INTO t SELECT g, 'same' FROM generate_series(1, 500) g")
    computed = (("row", "ctid::text"),)
    with Postgres(url).snapshot(readers=1) as snapshot:
        first = snapshot.read(Scan(T, columns=("id",), computed=computed)).read_all()
        run_sql(url, "UPDATE t SET v = 'changed'; DELETE FROM t WHERE id % 2 = 0")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM t")
        again = Scan(T, columns=("id",), computed=computed, keys=first.select(["row"]))
        assert snapshot.read(again).read_all().sort_by("id") == first.sort_by("id")


def test_changes_of_the_definition_wait_until_the_snapshot_ends(database: Callable[..., str]) -> None:
    url = database("CREATE TABLE t (id int)")
    with Postgres(url).snapshot() as snapshot:
        with (
            pytest.raises(psycopg.errors.LockNotAvailable),
            psycopg.connect(url, autocommit=True, options="-c lock_timeout=50ms") as connection,
        ):
            connection.execute("ALTER TABLE t ADD COLUMN late int")
        assert [column.name for column in snapshot.schema().find("t").columns] == ["id"]
        assert snapshot.read(Scan(T)).read_all().num_rows == 0
    run_sql(url, "ALTER TABLE t ADD COLUMN late int")


def test_one_reader_is_enough_for_scans_one_after_the_other(everything: PostgresSnapshot) -> None:
    with Postgres(everything._url).snapshot(readers=1) as snapshot:
        for _ in range(3):
            assert len(ids(snapshot)) == 24


def test_a_stream_dropped_early_gives_its_reader_back(database: Callable[..., str]) -> None:
    url = database("CREATE TABLE t AS SELECT g AS id, repeat('x', 100) AS v FROM generate_series(1, 400000) g")
    with Postgres(url).snapshot(readers=1) as snapshot:
        stream = snapshot.read(Scan(T))
        assert stream.read_next_batch().num_rows
        del stream
        gc.collect()
        unread = snapshot.read(Scan(T))
        del unread
        gc.collect()
        assert len(snapshot.read(Scan(T, limit=5)).read_all()) == 5


def test_a_reader_works_again_after_an_error(database: Callable[..., str]) -> None:
    url = database("CREATE TABLE t AS SELECT g AS id FROM generate_series(0, 100000) g")
    with Postgres(url).snapshot(readers=1) as snapshot:
        with pytest.raises(Error, match="division by zero"):
            snapshot.read(Scan(T, where="1 / (50000 - id) < 5")).read_all()
        with pytest.raises(Error, match='t: column "nowhere" does not exist'):
            snapshot.read(Scan(T, where="nowhere > 1"))
        assert snapshot.read(Scan(T)).read_all().num_rows == 100_001


def test_a_closed_snapshot_reads_nothing(database: Callable[..., str]) -> None:
    with Postgres(database("CREATE TABLE t (id int)")).snapshot() as snapshot:
        pass
    with pytest.raises(Error, match="closed"):
        snapshot.read(Scan(T))


def test_the_position_is_where_the_write_ahead_log_stood(everything: PostgresSnapshot) -> None:
    high, _, low = everything.position.partition("/")
    assert int(high, 16) >= 0 and int(low, 16) > 0


# What goes wrong.


def test_an_error_about_data_does_not_quote_it(database: Callable[..., str]) -> None:
    url = database("CREATE TABLE t AS SELECT g AS id, 'secret' || g AS v FROM generate_series(1, 50000) g")
    with Postgres(url).snapshot() as snapshot:
        with pytest.raises(Error) as raised:
            snapshot.read(Scan(T, where="v::int = 1")).read_all()
        assert "secret1" not in "".join(traceback.format_exception(raised.value))
        with pytest.raises(Error) as raised:
            snapshot.read(Scan(T, keys=pa.table({"id": ["secret" + "7"]}))).read_all()
        assert "secret7" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("contry = 'DE'", "column \"contry\" does not exist\n  contry = 'DE'\n  ^"),
        ("id = 1\n  AND t = 5", "operator does not exist: text = integer\n    AND t = 5\n          ^"),
        ("id = 'one'", "invalid input syntax for type integer: \"one\"\n  id = 'one'\n       ^"),
        ("id =", "syntax error at end of input\n  id =\n"),
        ("t = 'open", "unterminated quoted string at or near \"'open"),
        ("true) OR (true", 'syntax error at or near ")"\n  true) OR (true\n      ^'),
        ("true); DROP TABLE t; --", 'syntax error at or near ")"'),
        ("true; COMMIT", "cannot insert multiple commands into a prepared statement"),
        ("true ORDER BY id", 'syntax error at or near "ORDER"\n  true ORDER BY id\n       ^'),
        ("true /* and more", "unterminated /* comment"),
        ("orders.id = 1", 'missing FROM-clause entry for table "orders"'),
    ],
)
def test_a_wrong_where_is_told_with_the_servers_words_and_the_place(
    everything: PostgresSnapshot, words: str, message: str
) -> None:
    with pytest.raises(InputError) as raised:
        everything.validate(Scan(T, where=words))
    assert raised.value.message.startswith(f"t: where: {message}")
    assert raised.value.hint
    everything.validate(Scan(T, where="id > 0 -- as if nothing had happened"))


def test_a_wrong_order_and_a_wrong_expression_are_told_too(everything: PostgresSnapshot) -> None:
    with pytest.raises(InputError, match='t: order_by: column "bron" does not exist'):
        everything.validate(Scan(T, order_by="bron DESC", limit=1))
    with pytest.raises(InputError, match="t: order_by: "):
        everything.validate(Scan(T, order_by="id LIMIT 5) FROM (SELECT 1", top=(1, ("l",))))
    with pytest.raises(InputError, match='t: half: column "nn" does not exist'):
        everything.validate(Scan(T, computed=(("half", "nn / 2"),)))
    with pytest.raises(InputError, match="t: half: "):
        everything.validate(Scan(T, computed=(("half", "n), (n"),)))


def test_a_name_of_another_schema_is_told_how_to_be_written(everything: PostgresSnapshot) -> None:
    with pytest.raises(InputError) as raised:
        everything.validate(Scan(T, where="id IN (SELECT id FROM t)"))
    assert "public.orders" in raised.value.hint
    everything.validate(Scan(T, where="id IN (SELECT id FROM public.t)"))


def test_an_unknown_table_or_column_has_a_close_match(everything: PostgresSnapshot) -> None:
    with pytest.raises(InputError, match="'tt'"):
        everything.read(Scan(TableName("public", "tt")))
    with pytest.raises(InputError) as raised:
        everything.read(Scan(T, columns=("idd",)))
    assert raised.value.hint == "did you mean 't.id'?"


def test_estimates_come_from_the_planner(database: Callable[..., str]) -> None:
    url = database("CREATE TABLE t AS SELECT g AS id FROM generate_series(1, 10000) g; ANALYZE t")
    with Postgres(url).snapshot() as snapshot:
        assert snapshot.estimate(Scan(T)) == (10_000, 40_000)
        rows, size = snapshot.estimate(Scan(T, where="id <= 1000"))
        assert 900 < rows < 1100 and size == rows * 4
        assert snapshot.estimate(Scan(T, limit=10))[0] == 10


def test_the_statement_is_shown_without_the_keys(everything: PostgresSnapshot) -> None:
    shown = everything.sql(Scan(T, columns=("id", "t"), where="id > 1", keys=pa.table({"t": ["secret", "other"]})))
    assert shown == (
        'SELECT "id", "t"\nFROM "public"."t"\nWHERE (\nid > 1\n)\nAND "t" = ANY (\'{2 keys}\'::"pg_catalog"."text"[])'
    )


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_a_server_that_is_not_there_is_told(database: Callable[..., str]) -> None:
    port = free_port()
    with pytest.raises(InputError, match="cannot connect to PostgreSQL") as raised:
        Postgres(f"postgresql://ann:hunter2@127.0.0.1:{port}/shop").schema()
    assert "hunter2" not in raised.value.message + raised.value.hint
    assert f"127.0.0.1:{port}" in raised.value.hint


def test_a_database_that_is_not_there_is_told(database: Callable[..., str]) -> None:
    url = database()
    with pytest.raises(InputError, match='database "nowhere" does not exist') as raised:
        Postgres(urlsplit(url)._replace(path="/nowhere").geturl()).schema()
    assert "psql -l" in raised.value.hint


@pytest.mark.parametrize(
    "url", ["postgresql://ann:hun#ter2@h:x/d", "host=h password='hunter2", "postgresql://h/d?hunter2"]
)
def test_a_url_that_is_none_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(InputError) as raised:
        Postgres(url).schema()
    assert "hun" not in raised.value.message + raised.value.hint


def test_a_table_dropped_meanwhile_is_told(database: Callable[..., str]) -> None:
    url = database("CREATE TABLE t (id int)")
    with psycopg.connect(url) as other:
        other.execute("DROP TABLE t")
        timer = threading.Timer(0.3, other.commit)
        timer.start()
        with Postgres(url).snapshot() as snapshot:
            assert snapshot.schema().tables == ()
        timer.join()

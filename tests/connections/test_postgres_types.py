"""Values of every type family on their way from the server to Arrow and back to the server's own text."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import query, run_sql
from understudy.connections.postgres import types
from understudy.connections.postgres.read import Postgres, PostgresSnapshot
from understudy.connections.postgres.server import Server
from understudy.connections.postgres.sql import quoted
from understudy.errors import Error, Inexact
from understudy.interfaces import Scan
from understudy.schema import TableName

PREPARE = """
CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION ltree;
CREATE TYPE mood AS ENUM ('sad', 'so "so"', 'NULL', '');
CREATE TYPE pair AS (a int, b text);
CREATE TYPE spread AS RANGE (subtype = float8);
CREATE DOMAIN short AS varchar(5) CHECK (length(VALUE) < 5);
CREATE DOMAIN many AS int[];
"""

NASTY = [
    "",
    "NULL",
    "null",
    '"',
    "\\",
    "{}",
    "{a,b}",
    "'",
    "$$",
    "%s",
    "a,b",
    " x ",
    "\t\r\n",
    "é😀\u200b",
    "\\N",
    "\\.",
]


def nasty() -> str:
    return ", ".join("E'" + text.replace("\\", "\\\\").replace("'", "''") + "'" for text in NASTY)


EXACT: dict[str, str] = {
    "int2": "-32768, 0, 32767",
    "int4": "-2147483648, 0, 2147483647",
    "int8": "-9223372036854775808, 0, 9223372036854775807",
    "float4": "'NaN', 'Infinity', '-Infinity', 0.1, '-0', 1e-40, 3.4e38",
    "float8": "'NaN', 'Infinity', '-Infinity', 0.1, '-0', 5e-324, 1.7976931348623157e308, 123456789.123",
    "bool": "true, false",
    "text": nasty(),
    "varchar(20)": nasty(),
    "name": "'a', ''",
    '"char"': "'a', ''",
    "citext": "'Bob', 'bob', ''",
    "mood": "'sad', 'so \"so\"', 'NULL', ''",
    "short": "'abcd', ''",
    "json": """'{"b": 1, "a": 1, "a": 2}', '[]', '"\\u00e9"', 'null'""",
    "jsonb": """'{"b": 1.10, "a": [1e400]}', '[]', 'null'""",
    "uuid": "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '00000000-0000-0000-0000-000000000000'",
    "bytea": "'\\x', '\\x00', '\\xdeadbeef5c22'",
    "date": "'infinity', '-infinity', '4713-01-01 BC', '0001-01-01', '1969-12-31', '2024-02-29', '5874897-12-31'",
    "timestamp": "'infinity', '-infinity', '4713-01-01 00:00:01 BC', '1969-12-31 23:59:59.999999', '294246-12-31'",
    "timestamp(0)": "'2024-02-29 12:00:00'",
    "timestamptz": "'infinity', '-infinity', '4713-01-02 BC', '2024-03-31 02:30+02', '9999-12-31 23:59:59.999999+00'",
    "time": "'00:00', '23:59:59.999999', '24:00'",
    "numeric(10,2)": "0, -1.50, 99999999.99",
    "numeric(38,38)": "0.00000000000000000000000000000000000001",
    "numeric(38,0)": "99999999999999999999999999999999999999",
}
"""Types with an exact Arrow form and their awkward values."""

AS_TEXT: dict[str, str] = {
    "numeric": "'NaN', 1.50, 1.5, 1e-50, 1e50",
    "numeric(50,2)": "1.5, 99999999999999999999999999999999999999999999.25",
    "int[]": "'{}', '{1,NULL}', '{{1,2},{3,4}}', '[0:1]={1,2}'",
    "text[]": """'{"NULL",NULL,"","\\"","\\\\","{}"," a,b"}'""",
    "mood[]": "'{sad,NULL}'",
    "many": "'{1,2}'",
    "int4range": "'empty', '[1,)', '(,)'",
    "numrange": "'[1.0,2.50]'",
    "int4multirange": "'{}', '{[1,3),[5,8)}'",
    "tstzrange": "'[-infinity,infinity]', '[2024-03-31 02:30+02,)'",
    "spread": "'[0.1,0.2)'",
    "pair": '\'(1,"a ""b""")\', \'(,)\'',
    "pair[]": "ARRAY[(1, 'x')::pair]",
    "interval": "'1 mon -30 days 00:00:01.5', '-1 year', '00:00'",
    "inet": "'10.0.0.1', '10.0.0.0/8', '::1'",
    "cidr": "'10.0.0.0/8'",
    "macaddr": "'08:00:2b:01:02:03'",
    "money": "'-1234.50', '0'",
    "timetz": "'23:59:59.999999-12:30', '24:00+00'",
    "bit(3)": "B'101'",
    "varbit": "B'', B'1'",
    "tsvector": "'''a b'':1A,2 c'",
    "tsquery": "'a & !b'",
    "hstore": '\'a=>NULL, "b "=>""\'',
    "ltree": "'a.b_c'",
    "point": "'(0.1,-0)'",
    "polygon": "'((0,0),(1,1),(1,0))'",
    "oid": "4294967295",
    "regclass": "'pg_class'",
    "pg_lsn": "'16/B374D848'",
    "xid8": "'18446744073709551615'",
    "jsonpath": "'$.a[*] ? (@ > 1)'",
}
"""Types that travel as the server's own text."""


@pytest.fixture(scope="module")
def url(module_database: Callable[..., str]) -> str:
    script = PREPARE
    for number, (native, values) in enumerate({**EXACT, **AS_TEXT}.items()):
        rows = f"SELECT unnest(ARRAY[{values}]::text[])::{native}" if native != "pair[]" else f"SELECT {values}"
        script += (
            f"CREATE TABLE t{number} (v {native}); INSERT INTO t{number} {rows}; INSERT INTO t{number} VALUES (NULL);"
        )
    return module_database(script)


def told(url: str, statement: str, *parameters: object) -> list[str | None]:
    options = "-c TimeZone=UTC -c IntervalStyle=postgres -c extra_float_digits=3 -c lc_monetary=C"
    with psycopg.connect(url, autocommit=True, options=options) as connection:
        return [row[0] for row in connection.execute(statement.encode(), parameters or None).fetchall()]


@pytest.fixture(scope="module")
def snapshot(url: str) -> Iterator[PostgresSnapshot]:
    with Postgres(url).snapshot() as snapshot:
        yield snapshot


@pytest.mark.parametrize("native", [*EXACT, *AS_TEXT])
def test_every_value_comes_back_as_the_same_text(url: str, snapshot: PostgresSnapshot, native: str) -> None:
    number = [*EXACT, *AS_TEXT].index(native)
    name = TableName("public", f"t{number}")
    column = snapshot.schema().table(name).columns[0]
    values = snapshot.read(Scan(name)).read_all().column("v").combine_chunks()
    expected = told(url, f"SELECT v::text FROM t{number} ORDER BY ctid")
    assert column.as_text == (native in AS_TEXT)
    assert values.type == column.arrow_type
    assert expected[-1] is None and values[-1].as_py() is None
    if column.as_text:
        assert values.to_pylist() == expected
    literal = types.array_literal(values)
    got = f"SELECT (e::{native})::text FROM unnest(%s::text[]) WITH ORDINALITY AS u (e, n) ORDER BY n"
    assert told(url, got, literal) == expected


def read(url: str, table: str) -> pa.ChunkedArray:
    return Postgres(url).read(Scan(TableName("public", table))).read_all().column(0)


def test_char_n_comes_without_its_padding(database: Callable[..., str]) -> None:
    url = database("CREATE TABLE t (v char(5)); INSERT INTO t VALUES ('ab'), ('')")
    assert read(url, "t").to_pylist() == ["ab", ""]


def test_infinity_is_the_extreme_integer(database: Callable[..., str]) -> None:
    url = database("""CREATE TABLE t (v timestamptz); INSERT INTO t VALUES ('infinity'), ('-infinity');
        CREATE TABLE d (v date); INSERT INTO d VALUES ('infinity'), ('-infinity')""")
    assert read(url, "t").cast(pa.int64()).to_pylist() == [2**63 - 1, -(2**63) + 1]
    assert read(url, "d").cast(pa.int32()).to_pylist() == [2**31 - 1, -(2**31) + 1]


@pytest.mark.parametrize(
    ("native", "value", "reason"),
    [
        ("numeric(10,2)", "NaN", "holds NaN"),
        ("timestamp", "294276-12-31", "beyond Arrow's range"),
        ("timestamptz", "294248-01-01", "beyond Arrow's range"),
    ],
)
def test_a_value_that_does_not_fit_its_lane_is_inexact_and_read_as_text(
    database: Callable[..., str], native: str, value: str, reason: str
) -> None:
    url = database(f"CREATE TABLE t (a int, v {native}); INSERT INTO t VALUES (1, '{value}'), (2, NULL)")
    postgres = Postgres(url)
    with postgres.snapshot() as snapshot, pytest.raises(Inexact, match=reason) as raised:
        snapshot.read(Scan(TableName("public", "t"))).read_all()
    assert (raised.value.table, raised.value.column) == ("t", "v")
    with postgres.snapshot(as_text={(raised.value.table, raised.value.column)}) as snapshot:
        column = snapshot.schema().find("t").column("v")
        assert (column.as_text, column.arrow_type) == (True, pa.string())
        assert snapshot.schema().find("t").column("a").arrow_type == pa.int32()
        read = snapshot.read(Scan(TableName("public", "t"))).read_all().column("v").to_pylist()
    assert read == told(url, "SELECT v::text FROM t ORDER BY ctid")


def test_an_error_about_a_value_does_not_show_it(database: Callable[..., str]) -> None:
    url = database("CREATE TABLE t (v timestamp); INSERT INTO t VALUES ('294276-12-30')")
    with pytest.raises(Inexact) as raised:
        read(url, "t")
    assert "294276" not in str(raised.value) + raised.value.hint


moments = st.integers(-210_000_000_000_000_000, 9_000_000_000_000_000_000)
VALUES: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "int8": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "text": (pa.string(), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))),
    "bytea": (pa.binary(), st.binary()),
    "uuid": (pa.uuid(), st.uuids().map(lambda value: value.bytes)),
    "date": (pa.date32(), st.integers(-2_400_000, 2_000_000_000)),
    "timestamp": (pa.timestamp("us"), moments),
    "timestamptz": (pa.timestamp("us", tz="UTC"), moments),
    "time": (pa.time64("us"), st.integers(0, 86_400_000_000)),
    "numeric": (pa.decimal128(38, 9), st.decimals(-(10**20), 10**20, places=9)),
    "float8": (pa.float64(), st.floats()),
    "float4": (pa.float32(), st.floats(width=32)),
    "bool": (pa.bool_(), st.booleans()),
}


@pytest.fixture(scope="module")
def connection(module_database: Callable[..., str]) -> Any:
    with psycopg.connect(module_database(), autocommit=True, options="-c TimeZone=UTC") as connection:
        yield connection


@pytest.mark.parametrize("native", list(VALUES))
def test_any_array_is_read_by_the_server_as_its_values(connection: psycopg.Connection, native: str) -> None:
    arrow_type, values = VALUES[native]

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.none() | values, max_size=8), st.integers(0, 3))
    def law(items: list[Any], cut: int) -> None:
        if native in ("date", "timestamp", "timestamptz", "time"):
            array = pa.array(items, pa.int32() if native == "date" else pa.int64()).view(arrow_type)
        elif native == "uuid":
            array = pa.ExtensionArray.from_storage(arrow_type, pa.array(items, pa.binary(16)))
        else:
            array = pa.array(items, arrow_type)
        literal = types.array_literal(array.slice(cut))
        (got,) = connection.execute(
            f"SELECT {ORACLE[native]} FROM (SELECT %s::{native}[]) AS a (v)", [literal]
        ).fetchone()
        assert repr(got) == repr([wanted(native, item) for item in items[cut:]])

    law()


MICROSECONDS = "(extract(epoch FROM e{0}) * 1000000)::int8"
ORACLE = dict.fromkeys(VALUES, "v") | {
    "float4": "v::float8[]",
    "date": "ARRAY(SELECT e - date '1970-01-01' FROM unnest(v) AS e)",
    "timestamp": f"ARRAY(SELECT {MICROSECONDS.format('')} FROM unnest(v) AS e)",
    "timestamptz": f"ARRAY(SELECT {MICROSECONDS.format('')} FROM unnest(v) AS e)",
    "time": f"ARRAY(SELECT {MICROSECONDS.format('')} FROM unnest(v) AS e)",
}
"""What the server makes of the values, as something Python can hold."""


def wanted(native: str, item: Any) -> Any:
    if item is None:
        return None
    if native == "uuid":
        return uuid.UUID(bytes=item)
    if native == "numeric":
        return pa.scalar(item, VALUES[native][0]).as_py()
    return item


def test_computed_values_have_the_type_their_arrow_type_names() -> None:
    assert types.native_name(pa.decimal128(5, 2)) == "numeric"
    assert types.native_name(pa.uuid()) == "uuid"
    assert types.native_name(pa.timestamp("us", tz="UTC")) == "timestamptz"


def test_times_before_1970_and_after_9999_are_written_as_julian_days() -> None:
    days = pa.array([datetime.date(1969, 12, 31), datetime.date(1970, 1, 1)])
    assert types.native_text(days).to_pylist() == ["J2440587", "J2440588"]
    moment = pa.array([-1], pa.timestamp("us"))
    assert types.native_text(moment).to_pylist() == ["J2440587 23:59:59.999999"]


def test_names_with_quotes_are_quoted(database: Callable[..., str]) -> None:
    url = database()
    name = "a\"b'c%s;--{0}"
    assert query(url, f"SELECT 1 AS {quoted(name)}") == [(1,)]


def test_text_that_is_not_utf_8_in_a_database_without_an_encoding_stops_the_read(postgres: Server) -> None:
    name = "understudy_test_ascii"
    run_sql(
        postgres.url(), f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    )
    try:
        url = postgres.url(name)
        run_sql(url, r"CREATE TABLE t (good text, bad text); INSERT INTO t VALUES ('fine', E'\xff\xfe')")
        with Postgres(url).snapshot() as snapshot:
            table = TableName("public", "t")
            assert snapshot.read(Scan(table, columns=("good",))).read_all().to_pylist() == [{"good": "fine"}]
            with pytest.raises(Error, match='reading t stopped: invalid byte sequence for encoding "UTF8"'):
                snapshot.read(Scan(table)).read_all()
    finally:
        postgres.drop(name)

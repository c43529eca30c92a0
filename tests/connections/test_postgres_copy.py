"""Every type arrives in PostgreSQL exactly as Arrow carried it, through the binary lane and through CSV."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.connections.postgres.copy import copy_rows, is_binary
from understudy.errors import Error
from understudy.schema import Column, Kind

TYPES = """
CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'très "content"');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN document AS jsonb;
CREATE EXTENSION citext;
"""


@pytest.fixture(scope="module")
def connection(module_database: Callable[..., str]) -> Iterator[psycopg.Connection]:
    with psycopg.connect(module_database(TYPES), autocommit=True, prepare_threshold=None) as opened:
        opened.execute("SET TimeZone = 'UTC'; SET extra_float_digits = 3; SET client_encoding = 'UTF8'")
        yield opened


def ints(arrow_type: pa.DataType) -> Callable[[list[int | None]], pa.Array]:
    return lambda values: pa.array(values, pa.int32() if arrow_type == pa.date32() else pa.int64()).cast(arrow_type)


def plain(arrow_type: pa.DataType) -> Callable[[list[Any]], pa.Array]:
    return lambda values: pa.array(values, arrow_type)


def uuids(values: list[str | None]) -> pa.Array:
    raw = [None if value is None else uuid.UUID(value).bytes for value in values]
    return pa.ExtensionArray.from_storage(pa.uuid(), pa.array(raw, pa.binary(16)))


NASTY = [
    *(
        "",
        " ",
        "NULL",
        "\\N",
        "\\.",
        "a\n\\.\nb",
        "\\.\n",
        '"',
        '""',
        "a,b",
        "'",
        "\r\n",
        "\n",
        "\r",
        "\t",
        "\\",
        "\\x41",
    ),
    *("ünïcödé", "漢字", "🙂", "\u200e", "\x01", "x" * 70_000, None),
]
FAR, DAY, JULIAN = 2**63 - 1, 2**31 - 1, 2_440_588
BEFORE_CHRIST = -(JULIAN * 86_400_000_000) + 1  # a microsecond into 4714-11-24 BC, PostgreSQL's first day
LAST_DAY = 2_145_042_905

CASES: dict[str, tuple[str, Kind, Callable[..., pa.Array], list[Any], list[str | None]]] = {
    "int2": ("smallint", "integer", plain(pa.int16()), [-32768, 32767, 0, None], ["-32768", "32767", "0", None]),
    "int4": ("integer", "integer", plain(pa.int32()), [-(2**31), 2**31 - 1], ["-2147483648", "2147483647"]),
    "int8": ("bigint", "integer", plain(pa.int64()), [-(2**63), FAR, None], [str(-(2**63)), str(FAR), None]),
    "float4": (
        *("real", "float", plain(pa.float32())),
        [1.5, 3.4028234663852886e38, 1e-45, -0.0, 0.1, float("inf"), float("-inf"), float("nan"), None],
        ["1.5", "3.4028235e+38", "1e-45", "-0", "0.1", "Infinity", "-Infinity", "NaN", None],
    ),
    "float8": (
        *("double precision", "float", plain(pa.float64())),
        [0.1, 1.7976931348623157e308, 5e-324, -0.0, 0.30000000000000004, 1e23, float("inf"), float("nan"), None],
        [
            "0.1",
            "1.7976931348623157e+308",
            "5e-324",
            "-0",
            "0.30000000000000004",
            "9.999999999999999e+22",
            "Infinity",
            "NaN",
            None,
        ],
    ),
    "bool": ("boolean", "boolean", plain(pa.bool_()), [True, False, None], ["true", "false", None]),
    "text": ("text", "text", plain(pa.string()), NASTY, NASTY),
    "varchar": ("character varying(5)", "text", plain(pa.string()), ["", "äöüßé", None], ["", "äöüßé", None]),
    "char(n)": ("character(5)", "text", plain(pa.string()), ["ab", "", None], ["ab", "", None]),
    "name": ("name", "text", plain(pa.string()), ["a\\b", ""], ["a\\b", ""]),
    "char": ('"char"', "text", plain(pa.string()), ["a", "", "\\377", None], ["a", "", "\\377", None]),
    "citext": ("citext", "text", plain(pa.string()), ["Bob", "", None], ["Bob", "", None]),
    "enum": ("mood", "enum", plain(pa.string()), ["it's ok", 'très "content"'], ["it's ok", 'très "content"']),
    "json": (
        *("json", "json", plain(pa.string())),
        ['{"b": 1, "a":2,  "b": "\\u00e9"}', '"\\n"', None],
        ['{"b": 1, "a":2,  "b": "\\u00e9"}', '"\\n"', None],
    ),
    "jsonb": ("jsonb", "json", plain(pa.string()), ['{"b": 1e2, "a": "é"}', None], ['{"a": "é", "b": 100}', None]),
    "domain over jsonb": ("public.document", "json", plain(pa.string()), ['{"a": [1]}', None], ['{"a": [1]}', None]),
    "domain": ("positive", "integer", plain(pa.int32()), [1, None], ["1", None]),
    "uuid": (
        *("uuid", "uuid", uuids),
        ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-fffffffffffe", None],
        ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-fffffffffffe", None],
    ),
    "bytea": (
        "bytea",
        "bytes",
        plain(pa.binary()),
        [b"\x00\xff\\", b"", b"\\N", None],
        ["\\x00ff5c", "\\x", "\\x5c4e", None],
    ),
    "date": (
        *("date", "date", ints(pa.date32())),
        [0, -JULIAN, LAST_DAY, DAY, -DAY, None],
        ["1970-01-01", "4714-11-24 BC", "5874897-12-31", "infinity", "-infinity", None],
    ),
    "timestamp": (
        *("timestamp without time zone", "timestamp", ints(pa.timestamp("us"))),
        [-1, BEFORE_CHRIST, FAR, -FAR, 951_782_400_000_001, None],
        [
            *("1969-12-31 23:59:59.999999", "4714-11-24 00:00:00.000001 BC", "infinity", "-infinity"),
            *("2000-02-29 00:00:00.000001", None),
        ],
    ),
    "timestamptz": (
        *("timestamp with time zone", "timestamp", ints(pa.timestamp("us", "UTC"))),
        [0, BEFORE_CHRIST, 9_000_000_000_000_000_000, FAR, -FAR, None],
        [
            *("1970-01-01 00:00:00+00", "4714-11-24 00:00:00.000001+00 BC", "287168-08-24 16:00:00+00"),
            *("infinity", "-infinity", None),
        ],
    ),
    "time": (
        *("time without time zone", "time", ints(pa.time64("us"))),
        [0, 86_400_000_000, 86_399_999_999, None],
        ["00:00:00", "24:00:00", "23:59:59.999999", None],
    ),
    "numeric(38, 10)": (
        *("numeric(38,10)", "decimal", plain(pa.decimal128(38, 10))),
        [Decimal("9999999999999999999999999999.9999999999"), Decimal("-0.0000000001"), Decimal(0), None],
        ["9999999999999999999999999999.9999999999", "-0.0000000001", "0.0000000000", None],
    ),
    "numeric(38)": (
        *("numeric(38,0)", "decimal", plain(pa.decimal128(38, 0))),
        [Decimal("9" * 38), Decimal("-1" + "0" * 37), Decimal(10000), None],
        ["9" * 38, "-1" + "0" * 37, "10000", None],
    ),
}


def load(connection: psycopg.Connection, columns: list[Column], arrays: list[pa.Array]) -> list[tuple[str | None, ...]]:
    rows = pa.RecordBatch.from_arrays(arrays, names=[column.name for column in columns])
    connection.execute("DROP TABLE IF EXISTS copied")
    parts = ", ".join(f'"{column.name}" {column.native_type}' for column in columns)
    connection.execute(f"CREATE TABLE copied (place bigserial, {parts})".encode())
    half = rows.num_rows // 2
    assert copy_rows(connection, "public.copied", columns, [rows.slice(0, half), rows.slice(half)]) == rows.num_rows
    shown = ", ".join(f'"{column.name}"::text' for column in columns)
    return connection.execute(f"SELECT {shown} FROM copied ORDER BY place".encode()).fetchall()


@pytest.mark.parametrize("lane", ["binary", "csv"])
@pytest.mark.parametrize("case", CASES)
def test_values_arrive_exactly(connection: psycopg.Connection, case: str, lane: str) -> None:
    native, kind, make, values, expected = CASES[case]
    array = make(values)
    columns, arrays = [Column("value", native, kind, array.type)], [array]
    assert is_binary(columns[0]) or case in ("char", "domain over jsonb")
    if lane == "csv":
        columns.append(Column("beside", "inet", "other", pa.string(), as_text=True))
        arrays.append(pa.array([None] * len(array), pa.string()))
    assert [row[0] for row in load(connection, columns, arrays)] == expected


@pytest.mark.parametrize(
    ("native", "values"),
    [
        ("integer[]", ["{}", "{1,NULL}", "{{1,2},{3,4}}", "[0:1]={7,8}", None]),
        ("text[]", ['{NULL,"NULL","",a,"b\\"c","d\\\\e","f,g"}', None]),
        ("numeric", ["NaN", "Infinity", "-Infinity", "0.000", "1." + "0" * 400, "-" + "9" * 500, None]),
        ("int4range", ["empty", "[1,5)", "(,)", "(,3)", None]),
        ("int4multirange", ["{}", "{[1,3),[5,7)}", None]),
        ("pair", ['(1,"a ""b"" \\\\ c")', '(,"")', "(,)", None]),
        ("interval", ["-1 years -2 mons +3 days -04:05:06.000007", "00:00:00", None]),
        ("time with time zone", ["24:00:00-08", "00:00:00+15:59:59", None]),
        ("bit varying", ["", "0101", None]),
        ("inet", ["::1/64", "10.0.0.1/32", None]),
        ("tsvector", ["'a':1A 'it''s':2", "", None]),
        ("point", ["(1e-300,-0)", None]),
    ],
)
def test_types_without_an_arrow_form_travel_as_text(
    connection: psycopg.Connection, native: str, values: list[str | None]
) -> None:
    column = Column("value", native, "other", pa.string(), as_text=True)
    assert [row[0] for row in load(connection, [column], [pa.array(values, pa.string())])] == values


def test_empty_string_and_null_stay_apart_in_a_table_of_one_text_column(connection: psycopg.Connection) -> None:
    text = Column("value", "text", "text", pa.string(), as_text=True)
    assert load(connection, [text], [pa.array(["", None, "", None])]) == [("",), (None,), ("",), (None,)]


def test_no_rows_are_no_rows_in_either_lane(connection: psycopg.Connection) -> None:
    typed = Column("value", "integer", "integer", pa.int32())
    text = Column("value", "inet", "other", pa.string(), as_text=True)
    assert load(connection, [typed], [pa.array([], pa.int32())]) == []
    assert load(connection, [text], [pa.array([], pa.string())]) == []


def test_columns_go_by_name_not_by_place(connection: psycopg.Connection) -> None:
    connection.execute(b'DROP TABLE IF EXISTS "T %s"; CREATE TABLE "T %s" (b text, "a""% " int)')
    columns = [Column('a"% ', "integer", "integer", pa.int32()), Column("b", "text", "text", pa.string())]
    batch = pa.RecordBatch.from_pydict({"unused": [9], "b": ["x"], 'a"% ': pa.array([1], pa.int32())})
    assert copy_rows(connection, '"public"."T %s"', columns, [batch]) == 1
    assert connection.execute(b'SELECT b, "a""% " FROM "T %s"').fetchall() == [("x", 1)]


def test_identity_always_takes_the_given_values(connection: psycopg.Connection) -> None:
    connection.execute("DROP TABLE IF EXISTS i; CREATE TABLE i (id int GENERATED ALWAYS AS IDENTITY)")
    copy_rows(
        connection,
        "i",
        [Column("id", "integer", "integer", pa.int32(), identity="always")],
        [pa.RecordBatch.from_pydict({"id": pa.array([7, 3], pa.int32())})],
    )
    assert connection.execute("SELECT id FROM i").fetchall() == [(7,), (3,)]


def test_wide_rows_are_cut_into_pieces_and_all_arrive(connection: psycopg.Connection) -> None:
    values = [letter * 3_000_000 for letter in "abcdefgh"]
    column = Column("value", "text", "text", pa.string())
    assert [row[0] for row in load(connection, [column], [pa.array(values)])] == values


def test_a_batch_of_another_type_is_refused_before_a_byte_is_misread(connection: psycopg.Connection) -> None:
    column = Column("value", "integer", "integer", pa.int32())
    with pytest.raises(Error, match="'value' arrives as int64"):
        load(connection, [column], [pa.array([1])])
    assert connection.execute("SELECT count(*) FROM copied").fetchall() == [(0,)]


def test_error_of_the_batches_ends_the_copy_without_rows(connection: psycopg.Connection) -> None:
    def broken() -> Iterator[pa.RecordBatch]:
        yield pa.RecordBatch.from_pydict({"value": pa.array([1], pa.int32())})
        raise Error("the stage cannot be read")

    connection.execute("DROP TABLE IF EXISTS copied; CREATE TABLE copied (value int)")
    with pytest.raises(Error, match="stage cannot be read"):
        copy_rows(connection, "copied", [Column("value", "integer", "integer", pa.int32())], broken())
    assert connection.execute("SELECT count(*) FROM copied").fetchall() == [(0,)]


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
rows = st.lists(
    st.tuples(
        texts | st.none(),
        st.integers(-JULIAN, LAST_DAY) | st.sampled_from([DAY, -DAY]) | st.none(),
        st.integers(BEFORE_CHRIST, FAR) | st.sampled_from([FAR, -FAR]) | st.none(),
        st.floats() | st.none(),
        st.binary(max_size=5) | st.none(),
    ),
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(rows)
def test_both_lanes_agree(connection: psycopg.Connection, rows: list[tuple[Any, ...]]) -> None:
    columns = [
        Column("t", "text", "text", pa.string()),
        Column("d", "date", "date", pa.date32()),
        Column("s", "timestamptz", "timestamp", pa.timestamp("us", "UTC")),
        Column("f", "float8", "float", pa.float64()),
        Column("b", "bytea", "bytes", pa.binary()),
    ]
    makers = [
        plain(pa.string()),
        ints(pa.date32()),
        ints(pa.timestamp("us", "UTC")),
        plain(pa.float64()),
        plain(pa.binary()),
    ]
    arrays = [make([row[place] for row in rows]) for place, make in enumerate(makers)]
    beside = Column("beside", "inet", "other", pa.string(), as_text=True)
    as_text = load(connection, [*columns, beside], [*arrays, pa.array([None] * len(rows), pa.string())])
    assert load(connection, columns, arrays) == [row[:-1] for row in as_text]

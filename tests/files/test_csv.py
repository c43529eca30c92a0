"""CSV read and written back: the same records, the same NULLs, the same dialect."""

import csv
import io

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.connections.files.csv import CsvReader, CsvWriter
from understudy.errors import InputError

VALUES = st.none() | st.text(
    alphabet=st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from('",;\t\n\r '), max_size=8
)


def read(data: bytes, **more):
    reader = CsvReader(pa.BufferReader(data), name="in.csv", **more)
    rows = [row for batch in reader for row in batch.to_pylist()]
    return reader, [tuple(row.values()) for row in rows]


def write(names, rows, dialect=None) -> bytes:
    out = io.BytesIO()
    schema = pa.schema([(name, pa.string()) for name in names])
    writer = CsvWriter(out, schema, dialect)
    writer.write(pa.RecordBatch.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema=schema))
    writer.close()
    return out.getvalue()


def copied(data: bytes, **more) -> bytes:
    reader = CsvReader(pa.BufferReader(data), name="in.csv", **more)
    out = io.BytesIO()
    writer = CsvWriter(out, reader.arrow_schema, reader.dialect)
    for batch in reader:
        writer.write(batch)
    return out.getvalue()


@settings(deadline=None)
@given(st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=8))
def test_whatever_is_written_is_read_back(rows):
    _, found = read(write(["a", "b", "c"], rows))
    assert found == rows


@settings(deadline=None)
@given(st.lists(VALUES, max_size=8))
def test_a_single_column_keeps_its_nulls_and_its_empty_texts(values):
    _, found = read(write(["a"], [(value,) for value in values]))
    assert [value for (value,) in found] == values


@settings(deadline=None)
@given(st.lists(st.tuples(VALUES, VALUES), max_size=6))
def test_pythons_own_reader_agrees_on_what_we_write(rows):
    _, *found = csv.reader(io.StringIO(write(["a", "b"], rows).decode(), newline=""))
    assert found == [[value or "" for value in row] for row in rows]


def test_empty_is_null_and_quoted_empty_is_a_text():
    assert read(b'a,b\n,""\n')[1] == [(None, "")]
    assert copied(b'a,b\n,""\n') == b'a,b\n,""\n'


@pytest.mark.parametrize(
    "data",
    [
        b'id,note\n1,"two\nlines"\n2,"said ""hi"""\n',
        b"id;price\n1;2,50\n",
        b"id\tname\r\n1\tAda\r\n",
        b'"id","name"\n"1","Ada"\n"2",\n',
        b'\xef\xbb\xbfid,name\r\n1,"a, b"\r\n',
        b"id|name\n1|Ada\n",
        b"code\n00123\n",
        b'"a\nb",c\n1,2\n',
        b"id,name\n",
    ],
    ids=["quoted", "semicolons", "tabs", "all quoted", "BOM and CRLF", "bars", "one column", "odd header", "no rows"],
)
def test_a_file_is_copied_byte_for_byte_in_its_own_dialect(data):
    assert copied(data) == data


def test_values_stay_texts_whatever_they_look_like():
    assert read(b"a,b,c,d\n01234,1e5,NULL,true\n")[1] == [("01234", "1e5", "NULL", "true")]


def test_a_file_without_a_header_stays_one():
    data = b"1,ada\n1,bob\n"
    reader, rows = read(data, header=False)
    assert reader.arrow_schema.names == ["column1", "column2"] and rows == [("1", "ada"), ("1", "bob")]
    assert copied(data, header=False) == data
    with pytest.raises(InputError) as caught:
        read(b"1,1\n2,2\n")
    assert "--no-header" in caught.value.hint


def test_another_encoding_is_read_and_written_again():
    data = "id,name\n1,Ünal\n".encode("cp1252")
    assert read(data, encoding="cp1252")[1] == [("1", "Ünal")]
    assert copied(data, encoding="cp1252") == data
    with pytest.raises(InputError, match="no encoding 'klingon'"):
        read(data, encoding="klingon")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "holds nothing, not even a header"),
        (b"a,b\n1,2\nsecret,2,3\n", "record 3 has 3 fields and the header has 2"),
        (b"a,b\nsecret\n", "record 2 has 1 fields"),
        (b"a,a\n1,2\n", "two columns are called 'a'"),
        (b"a,b\n1,2\nsecret,\xff\n", "record 3 is not written in utf-8"),
        (b"\xe4,b\n1,2\n", "header is not written in UTF-8"),
        (b'a,b\n1,"' + b"secret" * 1_000_000, "longer than 2 MiB"),
    ],
    ids=["empty", "too many", "too few", "twice", "bytes", "header bytes", "open quote"],
)
def test_what_is_wrong_is_told_with_its_place_and_without_its_values(data, told):
    with pytest.raises(InputError) as caught:
        read(data)
    assert told in caught.value.message
    assert "secret" not in caught.value.message + caught.value.hint and caught.value.__cause__ is None


def test_rows_keep_their_numbers_over_many_blocks():
    data = b"a,b\n" + b"".join(b"%d,%s\n" % (number, b"x" * 90) for number in range(60_000)) + b"1,2,3\n"
    with pytest.raises(InputError, match="record 60002 has 3 fields"):
        read(data)


def test_values_of_other_types_are_written_as_people_write_them():
    batch = pa.record_batch(
        {
            "n": pa.array([1, None]),
            "d": pa.array(["0.00000001", None]).cast(pa.decimal128(12, 8)),
            "t": pa.array([0, None], pa.timestamp("s")),
            "c": pa.array(["x", None]).dictionary_encode(),
            "b": pa.array([True, None]),
        }
    )
    out = io.BytesIO()
    CsvWriter(out, batch.schema).write(batch)
    assert out.getvalue() == b"n,d,t,c,b\n1,0.00000001,1970-01-01 00:00:00,x,true\n,,,,\n"
    with pytest.raises(InputError, match="column 'tags' holds list"):
        CsvWriter(out, pa.schema([("tags", pa.list_(pa.string()))])).write(pa.record_batch({"tags": [["a"]]}))

"""JSON read byte by byte, and written."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.arrow import own_spans, text_array
from understudy.native.json import ARRAY, OBJECT, SCALAR, STRING, quoted, read

BITS = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    '"a"',
    "1",
    "-0",
    "1.5e3",
    "01",
    "-",
    "true",
    "nul",
    "\\",
    "\\u00e9",
    " ",
    "é",
]


def test_where_values_and_keys_stand():
    text = '{"a": [1, "x"], "b": {}}'
    valid, _, start, end, kind, parent, after, key, keys = read(*own_spans(pa.array([text])))
    assert valid.tolist() == [True]
    assert kind.tolist() == [OBJECT, ARRAY, SCALAR, STRING, OBJECT]
    assert [text[a:b] for a, b in zip(start, end, strict=True)] == ["{", "[", "1", '"x"', "{"]
    assert parent.tolist() == [-1, 0, 1, 1, 0] and after.tolist() == [5, 4, 3, 4, 5]
    assert key.tolist() == [-1, 0, -1, -1, 1]
    assert [text[a:b] for a, b in keys.reshape(-1, 3)[:, 1:]] == ['"a"', '"b"']


@settings(max_examples=400, deadline=None)
@given(st.lists(st.lists(st.sampled_from(BITS), max_size=8).map("".join), max_size=5))
def test_documents_are_valid_exactly_if_python_reads_them(texts):
    def reads(text):
        try:
            json.loads(text)
        except ValueError:
            return False
        return True

    assert read(*own_spans(pa.array(texts, pa.string())))[0].tolist() == list(map(reads, texts))


@pytest.mark.parametrize(
    "text", ["NaN", "[1,]", '{"a":1,}', '"\t"', "", " ", "1 2", '"\\u12"', "{1:2}", "[", "\ufeff1"]
)
def test_what_is_not_quite_json_is_not_valid(text):
    assert not read(*own_spans(pa.array([text])))[0].any()


@given(
    st.lists(st.tuples(st.text('ab"\\\n\r\t\b\f\x00\x1f\x7fé日😀/', max_size=8), st.sampled_from(["", "x", "\\u00e9"])))
)
def test_texts_are_written_as_python_writes_them(pairs):
    texts, before = ([one[side] for one in pairs] for side in (0, 1))
    data, offsets = quoted(*own_spans(pa.array(texts, pa.string())), *own_spans(pa.array(before, pa.string())))
    assert text_array(data, offsets).to_pylist() == [
        json.dumps(text, ensure_ascii="\\u" in original) for text, original in pairs
    ]
    assert offsets.dtype == np.int64

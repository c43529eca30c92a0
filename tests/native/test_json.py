"""JSON read byte by byte, and written."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from understudy.arrow import own_spans, text_array
from understudy.native.json import find, quoted, spelled, whole
from understudy.transforms import inside
from understudy.transforms.paths import Step, told

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


EVERYTHING = told([None], [False])


def test_where_values_and_keys_stand():
    text = '{"a": [1, "x", {"é\\n": null}], "b": {}, "é\\n": ""}'
    a, second, deep = Step("a"), Step(1), Step("é\n", deep=True)
    paths = told([(deep,), (), (a, second), None], [False, True, False, False])
    valid, rows, start, end, path = find(*own_spans(pa.array(["2", text])), *paths)
    assert valid.tolist() == [True, True] and rows.tolist() == [0] + [1] * 7
    found = [("2" + text).encode()[a:b].decode() for a, b in zip(start, end, strict=True)]
    assert found == ["2", '"a"', "1", '"x"', "null", '"b"', '"é\\n"', '""']
    assert path.tolist() == [3, 1, 3, 2, 0, 1, 1, 0]


@given(st.lists(st.lists(st.sampled_from(["a", "\\", "n", "u", "d83d", "DE00", "00e9", '"', "é"])).map("".join)))
def test_strings_spell_what_python_reads(texts):
    def reads(text):
        try:
            return json.loads(f'"{text}"').encode("utf-8", "backslashreplace").decode()
        except ValueError:
            return None

    some = [(text, reads(text)) for text in texts if reads(text) is not None]
    data, offsets = spelled(*own_spans(pa.array([text for text, _ in some], pa.string())))
    assert text_array(data, offsets).to_pylist() == [said for _, said in some]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.lists(st.sampled_from(BITS), max_size=8).map("".join), max_size=5))
def test_documents_are_valid_exactly_if_python_reads_them(texts):
    def reads(text):
        try:
            json.loads(text)
        except ValueError:
            return False
        return True

    assert find(*own_spans(pa.array(texts, pa.string())), *EVERYTHING)[0].tolist() == list(map(reads, texts))


@pytest.mark.parametrize(
    "text", ["NaN", "[1,]", '{"a":1,}', '"\t"', "", " ", "1 2", '"\\u12"', "{1:2}", "[", "\ufeff1"]
)
def test_what_is_not_quite_json_is_not_valid(text):
    assert not find(*own_spans(pa.array([text])), *EVERYTHING)[0].any()


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


@given(
    st.lists(st.integers(-(2**65), 2**65).map(str) | st.sampled_from(["-", "1.0", "1e5", "NaN", "0", "-0", "9" * 40]))
)
@example([str(2**63 - 1), str(2**63), str(1 - 2**63), str(-(2**63)), str(10**19), "0" * 20, "0" * 19])
def test_whole_numbers_are_those_that_are_read_as_such_elsewhere(texts):
    some = pa.array(texts, pa.string())
    data, offsets = own_spans(some)
    assert whole(data, offsets[:-1], offsets[1:]).tolist() == inside.whole(some).tolist()

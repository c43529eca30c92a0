"""Automata beside RE2, which Arrow's kernels use: the same matches in the same places."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.arrow import own_spans
from understudy.transforms.automata import automaton
from understudy.transforms.matches import _marked, matches, matching, replaced

ATOMS = ["a", "b", "k", "S", "_", "1", " ", r"\.", "é", "日", ".", r"\d", r"\w", r"\s", r"\D", r"\W", r"\S"]
ATOMS += [
    "[a-k]",
    "[^a]",
    "[é-日]",
    r"[^\w]",
    r"[\D_-]",
    "[]a]",
    "^",
    "$",
    r"\b",
    r"\A",
    r"\z",
    r"\x61",
    r"\x{e9}",
    "[^a-m\\s]",
]
TIMES = ["", "", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{2,}", "{0,2}?"]
GROUPS = ["(", "(?:", "(?i:", "(?s:", "(?is:", "(?P<name>"]
TEXTS = [
    "",
    "a",
    "ab",
    "Kab b",
    "k\u212a s\u017fS",
    "éa日",
    "a.b.a",
    "11_1 a1",
    "\n a\n",
    "aaab aab",
    "日日é 1",
    "_b😀a",
]


def expressions():
    rows = st.lists(st.tuples(st.sampled_from(ATOMS), st.sampled_from(TIMES)).map("".join), min_size=1, max_size=3)

    def grown(inner):
        row = st.lists(inner, min_size=1, max_size=3).map("".join)
        choice = st.lists(row, min_size=1, max_size=3).map("|".join)
        return st.tuples(st.sampled_from(GROUPS), choice, st.just(")"), st.sampled_from(TIMES)).map("".join) | row

    return st.recursive(rows.map("".join), grown, max_leaves=5)


def is_one(pattern):
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid:
        return False
    return True


@settings(max_examples=400, deadline=None)
@given(expressions().filter(is_one), st.lists(st.text("abkKsS1_ .é日\n", max_size=9), max_size=4))
def test_matches_are_those_of_re2(pattern, texts):
    some, nulls = pa.array([*texts, *TEXTS]), pa.array([None, *texts, *TEXTS, None]).slice(1)
    found = automaton(pattern)
    if found is None:
        return
    if not found.idle:
        wanted = _marked(some, pattern)
        data, offsets = own_spans(some)
        row, starts, stops = found.matches(data, offsets[:-1], offsets[1:])
        assert starts.tolist() == wanted.starts.tolist() and stops.tolist() == wanted.stops.tolist()
        assert row.tolist() == wanted.row.tolist()
        for by in ("", "<é>", r"<\0\\>"):
            assert replaced(nulls, pattern, by).equals(pc.replace_substring_regex(nulls, pattern, by))
    assert found.holds(*own_spans(some)).tolist() == pc.match_substring_regex(some, pattern).to_pylist()


@pytest.mark.parametrize(
    "pattern",
    [
        r"\w+@\S+",
        r"\+[\d ]+",
        r"(?:\d)+",
        "a|ab",
        "(a|ab)(c|bcd)?",
        "a+?b",
        "^a|b$",
        r"(?i)\bs\w",
        "[^<>]+>",
        "x{2,3}y",
    ],
)
def test_expressions_that_people_write_are_read_as_automata(pattern):
    assert automaton(pattern) is not None


@pytest.mark.parametrize("pattern", ["(a?)+", r"\pL+", r"\Ba", "(?m)^a", "[[:alpha:]]", "(?i)é", "a{500}", "a**"])
def test_what_is_not_read_is_left_to_re2(pattern):
    assert automaton(pattern) is None


def test_null_and_empty_texts_match_nothing_and_other_rows_keep_their_places():
    found = matches(pa.array(["a1", None, "", "22b"]), r"\d+")
    assert found.row.tolist() == [0, 3]
    assert bytes(found.data) == b"a122b" and found.starts.tolist() == [1, 2] and found.stops.tolist() == [2, 4]
    assert matching(pa.array(["a1", None, "", "b"]), r"\d").tolist() == [True, False, False, False]


def test_a_match_looks_at_what_stands_before_it_and_not_at_the_text_before():
    assert matches(pa.array(["aa a", "a"]), r"\ba").starts.tolist() == [0, 3, 4]
    assert matches(pa.array(["aaa", "a"]), "^a").starts.tolist() == [0, 3]


def test_a_long_text_without_an_end_to_any_match_takes_linear_time():
    text = pa.array(["a" * 300_000])
    assert not len(matches(text, r"a+b").starts)
    assert matches(text, r"a+").stops.tolist() == [300_000]


def test_texts_in_the_middle_of_an_array_are_searched_alone():
    part = pa.array(["xx", "ax", "xb", "x"]).slice(1, 2)
    found = matches(part, "x+")
    assert np.diff(found.offsets).tolist() == [2, 2] and found.starts.tolist() == [1, 2]

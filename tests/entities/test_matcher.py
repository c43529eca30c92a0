"""What a kernel finds of patterns is what Python's ``re`` finds."""

import re
from functools import cache

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from understudy.entities import ENTITIES, naming
from understudy.entities.entity import Shape
from understudy.entities.expressions import parse
from understudy.entities.matcher import Matcher

SHAPES: list[Shape] = [shape for entity in ENTITIES.values() for shape in entity.shapes]
PATTERNS = tuple(
    dict.fromkeys([*(part for one in SHAPES for part in (one.pattern, one.hint, one.before) if part), naming.RUN])
)
PIECES = [
    *(entity.example for entity in ENTITIES.values()),
    *("NY 10001", "1丁目2-3", "fe80::1", "Mai 5", "5 de mayo", "Dear", "van der", "O'Neill", "(212) 555-1234 x12"),
    *(" ", "\n", "\0", "é", "K", "ſ", "日", "٣", "1", "-"),
]


matcher = cache(Matcher)


def kinds(patterns, text):
    return matcher(patterns).kinds(np.frombuffer(text.encode("utf-32-le"), np.uint32))


def spans(pattern, text):
    """All matches, each place tried."""
    found = matcher((pattern,)).matches(pattern, kinds((pattern,), text), np.arange(len(text)))
    return list(zip(*(one.tolist() for one in found), strict=True))


def of_re(pattern, text):
    compiled = re.compile(pattern)
    return [match.span("v" if "v" in compiled.groupindex else 0) for match in compiled.finditer(text)]


def test_every_pattern_of_an_entity_is_a_program():
    assert matcher(PATTERNS).programs.keys() == set(PATTERNS)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=8).map(" ".join))
def test_patterns_of_entities_match_what_re_matches(text):
    text = text.encode("utf-8", "ignore").decode()
    read, find = kinds(PATTERNS, text), matcher(PATTERNS)
    for pattern in PATTERNS:
        found = find.matches(pattern, read, np.arange(len(text)))
        assert list(zip(*(one.tolist() for one in found), strict=True)) == of_re(pattern, text)


LETTERS = st.sampled_from(["a", "b", "é", r"\d", r"\w", r"\s", "[ab]", "[^a]", ".", r"\.", "[a-c9]"])
PLACES = st.sampled_from([r"\b", "^", r"\A", r"\Z", "(?=a)", "(?!b)", "(?<=a)", "(?<!ab)", "(?<![ab])"])
TIMES = st.sampled_from(["", "?", "*", "+", "{2}", "{1,2}", "{0,3}", "{2,}"])
HOW = st.sampled_from(["", "?", "+"])


def longer(parts):
    rows = st.lists(parts, min_size=1, max_size=3).map("".join)
    groups = st.tuples(rows, rows, TIMES, HOW).map(
        lambda one: f"(?:{one[0]}|{one[1]}){one[2]}{one[3] if one[2] else ''}"
    )
    return rows | groups | rows.map(lambda one: f"(?={one})") | rows.map(lambda one: f"(?!{one})")


REPEATED = st.tuples(LETTERS, TIMES, HOW).map(lambda one: f"{one[0]}{one[1]}{one[2] if one[1] else ''}")
EXPRESSIONS = st.recursive(REPEATED | PLACES, longer, max_leaves=8)


@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS, st.text("ab9é. c", max_size=12))
@example("(?:a|ab)(?:c|bcd)*+", "abcd")
@example("(?:ab?){1,2}?b", "abab")
@example("(?:a|b|ac)c", "ac bc acc")
def test_what_is_read_of_an_expression_matches_what_re_matches(pattern, text):
    find = Matcher((pattern,))
    if not find.programs:
        return  # left to `re`
    compiled, read = re.compile(pattern), find.kinds(np.frombuffer(text.encode("utf-32-le"), np.uint32))
    ends, _, _ = find.tried(pattern, read, np.arange(len(text) + 1))
    matches = [compiled.match(text, place) for place in range(len(text) + 1)]
    assert ends.tolist() == [match.end() if match else -1 for match in matches]


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("a(?P<v>b+)c", "abbc ac abc", [(1, 3), (9, 10)]),  # of a match the group that is wanted
        (r"(a|b)-\1", "a-a a-b b-b", [(0, 3), (8, 11)]),
        (r"(?:(a)|b)c", "ac bc", [(0, 2), (3, 5)]),
        ("(?i)straße|k", "STRAßE K \u212a", [(0, 6), (7, 8), (9, 10)]),
        ("aa", "aaaaa", [(0, 2), (2, 4)]),  # none inside another
    ],
)
def test_matches_are_told_from_left_to_right(pattern, text, found):
    assert spans(pattern, text) == found == of_re(pattern, text)


def test_what_stands_before_a_match_is_read_from_right_to_left():
    text, find = "to ada.x@ or @ or a@@", matcher(("@", "[a-z.]+"))
    read = find.kinds(np.frombuffer(text.encode(), np.uint8))
    starts, ends = find.lengthened("[a-z.]+", read[::-1], find.matches("@", read, np.arange(len(text))))
    assert [text[start:end] for start, end in zip(starts, ends, strict=True)] == ["ada.x@", "a@"]


def test_as_many_ways_as_a_text_needs_are_left_open():
    pattern, text = "(?:a|b)*c", "ab" * 20_000 + "c"
    assert matcher((pattern,)).tried(pattern, kinds((pattern,), text), np.array([0]))[0].tolist() == [40_001]


def test_characters_that_come_up_later_are_told_apart_too():
    find = matcher(("[éñ]x",))
    assert find.matches("[éñ]x", kinds(("[éñ]x",), "éx"), np.arange(2))[0].tolist() == [0]
    assert find.matches("[éñ]x", kinds(("[éñ]x",), "ñx日x"), np.arange(4))[0].tolist() == [0]


@pytest.mark.parametrize("pattern", [r"(\w)\1", "a$", r"a\B", "(?:a?)*b", "(?s)a.b", "(?=(a))a", "(?<=a|bc)d"])
def test_what_is_not_understood_is_no_program(pattern):
    assert matcher((pattern,)).programs == {}


def test_a_class_that_does_not_end_is_no_expression():
    assert parse("[a") is None

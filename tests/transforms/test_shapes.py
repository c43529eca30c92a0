"""Simple regular expressions as shapes."""

import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.errors import InputError
from understudy.transforms.shapes import shapes, simple


def texts(shape):
    return [bytes(one).decode() for one in product(*shape.positions)]


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        (r"[A-C]\d", 30),
        (r"a|bc|d?e", 4),
        (r"(?:x|y){1,2}", 6),
        (r"[^!-y]{2}", 25),
        (r"^\w$", 63),
        (r"[a\-\]]", 3),
        (r"ü[0-1]?", 3),
        (r"\.\s\$", 1),
        (r"[-a]", 2),
        ("", 1),
    ],
)
def test_shapes_are_all_that_an_expression_matches(pattern, count):
    found = {text for shape in shapes(pattern) for text in texts(shape)}
    assert len(found) == count
    assert all(re.fullmatch(pattern, text) for text in found)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("a+", "no end"),
        ("a*", "no end"),
        ("(a", "not closed"),
        ("a)", "nothing to close"),
        ("[a", "too early"),
        ("a{3,1}", "not below"),
        ("a{x}", "a repeat is"),
        ("a{", "missing"),
        ("(?=a)", "alone"),
        ("[z-a]", "later one"),
        (r"\b", "not understood"),
        (".", "not understood here"),
        ("[é]", "outside ASCII"),
        ("[^ -~]", "matches nothing"),
        ("(a|b){9}", "more than 200"),
    ],
)
def test_what_is_not_understood_is_refused_with_what_is(pattern, why):
    with pytest.raises(InputError, match=why) as error:
        shapes(pattern)
    assert "[A-Z0-9]" in error.value.hint


@settings(max_examples=50, deadline=None)
@given(st.from_regex(r"([a-c]|\[[a-c]{1,2}\]|\\d|\(a\|b\)|[ab]\{1,2\}|c\?){1,4}", fullmatch=True))
def test_the_first_text_of_every_shape_matches(pattern):
    for shape in shapes(pattern):
        assert re.fullmatch(pattern, bytes(allowed[0] for allowed in shape.positions).decode())


def test_a_simple_pattern_has_digits_and_letters_in_it():
    shape = simple("#%-?ü", b"xy")
    assert (shape.length, shape.size) == (6, 10 * 9 * 2)
    assert {"01-xü", "99-yü"} <= set(texts(shape)) and "00-xü" not in texts(shape)

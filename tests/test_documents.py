"""JSON read and written back, exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy import documents

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("digits", ["1.50", "0.1000000000000000055511151231257827", "-0.0", "1e400", "9" * 40])
def test_a_number_keeps_its_digits(digits):
    assert documents.write(documents.read(f'{{"price": {digits}}}')) == f'{{"price": {digits}}}'


@given(VALUES)
def test_a_document_comes_back_as_it_was(value):
    for compact in (False, True):
        text = documents.write(value, compact=compact)
        assert documents.read(text) == value
        assert documents.write(documents.read(text), compact=compact) == text


def test_keys_keep_their_order_and_the_last_of_two_counts():
    assert documents.write(documents.read('{"b": 1, "a": 2, "b": 3}')) == '{"b": 3, "a": 2}'


def test_halves_of_characters_stay_escapes():
    text = '{"half": "\\ud83d"}'
    assert documents.write(documents.read(text), escaped=True) == text


@pytest.mark.parametrize("text", ["", "{", "NaN", '{"a": Infinity}', "[" * 100_000])
def test_what_is_no_json_is_a_value_error(text):
    with pytest.raises(ValueError):  # noqa: PT011  # its text is of no use to anybody
        documents.read(text)

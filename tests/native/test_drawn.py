"""Random bits as texts, against the same said of one text at a time."""

import re
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from understudy.native.drawn import bared, filled, letters, recased, spaced

ALPHABET = b"abcdefghijklmnopqrstuvwxyz234567"
WORDS = st.integers(0, 2**64 - 1)
PATTERNS = st.text("#@ -A1", max_size=14)


def words(numbers):
    return np.array(numbers, np.uint64)


def as_bytes(text):
    return np.frombuffer(text, np.uint8)


def cut(data, offsets):
    return [bytes(data[first:last]) for first, last in pairwise(offsets)]


def spans(texts):
    return as_bytes(b"".join(texts)), np.cumsum([0, *map(len, texts)])


@given(st.lists(st.tuples(WORDS, WORDS), max_size=4), st.integers(1, 24))
def test_every_five_bits_are_a_character(drawn, count):
    made = letters(words([word for pair in drawn for word in pair]), count, as_bytes(ALPHABET)).reshape(-1, count)
    for row, (first, second) in zip(made, drawn, strict=True):
        pairs = [word >> 10 * pair & 1023 for word in (second, first) for pair in range(6)]
        told = bytes(ALPHABET[half] for pair in pairs for half in (pair >> 5, pair & 31))
        assert bytes(row) == told[:count]


@given(st.lists(PATTERNS, min_size=1, max_size=4), st.lists(st.tuples(st.integers(0, 3), WORDS), max_size=6))
def test_open_places_are_filled_and_all_else_stays(patterns, rows):
    table = np.zeros((len(patterns), 16), np.uint8)
    for number, pattern in enumerate(patterns):
        table[number, : len(pattern)] = list(pattern.encode())
    which = [number % len(patterns) for number, _ in rows]
    made = cut(*filled(table.reshape(-1), 16, np.array(which, np.int64), words([word for _, word in rows])))
    for number, (_, word), text in zip(which, rows, made, strict=True):
        bits = [word >> 6 * (place % 10) & 63 for place in range(len(patterns[number]))]
        told = [
            {"#": str(some * 10 >> 6), "@": chr(ord("A") + (some * 26 >> 6))}.get(character, character)
            for character, some in zip(patterns[number], bits, strict=True)
        ]
        assert text.decode() == "".join(told)


@given(st.lists(st.tuples(st.text("azAZ5.é", max_size=40), WORDS, WORDS, st.booleans()), max_size=5))
def test_bits_say_which_letters_become_capitals(some):
    data, offsets = spans([text.encode() for text, *_ in some])
    rows = np.flatnonzero([chosen for *_, chosen in some])
    random = words([word for _, *pair, chosen in some if chosen for word in pair])
    made = cut(recased(data, offsets, rows, random), offsets)
    for (text, *pair, chosen), found in zip(some, made, strict=True):
        bits = np.unpackbits(words(pair).view(np.uint8))
        told = [bytes([byte]) for byte in text.encode()]
        told = [one.upper() if bit and chosen else one for one, bit in zip(told, bits, strict=False)]
        assert found == b"".join(told)


def test_of_chosen_texts_only_what_is_kept_is_left():
    table = np.zeros(256, np.uint8)
    table[list(b"+0123456789")] = 1
    texts = [b"+1 (2)", b"+1 (2)", b"", "é3".encode()]
    made = cut(*bared(*spans(texts), np.array([True, False, True, True]), table))
    assert made == [b"+12", b"+1 (2)", b"", b"3"]


@given(st.lists(st.text("ab1 -._é", max_size=12), max_size=6))
def test_what_is_not_kept_becomes_one_joint_between_the_rest(texts):
    table = np.zeros(256, np.uint8)
    table[list(b"ab1")] = 1
    made = cut(*spaced(*spans([text.encode() for text in texts]), table, ord("_")))
    assert [text.decode() for text in made] == [re.sub("[^ab1]+", "_", text).strip("_") for text in texts]

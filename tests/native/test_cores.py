"""Letters and digits among other characters, against the same said of one text at a time."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from understudy.native.cores import counted, modulo_97, told, written

CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
VALUE = np.array([CHARACTERS.find(chr(byte).upper()) if byte < 0x80 else -1 for byte in range(256)]).astype(np.uint8)
LETTERS = np.frombuffer(CHARACTERS.encode(), np.uint8)


def held(text):
    return [CHARACTERS.index(character.upper()) for character in text if character.upper() in CHARACTERS]


def exchanged(text, made):
    values = iter(made)
    out = ""
    for character in text:
        if character.upper() in CHARACTERS:
            other = CHARACTERS[next(values)]
            out += other.lower() if character.islower() else other
        else:
            out += character
    return out


@given(st.lists(st.text("aZ09 -.z", max_size=12), max_size=8), st.data())
def test_letters_and_digits_are_read_and_written_where_they_stand(texts, data):
    whole = np.frombuffer("".join(texts).encode(), np.uint8)
    offsets = np.cumsum([0, *map(len, texts)])
    counts = counted(whole, offsets, VALUE)
    assert counts.tolist() == [len(held(text)) for text in texts]
    first, made, wanted = np.full(len(texts), -1), [], list(texts)
    for length in set(counts.tolist()):
        rows = np.flatnonzero(counts == length)
        found = told(whole, offsets, rows, length, VALUE, VALUE).reshape(length, len(rows)).T
        assert found.tolist() == [held(texts[row]) for row in rows]
        if data.draw(st.booleans()):
            for row in rows:
                first[row] = len(made)
                some = data.draw(st.lists(st.integers(0, 35), min_size=length, max_size=length))
                wanted[row] = exchanged(texts[row], some)
                made += some
    out = written(whole, offsets, first, np.array(made, np.uint8), VALUE, LETTERS)
    assert [bytes(out[start:end]).decode() for start, end in pairwise(offsets)] == wanted


@given(st.lists(st.text(CHARACTERS, min_size=30, max_size=30), max_size=4), st.lists(st.integers(0, 29), max_size=60))
def test_the_remainder_is_that_of_the_number_that_is_written(texts, places):
    values = np.array([[CHARACTERS.index(character) for character in text] for text in texts], np.uint8)
    found = modulo_97(values.reshape(-1, 30).T.ravel(), len(texts), np.array(places, np.int64))
    wanted = ["".join(str(CHARACTERS.index(text[place])) for place in places) for text in texts]
    assert found.tolist() == [int("0" + digits) % 97 for digits in wanted]

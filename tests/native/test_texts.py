"""Parts of texts taken out and put in."""

from itertools import pairwise

import numpy as np

from understudy.native.texts import distinct, exchanged, filled, taken

DATA = np.frombuffer(b"one two three", np.uint8)


def places(*numbers):
    return np.array(numbers, np.int64)


def cut(data, offsets):
    return [bytes(data[first:last]) for first, last in pairwise(offsets)]


def test_parts_are_taken_in_any_order_and_may_overlap():
    assert cut(*taken(DATA, places(4, 0, 2), places(7, 7, 2))) == [b"two", b"one two", b""]
    assert cut(*taken(DATA, places(), places())) == []


def test_parts_are_exchanged_and_all_around_them_stays():
    texts = places(0, 4, 8, 8, 13)  # "one ", "two ", "", "three"
    made = np.frombuffer(b"XYZ!", np.uint8)
    found = exchanged(
        DATA,
        texts,
        places(0, 1, 1, 3),
        places(0, 4, 6, 9),
        places(3, 5, 6, 13),
        made,
        places(0, 1, 1, 3),
        places(1, 1, 3, 4),
    )
    assert cut(*found) == [b"X ", b"wYZo ", b"", b"t!"]


def test_texts_that_start_behind_others_are_taken_alone():
    found = exchanged(DATA, places(4, 8, 13), places(1), places(8), places(9), DATA[:3], places(0), places(3))
    assert cut(*found) == [b"two ", b"onehree"]


def test_parts_are_filled_with_as_many_bytes_from_anywhere():
    made = np.frombuffer(b"VWXYZ", np.uint8)
    assert bytes(filled(DATA, places(4, 0, 13), places(7, 1, 13), made, places(2, 0, 5))) == b"Vne XYZ three"
    assert bytes(DATA) == b"one two three"


def test_parts_that_are_the_same_have_one_number():
    data = np.frombuffer(b"abcabcab", np.uint8)
    which, first = distinct(data, places(0, 3, 0, 6, 2, 5), places(3, 6, 2, 8, 2, 5))
    assert (which.tolist(), first.tolist()) == ([0, 0, 1, 1, 2, 2], [0, 2, 4])
    which, first = distinct(data, places(), places())
    assert (which.tolist(), first.tolist()) == ([], [])

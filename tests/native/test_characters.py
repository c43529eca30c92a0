"""Digits, letters and what is outside ASCII, found in texts."""

import numpy as np
import pyarrow as pa
import pytest

from understudy.arrow import own_spans
from understudy.native.characters import classes, runs


@pytest.mark.parametrize("wide", [True, False])
def test_every_class_is_found_where_it_stands_and_counted(wide):
    texts = ["a1 B", "", "é9", "日", "-"]
    data, offsets = own_spans(pa.array(texts))
    *places, digits, letters, lasts = classes(data, offsets, wide)
    assert [bytes(data[some]) for some in places[:2]] == [b"19", b"aB"]
    assert bytes(data[places[2]]) == ("é".encode()[-1:] + "日".encode()[-1:] if wide else b"")
    assert (digits.tolist(), letters.tolist()) == ([1, 0, 1, 0, 0], [2, 0, 0, 0, 0])
    assert lasts.tolist() == ([0, 0, 1, 1, 0] if wide else [0] * 5)


def test_runs_of_places_stand_beside_one_another():
    places = np.array([3, 5, 8, 9, 12], np.int64)
    found = runs(places, np.array([0, 2, 1], np.int64), np.array([2, 0], np.int64), 3)
    assert found.reshape(3, 2).T.tolist() == [[5, 8, 9], [3, 5, 8]]

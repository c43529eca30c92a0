"""Pieces of texts on their way through the network."""

import numpy as np

from understudy.native.network import placed

DATA = np.frombuffer(b"one two three", np.uint8)


def test_bytes_of_pieces_are_put_where_they_stood():
    where, made = np.array([0, 2, 4, 12], np.int32), np.frombuffer(b"WXYZ", np.uint8)
    found = placed(DATA, where, np.array([0, 1, 1, 4]), made, np.array([3, 0, 0]))
    assert bytes(found) == b"ZnW Xwo threY"
    assert bytes(DATA) == b"one two three"

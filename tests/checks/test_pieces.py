"""Cutting texts over their bytes gives what splitting them one by one gives."""

import re

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from understudy.checks.originals import Wanted
from understudy.checks.pieces import pieces

LEAST = 3
texts = st.lists(st.text(alphabet='ab@7 "{},é', max_size=14), max_size=6)


def one_by_one(values: list[str], separators: str, wanted: Wanted) -> list[str]:
    """What ``pieces`` promises, in plain Python."""
    found = []
    for piece in (piece for value in values for piece in re.split(f"[{re.escape(separators)}]", value)):
        length = min(len(piece.encode()), 255)
        whole = wanted.lengths is not None and bool(wanted.lengths[length])
        number = wanted.digits and length >= LEAST and any(letter.isdigit() for letter in piece)
        if whole or number or (wanted.emails and "@" in piece):
            found.append(piece)
    return found


@given(
    texts, st.sampled_from(['"', '"{},']), st.booleans(), st.booleans(), st.sets(st.integers(0, 9)), st.integers(0, 3)
)
def test_pieces_are_those_of_a_plain_split(values, separators, emails, digits, lengths, skipped):
    chosen = np.zeros(256, bool)
    chosen[list(lengths)] = True
    wanted = Wanted(emails, digits, chosen if lengths else None)
    found = pieces(pa.array(values, pa.string()).slice(skipped), separators, wanted, least_digits=LEAST)
    assert found.to_pylist() == one_by_one(values[skipped:], separators, wanted)

"""Texts put together of pieces, against Python's own."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from understudy.transforms.joined import joined

TEXTS = st.text(max_size=40)


@st.composite
def pieces(draw):
    """Pieces of some rows, and what they are in each."""
    rows = draw(st.integers(0, 20))
    made, told = [], []
    for kind in [*draw(st.lists(st.sampled_from(["same", "each", "taken"]), max_size=5)), "each"]:
        if kind == "same":
            made.append(draw(TEXTS))
            told.append([made[-1]] * rows)
        elif kind == "each":
            told.append(draw(st.lists(TEXTS, min_size=rows + 1, max_size=rows + 1)))
            made.append(pa.array(told[-1], pa.string())[1:])  # where texts start behind others, too
            told[-1] = told[-1][1:]
        else:
            table = draw(st.lists(TEXTS, min_size=1, max_size=30))
            places = draw(st.lists(st.integers(0, len(table) - 1), min_size=rows, max_size=rows))
            made.append((pa.array(table, pa.string()), np.array(places, np.int64)))
            told.append([table[place] for place in places])
    return made, ["".join(row) for row in zip(*told, strict=True)]


@given(pieces())
def test_pieces_stand_one_after_another_in_every_row(some):
    made, told = some
    whole = joined(*made)
    whole.validate(full=True)
    assert whole.to_pylist() == told

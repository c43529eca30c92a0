"""Pieces of secrets, against the same said of one text at a time."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from understudy.native.secrets import KEPT, pieces, unlike

MARKS = np.array([byte in b"$." for byte in range(256)], np.uint8)
USES = np.array([0 if byte in b"01" else 1 if byte in b"ab" else 2 if byte in b"AB" else 4 for byte in range(256)])
LEAST = 3
TEXTS = st.lists(st.tuples(st.text("01abABx$.", max_size=12), st.integers(0, 12)), max_size=6)


def found(texts):
    """The offsets of texts, the bounds of their pieces and what these are written in."""
    data = np.frombuffer("".join(text for text, _ in texts).encode(), np.uint8)
    offsets = np.cumsum([0, *(len(text) for text, _ in texts)])
    begins = offsets[:-1] + [min(kept, len(text)) for text, kept in texts]
    return offsets, *pieces(data, offsets, begins, MARKS, USES.astype(np.uint8), LEAST)


def told(text, kept):
    """For every character of a text, the piece it is in and what that is written in."""
    out, piece = [], 0
    for place, character in enumerate(text):
        if place and (place == kept or character in "$." or text[place - 1] in "$."):
            piece += 1
        out.append(piece)
    written = []
    for place, piece in enumerate(out):
        some = [character for character, other in zip(text, out, strict=True) if other == piece]
        needed = int(np.bitwise_or.reduce([USES[ord(character)] for character in some]))
        written.append(KEPT if place < kept else needed if needed <= 2 and len(some) >= LEAST else 0)
    return out, written


@given(TEXTS)
def test_texts_are_cut_at_marks_and_where_they_begin(texts):
    offsets, bounds, written = found(texts)
    every = np.repeat(written, np.diff(bounds))
    cuts = set(bounds.tolist())
    for (text, kept), start in zip(texts, offsets, strict=False):
        parts, needed = told(text, kept)
        assert every[start : start + len(text)].tolist() == needed
        starts = [place for place in range(len(text)) if place == 0 or parts[place] != parts[place - 1]]
        assert sorted(cuts & set(range(start, start + len(text)))) == [start + place for place in starts]


@given(TEXTS, st.data())
def test_texts_are_unlike_where_a_byte_is_in_a_piece_written_otherwise(texts, data):
    others = [(data.draw(st.text("01abABx$.", min_size=len(text), max_size=len(text))), kept) for text, kept in texts]
    offsets, *own = found(texts)
    _, *other = found(others)
    wanted = [told(*one)[1] != told(*two)[1] for one, two in zip(texts, others, strict=True)]
    assert unlike(offsets, *own, *other).tolist() == wanted

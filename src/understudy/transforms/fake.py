"""How every fake is made: drawn by a key, taken from a table, cut to the column, and never equal to the original."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.native import drawn as native
from understudy.transforms.characters import text_array
from understudy.transforms.declare import Change, Rows, Setting
from understudy.transforms.draws import by_value
from understudy.transforms.prf import Words, spans

Make = Callable[..., pa.Array]
"""128 random bits per row (n, 2), and whatever else was read of the rows, to a text per row."""

Read = Callable[[pa.Array, Rows], tuple[NDArray[Any], ...]]
"""What else is read of the originals and their rows: arrays of a number per row."""

REDRAWS = 8
"""How often a fake that equals its original is drawn again; with 150 names, 8 equal ones in a row are unheard of."""

_SPACE = " \t\n\v\f\r"
_ODD = np.uint64(0x9E3779B97F4A7C15)
_ALPHABET = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", np.uint8)


def folded(values: pa.Array) -> pa.Array:
    """Texts as people compare them: without surrounding space, in lower case."""
    return lowered(pc.ascii_trim(values, characters=_SPACE))


def lowered(values: pa.Array) -> pa.Array:
    """Texts in lower case."""
    data, offsets = spans(values)
    ascii_only = data[offsets[0] : offsets[-1]].max(initial=0) < 0x80
    return (pc.ascii_lower if ascii_only else pc.utf8_lower)(values)  # the same for ASCII, and several times as fast


def _nothing(_originals: pa.Array, _rows: Rows) -> tuple[NDArray[Any], ...]:
    return ()


def faked(setting: Setting, name: str, make: Make, *, family: str = "", read: Read = _nothing) -> Change:
    """The Change that puts a fake in the place of every text that is not blank; names as in ``by_value``.

    A fake drawn by its original is never equal to it.  One drawn by a subject may be, by chance, and
    that tells nothing; drawn again, it would no longer be of the same person as the subject's others.
    """
    draw = by_value(setting, name, family=family)
    limit = setting.place.column.max_length
    per = setting.place.subject

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        originals = folded(values)
        words = draw(originals, rows)
        more = read(values, rows)
        made = cut(make(words, *more), limit)
        drawn_by_itself = None if per is None else rows.original(per).is_null()
        for _ in range(REDRAWS):
            if drawn_by_itself is not None and not drawn_by_itself.true_count:
                break
            same = pc.fill_null(pc.equal(folded(made), originals), False)
            same = same if drawn_by_itself is None else pc.and_(same, drawn_by_itself)
            if not same.true_count:
                break
            again = same.to_numpy(zero_copy_only=False)
            words[again] = words[again][:, ::-1] * _ODD
            made = pc.replace_with_mask(made, same, cut(make(words[again], *(one[again] for one in more)), limit))
        return keep_blank(values, originals, made)

    return change


def cut(texts: pa.Array, limit: int | None) -> pa.Array:
    """Texts of at most so many characters."""
    if limit is None or (pc.max(pc.binary_length(texts)).as_py() or 0) <= limit:  # no text has more of them than bytes
        return texts
    return pc.utf8_slice_codeunits(texts, 0, limit)


def keep_blank(values: pa.Array, originals: pa.Array, made: pa.Array) -> pa.Array:
    """A text without a character says nothing about anybody, so it stays what it is."""
    blank = pc.fill_null(pc.equal(originals, ""), False)
    return pc.if_else(blank, values, made) if blank.true_count else made


def characters(words: Words, count: int) -> NDArray[np.uint8]:
    """Random letters and digits (n, count) of five bits each, at most 12 from either word, the second word first."""
    return native.letters(words.reshape(-1), count, _ALPHABET).reshape(len(words), count)


def same_width(rows: NDArray[np.uint8]) -> pa.Array:
    """Texts of equal length from their bytes (n, length)."""
    return text_array(np.ascontiguousarray(rows).reshape(-1), np.arange(len(rows) + 1) * rows.shape[1])

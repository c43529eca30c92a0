"""Where a text names what other columns of its row hold: a person's own names, address or number.

Every row has needles of its own.  They are compared with the text at the start of every word, eight bytes
at a time and all rows together; case does not matter, and a word has to end where the needle ends.  Scripts
without spaces between words are compared at every character.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.arrow import spans
from understudy.entities import ordinary

Numbers = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

LEAST = 2
"""Characters that a needle has at least: a single letter is in every text."""

_KEEP = np.array([(1 << 8 * count) - 1 for count in range(8)] + [2**64 - 1], np.uint64)  # the first bytes of eight
_SCRIPTS = np.array([0x0E00, 0x0F00, 0x1780, 0x1800, 0x3040, 0xA000, 0xAC00, 0xD7B0])  # starts and ends, in turn
_UNSPACED = np.arange(len(_SCRIPTS) + 1) % 2 == 1
"""Thai and Lao, Khmer, Japanese and Chinese, Korean: whether the characters between two of these join words."""

_WORD = np.zeros(256, bool)
_WORD[[*b"0123456789_", *range(ord("A"), ord("Z") + 1), *range(ord("a"), ord("z") + 1), *range(0x80, 0x100)]] = True


@dataclass(frozen=True)
class Named:
    """A column as it was and as it is after masking, for every row of texts."""

    before: pa.Array
    after: pa.Array


@dataclass(frozen=True)
class Mentions:
    """Parts of texts that name the row's own values, and what stands for them; they may overlap."""

    row: Numbers
    start: Numbers
    """In bytes, from where the row's text starts."""
    end: Numbers
    after: pa.Array
    """What is to stand there; null where the column was emptied."""


def mentions(texts: pa.Array, columns: Sequence[Named]) -> Mentions:
    """Every mention of the values of some columns, or of a word of them, in the text of their own row."""
    if not columns:
        nowhere = np.zeros(0, np.int64)
        return Mentions(nowhere, nowhere, nowhere, pa.array([], pa.string()))
    text = _Text(texts)
    found: list[tuple[Numbers, Numbers, Numbers]] = []
    after: list[pa.Array] = []
    for column in columns:
        for before, instead in _needles(column):
            row, start, end = text.find(before)
            if len(row):
                there = pa.array(row)
                found.append((row, start - text.offsets[row], end - text.offsets[row]))
                after.append(text.instead(before.take(there), instead.take(there), start, end))
    row, start, end = (np.concatenate([one[field] for one in found] or [np.zeros(0, np.int64)]) for field in range(3))
    return Mentions(row, start, end, pa.concat_arrays(after) if after else pa.array([], pa.string()))


def _needles(column: Named) -> Iterator[tuple[pa.Array, pa.Array]]:
    """What to look for and what stands for it: the value, and of several words each.

    The first word stands for the first and the last for the last; words between them become the first.
    """
    before, after = pc.utf8_trim_whitespace(column.before), pc.utf8_trim_whitespace(column.after)
    yield before, after
    words, instead = pc.utf8_split_whitespace(before), pc.utf8_split_whitespace(after)
    named = pc.invert(pc.match_substring_regex(before, "[0-9@]"))  # parts of numbers and addresses are nobody
    count = pc.if_else(pc.fill_null(named, False), pc.list_value_length(words), 0)
    if pc.max(count).as_py() in (None, 0, 1):
        return
    first, last = _word(instead, 0), _word(instead, -1)
    for place, stand_in, least in ((0, first, 2), (-1, last, 2), (1, first, 3), (2, first, 4)):
        several = pc.greater_equal(count, least)
        if several.true_count:
            yield pc.if_else(several, _word(words, place), None), stand_in


def _word(words: pa.Array, place: int) -> pa.Array:
    """The word at one place of every list, from the end where it is negative; null where there is none."""
    offsets = words.offsets.to_numpy(zero_copy_only=False).astype(np.int64)
    at = offsets[1:] + place if place < 0 else offsets[:-1] + place
    inside = (at >= offsets[:-1]) & (at < offsets[1:])
    return words.values.take(pa.array(np.where(inside, at, 0), mask=~inside))


class _Text:
    """Texts prepared for being searched: folded, with the places where words start."""

    def __init__(self, texts: pa.Array) -> None:
        plain, offsets = spans(texts)
        self.plain = np.ascontiguousarray(plain[offsets[0] : offsets[-1]])
        self.offsets = offsets - offsets[0]
        self.windows = _windows(_folded(texts))
        letters, self.alone = _letters(self.plain)
        starts = self.plain > ord(" ")
        starts[1:] &= ~letters[:-1]
        edges = self.offsets[:-1][self.offsets[:-1] < len(starts)]
        starts[edges] = True  # whatever the row before ends with
        self.starts = np.flatnonzero(starts | self.alone)
        self.counts = np.diff(np.searchsorted(self.starts, self.offsets))
        self.heads = self.windows[self.starts]
        self.breaks = np.append(~letters | self.alone, True)
        """Where a word may have ended right before."""

    def find(self, needles: pa.Array) -> tuple[Numbers, Numbers, Numbers]:
        """Row, start and end, in all texts together, of every place where a row's needle is."""
        usable = pc.fill_null(pc.greater_equal(pc.utf8_length(needles), LEAST), False)
        data, offsets = spans(pc.fill_null(pc.utf8_lower(pc.replace_substring(needles, "İ", "ı")), ""))
        windows = _windows(data)
        length = np.where(usable.to_numpy(zero_copy_only=False), np.diff(offsets), 0)
        keep = _KEEP[np.minimum(length, 8)]
        same = (self.heads & np.repeat(keep, self.counts)) == np.repeat(windows[offsets[:-1]] & keep, self.counts)
        same &= np.repeat(length > 0, self.counts)
        start = self.starts[same]
        row = np.searchsorted(self.offsets, start, side="right") - 1
        end = start + length[row]
        kept = end <= self.offsets[row + 1]
        row, start, end = row[kept], start[kept], end[kept]
        for step in range(8, int((end - start).max(initial=0)), 8):
            left = np.clip(end - start - step, 0, 8)
            here, there = np.where(left, start + step, 0), np.where(left, offsets[row] + step, 0)
            kept = (self.windows[here] & _KEEP[left]) == (windows[there] & _KEEP[left])
            row, start, end = row[kept], start[kept], end[kept]
        kept = self._ends(row, end) & ~self._is_word(needles, row, start)
        return row[kept], start[kept], end[kept]

    def _ends(self, row: Numbers, end: Numbers) -> Mask:
        """Whether a word may end there."""
        ends: Mask = self.breaks[end] | (end == self.offsets[row + 1])
        if self.alone.any():
            leads = np.maximum.accumulate(np.where((self.plain & 0xC0) != 0x80, np.arange(len(self.plain)), 0))
            ends |= self.alone[leads[end - 1]]
        return ends

    def _is_word(self, needles: pa.Array, row: Numbers, start: Numbers) -> Mask:
        """Whether it is an ordinary word there, written as such: the name Will in "he will"."""
        small: Mask = (self.plain[start] >= ord("a")) & (self.plain[start] <= ord("z"))
        small &= ordinary(pc.utf8_lower(needles.take(pa.array(row)))).to_numpy(zero_copy_only=False)
        return small

    def instead(self, before: pa.Array, after: pa.Array, start: Numbers, end: Numbers) -> pa.Array:
        """Stand-ins, in capitals where the text is and the original was not."""
        written = _cut(self.plain, start, end)
        loud = pc.and_(pc.utf8_is_upper(written), pc.and_(pc.not_equal(written, before), pc.not_equal(after, "")))
        return pc.if_else(loud, pc.utf8_upper(after), after) if loud.true_count else after


def _folded(texts: pa.Array) -> Bytes:
    """The bytes of texts in lower case, each at its place; beyond ASCII only where no letter gets longer by it."""
    lower = pc.utf8_lower(pc.replace_substring(texts, "İ", "ı"))
    same = pc.equal(pc.binary_length(lower), pc.binary_length(texts))
    data, offsets = spans(pc.fill_null(pc.if_else(same, lower, pc.ascii_lower(texts)), ""))
    return np.ascontiguousarray(data[offsets[0] : offsets[-1]])


def _windows(data: Bytes) -> NDArray[np.uint64]:
    """Every eight bytes as one number, zeros after the end."""
    padded = np.concatenate([data, np.zeros(8, np.uint8)])
    return np.ndarray((len(data) + 1,), np.uint64, padded, strides=(1,))


def _letters(data: Bytes) -> tuple[Mask, Mask]:
    """Which bytes are of words, and which start a letter of a script that puts no space between words."""
    word = _WORD[data]
    alone = np.zeros(len(data), bool)
    if data.max(initial=0) < 0x80:
        return word, alone
    padded = np.append(data, np.zeros(2, np.uint8)).astype(np.int64) & 0x3F
    for first, last, length, mask in ((0xC2, 0xDF, 2, 0x1F), (0xE0, 0xEF, 3, 0x0F)):
        lead = np.flatnonzero((data >= first) & (data <= last))
        code = padded[lead] & mask
        for step in range(1, length):
            code = code << 6 | padded[lead + step]
        word[lead[:, None] + np.arange(length)] = _of_words()[code][:, None]
        alone[lead] = _of_words()[code] & _UNSPACED[np.searchsorted(_SCRIPTS, code, side="right")]
    return word, alone


@cache
def _of_words() -> Mask:
    """For every character of the basic plane, whether it is a part of words: a letter, a digit or a mark on one."""
    return np.array([chr(code).isalnum() or unicodedata.category(chr(code))[0] == "M" for code in range(1 << 16)])


def _cut(data: Bytes, start: Numbers, end: Numbers) -> pa.Array:
    """Parts of one text."""
    bounds = np.stack([start, end], axis=1).reshape(-1)
    pieces = pa.Array.from_buffers(
        pa.large_string(), max(len(bounds) - 1, 0), [None, pa.py_buffer(bounds), pa.py_buffer(data)]
    )
    return pieces.take(pa.array(np.arange(0, len(bounds), 2))).cast(pa.string())

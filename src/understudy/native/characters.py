"""Digits, letters and what is outside ASCII, found in texts byte by byte; see ``transforms.characters``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import kernel

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]

DIGIT, LETTER, LAST, OTHER = range(4)
"""The classes of bytes: a digit, a letter, the last byte of a character outside ASCII, and all others."""

_KINDS = np.full(256, OTHER, np.uint8)
_KINDS[list(b"0123456789")] = DIGIT
_KINDS[[*range(ord("a"), ord("z") + 1), *range(ord("A"), ord("Z") + 1)]] = LETTER


@kernel
def classes(data: Bytes, offsets: Places, wide: bool) -> tuple[Places, Places, Places, Places, Places, Places]:
    """Where digits, letters and last bytes stand, and how many of each every text has; no last bytes if not wide."""
    digits, letters, lasts = (
        np.empty(len(data), np.int64),
        np.empty(len(data), np.int64),
        np.empty(len(data), np.int64),
    )
    rows = len(offsets) - 1
    digit_counts, letter_counts, last_counts = (
        np.zeros(rows, np.int64),
        np.zeros(rows, np.int64),
        np.zeros(rows, np.int64),
    )
    digit = letter = last = 0
    for row in range(rows):
        before, before_letter, before_last = digit, letter, last
        for place in range(offsets[row], offsets[row + 1]):
            byte = data[place]
            kind = _KINDS[byte]
            if kind == DIGIT:
                digits[digit] = place
                digit += 1
            elif kind == LETTER:
                letters[letter] = place
                letter += 1
            elif wide and byte & 0xC0 == 0x80 and (place + 1 == len(data) or data[place + 1] & 0xC0 != 0x80):
                lasts[last] = place
                last += 1
        digit_counts[row], letter_counts[row], last_counts[row] = (
            digit - before,
            letter - before_letter,
            last - before_last,
        )
    return digits[:digit], letters[:letter], lasts[:last], digit_counts, letter_counts, last_counts


@kernel
def runs(places: Places, first: Places, rows: Places, count: int) -> Places:
    """So many places from the first one of every row on: the first ones of all rows, then the second ones, ..."""
    out = np.empty(count * len(rows), np.int64)
    for number in range(len(rows)):
        start = np.uint64(first[rows[number]])
        for place in range(count):
            out[place * len(rows) + number] = places[start + np.uint64(place)]
    return out

"""Texts of random bits: as characters, in patterns, as capitals among small letters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import kernel

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Words = NDArray[np.uint64]
Mask = NDArray[np.bool_]

_PER_WORD = 12  # characters, in pairs whose first has the higher bits
_SMALL = np.uint8(ord("a"))
_DIGIT, _CAPITAL = ord("#"), ord("@")  # open places of a pattern


@kernel
def letters(random: Words, count: int, alphabet: Bytes) -> Bytes:
    """So many characters of an alphabet of 32 for every two words, from the second word first."""
    rows = len(random) // 2
    out = np.empty(rows * count, np.uint8)
    for row in range(rows):
        for place in range(count):
            word = random[2 * row + 1 - place // _PER_WORD]
            bits = word >> np.uint64(5 * ((place ^ 1) % _PER_WORD)) & np.uint64(31)
            out[row * count + place] = alphabet[bits]
    return out


@kernel
def filled(patterns: Bytes, width: int, which: Places, random: Words) -> tuple[Bytes, Places]:
    """For every word one of some patterns without its zeros, open places drawn by it; and the n + 1 offsets.

    ``#`` is open to digits and ``@`` to capitals, by six bits each; those of ten places in a row differ.
    """
    out, offsets = np.empty(len(which) * width, np.uint8), np.empty(len(which) + 1, np.int64)
    at = 0
    for row in range(len(which)):
        offsets[row] = at
        for place in range(width):
            byte = patterns[which[row] * width + place]
            bits = random[row] >> np.uint64(6 * (place % 10)) & np.uint64(63)
            if byte == _DIGIT:
                byte = np.uint8(48 + (bits * np.uint64(10) >> np.uint64(6)))
            elif byte == _CAPITAL:
                byte = np.uint8(65 + (bits * np.uint64(26) >> np.uint64(6)))
            if byte:
                out[at] = byte
                at += 1
    offsets[len(which)] = at
    return out[:at], offsets


@kernel
def recased(data: Bytes, offsets: Places, rows: Places, random: Words) -> Bytes:
    """The bytes with small letters of some rows as capitals where bits say so: two words for each, of up to 128."""
    out = data.copy()
    for number in range(len(rows)):
        start = offsets[rows[number]]
        for place in range(offsets[rows[number] + 1] - start):
            word = random[2 * number + place // 64]
            bit = word >> np.uint64(place % 64 ^ 7) & np.uint64(1)  # of every byte, the highest first
            small = np.uint64(np.uint8(data[start + place] - _SMALL) < 26)
            out[start + place] ^= np.uint8((bit & small) << np.uint64(5))  # a branch on random bits would take longer
    return out


@kernel
def bared(data: Bytes, offsets: Places, chosen: Mask, kept: Bytes) -> tuple[Bytes, Places]:
    """The bytes of texts, of the chosen ones only those that are not 0 in a table of 256; and their n + 1 offsets."""
    out, ends = np.empty(len(data), np.uint8), np.empty(len(offsets), np.int64)
    at = 0
    for row in range(len(chosen)):
        ends[row] = at
        for byte in data[offsets[row] : offsets[row + 1]]:
            out[at] = byte
            at += not chosen[row] or kept[byte] > 0
    ends[len(chosen)] = at
    return out[:at], ends


@kernel
def spaced(data: Bytes, offsets: Places, kept: Bytes, joint: int) -> tuple[Bytes, Places]:
    """The bytes of texts that are not 0 in a table of 256, a joint for those between them; and their n + 1 offsets."""
    out, ends = np.empty(len(data), np.uint8), np.empty(len(offsets), np.int64)
    at = 0
    for row in range(len(offsets) - 1):
        ends[row] = at
        gap = False
        for byte in data[offsets[row] : offsets[row + 1]]:
            if kept[byte]:
                if gap and at > ends[row]:
                    out[at] = joint
                    at += 1
                out[at] = byte
                at += 1
            gap = not kept[byte]
    ends[len(offsets) - 1] = at
    return out[:at], ends

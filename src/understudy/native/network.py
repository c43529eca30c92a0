"""The rounds of a Feistel network over pieces of texts, but for AES, which draws between them.

A piece is a run of numerals, each below its own radix.  Its left half has as many as its right one or one
fewer; every eight of a half that changes are drawn from one block of AES.  See ``transforms.pieces``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import kernel

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Words = NDArray[np.uint64]

PER_BLOCK = 8
"""Numerals drawn from one block."""

SHORT = 13
"""Numerals of a half that fit one block beside the length of the piece, the round and a counter."""


@kernel
def changing(
    data: Bytes, offsets: Places, stay: NDArray[np.bool_], weight: Bytes
) -> tuple[NDArray[np.int32], Bytes, Places, Places]:
    """The bytes of pieces that change, and where they stand; n + 1 bounds of pieces among them, and their weights.

    Those are the bytes with a weight that are not to stay, of a character outside ASCII only the last.
    Pieces with nothing to change are left out.
    """
    places, found = np.empty(len(data), np.int32), np.empty_like(data)
    bounds, weights = np.zeros(len(offsets), np.int64), np.zeros(len(offsets), np.int64)
    count = pieces = 0
    for piece in range(len(offsets) - 1):
        for place in range(offsets[piece], offsets[piece + 1]):
            byte = data[place]
            if weight[byte] == 0 or (len(stay) and stay[place]):
                continue
            if byte & 0xC0 == 0x80 and place + 1 < len(data) and data[place + 1] & 0xC0 == 0x80:
                continue
            places[count], found[count] = place, byte
            weights[pieces] += weight[byte]
            count += 1
        if count > bounds[pieces]:
            pieces += 1
            bounds[pieces] = count
    return places[:count], found[:count], bounds[: pieces + 1], weights[:pieces]


@kernel
def sums(numerals: Bytes, bounds: Places, chosen: Places, right: bool, keys: Words) -> Words:
    """Two sums of keyed products of 32 bits for one half of chosen pieces, two keys for every eight numerals.

    NH: Black and others, "UMAC" (1999); equal once in 2^64 times.
    """
    out = np.zeros(2 * len(chosen), np.uint64)
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    for piece in range(len(chosen)):
        start, end = bounds[chosen[piece]], bounds[chosen[piece] + 1]
        middle = start + (end - start) // 2
        first, last = (middle, end) if right else (start, middle)
        for block in range((last - first + 7) // 8):
            some = numerals[first + 8 * block : min(first + 8 * block + 8, last)]
            word = np.uint64(0)
            for number in range(len(some)):
                word |= np.uint64(some[number]) << np.uint64(8 * number)
            for side in range(2):
                key = keys[2 * block + side]
                out[2 * piece + side] += (((word & low) + (key & low)) & low) * (((word >> half) + (key >> half)) & low)
    return out


@kernel
def messages(numerals: Bytes, bounds: Places, right: bool, turn: int, told: Words) -> Words:
    """The blocks to draw from, two words each, for a round that changes the right or the left half of pieces.

    Each says the other half, or what was told of it where it is long; the length of the piece; the round; and
    which eight numerals the block is for.
    """
    count = 0
    for piece in range(len(bounds) - 1):
        length = bounds[piece + 1] - bounds[piece]
        count += max((length - length // 2 if right else length // 2) + 7, 8) // 8
    out = np.empty(2 * count, np.uint64)
    at = long = 0
    for piece in range(len(bounds) - 1):
        start, end = bounds[piece], bounds[piece + 1]
        length = end - start
        first, last = (start, start + length // 2) if right else (start + length // 2, end)
        one, two = np.uint64(0), np.uint64(0)
        if last - first > 13:
            one, two = told[long] ^ np.uint64(length) << np.uint64(32), told[long + 1]
            long += 2
        else:
            for place in range(first, min(first + 8, last)):
                one |= np.uint64(numerals[place]) << np.uint64(8 * (place - first))
            for place in range(first + 8, last):
                two |= np.uint64(numerals[place]) << np.uint64(8 * (place - first - 8))
        two ^= np.uint64(length & 0xFF) << np.uint64(40) ^ np.uint64(turn) << np.uint64(48)
        changing = length - (last - first)
        for block in range(max(changing + 7, 8) // 8):
            out[at] = one ^ np.uint64(block) >> np.uint64(8)
            out[at + 1] = two ^ np.uint64(block) << np.uint64(56)
            at += 2
    return out


@kernel
def added(numerals: Bytes, radices: Bytes, bounds: Places, right: bool, drawn: NDArray[np.uint16], back: bool) -> Bytes:
    """The numerals with what is drawn added to those of the right or the left half of pieces, or taken away."""
    out = numerals.copy()
    at = 0
    for piece in range(len(bounds) - 1):
        start, end = bounds[piece], bounds[piece + 1]
        middle = start + (end - start) // 2
        first, last = (middle, end) if right else (start, middle)
        here, radix, some = out[first:last], radices[first:last], drawn[at : at + last - first]
        for number in range(last - first):
            plus = np.int64(some[number]) * radix[number] >> 16
            total = np.uint8(here[number] + (radix[number] - plus if back else plus))
            here[number] = min(total, np.uint8(total - radix[number]))  # below zero is far above the radix
        at += max(last - first + 7, 8) // 8 * 8
    return out


@kernel
def stepped(numerals: Bytes, radices: Bytes, bounds: Places, step: int, turn: int) -> Bytes:
    """The numerals of pieces, counted on by a step; a numeral that is alone by as many as ``turn`` says."""
    out = numerals.copy()
    for piece in range(len(bounds) - 1):
        first, place = bounds[piece], bounds[piece + 1] - 1
        by = step if place > first else step * (1 + turn % (np.int64(radices[place]) - 1))
        while place >= first:
            radix = np.int64(radices[place])
            value = np.int64(out[place]) + by
            out[place] = (value + radix) % radix
            if 0 <= value < radix:
                break
            place -= 1
    return out

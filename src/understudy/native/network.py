"""The rounds of a Feistel network over pieces of texts, but for AES, which draws between them.

A piece is a run of numerals, each below its own radix.  Its left half has as many as its right one or one
fewer; every eight of a half that changes are drawn from one block of AES.  See ``transforms.pieces``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import inner, kernel

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Words = NDArray[np.uint64]
Mask = NDArray[np.bool_]

PER_BLOCK = 8
"""Numerals drawn from one block."""

SHORT = 13
"""Numerals of a half that fit one block beside the length of the piece, the round and a counter."""


@kernel
def changing(
    data: Bytes, offsets: Places, stay: Mask, weight: Bytes
) -> tuple[NDArray[np.int32], Bytes, Places, Places]:
    """The bytes of pieces that change, and where they stand; n + 1 bounds of pieces among them, and their weights.

    Those are the bytes with a weight that are not to stay, of a character outside ASCII only the last.
    Pieces with nothing to change are left out.
    """
    places, found = np.empty(len(data) + 1, np.int32), np.empty(len(data) + 1, np.uint8)
    bounds, weights = np.zeros(len(offsets), np.int64), np.zeros(len(offsets), np.int64)
    one, count, pieces, size = np.uint64(1), np.uint64(0), 0, np.uint64(len(data))
    for piece in range(len(offsets) - 1):
        total = np.uint64(0)
        for place in range(np.uint64(offsets[piece]), np.uint64(offsets[piece + 1])):
            byte = data[place]
            weighs = np.uint64(0 if stay[place] else weight[byte])
            if byte & 0xC0 == 0x80 and place + one < size and data[place + one] & 0xC0 == 0x80:
                weighs = np.uint64(0)
            places[count], found[count] = place, byte  # written over by the next if it stays
            total += weighs
            count += np.uint64(weighs > 0)
        weights[pieces], bounds[pieces + 1] = total, count
        pieces += int(total > 0)
    return places[: np.int64(count)], found[: np.int64(count)], bounds[: pieces + 1], weights[:pieces]


@kernel
def placed(data: Bytes, places: NDArray[np.int32], bounds: Places, made: Bytes, source: Places) -> Bytes:
    """The bytes with those of pieces replaced where they stand, by those that start at a place for each."""
    out = data.copy()
    for piece in range(len(source)):
        start, end = np.uint64(bounds[piece]), np.uint64(bounds[piece + 1])
        at = np.uint64(source[piece]) - start
        for number in range(start, end):
            out[np.uint64(places[number])] = made[at + number]
    return out


@kernel
def halved(bounds: Places, right: bool) -> tuple[Places, Mask, int]:
    """The n + 1 bounds of one half of every piece among blocks, which halves are long, and the most blocks of one."""
    edges, is_long, most = np.zeros(len(bounds), np.int64), np.empty(len(bounds) - 1, np.bool_), 0
    for piece in range(len(bounds) - 1):
        length = (bounds[piece + 1] - bounds[piece] + int(right)) // 2
        blocks = max((length + PER_BLOCK - 1) // PER_BLOCK, 1)
        edges[piece + 1], is_long[piece], most = edges[piece] + blocks, length > SHORT, max(most, int(blocks))
    return edges, is_long, most


@kernel
def apart(letters: Bytes, table: Bytes, bounds: Places, right: bool, edges: Places, idle: int) -> Bytes:
    """What a table has for the letters of one half of every piece, in whole blocks, filled up with idle ones."""
    out = np.full(PER_BLOCK * edges[-1], idle, np.uint8)
    for piece in range(len(bounds) - 1):
        start, end = np.uint64(bounds[piece]), np.uint64(bounds[piece + 1])
        half = (end - start) // np.uint64(2)
        first, last = (start + half, end) if right else (start, start + half)
        at = np.uint64(PER_BLOCK * edges[piece])
        for place in range(first, last):
            out[at + place - first] = table[letters[place]]
    return out


@kernel
def together(
    left: Bytes,
    left_edges: Places,
    right: Bytes,
    right_edges: Places,
    bounds: Places,
    letters: Bytes,
    first: Bytes,
    spelled: Bytes,
) -> Bytes:
    """The letters of pieces whose halves these are: each of the class that was there, as they are spelled from there.

    ``first`` tells for every letter where its class starts.
    """
    out = np.empty(bounds[-1], np.uint8)
    for piece in range(len(bounds) - 1):
        start, end = np.uint64(bounds[piece]), np.uint64(bounds[piece + 1])
        middle = start + (end - start) // np.uint64(2)
        one, two = np.uint64(PER_BLOCK * left_edges[piece]), np.uint64(PER_BLOCK * right_edges[piece])
        for place in range(start, middle):
            out[place] = spelled[np.uint64(first[letters[place]]) + np.uint64(left[one + place - start])]
        for place in range(middle, end):
            out[place] = spelled[np.uint64(first[letters[place]]) + np.uint64(right[two + place - middle])]
    return out


@kernel
def sums(words: Words, edges: Places, chosen: Places, keys: Words) -> Words:
    """Two sums of keyed products of 32 bits for the halves of chosen pieces, with two keys for every block.

    NH: Black and others, "UMAC" (1999); equal once in 2^64 times.
    """
    out = np.zeros(2 * len(chosen), np.uint64)
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    for number in range(len(chosen)):
        some = words[edges[chosen[number]] : edges[chosen[number] + 1]]
        for side in range(2):
            total = np.uint64(0)
            for block in range(len(some)):
                word, key = some[block], keys[2 * block + side]
                total += ((word & low) + (key & low) & low) * ((word >> half) + (key >> half) & low)
            out[2 * number + side] = total
    return out


@kernel
def messages(
    words: Words, edges: Places, is_long: Mask, told: Words, lengths: Places, changing: Places, turn: int
) -> Words:
    """The blocks to draw from, two words each, for a round: as many as the halves that change have, by their bounds.

    Each says the other half, or what was told of it where it is long; the length of the piece; the round; and
    which eight numerals the block is for.
    """
    out = np.empty(2 * changing[-1], np.uint64)
    if len(words) == len(lengths) == changing[-1]:  # all halves are one block
        for piece in range(np.uint64(len(lengths))):
            out[2 * piece] = words[piece]
            out[2 * piece + 1] = (np.uint64(lengths[piece]) & 0xFF) << np.uint64(40) ^ np.uint64(turn) << np.uint64(48)
        return out
    long = 0
    for piece in range(len(lengths)):
        first, length = edges[piece], np.uint64(lengths[piece])
        one, two = words[first], np.uint64(0)
        if is_long[piece]:
            one, two = told[long] ^ length << np.uint64(32), told[long + 1]
            long += 2
        elif edges[piece + 1] > first + 1:
            two = words[first + 1]
        two ^= (length & np.uint64(0xFF)) << np.uint64(40) ^ np.uint64(turn) << np.uint64(48)
        for block in range(changing[piece + 1] - changing[piece]):
            at = 2 * (changing[piece] + block)
            out[at] = one ^ np.uint64(block) >> np.uint64(8)
            out[at + 1] = two ^ np.uint64(block) << np.uint64(56)
    return out


@kernel
def added(numerals: Bytes, radices: Bytes, drawn: NDArray[np.uint16], back: bool) -> Bytes:
    """The numerals with what is drawn added, or taken away, each below its radix; idle ones stay."""
    out = np.empty_like(numerals)
    for number in range(len(numerals)):
        plus = np.int64(drawn[number]) * radices[number] >> 16
        total = np.uint8(numerals[number] + (radices[number] - plus if back else plus))
        out[number] = min(total, np.uint8(total - radices[number]))  # below zero is far above the radix
    return out


@inner
def _counted(numerals: Bytes, radices: Bytes, first: int, last: int, by: int) -> bool:
    """Count a run of numerals on; whether it is done, and what stands before it need not be."""
    for place in range(last, first - 1, -1):
        radix = np.int64(radices[place])
        value = np.int64(numerals[place]) + by
        numerals[place] = (value + radix) % radix
        if 0 <= value < radix:
            return True
    return False


@kernel
def stepped(
    left: Bytes,
    left_radices: Bytes,
    left_edges: Places,
    right: Bytes,
    right_radices: Bytes,
    right_edges: Places,
    bounds: Places,
    step: int,
    turn: int,
) -> tuple[Bytes, Bytes]:
    """The halves of pieces, counted on by a step; a numeral that is alone by as many as ``turn`` says."""
    before, after = left.copy(), right.copy()
    for piece in range(len(bounds) - 1):
        length = bounds[piece + 1] - bounds[piece]
        one, two = PER_BLOCK * left_edges[piece], PER_BLOCK * right_edges[piece]
        by = step if length > 1 else step * int(1 + turn % (np.int64(right_radices[two]) - 1))
        if not _counted(after, right_radices, two, two + (length + 1) // 2 - 1, by):
            _counted(before, left_radices, one, one + length // 2 - 1, by)
    return before, after

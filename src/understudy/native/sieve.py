"""Where many patterns may match at all, told by the few bytes around the start of a match: one pass for all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import kernel

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Words = NDArray[np.uint64]

WORD = 64
"""Patterns that are told by the bits of one word."""

_ASCII, _ONE, _BYTES = 0x80, np.uint64(1), np.uint64(256)
_MULTIPLIER, _TOP = np.uint64(0x03F79D71B4CB0A89), np.uint64(58)
_BIT = np.zeros(WORD, np.int64)
_BIT[[(0x03F79D71B4CB0A89 << bit & 2**64 - 1) >> 58 for bit in range(WORD)]] = range(WORD)
"""By the upper bits of its product with the multiplier (de Bruijn's), which bit of a word is the only one set."""


@kernel
def _left(data: Bytes, table: Words, place: int, ahead: int, behind: int) -> np.uint64:
    """The patterns of a table that may match at a place, as bits; what follows a byte beyond ASCII is not looked at."""
    here, prior = np.uint64(place), np.uint64(256 * behind)
    byte = np.uint64(data[here])
    mask = np.uint64(table[prior + byte] & table[prior - _BYTES + np.uint64(data[here - _ONE])])
    at, row, last = here, prior, np.uint64(place + ahead - 1)
    while mask and at < last and byte < _ASCII:
        at, row = at + _ONE, row + _BYTES
        byte = np.uint64(data[at])
        mask &= table[row + byte]
    at, row, last = here - _ONE, prior - _BYTES, np.uint64(place - behind)
    while mask and at > last and data[at] < _ASCII:
        at, row = at - _ONE, row - _BYTES
        mask &= table[row + np.uint64(data[at])]
    return mask


@kernel
def candidates(
    data: Bytes,
    table: Words,
    pairs: NDArray[np.uint32],
    follow: NDArray[np.uint32],
    owner: Places,
    owners: int,
    ahead: int,
    behind: int,
) -> tuple[Places, Places]:
    """The places where the patterns of each owner may match, owner by owner, and where those of each start.

    For every word of bits, byte from so many before a match to so many after its start, and its value, in turn, the
    table says which patterns it does not rule out.  For every byte before a match and its first one, the pairs say
    which words have a pattern left, one of 32 in turn, and for its first two, what follows says it.  Around the data
    are as many idle bytes as that takes.
    """
    size = 256 * (ahead + behind)
    words = len(table) // size
    most = max(words * (len(data) - ahead - behind + 1), 0)
    places, kinds, masks = np.empty(most, np.int32), np.empty(most, np.uint16), np.empty(most, np.uint64)
    count = 0
    for place in range(behind, len(data) - ahead + 1):
        byte = np.int64(data[place])
        left = pairs[256 * np.int64(data[place - 1]) + byte] & follow[256 * byte + data[place + 1]]
        for word in range(words if left else 0):
            mask = np.uint64(0)
            if left >> np.uint32(word & 31) & np.uint32(1):
                mask = _left(data, table[word * size : (word + 1) * size], place, ahead, behind)
            if mask:
                places[count], kinds[count], masks[count] = place - behind, word, mask
                count += 1
    bounds, found = np.zeros(owners + 1, np.int64), np.empty(0, np.int64)
    for filling in (False, True):
        ends, last = bounds[:-1].copy(), np.full(owners, -1, np.int64)
        for number in range(count):
            mask, first = masks[number], WORD * np.int64(kinds[number])
            while mask:
                one = owner[first + _BIT[((mask & (~mask + _ONE)) * _MULTIPLIER) >> _TOP]]
                mask &= mask - _ONE
                if last[one] == places[number]:
                    continue
                last[one] = places[number]
                if filling:
                    found[ends[one]] = places[number]
                    ends[one] += 1
                else:
                    bounds[one + 1] += 1
        if not filling:
            bounds = np.cumsum(bounds)
            found = np.empty(bounds[-1], np.int64)
    return found, bounds

"""Where many patterns may match at all, told by the few bytes around the start of a match: one pass for all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import inner, kernel

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


@inner
def _left(data: Bytes, table: Words, base: int, place: int, ahead: int, behind: int) -> np.uint64:
    """The patterns of a word of the table that may match at a place; what follows a byte beyond ASCII is not looked at.

    The word starts at a base.
    """
    here, prior = np.uint64(place), np.uint64(base + 256 * behind)
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
def _apart(
    places: NDArray[np.int32], kinds: NDArray[np.uint16], masks: Words, owner: Places, owners: int
) -> tuple[Places, Places]:
    """The places where patterns of a word may match, by the owners of the patterns."""
    bounds, found = np.zeros(owners + 1, np.int64), np.empty(0, np.int64)
    for filling in (False, True):
        ends, last = bounds[:-1].copy(), np.full(owners, -1, np.int64)
        for number in range(len(masks)):
            mask, base = masks[number], WORD * np.int64(kinds[number])
            while mask:
                one = owner[base + _BIT[((mask & (~mask + _ONE)) * _MULTIPLIER) >> _TOP]]
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


@kernel
def candidates(
    data: Bytes,
    table: Words,
    prior: Words,
    first: Words,
    second: Words,
    word_of: Places,
    groups: Words,
    wanted: Words,
    owner: Places,
    owners: int,
    ahead: int,
    behind: int,
) -> tuple[Places, Places]:
    """The places where the patterns of each owner may match, owner by owner, and where those of each start.

    For every word of bits, byte from so many before a match to so many after its start, and its value, in turn, the
    table says which patterns it does not rule out.  The patterns of a word are in groups, and these are looked at
    first: which of them the byte before a match does not rule out, its first two bytes, and the two after those.
    Of the patterns some are wanted.  Around the data are as many idle bytes as all that takes.
    """
    size = 256 * (ahead + behind)
    most = max(len(wanted) * (len(data) - ahead - behind + 1), 0)
    places, kinds, masks = np.empty(most, np.int32), np.empty(most, np.uint16), np.empty(most, np.uint64)
    count, some = 0, np.uint64(0)
    for number in range(len(wanted)):
        some |= groups[number] if wanted[number] else np.uint64(0)
    for place in range(behind, len(data) - ahead + 1):
        here = np.uint64(place)
        byte, then = np.uint64(data[here]), np.uint64(data[here + _ONE])
        left = some & prior[np.uint64(data[here - _ONE])] & first[_BYTES * byte + then]
        if left and byte < _ASCII and then < _ASCII:
            left &= second[_BYTES * np.uint64(data[here + _ONE + _ONE]) + np.uint64(data[here + _ONE + _ONE + _ONE])]
        while left:
            word = np.int64(word_of[_BIT[((left & (~left + _ONE)) * _MULTIPLIER) >> _TOP]])
            left &= ~groups[word]
            mask = np.uint64(wanted[word])
            if mask:
                mask &= _left(data, table, int(word * size), place, ahead, behind)
            if mask:
                places[count], kinds[count], masks[count] = place - behind, word, mask
                count += 1
    return _apart(places[:count], kinds[:count], masks[:count], owner, owners)


@kernel
def within(places: Places, firsts: Places, lasts: Places) -> Places:
    """Those of some places that lie in one of some stretches; both from left to right."""
    kept = np.empty(len(places), np.int64)
    count, number = 0, 0
    for place in places:
        while number < len(lasts) and lasts[number] <= place:
            number += 1
        if number == len(lasts):
            break
        if firsts[number] <= place:
            kept[count] = place
            count += 1
    return kept[:count]


@kernel
def rows(places: Places, starts: Places) -> Places:
    """In which of the stretches that start at some places others are; fast where both are from left to right."""
    found = np.empty(len(places), np.int64)
    row, last = 0, len(starts) - 1
    for number in range(len(places)):
        place = places[number]
        while row < last and starts[row + 1] <= place:
            row += 1
        while row > 0 and starts[row] > place:
            row -= 1
        found[number] = row
    return found


@kernel
def held(places: Places, starts: Places) -> Places:
    """The stretches that start at some places and hold others; both from left to right."""
    found = np.empty(min(len(places), len(starts)), np.int64)
    count, row, last = 0, 0, len(starts) - 1
    for place in places:
        while row < last and starts[row + 1] <= place:
            row += 1
        if count == 0 or found[count - 1] != row:
            found[count] = row
            count += 1
    return found[:count]


@kernel
def longest(start: Places, end: Places, kind: Places) -> Places:
    """Which of some stretches, by their starts, stay so that none overlaps another: of each heap the longest first.

    Of equally long ones the lowest kind counts, of these the first.
    """
    kept, stays, count, first = np.empty(len(start), np.int64), np.ones(len(start), np.bool_), 0, 0
    left = np.empty(len(start), np.bool_)
    while first < len(start):
        after, reach = first + 1, end[first]
        while after < len(start) and start[after] < reach:
            after, reach = after + 1, max(reach, end[after])
        if after > first + 1:
            left[first:after], stays[first:after] = True, False
        best = first if after > first + 1 else -1
        while best >= 0:
            best, size = -1, np.int64(0)
            for one in range(first, after):
                other = end[one] - start[one]
                if left[one] and (best < 0 or other > size or (other == size and kind[one] < kind[best])):
                    best, size = one, other
            if best >= 0:
                stays[best] = True
                for one in range(first, after):
                    left[one] &= one != best and (start[one] >= end[best] or end[one] <= start[best])
        for one in range(first, after):
            kept[count] = one
            count += int(stays[one])
        first = after
    return kept[:count]

"""IP addresses read from texts and written into them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import kernel

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]
Words = NDArray[np.uint64]

_DOT, _COLON = ord("."), ord(":")
_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
_VALUE = np.zeros(256, np.uint64)
_VALUE[list(_HEX)] = np.arange(16)


@kernel
def read_v4(data: Bytes, offsets: Places) -> Words:
    """What texts would be as IPv4 addresses, as numbers below 2^32, whether they are any or not."""
    out = np.zeros(len(offsets) - 1, np.uint64)
    for text in range(len(offsets) - 1):
        address, octet = np.uint64(0), np.uint64(0)
        for byte in data[offsets[text] : offsets[text + 1]]:
            if byte == _DOT:
                address, octet = address << np.uint64(8) | octet, np.uint64(0)
            else:
                octet = (octet * np.uint64(10) + _VALUE[byte]) & np.uint64(0xFF)
        out[text] = (address << np.uint64(8) | octet) & np.uint64(0xFFFFFFFF)
    return out


@kernel
def written_v4(addresses: Words) -> tuple[Bytes, Places]:
    """IPv4 addresses as the bytes of texts, and their n + 1 offsets."""
    out, offsets = np.empty(15 * len(addresses), np.uint8), np.zeros(len(addresses) + 1, np.int64)
    at = 0
    for number in range(len(addresses)):
        for place in range(4):
            octet = np.int64(addresses[number] >> np.uint64(24 - 8 * place) & np.uint64(0xFF))
            if place:
                out[at] = _DOT
                at += 1
            for power in (100, 10, 1):
                if octet >= power or power == 1:
                    out[at] = 48 + octet // power % 10
                    at += 1
        offsets[number + 1] = at
    return out[:at], offsets


@kernel
def read_v6(data: Bytes, offsets: Places) -> Words:
    """What texts in lower case would be as IPv6 addresses, two words each, whether they are any or not."""
    out = np.zeros(2 * (len(offsets) - 1), np.uint64)
    groups = np.zeros(8, np.uint64)
    for text in range(len(offsets) - 1):
        start, end = offsets[text], offsets[text + 1]
        groups[:] = 0
        group, gap = 0, -1
        for place in range(start, end):
            if data[place] != _COLON:
                groups[group] = (groups[group] << np.uint64(4) | _VALUE[data[place]]) & np.uint64(0xFFFF)
            elif place > start and data[place - 1] == _COLON:
                gap = group
            elif place > start:
                group = min(group + 1, 7)
        if gap >= 0:  # what stands after the gap belongs at the end
            last = group if data[end - 1] != _COLON else gap - 1
            for moved in range(last, gap - 1, -1):
                value, groups[moved] = groups[moved], np.uint64(0)
                groups[7 - last + moved] = value
        for group in range(8):
            out[2 * text + group // 4] |= groups[group] << np.uint64(48 - 16 * (group % 4))
    return out


@kernel
def written_v6(words: Words, full: Mask) -> tuple[Bytes, Places]:
    """IPv6 addresses as the bytes of texts, and their n + 1 offsets: in full if asked for, else as in RFC 5952."""
    out, offsets = np.empty(39 * len(full), np.uint8), np.zeros(len(full) + 1, np.int64)
    at = 0
    for number in range(len(full)):
        run = best = end = 0  # of groups of zeros, the first of the longest runs
        for group in range(8):
            value = words[2 * number + group // 4] >> np.uint64(48 - 16 * (group % 4)) & np.uint64(0xFFFF)
            run = run + 1 if value == 0 else 0
            if run > best and run > 1:
                best, end = run, group + 1
        start = end - best
        for group in range(8):
            if best and start <= group < end and not full[number]:
                if group == start:
                    out[at] = _COLON
                    at += 1
                    if group == 0:
                        out[at] = _COLON
                        at += 1
                continue
            value = words[2 * number + group // 4] >> np.uint64(48 - 16 * (group % 4)) & np.uint64(0xFFFF)
            for shift in (12, 8, 4, 0):
                digit = value >> np.uint64(shift)
                if digit or full[number] or shift == 0:
                    out[at] = _HEX[digit & np.uint64(15)]
                    at += 1
            if group < 7:
                out[at] = _COLON
                at += 1
        offsets[number + 1] = at
    return out[:at], offsets


@kernel
def turned(random: Words, given: Words, may: Words, must: Words, shift: int, width: int, back: bool) -> Words:
    """Which bits of a group turn, and the group before that, two words for each address, at their places.

    ``random`` has two words for each, with a bit for every beginning of a group, which is written as a number with
    a one before it.  Bits of ``may`` turn as that says, those of ``must`` always.  A group that is given is the one
    before, or, if ``back``, the one after.
    """
    out = np.zeros(2 * len(given), np.uint64)
    one, moved, steps, undone = np.uint64(1), np.uint64(shift), np.uint64(width), np.uint64(back)
    for number in range(np.uint64(len(given))):
        node, turns = one, np.uint64(0)
        group, free, fixed = given[number] >> moved, may[number] >> moved, must[number] >> moved
        for bit in range(steps):
            place = steps - one - bit
            drawn = random[2 * number + np.uint64(bit > 5)] >> (node & np.uint64(63)) & one
            turn = (drawn & free >> place | fixed >> place) & one
            turns = turns << one | turn
            node = node << one | (group >> place & one) ^ (turn & undone)
        out[2 * number] = turns << moved
        out[2 * number + one] = (node ^ one << steps) << moved
    return out

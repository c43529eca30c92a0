"""Bytes of texts eight at a time: as words of a processor, and as the blocks that AES takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import inner, kernel

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Words = NDArray[np.uint64]

_1, _8 = np.uint64(1), np.uint64(8)


@inner
def word(data: Bytes, at: np.uint64) -> np.uint64:
    """Eight bytes as a little-endian word.  The compiler makes one load of it where the place is unsigned."""
    return (
        np.uint64(data[at])
        | np.uint64(data[at + np.uint64(1)]) << np.uint64(8)
        | np.uint64(data[at + np.uint64(2)]) << np.uint64(16)
        | np.uint64(data[at + np.uint64(3)]) << np.uint64(24)
        | np.uint64(data[at + np.uint64(4)]) << np.uint64(32)
        | np.uint64(data[at + np.uint64(5)]) << np.uint64(40)
        | np.uint64(data[at + np.uint64(6)]) << np.uint64(48)
        | np.uint64(data[at + np.uint64(7)]) << np.uint64(56)
    )


@kernel
def mixed(data: Bytes, offsets: Places, texts: Places, state: Words, step: int) -> tuple[Places, Words]:
    """Of some texts those that have a block at this step, and that block, zeros behind it, mixed with their state.

    State and blocks are two words for each text; behind the last text there are sixteen more bytes.
    """
    found, out = np.empty(len(texts), np.int64), np.empty(2 * len(texts), np.uint64)
    count = 0
    for number in range(len(texts)):
        text = texts[number]
        start, end = offsets[text] + 16 * step, offsets[text + 1]
        if start >= end:
            continue
        for side in range(2):
            at, left = np.uint64(start + 8 * side), end - start - 8 * side
            some = word(data, at)
            if left < 8:
                some &= (_1 << _8 * np.uint64(max(left, 0))) - _1
            out[2 * count + side] = some ^ state[2 * number + side]
        found[count] = text
        count += 1
    return found[:count], out[: 2 * count]


@inner
def put(out: Bytes, at: np.uint64, some: np.uint64) -> None:
    """Write a little-endian word over eight bytes; for kernels alone, which write what they return."""
    out[at] = some & np.uint64(0xFF)
    out[at + np.uint64(1)] = some >> np.uint64(8) & np.uint64(0xFF)
    out[at + np.uint64(2)] = some >> np.uint64(16) & np.uint64(0xFF)
    out[at + np.uint64(3)] = some >> np.uint64(24) & np.uint64(0xFF)
    out[at + np.uint64(4)] = some >> np.uint64(32) & np.uint64(0xFF)
    out[at + np.uint64(5)] = some >> np.uint64(40) & np.uint64(0xFF)
    out[at + np.uint64(6)] = some >> np.uint64(48) & np.uint64(0xFF)
    out[at + np.uint64(7)] = some >> np.uint64(56)

"""A round of FF1 around the AES that it draws with, for halves that fit one word; see ``transforms.ff1``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import inner, kernel

Words = NDArray[np.uint64]

_1, _2, _32 = np.uint64(1), np.uint64(2), np.uint64(32)
_LOW = np.uint64((1 << 32) - 1)
_PAIRS, _BYTES = np.uint64(0x0000FFFF0000FFFF), np.uint64(0x00FF00FF00FF00FF)
_16, _8 = np.uint64(16), np.uint64(8)


@inner
def _swapped(word: np.uint64) -> np.uint64:
    """The bytes of a word in the other order."""
    word = word >> _32 | word << _32
    word = (word >> _16 & _PAIRS) | (word & _PAIRS) << _16
    return (word >> _8 & _BYTES) | (word & _BYTES) << _8


@inner
def _high(one: np.uint64, other: np.uint64) -> np.uint64:
    """The high word of a product."""
    first = (one >> _32) * (other & _LOW) + ((one & _LOW) * (other & _LOW) >> _32)
    second = (one & _LOW) * (other >> _32) + (first & _LOW)
    return (one >> _32) * (other >> _32) + (first >> _32) + (second >> _32)


@inner
def _rest(number: np.uint64, quotient: np.uint64, size: np.uint64) -> np.uint64:
    """The remainder by a size, where the quotient is at most two too small."""
    rest = number - quotient * size
    rest = min(rest, rest - size)  # below zero is far above the size
    return min(rest, rest - size)


@kernel
def turned(half: Words, state: Words, sizes: Words, wide: bool, back: bool, mixed_in: Words) -> tuple[Words, Words]:
    """One half with what is drawn added, or taken away, modulo its size; and the blocks to draw from for the other.

    What is drawn are the first 8 bytes of a block of AES, or 12 if ``wide``.  To divide 8 bytes by the size is to
    multiply by the second of ``sizes``; to divide 4 more after the remainder of these, by the third.
    """
    out, blocks = np.empty_like(half), np.empty(2 * len(half), np.uint64)
    size, parts, more = sizes[0], sizes[1], sizes[2]
    small, first = size - _1 <= _LOW, _swapped(mixed_in[0])
    for row in range(np.uint64(len(half))):
        number = _swapped(state[_2 * row])
        drawn = _rest(number, _high(number, parts), size)
        if wide:
            number = drawn << _32 | _swapped(state[_2 * row + _1]) >> _32
            drawn = _rest(number, _high(number if small else drawn, more), size)
        total = half[row] - drawn if back else half[row] + drawn
        total = min(total, total + size if back else total - size)
        out[row], blocks[_2 * row] = total, first
        blocks[_2 * row + _1] = _swapped(total ^ mixed_in[1])
    return out, blocks

"""What paths into documents make of what is read there, for kernels that read; see ``transforms.paths``.

A set of states is some words of 64 bits; those of the boxes that a place is in stand one after the other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import inner

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Words = NDArray[np.uint64]

_ONE = np.uint64(1)
_LAST = np.uint64(63)


@inner
def called(data: Bytes, start: int, end: int, names: Bytes, bounds: Places, first: int, last: int, none: int) -> int:
    """Which of some names stands here, from the first to before the last; or what stands for none of them."""
    for name in range(first, last):
        place, there = start, bounds[name]
        if bounds[name + 1] - there == end - start:
            while place < end and data[place] == names[there]:
                place, there = place + 1, there + 1
            if place == end:
                return name
    return none


@inner
def entered(states: Words, here: int, wants: Words, name: int, other: int, lasting: Words) -> None:
    """Write the states of what is inside a box, behind those of the box: what steps to either name lead to."""
    size, carried = len(lasting), np.uint64(0)
    for word in range(size):
        before = states[here + word]
        moved = before & (wants[name * size + word] | wants[other * size + word])
        states[here + size + word] = moved << _ONE | carried | before & lasting[word]
        carried = moved >> _LAST


@inner
def ended(states: Words, here: int, ends: Places, none: int) -> int:
    """The first path that ends in one of the states here; or what stands for none of them."""
    for path in range(len(ends)):
        end = ends[path]
        if end >= 0 and states[here + (end >> 6)] >> np.uint64(end & 63) & _ONE:
            return path
    return none

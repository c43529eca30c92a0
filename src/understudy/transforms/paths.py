"""Paths into documents, all of which are followed at once while a document is read.

What a place in a document is to a path is a state: how many of the steps lead there.  All paths together have
so few states that a set of them is a word or two, and one such set for every box around a place is all that
need be known there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from understudy.transforms.parts import Bytes, Offsets

Words = NDArray[np.uint64]
Told = tuple[Bytes, Offsets, int, Offsets, Words, Words, Words, Offsets, Offsets, int]


@dataclass(frozen=True)
class Step:
    """One step of a path: to a name, to a position, or (None) to whatever is inside; ``deep`` at any depth."""

    to: str | int | None
    deep: bool = False
    attribute: bool = False
    """Whether it leads to an attribute, and not to what is inside."""

    def leads(self, to: str | int | None, *, attribute: bool) -> bool:
        """Whether it leads to something of this name or position, or (None) of any other."""
        return self.attribute == attribute and self.to in (None, to)


def told(paths: Sequence[Sequence[Step] | None], beside: Sequence[bool]) -> Told:
    """Paths as kernels take them; the first that names something gets it, and None the rest.

    One that is ``beside`` is not for all that is in what it names, but for keys or attributes there.

    Of names there are the bytes, the n + 1 bounds, and how many are not of attributes; positions have names
    without any bytes.  Then come the states from which a step leads to each name, to anything else and to any
    other attribute; those to begin with, and those that last inside; the ends of paths that are not beside and
    of those that are; and which path is for the rest.
    """
    *firsts, size = accumulate((len(path or ()) + 1 for path in paths), initial=0)
    last = np.array([-1 if path is None else first + len(path) for first, path in zip(firsts, paths, strict=True)])
    ends, ends_beside = np.where(beside, -1, last), np.where(beside, last, -1)
    steps = [(first + n, step) for first, path in zip(firsts, paths, strict=True) for n, step in enumerate(path or ())]
    names = sorted({step.to for _, step in steps if isinstance(step.to, str) and not step.attribute})
    attributes = sorted({step.to for _, step in steps if isinstance(step.to, str) and step.attribute})
    positions = sorted({step.to for _, step in steps if isinstance(step.to, int)})
    spelled = [name.encode() for name in [*names, *attributes]] + [b""] * len(positions)
    targets = [(to, False) for to in names] + [(to, True) for to in attributes] + [(to, False) for to in positions]
    wants = [
        [state for state, step in steps if step.leads(to, attribute=attribute)]
        for to, attribute in [*targets, (None, False), (None, True)]
    ]
    return (
        np.frombuffer(b"".join(spelled), np.uint8),
        np.array([*accumulate(map(len, spelled), initial=0)]),
        len(names),
        np.array(positions, np.int64),
        _words(wants, size),
        _words([[first for first, path in zip(firsts, paths, strict=True) if path is not None]], size),
        _words([[*(state for state, step in steps if step.deep), *ends[ends >= 0].tolist()]], size),
        ends,
        ends_beside,
        paths.index(None) if None in paths else -1,
    )


def _words(sets: Iterable[Iterable[int]], size: int) -> Words:
    """Sets of so many states, each in as many words as that takes."""
    width = -(-size // 64) * 8
    return np.frombuffer(b"".join(sum(1 << state for state in some).to_bytes(width, "little") for some in sets), "<u8")

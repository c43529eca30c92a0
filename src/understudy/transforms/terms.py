"""Terms that texts hold anywhere, all of them looked for at once (Aho and Corasick, 1975)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.arrow import own_spans
from understudy.native import terms as native
from understudy.transforms.prf import Words

MOST = 64
"""Terms that there may be, each of them a bit."""


@dataclass(frozen=True)
class Terms:
    """Up to 64 terms, none of them empty."""

    terms: tuple[str, ...]

    def held(self, texts: pa.Array) -> Words:
        """For every text, the terms that it holds as bits, the first one the lowest; NULL holds none."""
        data, offsets = own_spans(texts.fill_null("") if texts.null_count else texts)
        return native.held(data, offsets, *self._automaton)

    def bits(self, some: Sequence[str]) -> np.uint64:
        """The bits of some of the terms."""
        return np.uint64(sum(1 << self.terms.index(term) for term in some))

    @cached_property
    def _automaton(self) -> tuple[NDArray[np.uint8], NDArray[np.uint32], Words]:
        """The classes of bytes; for every state and class where the next state's row starts; the terms that end."""
        spelled = [term.encode() for term in self.terms]
        assert len(spelled) <= MOST
        used = sorted(set(b"".join(spelled)))
        classes = np.zeros(256, np.uint8)
        classes[used] = np.arange(1, len(used) + 1)
        states = sorted({term[:size] for term in spelled for size in range(len(term) + 1)}, key=len)
        row = {state: number * (len(used) + 1) for number, state in enumerate(states)}  # what was read last
        following = np.zeros(len(states) * (len(used) + 1), np.uint32)
        ended = np.zeros(len(following), np.uint64)
        for state, start in row.items():
            if state:  # as from the longest end of it that is a state, unless a term goes on
                shorter = next(row[state[cut:]] for cut in range(1, len(state) + 1) if state[cut:] in row)
                following[start : start + len(used) + 1] = following[shorter : shorter + len(used) + 1]
            for number, byte in enumerate(used, 1):
                if (longer := state + bytes([byte])) in row:
                    following[start + number] = row[longer]
            ended[start] = sum(1 << number for number, term in enumerate(spelled) if state.endswith(term))
        return classes, following, ended

"""Which classes go together: what never came beside what, though chance alone would have brought it many times.

Found in encoded rows for every two parts.  So a null goes with a null, a town with its country, and no class is drawn
beside one that it never stood beside: a table of forbidden pairs, of which each says something of many rows or none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from understudy.synth.encoding.columns import Codes, Part

Flags = NDArray[np.bool_]

EXPECTED = 20
"""Rows that chance alone would have brought, from which none at all is a rule."""
FIXED = 0.995
"""The share of rows in which one class fixes another, from which that is a rule."""
_MATTERS = 0.002  # share of rows that chance would bring to forbidden pairs, below which they are not worth keeping
_CELLS = 60_000_000  # pairs of classes that are counted at most
_ROWS = 20_000


@dataclass(frozen=True)
class Pair:
    """Two parts, and which classes of the one may stand beside which of the other: rows of bits, as hexadecimals."""

    one: int
    two: int
    classes: tuple[int, int]
    bits: str

    @cached_property
    def allowed(self) -> Flags:
        """Whether classes may stand together: one row for each class of the first part."""
        packed = np.frombuffer(bytes.fromhex(self.bits), np.uint8)
        count = self.classes[0] * self.classes[1]
        return np.unpackbits(packed, count=count).astype(bool).reshape(self.classes)

    @staticmethod
    def of(one: int, two: int, allowed: Flags) -> Pair:
        """Pack a table of booleans."""
        return Pair(one, two, (allowed.shape[0], allowed.shape[1]), np.packbits(allowed).tobytes().hex())


@dataclass(frozen=True)
class Legal:
    """All pairs of parts that have something forbidden; called for a part while rows are drawn."""

    pairs: tuple[Pair, ...] = ()
    banned: tuple[tuple[int, ...], ...] = ()
    """For each part the classes that are never drawn."""

    @cached_property
    def _of(self) -> dict[int, list[tuple[int, Flags]]]:
        """For each part the others, with a table of one row for each of their classes and a last one for unknown."""
        found: dict[int, list[tuple[int, Flags]]] = {}
        for pair in self.pairs:
            for other, own, table in ((pair.one, pair.two, pair.allowed), (pair.two, pair.one, pair.allowed.T)):
                free = np.ones((1, table.shape[1]), bool)
                found.setdefault(own, []).append((other, np.concatenate([table, free])))
        return found

    def __call__(self, part: int, codes: Codes, known: Flags) -> Flags | None:
        """Which classes a part may have in each row, given what is known of it; None where any."""
        others = [(other, table) for other, table in self._of.get(part, ()) if known[:, other].any()]
        if not others:
            return None
        found = np.ones((len(codes), others[0][1].shape[1]), bool)
        if self.banned and len(self.banned[part]) < found.shape[1]:
            found[:, list(self.banned[part])] = False
        for other, table in others:
            found_here = found & table[np.where(known[:, other], codes[:, other], -1)]
            stuck = ~found_here.any(1)  # rules that leave nothing are not followed
            found_here[stuck] = found[stuck]
            found = found_here
        return found


def legal_of(parts: tuple[Part, ...], codes: Codes, k: int) -> Legal:
    """Find what never stands together in encoded rows, (rows, parts)."""
    codes = codes[np.random.default_rng(5).permutation(len(codes))[:_ROWS]]
    usable = [at for at, part in enumerate(parts) if part.classes > 1 and (codes[:, at] >= 0).any()]
    tried = sorted(combinations(usable, 2), key=lambda pair: parts[pair[0]].classes * parts[pair[1]].classes)
    pairs, cells = [], 0
    for one, two in tried:
        cells += parts[one].classes * parts[two].classes
        if cells > _CELLS:  # a table of very many labels: what is left is what a rule is seldom seen in
            break
        counts = _counts(codes, one, two, parts)
        rows = counts.sum()
        expected = counts.sum(1, keepdims=True) * (counts.sum(0, keepdims=True) / max(rows, 1))
        never = (counts == 0) & (expected >= EXPECTED) | _implied(counts) | _implied(counts.T).T
        never |= _fixed(counts, parts[one], k) | _fixed(counts.T, parts[two], k).T
        if never.any() and expected[never].sum() >= _MATTERS * rows:
            pairs.append(Pair.of(one, two, ~never))
    return Legal(tuple(pairs), tuple(part.banned for part in parts))


def _counts(codes: Codes, one: int, two: int, parts: tuple[Part, ...]) -> NDArray[np.int64]:
    left, right = codes[:, one], codes[:, two]
    both = (left >= 0) & (right >= 0)
    width = parts[two].classes
    flat = np.bincount(left[both].astype(np.int64) * width + right[both], minlength=parts[one].classes * width)
    return flat.reshape(parts[one].classes, width)


def _implied(counts: NDArray[np.int64]) -> Flags:
    """What is forbidden because a class goes with one other only, far more often than chance would have it."""
    own, usual = counts.sum(1), counts.argmax(1)
    only = counts.max(1) == own
    others = own * (1 - counts.sum(0)[usual] / max(counts.sum(), 1))
    return np.asarray((only & (others >= EXPECTED))[:, None] & (counts == 0))


def _fixed(counts: NDArray[np.int64], part: Part, k: int) -> Flags:
    """What is forbidden because each class of a part goes with one of the other; nothing where that is not so."""
    own = counts.sum(1)
    frequent = own >= k
    if part.number:
        frequent[-1] = False
    covered = own[frequent].sum()
    agree = counts.max(1)[frequent].sum()
    usual = counts.sum(0).max() / max(counts.sum(), 1)
    none = np.zeros(counts.shape, bool)
    if covered < 0.5 * max(counts.sum(), 1) or agree < FIXED * covered or usual > 0.97:
        return none
    most = counts == counts.max(1, keepdims=True)
    none[frequent] = ~(most | (counts >= k))[frequent]
    return none

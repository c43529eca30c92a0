"""The parts of columns in few groups each: what can be counted together through noise.

A part's values are first taken as fine cells: each class is one, and the numbers between them are stretches of levels.
How frequent they are is known from noisy counts alone.  Neighbours among numbers share a group, so that groups are
about equally full; labels that few rows have share one.  Back from a group, a cell is drawn by its frequency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from understudy.synth.encoding.columns import UNKNOWN, Coded, Codes, Levels, Numbers, Part
from understudy.synth.encoding.moments import Moments

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

_STRETCHES = 64
"""Stretches of levels that numbers are cut into before they are grouped; classes between them cut them further."""


@dataclass(frozen=True)
class Cell:
    """A class, or a stretch of the levels of its numbers, and how frequent it is."""

    code: int
    share: float
    low: float = 0.0
    high: float = 0.0


@dataclass(frozen=True)
class Groups:
    """The groups of one part, each of some cells."""

    cells: tuple[tuple[Cell, ...], ...]
    """What is drawn of each group."""
    classes: tuple[int, ...]
    """The group of each class, -1 of the one that means a number."""
    edges: tuple[float, ...] = ()
    """The levels at which the stretches of numbers begin, rising."""
    stretches: tuple[int, ...] = ()
    """The group of each stretch."""

    def __len__(self) -> int:
        return len(self.cells)

    def of(self, codes: Codes, levels: Floats) -> Whole:
        """The group of each row's class and level; -1 where the class is not known."""
        found: Whole = np.array([*self.classes, UNKNOWN])[codes]  # a code of -1 finds the last
        if self.edges:
            number = codes == len(self.classes) - 1
            at = np.searchsorted(self.edges, levels[number], "right") - 1
            found[number] = np.asarray(self.stretches)[np.maximum(at, 0)]
        return found

    def drawn(self, groups: Whole, rng: np.random.Generator) -> tuple[Codes, Levels]:
        """A class and a level for each row's group."""
        flat = [cell for cells in self.cells for cell in cells]
        up = np.concatenate([[0.0], np.cumsum([cell.share for cell in flat])])
        first = np.concatenate([[0], np.cumsum([len(cells) for cells in self.cells])])
        begin, end = first[groups], first[groups + 1]
        at = np.searchsorted(up, up[begin] + rng.random(len(groups)) * (up[end] - up[begin]), "right") - 1
        at = np.clip(at, begin, end - 1)
        code, low, high = (np.array([getattr(cell, what) for cell in flat])[at] for what in ("code", "low", "high"))
        return code.astype(np.int32), (low + rng.random(len(groups)) * (high - low)).astype(np.float32)


def groups_of(coded: Coded, most: int, fewest: float) -> list[Groups]:
    """The groups of a column's parts: ``most`` at most, each of a share ``fewest`` of the rows where that can be."""
    pieces: Sequence[Numbers | None] = [None] * len(coded.parts)
    if isinstance(coded, Moments | Numbers):
        pieces = coded.pieces if isinstance(coded, Moments) else [coded]
    return [
        _of_labels(part, most, fewest) if piece is None else _of_numbers(part, piece, most, fewest)
        for part, piece in zip(coded.parts, pieces, strict=True)
    ]


def _of_labels(part: Part, most: int, fewest: float) -> Groups:
    """Labels, of which the least frequent share a group."""
    order = sorted(range(part.classes), key=lambda at: -part.shares[at])
    few = [at for number, at in enumerate(order) if number >= most - 1 or part.shares[at] < fewest]
    few = few if len(few) > 1 else []
    own = [[at] for at in order if at not in few] + ([few] if few else [])
    place = {at: number for number, group in enumerate(own) for at in group}
    cells = [tuple(Cell(at, part.shares[at]) for at in group) for group in own]
    return _allowed(Groups(tuple(cells), tuple(place[at] for at in range(part.classes))), part)


def _of_numbers(part: Part, piece: Numbers, most: int, fewest: float) -> Groups:
    """Numbers in the order of their values; null and NaN are groups of their own."""
    atoms = [at for at, atom in enumerate(piece.atoms) if not np.isnan(atom)]
    cells = _in_order(part, piece, atoms)
    share = np.array([cell.share for cell in cells])
    kept = int(np.clip(share.sum() / max(fewest, 1e-9), 2, most))
    group = np.arange(len(cells))
    if len(cells) > kept:
        middle = (np.cumsum(share) - share / 2) / max(share.sum(), 1e-300)
        group = np.unique(np.floor(middle * kept), return_inverse=True)[1]
    last = part.classes - 1 if part.number else part.classes
    alone = [at for at in range(last) if at not in atoms]
    count = int(group[-1]) + 1 if len(cells) else 0
    together = [tuple(cell for cell, own in zip(cells, group, strict=True) if own == at) for at in range(count)]
    together += [(Cell(at, part.shares[at]),) for at in alone]
    classes = {cell.code: int(own) for cell, own in zip(cells, group, strict=True)}
    classes |= {at: count + number for number, at in enumerate(alone)} | {last: UNKNOWN}
    stretch = [(cell.low, int(own)) for cell, own in zip(cells, group, strict=True) if cell.code == last]
    found = Groups(
        tuple(together),
        tuple(classes[at] for at in range(part.classes)),
        tuple(low for low, _ in stretch),
        tuple(own for _, own in stretch),
    )
    return _allowed(found, part)


def _in_order(part: Part, piece: Numbers, atoms: Sequence[int]) -> list[Cell]:
    """The cells of numbers in the order of their values."""
    values = np.asarray(piece.atoms)[list(atoms)]
    if piece.curve is None:
        return [Cell(atoms[at], part.shares[atoms[at]]) for at in np.argsort(values)]
    low, high = (np.clip(one, 0, 1) for one in piece.curve.levels_of(values, piece.step))
    stands = ((low + high) / 2).tolist()
    edges = sorted({*np.linspace(0, 1, _STRETCHES + 1).tolist(), *stands})
    share, last = part.shares[-1], part.classes - 1
    found = [(a, 1, Cell(last, share * (b - a), a, b)) for a, b in pairwise(edges)]
    found += [(level, 0, Cell(at, part.shares[at])) for level, at in zip(stands, atoms, strict=True)]
    return [cell for _, _, cell in sorted(found, key=lambda one: one[:2])]


def _allowed(groups: Groups, part: Part) -> Groups:
    """Groups without classes that may never be drawn: where nothing is left, anything else is drawn."""
    if not part.banned:
        return groups
    usual = tuple(cell for cells in groups.cells for cell in cells if cell.code not in part.banned)
    left = (tuple(cell for cell in cells if cell.code not in part.banned) for cells in groups.cells)
    return Groups(tuple(cells or usual for cells in left), groups.classes, groups.edges, groups.stretches)

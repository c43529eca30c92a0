"""A distribution over columns of few values, kept as the chance of each given those beside it in a tree.

Columns are taken away one after the other (Dechter, 1999: bucket elimination).  Those that a column then still stands
beside are all that it depends on among the columns that go later, so that rows are drawn by going backwards, exactly.
Arrays have their axes in that order: what goes last is first, the column itself is last.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from string import ascii_letters

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Clique = tuple[int, ...]
"""Columns by their number, in the order of an array's axes."""


@dataclass(frozen=True)
class Tree:
    """In which order columns go, and beside which others each then stands."""

    sizes: tuple[int, ...]
    """How many values each column has."""
    order: tuple[int, ...]
    beside: tuple[Clique, ...]
    """By column: those beside it, what goes last first."""

    @staticmethod
    def of(sizes: Sequence[int], cliques: Iterable[Clique]) -> Tree:
        """The tree in which the columns of each clique stand together; the column of the smallest table goes next."""
        near: dict[int, set[int]] = {at: set() for at in range(len(sizes))}
        for clique in cliques:
            for at in clique:
                near[at] |= set(clique) - {at}
        cost = {at: math.prod(sizes[other] for other in near[at]) * sizes[at] for at in near}
        order, beside = [], {}
        while cost:
            gone = min(cost, key=lambda at: (cost[at], at))
            del cost[gone]
            order.append(gone)
            beside[gone] = near[gone]
            for at in near[gone]:
                near[at] = (near[at] | near[gone]) - {at, gone}
                cost[at] = math.prod(sizes[other] for other in near[at]) * sizes[at]
        place = {at: number for number, at in enumerate(order)}
        sides = [tuple(sorted(beside[at], key=lambda other: -place[other])) for at in range(len(sizes))]
        return Tree(tuple(sizes), tuple(order), tuple(sides))

    @cached_property
    def place(self) -> Mapping[int, int]:
        """When each column goes."""
        return {at: number for number, at in enumerate(self.order)}

    def scope(self, at: int) -> Clique:
        """A column's table: those beside it, then itself."""
        return (*self.beside[at], at)

    def shape(self, clique: Clique) -> tuple[int, ...]:
        """The sizes of a clique's columns."""
        return tuple(self.sizes[at] for at in clique)

    @cached_property
    def cells(self) -> int:
        """Cells of all tables."""
        return sum(math.prod(self.shape(self.scope(at))) for at in self.order)

    def cells_with(self, clique: Clique) -> int:
        """Cells of all tables, were a clique to stand together and the order the same."""
        beside = [set(one) for one in self.beside]
        for at in clique:
            beside[at] |= {other for other in clique if self.place[other] > self.place[at]}
        count = 0
        for at in self.order:
            count += math.prod(self.sizes[other] for other in beside[at]) * self.sizes[at]
            if beside[at]:
                parent = min(beside[at], key=lambda other: self.place[other])
                beside[parent] |= beside[at] - {parent}
        return count

    def sorted(self, clique: Clique) -> Clique:
        """A clique in the order of axes."""
        return tuple(sorted(clique, key=lambda at: -self.place[at]))

    def turned(self, clique: Clique, table: Floats) -> Floats:
        """A clique's table with its axes in the order of this tree."""
        return table.transpose([clique.index(at) for at in self.sorted(clique)])

    def spread(self, clique: Clique, table: Floats, at: int) -> Floats:
        """A table as one that broadcasts against the table of column ``at``, which has all its columns."""
        return table.reshape([self.sizes[other] if other in clique else 1 for other in self.scope(at)])

    def summed(self, table: Floats, at: int, clique: Clique) -> Floats:
        """The table of column ``at`` summed over all but a clique."""
        away = tuple(axis for axis, other in enumerate(self.scope(at)) if other not in clique)
        return table.sum(axis=away) if away else table


@dataclass(frozen=True)
class Model:
    """A distribution: of each column its chances given those beside it, with axes as in ``Tree.scope``."""

    tree: Tree
    chances: tuple[Floats, ...]

    @staticmethod
    def of(tree: Tree, potentials: Mapping[Clique, Floats]) -> Model:
        """The distribution in proportion to the exponential of a sum of tables, whose axes are in the tree's order."""
        beliefs = [np.zeros(tree.shape(tree.scope(at))) for at in range(len(tree.sizes))]
        for clique, table in potentials.items():
            beliefs[clique[-1]] += tree.spread(clique, table, clique[-1])
        chances: dict[int, Floats] = {}
        for at in tree.order:
            top = beliefs[at].max(axis=-1, keepdims=True)
            part = np.exp(beliefs[at] - top)
            whole = part.sum(axis=-1, keepdims=True)
            chances[at] = part / whole
            if beside := tree.beside[at]:
                beliefs[beside[-1]] += tree.spread(beside, top + np.log(whole), beside[-1])
        return Model(tree, tuple(chances[at] for at in range(len(tree.sizes))))

    @cached_property
    def joint(self) -> Mapping[int, Floats]:
        """By column: how likely it and those beside it have which values together."""
        found: dict[int, Floats] = {}
        for at in reversed(self.tree.order):
            beside = self.tree.beside[at]
            if not beside:
                found[at] = self.chances[at]
                continue
            found[at] = self.tree.summed(found[beside[-1]], beside[-1], beside)[..., None] * self.chances[at]
        return found

    def marginal(self, clique: Clique) -> Floats:
        """How likely some columns have which values together; the axes are in the clique's own order."""
        inner = self.tree.sorted(clique)
        if set(inner) <= set(self.tree.scope(inner[-1])):
            table, scope = self.tree.summed(self.joint[inner[-1]], inner[-1], inner), inner
        else:
            table, scope = self._far(inner)
        return table.transpose([scope.index(at) for at in clique])

    def _far(self, clique: Clique) -> tuple[Floats, Clique]:
        """The same for columns that are not in one table: those between them are summed away."""
        need, ahead = set[int](), list(clique)
        while ahead:
            at = ahead.pop()
            if at not in need:
                need.add(at)
                ahead += self.tree.beside[at]
        kept = [(self.tree.scope(at), self.chances[at]) for at in need]
        for at in self.tree.order:
            if at in need and at not in clique:
                mine = [one for one in kept if at in one[0]]
                kept = [one for one in kept if at not in one[0]]
                kept.append(_product(mine, without=at))
        scope, table = _product(kept)
        return table, scope


def _product(factors: Sequence[tuple[Clique, Floats]], without: int = -1) -> tuple[Clique, Floats]:
    """Tables multiplied, and summed over one column."""
    scope, table = factors[0]
    for number, (other, more) in enumerate(factors[1:], 2):
        letters = dict(zip(dict.fromkeys((*scope, *other)), ascii_letters, strict=False))
        last = number == len(factors)
        left = tuple(at for at in letters if not (last and at == without))
        spelled = ["".join(letters[at] for at in each) for each in (scope, other, left)]
        table = np.einsum(f"{spelled[0]},{spelled[1]}->{spelled[2]}", table, more)
        scope = left
    if without in scope:
        table, scope = table.sum(axis=scope.index(without)), tuple(at for at in scope if at != without)
    return scope, table

"""Rows of a tree's distribution, of which some values may be known: the others are drawn from what then is likely.

What is known of a column says something of those beside it, which is told up the tree, for all rows that know the same
at once; then rows are drawn going back down.  This is exact, whatever is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from understudy.synth.privacy.tree import Clique, Model

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

_CELLS = 2_000_000
"""Cells of one column's tables that are held at a time."""
_LEAST = 1e-300
"""What is less likely than that is taken to be as likely: a given row may be anything."""


def drawn(model: Model, known: Whole, rng: np.random.Generator) -> Whole:
    """Values of rows, (rows, columns): those of ``known``, and where it is below 0 ones that go with them."""
    found = known.copy()
    if not found.shape[1]:
        return found
    patterns, which = np.unique(known >= 0, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        rows = np.flatnonzero(which.ravel() == number)
        told = tuple(np.flatnonzero(pattern).tolist())
        if len(told) < len(model.tree.sizes):
            _complete(model, found, rows, told, rng)
    return found


def _complete(model: Model, found: Whole, rows: Whole, told: Clique, rng: np.random.Generator) -> None:
    """Draw what is not told of some rows, of all of which the same columns are."""
    values, same = np.zeros((1, 0), np.int64), np.zeros(len(rows), np.int64)
    if told:
        values, same = np.unique(found[np.ix_(rows, np.array(told))], axis=0, return_inverse=True)
    same, stride = same.ravel(), max(1, _CELLS // max(one.size for one in model.chances))
    for first in range(0, len(values), stride):
        here = (same >= first) & (same < first + stride)
        some, kind = rows[here], same[here] - first
        known = dict(zip(told, values[first : first + stride].T, strict=True))
        beliefs = _beliefs(model, known)
        for at in reversed(model.tree.order):
            if at in known:
                continue
            if at in beliefs:
                beside = tuple(found[some, other] for other in model.tree.beside[at] if other not in known)
                own = beliefs[at][(kind, *beside)]
                chance = np.exp(own - own.max(axis=1, keepdims=True))
            else:
                chance = model.chances[at][tuple(found[some, other] for other in model.tree.beside[at])]
                chance = np.broadcast_to(chance, (len(some), model.tree.sizes[at]))
            up = np.cumsum(chance, axis=1)
            code = (up < rng.random((len(some), 1)) * up[:, -1:]).sum(axis=1)
            found[some, at] = np.minimum(code, model.tree.sizes[at] - 1)


def _beliefs(model: Model, known: Mapping[int, Whole]) -> dict[int, Floats]:
    """The log-chances of columns of which something known says more than their tables do, (kinds, those beside...)."""
    tree = model.tree
    coming: dict[int, list[tuple[Clique, Floats]]] = defaultdict(list)
    found: dict[int, Floats] = {}
    for at in tree.order:
        if at not in known and at not in coming:
            continue
        scope = tree.scope(at)
        free = tuple(other for other in scope if other not in known)
        fixed = [other for other in scope if other in known]
        table = model.chances[at].transpose([scope.index(other) for other in (*fixed, *free)])
        table = np.log(np.maximum(table[tuple(known[other] for other in fixed)] if fixed else table[None], _LEAST))
        for clique, told in coming[at]:
            table = table + told.reshape(-1, *(tree.sizes[other] if other in clique else 1 for other in free))
        found[at] = table
        if beside := tree.beside[at]:
            if at not in known:
                top = table.max(axis=-1, keepdims=True)
                table = (top + np.log(np.exp(table - top).sum(axis=-1, keepdims=True)))[..., 0]
            coming[beside[-1]].append((tuple(other for other in free if other != at), table))
    return found

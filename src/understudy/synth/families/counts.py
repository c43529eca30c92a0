"""Numbers of children: brought to a total, as frequent as they were learned to be, and with plans that go with them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from understudy.synth.encoding.columns import Numbers
from understudy.synth.families.children import Whole


def adjusted(counts: Whole, total: int, most: int | None, rng: np.random.Generator) -> Whole:
    """Counts that add up to a total: each times the same, rounded by chance, then some one more or less."""
    if not len(counts) or total <= 0:
        return np.zeros_like(counts)
    if counts.sum() == 0:
        counts = np.ones_like(counts)
    made: Whole = np.floor(counts * (total / counts.sum()) + rng.random(len(counts))).astype(np.int64)
    limit = np.iinfo(np.int64).max if most is None else most
    made = np.minimum(made, limit)
    while (off := total - int(made.sum())) != 0:
        free = made < limit if off > 0 else made > 0
        weight = np.where(free, np.maximum(counts, 1e-9 if counts.any() else 1), 0.0)
        if not weight.any():
            break
        some = rng.choice(len(made), min(abs(off), int(free.sum())), replace=False, p=weight / weight.sum())
        made[some] += 1 if off > 0 else -1
    return made


def spread(coded: Numbers, rows: int) -> Whole:
    """So many whole numbers in order, each as frequent as it was learned to be."""
    shares = np.asarray(coded.parts[0].shares, np.float64)
    shares[len(coded.atoms) : len(coded.atoms) + coded.null] = 0
    ends = np.rint(np.cumsum(shares) / shares.sum() * rows).astype(np.int64)
    many = np.diff(ends, prepend=0)
    values = [np.repeat(np.asarray(coded.atoms, np.float64), many[: len(coded.atoms)])]
    if coded.curve is not None:
        levels = (np.arange(many[-1]) + 0.5) / max(many[-1], 1)
        values.append(coded.curve.values_at(levels, coded.step))
    return np.sort(np.maximum(np.rint(np.concatenate(values)), 0).astype(np.int64))


def repaired(values: pa.Array, counts: Whole, rng: np.random.Generator) -> pa.Array:
    """Plans of rows with children: those that were drawn as none get another row's."""
    lacking = np.asarray(values.is_null()) & (counts > 0)
    if not lacking.any() or values.null_count == len(values):
        return values
    spare = np.flatnonzero(~np.asarray(values.is_null()))
    index = np.arange(len(values))
    index[lacking] = spare[rng.integers(0, len(spare), int(lacking.sum()))]
    return values.take(pa.array(index))

"""Which columns are a sum or a product of several others, in a share of the rows beyond chance.

Every pair of columns is tried on a few rows first; what holds there is tried on more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray

from understudy.synth.relations.copies import VARIED, Numeric, better, near, shuffled
from understudy.synth.relations.rules import Floats, Form, Product, Sum, shaped

FEW = 192
"""Rows on which everything is tried."""
LEAST = 0.1
"""The share of rows in which a sum or product must hold."""
MOST = 40
"""Columns that are combined at most."""
_TERMS = 400
"""Pairs that a third column is added to, or multiplied with, at most."""
_LIFT = 4.0
_SURE = 0.9

Tried = tuple[tuple[str, ...], tuple[Form, ...] | None, Floats]
"""Columns, their forms in a product (None in a sum), and what they come to in the few rows."""


def combined(columns: Sequence[Numeric], results: Sequence[Numeric]) -> Iterator[tuple[str, Sum | Product]]:
    """Sums and products of two or three columns: the column that follows, and how."""
    columns = [one for one in columns if one.different > 1][:MOST]
    if not columns or not results:
        return
    rows = np.random.default_rng(11).permutation(len(columns[0].found))[:FEW]
    few = [one.take(rows) for one in columns]
    whole = {one.name: one for one in columns}
    right = np.stack([_unless_zero(one.take(rows)) for one in results])
    apart = np.stack([0.5001 * one.step + one.take(rows).slack for one in results])
    seen = set()
    for sources, forms, total in _tries(few):
        with np.errstate(invalid="ignore"):
            held = (np.abs(total - right) <= apart).sum(1)
        for result in (results[int(at)] for at in np.flatnonzero(held >= LEAST * len(rows))):
            if result.name in sources:
                continue
            formula = (
                Sum(sources, (1,) * len(sources), 0.0, result.step)
                if forms is None
                else Product(sources, forms, 1.0, result.step)
            )
            numbers = [whole[name].found for name in sources]
            formula = better(formula, numbers, result.found)
            if (result.name, formula) not in seen and _truly(formula, result, [whole[name] for name in sources]):
                seen.add((result.name, formula))
                yield result.name, formula
    yield from _long_sums(columns, results)


def _tries(few: Sequence[Numeric]) -> Iterator[Tried]:
    """What is tried: pairs, and pairs with a third."""
    sums: list[Tried] = []
    products: list[Tried] = []
    shares = [(one, form) for one in few for form in _forms(one)]
    for one, two in combinations(few, 2):
        sums.append(((one.name, two.name), None, _unless_zero(one) + _unless_zero(two)))
        products.append(((one.name, two.name), ("x", "x"), _unless_zero(one) * _unless_zero(two)))
    yield from sums
    yield from products
    for one, two in permutations(few, 2):
        yield (one.name, two.name), ("x", "1/x"), _unless_zero(one) * shaped(_unless_zero(two), "1/x")
    for one in few:
        for other, form in shares:
            if other.name != one.name:
                yield (one.name, other.name), ("x", form), _unless_zero(one) * shaped(other.found, form)
    for names, _, total in products[:_TERMS]:
        for other, form in shares:
            if other.name not in names:
                yield (*names, other.name), ("x", "x", form), total * shaped(other.found, form)
    for names, _, total in sums[:_TERMS]:
        for other in few:
            if other.name > max(names):
                yield (*names, other.name), None, total + _unless_zero(other)


def _unless_zero(one: Numeric) -> Floats:
    return np.where(one.found == 0, np.nan, one.found)


def _forms(one: Numeric) -> tuple[Form, ...]:
    """As which share a column may be taken off or put on."""
    there = one.found[np.isfinite(one.found)]
    if not len(there) or there.min() < 0:
        return ()
    if there.max() <= 1:
        return ("1-x", "1+x") if one.different > 2 else ()
    return ("1-x%", "1+x%") if there.max() <= 100 else ()


def _truly(formula: Sum | Product, result: Numeric, sources: Sequence[Numeric]) -> bool:
    """Whether a formula holds in enough rows, far more often than with another row's numbers in place of any source."""
    numbers = [one.found for one in sources]
    telling = ~result.common & np.isfinite(result.found)
    if telling.sum() < LEAST / 2 * len(telling):
        telling = np.isfinite(result.found) & (result.found != 0)
    holds = int((near(formula.of(numbers), result) & telling).sum())
    if holds < LEAST * max(telling.sum(), 1):
        return False
    if len(np.unique(result.found[near(formula.of(numbers), result) & telling])) < VARIED:
        return False
    order = shuffled(len(result.found))
    lift = 1.15 if holds >= _SURE * telling.sum() else _LIFT  # a discount is mostly none, and counts all the same
    for at in range(len(numbers)):
        torn = [number[order] if at == i else number for i, number in enumerate(numbers)]
        if int((near(formula.of(torn), result) & telling).sum()) * lift > holds:
            return False
    return True


def _long_sums(columns: Sequence[Numeric], results: Sequence[Numeric]) -> Iterator[tuple[str, Sum]]:
    """Sums of four columns or more, by least squares whose weights come out as 1, 0 and -1; of what always holds."""
    usable = [one for one in columns if np.isfinite(one.found).all()]
    if len(usable) < 5:
        return
    matrix = np.stack([one.found for one in usable], 1)
    scale = np.abs(matrix).max(0)
    for result in results:
        if not np.isfinite(result.found).all():
            continue
        others = [at for at, one in enumerate(usable) if one.name != result.name]
        signs = _signs(matrix[:, others], scale[others], result.found)
        used = [at for at, sign in zip(others, signs, strict=True) if sign]
        if len(used) < 4:
            continue
        formula = Sum(tuple(usable[at].name for at in used), tuple(int(s) for s in signs if s), 0.0, result.step)
        if near(formula.of([usable[at].found for at in used]), result).mean() > 0.95:
            yield result.name, formula


def _signs(matrix: Floats, scale: Floats, found: Floats) -> NDArray[np.int64]:
    solved = np.linalg.lstsq(matrix / scale, found, rcond=1e-10)[0] / scale
    whole = np.rint(solved)
    if np.abs(solved - whole).max() > 0.02 or np.abs(whole).max() > 1:
        return np.zeros(len(solved), np.int64)
    return whole.astype(np.int64)

"""Do made rows obey the rules that real rows obey without anybody having written them down?

Rules are found in the real rows and then asked of the made ones: equal columns, orders, one column fixing another,
two columns fixing a third, ranges, labels, constants and keys; ``arithmetic`` finds sums and products. A Score's
ceiling is how far a real holdout obeys, its floor how far torn columns.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy import arrow
from understudy.checks.resampling import Measured, blocks, weights
from understudy.checks.scores import Score
from understudy.checks.sides import FEWEST, Facet, Numbers, Sides, coded, flattened, pairs
from understudy.errors import unknown

PAIRS = 3_000
"""Pairs of columns that are searched for rules at most; of more, as many drawn by a seed."""

ALWAYS = 0.995
"""Share of rows that make an order, a dependency or a sum a rule."""

TELLS = 0.97
"""What torn columns obey as often says nothing."""

_EQUAL = 0.02  # share of rows in which two columns are equal, from which that is a rule
_BY_CHANCE = 2.0  # times as often as torn columns are
_REPEATS = 3  # rows per value, on average, for a column to fix another
_COMPOSED = 24  # columns that are searched for pairs that fix a third, at most
_SEARCHED = 3_000  # real rows that are searched
_ID = re.compile(r"(^|_|[a-z](?=I))(id|ID|Id|key|uuid)$")
_TOUCHED = 0.5  # share of rows in which both sides of an order are there


def ranges(sides: Sides) -> list[Score]:
    """The share of made values inside the real range, or among the real labels: one Score per column that strays."""
    found = {facet.name: agreeing([_within(facet, side) for side in facet.all], sides.seed) for facet in sides.facets}
    breakdown = {name: one.value for name, one in found.items()}
    straying = [name for name, one in found.items() if one.value < 1]
    detail = f"outside: {', '.join(straying[:5])}" if straying else "every value"
    total = _mean(list(found.values())).score("within range", sides.subject, detail, breakdown)
    what = {True: "within the real range", False: "one of the real labels"}
    return [
        total,
        *(found[name].score("within range", name, what[sides.facet(name).numeric]) for name in straying),
    ]


def new_categories(sides: Sides) -> list[Score]:
    """The share of made labels that no real row has: 0 is best, and a holdout has some of its own."""
    labelled = [facet for facet in sides.facets if not facet.numeric]
    if not labelled:
        return []
    found = [agreeing([~_within(facet, side) for side in facet.all], sides.seed) for facet in labelled]
    breakdown = {facet.name: one.value for facet, one in zip(labelled, found, strict=True) if one.value > 0}
    worst = max(breakdown, key=lambda name: breakdown[name], default="")
    detail = f"most in {worst} ({breakdown[worst]:.1%} of its rows)" if worst else "none"
    score = _mean(found).score("new categories", sides.subject, detail, breakdown)
    return [replace(score, higher_is_better=False)]


def equalities(sides: Sides) -> list[Score]:
    """Pairs of columns that are equal in a share of rows beyond chance: how near the made share is to the real one."""
    scores = []
    tables = {"real": sides.real, "made": sides.made, "held": sides.held}
    for one, two in pairs(sides, PAIRS):
        if one.numeric != two.numeric or not _comparable(sides.real, one.name, two.name):
            continue
        shown = {side: _equal(table, one.name, two.name) for side, table in tables.items()}
        chance = _equal_by_chance(sides.held, one.name, two.name, sides.seed)
        rate = float(shown["real"].mean())
        if rate < _EQUAL or rate < _BY_CHANCE * chance:
            continue
        rates = {side: float(equal.mean()) for side, equal in shown.items()}
        made = _resampled(shown["made"], sides.seed)
        measured = Measured(
            _ratio(rates["made"], rate), _ratio(chance, rate), _ratio(rates["held"], rate), _ratios(made, rate)
        )
        detail = f"equal in {rates['made']:.1%} of rows where {rate:.1%} of the real rows are"
        scores.append(measured.score("equality", f"{one.name} = {two.name}", detail, rates))
    return scores


def orders(sides: Sides) -> list[Score]:
    """Pairs of like columns of which one is never greater: the share of made rows in which that holds."""
    scores = []
    for one, two in pairs(sides, PAIRS):
        if not (one.numeric and two.numeric) or sides.real.schema.field(one.name).type != _type(sides.real, two.name):
            continue
        for low, high in ((one, two), (two, one)):
            held = [_ordered(low, high, side) for side in range(4)]
            if len(held[0]) < _TOUCHED * len(low.real) or held[0].mean() < ALWAYS or _rate(held[3]) > TELLS:
                continue
            measured = agreeing(held, sides.seed)
            detail = f"holds in {measured.value:.2%} of rows where it holds in {held[0].mean():.2%} of the real rows"
            scores.append(measured.score("order", f"{low.name} <= {high.name}", detail))
    return scores


def dependencies(sides: Sides) -> list[Score]:
    """Columns of which one fixes the other (postcode and town): the share of made rows in which it does.

    A made row agrees where its value goes with the one that it goes with in real rows; values that are new must go
    with one partner among themselves.
    """
    scores = []
    for one, two in pairs(sides, PAIRS):
        for left, right in ((one, two), (two, one)):
            if not _may_fix(left, right):
                continue
            book = _book(left.real, right.real)
            if _rate(_fixed(left.real, right.real, book)) < ALWAYS:
                continue
            agree = [_fixed(left.all[side], right.all[side], book) for side in range(4)]
            if _rate(agree[2]) < ALWAYS or _rate(agree[3]) > TELLS:
                continue
            measured = agreeing(agree, sides.seed)
            detail = f"holds in {measured.value:.2%} of rows, in {_rate(agree[2]):.2%} of those held out"
            scores.append(measured.score("dependency", f"{left.name} -> {right.name}", detail))
    return scores


def composites(sides: Sides) -> list[Score]:
    """Pairs of columns that together fix a third which neither fixes alone: the share of made rows in which they do."""
    some = [facet for facet in sides.facets if _labels(facet.real) * _REPEATS <= len(facet.real)][:_COMPOSED]
    codes = {facet.name: _codes(facet.real[:_SEARCHED]) for facet in some}
    scores = []
    for left, right in itertools.combinations(some, 2):
        both = _codes(codes[left.name] * (codes[right.name].max(initial=0) + 1.0) + codes[right.name])
        if (both.max(initial=0) + 1) * _REPEATS > len(both):
            continue
        for fixed in some:
            if fixed.name in (left.name, right.name):
                continue
            alone = max(_fixes(codes[one.name], codes[fixed.name]) for one in (left, right))
            if alone >= ALWAYS or _fixes(both, codes[fixed.name]) < ALWAYS:
                continue
            scores += _composed(left, right, fixed, sides.seed)
    return scores


def _composed(left: Facet, right: Facet, fixed: Facet, seed: int) -> list[Score]:
    """The Score of one composite dependency; none where a holdout does not obey it, or torn columns do."""
    ends = np.cumsum([len(side) for side in left.all])[:-1]
    one, two = (_codes(np.concatenate(facet.all)) for facet in (left, right))
    keys = np.split(one * (two.max(initial=0) + 1.0) + two, ends)
    book = _book(keys[0], fixed.real)
    agree = [_fixed(key, side, book) for key, side in zip(keys, fixed.all, strict=True)]
    if min(_rate(agree[0]), _rate(agree[2])) < ALWAYS or _rate(agree[3]) > TELLS:
        return []
    measured = agreeing(agree, seed)
    detail = f"holds in {measured.value:.2%} of rows, in {_rate(agree[2]):.2%} of those held out"
    return [measured.score("dependency", f"{left.name}, {right.name} -> {fixed.name}", detail)]


def constants(real: pa.Table, made: pa.Table, subject: str = "table") -> list[Score]:
    """Columns that vary in the real rows and not in the made ones, all-null ones among them; over all rows."""
    both = [name for name in real.column_names if name in made.column_names]
    stuck = [name for name in both if _varies(real.column(name)) and not _varies(made.column(name))]
    value = 1 - len(stuck) / max(len(both), 1)
    detail = f"constant: {', '.join(stuck)}" if stuck else "every column that varies in the real rows varies"
    return [Score("variety", subject, value, None, 1.0, value, value, True, detail, dict.fromkeys(stuck, 0.0))]


def unique_keys(
    real: pa.Table, made: pa.Table, keys: Sequence[Collection[str]] = (), subject: str = "table"
) -> list[Score]:
    """The share of made rows whose key is theirs alone, for every given key and every column unique in the real rows.

    Floats, sparse numbers and columns with nulls are never found to be keys; they may be given.  Over all rows.
    """
    for column in (column for key in keys for column in key):
        if column not in made.column_names or column not in real.column_names:
            raise unknown("column", column, real.column_names)
    given = [tuple(key) for key in keys]
    found = [(name,) for name in real.column_names if (name,) not in given and is_key(real.column(name), name)]
    scores = []
    for key in (*given, *found):
        value, whole = _alone(made, key), _alone(real, key)
        repeated = round((1 - value) * made.num_rows)
        detail = f"{repeated:,} of {made.num_rows:,} rows share a key with another" if repeated else ""
        scores.append(Score("unique key", ", ".join(key) or subject, value, None, whole, value, value, True, detail))
    return scores


def _within(facet: Facet, side: Numbers) -> NDArray[np.bool_]:
    there = side[~np.isnan(side)]
    if not facet.numeric:
        return there < facet.seen
    real = facet.real[~np.isnan(facet.real)]
    return (there >= real.min()) & (there <= real.max()) if len(real) else np.zeros(len(there), np.bool_)


def agreeing(held: Sequence[NDArray[np.bool_]], seed: int) -> Measured:
    """The share of rows that obey on every side; real rows only say what to obey."""
    _, made, out, apart = held
    return Measured(_rate(made), _rate(apart), _rate(out), _resampled(made, seed))


def _rate(obeys: NDArray[np.bool_]) -> float:
    return float(obeys.mean()) if len(obeys) else 1.0


def _resampled(obeys: NDArray[np.bool_], seed: int) -> Numbers:
    weight = weights(seed, 2)
    at = blocks(len(obeys))
    total = weight @ np.bincount(at, minlength=weight.shape[1])
    right = weight @ np.bincount(at, obeys, minlength=weight.shape[1])
    return np.asarray(np.divide(right, total, out=np.ones_like(right), where=total > 0))


def _mean(parts: Sequence[Measured]) -> Measured:
    columns = zip(*((one.value, one.floor, one.ceiling) for one in parts), strict=True)
    value, floor, ceiling = (float(np.mean(column)) for column in columns)
    return Measured(value, floor, ceiling, np.mean([one.resampled for one in parts], axis=0))


def _ratio(one: float, other: float) -> float:
    return min(one, other) / max(one, other) if max(one, other) > 0 else 1.0


def _ratios(rates: Numbers, real: float) -> Numbers:
    return np.array([_ratio(float(rate), real) for rate in rates])


def _type(table: pa.Table, name: str) -> pa.DataType:
    return table.schema.field(name).type


def _comparable(table: pa.Table, one: str, two: str) -> bool:
    left, right = (_type(table, name) for name in (one, two))
    numbers = all(arrow.kind_of(kind) in ("integer", "decimal", "float") for kind in (left, right))
    return numbers or (left == right and not pa.types.is_nested(left)) or (arrow.is_text(left) and arrow.is_text(right))


def _equal(table: pa.Table, one: str, two: str) -> NDArray[np.bool_]:
    left, right = (flattened(table.column(name)) for name in (one, two))
    if left.type != right.type:
        left, right = (side.cast(pa.float64(), safe=False) for side in (left, right))
    return np.asarray(pc.fill_null(pc.equal(left, right), False).to_numpy(zero_copy_only=False), np.bool_)


def _equal_by_chance(table: pa.Table, one: str, two: str, seed: int) -> float:
    shuffled = table.column(two).take(np.random.default_rng(seed).permutation(table.num_rows))
    return float(_equal(table.set_column(table.column_names.index(two), two, shuffled), one, two).mean())


def _ordered(low: Facet, high: Facet, side: int) -> NDArray[np.bool_]:
    left, right = low.all[side], high.all[side]
    there = ~(np.isnan(left) | np.isnan(right))
    return np.asarray(left[there] <= right[there])


def _may_fix(left: Facet, right: Facet) -> bool:
    """Whether one column repeats enough to be seen to fix another, and the other varies enough to be fixed."""
    there = left.real[~np.isnan(left.real)]
    if len(there) < len(left.real) / 2 or len(np.unique(there)) * _REPEATS > len(there):
        return False
    target = np.nan_to_num(right.real, nan=-1.0)
    return bool(np.unique(target, return_counts=True)[1].max() < TELLS * len(target))


def _labels(values: Numbers) -> int:
    return len(np.unique(values[~np.isnan(values)]))


def _codes(values: Numbers) -> Numbers:
    """A number from 0 for each distinct value, null one of them."""
    return np.unique(np.nan_to_num(values, nan=-np.inf), return_inverse=True)[1].astype(np.float64)


def _fixes(left: Numbers, right: Numbers) -> float:
    """The share of rows whose right code is the one that stands most often beside their left one."""
    width = int(right.max(initial=0)) + 1
    both, counts = np.unique(left * width + right, return_counts=True)
    most = np.zeros(int(left.max(initial=0)) + 1)
    np.maximum.at(most, (both // width).astype(np.int64), counts)
    return float(most.sum() / max(len(left), 1))


def _book(left: Numbers, right: Numbers) -> tuple[Numbers, Numbers]:
    """For every value of the left column, sorted, the value of the right one that stands beside it most often."""
    there = ~np.isnan(left)
    right = np.nan_to_num(right[there], nan=-np.inf)
    both, counts = np.unique(np.stack([left[there], right], axis=1), axis=0, return_counts=True)
    order = np.lexsort((counts, both[:, 0]))
    last = np.append(both[order][1:, 0] != both[order][:-1, 0], True)
    return both[order][last, 0], both[order][last, 1]


def _fixed(left: Numbers, right: Numbers, book: tuple[Numbers, Numbers]) -> NDArray[np.bool_]:
    """Rows that agree with the book; those with a value not in it agree with the book of such rows."""
    there = ~np.isnan(left)
    left, right = left[there], np.nan_to_num(right[there], nan=-np.inf)
    at = np.minimum(np.searchsorted(book[0], left), len(book[0]) - 1)
    known = book[0][at] == left
    agrees = right == book[1][at]
    if not known.all() and len(left):
        fresh = _book(left[~known], right[~known])
        agrees[~known] = right[~known] == fresh[1][np.searchsorted(fresh[0], left[~known])]
    return np.asarray(agrees)


def _varies(column: pa.ChunkedArray) -> bool:
    return len(np.unique(coded(column))) > 1


def is_key(column: pa.ChunkedArray, called: str = "") -> bool:
    """Whether values name rows: all different, and if they are numbers, too dense for that to be chance.

    ``called`` is the column's name: numbers that are called an id need not be dense, as those of a sample are not.
    """
    kind = arrow.kind_of(column.type)
    if column.null_count or len(column) < FEWEST or kind not in ("integer", "text", "uuid"):
        return False
    if kind == "integer" and not (_ID.search(called) or arrow.crowded(column)):
        return False
    return len(np.unique(coded(column))) == len(column)


def _alone(table: pa.Table, key: Sequence[str]) -> float:
    """The share of rows that no other row shares its key with."""
    if not table.num_rows:
        return 1.0
    codes = np.zeros(table.num_rows, np.int64)
    for name in key:
        mine = coded(table.column(name))
        codes = np.unique(codes * (mine.max() + 1) + mine, return_inverse=True)[1]
    return float((np.bincount(codes)[codes] == 1).mean())


def rules(sides: Sides) -> Iterator[Score]:
    """Every rule found in the sampled real rows, as Scores."""
    for found in (ranges, new_categories, equalities, orders, dependencies, composites):
        yield from found(sides)

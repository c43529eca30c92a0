"""Do columns of made rows still add up, and multiply, as those of real rows do?

Rules are found in a few real rows and then asked of all sides; see ``rulecheck``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from understudy import arrow
from understudy.checks.rulecheck import ALWAYS, PAIRS, TELLS, agreeing
from understudy.checks.scores import Score
from understudy.checks.sides import Facet, Numbers, Sides, pairs

_TRIED = 100  # real rows that a rule is looked for in
_WORKS = 0.02  # share of rows in which both parts are neither 0 nor, of products, 1: else nothing is added
_CLOSE = 1e-6


def sums(sides: Sides) -> list[Score]:
    """Columns that are the sum of two others: the share of made rows in which they are."""
    return list(_rules(sides, "sum", "+"))


def products(sides: Sides) -> list[Score]:
    """Columns that are the product of two others, as rounded as they are written: the share of made rows."""
    return list(_rules(sides, "product", "x"))


def _rules(sides: Sides, name: str, sign: str) -> Iterator[Score]:
    numeric = [facet for facet in sides.facets if _is_number(sides, facet)]
    if len(numeric) < 3:
        return
    spare = {facet.name: _spare(facet, sign) for facet in numeric}
    some = np.stack([facet.real[:_TRIED] for facet in numeric], axis=1)
    allowed = np.array([spare[facet.name] for facet in numeric])
    for one, two in pairs(sides, PAIRS):
        if one.name not in spare or two.name not in spare:
            continue
        made = _joint(one.real[:_TRIED], two.real[:_TRIED], sign)[:, None]
        there = ~np.isnan(made) & ~np.isnan(some)
        holds = np.abs(made - some) <= allowed + _CLOSE * np.abs(some)
        rate = (holds & there).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
        for at in np.flatnonzero((rate >= TELLS) & (there.mean(axis=0) >= 0.5)):
            whole = numeric[at]
            if whole.name in (one.name, two.name) or not _works(one, two, sign):
                continue
            held = [_holds(whole, one, two, side, sign, spare[whole.name]) for side in range(4)]
            if held[0].mean() < ALWAYS or not len(held[3]) or held[3].mean() > TELLS:
                continue
            measured = agreeing(held, sides.seed)
            detail = f"holds in {measured.value:.2%} of rows where it holds in {held[0].mean():.2%} of the real rows"
            yield measured.score(name, f"{whole.name} = {one.name} {sign} {two.name}", detail)


def _holds(whole: Facet, one: Facet, two: Facet, side: int, sign: str, spare: float) -> NDArray[np.bool_]:
    """Of the rows that have all three, those in which the rule holds."""
    made, told = _joint(one.all[side], two.all[side], sign), whole.all[side]
    there = ~(np.isnan(made) | np.isnan(told))
    return np.asarray(np.abs(made[there] - told[there]) <= spare + _CLOSE * np.abs(told[there]))


def _joint(one: Numbers, two: Numbers, sign: str) -> Numbers:
    return one + two if sign == "+" else one * two


def _works(one: Facet, two: Facet, sign: str) -> bool:
    """Whether both parts say something in some rows: nothing is added by 0, nothing multiplied by 1."""
    idle = (0.0,) if sign == "+" else (0.0, 1.0)
    busy = [~np.isin(side.real, idle) & ~np.isnan(side.real) for side in (one, two)]
    return bool((busy[0] & busy[1]).mean() >= _WORKS)


def _is_number(sides: Sides, facet: Facet) -> bool:
    return facet.numeric and arrow.kind_of(sides.real.schema.field(facet.name).type) in ("integer", "decimal", "float")


def _spare(facet: Facet, sign: str) -> float:
    """Half of the last decimal that a product is written with; sums lose nothing by rounding but float dust."""
    if sign == "+":
        return 1e-9
    there = facet.real[~np.isnan(facet.real)][:_TRIED]
    for decimals in range(5):
        if np.allclose(there, there.round(decimals), rtol=0, atol=1e-9):
            return 0.5 * 10.0**-decimals + 1e-9
    return 1e-9

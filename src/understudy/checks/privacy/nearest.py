"""Nearest rows by brute force, in blocks that fit the cache: exact, whatever the table looks like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from understudy.checks.sides import Numbers

if TYPE_CHECKING:
    from understudy.checks.privacy.trial import Cells, Crowd, Field, Flags

_CELLS = 2**21
"""Distances that are held at a time."""


@dataclass(frozen=True)
class Found:
    """For each row the nearest of others: which it is, how far, and how far the second nearest."""

    at: Cells
    first: Numbers
    second: Numbers


def blocks(rows: int, others: int) -> Iterator[slice]:
    """Stretches of rows whose distances to all others are held at a time."""
    step = max(1, _CELLS // max(others, 1))
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def squared(one: Numbers, two: Numbers) -> Numbers:
    """Squared distances of all rows of one to all of two, to about fifteen digits."""
    apart = one @ two.T
    apart *= -2
    apart += (one * one).sum(axis=1)[:, None]
    apart += (two * two).sum(axis=1)
    return np.asarray(apart)


def nearest(one: Numbers, two: Numbers) -> Found:
    """For each row of one the nearest row of two and its distance, exact to the last digit; needs two rows of two."""
    at = np.zeros(len(one), np.int64)
    second_at = np.zeros(len(one), np.int64)
    for block in blocks(len(one), len(two)):
        apart = squared(one[block], two)
        rows = np.arange(len(apart))
        at[block] = apart.argmin(axis=1)
        apart[rows, at[block]] = np.inf
        second_at[block] = apart.argmin(axis=1)
    first, second = _exact(one, two[at]), _exact(one, two[second_at])
    return Found(np.where(second < first, second_at, at), np.minimum(first, second), np.maximum(first, second))


def closest(one: Numbers, two: Numbers) -> Numbers:
    """For each row of one the distance of the nearest row of two."""
    at = np.zeros(len(one), np.int64)
    for block in blocks(len(one), len(two)):
        at[block] = squared(one[block], two).argmin(axis=1)
    return _exact(one, two[at])


def several(one: Numbers, two: Numbers, count: int) -> Cells:
    """For each row of one the so many nearest rows of two, in no order."""
    count = min(count, len(two) - 1)
    at = np.zeros((len(one), count), np.int64)
    for block in blocks(len(one), len(two)):
        at[block] = np.argpartition(squared(one[block], two), count - 1, axis=1)[:, :count]
    return at


def without_each(one: Numbers, two: Numbers, fields: Sequence[Field]) -> Cells:
    """For each row of one and each field the nearest row of two when that field is not looked at: rows x fields."""
    at = np.zeros((len(one), len(fields)), np.int64)
    for block in blocks(len(one), len(two)):
        whole = squared(one[block], two)
        for number, field in enumerate(fields):
            own = squared(one[block, field.span], two[:, field.span])
            at[block, number] = np.subtract(whole, own, out=own).argmin(axis=1)
    return at


def has_twin(one: Crowd, two: Crowd, spare: int) -> Flags:
    """For each row of one whether some row of two agrees with it in all fields but so many."""
    found = np.zeros(len(one), bool)
    others = np.ascontiguousarray(two.near.T)
    for block in blocks(len(one), len(two) * 4):
        mine = one.near[block]
        agree = np.zeros((len(mine), len(two)), np.uint16)
        apart = np.empty(agree.shape, np.float32)
        for number, column in enumerate(others):
            np.subtract(mine[:, number, None], column, out=apart)
            np.abs(apart, out=apart)
            agree += apart <= 1
        found[block] = agree.max(axis=1) >= len(others) - spare
    return found


def _exact(one: Numbers, two: Numbers) -> Numbers:
    return np.asarray(np.sqrt(((one - two) ** 2).sum(axis=1)))

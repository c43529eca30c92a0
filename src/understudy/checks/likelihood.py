"""Does a model know the rows that it learned from better than rows that it never saw?"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from understudy.checks.scores import Score
from understudy.checks.sides import Numbers
from understudy.errors import Error

LogProb = Callable[[pa.Table], Numbers]
"""Rows to the logarithm of the probability that a model gives each of them."""

ROWS = 4_000
"""Rows of each kind that a model is asked for, at most."""


def gap(real: pa.Table, holdout: pa.Table, log_prob: LogProb, subject: str = "table") -> list[Score]:
    """``likelihood gap``: by how many nats a row learned from is likelier, on average, than one held out.

    0 is what a model has that remembers nothing; there is no floor.  The interval is that of two independent means.
    """
    dice = np.random.default_rng(zlib.crc32(repr((real.num_rows, holdout.num_rows)).encode()))
    some = (table.take(np.sort(dice.permutation(table.num_rows)[:ROWS])) for table in (real, holdout))
    told = [np.asarray(log_prob(table), np.float64) for table in some]
    if not all(len(side) > 1 and np.isfinite(side).all() for side in told):
        raise Error("the model gives no likelihood for some rows", hint="judge the model that was released")
    means = [float(side.mean()) for side in told]
    value = means[0] - means[1]
    half = 1.96 * float(np.sqrt(sum(side.var(ddof=1) / len(side) for side in told)))
    detail = f"{means[0]:.3f} nats a row learned from, {means[1]:.3f} a row held out"
    return [Score("likelihood gap", subject, value, None, 0.0, value - half, value + half, False, detail)]

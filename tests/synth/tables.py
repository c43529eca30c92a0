"""Tables that tests learn, small enough to see through; and a budget of a second or two."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa

from understudy.synth.network.effort import Budget

SHORT = Budget(rows=10_000, width=48, passes=6_000)
LONGER = Budget(rows=10_000, width=64, passes=60_000)


def people(rows: int = 600, seed: int = 0) -> pa.Table:
    """Who earns what: the city sets the wage, one in five has no children noted, dates are of 2020 and 2021."""
    rng = np.random.default_rng(seed)
    city = rng.choice(["Bonn", "Lyon", "Oslo"], rows, p=[0.5, 0.3, 0.2])
    wage = np.round(np.where(city == "Oslo", 5_000, 2_000) + 500 * rng.standard_normal(rows), 2)
    return pa.table(
        {
            "city": city,
            "wage": wage,
            "children": pa.array(rng.integers(0, 4, rows), pa.int8(), mask=rng.random(rows) < 0.2),
            "since": pa.array(np.datetime64(date(2020, 1, 1)) + rng.integers(0, 700, rows)),
            "active": rng.random(rows) < 0.3,
        }
    )


def rows_of(batches: object) -> pa.Table:
    """Batches as one table."""
    return pa.Table.from_batches(list(batches))  # type: ignore[call-overload]

"""Capability: the proof that a result is complete, sound and free of originals, and the report that shows it.

``CHECKS`` holds those that need nothing but the two Datasets; ``accounting``, ``nulls``, ``constraints`` and
``leaks`` make checks of what a run counted.  To add one, assign a ``Check`` to ``CHECKS`` under its name.
"""

from understudy.checks.accounting import RowCount, accounting
from understudy.checks.constraints import constraints
from understudy.checks.foreign_keys import foreign_keys
from understudy.checks.leaks import FixedPoints, leaks
from understudy.checks.originals import Originals
from understudy.checks.run import passed, run_checks
from understudy.checks.unique import unique
from understudy.checks.values import lengths, not_null, nulls
from understudy.interfaces import Check

CHECKS: dict[str, Check] = {
    "foreign_keys": foreign_keys,
    "unique": unique,
    "not_null": not_null,
    "lengths": lengths,
}

__all__ = [
    "CHECKS",
    "FixedPoints",
    "Originals",
    "RowCount",
    "accounting",
    "constraints",
    "foreign_keys",
    "leaks",
    "lengths",
    "not_null",
    "nulls",
    "passed",
    "run_checks",
    "unique",
]

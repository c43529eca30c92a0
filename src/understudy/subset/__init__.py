"""Subsetting: which rows belong together, read once each, with the reason for every one of them.

``plan`` decides without reading a row, ``closure`` reads the rows, ``why`` tells how one of them came.
"""

from understudy.subset.closure import Closure, closure
from understudy.subset.explain import Step, why
from understudy.subset.plan import TARGET, WHOLE, PlannedEdge, PlannedTable, SubsetPlan, plan
from understudy.subset.request import EdgePolicy, Request, Target

__all__ = [
    "TARGET",
    "WHOLE",
    "Closure",
    "EdgePolicy",
    "PlannedEdge",
    "PlannedTable",
    "Request",
    "Step",
    "SubsetPlan",
    "Target",
    "closure",
    "plan",
    "why",
]

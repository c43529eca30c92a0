"""Masking: rules that change the values of columns, alike wherever the same value stands.

``parse_rule`` reads a rule; ``domains`` and ``spread`` find which columns must change alike;
``refusals`` proves that rules fit before a row is read; ``compile`` makes the function that changes
a table's batches, with one secret ``Key``; ``needs`` says what that function must be given, and
``restore`` undoes it.  ``allow`` lets rows through as they are, and ``spared`` tells which values did.
"""

from understudy.transforms.allow import Spared, allow, spared
from understudy.transforms.apply import compile, fixed_points, needs  # noqa: A004  # as in apply
from understudy.transforms.domains import domains, spread
from understudy.transforms.fit import refusals
from understudy.transforms.key import Key
from understudy.transforms.placed import Placed, placed
from understudy.transforms.registry import TRANSFORMERS, parse_rule
from understudy.transforms.restore import restore

__all__ = [
    "TRANSFORMERS",
    "Key",
    "Placed",
    "Spared",
    "allow",
    "compile",
    "domains",
    "fixed_points",
    "needs",
    "parse_rule",
    "placed",
    "refusals",
    "restore",
    "spared",
    "spread",
]

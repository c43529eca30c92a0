"""One case of the transformer laws: a rule, and the column it stands on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from hypothesis.strategies import SearchStrategy

from transforms.sample import column, people
from understudy.schema import Kind, Table
from understudy.transforms import TRANSFORMERS, parse_rule
from understudy.transforms.declare import Declaration, Place, Uniqueness
from understudy.transforms.placed import Placed, placed

TEXT_DECIMAL = {"as_text": True, "arrow_type": pa.string()}
"""What a column of numbers that travel as text has more."""


@dataclass(frozen=True)
class Case:
    """A rule on the column ``v`` of a table that also has ``id`` (the key), ``who``, ``since`` and ``bystander``."""

    rule: Any
    kind: Kind = "text"
    more: dict[str, Any] = field(default_factory=dict)
    """More of the column, as of ``Column``."""
    samples: tuple[Any, ...] = ()
    """Values of the form the rule is made for; the laws try them beside arbitrary ones."""
    nth: Callable[[int], Any] | None = None
    """The n-th of 1,500 different values of that form, for the laws of uniqueness; else of the kind."""
    form: SearchStrategy[Any] | None = None
    """Values of the only form that the rule takes, instead of arbitrary ones."""
    keyed: bool = True
    """Another key gives other stand-ins."""

    @property
    def declared(self) -> Declaration:
        return TRANSFORMERS[parse_rule(self.rule).name]

    @property
    def table(self) -> Table:
        return people(
            column("who", "integer"),
            column("since", "timestamp"),
            column("v", self.kind, **self.more),
            column("bystander"),
        )

    @property
    def placed(self) -> Placed:
        return placed(self.table, self.table.column("v"), parse_rule(self.rule))

    @property
    def place(self) -> Place:
        return self.placed.place

    @property
    def uniqueness(self) -> Uniqueness:
        return self.placed.uniqueness

    def __str__(self) -> str:
        return f"{parse_rule(self.rule)} {self.kind} {self.more or ''}".strip()

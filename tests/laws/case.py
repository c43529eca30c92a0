"""One case of the transformer laws: a rule, and the column it stands on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from transforms.sample import column, people
from understudy.schema import Kind, Table
from understudy.transforms import TRANSFORMERS, parse_rule
from understudy.transforms.declare import Declaration, Place, Uniqueness
from understudy.transforms.placed import Placed, placed

TEXT_DECIMAL = {"as_text": True, "arrow_type": pa.string()}
"""What a column of numbers that travel as text has more."""

documents = st.fixed_dictionaries({}, optional={"email": st.text(), "n": st.lists(st.integers(-(2**40), 2**40))})
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "float": st.floats(),
    "decimal": st.decimals(-10_000_000, 10_000_000, places=2),
    "text": st.text(max_size=20) | st.sampled_from(["ada@x.org", "Ada@x.org", "", " ", "+49 170 1234567", "AB-12"]),
    "date": st.integers(-20_000, 20_000) | st.sampled_from([2**31 - 1, -(2**31 - 1)]),
    "timestamp": st.integers(-(2**52), 2**52) | st.sampled_from([2**63 - 1, -(2**63 - 1)]),
    "time": st.integers(0, 86_399_999_999),
    "boolean": st.booleans(),
    "uuid": st.uuids(),
    "json": documents.map(json.dumps),
    "other": st.sampled_from(["{1,2}", "{}"]),
}


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

    @cached_property
    def table(self) -> Table:
        return people(
            column("who", "integer"),
            column("since", "timestamp"),
            column("v", self.kind, **self.more),
            column("bystander"),
        )

    @cached_property
    def placed(self) -> Placed:
        return placed(self.table, self.table.column("v"), parse_rule(self.rule))

    @cached_property
    def values(self) -> SearchStrategy[Any]:
        """What may stand in the column, but for NULL."""
        if self.form is not None:
            return self.form
        return self._usual | st.sampled_from(self.samples) if self.samples else self._usual

    @cached_property
    def columns(self) -> SearchStrategy[list[Any]]:
        """The column in up to 24 rows."""
        return st.lists(self.values | st.none(), max_size=24)

    @property
    def _usual(self) -> SearchStrategy[Any]:
        kind = self.table.column("v").arrow_type
        if self.kind == "enum":
            return st.sampled_from(self.more["labels"])
        if self.kind == "integer":
            return st.integers(-(2 ** (kind.bit_width - 1)), 2 ** (kind.bit_width - 1) - 1) | st.integers(-3, 200)
        if self.kind == "decimal" and pa.types.is_decimal(kind) and kind.scale == 0:
            return st.integers(-(10**12) + 1, 10**12 - 1).map(Decimal)
        if self.kind == "decimal" and self.more.get("as_text"):
            return VALUES["decimal"].map(str) | st.sampled_from(["NaN", "Infinity", "7", "0.10"])
        return VALUES[self.kind]

    @property
    def place(self) -> Place:
        return self.placed.place

    @property
    def uniqueness(self) -> Uniqueness:
        return self.placed.uniqueness

    def __str__(self) -> str:
        return f"{parse_rule(self.rule)} {self.kind} {self.more or ''}".strip()

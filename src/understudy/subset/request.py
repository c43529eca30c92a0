"""What a user asks of a subset: targets, a policy per edge, exclusions.  Frozen nouns; nothing is looked up here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa

from understudy.schema import ForeignKey, TableName


@dataclass(frozen=True)
class Target:
    """Rows of one table that the user asks for; several targets are OR-ed.

    What is given inside one target is AND-ed: ``where`` first, then ``keys``, then ``percent``, and
    ``limit`` last.  A target that gives nothing takes the table whole.
    """

    table: TableName
    where: str = ""
    """SQL in the source's dialect."""
    percent: float | None = None
    """A keyed hash of the row's key decides: the same rows on every run, 1 % inside 5 %."""
    limit: int | None = None
    """So many rows, the first by ``order_by`` and then by the row's key."""
    order_by: str = ""
    keys: pa.Table | None = None
    """The rows whose columns of these names hold one of these rows of values."""

    @property
    def whole(self) -> bool:
        """The target takes every row of its table."""
        return not self.where and self.percent is None and self.limit is None and self.keys is None

    def __str__(self) -> str:
        words = [self.where] if self.where else []
        if self.keys is not None:
            words.append(f"{self.keys.num_rows:,} given keys")
        if self.percent is not None:
            words.append(f"{self.percent:g} %")
        if self.limit is not None:
            words.append(f"the first {self.limit:,} by {self.order_by or 'key'}")
        return ", ".join(words) or "every row"


@dataclass(frozen=True)
class EdgePolicy:
    """How one foreign key is followed, towards its parents and towards its children."""

    parents: Literal["follow", "null", "expand"] = "follow"
    """``follow``: a kept row brings its parent.  ``null``: the key becomes NULL instead.  ``expand``: the
    parent of a row that brings children brings its own children too."""
    children: bool = True
    """The children of targets, and of rows reached as children, are brought."""
    top: int | None = None
    """At most so many children per parent: the first by ``order_by``, else by a keyed hash of the row's key."""
    order_by: str = ""
    where: str = ""
    """SQL on the child row; only children for which it holds are brought."""
    depth: int | None = None
    """Bring children at most so many child edges away from the nearest target."""
    on_excluded: Literal["drop", "null"] = "drop"
    """A row whose parent is excluded is dropped, or keeps its place with the key set to NULL."""


@dataclass(frozen=True)
class Request:
    """Everything a user asks of one subset."""

    targets: tuple[Target, ...] = ()
    follow: Mapping[str, EdgePolicy] = field(default_factory=dict)
    """Policies by ``ForeignKey.id``, or by a table's name for every foreign key of that table."""
    exclude: Mapping[TableName, str] = field(default_factory=dict)
    """SQL per table; rows for which it holds never appear, nor does a row that needs one of them."""
    unreached: Literal["empty", "reference", "all"] = "reference"
    """Tables that no target reaches: empty, whole where they are small, or all of them whole."""
    reference_rows: int = 1000
    """Most rows of a table that ``reference`` takes whole."""
    integrity: bool = True
    """False follows no edge at all: every target gives its own rows and nothing else."""
    virtual: tuple[ForeignKey, ...] = ()
    """Foreign keys that the database does not declare."""

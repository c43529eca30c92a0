"""What detection tells: a finding for every personal column, and why any other column is harmless, if it surely is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from understudy.detect.catalogue import Sensitivity
from understudy.detect.weighing import FOUND
from understudy.schema import TableName


@dataclass(frozen=True)
class Finding:
    """A column, or a part of its values, that says something about persons."""

    table: TableName
    column: str
    entity: str
    sensitivity: Sensitivity
    """``direct``: it leads to one person.  ``quasi``: with others of its kind.  ``sensitive``: it harms by itself."""
    confidence: float
    """From 0 to 1; from ``FOUND`` on it counts."""
    evidence: tuple[str, ...]
    """Why, in sentences that show no value."""
    rules: tuple[str, ...]
    """Rules for the job file, the best first; they may not fit the column, and need not exist."""
    path: str = ""
    """Where inside documents (``$.items[*].email``); ``[*]`` for the elements of arrays."""
    key: str = ""
    """For which rows of a table of keys and values (``meta_key=phone``)."""

    @property
    def found(self) -> bool:
        """Whether it is likely enough to act on."""
        return self.confidence >= FOUND

    @property
    def place(self) -> str:
        """What a person calls it: ``users.email``, ``users.profile $.email``, ``meta.value [meta_key=phone]``."""
        inside = f" {self.path}" if self.path else f" [{self.key}]" if self.key else ""
        return f"{self.table}.{self.column}{inside}"

    @property
    def rule(self) -> str:
        """The rule to suggest first."""
        return self.rules[0] if self.rules else ""

    def json(self) -> dict[str, Any]:
        """The finding as plain values; ``class`` is its sensitivity."""
        parts = {"path": self.path, "key": self.key}
        return {
            "table": str(self.table),
            "column": self.column,
            **{name: value for name, value in parts.items() if value},
            "entity": self.entity,
            "class": self.sensitivity,
            "confidence": self.confidence,
            "evidence": list(self.evidence),
            "rule": self.rule,
        }


@dataclass(frozen=True)
class Survey:
    """What was found in a whole Dataset."""

    findings: tuple[Finding, ...]
    """In the order of tables and columns; doubtful ones (below ``FOUND``) too."""
    harmless: Mapping[tuple[TableName, str], str] = field(default_factory=dict)
    """Columns that surely say nothing about anybody, and why."""
    sampled: Mapping[TableName, int] = field(default_factory=dict)
    """How many rows of every table were looked at."""

    def of(self, table: TableName, column: str) -> list[Finding]:
        """The findings in one column, the likeliest first."""
        own = [finding for finding in self.findings if (finding.table, finding.column) == (table, column)]
        return sorted(own, key=lambda finding: -finding.confidence)

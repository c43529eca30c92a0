"""What a run did and what its checks found, as plain nouns; the page and the JSON file are two views of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from understudy.checks.run import passed
from understudy.errors import InputError
from understudy.interfaces import Result

VERSION = 1
"""Of the JSON form; a reader refuses one it does not know."""

Policy = Literal["followed", "nulled", "not followed"]
"""What became of an edge: its rows were taken along, its column was emptied, or it was left aside."""

_PASSWORD = re.compile(r"(\w://[^/\s:@]*):[^@\s/]+@")
_SECRET_KEY = re.compile(r"^(key\s*:\s*)(?![\"']?\$\{)(\S.*)$", re.MULTILINE)


@dataclass(frozen=True)
class ColumnReport:
    """One column: the rule it had, and what became of its values."""

    name: str
    type: str
    rule: str
    changed: int | None = None
    """Values that came out different; None where the rule keeps them."""
    nulls: int | None = None
    fixed_points: int | None = None
    """Values that came out as they went in although the rule changes them."""
    note: str = ""


@dataclass(frozen=True)
class TableReport:
    """One table: how many rows there are, were read and kept, and why."""

    name: str
    source_rows: int
    """The source's own estimate."""
    read: int = 0
    kept: int = 0
    dropped: int = 0
    expand: int = 0
    """Rows reached from a target by following keys to children."""
    support: int = 0
    """Rows kept only because others point at them."""
    bytes: int = 0
    """Of the staged rows."""
    why: str = ""
    columns: tuple[ColumnReport, ...] = ()


@dataclass(frozen=True)
class EdgeReport:
    """One foreign key: what was decided about it, why, and how many rows came in over it."""

    id: str
    child: str
    parent: str
    policy: Policy
    why: str = ""
    rows: int = 0


@dataclass(frozen=True)
class StepReport:
    """One step of the run: how long it took and how many rows went through it."""

    name: str
    seconds: float
    rows: int | None = None


@dataclass(frozen=True)
class Report:
    """Everything a run has to answer for.  Holds counts, names and SQL of the job, never a value of the source."""

    run: str
    job: str
    """The job's name."""
    job_text: str
    started: str
    """ISO 8601, UTC."""
    seconds: float
    source: str
    position: str
    engine: str
    """The source's engine and version."""
    destination: str
    key_id: str
    code: str
    tables: tuple[TableReport, ...] = ()
    edges: tuple[EdgeReport, ...] = ()
    results: tuple[Result, ...] = ()
    steps: tuple[StepReport, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether no check failed and none was left unasked."""
        return passed(self.results)

    def json(self) -> dict[str, Any]:
        """The report as plain lists and dicts, with passwords and keys written into the job taken out."""
        return {"version": VERSION, "passed": self.passed, **asdict(self), "job_text": without_secrets(self.job_text)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Report:
        """The report a dict of ``json()`` describes; an InputError where it is of another version."""
        if data.get("version") != VERSION:
            found = data.get("version", "none")
            raise InputError(
                f"the report is of version {found}, and this program reads version {VERSION}",
                hint="read it with the version of Understudy that wrote it",
            )
        plain = {name: value for name, value in data.items() if name not in ("version", "passed")}
        return cls(
            **{
                **plain,
                "tables": tuple(_table(table) for table in data["tables"]),
                "edges": tuple(EdgeReport(**edge) for edge in data["edges"]),
                "results": tuple(Result(**result) for result in data["results"]),
                "steps": tuple(StepReport(**step) for step in data["steps"]),
                "notes": tuple(data["notes"]),
            }
        )


def _table(data: Mapping[str, Any]) -> TableReport:
    return TableReport(**{**data, "columns": tuple(ColumnReport(**column) for column in data["columns"])})


def without_secrets(job_text: str) -> str:
    """A job's text with passwords in URLs and a key written out replaced by stars; ``${NAMES}`` stay."""
    return _SECRET_KEY.sub(r"\1***", _PASSWORD.sub(r"\1:***@", job_text))

"""The job file: one YAML, every field validated, every error with the path of the field it is about."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from understudy.errors import InputError, unknown

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_UNKNOWN_FIELD = "extra_forbidden"

Scalar = str | int | float | bool


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class TargetSpec(_Part):
    """Rows the user asks for; several targets are OR-ed."""

    table: str
    where: str = ""
    percent: float | None = Field(default=None, gt=0, le=100)
    limit: int | None = Field(default=None, ge=0)
    order_by: str = ""
    keys: tuple[Scalar | tuple[Scalar, ...], ...] | None = None


class EdgeSpec(_Part):
    """How a foreign key is followed, from the child to its parents and from the parent to its children."""

    parents: Literal["follow", "null", "expand"] = "follow"
    children: bool = True
    top: int | None = Field(default=None, ge=0)
    order_by: str = ""
    where: str = ""
    depth: int | None = Field(default=None, ge=0)
    on_excluded: Literal["drop", "null"] = "drop"

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        """``null`` empties the key in the copy; ``false`` does not follow it to children."""
        if value is None:
            return {"parents": "null", "children": False}
        if isinstance(value, bool):
            return {"children": value}
        if isinstance(value, Mapping):  # YAML's null is the word
            words = {name: "null" for name in ("parents", "on_excluded") if name in value and value[name] is None}
            return {**value, **words}
        return value


class VirtualSpec(_Part):
    """A foreign key the database does not declare: plain, over an expression, or polymorphic (``when``)."""

    table: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    when: str = ""
    expressions: tuple[str, ...] = ()

    @field_validator("columns", "parent_columns", "expressions", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class SubsetSpec(_Part):
    """Which rows to take; without targets, every row."""

    targets: tuple[TargetSpec, ...] = ()
    follow: dict[str, EdgeSpec] = Field(default_factory=dict)
    exclude: dict[str, str] = Field(default_factory=dict)
    unreached: Literal["empty", "reference", "all"] = "reference"
    reference_rows: int = Field(default=1000, ge=0)
    integrity: bool = True
    virtual: tuple[VirtualSpec, ...] = ()


Severity = Literal["fail", "note", "off"]


class ChecksSpec(_Part):
    """What a result must pass before it is published: ``fail`` blocks, ``note`` only tells, ``off`` skips."""

    integrity: Severity = "fail"
    constraints: Severity = "fail"
    privacy: Severity = "fail"


class LoadSpec(_Part):
    """A destination to load the result into."""

    to: str
    mode: Literal["create", "replace", "append"] = "create"


class Job(_Part):
    """The whole job file."""

    source: str
    key: str = "${UNDERSTUDY_KEY}"
    lake: str = "./.understudy"
    subset: SubsetSpec = SubsetSpec()
    columns: dict[str, Any] = Field(default_factory=dict)
    domains: tuple[tuple[str, ...], ...] = ()
    checks: ChecksSpec = ChecksSpec()
    load: tuple[LoadSpec, ...] = ()
    readers: int = Field(default=2, ge=1, le=64)

    @field_validator("load", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, Mapping) else value


@dataclass(frozen=True)
class JobFile:
    """A job with the place it was read from: relative paths in it are relative to that place."""

    job: Job
    path: Path
    text: str

    @property
    def name(self) -> str:
        """The file's name without its ending, as runs and reports show it."""
        return self.path.stem

    @property
    def lake(self) -> Path:
        """The folder that keeps runs and their results."""
        return (self.path.parent / resolve(self.job.lake, "lake")).resolve()


def load_job(path: Path) -> JobFile:
    """Read and validate a job file; an InputError names the file, the field's path and what was expected."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        hint = "`understudy init URL` writes one"
        raise InputError(f"job file {str(path)!r} cannot be read: {error.strerror}", hint=hint) from error
    return parse_job(text, path)


def parse_job(text: str, path: Path) -> JobFile:
    """The job in a text; ``path`` is where it (would) stand."""
    try:
        data = YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise InputError(f"{path.name} is not valid YAML{where}: {error.problem}") from error
    if not isinstance(data, Mapping):
        raise InputError(f"{path.name} holds no job", hint="it starts with `source: URL`; see `understudy init`")
    try:
        return JobFile(Job.model_validate(data), path, text)
    except ValidationError as error:
        raise _explain(error, path) from error


def _explain(error: ValidationError, path: Path) -> InputError:
    """The first problem pydantic found, as a sentence with the field's path."""
    first = error.errors(include_url=False)[0]
    place = "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
    if first["type"] == _UNKNOWN_FIELD:
        *owner, name = first["loc"]
        known = _fields_at(owner)
        found = unknown("field", str(name), known)
        return InputError(f"{path.name}: {found.message} - at `{place}`", hint=found.hint)
    more = len(error.errors()) - 1
    others = f" (and {more} more)" if more else ""
    return InputError(f"{path.name}: {first['msg'][0].lower()}{first['msg'][1:]} - at `{place}`{others}")


def _fields_at(owner: list[int | str]) -> list[str]:
    parts: dict[str, type[BaseModel]] = {
        "targets": TargetSpec,
        "follow": EdgeSpec,
        "virtual": VirtualSpec,
        "subset": SubsetSpec,
        "checks": ChecksSpec,
        "load": LoadSpec,
    }
    named = [parts[str(part)] for part in owner if str(part) in parts]
    return list((named[-1] if named else Job).model_fields)


def resolve(text: str, field: str) -> str:
    """A text of the job with its ``${NAME}`` taken from the environment; an InputError where one is not set."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in os.environ:
            hint = f"export {name}=..." if name != "UNDERSTUDY_KEY" else f"export {name}=$(understudy key new)"
            raise InputError(f"the job's `{field}` needs the environment variable {name}, which is not set", hint=hint)
        return os.environ[name]

    return _VARIABLE.sub(value, text)

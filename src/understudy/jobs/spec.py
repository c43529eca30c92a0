"""The job file: one YAML, every field validated, every error with the path of the field it is about."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from understudy.errors import InputError, unknown

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_UNKNOWN_FIELD = "extra_forbidden"

Scalar = str | int | float | bool


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class TargetSpec(_Part):
    """Rows the user asks for; several targets are OR-ed."""

    table: str
    """The table, as `users` or `billing.invoices`."""
    where: str = ""
    """SQL of the source, over the table's columns."""
    percent: float | None = Field(default=None, gt=0, le=100)
    """A keyed draw: the same rows on every run, 1 % inside 5 %."""
    limit: int | None = Field(default=None, ge=0)
    """So many rows, the first by `order_by` and then by key."""
    order_by: str = ""
    """SQL to order by, for `limit`."""
    keys: tuple[Scalar | tuple[Scalar, ...], ...] | None = None
    """Rows by their primary (or unique) key; a list per row where it is composite."""


class EdgeSpec(_Part):
    """How a foreign key is followed, from the child to its parents and from the parent to its children."""

    parents: Literal["follow", "null", "expand"] = "follow"
    """A kept row brings its parent, or its key becomes null, or the parent brings its own children too."""
    children: bool = True
    """Children of targets, and of rows reached as children, come along."""
    top: int | None = Field(default=None, ge=0)
    """At most so many children per parent."""
    order_by: str = ""
    """SQL that says which are the first, for `top`; else a keyed draw."""
    where: str = ""
    """SQL on the child row: only such children come along."""
    depth: int | None = Field(default=None, ge=0)
    """Children at most so many steps away from a target."""
    on_excluded: Literal["drop", "null"] = "drop"
    """A row whose parent is excluded is dropped, or stays with the key set to null."""

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
    """The child."""
    columns: tuple[str, ...]
    """The columns that point, or, with `expressions`, names to show."""
    parent: str
    """The table pointed at."""
    parent_columns: tuple[str, ...]
    """The columns pointed at, pair by pair."""
    when: str = ""
    """SQL on the child row under which the key exists, for polymorphic keys."""
    expressions: tuple[str, ...] = ()
    """SQL on the child row that gives the key, where no column holds it."""

    @field_validator("columns", "parent_columns", "expressions", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class SubsetSpec(_Part):
    """Which rows to take; without targets, every row."""

    targets: tuple[TargetSpec, ...] = ()
    """The rows asked for."""
    follow: dict[str, EdgeSpec] = Field(default_factory=dict)
    """By foreign key (`orders.user_id`) or by table, for all its keys."""
    exclude: dict[str, str] = Field(default_factory=dict)
    """SQL per table: such rows never appear, nor does what needs them."""
    unreached: Literal["empty", "reference", "all"] = "reference"
    """Tables no target reaches: empty, whole where small, or all whole."""
    reference_rows: int = Field(default=1000, ge=0)
    """Most rows of a table that `reference` takes whole."""
    integrity: bool = True
    """`false` follows no foreign key at all."""
    virtual: tuple[VirtualSpec, ...] = ()
    """Foreign keys the database does not declare."""


Severity = Literal["fail", "note", "off"]


class ChecksSpec(_Part):
    """What a result must pass before it is published: ``fail`` blocks, ``note`` only tells, ``off`` skips."""

    integrity: Severity = "fail"
    """Foreign keys, unique keys, NOT NULL, lengths and labels."""
    constraints: Severity = "fail"
    """CHECK constraints over changed columns."""
    privacy: Severity = "fail"
    """The leak scan."""
    drift: Severity = "fail"
    """Sampled rows of the source: kept columns that hold personal values, rules that do not fit their values."""


class LoadSpec(_Part):
    """A destination to load the result into."""

    to: str
    """The destination's URL; `${NAME}` is taken from the environment."""
    mode: Literal["create", "replace", "append"] = "create"
    """Into nothing, in place of what is there, or beside it."""


class FiltersSpec(_Part):
    """Which made rows are refused, and made anew."""

    similarity: Literal["off", "medium", "high"] | None = None
    """Copies of real rows; with `high`, near copies too.  `medium` by default, and `off` where there is an epsilon."""
    outliers: Literal["off", "medium", "high"] = "off"
    """Rows such as there are few of; `high` refuses more."""


class GatesSpec(_Part):
    """What made rows must pass before they are published: ``fail`` blocks, ``note`` only tells, ``off`` skips."""

    quality: Severity = "fail"
    """How like the real rows they are, measured on rows that were not learned from."""
    privacy: Severity = "fail"
    """What they give away of the rows that were learned from, by attacks."""
    model: Severity = "note"
    """What the model would, which stays with the run: `fail` where it is given away, too."""

    @property
    def off(self) -> bool:
        """Whether nothing has to be measured: what the model alone would tell is not worth it unless it blocks."""
        return self.quality == self.privacy == "off" and self.model != "fail"


class SynthesizeSpec(_Part):
    """Tables whose rows are made by a model of them, instead of being copied and masked."""

    tables: tuple[str, ...]
    """The tables; those that foreign keys join are learned together."""
    rows: int | dict[str, int] | None = None
    """How many rows: of the first table, or by table."""
    scale: float = Field(default=1.0, gt=0)
    """As many times the rows there are, of tables for which `rows` says nothing."""
    balance: dict[str, Literal["even"] | dict[Scalar, float]] = Field(default_factory=dict)
    """By column, how often its values come: `{users.gender: even}`, or `{users.gender: {f: 0.7, m: 0.3}}`."""
    epsilon: float | None = Field(default=None, gt=0)
    """Learn with differential privacy: what any one row, or `subject`, may change is bounded by this."""
    subject: str = ""
    """The column that says whose row it is, for `epsilon` and for the gates."""
    public: tuple[str, ...] = ()
    """Tables that hold nobody's rows, as countries: what points at them is learned within `epsilon`, they are not."""
    effort: Literal["fast", "normal", "best"] = "normal"
    """How much learning may cost."""
    filters: FiltersSpec = FiltersSpec()
    """Which made rows are refused."""
    seed: int = Field(default=0, ge=0)
    """Another seed makes other rows."""
    model: str = ""
    """A model that was saved, to use instead of learning; the path is relative to the job file."""
    gates: GatesSpec = GatesSpec()
    """What must pass before made rows are published."""
    retries: int = Field(default=2, ge=0, le=10)
    """How often rows are made again where a gate fails: of quality by more effort, of privacy by stricter filters."""

    @field_validator("tables", "public", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _some(self) -> SynthesizeSpec:
        if not self.tables:
            raise ValueError("name the tables to make")
        return self


class DetectSpec(_Part):
    """How personal data is looked for, by `init` and by later checks."""

    recognizers: tuple[str | dict[str, Any], ...] = ()
    """Your own: `{name: badge, regex: "B-[0-9]{6}"}`, `{name: badge, function: "mine:find"}`, `presidio`,
    `{gliner: ./model}`; each may have `entity`, `class`, `rule` and `least`."""


class SameAsSpec(_Part):
    """A value of another row, or of another table, masked by the same job."""

    table: str
    """The table of the other row."""
    column: str
    """Its column."""
    given: dict[str, Any]
    """The other row, as the source would hold it."""


class ExpectSpec(_Part):
    """What must be true of one masked value; everything that is said must hold."""

    equals: Any = None
    """It is exactly this; `null` is said with `empty`."""
    unchanged: bool | None = None
    """It is the original, or, with `false`, it is not."""
    empty: bool | None = None
    """It is NULL, or, with `false`, it is not."""
    matches: str | None = None
    """The whole of it matches this regular expression."""
    between: tuple[Any, Any] | None = None
    """It lies between these two, or is one of them."""
    within: float | None = Field(default=None, ge=0)
    """It is at most so far from the original: days for dates and moments, else the number itself."""
    one_of: tuple[Any, ...] | None = None
    """It is one of these."""
    same_as: str | SameAsSpec | None = None
    """It equals another column of the row, or a value of another row."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        """A bare value is what is expected to come out; ``null`` expects NULL; ``differs`` is not ``unchanged``."""
        if value is None:
            return {"empty": True}
        if not isinstance(value, Mapping):
            return {"equals": value}
        if "differs" in value:
            return {
                **{name: told for name, told in value.items() if name != "differs"},
                "unchanged": not value["differs"],
            }
        return value

    @field_validator("matches")
    @classmethod
    def _expression(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"this is no regular expression: {error}") from None
        return value

    @model_validator(mode="after")
    def _something(self) -> ExpectSpec:
        if not self.model_fields_set:
            raise ValueError(f"expect one of {', '.join(ExpectSpec.model_fields)}")
        return self


class PolicyTestSpec(_Part):
    """A test of the rules: a row as the source would hold it, and what must be true of it once it is masked."""

    name: str = ""
    """What is tested, for whoever reads that it failed."""
    table: str
    """The table of the row."""
    given: dict[str, Any]
    """The row; columns that are left out are NULL."""
    expect: dict[str, ExpectSpec]
    """By column, what must be true."""


class Job(_Part):
    """The whole job file."""

    source: str
    """The source's URL; `${NAME}` is taken from the environment."""
    key: str = "${UNDERSTUDY_KEY}"
    """The secret behind every stand-in; `understudy key new` makes one."""
    lake: str = "./.understudy"
    """The lake that keeps results: a folder, or s3://bucket/prefix."""
    catalog: str = ""
    """Where the lake remembers its commits, if not in its folder: postgresql://..., or sqlite:///PATH."""
    into: str = "main"
    """The branch of the lake to publish on."""
    subset: SubsetSpec = SubsetSpec()
    """Which rows."""
    columns: dict[str, Any] = Field(default_factory=dict)
    """A rule for every column, but for those whose foreign key gives them their parent's."""
    domains: tuple[tuple[str, ...], ...] = ()
    """Groups of columns that must change alike though no foreign key joins them."""
    allow: dict[str, str] = Field(default_factory=dict)
    """A condition per table: such rows (test accounts) stay as they are, but for keys that others refer to."""
    synthesize: tuple[SynthesizeSpec, ...] = ()
    """Tables whose rows a model makes, instead of copying and masking them."""
    detect: DetectSpec = DetectSpec()
    """How personal data is looked for."""
    checks: ChecksSpec = ChecksSpec()
    """What must pass."""
    tests: tuple[PolicyTestSpec, ...] = ()
    """What must be true of rows that are masked by these rules; `understudy test` tries it."""
    approve: Literal["no", "required"] = "no"
    """`required`: a result that passed is neither published nor loaded before a person says `understudy approve`."""
    load: tuple[LoadSpec, ...] = ()
    """Where the result goes; one or several."""
    readers: int = Field(default=2, ge=1, le=64)
    """How many connections read the source at once."""

    @field_validator("load", "synthesize", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, Mapping) else value


class RulesSpec(_Part):
    """A rules file: what `mask` does with files that no database describes."""

    columns: dict[str, Any]
    """A rule for every column, by `column` or `table.column`, or by `$.path` into documents."""
    key: str = "${UNDERSTUDY_KEY}"
    """The secret behind every stand-in; `understudy key new` makes one."""
    types: dict[str, Any] = Field(default_factory=dict)
    """What columns of texts hold: `integer`, `int32`, `int16`, `decimal`, `float`, `date`, `timestamp`, `uuid`,
    `json`, or a date in its own format: `{date: "%d.%m.%Y"}`."""
    domains: tuple[tuple[str, ...], ...] = ()
    """Groups of columns, of one file or several, that must change alike."""
    unique: tuple[str | tuple[str, ...], ...] = ()
    """Columns, or lists of columns, whose values are unique; the first tells rows apart."""
    nulls: tuple[str, ...] = ()
    """Texts that mean NULL, such as `NULL` and `\\N`; they stay."""
    unmapped: Literal["refuse", "keep"] = "refuse"
    """What becomes of a column without a rule."""


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
    def lake(self) -> str:
        """Where the lake is: an absolute path, or s3://bucket/prefix."""
        place = resolve(self.job.lake, "lake")
        return place if "://" in place else str((self.path.parent / place).resolve())

    @property
    def home(self) -> Path:
        """The folder on this machine that keeps the reports of runs: the lake's own, where it is a folder."""
        place = self.lake
        return (self.path.parent / ".understudy").resolve() if "://" in place else Path(place)


def load_job(path: Path) -> JobFile:
    """Read and validate a job file; an InputError names the file, the field's path and what was expected."""
    return parse_job(_text(path, "job file", "`understudy init URL` writes one"), path)


def parse_job(text: str, path: Path) -> JobFile:
    """The job in a text; ``path`` is where it (would) stand."""
    data = _yaml(text, path)
    if not isinstance(data, Mapping):
        raise InputError(f"{path.name} holds no job", hint="it starts with `source: URL`; see `understudy init`")
    return JobFile(_validated(Job, data, path), path, text)


def read_rules(path: Path) -> RulesSpec | JobFile:
    """A rules file, or the job file that stands there instead."""
    text = _text(path, "rules file", "it holds `columns:` with a rule for each")
    data = _yaml(text, path)
    if not isinstance(data, Mapping):
        raise InputError(f"{path.name} holds no rules", hint="write `columns: {email: email, id: key, ...}`")
    return parse_job(text, path) if "source" in data else _validated(RulesSpec, data, path)


def _text(path: Path, what: str, hint: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{what} {str(path)!r} cannot be read: {error.strerror}", hint=hint) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{what} {str(path)!r} is not written in UTF-8") from error


def _yaml(text: str, path: Path) -> Any:
    try:
        return YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise InputError(f"{path.name} is not valid YAML{where}: {error.problem}") from error


Model = TypeVar("Model", bound=BaseModel)


def _validated(model: type[Model], data: Mapping[str, Any], path: Path) -> Model:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _explain(error, path, model) from error


def _explain(error: ValidationError, path: Path, model: type[BaseModel]) -> InputError:
    """The first problem pydantic found, as a sentence with the field's path."""
    first = error.errors(include_url=False)[0]
    place = "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
    if first["type"] == _UNKNOWN_FIELD:
        *owner, name = first["loc"]
        known = _fields_at(owner, model)
        found = unknown("field", str(name), known)
        return InputError(f"{path.name}: {found.message} - at `{place}`", hint=found.hint)
    more = len(error.errors()) - 1
    others = f" (and {more} more)" if more else ""
    return InputError(f"{path.name}: {first['msg'][0].lower()}{first['msg'][1:]} - at `{place}`{others}")


def _fields_at(owner: list[int | str], model: type[BaseModel]) -> list[str]:
    parts: dict[str, type[BaseModel]] = {
        "targets": TargetSpec,
        "follow": EdgeSpec,
        "virtual": VirtualSpec,
        "subset": SubsetSpec,
        "synthesize": SynthesizeSpec,
        "filters": FiltersSpec,
        "gates": GatesSpec,
        "detect": DetectSpec,
        "checks": ChecksSpec,
        "load": LoadSpec,
        "tests": PolicyTestSpec,
        "expect": ExpectSpec,
        "same_as": SameAsSpec,
    }
    named = [parts[str(part)] for part in owner if str(part) in parts]
    return list((named[-1] if named else model).model_fields)


def resolve(text: str, field: str) -> str:
    """A text of the job with its ``${NAME}`` taken from the environment; an InputError where one is not set."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in os.environ:
            hint = f"export {name}=..." if name != "UNDERSTUDY_KEY" else f"export {name}=$(understudy key new)"
            raise InputError(f"the job's `{field}` needs the environment variable {name}, which is not set", hint=hint)
        return os.environ[name]

    return _VARIABLE.sub(value, text)

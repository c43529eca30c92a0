"""What a transformer declares about itself, and what it is given: the words every file of the catalogue uses."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

from understudy.arrow import storage
from understudy.errors import Error, InputError, unknown
from understudy.interfaces import Dataset, Rule
from understudy.schema import Column, Kind, Table, TableName
from understudy.transforms.key import Key

Options = Mapping[str, Any]
Domains = Mapping[tuple[TableName, str], str]


def column_named(table: Table, text: str, said: str) -> str:
    """The column of a table that a person wrote as ``user_id`` or ``orders.user_id``, after ``said``; else an error."""
    owner, _, name = text.rpartition(".")
    if owner and owner not in (str(table.name), f"{table.name.namespace}.{table.name.name}", table.name.name):
        raise InputError(
            f"`{said}: {text}` names another table; it must be a column of {str(table.name)!r}",
            hint="name the foreign key that points there: its values are the same",
        )
    if name not in table.by_name:
        raise unknown("column", f"{table.name}.{name}", [f"{table.name}.{column}" for column in table.by_name])
    return name


@dataclass(frozen=True)
class Place:
    """Where a rule stands: one column of a table, and the rule's options with their defaults filled in."""

    table: Table
    column: Column
    options: Options

    @property
    def subject(self) -> str | None:
        """The column that ``per`` names, by whose values this one is drawn; None where there is no such option."""
        return self.named("per")

    def named(self, option: str) -> str | None:
        """The column of this table that an option names; None where the option is not given.

        Written ``user_id``, ``orders.user_id`` or ``from user_id``; an InputError where the table has no such column.
        """
        text = self.options.get(option)
        if text is None:
            return None
        return column_named(self.table, str(text).removeprefix("from "), option)

    @property
    def own_subject(self) -> bool:
        """Whether every row is drawn by something of its own: its value, or a subject that no other row has."""
        whole = [unique for unique in self.table.uniques if not unique.predicate]
        return self.subject is None or (self.subject,) in [unique.columns for unique in whole]


@dataclass(frozen=True)
class Rows:
    """A batch on its way: as it was read, and the columns already changed."""

    before: pa.RecordBatch
    after: Mapping[str, pa.Array]

    def original(self, name: str) -> pa.Array:
        """A column as it was read; the reader must have fetched it."""
        if name not in self.before.schema.names:
            raise Error(f"column {name!r} was not read, and a rule needs it", hint="read what `needs` names")
        return storage(self.before.column(name))

    def at(self, places: pa.Array) -> Rows:
        """The rows of these places, in that order, each as often as it is named: what pieces of values stand in."""
        return _Chosen(self.before, self.after, self, places)

    def changed(self, name: str) -> pa.Array:
        """A column as it is after its rule; as it was read where it has none."""
        return self.after[name] if name in self.after else self.original(name)


@dataclass(frozen=True)
class _Chosen(Rows):
    """Rows taken from others; a column is gathered when it is asked for."""

    whole: Rows
    places: pa.Array

    def original(self, name: str) -> pa.Array:
        """A column as it was, of the chosen rows."""
        return self.whole.original(name).take(self.places)

    def changed(self, name: str) -> pa.Array:
        """A column as it is after its rule, of the chosen rows."""
        return self.whole.changed(name).take(self.places)

    def at(self, places: pa.Array) -> Rows:
        """Rows chosen from the chosen ones."""
        return self.whole.at(self.places.take(places))


Change = Callable[[pa.Array, Rows], pa.Array]
"""The values of one column, and the rows they stand in, to as many values of the same type.

Null slots may be given any value: nulls (and the infinities of dates) are put back afterwards.
"""


Masked = Callable[[TableName, Sequence[str]], Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]]
"""Some columns of another table, batch by batch: as they are, and as its own rules change them."""


def _no_other_table(name: TableName, _columns: Sequence[str]) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]:
    raise InputError(f"the rules of {name} are not known here", hint="mask the whole database together")


@dataclass(frozen=True)
class Setting:
    """All that a transformer may build its Change from."""

    place: Place
    key: Key
    domains: Domains
    dataset: Dataset | None
    build: Callable[[Rule, Column], Change]
    """The Change of another rule, for a part of this column's values."""
    branches: Callable[[], Sequence[Change]] = tuple
    """The Changes of the declared ``branches``, in their order."""
    pieces: Callable[[str], Mapping[Kind, Change]] = lambda _label: {}
    """The Changes of one of the declared ``pieces``, by the kinds that its rule takes there."""
    masked: Masked = _no_other_table
    """Columns of another table before and after masking; an InputError where its rules are not known."""

    @property
    def domain(self) -> str | None:
        """The set of columns this one must change alike with, if foreign keys (or the job) put it into one."""
        found: str | None = self.place.options.get("domain") or self.domain_of(self.place.column.name)
        return found

    def domain_of(self, column: str) -> str | None:
        """The domain of any column of this table."""
        return self.domains.get((self.place.table.name, column))

    def own_name(self, column: str) -> str:
        """The domain of a column, or its own name where it is in none: what its domain would be called."""
        return self.domain_of(column) or f"{self.place.table.name}.{column}"


@dataclass(frozen=True)
class Uniqueness:
    """Whether different values stay different.

    ``preserved``: always.  ``probable``: unless two of very many random stand-ins agree.  ``lossy``: no.
    """

    kind: Literal["preserved", "probable", "lossy"]
    stand_ins: float | None = None
    """How many different values can come out, where that is known."""
    within: str = ""
    """A column: different values stay different among rows that agree in it."""
    folded: bool = False
    """Also under functions such as ``lower``, as an expression index has them."""

    def collision(self, rows: int) -> float:
        """The probability that two of so many different values become the same (birthday bound)."""
        if self.kind == "preserved":
            return 0.0
        if self.stand_ins is None:
            return 1.0
        return -math.expm1(-rows * (rows - 1) / (2 * self.stand_ins))


PRESERVED = Uniqueness("preserved")
LOSSY = Uniqueness("lossy")


def probable(bits: float) -> Uniqueness:
    """Random stand-ins of so many bits, the same for values that an expression index takes as equal."""
    return Uniqueness("probable", 2.0**bits, folded=True)


OptionKind = Literal[
    "whole number", "number", "text", "yes or no", "list", "mapping", "rule", "mapping of rules", "column", "value"
]

_ACCEPTS: Mapping[OptionKind, Callable[[Any], bool]] = {
    "whole number": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "text": lambda value: isinstance(value, str),
    "yes or no": lambda value: isinstance(value, bool),
    "list": lambda value: isinstance(value, list | tuple) and len(value) > 0,
    "mapping": lambda value: isinstance(value, Mapping) and len(value) > 0,
    "rule": lambda value: value is None or isinstance(value, str | Mapping | Rule),
    "mapping of rules": lambda value: isinstance(value, Mapping) and len(value) > 0,
    "column": lambda value: isinstance(value, str),
    "value": lambda value: value is not None and not isinstance(value, list | tuple | set),
}


@dataclass(frozen=True)
class Option:
    """One option of a transformer, as the job file spells it."""

    name: str
    kind: OptionKind
    help: str
    default: Any = None
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    required: bool = False

    def check(self, transformer: str, value: Any) -> None:
        """Raise an InputError that says what the option takes, if it does not take this value."""
        wanted = f"one of {', '.join(self.choices)}" if self.choices else f"a {self.kind}"
        fits = _ACCEPTS[self.kind](value) and (not self.choices or value in self.choices)
        if fits and self.least is not None and value < self.least:
            fits, wanted = False, f"at least {self.least:g}"
        if fits and self.most is not None and value > self.most:
            fits, wanted = False, f"at most {self.most:g}"
        if not fits:
            raise InputError(f"option {self.name!r} of {transformer} takes {wanted}, not {value!r}", hint=self.help)


DOMAIN = Option("domain", "text", "the set of columns to change alike with, instead of the usual one")
PER = Option("per", "column", "a column of the same table: rows that agree in it get the same stand-in")
BY = Option("by", "text", "draw by the value, so that equal ones stay equal, or by the row", choices=("value", "row"))

ANY: frozenset[Kind] = frozenset(
    {
        *("integer", "decimal", "float", "text", "enum", "boolean", "date"),
        *("timestamp", "time", "uuid", "json", "bytes", "other"),
    }
)
"""Every kind of column."""

TEXT: frozenset[Kind] = frozenset({"text"})


def _always_lossy(_place: Place) -> Uniqueness:
    return LOSSY


def _no_length(_place: Place) -> int | None:
    return None


def _no_columns(_place: Place) -> frozenset[str]:
    return frozenset()


def _no_problem(_place: Place) -> str:
    return ""


@dataclass(frozen=True)
class Part:
    """A rule for pieces of a column's values, and columns that stand for what a piece may be."""

    rule: Rule
    columns: tuple[Column, ...]
    distinct: bool = False
    """Pieces of one value must stay different from one another, as the keys of an object."""


Choose = Callable[[pa.Array, Rows], pa.Array]
"""Which branch every value takes, by its place among them; null where none does."""


def _no_branches(_place: Place) -> Mapping[str, Rule]:
    return {}


def _no_pieces(_place: Place) -> Mapping[str, Part]:
    return {}


@dataclass(frozen=True)
class Declaration:
    """A transformer: what it is for, what it accepts and promises, and how its Change is built.

    To add one, write a file like those in ``catalogue/`` and its line in ``registry.TRANSFORMERS``.
    """

    name: str
    summary: str
    """One sentence for the reference."""
    example: str
    """A rule as the job file would spell it."""
    kinds: frozenset[Kind]
    build: Callable[[Setting], Change]
    main: str = ""
    """The option that stands right after the name: ``{bucket: 10}``."""
    options: tuple[Option, ...] = ()
    uniqueness: Callable[[Place], Uniqueness] = field(default=_always_lossy)
    length: Callable[[Place], int | None] = field(default=_no_length)
    """Most characters that can come out; None where the input's own length bounds it, or the type."""
    needs: Callable[[Place], frozenset[str]] = field(default=_no_columns)
    """Columns of the row it reads besides its own, as they were (``Rows.before``)."""
    reads: Callable[[Place], frozenset[str]] = field(default=_no_columns)
    """Columns of the row it reads as they are after their own rules (``Rows.changed``), so it comes after them."""
    problem: Callable[[Place], str] = field(default=_no_problem)
    """Why it does not fit this place, beyond kind, length and uniqueness; empty if it does."""
    branches: Callable[[Place], Mapping[str, Rule]] = field(default=_no_branches)
    """Rules of which one changes each value of the column, by what a person calls them."""
    choose: Callable[[Place], Choose] | None = None
    """Which of the branches a value takes."""
    pieces: Callable[[Place], Mapping[str, Part]] = field(default=_no_pieces)
    """Rules for what is inside the values, by what a person calls the places inside."""
    faithful: bool = False
    """Different values stay different if all their pieces do."""
    nulls: Literal["kept", "filled"] = "kept"
    by: Literal["value", "column", "row"] = "value"
    """Whether equal values get equal stand-ins everywhere (unless ``per`` is given), or within their column, or
    every row its own.  The option ``by`` decides where there is one."""
    inverse: Callable[[Setting], Change] | None = None
    """The Change that gives originals back to whoever holds the key; None where there is no way back.

    ``Rows.original`` is then a column as it was, restored before this one if ``needs`` names it, and
    ``Rows.changed`` its stand-ins.  It raises an InputError where only these options leave no way back.
    """
    sensitive: bool = True
    """A stand-in that equals the original counts against it."""
    listed: bool = False
    """Stand-ins come from lists of real words (names, places), where some other row's original may stand too."""

    @property
    def option_names(self) -> frozenset[str]:
        """The names of the options."""
        return frozenset(option.name for option in self.options)

    def takes(self, column: Column) -> bool:
        """Whether it accepts a column; of those that travel as text, numbers alone can be told from it."""
        as_text = column.as_text and column.kind not in ("decimal", "text", "enum", "json")
        return ("other" if as_text else column.kind) in self.kinds

    def filled_in(self, options: Options) -> dict[str, Any]:
        """Options with the defaults of those that are missing."""
        return {option.name: options.get(option.name, option.default) for option in self.options}

    def depends_on_value_alone(self, options: Options) -> bool:
        """Whether equal values get equal stand-ins in every row."""
        return (options.get("by") or self.by) == "value" and options.get("per") is None

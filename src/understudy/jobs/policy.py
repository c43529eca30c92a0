"""Rules for tables that no database describes: which column gets which, what its texts are, what is unique."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pyarrow as pa

from understudy import transforms
from understudy.arrow import is_text, kind_of
from understudy.connections.files.typed import TYPES, Typed, typed
from understudy.errors import InputError, unknown
from understudy.interfaces import Refusal, Rule
from understudy.jobs.classify import UNDECIDED
from understudy.schema import Column, Schema, Table, TableName, Unique
from understudy.transforms.json_paths import parse as parse_path

Unmapped = Literal["refuse", "keep"]
"""What becomes of a column without a rule: nothing is read, or it stays as it is."""

_TYPED = ("integer", "decimal", "float", "date", "timestamp", "uuid", "json")
_FIRST_STEP = re.compile(r"""^\$(\.[A-Za-z_][\w-]*|\[(?:"[^"]*"|'[^']*')\])""")


@dataclass(frozen=True)
class Policy:
    """What a person says of the columns of one or several tables."""

    columns: Mapping[str, Any]
    """Rules as a job file spells them, by ``column`` or ``table.column``, or by ``$.path`` into documents."""
    types: Mapping[str, Any] = field(default_factory=dict)
    """What columns of texts really hold, by the same names."""
    domains: Sequence[Sequence[str]] = ()
    """Groups of columns that must change alike."""
    unique: Sequence[str | Sequence[str]] = ()
    """Columns, or groups of them, whose values identify a row; the first tells rows apart."""
    nulls: Sequence[str] = ()
    """Texts that mean NULL, and stay."""
    unmapped: Unmapped = "refuse"
    gaps: bool = False
    """Columns that rules name may be missing, as fields of documents are."""
    others: Sequence[Table] = ()
    """Tables that are masked with this one: columns that a domain joins get stand-ins that fit all of them."""
    reviewed: Schema | None = None
    """The database from which the tables came, as its job remembers it."""

    @property
    def plain(self) -> bool:
        """Whether no rule names a table: the columns are those of whatever file it is."""
        groups = [*self.domains, *([one] if isinstance(one, str) else one for one in self.unique)]
        names = [*self.columns, *self.types, *(name for group in groups for name in group)]
        return self.reviewed is None and not any("." in name and not name.startswith("$") for name in names)

    def column(self, table: str, name: str, arrow_type: pa.DataType) -> tuple[Column, Typed | None]:
        """A column as rules see it, and how its texts are read, if they are more than texts."""
        declared = self.declared(table, name)
        if not is_text(arrow_type):
            if declared is not None and typed(declared).kind != kind_of(arrow_type):
                raise InputError(f"column {name!r} of {table!r} is declared {declared!r}, and holds {arrow_type}")
            inner = arrow_type.value_type if pa.types.is_dictionary(arrow_type) else arrow_type
            return Column(name, str(inner), kind_of(inner), inner), None
        known = self._known(table, name)
        found = typed(declared) if declared is not None else _typed_like(known)
        if found is not None:
            return found.column(name), found
        if known is None or known.kind not in ("text", "enum"):
            return Column(name, "text", "text", pa.string()), None
        column = Column(name, known.native_type, known.kind, pa.string(), max_length=known.max_length)
        return replace(column, labels=known.labels, key_sql=known.key_sql), None

    def _known(self, table: str, name: str) -> Column | None:
        if self.reviewed is None:
            return None
        return next((one.by_name.get(name) for one in self.reviewed.tables if str(one.name) == table), None)

    def declared(self, table: str, name: str) -> Any:
        """The type a column is declared to have; None where it is not."""
        return self.types[name] if name in self.types else self.types.get(f"{table}.{name}")

    def rules(self, table: Table, *, idle: Collection[str] = ()) -> Ruled:
        """The rules of one table, proved to fit it; an InputError lists what does not, what has no rule, and what is
        undecided, of the files that are masked with it as well.

        Columns that are ``idle`` hold nothing: they must have a rule, but it need not fit them.
        """
        whole = self._schema(table)
        spelled, together = self._spelled(table), {table.name, *(one.name for one in self.others)}
        refusals = [
            Refusal(f"{name}.{column}", "still to be decided", "choose a rule: keep, redact, email, ...")
            for (name, column), value in spelled.items()
            if name in together and value == UNDECIDED
        ]
        parsed: dict[tuple[TableName, str], Rule] = {}
        for (name, column), value in spelled.items():
            try:
                if value != UNDECIDED:
                    parsed[name, column] = transforms.parse_rule(value)
            except InputError as error:
                refusals.append(Refusal(f"{name}.{column}", error.message, error.hint))
        domains = transforms.domains(whole, [[self._spot(one, table) for one in group] for group in self.domains])
        spread, clashes = transforms.spread(whole, parsed, domains)
        there = {place: rule for place, rule in spread.items() if place[0] == table.name and place[1] in table.by_name}
        ours = {place: rule for place, rule in there.items() if place[1] not in idle}
        refusals += [*clashes, *transforms.refusals(whole, ours, domains), *self._missing(table, there, refusals)]
        if refusals:
            raise _refused(dict.fromkeys(refusals))
        return Ruled(table, {column: rule for (_, column), rule in ours.items()}, domains)

    def refuse_unmet(self, met: Collection[str]) -> None:
        """Refuse rules for columns that nothing has, where a misspelled one would leave its column as it is."""
        named = [split_path(name)[0] if name.startswith("$") else name for name in self.columns]
        unmet = [name for name in named if name not in met and "." not in name]
        if unmet and self.unmapped == "keep":
            raise unknown("column", unmet[0], met)

    def _schema(self, table: Table) -> Schema:
        """The table among those of the database it came from, if that is remembered."""
        there = {one.name: one for one in (self.reviewed.tables if self.reviewed else ())}
        there |= {one.name: one for one in (*self.others, table)}
        return replace(self.reviewed or Schema((), engine="files"), tables=tuple(there.values()))

    def table(self, name: str, columns: Sequence[Column]) -> Table:
        """A table of these columns, with what is said to be unique in it."""
        known = next((one for one in self.reviewed.tables if str(one.name) == name), None) if self.reviewed else None
        there = {column.name for column in columns}
        uniques = list(known.uniques) if known else []
        for group in self.unique:
            names = tuple(self._plain(one, name) for one in ([group] if isinstance(group, str) else group))
            if set(names) <= there:
                uniques.append(Unique(", ".join(names), names, primary=not any(one.primary for one in uniques)))
        kept = tuple(unique for unique in uniques if set(unique.columns) <= there)
        never_null = {column for unique in kept if unique.primary for column in unique.columns}
        columns = [replace(column, nullable=column.name not in never_null) for column in columns]
        return Table(known.name if known else TableName("", name), tuple(columns), uniques=kept)

    def _plain(self, name: str, table: str) -> str:
        return name.removeprefix(f"{table}.")

    def _spot(self, name: str, table: Table) -> tuple[TableName, str]:
        """The column that a name in ``domains`` means, whether or not its table is here."""
        if name in table.by_name:
            return table.name, name
        owner, _, column = name.rpartition(".")
        if not owner:
            raise unknown("column", name, table.by_name)
        known = self.reviewed.tables if self.reviewed else (table,)
        return next((one.name for one in known if str(one.name) == owner), TableName("", owner)), column

    def _spelled(self, table: Table) -> dict[tuple[TableName, str], Any]:
        """Rules by the column they name; paths into a document become one rule for its field."""
        found: dict[tuple[TableName, str], Any] = {}
        paths: dict[str, dict[str, Any]] = {}
        for name, value in self.columns.items():
            if name.startswith("$"):
                first, rest = split_path(name)
                if rest == "$":
                    found[table.name, first] = value
                else:
                    paths.setdefault(first, {})[rest] = value
            elif name in table.by_name or "." in name or not self.gaps:
                found[self._spot(name, table)] = value
        for first, inner in paths.items():
            if (table.name, first) in found:
                raise InputError(f"field {first!r} has a rule for itself and others for {', '.join(inner)} inside it")
            found[table.name, first] = {"json": inner}
        return found

    def _missing(
        self, table: Table, ruled: Mapping[tuple[TableName, str], Rule], told: Iterable[Refusal]
    ) -> list[Refusal]:
        if self.unmapped == "keep":
            return []
        subjects = {refusal.subject for refusal in told}
        return [
            Refusal(f"{table.name}.{column.name}", "no rule", f"add `{column.name}: keep`, `redact` or another rule")
            for column in table.columns
            if (table.name, column.name) not in ruled and f"{table.name}.{column.name}" not in subjects
        ]


@dataclass(frozen=True)
class Ruled:
    """A table with the rules of its columns."""

    table: Table
    rules: Mapping[str, Rule]
    domains: Mapping[tuple[TableName, str], str]

    @property
    def changed(self) -> tuple[str, ...]:
        """The columns that come out different."""
        return tuple(name for name, rule in self.rules.items() if rule.name != "keep")

    @property
    def read(self) -> tuple[str, ...]:
        """The columns that rules change or look at, in the order of the table."""
        wanted = {*self.changed, *transforms.needs(self.table, {name: self.rules[name] for name in self.changed})}
        return tuple(column.name for column in self.table.columns if column.name in wanted)


def _typed_like(known: Column | None) -> Typed | None:
    """How texts are read that a database held as something else."""
    if known is None or known.kind not in _TYPED:
        return None
    found = TYPES[known.kind]
    return replace(found, arrow_type=known.arrow_type) if known.kind == "integer" else found


def split_path(path: str) -> tuple[str, str]:
    """A path into a document as its first field, and the path from there: ``$.user.email`` is user, ``$.email``."""
    steps = parse_path(path).steps
    first = steps[0].to if steps and not steps[0].deep else None
    match = _FIRST_STEP.match(path)
    if not isinstance(first, str) or match is None:
        raise InputError(f"{path!r} names no field of the document", hint="write $.name or $['odd name']")
    return first, "$" + path[match.end() :]


def _refused(refusals: Iterable[Refusal]) -> InputError:
    listed = list(refusals)
    shown = "\n".join(f"  {refusal}" for refusal in listed[:25])
    more = f"\n  ... and {len(listed) - 25} more" if len(listed) > 25 else ""
    return InputError(f"the rules are refused, nothing was changed:\n{shown}{more}", hint="mend these rules")

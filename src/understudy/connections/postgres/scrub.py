"""Table definitions without the values they show: what a default or a constraint says of a masked column."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from understudy.connections.postgres.statements import Statement, Token, joined, split
from understudy.interfaces import Ddl
from understudy.schema import Schema, Table, TableName

Hidden = Mapping[TableName, frozenset[str]]
"""The masked columns of each table, of its partitions and of its heirs too."""

_SHOWN = ("INDEX", "VIEW", "MATERIALIZED", "POLICY", "TRIGGER", "RULE", "STATISTICS")
"""Objects whose conditions may quote values of a column, and without which a database is another one."""


@dataclass
class _Scrub:
    hidden: Hidden
    enums: frozenset[str]
    """Their labels are part of the schema, so a default that is one of them tells nothing more."""
    notes: list[str] = field(default_factory=list)

    def statements(self, script: Sequence[Statement]) -> Iterator[Statement]:
        for statement in script:
            hidden = self.hidden.get(statement.table, frozenset()) if statement.table else frozenset()
            if hidden and statement.words[0] == "CREATE" and "TABLE" in statement.words[1:3]:
                yield self._table(statement, hidden)
            elif not (hidden and self._is_left_out(statement, hidden)):
                self._note(statement)
                yield statement

    def _table(self, statement: Statement, hidden: frozenset[str]) -> Statement:
        """CREATE TABLE less the defaults and CHECK constraints that show values."""
        opening, elements, closing = _elements(statement)
        if not elements:
            return statement
        kept: list[str] = []
        for element in elements:
            if element[0].name in hidden and str(element[0]) != "CONSTRAINT":
                kept.append(self._column(statement, element))
            elif not self._is_shown_check(statement, element, hidden):
                self._note_generated(statement, element, hidden)
                kept.append(_text(statement, element))
        self._note_bounds(statement, hidden)
        head, tail = statement.text[: opening.end], statement.text[closing.start :]
        return next(split(f"{head}\n    " + ",\n    ".join(kept) + f"\n{tail}"))

    def _column(self, statement: Statement, element: Sequence[Token]) -> str:
        words = [str(token) for token in element]
        text = _text(statement, element)
        start = words.index("DEFAULT") if "DEFAULT" in words else len(words)
        end = _end_of_default(words, start)
        if not self._shows(element[start:end]):
            return text
        self.notes.append(f"the default of {_spelled(statement.table)}.{element[0].name} is left out: it shows a value")
        base = element[0].start
        rest = text[element[end].start - base :] if end < len(element) else ""
        return f"{text[: element[start].start - base]}{rest}".rstrip()

    def _is_left_out(self, statement: Statement, hidden: frozenset[str]) -> bool:
        """ALTER TABLE ... ADD CONSTRAINT ... CHECK, or ... SET DEFAULT, with values of a hidden column."""
        words = statement.words
        if words[:2] != ("ALTER", "TABLE") or not self._shows(statement.tokens):
            return False
        if "CONSTRAINT" in words and "CHECK" in words:
            element = statement.tokens[words.index("CONSTRAINT") :]
            return self._is_shown_check(statement, element, hidden)
        if "DEFAULT" in words and "COLUMN" in words:
            column = statement.tokens[words.index("COLUMN") + 1].name
            if column in hidden:
                self.notes.append(f"the default of {_spelled(statement.table)}.{column} is left out: it shows a value")
                return True
        return False

    def _is_shown_check(self, statement: Statement, element: Sequence[Token], hidden: frozenset[str]) -> bool:
        words = [str(token) for token in element]
        if words[0] != "CONSTRAINT" or "CHECK" not in words[:3] or not self._shows(element):
            return False
        named = sorted({token.name for token in element[3:]} & hidden)
        if named:
            what = f"CHECK constraint {element[1].name!r} of {_spelled(statement.table)}"
            self.notes.append(f"{what} is left out: it compares {', '.join(named)} with values")
        return bool(named)

    def _note(self, statement: Statement) -> None:
        """Say what still shows values next to a hidden column's name: it may be another table's column."""
        words = statement.words
        created = words[0] == "CREATE" and not {*_SHOWN}.isdisjoint(words[1:4])
        if not (created or "EXCLUDE" in words) or not self._shows(statement.tokens):
            return
        tables = [self.hidden[name] for name in self.hidden if _mentions(statement, name)]
        named = sorted({token.name for token in statement.tokens} & frozenset().union(*tables))
        if named:
            self.notes.append(f"{statement.title} is kept and shows values beside {', '.join(named)}")

    def _note_generated(self, statement: Statement, element: Sequence[Token], hidden: frozenset[str]) -> None:
        named = sorted({token.name for token in element[1:]} & hidden)
        if named and "GENERATED" in map(str, element) and self._shows(element):
            what = f"the expression of {_spelled(statement.table)}.{element[0].name}"
            self.notes.append(f"{what} is kept and shows values beside {', '.join(named)}")

    def _note_bounds(self, statement: Statement, hidden: frozenset[str]) -> None:
        if "PARTITION" in statement.words:
            keys = statement.tokens[statement.words.index("PARTITION") :]
            named = sorted({token.name for token in keys} & hidden)
            if named:
                what = f"the partitions of {_spelled(statement.table)}"
                self.notes.append(f"{what} are kept, and their bounds show values of {', '.join(named)}")

    def _shows(self, tokens: Sequence[Token]) -> bool:
        return _shows(tokens, self.enums)


def _shows(tokens: Sequence[Token], enums: frozenset[str]) -> bool:
    """Whether a text literal says something: not '' or '{}', nor the name of a sequence, nor an enum's label."""
    for place, token in enumerate(tokens):
        if token.kind == "text" and re.search(r"\w", token.text.lstrip("eEbBxXnN")):
            cast = "".join(after.text for after in tokens[place + 1 : place + 6])
            if not cast.startswith("::regclass") and cast.removeprefix("::") not in enums:
                return True
    return False


def scrub(ddl: Ddl, hide: frozenset[tuple[TableName, str]]) -> Ddl:
    """The definitions without the values they show of the columns in ``hide``, with notes on what was done.

    A column's default goes where it holds a text literal, a CHECK constraint where it names such a
    column and holds one.  Indexes, views, policies and triggers stay, and are noted.
    """
    if not hide:
        return ddl
    before, after = list(split(ddl.before)), list(split(ddl.after))
    hidden = _spread(before, hide)
    enums = frozenset(_type_name(statement) for statement in before if _is_enum(statement))
    work = _Scrub(hidden, enums)
    kept = [joined(list(work.statements(script))) for script in (before, after)]
    notes = (*ddl.notes, *_type_notes(before, hidden), *work.notes)
    return Ddl(ddl.engine, kept[0], kept[1], notes)


def scrub_schema(schema: Schema, hide: frozenset[tuple[TableName, str]]) -> Schema:
    """The schema without what it tells of the values of columns in ``hide``: as ``scrub``, and without comments."""
    enums = frozenset(column.native_type for table in schema.tables for column in table.columns if column.labels)
    hidden = {table.name: frozenset(name for owner, name in hide if owner == table.name) for table in schema.tables}
    tables = [_quiet(table, hidden[table.name], enums) if hidden[table.name] else table for table in schema.tables]
    return replace(schema, tables=tuple(tables))


def _quiet(table: Table, hidden: frozenset[str], enums: frozenset[str]) -> Table:
    def shows(sql: str, *columns: str) -> bool:
        tokens = [token for statement in split(sql) for token in statement.tokens]
        return not hidden.isdisjoint({*columns, *(token.name for token in tokens)}) and _shows(tokens, enums)

    columns = [
        replace(column, comment="", default="" if shows(column.default, column.name) else column.default)
        for column in table.columns
    ]
    checks = [check for check in table.checks if not shows(check.sql, *check.columns)]
    uniques = [unique for unique in table.uniques if not shows(f"{unique.predicate} {unique.expressions}")]
    return replace(table, comment="", columns=tuple(columns), checks=tuple(checks), uniques=tuple(uniques))


def _spread(script: Sequence[Statement], hide: frozenset[tuple[TableName, str]]) -> Hidden:
    """Partitions and heirs hold their parents' rows, so they hide the same columns."""
    hidden: dict[TableName, set[str]] = defaultdict(set)
    for table, column in hide:
        hidden[table].add(column)
    heirs: list[tuple[TableName, TableName]] = []
    for statement in script:
        words = statement.words
        if statement.table and words[:2] == ("ALTER", "TABLE") and "ATTACH" in words:
            heirs.append((statement.table, statement.name_at(words.index("ATTACH") + 2)))
        elif statement.table and words[0] == "CREATE" and "INHERITS" in words:
            place = words.index("INHERITS") + 2
            heirs.append((statement.name_at(place), statement.table))
    for _ in heirs:  # as deep as partitions of partitions go
        for parent, child in heirs:
            hidden[child] |= hidden.get(parent, set())
    return {table: frozenset(columns) for table, columns in hidden.items() if columns}


def _is_enum(statement: Statement) -> bool:
    return statement.starts("CREATE", "TYPE") and "ENUM" in statement.words


def _type_name(statement: Statement) -> str:
    """The name behind CREATE TYPE or CREATE DOMAIN, which pg_dump writes with its namespace."""
    return _text(statement, statement.tokens[2:5])


def _type_notes(script: Sequence[Statement], hidden: Hidden) -> Iterator[str]:
    """Say which types of hidden columns show values: the labels of an enum, the checks of a domain."""
    users: dict[str, list[str]] = defaultdict(list)
    for statement in script:
        columns = hidden.get(statement.table) if statement.table else None
        if columns and statement.words[0] == "CREATE" and "TABLE" in statement.words[1:3]:
            for element in _elements(statement)[1]:
                if element[0].name in columns:
                    users[_text(statement, element[1:4])].append(f"{statement.table}.{element[0].name}")
    for statement in script:
        shows = _is_enum(statement) or (statement.starts("CREATE", "DOMAIN") and _shows(statement.tokens, frozenset()))
        if shows and users[_type_name(statement)]:
            yield f"type {_type_name(statement)} is kept and shows values of {', '.join(users[_type_name(statement)])}"


def _elements(statement: Statement) -> tuple[Token, list[tuple[Token, ...]], Token]:
    """The columns and constraints between the brackets of CREATE TABLE, and the brackets."""
    depth, current, found = 0, list[Token](), list[tuple[Token, ...]]()
    opening = next((token for token in statement.tokens if token.text == "("), statement.tokens[-1])
    if opening.text != "(":  # CREATE TABLE ... OF a type
        return opening, [], opening
    for token in statement.tokens[statement.tokens.index(opening) :]:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0 or (depth == 1 and token.text == ","):
            if current:
                found.append(tuple(current))
            current = []
            if depth == 0:
                return opening, found, token
        elif token is not opening:
            current.append(token)
    raise ValueError(f"{statement.title} has no closing bracket")


def _end_of_default(words: Sequence[str], start: int) -> int:
    """Where a DEFAULT ends: at NOT NULL or a named constraint outside brackets, else with the column."""
    depth = 0
    for place in range(start, len(words)):
        depth += {"(": 1, ")": -1}.get(words[place], 0)
        if depth == 0 and words[place] in ("NOT", "CONSTRAINT"):
            return place
    return len(words)


def _mentions(statement: Statement, table: TableName) -> bool:
    return any(
        token.name == table.name and place > 1 and statement.tokens[place - 2].name == table.namespace
        for place, token in enumerate(statement.tokens)
    )


def _text(statement: Statement, tokens: Sequence[Token]) -> str:
    return statement.text[tokens[0].start : tokens[-1].end] if tokens else ""


def _spelled(table: TableName | None) -> str:
    return str(table)

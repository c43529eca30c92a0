"""What can be learned of several tables within a budget of privacy: a matter of the schema alone, never of rows.

A *subject* is a row of the table that owns the others, with every row that belongs to it: its children, and theirs.
Each table is learned from at most so many rows of a subject.  So every row must belong to one subject and say nothing
of another: whatever else a row points at has to be public.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

import pyarrow as pa

from understudy.errors import InputError, unknown
from understudy.schema import ForeignKey, Schema, Table, TableName
from understudy.synth.families.children import Habits
from understudy.synth.families.order import Plan, Role, planned
from understudy.synth.private import Private, refuse_unknown

Said = TypeVar("Said")

EACH = 8
"""Rows of a subject in each table that belongs to it, from which is learned at most, where nothing is said."""


def allowed(schema: Schema, tables: Collection[TableName], public: Collection[TableName], private: Private) -> Plan:
    """The plan of tables that are learned in private; an InputError that says what stands in its way."""
    made = set(tables) - set(public)
    plan = planned(schema, made, {}, public)
    refuse_public(schema, plan, public)
    roots = [role.table for role in plan.roles if not role.given and role.owner is None]
    for role in plan.roles:
        _refuse_role(schema, role, public)
    if len(roots) != 1:
        names = ", ".join(map(str, roots))
        raise InputError(
            f"{names} belong to nobody, and each would be a subject of its own",
            hint="learn each with what belongs to it by itself, or name those that hold nobody's rows as public",
        )
    _refuse_unknown(schema.table(roots[0]), [schema.table(name) for name in sorted(made)], plan, private)
    return plan


def refuse_public(schema: Schema, plan: Plan, public: Collection[TableName]) -> None:
    """Raise an InputError where public rows point at some that are made, or where none points at them."""
    given = {role.table: role.given for role in plan.roles}
    for key in schema.foreign_keys:
        if key.table in public and not given.get(key.parent, True):
            raise InputError(
                f"{key.table} is said to be public, and points at rows of {key.parent} by {key.id}, which are not",
                hint=f"leave it out of the public ones, and {key.table} is learned, too; or leave the key out",
            )
    for name in public:
        if name not in given:
            raise InputError(f"{name} is said to be public, and nothing points at it", hint="leave it out")


def _refuse_role(schema: Schema, role: Role, public: Collection[TableName]) -> None:
    if role.given:
        if role.table not in public:
            raise InputError(
                f"rows of {role.table} are not learned but handed in, and a budget says nothing of them",
                hint=f"learn {role.table}, too, or name it as public if it holds nobody's rows",
            )
        return
    for key in role.late:
        raise InputError(
            f"{key.id} points at rows of {key.parent} that another subject may own, which no budget bounds",
            hint="leave the key out, or learn the tables without a budget",
        )
    for key in role.links:
        if key.parent not in public:
            owner = f", and belong to {role.owner.parent} already" if role.owner else ""
            raise InputError(
                f"rows of {role.table} point at {key.parent} by {key.id}{owner}: one subject would tell of another",
                hint=f"name {key.parent} as public if it holds nobody's rows, or leave the key out",
            )
    if role.owner is not None and not _is_unique(schema.table(role.owner.parent), role.owner.parent_columns):
        columns = ", ".join(role.owner.parent_columns)
        raise InputError(
            f"{columns} of {role.owner.parent} is not declared unique: whose each row of {role.table} is, is not sure",
            hint="declare it as the primary key, or as a unique one",
        )


def _is_unique(table: Table, columns: Sequence[str]) -> bool:
    return any(
        set(one.columns) <= set(columns) and one.columns and not one.predicate and not one.expressions
        for one in table.uniques
    )


def _refuse_unknown(root: Table, tables: Sequence[Table], plan: Plan, private: Private) -> None:
    """Raise an InputError where a budget names what is not there."""
    known = {f"{table.name}.{column.name}" for table in tables for column in table.columns}
    for place in (*private.bounds, *private.categories):
        if place not in known:
            raise unknown("column", place, sorted(known))
    for table in tables:
        own = Private(
            private.epsilon,
            bounds=of_table(private.bounds, table.name),
            categories=of_table(private.categories, table.name),
        )
        refuse_unknown(own, pa.schema([(column.name, column.arrow_type) for column in table.columns]))
    below = [str(table.name) for table in tables if table.name != root.name]
    for name in private.children:
        if name not in below:
            raise unknown("table", name, below)
    names = {u.columns[0] for u in root.uniques if len(u.columns) == 1}
    names |= {column for key in plan.owned(root.name) for column in key.columns}
    if private.rows_per_subject > 1 or (private.subject and private.subject not in names):
        raise InputError(
            f"of these tables a subject is a row of {root.name}, with all that belongs to it",
            hint="leave subject out; `children` says from how many rows of it is learned in each table",
        )


def bound_of(role: Role, private: Private) -> int:
    """From how many rows of one subject a table is learned at most."""
    return 1 if role.owner is None else private.children.get(str(role.table), EACH)


def counter_of(table: Table, owner: ForeignKey, names: Collection[str]) -> str:
    """The column that counts an owner's rows, by a unique key of it beside the owner's; or none."""
    for unique in table.uniques:
        rest = [name for name in unique.columns if name not in owner.columns]
        beside = len(rest) == 1 and len(unique.columns) > 1 and rest[0] in names
        if beside and pa.types.is_integer(table.column(rest[0]).arrow_type):
            return rest[0]
    return ""


def declared_habits(table: Table, owner: ForeignKey | None, names: Sequence[str]) -> Habits:
    """How an owner's rows go on, as far as the schema says: what counts them, or the first moment that is always there.

    ``names`` are the columns that are learned.
    """
    if owner is None:
        return Habits()
    counter = counter_of(table, owner, names)
    if counter:
        return Habits(order=counter, counters=((counter, 1),))
    for name in names:
        column = table.column(name)
        if (pa.types.is_date(column.arrow_type) or pa.types.is_timestamp(column.arrow_type)) and not column.nullable:
            return Habits(order=name, steps=(name,), rising=(name,))
    return Habits()


def of_table(places: Mapping[str, Said], name: TableName) -> dict[str, Said]:
    """What is said of one table's columns, by their names."""
    prefix = f"{name}."
    return {place.removeprefix(prefix): one for place, one in places.items() if place.startswith(prefix)}

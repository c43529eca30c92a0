"""In which order tables are made, and what each foreign key means for it.

A table has at most one *owner*: the parent whose rows' children its rows are made as, in sequence.  All other foreign
keys are *links*: rows are made first, and then given a row of the parent that goes with them.  A link whose parent is
made later (a cycle, or a table that points at itself) is filled in once that is there.  Rows of a table that are kept
as they are may point at made ones, too: they are *moved* to others when those are there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from understudy.errors import InputError
from understudy.graph import components
from understudy.schema import ForeignKey, Schema, Table, TableName

_CHILDREN = 300


@dataclass(frozen=True)
class Role:
    """One table, and what its foreign keys are."""

    table: TableName
    owner: ForeignKey | None = None
    links: tuple[ForeignKey, ...] = ()
    late: tuple[ForeignKey, ...] = ()
    """Links to rows that are made later, or to rows of the table itself."""
    given: bool = False
    """Rows are not made: they are handed in."""


@dataclass(frozen=True)
class Plan:
    """All tables with their roles, parents before children; and every foreign key that joins two of them."""

    roles: tuple[Role, ...]
    keys: tuple[ForeignKey, ...]
    moved: tuple[ForeignKey, ...] = ()
    """Keys of kept rows that point at made ones."""

    def children(self, parent: TableName) -> tuple[ForeignKey, ...]:
        """The keys of which a parent's rows have counts: those that own rows, and links."""
        used = {id(key) for role in self.roles for key in (role.owner, *role.links, *role.late) if key}
        return tuple(key for key in self.keys if key.parent == parent and id(key) in used)

    def owned(self, parent: TableName) -> tuple[ForeignKey, ...]:
        """The keys whose rows are made as children of the parent's rows."""
        return tuple(role.owner for role in self.roles if role.owner and role.owner.parent == parent)


def planned(
    schema: Schema,
    tables: Collection[TableName],
    rows: Mapping[TableName, int],
    lookups: Collection[TableName] = (),
    kept: Collection[TableName] = (),
) -> Plan:
    """Give every foreign key of some tables its role; parents outside of them are handed in.

    ``rows`` are the tables' sizes; ``lookups`` are parents that own no rows, as countries own no users; the rows of
    ``kept`` tables stay, whether others point at them or not.  Cycles are
    broken at optional keys, the one that points at the largest table first; an InputError where there is none, or
    where a key is no plain columns.
    """
    made = {schema.table(name).name for name in tables}
    keys = tuple(key for key in schema.foreign_keys if key.table in made)
    moved = tuple(key for key in schema.foreign_keys if key.table in kept and key.parent in made)
    for key in (*keys, *moved):
        if key.expressions or key.condition:
            raise InputError(
                f"{key.id} is not a plain foreign key, and rows that go with it cannot be made",
                hint=f"mask {key.table} instead, or leave the key out",
            )
    _refuse_bound(schema, moved)
    every = made | {key.parent for key in keys} | set(kept)
    late = _broken(schema, every, keys, rows)
    names = _sorted(every, [key for key in keys if key not in late])
    roles = []
    for name in names:
        if name not in made:
            roles.append(Role(name, given=True))
            continue
        own = [key for key in keys if key.table == name]
        may_own = [key for key in own if key not in late and key.parent not in lookups]
        owner = _owner(schema.table(name), may_own, rows)
        filled = set(owner.columns) if owner else set()
        rest = [key for key in own if key is not owner and not set(key.columns) <= filled]
        roles.append(
            Role(
                name,
                owner,
                tuple(_widest([key for key in rest if key not in late], filled)),
                tuple(_widest([key for key in rest if key in late], filled)),
            )
        )
    return Plan(tuple(roles), keys, moved)


def _refuse_bound(schema: Schema, moved: Collection[ForeignKey]) -> None:
    """Raise an InputError where a kept row cannot point at another without becoming another itself."""
    for key in moved:
        named = {column for other in schema.children(key.table) for column in other.parent_columns}
        named |= {
            column for other in moved if other.table == key.table and other is not key for column in other.columns
        }
        for column in key.columns:
            if column in named:
                raise InputError(
                    f"{key.table} has too few rows to be learned, and cannot be copied either: its {column} points at"
                    f" rows of {key.parent} that are made, and is a part of another key",
                    hint=f"leave {key.table} out, or mask it in a job instead",
                )


def _widest(keys: list[ForeignKey], filled: Collection[str]) -> list[ForeignKey]:
    """Keys without those whose columns another fills: the wider comes first."""
    kept: list[ForeignKey] = []
    there = set(filled)
    for key in sorted(keys, key=lambda one: -len(one.columns)):
        if not set(key.columns) <= there:
            kept.append(key)
            there |= set(key.columns)
    return kept


def optional(table: Table, key: ForeignKey) -> bool:
    """Whether a row may have no parent by this key."""
    return any(table.column(name).nullable for name in key.columns)


def _owner(table: Table, keys: list[ForeignKey], rows: Mapping[TableName, int]) -> ForeignKey | None:
    """The parent whose children rows are made as.

    A key that starts the primary key wins over others, a key that is always there over an optional one, and then the
    one of the largest parent: its rows have the fewest children, which belong together most.  A parent whose rows
    have hundreds of children each owns none: they are no sequence.
    """
    keys = [key for key in keys if rows.get(table.name, 0) <= _CHILDREN * rows.get(key.parent, 0)]
    if not keys:
        return None

    def worth(key: ForeignKey) -> tuple[bool, bool, bool, int, str]:
        first = table.primary_key[: len(key.columns)] == key.columns
        inside = set(key.columns) <= set(table.primary_key)
        return first and len(table.primary_key) > 0, inside, not optional(table, key), rows.get(key.parent, 0), key.id

    return max(keys, key=worth)


def _broken(
    schema: Schema, tables: Collection[TableName], keys: Collection[ForeignKey], rows: Mapping[TableName, int]
) -> list[ForeignKey]:
    """The keys that are filled in late, so that the others form no cycle."""
    late = [key for key in keys if key.table == key.parent]
    for key in late:
        if not optional(schema.table(key.table), key):
            raise InputError(
                f"every row of {key.table} needs another by {key.id}, so none can be made first",
                hint="declare the key's columns as nullable, or mask the table instead",
            )
    while True:
        left = [key for key in keys if key not in late]
        edges = {name: [key.parent for key in left if key.table == name] for name in tables}
        cycles = [set(one) for one in components(sorted(tables), edges) if len(one) > 1]
        if not cycles:
            return late
        inside = [key for key in left if {key.table, key.parent} <= cycles[0]]
        free = [key for key in inside if optional(schema.table(key.table), key)]
        if not free:
            raise InputError(
                f"{', '.join(sorted(map(str, cycles[0])))} need one another, so none can be made first",
                hint="declare one of their foreign keys as nullable, or mask one of the tables instead",
            )
        late.append(max(free, key=lambda key: (rows.get(key.parent, 0), key.id)))


def _sorted(tables: Collection[TableName], keys: Collection[ForeignKey]) -> list[TableName]:
    edges = {name: sorted({key.parent for key in keys if key.table == name}) for name in tables}
    return [one for part in components(sorted(tables), edges) for one in part]

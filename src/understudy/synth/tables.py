"""The synthesizer of several tables: parents first, then their children, with foreign keys that hold.

The parent's row has, beside its own columns, how many children it has of each kind and what they come to; children are
made in sequence to fulfil that (``children``, ``sequences``); other foreign keys are handed out by clusters and exact
quotas (``links``).  ``order`` says which table is made as whose children.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from pathlib import Path

import pyarrow as pa

from understudy.errors import InputError, unknown
from understudy.interfaces import Progress
from understudy.schema import ForeignKey, Schema, Table, TableName
from understudy.synth.encoding.encode import FEWEST
from understudy.synth.families.allowed import allowed, refuse_public
from understudy.synth.families.carried import Pairs
from understudy.synth.families.gather import Read, gathered
from understudy.synth.families.learning import Learning, Model
from understudy.synth.families.making import Making
from understudy.synth.families.order import Plan, planned
from understudy.synth.families.private import models as private_models
from understudy.synth.families.watch import Watch, watches
from understudy.synth.filters import Filters
from understudy.synth.network.effort import Budget, Effort, budget_of, kept_rows, threads
from understudy.synth.privacy.accounting import Privacy
from understudy.synth.private import Private

__all__ = ["LOOKUP", "Read", "Tables", "lookups"]

LOOKUP = 256
"""Rows of a table that many others point at, up to which it is kept as it is."""
_POINTED = 20
_LARGE = 20_000
"""Rows from which an estimate will do."""


def _silent(step: str, subject: str, done: int, total: int | None) -> None:
    pass


class Tables:
    """Learns several tables and how their rows belong together, and makes any number of families like them.

    ``effort``, ``seed``, ``threads`` and ``device`` are those of ``Flat``, for each table's network.
    """

    def __init__(
        self, effort: Effort | Budget = "normal", *, seed: int = 0, threads: int = 1, device: str = "auto"
    ) -> None:
        budget_of(effort, 1)
        self.effort, self.seed, self.threads, self.device = effort, seed, threads, device
        self._plan: Plan | None = None
        self._models: dict[TableName, Model] = {}
        self._kept: dict[TableName, pa.Table] = {}

    @property
    def plan(self) -> Plan:
        """The order of the tables, and what each foreign key is."""
        if self._plan is None:
            raise InputError("this synthesizer has learned nothing yet", hint="call fit first, or load one")
        return self._plan

    @property
    def models(self) -> Mapping[TableName, Model]:
        """What was learned of each table."""
        return self._models

    @property
    def kept(self) -> tuple[TableName, ...]:
        """Lookup tables whose rows ``sample`` copies, unless others are given; they are not saved."""
        return tuple(self._kept)

    @property
    def carried(self) -> Mapping[TableName, Mapping[ForeignKey, Pairs]]:
        """Columns of each table that repeat one of the row that a key of it points at."""
        keys = {key.id: key for key in self.plan.keys}
        models = self._models.items()
        return {name: {keys[one]: pairs for one, pairs in model.carried.items()} for name, model in models}

    @property
    def needed(self) -> tuple[TableName, ...]:
        """Tables whose rows ``sample`` has to be given."""
        return tuple(role.table for role in self.plan.roles if role.given and role.table not in self._kept)

    def fit(
        self,
        schema: Schema,
        read: Read,
        *,
        tables: Collection[TableName] | None = None,
        private: Private | None = None,
        public: Collection[TableName] = (),
        progress: Progress = _silent,
    ) -> Tables:
        """Learn some tables of a schema, and the parents they point at, whose rows are then given to ``sample``.

        Without ``tables`` all of them, but for ``lookups``, and those that hold nobody's rows and are said to be
        ``public``: they are kept as they are.
        ``read`` is called once for each table, and once more for those that are small, by what the schema tells.

        With ``private`` what a fit may tell of any one row of the table that owns the others, with all that belongs to
        it, is bounded in all tables together, and ``privacy`` says what was spent; no lookup is then kept that is not
        ``public``, and an InputError says what cannot be learned so.
        """
        for name in (*(tables or ()), *public):
            if name not in schema.by_name:
                raise unknown("table", str(name), [str(one.name) for one in schema.tables])
        chosen = set(tables) if tables is not None else {one.name for one in schema.tables}
        if private is not None:
            return self._fit_privately(schema, read, chosen, frozenset(public), private, progress)
        parents = {key.parent for key in schema.foreign_keys if key.table in chosen}
        rows = {name: _size(schema.table(name), read) for name in sorted(chosen | parents)}
        few = {name for name in parents - chosen if rows[name] < FEWEST}
        kept = set(public) | (set(_lookups(schema, rows)) if tables is None else set())
        if not chosen - kept:
            hint = "mask them instead"
            raise InputError(f"none of these tables has the {FEWEST} rows that learning takes", hint=hint)
        plan = planned(schema, chosen - kept, rows, few | kept, kept)
        refuse_public(schema, plan, public)
        there = {role.table for role in plan.roles}
        found = gathered(plan, read, kept_rows(self.effort), self.seed, progress)
        known = {role.table: schema.table(role.table) for role in plan.roles}
        learning = Learning(plan, known, found, (few | kept) & there, self.effort, self.seed, self.threads, self.device)
        self._models = learning.models(progress)
        self._kept = {name: found[name].rows for name in sorted(kept & there & chosen)}
        self._plan = plan
        return self

    def _fit_privately(
        self,
        schema: Schema,
        read: Read,
        chosen: Collection[TableName],
        public: Collection[TableName],
        private: Private,
        progress: Progress,
    ) -> Tables:
        plan = allowed(schema, chosen, public, private)
        found = gathered(plan, read, sys.maxsize, self.seed, progress)
        known = {role.table: schema.table(role.table) for role in plan.roles}
        with threads(self.threads):
            self._models = private_models(plan, known, found, private, self.seed, self.device, progress)
        there = {role.table for role in plan.roles}
        self._kept = {name: found[name].rows for name in sorted(there & set(public) & set(chosen))}
        self._plan = plan
        return self

    @property
    def privacy(self) -> Privacy | None:
        """What a private fit spent in all tables together, and on what; None of one that was not private."""
        flats = (model.flat for model in self._models.values())
        return next((flat.privacy for flat in flats if flat is not None), None)

    def sample(
        self,
        scale: float = 1.0,
        *,
        rows: Mapping[TableName, int] | None = None,
        seed: int = 0,
        given: Mapping[TableName, pa.Table] | None = None,
        watches: Mapping[TableName, Watch] | None = None,
    ) -> Making:
        """Rows of every table, parents before children; the same seed gives the same rows.

        ``scale`` times as many as were learned from, or as many ``rows`` of a table as are said; of a table whose
        children are counted, then as many as those need.  A whole table that is ``given`` is used as it is, keys and
        all, and comes back only as its children.  Of a table without an owner, rows may be given in part: one is made
        for each, with its values; a column named like ``orders.customer_id rows`` says how many children it is to have.
        Rows that ``watches`` refuse are made anew, and left out where they are refused to the last: the ``outcome`` of
        what is returned says by table what they came to.
        """
        known = {role.table for role in self.plan.roles}
        for name in (*(rows or {}), *(given or {})):
            if name not in known:
                raise unknown("table", str(name), list(map(str, known)))
        if scale < 0 or any(count < 0 for count in (rows or {}).values()):
            raise InputError("fewer than no rows cannot be made", hint="give 0 or more")
        copied = [name for name in self._kept if name not in (given or {})]
        every = {**self._kept, **(given or {})}
        return Making(self.plan, self._models, every, rows or {}, scale, seed, copied, watches)

    def watches(
        self,
        read: Read,
        filters: Filters,
        *,
        ignore: Mapping[TableName, Collection[str]] | None = None,
        progress: Progress = _silent,
    ) -> Mapping[TableName, Watch]:
        """What filters know of the rows that were learned from, which ``read`` gives once more; for ``sample``.

        Of each table the columns that a network makes are compared, but for those to ``ignore``.  Rows of a table
        without an owner are compared as those of one table are; rows of children together with those before them, as
        far as it takes to tell families apart (``families.watch``).
        """
        if filters.off:
            return {}
        if self.privacy is not None:
            hint = "leave filters out where there is a budget: it bounds what copies could tell"
            raise InputError("filters compare with real rows, which spends a budget that nobody counts", hint=hint)
        found = gathered(self.plan, read, kept_rows(self.effort), self.seed, progress)
        return watches(self.plan, self._models, found, filters, self.seed, ignore or {})

    def save(self, path: str | Path) -> None:
        """Write what was learned to one file; no row is in it, of lookups neither."""
        from understudy.synth.families.artifact import save

        save(path, self.plan, self._models, self.seed)

    @staticmethod
    def load(path: str | Path, *, threads: int = 1, device: str = "auto") -> Tables:
        """Read what ``save`` wrote; rows of lookups are then to be given to ``sample``."""
        from understudy.synth.families.artifact import load

        made = Tables(threads=threads, device=device)
        made._plan, made._models, made.seed = load(path, threads=threads, device=device)
        return made


def lookups(schema: Schema, read: Read) -> tuple[TableName, ...]:
    """The tables whose rows are kept where all are learned, with one reading of each that is small.

    They are those of labels, as countries are: small, pointing at nothing, and much pointed at; and those of fewer rows
    than learning takes, or of none.
    """
    return _lookups(schema, {table.name: _size(table, read) for table in schema.tables})


def _lookups(schema: Schema, rows: Mapping[TableName, int]) -> tuple[TableName, ...]:
    return tuple(sorted(name for name in rows if rows[name] < FEWEST or _is_lookup(schema, name, rows)))


def _size(table: Table, read: Read) -> int:
    """How many rows a table has; of a small one exactly, for a database that has not counted says anything."""
    return table.rows if table.rows > _LARGE else sum(len(batch) for batch in read(table.name))


def _is_lookup(schema: Schema, name: TableName, rows: Mapping[TableName, int]) -> bool:
    points = any(key.table == name and key.parent != name for key in schema.foreign_keys)
    pointing = sum(rows.get(key.table, 0) for key in schema.children(name) if key.table != name)
    return rows[name] <= min(LOOKUP, pointing / _POINTED) and not points and pointing > 0

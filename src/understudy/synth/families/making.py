"""Making the rows of several tables: parents first, their children after them, and then who points at whom."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy import arrow
from understudy.errors import InputError, unknown
from understudy.schema import ForeignKey, TableName
from understudy.synth.encoding.columns import Drawn, Numbers
from understudy.synth.encoding.encode import typed
from understudy.synth.families.children import Flags, Whole, means_of
from understudy.synth.families.counts import adjusted, repaired, spread
from understudy.synth.families.gather import Keys, columns_of
from understudy.synth.families.learning import Model, beside_means, kind_name, later_siblings, rows_name, there_name
from understudy.synth.families.order import Plan
from understudy.synth.families.pointing import Dice, Pointing, There
from understudy.synth.families.sequences import FAMILIES, sequence
from understudy.synth.families.watch import Marks, Trail, Watch
from understudy.synth.filters import Filtered, renewed, without
from understudy.synth.relations.related import Related

Batch = tuple[TableName, pa.RecordBatch]


@dataclass
class Piece:
    """Rows that were made together."""

    columns: dict[str, pa.Array]
    owner: Whole
    rows: int


class Making(Iterator[Batch]):
    """One draw of all tables; the same seed gives the same rows.

    Iterated, it gives batches, parents before children; ``outcome`` says what filters refused so far, by table.
    """

    def __init__(
        self,
        plan: Plan,
        models: Mapping[TableName, Model],
        given: Mapping[TableName, pa.Table],
        rows: Mapping[TableName, int],
        scale: float,
        seed: int,
        copied: Collection[TableName] = (),
        watches: Mapping[TableName, Watch] | None = None,
    ) -> None:
        self._copied, self._watches = copied, watches or {}
        self.outcome = {name: Filtered(0, 0) for name in self._watches}
        self._plan, self._models, self._given, self._rows = plan, models, given, rows
        self._scale = scale
        self._dice = Dice(plan, seed)
        self._there: dict[TableName, There] = {}
        self._pointing = Pointing(plan, models, self._there, self._dice)
        self._seen: dict[tuple[str, ...], set[tuple[object, ...]]] = {}
        self._keys = {key.id: key for key in plan.keys}
        self._made_so_far = self.batches()

    def __next__(self) -> Batch:
        """The next batch."""
        return next(self._made_so_far)

    def batches(self) -> Iterator[Batch]:
        """All rows that are not given; tables whose keys point at later ones wait until those are there."""
        held: list[Batch] = []
        open_keys: list[ForeignKey] = []
        for role in self._plan.roles:
            if self._is_there(role.table):
                self._take(role.table)
                if role.table in self._copied and not self._pointing.moved(role.table):
                    for batch in self._given[role.table].to_batches():
                        yield role.table, batch
            else:
                open_keys += role.late
                for batch in self._made(role.table):
                    if open_keys:
                        held.append((role.table, batch))
                    else:
                        yield role.table, batch
            ready = [key for key in open_keys if key.parent in self._there and key.table in self._there]
            for key in ready:
                held = self._fill(key, held)
                open_keys.remove(key)
            if not open_keys:
                yield from held
                held = []
        for name in (name for name in self._copied if self._pointing.moved(name)):
            for batch in self._pointing.anew(name, self._given[name]).to_batches():
                yield name, batch

    def _is_there(self, name: TableName) -> bool:
        """Whether whole rows of a table were handed in."""
        model, given = self._models[name], self._given.get(name)
        if given is None:
            if model.role.given:
                raise InputError(
                    f"{name} is not made, and its rows were not given",
                    hint=f"hand in the rows of {name}: given={{...}}",
                )
            return False
        for column in given.column_names:
            if column not in model.schema.names and column not in map(self._counting, model.counts):
                raise unknown("column", f"{name}.{column}", model.schema.names)
        return model.role.given or set(model.schema.names) <= set(given.column_names)

    def _counting(self, key: str) -> str:
        return rows_name(self._keys[key])

    # rows that are handed in

    def _take(self, name: TableName) -> None:
        """Use rows as they are: what their children come to is made to go with them."""
        model, rows = self._models[name], self._given[name]
        lacking = set(model.schema.names) - set(rows.column_names)
        needed = {c for key in self._plan.keys if key.parent == name for c in key.parent_columns} | set(model.shown)
        if lacking & needed:
            raise InputError(
                f"the given rows of {name} lack {', '.join(sorted(lacking & needed))}", hint="give whole rows"
            )
        there = There(rows)
        if model.role.owner and model.role.owner.parent in self._there:
            owner = model.role.owner
            keys = Keys(columns_of(self._there[owner.parent].rows, owner.parent_columns))
            there.owner = keys.find(columns_of(rows, owner.columns))
            if later_siblings(self._plan, owner):
                own = rows.filter(pa.array(there.owner >= 0))
                parents = len(self._there[owner.parent].rows)
                self._tell(owner, [means_of(own, there.owner[there.owner >= 0], model.habits, parents)])
        made: dict[str, pa.Array] = {}
        if model.flat is not None and model.counts:
            drawn = self._beside(model, rows, there.owner)
            made = {column: drawn.column(column).combine_chunks() for column in drawn.column_names}
        self._keep(name, there, made)

    def _beside(self, model: Model, rows: pa.Table, owner: Whole) -> pa.Table:
        """What a network makes beside given rows."""
        assert model.flat is not None
        name = model.role.table
        known = [column for column in model.values if column in rows.column_names]
        extra = [column for column in map(self._counting, model.counts) if column in rows.column_names]
        given = pa.table({column: rows.column(column) for column in (*known, *extra)}) if known or extra else None
        if given is not None:
            given = self._typed(given, model)
        context = None
        if model.flat.encoder.context:
            context = self._nothing_known(model, owner, len(rows))
        batches = model.flat.sample(len(rows), seed=self._dice.seed_of(name, 0), given=given, context=context)
        return pa.Table.from_batches(batches, model.flat.encoder.made_schema)

    def _typed(self, given: pa.Table, model: Model) -> pa.Table:
        assert model.flat is not None
        schema = model.flat.encoder.schema
        columns = {}
        for column in given.column_names:
            values = arrow.plain(given.column(column).combine_chunks())
            if column not in model.habits.recoded:
                columns[column] = typed(values, schema.field(column).type)
        return pa.table(columns)

    def _nothing_known(self, model: Model, owner: Whole, rows: int) -> pa.Table:
        """Context for rows that are given out of sequence: their owner's, and nothing of the rows before."""
        assert model.flat is not None
        assert model.role.owner is not None
        schema, parent = model.flat.encoder.schema, self._there.get(model.role.owner.parent)
        columns = {}
        for column in model.flat.encoder.context:
            if column.startswith("^") and parent is not None and len(owner):
                columns[column] = parent.context.column(column).take(pa.array(owner, mask=owner < 0))
            else:
                columns[column] = pa.nulls(rows, schema.field(column).type)
        return pa.table(columns)

    # rows that are made

    def _made(self, name: TableName) -> Iterator[pa.RecordBatch]:
        model = self._models[name]
        self._check_seeds(model)
        kept: list[pa.RecordBatch] = []
        more: list[dict[str, pa.Array]] = []
        owners: list[Whole] = []
        needed = bool(self._plan.children(name) or model.role.late)
        needed |= any(key.parent == name for key in self._plan.moved)
        done = 0
        for number, piece in enumerate(self._pieces(model)):
            batch, beside, owner = self._whole(model, piece, done, number)
            done += len(batch)
            if needed:
                kept.append(batch)
                more.append(beside)
                owners.append(owner)
            if len(batch):
                yield batch
        rows = pa.Table.from_batches(kept, model.schema)
        there = There(rows.combine_chunks(), owner=np.concatenate(owners) if owners else np.zeros(0, np.int64))
        made = {c: pa.concat_arrays([one[c] for one in more]) for c in (more[0] if more else {})}
        self._keep(name, there, made)
        if needed and name in self._watches:
            above = self._there[model.role.owner.parent].marks if model.role.owner else []
            there.marks = [self._watches[name].marks(there.rows), *(one.take(there.owner) for one in above)]

    def _check_seeds(self, model: Model) -> None:
        if model.role.table in self._given and model.role.owner is not None:
            raise InputError(
                f"rows of {model.role.table} are made as children of {model.role.owner.parent},"
                " and cannot be given in part",
                hint=f"give whole rows, or rows of {model.role.owner.parent} with "
                f"{rows_name(model.role.owner)!r} for how many children each is to have",
            )

    def _pieces(self, model: Model) -> Iterator[Piece]:
        if model.role.owner is None:
            yield from self._roots(model)
        else:
            yield from self._owned(model, model.role.owner)

    def _roots(self, model: Model) -> Iterator[Piece]:
        """Rows that are nobody's children."""
        name = model.role.table
        seeds = self._given.get(name)
        count = len(seeds) if seeds is not None else self._wanted(model)
        for number, first in enumerate(range(0, count, FAMILIES)):
            many = min(FAMILIES, count - first)
            some = None if seeds is None else seeds.slice(first, many)
            columns: dict[str, pa.Array] = {}
            if model.flat is not None:
                learned = model.flat.encoder.made_schema.names
                known = [] if some is None else [c for c in some.column_names if c in learned]
                part = self._typed(some.select(known), model) if some is not None and known else None
                table, left = self._drawn(model, many, part, number)
                columns = {column: table.column(column).combine_chunks() for column in table.column_names}
                some, many = None if some is None else without(some, left), len(table)
            if some is not None:
                columns = {**{c: some.column(c).combine_chunks() for c in some.column_names}, **columns}
            yield Piece(columns, np.full(many, -1, np.int64), many)

    def _drawn(self, model: Model, many: int, part: pa.Table | None, number: int) -> tuple[pa.Table, Whole]:
        """Rows of a network that are nobody's children, and which of those asked for are not among them."""
        flat, name = model.flat, model.role.table
        assert flat is not None
        watch = self._watches.get(name)

        def made(some: Whole, *turn: int) -> pa.Table:
            given = part if part is None or not turn else part.take(pa.array(some))
            drawn = flat.sample(len(some), seed=self._dice.seed_of(name, 0, number, *turn), given=given)
            return pa.Table.from_batches(drawn, flat.encoder.made_schema).combine_chunks()

        rows, left = made(np.arange(many)), np.zeros(0, np.int64)
        if watch is not None:
            rows, left, outcome = renewed(rows, lambda found, _: watch.judged(found), made)
            self.outcome[name] += outcome
        return without(rows, left), left

    def _wanted(self, model: Model) -> int:
        """How many rows of a table without an owner are to be made: as said, or as many as its children need."""
        name = model.role.table
        if name in self._rows:
            return self._rows[name]
        factor = self._factor(name)
        return max(round((self._scale if factor is None else factor) * model.rows), 0)

    def _factor(self, name: TableName) -> float | None:
        """How many times as many rows are wanted of a table's children as there were."""
        for key in self._plan.owned(name):
            if key.table in self._rows:
                return self._rows[key.table] / max(self._models[key.table].rows, 1)
            below = self._factor(key.table)
            if below is not None:
                return below
        return None

    def _owned(self, model: Model, owner: ForeignKey) -> Iterator[Piece]:
        """Rows as children of rows that are there; then those that have no owner."""
        parent = self._there[owner.parent]
        counts = self._counts_for(model, owner, parent)
        told, sums = later_siblings(self._plan, owner), list[dict[str, pa.Array]]()
        number = 0
        for first in range(0, len(parent.rows), FAMILIES):
            some = slice(first, first + FAMILIES)
            own = {n: v.slice(first, FAMILIES) for n, v in self._plans_of(owner, parent).items()}
            marks = [one.take(np.arange(first, min(first + FAMILIES, len(parent.rows)))) for one in parent.marks]
            piece = self._children(model, counts[some], own, parent.context.slice(first, FAMILIES), marks, number)
            if told:
                rows = pa.table({column: piece.columns[column] for column in model.habits.means})
                sums.append(means_of(rows, piece.owner, model.habits, len(counts[some])))
            yield Piece(piece.columns, piece.owner + first, piece.rows)
            number += 1
        self._tell(owner, sums)
        alone = round(model.alone * int(counts.sum()))
        for first in range(0, alone, FAMILIES):
            many = min(FAMILIES, alone - first)
            nothing = {n: pa.nulls(many, v.type) for n, v in self._plans_of(owner, parent).items()}
            context = pa.table([pa.nulls(many, one.type) for one in parent.context.schema], parent.context.schema.names)
            piece = self._children(model, np.ones(many, np.int64), nothing, context, [], number)
            yield Piece(piece.columns, np.full(piece.rows, -1, np.int64), piece.rows)
            number += 1

    def _tell(self, owner: ForeignKey, sums: Sequence[Mapping[str, pa.Array]]) -> None:
        """Let the owner's other tables know what the rows of one come to."""
        parent = self._there[owner.parent]
        means = {name: pa.chunked_array([one[name] for one in sums]) for name in (sums[0] if sums else ())}
        parent.context = beside_means(parent.context, owner, means)

    def _plans_of(self, owner: ForeignKey, parent: There) -> dict[str, pa.Array]:
        prefix = f"{owner.id} "
        return {name.removeprefix(prefix): v for name, v in parent.plans.items() if name.startswith(prefix)}

    def _counts_for(self, model: Model, owner: ForeignKey, parent: There) -> Whole:
        """How many children each row gets: as was drawn with it, brought to the number that is asked for."""
        counts = parent.counts[owner.id]
        most = 1 if owner.columns in model.uniques else None
        for key in model.pairs:
            other = self._there.get(self._keys[key].parent)
            if other is not None:
                most = min(len(other.rows), most or len(other.rows))
        if most is not None:
            counts = np.minimum(counts, most)
        if model.role.table in self._rows:
            rng = self._dice.of(model.role.table, 1)
            wanted = self._rows[model.role.table]
            counts = adjusted(counts, round(wanted / (1 + model.alone)), most, rng)
        return counts

    def _children(
        self,
        model: Model,
        counts: Whole,
        plans: Mapping[str, pa.Array],
        above: pa.Table,
        marks: Sequence[Marks],
        number: int,
    ) -> Piece:
        name, flat = model.role.table, model.flat
        watch = self._watches.get(name)
        schema = pa.schema([(c, arrow.plain(pa.array([], model.schema.field(c).type)).type) for c in model.values])
        schema = pa.schema([*schema, *(model.schema.field(c) for c in model.habits.counted)])

        def draw(place: int, context: pa.Table, who: Whole, turn: int) -> pa.Table:
            if flat is None:
                return pa.table({})
            seen = above.take(pa.array(who))
            columns = {c: context.column(c) for c in context.column_names}
            columns |= {c: seen.column(c) for c in seen.column_names}
            known = pa.table(columns).select(flat.encoder.context)
            seed = self._dice.seed_of(name, 2, number, place, *([turn] if turn else []))
            return pa.Table.from_batches(flat.sample(len(who), seed=seed, context=known), flat.encoder.made_schema)

        trail = None if watch is None else Trail(watch, len(counts), marks)
        rows, owner, outcome = sequence(model.habits, schema, counts, plans, draw, trail)
        if watch is not None:
            self.outcome[name] += outcome
        return Piece({c: rows.column(c).combine_chunks() for c in rows.column_names}, owner, len(owner))

    def _whole(
        self, model: Model, piece: Piece, done: int, number: int
    ) -> tuple[pa.RecordBatch, dict[str, pa.Array], Whole]:
        """Made rows with their keys, and what stands beside them."""
        name, role = model.role.table, model.role
        rng = self._dice.of(name, 3, number)
        columns, owner = dict(piece.columns), piece.owner
        for column, coded in model.fresh.items():
            there = columns.pop(there_name(column), None)
            gone = np.zeros(piece.rows, np.int32)
            if there is not None:
                gone = 1 - pc.fill_null(there, False).to_numpy(zero_copy_only=False).astype(np.int32)
            drawn = Drawn([gone], [np.zeros(piece.rows, np.float32)], rng, range(done, done + piece.rows))
            values = typed(coded.decode(drawn), arrow.plain(pa.array([], model.schema.field(column).type)).type)
            columns[column] = pc.coalesce(columns[column].cast(values.type), values) if column in columns else values
        if role.owner is not None:
            self._pointing.fill(columns, role.owner, owner, piece.rows)
        for key in role.links:
            label = columns.pop(kind_name(key.id))
            if set(key.columns) <= columns.keys():
                continue
            at = self._pointing.linked(model, key, label, columns, owner, rng)
            self._pointing.fill(columns, key, at, piece.rows)
        for key in role.late:
            for column, other in zip(key.columns, key.parent_columns, strict=True):
                kind = self._models[key.parent].schema.field(other).type
                columns.setdefault(column, pa.nulls(piece.rows, kind))
        arrays = [_as(columns[one.name], one.type, piece.rows) for one in model.schema]
        batch = pa.RecordBatch.from_arrays(arrays, schema=model.schema)
        keep = self._new(model, batch)
        beside = {c: v for c, v in columns.items() if c not in model.schema.names}
        if keep.all():
            return batch, beside, owner
        mask = pa.array(keep)
        return batch.filter(mask), {c: v.filter(mask) for c, v in beside.items()}, owner[keep]

    def _fill(self, key: ForeignKey, held: list[Batch]) -> list[Batch]:
        """Fill a key whose parents are there now into rows that wait."""
        model, there = self._models[key.table], self._there[key.table]
        label = there.kinds[key.id]
        rng = self._dice.of(key.table, 5)
        if key.id in model.ranks:
            at = self._pointing.ranked(model, key, label, there)
        else:
            at = self._pointing.linked(model, key, label, {}, there.owner, rng)
        columns: dict[str, pa.Array] = {}
        self._pointing.fill(columns, key, at, len(there.rows))
        for column, values in columns.items():
            place = there.rows.schema.get_field_index(column)
            one = model.schema.field(column)
            there.rows = there.rows.set_column(place, one, _as(values, one.type, len(values)))
        filled, done = [], 0
        for name, batch in held:
            if name == key.table:
                rows = there.rows.slice(done, len(batch)).combine_chunks()
                batch, done = rows.to_batches()[0], done + len(batch)
            filled.append((name, batch))
        return filled

    def _keep(self, name: TableName, there: There, made: Mapping[str, pa.Array]) -> None:
        """Remember what children need to know."""
        model = self._models[name]
        rows = len(there.rows)
        rng = self._dice.of(name, 8)
        for key in model.counts:
            column = self._counting(key)
            if column in made:
                counts = np.maximum(made[column].to_numpy(zero_copy_only=False).astype(np.int64), 0)
                there.counts[key] = self._as_often(model, column, counts, rng)
        for column in model.plans:
            if column in made:
                owner = next(k for k in model.counts if column.startswith(f"{k} "))
                there.plans[column] = repaired(made[column], there.counts[owner], rng)
        for late in model.role.late:
            if kind_name(late.id) in made:
                there.kinds[late.id] = made[kind_name(late.id)]
        columns: dict[str, pa.Array] = {}
        for column in model.shown:
            columns[f"^ {column}"] = arrow.plain(there.rows.column(column).combine_chunks())
        for key in model.counts:
            if key in there.counts:
                columns[f"^ {self._counting(key)}"] = pa.array(there.counts[key])
        columns |= {f"^ {column}": values for column, values in there.plans.items()}
        if model.role.owner is not None and model.role.owner.parent in self._there and len(there.owner) == rows:
            above = self._there[model.role.owner.parent].context
            taken = above.take(pa.array(there.owner, mask=there.owner < 0))
            columns |= {f"^ {column}": taken.column(column) for column in taken.column_names}
        there.context = pa.table(columns) if columns else pa.table({"": pa.nulls(rows)})
        self._there[name] = there

    def _as_often(self, model: Model, column: str, counts: Whole, rng: np.random.Generator) -> Whole:
        """Numbers of children, each as frequent as it was learned to be, in the order in which they were drawn.

        Where rows are given, theirs may be others, and stay as they were drawn.
        """
        assert model.flat is not None
        coded = model.flat.encoder.coded[column]
        while isinstance(coded, Related):
            coded = coded.inner
        if model.role.table in self._given or not isinstance(coded, Numbers) or not len(counts):
            return counts
        drawn = np.lexsort((rng.random(len(counts)), counts))
        found = np.empty_like(counts)
        found[drawn] = spread(coded, len(counts))
        return found

    def _new(self, model: Model, batch: pa.RecordBatch) -> Flags:
        """Which rows repeat no unique key of rows made before."""
        keep = np.ones(len(batch), bool)
        for columns in model.uniques:
            seen = self._seen.setdefault((str(model.role.table), *columns), set())
            for at, key in enumerate(zip(*(batch.column(c).to_pylist() for c in columns), strict=True)):
                if None in key:
                    continue
                if key in seen:
                    keep[at] = False
                elif keep[at]:
                    seen.add(key)
        return keep


def _as(values: pa.Array | pa.ChunkedArray, kind: pa.DataType, rows: int) -> pa.Array:
    """Values in a column's own type."""
    one = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if one.type == kind:
        return one
    return pa.nulls(rows, kind) if pa.types.is_null(one.type) else arrow.like(typed_plain(one, kind), kind)


def typed_plain(values: pa.Array, kind: pa.DataType) -> pa.Array:
    """Values in the plain form of a type."""
    return typed(arrow.plain(values), arrow.plain(pa.array([], kind)).type)

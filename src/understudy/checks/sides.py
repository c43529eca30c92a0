"""The rows that a comparison is about, as numbers: real ones, made ones, held-out real ones, and columns torn apart.

Every quality metric asks the same three questions, each with the real rows as reference: how near are the made rows,
how near are real rows that nobody learned from (the ceiling), how near are columns drawn each by itself (the floor)?
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy import arrow
from understudy.errors import InputError

Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]

ROWS = 20_000
"""Rows of each side that are compared; of more, a sample drawn by a seed of the tables' shape."""

FEWEST = 20
"""Rows below which nothing is said of a side."""

_OWN = 0.9  # of the texts of a column differ: they name rows, so their patterns are compared
_RARE = 10  # real rows of a label below which no honest model tells it
_MANY = 100  # such labels beyond which they say little one by one
_NUMERIC = ("integer", "decimal", "float", "date", "timestamp", "time")


@dataclass(frozen=True)
class Facet:
    """One column of all sides as floats: measures as they are, labels as codes by falling frequency; NaN is null."""

    name: str
    numeric: bool
    real: Numbers
    made: Numbers
    held: Numbers
    apart: Numbers
    words: pa.Array | None = None
    """What the labels of all sides say, by their code, or look like where they are compared by that."""
    seen: int = 0
    """How many of them are among the real rows: codes from here on are new."""

    @property
    def labels(self) -> int:
        """How many there are on any side; 0 for measures."""
        return 0 if self.words is None else len(self.words)

    @property
    def all(self) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """Real, made, held out and torn apart."""
        return self.real, self.made, self.held, self.apart


@dataclass(frozen=True)
class Sides:
    """What ``sides`` prepared: the facets, the sampled rows they are of, a seed, and what a reader should know."""

    subject: str
    facets: tuple[Facet, ...]
    real: pa.Table
    made: pa.Table
    held: pa.Table
    seed: int
    notes: tuple[str, ...] = field(default=())
    owners: tuple[Codes, Codes, Codes] | None = None
    """Whose row each real, made and held-out row is, where an entity was named; made people are other people."""

    def facet(self, name: str) -> Facet:
        """The column of that name."""
        return next(facet for facet in self.facets if facet.name == name)


def sides(
    real: pa.Table,
    made: pa.Table,
    holdout: pa.Table | None = None,
    *,
    subject: str = "table",
    keys: Collection[str] = (),
    entity: str | None = None,
    anew: Collection[str] = (),
    rows: int = ROWS,
) -> Sides:
    """Prepare made rows for comparison with real ones, and with a holdout: half of the real rows where there is none.

    ``keys`` are columns whose values only name rows; checks of keys judge them, and no facet is made of them, nor
    of the column that says whose row it is (``entity``). Of columns in ``anew``, whose values were made anew on
    purpose, only where they are null is compared. Made and held-out rows are cut to the same number, so that chance
    is the same in both. Raises an InputError where a column is missing or of another kind, or where a side has fewer
    than FEWEST rows.
    """
    names = [name for name in real.column_names if name not in keys and name != entity]
    for side, table in (("made", made), ("holdout", holdout)):
        lacking = [name for name in names if table is not None and name not in table.column_names]
        if lacking:
            raise InputError(f"the {side} table lacks {', '.join(lacking)}", hint="compare tables of the same columns")
    seed = zlib.crc32(repr((names, real.num_rows, made.num_rows)).encode())
    dice = np.random.default_rng(seed)
    notes = [f"{', '.join(keys)} not compared: keys"] if keys else []
    fresh = [name for name in names if name in anew]
    if fresh:
        notes.append(f"{', '.join(fresh)}: only nulls compared, for the values, which name someone, were made anew")
    if holdout is None:
        notes.append("no holdout was given: one half of the real rows is compared with the other")
        half = _half(real, entity, dice)
        real, holdout = real.filter(half), real.filter(pc.invert(half))
    each = min(made.num_rows, holdout.num_rows, rows)
    if min(each, real.num_rows) < FEWEST:
        raise InputError(f"fewer than {FEWEST} rows to compare", hint="give more rows, or a larger holdout")
    cut = [_draw(table, count, dice) for table, count in ((real, rows), (made, each), (holdout, each))]
    notes += [f"{label}: {one.num_rows:,} of {whole.num_rows:,} rows compared" for label, one, whole in
              (("real", cut[0], real), ("made", cut[1], made)) if one.num_rows < whole.num_rows]  # fmt: skip
    cut = [only_nulls(table, fresh) for table in cut]
    facets = tuple(_facet(name, [table.column(name) for table in cut], dice, notes) for name in names)
    owners = _owners(cut, entity)
    real, made, holdout = (table.select(names) for table in cut)
    return Sides(subject, facets, real, made, holdout, seed, tuple(notes), owners)


def _half(real: pa.Table, entity: str | None, dice: np.random.Generator) -> pa.Array:
    """Which rows are in the first of two halves; the rows of one entity are in one of them."""
    who = np.arange(real.num_rows) if entity is None else coded(real.column(entity))
    people = int(who.max(initial=-1)) + 1
    return pa.array((dice.permutation(people) < people / 2)[who])


def _owners(cut: list[pa.Table], entity: str | None) -> tuple[Codes, Codes, Codes] | None:
    """Whose row each is; where a side has no such column, each row is another's."""
    if entity is None:
        return None
    found, start = [], 0
    for table in cut:
        mine = coded(table.column(entity)) if entity in table.column_names else np.arange(table.num_rows)
        found.append(mine + start)
        start += int(mine.max(initial=-1)) + 1
    return found[0], found[1], found[2]


def pairs(sides: Sides, most: int, across: Collection[str] = ()) -> list[tuple[Facet, Facet]]:
    """All pairs of facets, or so many of them drawn by the sides' seed.

    With ``across``, those of which one is among these columns and the other is not.
    """
    count = len(sides.facets)
    left, right = np.triu_indices(count, 1)
    if across:
        inside = np.array([facet.name in across for facet in sides.facets])
        mixed = inside[left] != inside[right]
        left, right = left[mixed], right[mixed]
    if len(left) > most:
        chosen = np.sort(np.random.default_rng(sides.seed).choice(len(left), most, replace=False))
        left, right = left[chosen], right[chosen]
    return [(sides.facets[one], sides.facets[two]) for one, two in zip(left, right, strict=True)]


def only_nulls(table: pa.Table, names: Collection[str]) -> pa.Table:
    """The table with one label, each column its own, in place of every value of some columns: their nulls stay."""
    for name in names:
        there = pc.if_else(pc.is_valid(flattened(table.column(name))), f"some {name}", pa.scalar(None, pa.string()))
        table = table.set_column(table.column_names.index(name), name, there)
    return table


def torn(table: pa.Table, seed: int) -> pa.Table:
    """The same columns, each in an order of its own: what is left of a table whose columns are drawn independently."""
    dice = np.random.default_rng(seed)
    return pa.table({name: table.column(name).take(dice.permutation(table.num_rows)) for name in table.column_names})


def _draw(table: pa.Table, count: int, dice: np.random.Generator) -> pa.Table:
    """So many rows at most, in random order: any stretch of them is a sample too."""
    return table.take(dice.permutation(table.num_rows)[:count])


def _facet(name: str, columns: list[pa.ChunkedArray], dice: np.random.Generator, notes: list[str]) -> Facet:
    flat = [flattened(column) for column in columns]
    numeric = is_measure(flat[0].type)
    if numeric:
        parts, words, seen = _measures(name, flat), None, 0
    else:
        texts = _alike(name, flat)
        if names_rows(texts[0]):
            notes.append(f"{name}: nearly every text is another, so their patterns are compared")
            texts = [look(values) for values in texts]
        elif arrow.is_text(texts[0].type) and _many_rare(texts[0], frequent := _frequent(texts[0])):
            notes.append(f"{name}: many labels are those of few rows, so their patterns are compared")
            texts = _rare_as_patterns(texts, frequent)
        parts, words, seen = _codes(texts)
    real, made, held = parts
    return Facet(name, numeric, real, made, held, dice.permutation(held), words, seen)


def numbers(values: pa.Array) -> Numbers:
    """Numbers and moments as floats, null as NaN: days of dates, ticks of times and timestamps."""
    kind = values.type
    if pa.types.is_date32(kind) or pa.types.is_time32(kind):
        values = values.cast(pa.int32())
    elif pa.types.is_temporal(kind):
        values = values.cast(pa.int64())
    values = values.cast(pa.float64(), safe=False)  # whole numbers beyond 2^53 are rounded, nothing else
    return np.asarray(values.to_numpy(zero_copy_only=False), np.float64)


def coded(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """A number from 0 for each distinct value of any type, null one of them."""
    flat = flattened(column)
    if pa.types.is_nested(flat.type):
        flat = pa.array([repr(value) for value in flat.to_pylist()], pa.string())
    codes = pc.dictionary_encode(flat, null_encoding="encode").indices
    return np.asarray(codes.to_numpy(zero_copy_only=False), np.int64)


def flattened(column: pa.ChunkedArray) -> pa.Array:
    """A column as one plain array."""
    return arrow.plain(pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type))


def is_measure(kind: pa.DataType) -> bool:
    """Whether values of a type have an order and distances: numbers and moments."""
    return arrow.kind_of(kind) in _NUMERIC or pa.types.is_duration(kind)


def _measures(name: str, flat: list[pa.Array]) -> list[Numbers]:
    """Numbers and moments as floats; what is infinite becomes the largest finite value there is."""
    try:
        parts = [numbers(values if is_measure(values.type) else values.cast(flat[0].type)) for values in flat]
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise InputError(f"{name} holds numbers on one side and other things on another") from None
    finite = np.concatenate([part[np.isfinite(part)] for part in parts])
    low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 0.0)
    return [np.nan_to_num(part, nan=np.nan, posinf=high, neginf=low) for part in parts]


def _alike(name: str, flat: list[pa.Array]) -> list[pa.Array]:
    """Values of all sides in one type: that of the real ones where they go into it, else texts."""
    try:
        if pa.types.is_nested(flat[0].type):
            return [pa.array([None if value is None else repr(value) for value in side.to_pylist()], pa.string())
                    for side in flat]  # fmt: skip
        wanted = pa.string() if pa.types.is_null(flat[0].type) else flat[0].type
        return [side if side.type == wanted else side.cast(wanted) for side in flat]
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise InputError(f"{name} holds values of different kinds in the real and the made table") from None


def names_rows(values: pa.Array) -> bool:
    """Whether nearly all texts differ, so that each says whose row it is in."""
    there = len(values) - values.null_count
    return arrow.is_text(values.type) and there >= FEWEST and pc.count_distinct(values).as_py() > _OWN * there


def _many_rare(values: pa.Array, frequent: pa.Array) -> bool:
    """Whether so many texts are none of the frequent ones that they say little one by one."""
    return bool(pc.count_distinct(values).as_py() - len(frequent) > _MANY)


def _frequent(values: pa.Array) -> pa.Array:
    """The values that enough rows have."""
    counted = pc.value_counts(values.drop_null())
    return counted.field(0).filter(pc.greater_equal(counted.field(1), _RARE))


def _rare_as_patterns(sides: list[pa.Array], frequent: pa.Array) -> list[pa.Array]:
    """Texts of all sides, the first the real one: frequent ones as they are, others as the pattern that they share."""
    looks = [look(values) for values in sides]
    rare = looks[0].filter(pc.invert(pc.is_in(sides[0], value_set=frequent)))
    shared = _frequent(rare)

    def told(values: pa.Array, own: pa.Array) -> pa.Array:
        known = pc.if_else(pc.is_in(own, value_set=shared), own, "any")
        found = pc.if_else(
            pc.is_in(values, value_set=frequent), values, pc.binary_join_element_wise("like", known, " ")
        )
        return pc.if_else(pc.is_null(values), None, found)

    return [told(values, own) for values, own in zip(sides, looks, strict=True)]


def look(values: pa.Array) -> pa.Array:
    """The pattern of texts; of phrases, which hardly share any, only that they are phrases."""
    return pc.if_else(pc.match_substring_regex(values, r"\S\s+\S"), "a phrase", pattern(values))


def pattern(values: pa.Array) -> pa.Array:
    """What texts look like: a run of letters becomes one letter of its case, a digit 9 (``ab-12`` gives ``a-99``)."""
    for found, shown in ((r"\p{Lu}+", "A"), (r"[\p{Ll}\p{Lo}]+", "a"), (r"\d", "9")):
        values = pc.replace_substring_regex(values, found, shown)
    return values


def _codes(texts: list[pa.Array]) -> tuple[list[Numbers], pa.Array, int]:
    """Labels as codes, the most frequent real one first; the labels in that order, and how many of them are real."""
    encoded = pc.dictionary_encode(pa.concat_arrays(texts))
    codes = encoded.indices.cast(pa.float64()).to_numpy(zero_copy_only=False)
    labels = len(encoded.dictionary)
    ends = np.cumsum([len(side) for side in texts])[:-1]
    real, made, held = np.split(codes, ends)
    frequency = np.bincount(real[~np.isnan(real)].astype(np.int64), minlength=labels)
    order = np.argsort(-frequency, kind="stable")
    rank = np.empty(labels, np.float64)
    rank[order] = np.arange(labels)
    words = encoded.dictionary.take(pa.array(order))
    return [_ranked(side, rank) for side in (real, made, held)], words, int((frequency > 0).sum())


def _ranked(codes: Numbers, rank: Numbers) -> Numbers:
    ranked = np.full(len(codes), np.nan)
    there = ~np.isnan(codes)
    ranked[there] = rank[codes[there].astype(np.int64)]
    return ranked


def levels(values: Numbers, known: Numbers) -> Numbers:
    """The share of known numbers, sorted, that is below each value; of equal ones half counts."""
    below = np.searchsorted(known, values, "left") + np.searchsorted(known, values, "right")
    return np.asarray(below / (2 * len(known)))


def joined(names: Iterable[str]) -> str:
    """Columns in one phrase: ``a``, ``a x b``."""
    return " x ".join(names)

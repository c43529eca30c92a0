"""Who is attacked with what: people the synthesizer learned from, people it never saw, and the made rows.

Every attack is tried on both kinds of people.  What it also finds out about those that were never seen comes from the
population, and is no leak; only what it finds out about the others beyond that is.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy import arrow
from understudy.checks.privacy.nearest import closest
from understudy.checks.sides import Numbers, flattened, is_measure, levels, numbers
from understudy.errors import InputError, unknown

Cells = NDArray[np.int64]
Flags = NDArray[np.bool_]
Prints = NDArray[np.uint64]
Singles = NDArray[np.float32]
Kind = TypeVar("Kind", bound="np.generic[Any]")

ROWS = 10_000
"""Rows of each kind that are attacked, and made rows that attack them, at most."""

FEWEST = 40
"""Rows of each kind below which no attack is tried."""

_OWN = 0.9  # of the texts of a column differ: they name people, so their replay is looked for instead
_DIRECTIONS = 32  # labels up to which each has a direction of its own; more share these, nearly at right angles
_WIDTH = 800  # directions of all columns together, about
_NULL = np.sqrt(0.5)  # from nothing to any value is half the way from label to label
_TOLERANCE = 0.1  # of a column's spread: numbers this near are told as the same by someone who knows them roughly


@dataclass(frozen=True)
class Field:
    """A column that attacks use, and where its directions lie in the vectors."""

    name: str
    numeric: bool
    moment: bool
    """A date or a time: its zero means nothing, so that an error is measured against the spread."""
    spread: float
    """Standard deviation, or what the quartiles say it is where that is less; 0 for labels."""
    span: slice


@dataclass(frozen=True)
class Crowd:
    """Rows as floats (labels as codes, null as NaN or a code), as points, and in a form where nearly the same is 1."""

    values: Numbers
    vectors: Numbers
    """Rank of numbers from -0.5 to 0.5, labels at distance 1 of one another."""
    near: Singles
    """Numbers in units of their tolerance, labels as codes: fields agree where they differ by no more than 1."""

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: Cells | Flags) -> Crowd:
        """Some of the rows."""
        return Crowd(self.values[rows], self.vectors[rows], self.near[rows])


@dataclass(frozen=True)
class Trial:
    """What ``prepare`` made: targets of both kinds in equal number, made rows, and prints of all rows there are."""

    subject: str
    fields: tuple[Field, ...]
    targets: Crowd
    member: Flags
    """Of every target whether the synthesizer learned from it."""
    who: Cells
    """The entity of every target: its rows are one person's."""
    half: Flags
    """Of every target, by entity, in which half it is: the unseen ones of the other half are its population."""
    made: Crowd
    prints: tuple[Prints, Prints, Prints]
    """A hash of every row of the training, held-out and made table."""
    chosen: tuple[Cells, Cells]
    """Where in the training and held-out table the targets stand."""
    shared: int
    """Entities that are in the training table and in the holdout."""
    seed: int
    notes: tuple[str, ...] = ()

    @cached_property
    def members(self) -> Crowd:
        """The targets that the synthesizer learned from."""
        return self.targets.take(self.member)

    @cached_property
    def unseen(self) -> Crowd:
        """The targets it never saw."""
        return self.targets.take(~self.member)

    @cached_property
    def apart(self) -> Numbers:
        """How far each target is from the nearest unseen row of the other half."""
        everyone = np.arange(len(self.targets))
        return self.by_population(everyone, lambda rows, others: closest(rows.vectors, others.vectors))

    def by_population(self, within: Cells, ask: Callable[[Crowd, Crowd], NDArray[Kind]]) -> NDArray[Kind]:
        """What an attack on these targets finds with unseen real rows, of the other half, in place of the made ones."""
        sides = self.half[within]
        first, second = (
            ask(self.targets.take(within[sides == side]), self.targets.take(~self.member & (self.half != side)))
            for side in (False, True)
        )
        found = np.empty((len(within), *first.shape[1:]), first.dtype)
        found[~sides], found[sides] = first, second
        return found

    def some(self, most: int) -> Cells:
        """The rows of so many entities of each kind at most, drawn by chance."""
        rows = []
        for side in (self.member, ~self.member):
            mine = np.flatnonzero(side)
            first = np.unique(self.who[mine], return_index=True)[1]
            order = np.argsort(np.argsort(first))  # entities as they stand, which is by chance
            rows.append(mine[order[np.unique(self.who[mine], return_inverse=True)[1]] < most])
        return np.concatenate(rows)

    def dice(self, attack: str) -> np.random.Generator:
        """Chance of one attack, from the shape of the tables alone."""
        return np.random.default_rng((self.seed, zlib.crc32(attack.encode())))


def prepare(
    real: pa.Table,
    made: pa.Table,
    holdout: pa.Table | None,
    *,
    subject: str = "table",
    entity: str | None = None,
    keys: Collection[str] = (),
    rows: int = ROWS,
) -> Trial:
    """Encode the columns that all three tables have, and draw targets: as many that were seen as were not.

    ``real`` is what the synthesizer learned from, ``holdout`` what it never saw, of the same population.  Columns in
    ``keys``, the entity's and texts that name rows are no fields.  Raises an InputError where there is no holdout,
    where a side has fewer than FEWEST rows, or where no field is left.
    """
    if holdout is None:
        raise InputError("no held-out real rows", hint="give real rows that the made ones were not learned from")
    if entity is not None and entity not in real.column_names:
        raise unknown("column", entity, real.column_names)
    if min(real.num_rows, made.num_rows, holdout.num_rows) < FEWEST:
        raise InputError(f"fewer than {FEWEST} rows of one kind", hint="give more rows, or a larger holdout")
    names = [name for name in real.column_names if name in made.column_names and name in holdout.column_names]
    names = [name for name in names if name not in keys and name != entity and not names_rows(real.column(name))]
    if not names:
        raise InputError("no column to attack is left", hint="the tables need columns in common that are not keys")
    seed = zlib.crc32(repr((names, real.num_rows, made.num_rows, holdout.num_rows)).encode())
    dice = np.random.default_rng(seed)
    people, shared = _people(real, holdout, entity)
    count = min(real.num_rows, holdout.num_rows, rows)
    seen, unseen = (_whole(who, count, dice) for who in people)
    makers = dice.permutation(made.num_rows)[:rows]
    fields, crowds, prints = _encode((real, holdout, made), names, (seen, unseen, makers))
    who = np.concatenate([people[0][seen], people[1][unseen]])
    member = np.repeat([True, False], [len(seen), len(unseen)])
    half = dice.random(int(who.max()) + 1) < 0.5
    notes = _notes(real, names, entity, keys, (len(seen), real.num_rows, len(makers), made.num_rows))
    return Trial(
        subject, fields, _joined(crowds[0], crowds[1]), member, who, half[who], crowds[2], prints,
        (seen, unseen), shared, seed, notes,
    )  # fmt: skip


def names_rows(column: pa.ChunkedArray) -> bool:
    """Whether nearly all texts of a column differ, so that a text says whose row it is in."""
    there = len(column) - column.null_count
    if not arrow.is_text(column.type) or there < FEWEST:
        return False
    distinct: int = pc.count_distinct(flattened(column), mode="only_valid").as_py()
    return bool(distinct > _OWN * there)


def _notes(
    real: pa.Table, names: list[str], entity: str | None, keys: Collection[str], counts: tuple[int, int, int, int]
) -> tuple[str, ...]:
    attacked, all_real, used, all_made = counts
    left = [name for name in real.column_names if name not in names and name != entity and name not in keys]
    notes = [f"{attacked:,} of {all_real:,} real rows attacked, with {used:,} of {all_made:,} made ones"]
    if left:
        notes.append(f"no fields of the attacks: {', '.join(left)} (of one table only, or their texts name rows)")
    return tuple(notes)


def _people(real: pa.Table, holdout: pa.Table, entity: str | None) -> tuple[tuple[Cells, Cells], int]:
    """A number for every entity, the same wherever it occurs; every row is one where no column says otherwise."""
    if entity is None:
        everyone = np.arange(real.num_rows + holdout.num_rows)
        return (everyone[: real.num_rows], everyone[real.num_rows :]), 0
    if entity not in holdout.column_names:
        raise unknown("column of the holdout", entity, holdout.column_names)
    seen, unseen = _labels([flattened(table.column(entity)) for table in (real, holdout)])
    return (seen, unseen), len(np.intersect1d(seen, unseen))


def _whole(who: Cells, count: int, dice: np.random.Generator) -> Cells:
    """Rows of whole entities drawn by chance, about so many."""
    entities, which = np.unique(who, return_inverse=True)
    place = dice.permutation(len(entities))[which]
    order = np.argsort(place, kind="stable")
    enough = place[order[min(count, len(order)) - 1]]
    return np.asarray(order[place[order] <= enough])


def _encode(
    tables: tuple[pa.Table, pa.Table, pa.Table], names: list[str], chosen: tuple[Cells, Cells, Cells]
) -> tuple[tuple[Field, ...], list[Crowd], tuple[Prints, Prints, Prints]]:
    """One column after the other, so that no more than one is held of all rows."""
    prints = [np.full(table.num_rows, 0x9E3779B97F4A7C15, np.uint64) for table in tables]
    fields: list[Field] = []
    parts: list[list[tuple[Numbers, Numbers, Singles]]] = [[], [], []]
    start, most = 0, int(np.clip(_WIDTH // len(names), 4, _DIRECTIONS))
    for name in names:
        whole, numeric, moment = _floats(name, [flattened(table.column(name)) for table in tables])
        prints = [_mixed(one, values) for one, values in zip(prints, whole, strict=True)]
        few = [values[rows] for values, rows in zip(whole, chosen, strict=True)]
        spread, points, near = _measured(few) if numeric else _labelled(few, most, zlib.crc32(name.encode()))
        width = points[0].shape[1]
        fields.append(Field(name, numeric, moment, spread, slice(start, start + width)))
        start += width
        for part, one in zip(parts, zip(few, points, near, strict=True), strict=True):
            part.append(one)
    crowds = [
        Crowd(
            np.stack([one[0] for one in part], axis=1),
            np.hstack([one[1] for one in part]),
            np.stack([one[2] for one in part], axis=1),
        )
        for part in parts
    ]
    return tuple(fields), crowds, (prints[0], prints[1], prints[2])


def _floats(name: str, sides: list[pa.Array]) -> tuple[list[Numbers], bool, bool]:
    """A column of the three tables as floats; whether it measures; whether it is of moments."""
    kind = sides[0].type
    if not all(is_measure(side.type) for side in sides):
        return [codes.astype(np.float64) for codes in _labels(sides)], False, False
    try:
        parts = [numbers(side if side.type == kind else side.cast(kind, safe=False)) for side in sides]
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise InputError(f"{name} holds numbers on one side and moments on another") from None
    finite = np.concatenate([part[np.isfinite(part)] for part in parts])
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
    cleaned = [np.nan_to_num(part, nan=np.nan, posinf=high, neginf=low) + 0.0 for part in parts]
    return cleaned, True, pa.types.is_temporal(kind)


def _labels(sides: list[pa.Array]) -> list[Cells]:
    """A code per distinct value of any side, null one of them; values of different types meet as texts.

    Codes fall with frequency on all sides together, chance deciding between equals: were they given as values are met,
    those of people who were never seen would be the highest, and trees would tell them by that alone.
    """
    if any(pa.types.is_nested(side.type) for side in sides):
        sides = [pa.array([None if one is None else repr(one) for one in side.to_pylist()], pa.string())
                 for side in sides]  # fmt: skip
    if len({side.type for side in sides}) > 1:
        sides = [side.cast(pa.string()) for side in sides]
    met = pc.dictionary_encode(pa.concat_arrays(sides), null_encoding="encode").indices
    codes = met.to_numpy(zero_copy_only=False).astype(np.int64)
    frequency = np.bincount(codes)
    rank = np.empty(len(frequency), np.int64)
    chance = np.random.default_rng(len(frequency)).random(len(frequency))
    rank[np.lexsort((chance, -frequency))] = np.arange(len(frequency))
    return np.split(rank[codes], np.cumsum([len(side) for side in sides])[:-1])


def _mixed(prints: Prints, values: Numbers) -> Prints:
    """Row hashes with one more column in them."""
    plain = np.where(np.isnan(values), np.nan, values)  # one form of NaN
    mixed = (prints ^ plain.view(np.uint64)) * np.uint64(0xD6E8FEB86659FD93)
    mixed ^= mixed >> np.uint64(32)
    return np.asarray(mixed * np.uint64(0xD6E8FEB86659FD93))


def _measured(few: list[Numbers]) -> tuple[float, list[Numbers], list[Singles]]:
    """Numbers as ranks among the targets, with a flag for null, and in units of their tolerance."""
    known = np.concatenate(few[:2])
    known = np.sort(known[~np.isnan(known)])
    if not len(known):
        known = np.zeros(1)
    quarter, middle, three = np.quantile(known, [0.25, 0.5, 0.75])
    spread = float(known.std())
    if 0 < (three - quarter) / 1.349 < spread:
        spread = float((three - quarter) / 1.349)
    unit = spread * _TOLERANCE or 1.0
    points, near = [], []
    for values in few:
        missing = np.isnan(values)
        rank = np.where(missing, 0.0, levels(values, known) - 0.5)
        points.append(np.stack([rank, missing * _NULL], axis=1))
        near.append(np.where(missing, 1e30, (values - middle) / unit).astype(np.float32))
    return spread, points, near


def _labelled(few: list[Numbers], most: int, seed: int) -> tuple[float, list[Numbers], list[Singles]]:
    """Labels as points at distance 1 of one another (nearly, where there are many), and as codes two apart."""
    distinct, at = np.unique(np.concatenate(few), return_inverse=True)
    if len(distinct) <= most:
        places = np.eye(len(distinct))
    else:
        signs = np.random.default_rng(seed).integers(0, 2, (len(distinct), most)) * 2 - 1
        places = signs / np.sqrt(most)
    ends = np.cumsum([len(values) for values in few])[:-1]
    codes = np.split(at, ends)
    points = [places[side] * np.sqrt(0.5) for side in codes]
    return 0.0, points, [(side * 2).astype(np.float32) for side in codes]


def _joined(one: Crowd, two: Crowd) -> Crowd:
    return Crowd(
        np.concatenate([one.values, two.values]),
        np.concatenate([one.vectors, two.vectors]),
        np.concatenate([one.near, two.near]),
    )

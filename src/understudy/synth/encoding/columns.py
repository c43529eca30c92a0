"""How each kind of column becomes what the network learns, and how it comes back: classes, and places on a curve.

A value is one of a few *classes* (labels, null, "rare", values that many rows share), or a number, which is then known
by its *level*: the share of the column's numbers below it.  What is kept of a column is said of at least ``k`` rows
each: labels and shared values have k rows, the curve's points are means of k values or more, its ends included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.synth.encoding.curves import Curve, curve_of, step_of
from understudy.synth.encoding.patterns import Patterns

Codes = NDArray[np.int32]
Levels = NDArray[np.float32]
Floats = NDArray[np.float64]

UNKNOWN = -1
"""The code of what is not known: it is not shown to the network and not learned from."""
FEW = 60
"""Different numbers up to which each is a class."""
SHARED = 0.01
"""The share of rows from which one number is a class of its own."""
LABELS = 1_000
"""Labels that are classes; the others are "rare", and drawn by their frequency."""
TAIL = 100_000
"""Labels that are drawn by their frequency at most."""
_LITTLE = 0.05  # share of rare rows up to which a frequent label stands in for them
_PRIVATE = 0.01  # share of rows with numbers too rare to be classes, up to which the nearest class stands in


@dataclass(frozen=True)
class Part:
    """One thing the network learns of a column: its classes, the last of which may mean "a number, by its level"."""

    name: str
    shares: tuple[float, ...]
    """How frequent each class is."""
    number: bool = False
    banned: tuple[int, ...] = ()
    """Classes that are never drawn."""
    lead: int = 0
    """How many parts before it the first part of its column stands; 0 for that one."""
    without: tuple[int, ...] = ()
    """Classes of the first part beside which there is nothing here: of a null, no weekday."""

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self.shares)


@dataclass(frozen=True)
class Cells:
    """One part of some rows: the class of each, and the range of levels that its number may stand at."""

    codes: Codes
    low: Levels
    high: Levels
    own: Codes | None = None
    """The class of the value itself, where the class only says what it follows from."""


@dataclass(frozen=True)
class Drawn:
    """Drawn cells of one column: for each part the classes and levels, chance for more, and the rows' numbers."""

    codes: Sequence[Codes]
    levels: Sequence[Levels]
    rng: np.random.Generator
    rows: range


class Coded(Protocol):
    """A column as the network learns it."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """What is learned of the column; empty where nothing is."""
        ...

    def encode(self, values: pa.Array) -> list[Cells]:
        """The cells of each part."""
        ...

    def decode(self, drawn: Drawn) -> pa.Array:
        """Plain values of drawn cells."""
        ...


def only(codes: Codes) -> Cells:
    """Cells without numbers."""
    none = np.zeros(len(codes), np.float32)
    return Cells(codes, none, none)


@dataclass(frozen=True)
class Categories:
    """A column of labels: the frequent ones are classes, then come null and "rare", where there are any.

    Rare labels that are codes of one shape are a class of their own; all others are the last class.
    """

    labels: tuple[str, ...]
    shares: tuple[float, ...]
    null: bool
    rare: bool
    tail: tuple[str, ...] = ()
    """The labels behind "rare" that k rows have or more, and how frequent each is among them."""
    tail_shares: tuple[float, ...] = ()
    patterns: Patterns | None = None
    """What rare values look like, where no label may be told."""
    arrow_type: str = "string"
    nullable: bool = True
    looks: tuple[int, ...] = ()
    """The shapes of codes that are classes of their own."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """One part."""
        banned = [len(self.labels)] if self.null and not self.nullable else []
        if self.rare and not self.tail and self.patterns is None:
            banned.append(len(self.shares) - 1)
        return (Part("", self.shares, banned=tuple(banned)),)

    @property
    def told(self) -> int:
        """How many classes there are before those of rare labels."""
        return len(self.labels) + self.null

    @cached_property
    def _known(self) -> pa.Array:
        return pa.array(self.labels, pa.string())

    def encode(self, values: pa.Array) -> list[Cells]:
        """Labels by their place; what is not known is "rare", where there is such a class."""
        at = pc.index_in(values.cast(pa.string()), value_set=self._known)
        codes = pc.fill_null(at, UNKNOWN).to_numpy(zero_copy_only=False).astype(np.int32)
        absent = np.asarray(values.is_null(nan_is_null=False))
        if self.rare:
            codes[(codes == UNKNOWN) & ~absent] = len(self.shares) - 1
        if self.patterns is not None and self.looks:
            rest = np.flatnonzero(codes == len(self.shares) - 1)
            shape = self.patterns.shape_of(values.cast(pa.string()).take(pa.array(rest)))
            for number, look in enumerate(self.looks):
                codes[rest[shape == look]] = self.told + number
        if self.null:
            codes[absent] = len(self.labels)
        return [only(codes)]

    def decode(self, drawn: Drawn) -> pa.Array:
        """Labels; rare ones are drawn by their frequency, or spelled like them."""
        code = drawn.codes[0]
        known = code < len(self.labels)
        values = self._known.take(pa.array(np.where(known, code, 0), mask=~known)) if self.labels else None
        if values is None:
            values = pa.nulls(len(code), pa.string())
        if self.rare and (rare := code >= self.told).any():
            count = int(rare.sum())
            if self.tail:
                which = drawn.rng.choice(len(self.tail), count, p=np.asarray(self.tail_shares))
                spelled = pa.array(self.tail, pa.string()).take(pa.array(which))
            elif self.patterns is not None:
                which = self.patterns.shapes_at(drawn.rng, count, self.looks)
                for number, look in enumerate(self.looks):
                    which[code[rare] == self.told + number] = look
                spelled = self.patterns.draw(drawn.rng, count, which=which)
            else:  # never drawn, but a given label may be rare, and is put in its place later
                spelled = pa.nulls(count, pa.string())
            values = pc.replace_with_mask(values, pa.array(rare), spelled)
        return values.cast(pa.bool_()) if self.arrow_type == "bool" else values


@dataclass(frozen=True)
class Numbers:
    """A column of numbers: those many rows share are classes, then comes null, then all others by their level."""

    atoms: tuple[float, ...]
    shares: tuple[float, ...]
    null: bool
    curve: Curve | None
    step: float = 0.0
    """What all numbers are multiples of; 0 where nothing."""
    origin: int = 0
    """What is subtracted from integers, so that they are exact as floats."""
    nullable: bool = True

    @property
    def parts(self) -> tuple[Part, ...]:
        """One part."""
        banned = (len(self.atoms),) if self.null and not self.nullable else ()
        return (Part("", self.shares, self.curve is not None, banned),)

    def encode(self, values: pa.Array) -> list[Cells]:
        """Numbers as an atom's place or as a range of levels."""
        found, absent = floats_of(values, self.origin)
        return [self.cells(found, absent)]

    def cells(self, found: Floats, absent: NDArray[np.bool_]) -> Cells:
        """The cells of numbers, with nulls marked."""
        codes = np.full(len(found), UNKNOWN, np.int32)
        low, high = np.zeros((2, len(found)), np.float32)
        if self.null:
            codes[absent] = len(self.atoms)
        here = ~absent
        if self.atoms:
            nearest = self._nearest(found)
            exact = here & _same(np.asarray(self.atoms)[nearest], found)
            if self.curve is None:
                exact = here & ~np.isnan(found) | exact
            codes[exact] = nearest[exact]
            here &= ~exact
        here &= ~np.isnan(found)
        if self.curve is not None and here.any():
            codes[here] = len(self.shares) - 1
            low[here], high[here] = self.curve.levels_of(found[here], self.step)
        return Cells(codes, low, high)

    def _nearest(self, found: Floats) -> NDArray[np.int64]:
        """The place of the atom nearest to each number; NaN is nearest to NaN."""
        atoms = np.nan_to_num(np.asarray(self.atoms), nan=np.nan)  # infinities as the largest floats
        order = np.argsort(atoms)  # NaN comes last
        finite = order[~np.isnan(atoms[order])]
        if not len(finite):
            return np.zeros(len(found), np.int64)
        middle = atoms[finite][1:] / 2 + atoms[finite][:-1] / 2
        at = finite[np.searchsorted(middle, found)] if len(finite) > 1 else np.full(len(found), finite[0])
        nan = np.flatnonzero(np.isnan(atoms))
        return np.where(np.isnan(found), nan[0], at) if len(nan) else at

    def decode(self, drawn: Drawn) -> pa.Array:
        """Numbers as floats or, where the column has integers, as integers."""
        found, absent = self.numbers(drawn.codes[0], drawn.levels[0])
        if not self.origin and not (self.step and self.step == int(self.step)):
            return pa.array(found, pa.float64(), mask=absent)
        return pa.array(integers(found, self.origin), pa.int64(), mask=absent)

    def numbers(self, code: Codes, level: Levels) -> tuple[Floats, NDArray[np.bool_]]:
        """The numbers of drawn cells, without the origin, and where there is none."""
        found = np.zeros(len(code))
        if self.atoms:
            found = np.asarray(self.atoms)[np.clip(code, 0, len(self.atoms) - 1)]
        if self.curve is not None:
            free = code == len(self.shares) - 1
            found = np.where(free, self.curve.values_at(level.astype(np.float64), self.step), found)
        absent = (code == len(self.atoms)) if self.null else np.zeros(len(code), bool)
        return found, absent | (code == UNKNOWN)


def integers(found: Floats, origin: int) -> NDArray[np.int64]:
    """Floats as the integers they stand for; the ends of 64 bits hold."""
    if not origin:
        return np.rint(np.clip(np.nan_to_num(found), -(2.0**62), 2.0**62)).astype(np.int64)
    up = np.rint(np.clip(np.nan_to_num(found), 0, 2.0**64 - 4096)).astype(np.uint64)
    return (up + np.uint64(origin % 2**64)).view(np.int64)  # sums modulo 2^64 are right where the result fits


def floats_of(values: pa.Array, origin: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Numbers as floats, integers less ``origin``, and where they are null."""
    absent = np.asarray(values.is_null(nan_is_null=False))
    if pa.types.is_decimal(values.type):
        values = values.cast(pa.float64())
    if pa.types.is_integer(values.type):
        whole = pc.fill_null(values, 0).to_numpy(zero_copy_only=False)
        if values.type == pa.uint64():
            return np.clip(whole.astype(np.float64) - origin, -(2.0**63), 2.0**63), absent
        whole = whole.astype(np.int64)
        if not origin:
            return whole.astype(np.float64), absent
        up = whole.view(np.uint64) - np.uint64(origin % 2**64)
        return np.where(whole < origin, 0.0, up.astype(np.float64)), absent
    if pa.types.is_float16(values.type):
        values = values.cast(pa.float32())
    return pc.fill_null(values.cast(pa.float64()), 0.0).to_numpy(zero_copy_only=False), absent


def _outer(different: Floats, counts: NDArray[np.int64], enough: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The rare numbers beyond all that are not, on the side where more rows have them: sums are made of those."""
    common = different[enough]
    sides = different < common.min(), different > common.max()
    return max(sides, key=lambda side: int(counts[side].sum()))


def _same(one: Floats, other: Floats) -> NDArray[np.bool_]:
    same: NDArray[np.bool_] = (one == other) | (np.isnan(one) & np.isnan(other))
    return same


def categories_of(
    values: pa.Array, k: int, *, declared: Sequence[str] = (), nullable: bool = True, max_length: int | None = None
) -> Categories:
    """Learn a column of labels; ``declared`` ones are public, so they are kept whatever their frequency."""
    rows = max(len(values), 1)
    arrow_type = "bool" if pa.types.is_boolean(values.type) else "string"
    counted = pc.value_counts(values.cast(pa.string()).drop_null())
    found = dict(zip(counted.field(0).to_pylist(), counted.field(1).to_pylist(), strict=True))
    public = set(declared) | ({"false", "true"} if arrow_type == "bool" else set())
    order = sorted(found, key=lambda label: (-found[label], label))
    told = [label for label in order if found[label] >= k or label in public]
    labels, tail = told[:LABELS], told[LABELS:][:TAIL]
    nulls = values.null_count
    left = len(values) - nulls - sum(found[label] for label in labels)
    patterns, looks = None, dict[int, int]()
    if left and not tail and not public and left > _LITTLE * rows:
        kept = set(labels)
        rare = [label for label in order if label not in kept]
        patterns = Patterns.of(rare, k, max_length)
        looks = _looks(patterns, rare, np.array([found[label] for label in rare]), SHARED * rows)
    shares = [found[label] / rows for label in labels] + [nulls / rows] * bool(nulls)
    shares += [many / rows for many in looks.values()]
    shares += [max(left - sum(looks.values()), 1e-9) / rows] * bool(left)
    if not labels and not nulls and not left:
        shares, nulls = [1.0], 1
    in_tail = np.array([found[label] for label in tail], np.float64)
    return Categories(
        tuple(labels),
        tuple(shares),
        bool(nulls),
        bool(left),
        tuple(tail),
        tuple((in_tail / in_tail.sum()).tolist()) if tail else (),
        patterns,
        arrow_type,
        nullable,
        tuple(looks),
    )


def _looks(patterns: Patterns, rare: list[str], counts: NDArray[np.int64], least: float) -> dict[int, int]:
    """The shapes of codes that enough rows have, and how many; of names, how long they are tells nothing of others."""
    shape = patterns.shape_of(pa.array(rare, pa.string()))
    many = np.bincount(shape, counts, len(patterns.shapes) + 1)[:-1]
    return {at: int(many[at]) for at in np.flatnonzero(many >= least).tolist() if patterns.of_code(at)}


def numbers_of(values: pa.Array, k: int, *, nullable: bool = True) -> Numbers:
    """Learn a column of numbers."""
    origin, whole = 0, pa.types.is_integer(values.type)
    if whole and values.type != pa.uint64() and values.null_count < len(values):
        low, high = pc.min_max(values).as_py().values()
        origin = low if max(abs(low), abs(high)) >= 2**52 else 0
    found, absent = floats_of(values, origin)
    single = pa.types.is_float32(values.type) or pa.types.is_float16(values.type)
    scale = values.type.scale if pa.types.is_decimal(values.type) else None
    return numbers_from(found, absent, k, origin=origin, nullable=nullable, single=single, scale=scale)


def numbers_from(
    found: Floats,
    absent: NDArray[np.bool_],
    k: int,
    *,
    origin: int = 0,
    nullable: bool = True,
    single: bool = False,
    scale: int | None = None,
) -> Numbers:
    """Learn numbers with nulls marked; ``single`` ones have 32 bits, ``scale`` is a known count of decimals."""
    rows = max(len(found), 1)
    here = found[~absent]
    nans, nulls = int(np.isnan(here).sum()), int(absent.sum())
    here = here[~np.isnan(here)]
    different, counts = np.unique(here, return_counts=True)
    finite = np.isfinite(different)
    step = step_of(different[finite], counts[finite], single=single, scale=scale)
    enough = counts >= k
    scarce = int(counts[~enough].sum())
    if len(different) <= FEW and enough.any() and scarce <= _PRIVATE * rows:
        atom, free = enough, _outer(different, counts, enough) & finite
    else:
        atom = enough & ((counts >= SHARED * rows) | ~finite)
        free = ~atom & finite
    left = int(counts[free].sum())
    if left < k:
        free[:] = False
    curve = curve_of(different[free], counts[free], k) if free.any() else None
    atoms, shares = different[atom].tolist(), counts[atom] / rows
    if nans >= k:
        atoms, shares = [*atoms, float("nan")], np.append(shares, nans / rows)
    null = bool(nulls) or not (atoms or curve)
    every = [*shares.tolist(), *([max(nulls / rows, 1e-9)] if null else []), *([left / rows] if curve else [])]
    return Numbers(tuple(atoms), tuple(every), null, curve, step, origin, nullable)

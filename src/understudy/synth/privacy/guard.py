"""What filters know of the rows that were learned from: salted hashes and counts, no row.

Every value becomes a 64-bit number by a secret salt; a row is the sum of its values' numbers, so a row without one of
its fields is a subtraction.  *Copies* are rows whose sum is that of a rare real row.  *Near copies* agree with a rare
real row in all fields but one, numbers to a share of the rows; how large that share is, is found by how often fresh
real rows would be refused.  *Corners* are pairs of coarse values that few real rows have.

The limit of the hashes: who has a guard and its salt can ask whether a row that he knows, or knows but for one field,
was learned from.  Keep a saved guard as you keep the rows; it is no part of what is given away.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy import arrow
from understudy.errors import InputError
from understudy.readings import Amount, Moment, Reading, read, reading_of
from understudy.synth.encoding.curves import Curve, curve_of

Level = Literal["off", "medium", "high"]
Hashes = NDArray[np.uint64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

COMMON = 5
"""Rows from which something is common, and says nothing of any one of them."""
CHANCE = 0.1
"""From how many rows like it are expected by chance a row says nothing: where a few values make all rows there can be,
holes where real ones are would tell more of them than copies do."""
NATURAL = 0.01
"""The share of fresh real rows that may be called near copies."""
CORNERS: Mapping[Level, float] = {"medium": 0.001, "high": 0.02}
"""The share of real rows that stand in corners."""

_FEW = 60
_BINS = (16, 32, 64, 128, 512, 2048)
_WHOLE = -1
_FORMAT = "understudy guard 2"
_GRIDS = (0.0, 0.5)
_MOST = 2**25  # hashes that are held
_PAIRS = 120
_LABELS = 30
_EDGES = np.array([0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.995, 0.999])
_NULL = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Field:
    """One column as filters see it: numbers by their place on a curve, anything else by its value alone."""

    name: str
    curve: Curve | None
    labels: tuple[str, ...] = ()
    """Frequent values, for corners."""
    salt: int = 0
    reading: Reading | None = None
    """What texts say, where that is numbers."""

    def exact(self, values: pa.Array) -> Hashes:
        """A number for each value."""
        return _hashed(values, self.salt)

    def said(self, values: pa.Array) -> pa.Array:
        """What values say where that is numbers, for all that follows; else themselves."""
        return values if self.reading is None else read(values, self.reading)

    def near(self, values: pa.Array, bins: int, grid: float) -> Hashes:
        """A number for each value, the same for values that are close."""
        if self.curve is None:
            return self.exact(values)
        place = np.floor(self.levels(values) * bins + grid)
        gone = np.isnan(place)
        return _mixed(np.where(gone, -1.0, place).astype(np.int64).view(np.uint64), self.salt + 1)

    def levels(self, values: pa.Array) -> Floats:
        """The share of real values below each; NaN where null."""
        assert self.curve is not None
        found = _numbers(values)
        there = np.isfinite(found)
        low, high = self.curve.levels_of(np.where(there, found, 0.0), 0.0)
        return np.where(there, (low + high) / 2, np.nan)

    def coarse(self, values: pa.Array) -> NDArray[np.int64]:
        """A small number for each value: a stretch of levels, or a frequent label; 0 is null, 1 any other."""
        if self.curve is not None:
            assert self.curve.values
            found, level = _numbers(values), self.levels(values)
            place = np.searchsorted(_EDGES, np.nan_to_num(level)) + 3
            place[found < self.curve.values[0]] = 1
            place[found > self.curve.values[-1]] = 2
            return np.where(np.isnan(level), 0, place)
        at = pc.index_in(_texts(values), value_set=pa.array(self.labels, pa.string()))
        place = pc.fill_null(at, -1).to_numpy(zero_copy_only=False).astype(np.int64) + 2
        return np.where(np.asarray(values.is_null()), 0, place)

    @property
    def width(self) -> int:
        """How many coarse values there are."""
        return len(_EDGES) + 4 if self.curve is not None else len(self.labels) + 2


@dataclass(frozen=True)
class Corner:
    """How many real rows have each pair of coarse values of two fields; fewer than some count as none."""

    one: int
    two: int
    counts: tuple[int, ...]

    @cached_property
    def worth(self) -> Floats:
        """The logarithm of each pair's share."""
        counts = np.array(self.counts, np.float64)
        return np.asarray(np.log((counts + 0.5) / counts.sum()))


@dataclass(frozen=True)
class Near:
    """Rare rows with close numbers alike, less one field (by its place; -1 for none), as sorted hashes.

    Numbers are close where they fall into the same of ``bins`` stretches of levels, which begin at ``grid``.
    """

    part: int
    bins: int
    grid: float
    hashes: Hashes


@dataclass(frozen=True)
class Guard:
    """Judges rows by what it keeps of those that were learned from."""

    fields: tuple[Field, ...]
    copies: Hashes
    """Rare rows, sorted."""
    near: tuple[Near, ...] = ()
    corners: tuple[Corner, ...] = ()
    bar: float = -np.inf
    """What a row must be worth not to stand in a corner."""
    natural: float = field(default=np.nan)
    """The share of fresh real rows that would be refused as near copies."""

    @staticmethod
    def of(
        real: pa.Table,
        *,
        similarity: Level = "medium",
        outliers: Level = "off",
        holdout: pa.Table | None = None,
        ignore: Collection[str] = (),
        salt: int | None = None,
    ) -> Guard:
        """Look at the rows that were learned from; ``holdout`` are others of the same population, ``ignore`` columns.

        The salt is drawn anew unless given; it changes no verdict.
        """
        names = [name for name in real.column_names if name not in ignore]
        if not names or not len(real):
            raise InputError("there is nothing to filter by", hint="give the rows that were learned from")
        base = secrets.randbits(64) if salt is None else salt
        columns = {name: arrow.plain(real.column(name).combine_chunks()) for name in names}
        fields = tuple(_field(name, values, base + 7919 * at) for at, (name, values) in enumerate(columns.items()))
        plain = list(columns.values())
        held = None
        if holdout is not None:
            held = [arrow.plain(holdout.column(name).combine_chunks()) for name in names]
        guard = Guard(fields, np.zeros(0, np.uint64))
        if similarity != "off":
            exact = [one.exact(values) for one, values in zip(fields, plain, strict=True)]
            whole = _total(exact)
            rare = _rare(whole[_expected(exact) < CHANCE])
            if held is not None:
                rare = np.setdiff1d(rare, guard.whole(held))
            guard = Guard(fields, rare)
        said = guard.said(plain)
        if similarity == "high":
            guard = _watching(guard, said, None if held is None else guard.said(held))
        return _cornered(guard, said, CORNERS[outliers]) if outliers != "off" else guard

    def judged(self, rows: pa.Table | pa.RecordBatch) -> dict[str, Flags]:
        """Which rows are refused: as "copies", "near copies" and "outliers"; each row by the first that refuses it."""
        plain = []
        for one in self.fields:
            values = rows.column(one.name)
            plain.append(arrow.plain(values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values))
        copies, said = among(self.whole(plain), self.copies), self.said(plain)
        near = np.zeros(len(rows), bool)
        for bins, grid in sorted({(one.bins, one.grid) for one in self.near}):
            kept = {one.part: one.hashes for one in self.near if (one.bins, one.grid) == (bins, grid)}
            for part, hashes in self.parts(said, bins, grid, kept):
                near |= among(hashes, kept[part])
        near &= ~copies
        out = self.worth(said) < self.bar if self.corners else np.zeros(len(rows), bool)
        return {"copies": copies, "near copies": near, "outliers": out & ~copies & ~near}

    def whole(self, plain: Sequence[pa.Array]) -> Hashes:
        """Hashes of whole rows."""
        return _total([one.exact(values) for one, values in zip(self.fields, plain, strict=True)])

    def said(self, plain: Sequence[pa.Array]) -> list[pa.Array]:
        """What the values of every field say."""
        return [one.said(values) for one, values in zip(self.fields, plain, strict=True)]

    def parts(
        self, said: Sequence[pa.Array], bins: int, grid: float, parts: Collection[int]
    ) -> Iterator[tuple[int, Hashes]]:
        """Hashes of rows with close numbers alike, less a field for each of ``parts``."""
        if not parts:
            return
        own = [one.near(values, bins, grid) for one, values in zip(self.fields, said, strict=True)]
        total = np.zeros(len(said[0]), np.uint64)
        for hashes in own:
            total = total + hashes
        for part in parts:
            yield part, _mixed(total if part == _WHOLE else total - own[part], part + 1)

    def worth(self, said: Sequence[pa.Array]) -> Floats:
        """How usual rows are: the mean over pairs of fields of the logarithm of the share that is like them."""
        coarse = [one.coarse(values) for one, values in zip(self.fields, said, strict=True)]
        total = np.zeros(len(said[0]))
        for corner in self.corners:
            total += corner.worth[coarse[corner.one] * self.fields[corner.two].width + coarse[corner.two]]
        return np.asarray(total / max(len(self.corners), 1))

    def save(self, path: str | Path) -> None:
        """Write the guard to a file, salt and all: it is as confidential as the rows."""
        about = {
            "format": _FORMAT,
            "fields": [asdict(one) for one in self.fields],
            "near": [[one.part, one.bins, one.grid] for one in self.near],
            "corners": [asdict(one) for one in self.corners],
            "bar": self.bar,
            "natural": self.natural,
        }
        path = Path(path)
        beside = path.with_name(path.name + ".part")
        with beside.open("wb") as file:
            arrays: dict[str, Any] = {f"near{at}": one.hashes for at, one in enumerate(self.near)}
            np.savez(file, about=np.array(json.dumps(about)), copies=self.copies, **arrays)
        beside.replace(path)

    @staticmethod
    def load(path: str | Path) -> Guard:
        """Read what ``save`` wrote."""
        try:
            with np.load(path, allow_pickle=False) as file:
                about = json.loads(str(file["about"]))
                copies, near = file["copies"], [file[f"near{at}"] for at in range(len(about["near"]))]
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise InputError(f"{path} cannot be read as a guard", hint="give a file that `save` wrote") from error
        if about.get("format") != _FORMAT:
            raise InputError(f"{path} is no guard of this version", hint="make it anew from the rows")
        kept = [Near(part, bins, grid, own) for (part, bins, grid), own in zip(about["near"], near, strict=True)]
        corners = [Corner(one["one"], one["two"], tuple(one["counts"])) for one in about["corners"]]
        fields = tuple(map(_read, about["fields"]))
        return Guard(fields, copies, tuple(kept), tuple(corners), about["bar"], about["natural"])


def _read(one: Mapping[str, Any]) -> Field:
    curve = one["curve"]
    if curve is not None:
        curve = Curve(tuple(curve["levels"]), tuple(curve["values"]), curve["rows"])
    reading = one["reading"]
    if reading is not None:
        reading = Moment(**reading) if "form" in reading else Amount(**reading)
    return Field(one["name"], curve, tuple(one["labels"]), one["salt"], reading)


def _field(name: str, values: pa.Array, salt: int) -> Field:
    if pa.types.is_nested(values.type):
        raise InputError(f"column {name!r} holds {values.type}, which cannot be filtered by", hint="ignore it")
    different = pc.count_distinct(values).as_py()
    reading = reading_of(values) if different > _FEW else None
    said = values if reading is None else read(values, reading)
    if different > _FEW and _is_number(said.type):
        found = _numbers(said)
        there, counts = np.unique(found[np.isfinite(found)], return_counts=True)
        if len(there) > _FEW:
            return Field(name, curve_of(there, counts, COMMON), (), salt, reading)
    counted = pc.value_counts(_texts(values).drop_null())
    pairs = sorted(zip(counted.field(1).to_pylist(), counted.field(0).to_pylist(), strict=True), reverse=True)
    return Field(name, None, tuple(label for count, label in pairs[:_LABELS] if count >= COMMON), salt)


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or (pa.types.is_temporal(kind) and not pa.types.is_interval(kind))
    )


def _numbers(values: pa.Array) -> Floats:
    """Numbers and moments as floats, NaN where null."""
    kind = values.type
    if pa.types.is_temporal(kind):
        values = values.cast(pa.int32() if kind.bit_width == 32 else pa.int64())
    if pa.types.is_decimal(kind) or pa.types.is_float16(kind):
        values = values.cast(pa.float64(), safe=False)
    found: Floats = pc.fill_null(values.cast(pa.float64(), safe=False), np.nan).to_numpy(zero_copy_only=False)
    return found


def _texts(values: pa.Array) -> pa.Array:
    """Values of any type as texts."""
    if pa.types.is_binary(values.type) or pa.types.is_fixed_size_binary(values.type):
        return pa.array([None if one is None else one.hex() for one in values.to_pylist()], pa.string())
    return values.cast(pa.string())


def _hashed(values: pa.Array, salt: int) -> Hashes:
    """Each value as a number, null as one too."""
    gone = np.asarray(values.is_null())
    if _is_number(values.type):
        found = _numbers(values) + 0.0
        found[np.isnan(found)] = np.nan  # of which there are many in bits
        return np.where(gone, _NULL, _mixed(found.view(np.uint64), salt))
    encoded = pc.dictionary_encode(_texts(values))
    key = (salt % 2**64).to_bytes(8, "little")
    digests = [hashlib.blake2b(one.encode(), digest_size=8, key=key).digest() for one in encoded.dictionary.to_pylist()]
    known = np.frombuffer(b"".join([*digests, bytes(8)]), np.uint64)
    at = pc.fill_null(encoded.indices, len(digests)).to_numpy(zero_copy_only=False)
    return np.where(gone, _NULL, known[at])


def _mixed(bits: Hashes, salt: int) -> Hashes:
    """Bits stirred by a salt (the finaliser of SplitMix64: Steele, Lea, Flood, 2014)."""
    found = bits + np.uint64((0x9E3779B97F4A7C15 * (salt + 1)) % 2**64)
    found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(found ^ (found >> np.uint64(31)))


def _total(hashes: Sequence[Hashes]) -> Hashes:
    total = np.zeros(len(hashes[0]), np.uint64)
    for at, one in enumerate(hashes):
        total = total + _mixed(one, at)
    return _mixed(total, 0)


def _rare(hashes: Hashes) -> Hashes:
    """Those that few rows have, sorted."""
    different, counts = np.unique(hashes, return_counts=True)
    return different[counts < COMMON]


def _expected(fields: Sequence[Hashes]) -> Floats:
    """How many of as many rows, put together from values of the others at random, would be each row."""
    rows = len(fields[0])
    found = np.full(rows, float(rows))
    for one in fields:
        _, at, counts = np.unique(one, return_inverse=True, return_counts=True)
        found *= (counts[at] - 1) / rows
    return found


def among(hashes: Hashes, kept: Hashes) -> Flags:
    """Which hashes are among sorted ones."""
    if not len(kept):
        return np.zeros(len(hashes), bool)
    at = np.minimum(np.searchsorted(kept, hashes), len(kept) - 1)
    return np.asarray(kept[at] == hashes)


def _watching(guard: Guard, said: Sequence[pa.Array], held: Sequence[pa.Array] | None) -> Guard:
    """A guard that knows near copies.

    A field is spared where fresh real rows are seldom called copies without it: what names a row, alone or nearly so,
    is no field to be without.  For each field, numbers are as coarse as that allows.
    """
    every = [_WHOLE, *range(len(guard.fields))] if len(guard.fields) > 2 else [_WHOLE]
    every = every if len(said[0]) * len(every) <= _MOST else [_WHOLE]
    near: list[Near] = []
    left, refused = list(every), np.zeros(len((held or said)[0]), bool)
    levels = _BINS if any(one.curve for one in guard.fields) else _BINS[:1]
    for level, bins in enumerate(levels):
        own = dict(guard.parts(said, bins, 0.0, left))
        fresh = dict(guard.parts(held, bins, 0.0, left)) if held is not None else {}
        hits = {part: among(fresh[part], _rare(own[part])) if fresh else _natural(own[part]) for part in left}
        spared: list[int] = []
        for _, part in sorted((int(flags.sum()), part) for part, flags in hits.items()):
            more = refused | hits[part]
            if more.mean() <= NATURAL * (level + 1) / len(levels):
                spared, refused = [*spared, part], more
        for grid in _GRIDS if spared else ():
            near += [Near(part, bins, grid, _rare(one)) for part, one in guard.parts(said, bins, grid, spared)]
        left = [part for part in left if part not in spared]
    return replace(guard, near=tuple(near), natural=float(refused.mean()))


def _natural(hashes: Hashes) -> Flags:
    """Real rows that are near another, though not near many."""
    _, at, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    return np.asarray(((counts > 1) & (counts < COMMON))[at])


def _cornered(guard: Guard, said: Sequence[pa.Array], share: float) -> Guard:
    """A guard that knows corners."""
    coarse = [one.coarse(values) for one, values in zip(guard.fields, said, strict=True)]
    count = len(guard.fields)
    pairs = [(one, two) for one in range(count) for two in range(one + 1, count)] or [(0, 0)]
    if len(pairs) > _PAIRS:
        some = np.sort(np.random.default_rng(13).permutation(len(pairs))[:_PAIRS])
        pairs = [pairs[at] for at in some.tolist()]
    corners = []
    for one, two in pairs:
        cells = guard.fields[one].width * guard.fields[two].width
        counts = np.bincount(coarse[one] * guard.fields[two].width + coarse[two], minlength=cells)
        corners.append(Corner(one, two, tuple(np.where(counts < COMMON, 0, counts).tolist())))
    found = replace(guard, corners=tuple(corners))
    bar = float(np.quantile(found.worth(said), share, method="lower"))
    return replace(found, bar=bar)

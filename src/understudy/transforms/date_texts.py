"""Dates written as texts: a format such as ``%d.%m.%Y``, read and written for whole columns.

Reading is strict: what is read is written the same way again, so that nothing changes but the date.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.arrow import spans
from understudy.errors import InputError
from understudy.transforms.fake import same_width
from understudy.transforms.moments import LENGTHS, SECOND, Ticks

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Parts = Mapping[str, NDArray[np.int64]]
"""The numbers that the fields of dates show."""

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_MONTH_BYTES = np.array([month.encode() for month in _MONTHS]).view(np.uint8).reshape(12, 3)

_WIDTHS: Mapping[str, tuple[int, ...]] = {
    "Y": (4,),
    "y": (2,),
    "m": (2,),
    "-m": (1, 2),
    "b": (3,),
    "d": (2,),
    "-d": (1, 2),
    "H": (2,),
    "M": (2,),
    "S": (2,),
    "3f": (3,),
    "f": (6,),
}
"""Fields of a format, and how many characters each may have."""

_FIELDS = ", ".join(f"%{field}" for field in (*_WIDTHS, "z"))
_PIECE = re.compile(r"%(-?[a-zA-Z]|3f|%)|([^%]+)|(%)")
_ZONE = r"(?P<date>.*?)(?P<zone>Z|[+-]\d\d:?\d\d)"
_PIVOT = 69  # of years in two digits: 69 is 1969, 68 is 2068
_FIRST_YEAR, _LAST_YEAR = 1, 9999


@dataclass(frozen=True)
class _Layout:
    """One way in which a format's characters can stand: its fields, and how many characters each has."""

    pieces: tuple[tuple[str, int], ...]
    """Fields with their widths; texts that stand between them have the width 0."""

    @cached_property
    def width(self) -> int:
        """How many bytes a date has."""
        return sum(width or len(text.encode()) for text, width in self.pieces)

    def read(self, rows: Bytes) -> tuple[Ticks, Mask]:
        """Microseconds since 1970 of dates (n, width), and which of them are dates."""
        found: dict[str, NDArray[np.int64]] = {}
        good = np.ones(len(rows), np.bool_)
        columns = iter(np.ascontiguousarray(rows.T))
        for text, width in self.pieces:
            if not width:
                for letter in text.encode():
                    good &= next(columns) == letter
            elif text == "b":
                part = np.stack([next(columns) for _ in range(width)], axis=1)
                month = (part[:, None, :] == _MONTH_BYTES).all(axis=2)
                good &= month.any(axis=1)
                found["m"] = month.argmax(axis=1) + 1
            else:
                number = np.zeros(len(rows), np.int64)
                for _ in range(width):
                    digit = next(columns) - np.uint8(ord("0"))
                    good &= digit < 10
                    number = number * 10 + digit
                if text.startswith("-"):
                    good &= (number >= 10) == (width == 2)
                found[text.lstrip("-")] = number
        return _microseconds(found, good)

    def fits(self, parts: Parts) -> Mask:
        """Which dates have this layout."""
        good = np.ones(len(parts["Y"]), np.bool_)
        for text, width in self.pieces:
            if text.startswith("-") and width:
                good &= (parts[text[1:]] >= 10) == (width == 2)
        return good

    def write(self, parts: Parts) -> pa.Array:
        """Dates of this layout, from the numbers that their fields show."""
        out = np.empty((len(parts["Y"]), self.width), np.uint8)
        at = 0
        for text, width in self.pieces:
            if not width:
                part: Bytes = np.frombuffer(text.encode(), np.uint8)
            elif text == "b":
                part = _MONTH_BYTES[parts["m"] - 1]
            else:
                part = _digits(parts[text.lstrip("-")], width)
            end = at + part.shape[-1]
            out[:, at:end] = part
            at = end
        return same_width(out)


@cache
def _table(width: int) -> Bytes:
    """The digits of every number of so many."""
    return np.array([f"{number:0{width}}".encode() for number in range(10**width)]).view(np.uint8).reshape(-1, width)


def _digits(numbers: NDArray[np.int64], width: int) -> Bytes:
    if width > 4:
        return np.hstack([_digits(numbers // 1000, width - 3), _table(3)[numbers % 1000]])
    return _table(width)[numbers]


def _microseconds(found: Parts, good: Mask) -> tuple[Ticks, Mask]:
    """The moment that fields show, and whether there is such a one."""
    year = found["Y"] if "Y" in found else found["y"] + np.where(found["y"] < _PIVOT, 2000, 1900)
    month, day = found.get("m", np.ones_like(year)), found.get("d", np.ones_like(year))
    good = good & (year >= _FIRST_YEAR) & (month >= 1) & (month <= 12) & (day >= 1)
    months = np.where(good, (year - 1970) * 12 + month - 1, 0)
    days = months.view("M8[M]").astype("M8[D]").view(np.int64) + day - 1
    good &= days < (months + 1).view("M8[M]").astype("M8[D]").view(np.int64)
    total = days * LENGTHS["day"]
    for field, unit, size in (("H", "hour", 24), ("M", "minute", 60), ("S", "second", 60)):
        if field in found:
            good &= found[field] < size
            total += found[field] * LENGTHS[unit]
    total += found.get("f", found.get("3f", np.int64(0)) * 1000)
    return total, good


def _parts(moments: Ticks, fields: frozenset[str]) -> Parts:
    """What fields show of moments; the year always."""
    days = moments // LENGTHS["day"]
    dates = pa.array(days.astype(np.int32)).cast(pa.date32())
    year = pc.year(dates).to_numpy()
    within = moments - days * LENGTHS["day"] if fields - {"Y", "y", "m", "d", "b"} else days
    shown: Mapping[str, Callable[[], NDArray[np.int64]]] = {
        "y": lambda: year % 100,
        "m": lambda: pc.month(dates).to_numpy(),
        "d": lambda: pc.day(dates).to_numpy(),
        "H": lambda: within // LENGTHS["hour"],
        "M": lambda: within // LENGTHS["minute"] % 60,
        "S": lambda: within // SECOND % 60,
        "f": lambda: within % SECOND,
        "3f": lambda: within % SECOND // 1000,
    }
    return {"Y": year, **{name: shown[name]() for name in fields if name in shown}}


@dataclass(frozen=True)
class DateFormat:
    """A way to write dates, as its fields: ``%Y-%m-%d %H:%M:%S``; an InputError where it is none."""

    text: str

    def __post_init__(self) -> None:
        fields = [field for field, _, _ in self._pieces]
        if ("Y" in fields) == ("y" in fields):
            raise InputError(f"the format {self.text!r} must say where the year is, once", hint=f"fields: {_FIELDS}")
        names = [field.lstrip("-3").replace("b", "m") for field in fields if field not in ("", "%")]
        if len(set(names)) < len(names):
            raise InputError(f"the format {self.text!r} says one thing twice")

    @cached_property
    def zoned(self) -> bool:
        """Whether texts end with an offset from UTC, which stays."""
        return self.text.endswith("%z")

    @cached_property
    def timed(self) -> bool:
        """Whether it shows the time of day."""
        return any(field in ("H", "M", "S", "3f", "f") for field, _, _ in self._pieces)

    @cached_property
    def _pieces(self) -> list[tuple[str, str, str]]:
        """Its fields and the texts between them."""
        pieces: list[tuple[str, str, str]] = _PIECE.findall(self.text.removesuffix("%z"))
        for field, _, stray in pieces:
            if stray or (field not in _WIDTHS and field not in ("", "%")):
                raise InputError(f"the format {self.text!r} has an unknown field", hint=f"fields: {_FIELDS}")
        return pieces

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(field.lstrip("-").replace("b", "m") for field, _, _ in self._pieces)

    @cached_property
    def layouts(self) -> Sequence[_Layout]:
        """The ways in which its characters can stand."""
        choices = [
            [(text or "%", 0)] if text or field == "%" else [(field, w) for w in _WIDTHS[field]]
            for field, text, _ in self._pieces
        ]
        return [_Layout(tuple(pieces)) for pieces in product(*choices)]

    @property
    def longest(self) -> int:
        """Most characters that a date has."""
        return max(layout.width for layout in self.layouts) + 6 * self.zoned

    def read(self, texts: pa.Array) -> tuple[Ticks, Mask]:
        """Microseconds since 1970 in the text's own time zone, and which texts are dates of this format."""
        if self.zoned:
            texts = pc.struct_field(pc.extract_regex(texts, f"^{_ZONE}$"), "date")
        data, offsets = spans(texts)
        lengths = np.diff(offsets)
        moments, good = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.bool_)
        there = texts.is_valid().to_numpy(zero_copy_only=False)
        for layout in self.layouts:
            rows = np.flatnonzero(there & ~good & (lengths == layout.width))
            if len(rows) == len(texts):
                moments, good = layout.read(data[offsets[0] : offsets[-1]].reshape(-1, layout.width))
            elif len(rows):
                moments[rows], good[rows] = layout.read(data[offsets[rows][:, None] + np.arange(layout.width)])
        return moments, good

    def write(self, moments: Ticks, originals: pa.Array) -> pa.Array:
        """Dates written in this format, with the offsets of their originals; NULL where a year has not four digits."""
        parts = _parts(moments, self._names)
        good = (parts["Y"] >= _FIRST_YEAR) & (parts["Y"] <= _LAST_YEAR)
        texts = self._written(parts, good)
        if not self.zoned:
            return texts
        zones = pc.struct_field(pc.extract_regex(originals, f"^{_ZONE}$"), "zone")
        return pc.binary_join_element_wise(texts, zones, "")

    def _written(self, parts: Parts, good: Mask) -> pa.Array:
        if len(self.layouts) == 1 and good.all():
            return self.layouts[0].write(parts)
        made, used = [pa.nulls(1, pa.string())], 1
        place = np.zeros(len(good), np.int64)
        for layout in self.layouts:
            rows = np.flatnonzero(good & layout.fits(parts))
            made.append(layout.write({name: numbers[rows] for name, numbers in parts.items()}))
            place[rows] = used + np.arange(len(rows))
            used += len(rows)
        return pa.concat_arrays(made).take(pa.array(place))

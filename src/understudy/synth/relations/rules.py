"""Formulas by which a value follows from others of its row: a copy, a sum, a product; exact, rounding included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.synth.encoding.curves import rounded

Floats = NDArray[np.float64]

Form = Literal["x", "1-x", "1+x", "1-x%", "1+x%", "1/x"]
"""How a number enters a product."""

_EXACT = 2.0**53


@dataclass(frozen=True)
class Copy:
    """The value of another column."""

    source: str

    @property
    def sources(self) -> tuple[str, ...]:
        """The other column."""
        return (self.source,)

    def values(self, columns: Mapping[str, pa.Array]) -> pa.Array:
        """What the other column has."""
        return columns[self.source]

    def __str__(self) -> str:
        return self.source


@dataclass(frozen=True)
class Sum:
    """Columns added or taken away, and a constant, to the ``step`` of the result."""

    sources: tuple[str, ...]
    signs: tuple[int, ...]
    constant: float = 0.0
    step: float = 0.0
    up: bool = False
    """Whether halves are rounded away from 0, as databases do, or as floats happen to be."""

    def of(self, numbers: Sequence[Floats]) -> Floats:
        """The sum of numbers; not a number where one is missing."""
        total = np.full(len(numbers[0]), self.constant)
        for sign, number in zip(self.signs, numbers, strict=True):
            total = total + sign * number
        return stepped(total, self.step, up=self.up)

    def values(self, columns: Mapping[str, pa.Array]) -> pa.Array:
        """The sum of each row, as floats."""
        return as_array(self.of([as_floats(columns[name]) for name in self.sources]))

    def __str__(self) -> str:
        spelled = "".join(
            f" {'+' if sign > 0 else '-'} {name}" for sign, name in zip(self.signs, self.sources, strict=True)
        )
        spelled = spelled[3:] if spelled.startswith(" + ") else spelled.strip()
        return f"{spelled} {'+' if self.constant > 0 else '-'} {abs(self.constant):g}" if self.constant else spelled


@dataclass(frozen=True)
class Product:
    """Columns multiplied, each as it is or as a share taken off or put on, to the ``step`` of the result."""

    sources: tuple[str, ...]
    forms: tuple[Form, ...]
    factor: float = 1.0
    step: float = 0.0
    up: bool = False
    """Whether halves are rounded away from 0, as databases do, or as floats happen to be."""

    def of(self, numbers: Sequence[Floats]) -> Floats:
        """The product of numbers; not a number where one is missing."""
        total = shaped(numbers[0], self.forms[0])
        for form, number in zip(self.forms[1:], numbers[1:], strict=True):
            total = total * shaped(number, form)
        return stepped(total * self.factor if self.factor != 1 else total, self.step, up=self.up)

    def values(self, columns: Mapping[str, pa.Array]) -> pa.Array:
        """The product of each row, as floats."""
        return as_array(self.of([as_floats(columns[name]) for name in self.sources]))

    def __str__(self) -> str:
        spelled = [
            name if form == "x" else f"({form.replace('x', name)})"
            for form, name in zip(self.forms, self.sources, strict=True)
        ]
        return " * ".join([*spelled, *([f"{self.factor:g}"] if self.factor != 1 else [])])


def shaped(number: Floats, form: Form) -> Floats:
    """Numbers as they enter a product."""
    if form == "x":
        return number
    if form == "1/x":
        return np.asarray(np.divide(1.0, number, out=np.full(len(number), np.nan), where=number != 0))
    share: Floats = number / (100 if form.endswith("%") else 1)
    return np.asarray(1 + share if form.startswith("1+") else 1 - share)


def stepped(found: Floats, step: float, *, up: bool = False) -> Floats:
    """Numbers to a step; where there is none, as they are."""
    if not step:
        return found
    parts = round(1 / step)
    with np.errstate(invalid="ignore", over="ignore"):
        exact = found * parts if parts > 1 and abs(parts * step - 1) < 1e-12 else found / step
        whole = np.copysign(np.floor(np.abs(exact) * (1 + 1e-12) + 0.5), exact) if up else np.rint(exact)
        return rounded(whole * step, step)


def as_floats(values: pa.Array) -> Floats:
    """Plain numbers as floats, NaN where null."""
    if pa.types.is_decimal(values.type):  # Arrow's own cast is off by the last bit
        scaled = pc.fill_null(values.cast(pa.float64()), np.nan).to_numpy(zero_copy_only=False)
        return np.asarray(np.round(scaled, values.type.scale))
    found: Floats = pc.fill_null(values.cast(pa.float64(), safe=False), np.nan).to_numpy(zero_copy_only=False)
    return found


def as_array(found: Floats) -> pa.Array:
    """Floats, null where there is no number or one too large to be exact."""
    with np.errstate(invalid="ignore"):
        gone = ~(np.abs(found) < _EXACT)
    return pa.array(np.where(gone, 0.0, found), pa.float64(), mask=gone)

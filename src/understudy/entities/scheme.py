"""Schemes of identifiers: all the forms in which one kind is written, and which of them an identifier has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from understudy.entities.check_digits import Check, Values
from understudy.entities.forms import Form, Reading
from understudy.entities.parts import Mask


@dataclass(frozen=True)
class Found:
    """Identifiers of one form."""

    number: int
    """Which form of their length it is."""
    reading: Reading
    exact: bool
    """Their check characters are right; if not, those of each are wrong."""


@dataclass(frozen=True)
class Scheme:
    """A kind of identifier."""

    name: str
    title: str
    """What people call it."""
    example: str
    """A valid one, made up or published as a sample."""
    forms: tuple[Form, ...]
    country: str = ""
    """Where it is issued, as ISO 3166 has it; empty for all the world."""
    whom: str = "person"
    """What it tells from others: a person, an organisation, an account, a thing."""

    @cached_property
    def by_length(self) -> dict[int, tuple[Form, ...]]:
        """The forms by how many letters and digits they have."""
        lengths = sorted({form.length for form in self.forms})
        return {length: tuple(form for form in self.forms if form.length == length) for length in lengths}

    @property
    def checked(self) -> bool:
        """Whether it has check characters: if not, only its ranges tell it from other texts."""
        return all(any(isinstance(part, Check) and part.binding for part in form.parts) for form in self.forms)

    @property
    def chance(self) -> float:
        """The share of texts with letters and digits in the same places that are valid by chance."""
        found: dict[tuple[bool, ...], float] = {}
        for form in self.forms:
            if form.proper:
                shape = tuple(part.digits_only for part in form.parts for _ in range(part.width))
                every = prod(10 if digit else 26 for digit in shape)
                found[shape] = found.get(shape, 0.0) + prod(part.size for part in form.parts) / every
        return min(1.0, max(found.values()))

    def readings(self, values: Values) -> Iterator[Found]:
        """Identifiers (n, length) by their form; those of no form are left out.

        An identifier has the first form with which its check characters agree, or the first at all.
        """
        forms = self.by_length.get(values.shape[1], ())
        left = np.arange(len(values))
        for exact in (True, False):
            for number, form in enumerate(forms):
                if not len(left):
                    return
                reading = form.read(values[left] if len(left) < len(values) else values)
                if exact and not (right := form.exact(reading)).all():
                    reading = reading.take(np.flatnonzero(right))
                if len(reading.rows):
                    rows = left[reading.rows]
                    left = np.delete(left, reading.rows)
                    yield Found(number, replace(reading, rows=rows), exact)

    def counts(self, found: Found, values: Values) -> Mask:
        """Which identifiers, known to have a form as others do, have no other that comes before it."""
        forms = self.by_length[values.shape[1]]
        out = np.ones(len(values), bool)
        for number in self._rivals(values.shape[1], found.number):
            before = number < found.number
            if found.exact and not before:
                continue
            reading = forms[number].read(values)
            if found.exact or not before:
                reading = reading.take(np.flatnonzero(forms[number].exact(reading)))
            out[reading.rows] = False
        return out

    def _rivals(self, length: int, number: int) -> tuple[int, ...]:
        """The other forms that an identifier of one form may have as well."""
        if (length, number) not in self._known_rivals:
            forms = self.by_length[length]
            found = [other for other, form in enumerate(forms) if other != number and form.overlaps(forms[number])]
            self._known_rivals[length, number] = tuple(found)
        return self._known_rivals[length, number]

    @cached_property
    def _known_rivals(self) -> dict[tuple[int, int], tuple[int, ...]]:
        return {}

    def valid(self, values: Values) -> NDArray[np.bool_]:
        """Which identifiers (n, length) are of a form that is issued, with right check characters."""
        out = np.zeros(len(values), bool)
        for form in self.by_length.get(values.shape[1], ()):
            if form.proper:
                found = form.read(values)
                out[found.rows[form.exact(found)]] = True
        return out

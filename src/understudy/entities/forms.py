"""Forms of identifiers: taken apart into numerals that can be exchanged, and put together with right check characters.

A form says which characters stand where.  Whatever is exchanged, letters stay letters and digits stay
digits, except where one identifier may have either (the X of a check digit, 2A among departments).
Every check character stays as far from the right one as it was: a valid identifier gives a valid one,
and one with a typing error gives one with a typing error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from understudy.entities.check_digits import DIGITS, Check, Numbers, Values
from understudy.entities.parts import Either, Free, Kept, Listed, Mask, Numerals, Part

_LAST_DIGIT = 9


@dataclass(frozen=True)
class Reading:
    """Identifiers of one form, taken apart."""

    rows: NDArray[np.int64]
    """Which of those given they are."""
    numerals: Numerals
    """What can be exchanged (n, count)."""
    letters: Mask
    """Which of the places of ``Either`` hold letters (n, count)."""
    off: Numbers
    """How far each check is from the right code (n, count)."""
    kept: Values
    """The identifiers as they were (n, length)."""

    def take(self, rows: NDArray[np.int64]) -> Reading:
        """Some of them."""
        return Reading(self.rows[rows], self.numerals[rows], self.letters[rows], self.off[rows], self.kept[rows])


@dataclass(frozen=True)
class Form:
    """What stands where in an identifier of a fixed length."""

    parts: tuple[Part | Either | Check, ...]
    also: Callable[[Values], Mask] | None = None
    """What else is true of those that are valid."""
    proper: bool = True
    """Such identifiers are issued; if not, the form is only there so that they can be exchanged."""
    name: str = ""
    """Forms of one name exchange equal numerals alike."""

    @cached_property
    def _placed(self) -> tuple[tuple[int, Part | Either | Check], ...]:
        found, at = [], 0
        for part in self.parts:
            found.append((at, part))
            at += part.width
        return tuple(found)

    @property
    def length(self) -> int:
        """How many letters and digits it has."""
        return sum(part.width for part in self.parts)

    @cached_property
    def allowed(self) -> tuple[str, ...]:
        """For every place, the characters that may stand there."""
        return tuple(place for part in self.parts for place in part.allowed)

    @cached_property
    def mixed(self) -> NDArray[np.int64]:
        """The places where a letter may become a digit, or a digit a letter."""
        parts = [(at, part) for at, part in self._placed if not isinstance(part, Either | Kept)]
        places = [(at + k, place) for at, part in parts for k, place in enumerate(part.allowed)]
        return np.array([at for at, place in places if len({one in DIGITS for one in place}) == 2], np.int64)

    @cached_property
    def _checks(self) -> tuple[tuple[int, Check], ...]:
        found = [(at, part) for at, part in self._placed if isinstance(part, Check)]
        return tuple(sorted(found, key=lambda pair: pair[1].turn))

    @cached_property
    def _fixed(self) -> tuple[tuple[slice, Part], ...]:
        """The parts with numerals of their own (or with none), those that say most first."""
        parts = [(at, part) for at, part in self._placed if not isinstance(part, Check | Either)]
        found = [(slice(at, at + part.width), part) for at, part in parts]
        return tuple(sorted(found, key=lambda pair: isinstance(pair[1], Free)))

    @cached_property
    def _either(self) -> tuple[NDArray[np.int64], tuple[Either, ...]]:
        """The places of ``Either``, and its part for each."""
        found = [(at + k, part) for at, part in self._placed if isinstance(part, Either) for k in range(part.width)]
        return np.array([at for at, _ in found], np.int64), tuple(part for _, part in found)

    def radices(self, letters: int) -> tuple[int, ...]:
        """How many values each numeral has, where so many places of ``Either`` hold letters."""
        _, parts = self._either
        own = tuple(radix for _, part in self._fixed for radix in part.radices)
        if not parts:
            return own
        return own + (len(DIGITS),) * (len(parts) - letters) + (len(parts[0].letters),) * letters

    def read(self, values: Values) -> Reading:
        """Those among identifiers (n, length) that have this form, whether their check characters are right or not."""
        rows, kept = np.arange(len(values)), values
        numerals: list[Numerals] = []
        for where, part in self._fixed:
            found, fits = part.read(kept[:, where])
            if not fits.all():
                rows, kept, found = rows[fits], kept[fits], found[fits]
                numerals = [other[fits] for other in numerals]
            if not len(rows):  # as with most forms of a country: there is no more to be asked
                return Reading(rows, found[:, :0], np.zeros((0, 0), bool), np.zeros((0, len(self._checks)), int), kept)
            numerals.append(found)
        own = np.hstack(numerals) if numerals else np.zeros((len(rows), 0), np.uint16)
        others, letters, fits = self._read_either(kept)
        off = np.zeros((len(rows), len(self._checks)), np.int64)
        for number, (at, check) in enumerate(self._checks):
            given, right = check.given(kept, at), check.wanted(kept, at)
            fits &= (given >= 0) & (right >= 0)
            off[:, number] = (given - right) % len(check.codes)
        if self.also is not None:
            fits &= self.also(kept)
        made = Reading(rows, np.hstack([own, others]), letters, off, kept)
        return made if fits.all() else made.take(np.flatnonzero(fits))

    def _read_either(self, values: Values) -> tuple[Numerals, Mask, Mask]:
        """The numerals of the places of ``Either``, those of digits first."""
        places, parts = self._either
        fits = np.ones(len(values), bool)
        if not parts:
            return np.zeros((len(values), 0), np.uint16), np.zeros((len(values), 0), bool), fits
        there = values[:, places]
        letters = there > _LAST_DIGIT
        numerals, fits = parts[0].read(there)
        return _digits_first(numerals, letters), letters, fits

    def write(self, numerals: Numerals, like: Reading) -> tuple[Values, Mask]:
        """Identifiers of numerals, each as another one is in all else; and which of them there are."""
        out = like.kept.copy(order="F")
        start = 0
        for where, part in self._fixed:
            end = start + len(part.radices)
            if end > start:
                out[:, where] = part.write(numerals[:, start:end])
            start = end
        places, parts = self._either
        if parts:
            own = _digits_first(numerals[:, start:], like.letters, back=True)
            out[:, places] = parts[0].write(own, like.letters)
        there = np.ones(len(out), bool)
        for number, (at, check) in enumerate(self._checks):
            right = check.wanted(out, at)
            there &= right >= 0
            codes = check.spelled[(right + like.off[:, number]) % len(check.codes)]
            out[:, at : at + check.width] = codes
        if self.also is not None:
            there &= self.also(out)
        return out, there

    def exact(self, found: Reading) -> Mask:
        """Which identifiers have all check characters right that must be."""
        binding = [number for number, (_, check) in enumerate(self._checks) if check.binding]
        return np.asarray((found.off[:, binding] == 0).all(axis=1))

    def overlaps(self, other: Form) -> bool:
        """Whether an identifier may have both forms."""
        if self.length != other.length:
            return False
        if any(not set(one) & set(two) for one, two in zip(self.allowed, other.allowed, strict=True)):
            return False
        lists = {(at, part.width): part for at, part in self._placed if isinstance(part, Listed)}
        return all(
            not isinstance(part, Listed) or len(np.intersect1d(part.entries, lists[at, part.width].entries)) > 0
            for at, part in other._placed
            if (at, part.width) in lists
        )


def form(*parts: Part | Either | Check, name: str = "") -> Form:
    """The form of these parts, one after another."""
    return Form(parts, name=name)


def _digits_first(numerals: Numerals, letters: Mask, *, back: bool = False) -> Numerals:
    """Numerals of digits before those of letters, each in their own order; or back where they came from."""
    if not letters.any():
        return numerals
    if (letters == letters[0]).all():
        order = np.argsort(letters[0], kind="stable")
        return numerals[:, np.argsort(order) if back else order]
    packed = np.zeros((len(letters), 8), np.uint8)
    packed[:, : -(-letters.shape[1] // 8)] = np.packbits(letters, axis=1)
    _, first, which = np.unique(packed.view(np.uint64).ravel(), return_index=True, return_inverse=True)
    orders = np.argsort(letters[first], axis=1, kind="stable")
    return np.take_along_axis(numerals, (np.argsort(orders, axis=1) if back else orders)[which], axis=1)

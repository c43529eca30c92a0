"""Parts of identifiers: what may stand in neighbouring places, and which numerals say which of it does."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from math import prod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from understudy.arrow import looked_up
from understudy.entities.check_digits import CHARACTERS, DIGITS, Values

Numerals = NDArray[np.uint16]
Mask = NDArray[np.bool_]

LETTERS = CHARACTERS[10:]
_DENSE = 10**6  # numbers up to here are looked up in a table, others searched for
_MOST = 2**16  # values of one numeral
_NONE = 255


class Part(Protocol):
    """Places of an identifier that are read and written together."""

    @property
    def width(self) -> int:
        """How many places it has."""
        ...

    @property
    def allowed(self) -> tuple[str, ...]:
        """For every place, the characters that may stand there."""
        ...

    @property
    def size(self) -> int:
        """How many texts may stand there."""
        ...

    @property
    def digits_only(self) -> bool:
        """Whether no letter may."""
        ...

    @property
    def radices(self) -> tuple[int, ...]:
        """How many values each of its numerals has."""
        ...

    def read(self, values: Values) -> tuple[Numerals, Mask]:
        """The numerals of texts (n, width), and which of them may stand there at all."""
        ...

    def write(self, numerals: Numerals) -> Values:
        """The texts of numerals."""
        ...


@dataclass(frozen=True)
class Free:
    """Any characters of an alphabet, a numeral for each."""

    width: int
    alphabet: str = DIGITS

    @property
    def allowed(self) -> tuple[str, ...]:
        """The alphabet, in every place."""
        return (self.alphabet,) * self.width

    @property
    def size(self) -> int:
        """All texts over the alphabet."""
        return int(len(self.alphabet) ** self.width)

    @property
    def digits_only(self) -> bool:
        """Whether the alphabet has no letter."""
        return set(self.alphabet) <= set(DIGITS)

    @property
    def radices(self) -> tuple[int, ...]:
        """The alphabet's size, for every place."""
        return (len(self.alphabet),) * self.width

    @cached_property
    def _tables(self) -> tuple[bytes, bytes]:
        return _tables(self.alphabet, self.alphabet)

    def read(self, values: Values) -> tuple[Numerals, Mask]:
        """Each character's place in the alphabet."""
        if self.alphabet == DIGITS:
            return values.astype(np.uint16), _all(values < 10)
        numerals = looked_up(values, self._tables[0])
        return numerals.astype(np.uint16), _all(numerals != _NONE)

    def write(self, numerals: Numerals) -> Values:
        """The characters at these places of the alphabet."""
        values = numerals.astype(np.uint8)
        return values if self.alphabet == DIGITS else looked_up(values, self._tables[1])


@dataclass(frozen=True)
class Listed:
    """One text of a list, a numeral for all its places (two where the list is very long)."""

    width: int
    base: int
    """10 for digits; 36 where there are letters."""
    size: int
    """How many texts there are."""
    source: Callable[[], NDArray[np.int64]] = field(repr=False)
    """The texts as numbers of that base; asked for when they are needed first."""

    @cached_property
    def entries(self) -> NDArray[np.int64]:
        """The texts as numbers, in order."""
        found = np.unique(self.source())
        assert len(found) == self.size
        return found

    @property
    def digits_only(self) -> bool:
        """Whether no text has a letter."""
        return self.base == len(DIGITS)

    @cached_property
    def allowed(self) -> tuple[str, ...]:
        """What stands in each place of any text."""
        return tuple(
            "".join(CHARACTERS[value] for value in np.unique(place)) for place in self._spelled(self.entries).T
        )

    @cached_property
    def radices(self) -> tuple[int, ...]:
        """How many texts there are, as two factors where they are too many; a single one needs no numeral."""
        if self.size <= _MOST:
            return (self.size,) if self.size > 1 else ()
        factor = next(number for number in range(2, _MOST) if self.size % number == 0 and self.size // number <= _MOST)
        return (factor, self.size // factor)

    @cached_property
    def _table(self) -> NDArray[np.int32] | None:
        size = self.base**self.width
        if size > _DENSE:
            return None
        table = np.full(size, -1, np.int32)
        table[self.entries] = np.arange(len(self.entries))
        return table

    def read(self, values: Values) -> tuple[Numerals, Mask]:
        """Each text's place in the list."""
        number: Any = np.zeros(len(values), np.int64)
        for column in values.T:
            number = number * self.base + column
        fits = _all(values < 10) if self.base == 10 else np.ones(len(values), bool)
        if self._table is not None:
            places = self._table[np.where(fits, number, 0)]
            fits &= places >= 0
        else:
            places = np.minimum(np.searchsorted(self.entries, number), len(self.entries) - 1)
            fits &= self.entries[places] == number
        if len(self.radices) == 2:
            return np.stack(np.divmod(places, self.radices[1]), axis=1).astype(np.uint16), fits
        return places.astype(np.uint16)[:, None][:, : len(self.radices)], fits

    def write(self, numerals: Numerals) -> Values:
        """The texts at these places of the list."""
        places = np.zeros(len(numerals), np.int64)
        for column, radix in zip(numerals.T, self.radices, strict=True):
            places = places * radix + column
        return self._spelled(self.entries[places])

    def _spelled(self, numbers: NDArray[np.int64]) -> Values:
        out = np.empty((len(numbers), self.width), np.uint8, order="F")
        for place in reversed(range(self.width)):
            numbers, out[:, place] = np.divmod(numbers, self.base)
        return out


@dataclass(frozen=True)
class Spread:
    """Ten digits of which one stands there several times, and every other once at most.

    So begins a German tax number.  The numerals are the places of that digit, the digit, and which of
    those left comes next, again and again.
    """

    times: int
    width: int = 10

    @property
    def allowed(self) -> tuple[str, ...]:
        """Any digit, in every place."""
        return (DIGITS,) * self.width

    @property
    def size(self) -> int:
        """All ways to place the digits."""
        return prod(self.radices)

    @property
    def digits_only(self) -> bool:
        """It has no letters."""
        return True

    @cached_property
    def _choices(self) -> NDArray[np.bool_]:
        """All ways to place the digit that repeats; never in three neighbouring places."""
        numbers = np.arange(2**self.width)
        chosen = (numbers[:, None] >> np.arange(self.width)[::-1] & 1).astype(bool)
        chosen = chosen[chosen.sum(axis=1) == self.times]
        in_a_row = chosen[:, :-2] & chosen[:, 1:-1] & chosen[:, 2:]
        return np.asarray(chosen[~in_a_row.any(axis=1)])

    @cached_property
    def _which(self) -> NDArray[np.int64]:
        """For places as a binary number, which choice they are."""
        found = np.full(2**self.width, -1)
        found[self._binary(self._choices)] = np.arange(len(self._choices))
        return found

    def _binary(self, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        number = np.zeros(len(chosen), np.int64)
        for place in chosen.T:
            number = number * 2 + place
        return number

    @cached_property
    def _rests(self) -> NDArray[np.int64]:
        """For every choice, the places that are left."""
        return np.argsort(self._choices, axis=1, kind="stable")[:, : self.width - self.times]

    @property
    def radices(self) -> tuple[int, ...]:
        """The places, the digit, and one digit of those left after another."""
        return (len(self._choices), 10, *range(9, 9 - (self.width - self.times), -1))

    def read(self, values: Values) -> tuple[Numerals, Mask]:
        """Which digit repeats and where, and the others by their rank among those left."""
        counts = np.zeros((len(values), 10), np.uint8, order="F")
        for digit in range(10):
            for place in values.T:
                counts[:, digit] += place == digit
        often = counts == self.times
        fits = (np.add.reduce(often, axis=1, dtype=np.uint8) == 1) & _all(often | (counts <= 1)) & _all(values < 10)
        repeated = np.argmax(often, axis=1).astype(np.uint8)
        chosen = values == repeated[:, None]
        which = self._which[self._binary(chosen)]
        fits &= which >= 0
        others = np.take_along_axis(values, self._rests[which], axis=1)
        found = np.asfortranarray(np.column_stack([repeated, others]))
        ranks = found.copy(order="F")
        for place in range(1, ranks.shape[1]):
            for before in range(place):
                ranks[:, place] -= found[:, before] < found[:, place]
        return np.column_stack([np.maximum(which, 0), ranks]).astype(np.uint16), fits

    def write(self, numerals: Numerals) -> Values:
        """The digits in their places."""
        ranks = np.asfortranarray(numerals[:, 1:], np.int8)
        for place in reversed(range(ranks.shape[1] - 1)):
            for later in range(place + 1, ranks.shape[1]):
                ranks[:, later] += ranks[:, later] >= ranks[:, place]
        chosen = self._choices[numerals[:, 0]]
        out = np.broadcast_to(ranks[:, :1], chosen.shape).astype(np.uint8)
        out[~chosen] = np.ascontiguousarray(ranks[:, 1:]).ravel()
        return out


@dataclass(frozen=True)
class Kept:
    """Characters that stay what they are: any of an alphabet, or one text of a list."""

    width: int
    alphabet: str = CHARACTERS
    among: tuple[str, ...] = ()

    @property
    def allowed(self) -> tuple[str, ...]:
        """The alphabet in every place, or what stands there in the list."""
        return self._part.allowed

    @property
    def size(self) -> int:
        """How many texts may stay."""
        return self._part.size

    @property
    def digits_only(self) -> bool:
        """Whether no letter may."""
        return self._part.digits_only

    @property
    def radices(self) -> tuple[int, ...]:
        """None: nothing is exchanged."""
        return ()

    @cached_property
    def _part(self) -> Free | Listed:
        return listed(self.among) if self.among else Free(self.width, self.alphabet)

    def read(self, values: Values) -> tuple[Numerals, Mask]:
        """No numerals, and which texts may stand there."""
        numerals, fits = self._part.read(values)
        return numerals[:, :0], fits

    def write(self, numerals: Numerals) -> Values:
        """Nothing: what stands there already stays."""
        raise NotImplementedError


@dataclass(frozen=True)
class Either:
    """Letters and digits, of which each stays what it is: a letter a letter, a digit a digit.

    All such parts of one form have the same letters.
    """

    width: int
    letters: str = LETTERS

    @property
    def allowed(self) -> tuple[str, ...]:
        """Digits and letters, in every place."""
        return (DIGITS + self.letters,) * self.width

    @property
    def size(self) -> int:
        """As many as with digits alone: letters are told from digits before."""
        return int(len(DIGITS) ** self.width)

    @property
    def digits_only(self) -> bool:
        """Counted as if: letters are told from digits before."""
        return True

    @cached_property
    def _tables(self) -> tuple[bytes, bytes]:
        return _tables(DIGITS, self.letters)

    def read(self, values: Values) -> tuple[Numerals, Mask]:
        """Each character's place in its alphabet, and which texts may stand there."""
        numerals = looked_up(values, self._tables[0])
        return numerals.astype(np.uint16), _all(numerals != _NONE)

    def write(self, numerals: Numerals, letters: Mask) -> Values:
        """The digits and letters at these places of their alphabets."""
        return looked_up(numerals.astype(np.uint8) + letters * np.uint8(len(DIGITS)), self._tables[1])


def _tables(*alphabets: str) -> tuple[bytes, bytes]:
    """The place of every character's value in its alphabet, and the values of all alphabets, one after another."""
    places = bytearray([_NONE]) * 256
    for alphabet in alphabets:
        for place, character in enumerate(alphabet):
            places[CHARACTERS.index(character)] = place
    values = bytes(CHARACTERS.index(character) for alphabet in alphabets for character in alphabet)
    return bytes(places), values.ljust(256, b"\0")


def _all(places: Mask) -> Mask:
    """Which rows are true in every place."""
    found: Mask = np.ones(len(places), bool)
    for place in places.T:
        found &= place
    return found


def digits(width: int) -> Free:
    """Any digits."""
    return Free(width)


def letters(width: int, alphabet: str = LETTERS) -> Free:
    """Any letters."""
    return Free(width, alphabet)


def fixed(text: str) -> Listed:
    """Characters that all identifiers of the form have."""
    return listed((text,))


def listed(texts: str | Sequence[str]) -> Listed:
    """One of these texts, all of the same length."""
    found = texts.split() if isinstance(texts, str) else texts
    base = 10 if all(text.isdigit() for text in found) else len(CHARACTERS)
    return Listed(len(found[0]), base, len(found), lambda: np.array([int(text, base) for text in found], np.int64))


def numbers(width: int, *ranges: range | int) -> Listed:
    """A number of so many digits, within ranges."""
    parts = [range(part, part + 1) if isinstance(part, int) else part for part in ranges]
    return Listed(width, 10, sum(map(len, parts)), lambda: np.concatenate([np.asarray(part) for part in parts]))


BORN = range(1900, 2020)
"""The years in which most of today's people were born; those born later stay among themselves, so that
nobody gets a date of birth that is still to come."""

CHILDREN = range(2020, 2040)

CENTURY = range(1930, 2030)
"""The years that two digits may mean, where nothing tells the century."""


@dataclass(frozen=True)
class Days:
    """The days of some years, spelled ``YYMMDD`` or the like (``L`` is the month's letter in Italy).

    Added to the month or the day is what tells sexes or centuries apart; digits stand for themselves.
    """

    pattern: str
    years: range
    month: int = 0
    day: int = 0

    @property
    def size(self) -> int:
        """How many days there are."""
        return (date(self.years[-1] + 1, 1, 1) - date(self.years[0], 1, 1)).days

    def numbers(self, base: int) -> NDArray[np.int64]:
        """The texts as numbers of a base."""
        days = np.arange(f"{self.years[0]}-01-01", f"{self.years[-1] + 1}-01-01", dtype="datetime64[D]")
        months = days.astype("datetime64[M]")
        month = months.astype(np.int64) % 12
        year = days.astype("datetime64[Y]").astype(np.int64) + 1970
        letter = np.array([CHARACTERS.index(character) for character in "ABCDEHLMPRST"])[month]
        total = np.zeros(len(days), np.int64)
        for token in re.findall(r"Y+|MM|DD|L|\d", self.pattern):
            value: Any = {
                "Y": year % 10 ** len(token),
                "M": month + 1 + self.month,
                "D": (days - months).astype(np.int64) + 1 + self.day,
                "L": letter,
            }.get(token[0])
            for power in reversed(range(len(token))):
                digit = value // 10**power % 10 if token[0] in "YMD" else int(token) if value is None else value
                total = total * base + digit
        return total


def dated(*days: Days) -> Listed:
    """One of these days."""
    pattern = days[0].pattern
    base = len(CHARACTERS) if "L" in pattern else 10
    size = sum(part.size for part in days)
    return Listed(len(pattern), base, size, lambda: np.concatenate([part.numbers(base) for part in days]))

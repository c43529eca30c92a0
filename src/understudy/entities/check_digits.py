"""Check characters: what the others of an identifier make them be, for whole columns at a time.

Identifiers come as values (n, length): 0 to 9 for digits and 10 to 35 for letters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.native import cores as native

Values = NDArray[np.uint8]
"""Identifiers (n, length), each character as its value."""

Numbers = NDArray[np.signedinteger[Any]]
"""A whole number for every identifier."""

Counts = NDArray[np.int32]
"""What each of the 36 characters counts."""

CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""All characters, in the order of their values."""

DIGITS = "0123456789"


@dataclass(frozen=True)
class Check:
    """Characters of an identifier that follow from the others."""

    codes: tuple[str, ...]
    """All texts that may stand there, each of as many characters."""
    right: Callable[[Values, int], Numbers]
    """Which code is right, for identifiers and the place where it stands; below 0 where none is."""
    turn: int = 0
    """Checks of a higher turn are computed later: over those of lower ones, wherever they stand."""
    binding: bool = True
    """An identifier with another code is not valid; if not, many are issued with another one."""

    @property
    def width(self) -> int:
        """How many characters it has."""
        return len(self.codes[0])

    @property
    def allowed(self) -> tuple[str, ...]:
        """For every place, the characters that may stand there."""
        return tuple("".join(sorted(set(place))) for place in zip(*self.codes, strict=True))

    @property
    def size(self) -> int:
        """How many codes are valid: the right one, or all where it need not be right."""
        return 1 if self.binding else len(self.codes)

    @property
    def digits_only(self) -> bool:
        """Whether most codes have no letter (an X among them is rare)."""
        return sum(code.isdigit() for code in self.codes) * 2 > len(self.codes)

    @cached_property
    def spelled(self) -> Values:
        """The codes as values (count, width)."""
        return np.array([[CHARACTERS.index(character) for character in code] for code in self.codes], np.uint8)

    @cached_property
    def _table(self) -> Numbers:
        table = np.full(len(CHARACTERS) ** self.width, -1)
        table[[int(code, len(CHARACTERS)) for code in self.codes]] = np.arange(len(self.codes))
        return table

    def given(self, values: Values, at: int) -> Numbers:
        """Which code stands at a place of identifiers; -1 for none."""
        number = np.zeros(len(values), np.int64)
        for place in range(at, at + self.width):
            number = number * len(CHARACTERS) + values[:, place]
        return self._table[number]

    def wanted(self, values: Values, at: int) -> Numbers:
        """Which code is right; the first one where none is and none need be."""
        right = self.right(values, at)
        return right if self.binding else np.maximum(right, 0)


def free(check: Check) -> Check:
    """The same, where an identifier may be valid without it."""
    return replace(check, binding=False)


def later(check: Check) -> Check:
    """The same, computed over other check characters too, wherever they stand."""
    return replace(check, turn=check.turn + 1)


def _made(table: Sequence[str], remainder: Callable[[Values, int], Numbers]) -> Check:
    """A check that looks its code up by a remainder; ``-`` stands where there is none."""
    codes = tuple(sorted({code for code in table if code != "-"}))
    index = np.array([codes.index(code) if code != "-" else -1 for code in table])
    return Check(codes, lambda values, at: index[remainder(values, at)])


def numbered(first: int, last: int, width: int = 2) -> tuple[str, ...]:
    """The codes from one number to another, downwards if the last is smaller."""
    step = 1 if first <= last else -1
    return tuple(str(number).zfill(width) for number in range(first, last + step, step))


def powers(base: int, modulus: int, count: int) -> tuple[int, ...]:
    """Weights that make a sum the number itself, written in a base, as far as its remainder goes."""
    return tuple(pow(base, count - 1 - place, modulus) for place in range(count))


def counts(numbers: Mapping[str, int]) -> Counts:
    """What characters count, for those that do not count their own value."""
    return np.array([numbers.get(character, value) for value, character in enumerate(CHARACTERS)], np.int32)


def weighted(
    weights: Sequence[int], table: Sequence[str], *, first: int | None = None, plus: int = 0, of: Counts | None = None
) -> Check:
    """A sum of weighted characters, whose remainder by the table's length says the code.

    The characters are those before the code, or those from ``first`` on; ``of`` is what each counts.
    """

    def remainder(values: Values, at: int) -> Numbers:
        total = np.full(len(values), plus, np.int32)
        for place, weight in enumerate(weights, at - len(weights) if first is None else first):
            if weight:
                column = values[:, place]
                total += np.int32(weight) * (column.astype(np.int32) if of is None else of.take(column))
        return total % len(table)

    return _made(table, remainder)


def luhn(table: Sequence[str] = DIGITS, *, first: int = 0, plus: int = 0, base: int = 10, doubled: int = 0) -> Check:
    """Every second character from the right doubled, the digits of all that summed, filled up to the next round number.

    Over the characters from ``first`` on; ``doubled`` is 1 where the last of them counts once.  In
    base 10 this is ISO/IEC 7812-1, annex B; with letters it is CUSIP's.
    """

    def remainder(values: Values, at: int) -> Numbers:
        total = np.full(len(values), plus, np.int16)
        for distance, place in enumerate(reversed(range(first, at)), doubled):
            term = values[:, place].astype(np.int16) << np.int16(1 - distance % 2)
            total += term - np.int16(base - 1) * (term // np.int16(base))  # the quotient and the remainder
        return -total % base

    return _made(table, remainder)


def luhn_of_letters() -> Check:
    """The same over letters as two digits each (ISO 6166, the securities' identifier)."""

    count = len(CHARACTERS)
    tens, ones = np.divmod(np.arange(count), 10)
    term = np.array([_digit_sum(ones * times) + _digit_sum(tens * (3 - times)) for times in (2, 1)], np.int16).ravel()

    def remainder(values: Values, at: int) -> Numbers:
        total = np.zeros(len(values), np.int16)
        single = np.zeros(len(values), np.uint8)  # where the next digit counts once
        for place in reversed(range(at)):
            column = values[:, place]
            total += term.take(column + single * np.uint8(count))
            single ^= column < 10
        return -total % 10

    return _made(DIGITS, remainder)


def _digit_sum(numbers: Numbers) -> Numbers:
    return numbers - 9 * (numbers > 9)


def mod_97(order: Callable[[int], Sequence[int]] | None = None) -> Check:
    """ISO 7064, mod 97-10: letters count 10 to 35, and two digits (02 to 98) make the remainder 1.

    Over the characters before them, or over the places that ``order`` gives for a length.
    """

    def right(values: Values, at: int) -> Numbers:
        places = np.array(range(at) if order is None else order(values.shape[1]))
        total = native.modulo_97(np.asfortranarray(values).T.reshape(-1), len(values), places)
        return 98 - total * 100 % 97

    return Check(numbered(0, 99), right)


def mod_11_10(first: int = 0) -> Check:
    """ISO 7064, mod 11,10, over the digits from ``first`` on."""

    step = np.array([((product + digit) % 10 or 10) * 2 % 11 for product in range(11) for digit in range(10)])

    def remainder(values: Values, at: int) -> Numbers:
        product = np.full(len(values), 10, np.int64)
        for place in range(first, at):
            product = step.take(product * 10 + values[:, place])
        return (11 - product) % 10

    return _made(DIGITS, remainder)


def _dihedral() -> NDArray[np.int64]:
    """The products of the ten symmetries of a pentagon: five turns, and five flips after a turn."""
    made = np.zeros((10, 10), np.int64)
    for one in range(10):
        for other in range(10):
            turn = (one % 5 + (-1 if one >= 5 else 1) * (other % 5)) % 5
            made[one, other] = turn + 5 * ((one >= 5) != (other >= 5))
    return made


_PRODUCT = _dihedral()
_SPREAD = np.array([1, 5, 7, 6, 2, 8, 3, 0, 9, 4])


def verhoeff(skip: int = 0) -> Check:
    """Verhoeff's check digit, over the digits before it but for the last ones."""
    step, spread = [], np.arange(10)
    for _ in range(8):
        step.append(_PRODUCT[:, spread].ravel())
        spread = _SPREAD[spread]
    inverse = np.argmax(_PRODUCT == 0, axis=1)

    def remainder(values: Values, at: int) -> Numbers:
        product = np.zeros(len(values), np.int64)
        for distance, place in enumerate(reversed(range(at - skip)), 1):
            product = step[distance % 8].take(product * 10 + values[:, place])
        return np.asarray(inverse[product])

    return _made(DIGITS, remainder)


_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)


def by_turns(first: int = 0, last: int | None = None) -> Check:
    """The letter of Italian and Cypriot numbers: every other character counts what a table says, from the first on.

    Over the characters before it, or over those from ``first`` to ``last``.
    """
    even = np.array([*range(10), *range(26)])
    odd = np.array([*_ODD[:10], *_ODD])

    def remainder(values: Values, at: int) -> Numbers:
        total = np.zeros(len(values), np.int64)
        for number, place in enumerate(range(first, at if last is None else last)):
            total += (even if number % 2 else odd)[values[:, place]]
        return total % 26

    return _made(CHARACTERS[10:], remainder)


def first_of(*checks: Check) -> Check:
    """The first check that has a code."""
    codes = tuple(sorted({code for check in checks for code in check.codes}))
    index = [np.array([codes.index(code) for code in check.codes]) for check in checks]

    def right(values: Values, at: int) -> Numbers:
        found: Any = np.full(len(values), -1, np.int64)
        for check, places in zip(reversed(checks), reversed(index), strict=True):
            other = check.right(values, at)
            found = np.where(other >= 0, places[other], found)
        return np.asarray(found)

    return Check(codes, right)

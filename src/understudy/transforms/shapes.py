"""What a simple regular expression matches, as shapes: of so many bytes, each among a few.

``[A-Z]{2}-\\d{3}`` is one shape of six bytes.  An expression with a choice or a range of repeats is
several.  What has no longest match (``+``, ``*``) has no end of them, and is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from understudy.errors import InputError
from understudy.transforms.parts import Bytes, Mask

MOST_SHAPES = 200
_DIGITS = b"0123456789"
_UPPER = bytes(range(ord("A"), ord("Z") + 1))
_VISIBLE = bytes(range(0x21, 0x7F))
_CLASSES = {"d": _DIGITS, "w": _DIGITS + _UPPER + b"_" + _UPPER.lower(), "s": b" "}
_HINT = r"there are letters, \d, \w, classes such as [A-Z0-9], {3}, {2,5}, ?, groups and |"

Positions = tuple[bytes, ...]


@dataclass(frozen=True)
class Shape:
    """Texts of one length: for every byte, which ones may stand there, in order."""

    positions: Positions

    @property
    def length(self) -> int:
        """How many bytes."""
        return len(self.positions)

    @cached_property
    def varying(self) -> NDArray[np.int64]:
        """The places at which there is a choice."""
        return np.array([place for place, allowed in enumerate(self.positions) if len(allowed) > 1], np.int64)

    @cached_property
    def radices(self) -> tuple[int, ...]:
        """How many bytes there are to choose from, at the varying places."""
        return tuple(len(allowed) for allowed in self.positions if len(allowed) > 1)

    @property
    def size(self) -> int:
        """How many texts there are."""
        return prod(self.radices)

    @cached_property
    def _numerals(self) -> NDArray[np.int16]:
        """For every place and byte (length, 256), which of the allowed ones it is; -1 where it is none."""
        found = np.full((self.length, 256), -1, np.int16)
        for place, allowed in enumerate(self.positions):
            found[place, list(allowed)] = np.arange(len(allowed))
        return found

    @cached_property
    def _letters(self) -> Bytes:
        """For every place and numeral, the byte."""
        found = np.zeros((self.length, 256), np.uint8)
        for place, allowed in enumerate(self.positions):
            found[place, : len(allowed)] = list(allowed)
        return found

    def holds(self, rows: Bytes) -> Mask:
        """Which texts (n, length) have this shape."""
        found: Mask = np.all(self._numerals[np.arange(self.length), rows] >= 0, axis=1)
        return found

    def read(self, rows: Bytes) -> NDArray[np.int16]:
        """Texts of this shape as numerals, at the varying places."""
        return self._numerals[self.varying, rows[:, self.varying]]

    def write(self, numerals: NDArray[np.int16]) -> Bytes:
        """The texts (n, length) of numerals."""
        out = np.empty((len(numerals), self.length), np.uint8)
        out[:] = self._letters[:, 0]
        out[:, self.varying] = self._letters[self.varying, numerals]
        return out


def shapes(pattern: str) -> tuple[Shape, ...]:
    """The shapes of all that an expression matches; an InputError where it is none we can list."""
    reader = _Reader(pattern.removeprefix("^").removesuffix("$") if not pattern.endswith(r"\$") else pattern)
    found = reader.choice()
    if reader.rest:
        raise reader.wrong(f"{reader.rest[0]!r} has nothing to close")
    return tuple(Shape(positions) for positions in dict.fromkeys(found))


class _Reader:
    """Reads an expression from left to right, each part of it as its shapes."""

    def __init__(self, pattern: str) -> None:
        self._pattern = self.rest = pattern

    def wrong(self, why: str) -> InputError:
        """The error that says what is wrong with the expression."""
        return InputError(f"pattern {self._pattern!r}: {why}", hint=_HINT)

    def _take(self, text: str) -> bool:
        """Whether a text comes next; it is passed then."""
        found = self.rest.startswith(text)
        self.rest = self.rest[len(text) :] if found else self.rest
        return found

    def _next(self) -> str:
        if not self.rest:
            raise self.wrong("it ends too early")
        character, self.rest = self.rest[0], self.rest[1:]
        return character

    def choice(self) -> list[Positions]:
        """Parts between ``|``."""
        found = self._sequence()
        while self._take("|"):
            found = found + self._sequence()
        return self._few(found)

    def _sequence(self) -> list[Positions]:
        found: list[Positions] = [()]
        while self.rest and self.rest[0] not in "|)":
            found = self._joined([found, self._repeated()])
        return found

    def _joined(self, parts: list[list[Positions]]) -> list[Positions]:
        if prod(len(part) for part in parts) > MOST_SHAPES:
            raise self.wrong(f"it matches more than {MOST_SHAPES} different shapes")
        return [tuple(allowed for part in chosen for allowed in part) for chosen in product(*parts)]

    def _few(self, found: list[Positions]) -> list[Positions]:
        return self._joined([list(dict.fromkeys(found))])

    def _repeated(self) -> list[Positions]:
        """One part and how often it comes."""
        part = self._part()
        if self._take("?"):
            return [*part, ()]
        if self.rest[:1] in ("+", "*"):
            raise self.wrong(f"{self.rest[0]!r} has no end; write {{1,20}}")
        if not self._take("{"):
            return part
        least, comma, most = self._until("}").partition(",")
        if not least.isdecimal() or (comma and not most.isdecimal()):
            raise self.wrong("a repeat is {3} or {2,5}")
        counts = range(int(least), int(most if comma else least) + 1)
        if not counts or counts[-1] > 1000:
            raise self.wrong("a repeat goes from a number to one that is not below it, and to 1,000")
        return self._few([text for count in counts for text in self._joined([part] * count)])

    def _part(self) -> list[Positions]:
        character = self._next()
        if character == "(":
            if self.rest.startswith("?") and not self._take("?:"):
                raise self.wrong("of groups that start with (? there is (?: alone")
            found = self.choice()
            if not self._take(")"):
                raise self.wrong("a group is not closed")
            return found
        if character == "[":
            return [(self._class(),)]
        if character == "\\":
            return [tuple(self._escaped(self._next()))]
        if character in ".^$*+?{":
            raise self.wrong(f"{character!r} is not understood here")
        return [tuple(bytes([byte]) for byte in character.encode())]

    def _escaped(self, character: str) -> list[bytes]:
        if character in _CLASSES:
            return [bytes(sorted(_CLASSES[character]))]
        if character.isalnum():
            raise self.wrong(rf"\{character} is not understood")
        return [bytes([byte]) for byte in character.encode()]

    def _until(self, mark: str) -> str:
        text, found, rest = self.rest.partition(mark)
        if not found:
            raise self.wrong(f"{mark!r} is missing")
        self.rest = rest
        return text

    def _class(self) -> bytes:
        """What stands in brackets."""
        negated, found = self._take("^"), set[int]()
        first = True
        while first or not self._take("]"):
            start = self._member()
            first = False
            if len(start) == 1 and self.rest[:1] == "-" and self.rest[1:2] not in ("]", ""):
                self.rest = self.rest[1:]
                end = self._member()
                if len(end) != 1 or end < start:
                    raise self.wrong("a range goes from one character to a later one")
                found |= set(range(start[0], end[0] + 1))
            else:
                found |= set(start)
        allowed = set(_VISIBLE) - found if negated else found
        if not allowed:
            raise self.wrong("a class matches nothing")
        return bytes(sorted(allowed))

    def _member(self) -> bytes:
        character = self._next()
        if character == "\\":
            return b"".join(self._escaped(self._next()))
        if not character.isascii():
            raise self.wrong(f"{character!r} is outside ASCII, which classes are not")
        return character.encode()


def simple(pattern: str, letters: bytes = _UPPER) -> Shape:
    """The shape of a pattern in which ``#`` is a digit, ``%`` a digit from 1 and ``?`` a letter; all else is itself."""
    open_ = {"#": _DIGITS, "%": _DIGITS[1:], "?": letters}
    found = [[open_[c]] if c in open_ else [bytes([byte]) for byte in c.encode()] for c in pattern]
    return Shape(tuple(allowed for some in found for allowed in some))

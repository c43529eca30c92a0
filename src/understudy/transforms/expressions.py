"""Regular expressions as trees: what RE2 understands, but for what is rare or has a meaning hard to get right.

Letters are code points, and classes are ranges of them.  Where an expression uses more than is read here
(a loop around nothing, named classes, lines, other alphabets without regard to case), there is no tree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Ranges = tuple[tuple[int, int], ...]
"""Code points, first and last ones, in order."""

Look = Literal["start", "end", "edge"]
"""Where the text starts, where it ends, and between a letter of a word and something else."""

LAST = 0x10FFFF
_MOST_REPEATS = 100


@dataclass(frozen=True)
class Letter:
    """One character of some."""

    among: Ranges


@dataclass(frozen=True)
class At:
    """No character, but a place of a kind."""

    look: Look


@dataclass(frozen=True)
class Row:
    """One after another; nothing at all if there are none."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Choice:
    """The first that leads to a match."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Loop:
    """So many times at least and at most (without end where None), as often as possible or as seldom."""

    part: Node
    least: int
    most: int | None
    greedy: bool


Node = Letter | At | Row | Choice | Loop

_CLASSES: dict[str, Ranges] = {
    "d": ((48, 57),),
    "w": ((48, 57), (65, 90), (95, 95), (97, 122)),
    "s": ((9, 10), (12, 13), (32, 32)),
}
_LOOKS: dict[str, Look] = {"^": "start", "$": "end", "A": "start", "z": "end", "b": "edge"}
_SPELLED = {"n": 10, "t": 9, "r": 13, "f": 12, "v": 11, "a": 7}
_FOLDED = {ord("k"): 0x212A, ord("s"): 0x017F}  # the Kelvin sign, the long s
_REPEAT = re.compile(r"(\*|\+|\?|\{(\d{1,4})(?:(,)(\d{1,4})?)?\})(\??)", re.ASCII)
_GROUP = re.compile(r"\?(?:P?<\w+>|([is]*):)", re.ASCII)
_FLAGS = re.compile(r"\?([is]+)\)")
_HEX = re.compile(r"x(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]{1,6})\})")


class _BeyondUsError(Exception):
    """There is something that is not read here."""


def parse(pattern: str) -> Node | None:
    """The tree of an expression; None where it has none."""
    try:
        reader = _Reader(pattern)
        found = reader.choice(frozenset())
    except (_BeyondUsError, RecursionError):
        return None
    return None if reader.place < len(pattern) else found


def idle(node: Node) -> bool:
    """Whether it matches the empty text."""
    match node:
        case Letter():
            return False
        case At():
            return True
        case Row(parts):
            return all(map(idle, parts))
        case Choice(parts):
            return any(map(idle, parts))
        case Loop(part, least, _, _):
            return least == 0 or idle(part)


class _Reader:
    """Reads an expression from left to right; ``flags`` are those of RE2 that hold, ``i`` and ``s``."""

    def __init__(self, pattern: str) -> None:
        self.pattern, self.place = pattern, 0

    def _take(self, text: str) -> bool:
        found = self.pattern.startswith(text, self.place)
        self.place += len(text) * found
        return found

    def _match(self, wanted: re.Pattern[str]) -> re.Match[str] | None:
        found = wanted.match(self.pattern, self.place)
        self.place = found.end() if found else self.place
        return found

    def _next(self) -> str:
        if self.place == len(self.pattern):
            raise _BeyondUsError
        self.place += 1
        return self.pattern[self.place - 1]

    def choice(self, flags: frozenset[str]) -> Node:
        """Parts between ``|``; flags that are set inside hold until the group ends."""
        parts: list[Node] = []
        row: list[Node] = []
        while self.place < len(self.pattern) and not self.pattern.startswith(")", self.place):
            if self._take("|"):
                parts.append(Row(tuple(row)))
                row = []
            elif self._take("("):
                set_here = self._match(_FLAGS)
                if set_here:
                    flags |= set(set_here[1])
                else:
                    row.append(self._repeated(self._group(flags)))
            else:
                row.append(self._repeated(self._atom(flags)))
        return Choice((*parts, Row(tuple(row)))) if parts else Row(tuple(row))

    def _group(self, flags: frozenset[str]) -> Node:
        form = self._match(_GROUP)
        if form is None and self._take("?"):
            raise _BeyondUsError
        found = self.choice(flags | set(form[1] or "") if form else flags)
        if not self._take(")"):
            raise _BeyondUsError
        return found

    def _repeated(self, part: Node) -> Node:
        """A part and how often it comes."""
        found = self._match(_REPEAT)
        if found is None:
            return part
        sign, low, comma, high, lazy = found.groups()
        least = int(low) if low else sign == "+"
        most = 1 if sign == "?" else (int(high) if high else None) if comma or sign in "*+" else least
        again = self.pattern[self.place : self.place + 1]
        if again in {"*", "+", "?", "{"} or max(least, most or 0) > _MOST_REPEATS or idle(part):
            raise _BeyondUsError
        return Loop(part, int(least), most, not lazy)

    def _atom(self, flags: frozenset[str]) -> Node:
        character = self._next()
        if character == ".":
            return Letter(((0, LAST),) if "s" in flags else ((0, 9), (11, LAST)))
        if character == "[":
            return Letter(self._class(flags))
        if character in "^$":
            return At(_LOOKS[character])
        if character in "*+?{":
            raise _BeyondUsError
        if character == "\\":
            if self.pattern[self.place : self.place + 1] in ("A", "z", "b"):
                return At(_LOOKS[self._next()])
            return Letter(self._escaped(flags))
        return Letter(_folded(((ord(character), ord(character)),), flags))

    def _escaped(self, flags: frozenset[str]) -> Ranges:
        """What stands after a backslash."""
        code = self._match(_HEX)
        if code:
            number = int(code[1] or code[2], 16)
            return _folded(((number, number),), flags)
        character = self._next()
        if character.lower() in _CLASSES:
            ranges = _folded(_CLASSES[character.lower()], flags)
            return ranges if character.islower() else _others(ranges)
        if character in _SPELLED:
            return ((_SPELLED[character],) * 2,)
        if character.isalnum() or not character.isascii():
            raise _BeyondUsError
        return ((ord(character),) * 2,)

    def _class(self, flags: frozenset[str]) -> Ranges:
        """What stands in brackets."""
        negated = self._take("^")
        found: list[tuple[int, int]] = []
        first = True
        while first or not self._take("]"):
            first = False
            start = self._member(flags)
            if self.pattern.startswith("-", self.place) and self.pattern[self.place + 1 : self.place + 2] != "]":
                self.place += 1
                end = self._member(flags)
                if len(start) != 1 or len(end) != 1 or start[0][0] != start[0][1] or end[0][0] < start[0][0]:
                    raise _BeyondUsError
                start = ((start[0][0], end[0][0]),)
            found += start
        ranges = _folded(_merged(found), flags)
        ranges = _others(ranges) if negated else ranges
        if not ranges:
            raise _BeyondUsError
        return ranges

    def _member(self, flags: frozenset[str]) -> Ranges:
        character = self._next()
        if character == "[" and self.pattern[self.place : self.place + 1] == ":":
            raise _BeyondUsError
        plain = flags - {"i"} if self.pattern[self.place : self.place + 1] not in ("D", "W", "S") else flags
        return self._escaped(plain) if character == "\\" else ((ord(character),) * 2,)


def _merged(ranges: list[tuple[int, int]]) -> Ranges:
    """Ranges in order, none of which touches another."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(found[-1][1], last)
        else:
            found.append((first, last))
    return tuple(found)


def _others(ranges: Ranges) -> Ranges:
    """All characters but these."""
    edges = [-1, *(edge for first, last in _merged(list(ranges)) for edge in (first, last)), LAST + 1]
    return tuple((low + 1, high - 1) for low, high in zip(edges[::2], edges[1::2], strict=True) if low + 1 < high)


def _folded(ranges: Ranges, flags: frozenset[str]) -> Ranges:
    """Characters with those that differ in case only, if case does not count."""
    if "i" not in flags or (0, LAST) in ranges:
        return ranges
    if ranges[-1][1] > 0x7F and ranges[-1] != (0x80, LAST):
        raise _BeyondUsError
    letters = {code for first, last in ranges for code in range(first, min(last, 0x7F) + 1) if chr(code).isalpha()}
    both = {code ^ 0x20 for code in letters} | {_FOLDED[code | 0x20] for code in letters if code | 0x20 in _FOLDED}
    return _merged([*ranges, *((code, code) for code in both)])

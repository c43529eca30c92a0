"""Where patterns may match at all, told by the characters around the start of a match.

Of every pattern it is known which characters of ASCII may stand in each of the first places of a match and right
before it, and where others may.  One compiled pass over a text finds all places that fit, for many patterns at
once; only there the pattern itself is tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from understudy.entities.expressions import Again, Choice, Expression, Group, Letter, Loop, Node, Row, parse
from understudy.native import sieve

Numbers = NDArray[np.int64]

_AHEAD, _BEHIND = 12, 6  # characters looked at from the start of a match on, and before it
_ASCII = 128
_WIDE = 1 << _ASCII  # the bit of all other characters
_ANY = 2 * _WIDE - 1
_CONTINUED = slice(0x80, 0xC0)  # bytes that no character starts with
_MOST = 100  # characters that a match may start with, for it to be worthwhile
_STEP = 1 << 20  # bytes looked at together, so that what is then known of them takes little memory
_WAYS = 24  # ways of a pattern that are told apart

_EDGED = re.compile(r"\\b\w")
_START = re.compile(r"(?P<first>\[(?:\\.|[^\]\\])*\])\(\?<!(?P<before>\\w|\[(?:\\.|[^\]\\])*\])(?P=first)\)")

_Depths = frozenset[int]
_Walk = Callable[[list[int], _Depths], _Depths]
"""Adds what a part of a pattern may have to the characters of every place; from where it starts to where it ends."""

_Ways = list[_Walk]
"""The ways in which a part of a pattern may be taken, told apart because together they would rule out less."""


def _among(letter: Letter) -> int:
    """The characters that a part of a pattern matches, as bits."""
    return letter.ascii | (_WIDE if letter.wide else 0)


def _letter(among: int) -> _Walk:
    def walk(table: list[int], depths: _Depths) -> _Depths:
        for depth in depths:
            if depth < len(table):
                table[depth] |= among
        return frozenset(min(depth + 1, len(table)) for depth in depths)

    return walk


def _then(first: _Walk, second: _Walk) -> _Walk:
    return lambda table, depths: second(table, first(table, depths))


def _any_of(ways: _Ways) -> _Walk:
    return lambda table, depths: frozenset[int]().union(*(way(table, depths) for way in ways))


def _row(parts: Sequence[_Ways]) -> _Ways:
    found: _Ways = [_look]
    for part in parts:
        apart = part if len(found) * len(part) <= _WAYS else [_any_of(part)]
        found = [_then(first, second) for first in found for second in apart]
    return found


def _choice(parts: Sequence[_Ways]) -> _Ways:
    """The ways of all parts, those that start alike as one."""
    alike: dict[int, _Ways] = {}
    for way in chain.from_iterable(parts):
        first = [0]
        way(first, frozenset({0}))
        alike.setdefault(first[0], []).append(way)
    return [ways[0] if len(ways) == 1 else _any_of(ways) for ways in alike.values()]


def _loop(part: _Ways, least: int, most: int | None) -> _Ways:
    if (least, most) == (0, 1):
        return [_look, *part]
    one = part[0] if len(part) == 1 else _any_of(part)

    def walk(table: list[int], depths: _Depths) -> _Depths:
        found = depths if least == 0 else frozenset[int]()
        upto = least + len(table)
        for time in range(1, (upto if most is None else min(most, upto)) + 1):
            depths = one(table, depths)
            found |= depths if time >= least else frozenset()
        return found

    return [walk]


def _look(_table: list[int], depths: _Depths) -> _Depths:
    """What consumes nothing; it is taken to be true."""
    return depths


def _anything(table: list[int], depths: _Depths) -> _Depths:
    """From here on there may be any character."""
    for place in range(min(depths, default=len(table)), len(table)):
        table[place] = _ANY
    return frozenset({len(table)} if depths else ())


def _ways(node: Node) -> _Ways:
    """The ways in which a part of a pattern may be taken; what looks and repeats what was there is taken to fit."""
    match node:
        case Letter():
            return [_letter(_among(node))]
        case Row(parts):
            return _row([_ways(part) for part in parts])
        case Choice(parts):
            return _choice([_ways(part) for part in parts])
        case Loop(part, least, most):
            return _loop(_ways(part), least, most)
        case Group(part):
            return _ways(part)
        case Again():
            return [_anything]
        case _:
            return [_look]


def _whole(expression: Expression) -> list[_Ways]:
    """The ways of the alternatives that an expression is, and whatever comes after them."""
    return [[_then(way, _anything) for way in _ways(part)] for part in expression.root.parts]


def _firsts(way: _Walk, count: int) -> tuple[int, ...]:
    """The characters that may stand in the first places of a match, as bits."""
    table = [0] * count
    way(table, frozenset({0}))
    return tuple(table)


Head = tuple[int, ...]
"""The characters that may stand around the start of a match, in every place looked at, as bits."""


@cache
def heads(pattern: str, before: str = "") -> tuple[Head, ...]:
    """What a match may look like, in one way or another; nothing where that says little.

    ``before`` is a pattern, read from right to left, of what stands right before a match.  Patterns are those of
    ``re``, or simple ones of RE2.
    """
    expression, prior = parse(pattern), parse(before)
    if expression is None or prior is None:
        return ()
    parts = _whole(expression)
    ahead = {_firsts(way, _AHEAD): None for way in _choice(parts)}
    behind = list(_firsts(_any_of(_choice(_whole(prior))), _BEHIND)) if before else [_ANY] * _BEHIND
    start, plain = _START.match(pattern), pattern.removeprefix("(?i)")
    if start and len(parts) == 1:
        behind[0] &= ~_among(Letter(start["before"], 0)) | _WIDE
    elif "(" not in plain and all(map(_EDGED.match, plain.split("|"))):
        behind[0] &= ~_among(Letter(r"\w", 0)) | _WIDE
    weak = any(one[0].bit_count() > _MOST for one in ahead)
    return () if weak else tuple((*reversed(behind), *one) for one in ahead)


@cache
def _columns(head: Head) -> NDArray[np.uint8]:
    """For every place looked at and byte, whether a head allows it."""
    there = np.zeros((len(head), 256), np.uint8)
    for place, among in enumerate(head):
        bits = np.frombuffer((among & _WIDE - 1).to_bytes(_ASCII // 8, "little"), np.uint8)
        there[place, :_ASCII] = np.unpackbits(bits, bitorder="little")
        there[place, _ASCII:] = among >= _WIDE
    there[_BEHIND, _CONTINUED] = 0
    return there


Sought = Mapping[str, tuple[Head, ...]]
"""What is looked for by name, and all that it may look like."""


@dataclass(frozen=True, eq=False)
class Sieve:
    """Finds where some patterns may match, in one pass."""

    sought: Sought

    @cached_property
    def _owned(self) -> list[tuple[Head, int]]:
        """All heads and whose they are; those that start alike next to each other, so that few words tell of them."""
        owned = [(head, number) for number, some in enumerate(self.sought.values()) for head in some]
        return sorted(owned, key=lambda one: one[0][_BEHIND - 1 : _BEHIND + 1])

    @cached_property
    def _owner(self) -> Numbers:
        return np.array([number for _, number in self._owned], np.int64)

    @cached_property
    def _tables(self) -> tuple[NDArray[np.uint64], NDArray[np.uint32], NDArray[np.uint32]]:
        """What ``native.sieve`` takes: the heads that no byte rules out, and the words that no two bytes rule out."""
        words = -(-len(self._owned) // sieve.WORD)
        there = np.zeros((_BEHIND + _AHEAD, 256, words * sieve.WORD), np.uint8)
        for number, (head, _) in enumerate(self._owned):
            there[:, :, number] = _columns(head)
        table = np.packbits(there, axis=2, bitorder="little").view(np.uint64)
        pairs, follow = np.zeros((256, 256), np.uint32), np.zeros((256, 256), np.uint32)
        for word in range(words):
            before, first, second = (table[place, :, word] for place in range(_BEHIND - 1, _BEHIND + 2))
            pairs |= (before[:, None] & first > 0).astype(np.uint32) << np.uint32(word % 32)
            ends = np.arange(256) >= _ASCII  # what follows them is not looked at
            follow |= ((first[:, None] & second > 0) | ends[:, None]).astype(np.uint32) << np.uint32(word % 32)
        return np.ascontiguousarray(table.transpose(2, 0, 1)).reshape(-1), pairs.reshape(-1), follow.reshape(-1)

    def candidates(self, data: NDArray[np.uint8]) -> dict[str, Numbers]:
        """For every name, the places of a text in UTF-8, in bytes, that are not ruled out."""
        padded = np.concatenate([np.zeros(_BEHIND, np.uint8), data, np.zeros(_AHEAD - 1, np.uint8)])
        parts = []
        for first in range(0, max(len(data), 1), _STEP):
            some = padded[first : first + _STEP + _BEHIND + _AHEAD - 1]
            found, bounds = sieve.candidates(some, *self._tables, self._owner, len(self.sought), _AHEAD, _BEHIND)
            parts.append((found + first, bounds))
        made = {}
        for number, name in enumerate(self.sought):
            several = [found[bounds[number] : bounds[number + 1]] for found, bounds in parts]
            made[name] = several[0] if len(several) == 1 else np.concatenate(several)
        return made


def spans_at(pattern: re.Pattern[str], text: str, places: Iterable[int]) -> list[tuple[int, int]]:
    """Where the group ``v`` of matches starts and ends, or all of them where there is none, from left to right.

    The matches are those that ``finditer`` finds, if no other places are possible than these.
    """
    group, match_at = "v" if "v" in pattern.groupindex else 0, pattern.match
    reach, found = 0, []
    for place in places:
        if place >= reach:
            match = match_at(text, place)
            if match:
                reach = match.end()
                found.append(match.span(group))
    return found

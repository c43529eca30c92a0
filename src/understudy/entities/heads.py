"""Where patterns may match at all, told by the characters around the start of a match.

Of every pattern it is known which characters of ASCII may stand in each of the first places of a match and right
before it, and where others may.  One compiled pass over a text finds all places that fit, for many patterns at
once; only there the pattern itself is tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from understudy.entities.expressions import Again, Choice, Expression, Group, Letter, Loop, Node, Row, parse
from understudy.native import sieve

Numbers = NDArray[np.int64]
Words = NDArray[np.uint64]

_AHEAD, _BEHIND = 12, 6  # characters looked at from the start of a match on, and before it
_ASCII = 128
_WIDE = 1 << _ASCII  # the bit of all other characters
_ANY = 2 * _WIDE - 1
_CONTINUED = slice(0x80, 0xC0)  # bytes that no character starts with
_SEEN = 7  # characters from the start of a match on by which it is told how likely a head is
_ALONE = 24  # heads that are groups of their own
_MOST = 100  # characters that a match may start with, for it to be worthwhile
_STEP = 1 << 20  # bytes looked at together, so that what is then known of them takes little memory
_WAYS = 24  # ways of a pattern that are told apart

_EDGED = re.compile(r"\\b\w")
_START = re.compile(r"(?P<first>\[(?:\\.|[^\]\\])*\])\(\?<!(?P<before>\\w|\[(?:\\.|[^\]\\])*\])(?P=first)\)")

_OFTEN = np.full(256, 0.003)  # about how often characters come in texts
_OFTEN[ord(" ")] = 0.15
for _first, _count, _share in (("a", 26, 0.025), ("0", 10, 0.012), ("A", 26, 0.006)):
    _OFTEN[ord(_first) : ord(_first) + _count] = _share

_Depths = int
"""Places as bits; the one after the last stands for all that lie behind those looked at."""

_Walk = Callable[[list[int], _Depths], _Depths]
"""Adds what a part of a pattern may have to the characters of every place; from where it starts to where it ends."""

_Ways = list[_Walk]
"""The ways in which a part of a pattern may be taken, told apart because together they would rule out less."""


def _among(letter: Letter) -> int:
    """The characters that a part of a pattern matches, as bits."""
    return letter.ascii | (_WIDE if letter.wide else 0)


def _letter(among: int) -> _Walk:
    def walk(table: list[int], depths: _Depths) -> _Depths:
        for depth in range(len(table)):
            if depths >> depth & 1:
                table[depth] |= among
        behind = 1 << len(table)
        return (depths << 1) & (2 * behind - 1) | depths & behind

    return walk


def _then(first: _Walk, second: _Walk) -> _Walk:
    def walk(table: list[int], depths: _Depths) -> _Depths:
        depths = first(table, depths)
        return second(table, depths) if depths % (1 << len(table)) else depths

    return walk


def _any_of(ways: _Ways) -> _Walk:
    def walk(table: list[int], depths: _Depths) -> _Depths:
        found = 0
        for way in ways:
            found |= way(table, depths)
        return found

    return walk


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
        way(first, 1)
        alike.setdefault(first[0], []).append(way)
    return [ways[0] if len(ways) == 1 else _any_of(ways) for ways in alike.values()]


def _loop(part: _Ways, least: int, most: int | None) -> _Ways:
    if (least, most) == (0, 1):
        return [_look, *part]
    one = part[0] if len(part) == 1 else _any_of(part)

    def walk(table: list[int], depths: _Depths) -> _Depths:
        found = depths if least == 0 else 0
        upto = least + len(table)
        for time in range(1, (upto if most is None else min(most, upto)) + 1):
            depths = one(table, depths)
            found |= depths if time >= least else 0
            if depths == 1 << len(table):
                return found | depths
        return found

    return [walk]


def _look(_table: list[int], depths: _Depths) -> _Depths:
    """What consumes nothing; it is taken to be true."""
    return depths


def _anything(table: list[int], depths: _Depths) -> _Depths:
    """From here on there may be any character."""
    for place in range(len(table)):
        if depths % (2 << place):
            table[place] = _ANY
    return 1 << len(table) if depths else 0


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
    way(table, 1)
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


def _likely(head: Head) -> float:
    """About how often a head fits where a text is in English."""
    return float(np.prod(np.minimum(_columns(head)[_BEHIND - 1 : _BEHIND + _SEEN] @ _OFTEN, 1)))


Sought = Mapping[Hashable, tuple[Head, ...]]
"""What is looked for, by any name, and all that it may look like."""


class _Tables(NamedTuple):
    """What ``native.sieve`` takes."""

    table: Words
    prior: Words
    first: Words
    second: Words
    word_of: Numbers
    groups: Words


@dataclass(frozen=True, eq=False)
class Sieve:
    """Finds where some patterns may match, in one pass."""

    sought: Sought

    @cached_property
    def _grouped(self) -> list[list[list[tuple[Head, int]]]]:
        """All heads and whose they are, in groups, those of a word together.

        The likeliest are groups of their own, as they would keep others from being ruled out; the others are with
        those that start alike.
        """
        owned = [(head, number) for number, some in enumerate(self.sought.values()) for head in some]
        owned.sort(key=lambda one: -_likely(one[0]))
        alone, rest = owned[:_ALONE], sorted(owned[_ALONE:], key=lambda one: one[0][_BEHIND:])
        each = max(-(-len(rest) // (sieve.WORD - _ALONE)), 1)
        found: list[list[list[tuple[Head, int]]]] = [[]]
        for group in [*([one] for one in alone), *(rest[at : at + each] for at in range(0, len(rest), each))]:
            if sum(map(len, found[-1])) + len(group) > sieve.WORD:
                found.append([])
            found[-1].append(group)
        return found

    @cached_property
    def _owner(self) -> Numbers:
        """Whose every bit of every word is; those of no head are nobody's."""
        owner = np.full((len(self._grouped), sieve.WORD), -1)
        for word, groups in enumerate(self._grouped):
            owners = [number for group in groups for _, number in group]
            owner[word, : len(owners)] = owners
        return owner.reshape(-1)

    @cached_property
    def _tables(self) -> _Tables:
        table = np.zeros((len(self._grouped), _BEHIND + _AHEAD, 256, sieve.WORD), np.uint8)
        prior, first, second = (
            np.zeros(256, np.uint64),
            np.zeros((256, 256), np.uint64),
            np.zeros((256, 256), np.uint64),
        )
        ends = (np.arange(256) >= _ASCII)[:, None]  # what follows them is not looked at
        word_of = [word for word, groups in enumerate(self._grouped) for _ in groups]
        of_words, number = np.zeros(len(self._grouped), np.uint64), 0
        for word, groups in enumerate(self._grouped):
            at = 0
            for group in groups:
                bit, there = np.uint64(1 << number), np.stack([_columns(head) for head, _ in group], axis=2)
                table[word, :, :, at : at + len(group)] = there
                before, *places = (there[place] > 0 for place in range(_BEHIND - 1, _BEHIND + 4))
                prior |= bit * before.any(axis=1)
                for pair, (one, two) in ((first, places[:2]), (second, places[2:])):
                    pair |= bit * (
                        (one.astype(np.uint8) @ two.T.astype(np.uint8) > 0) | (ends & one.any(axis=1)[:, None])
                    )
                of_words[word] |= bit
                at, number = at + len(group), number + 1
        bits = np.packbits(table, axis=3, bitorder="little").view(np.uint64).reshape(-1)
        return _Tables(bits, prior, first.reshape(-1), second.reshape(-1), np.array(word_of), of_words)

    def candidates(self, data: NDArray[np.uint8], names: Container[Hashable] | None = None) -> dict[Hashable, Numbers]:
        """For every name, or some, the places of a text in UTF-8, in bytes, that are not ruled out."""
        numbers = {name: number for number, name in enumerate(self.sought) if names is None or name in names}
        bits = np.isin(self._owner, list(numbers.values())).reshape(-1, sieve.WORD)
        wanted = np.packbits(bits, axis=1, bitorder="little").view(np.uint64).reshape(-1)
        padded = np.concatenate([np.zeros(_BEHIND, np.uint8), data, np.zeros(_AHEAD - 1, np.uint8)])
        parts = []
        for first in range(0, max(len(data), 1), _STEP):
            some = padded[first : first + _STEP + _BEHIND + _AHEAD - 1]
            found, bounds = sieve.candidates(
                some, *self._tables, wanted, self._owner, len(self.sought), _AHEAD, _BEHIND
            )
            parts.append((found + first, bounds))
        made = {}
        for name, number in numbers.items():
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

"""Patterns as programs that a kernel runs, so that to match at a place costs no call of Python's ``re``.

What they match is what ``re`` matches.  A text is read as kinds of characters: those of ASCII each for itself,
all others by which sets of characters they belong to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain, groupby
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from understudy.entities.expressions import (
    Again,
    Choice,
    Edge,
    Expression,
    Group,
    Letter,
    Look,
    Loop,
    Node,
    Row,
    UnreadError,
    empty,
    firsts,
    parse,
    remembers,
    wide,
    width,
)
from understudy.native import backtrack as native

Numbers = NDArray[np.int64]
Kinds = NDArray[np.uint16]
Found = tuple[Numbers, Numbers]
"""Where matches start, and where they end."""

_ASCII = 128
_NEW = 0xFFFF  # the kind of characters that were not seen yet
_MOST_ROWS = 20_000
_WAYS, _MORE = 4096, 8  # ways that may be left open in a match; if that will not do, so many times as many
_ENDLESS = -1
_WORD = Letter(r"\w", 0)
_EDGES = {"^": native.STARTS, "A": native.STARTS, "Z": native.ENDS, "b": native.WORD_EDGE}
_RUNS = {"greedy": native.RUN, "firm": native.FIRM, "lazy": native.LAZY}

Set = frozenset[Letter]
"""Characters that one of some letters stands for."""


@dataclass(frozen=True, eq=False)
class Program:
    """A pattern, to be run."""

    code: NDArray[np.int32]
    slots: int
    groups: int
    """Whose starts and ends have the first slots."""
    value: int
    """The slot where what is wanted of a match starts; -1 if that is all of it."""


@dataclass(frozen=True, eq=False)
class Matcher:
    """Finds where some patterns match; patterns that no program can be made of are left out of it."""

    patterns: tuple[str, ...]

    @cached_property
    def _written(self) -> tuple[dict[str, Program], list[Set]]:
        sets: dict[Set, int] = {frozenset({_WORD}): 0}
        made = {pattern: _program(parse(pattern), sets) for pattern in self.patterns}
        return {pattern: program for pattern, program in made.items() if program}, list(sets)

    @property
    def programs(self) -> dict[str, Program]:
        """The programs by their patterns."""
        return self._written[0]

    @cached_property
    def _characters(self) -> _Characters:
        return _Characters(self._written[1])

    def kinds(self, codes: NDArray[np.integer]) -> Kinds:
        """Characters, given by their numbers, as what ``matches`` and ``lengthened`` read; ASCII stays as it is."""
        return self._characters.kinds(codes)

    def matches(self, pattern: str, text: Kinds, places: Numbers) -> Found:
        """The matches of a pattern at some places, or their group ``v``, from left to right.

        They are those that ``finditer`` finds, if no other places are possible than these.
        """
        ends, firsts, lasts = self.tried(pattern, text, places, apart=True)
        kept = np.flatnonzero(ends >= 0)
        return firsts[kept], lasts[kept]

    def lengthened(self, before: str, backwards: Kinds, found: Found) -> Found:
        """Those matches that have something before them, which becomes a part; the text is given from its end."""
        size = len(backwards)
        ends, _, _ = self.tried(before, backwards, size - found[0])
        return lengthened(np.where(ends >= 0, size - ends, -1), found)

    def tried(
        self, pattern: str, text: Kinds, places: Numbers, *, apart: bool = False
    ) -> tuple[Numbers, Numbers, Numbers]:
        """For every place the end of the match there, -1 for none, and where its group ``v`` starts and ends.

        If ``apart``, there is none at places inside the match before.
        """
        program = self.programs[pattern]
        given = (program.code, *self._characters.table, 0, program.slots, program.groups, program.value)
        ways = _WAYS
        while True:
            made = native.matches(text, places, apart, *given, ways)
            if len(places) == 0 or made[0].min() > native.GAVE_UP:
                return made
            ways *= _MORE


def lengthened(starts: Numbers, found: Found) -> Found:
    """Matches that start earlier, -1 for those that are left out; of those that overlap the first stays."""
    kept = native.apart(starts, np.where(starts >= 0, found[1], -1))
    return starts[kept], found[1][kept]


class _Characters:
    """The kinds of characters, told apart by the sets that they belong to, as they come up in texts."""

    def __init__(self, sets: list[Set]) -> None:
        self._sets, self._lock = sets, Lock()
        own = [sum(1 << code for code in range(_ASCII) if _ascii(some) >> code & 1) for some in sets]
        self._marks = [tuple(some >> code & 1 for some in own) for code in range(_ASCII)]
        self._known: dict[tuple[int, ...], int] = {}
        self._kinds = np.full(0x110000, _NEW, np.uint16)
        self._kinds[:_ASCII] = np.arange(_ASCII)
        self.table = self._tabled()

    def kinds(self, codes: NDArray[np.integer]) -> Kinds:
        """What the characters of a text are."""
        found: Kinds = self._kinds[codes]
        if len(codes) and found.max() == _NEW:
            with self._lock:
                self._learn(np.unique(codes[found == _NEW]).tolist())
            found = self._kinds[codes]
        return found

    def _learn(self, codes: list[int]) -> None:
        characters = "".join(map(chr, codes))
        marks = np.zeros((len(codes), len(self._sets)), np.int8)
        for number, some in enumerate(self._sets):
            for letter in some:
                marks[letter.among(characters), number] = 1
        for mark in map(tuple, marks.tolist()):
            if mark not in self._known:
                self._known[mark] = len(self._marks)
                self._marks.append(mark)
        self.table = self._tabled()  # before a text can be read by it
        self._kinds[codes] = [self._known[mark] for mark in map(tuple, marks.tolist())]

    def _tabled(self) -> tuple[NDArray[np.uint8], int]:
        """For every set and kind whether it belongs to it, and how many kinds there are."""
        return np.array(self._marks, np.uint8).T.reshape(-1).copy(), len(self._marks)


def _ascii(some: Set) -> int:
    found = 0
    for letter in some:
        found |= letter.ascii
    return found


def _program(expression: Expression | None, sets: dict[Set, int]) -> Program | None:
    """An expression as a program; None where that cannot be."""
    if expression is None:
        return None
    writer = _Writer(sets, 2 * expression.groups)
    try:
        writer.write(expression.root)
    except UnreadError:
        return None
    writer.add(native.MATCH)
    code = np.array(list(chain.from_iterable(writer.rows)), np.int32)
    value = -1 if expression.value is None else _slot(expression.value)
    return Program(code, writer.slots, expression.groups, value)


def _slot(group: int) -> int:
    """Where the start of a group is kept; its end is in the slot after that."""
    return 2 * (group - 1)


class _Writer:
    """Writes a program, row by row."""

    def __init__(self, sets: dict[Set, int], slots: int) -> None:
        self.rows: list[tuple[int, int, int, int]] = []
        self.slots = slots
        self._sets = sets
        self._groups: dict[int, Node] = {}

    def add(self, do: int, one: int = 0, two: int = 0, three: int = 0) -> int:
        """One row more; its number."""
        if len(self.rows) == _MOST_ROWS:
            raise UnreadError
        self.rows.append((do, one, two, three))
        return len(self.rows) - 1

    def write(self, node: Node) -> None:
        """What a part of a pattern does."""
        match node:
            case Letter():
                self.add(native.LETTER, self._set(frozenset({node})))
            case Row(parts):
                for number, part in enumerate(parts):
                    if not self._peeked(part, parts[:number]):
                        self.write(part)
            case Choice(parts):
                self._choice(parts)
            case Loop(Letter() as part, least, most, how):
                self.add(_RUNS[how], self._set(frozenset({part})), least, _ENDLESS if most is None else most)
            case Loop():
                self._loop(node)
            case Group(part, number):
                self._groups[number] = part
                self.add(native.SAVE, _slot(number))
                self.write(part)
                self.add(native.SAVE, _slot(number) + 1)
            case Again(group):
                if wide(self._groups[group]):  # those that are of one kind would be taken for the same
                    raise UnreadError
                self.add(native.AGAIN, _slot(group))
            case Edge(sign):
                if sign[-1] not in _EDGES:  # `$` may also stand before a last newline; `\B` depends on the version
                    raise UnreadError
                self.add(native.EDGE, _EDGES[sign[-1]])
            case Look():
                self._look(node)

    def _peeked(self, node: Node, before: tuple[Node, ...]) -> bool:
        """Whether one row does for a look at one letter, or at one before letters that were just matched."""
        match node:
            case Look(Choice((Row((Letter() as letter, *known)),)), ahead, wanted):
                if ahead and not known:
                    self.add(native.PEEK, self._set(frozenset({letter})), 0, wanted)
                    return True
                if not ahead and tuple(known) == before[len(before) - len(known) :]:
                    self.add(native.PEEK, self._set(frozenset({letter})), -1 - len(known), wanted)
                    return True
        return False

    def _set(self, some: Set) -> int:
        return self._sets.setdefault(some, len(self._sets))

    def _here(self) -> int:
        """Where the next row starts, as programs count."""
        return 4 * len(self.rows)

    def _fork(self, part: Node) -> int:
        """A row that goes on with the next one, which starts a part, or else where ``_meet`` says."""
        if empty(part) or not firsts(part):
            return self.add(native.FORK, 0)
        return self.add(native.CASE, 0, self._set(frozenset(firsts(part))))

    def _meet(self, *rows: int) -> None:
        """Let rows lead here."""
        for row in rows:
            do, _, *given = self.rows[row]
            self.rows[row] = do, self._here(), given[0], given[1]

    def _choice(self, parts: tuple[Node, ...]) -> None:
        parts, done = _shared(parts), []
        for part in parts[:-1]:
            other = self._fork(part)
            self.write(part)
            done.append(self.add(native.JUMP, 0))
            self._meet(other)
        self.write(parts[-1])
        self._meet(*done)

    def _loop(self, loop: Loop) -> None:
        if empty(loop.part):
            raise UnreadError
        slot = self._enter() if loop.how == "firm" else 0
        for _ in range(loop.least):
            self.write(loop.part)
        again = self._here()
        done = [self._once(loop) for _ in range(1 if loop.most is None else loop.most - loop.least)]
        if loop.most is None:
            self.add(native.JUMP, again)
        self._meet(*done)
        if loop.how == "firm":
            self._leave(native.COMMIT, slot, loop.part)

    def _once(self, loop: Loop) -> int:
        """The part of a loop, where it may also end; the row that leads out of it."""
        if loop.how == "lazy":
            more, out = self.add(native.FORK, 0), self.add(native.JUMP, 0)
            self._meet(more)
        else:
            out = self._fork(loop.part)
        self.write(loop.part)
        return out

    def _enter(self) -> int:
        slot, self.slots = self.slots, self.slots + 2
        self.add(native.ENTER, slot)
        return slot

    def _leave(self, do: int, slot: int, part: Node) -> None:
        if remembers(part):  # what it remembered would not be forgotten with it
            raise UnreadError
        self.add(do, slot)

    def _look(self, look: Look) -> None:
        slot = self._enter()
        other = None if look.wanted else self.add(native.FORK, 0)
        if not look.ahead:
            self.add(native.BACK, width(look.part))
        self.write(look.part)
        self._leave(native.HELD if look.wanted else native.REFUSE, slot, look.part)
        if other is not None:
            self._meet(other)


def _shared(parts: tuple[Node, ...]) -> tuple[Node, ...]:
    """Alternatives of which those that start with the same character are one, so that it is looked at once.

    Alternatives that start with different characters may change places, for only one of them can match.
    """
    found: list[Node] = []
    for known, some in groupby(parts, key=lambda part: bool(_literal(part))):
        alike: dict[str, list[Row]] = {}
        for part in some if known else ():
            assert isinstance(part, Row)
            alike.setdefault(_literal(part), []).append(part)
        found += [_led(rows) for rows in alike.values()] if known else some
    return tuple(found)


def _literal(part: Node) -> str:
    """The one character that an alternative starts with, whatever its case where that does not count; or nothing.

    Beyond ASCII, characters may be others' in another case (the long s).
    """
    first = part.parts[0] if isinstance(part, Row) and part.parts else None
    if not isinstance(first, Letter) or (first.flags and not first.plain.isascii()):
        return ""
    return first.plain.lower() if first.flags else first.plain


def _led(rows: list[Row]) -> Node:
    """Alternatives that start with the same character as one."""
    if len(rows) == 1:
        return rows[0]
    return Row((rows[0].parts[0], Choice(tuple(Row(row.parts[1:]) for row in rows))))


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern for ``re`` itself."""
    return re.compile(pattern)

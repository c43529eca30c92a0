"""Regular expressions as automata that read a text byte by byte, as fast as memory gives them.

A state is all the ways in which a match may be under way, those that count more before the others; it is left
with the byte after, so that what ends before that byte is known then (as in RE2: Cox, "Regular expression
matching in the wild", 2010).  One automaton finds where the leftmost match ends, and one that reads from
there to the left where it starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from understudy.native import search
from understudy.transforms.expressions import LAST, At, Choice, Letter, Look, Loop, Node, Ranges, Row, idle, parse
from understudy.transforms.parts import Bytes, Mask, Offsets, steps

_STEP_BYTES = 1 << 24  # read at once, with room for as many matches
_MOST_STEPS = 2_000
_MOST_WORK = 200_000  # steps looked at for an automaton: some tenths of a second
_TEXT_START, _AFTER_OTHER, _AFTER_WORD = range(3)
_WORD = frozenset(b"0123456789_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_CONTINUED, _LEAD = frozenset(range(0x80, 0xC0)), frozenset(range(0xC0, 0x100))
_MATCH = 0
_OPPOSITE: dict[Look, Look] = {"start": "end", "end": "start", "edge": "edge"}


class _TooLargeError(Exception):
    """An automaton would have too many states."""


@dataclass(frozen=True)
class _Byte:
    among: frozenset[int]
    to: int


@dataclass(frozen=True)
class _Fork:
    to: tuple[int, ...]


@dataclass(frozen=True)
class _Gate:
    look: Look
    to: int


class _Steps:
    """The steps of an expression's machine, from the last to the first; step 0 is the match."""

    def __init__(self, node: Node, *, back: bool) -> None:
        self.all: list[_Byte | _Fork | _Gate] = [_Fork(())]
        self._known: dict[_Byte | _Fork | _Gate, int] = {}
        self._back = back
        self.first = self._built(node, _MATCH)
        self.looks = {step.look for step in self.all if isinstance(step, _Gate)}

    def _add(self, step: _Byte | _Fork | _Gate) -> int:
        if step not in self._known:
            if len(self.all) > _MOST_STEPS:
                raise _TooLargeError
            self._known[step] = len(self.all)
            self.all.append(step)
        return self._known[step]

    def _built(self, node: Node, to: int) -> int:
        """The step that leads through a node to another step."""
        match node:
            case Letter(among):
                return self._letters(among, to)
            case At(look):
                return self._add(_Gate(_OPPOSITE[look] if self._back else look, to))
            case Row(parts):
                for part in parts if self._back else reversed(parts):
                    to = self._built(part, to)
                return to
            case Choice(parts):
                return self._add(_Fork(tuple(self._built(part, to) for part in parts)))
            case Loop():
                return self._loop(node, to)

    def _loop(self, loop: Loop, to: int) -> int:
        if loop.most is None:
            place = len(self.all)
            self.all.append(_Fork(()))
            inner = self._built(loop.part, place)
            self.all[place] = _Fork((inner, to) if loop.greedy else (to, inner))
            to = place
        else:
            after = to
            for _ in range(loop.most - loop.least):
                inner = self._built(loop.part, to)
                to = self._add(_Fork((inner, after) if loop.greedy else (after, inner)))
        for _ in range(loop.least):
            to = self._built(loop.part, to)
        return to

    def _letters(self, among: Ranges, to: int) -> int:
        single = frozenset(code for first, last in among for code in range(first, min(last, 0x7F) + 1))
        ways = [self._add(_Byte(single, to))] if single else []
        if among[-1][0] <= 0x80 and among[-1][1] == LAST:
            return self._any_of([*ways, self._wide(to)])
        for way in (way for first, last in among for way in _in_bytes(max(first, 0x80), last)):
            step = to
            for low, high in way if self._back else reversed(way):
                step = self._add(_Byte(frozenset(range(low, high + 1)), step))
            ways.append(step)
        return self._any_of(ways)

    def _wide(self, to: int) -> int:
        """Any character outside ASCII: in a text it has all the bytes that go on with it."""
        if self._back:
            to = self._add(_Byte(_LEAD, to))
        loop = len(self.all)
        self.all.append(_Fork(()))
        self.all[loop] = _Fork((self._add(_Byte(_CONTINUED, loop)), to))
        return loop if self._back else self._add(_Byte(_LEAD, loop))

    def _any_of(self, ways: list[int]) -> int:
        return ways[0] if len(ways) == 1 else self._add(_Fork(tuple(ways)))


def _in_bytes(first: int, last: int) -> Iterator[list[tuple[int, int]]]:
    """How UTF-8 spells a range of characters outside ASCII: ranges of bytes, one after another."""
    if first > last:
        return
    for most in (0x7FF, 0xFFFF):
        if first <= most < last:
            yield from _in_bytes(first, most)
            yield from _in_bytes(most + 1, last)
            return
    length = 2 if last <= 0x7FF else 3 if last <= 0xFFFF else 4
    for bits in (6 * place for place in range(1, length)):
        low = (1 << bits) - 1
        if first >> bits != last >> bits:
            if first & low:
                yield from _in_bytes(first, first | low)
                yield from _in_bytes((first | low) + 1, last)
                return
            if last & low != low:
                yield from _in_bytes(first, (last & ~low) - 1)
                yield from _in_bytes(last & ~low, last)
                return
    yield list(zip(_spelled(first, length), _spelled(last, length), strict=True))


def _spelled(code: int, length: int) -> list[int]:
    """A code point in so many bytes; those of halves of pairs too, which texts do not have."""
    lead = (0xC0, 0xE0, 0xF0)[length - 2]
    return [
        lead | code >> 6 * (length - 1),
        *(0x80 | code >> 6 * place & 0x3F for place in reversed(range(length - 1))),
    ]


@dataclass(frozen=True, eq=False)
class _Table:
    """An automaton: for every state and class of bytes, where the cells of the next state start, and if a match ended.

    The cells are that place, shifted, plus what ``native.search`` lets them say.
    """

    cells: NDArray[np.int32]
    classes: Bytes
    """The class of every byte; the one after all of them is the end of the text."""
    starts: NDArray[np.int32]
    """Where the cells start of the state to begin in: where the text starts, after a byte, after one of a word."""


_FIRST, _LATER, _FRESH = range(3)
"""Whether a match that is under way begins before all others, or after; or begins here."""

_Threads = tuple[tuple[int, int], ...]
"""The steps where matches are under way or may start, and which of them each is."""

_State = tuple[int, bool, _Threads]
"""What came before, whether a match may still start, and the threads."""


class _Building:
    """States that are being found; 0 is the one that leads nowhere."""

    def __init__(self, steps: _Steps, *, searching: bool) -> None:
        self._steps, self._searching = steps, searching
        self._edged = "edge" in steps.looks
        self._known: dict[_State, int] = {}
        self._found: list[_State] = []
        self._work = 0

    def table(self) -> _Table:
        """The automaton that finds the end of the first match, wherever that starts; or else that of the longest."""
        sets = list({step.among: None for step in self._steps.all if isinstance(step, _Byte)})
        sets += [_WORD] if self._edged else []
        marks = [tuple(byte in one for one in sets) for byte in range(256)]
        kinds = {mark: number for number, mark in enumerate(dict.fromkeys(marks))}
        width = len(kinds) + 1
        begin = ((self._steps.first, _FRESH),)
        starts = [self._number(context, self._searching, begin) for context in range(3)]
        rows = [[0] * width]
        for state in self._found:
            known = search.BEGUN if self._known[state] == starts[1] else 0  # where nothing is under way
            cells = self._row(state, [*map(marks.index, kinds), None])
            rows.append([width * number << search.STATE | said & ~known for number, said in cells])
        classes = np.array([kinds[mark] for mark in marks], np.uint8)
        return _Table(np.array(rows, np.int32).reshape(-1), classes, width * np.array(starts, np.int32))

    def _number(self, context: int, fresh: bool, threads: _Threads) -> int:
        """The number of a state; ``fresh`` as long as a match may still start."""
        if not threads:
            return 0
        if not self._steps.looks or (context == _AFTER_WORD and not self._edged):
            context = _AFTER_OTHER
        state = context, fresh, threads
        if state not in self._known:
            self._found.append(state)
            self._known[state] = len(self._found)
        return self._known[state]

    def _row(self, state: _State, some: list[int | None]) -> Iterator[tuple[int, int]]:
        """The states after some bytes, or None for the end of the text, and what else the cells say."""
        context, fresh, threads = state
        reached: dict[tuple[bool, bool], tuple[list[tuple[_Byte, int]], int]] = {}
        for byte in some:
            follows = (byte is None, byte in _WORD) if self._steps.looks else (False, False)
            if follows not in reached:
                reached[follows] = self._reached(threads, context, *follows)
            live, matched = reached[follows]
            self._worked(len(live))
            number, said = (0, 0) if byte is None else self._after(live, fresh and not matched, byte)
            yield number, matched | said

    def _after(self, live: list[tuple[_Byte, int]], fresh: bool, byte: int) -> tuple[int, int]:
        """The state after a byte that some steps wait for, and what the cell says of where matches begin."""
        context = _AFTER_WORD if byte in _WORD else _AFTER_OTHER
        after: dict[int, int] = {}
        for step, which in live:
            if byte in step.among:
                after.setdefault(step.to, which)
        if not self._searching:
            return self._number(context, fresh, tuple((to, _FIRST) for to in sorted(after))), 0
        first = next(iter(after.values()), _FIRST)
        threads = [(to, _FIRST if which == first or first == _LATER else _LATER) for to, which in after.items()]
        threads += [(self._steps.first, _FRESH)] if fresh and self._steps.first not in after else []
        return self._number(context, fresh, tuple(threads)), (0, search.LOST, search.BEGUN)[first]

    def _reached(self, threads: _Threads, context: int, ended: bool, word: bool) -> tuple[list[tuple[_Byte, int]], int]:
        """The steps that wait for a byte, those before the first match where that counts, and what is said of that."""
        open_ = {"start": context == _TEXT_START, "end": ended, "edge": (context == _AFTER_WORD) != word}
        found: list[tuple[_Byte, int]] = []
        matched, seen = 0, set[int]()
        waiting = list(reversed(threads))
        while waiting:
            number, which = waiting.pop()
            if number in seen:
                continue
            seen.add(number)
            match self._steps.all[number]:
                case _Byte() as step:
                    found.append((step, which))
                case _Gate(look, to):
                    waiting += [(to, which)] if open_[look] else []
                case _Fork(()):
                    matched = search.MATCHED if which == _FIRST else search.MATCHED | search.UNSURE
                    if self._searching:
                        break
                case _Fork(to):
                    waiting += [(one, which) for one in reversed(to)]
        self._worked(len(seen))
        return found, matched

    def _worked(self, steps: int) -> None:
        """Count steps looked at; it must not be too many."""
        self._work += 1 + steps
        if self._work > _MOST_WORK:
            raise _TooLargeError


_IS_WORD = np.isin(np.arange(256), list(_WORD))


@dataclass(frozen=True, eq=False)
class Automaton:
    """An expression, to be looked for in texts."""

    _ahead: _Table
    _back: _Table
    idle: bool
    """Whether it matches the empty text too; then all that can be asked is which texts have a match."""

    def matches(self, data: Bytes, begins: Offsets, stops: Offsets) -> tuple[Offsets, Offsets, Offsets]:
        """The text of every match, and where it starts and stops: the leftmost, then the next, as RE2 replaces them."""
        assert not self.idle
        tables = *self._parts(self._ahead), *self._parts(self._back)
        found: list[tuple[Offsets, ...]] = [(stops[:0],) * 3]
        for first, last in steps(np.append(begins, len(data)), _STEP_BYTES):
            row, *places = search.matches(data, begins[first:last], stops[first:last], _IS_WORD, *tables)
            found.append((row + first if first else row, *places))
        row, starts, ends = (np.concatenate(some) for some in zip(*found, strict=True)) if len(found) > 2 else found[-1]
        return row, starts, ends

    def holds(self, data: Bytes, offsets: Offsets) -> Mask:
        """Which texts have a match."""
        return search.holds(data, offsets, *self._parts(self._ahead))

    @staticmethod
    def _parts(table: _Table) -> tuple[NDArray[np.int32], Bytes, NDArray[np.int32]]:
        return table.cells, table.classes, table.starts


@cache
def automaton(pattern: str) -> Automaton | None:
    """The automaton of an expression; None where it is not one that we read, or would be too large."""
    node = parse(pattern)
    if node is None:
        return None
    try:
        ahead = _Building(_Steps(node, back=False), searching=True).table()
        return Automaton(ahead, _Building(_Steps(node, back=True), searching=False).table(), idle(node))
    except (_TooLargeError, RecursionError):
        return None

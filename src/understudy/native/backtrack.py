"""Regular expressions with everything that Python's ``re`` has, matched as it does: by trying and coming back.

A program is rows of four numbers: what to do, and what with; see ``entities.matcher`` for who writes them.  Its
letters are numbers, of kinds of characters, and for every set of them a table says which kinds belong to it.  As
indices they are without a sign, so that they are not asked whether they count from the end.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import inner, kernel

Letters = NDArray[np.uint16]
Numbers = NDArray[np.int64]
Code = NDArray[np.int32]
Table = NDArray[np.uint8]

(MATCH, LETTER, RUN, FIRM, LAZY, FORK, CASE, JUMP, SAVE, AGAIN, ENTER, COMMIT, HELD, REFUSE, BACK, EDGE, PEEK) = range(
    17
)
"""What a row of a program does; the three numbers after it are said at ``_match``."""

STARTS, ENDS, WORD_EDGE = range(3)
"""Places that EDGE asks for: where the text starts, where it ends, where a word does either."""

GAVE_UP = -2
_FAILED = -1
_ROW = 4
_AT, _SHORTER, _LONGER, _RESTORED = range(4)  # what a way that is left open does when it is come back to


@inner
def _among(text: Letters, place: int, sets: Table, base: int) -> bool:
    """Whether a letter is of the set whose row of the table starts there."""
    return bool(sets[np.uint64(base) + np.uint64(text[np.uint64(place)])])


@inner
def _match(  # noqa: C901 - one loop, with a branch for each thing to do
    text: Letters, start: int, code: Code, sets: Table, width: int, word: int, slots: Numbers, open_: Numbers
) -> int:
    """Where the match that starts at a place ends; -1 where none does, -2 where there is no room for all open ways.

    LETTER set; RUN, FIRM and LAZY set, least, most: as many of a set as there are and fewer if need be, as many and
    no fewer, as few as will do.  FORK row: on with the next row, or else that one; CASE does so only if the next
    letter is of a set.  SAVE slot, AGAIN slot: what stands between two slots once more.  ENTER slot keeps place and
    open ways; COMMIT gives those up again, HELD goes back to the place as well, and REFUSE fails besides.  PEEK set,
    by, wanted: whether the letter so many places on, or back, is of a set.
    """
    size, place, at, deep = len(text), start, 0, 0
    while True:
        row, good = np.uint64(at), True
        do, one = int(code[row]), int(code[row + np.uint64(1)])
        two, three = int(code[row + np.uint64(2)]), int(code[row + np.uint64(3)])
        at += 4
        if do == LETTER:
            good = place < size and _among(text, place, sets, one * width)
            place += 1
        elif do <= LAZY and do != MATCH:
            base, least = one * width, place + two
            most = size if three < 0 else min(place + three, size)
            until = most if do != LAZY else min(least, most)
            while place < until and _among(text, place, sets, base):
                place += 1
            good = place >= least
            if good and (place > least if do == RUN else do == LAZY and place < most):
                if deep + _ROW > len(open_):
                    return GAVE_UP
                open_[deep], open_[deep + 1] = (_SHORTER if do == RUN else _LONGER), at
                open_[deep + 2], open_[deep + 3] = place, least if do == RUN else most
                deep += _ROW
        elif do in (FORK, CASE):
            if do == CASE and not (place < size and _among(text, place, sets, two * width)):
                at = one
            else:
                if deep + _ROW > len(open_):
                    return GAVE_UP
                open_[deep], open_[deep + 1], open_[deep + 2] = _AT, one, place
                deep += _ROW
        elif do == JUMP:
            at = one
        elif do == MATCH:
            return place
        elif do == SAVE:
            if deep + _ROW > len(open_):
                return GAVE_UP
            open_[deep], open_[deep + 1], open_[deep + 2] = _RESTORED, one, slots[one]
            deep += _ROW
            slots[one] = place
        elif do == AGAIN:
            first, last = slots[one], slots[one + 1]
            good = 0 <= first <= last and place + last - first <= size
            while good and first < last:
                good = text[first] == text[place]
                first, place = first + 1, place + 1
        elif do == ENTER:
            slots[one], slots[one + 1] = deep, place
        elif do == PEEK:
            there = place + two
            good = (0 <= there < size and _among(text, there, sets, one * width)) == (three > 0)
        elif do == BACK:
            place -= one
            good = place >= 0
        elif do == EDGE and one != WORD_EDGE:
            good = place == (0 if one == STARTS else size)
        elif do == EDGE:
            before = place > 0 and _among(text, place - 1, sets, word * width)
            good = before != (place < size and _among(text, place, sets, word * width))
        else:
            deep = slots[one]
            good = do != REFUSE
            if do == HELD:
                place = slots[one + 1]
        while not good:
            if deep == 0:
                return _FAILED
            deep -= _ROW
            way, at, place = open_[deep], open_[deep + 1], open_[deep + 2]
            good = way != _RESTORED
            if way == _SHORTER:
                place -= 1
                again = place > open_[deep + 3]
            elif way == _LONGER:
                good = _among(text, place, sets, code[at - 3] * width)
                place += 1
                again = good and place < open_[deep + 3]
            else:
                again = False
                if not good:
                    slots[at] = place
            if again:
                open_[deep + 2] = place
                deep += _ROW


@kernel
def matches(
    text: Letters,
    places: Numbers,
    apart: bool,
    code: Code,
    sets: Table,
    width: int,
    word: int,
    slots: int,
    groups: int,
    value: int,
    ways: int,
) -> tuple[Numbers, Numbers, Numbers]:
    """For every place where the match that starts there ends, -1 for none; and where what is wanted of it lies.

    That is what stands between the slot ``value`` and the next one, or all of the match where that is -1.  If
    ``apart``, none starts inside the one before.  An end of -2 says that more ways than so many were left open.
    """
    count, reach = len(places), np.int64(0)
    ends, firsts, lasts = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
    kept, open_ = np.empty(slots, np.int64), np.empty(_ROW * ways, np.int64)
    for number in range(count):
        place, end = places[number], np.int64(_FAILED)
        if place >= reach:
            for slot in range(2 * groups):  # the others are written before they are read
                kept[slot] = -1
            end = np.int64(_match(text, place, code, sets, width, word, kept, open_))
        ends[number] = end
        firsts[number], lasts[number] = (place, end) if value < 0 else (kept[value], kept[value + 1])
        reach = max(reach, end) if apart else reach
    return ends, firsts, lasts


@kernel
def apart(starts: Numbers, ends: Numbers) -> Numbers:
    """Which of some matches stay, from left to right, so that none starts inside one before; those that are there."""
    kept = np.empty(len(starts), np.int64)
    count, reach = 0, np.int64(0)
    for number in range(len(starts)):
        if ends[number] >= 0 and starts[number] >= reach:
            kept[count] = number
            count, reach = count + 1, ends[number]
    return kept[:count]

"""Days as people write them: read from a text, and written again in the same way.

``12/31/2021``, ``31. Dezember 2021`` and ``2021年12月31日`` are days; what else stands there (a time, the
words between) stays.  A loop over the texts, for want of a kernel; equal ones are read once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from understudy.entities.times import MONTHS

_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d_]+")
_SUFFIX = re.compile(r"(?:st|nd|rd|th)(?!\w)")
_ORDINAL = re.compile(r"\d\. ?$")
_NO_YEAR = 2023
_PIVOT = 70  # years of two digits from here on were in the last century
_MONTHS = 12
_FIRST_DAY, _MOST_DAYS, _DAY_BITS = date(1970, 1, 1), 1 << 22, 23  # as Arrow counts days, and so many at most


@dataclass(frozen=True)
class Written:
    """A day, and how it is written."""

    day: date
    write: Callable[[date], str]


def read(text: str, *, day_first: bool = False) -> Written | None:
    """The day that a text names; None where there is none (the 30th of February)."""
    month = next((spot for match in _WORD.finditer(text) if (spot := _month(match, text))), None)
    numbers = list(_NUMBER.finditer(text))
    try:
        return _named(text, month, numbers) if month else _numeric(text, numbers[:3], day_first=day_first)
    except (ValueError, IndexError):
        return None


def changed(texts: pa.Array, change: Callable[[pa.Array], pa.Array], *, day_first: bool, otherwise: str) -> pa.Array:
    """Texts with the days they name changed; ``otherwise`` where one names none."""
    encoded = texts.dictionary_encode()
    known = [read(text, day_first=day_first) for text in encoded.dictionary.to_pylist()]
    days = pa.array([one.day if one else None for one in known], pa.date32()).take(encoded.indices)
    pairs = _paired(encoded.indices, change(days)).dictionary_encode()
    written = []
    for number in pairs.dictionary.to_pylist():
        one = known[number >> _DAY_BITS]
        day = _FIRST_DAY + timedelta(days=(number & (1 << _DAY_BITS) - 1) - _MOST_DAYS)
        written.append(one.write(day) if one else otherwise)
    return pc.fill_null(pa.array(written, pa.string()).take(pairs.indices), otherwise)


def _paired(texts: pa.Array, days: pa.Array) -> pa.Array:
    """Which text and which day, as one number; null where there is no day."""
    numbers = pc.add(days.cast(pa.int32()).cast(pa.int64()), _MOST_DAYS)
    return pc.add(pc.shift_left(texts.cast(pa.int64()), _DAY_BITS), numbers)


@dataclass(frozen=True)
class _Month:
    """Where in a text a month stands, and the names that its language has for all of them."""

    start: int
    end: int
    number: int
    names: tuple[str, ...]


def _month(match: re.Match[str], text: str) -> _Month | None:
    """The month that a word is; of languages that share the word, German after ``1.``, else the first."""
    found = [names for names in MONTHS if match.group() in names]
    if not found:
        return None
    ordinal = bool(_ORDINAL.search(text[: match.start()]))
    names = next((one for one in found if ordinal and ("Dezember" in one or "Dez" in one)), found[0])
    return _Month(match.start(), match.end(), names.index(match.group()) + 1, names)


def _named(text: str, month: _Month, numbers: list[re.Match[str]]) -> Written:
    """A day whose month is a word; without a day the middle of the month, without a year one of 365 days."""
    day = next((one for one in numbers if len(one.group()) <= 2), None)
    year = next((one for one in numbers if len(one.group()) == 4), None)
    when = date(int(year.group()) if year else _NO_YEAR, month.number, int(day.group()) if day else 15)

    def write(other: date) -> str:
        parts = [(month.start, month.end, month.names[other.month - 1])]
        parts += [(*year.span(), f"{other.year:04}")] if year else []
        if day:
            suffix = _SUFFIX.match(text, day.end())
            number = f"{other.day:0{len(day.group()) if day.group().startswith('0') else 1}}"
            end = suffix.end() if suffix else day.end()
            parts.append((day.start(), end, number + (_suffix(other.day) if suffix else "")))
        return _put(text, parts)

    return Written(when, write)


def _numeric(text: str, numbers: list[re.Match[str]], *, day_first: bool) -> Written:
    """A day of three numbers, in the order that their lengths, sizes and separators tell."""
    first, second, _ = numbers
    if len(first.group()) == 4:
        order = "ymd"
    elif int(first.group()) > _MONTHS or text[first.end()] == ".":
        order = "dmy"
    elif int(second.group()) > _MONTHS:
        order = "mdy"
    else:
        order = "dmy" if day_first or text[first.end()] == "-" else "mdy"
    spots = dict(zip(order, numbers, strict=True))
    year = int(spots["y"].group())
    if len(spots["y"].group()) == 2:
        year += 1900 if year >= _PIVOT else 2000
    when = date(year, int(spots["m"].group()), int(spots["d"].group()))
    width = min(len(spots["m"].group()), len(spots["d"].group()))

    def write(other: date) -> str:
        years = f"{other.year:04}"[-len(spots["y"].group()) :]
        made = {"y": years, "m": f"{other.month:0{width}}", "d": f"{other.day:0{width}}"}
        return _put(text, [(*spots[part].span(), made[part]) for part in order])

    return Written(when, write)


def _suffix(day: int) -> str:
    """What English puts after the number of a day."""
    return "th" if 10 < day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _put(text: str, parts: Iterable[tuple[int, int, str]]) -> str:
    """A text with parts of it exchanged."""
    for start, end, instead in sorted(parts, reverse=True):
        text = text[:start] + instead + text[end:]
    return text

"""What the texts of a column look like, without any of them: shapes, character by character, and how frequent each is.

A shape is told where ``k`` different texts have it; a character of it where all of those have the same one there.
Phrases are told by their words instead, where texts share enough of them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.synth.encoding.words import Words, words_of

_DIGITS, _SMALL, _LARGE = "0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SHAPES = 200
_LONG = 64  # characters beyond which texts are prose, of which only the length is told
_ENOUGH = 2**40  # different texts of one shape from which more need not be counted
_STRIDE = 0x9E3779B97F4A7C55  # no multiple of 2, 3, 5 or 13: every text of a shape is reached once


@dataclass(frozen=True)
class Patterns:
    """Shapes as one string of possible characters per place, with their shares; and lengths of texts without one."""

    shapes: tuple[tuple[str, ...], ...]
    shares: tuple[float, ...]
    other: float
    """The share of texts that have none of these shapes."""
    length: float
    """Their mean length in characters."""
    max_length: int | None = None
    words: Words | None = None
    """What texts without one of these shapes are made of; None where they share too little, and letters are drawn."""

    @staticmethod
    def of(texts: Sequence[str], k: int, max_length: int | None = None) -> Patterns:
        """Learn what texts look like; all must differ, for what ``k`` of them share is told, whatever their rows."""
        by_shape: dict[str, list[str]] = {}
        for text in texts:
            if len(text) <= _LONG:
                by_shape.setdefault(_shape(text), []).append(text)
        common = [shape for shape, count in Counter({s: len(v) for s, v in by_shape.items()}).most_common(_SHAPES)]
        told = [by_shape[shape] for shape in common if len(by_shape[shape]) >= k]
        plain = [like for like in told if not _of_words(like)]
        spelled = {text for like in plain for text in like}
        words = words_of([text for text in texts if text not in spelled], k)
        told = told if words is None else plain
        shares = [len(like) / len(texts) for like in told]
        other = 1 - sum(shares) if told else 1.0
        shown = {text for like in told for text in like}
        lengths = [len(text) for text in texts if text not in shown] or [0]
        length = float(np.mean(lengths)) if len(lengths) >= k else float(np.mean([len(text) for text in texts] or [8]))
        return Patterns(
            tuple(tuple(_places(like)) for like in told), tuple(shares), max(other, 0.0), length, max_length, words
        )

    def draw(
        self,
        rng: np.random.Generator,
        count: int,
        numbered: NDArray[np.int64] | None = None,
        *,
        unique: bool = True,
    ) -> pa.Array:
        """Fresh texts like those learned; texts with different numbers differ as long as their shape has so many.

        Phrases show their number at their end, which reads badly; they do only if all must be ``unique``.
        """
        weights = np.array([*self.shares, self.other])
        which = rng.choice(len(weights), count, p=weights / weights.sum())
        made: list[str] = [""] * count
        for at, places in enumerate(self.shapes):
            rows = np.flatnonzero(which == at)
            if len(rows):
                numbers = rng.integers(0, _size(places), len(rows)) if numbered is None else numbered[rows]
                for row, text in zip(rows.tolist(), _spelled(places, numbers, rng), strict=True):
                    made[row] = text
        rows = np.flatnonzero(which == len(self.shapes))
        if self.words is not None:
            own = [""] * len(rows) if numbered is None or not unique else _own(numbered[rows])
            room = None if self.max_length is None else max(0, self.max_length - max(map(len, own), default=0))
            phrases = self.words.draw(rng, len(rows), room).to_pylist()
            for row, text, number in zip(rows.tolist(), phrases, own, strict=True):
                made[row] = (text + number).lstrip(" ")
        else:
            for row in rows.tolist():
                made[row] = self._prose(rng, None if numbered is None else int(numbered[row]))
        return pa.array([text[: self.max_length] for text in made], pa.string())

    def _prose(self, rng: np.random.Generator, number: int | None) -> str:
        """Words of small letters, about as long as the texts were."""
        wanted = max(1, round(self.length))
        letters = rng.choice(list(_SMALL), wanted)
        gaps = np.cumsum(rng.integers(3, 10, wanted // 3 + 1))
        letters[gaps[(gaps > 0) & (gaps < wanted - 1)]] = " "
        if number is None:
            return "".join(letters)
        own = _base36(number)
        return "".join(letters)[: max(0, wanted - len(own))] + own


def _base36(number: int) -> str:
    return np.base_repr(number, 36).lower()


def _own(numbers: NDArray[np.int64]) -> list[str]:
    """What phrases end with where no two may be the same."""
    return [" " + _base36(number) for number in numbers.tolist()]


def _of_words(like: Sequence[str]) -> bool:
    """Whether texts of one shape may be phrases: there are spaces in it, and letters that differ."""
    free = (set(column) for column in zip(*like, strict=True))
    return " " in like[0] and any(len(column) > 1 and any(map(str.isalpha, column)) for column in free)


def _kind(character: str) -> str:
    if character.isdecimal():
        return "9"
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return character if character.isascii() else "a"


def _shape(text: str) -> str:
    return "".join(map(_kind, text))


def _places(like: Sequence[str]) -> list[str]:
    """What may stand at each place of texts of one shape."""
    columns = [set(column) for column in zip(*like, strict=True)]
    letters = {c for column in columns for c in column if c.isalpha()}
    hexadecimal = letters <= set("abcdef") or letters <= set("ABCDEF")
    places = []
    for column in columns:
        kind = _kind(next(iter(column)))
        if len(column) == 1:
            places.append(next(iter(column)))
        elif kind == "9":
            places.append(_DIGITS)
        else:
            letters_of = _LARGE if kind == "A" else _SMALL
            places.append(letters_of[:6] if hexadecimal else letters_of)
    return places


def _size(places: tuple[str, ...]) -> int:
    """How many texts a shape has, as far as that matters."""
    return min(math.prod(map(len, places)), _ENOUGH)


def _spelled(places: tuple[str, ...], numbers: NDArray[np.int64], rng: np.random.Generator) -> list[str]:
    """Numbers written in the places of a shape, scattered; places that the numbers do not need are drawn.

    Where a shape has fewer texts than there are numbers, those that come again are longer.
    """
    if not places:
        return [""] * len(numbers)
    free = [at for at, place in enumerate(places) if len(place) > 1]
    capacity, used = 1, 0
    for at in reversed(free):
        if capacity >= _ENOUGH:
            break
        capacity, used = capacity * len(places[at]), used + 1
    scattered = np.array([(int(n) + 1) * _STRIDE % max(capacity, 1) for n in numbers.tolist()], np.int64)
    columns: list[NDArray[Any]] = [np.full(len(numbers), place[0]) for place in places]
    for at in reversed(free):
        alphabet = np.array(list(places[at]))
        if used:
            scattered, digit = np.divmod(scattered, len(alphabet))
            used -= 1
        else:
            digit = rng.integers(0, len(alphabet), len(numbers))
        columns[at] = alphabet[digit]
    laps = (numbers // max(capacity, 1)).tolist() if capacity < _ENOUGH else [0] * len(numbers)
    made = ["".join(row) for row in zip(*columns, strict=True)]
    return [text + str(lap) if lap else text for text, lap in zip(made, laps, strict=True)]

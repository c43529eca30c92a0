"""What the texts of a column look like, without any of them: shapes, character by character, and how frequent each is.

A shape is told where ``k`` different texts have it; a character of it where all of those have the same one there.
Phrases are told by their words instead, where texts share enough of them.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.synth.encoding.words import Words, words_of

_DIGITS, _SMALL, _LARGE = "0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CONSONANTS, _VOWELS = "bdfghjklmnprstvz", "aeiou"
_SHAPES = 200
_LONG = 64  # characters beyond which texts are prose, of which only the length is told
_ENOUGH = 2**40  # different texts of one shape from which more need not be counted
_ROOM = 100  # times as many texts must there be of a shape as were seen, or its letters are not only those one can say
_ROOMY = 16  # characters that texts must be allowed to have for their numbers to be said
_STRIDE = 0x9E3779B97F4A7C55  # no multiple of 2, 3, 5 or 13: every text of a shape is reached once

Capitals = Literal["none", "first", "each"]


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
    capitals: Capitals = "none"
    """Which words of such texts begin with a capital, where letters are drawn."""

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
        rest = [text for text in texts if text not in shown]
        lengths = [len(text) for text in rest] or [0]
        length = float(np.mean(lengths)) if len(lengths) >= k else float(np.mean([len(text) for text in texts] or [8]))
        capitals = _capitals(rest) if len(rest) >= k else "none"
        shapes = tuple(tuple(_places(like)) for like in told)
        return Patterns(shapes, tuple(shares), max(other, 0.0), length, max_length, words, capitals)

    def shape_of(self, texts: pa.Array) -> NDArray[np.int64]:
        """Which shape each text has; those without one of these the number behind the last."""
        known = pa.array(["".join(_kind(place[0]) for place in places) for places in self.shapes], pa.string())
        coded = texts.dictionary_encode()
        own = pa.array(list(map(_shape, coded.dictionary.to_pylist())), pa.string())
        at = pc.fill_null(pc.index_in(own, value_set=known).take(coded.indices), len(self.shapes))
        found: NDArray[np.int64] = at.to_numpy(zero_copy_only=False).astype(np.int64)
        return found

    def of_code(self, shape: int) -> bool:
        """Whether texts of a shape are codes: they have digits."""
        return any(place[0].isdecimal() for place in self.shapes[shape])

    def shapes_at(self, rng: np.random.Generator, count: int, but: Sequence[int] = ()) -> NDArray[np.int64]:
        """Shapes drawn by their frequency, but for some; the number behind the last is for texts without one."""
        weights = np.array([*self.shares, self.other])
        weights[list(but)] = 0
        weights[-1] += not weights.sum()  # nothing else is left
        return rng.choice(len(weights), count, p=weights / weights.sum())

    def draw(
        self,
        rng: np.random.Generator,
        count: int,
        numbered: NDArray[np.int64] | None = None,
        *,
        which: NDArray[np.int64] | None = None,
        unique: bool = True,
    ) -> pa.Array:
        """Fresh texts like those learned; texts with different numbers differ as long as their shape has so many.

        Phrases show their number at their end, which reads badly; they do only if all must be ``unique``.
        """
        which = self.shapes_at(rng, count) if which is None else which
        made: list[str] = [""] * count
        for at, places in enumerate(self.shapes):
            rows = np.flatnonzero(which == at)
            if len(rows):
                numbers = rng.integers(0, _size(places), len(rows)) if numbered is None else numbered[rows]
                for row, text in zip(rows.tolist(), _spelled(places, numbers, rng), strict=True):
                    made[row] = text
        rows = np.flatnonzero(which == len(self.shapes))
        if self.words is not None:
            own = [""] * len(rows) if numbered is None or not unique else self._own(numbered[rows])
            room = None if self.max_length is None else max(0, self.max_length - max(map(len, own), default=0))
            phrases = self.words.draw(rng, len(rows), room).to_pylist()
            for row, text, number in zip(rows.tolist(), phrases, own, strict=True):
                made[row] = (text + number).lstrip(" ")
        else:
            for row in rows.tolist():
                made[row] = self._prose(rng, None if numbered is None else int(numbered[row]))
        return pa.array([text[: self.max_length] for text in made], pa.string())

    def _prose(self, rng: np.random.Generator, number: int | None) -> str:
        """Words that nobody knows and anybody can say, about as long together as the texts were."""
        wanted = max(1, round(self.length))
        turn = (np.arange(wanted) + rng.integers(2)) % 2 == 0
        letters = np.where(turn, rng.choice(list(_CONSONANTS), wanted), rng.choice(list(_VOWELS), wanted))
        gaps = np.cumsum(rng.integers(3, 10, wanted // 3 + 1))
        letters[gaps[(gaps > 0) & (gaps < wanted - 1)]] = " "
        text = "".join(letters)
        if number is not None:
            own = self._name(number)
            text = text[: max(0, wanted - len(own))] + own
        if self.capitals == "each":
            return " ".join(word[:1].upper() + word[1:] for word in text.split(" "))
        return text[:1].upper() + text[1:] if self.capitals == "first" else text

    def _name(self, number: int) -> str:
        """A number as something to say; in digits and letters, which are shorter, where there is little room."""
        if self.max_length is not None and self.max_length < _ROOMY:
            return np.base_repr(number, 36).lower()
        said, left = "", number
        while left or not said:
            left, at = divmod(left, len(_CONSONANTS) * len(_VOWELS))
            said = _CONSONANTS[at // len(_VOWELS)] + _VOWELS[at % len(_VOWELS)] + said
        return said

    def _own(self, numbers: NDArray[np.int64]) -> list[str]:
        """What phrases end with where no two may be the same."""
        return [" " + self._name(number) for number in numbers.tolist()]


def _capitals(texts: Sequence[str]) -> Capitals:
    """Which words begin with a capital in most of some texts."""
    first = sum(text[:1].isupper() for text in texts)
    words = [word for text in texts for word in text.split()]
    if sum(word[0].isupper() for word in words) > len(words) / 2:
        return "each"
    return "first" if first > len(texts) / 2 else "none"


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
    return _sayable(places, len(like))


def _sayable(places: list[str], texts: int) -> list[str]:
    """Places where words take turns between consonants and vowels, if that leaves room for enough texts."""
    said = list(places)
    kinds = "".join({_SMALL: "a", _LARGE: "A"}.get(place, "-") for place in places)
    for word in re.finditer("A?a{4,}", kinds):
        for turn, at in enumerate(range(*word.span())):
            letters = _VOWELS if turn % 2 else _CONSONANTS
            said[at] = letters.upper() if kinds[at] == "A" else letters
    return said if _size(tuple(said)) >= _ROOM * texts else places


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

"""Stretches of the texts of a column: taken out all at once, and exchanged for others, byte for byte around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.arrow import spans, text_array
from understudy.errors import Error
from understudy.native import texts as native
from understudy.transforms.parts import table

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Flags = NDArray[np.bool_]

CHUNK_BYTES = 1 << 20
"""How much text is looked at together, so that what is then known of it takes little memory."""

_MOST_BYTES = 2**31 - 1


class Texts:
    """The texts of a column as one run of bytes; null is the empty text."""

    def __init__(self, values: pa.Array) -> None:
        self.values = values.fill_null("") if values.null_count else values
        self.data: Bytes
        self.offsets: Places
        data, self.offsets = spans(self.values)
        self.data = data if len(data) else np.zeros(1, np.uint8)  # so that there is something to look at

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def own(self) -> tuple[Bytes, Places]:
        """The bytes of these texts and no others, and the offsets from 0."""
        return self.data[self.offsets[0] : self.offsets[-1]], self.offsets - self.offsets[0]

    def part(self, first: int, last: int) -> Texts:
        """Some of the texts, in the same bytes."""
        return Texts(self.values.slice(first, last - first))

    def cuts(self, size: int) -> Iterator[tuple[int, int]]:
        """Where to part the texts so that each part has about so many bytes: firsts, and what is after the last."""
        first = 0
        while first < len(self):
            last = int(np.searchsorted(self.offsets, self.offsets[first] + size))
            yield first, max(min(last, len(self)), first + 1)
            first = max(min(last, len(self)), first + 1)


@dataclass(frozen=True, eq=False)
class Stretches:
    """Parts of texts, from left to right: the text that each is in, and where its bytes start and end."""

    text: Places
    start: Places
    end: Places

    def __len__(self) -> int:
        return len(self.text)

    def moved(self, texts: int) -> Stretches:
        """The same stretches where so many texts come before theirs."""
        return Stretches(self.text + texts, self.start, self.end)

    def at(self, chosen: Flags | Places) -> Stretches:
        """Some of them, in order."""
        return Stretches(self.text[chosen], self.start[chosen], self.end[chosen])


def joined(parts: Sequence[Stretches]) -> Stretches:
    """Stretches that were found one after the other."""
    names = ("text", "start", "end")
    return Stretches(*(np.concatenate([np.zeros(0, np.int64), *(getattr(p, name) for p in parts)]) for name in names))


def taken(texts: Texts, found: Stretches) -> pa.Array:
    """The stretches as texts of their own."""
    return _texts(*native.taken(texts.data, found.start, found.end))


def spliced(texts: Texts, found: Stretches, made: pa.Array, turn: Places | None = None) -> pa.Array:
    """The texts with other texts in the place of the stretches; null is the empty text.

    ``turn`` tells which one comes in the place of each, if they are not in order.
    """
    if not len(found):
        return texts.values
    data, bounds = spans(made.fill_null("") if made.null_count else made)
    first, last = (bounds[:-1], bounds[1:]) if turn is None else (bounds[turn], bounds[turn + 1])
    return _texts(*native.exchanged(texts.data, texts.offsets, found.text, found.start, found.end, data, first, last))


def _texts(data: Bytes, offsets: Places) -> pa.Array:
    """A string array; an Error where its bytes are too many for one."""
    if offsets[-1] > _MOST_BYTES:
        raise Error("texts of a batch became longer than 2 GiB together", hint="use shorter stand-ins, or `null`")
    return text_array(data, offsets)


def holding(values: pa.Array, characters: bytes) -> pa.Array:
    """Which texts hold one of these ASCII characters; ten times as fast as a regex."""
    data, offsets = spans(values)
    return pa.array(native.holding(data, offsets[:-1], offsets[1:], table(characters)))

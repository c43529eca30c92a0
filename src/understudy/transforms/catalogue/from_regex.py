"""``from_regex`` and ``pattern``: codes that match a pattern.

Of values that match it already, no two become the same and none stays what it is; others are drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log2

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.arrow import own_spans
from understudy.errors import Error, InputError
from understudy.transforms.characters import text_array
from understudy.transforms.declare import (
    DOMAIN,
    PRESERVED,
    TEXT,
    Change,
    Declaration,
    Option,
    Place,
    Setting,
    Uniqueness,
)
from understudy.transforms.derange import Derangement, walk
from understudy.transforms.draws import fraction
from understudy.transforms.parts import Bytes, Mask, Offsets
from understudy.transforms.prf import Aes, Words, digest
from understudy.transforms.shapes import Shape, shapes, simple

Numerals = NDArray[np.int16]


@dataclass(frozen=True)
class _Codes:
    """The permutation of the texts of some shapes, and how others are drawn, of one key."""

    subkey: bytes
    shapes: tuple[Shape, ...]

    @property
    def bits(self) -> float:
        """How many texts there are, as a power of 2."""
        return log2(sum(shape.size for shape in self.shapes))

    @property
    def longest(self) -> int:
        """How many characters the longest one has."""
        return max(sum((allowed[0] & 0xC0) != 0x80 for allowed in shape.positions) for shape in self.shapes)

    def shape_of(self, data: Bytes, offsets: Offsets) -> NDArray[np.int64]:
        """For every text, the first shape it has; -1 where it has none."""
        lengths = np.diff(offsets)
        found = np.full(len(lengths), -1)
        for number, shape in enumerate(self.shapes):
            rows = np.flatnonzero((found < 0) & (lengths == shape.length))
            found[rows[shape.holds(_taken(data, offsets, rows, shape))]] = number
        return found

    def permuted(self, number: int, rows: Bytes, *, back: bool) -> Bytes:
        """What texts of a shape become."""
        shape = self.shapes[number]
        before = [one for one in self.shapes[:number] if one.length == shape.length]

        def own(numerals: Numerals, _rows: Offsets) -> Mask:
            texts = shape.write(numerals)
            found: Mask = ~np.logical_or.reduce([one.holds(texts) for one in before], axis=0)
            return found

        def permute(numerals: Numerals) -> Numerals:
            if len(shape.radices) == 1:  # FF1 would turn one numeral by one step, whatever the key
                turn = self.turn(shape.radices[0])
                return (numerals + (-turn if back else turn)) % np.int16(shape.radices[0])
            cipher = Derangement(self.subkey, shape.radices, number.to_bytes(2))
            return cipher.decrypt(numerals) if back else cipher.encrypt(numerals)

        numerals = shape.read(rows)
        return shape.write(walk(permute, numerals, own) if before else permute(numerals))

    def turn(self, radix: int) -> int:
        """How far a choice turns that is the only one of its shape."""
        return 1 + int(digest(pa.array(["turn"]), self.subkey)[0, 0]) % (radix - 1)

    def drawn(self, values: pa.Array) -> tuple[NDArray[np.int64], Words]:
        """Which shape each value gets, those with more texts more often, and its random bits."""
        words = digest(values, self.subkey)
        sizes = np.array([2.0 ** (log2(shape.size) - self.bits) for shape in self.shapes])
        chosen = np.searchsorted(np.cumsum(sizes), fraction(words, 0), side="right")
        return np.minimum(chosen, len(self.shapes) - 1), words

    def made(self, shape: Shape, words: Words) -> Bytes:
        """Texts of a shape from random bits, 16 for every choice."""
        aes = Aes(self.subkey)
        blocks = []
        for number in range(-(-len(shape.radices) // 8)):
            block = words ^ np.array([0, (number + 1) << 32], np.uint64)
            blocks.append(aes(block).view(np.uint16).reshape(-1, 8).astype(np.uint32))
        random = np.hstack(blocks) if blocks else np.zeros((len(words), 0), np.uint32)
        numerals = random[:, : len(shape.radices)] * np.array(shape.radices, np.uint32) >> np.uint32(16)
        return shape.write(numerals.astype(np.int16))


def _taken(data: Bytes, offsets: Offsets, rows: Offsets, shape: Shape) -> Bytes:
    """Some texts that have the length of a shape (n, length)."""
    found: Bytes = data[offsets[rows][:, None] + np.arange(shape.length)]
    return found


def _change(codes: _Codes, values: pa.Array, *, draw: bool, back: bool) -> pa.Array:
    """Stand-ins for texts; an Error where some match no shape and are not to be drawn."""
    data, offsets = own_spans(values)
    number = codes.shape_of(data, offsets)
    others = np.flatnonzero((number < 0) & values.is_valid().to_numpy(zero_copy_only=False))
    if len(others) and not draw:
        raise Error(f"{len(others)} values do not match the pattern", hint="without `unmatched` they are drawn")
    chosen, words = codes.drawn(values.take(pa.array(others)))
    target = number.copy()
    target[others] = chosen
    lengths = np.array([*(shape.length for shape in codes.shapes), 0])[target]  # NULL is -1, the last one
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    out = np.zeros(bounds[-1], np.uint8)
    for place, shape in enumerate(codes.shapes):
        same, new = np.flatnonzero(number == place), np.flatnonzero(chosen == place)
        texts = codes.permuted(place, _taken(data, offsets, same, shape), back=back)
        for rows, made in ((same, texts), (others[new], codes.made(shape, words[new]))):
            out[bounds[rows][:, None] + np.arange(shape.length)] = made
    return text_array(out, bounds)


def _way(name: str, read: Callable[[Place], tuple[Shape, ...]], *, back: bool) -> Callable[[Setting], Change]:
    def build(setting: Setting) -> Change:
        place = setting.place
        draw = place.options["unmatched"] == "draw"
        if back and draw:
            raise InputError("values that were drawn lead nowhere back", hint="with `unmatched: refuse` none are")
        subkey = setting.key.subkey(f"{name}:{place.options['domain'] or place.options['pattern']}")
        codes = _Codes(subkey, read(place))
        return lambda values, _rows: _change(codes, values, draw=draw, back=back)

    return build


def _declare(
    name: str, summary: str, example: str, read: Callable[[Place], tuple[Shape, ...]], *more: Option
) -> Declaration:
    def uniqueness(place: Place) -> Uniqueness:
        if place.options["unmatched"] == "refuse":
            return PRESERVED
        return Uniqueness("probable", 2.0 ** min(_Codes(b"", read(place)).bits, 1000))

    def problem(place: Place) -> str:
        try:
            read(place)
        except InputError as error:
            return f"{error.message} ({error.hint})"
        return ""

    return Declaration(
        name=name,
        summary=summary,
        example=example,
        kinds=TEXT,
        build=_way(name, read, back=False),
        main="pattern",
        options=(
            Option("pattern", "text", "what every stand-in looks like", required=True),
            *more,
            Option(
                "unmatched",
                "text",
                "for a value that does not match already, one is drawn; or the run is refused",
                default="draw",
                choices=("draw", "refuse"),
            ),
            DOMAIN,
        ),
        uniqueness=uniqueness,
        length=lambda place: _Codes(b"", read(place)).longest,
        problem=problem,
        inverse=_way(name, read, back=True),
    )


_LETTERS = {
    "upper": bytes(range(ord("A"), ord("Z") + 1)),
    "lower": bytes(range(ord("a"), ord("z") + 1)),
}


def _simple(place: Place) -> tuple[Shape, ...]:
    return (simple(place.options["pattern"], _LETTERS[place.options["letters"]]),)


FROM_REGEX = _declare(
    "from_regex",
    "A text that matches a regular expression; of values that match it already, all stay different.",
    r"{from_regex: '[A-Z]{3}-\d{4}'}",
    lambda place: shapes(place.options["pattern"]),
)

PATTERN = _declare(
    "pattern",
    "A text of a pattern in which # stands for a digit, % for one from 1, ? for a letter.",
    '{pattern: "##-??"}',
    _simple,
    Option("letters", "text", "which letters", default="upper", choices=tuple(_LETTERS)),
)

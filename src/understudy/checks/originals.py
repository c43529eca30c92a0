"""The values that must not come through: fingerprints of what identifying columns held before they were changed.

Both sides of the leak scan read text by the same function, ``identifiers``: what is fingerprinted in a source
column is what is looked for in a made one.  Only keyed 64-bit hashes are held, in memory, never a value.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import own_spans, storage
from understudy.checks.counting import Place
from understudy.checks.pieces import DIGITS, where

Hashes = npt.NDArray[np.uint64]
Hash = Callable[[pa.Array], Hashes]
"""Keyed hash of a string array without nulls, one number per value; its key is drawn fresh for every run."""

SHORT = 5
"""Texts below this many characters are not looked for: they occur by chance."""
LONG = 16
"""Texts of letters alone are looked for from this length on; shorter ones are words, not identifiers."""
LEAST_DIGITS = 7
MOST_DIGITS = 19
"""Numbers of fewer digits occur by chance, numbers of more do not fit 64 bits and are looked for as text."""

UUID_LENGTH = 36

_SEPARATORS = " \t\r\n\"'`<>(),;:[]{}|\\/="
_SEPARATOR = "[" + r" \t\r\n\"'`<>(),;:\[\]{}|\\/=" + "]+"
_NUMBER = rf"^\+?[0-9(][0-9 ().\-/]{{{LEAST_DIGITS - 1},}}$"
_NUMBER_INSIDE = rf"[0-9][0-9 ().\-/]{{{LEAST_DIGITS - 2},}}[0-9]"
_EVERYTHING = np.uint64(2**64 - 1)


@dataclass(frozen=True)
class Found:
    """Texts of one form: ``email`` and ``text``, or numbers of so many digits."""

    form: str
    digits: int
    texts: pa.Array


def texts(values: pa.Array) -> pa.Array | None:
    """The values of a column as strings without nulls; None for types that hold no identifiers (dates, floats ...)."""
    kind = values.type
    if kind == pa.uuid():
        return _uuid_text(storage(values).drop_null())
    if pa.types.is_dictionary(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return values.cast(pa.string()).drop_null()
    if pa.types.is_string(kind):
        return values.drop_null()
    if pa.types.is_integer(kind):
        return _large(values.drop_null()).cast(pa.string())
    if pa.types.is_decimal(kind) and kind.scale == 0:
        return values.drop_null().cast(pa.string())
    return None


def _large(values: pa.Array) -> pa.Array:
    """Whole numbers of at least LEAST_DIGITS digits; most columns hold none, which their extremes tell cheaply."""
    least = 10 ** (LEAST_DIGITS - 1)
    if pa.types.is_integer(values.type) and values.type.bit_width < 32:
        return values.slice(0, 0)
    extremes = pc.min_max(values).as_py()
    if extremes["max"] is None or extremes["max"] < least:
        return values.slice(0, 0)
    return values.filter(pc.greater_equal(values, least)) if extremes["min"] < least else values


def _uuid_text(raw: pa.Array) -> pa.Array:
    """Sixteen bytes as 8-4-4-4-12 hexadecimal digits."""
    data = np.frombuffer(raw.buffers()[1], np.uint8)[raw.offset * 16 : (raw.offset + len(raw)) * 16]
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)
    text = np.full((len(raw), UUID_LENGTH), ord("-"), np.uint8)
    places = [place for place in range(UUID_LENGTH) if place not in (8, 13, 18, 23)]
    text[:, places] = digits[np.stack([data >> 4, data & 15], axis=1)].reshape(len(raw), 32)
    offsets = np.arange(0, UUID_LENGTH * len(raw) + 1, UUID_LENGTH, dtype=np.int32)
    return pa.StringArray.from_buffers(len(raw), pa.py_buffer(offsets), pa.py_buffer(text))


def identifiers(values: pa.Array, wanted: Wanted | None = None) -> Iterator[Found]:
    """Everything in these strings that could identify: e-mail addresses, numbers, and whole texts.

    E-mails and numbers are found inside longer texts as well; numbers are reduced to their digits, letters to
    lower case.  With ``wanted``, forms and lengths nobody looks for are left out, which changes no match.
    """
    lowered = pc.ascii_lower(values)
    with_at = _holding(lowered, "@")
    marked = lowered.filter(with_at)
    several = _holding(marked, _SEPARATORS)
    if wanted is None or wanted.emails:
        inside = _words(marked.filter(several), "@")
        yield Found("email", 0, pa.concat_arrays([_trimmed(marked.filter(pc.invert(several))), _trimmed(inside)]))
    plain = lowered.filter(pc.invert(with_at))
    if wanted is None or wanted.digits:
        yield from _numbers(pa.concat_arrays([plain, marked.filter(several)]))
    if wanted is None or wanted.lengths is not None:
        yield Found("text", 0, _wholes(plain, wanted))


def _holding(values: pa.Array, characters: str) -> pa.Array:
    """Which strings hold one of these ASCII characters; over the bytes of the whole array at once."""
    data, offsets = own_spans(values)
    found = np.zeros(len(values), bool)
    found[np.searchsorted(offsets, where(data, characters), side="right") - 1] = True
    return pa.array(found)


def _digit_counts(values: pa.Array) -> npt.NDArray[np.int64]:
    """How many ASCII digits each string holds."""
    data, offsets = own_spans(values)
    places = where(data, DIGITS)
    return np.diff(np.searchsorted(places, offsets)) if len(places) else np.zeros(len(values), np.int64)


def _digits(values: pa.Array) -> pa.Array:
    """The strings with everything but their ASCII digits taken out."""
    data, offsets = own_spans(values)
    kept = (data >= ord("0")) & (data <= ord("9"))
    ends = np.append(0, np.cumsum(kept, dtype=np.int32)).astype(np.int32)[offsets]
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(ends), pa.py_buffer(data[kept]))


def _words(values: pa.Array, mark: str) -> pa.Array:
    """The words that hold a mark, of texts split at blanks and punctuation."""
    words = pc.list_flatten(pc.split_pattern_regex(values, _SEPARATOR))
    return words.filter(_holding(words, mark))


def _trimmed(words: pa.Array) -> pa.Array:
    return pc.ascii_trim(words, characters=".")


def _numbers(values: pa.Array) -> Iterator[Found]:
    """Runs of digits and the signs people write between them, as digits alone, by how many there are."""
    values = values.filter(pa.array(_digit_counts(values) >= LEAST_DIGITS))  # many times as fast as the regex after it
    values = values.filter(pc.match_substring_regex(values, _NUMBER_INSIDE))
    whole = pc.match_substring_regex(values, _NUMBER)
    longer = values.filter(pc.invert(whole))
    runs = pc.list_flatten(pc.split_pattern_regex(longer, r"[^0-9+().\-/ ]+"))
    spaced = runs.filter(_holding(pc.utf8_trim(runs, characters=" "), " "))
    words = pc.list_flatten(pc.split_pattern_regex(spaced, " +"))
    every = pa.concat_arrays([values.filter(whole), runs, words])
    digits = _digits(every)
    counts = pc.binary_length(digits).to_numpy(zero_copy_only=False)
    for count in np.flatnonzero(np.bincount(counts)):
        if LEAST_DIGITS <= count <= MOST_DIGITS:
            yield Found("number", int(count), digits.filter(pa.array(counts == count)))


def _wholes(values: pa.Array, wanted: Wanted | None) -> pa.Array:
    lengths = pc.binary_length(values).to_numpy(zero_copy_only=False)
    if wanted is not None and wanted.lengths is not None:
        return values.filter(pa.array(wanted.lengths[np.minimum(lengths, 255)]))
    some_digit = _digit_counts(values) > 0
    telling = (pc.utf8_length(values).to_numpy(zero_copy_only=False) >= SHORT) & (some_digit | (lengths >= LONG))
    number = pc.match_substring_regex(values, r"^\+?[0-9 ().\-/]*$").to_numpy(zero_copy_only=False)
    number &= lengths <= MOST_DIGITS
    return values.filter(pa.array(telling & ~number))


@dataclass(frozen=True)
class Wanted:
    """What was collected, so that a scan passes over everything else."""

    emails: bool
    digits: bool
    lengths: npt.NDArray[np.bool_] | None
    """Which byte lengths whole texts have (255: or more); None where there are none."""


def distinct(hashes: Hashes) -> Hashes:
    """The distinct hashes in ascending order; by sorting, which is eight times as fast as ``numpy.unique`` here."""
    ordered: Hashes = np.sort(hashes)
    first = np.append(True, ordered[1:] != ordered[:-1])
    found: Hashes = ordered[first[: len(ordered)]]
    return found


@dataclass
class Sketch:
    """The smallest distinct hashes seen: all of them while they fit, else a sample in which each is kept for good."""

    limit: np.uint64 = _EVERYTHING
    hashes: Hashes = field(default_factory=lambda: np.empty(0, np.uint64))
    _waiting: list[Hashes] = field(default_factory=list)
    _waiting_count: int = 0

    def add(self, hashes: Hashes, most: int) -> None:
        """Take these in, keeping at most about ``most``."""
        below = hashes[hashes <= self.limit]
        self._waiting.append(below)
        self._waiting_count += len(below)
        if self._waiting_count > max(len(self.hashes), most // 4, 1):
            self.settle(most)

    def settle(self, most: int) -> None:
        """Sort in what waits and keep the smallest ``most``."""
        if self._waiting:
            self.hashes = distinct(np.concatenate([self.hashes, *self._waiting]))
            self._waiting, self._waiting_count = [], 0
        if len(self.hashes) > most:
            self.hashes = self.hashes[:most].copy()
            self.limit = self.hashes[-1]

    @property
    def size(self) -> int:
        """Hashes held, those that wait included."""
        return len(self.hashes) + self._waiting_count

    @property
    def share(self) -> float:
        """Which part of the values is held, 0 to 1; every value had the same chance."""
        return 1.0 if self.limit == _EVERYTHING else float(self.limit) / 2.0**64

    @property
    def distinct(self) -> float:
        """How many distinct values there were; exact while all are held (Beyer et al., 2007, where not)."""
        return len(self.hashes) / self.share


class Originals:
    """Collects fingerprints of the original values of identifying columns while batches are transformed.

    Memory is bounded by ``most`` hashes of 8 bytes per column and ``total`` over all; beyond that a sample is kept,
    the same values on every side, and the results say what share was examined.  Safe to call from several threads.
    """

    def __init__(self, hash: Hash, *, most: int = 2_000_000, total: int = 32_000_000) -> None:  # noqa: A002
        self.hash = hash
        self._most, self._total = most, total
        self._sketches: dict[tuple[Place, int], Sketch] = {}
        self._spared = Sketch()
        self._places: dict[Place, int] = {}
        self._emails = False
        self._lengths = np.zeros(256, bool)
        self._lock = threading.Lock()

    def add(self, place: Place, values: pa.Array) -> None:
        """Take in original values of one column, of any type; those that cannot identify are passed over."""
        strings = texts(values)
        found = [] if strings is None or not len(strings) else list(identifiers(strings))
        hashed = [(one, self.hash(one.texts)) for one in found if len(one.texts)]
        with self._lock:
            self._places[place] = self._places.get(place, 0) + (0 if strings is None else len(strings))
            for one, hashes in hashed:
                self._sketches.setdefault((place, one.digits), Sketch()).add(hashes, self._most)
                self._emails |= one.form == "email"
                if one.form == "text":
                    lengths = pc.unique(pc.binary_length(one.texts)).to_numpy(zero_copy_only=False)
                    self._lengths[np.minimum(lengths, 255)] = True
            self._bound()

    def spare(self, values: pa.Array) -> None:
        """Take in values that stay where they are on purpose: they are looked for nowhere."""
        strings = texts(values)
        for one in identifiers(strings) if strings is not None and len(strings) else ():
            with self._lock:
                self._spared.add(self.hash(one.texts), self._most)

    def _bound(self) -> None:
        """Halve the largest sketch until all of them together are small enough."""
        while sum(sketch.size for sketch in self._sketches.values()) > self._total:
            largest = max(self._sketches.values(), key=lambda sketch: sketch.size)
            largest.settle(max(largest.size // 2, 1))

    @property
    def places(self) -> tuple[Place, ...]:
        """The columns values were taken from."""
        return tuple(self._places)

    @property
    def wanted(self) -> Wanted:
        """Which forms there are to look for."""
        some_digits = any(digits for _, digits in self._sketches)
        return Wanted(self._emails, some_digits, self._lengths if self._lengths.any() else None)

    def sketches(self) -> dict[tuple[Place, int], Sketch]:
        """What was collected, by column and number of digits (0: not a number)."""
        with self._lock:
            self._spared.settle(self._most)
            for sketch in self._sketches.values():
                sketch.settle(self._most)
                if self._spared.size:
                    sketch.hashes = sketch.hashes[~np.isin(sketch.hashes, self._spared.hashes)]
            self._bound()
            return dict(self._sketches)

    def share(self, place: Place) -> float:
        """Which part of a column's values is looked for, 0 to 1."""
        shares = [sketch.share for (owner, _), sketch in self.sketches().items() if owner == place]
        return min(shares, default=1.0)

    def __repr__(self) -> str:
        return f"Originals of {len(self._places)} columns"  # never what they hold

"""A keyed permutation of identifiers: a valid one becomes a valid one of the same kind, in the format it came in.

What an identifier says (a place, a date of birth, a serial number) is exchanged within what its kind
allows, and its check characters are computed anew; separators and letter case stay.  An identifier
with a wrong check digit becomes one that is wrong by as much.  What is no such identifier at all keeps
its pattern of letters and digits, and never becomes one.  So different values stay different, none
stays what it is, and whoever holds the key can go back.

A letter stays a letter and a digit a digit, but for places where an identifier may have either (the X
of a check digit): there digits and capitals are exchanged for one another, and a small letter stays a
letter, because it shows that the value was written with one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.entities.check_digits import Values
from understudy.entities.cores import Core, Cores
from understudy.entities.forms import Form, Reading
from understudy.entities.scheme import Found, Scheme
from understudy.errors import Error
from understudy.interfaces import BATCH_ROWS
from understudy.transforms.characters import Characters, text_array
from understudy.transforms.derange import Derangement, walk
from understudy.transforms.prf import words

Mask = NDArray[np.bool_]

_ROUNDS = 5_000
"""How often what is no identifier is permuted at most: where of a hundred such texts one is none, this is plenty."""


@dataclass(frozen=True)
class Identifiers:
    """The permutation of one key, for one kind of identifiers."""

    subkey: bytes
    scheme: Scheme
    fold: bool = False
    """Texts that differ in case only are equal, and so are their stand-ins."""

    def __call__(self, texts: pa.Array) -> pa.Array:
        """Stand-ins for texts."""
        return self._texts(texts, decrypt=False)

    def restore(self, texts: pa.Array) -> pa.Array:
        """The texts whose stand-ins these are."""
        return self._texts(texts, decrypt=True)

    def _texts(self, texts: pa.Array, *, decrypt: bool) -> pa.Array:
        if len(texts) > BATCH_ROWS:
            parts = [texts[start : start + BATCH_ROWS] for start in range(0, len(texts), BATCH_ROWS)]
            return pa.concat_arrays([self._texts(part, decrypt=decrypt) for part in parts])
        cores = Cores(texts)
        exchanged = []
        strange = np.ones(len(texts), bool)
        for core in cores.of_lengths(self.scheme.by_length):
            for found in self.scheme.readings(core.values):
                rows = core.rows[found.reading.rows]
                exchanged.append((rows, self._exchanged(core, found, decrypt=decrypt)))
                strange[rows] = False
        made = text_array(cores.written(exchanged), cores.offsets)
        if not strange.any():
            return made
        others = self._others(texts.filter(pa.array(strange)), decrypt=decrypt)
        return pc.replace_with_mask(made, pa.array(strange), others)

    def _exchanged(self, core: Core, found: Found, *, decrypt: bool) -> Values:
        """Stand-ins for identifiers of one form, those with as many letters in free places together."""
        form = self.scheme.by_length[core.values.shape[1]][found.number]
        reading = found.reading
        letters = reading.letters.sum(axis=1)
        held = np.zeros((len(letters), 0), np.bool_)
        if len(form.mixed) and not self.fold:
            held = core.lower[:, form.mixed][reading.rows]
        out = np.empty_like(reading.kept)
        for count in np.flatnonzero(np.bincount(letters)):
            rows = np.flatnonzero(letters == count)
            part = reading if len(rows) == len(letters) else reading.take(rows)
            cipher = Derangement(self.subkey, form.radices(int(count)), (form.name or self.scheme.name).encode())
            one = _Walk(self.scheme, form, Found(found.number, part, found.exact), held[rows])
            out[rows] = one(cipher, decrypt=decrypt)
        return out

    def _others(self, texts: pa.Array, *, decrypt: bool) -> pa.Array:
        """Stand-ins for what is no identifier: of the same pattern, and again none."""
        characters = Characters(self.subkey, fold=self.fold, moved=True)
        permute = characters.restore if decrypt else characters
        made = permute(texts)
        again = self._found(made)
        for _ in range(_ROUNDS):
            if not again.any():
                return made
            mask = pa.array(again)
            made = pc.replace_with_mask(made, mask, permute(made.filter(mask)))
            again = self._found(made, among=again)
        raise Error(f"of texts with this pattern, nearly all are {self.scheme.name}, and one is not")

    def _found(self, texts: pa.Array, among: Mask | None = None) -> Mask:
        """Which texts are identifiers of this kind, valid or not."""
        out = np.zeros(len(texts), bool)
        rows = np.arange(len(texts)) if among is None else np.flatnonzero(among)
        for core in Cores(texts.take(pa.array(rows))).of_lengths(self.scheme.by_length):
            for found in self.scheme.readings(core.values):
                out[rows[core.rows[found.reading.rows]]] = True
        return out


@dataclass(frozen=True)
class _Walk:
    """Identifiers of one form on their way to stand-ins of the same form."""

    scheme: Scheme
    form: Form
    found: Found
    held: Mask
    """Where a small letter stands in a place that could take a digit (n, mixed places)."""

    @cached_property
    def _out(self) -> Values:
        return np.empty_like(self.found.reading.kept)

    def __call__(self, cipher: Derangement, *, decrypt: bool) -> Values:
        """The stand-ins, or what these are stand-ins for."""
        reading = self.found.reading
        if not cipher.radices:
            return reading.kept
        walk(cipher.decrypt if decrypt else cipher.encrypt, reading.numerals, self._inside)
        return self._out

    def _inside(self, numerals: NDArray[np.uint16], rows: NDArray[np.int64]) -> Mask:
        """Which numerals make an identifier that is read as the one it stands for was."""
        whole = len(rows) == len(self.found.reading.rows)
        like: Reading = self.found.reading if whole else self.found.reading.take(rows)
        values, there = self.form.write(numerals, like)
        self._out[rows] = values
        if self.held.any():
            there &= ~(self.held[rows] & (values[:, self.form.mixed] <= _LAST_DIGIT)).any(axis=1)
        return there & self.scheme.counts(self.found, values)


_LAST_DIGIT = 9


@dataclass(frozen=True)
class NumberedIdentifiers:
    """The same for identifiers stored as whole numbers, which have lost the zeros they started with.

    A number counts as the shortest identifier that it can be with zeros before it, and its stand-in
    is one of those.  0 and -1 often mean "nobody" and are kept; negative numbers mirror the others.
    """

    identifiers: Identifiers
    largest: int
    """The largest number that the column can hold."""

    @cached_property
    def _bands(self) -> list[tuple[int, int, int]]:
        """The first and the last number of every length, and the length."""
        most = len(str(self.largest))
        lengths = self.identifiers.scheme.by_length or range(1, most)
        first, bands = 1, []
        for length in [*(length for length in lengths if length < most), most]:
            bands.append((first, min(10**length - 1, self.largest), length))
            first = 10**length
        return bands

    def __call__(self, numbers: pa.Array) -> pa.Array:
        """Stand-ins for int64 numbers."""
        return self._numbers(numbers, decrypt=False)

    def restore(self, numbers: pa.Array) -> pa.Array:
        """The numbers whose stand-ins these are."""
        return self._numbers(numbers, decrypt=True)

    def _numbers(self, numbers: pa.Array, *, decrypt: bool) -> pa.Array:
        signed = words(numbers).view(np.int64)
        sign = signed >> 63
        plain = (signed ^ sign).view(np.uint64)
        out = plain.copy()
        for first, last, length in self._bands:
            rows = np.flatnonzero((plain >= first) & (plain <= last))
            while len(rows):
                out[rows] = again = self._of_length(out[rows], length, decrypt=decrypt)
                rows = rows[(again < first) | (again > last)]
        return pa.array(out.view(np.int64) ^ sign)

    def _of_length(self, numbers: NDArray[np.uint64], length: int, *, decrypt: bool) -> NDArray[np.uint64]:
        texts = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), length, "0")
        made = self.identifiers.restore(texts) if decrypt else self.identifiers(texts)
        return cast("NDArray[np.uint64]", made.cast(pa.uint64()).to_numpy(zero_copy_only=False))

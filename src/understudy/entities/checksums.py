"""Which identifiers are valid: their ranges and their check characters, for whole columns at a time.

``valid("iban", texts)`` answers for every text; ``SCHEMES`` says which kinds there are.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from understudy.arrow import text_array
from understudy.entities.cores import Cores
from understudy.entities.scheme import Scheme
from understudy.entities.schemes import americas, asia, eastern_europe, iban, payments, things, vat, western_europe
from understudy.errors import unknown

_PARTS = (payments, iban, things, americas, western_europe, eastern_europe, vat, asia)

SCHEMES: Mapping[str, Scheme] = {scheme.name: scheme for part in _PARTS for scheme in part.SCHEMES}
"""All kinds of identifiers, by name."""

SEPARATORS = " .-/()"
"""What may stand between the letters and digits of a valid identifier."""


def scheme(name: str) -> Scheme:
    """The kind of identifier of that name; an InputError with a close match where there is none."""
    if name not in SCHEMES:
        raise unknown("kind of identifier", name, SCHEMES)
    return SCHEMES[name]


def valid(name: str, texts: pa.Array) -> pa.Array:
    """Which texts are identifiers of a kind, with right check characters; null where the text is.

    Spaces, hyphens, dots and slashes between the characters do not matter, nor does the case of letters.
    """
    found = scheme(name)
    cores = Cores(texts)
    out = np.zeros(len(texts), bool)
    for core in cores.of_lengths(found.by_length):
        out[core.rows] = found.valid(core.values)
    out &= cores.without(SEPARATORS)
    return pa.array(out, mask=texts.is_null().to_numpy(zero_copy_only=False) if texts.null_count else None)


def samples(name: str, count: int, *, seed: int = 1) -> pa.Array:
    """So many valid identifiers of a kind, drawn at random, in the format of its example."""
    kind = scheme(name)
    cores = Cores(pa.array([kind.example] * count))
    random = np.random.default_rng(seed)
    made = []
    for core in cores.of_lengths(kind.by_length):
        (found,) = kind.readings(core.values)
        form = kind.by_length[core.values.shape[1]][found.number]
        radices = form.radices(int(found.reading.letters[0].sum()))
        missing = np.arange(len(core.rows))
        while len(missing):
            numerals = random.integers(0, radices, (len(missing), len(radices))).astype(np.uint16)
            values, there = form.write(numerals, found.reading.take(missing))
            made.append((core.rows[missing[there]], values[there]))
            missing = missing[~there]
    return text_array(cores.written(made), cores.offsets)

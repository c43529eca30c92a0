"""Companies: their trades and departments, what people do there, what they sell, and their legal forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.locales.people import LOCALES
from understudy.locales.texts import sections


@dataclass(frozen=True)
class Listed:
    """Entries of all locales, one locale after the other."""

    entries: pa.Array
    starts: NDArray[np.int64]
    """Where those of each locale start, in the order of ``LOCALES``."""
    sizes: NDArray[np.int64]
    """How many each locale has."""


@cache
def business(part: str) -> Listed:
    """What a locale calls something: ``trade``, ``department``, ``job`` or ``industry``."""
    parts = sections("business.txt")
    return listed([parts[f"{locale}.{part}"] for locale in LOCALES])


def listed(entries: list[list[str]]) -> Listed:
    """The entries of every locale, in the order of ``LOCALES``."""
    sizes = np.array([len(some) for some in entries])
    return Listed(pa.array([one for some in entries for one in some], pa.string()), np.cumsum(sizes) - sizes, sizes)


@cache
def product_words(part: str) -> pa.Array:
    """What names of products are made of: ``adjective``, ``material``, ``product``."""
    return pa.array(sections("business.txt")[part], pa.string())


@cache
def legal_forms(*, spaced: bool) -> Mapping[str, str]:
    """Legal forms of companies by what a name ends with in lower case, after a space or without any."""
    entries = sections("business.txt")["legal" if spaced else "unspaced"]
    pairs = [entry.partition("=") for entry in entries]
    return {ending: form for form, _, ending in reversed(pairs)}

"""Places: cities with all that belongs to them, and countries with all their spellings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.locales.texts import folded, lines, longest


@dataclass(frozen=True)
class Places:
    """Cities, row by row with their country and their postal codes."""

    city: pa.Array
    country: pa.Array
    code: pa.Array
    """Two letters (ISO 3166-1 alpha-2)."""
    code3: pa.Array
    """Three letters (alpha-3)."""
    postcodes: NDArray[np.uint8]
    """Patterns (n, longest), ``#`` for any digit and ``@`` for any capital, filled up with zero bytes."""


@cache
def places() -> Places:
    """The cities there are."""
    rows: list[tuple[str, ...]] = []
    for line in lines("places.txt"):
        *country, cities = line.split("|")
        rows += [(*entry.split("="), *country) for entry in cities.split(";")]
    city, pattern, name, code, code3 = (pa.array(column, pa.string()) for column in zip(*rows, strict=True))
    width = longest(pattern)
    filled = b"".join(text.encode().ljust(width, b"\0") for text in pattern.to_pylist())
    return Places(city, name, code, code3, np.frombuffer(filled, np.uint8).reshape(len(rows), width))


@cache
def cities() -> pa.Array:
    """Names of cities in all spellings, folded: a dictionary to find places with."""
    return folded(places().city.to_pylist())


@cache
def countries() -> pa.Array:
    """Names of countries in all spellings, folded, without their codes."""
    return folded(places().country.to_pylist())

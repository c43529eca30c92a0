"""Tables that fakes are taken from: common names, streets, places; read from the texts beside, on first use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def _lines(name: str) -> list[str]:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def longest(table: pa.Array) -> int:
    """How many characters the longest text of a table has."""
    return int(pc.max(pc.utf8_length(table)).as_py())


@cache
def words(name: str) -> pa.Array:
    """The words of one text: ``first_names``, ``last_names``, ``streets``."""
    return pa.array([word for line in _lines(f"{name}.txt") for word in line.split()], pa.string())


@cache
def company_words(part: str) -> pa.Array:
    """What company names are made of: ``words``, ``trades``, ``forms``."""
    lines = [line.removeprefix(f"{part}: ") for line in _lines("companies.txt") if line.startswith(f"{part}: ")]
    return pa.array(" ".join(lines).split(), pa.string())


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
    for line in _lines("places.txt"):
        *country, cities = line.split("|")
        rows += [(*entry.split("="), *country) for entry in cities.split(";")]
    city, pattern, name, code, code3 = (pa.array(column, pa.string()) for column in zip(*rows, strict=True))
    width = longest(pattern)
    filled = b"".join(text.encode().ljust(width, b"\0") for text in pattern.to_pylist())
    return Places(city, name, code, code3, np.frombuffer(filled, np.uint8).reshape(len(rows), width))

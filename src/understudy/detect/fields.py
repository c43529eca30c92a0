"""What is judged: a column, a path inside its documents, the elements of its arrays, the values of one of its keys."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.arrow import storage
from understudy.schema import Column, Kind, Table

LONGEST = 2_000
"""Most characters of a value that are looked at."""

LETTER = r"[A-Za-z\x{80}-\x{10FFFF}]"
"""A letter for Arrow's kernel, as far as one range tells: classes of Unicode cost it a thousand ranges."""

_SPACE = " \t\n\v\f\r\u00a0"


@dataclass(frozen=True)
class Values:
    """Sampled values of one field: different ones as text, and how often each came."""

    texts: pa.Array
    """Different values, without surrounding space; blank ones are left out."""
    counts: NDArray[np.int64]
    typed: pa.Array
    """All values that are not NULL, in their own type."""

    @classmethod
    def of(cls, array: pa.Array) -> Values:
        """The values of an Arrow array."""
        typed = storage(array).drop_null()
        texts = pc.utf8_trim(pc.utf8_slice_codeunits(_as_text(typed), 0, LONGEST), characters=_SPACE)
        texts = texts.filter(pc.greater(pc.binary_length(texts), 0))
        counted = texts.value_counts()
        return cls(counted.field("values"), counted.field("counts").to_numpy(), typed)

    @property
    def rows(self) -> int:
        """How many values are neither NULL nor blank."""
        return int(self.counts.sum())

    @property
    def distinct(self) -> int:
        """How many different ones there are."""
        return len(self.texts)

    def first(self, most: int) -> Values:
        """The first so many different values, with their counts."""
        return self if self.distinct <= most else Values(self.texts.slice(0, most), self.counts[:most], self.typed)

    def share(self, fits: pa.Array) -> float:
        """The share of rows whose value fits; ``fits`` tells it of every different value."""
        if not self.rows:
            return 0.0
        mask = pc.fill_null(fits, False).to_numpy(zero_copy_only=False)
        return float(self.counts[mask].sum() / self.rows)

    def match(self, pattern: str) -> float:
        """The share of rows whose value matches a regular expression somewhere."""
        return self.share(pc.match_substring_regex(self.texts, pattern))

    @cached_property
    def words(self) -> float:
        """How many words a value has on average."""
        if not self.rows:
            return 0.0
        spaces = pc.count_substring_regex(self.texts, r"\s+").to_numpy(zero_copy_only=False)
        return float(((spaces + 1) * self.counts).sum() / self.rows)

    @cached_property
    def length(self) -> float:
        """How many characters a value has on average."""
        lengths = pc.utf8_length(self.texts).to_numpy(zero_copy_only=False)
        return float((lengths * self.counts).sum() / self.rows) if self.rows else 0.0


def _as_text(values: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_binary(values.type) or pa.types.is_fixed_size_binary(values.type) or pa.types.is_nested(values.type):
        return pa.nulls(0, pa.string())
    return values.cast(pa.string())


@dataclass(frozen=True)
class Field:
    """One thing to judge."""

    table: Table
    column: Column
    name: str
    """What it is called: the column, the last key of a path, the key of a row."""
    kind: Kind
    values: Values | None = None
    """None where no row was looked at."""
    path: str = ""
    """Where in the column's documents: ``$.items[*].email``; ``[*]`` for the elements of an array."""
    key: str = ""
    """Of a table of keys and values: ``key=phone``."""

    @property
    def sampled(self) -> bool:
        """Whether there are values to look at."""
        return self.values is not None and self.values.rows > 0


def percent(share: float) -> str:
    """A share for people: ``all``, ``98 %``."""
    return "all" if share >= 0.9995 else f"{100 * share:.0f} %"

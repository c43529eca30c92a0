"""Columns that name rows: nothing is learned of their values but what they look like; every value is a fresh one."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy import arrow
from understudy.synth.encoding.columns import Cells, Drawn, Part, only
from understudy.synth.encoding.patterns import Patterns

_OWN = 0.9
"""The share of different texts from which a column names its rows."""
_ID = re.compile(r"(^|_|[a-z](?=I))(id|ID|Id|key)$")

Form = Literal["text", "integer", "uuid", "bytes", "uuid text"]


@dataclass(frozen=True)
class Identifiers:
    """A column of fresh values; where some are null, whether a value is there is learned."""

    form: Form
    shares: tuple[float, ...] = (1.0,)
    """The share of values and, where there are any, of nulls."""
    patterns: Patterns | None = None
    length: int = 16
    """Bytes of a binary value."""
    nullable: bool = True
    unique: bool = True
    """Whether no two texts may be the same, however long they are; else phrases may come again."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """Whether there is a value, where that may be."""
        return (Part("there", self.shares, banned=(1,) if len(self.shares) > 1 and not self.nullable else ()),)

    def encode(self, values: pa.Array) -> list[Cells]:
        """0 for a value, 1 for a null."""
        absent = np.asarray(values.is_null(nan_is_null=False)).astype(np.int32)
        return [only(absent if len(self.shares) > 1 else absent * 0)]

    def decode(self, drawn: Drawn) -> pa.Array:
        """Fresh values, nulls where they were drawn; integers count from 1."""
        rows, rng, count = drawn.rows, drawn.rng, len(drawn.rows)
        if self.form == "integer":
            values = pa.array(np.arange(rows.start + 1, rows.stop + 1), pa.int64())
        elif self.form == "text":
            assert self.patterns is not None
            values = self.patterns.draw(rng, count, np.arange(rows.start, rows.stop), unique=self.unique)
        elif self.form == "uuid text":
            values = pa.array([str(uuid.UUID(bytes=rng.bytes(16), version=4)) for _ in rows], pa.string())
        elif self.form == "uuid":
            values = pa.array([uuid.UUID(bytes=rng.bytes(16), version=4).bytes for _ in rows], pa.binary(16))
        else:
            values = pa.array([rng.bytes(self.length) for _ in rows], pa.binary())
        gone = drawn.codes[0] != 0
        return pc.replace_with_mask(values, pa.array(gone), pa.nulls(int(gone.sum()), values.type))


def is_identifier(values: pa.Array, *, unique: bool, called: str = "") -> bool:
    """Whether a column names its rows: a key, texts that nearly all differ, bytes, or numbers that differ by design.

    Numbers do where all differ, and they are called an id or lie so close that by chance some would be the same.
    """
    kind = values.type
    if pa.types.is_fixed_size_binary(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return True
    if not (pa.types.is_integer(kind) or arrow.is_text(kind)):
        return False
    here = values.drop_null()
    count = len(here)
    if unique and count:
        return True
    if count < 2:
        return False
    different = pc.count_distinct(here).as_py()
    if arrow.is_text(kind):
        return bool(different >= _OWN * count)
    return bool(different == count and (_ID.search(called) or arrow.crowded(here)))


def identifiers_of(
    values: pa.Array, k: int, *, nullable: bool = True, max_length: int | None = None, unique: bool = True
) -> Identifiers:
    """What there is to know of a column of identifiers; ``unique`` where it is declared that no two are the same."""
    nulls, rows, kind = values.null_count, max(len(values), 1), values.type
    shares = (1 - nulls / rows, nulls / rows) if nulls else (1.0,)
    here = values.drop_null()
    if pa.types.is_integer(kind):
        return Identifiers("integer", shares, nullable=nullable)
    if pa.types.is_fixed_size_binary(kind):
        form: Form = "uuid" if kind.byte_width == 16 else "bytes"
        return Identifiers(form, shares, length=kind.byte_width, nullable=nullable)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        length = int(pc.mean(pc.binary_length(here)).as_py() or 0)
        return Identifiers("bytes", shares, length=length, nullable=nullable)
    texts = sorted(set(here.cast(pa.string()).to_pylist()))
    if texts and all(_is_uuid(text) for text in texts[:1000]):
        return Identifiers("uuid text", shares, nullable=nullable)
    return Identifiers("text", shares, Patterns.of(texts, k, max_length), nullable=nullable, unique=unique)


def _is_uuid(text: str) -> bool:
    try:
        return len(text) == 36 and str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False

"""Values as text: what a CSV field, or a JSON document, says of an Arrow value."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import decimal_text, spans
from understudy.errors import InputError

_HEX = np.array([f"{number:02x}".encode() for number in range(256)]).view(np.uint16)
_HYPHENS = (8, 12, 16, 20)  # where they stand between the 32 digits of a UUID
_DIGIT = np.full(256, 255, np.uint8)
_DIGIT[list(b"0123456789abcdef")] = range(16)


def written(values: pa.Array, name: str) -> pa.Array:
    """Values as text; an InputError where they are made of others, or of bytes."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return written(values.dictionary_decode(), name)
    if kind == pa.uuid():
        return uuid_text(values.storage)
    if isinstance(kind, pa.BaseExtensionType):
        return written(values.storage, name)
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise InputError(f"column {name!r} holds {kind}, which CSV cannot", hint="write Parquet or JSON lines")
    return decimal_text(values) if pa.types.is_decimal(kind) else values.cast(pa.string())


def uuid_text(values: pa.Array) -> pa.Array:
    """UUIDs of 16 bytes as people write them."""
    data, offsets = spans(values)
    digits = _HEX[data[offsets[0] : offsets[-1]]].view(np.uint8).reshape(-1, 32)
    made = np.ascontiguousarray(np.insert(digits, _HYPHENS, ord("-"), axis=1))
    ends = np.arange(len(values) + 1, dtype=np.int32) * 36
    texts = pa.Array.from_buffers(pa.string(), len(values), [None, pa.py_buffer(ends), pa.py_buffer(made)])
    return pc.if_else(values.is_valid(), texts, None)


def uuid_bytes(texts: pa.Array) -> pa.Array:
    """UUIDs as their 16 bytes, from texts that are all UUIDs in lower case, or null."""
    plain = pc.replace_substring(texts.fill_null("0" * 32), "-", "")
    data, offsets = spans(plain)
    digits = _DIGIT[data[offsets[0] : offsets[-1]]].reshape(-1, 2)
    made = digits[:, 0] << np.uint8(4) | digits[:, 1]
    found = pa.Array.from_buffers(pa.binary(16), len(texts), [None, pa.py_buffer(np.ascontiguousarray(made))])
    return pc.if_else(texts.is_valid(), found, None)

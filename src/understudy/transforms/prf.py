"""A keyed pseudo-random function over Arrow arrays: AES-CBC-MAC, whole columns at a time, no loop over rows.

Every value becomes a message of 16-byte blocks that starts with its length (or is one block, for
numbers).  No message is then a prefix of another, and for such messages CBC-MAC is a pseudo-random
function (Petrank and Rackoff, "CBC MAC for real-time data sources", 2000).  Works on little-endian machines.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

from understudy.arrow import decimal_text as decimal_text
from understudy.arrow import spans as spans
from understudy.arrow import storage
from understudy.errors import Error
from understudy.native import blocks as native

Words = NDArray[np.uint64]

CHUNK_ROWS = 8_000
"""Rows worked on at once: their blocks fit the processor's second cache, and stay below the 128 KiB
from which the C library asks the system for fresh memory every time (twice as slow, measured)."""

_BYTES, _INTEGER, _FLOAT = 1, 2, 3  # what the first block says it starts, so that kinds never meet
_BLOCK = 16  # bytes
_LONG_BLOCKS = 64  # rows with more blocks than this are worth one call each
_NAN = np.float64("nan").view(np.uint64)


class Aes:
    """AES-128 of many blocks with one key.  Not to be shared between threads: make one where it is used."""

    def __init__(self, subkey: bytes) -> None:
        self._algorithm = algorithms.AES(subkey)
        self._encryptor: Any = Cipher(self._algorithm, modes.ECB()).encryptor()  # noqa: S305  # blocks, not a message

    @staticmethod
    def room(count: int) -> NDArray[np.uint8]:
        """Memory for so many encrypted blocks, to be used again and again."""
        return np.empty(16 * count + 16, np.uint8)

    def __call__(self, blocks: Words, out: NDArray[np.uint8] | None = None) -> Words:
        """Encrypt blocks (n, 2), each two little-endian words; into ``out`` where given."""
        out = self.room(len(blocks)) if out is None else out
        self._encryptor.update_into(np.ascontiguousarray(blocks).view(np.uint8).reshape(-1), out)
        return cast("Words", out[: 16 * len(blocks)].view(np.uint64).reshape(-1, 2))

    def chain(self, state: bytes, message: bytes) -> bytes:
        """CBC-MAC of one long message, from a state."""
        encryptor = Cipher(self._algorithm, modes.CBC(state)).encryptor()
        return encryptor.update(message)[-16:]


def digest(values: pa.Array, subkey: bytes) -> Words:
    """128 pseudo-random bits for every value, as two words (n, 2).

    Equal values give equal bits whatever their width (int16 or int64, string or large_string, 1.5 or
    1.50); nulls give bits that mean nothing.
    """
    values = storage(values)
    kind = values.type
    if pa.types.is_dictionary(kind):
        places = pc.fill_null(values.indices, 0).to_numpy(zero_copy_only=False)
        found = digest(values.dictionary, subkey)
        return found[places] if len(found) else np.zeros((len(values), 2), np.uint64)
    if pa.types.is_decimal(kind):
        text = decimal_text(values)
        return _of_bytes(pc.ascii_rtrim(pc.ascii_rtrim(text, "0"), ".") if kind.scale > 0 else text, subkey)
    if _is_bytes(kind):
        return _of_bytes(values, subkey)
    if pa.types.is_floating(kind):
        return of_words(_float_bits(values), subkey, tag=_FLOAT)
    return of_words(words(values), subkey)


def of_words(values: Words, subkey: bytes, *, tag: int = _INTEGER) -> Words:
    """128 pseudo-random bits for every 64-bit word: one AES block each."""
    aes = Aes(subkey)
    out = np.empty((len(values), 2), np.uint64)
    for start in range(0, len(values), CHUNK_ROWS):
        part = values[start : start + CHUNK_ROWS]
        blocks = np.empty((len(part), 2), np.uint64)
        blocks[:, 0] = part
        blocks[:, 1] = tag
        out[start : start + CHUNK_ROWS] = aes(blocks)
    return out


def words(values: pa.Array) -> Words:
    """Integers, booleans, dates and times as 64-bit words (nulls as 0)."""
    values = storage(values)
    kind = values.type
    if pa.types.is_boolean(kind) or pa.types.is_null(kind):
        values = values.cast(pa.int8())
    elif pa.types.is_temporal(kind) and kind.bit_width in (32, 64):
        values = values.view(pa.int32() if kind.bit_width == 32 else pa.int64())
    elif not pa.types.is_integer(kind):
        raise Error(f"values of type {kind} cannot be drawn from", hint="use `keep`, `null` or `replace`")
    if values.null_count:
        values = values.fill_null(0)
    numbers = values.to_numpy(zero_copy_only=False)
    return cast(
        "Words", numbers.astype(np.uint64 if numbers.dtype == np.uint64 else np.int64, copy=False).view(np.uint64)
    )


def trimmed(numbers: pa.Array) -> pa.Array:
    """Decimal numbers in text without the zeros that do not matter: 1.50 and 1.5 become equal."""
    return pc.replace_substring_regex(numbers, r"^(-?\d+)(?:\.0+|(\.\d*[1-9])0+)$", r"\1\2")


def _is_bytes(kind: pa.DataType) -> bool:
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_binary)
    more = (pa.types.is_large_binary, pa.types.is_binary_view, pa.types.is_fixed_size_binary)
    return any(test(kind) for test in (*tests, *more))


def _float_bits(values: pa.Array) -> Words:
    """The bits of floats, with one zero and one NaN, as a database compares them."""
    numbers = values.cast(pa.float64()).fill_null(0.0).to_numpy(zero_copy_only=False) + 0.0  # -0.0 + 0.0 is 0.0
    bits = numbers.view(np.uint64)
    bits[np.isnan(numbers)] = _NAN
    return cast("Words", bits)


def _of_bytes(values: pa.Array, subkey: bytes) -> Words:
    aes = Aes(subkey)
    data, offsets = spans(values)
    out = np.empty((len(values), 2), np.uint64)
    for first in range(0, len(values), CHUNK_ROWS):
        ends = offsets[first : first + CHUNK_ROWS + 1]
        there = data[ends[0] : ends[-1] + _BLOCK]
        missing = ends[-1] - ends[0] + _BLOCK - len(there)
        padded = np.concatenate([there, np.zeros(missing, np.uint8)]) if missing else there
        out[first : first + CHUNK_ROWS] = _mac(aes, padded, ends - ends[0])
    return out


def _mac(aes: Aes, data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> Words:
    """CBC-MAC of every value of one chunk, behind which there is a block more; each step takes those that go on."""
    lengths = np.diff(offsets)
    state = np.empty((len(lengths), 2), np.uint64)
    state[:, 0] = lengths
    state[:, 1] = _BYTES
    out = state = aes(state)
    rows = np.arange(len(lengths))
    long = lengths > _LONG_BLOCKS * _BLOCK
    if long.any():
        for row in rows[long]:
            whole = data[offsets[row] : offsets[row + 1]].tobytes()
            made = aes.chain(out[row].tobytes(), whole.ljust(-(-len(whole) // _BLOCK) * _BLOCK, b"\0"))
            out[row] = np.frombuffer(made, "<u8")
        rows, state = rows[~long], out[~long]
    for step in range(_LONG_BLOCKS):
        rows, blocks = native.mixed(data, offsets, rows, state.reshape(-1), step)
        if not len(rows):
            break
        state = aes(blocks.reshape(-1, 2))
        if len(rows) == len(out):
            out = state
        else:
            out.view("V16").reshape(-1)[rows] = state.view("V16").reshape(-1)
    return out

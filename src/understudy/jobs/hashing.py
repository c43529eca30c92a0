"""Keyed hashes that capabilities are handed, so that none of them imports another."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from understudy.transforms import Key, prf

Hashes = npt.NDArray[np.uint64]


def rank(key: Key) -> Callable[[Sequence[pa.Array]], Hashes]:
    """A number per row key, the same on every run under one key: it decides samples and who is among the first."""
    subkey = key.subkey("subset")

    def ranked(columns: Sequence[pa.Array]) -> Hashes:
        first, *rest = [prf.digest(column, subkey)[:, 0] for column in columns]
        for other in rest:
            first = prf.of_words(prf.of_words(first, subkey)[:, 0] ^ other, subkey)[:, 0]
        return np.ascontiguousarray(first)

    return ranked


def fingerprint() -> Callable[[pa.Array], Hashes]:
    """A hash under a secret that nobody keeps: originals can be compared within one run and never afterwards."""
    subkey = secrets.token_bytes(16)

    def hashed(values: pa.Array) -> Any:
        return np.ascontiguousarray(prf.digest(values, subkey)[:, 0])

    return hashed

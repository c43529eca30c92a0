"""Bytes as hexadecimal digits, and sixteen of them as a UUID."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_DIGITS = np.array([f"{number:02x}".encode() for number in range(256)]).view(np.uint16)
_HYPHENS = (8, 12, 16, 20)  # where they stand between the 32 digits of a UUID


def hexadecimal(data: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The digits (n, 2 * width) of bytes (n, width)."""
    return _DIGITS[data].view(np.uint8)


def uuid_digits(data: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """UUIDs as they are written (n, 36), of their bytes (n, 16)."""
    return np.insert(hexadecimal(data), _HYPHENS, ord("-"), axis=1)

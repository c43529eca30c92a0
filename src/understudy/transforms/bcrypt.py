"""bcrypt, for the one hash that a masked password column holds (Provos and Mazières, "A Future-Adaptable
Password Scheme", 1999).

Written out because no dependency has it; one hash per run is all that is wanted of it, so it may be
slow.  Blowfish's tables are the first digits of the fraction of pi, and are computed.
"""

from __future__ import annotations

import base64
from functools import cache
from itertools import cycle

_ROUNDS = 16
_WORD = 0xFFFFFFFF
_SUBKEYS, _BOXES = _ROUNDS + 2, 4 * 256
_MOST_BYTES = 72
_TEXT = b"OrpheanBeholderScryDoubt"
_USUAL = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_OWN = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def bcrypt(password: str, salt: bytes, cost: int) -> str:
    """The hash of a password with 16 bytes of salt, in its ``$2b$`` form; 2^cost is how often the key is mixed in."""
    key = (password.encode() + b"\0")[:_MOST_BYTES]
    subkeys, boxes = _pi()
    state = _Blowfish(list(subkeys), list(boxes))
    state.expand(key, salt)
    for _ in range(1 << cost):
        state.expand(key)
        state.expand(salt)
    words = [int.from_bytes(_TEXT[place : place + 4]) for place in range(0, len(_TEXT), 4)]
    for _ in range(64):
        words = [word for place in (0, 2, 4) for word in state.encrypt(words[place], words[place + 1])]
    digest = b"".join(word.to_bytes(4) for word in words)[:-1]
    return f"$2b${cost:02}${_encoded(salt)}{_encoded(digest)}"


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).rstrip(b"=").translate(bytes.maketrans(_USUAL, _OWN)).decode()


class _Blowfish:
    """The cipher's state: its subkeys and its boxes."""

    def __init__(self, subkeys: list[int], boxes: list[int]) -> None:
        self._subkeys, self._boxes = subkeys, boxes

    def encrypt(self, left: int, right: int) -> tuple[int, int]:
        """One block."""
        subkeys, boxes = self._subkeys, self._boxes
        for number in range(_ROUNDS):
            left ^= subkeys[number]
            mixed = boxes[left >> 24] + boxes[256 | left >> 16 & 255]
            mixed = ((mixed ^ boxes[512 | left >> 8 & 255]) + boxes[768 | left & 255]) & _WORD
            left, right = right ^ mixed, left
        return right ^ subkeys[_ROUNDS + 1], left ^ subkeys[_ROUNDS]

    def expand(self, key: bytes, salt: bytes = bytes(16)) -> None:
        """Mix a key into the state, and a salt."""
        turning = cycle(key)
        for place in range(_SUBKEYS):
            self._subkeys[place] ^= int.from_bytes(bytes(next(turning) for _ in range(4)))
        salts = cycle(int.from_bytes(salt[place : place + 4]) for place in range(0, len(salt), 4))
        left = right = 0
        for table in (self._subkeys, self._boxes):
            for place in range(0, len(table), 2):
                left, right = self.encrypt(left ^ next(salts), right ^ next(salts))
                table[place], table[place + 1] = left, right


@cache
def _pi() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Blowfish's first state: the fraction of pi, 32 bits at a time (Machin's formula)."""
    bits = 32 * (_SUBKEYS + _BOXES)
    one = 1 << (bits + 64)
    fraction = (16 * _arctan(5, one) - 4 * _arctan(239, one) - 3 * one) >> 64
    words = [fraction >> (bits - 32 * (place + 1)) & _WORD for place in range(_SUBKEYS + _BOXES)]
    return tuple(words[:_SUBKEYS]), tuple(words[_SUBKEYS:])


def _arctan(inverse: int, one: int) -> int:
    """The angle whose tangent is 1 / inverse, in units of 1 / one."""
    power = total = one // inverse
    square, divisor = inverse * inverse, 1
    while power:
        power //= -square
        divisor += 2
        total += power // divisor
    return total

"""The secret behind every stand-in: one key, and a sub-key of its own for every domain."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from understudy.errors import InputError

_PREFIX = "uk1_"
_SECRET_BYTES = 32
_CHECK_BYTES = 3  # 32 + 3 bytes fill 56 base32 characters exactly, so a printed key needs no padding
_HINT = "`understudy key new` prints one"


@dataclass(frozen=True)
class Key:
    """A secret of 32 bytes.  The same key gives the same stand-ins in every table, database and run.

    Its text form carries a checksum, so that a cut or mistyped key is an error and not a second, different masking.
    """

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != _SECRET_BYTES:
            raise InputError(f"a key has {_SECRET_BYTES} bytes, not {len(self.secret)}", hint=_HINT)

    @staticmethod
    def new() -> str:
        """A new random key in its text form, to be kept where secrets are kept."""
        return _text(secrets.token_bytes(_SECRET_BYTES))

    @classmethod
    def parse(cls, text: str) -> Key:
        """The key that ``Key.new`` printed; an InputError, which never repeats the text, for anything else."""
        text = text.strip()
        if not text.startswith(_PREFIX):
            raise InputError(f"the key does not start with {_PREFIX!r}", hint=_HINT)
        try:
            raw = base64.b32decode(text.removeprefix(_PREFIX), casefold=True)
        except (binascii.Error, ValueError):
            raise InputError("the key holds characters that no key has, or is cut short", hint=_HINT) from None
        if len(raw) != _SECRET_BYTES + _CHECK_BYTES:
            raise InputError("the key is too short or too long: was it cut while copying?", hint=_HINT)
        if _check(raw[:_SECRET_BYTES]) != raw[_SECRET_BYTES:]:
            raise InputError("the key's checksum does not fit: was it mistyped?", hint=_HINT)
        return cls(raw[:_SECRET_BYTES])

    @property
    def id(self) -> str:
        """A short public name of the key, for reports; the secret cannot be found from it."""
        return self._derive("id", 6).hex()

    def subkey(self, label: str) -> bytes:
        """The 16-byte key of one domain (HKDF-SHA256, RFC 5869): knowing one tells nothing of another."""
        return self._derive(f"domain {label}", 16)

    def _derive(self, purpose: str, length: int) -> bytes:
        return HKDF(SHA256(), length, salt=b"understudy 1", info=purpose.encode()).derive(self.secret)


def _text(secret: bytes) -> str:
    return _PREFIX + base64.b32encode(secret + _check(secret)).decode().lower()


def _check(secret: bytes) -> bytes:
    return hashlib.sha256(b"understudy key" + secret).digest()[:_CHECK_BYTES]

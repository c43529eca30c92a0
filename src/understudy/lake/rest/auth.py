"""Who may read and write which branches: bearer tokens from a file that holds only their hashes.

    tokens:
      - name: ci
        sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
        rights: {main: read, "ci/*": write}

A pattern is a glob over names of branches and tags (``*`` stands for slashes too); ``write`` includes ``read``.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from understudy.errors import InputError
from understudy.lake.safety import Refused

Right = Literal["read", "write"]

_PREFIX = "ust_"
_HASH = re.compile(r"[0-9a-f]{64}")
_BEARER = re.compile(r"Bearer\s+(\S+)", re.IGNORECASE)


class Unknown(InputError):
    """The request has no token, or one that is not known."""


@dataclass(frozen=True)
class Caller:
    """Who asks, and what that one may do."""

    name: str
    rights: Mapping[str, Right]

    def may(self, right: Right, ref: str) -> bool:
        """Whether a state may be read, or a branch written: ``main~2`` is a matter of ``main``."""
        name = re.split(r"[@~]", ref, maxsplit=1)[0] or ref
        granted = [given for pattern, given in self.rights.items() if fnmatchcase(name, pattern)]
        return right in granted or "write" in granted

    def require(self, right: Right, ref: str) -> None:
        """Raise Refused where that is not granted."""
        if not self.may(right, ref):
            raise Refused(f"this token may not {right} {ref!r}", hint="its rights are in the token file of the server")


ANYBODY = Caller("", {"*": "write"})
"""Who asks a server without a token file, which listens on this machine only."""


@dataclass(frozen=True)
class Tokens:
    """The callers by the SHA-256 of their tokens."""

    callers: Mapping[str, Caller]

    @classmethod
    def read(cls, path: Path) -> Tokens:
        """The tokens of a YAML or JSON file; an InputError says what is wrong in it."""
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError

        try:
            held = YAML(typ="safe", pure=True).load(path.read_text())
        except (OSError, YAMLError, UnicodeDecodeError) as error:
            raise InputError(f"the token file {str(path)!r} cannot be read: {type(error).__name__}") from None
        if not isinstance(held, dict) or not isinstance(held.get("tokens"), list) or not held["tokens"]:
            raise InputError(f"the token file {str(path)!r} has no list 'tokens'", hint=_EXAMPLE)
        return cls(dict(_caller(one, f"tokens[{place}] of {str(path)!r}") for place, one in enumerate(held["tokens"])))

    def caller(self, authorization: str) -> Caller:
        """Who sent an Authorization header; Unknown where it names nobody."""
        match = _BEARER.fullmatch(authorization.strip())
        given = digest(match[1]) if match else ""
        found = [one for known, one in self.callers.items() if hmac.compare_digest(known, given)]
        if not found:
            raise Unknown(
                "the token is not known" if match else "a token is needed", hint="Authorization: Bearer TOKEN"
            )
        return found[0]


_EXAMPLE = "tokens: [{name: ci, sha256: HASH, rights: {main: read, 'ci/*': write}}]"


def digest(token: str) -> str:
    """What a token file holds of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token() -> tuple[str, str]:
    """A new token, and its hash for the token file."""
    token = _PREFIX + secrets.token_urlsafe(32)
    return token, digest(token)


def _caller(one: Any, where: str) -> tuple[str, Caller]:
    if not isinstance(one, dict) or set(one) != {"name", "sha256", "rights"}:
        raise InputError(f"{where} needs 'name', 'sha256' and 'rights'", hint=_EXAMPLE)
    if not isinstance(one["sha256"], str) or not _HASH.fullmatch(one["sha256"]):
        raise InputError(f"'sha256' in {where} is no SHA-256 in hexadecimal digits", hint="never the token itself")
    rights = one["rights"]
    if not isinstance(rights, dict) or not rights or set(rights.values()) - {"read", "write"}:
        raise InputError(f"'rights' in {where} are patterns with 'read' or 'write'", hint=_EXAMPLE)
    return one["sha256"], Caller(str(one["name"]), {str(pattern): right for pattern, right in rights.items()})

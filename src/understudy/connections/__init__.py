"""Connections: a URL opens a Dataset that can also be written.  ``CONNECTIONS`` says which schemes there are."""

from __future__ import annotations

import re
from collections.abc import Callable

from understudy.errors import InputError, unknown
from understudy.interfaces import Connection


def _postgres(url: str) -> Connection:
    try:
        from understudy.connections.postgres.read import Postgres
    except ImportError as error:
        raise InputError(f"PostgreSQL needs {error.name}", hint="pip install understudy") from error
    return Postgres(url)


def _folder(url: str) -> Connection:
    from understudy.connections.folder import Folder

    return Folder(url.removeprefix("folder:"))


CONNECTIONS: dict[str, Callable[[str], Connection]] = {
    "postgresql": _postgres,
    "postgres": _postgres,
    "folder": _folder,
}
"""What opens the URLs of each scheme; assign to it to add one."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")  # two letters at least: one is a drive
_PAIRS = re.compile(r"\b(host|hostaddr|dbname|user|password|service|port)\s*=", re.IGNORECASE)


def connect(url: str) -> Connection:
    """The Connection a URL names; a text without a scheme is the path of a folder.

    Nothing is opened yet.  Raises an InputError, with a close match, for a scheme that is not known.
    """
    scheme = _SCHEME.match(url)
    if scheme is not None:
        name = scheme.group(1).lower()
        if name not in CONNECTIONS:
            raise unknown("connection scheme", name, CONNECTIONS)
        return CONNECTIONS[name](url)
    if not url.strip():
        raise InputError("the URL of a connection is empty", hint="give postgresql://user@host/database or a folder")
    if _PAIRS.search(url):
        raise InputError(
            f"{redact(url)} is not a URL", hint="write it as postgresql://user@host:5432/database?sslmode=require"
        )
    return CONNECTIONS["folder"](url)


_IN_URL = re.compile(r"(://[^:@/?#]*):.*@", re.DOTALL)  # to the last @, since a password may hold one unescaped
_NAMED = re.compile(
    r"""((?:password|passwd|pwd|secret|token|key|passphrase)\w*\s*=\s*)('(?:\\.|[^'\\])*'?|[^\s&;]+)""", re.IGNORECASE
)


def redact(url: str) -> str:
    """A URL or a key=value text to print: every password in it is replaced by ``***``."""
    return _NAMED.sub(r"\1***", _IN_URL.sub(r"\1:***@", url))

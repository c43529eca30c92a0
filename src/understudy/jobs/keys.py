"""Where a key comes from: the environment, a file or standard input; never the command line, which others can see."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

from understudy.connections.files.columnar import about
from understudy.connections.folder import MANIFEST
from understudy.errors import InputError
from understudy.transforms import Key

USUAL = "UNDERSTUDY_KEY"
"""The environment variable that holds the key, where nothing else is said."""

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


def key_from(place: str = "") -> Key:
    """The key that stands in an environment variable (``NAME`` or ``env:NAME``), in a file, or on stdin (``-``)."""
    place = place or USUAL
    if place.lower().startswith("uk1_"):
        hint = "put it into an environment variable or a file, and name that"
        raise InputError("a key was given on the command line, where other users can see it", hint=hint)
    if place == "-":
        return Key.parse(sys.stdin.readline())
    if place.startswith("env:") or _VARIABLE.fullmatch(place):
        name = place.removeprefix("env:")
        if name not in os.environ:
            raise InputError(f"the environment variable {name} is not set", hint=f"export {name}=$(understudy key new)")
        return Key.parse(os.environ[name])
    path = Path(place.removeprefix("file:"))
    try:
        return Key.parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"key file {str(path)!r} cannot be read ({type(error).__name__})") from None


def key_of(output: Path) -> str:
    """The id of the key behind an output: a Parquet file, a published folder, a run's folder, a report."""
    if output.is_dir():
        for inner in (output / MANIFEST, output / "report.json"):
            if inner.is_file():
                return key_of(inner)
        raise InputError(f"{str(output)!r} tells no key", hint=f"a folder tells it in {MANIFEST}, or in report.json")
    if not output.is_file():
        raise InputError(f"there is no file {str(output)!r}")
    if output.suffix == ".json":
        return _told(output)
    found = about(str(output)).get("key")
    if found is None:
        hint = "Parquet files carry it; of others, ask the report that `--report` wrote"
        raise InputError(f"{str(output)!r} tells no key", hint=hint)
    return found


def _told(output: Path) -> str:
    try:
        document = json.loads(output.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(f"{str(output)!r} is no JSON document") from None
    for told in (document, document.get("extras", {})):
        found = told.get("key") or told.get("key_id")
        if isinstance(found, str):
            return found
    raise InputError(f"{str(output)!r} tells no key")

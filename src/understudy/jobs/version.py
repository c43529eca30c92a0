"""Which code made a result: the package's version, its git commit where there is one, and what it stood on."""

from __future__ import annotations

import hashlib
import re
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path


@cache
def code_version() -> str:
    """``0.1.0``, or ``0.1.0+<commit>`` in a checkout, with ``.dirty-<digest>`` where files differ from the commit."""
    version = metadata.version("understudy")
    root = Path(__file__).parents[3]
    if not (root / ".git").exists():
        return version
    commit = _git(root, "rev-parse", "--short=12", "HEAD")
    if not commit:
        return version
    changed = _git(root, "diff", "HEAD", "--", "src")
    dirty = f".dirty-{hashlib.sha256(changed.encode()).hexdigest()[:8]}" if changed else ""
    return f"{version}+{commit}{dirty}"


def _git(root: Path, *words: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


@cache
def dependency_versions() -> dict[str, str]:
    """The installed version of every package Understudy needs to run."""
    needed = metadata.requires("understudy") or []
    names = [re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in needed if "extra ==" not in line]
    return {name: metadata.version(name) for name in sorted(names)}

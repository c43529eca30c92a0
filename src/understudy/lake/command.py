"""Checks and commands of the user over one state of a lake; commands are told where by their environment."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from understudy.errors import Error, InputError
from understudy.interfaces import Result
from understudy.lake.lake import Lake

LakeCheck = Callable[[Lake, str], Iterable[Result]]
"""One question about a state of a lake, named by a reference."""


def environment(lake: Lake, ref: str) -> dict[str, str]:
    """UNDERSTUDY_LAKE, UNDERSTUDY_CATALOG (where its store is) and UNDERSTUDY_REF, which is LAKE_REF too."""
    folder = lake.location if "://" in lake.location else str(Path(lake.location).absolute())
    return {
        **os.environ,
        "UNDERSTUDY_LAKE": folder,
        "UNDERSTUDY_CATALOG": lake.store.database.url,
        "UNDERSTUDY_REF": ref,
        "LAKE_REF": ref,
    }


def run(lake: Lake, ref: str, argv: Sequence[str]) -> int:
    """Run a command on a state; its exit status, negative where a signal ended it."""
    try:
        return subprocess.run(argv, env=environment(lake, ref), check=False).returncode
    except OSError as error:
        raise InputError(f"{argv[0]!r} cannot be run: {error.strerror}") from error


def by_command(argv: Sequence[str], name: str = "") -> LakeCheck:
    """A check that passes where a command ends with 0."""
    called = name or shlex.join(argv)

    def check(lake: Lake, ref: str) -> Iterable[Result]:
        code = run(lake, ref, argv)
        detail = f"exit status {code}" if code >= 0 else f"ended by signal {-code}"
        return [Result(called, ref, "fail" if code else "pass", value=code, limit=0, detail=detail if code else "")]

    check.__name__ = called
    return check


def ask(lake: Lake, ref: str, checks: Iterable[LakeCheck]) -> list[Result]:
    """The answers of checks about a state; one that raises, or answers nothing, counts as one that could not run."""
    results: list[Result] = []
    for check in checks:
        name = getattr(check, "__name__", type(check).__name__)
        before = len(results)
        try:
            results.extend(check(lake, ref))  # what it answered before it broke stays
        except Exception as error:  # whatever it is, nothing may be published on a check that did not run
            reason = error.message if isinstance(error, Error) else type(error).__name__
            results.append(Result(name, "the check itself", "error", detail=f"could not run: {reason}"))
        if len(results) == before:
            results.append(Result(name, "the check itself", "error", detail="answered nothing"))
    return results

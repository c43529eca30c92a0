"""Run checks over a result; one that cannot run blocks like one that fails."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from understudy.errors import Error
from understudy.interfaces import Check, Dataset, Progress, Result

_AT_ONCE = 2
"""Checks that run side by side: each streams the result by itself, and memory is bounded per check."""


def run_checks(
    checks: Mapping[str, Check], real: Dataset, made: Dataset, *, progress: Progress | None = None
) -> list[Result]:
    """The results of every check, by name; a check that raises adds a Result with the verdict ``error``."""
    results: list[Result] = []
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="check") as threads:
        answers = threads.map(lambda name: _answers(name, checks[name], (real, made)), checks)
        for number, (name, found) in enumerate(zip(checks, answers, strict=True), start=1):
            results.extend(found)
            if progress is not None:
                progress("check", name, number, len(checks))
    return results


def _answers(name: str, check: Check, pair: tuple[Dataset, Dataset]) -> list[Result]:
    found: list[Result] = []
    try:
        found.extend(check(*pair))  # what it answered before it broke stays
    except Exception as error:  # whatever it is, nothing may be published on a check that did not run
        found.append(Result(name, "the check itself", "error", detail=f"could not run: {_reason(error)}"))
    return found


def passed(results: Iterable[Result]) -> bool:
    """Whether nothing failed and nothing was left unasked."""
    return not any(result.verdict in ("fail", "error") for result in results)


def _reason(error: Exception) -> str:
    """What went wrong without any data: messages of libraries may quote values, those of Understudy never do."""
    if isinstance(error, Error):
        return error.message
    frames = traceback.extract_tb(error.__traceback__)
    last = next((frame for frame in reversed(frames) if "site-packages" not in frame.filename), frames[-1])
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"

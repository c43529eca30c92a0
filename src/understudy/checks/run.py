"""Run checks over a result; one that cannot run blocks like one that fails."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path

from understudy.errors import Error
from understudy.interfaces import Check, Dataset, Progress, Result


def run_checks(
    checks: Mapping[str, Check], real: Dataset, made: Dataset, *, progress: Progress | None = None
) -> list[Result]:
    """The results of every check, by name; a check that raises adds a Result with the verdict ``error``."""
    results: list[Result] = []
    for number, (name, check) in enumerate(checks.items(), start=1):
        try:
            results.extend(check(real, made))
        except Exception as error:  # whatever it is, nothing may be published on a check that did not run
            results.append(Result(name, "the check itself", "error", detail=f"could not run: {_reason(error)}"))
        if progress is not None:
            progress("check", name, number, len(checks))
    return results


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

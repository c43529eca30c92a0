"""Merge gates: which checks must have passed on exactly what a branch is about to hold.

Answers are kept by the tree's hash, so that content which has passed is never asked again, on any branch.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from understudy.errors import CheckFailed, InputError
from understudy.interfaces import Result
from understudy.lake.command import LakeCheck, ask, by_command
from understudy.lake.lake import Lake
from understudy.lake.nouns import Commit

_SETTING = "gate "


@dataclass(frozen=True, order=True, slots=True)
class Gate:
    """A check that must have passed before a branch of such a name takes a merge."""

    pattern: str
    """Branches, as ``main`` or ``release/*``."""
    check: str
    """What the check's results call it."""
    command: tuple[str, ...] = ()
    """What runs it; empty where its results are recorded by a job."""


def listed(lake: Lake, branch: str | None = None) -> list[Gate]:
    """All gates, or those before one branch."""
    found = []
    for name, value in lake.store.settings().items():
        if name.startswith(_SETTING):
            pattern, check = json.loads(name.removeprefix(_SETTING))
            if branch is None or fnmatchcase(branch, pattern):
                found.append(Gate(pattern, check, tuple(json.loads(value))))
    return sorted(found)


def add(lake: Lake, gate: Gate) -> None:
    """Put a gate before branches; one of the same check and pattern is replaced."""
    with lake.store.writing() as writing:
        writing.set(_setting(gate.pattern, gate.check), json.dumps(gate.command))


def remove(lake: Lake, pattern: str, check: str) -> None:
    """Take a gate away."""
    with lake.store.writing() as writing:
        if not writing.unset(_setting(pattern, check)):
            known = ", ".join(f"{gate.pattern} {gate.check}" for gate in listed(lake)) or "there are none"
            raise InputError(f"there is no gate {check!r} before {pattern!r}", hint=known)


def record(lake: Lake, commit: Commit, results: Iterable[Result]) -> None:
    """Remember what checks found of all that a commit holds; one bad answer makes a check one that failed."""
    verdicts: dict[str, bool] = {}
    for result in results:
        verdicts[result.check] = verdicts.get(result.check, True) and result.verdict not in ("fail", "error")
    with lake.store.writing() as writing:
        writing.put_verdicts(commit.tree, verdicts)


def passed(lake: Lake, tree: str, gate: Gate) -> bool:
    """Whether exactly this content has passed a gate."""
    return lake.store.verdicts(tree).get(gate.check, False)


def require(lake: Lake, branch: str, tree: str) -> None:
    """Raise a CheckFailed that names what is missing before a branch may hold this content."""
    ref = lake.store.ref(branch)
    gates = [] if ref is not None and ref.kind == "transaction" else listed(lake, branch)  # asked when it is published
    verdicts = lake.store.verdicts(tree) if gates else {}
    told = [
        f"{gate.check} {'failed' if gate.check in verdicts else 'was not asked'}"
        for gate in gates
        if not verdicts.get(gate.check, False)
    ]
    if told:
        raise CheckFailed(
            f"{branch!r} takes only what has passed its gates: {', '.join(told)}",
            hint=f"merge {branch} into your branch, then `understudy gate run YOUR-BRANCH --into {branch}`",
        )


def run(lake: Lake, text: str, into: str) -> list[Result]:
    """Ask of a state what the gates before a branch want to know and have not been told; what was found is kept."""
    commit = lake.head(text)
    known = lake.store.verdicts(commit.tree)
    checks: list[LakeCheck] = [
        by_command(gate.command, gate.check)
        for gate in listed(lake, into)
        if gate.command and not known.get(gate.check, False)
    ]
    results = ask(lake, f"@{commit.hash}", checks)
    record(lake, commit, results)
    return results


def _setting(pattern: str, check: str) -> str:
    return _SETTING + json.dumps([pattern, check])


def failed(results: Sequence[Result]) -> list[str]:
    """What did not pass, each as check and subject."""
    return [f"{one.check} ({one.subject})" for one in results if one.verdict in ("fail", "error")]

"""Which rule a column should get, from what detection tells of it; whatever is not sure is left to a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ruamel.yaml import YAML

from understudy import transforms
from understudy.detect import KEPT, Finding, Survey
from understudy.errors import InputError
from understudy.interfaces import Rule
from understudy.schema import Column, Schema, Table

UNDECIDED = "decide"
"""What stands in a job file where no rule is sure to be right; a run refuses until a person replaces it."""

_FALLBACKS = ("key", "token")
"""What a personal column gets where none of its own rules fits: it stays unique, and tells nothing."""

_SHOWN = 3
"""Most pieces of evidence in the comment of one column."""


@dataclass(frozen=True)
class Guess:
    """A rule as it is written in the job file, and why."""

    rule: str
    why: str


def guesses(schema: Schema, survey: Survey, table: Table, column: Column) -> tuple[Guess, ...]:
    """The rules a column may get, the best first; the last one always fits, and it is ``decide`` unless it is a key's.

    A finding gets the rules of its entity.  ``keep`` is for keys of a kind that cannot be permuted and for what
    detection calls harmless (see ``detect.harmless``); everything else is to be decided.
    """
    findings = survey.of(table.name, column.name)
    found = [finding for finding in findings if finding.found and finding.entity != "person_key"]
    if found:
        own = [finding for finding in found if not finding.path and not finding.key] or found
        return (*filter(_known, _personal(own)), Guess(UNDECIDED, _told(found)))
    if column.name in table.row_key or _referenced(schema, table, column):
        return (_key(column),)
    if any(finding.entity == "person_key" and finding.found for finding in findings):
        return (Guess("key", _told(findings)), Guess(UNDECIDED, _told(findings)))
    if findings:
        return (Guess(UNDECIDED, f"perhaps {_told(findings)}"),)
    why = survey.harmless.get((table.name, column.name), "")
    if why:
        return (Guess("keep", why),)
    return (Guess(UNDECIDED, "nothing tells what it holds"),)


def parsed(rule: str) -> Rule:
    """The rule in a text of YAML; an InputError where there is no such rule."""
    return transforms.parse_rule(YAML(typ="safe", pure=True).load(rule))


def _known(guess: Guess) -> bool:
    """Whether there is such a rule here."""
    try:
        parsed(guess.rule)
    except InputError:
        return False
    return True


def _referenced(schema: Schema, table: Table, column: Column) -> bool:
    return any(column.name in key.parent_columns for key in schema.children(table.name))


def _key(column: Column) -> Guess:
    if column.kind in ("integer", "uuid") or (column.kind == "text" and not column.as_text):
        return Guess("key", "identifies a row: permuted, so that keys stay unique and agree everywhere")
    if column.kind in ("enum", "boolean", "date", "timestamp", "time"):
        return Guess("keep", f"{column.kind} inside a key")
    return Guess(UNDECIDED, f"{column.native_type} inside a key")


def _personal(found: Sequence[Finding]) -> tuple[Guess, ...]:
    """The rules of findings in one column: of the column itself, or of the parts of its values together."""
    first = found[0]
    if first.key:
        return (Guess(_by_key(found), _told(found)),)
    if first.path and first.path != "[*]":
        return (Guess(_by_path(found), _told(found)),)
    return tuple(Guess(rule, _told(found)) for rule in (*first.rules, *_FALLBACKS))


def _by_key(found: Sequence[Finding]) -> str:
    """A rule for every key of a table of keys and values; what stands under any other key is redacted."""
    column = found[0].key.partition("=")[0]
    cases = ", ".join(f"{_quoted(one.key.partition('=')[2])}: {_first(one)}" for one in found)
    return f"{{switch: {{on: {_quoted(column)}, cases: {{{cases}}}, default: redact}}}}"


def _by_path(found: Sequence[Finding]) -> str:
    """A rule for every path inside documents; what stands at any other, or at one that no row showed, is redacted."""
    paths = ", ".join(f"{_quoted(one.path)}: {_first(one)}" for one in found)
    return f"{{json: {{{paths}}}, default: redact}}"


def _first(finding: Finding) -> str:
    """The first rule of a finding that there is."""
    return next((rule for rule in finding.rules if _known(Guess(rule, ""))), "redact")


def _quoted(name: str) -> str:
    return name if name.isidentifier() else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _told(found: Sequence[Finding]) -> str:
    """What was found, how sure that is and why; inside documents and keyed rows, where."""
    first = found[0]
    if first.path and first.path != "[*]":
        return "documents hold " + ", ".join(f"{_summary(one)} at {one.path}" for one in found[:_SHOWN])
    if first.key:
        return "rows hold " + ", ".join(f"{_summary(one)} where {one.key}" for one in found[:_SHOWN])
    return f"{_summary(first)} ({first.confidence:.2f}): {'; '.join(first.evidence[:_SHOWN])}"


def _summary(finding: Finding) -> str:
    return KEPT[finding.entity].summary if finding.entity in KEPT else finding.entity

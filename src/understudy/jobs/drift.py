"""The drift gate: whether a source is still what its job was reviewed for, in structure and in sampled content.

New columns are refused by the plan, for they have no rule.  Here it is asked what else may have gone
unnoticed: a changed type or key, a kept column that holds personal values by now, a rule that does not
fit the values any more.  Sampled rows never leave memory, and no message shows one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pyarrow as pa

from understudy import detect, transforms
from understudy.detect.catalogue import summary
from understudy.detect.fields import Values
from understudy.errors import Error, InputError, unknown
from understudy.interfaces import Progress, Refusal, Result, Rule, Snapshot
from understudy.jobs.planning import Plan
from understudy.jobs.reviewed import changes, reviewed
from understudy.schema import Table

ANYTHING = "anything"
"""What a kept column is said to hold where nothing found in it is to be told any more."""

_ENOUGH = 10
"""Values from which on it tells something that none of them is what its rule is for."""


@dataclass(frozen=True)
class Drift:
    """What is not as it was reviewed."""

    refusals: tuple[Refusal, ...]
    notes: tuple[str, ...] = ()


def structure(plan: Plan) -> tuple[Refusal, ...]:
    """Where the source's tables, columns and keys differ from what the job remembers; nothing is read."""
    then = reviewed(plan.file.path)
    return () if then is None else tuple(changes(then, plan.schema, plan.file.path.name))


def content(plan: Plan, snapshot: Snapshot, *, progress: Progress | None = None) -> Drift:
    """Where sampled values do not fit the job."""
    own = [detect.recognizer(one) for one in plan.file.job.detect.recognizers]
    take = detect.Sampler(snapshot)
    unfit: list[Refusal] = []

    def sample(table: Table) -> pa.Table | None:
        """The kept columns: what is masked, detection judges by its name alone."""
        rows = take(table)
        if rows is None:
            return None
        unfit.extend(_unfit(plan, table, rows))
        return rows.select([name for name in rows.column_names if _is_kept(plan, table, name)])

    filled = replace(plan.schema, tables=plan.tables)
    found = detect.detect(filled, sample, recognizers=own, progress=progress)
    entities = {*detect.KEPT, *(finding.entity for finding in found), ANYTHING}
    refusals = [*_misnamed(plan, entities), *_personal(plan, found), *unfit]
    unseen = [f"the values of {name} were not looked at: {why}" for name, why in take.skipped.items()]
    return Drift(tuple(refusals), (*_quasi(plan, found), *unseen))


def gate(plan: Plan, snapshot: Snapshot, *, progress: Progress | None = None) -> list[Result]:
    """Refuse a run whose source has drifted; what the job only wants to be told comes back as notes."""
    wanted = plan.file.job.checks.drift
    found = content(plan, snapshot, progress=progress).refusals if wanted != "off" else ()
    refusals = [*structure(plan), *(found if wanted == "fail" else ())]
    if refusals:
        name = plan.file.path.name
        shown = "\n".join(f"  {refusal}" for refusal in refusals[:25])
        more = f"\n  ... and {len(refusals) - 25} more" if len(refusals) > 25 else ""
        message = f"the source is not what {name} was reviewed for; nothing was written:\n{shown}{more}"
        raise InputError(message, hint=f"mend these in {name}; `understudy check` shows them all")
    return [Result("drift", one.subject, "note", detail=one.reason) for one in found]


def _is_kept(plan: Plan, table: Table, column: str) -> bool:
    rule = plan.rules.get((table.name, column))
    return rule is not None and rule.name == "keep"


def _holds(rule: Rule) -> frozenset[str]:
    """What a person knows a kept column to hold."""
    return frozenset(word.strip() for word in str(rule.options.get("holds") or "").split(",")) - {""}


def _misnamed(plan: Plan, entities: set[str]) -> Iterator[Refusal]:
    for (table, column), rule in plan.rules.items():
        for word in sorted(_holds(rule) - entities) if rule.name == "keep" else ():
            error = unknown("entity", word, entities)
            yield Refusal(f"{table}.{column}", error.message, error.hint)


def _personal(plan: Plan, found: tuple[detect.Finding, ...]) -> Iterator[Refusal]:
    """Kept columns that hold personal values nobody said they know of."""
    for one in found:
        if one.sensitivity == "quasi" or not _unknown(plan, one):
            continue
        name = f"{one.table}.{one.column}"
        rule = f"{{json: {{'{one.path}': {one.rule}}}}}" if one.path.startswith("$") else one.rule or "redact"
        why = f"is kept, and holds {summary(one.entity)}{f' at {one.path}' if one.path else ''}: {one.evidence[0]}"
        yield Refusal(name, why, f"add `{name}: {rule}`, or `{name}: {{keep: {one.entity}}}` to keep it knowingly")


def _quasi(plan: Plan, found: tuple[detect.Finding, ...]) -> Iterator[str]:
    """One sentence for all kept columns that lead to a person only with others of their kind."""
    kept = [one.place for one in found if one.sensitivity == "quasi" and _unknown(plan, one)]
    if kept:
        shown = ", ".join(kept[:12]) + (f" and {len(kept) - 12} more" if len(kept) > 12 else "")
        yield f"kept, and together they may lead to a person: {shown}"


def _unknown(plan: Plan, one: detect.Finding) -> bool:
    """Whether a finding stands in a kept column, and nobody said they know."""
    rule = plan.rules.get((one.table, one.column))
    if rule is None or rule.name != "keep" or one.entity == "person_key":
        return False
    return not {one.entity, ANYTHING} & _holds(rule)


def _unfit(plan: Plan, table: Table, rows: pa.Table) -> Iterator[Refusal]:
    """Rules that do not fit sampled values: they fail on them, or none is what the rule is for."""
    rules = plan.rules_of(table.name)
    for name, rule in rules.items():
        if name not in rows.column_names or rule.name == "keep":
            continue
        values = Values.of(rows.column(name).combine_chunks())
        reason = _unlike(rule, values) or _failing(plan, table, {name: rule}, rows)
        if reason:
            hint = "choose the rule anew, or `checks: {drift: note}` to go on"
            yield Refusal(f"{table.name}.{name}", f"`{rule}` does not fit its values: {reason}", hint)


def _unlike(rule: Rule, values: Values) -> str:
    """Why values are not what a rule is for, if none of them is."""
    looks = detect.KEPT[rule.name].looks if rule.name in detect.KEPT else ""
    if not looks or values.rows < _ENOUGH or values.match(looks) > 0:
        return ""
    return f"none of {values.rows:,} sampled ones looks like {summary(rule.name)}"


def _failing(plan: Plan, table: Table, rules: Mapping[str, Rule], rows: pa.Table) -> str:
    """What a rule says when it is tried on sampled rows, under a key that is forgotten at once."""
    needed = {*rules, *transforms.needs(table, rules)}
    if not needed <= set(rows.column_names):
        return ""
    key = transforms.Key.parse(transforms.Key.new())
    try:
        transform = transforms.compile(table, rules, key=key, domains=plan.domains)
    except InputError:  # it needs more than some rows
        return ""
    try:
        for batch in rows.select(sorted(needed)).to_batches():
            transform(batch)
    except Error as error:
        return error.message
    return ""

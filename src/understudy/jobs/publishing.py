"""What becomes of a run's rows in the lake: a commit on the job's branch, or a branch of what did not pass."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from understudy.connections import redact
from understudy.connections.folder import Folder
from understudy.connections.postgres.scrub import scrub_schema
from understudy.errors import InputError
from understudy.interfaces import Connection, Ddl, Result
from understudy.jobs.planning import Plan
from understudy.jobs.record import Facts, report_of
from understudy.jobs.spec import Job, JobFile, resolve
from understudy.jobs.version import code_version, dependency_versions
from understudy.lake import Lake, Moved, gates
from understudy.lake.lake import node
from understudy.lake.nouns import Commit
from understudy.lake.transaction import KEEP, expire

if TYPE_CHECKING:
    from understudy.lake.writing import Publication

ASIDE = "run/"
"""How branches of results that were not published are called: ``run/<id>``."""
_PERSONAL = ("leaks", "privacy")
APPROVAL_DAYS = 30.0
"""For which a result waits for a person."""


def open_lake(file: JobFile) -> Lake:
    """The job's lake, made where there is none yet."""
    return Lake.open(file.lake, catalog=resolve(file.job.catalog, "catalog"), create=True)


def settle(lake: Lake, plan: Plan) -> Publication:
    """Where the result will go; its structure tells no values of the columns that change."""
    from understudy.lake.writing import Publication

    expire(lake)
    return Publication(lake, plan.file.job.into, plan.file.name, scrub_schema(plan.schema, plan.changed))


def publish(where: Publication, stage: Folder, facts: Facts, source: Connection, ddl: Ddl | None) -> Commit:
    """Publish a result that passed, in one commit; an InputError where others changed its tables meanwhile.

    Then the result is kept on a branch of its own, to be merged.
    """
    taken, extras = where.take(stage), _extras(facts, source, ddl)
    meta, nodes = _meta(facts)
    message = f"run {facts.run} of {facts.plan.file.name}"
    try:
        commit = where.commit(taken, extras, message=message, meta=meta, nodes=nodes)
    except Moved as moved:
        branch = _aside(where, facts)
        where.commit(taken, extras, message=message, meta=meta, nodes=nodes, branch=branch)
        raise InputError(
            f"{moved.message} while the run went on, so its result is on {branch!r}",
            hint=f"`understudy merge {branch} --into {where.branch} --from-aborted --dry-run` shows what differs",
        ) from moved
    gates.record(where.lake, commit, facts.results)
    return commit


def set_aside(where: Publication, stage: Folder, facts: Facts, source: Connection, ddl: Ddl | None) -> str:
    """Keep a result that did not pass on a branch of its own, marked as such, for a week; the branch's name.

    Not one in which personal values were found, or looked for in vain: its rows are gone with the run.
    """
    if any(one.check in _PERSONAL and one.verdict in ("fail", "error") for one in facts.results):
        return ""
    meta, nodes = _meta(facts)
    branch = _aside(where, facts)
    message = f"run {facts.run} of {facts.plan.file.name}: {_failed(facts.results)} failed"
    commit = where.commit(
        where.take(stage), _extras(facts, source, ddl), message=message, meta=meta, nodes=nodes, branch=branch
    )
    where.lake.mark([commit.hash], "aborted")
    return branch


def hold(where: Publication, stage: Folder, facts: Facts, source: Connection, ddl: Ddl | None) -> str:
    """Keep a result that passed on a branch of its own until a person approves it; the branch's name."""
    meta, nodes = _meta(facts)
    name, told = ASIDE + facts.run, {"into": where.branch, "message": "", "meta": {}}
    expires = time.time() + APPROVAL_DAYS * 86_400
    where.lake.make_ref(name, "transaction", "@" + where.base, expires=expires, meta=told)
    message = f"run {facts.run} of {facts.plan.file.name}"
    commit = where.commit(
        where.take(stage), _extras(facts, source, ddl), message=message, meta=meta, nodes=nodes, branch=name
    )
    gates.record(where.lake, commit, facts.results)
    return name


def _aside(where: Publication, facts: Facts) -> str:
    name, told = ASIDE + facts.run, {"into": where.branch, "message": "", "meta": {"run": facts.run}}
    expires = time.time() + KEEP
    where.lake.make_ref(name, "transaction", "@" + where.base, expires=expires, meta=told, from_aborted=True)
    return name


def _failed(results: Sequence[Result]) -> str:
    return ", ".join(sorted({one.check for one in results if one.verdict in ("fail", "error")}))


def _extras(facts: Facts, source: Connection, ddl: Ddl | None) -> dict[str, Any]:
    """What the copy needs to be used again: the job, where it came from, the key's id, table definitions."""
    return {
        "job": shown(facts.plan.file.job),
        "place": source.place(),
        "key": facts.key_id,
        **({"ddl": asdict(ddl)} if ddl else {}),
    }


def _meta(facts: Facts) -> tuple[dict[str, Any], Mapping[str, bytes]]:
    """What makes a commit traceable, and the report to keep with it."""
    name, kept = node(report_of(facts).json())
    meta = {
        "run": facts.run,
        "job": facts.plan.file.name,
        "source": facts.plan.schema.identity,
        "position": facts.position,
        "key": facts.key_id,
        "code": code_version(),
        "dependencies": dependency_versions(),
        "report": name,
    }
    return meta, kept


def shown(job: Job) -> str:
    """A job without the secrets that may be written into it, as JSON: YAML that plans the same."""
    plain = job.model_dump(mode="json")
    plain["source"] = redact(job.source)
    plain["catalog"] = redact(job.catalog)
    plain["key"] = job.key if job.key.startswith("${") else "***"
    plain["load"] = [{**spec.model_dump(mode="json"), "to": redact(spec.to)} for spec in job.load]
    return json.dumps(plain, ensure_ascii=False)

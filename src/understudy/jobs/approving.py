"""`approve`: a person publishes a result that passed its checks and waited, and loads the job's destinations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from understudy.errors import InputError
from understudy.interfaces import Progress, Result
from understudy.jobs.loading import load as load_published
from understudy.jobs.publishing import open_lake
from understudy.jobs.record import Finished, report
from understudy.jobs.spec import load_job
from understudy.lake import gates
from understudy.lake.transaction import publish

APPROVAL = "approval"
"""How merge gates know that a person approved: `understudy gate add main approval`."""


def approve(path: Path, run: str = "", *, load: bool = True, progress: Progress) -> Finished:
    """Publish a result that waits for approval, the latest where none is named; then load the job's destinations.

    Who approves is recorded with the lake's author.  An InputError where the run waits for nobody.
    """
    file = load_job(path)
    finished = report(path, run=run)
    if not finished.waiting:
        known = "it was published already" if finished.commit else "its checks did not pass"
        raise InputError(f"run {finished.report.run} waits for no approval: {known}", hint="`understudy run JOB` first")
    lake = open_lake(file)
    try:
        person = Result(APPROVAL, finished.report.run, "pass", detail=f"approved by {lake.author}")
        gates.record(lake, lake.head(finished.branch), [person])
        commit = publish(lake, finished.branch)
    finally:
        lake.close()
    told = replace(finished.report, results=(*finished.report.results, person))
    published = replace(finished, report=told, commit=commit.hash, branch=file.job.into, waiting=False)
    published.write()
    if load and file.job.load:
        rows = load_published(path, run=finished.report.run, progress=progress)
        published = replace(published, loaded={url: {"all tables": count} for url, count in rows.items()})
        published.write()
    return published

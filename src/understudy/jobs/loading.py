"""`load`: a published result into a destination, again and again, without the source."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from understudy.connections import connect, redact
from understudy.connections.folder import Folder
from understudy.errors import InputError, unknown
from understudy.interfaces import Mode, Progress
from understudy.jobs.spec import LoadSpec, load_job, resolve
from understudy.jobs.store import find_run


def load(path: Path, *, to: str = "", mode: Mode = "create", run: str = "", progress: Progress) -> dict[str, int]:
    """Load a run's result into ``to``, or into the job's own destinations; rows by destination.

    The files are verified against their recorded hashes first.  The source is not needed, and refused
    as a destination.
    """
    file = load_job(path)
    if mode not in get_args(Mode):
        raise unknown("mode", mode, get_args(Mode))
    wanted = [LoadSpec(to=to, mode=mode)] if to else file.job.load
    if not wanted:
        raise InputError(f"{path.name} names no destination", hint="add `load:` to it, or say `--to URL`")
    folder = find_run(file.lake, run)
    if not folder.data.exists():
        raise InputError(f"run {folder.id} published nothing", hint=f"see {folder.page}")
    result = Folder(folder.data)
    result.verify()
    loaded: dict[str, int] = {}
    for spec in wanted:
        destination = connect(resolve(spec.to, "load.to"))
        if destination.place() == result.extras["place"]:
            raise InputError(f"the destination {redact(destination.url)} is the source itself")
        rows = destination.load(
            result, mode=spec.mode, ddl=result.ddl() if "ddl" in result.extras else None, progress=progress
        )
        loaded[redact(destination.url)] = sum(rows.values())
    return loaded

"""Loading: a run's result while it is still checked, and a published one again and again, without the source."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import get_args

from understudy.connections import connect, redact
from understudy.errors import Error, InputError, unknown
from understudy.interfaces import Connection, Dataset, Ddl, Mode, Progress
from understudy.jobs.publishing import open_lake
from understudy.jobs.spec import JobFile, LoadSpec, load_job, resolve
from understudy.jobs.store import find_run
from understudy.lake import connection
from understudy.lake.connection import SCHEME, Branch
from understudy.lake.lake import refuse_tainted
from understudy.schema import TableName

Rows = Mapping[TableName, int]

_WITHHELD = "the result was not published, so nothing was loaded"


@dataclass(frozen=True)
class Destination:
    """Where a result goes, and how."""

    connection: Connection
    mode: Mode

    @property
    def name(self) -> str:
        """Its URL without a password."""
        return redact(self.connection.url)


@dataclass
class _Underway:
    """One load that goes on in a thread of its own."""

    written: Event = field(default_factory=Event)
    """All rows were sent, or the load failed."""
    rows: Future[Rows] = field(default_factory=Future)


class Loading:
    """Loads of a staged result that go on while it is checked; what they wrote is shown only after ``show``.

    Left without ``show`` (a check failed, something was raised), every destination is as it was before.
    """

    def __init__(self, destinations: tuple[Destination, ...], made: Dataset, ddl: Ddl | None, progress: Progress):
        self._made, self._ddl, self._progress = made, ddl, progress
        self._verdict: Future[bool] = Future()
        self._threads = ThreadPoolExecutor(max(len(destinations), 1), thread_name_prefix="load")
        self._underway = {one: _Underway() for one in destinations}
        self._began = time.monotonic()
        for one, load in self._underway.items():
            load.rows = self._threads.submit(self._load, one, load.written)

    def _load(self, destination: Destination, written: Event) -> Rows:
        def ready() -> None:
            written.set()
            if not self._verdict.result():
                raise Error(_WITHHELD)

        try:
            return destination.connection.load(
                self._made, mode=destination.mode, ddl=self._ddl, progress=self._told, ready=ready
            )
        finally:
            written.set()

    def _told(self, step: str, subject: str, done: int, total: int | None) -> None:
        """Progress of a load, which ends here, in its midst, once it is known to be in vain."""
        if self._verdict.done() and not self._verdict.result():
            raise Error(_WITHHELD)
        self._progress(step, subject, done, total)

    def wait(self) -> None:
        """Return when no load reads the result any more."""
        for load in self._underway.values():
            load.written.wait()

    def withhold(self) -> None:
        """Undo what was written; returns when no load reads the result any more."""
        self._verdict.set_result(False)
        self.wait()

    def show(self) -> dict[Destination, Rows | Error]:
        """Let every destination show what was written; the rows of each by table, or why it has none."""
        self._verdict.set_result(True)
        found: dict[Destination, Rows | Error] = {}
        for one, load in self._underway.items():
            try:
                found[one] = load.rows.result()
            except Error as error:
                found[one] = error
        return found

    @property
    def seconds(self) -> float:
        """How long ago the loads began."""
        return time.monotonic() - self._began

    def __enter__(self) -> Loading:
        return self

    def __exit__(self, *raised: object) -> None:
        if not self._verdict.done():
            self._verdict.set_result(False)
        self._threads.shutdown(wait=True)


def load(
    source: Path | str, *, to: str = "", mode: Mode = "create", run: str = "", ref: str = "", progress: Progress
) -> dict[str, int]:
    """Load a published result into ``to``, or into the job's own destinations; rows by destination.

    ``source`` is a job file, whose branch is loaded, or what ``run`` published, or any ``ref`` of its lake; or it is
    ``lake:REF``.  Files are verified against their recorded hashes first.  The database that was copied is not needed,
    and refused as a destination, and so is a state whose checks have not passed.
    """
    if mode not in get_args(Mode):
        raise unknown("mode", mode, get_args(Mode))
    wanted = [LoadSpec(to=to, mode=mode)] if to else []
    if str(source).startswith(SCHEME):
        result = connection.connect(str(source))
    else:
        file = load_job(Path(source))
        result = result_of(file, run=run, ref=ref)
        wanted = wanted or list(file.job.load)
    if not wanted:
        raise InputError(f"{str(source)!r} names no destination", hint="say `--to URL`, or add `load:` to the job")
    refuse_tainted(result.commit, result.ref)
    result.verify()
    places = {one.extras.get("place") for one in result.published}
    ddl = result.ddl()
    loaded: dict[str, int] = {}
    for spec in wanted:
        destination = connect(resolve(spec.to, "load.to"))
        if destination.place() in places:
            raise InputError(f"the destination {redact(destination.url)} is the source itself")
        rows = destination.load(result, mode=spec.mode, ddl=ddl, progress=progress)
        loaded[redact(destination.url)] = sum(rows.values())
    return loaded


def result_of(file: JobFile, *, run: str = "", ref: str = "") -> Branch:
    """What a job published: on its branch, by one of its runs, or any other state of its lake."""
    lake = open_lake(file)
    if not run:
        return Branch(lake, ref or file.job.into)
    folder = find_run(file.home, run)
    told = json.loads(folder.report.read_text(encoding="utf-8"))
    commit = told["commit"]
    if told.get("waiting"):
        raise InputError(f"run {folder.id} waits for approval", hint=f"`understudy approve {folder.id}` publishes it")
    if not commit:
        raise InputError(f"run {folder.id} published nothing: a check failed", hint=f"see {folder.page}")
    return Branch(lake, "@" + commit)

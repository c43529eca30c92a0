"""Where the reports of runs are kept: one folder each, found again by id, leftovers of killed ones removed."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from understudy.errors import InputError, unknown

_OWNER = "owner.pid"


@dataclass(frozen=True)
class RunFolder:
    """One run's folder: its report as JSON and as a page."""

    path: Path

    @property
    def id(self) -> str:
        """When the run started, in UTC, and four random digits: ``20261121T101500-3fa2``."""
        return self.path.name

    @property
    def stage(self) -> Path:
        """Where rows are staged while the run goes on, masked already; the lake takes them from here."""
        return self.path / "stage"

    @property
    def models(self) -> Path:
        """The models that made rows, to make more of; no row is in one."""
        return self.path / "models"

    @property
    def report(self) -> Path:
        """The report as JSON."""
        return self.path / "report.json"

    @property
    def page(self) -> Path:
        """The report as one self-contained HTML file."""
        return self.path / "report.html"

    def score(self, name: str) -> Path:
        """Where what was measured of made rows is kept, as JSON, by the name of their first table."""
        return self.path / f"made-{name}.json"

    def scores(self) -> list[Path]:
        """All that was measured of made rows, by name."""
        return sorted(self.path.glob("made-*.json"))

    def earlier(self, model: str) -> Path | None:
        """The model of that name which the latest of the runs before kept, of those that came to their end."""
        found = (one.parent.parent for one in self.path.parent.glob(f"*/models/{model}"))
        ended = [run for run in sorted(found) if (run / self.report.name).exists() and run != self.path]
        return ended[-1] / self.models.name / model if ended else None


def _runs(lake: Path) -> Path:
    return lake / "runs"


@contextmanager
def new_run(lake: Path) -> Iterator[RunFolder]:
    """A fresh run folder, owned by this process until the block ends; leftovers of killed runs are cleared first."""
    clear_leftovers(lake)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    folder = RunFolder(_runs(lake) / f"{stamp}-{secrets.token_hex(2)}")
    try:
        folder.path.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise InputError(f"the lake folder {str(lake)!r} cannot be written: {error.strerror}") from error
    owner = folder.path / _OWNER
    owner.write_text(json.dumps({"pid": os.getpid(), "started": _started(os.getpid())}))
    try:
        yield folder
    finally:
        owner.unlink(missing_ok=True)
        if not folder.report.exists():
            shutil.rmtree(folder.path, ignore_errors=True)


def clear_leftovers(lake: Path) -> list[str]:
    """Remove what killed runs left behind; a run whose process is alive is not touched."""
    cleared: list[str] = []
    for owner in sorted(_runs(lake).glob(f"*/{_OWNER}")):
        if _alive(owner):
            continue
        folder = RunFolder(owner.parent)
        if folder.report.exists():  # killed while loading: the result itself is whole
            for partial in folder.path.glob("*.partial"):
                shutil.rmtree(partial, ignore_errors=True)
            owner.unlink(missing_ok=True)
        else:
            shutil.rmtree(folder.path, ignore_errors=True)
        cleared.append(folder.id)
    return cleared


def _alive(owner: Path) -> bool:
    try:
        noted = json.loads(owner.read_text())
    except (OSError, ValueError):
        return False
    return bool(noted["started"]) and _started(int(noted["pid"])) == noted["started"]


def _started(pid: int) -> str:
    """When a process started, as the kernel counts it: a pid alone may have been given to another by now."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        pass
    try:  # no /proc (macOS): alive or not is all there is to know
        os.kill(pid, 0)
    except OSError:
        return ""
    return "alive"


def runs(lake: Path) -> list[RunFolder]:
    """All runs with a report, oldest first."""
    return [RunFolder(report.parent) for report in sorted(_runs(lake).glob("*/report.json"))]


def find_run(lake: Path, name: str = "") -> RunFolder:
    """The run whose id starts with ``name``; the latest where none is given."""
    known = runs(lake)
    if not known:
        raise InputError(f"there is no run in {str(lake)!r} yet", hint="`understudy run JOB` makes one")
    if not name:
        return known[-1]
    found = [run for run in known if run.id.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{name!r} is the beginning of {len(found)} runs", hint=", ".join(run.id for run in found))
    raise unknown("run", name, [run.id for run in known])

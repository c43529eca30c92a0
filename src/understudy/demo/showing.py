"""`demo`: generate a booking platform, run the main job on it, and tell what to look at."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from understudy.connections.postgres.server import THROW_AWAY, Server
from understudy.demo.bookings import create
from understudy.errors import InputError
from understudy.interfaces import Progress
from understudy.jobs import Finished, run
from understudy.transforms import Key

SOURCE, DESTINATION = "bookings", "bookings_dev"
_MARK = ".understudy-demo"


@dataclass(frozen=True)
class Shown:
    """What the demo made, and where to look."""

    finished: Finished
    folder: Path
    generated: int
    seconds: float
    source: str
    destination: str
    running: bool

    def json(self) -> dict[str, Any]:
        """The outcome as plain lists and dicts."""
        return {
            "folder": str(self.folder),
            "generated": self.generated,
            "seconds": round(self.seconds, 1),
            "source": self.source,
            "destination": self.destination,
            "running": self.running,
            "page": str(self.finished.folder.page),
            "report": self.finished.report.json(),
        }

    def summary(self) -> str:
        """The outcome in a few lines, and what to try next."""
        lines = [
            f"{self.generated:,} rows of a booking platform were generated, copied and checked in {self.seconds:.0f} s",
            self.finished.summary(),
            f"  job:  {self.folder / 'job.yaml'}",
        ]
        if self.running:
            lines += [
                f"  from: {self.source}",
                f"  into: {self.destination}",
                f"  look around: cd {self.folder} && . ./env.sh && understudy plan job.yaml",
                "  and in the end: understudy demo --down",
            ]
        else:
            lines.append("  `understudy demo --keep` leaves the server running, to look at both databases")
        return "\n".join(lines)


def show(folder: Path, *, rows: int, keep: bool, progress: Progress) -> Shown:
    """Generate about so many rows in a private PostgreSQL, copy them safely into a second database.

    Everything stands in ``folder``; what an earlier demo left there is replaced.  With ``keep`` the
    server goes on running.
    """
    began = time.monotonic()
    folder = folder.resolve()
    _claim(folder)
    server = Server.start(folder / "postgres", options=THROW_AWAY)
    try:
        for name in (DESTINATION, SOURCE):
            server.drop(name)
        source, destination = server.create(SOURCE), server.create(DESTINATION)
        progress("generate", SOURCE, 0, None)
        generated = sum(create(source, rows=rows).values())
        job = folder / "job.yaml"
        job.write_text(files("understudy.demo").joinpath("job.yaml").read_text(encoding="utf-8"), encoding="utf-8")
        variables = {"SOURCE_URL": source, "DEV_URL": destination, "UNDERSTUDY_KEY": _key(folder)}
        _write_variables(folder / "env.sh", variables)
        with _environment(variables):
            finished = run(job, progress=progress)
    except BaseException:
        server.stop()
        raise
    if not keep:
        server.stop()
    return Shown(finished, folder, generated, time.monotonic() - began, source, destination, keep)


def down(folder: Path) -> None:
    """Stop the server that an earlier demo left running; what it made stays in its folder."""
    folder = folder.resolve()
    if not (folder / _MARK).exists():
        raise InputError(f"folder {str(folder)!r} holds no demo", hint="name it with `--folder`")
    Server.start(folder / "postgres", options=THROW_AWAY).stop()


def _claim(folder: Path) -> None:
    """Use a folder that is new, or that an earlier demo made; never one that holds something else."""
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise InputError(f"folder {str(folder)!r} holds other things", hint="choose another with `--folder`")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).touch()


def _key(folder: Path) -> str:
    """The demo's own key, made once, so that its stand-ins stay the same."""
    path = folder / "key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(Key.new(), encoding="utf-8")
    return path.read_text(encoding="utf-8")


def _write_variables(path: Path, variables: Mapping[str, str]) -> None:
    """What the job reads from the environment, for a shell to take in; it holds the key, so only its owner reads it."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()]
    path.write_text("".join(lines), encoding="utf-8")


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables for the job, and take them back."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value

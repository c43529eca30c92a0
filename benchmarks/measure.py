"""What a command costs: wall time, CPU of the client with its children, CPU of the server, peak memory.

This process stays small on purpose: on Linux a child's peak memory counts from its parent's size at the start.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

STDOUT, STDERR = "stdout", "stderr"
"""The files in a command's folder that hold what it wrote."""

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """What one run of a command took."""

    wall: float
    """Seconds."""
    client: float
    """CPU seconds of the command and everything it started."""
    server: float
    """CPU seconds of the PostgreSQL server, all of its processes."""
    peak: int
    """Bytes of memory of the largest single process."""
    scanned: int
    """Rows the server's scans of one database returned."""

    @property
    def cpu(self) -> float:
        """CPU seconds, client and server."""
        return self.client + self.server

    def __str__(self) -> str:
        peak = f"{self.peak / 2**20:,.0f} MiB"
        return f"wall {self.wall:6.2f} s   client {self.client:6.2f} s   server {self.server:6.2f} s   peak {peak}"


class Meter:
    """Measures commands beside the server behind ``url``, which must run on this machine (Linux)."""

    def __init__(self, url: str) -> None:
        self._url = url
        with psycopg.connect(url) as connection:
            row = connection.execute("show data_directory").fetchone()
        assert row is not None
        self._postmaster = int(Path(str(row[0]), "postmaster.pid").read_text().split()[0])

    def run(self, command: Sequence[str], *, cwd: Path, environment: Mapping[str, str] | None = None) -> Cost:
        """Run a command to its end in a folder of its own; a RuntimeError with what it said where it fails."""
        scanned, server, began = self._scanned(), self._server(), time.monotonic()
        with (cwd / STDOUT).open("wb") as output, (cwd / STDERR).open("wb") as errors:
            process = subprocess.Popen(
                command, cwd=cwd, env={**os.environ, **(environment or {})}, stdout=output, stderr=errors
            )
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - began
        if process.returncode:
            said = (cwd / STDERR).read_text(errors="replace") or (cwd / STDOUT).read_text(errors="replace")
            raise RuntimeError(f"{command[0]} ended with {process.returncode}:\n{said[-2000:]}")
        time.sleep(0.3)  # backends end a moment after their clients
        return Cost(
            wall=wall,
            client=usage.ru_utime + usage.ru_stime,
            server=self._server() - server,
            peak=usage.ru_maxrss * 1024,
            scanned=self._scanned() - scanned,
        )

    def _server(self) -> float:
        """CPU seconds so far: processes that ended are in the postmaster's account of its children."""
        return sum(_cpu(pid) for pid in [self._postmaster, *_children(self._postmaster)])

    def _scanned(self) -> int:
        with psycopg.connect(self._url) as connection:
            query = "select tup_returned + tup_fetched from pg_stat_database where datname = current_database()"
            row = connection.execute(query).fetchone()
        assert row is not None
        return int(row[0])


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may itself hold spaces (proc(5)); none for a process gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _cpu(pid: int) -> float:
    """utime, stime, cutime and cstime of a process, in seconds."""
    return sum(map(int, _stat(pid)[11:15])) / _TICKS


def _children(parent: int) -> list[int]:
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if _stat(pid)[1:2] == [str(parent)]]

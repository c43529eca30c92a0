"""Kill -9 at random moments of a run: the destination is as it was, or complete, and the next run succeeds.

python -m benchmarks.kills --times 20
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from importlib.resources import files
from pathlib import Path

import psycopg

from understudy.connections.postgres.server import THROW_AWAY, Server
from understudy.demo.bookings import create
from understudy.transforms import Key


def state(url: str) -> dict[str, tuple[int, int | None]]:
    """Rows and a digest of every table of the destination; empty where it has none."""
    found = {}
    with psycopg.connect(url, autocommit=True) as connection:
        names = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
        ).fetchall()
        for (name,) in names:
            row = connection.execute(f"SELECT count(*), sum(hashtext(t::text)) FROM {name} t").fetchone()
            assert row is not None
            found[name] = row
    return found


def start(job: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "understudy", "run", str(job)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main() -> int:
    """Kill so many runs; the exit code is 1 if any of them left the destination half done."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    moments = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name, Server.start(Path(name) / "postgres", options=THROW_AWAY) as server:
        source, destination = server.create("source"), server.create("destination")
        create(source, rows=options.rows)
        job = Path(name) / "job.yaml"
        text = files("understudy.demo").joinpath("job.yaml").read_text(encoding="utf-8")
        job.write_text(text.replace("mode: create", "mode: replace"))
        environment = {**os.environ, "SOURCE_URL": source, "DEV_URL": destination, "UNDERSTUDY_KEY": Key.new()}
        began = time.monotonic()
        assert start(job, environment).wait() == 0
        took = time.monotonic() - began
        complete = state(destination)
        unchanged = done = broken = 0
        for _ in range(options.times):
            server.drop("destination")
            server.create("destination")
            process = start(job, environment)
            time.sleep(moments.uniform(0.05, 1.05) * took)
            process.send_signal(signal.SIGKILL)
            process.wait()
            time.sleep(0.2)  # the server notices the lost line
            after = state(destination)
            unchanged, done = unchanged + (after == {}), done + (after == complete)
            broken += after not in ({}, complete)
        assert start(job, environment).wait() == 0
        again = state(destination) == complete
    print(f"{options.times} kills: {unchanged} left it unchanged, {done} complete, {broken} half done")
    print(f"the run after them: {'complete, the same rows' if again else 'NOT the same rows'}")
    return int(broken > 0 or not again)


if __name__ == "__main__":
    raise SystemExit(main())

"""Chaos on a lake: writers killed at random, the disk full, the store restarted, merges and collections all at once.

python -m benchmarks.lake_chaos --seconds 600 [--store sqlite|postgres] [--workers 4]

Every commit says which rows it adds and takes away, so what any state must hold follows from its history alone.
Afterwards every state that can be read holds exactly that, whatever was acknowledged is there, nothing dangles.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pyarrow as pa

from understudy.connections.postgres.server import THROW_AWAY, Server
from understudy.errors import Error
from understudy.lake import Lake, gc, tables
from understudy.lake.merge import merge
from understudy.lake.store import fsck
from understudy.schema import Column, Table, TableName, Unique

NAMES = [TableName("shop", name) for name in ("orders", "customers", "items")]
WINDOW = 20.0
"""Seconds for which what a branch pointed at can be read; collections keep no more than that and the last few."""
GRACE = 60.0
_PATIENCE = 120.0  # seconds for the first writer to have written
_FULL_BYTES = 300 << 20


def table(name: TableName) -> Table:
    columns = (
        Column("id", "bigint", "integer", pa.int64(), nullable=False),
        Column("note", "text", "text", pa.string()),
    )
    return Table(name, columns, (Unique("pkey", ("id",), primary=True),))


def rows(ids: list[int]) -> list[pa.RecordBatch]:
    return [pa.RecordBatch.from_pydict({"id": pa.array(ids, pa.int64()), "note": [f"row {i}" for i in ids]})]


# One writer


class Writer:
    """Does one thing after another, and notes what was acknowledged."""

    def __init__(self, lake: Lake, seed: int, notes: Path) -> None:
        self.lake, self.random, self.seed = lake, random.Random(seed), seed
        self.notes = os.open(notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.next = seed << 32
        self.mine: list[tuple[TableName, int]] = []

    def run(self) -> None:
        verbs = (
            [self.append] * 6 + [self.feature] * 3 + [self.upsert, self.delete, self.compact, self.tag, self.collect]
        )
        while True:
            verb = self.random.choice(verbs)
            try:
                verb()
                self.note("done", verb.__name__)
            except Error as error:
                self.note("refused", f"{verb.__name__}: {type(error).__name__}: {error.message[:300]}")
                time.sleep(0.05)
            except Exception:
                self.note("broken", traceback.format_exc())

    def note(self, what: str, told: str) -> None:
        os.write(self.notes, (json.dumps([what, told]) + "\n").encode())

    def fresh(self) -> list[int]:
        start, self.next = self.next, self.next + self.random.randint(1, 5)
        return list(range(start, self.next))

    def append(self, branch: str = "main") -> None:
        name, ids = self.random.choice(NAMES), self.fresh()
        made = tables.append(self.lake, branch, name, rows(ids), meta={"added": {str(name): ids}})
        self.note("commit", f"{branch} {made.hash}")
        if branch == "main":
            self.mine += [(name, one) for one in ids]

    def feature(self) -> None:
        branch = f"feature/{self.seed}-{self.next}"
        self.lake.branch(branch, "main")
        for _ in range(self.random.randint(1, 3)):
            self.append(branch)
        made = merge(self.lake, branch, "main", level="files")
        self.note("commit", f"main {made.commit.hash}")
        if self.random.random() < 0.7:
            self.lake.drop(branch)

    def upsert(self) -> None:
        if self.mine:
            name, one = self.random.choice(self.mine)
            made = tables.upsert(self.lake, "main", name, rows([one]), meta={"added": {str(name): [one]}})
            self.note("commit", f"main {made.hash}")

    def delete(self) -> None:
        if self.mine:
            name, one = self.mine.pop(self.random.randrange(len(self.mine)))
            tables.delete(self.lake, "main", name, f"id = {one}", meta={"removed": {str(name): [one]}})

    def compact(self) -> None:
        tables.compact(self.lake, "main", self.random.choice(NAMES))

    def tag(self) -> None:
        self.lake.tag(f"t{self.seed}-{self.next}-{self.random.randrange(10**6)}", "main")

    def collect(self) -> None:
        gc.apply(self.lake, planned(self.lake, GRACE))


def planned(lake: Lake, grace: float) -> gc.Plan:
    policy = {"*": gc.Policy(keep_days=0, keep_last=3)}
    return gc.plan(lake, policy, reflog_days=WINDOW / 86_400, grace=grace)


# The chaos


@contextmanager
def small_disk(folder: Path) -> Iterator[Path | None]:
    """A disk of its own for the lake, small enough to be filled; None where none can be mounted."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={_FULL_BYTES}", "tmpfs", str(folder)]
    if sys.platform != "linux" or os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


class Chaos:
    """Writers, and what happens to them."""

    def __init__(self, folder: Path, catalog: str, server: Server | None, disk: Path | None, seed: int) -> None:
        self.lake_folder, self.catalog, self.server, self.disk = folder / "lake", catalog, server, disk
        self.notes, self.random, self.seed = folder.parent / "notes", random.Random(seed), seed * 100_000
        self.writers: list[subprocess.Popen[bytes]] = []
        self.happened: Counter[str] = Counter()

    def start(self) -> None:
        self.seed += 1
        limited = self.disk is None and self.random.random() < 0.3
        command = [sys.executable, "-m", "benchmarks.lake_chaos", "--writer", str(self.lake_folder), self.catalog]
        command += [str(self.seed), str(self.notes), "2000" if limited else "0"]
        self.writers.append(subprocess.Popen(command))
        self.happened["writers limited to small files"] += limited

    def run(self, seconds: float, writers: int) -> None:
        for _ in range(writers):
            self.start()
        self.notes.touch()
        late = time.monotonic() + _PATIENCE
        while self.notes.stat().st_size == 0 and time.monotonic() < late:  # a busy machine starts them slowly
            time.sleep(0.05)
        until, pause = time.monotonic() + seconds, min(2.0, seconds / 8)
        while time.monotonic() < until:
            time.sleep(self.random.uniform(0, pause))
            self.random.choice([self.kill, self.kill, self.kill, self.fill, self.restart])()
        for writer in self.writers:
            writer.send_signal(signal.SIGKILL)
            writer.wait()

    def kill(self) -> None:
        writer = self.writers.pop(self.random.randrange(len(self.writers)))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        self.happened["kills"] += 1
        self.start()

    def fill(self) -> None:
        """No byte is free for a moment."""
        if self.disk is None:
            return
        ballast = self.disk / "ballast"
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 65_536)
        time.sleep(self.random.uniform(0.1, 0.7))
        ballast.unlink()
        self.happened["full disks"] += 1

    def restart(self) -> None:
        """The store's server ends all connections, in the middle of whatever they do, and comes back."""
        if self.server is None:
            return
        folder = self.server.folder
        self.server.stop()
        time.sleep(self.random.uniform(0, 0.5))
        self.server = Server.start(folder, options=THROW_AWAY)
        self.happened["store restarts"] += 1


# What must hold afterwards


def expected(lake: Lake) -> dict[str, dict[str, set[int]]]:
    """What every commit must hold, from what its history says."""
    held: dict[str, dict[str, tuple[frozenset[int], frozenset[int]]]] = {}
    for commit in lake.store.all_commits():
        mine: dict[str, tuple[frozenset[int], frozenset[int]]] = {}
        for name in map(str, NAMES):
            sides = [held[parent][name] for parent in commit.parents]
            added = frozenset(commit.meta.get("added", {}).get(name, ())).union(*(side[0] for side in sides))
            removed = frozenset(commit.meta.get("removed", {}).get(name, ())).union(*(side[1] for side in sides))
            mine[name] = added, removed
        held[commit.hash] = mine
    return {one: {name: set(a - r) for name, (a, r) in mine.items()} for one, mine in held.items()}


def wrong(lake: Lake, notes: Path) -> list[str]:
    """Everything that is not as it must be, one sentence each."""
    found = list(fsck(lake.store))
    wanted = expected(lake)
    readable = [commit.hash for commit in lake.store.all_commits() if commit.files]
    for one in {ref.hash for ref in lake.refs()} | set(readable):
        for name in lake.tables("@" + one):
            ids = tables.read(lake, "@" + one, name, ["id"]).read_all()["id"].to_pylist()
            if len(ids) != len(set(ids)) or set(ids) != wanted[one][str(name)]:
                found.append(f"@{one[:12]} holds {len(ids)} rows of {name}, not {len(wanted[one][str(name)])}")
    on_main = {commit.hash for commit in lake.log("main")}
    for line in notes.read_text().splitlines():
        with suppress(ValueError):  # cut short by a kill
            what, told = json.loads(line)
            if what == "broken":
                found.append(told)
            branch, _, made = told.partition(" ")
            if what == "commit" and made not in wanted:
                found.append(f"commit {made} on {branch} was acknowledged and is gone")
            if what == "commit" and branch == "main" and made not in on_main:
                found.append(f"commit {made} was acknowledged and is not on main")
    return found


def refusals(notes: Path) -> Counter[str]:
    """What writers were told, by its first words, and how much they did."""
    found: Counter[str] = Counter()
    for line in notes.read_text().splitlines():
        with suppress(ValueError):
            what, told = json.loads(line)
            found["commits acknowledged" if what == "commit" else f"{what} {told.partition(':')[0]}"] += (
                what != "broken"
            )
    return found


def chaos(seconds: float, writers: int, store: str, seed: int) -> list[str]:
    """One run; what went wrong in it."""
    with ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="understudy-chaos-")))
        disk = stack.enter_context(small_disk(base / "disk"))
        folder = disk or base / "disk"
        server, catalog = None, ""
        if store == "postgres":
            server = Server.start(base / "server", options=THROW_AWAY)
            catalog = server.create("lake")
        lake = Lake.open(folder / "lake", catalog=catalog, create=True)
        with tables.changing(lake, "main", "start") as change:
            for name in NAMES:
                change.create(table(name))
        lake.close()
        made = Chaos(folder, catalog, server, disk, seed)
        try:
            made.run(seconds, writers)
            if made.server is not None and catalog != made.server.url("lake"):
                lake = Lake.open(folder / "lake", catalog=made.server.url("lake"))
            found = wrong(lake, made.notes)
            before = len(lake.store.all_commits())
            gone = gc.apply(lake, planned(lake, 0.0), now=time.time() + WINDOW + 1)
            found += wrong(lake, made.notes)
            told = {
                **made.happened,
                **refusals(made.notes),
                "commits": before,
                "files collected at the end": gone.files,
            }
            print(
                f"{store}, {seconds:g} s, {writers} writers: "
                + ", ".join(f"{k} {v:,}" for k, v in sorted(told.items()))
            )
            lake.close()
        finally:
            if made.server is not None:
                made.server.stop()
    return found


def writer(location: str, catalog: str, seed: str, notes: str, most: str) -> None:
    """Be a writer until killed; ``most``: no file may grow larger than so many bytes."""
    while True:
        try:
            lake = Lake.open(location, catalog=catalog)
            break
        except Error:
            time.sleep(0.1)
    if int(most):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), resource.RLIM_INFINITY))
    Writer(lake, int(seed), Path(notes)).run()


def main() -> int:
    """Run the chaos; the exit code is 1 if anything is not as it must be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--store", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--writer", nargs=5, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.writer:
        writer(*given.writer)
    stores = ["sqlite", "postgres"] if given.store == "both" else [given.store]
    code = 0
    for store in stores:
        found = chaos(given.seconds / len(stores), given.workers, store, given.seed)
        for one in found[:20]:
            print(f"WRONG: {one}")
        code |= bool(found)
    return code


if __name__ == "__main__":
    raise SystemExit(main())

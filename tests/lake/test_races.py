"""Eight processes on one lake: nothing that was committed is lost, nothing dangles."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from textwrap import indent
from typing import Any

from support.lakes import again, put, shown
from understudy.lake import Lake
from understudy.lake.history import between
from understudy.lake.store import fsck

PROCESSES = 8

FORKS = """
import json, os, sys, traceback
from support.lakes import at, put, shown, table
from understudy.errors import Error
from understudy.lake import Lake, Moved, postgres, sqlite

def opened():
    return Lake.open(sys.argv[1], catalog=sys.argv[2], create=True)

def work(me):
    told, steps = None, 12
    WORK
    return told

pipes = []
for me in range(int(sys.argv[3])):
    reads, writes = os.pipe()
    if os.fork() == 0:
        try:
            os.write(writes, json.dumps(work(me)).encode())
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    os.close(writes)
    pipes.append(reads)
print(json.dumps([json.loads(open(one).read() or '"it died"') for one in pipes]))
"""


def race(location: str, catalog: str, work: str, processes: int = PROCESSES) -> list[Any]:
    """What each of some processes told; all start at once, forked from one that has everything loaded."""
    script = FORKS.replace("    WORK\n", indent(work, "    "))
    done = subprocess.run(
        [sys.executable, "-c", script, location, catalog, str(processes)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stderr == ""
    told: list[Any] = json.loads(done.stdout)
    return told


def on(lake: Lake) -> tuple[str, str]:
    """Where other processes find a lake."""
    return lake.location, lake.store.database.url


def whole(lake: Lake) -> Lake:
    """The lake, opened again and found to hold together."""
    opened = again(lake)
    assert fsck(opened.store) == []
    return opened


def test_a_counter_that_eight_raise_on_one_branch_loses_nothing(lake):
    put(lake, counter=0)
    done = race(
        *on(lake),
        """
lake, made, moved = opened(), [], 0
while len(made) < steps:
    head = lake.head("main")
    raised = {table("counter"): at(shown(lake, f"@{head.hash}")["counter"] + 1, "counter")}
    try:
        made.append(lake.commit("main", raised, base=head.hash, message=str(me)).hash)
    except Moved:
        moved += 1
told = made
""",
    )
    made = [commit for one in done for commit in one]
    opened = whole(lake)
    assert shown(opened) == {"counter": PROCESSES * 12}
    history = [one.hash for one in opened.log("main")]
    assert set(made) < set(history)
    assert len(made) == len(set(made)) == PROCESSES * 12
    line = [entry.new for entry in opened.reflog("main", limit=10_000)]
    assert line == history  # every move of the branch was from the commit before


def test_different_tables_of_one_branch_never_get_in_each_others_way(lake):
    race(
        *on(lake),
        """
lake = opened()
for step in range(steps):
    put(lake, **{f"t{me}": step, f"n{me}.t{step}": step})
""",
    )
    opened = whole(lake)
    wanted = {f"t{me}": 11 for me in range(PROCESSES)}
    wanted |= {f"n{me}.t{step}": step for me in range(PROCESSES) for step in range(12)}
    assert shown(opened) == wanted
    assert len(list(opened.log("main"))) == 1 + PROCESSES * 12


def test_branches_of_their_own_hold_what_each_wrote(lake):
    put(lake, start=1)
    heads = race(
        *on(lake),
        """
lake = opened()
lake.branch(f"b{me}", "main")
heads = [put(lake, f"b{me}", **{f"t{step}": step + me, "same": step}) for step in range(steps)]
lake.tag(f"done{me}", f"b{me}")
told = heads
""",
    )
    opened = whole(lake)
    for me, made in enumerate(heads):
        held = {f"t{step}": step + me for step in range(12)}
        assert shown(opened, f"b{me}") == held | {"start": 1, "same": 11}
        assert [one.hash for one in between(opened.store, opened.head("main").hash, made[-1])] == made
        assert opened.resolve(f"done{me}").hash == made[-1]
    assert shown(opened, "main") == {"start": 1}


def test_a_lake_and_a_branch_that_eight_make_at_once_are_made_once(lake, tmp_path, database):
    catalog = database() if lake.store.database.url.startswith("postgresql") else ""
    told = race(
        str(tmp_path / "new"),
        catalog,
        """
lake = opened()
put(lake, **{f"t{me}": me})
try:
    lake.branch("dev", "main")
    told = True
except Error:
    put(lake, "dev", **{f"d{me}": me})
    told = False
""",
    )
    assert Counter(told) == {True: 1, False: PROCESSES - 1}
    opened = Lake.open(tmp_path / "new", catalog=catalog)
    assert fsck(opened.store) == []
    assert shown(opened) == {f"t{me}": me for me in range(PROCESSES)}
    losers = {f"d{me}" for me, won in enumerate(told) if not won}
    assert losers <= set(shown(opened, "dev"))
    opened.close()


def test_a_new_file_that_eight_open_at_once_opens_for_all(tmp_path):
    work = """
import time
from pathlib import Path
told, until = 0, time.monotonic() + 60
for round in range(60):
    folder = Path(sys.argv[1], str(round))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{me}.ready").touch()
    while len(list(folder.glob("*.ready"))) < int(sys.argv[3]):
        assert time.monotonic() < until, "the others did not come"
    told += sqlite.Sqlite(folder / "lake.db").rows("SELECT 1") == [(1,)]
"""
    assert race(str(tmp_path), "", work) == [60] * PROCESSES


def test_readers_see_whole_commits_while_others_write(lake):
    put(lake, one=0, two=0)
    work = """
lake = opened()
if me == 0:
    for step in range(100):
        put(lake, one=step, two=step)
    told = True
else:
    seen, held = set(), {}
    while held.get("one") != 99:
        held = shown(lake)
        seen.add(held["one"] == held["two"])
    told = seen == {True}
"""
    assert race(*on(lake), work, processes=3) == [True, True, True]

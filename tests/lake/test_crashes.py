"""Whatever breaks off at whatever point: a lake is as it was, or as it was meant to become, and nothing dangles."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import pytest

from conftest import query, run_sql
from support.crashing import OPERATIONS, Counting, Crash, Crashing, prepare, raising, state
from support.lakes import again, put, shown
from understudy.errors import Error
from understudy.lake import Lake
from understudy.lake.sqlite import Sqlite
from understudy.lake.store import fsck


def left(lake: Lake) -> tuple[object, ...]:
    """The state of a lake that somebody else finds, and that holds together."""
    opened = again(lake)
    try:
        assert fsck(opened.store) == []
        return state(opened)
    finally:
        opened.close()


def breaks_off(lake: Lake, name: str, number: int) -> list[str] | None:
    """Do an operation that breaks off at a point; the points before, or None where it was done before that."""
    opened = again(lake)
    crashing = Crashing(opened, number, raising)
    try:
        OPERATIONS[name](opened)
    except Crash:
        return crashing.passed
    finally:
        opened.close()
    return None


def test_an_error_at_any_point_leaves_what_was_or_what_was_meant(lake):
    prepare(lake)
    for name in OPERATIONS:
        before, number = left(lake), 0
        while (passed := breaks_off(lake, name, number)) is not None and "before the swap" not in passed:
            assert left(lake) == before, f"{name} at point {number}"
            number += 1
        assert number > 2, name
        assert left(lake) != before, f"{name} was done, and nothing came of it"


def test_a_kill_at_any_point_leaves_what_was_or_what_was_meant(lake):
    prepare(lake)
    operations = subprocess.Popen(
        [sys.executable, "-m", "support.crashing", lake.location, lake.store.database.url],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert operations.stdin is not None
    assert operations.stdout is not None
    before, kills, changed = left(lake), dict.fromkeys(OPERATIONS, 0), set()
    for line in operations.stdout:
        name, how = line.split()
        after = left(lake)
        if how == "killed":
            kills[name] += 1
            assert after == before or name not in changed, f"{name} was done twice"
        if after != before:
            changed.add(name)
            before = after
        assert how != "broken" or name in changed, name  # done before it was killed, it cannot be done again
        operations.stdin.write("\n")
        operations.stdin.flush()
    operations.stdin.close()
    operations.stdout.close()
    assert operations.wait() == 0
    assert changed == set(OPERATIONS)
    assert min(kills.values()) > 3


def test_a_lake_whose_making_breaks_off_anywhere_is_made_by_the_next_who_opens_it(tmp_path, monkeypatch):
    writing = Sqlite.writing
    number, points = 0, [""]
    while len(points) >= number:  # until it breaks off no more
        points, stop = [], number

        @contextmanager
        def breaking(self, points=points, stop=stop):
            def point(name):
                points.append(name)
                if len(points) > stop:
                    raise Crash

            with writing(self) as execute:
                yield Counting(execute, point)
                point("before the swap")
            point("after the swap")

        monkeypatch.setattr(Sqlite, "writing", breaking)
        with suppress(Crash):
            Lake.open(tmp_path / str(number), create=True).close()
        monkeypatch.setattr(Sqlite, "writing", writing)
        opened = Lake.open(tmp_path / str(number), create=True)
        put(opened, orders=1)
        assert shown(opened) == {"orders": 1}
        assert fsck(opened.store) == []
        opened.close()
        number += 1
    assert number > 15


@pytest.fixture
def served(database, tmp_path):
    """A lake in PostgreSQL, and what ends all connections to it, as a server does that stops."""
    lake = Lake.open(tmp_path / "lake", catalog=database(), create=True)
    put(lake, orders=1)
    url = lake.store.database.url
    name = query(url, "SELECT current_database()")[0][0]

    def gone() -> None:
        other = urlsplit(url)._replace(path="/postgres").geturl()
        run_sql(other, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    yield lake, gone
    lake.close()


def test_a_server_that_was_restarted_is_read_and_written_as_before(served):
    lake, gone = served
    gone()
    assert shown(lake) == {"orders": 1}
    gone()
    put(lake, orders=2)
    assert shown(lake) == {"orders": 2}


@pytest.mark.parametrize("word", ["INSERT INTO node", "INSERT INTO commit_", "UPDATE ref", "before the swap"])
def test_a_server_that_goes_away_in_the_middle_of_a_commit_leaves_what_was(served, word):
    lake, gone = served
    before = left(lake)
    crashing = Crashing(lake, -1, raising)
    monitored = crashing.point

    def point(name: str) -> None:
        monitored(name)
        if name.startswith(word):
            crashing.point = monitored  # once
            gone()

    crashing.point = point
    with pytest.raises(Error, match="cannot be written"):
        put(lake, orders=2)
    assert left(lake) == before
    put(lake, orders=3)
    assert shown(lake) == {"orders": 3}

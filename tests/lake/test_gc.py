"""Collecting files: what no state needs goes, and every reference reads as before."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lake.test_tables import ORDERS, USERS, content, people, table
from understudy.errors import InputError
from understudy.lake import Lake, gc, tables
from understudy.lake.gc import Policy
from understudy.lake.merge import merge
from understudy.lake.store import fsck
from understudy.schema import TableName

ONLY_HEADS = {"*": Policy(keep_days=0, keep_last=1)}


def collect(lake: Lake, policies: dict[str, Policy] | None = None) -> gc.Collected:
    later = time.time() + 1
    planned = gc.plan(lake, policies or ONLY_HEADS, reflog_days=0, grace=0, now=later)
    return gc.apply(lake, planned, now=later)


def on_disk(lake: Lake) -> set[str]:
    return {str(path) for path in Path(lake.warehouse).rglob("*") if path.is_file()}


def state(lake: Lake, ref: str) -> dict[str, dict[int, str]]:
    return {str(name): content(lake, ref, name) for name in lake.tables(ref)}


@pytest.fixture
def users(lake: Lake) -> Lake:
    tables.create(lake, "main", table(), batches=people(1, 2, 3))
    return lake


def test_what_only_older_commits_have_goes_and_they_say_so(users: Lake) -> None:
    before = users.head("main")
    tables.overwrite(users, "main", USERS, people(4))
    gone = collect(users)
    assert gone.commits == 2  # the empty one and the one that made the table
    assert content(users) == {4: "old4"}
    assert len([path for path in on_disk(users) if path.endswith(".parquet")]) == 1
    assert not users.store.commit(before.hash).files
    for verb in (
        lambda: users.tables(f"@{before.short}"),
        lambda: tables.read(users, "main~1", USERS),
        lambda: users.branch("again", f"@{before.short}"),
    ):
        with pytest.raises(InputError, match=f"the files of {before.short} were collected"):
            verb()
    assert next(users.log("main")).message == "overwrite users"  # history stays


def test_a_plan_deletes_nothing_and_says_why(users: Lake, tmp_path: Path) -> None:
    tables.overwrite(users, "main", USERS, people(4))
    stray = Path(users.warehouse) / "stray.parquet"
    stray.write_text("x")
    before = on_disk(users)
    planned = gc.plan(users, ONLY_HEADS, reflog_days=0, grace=0, now=time.time() + 1)
    assert on_disk(users) == before
    assert users.head("main~1").files
    planned.save(tmp_path / "plan.parquet")
    listed = {Path(row["path"]).name: row["why"] for row in pq.read_table(tmp_path / "plan.parquet").to_pylist()}
    assert listed.pop("stray.parquet") == "no commit names it"
    assert len(listed) == 4  # metadata, a manifest list, a manifest and a data file
    assert set(listed.values()) == {"only commits that expired name it"}
    assert planned.bytes > 1


def test_tags_branches_and_what_is_young_stay(users: Lake) -> None:
    users.tag("v1", "main")
    tables.overwrite(users, "main", USERS, people(4))
    users.branch("dev", "main")
    tables.overwrite(users, "main", USERS, people(5))
    tables.overwrite(users, "main", USERS, people(6))
    collect(users, {"main": Policy(keep_days=0, keep_last=2)})
    assert content(users, "v1") == {1: "old1", 2: "old2", 3: "old3"}
    assert content(users, "dev") == {4: "old4"}
    assert content(users, "main~1") == {5: "old5"}
    assert collect(users, {"main": Policy(keep_days=1, keep_last=1)}).files == 0


def test_what_a_reference_pointed_at_lately_stays(users: Lake) -> None:
    users.branch("dev", "main")
    tables.overwrite(users, "dev", USERS, people(4))
    lost = users.head("dev").hash
    users.drop("dev")
    planned = gc.plan(users, ONLY_HEADS, grace=0, now=time.time() + 1)
    assert planned.files.num_rows == 0
    users.branch("back", "@" + lost)
    assert content(users, "back") == {4: "old4"}


def test_a_file_that_was_just_written_stays(users: Lake) -> None:
    young = Path(users.warehouse) / "public" / "about-to-be-committed.parquet"
    young.write_text("x")
    old = young.with_name("left-by-a-crash.parquet")
    old.write_text("x")
    os.utime(old, (1, 1))
    gc.apply(users, gc.plan(users))
    assert young.exists()
    assert not old.exists()


def test_open_transactions_keep_their_files(users: Lake) -> None:
    users.make_ref("tx/1", "transaction", "main")
    tables.append(users, "tx/1", USERS, people(4))
    tables.overwrite(users, "tx/1", USERS, people(5))
    collect(users)
    assert set(content(users, "tx/1")) == {5}
    assert set(content(users, "tx/1~1")) == {1, 2, 3, 4}


def test_branches_merge_by_content_after_their_base_has_expired(users: Lake) -> None:
    users.branch("dev", "main")
    base = users.head("main").hash
    tables.append(users, "dev", USERS, people(10))
    tables.append(users, "main", USERS, people(20))
    collect(users)
    assert not users.store.commit(base).files
    merge(users, "dev", "main")
    assert set(content(users)) == {1, 2, 3, 10, 20}


def test_what_was_put_on_a_branch_since_the_plan_stays(users: Lake) -> None:
    tables.overwrite(users, "main", USERS, people(4))
    later = time.time() + 1
    planned = gc.plan(users, ONLY_HEADS, reflog_days=0, grace=0, now=later)
    users.branch("rescued", "main~1")
    gc.apply(users, planned, now=later)
    assert set(content(users, "rescued")) == {1, 2, 3}


def test_an_entry_taken_before_its_files_were_collected_is_not_committed(users: Lake) -> None:
    before = users.entries("main")
    tables.overwrite(users, "main", USERS, people(4))
    collect(users)
    with pytest.raises(InputError, match="the files of users as it was then were collected"):
        users.commit("main", before, message="restore")


def test_a_folder_of_somebody_else_is_never_touched(users: Lake, tmp_path: Path) -> None:
    other = tmp_path / "lake" / "warehouse-of-another" / "x.parquet"
    other.parent.mkdir()
    other.write_text("x")
    os.utime(other, (1, 1))
    collect(users)
    assert other.exists()


steps = st.lists(
    st.tuples(
        st.sampled_from(["append", "overwrite", "create", "drop", "branch", "tag", "delete", "merge", "compact", "gc"]),
        st.sampled_from(["main", "a", "b"]),
        st.sampled_from(["main", "a", "b"]),
    ),
    min_size=5,
    max_size=25,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_after_any_history_every_reference_reads_as_recorded(tmp_path_factory, steps) -> None:  # type: ignore[no-untyped-def]
    lake = Lake.open(tmp_path_factory.mktemp("gc") / "lake", create=True)
    tables.create(lake, "main", table(), batches=people(1))
    lake.branch("a", "main")
    recorded = {"main": state(lake, "main"), "a": state(lake, "a")}
    for number, (verb, branch, other) in enumerate(steps, 1):
        if branch not in recorded:
            if verb == "branch" and other in recorded:
                lake.branch(branch, other)
                recorded[branch] = recorded[other]
            continue
        held = lake.tables(branch)
        if verb == "create" and len(held) < 2:
            name = USERS if USERS not in held else ORDERS
            tables.create(lake, branch, table(name), batches=people(number * 10))
        elif verb == "tag":
            lake.tag(f"t{number}", branch)
            recorded[f"t{number}"] = recorded[branch]
        elif verb == "delete" and branch != "main":
            lake.drop(branch)
            del recorded[branch]
            continue
        elif verb == "merge" and other in recorded:
            merge(lake, other, branch, strategy="theirs", allow_breaking=True)
        elif verb == "gc":
            collect(lake)
        elif held:
            _write(lake, branch, verb, next(iter(held)), number)
        recorded[branch] = state(lake, branch)
    collect(lake)
    assert {ref.name: state(lake, ref.name) for ref in lake.refs()} == recorded
    assert fsck(lake.store) == []
    assert collect(lake).files == 0
    lake.close()


def _write(lake: Lake, branch: str, verb: str, name: TableName, number: int) -> None:
    if verb == "append":
        tables.append(lake, branch, name, people(number * 10, number * 10 + 1))
    elif verb == "overwrite":
        tables.overwrite(lake, branch, name, people(number * 10))
    elif verb == "drop":
        tables.drop(lake, branch, name)
    elif verb == "compact":
        tables.compact(lake, branch, name)


def test_writers_and_a_collector_do_not_harm_one_another(users: Lake) -> None:
    def write(number: int) -> None:
        name = f"w{number}"
        users.branch(name, "main")
        for row in range(3):
            tables.append(users, name, USERS, people(1000 * number + row))
        merge(users, name, "main")
        users.drop(name)

    with ThreadPoolExecutor(3) as pool:
        written = [pool.submit(write, number) for number in range(1, 5)]
        while not all(one.done() for one in written):
            # nothing that is being written is older than the grace
            gc.apply(users, gc.plan(users, ONLY_HEADS, reflog_days=1, grace=3600))
        for one in written:
            one.result()
    assert len(content(users)) == 15
    collect(users)
    assert len(content(users)) == 15

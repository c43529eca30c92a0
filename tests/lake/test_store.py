import os
import sqlite3
import threading

import pytest

from support.lakes import again, at, number, put, table
from understudy.errors import Error, InputError
from understudy.lake import Lake, tree
from understudy.lake.nouns import Ref
from understudy.lake.sqlite import refuse_network
from understudy.lake.store import fsck

MOUNTS = r"""
22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/root rw
41 22 0:36 / /home rw,relatime shared:20 - nfs4 server:/home rw,vers=4.2
42 41 0:37 / /home/anna/local rw,relatime shared:21 - xfs /dev/sdb1 rw
43 22 0:38 / /mnt/my\040share rw - cifs //nas/share rw
44 22 0:39 / /mnt/bucket rw - fuse.s3fs s3fs rw
45 22 0:40 / /hom rw - ext4 /dev/sdc1 rw
""".strip()


@pytest.mark.parametrize("folder", ["/home/anna/lake", "/mnt/my share/lake", "/mnt/bucket", "/home"])
def test_a_store_on_a_network_drive_is_refused_with_what_to_do(tmp_path, folder):
    with pytest.raises(InputError, match="network drive") as caught:
        refuse_network(tmp_path.joinpath(folder), MOUNTS)
    assert "postgresql://" in caught.value.hint


@pytest.mark.parametrize("folder", ["/var/lake", "/home/anna/local/lake", "/hom/lake", "/homes/lake", "/mnt/bucket2"])
def test_a_store_on_a_local_drive_is_not(tmp_path, folder):
    refuse_network(tmp_path.joinpath(folder), MOUNTS)


def test_what_was_written_is_there_when_the_lake_is_opened_again(lake):
    commit = put(lake, orders=1, users=2)
    with_document = {"note": b"[1,2]"}
    other = again(lake)
    assert other.head("main") == lake.head("main")
    assert other.head("main").hash == commit
    assert other.id == lake.id
    with lake.store.writing() as writing:
        writing.put_nodes(with_document)
    assert other.store.data(["note"]) == with_document
    other.store.database.close()


def test_a_transaction_that_raises_leaves_nothing(lake):
    before = lake.head("main"), lake.reflog()

    def failing() -> None:
        with lake.store.writing() as writing:
            writing.put_nodes({"x": b"x"})
            writing.set("colour", "red")
            writing.put_ref(Ref("dev", "branch", before[0].hash), old=None, author="a", why="b")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert (lake.head("main"), lake.reflog()) == before
    assert lake.store.ref("dev") is None
    assert "colour" not in lake.store.settings()
    with pytest.raises(InputError, match="holds nothing under"):
        lake.store.data(["x"])


def test_a_reference_moves_only_from_where_it_was_read(lake):
    first = lake.head("main").hash
    second = put(lake, orders=1)
    with pytest.raises(Error, match="moved by somebody else"), lake.store.writing() as writing:
        writing.put_ref(Ref("main", "branch", first), old=first, author="a", why="late")
    assert lake.head("main").hash == second


def test_of_two_who_make_the_same_branch_one_is_told(lake):
    first, second = lake.head("main").hash, put(lake, orders=1)
    lake.branch("dev", f"@{first}")
    with pytest.raises(Error, match="made by somebody else"), lake.store.writing() as writing:
        writing.put_ref(Ref("dev", "branch", second), old=None, author="a", why="late")
    assert lake.head("dev").hash == first


def test_the_empty_tree_is_known_everywhere(lake):
    assert lake.store.data([tree.EMPTY]) == {tree.EMPTY: tree.EMPTY_DATA}
    assert lake.entries("main") == {}


def test_more_names_than_a_statement_takes_are_asked_for_in_parts(lake):
    changes = {table(f"n{one % 40}.t{one}"): at(one) for one in range(2500)}
    lake.commit("main", changes, message="many")
    assert again(lake).entries("main") == changes
    assert number(lake.find("main", list(changes))[table("n7.t7")]) == 7


def test_the_state_of_two_moments_is_found_in_the_reflog(lake):
    put(lake, orders=1)
    log = lake.reflog("main")
    assert [line.why for line in log] == ["commit", "a new lake"]
    assert lake.store.at("main", log[0].time) == log[0].new
    assert lake.store.at("main", log[1].time) == log[1].new
    assert lake.store.at("main", log[1].time - 1) is None


def test_a_deleted_branch_is_still_in_the_reflog(lake):
    lake.branch("dev", "main")
    commit = put(lake, "dev", orders=1)
    lake.drop("dev")
    assert (lake.reflog("dev")[0].old, lake.reflog("dev")[0].new) == (commit, None)


def test_commits_are_found_by_what_they_hold(lake):
    put(lake, orders=1)
    lake.branch("dev", "main~1")
    put(lake, "dev", orders=1)
    assert {one.hash for one in lake.store.with_tree(lake.head("main").tree)} == {
        lake.head("main").hash,
        lake.head("dev").hash,
    }


def test_threads_read_and_write_the_same_lake(lake):
    def write(worker: int) -> None:
        try:
            for step in range(5):
                put(lake, **{f"t{worker}": step})
        except BaseException as error:
            failed.append(error)
        finally:
            lake.store.database.close()

    failed: list[BaseException] = []
    threads = [threading.Thread(target=write, args=[worker]) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(list(lake.log("main"))) == 21
    assert fsck(lake.store) == []


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # of threads, none of which is ours
def test_a_forked_process_opens_a_connection_of_its_own(lake):
    put(lake, orders=1)
    child = os.fork()
    if child == 0:
        try:
            inherited = lake.store.database._connections.opened()
            put(lake, users=2)
            os._exit(0 if inherited is None else 2)
        except BaseException:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    put(lake, payments=3)  # the parent's connection still works
    assert set(map(str, lake.tables("main"))) == {"orders", "users", "payments"}


def broken(lake: Lake, statement: str) -> list[str]:
    with lake.store.writing() as writing:
        writing._execute(statement)
    return fsck(again(lake).store)


def test_fsck_finds_nothing_in_a_good_lake_and_what_is_wrong_in_others(lake):
    lake.branch("dev", "main")
    commit = put(lake, "dev", orders=1)
    assert fsck(lake.store) == []
    assert any(
        "generation" in one for one in broken(lake, "UPDATE commit_ SET generation = 7 WHERE message LIKE 'put%'")
    )
    assert any("hash says" in one for one in broken(lake, "UPDATE commit_ SET author = 'x' WHERE message LIKE 'put%'"))
    assert any("is missing" in one for one in broken(lake, "DELETE FROM node"))
    assert f"'dev' points at {commit}, which is no commit" in broken(
        lake, "DELETE FROM commit_ WHERE message LIKE 'put%'"
    )


def test_a_folder_that_holds_no_lake_is_told(tmp_path):
    with pytest.raises(InputError, match="there is no lake in"):
        Lake.open(tmp_path / "none")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made"):
        Lake.open(tmp_path / "file", create=True)


def test_a_file_that_is_no_store_is_told_and_left_alone(tmp_path):
    (tmp_path / "lake.db").write_text("this is a letter to my aunt, not a database\n" * 100)
    with pytest.raises(Error, match=r"lake\.db"):
        Lake.open(tmp_path, create=True)
    assert (tmp_path / "lake.db").read_text().startswith("this is a letter")


def test_a_store_of_another_lake_is_refused(lake, tmp_path):
    with pytest.raises(InputError, match="belongs to the lake in"):
        Lake.open(tmp_path / "other", catalog=lake.store.database.url)


def test_a_store_that_is_full_leaves_the_lake_as_it_was(sqlite_lake):
    put(sqlite_lake, orders=1)
    before = sqlite_lake.head("main")
    connection: sqlite3.Connection = sqlite_lake.store.database._connections.get()
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Error, match="full"):
        sqlite_lake.commit("main", {table(f"t{one}"): at(one) for one in range(20_000)}, message="too much")
    connection.execute("PRAGMA max_page_count = 1073741823")
    assert sqlite_lake.head("main") == before
    assert fsck(sqlite_lake.store) == []
    put(sqlite_lake, orders=2)


def test_errors_of_a_store_hold_no_password(database):
    url = database()
    wrong = url.replace("postgresql://", "postgresql://nobody:geheim42@", 1) if "@" not in url else url
    with pytest.raises(Error) as caught:
        Lake.open("s3://bucket/lake", catalog=wrong.replace(url.rpartition("/")[2], "no_such_database"))
    assert "geheim42" not in str(caught.value) + caught.value.hint

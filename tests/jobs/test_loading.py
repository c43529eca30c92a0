"""Loads that go on while their result is checked are seen only when it is shown."""

import pyarrow as pa

from support.arrow_dataset import ArrowDataset
from understudy.connections import connect
from understudy.connections.folder import Folder
from understudy.errors import Error
from understudy.jobs.loading import Destination, Loading
from understudy.schema import Column, Schema, Table, TableName

USERS = TableName("public", "users")
SCHEMA = Schema((Table(USERS, (Column("id", "bigint", "integer", pa.int64()),)),), engine="postgresql")


def made():
    return ArrowDataset(SCHEMA, {USERS: pa.table({"id": [1, 2, 3]})})


def silent(*_step):
    pass


def loading(*urls, progress=silent):
    destinations = tuple(Destination(connect(url), "create") for url in urls)
    return Loading(destinations, made(), None, progress)


def test_nothing_is_seen_until_it_is_shown_and_all_of_it_then(tmp_path):
    with loading(str(tmp_path / "one"), str(tmp_path / "two")) as loads:
        loads.wait()
        assert not (tmp_path / "one").exists() and not (tmp_path / "two").exists()
        outcomes = loads.show()
    assert [dict(rows) for rows in outcomes.values()] == [{USERS: 3}, {USERS: 3}]
    assert Folder(tmp_path / "one").rows(USERS) == Folder(tmp_path / "two").rows(USERS) == 3


def test_left_without_showing_nothing_remains(tmp_path):
    with loading(str(tmp_path / "out")) as loads:
        loads.wait()
    assert list(tmp_path.iterdir()) == []


def test_one_destination_that_fails_does_not_take_the_others_with_it(tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file.csv").write_text("id\n7\n")
    with loading(str(tmp_path / "taken"), str(tmp_path / "out")) as loads:
        loads.wait()
        failed, rows = loads.show().values()
    assert isinstance(failed, Error) and "taken" in failed.message
    assert rows == {USERS: 3} and (tmp_path / "taken" / "file.csv").read_text() == "id\n7\n"


def test_without_destinations_there_is_nothing_to_wait_for():
    with loading() as loads:
        loads.wait()
        assert loads.show() == {}

import time

import pytest

from support.lakes import again, at, put, shown, table
from understudy.errors import InputError
from understudy.lake import Lake, Moved, tree
from understudy.lake.lake import node
from understudy.lake.nouns import Entry, Key
from understudy.schema import TableName


def test_a_commit_is_on_its_branch_alone(lake):
    lake.branch("dev", "main")
    put(lake, "dev", orders=1)
    assert shown(lake, "dev") == {"orders": 1}
    assert shown(lake, "main") == {}


def test_a_branch_costs_one_row_however_much_there_is(lake):
    lake.commit("main", {table(f"n{one % 10}.t{one}"): at(one) for one in range(3000)}, message="many")
    counted = "SELECT (SELECT count(*) FROM node), (SELECT count(*) FROM commit_), (SELECT count(*) FROM ref)"
    nodes, commits, refs = lake.store.database.rows(counted)[0]
    lake.branch("dev", "main")
    assert lake.store.database.rows(counted)[0] == (nodes, commits, refs + 1)
    assert len(lake.tables("dev")) == 3000


def test_a_commit_tells_what_it_changed_and_what_made_it(lake):
    put(lake, orders=1, users=1)
    made = lake.commit(
        "main",
        {table("orders"): at(2, "orders"), table("users"): None},
        message="nightly",
        meta={"run": "r1", "job": "shop"},
    )
    assert {str(key) for key in made.changed} == {"orders", "users"}
    assert (made.message, made.meta, made.status, made.files) == (
        "nightly",
        {"run": "r1", "job": "shop"},
        "published",
        True,
    )
    assert again(lake).head("main") == made


def test_what_changes_nothing_makes_no_commit_unless_it_must(lake):
    head = put(lake, orders=1)
    assert put(lake, orders=1) == head
    assert put(lake, nothing=None) == head
    kept = lake.commit("main", {}, message="checked", always=True)
    assert kept.parents == (head,)
    assert kept.changed == ()


def test_changes_made_from_an_older_state_keep_what_others_did_since(lake):
    base = put(lake, orders=1, users=1)
    put(lake, users=2)
    lake.commit("main", {table("orders"): at(5, "orders")}, base=base, message="late")
    assert shown(lake) == {"orders": 5, "users": 2}


def test_changes_of_what_others_changed_since_are_refused(lake):
    base = put(lake, orders=1, users=1)
    put(lake, orders=2)
    with pytest.raises(Moved) as caught:
        lake.commit("main", {table("orders"): at(5, "orders")}, base=base, message="late")
    assert caught.value.keys == {table("orders")}
    assert "orders changed meanwhile" in caught.value.message
    assert shown(lake) == {"orders": 2, "users": 1}


def test_changes_made_from_what_was_read_are_refused_where_that_has_changed(lake):
    base = put(lake, orders=1, rates=1)
    put(lake, rates=2)
    with pytest.raises(Moved, match="rates"):
        lake.commit("main", {table("orders"): at(5, "orders")}, base=base, reads=[table("rates")], message="late")


def test_a_table_that_two_make_at_once_is_made_by_the_first(lake):
    base = lake.head("main").hash
    put(lake, orders=1)
    with pytest.raises(Moved):
        lake.commit("main", {table("orders"): at(2, "orders")}, base=base, message="late")


def test_a_tag_stays(lake):
    put(lake, orders=1)
    lake.tag("v1", "main", meta={"by": "anna"})
    put(lake, orders=2)
    assert shown(lake, "v1") == {"orders": 1}
    assert lake.store.ref("v1").meta == {"by": "anna"}
    with pytest.raises(InputError, match="is a tag, and tags stay"):
        put(lake, "v1", orders=3)
    with pytest.raises(InputError, match="is a tag, and tags stay"):
        lake.drop("v1")
    with pytest.raises(InputError, match="there is a tag 'v1' already"):
        lake.tag("v1", "main")
    lake.drop("v1", force=True)
    assert lake.store.ref("v1") is None


def test_main_is_neither_reset_nor_deleted(lake):
    put(lake, orders=1)
    with pytest.raises(InputError, match="protected") as caught:
        lake.reset("main", "main~1")
    assert "revert" in caught.value.hint
    for protected in (True, False):
        lake.protect("main", protected=protected)
        with pytest.raises(InputError, match="protected"):
            lake.drop("main")


def test_a_branch_is_reset_and_the_reflog_tells_from_where(lake):
    lake.branch("dev", "main")
    one = put(lake, "dev", orders=1)
    lake.reset("dev", "main")
    assert shown(lake, "dev") == {}
    line = lake.reflog("dev")[0]
    assert (line.old, line.new, line.why) == (one, lake.head("main").hash, "reset to main")
    lake.reset("dev", f"@{one}")
    assert shown(lake, "dev") == {"orders": 1}


def test_an_unknown_branch_is_told_with_a_close_one(lake):
    lake.branch("staging", "main")
    for failing in (
        lambda: put(lake, "stagin", orders=1),
        lambda: lake.drop("stagin"),
        lambda: lake.reset("stagin", "main"),
    ):
        with pytest.raises(InputError, match="'stagin' does not exist") as caught:
            failing()
        assert "staging" in caught.value.hint


def test_an_unknown_table_is_told_with_a_close_one(lake):
    put(lake, orders=1)
    with pytest.raises(InputError, match="table 'order' does not exist") as caught:
        lake.entry("main", TableName("", "order"))
    assert "orders" in caught.value.hint


def test_the_log_is_told_by_table_author_run_and_message(lake):
    lake.author = "anna"
    put(lake, orders=1, message="first orders")
    lake.author = "ben"
    lake.commit("main", {table("users"): at(1, "users")}, message="users", meta={"run": "20260101T1-aa"})
    put(lake, orders=2, message="more ORDERS")

    def told(**filters):
        return [one.message for one in lake.log("main", **filters)]

    assert told() == ["more ORDERS", "users", "first orders", "a new lake"]
    assert told(limit=2) == ["more ORDERS", "users"]
    assert told(table=TableName("", "orders")) == ["more ORDERS", "first orders"]
    assert told(table=TableName("", "orders"), limit=1) == ["more ORDERS"]
    assert told(author="Anna") == ["first orders"]
    assert told(message="orders") == ["more ORDERS", "first orders"]
    assert told(run="20260101") == ["users"]
    assert told(run="20260102") == []


def test_a_document_is_kept_with_its_commit(lake):
    name, made = node({"foreign_keys": [["orders", "users"]]})
    lake.commit("main", {Key("document", "", "dataset"): Entry("", name)}, nodes=made, message="with a document")
    assert again(lake).store.data([name]) == made


def test_a_namespace_is_listed_alone(lake):
    put(lake, **{"shop.orders": 1, "hr.people": 2, "plain": 3})
    assert {str(key) for key in lake.entries("main", "shop")} == {"shop.orders"}
    assert {str(key) for key in lake.entries("main", "")} == {"plain"}


def test_a_clock_that_is_set_back_makes_no_child_older_than_its_parent(lake, monkeypatch):
    put(lake, orders=1)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    put(lake, orders=2)
    assert lake.head("main").time == lake.head("main~1").time


def test_the_current_branch_is_main_until_another_is_chosen(sqlite_lake):
    sqlite_lake.branch("dev", "main")
    assert sqlite_lake.current() == "main"
    sqlite_lake.switch("dev")
    put(sqlite_lake, "dev", orders=1)
    assert again(sqlite_lake).current() == "dev"
    assert shown(sqlite_lake) == {"orders": 1}
    with pytest.raises(InputError, match="is not a branch"):
        sqlite_lake.switch("dev~1")


def test_a_lake_of_another_format_is_not_read(lake):
    with lake.store.writing() as writing:
        writing.set("format", "99")
    with pytest.raises(InputError, match="is of format 99"):
        again(lake)


def test_a_lake_whose_making_was_cut_off_is_made_when_it_is_opened(sqlite_lake):
    with sqlite_lake.store.writing() as writing:
        for name in ("ref", "setting", "commit_", "node", "reflog"):
            writing._execute(f"DELETE FROM {name}")
    opened = again(sqlite_lake)
    assert opened.head("main").tree == tree.EMPTY
    assert isinstance(opened, Lake)
    opened.close()


def test_the_usual_lake_is_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNDERSTUDY_LAKE", raising=False)
    with pytest.raises(InputError, match=r"there is no lake in '\./\.understudy'"):
        Lake.usual()
    Lake.open("team", create=True).branch("dev")
    monkeypatch.setenv("UNDERSTUDY_LAKE", "team")
    assert [ref.name for ref in Lake.usual().refs()] == ["dev", "main"]
    assert Lake.usual("mine", create=True).refs()[0].name == "main"


def test_who_writes_can_be_said(tmp_path, monkeypatch):
    monkeypatch.setenv("UNDERSTUDY_AUTHOR", "ci")
    assert Lake.open(tmp_path / "lake", create=True).head("main").author == "ci"


def test_what_stands_on_a_lake_is_had_by_its_shortest_name(tmp_path):
    lake = Lake.open(tmp_path / "lake", create=True)
    with lake.transaction(message="first") as tx:
        lake.catalog(tx.name).create_namespace("shop")
    lake.branch("dev")
    lake.catalog("dev").create_namespace("crm")
    assert [(str(key), what) for key, what in lake.diff("main", "dev").others] == [("namespace crm", "added")]
    assert lake.merge("dev", "main").result == "merged"
    assert lake.sql("select 1 as one").read_all().to_pylist() == [{"one": 1}]

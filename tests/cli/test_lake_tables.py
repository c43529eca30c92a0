"""The verbs for tables: sql, import, compact, gc, connect."""

import os
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cli.lake_support import append, held
from understudy.lake import tables
from understudy.lake.engines import ENGINES
from understudy.schema import TableName


def test_any_state_is_asked_and_several_beside_one_another(shell, lake):
    append(lake, "dev", "guests", {"id": 4, "name": "Dan"})
    said = shell.run(
        "sql", "select name, sum(price) as total from bookings b join guests g on g.id = b.guest group by 1", "--json"
    )
    assert said.json["columns"] == ["name", "total"] and sorted(said.json["rows"]) == [["Ada", 100], ["Bob", 250]]
    assert shell.run("sql", "select count(*) from guests", "--ref", "dev", "--json").json["rows"] == [[4]]
    new = "select name from guests except select name from old.guests"
    assert shell.run("sql", new, "--ref", "dev", "--also", "old=v1", "--json").json["rows"] == [["Dan"]]
    new = "select name from guests except select name from prod.guests"
    assert shell.run("sql", new, "--ref", "dev", "--also", "main=main").text.split()[-1] == "Dan"


def test_values_that_json_has_not_are_texts(shell, lake):
    query = (
        "select 'nan'::double a, date '2020-01-02' b, 1.50::decimal(5,2) c, '\\xff'::blob d, [1, 2] e, null f, true g"
    )
    assert shell.run("sql", query, "--json").json["rows"] == [["nan", "2020-01-02", "1.50", "ff", [1, 2], None, True]]
    uuid = "b5a4b6a2-7c0e-4d5e-9f6a-0123456789ab"
    assert shell.run("sql", f"select '{uuid}'::uuid", "--json").json["rows"] == [[uuid]]


def test_rows_are_cut_at_a_limit_that_is_told_or_written_whole(shell, lake):
    said = shell.run("sql", "select range as n from range(100000)", "--limit", "2")
    assert said.text.endswith("the first 2 rows; `--limit N` shows more, `-o FILE` writes all\n")
    told = shell.run("sql", "select range as n from range(100000)", "--limit", "2", "--json").json
    assert told == {"columns": ["n"], "rows": [[0], [1]], "more": True}
    assert shell.run("sql", "select range as n from range(2)", "--limit", "2", "--json").json["more"] is False
    assert shell.run("sql", "select range as n from range(100000)", "-o", "n.csv").text == "n.csv: 100,000 rows\n"
    assert shell.read("n.csv").startswith("n\n0\n1\n") and shell.read("n.csv").endswith("\n99999\n")
    again = shell.run("sql", "select 1 as n", "-o", "n.csv")
    assert again.code == 2 and "`--force`" in again.err
    assert shell.run("sql", "select * from guests", "-o", "n.csv", "--force", "--json").json["rows"] == 3


def test_a_query_reaches_only_the_lake_and_only_reads(shell, lake):
    shell.write("secret.csv", "a\n1\n")
    assert shell.run("sql", "select * from 'secret.csv'").code == 2
    assert "one SELECT" in shell.run("sql", "drop table guests").err
    assert "did you mean" in shell.run("sql", "select * from guest").err.lower()
    assert "write it as `--also old=main~1`" in shell.run("sql", "select 1", "--also", "dev").err


def rooms(shell, name, *numbers):
    path = shell.folder / name
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.table({"room": pa.array(numbers, pa.int64())}), path)


def test_files_become_a_table_where_they_lie_and_more_are_added(shell, lake):
    rooms(shell, "data/a.parquet", 1, 2)
    rooms(shell, "data/b.parquet", 3)
    said = shell.run("import", "data/*.parquet", "rooms", "--on", "dev", "-m", "the rooms")
    assert said.text.splitlines()[1] == "rooms: 3 rows" and "the rooms" in said.text
    rooms(shell, "c.parquet", 4)
    told = shell.run("import", "c.parquet", "rooms", "--on", "dev", "--json").json
    assert (told["branch"], told["table"], told["rows"]) == ("dev", "rooms", 4)
    assert held(lake, "dev", "rooms") == [(1,), (2,), (3,), (4,)]
    assert shell.run("sql", "select sum(room) from rooms", "--ref", "dev", "--json").json["rows"] == [[10]]
    elsewhere = shell.run("sql", "select sum(room) from rooms", "--ref", "dev", "--json", UNDERSTUDY_LAKE=lake.location)
    assert elsewhere.json["rows"] == [[10]]


def test_files_that_are_copied_may_go(shell, lake):
    rooms(shell, "a.parquet", 1, 2)
    assert shell.run("import", "a.parquet", "hotel.rooms", "--copy").code == 0
    (shell.folder / "a.parquet").unlink()
    assert shell.run("sql", "select count(*) from hotel.rooms", "--json").json["rows"] == [[2]]


def test_what_cannot_be_imported_is_named(shell, lake):
    assert "no file is called 'none-*.parquet'" in shell.run("import", "none-*.parquet", "rooms").err
    shell.write("x.parquet", "no parquet")
    assert "no Parquet file" in shell.run("import", "x.parquet", "rooms").err
    rooms(shell, "a.parquet", 1)
    assert shell.run("import", "a.parquet", "rooms", "--on", "v1").code == 2
    assert "one metadata.json" in shell.run("import", "1.metadata.json", "2.metadata.json", "rooms").err


def test_an_iceberg_table_is_registered_by_its_metadata(shell, lake):
    there = lake.entry("main", TableName("", "guests")).location
    assert there.endswith(".metadata.json")
    said = shell.run("import", there, "people", "--json")
    assert said.code == 0 and said.json["rows"] == 3
    assert shell.run("import", there, "people").code == 2


def test_small_files_are_put_together(shell, lake):
    append(lake, "dev", "guests", {"id": 4, "name": "Dan"})
    assert shell.run("compact", "guests", "--on", "dev").text == "guests: 2 files became 1\n"
    assert shell.run("compact", "guests", "--on", "dev").text == "guests is compact already\n"
    assert len(held(lake, "dev", "guests")) == 4
    assert "did you mean 'guests'?" in shell.run("compact", "gusts").err


@pytest.fixture
def old(lake):
    """Everything in the lake was written two days ago, and guests was overwritten since."""
    tables.overwrite(lake, "dev", TableName("", "guests"), [])
    tables.overwrite(lake, "dev", TableName("", "guests"), [pa.record_batch({"id": [9], "name": ["Zoe"]})])
    before = time.time() - 2 * 86_400
    for root, _, names in os.walk(lake.warehouse):
        for name in names:
            os.utime(os.path.join(root, name), (before, before))
    return lake


SOON = ("--keep-days", "0", "--keep-last", "1", "--reflog-days", "0")


def test_a_collection_is_planned_listed_and_then_done(shell, old):
    nothing = shell.run("gc", "plan")
    assert nothing.text == "0 files, 0 bytes; 0 commits would not be readable\nnothing is left over\n"
    planned = shell.run("gc", "plan", *SOON, "-o", "gone.parquet", "--json").json
    listed = pq.read_table(shell.folder / "gone.parquet")
    assert planned["files"] == listed.num_rows > 0 and planned["bytes"] == sum(listed["bytes"].to_pylist())
    assert {one["why"] for one in planned["reasons"]} == set(listed["why"].to_pylist())
    assert "`understudy gc apply`, with the same options, does that" in shell.run("gc", "plan", *SOON).text
    assert shell.run("gc", "plan", *SOON, "--keep", "dev=30/10", "--json").json["files"] == 0
    assert "exists already" in shell.run("gc", "plan", "-o", "gone.parquet").err
    assert all(map(os.path.exists, listed["path"].to_pylist()))
    gone = shell.run("gc", "apply", *SOON, "--json").json
    assert gone["files"] == planned["files"] and not any(map(os.path.exists, listed["path"].to_pylist()))
    assert held(old, "dev", "guests") == [(9, "Zoe")] and len(held(old, "v1", "guests")) == 3
    lost = shell.run("sql", "select * from guests", "--ref", "dev~1")
    assert lost.code == 2 and "collected" in lost.err
    assert "[files collected]" in shell.run("log", "dev").text
    assert shell.run("show", "dev~1").code == 0


def test_a_policy_that_is_none_is_refused(shell, lake):
    for wrong in ("release", "x=y", "x=1/many"):
        said = shell.run("gc", "plan", "--keep", wrong)
        assert said.code == 2 and "--keep 'release/*=365/50'" in said.err


def test_every_engine_has_a_text_that_names_branch_server_and_table(shell, lake):
    for engine in ENGINES:
        said = shell.run("connect", engine, "--ref", "dev", "--json")
        assert said.json["table"] == "files.bookings"
        text = said.json["text"]
        assert "dev" in text and "http://127.0.0.1:8181" in text
        assert shell.run("connect", engine, "--ref", "dev").text.rstrip() == text.rstrip()


def test_a_server_elsewhere_needs_no_lake_here(shell, monkeypatch):
    monkeypatch.delenv("UNDERSTUDY_LAKE", raising=False)
    said = shell.run("connect", "duckdb", "--uri", "https://lake.example", "--ref", "dev", "--token", "TOKEN")
    assert said.code == 0 and "'https://lake.example'" in said.text and "'TOKEN'" in said.text
    wrong = shell.run("connect", "duckbd", "--uri", "https://lake.example")
    assert wrong.code == 2 and "did you mean 'duckdb'?" in wrong.err
    assert shell.run("connect", "duckdb").code == 2

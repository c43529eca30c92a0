"""Jobs on the lake: a run is a commit; what is published is read, loaded and checked from any state of it."""

import subprocess
import sys
from dataclasses import replace
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pytest
from pyiceberg.types import BooleanType

from support.shop import COLUMNS, SUBSET
from understudy.errors import InputError
from understudy.interfaces import Scan
from understudy.lake import Lake, tables
from understudy.lake.catalog import LakeCatalog
from understudy.lake.connection import Branch
from understudy.schema import Column, Table, TableName, Unique

USERS = TableName("public", "users")


def lake_of(shop):
    return Lake.open(shop.folder / ".understudy")


def rows_of(lake, ref, table="users"):
    found = Branch(lake, ref).read(Scan(TableName("public", table))).read_all()
    return sorted(found.to_pylist(), key=str)


def test_a_run_is_a_commit_that_tells_where_it_came_from(copied):
    shop, report = copied
    lake = lake_of(shop)
    commit = lake.head("main")
    assert commit.message == f"run {report['run']} of job" and len(commit.parents) == 1
    assert commit.meta["run"] == report["run"] and report["key_id"] == commit.meta["key"]
    assert {"source", "position", "code", "dependencies", "report"} <= commit.meta.keys()
    assert {str(name): entry.rows for name, entry in lake.tables("main").items()} == {
        "audit": 0,
        "countries": 2,
        "lines": 8,
        "notes": 1,
        "orders": 4,
        "users": 3,
    }


def test_the_branch_has_the_types_keys_and_rows_of_the_copy(copied):
    shop, _ = copied
    branch = Branch(lake_of(shop), "main")
    schema = branch.schema()
    users = schema.table(USERS)
    assert users.primary_key == ("id",) and users.column("level").labels == ("bronze", "gold")
    assert {str(key) for key in schema.parents(USERS)} == {
        "users.country -> countries.code",
        "users.referred_by -> users.id",
    }
    assert schema.engine == "postgresql" and schema.sequences
    loaded = shop.query("select id, name, born from users order by 1")
    told = [(row["id"], row["name"], row["born"]) for row in rows_of(branch.lake, "main")]
    assert sorted(told, key=str) == sorted(loaded, key=str)


def test_any_iceberg_reader_reads_the_tables(copied, monkeypatch):
    monkeypatch.setenv("POLARS_ICEBERG_PLANNER", "pyiceberg")  # silences a hint at a faster one
    shop, _ = copied
    lake = lake_of(shop)
    location = lake.entry("main", TableName("public", "orders")).location
    found = pl.scan_iceberg(location).collect()
    assert found.height == 4 and set(found.columns) == {"id", "user_id", "total", "tags", "placed"}


def test_the_same_rows_again_add_no_file_and_keep_the_tables_entries(ran):
    shop, _ = ran
    lake = lake_of(shop)
    before, files = lake.tables("main"), sorted(shop.folder.glob(".understudy/warehouse/**/*.parquet"))
    assert shop.cli("run", "job.yaml", "--no-load").code == 0
    assert lake.tables("main") == before
    assert sorted(shop.folder.glob(".understudy/warehouse/**/*.parquet")) == files
    assert [commit.message[:3] for commit in lake.log("main")] == ["run", "run", "a n"]


def test_what_changed_in_the_source_is_a_new_state_and_the_old_one_stays(ran):
    shop, _ = ran
    lake = lake_of(shop)
    lake.tag("before")
    shop.execute("update users set name = 'Ada King' where id = 1", source=True)
    assert shop.cli("run", "job.yaml", "--no-load").code == 0
    before, now = lake.tables("before"), lake.tables("main")
    assert {str(name) for name in now if now[name] != before[name]} == {"users"}
    assert now[USERS].uuid == before[USERS].uuid, "the same table, with its history"
    assert rows_of(lake, "before") != rows_of(lake, "main")
    assert len(rows_of(lake, "before")) == len(rows_of(lake, "main")) == 3


def test_any_state_is_loaded_again_without_the_source(ran):
    shop, _ = ran
    expected = shop.query("select * from users order by 1")
    lake_of(shop).tag("monday")
    shop.execute("update users set name = 'Changed' where id = 1", source=True)
    assert shop.cli("run", "job.yaml", "--no-load").code == 0
    for words in (("job.yaml", "--ref", "monday"), (f"lake:{shop.folder}/.understudy#monday",)):
        shop.execute("drop schema public cascade; create schema public")
        done = shop.cli("load", *words, "--to", shop.destination, "--mode", "replace", SOURCE_URL="gone")
        assert done.code == 0, done.err
        assert shop.query("select * from users order by 1") == expected


def test_a_run_of_before_is_loaded_by_its_id(ran):
    shop, report = ran
    expected = shop.query("select * from users order by 1")
    shop.execute("update users set name = 'Changed' where id = 1", source=True)
    assert shop.cli("run", "job.yaml", "--no-load").code == 0
    again = shop.cli("load", "job.yaml", "--run", report["run"], "--to", shop.destination, "--mode", "replace")
    assert again.code == 0, again.err
    assert shop.query("select * from users order by 1") == expected


def test_a_result_that_fails_a_check_is_kept_aside_and_taints_what_comes_of_it(ran):
    shop, _ = ran
    lake = lake_of(shop)
    before = lake.head("main")
    names = "'Ada Lovelace', 'Bob Ross', 'Dan Brown'"
    shop.execute(f"alter table users add constraint known check (name in ({names}))", source=True)
    failed = shop.cli("run", "job.yaml")
    assert failed.code == 1 and "constraints" in failed.out
    assert lake.head("main") == before
    (aside,) = lake.refs("transaction")
    assert aside.name in failed.out and aside.expires and len(rows_of(lake, aside.name)) == 3
    with pytest.raises(InputError, match="aborted: its checks have not passed"):
        lake.branch("mine", aside.name)
    refused = shop.cli("load", f"lake:{shop.folder}/.understudy#{aside.name}", "--to", shop.destination)
    assert refused.code == 2 and "aborted" in refused.err
    with lake.store.writing() as writing:  # a week later
        writing.put_ref(replace(aside, expires=1.0), old=aside.hash, author="test", why="time goes by")
    shop.execute("alter table users drop constraint known", source=True)
    assert shop.cli("run", "job.yaml", "--no-load").code == 0
    assert not lake.refs("transaction")


def test_a_result_with_personal_values_is_not_kept_at_all(ran):
    shop, _ = ran
    lake = lake_of(shop)
    files = sorted(shop.folder.glob(".understudy/warehouse/**/*.parquet"))
    shop.job(columns=COLUMNS.replace("notes.body: redact", "notes.body: keep"), extra="checks: {drift: off}")
    failed = shop.cli("run", "job.yaml")
    assert failed.code == 1 and "leaks" in failed.out
    assert not lake.refs("transaction")
    assert sorted(shop.folder.glob(".understudy/warehouse/**/*.parquet")) == files
    assert not list(shop.folder.glob(".understudy/runs/*/stage*"))


def test_a_job_may_publish_on_a_branch_of_its_own(ran):
    shop, _ = ran
    lake = lake_of(shop)
    before = lake.head("main")
    shop.job(extra="into: dev")
    missing = shop.cli("run", "job.yaml", "--no-load")
    assert missing.code == 2 and "'dev' does not exist" in missing.err
    lake.branch("dev")
    assert shop.cli("run", "job.yaml", "--no-load").code == 0
    assert lake.head("main") == before and lake.head("dev").parents == (before.hash,)


def test_two_jobs_do_not_take_each_others_tables(copied):
    shop, _ = copied
    shop.job(name="other.yaml")
    refused = shop.cli("run", "other.yaml", "--no-load")
    assert refused.code == 2
    assert "belongs to the copy of the job 'job'" in refused.err and "into" in refused.err


def test_a_state_of_the_lake_is_a_source_like_any_other(copied):
    shop, _ = copied
    lake = f"lake:{shop.folder}/.understudy#main"
    (shop.folder / "half.yaml").write_text(
        f"source: {lake}\nlake: ./second\n"
        + SUBSET.replace("country = 'DE'", "level = 'gold'").replace("unreached: empty", "unreached: reference")
        + COLUMNS.replace("users.born: {shift_days: 30, per: id}", "users.born: keep").replace(
            "users.email: email", "users.email: keep"
        )
        + "checks: {drift: off}\n"
    )
    done = shop.cli("run", "half.yaml")
    assert done.code == 0, done.err + done.out
    second = Branch(Lake.open(shop.folder / "second"), "main")
    assert {row["level"] for row in second.read(Scan(USERS)).read_all().to_pylist()} <= {"gold", "bronze"}
    assert 0 < len(second.read(Scan(USERS)).read_all()) <= 3


def test_a_copy_is_loaded_onto_a_branch_as_into_a_database(shop):
    shop.job(load=f"load: [{{to: 'lake:{shop.folder}/team#main'}}]")
    Lake.open(shop.folder / "team", create=True)
    done = shop.cli("run", "job.yaml")
    assert done.code == 0, done.err
    assert len(rows_of(Lake.open(shop.folder / "team"), "main")) == 3


def test_files_that_were_changed_on_the_disk_are_not_loaded(ran):
    shop, _ = ran
    file = next(path for path in shop.folder.glob(".understudy/warehouse/public/users-*/data/*.parquet"))
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    refused = shop.cli("load", "job.yaml", "--mode", "replace", "--to", shop.destination)
    assert refused.code == 3 and "were changed since they were written" in refused.err


def test_rerun_makes_the_same_rows_and_leaves_no_trace(ran):
    shop, _ = ran
    lake = lake_of(shop)
    before = lake.head("main")
    again = shop.cli("rerun", "main")
    assert again.code == 0, again.err
    assert "the same 18 rows in 6 tables" in again.out
    assert shop.cli("report", "--json").json["run"] == before.meta["run"]
    assert lake.head("main") == before and not lake.refs("transaction")


def test_rerun_tells_which_rows_differ_and_why(ran):
    shop, _ = ran
    shop.execute("update users set name = 'Ada King' where id = 1", source=True)
    shop.execute("insert into orders (user_id, total) values (1, 3)", source=True)
    again = shop.cli("rerun", "main", "--json")
    assert again.code == 1
    assert again.json["differ"] == {
        "users": "0 rows more, 0 less, 1 changed",
        "orders": "1 rows more, 0 less, 0 changed",
    }
    assert any("the source stood at" in cause for cause in again.json["causes"])
    assert len(rows_of(lake_of(shop), again.json["branch"], "orders")) == 5


def test_rerun_says_all_that_is_missing_at_once(ran):
    shop, _ = ran
    other = shop.cli("key", "new").out.strip()
    refused = shop.cli("rerun", "main", UNDERSTUDY_KEY=other)
    assert refused.code == 2 and "was made with" in refused.err
    bare = {name: value for name, value in shop.environment.items() if name not in ("SOURCE_URL", "UNDERSTUDY_KEY")}
    command = [sys.executable, "-m", "understudy", "rerun", "main"]
    process = subprocess.run(command, cwd=shop.folder, env=bare, capture_output=True, text=True)
    assert process.returncode == 2
    assert "SOURCE_URL is not set" in process.stderr and "UNDERSTUDY_KEY is not set" in process.stderr


def test_rerun_from_a_state_of_the_lake_reads_that_very_state(ran):
    shop, _ = ran
    (shop.folder / "whole.yaml").write_text(
        f"source: lake:{shop.folder}/.understudy#main\nlake: ./second\n"
        + COLUMNS
        + "  notes.subject_id: keep\nchecks: {drift: off, privacy: off, constraints: off}\n"
    )
    done = shop.cli("run", "whole.yaml")
    assert done.code == 0, done.err + done.out
    shop.execute("update users set name = 'Ada King' where id = 1", source=True)
    assert shop.cli("run", "job.yaml", "--no-load").code == 0
    again = shop.cli("rerun", "main", "--lake", "second")
    assert again.code == 0, again.err + again.out


def test_what_became_of_the_tables_on_a_branch_is_loaded_too(ran):
    shop, _ = ran
    lake = lake_of(shop)
    lake.branch("dev")
    table = LakeCatalog(lake, "dev").load_table("public.orders")
    with table.update_schema() as update:
        update.add_column("paid", BooleanType()).rename_column("total", "amount").delete_column("tags")
    badges = Table(
        TableName("hr", "badges"),
        (
            Column("no", "int64", "integer", pa.int64(), nullable=False),
            Column("owner", "string", "text", pa.string()),
            Column("since", "timestamp[us, tz=UTC]", "timestamp", pa.timestamp("us", "UTC")),
        ),
        (Unique("pk", ("no",), primary=True),),
    )
    rows = pa.record_batch({"no": [7], "owner": ["ada"], "since": pa.array([0], pa.timestamp("us", "UTC"))})
    tables.create(lake, "dev", badges, batches=[rows])
    shop.execute("drop schema public cascade; create schema public")
    for mode in ("create", "replace"):
        done = shop.cli("load", f"lake:{shop.folder}/.understudy#dev", "--to", shop.destination, "--mode", mode)
        assert done.code == 0, done.err
    assert shop.query("select no, owner from hr.badges") == [(7, "ada")]
    assert shop.query("select count(*), count(paid), sum(amount) from orders") == [(4, 0, Decimal("42.75"))]
    assert shop.query(
        "select count(*) from pg_constraint where conrelid = 'hr.badges'::regclass and contype = 'p'"
    ) == [(1,)]

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pyarrow as pa
import pytest

from lake.rest_support import duckdb_answers, make_orders, rows, run_engine, sail_answers, serving
from understudy.errors import InputError
from understudy.interfaces import Scan
from understudy.lake import Lake, tables
from understudy.lake.catalog import LakeCatalog
from understudy.lake.connection import Branch
from understudy.lake.engines import ENGINES, snippet
from understudy.lake.merge import merge
from understudy.lake.rest import Tokens, new_token
from understudy.lake.rest.auth import Caller
from understudy.schema import Column, Table, TableName, Unique

THREE = [(1, "tea"), (2, "cup"), (3, "pot")]


@pytest.fixture
def served(sqlite_lake: Lake) -> Iterator[tuple[Lake, str]]:
    """Three orders on main, dev, a branch with a slash and a tag; served."""
    make_orders(sqlite_lake)
    sqlite_lake.branch("dev", "main")
    sqlite_lake.branch("feature/x", "main")
    sqlite_lake.tag("v1", "main")
    with serving(sqlite_lake) as url:
        yield sqlite_lake, url


def test_duckdb_does_on_a_branch_all_that_it_does_with_tables(served, tmp_path):
    lake, url = served
    answers = duckdb_answers(
        tmp_path,
        *snippet("duckdb", url, "feature/x").splitlines(),
        "INSERT INTO feature_x.shop.orders VALUES (4, 'jug')",
        "UPDATE feature_x.shop.orders SET item = 'mug' WHERE id = 1",
        "DELETE FROM feature_x.shop.orders WHERE id = 2",
        "CREATE TABLE feature_x.shop.copied AS FROM prod.shop.orders",
        "ALTER TABLE feature_x.shop.copied ADD COLUMN n INTEGER",
        "CREATE SCHEMA feature_x.other",
        "CREATE TABLE feature_x.other.t (a INTEGER)",
        "DROP TABLE feature_x.other.t",
        "DROP SCHEMA feature_x.other",
        "SELECT id, item FROM feature_x.shop.orders ANTI JOIN prod.shop.orders USING (id, item)",
        f"ATTACH 'v1' AS v1 (TYPE iceberg, ENDPOINT '{url}', AUTHORIZATION_TYPE 'none')",
        "FROM v1.shop.orders",
        "INSERT INTO v1.shop.orders VALUES (5, 'jar')",
    )
    *worked, changed, _, tagged, refused = answers
    assert not [one for one in worked if isinstance(one, str)]
    assert changed == [(1, "mug"), (4, "jug")]
    assert tagged == THREE
    assert refused.startswith("refused: ")
    assert rows(lake, "feature/x") == [(1, "mug"), (3, "pot"), (4, "jug")]
    assert LakeCatalog(lake, "feature/x").load_table("shop.copied").schema().column_names == ["id", "item", "n"]
    assert LakeCatalog(lake, "feature/x").list_namespaces() == [("shop",)]
    assert rows(lake, "main") == rows(lake, "v1") == THREE
    engines = {commit.meta["engine"].partition("/")[0] for commit in lake.log("feature/x", limit=8)}
    assert engines == {"duckdb"}


def test_a_transaction_of_duckdb_over_two_tables_is_one_commit(served, tmp_path):
    lake, url = served
    make_orders(lake, "payments", ref="dev")
    before = lake.head("dev").hash
    answers = duckdb_answers(
        tmp_path,
        *snippet("duckdb", url, "dev").splitlines(),
        "BEGIN",
        "INSERT INTO dev.shop.orders VALUES (4, 'jug')",
        "INSERT INTO dev.shop.payments VALUES (4, 'cash')",
        "COMMIT",
    )
    assert not [one for one in answers if isinstance(one, str)]
    assert lake.head("dev").parents == (before,)
    assert [key.name for key in lake.head("dev").changed] == ["orders", "payments"]


def test_sail_reads_and_writes_a_branch(served, tmp_path):
    lake, url = served
    read, _, updated, deleted, joined, _, _, _, dropped, tables = sail_answers(
        tmp_path,
        snippet("sail", url, "feature/x"),
        "SELECT * FROM feature_x.shop.orders",
        "INSERT INTO feature_x.shop.orders VALUES (4, 'jug')",
        "UPDATE feature_x.shop.orders SET item = 'mug' WHERE id = 1",
        "DELETE FROM feature_x.shop.orders WHERE id = 2",
        "SELECT f.id FROM feature_x.shop.orders f LEFT ANTI JOIN prod.shop.orders p ON f.item = p.item",
        "CREATE NAMESPACE feature_x.other",
        "CREATE TABLE feature_x.other.t (a INT) USING iceberg",
        "INSERT INTO feature_x.other.t VALUES (1)",
        "DROP TABLE feature_x.other.t PURGE",
        "SHOW TABLES IN feature_x.shop",
    )
    assert read == THREE
    assert joined == [(1,), (4,)]
    assert not [one for one in (updated, deleted, dropped) if isinstance(one, str)]
    assert tables == [("shop", "orders", False)]
    assert rows(lake, "feature/x") == [(1, "mug"), (3, "pot"), (4, "jug")]
    assert rows(lake, "main") == THREE


@pytest.mark.parametrize("engine", ["pyiceberg", "polars"])
def test_the_text_for_a_library_of_python_runs_as_it_is(served, capsys, monkeypatch, engine):
    monkeypatch.setenv("POLARS_ICEBERG_PLANNER", "pyiceberg")  # its other one is a package of its own
    _, url = served
    exec(compile(snippet(engine, url, "dev"), engine, "exec"), {})
    told = capsys.readouterr().out
    assert all(item in told for _, item in THREE)


@pytest.mark.parametrize("engine", ["duckdb", "sail", "pyiceberg"])
def test_with_a_token_an_engine_opens_what_the_token_may_read(sqlite_lake, tmp_path, engine):
    make_orders(sqlite_lake)
    sqlite_lake.branch("dev", "main")
    token, hashed = new_token()
    with serving(sqlite_lake, Tokens({hashed: Caller("ann", {"main": "read", "dev": "write"})})) as url:
        text = snippet(engine, url, "dev", token=token)
        if engine == "duckdb":
            *_, told, _, refused = duckdb_answers(
                tmp_path,
                *text.splitlines(),
                "INSERT INTO dev.shop.orders VALUES (4, 'jug')",
                "INSERT INTO prod.shop.orders VALUES (4, 'jug')",
            )
            assert told == THREE
            assert refused.startswith("refused: ")
        else:
            assert "tea" in run_engine(text, home=tmp_path)
    if engine == "duckdb":
        assert sqlite_lake.head("dev").author == "ann"
    assert rows(sqlite_lake, "main") == THREE


def test_main_is_called_prod_where_an_engine_needs_a_name_for_it():
    assert "ATTACH 'main' AS prod" in snippet("duckdb", "http://localhost:8181", "main")
    assert "spark.sql.catalog.prod.warehouse=main" in snippet("spark", "http://localhost:8181", "dev")
    assert "branch_2026" in snippet("duckdb", "http://localhost:8181", "2026")


def test_an_engine_that_no_test_runs_says_so():
    told = {engine for engine in ENGINES if "tests do not run it" in snippet(engine, "http://localhost:8181", "dev")}
    assert told == {"daft", "spark", "trino"}


def test_an_unknown_engine_is_named():
    with pytest.raises(InputError, match="engine 'duck' does not exist"):
        snippet("duck", "http://localhost:8181", "dev")


def test_two_engines_and_our_own_verbs_go_on_from_one_another(sqlite_lake, tmp_path):
    lake, name = sqlite_lake, TableName("", "people")
    columns = (Column("id", "smallint", "integer", pa.int16(), nullable=False), Column("at", "uuid", "uuid", pa.uuid()))
    table = Table(name, columns, uniques=(Unique("people_pkey", ("id",), primary=True),))
    batch = pa.RecordBatch.from_arrays(
        [pa.array([1, 2, 3], pa.int16()), pa.array([UUID(int=7).bytes] * 3, pa.binary(16)).cast(pa.uuid())],
        names=["id", "at"],
    )
    lake.branch("dev", "main")
    tables.create(lake, "dev", table, batches=[batch])
    with serving(lake) as url:
        duckdb = duckdb_answers(
            tmp_path,
            *snippet("duckdb", url, "dev", table="files.people").splitlines(),
            "DELETE FROM dev.files.people WHERE id = 2",
            "ALTER TABLE dev.files.people ADD COLUMN note VARCHAR",
            "UPDATE dev.files.people SET note = 'old' WHERE id = 3",
        )
        sail = sail_answers(
            tmp_path,
            snippet("sail", url, "dev", table="files.people"),
            "INSERT INTO dev.files.people (id, note) VALUES (4, 'new')",
            "SELECT id, note FROM dev.files.people",
        )
    assert not [one for one in (*duckdb, *sail) if isinstance(one, str)]
    assert sail[-1] == [(1, None), (3, "old"), (4, "new")]
    tables.delete(lake, "dev", name, "id = 3")
    tables.compact(lake, "dev", name)
    held = Branch(lake, "dev").read(Scan(name)).read_all().to_pylist()
    assert sorted(held, key=lambda row: row["id"]) == [
        {"id": 1, "at": UUID(int=7), "note": None},
        {"id": 4, "at": None, "note": "new"},
    ]


def test_what_an_engine_wrote_on_a_branch_is_merged_with_what_main_got_meanwhile(served, tmp_path: Path):
    lake, url = served
    LakeCatalog(lake, "dev").create_table("shop.plain", pa.schema([("a", pa.int32())]))
    duckdb_answers(
        tmp_path,
        *snippet("duckdb", url, "dev").splitlines(),
        "INSERT INTO dev.shop.plain VALUES (1), (2)",
        "INSERT INTO dev.shop.orders VALUES (4, 'jug')",
    )
    LakeCatalog(lake, "main").load_table("shop.orders").append(
        pa.table({"id": pa.array([5], pa.int64()), "item": ["jar"]})
    )
    merge(lake, "dev", "main")
    assert rows(lake, "main", "plain") == [(1,), (2,)]
    assert rows(lake, "main") == [*THREE, (4, "jug"), (5, "jar")]

"""A load that fails, is killed or is refused leaves the destination as it was, and tells no value of a row."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from conftest import query, run_sql
from support.loading import Paused, dumped, into, silent, staged
from understudy.connections.folder import Folder
from understudy.connections.postgres.load import load
from understudy.connections.postgres.read import Postgres
from understudy.errors import Error
from understudy.interfaces import Ddl, Mode

Make = Callable[..., str]


def test_failing_post_data_leaves_the_destination_as_it_was(database: Make, tmp_path: Path) -> None:
    made, ddl = staged(
        database("CREATE TABLE t (email text); INSERT INTO t VALUES ('ann'), ('ann')"), tmp_path / "stage"
    )
    unique = Ddl(ddl.engine, ddl.before, "CREATE UNIQUE INDEX t_email ON public.t (email);")
    copy = database("CREATE TABLE other (id int); INSERT INTO other VALUES (1)")
    before = dumped(copy)
    with pytest.raises(Error) as caught:
        into(copy, (made, unique))
    assert caught.value.message == (
        "CREATE UNIQUE INDEX t_email ON public.t: unique constraint 't_email' of table public.t is violated:"
        " two rows have the same key"
    )
    assert dumped(copy) == before


SECRET = "SECRET"


@pytest.fixture(scope="module")
def secrets(module_database: Make, tmp_path_factory: pytest.TempPathFactory) -> tuple[Folder, Ddl]:
    url = module_database("CREATE TABLE t (w int, v text); INSERT INTO t VALUES (NULL, 'SECRET'), (NULL, 'SECRET')")
    return staged(url, tmp_path_factory.mktemp("secrets") / "stage")


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ("v text UNIQUE", "unique constraint 't_v_key' of table public.t is violated"),
        ("v text CHECK (v <> 'SECRET')", "CHECK constraint 't_v_check' of table public.t is violated"),
        ("v text, CHECK (w IS NOT NULL)", "CHECK constraint 't_w_check' of table public.t is violated"),
        ("v text REFERENCES p", "foreign key 't_v_fkey' of table public.t is violated"),
        ("v text, EXCLUDE USING btree (v WITH =)", "EXCLUDE constraint 't_v_excl' of table public.t is violated"),
    ],
)
def test_violations_name_table_and_constraint_and_never_a_value(
    secrets: tuple[Folder, Ddl], database: Make, there: str, said: str
) -> None:
    copy = database(f"CREATE TABLE p (v text PRIMARY KEY); CREATE TABLE t (w int, {there});")
    before = dumped(copy)
    with pytest.raises(Error) as caught:
        into(copy, secrets, "replace")
    assert said in caught.value.message
    assert SECRET not in caught.value.message + caught.value.hint
    assert caught.value.__cause__ is None and caught.value.__suppress_context__, "a traceback would show its DETAIL"
    assert dumped(copy) == before


@pytest.mark.parametrize(
    ("source_type", "type_there", "said"),
    [
        ("text", "varchar(3)", "t.v is character varying(3), not text"),
        ("public.d", "public.d", "CHECK constraint 'd_check' of type d is violated"),
        ("text NOT NULL", "text", ""),
        ("text", "text NOT NULL", "column 'v' of table public.t may not be NULL"),
        ("text", "text) PARTITION BY LIST (v", "a row of table public.t fits none of its partitions"),
    ],
)
def test_types_partitions_and_nulls_are_refused_without_a_value(
    database: Make, tmp_path: Path, source_type: str, type_there: str, said: str
) -> None:
    source = database(f"CREATE DOMAIN d AS text; CREATE TABLE t (v {source_type}); INSERT INTO t VALUES ('SECRET')")
    if "NOT NULL" not in source_type:
        run_sql(source, "INSERT INTO t VALUES (NULL)")
    copy = database(f"CREATE DOMAIN d AS text CHECK (VALUE <> 'SECRET'); CREATE TABLE t (v {type_there})")
    made = staged(source, tmp_path / "stage")
    if not said:
        assert sum(into(copy, made, "replace").values()) == 1
        return
    with pytest.raises(Error) as caught:
        into(copy, made, "replace")
    assert said in caught.value.message
    assert SECRET not in caught.value.message + caught.value.hint


def test_value_that_does_not_fit_its_type_names_the_column_alone(database: Make, tmp_path: Path) -> None:
    text = pa.schema([("v", pa.string())])
    source = database("CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE t (v mood)")
    schema = Postgres(source).schema()
    with Folder.create(tmp_path / "stage", schema) as made:
        with made.writer(schema.tables[0], text) as writer:
            writer.write(pa.RecordBatch.from_pydict({"v": ["sad", "SECRET: column x"]}))
        with pytest.raises(Error, match=r"table t: a value does not fit t\.v \(InvalidTextRepresentation\)") as caught:
            load(source, made, mode="replace", ddl=None, progress=silent)
    assert SECRET not in caught.value.message + caught.value.hint


CHILD = """
import sys
sys.path.insert(0, {tests!r})
import threading
from support.loading import *
made = Paused(Folder({stage!r}))
threading.Thread(target=lambda: (made.reached.wait(), print("in the middle", flush=True)), daemon=True).start()
load({url!r}, made, mode={mode!r}, ddl=made.inner.ddl(), progress=silent)
"""


@pytest.mark.parametrize("mode", ["create", "replace"])
def test_kill_in_the_middle_of_a_copy_leaves_the_destination_as_it_was(
    database: Make, tmp_path: Path, mode: Mode
) -> None:
    script = "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int REFERENCES p);"
    staged(database(script + "INSERT INTO p VALUES (1); INSERT INTO t VALUES (1)"), tmp_path / "stage")
    copy = database(script + "INSERT INTO p VALUES (9); INSERT INTO t VALUES (9)" if mode == "replace" else "")
    before = dumped(copy)
    tests = str(Path(__file__).parents[1])
    child = CHILD.format(tests=tests, stage=str(tmp_path / "stage"), url=copy, mode=mode)
    with subprocess.Popen([sys.executable, "-c", child], stdout=subprocess.PIPE, text=True) as loading:
        assert loading.stdout is not None and loading.stdout.readline() == "in the middle\n"
        loading.send_signal(signal.SIGKILL)
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    give_up = time.monotonic() + 20
    while query(copy, others) != [(0,)] and time.monotonic() < give_up:
        time.sleep(0.05)
    assert dumped(copy) == before
    into(copy, (Folder(tmp_path / "stage"), Folder(tmp_path / "stage").ddl()), mode)
    assert query(copy, "SELECT * FROM t") == [(1,)]


def test_lost_connection_is_told_and_nothing_has_happened(database: Make, tmp_path: Path) -> None:
    folder, _ = staged(database("CREATE TABLE t (id int); INSERT INTO t VALUES (1)"), tmp_path / "stage")
    made, copy = Paused(folder), database("CREATE TABLE t (id int); INSERT INTO t VALUES (9)")

    def cut() -> None:
        made.reached.wait()
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        query(copy, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
        made.go_on.set()

    cutting = threading.Thread(target=cut)
    cutting.start()
    with pytest.raises(Error, match="table t: the connection to PostgreSQL was lost"):
        load(copy, made, mode="replace", ddl=None, progress=silent)
    cutting.join()
    assert query(copy, "SELECT * FROM t") == [(9,)]


def test_nobody_sees_a_load_before_its_commit(database: Make, tmp_path: Path) -> None:
    folder, _ = staged(database("CREATE TABLE t (id int); INSERT INTO t VALUES (1)"), tmp_path / "stage")
    made, copy, seen = Paused(folder), database("CREATE TABLE t (id int); INSERT INTO t VALUES (9)"), []

    def look() -> None:
        made.reached.wait()
        with psycopg.connect(copy) as connection:
            connection.execute("SET lock_timeout = '100ms'")
            try:
                connection.execute("SELECT * FROM t")
            except psycopg.errors.LockNotAvailable:
                seen.append("waits")
        made.go_on.set()

    looking = threading.Thread(target=look)
    looking.start()
    load(copy, made, mode="replace", ddl=None, progress=silent)
    looking.join()
    assert seen == ["waits"] and query(copy, "SELECT * FROM t") == [(1,)]


@pytest.mark.parametrize(("state", "shown"), [("P0001", False), ("XX000", False), ("22012", False), ("53100", True)])
def test_words_of_the_server_are_passed_on_only_where_they_cannot_hold_rows(
    secrets: tuple[Folder, Ddl], database: Make, state: str, shown: bool
) -> None:
    copy = database(
        f"""CREATE FUNCTION boom(v text) RETURNS boolean LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION USING errcode = '{state}', message = v; END $$;
        CREATE TABLE t (w int, v text CHECK (public.boom(v)))"""
    )
    with pytest.raises(Error) as caught:
        into(copy, secrets, "replace")
    assert (SECRET in caught.value.message + caught.value.hint) == shown

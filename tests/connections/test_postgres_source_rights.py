"""The source is left as it was: SELECT is enough, nothing is written, one snapshot serves all readers."""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
import pytest

from conftest import query, run_sql
from understudy.connections.postgres.read import Postgres
from understudy.connections.postgres.server import THROW_AWAY, Server
from understudy.errors import Error, InputError
from understudy.interfaces import Scan
from understudy.schema import TableName

SHOP = """
CREATE TABLE customers (id int PRIMARY KEY, email text CHECK (email LIKE '%@%'));
CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers, total numeric);
INSERT INTO customers SELECT g, g || '@example.com' FROM generate_series(1, 1000) g;
INSERT INTO orders SELECT g, g, 1.5 FROM generate_series(1, 1000) g;
"""

CUSTOMERS, ORDERS, SECRETS = (TableName("public", name) for name in ("customers", "orders", "secrets"))


@pytest.fixture(scope="module")
def logged() -> Iterator[tuple[Server, Path]]:
    """A server that writes every statement to a file."""
    with tempfile.TemporaryDirectory(prefix="understudy-test-") as folder:
        settings = {"log_statement": "all", "log_line_prefix": "%u|%p|", "log_min_duration_statement": "-1"}
        with Server.start(Path(folder) / "data", options={**THROW_AWAY, **settings}) as server:
            yield server, Path(folder) / "data" / "server.log"


def as_user(url: str, user: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{user}@{parts.netloc.rpartition('@')[2]}").geturl()


def statements(log: str) -> list[str]:
    """What the log says was executed, several lines of one statement joined."""
    joined = re.sub(r"\n(?!\w*\|\d*\|)", " ", log)
    return [
        text.strip()
        for line in joined.splitlines()
        for text in re.findall(r"LOG:\s+(?:statement|execute [^:]*): (.*)", line)
    ]


def read_everything(url: str) -> None:
    postgres = Postgres(url)
    postgres.schema()
    with postgres.snapshot(readers=3) as snapshot:
        keys = pa.table({"customer": pa.array(range(500), pa.int32())})
        scans = [
            Scan(CUSTOMERS, where="id < 900 -- most"),
            Scan(ORDERS, keys=keys, order_by="id", top=(1, ("customer",))),
            Scan(ORDERS, computed=(("row", "ctid::text"),)),
        ]
        for scan in scans:
            snapshot.validate(scan)
            snapshot.estimate(scan)
        streams = [snapshot.read(scan) for scan in scans]  # three readers at once
        batches = [stream.read_all() for stream in streams]
        assert [len(batch) for batch in batches] == [899, 499, 1000]
        for batch in batches[0].to_batches():
            assert set(snapshot.violations(CUSTOMERS, batch).values()) == {0}
    assert postgres.read(Scan(CUSTOMERS)).read_all().num_rows == 1000


def test_a_role_with_select_only_reads_everything_and_the_log_shows_no_write(logged: tuple[Server, Path]) -> None:
    server, log = logged
    url = server.create("shop")
    run_sql(url, SHOP + "CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    run_sql(url, "REVOKE TEMPORARY, CREATE ON DATABASE shop FROM public; REVOKE CREATE ON SCHEMA public FROM public")
    before = len(log.read_text())
    state = query(url, "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del), count(*) FROM pg_stat_user_tables")
    read_everything(as_user(url, "reader"))
    run = statements(log.read_text()[before:])

    assert len(run) > 30, "the log was read"
    first_words = {re.match(r"[A-Za-z]+", text).group().upper() for text in run}  # type: ignore[union-attr]
    reading = {"SELECT", "COPY", "BEGIN", "LOCK", "SET", "EXPLAIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT"}
    assert first_words <= reading | {"DECLARE", "FETCH", "CLOSE", "DEALLOCATE"}
    copies = [text for text in run if text.startswith("COPY")]
    assert copies and all("TO STDOUT" in text for text in copies)
    assert all("ACCESS SHARE MODE" in text for text in run if text.startswith("LOCK"))
    assert not any(
        re.search(r"\b(TEMP|TEMPORARY|INTO|nextval|setval)\b", text) for text in run if "pg_catalog" not in text
    )
    begun = [text for text in run if text.startswith("BEGIN")]
    assert begun and all("REPEATABLE READ, READ ONLY" in text for text in begun)
    assert sum("pg_export_snapshot" in text for text in run) == 1
    assert sum(text.startswith("SET TRANSACTION SNAPSHOT") for text in run) == 3
    assert len({text for text in run if text.startswith("SET TRANSACTION SNAPSHOT")}) == 1
    assert query(url, "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del), count(*) FROM pg_stat_user_tables") == state


def test_a_session_cannot_write_even_as_a_superuser(database: Callable[..., str]) -> None:
    url = database(
        SHOP + "CREATE FUNCTION spoil() RETURNS int LANGUAGE sql AS 'DELETE FROM public.orders RETURNING id'"
    )
    with Postgres(url).snapshot() as snapshot, pytest.raises(Error):
        snapshot.read(Scan(CUSTOMERS, computed=(("x", "public.spoil()"),))).read_all()
    assert query(url, "SELECT count(*) FROM orders") == [(1000,)]


@pytest.fixture
def role(database: Callable[..., str]) -> Iterator[Callable[[str, str], str]]:
    """``role(script, name)`` makes a database and a role of that name for the script; returns the role's URL."""
    made: list[tuple[str, str]] = []

    def make(script: str, name: str) -> str:
        url = database()
        run_sql(url, f"CREATE ROLE {name} LOGIN; {script}")
        made.append((url, name))
        return as_user(url, name)

    yield make
    for url, name in made:
        run_sql(url, f"DROP OWNED BY {name}; DROP ROLE {name}")


def test_a_table_without_permission_is_named_with_its_grant(role: Callable[[str, str], str]) -> None:
    url = role(f"{SHOP} CREATE TABLE secrets (a int); GRANT SELECT ON customers, orders TO lack_one", "lack_one")
    with Postgres(url).snapshot() as snapshot:
        assert not snapshot.schema().find("secrets").readable
        assert snapshot.read(Scan(CUSTOMERS)).read_all().num_rows == 1000
        for ask in (snapshot.read, snapshot.validate, snapshot.estimate):
            with pytest.raises(InputError, match="lack_one may not read secrets") as raised:
                ask(Scan(SECRETS))
            assert raised.value.hint == 'GRANT SELECT ON "public"."secrets" TO "lack_one";'


def test_a_condition_on_a_table_without_permission_is_told(role: Callable[[str, str], str]) -> None:
    url = role(f"{SHOP} CREATE TABLE secrets (a int); GRANT SELECT ON customers TO lack_two", "lack_two")
    scan = Scan(CUSTOMERS, where="id IN (SELECT a FROM public.secrets)")
    with Postgres(url).snapshot() as snapshot:
        for ask in (snapshot.validate, snapshot.read):
            with pytest.raises(InputError, match="customers: permission denied for table secrets") as raised:
                ask(scan)
            assert raised.value.hint.startswith("GRANT SELECT ON secrets TO ")


def test_row_security_that_would_hide_rows_is_an_error(role: Callable[[str, str], str]) -> None:
    url = role(
        f"""{SHOP} ALTER TABLE customers ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON customers USING (id = 1); GRANT SELECT ON ALL TABLES IN SCHEMA public TO half_blind""",
        "half_blind",
    )
    with Postgres(url).snapshot() as snapshot:
        assert snapshot.schema().find("customers").row_security
        assert not snapshot.schema().find("orders").row_security
        for ask in (snapshot.read, snapshot.validate):
            with pytest.raises(InputError, match="row security would hide rows of customers") as raised:
                ask(Scan(CUSTOMERS))
            assert 'ALTER ROLE "half_blind" BYPASSRLS' in raised.value.hint
        with pytest.raises(InputError, match="row security"):
            snapshot.validate(Scan(ORDERS, where="customer IN (SELECT id FROM public.customers)"))


def test_row_security_does_not_stop_who_sees_every_row(database: Callable[..., str]) -> None:
    url = database(
        SHOP + "ALTER TABLE customers ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON customers USING (id = 1)"
    )
    with Postgres(url).snapshot() as snapshot:
        assert not snapshot.schema().find("customers").row_security
        assert snapshot.read(Scan(CUSTOMERS)).read_all().num_rows == 1000


def test_a_wrong_password_is_told_and_not_shown(logged: tuple[Server, Path]) -> None:
    server, _ = logged
    url = server.create("locked")
    run_sql(url, "CREATE ROLE guarded LOGIN PASSWORD 'right'")
    rules = server.folder / "pg_hba.conf"
    rules.write_text("local all guarded scram-sha-256\n" + rules.read_text())
    run_sql(url, "SELECT pg_reload_conf()")
    with pytest.raises(InputError, match="password authentication failed") as raised:
        Postgres(as_user(url, "guarded:hunter2")).schema()
    assert "hunter2" not in raised.value.message + raised.value.hint
    assert "PGPASSWORD" in raised.value.hint
    assert Postgres(as_user(url, "guarded:right")).schema().tables == ()


def test_limits_of_the_role_do_not_cut_a_run_short(role: Callable[[str, str], str]) -> None:
    url = role(
        f"""{SHOP} GRANT SELECT ON ALL TABLES IN SCHEMA public TO hurried;
        ALTER ROLE hurried SET statement_timeout = '50ms';
        ALTER ROLE hurried SET idle_in_transaction_session_timeout = '50ms';
        DO $$ BEGIN ALTER ROLE hurried SET transaction_timeout = '100ms';
        EXCEPTION WHEN undefined_object THEN NULL; END $$; -- it came with PostgreSQL 17
        ALTER ROLE hurried SET search_path = 'elsewhere'; ALTER ROLE hurried SET timezone = 'Asia/Tokyo'""",
        "hurried",
    )
    with Postgres(url).snapshot() as snapshot:
        threading.Event().wait(0.2)
        slow = Scan(CUSTOMERS, columns=("id",), where="id > 990 AND pg_sleep(0.02) IS NOT NULL")
        assert snapshot.read(slow).read_all().num_rows == 10
        moment = Scan(CUSTOMERS, computed=(("t", "timestamptz '2024-01-01'::text"),), limit=1)
        assert snapshot.read(moment).read_all().to_pylist() == [{"t": "2024-01-01 00:00:00+00"}]


def test_a_statement_cancelled_by_hand_is_told(database: Callable[..., str]) -> None:
    url = database(SHOP)
    with Postgres(url).snapshot(readers=1) as snapshot:
        told = threading.Event()

        def cancel() -> None:
            own = "datname = current_database() AND query LIKE 'COPY%' AND state = 'active'"
            while not told.wait(0.05):  # again and again: between two messages of one statement, a server forgets it
                query(url, f"SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE {own}")

        cancelling = threading.Thread(target=cancel)
        cancelling.start()
        try:
            with pytest.raises(Error, match="canceling statement due to user request"):
                snapshot.read(Scan(CUSTOMERS, columns=("id",), where="id = 1 AND pg_sleep(60) IS NULL")).read_all()
        finally:
            told.set()
            cancelling.join()
        assert snapshot.read(Scan(CUSTOMERS)).read_all().num_rows == 1000


def test_a_role_without_a_connection_left_is_told_to_ask_for_fewer_readers(role: Callable[[str, str], str]) -> None:
    url = role(f"{SHOP} GRANT SELECT ON customers TO few; ALTER ROLE few CONNECTION LIMIT 2", "few")
    with Postgres(url).snapshot(readers=3) as snapshot:
        first = snapshot.read(Scan(CUSTOMERS))
        with pytest.raises(InputError, match="too many connections") as raised:
            snapshot.read(Scan(CUSTOMERS))
        assert "fewer readers" in raised.value.hint
        assert first.read_all().num_rows == 1000


def test_a_standby_is_as_good_a_source(logged: tuple[Server, Path]) -> None:
    programs = logged[0].programs
    with tempfile.TemporaryDirectory(prefix="understudy-test-") as folder:
        settings = {"fsync": "off", "wal_level": "replica", "max_wal_senders": "4", "hot_standby": "on"}
        with Server.start(Path(folder) / "first", options=settings, programs=programs) as first:
            run_sql(first.create("shop"), SHOP + "CREATE UNLOGGED TABLE fleeting AS SELECT 1 AS a")
            command = [
                programs / "pg_basebackup",
                "-d",
                first.url(),
                "-D",
                Path(folder) / "second",
                "-R",
                "-X",
                "stream",
            ]
            subprocess.run([*command, "-c", "fast"], check=True, capture_output=True)
            with Server.start(Path(folder) / "second", options=settings, programs=programs) as second:
                url = second.url("shop")
                assert query(url, "SELECT pg_is_in_recovery()") == [(True,)]
                read_everything(url)
                with Postgres(url).snapshot() as snapshot:
                    assert re.fullmatch("[0-9A-F]+/[0-9A-F]+", snapshot.position)
                    assert not snapshot.schema().find("fleeting").readable
                    assert snapshot.schema().notes == ("unlogged tables, not on this standby, so not read: fleeting",)

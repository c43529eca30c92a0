"""Definitions travel as pg_dump wrote them, less what an owner cannot run and what shows values of masked columns."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import run_sql
from support.loading import ordinary_role
from understudy.connections.postgres.ddl import dump
from understudy.connections.postgres.read import Postgres
from understudy.connections.postgres.scrub import scrub, scrub_schema
from understudy.connections.postgres.statements import joined, split
from understudy.errors import Error, InputError
from understudy.interfaces import Ddl
from understudy.schema import TableName

NOTHING: frozenset[tuple[TableName, str]] = frozenset()
USERS = TableName("public", "users")


def texts(script: str) -> list[str]:
    return [statement.text for statement in split(script)]


def scrubbed(script: str, *columns: str, after: str = "") -> tuple[str, list[str]]:
    hide = frozenset((USERS, column) for column in columns)
    done = scrub(Ddl("postgresql", script, after), hide)
    return done.before + done.after, list(done.notes)


# Statements


def test_semicolons_inside_quotes_comments_and_brackets_end_nothing() -> None:
    script = r"""
    \restrict abc;def
    -- a comment; with a semicolon
    CREATE TABLE "a;""b" (c text DEFAULT ';''');
    /* outer /* inner; */ still; */ SELECT E'it\'s; one', $$ two; $$, $tag$ $$;three $tag$, U&'d;';
    CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2);
    SELECT a$b; SELECT '\'; SELECT 1
    \unrestrict abc;def
    """
    found = texts(script)
    assert found[0] == """CREATE TABLE "a;""b" (c text DEFAULT ';''')"""
    assert found[1].startswith("SELECT E'it") and found[1].endswith("U&'d;'")
    assert found[2] == "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2)"
    assert found[3:5] == ["SELECT a$b", "SELECT '\\'"]


def test_bodies_of_standard_sql_functions_are_one_statement() -> None:
    body = """CREATE FUNCTION f() RETURNS int LANGUAGE sql
    BEGIN ATOMIC
      SELECT CASE WHEN true THEN 1 ELSE 2 END; SELECT 3;
    END"""
    assert texts(f"{body}; SELECT 4;") == [body, "SELECT 4"]
    assert texts("BEGIN; SELECT 1; END;") == ["BEGIN", "SELECT 1", "END"]


@given(st.lists(st.text(st.characters(exclude_characters="\0"), max_size=20), min_size=1, max_size=4))
def test_whatever_a_literal_holds_it_is_one_token(values: list[str]) -> None:
    quoted = ["'" + value.replace("'", "''") + "'" for value in values]
    names = ['"' + value.replace('"', '""') + '"' for value in values]
    statements = [f"SELECT {literal} AS {name}" for literal, name in zip(quoted, names, strict=True)]
    found = list(split(";\n".join(statements) + ";"))
    assert [statement.text for statement in found] == statements
    assert [statement.tokens[3].name for statement in found] == values
    assert list(split(joined(found))) == found


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("CREATE UNLOGGED TABLE app.users ()", TableName("app", "users")),
        ('ALTER TABLE ONLY "My App"."Users" ADD CONSTRAINT c CHECK (true)', TableName("My App", "Users")),
        ("CREATE UNIQUE INDEX i ON ONLY public.users USING btree (id)", USERS),
        ('CREATE TRIGGER t BEFORE UPDATE OF "on" ON public.users EXECUTE FUNCTION f()', USERS),
        ("CREATE RULE r AS ON INSERT TO public.users DO INSTEAD NOTHING", USERS),
        ("ALTER SEQUENCE public.users_id_seq OWNED BY public.users.id", USERS),
        ("CREATE STATISTICS public.s ON a, b FROM public.users", USERS),
        ("CREATE POLICY p ON public.users USING (true)", USERS),
        ("CREATE TYPE public.users AS ENUM ('a')", None),
        ("CREATE SEQUENCE public.users", None),
    ],
)
def test_table_of_a_statement(statement: str, table: TableName | None) -> None:
    assert next(split(statement)).table == table


def test_title_of_a_statement_shows_no_value() -> None:
    titles = {
        "CREATE INDEX i ON public.users USING btree (email) WHERE (email = 'ann')": "CREATE INDEX i ON public.users",
        "ALTER TABLE ONLY a\n    ADD CONSTRAINT a_b_fkey FOREIGN KEY (b)": "ALTER TABLE ONLY a ADD CONSTRAINT a_b_fkey",
        "COMMENT ON TABLE x IS 'secret'": "COMMENT ON TABLE x IS",
    }
    assert {text: next(split(text)).title for text in titles} == titles


# Scrubbing

TABLE = """CREATE TABLE public.users (
    id integer DEFAULT nextval('public.users_id_seq'::regclass) NOT NULL,
    email character varying(50) DEFAULT 'boss@corp.example'::character varying CONSTRAINT email_there NOT NULL,
    name text COLLATE "C" DEFAULT (('Mr, '::text || 'X'::text)),
    mood public.mood DEFAULT 'sad'::public.mood NOT NULL,
    notes jsonb DEFAULT '{}'::jsonb,
    plan text DEFAULT 'free'::text,
    loud text GENERATED ALWAYS AS ((email || 'SECRET'::text)) STORED,
    CONSTRAINT known CHECK (((email)::text = ANY ((ARRAY['ann@corp.example'::character varying])::text[]))),
    CONSTRAINT long CHECK ((length((email)::text) > 3)),
    CONSTRAINT plans CHECK ((plan = ANY (ARRAY['free'::text, 'paid'::text])))
)"""
ENUM = "CREATE TYPE public.mood AS ENUM (\n    'sad',\n    'ok'\n)"


def test_defaults_and_checks_that_show_values_of_masked_columns_go() -> None:
    script, notes = scrubbed(f"{ENUM};{TABLE};", "id", "email", "name", "mood", "notes")
    assert "corp.example" not in script and "Mr" not in script
    assert "email character varying(50) CONSTRAINT email_there NOT NULL,\n" in script
    assert 'name text COLLATE "C",\n' in script
    assert "CONSTRAINT known" not in script and "CONSTRAINT long CHECK" in script and "CONSTRAINT plans" in script
    assert "nextval('public.users_id_seq'::regclass) NOT NULL" in script
    assert "DEFAULT 'sad'::public.mood" in script and "DEFAULT '{}'::jsonb" in script and "'free'" in script
    assert notes == [
        "type public.mood is kept and shows values of users.mood",
        "the default of users.email is left out: it shows a value",
        "the default of users.name is left out: it shows a value",
        "the expression of users.loud is kept and shows values beside email",
        "CHECK constraint 'known' of users is left out: it compares email with values",
    ]


def test_nothing_changes_where_nothing_is_masked() -> None:
    assert scrubbed(f"{ENUM};\n{TABLE};\n") == (f"{ENUM};\n{TABLE};\n", [])


def test_domains_that_show_values_are_told() -> None:
    script = """CREATE DOMAIN public.staff AS text CONSTRAINT c CHECK ((VALUE = ANY (ARRAY['ann'::text, 'bob'::text])));
    CREATE DOMAIN public.short AS text CONSTRAINT s CHECK ((length(VALUE) < 9));
    CREATE TABLE public.users (id public.short, email public.staff);"""
    assert scrubbed(script, "id", "email")[1] == ["type public.staff is kept and shows values of users.email"]


def test_schema_of_a_manifest_tells_no_values_either(database: Callable[..., str]) -> None:
    script = f"""CREATE SEQUENCE public.users_id_seq; {ENUM}; {TABLE};
    CREATE UNIQUE INDEX u ON users (id) WHERE email = 'ann@corp.example';"""
    url = database(
        script + "COMMENT ON COLUMN users.email IS 'ask ann@corp.example'; CREATE TABLE plain (a text DEFAULT 'kept')"
    )
    schema = Postgres(url).schema()
    assert "corp.example" in repr(schema)
    shown = scrub_schema(schema, frozenset((USERS, column) for column in ("id", "email", "name", "mood")))
    assert "corp.example" not in repr(shown) and "Mr" not in repr(shown)
    assert [check.name for check in shown.table(USERS).checks] == ["long", "plans"]
    assert "'sad'::public.mood" in shown.table(USERS).column("mood").default
    assert shown.find("plain") == schema.find("plain") and scrub_schema(schema, NOTHING) == schema


def test_scrubbed_table_is_still_sql(database: Callable[..., str]) -> None:
    script, _ = scrubbed(f"{ENUM};{TABLE};", "id", "email", "name", "mood", "notes", "plan")
    run_sql(database(), "CREATE SEQUENCE public.users_id_seq;" + script)


def test_values_in_later_statements_go_or_are_told() -> None:
    after = """
    ALTER TABLE ONLY public.users ALTER COLUMN email SET DEFAULT 'boss@corp.example'::text;
    ALTER TABLE ONLY public.users ALTER COLUMN plan SET DEFAULT 'free'::text;
    ALTER TABLE public.users
        ADD CONSTRAINT late CHECK ((email <> 'root@corp.example'::text)) NOT VALID;
    CREATE INDEX vip ON public.users USING btree (id) WHERE (email = 'ann@corp.example'::text);
    CREATE INDEX paid ON public.users USING btree (id) WHERE (plan = 'paid'::text);
    CREATE VIEW public.bosses AS SELECT users.id FROM public.users WHERE (users.email = 'boss@corp.example'::text);
    """
    script, notes = scrubbed(TABLE + ";", "email", after=after)
    assert "late" not in script and "SET DEFAULT 'boss" not in script
    assert "SET DEFAULT 'free'" in script and "vip" in script and "paid" in script
    assert notes[3:] == [
        "the default of users.email is left out: it shows a value",
        "CHECK constraint 'late' of users is left out: it compares email with values",
        "CREATE INDEX vip ON public.users is kept and shows values beside email",
        "CREATE VIEW public.bosses is kept and shows values beside email",
    ]
    assert not any("corp.example" in note for note in notes)


def test_partitions_and_heirs_hide_what_their_parents_hide() -> None:
    script, notes = scrubbed(
        """
        CREATE TABLE public.users (email text DEFAULT 'boss@corp.example'::text) PARTITION BY LIST (email);
        CREATE TABLE public.middle (email text DEFAULT 'boss@corp.example'::text) PARTITION BY LIST (email);
        CREATE TABLE public.leaf (email text DEFAULT 'boss@corp.example'::text);
        CREATE TABLE public.heir (more text) INHERITS (public.users);
        ALTER TABLE ONLY public.heir ALTER COLUMN email SET DEFAULT 'boss@corp.example'::text;
        ALTER TABLE ONLY public.middle ATTACH PARTITION public.leaf FOR VALUES IN ('x');
        ALTER TABLE ONLY public.users ATTACH PARTITION public.middle FOR VALUES IN ('x', 'y');
        """,
        "email",
    )
    assert "corp.example" not in script
    assert "the partitions of users are kept, and their bounds show values of email" in notes


# pg_dump


def test_dump_recreates_without_settings_commands_and_comments(database: Callable[..., str]) -> None:
    url = database(
        """CREATE SCHEMA "My App"; CREATE TABLE "My App".users (id int PRIMARY KEY, note text);
        COMMENT ON COLUMN "My App".users.note IS 'ask ann@corp.example'; CREATE EXTENSION citext;"""
    )
    found = dump(url, snapshot="", tables=[], hide=NOTHING)
    assert found.notes == () and found.engine == "postgresql"
    assert "corp.example" not in found.before + found.after
    heads = [statement.words[0] for statement in split(found.before + found.after)]
    assert set(heads) == {"CREATE", "ALTER"}
    assert 'CREATE SCHEMA IF NOT EXISTS "My App";' in found.before and "PRIMARY KEY" in found.after
    run_sql(database(), f"SET search_path = ''; {found.before} {found.after}")


def test_dump_is_of_the_moment_of_the_snapshot(database: Callable[..., str]) -> None:
    url = database("CREATE TABLE old (id int)")
    with Postgres(url).snapshot() as snapshot:
        run_sql(url, "CREATE TABLE young (id int)")
        assert "old" in snapshot.ddl().before and "young" not in snapshot.ddl().before


def test_tables_one_may_not_read_are_left_out_with_all_that_needs_them(database: Callable[..., str]) -> None:
    url = database(
        """
        CREATE TABLE secrets (id int PRIMARY KEY); CREATE TABLE open (id int REFERENCES secrets, other int);
        CREATE VIEW seen AS SELECT id FROM secrets; CREATE VIEW seen_twice AS SELECT id FROM seen;
        CREATE VIEW fine AS SELECT id FROM open;
        """
    )
    with ordinary_role(url) as role:
        run_sql(url, f"GRANT SELECT ON open, fine TO {role.name}")
        found = dump(role.on(url), snapshot="", tables=[TableName("public", "open")], hide=NOTHING)
        with pytest.raises(InputError, match="permission denied to read secrets"):
            dump(role.on(url), snapshot="", tables=[TableName("public", "secrets")], hide=NOTHING)
    assert "secrets" not in found.before + found.after and "seen" not in found.before
    assert "CREATE VIEW public.fine" in found.before
    assert found.notes == (
        "table secrets is left out: this user may not read it",
        "CREATE VIEW public.seen is left out: it needs secrets",
        "CREATE VIEW public.seen_twice is left out: it needs seen",
        "ALTER TABLE ONLY public.open ADD CONSTRAINT open_id_fkey is left out: it needs secrets",
    )
    run_sql(database(), found.before + found.after)


def test_what_reaches_outside_or_needs_a_superuser_is_left_out(database: Callable[..., str]) -> None:
    url = database(
        """
        CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;
        CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'u', password 'hunter2');
        CREATE FOREIGN TABLE remote (id int) SERVER far; CREATE VIEW over_remote AS SELECT * FROM remote;
        CREATE TABLE near (id int); CREATE PUBLICATION news FOR TABLE near;
        CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
        CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION f();
        """
    )
    found = dump(url, snapshot="", tables=[], hide=NOTHING)
    assert "hunter2" not in found.before + found.after
    assert "remote" not in found.before and "fdw" not in found.before and "EVENT" not in found.after
    assert set(found.notes) == {
        "table remote is left out: its rows are on a foreign server",
        "extension postgres_fdw is left out: it reaches other servers",
        "foreign server far is left out",
        "CREATE VIEW public.over_remote is left out: it needs remote",
        "event trigger watch is left out",
    }
    run_sql(database(), found.before + found.after)


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks at the command lines in /proc")
def test_password_is_never_on_a_command_line(database: Callable[..., str]) -> None:
    url = database("CREATE TABLE t (id int)")
    with_password = url.replace("postgres@", "postgres:hunter2@", 1)
    with psycopg.connect(url) as holder:
        holder.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")  # so that pg_dump waits and can be looked at
        dumping = threading.Thread(
            target=dump, args=(with_password,), kwargs={"snapshot": "", "tables": [], "hide": NOTHING}
        )
        dumping.start()
        database_name = url.partition("@/")[2].partition("?")[0].encode()
        seen: list[bytes] = []
        give_up = time.monotonic() + 10
        while len(seen) < 2 and time.monotonic() < give_up:
            commands = [_command(path) for path in Path("/proc").glob("[0-9]*/cmdline")]
            seen = [command for command in commands if b"pg_dump" in command and database_name in command]
    dumping.join()
    assert len(seen) == 2
    assert not any(b"hunter2" in command for command in seen)


def _command(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # ended meanwhile
        return b""


def test_failure_of_pg_dump_is_an_error_with_its_words(database: Callable[..., str]) -> None:
    with pytest.raises(Error, match=r"pg_dump failed: .*snapshot"):
        dump(database(), snapshot="00000000-0000BEEF-1", tables=[], hide=NOTHING)

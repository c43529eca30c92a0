"""A load meets what is at the destination: it fits, is put back as it was, or is refused before anything changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import query, run_sql
from support.loading import Role, dumped, into, ordinary_role, staged
from understudy.connections.folder import Folder
from understudy.connections.postgres.read import Postgres
from understudy.errors import Error, InputError
from understudy.interfaces import Ddl
from understudy.schema import TableName

Make = Callable[..., str]


@pytest.fixture
def role(database: Make) -> Iterator[Role]:
    with ordinary_role(database()) as made:
        yield made


def test_create_refuses_tables_that_are_there(database: Make, tmp_path: Path) -> None:
    source = database("CREATE TABLE t (id int); INSERT INTO t VALUES (1)")
    copy = database("CREATE TABLE t (id int); INSERT INTO t VALUES (2)")
    with pytest.raises(InputError, match="already has 1 of these tables: t") as caught:
        into(copy, staged(source, tmp_path / "stage"))
    assert "replace" in caught.value.hint
    assert query(copy, "SELECT * FROM t") == [(2,)]


def test_create_beside_other_tables_and_against_a_type_of_the_same_name(database: Make, tmp_path: Path) -> None:
    source = database("CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE t (m mood); INSERT INTO t VALUES ('sad')")
    made = staged(source, tmp_path / "stage")
    beside = database("CREATE TABLE other (id int)")
    assert into(beside, made) == {TableName("public", "t"): 1}
    taken = database("CREATE TYPE mood AS ENUM ('glad')")
    with pytest.raises(InputError, match=r'CREATE TYPE public\.mood: type "mood" already exists'):
        into(taken, made)
    assert query(taken, "SELECT count(*) FROM pg_class WHERE relname = 't'") == [(0,)]


def test_without_definitions_nothing_can_be_created(database: Make, tmp_path: Path) -> None:
    made, _ = staged(database("CREATE TABLE t (id int)"), tmp_path / "stage")
    with pytest.raises(InputError, match="no table t, and there are no definitions"):
        into(database(), (made, None))


@pytest.fixture(scope="module")
def moods(module_database: Make, tmp_path_factory: pytest.TempPathFactory) -> tuple[Folder, Ddl]:
    url = module_database("CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE t (id int, m mood)")
    return staged(url, tmp_path_factory.mktemp("moods") / "stage")


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ("CREATE TABLE t (id bigint, m mood)", "t.id is bigint, not integer"),
        ("CREATE TABLE t (m mood)", "t.id is missing"),
        ("CREATE TABLE t (id int, m mood, x int)", "t.x is only there"),
        ("CREATE TABLE t (id int GENERATED ALWAYS AS (1) STORED, m mood)", "t.id is missing"),
        ("CREATE TABLE t (id int, m text)", "t.m is text, not public.mood"),
        ("ALTER TYPE mood RENAME VALUE 'sad' TO 'low'; CREATE TABLE t (id int, m mood)", "lacks the label 'sad'"),
    ],
)
def test_tables_that_differ_are_named_before_anything_changes(
    moods: tuple[Folder, Ddl], database: Make, there: str, said: str
) -> None:
    copy = database(f"CREATE TYPE mood AS ENUM ('sad'); {there}; INSERT INTO t DEFAULT VALUES")
    with pytest.raises(InputError, match=re.escape(said)):
        into(copy, moods, "replace")
    assert query(copy, "SELECT count(*) FROM t") == [(1,)]


def test_order_of_columns_and_stricter_text_types_do_not_matter(database: Make, tmp_path: Path) -> None:
    source = database(
        "CREATE TABLE t (a int, b text, g int GENERATED ALWAYS AS (a + 1) STORED); INSERT INTO t VALUES (1, 'x')"
    )
    copy = database("CREATE TABLE t (b text, g int GENERATED ALWAYS AS (a * 10) STORED, a int NOT NULL)")
    into(copy, staged(source, tmp_path / "stage"), "replace")
    assert query(copy, "SELECT a, b, g FROM t") == [(1, "x", 10)]


def test_constraints_of_an_existing_schema_come_back_exactly(database: Make, tmp_path: Path) -> None:
    script = """
    CREATE TABLE p (id int PRIMARY KEY, a int, b int, UNIQUE (a, b));
    CREATE TABLE c (id int REFERENCES p ON DELETE CASCADE ON UPDATE SET NULL, a int, b int, old int);
    ALTER TABLE c ADD CONSTRAINT "Both %s" FOREIGN KEY (b, a) REFERENCES p (b, a) MATCH FULL
      DEFERRABLE INITIALLY DEFERRED;
    COMMENT ON CONSTRAINT "Both %s" ON c IS 'it''s kept';
    ALTER TABLE c ADD CONSTRAINT stale FOREIGN KEY (old) REFERENCES p NOT VALID;
    ALTER TABLE c ADD CONSTRAINT later FOREIGN KEY (a) REFERENCES p DEFERRABLE;
    ALTER TABLE c ADD CONSTRAINT young CHECK (old < 9) NOT VALID; ALTER TABLE c ADD CONSTRAINT fine CHECK (old > 9);
    """
    source = database(script.replace("(old < 9)", "(old < 9999)"))
    run_sql(source, "SET session_replication_role = replica; INSERT INTO c (old) VALUES (999)")
    copy = database(script)
    before = dumped(copy, "--schema-only")
    into(copy, staged(source, tmp_path / "stage"), "replace")
    assert dumped(copy, "--schema-only") == before
    assert query(copy, "SELECT old FROM c") == [(999,)], "an orphan, and a value that only new rows may not have"


def test_replace_builds_what_is_missing_beside_what_is_there(database: Make, tmp_path: Path) -> None:
    source = database(
        """CREATE TYPE mood AS ENUM ('sad'); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE TABLE users (id serial PRIMARY KEY, m mood); CREATE TABLE orders (id serial PRIMARY KEY, user_id int
        REFERENCES users, m mood); CREATE INDEX users_m ON users (m); CREATE INDEX orders_m ON orders (m);
        INSERT INTO users (m) VALUES ('sad'); INSERT INTO orders (user_id, m) VALUES (1, 'sad')"""
    )
    copy = database("CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE users (id int PRIMARY KEY, m mood DEFAULT 'sad')")
    made = staged(source, tmp_path / "stage")
    assert into(copy, made, "replace") == {TableName("public", "users"): 1, TableName("public", "orders"): 1}
    assert query(copy, "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1") == [
        ("orders_m",),
        ("orders_pkey",),
        ("users_pkey",),
    ]
    assert query(copy, "SELECT conname FROM pg_constraint WHERE contype = 'f'") == [("orders_user_id_fkey",)]
    assert "DEFAULT 'sad'" in dumped(copy)


def test_rows_of_other_tables_keep_their_references_or_the_load_fails(database: Make, tmp_path: Path) -> None:
    source = database("CREATE TABLE users (id int PRIMARY KEY); INSERT INTO users VALUES (1), (2)")
    copy = database(
        """CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE mine (user_id int REFERENCES users ON DELETE CASCADE);
        INSERT INTO users VALUES (2), (3); INSERT INTO mine VALUES (2)"""
    )
    made = staged(source, tmp_path / "stage")
    into(copy, made, "replace")
    assert query(copy, "SELECT * FROM mine") == [(2,)], "nothing cascades"
    run_sql(copy, "INSERT INTO users VALUES (3); INSERT INTO mine VALUES (3)")
    before = dumped(copy)
    with pytest.raises(Error, match=r"foreign key 'mine_user_id_fkey' of table public\.mine is violated"):
        into(copy, made, "replace")
    assert dumped(copy) == before


def test_triggers_stay_silent_and_keep_their_states(database: Make, tmp_path: Path) -> None:
    script = """
    CREATE TABLE log (what text); CREATE TABLE t (id int) PARTITION BY RANGE (id);
    CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10);
    CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN INSERT INTO public.log VALUES (TG_NAME); RETURN NEW; END';
    CREATE TRIGGER usual AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
    CREATE TRIGGER always BEFORE TRUNCATE ON t EXECUTE FUNCTION f(); ALTER TABLE t ENABLE ALWAYS TRIGGER always;
    CREATE TRIGGER replica AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
    ALTER TABLE t ENABLE REPLICA TRIGGER replica;
    CREATE TRIGGER off AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t DISABLE TRIGGER off;
    CREATE TRIGGER own AFTER INSERT ON t1 FOR EACH ROW EXECUTE FUNCTION f();
    """
    copy, source = database(script), database(script)
    run_sql(
        source, "ALTER TABLE t DISABLE TRIGGER USER; ALTER TABLE t1 DISABLE TRIGGER USER; INSERT INTO t VALUES (1), (2)"
    )
    states = "SELECT tgrelid::regclass::text, tgname, tgenabled FROM pg_trigger ORDER BY 1, 2"
    before = query(copy, states)
    for mode in ("replace", "append"):
        into(copy, staged(source, tmp_path / mode), mode)
        assert query(copy, "SELECT * FROM log") == []
        assert query(copy, states) == before
    run_sql(copy, "INSERT INTO t VALUES (3)")
    assert query(copy, "SELECT * FROM log ORDER BY 1") == [("own",), ("usual",)]


def test_materialized_views_of_an_existing_schema_are_filled_in_order(database: Make, tmp_path: Path) -> None:
    script = """CREATE TABLE t (id int); CREATE VIEW z AS SELECT id FROM t;
    CREATE MATERIALIZED VIEW y AS SELECT count(*) AS n FROM z; CREATE MATERIALIZED VIEW a AS SELECT n + 1 AS n FROM y;
    CREATE MATERIALIZED VIEW empty AS SELECT * FROM t WITH NO DATA;"""
    source, copy = database(script + "INSERT INTO t VALUES (1), (2)"), database(script)
    into(copy, staged(source, tmp_path / "stage"), "replace")
    assert query(copy, "SELECT n FROM a") == [(3,)]
    assert query(copy, "SELECT relispopulated FROM pg_class WHERE relname = 'empty'") == [(False,)]


def test_missing_extension_is_named_before_anything_changes(database: Make, tmp_path: Path, role: Role) -> None:
    made, ddl = staged(database("CREATE TABLE t (id int)"), tmp_path / "stage")
    copy = database()
    needs = Ddl(ddl.engine, "CREATE EXTENSION IF NOT EXISTS timetravel WITH SCHEMA public;\n" + ddl.before, ddl.after)
    with pytest.raises(InputError, match="server has no extension timetravel"):
        into(copy, (made, needs))
    barred = Ddl(ddl.engine, "CREATE EXTENSION IF NOT EXISTS pageinspect;\n" + ddl.before, ddl.after)
    with pytest.raises(InputError, match="may not install extension pageinspect") as caught:
        into(role.on(copy), (made, barred))
    assert "CREATE EXTENSION pageinspect" in caught.value.hint
    run_sql(copy, f"CREATE EXTENSION pageinspect; GRANT CREATE ON SCHEMA public TO {role.name}")
    assert into(role.on(copy), (made, barred)) == {TableName("public", "t"): 0}


def test_roles_that_policies_name_must_be_there(database: Make, tmp_path: Path, role: Role) -> None:
    script = f"""CREATE TABLE t (id int); ALTER TABLE t ENABLE ROW LEVEL SECURITY;
    CREATE POLICY p ON t FOR SELECT TO {role.name}, "No Such" USING (id > 0)"""
    made, ddl = staged(database("CREATE TABLE t (id int)"), tmp_path / "stage")
    with pytest.raises(InputError, match="does not have: No Such") as caught:
        into(database(), (made, Ddl(ddl.engine, ddl.before, script.partition(";")[2])))
    assert caught.value.hint.endswith('CREATE ROLE "No Such"')


def test_owner_of_a_namespace_need_not_own_the_database(database: Make, tmp_path: Path, role: Role) -> None:
    made = staged(
        database("CREATE SCHEMA app; CREATE TABLE app.t (id int); INSERT INTO app.t VALUES (1)"), tmp_path / "stage"
    )
    copy = database(f"CREATE SCHEMA app AUTHORIZATION {role.name}")
    assert into(role.on(copy), made) == {TableName("app", "t"): 1}


def test_tables_that_could_not_be_read_are_no_part_of_the_copy(database: Make, tmp_path: Path, role: Role) -> None:
    source = database(f"CREATE TABLE open (id int); CREATE TABLE secret (id int); GRANT SELECT ON open TO {role.name}")
    copy = database()
    assert into(copy, staged(role.on(source), tmp_path / "stage")) == {TableName("public", "open"): 0}


# Append


def test_append_adds_beside_and_sequences_never_go_back(database: Make, tmp_path: Path) -> None:
    script = "CREATE TABLE p (id serial PRIMARY KEY); CREATE TABLE c (p int REFERENCES p);"
    source = database(script + "INSERT INTO p VALUES (2); INSERT INTO c VALUES (2)")
    copy = database(script + "INSERT INTO p VALUES (DEFAULT); SELECT setval('p_id_seq', 50)")
    made = staged(source, tmp_path / "stage")
    assert sum(into(copy, made, "append").values()) == 2
    assert query(copy, "SELECT id FROM p ORDER BY 1") == [(1,), (2,)]
    assert query(copy, "INSERT INTO p DEFAULT VALUES RETURNING id") == [(51,)]
    before = dumped(copy)
    with pytest.raises(Error, match=r"unique constraint 'p_pkey' of table public\.p is violated"):
        into(copy, made, "append")
    assert dumped(copy) == before
    with pytest.raises(InputError, match="has no table c, p"):
        into(database(), made, "append")


# Tables of another owner


KEYS = """
CREATE TABLE child (id int PRIMARY KEY, p int NOT NULL); CREATE TABLE parent (id int PRIMARY KEY);
ALTER TABLE child ADD FOREIGN KEY (p) REFERENCES parent;
CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree);
CREATE TABLE staff (id int PRIMARY KEY, store int NOT NULL);
CREATE TABLE store (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, boss int NOT NULL REFERENCES staff, note inet);
ALTER TABLE staff ADD FOREIGN KEY (store) REFERENCES store;
CREATE TABLE x (id int PRIMARY KEY, y int NOT NULL); CREATE TABLE y (id int PRIMARY KEY, x int NOT NULL REFERENCES x);
ALTER TABLE x ADD FOREIGN KEY (y) REFERENCES y DEFERRABLE;
"""
ROWS = """
INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1); INSERT INTO tree VALUES (1, 2), (2, 1), (3, 3);
WITH s AS (INSERT INTO staff VALUES (1, 1), (2, 2)) INSERT INTO store (boss, note) VALUES (2, '::1'), (1, NULL);
WITH s AS (INSERT INTO x VALUES (1, 1)) INSERT INTO y VALUES (1, 1);
"""


def rows(url: str, table: str) -> list[tuple[object, ...]]:
    return query(url, f"SELECT t::text FROM {table} AS t ORDER BY 1")


def test_guest_loads_every_kind_of_key_with_insert_alone(database: Make, tmp_path: Path, role: Role) -> None:
    source, copy = database(KEYS + ROWS), database(KEYS)
    made = staged(source, tmp_path / "stage")
    with pytest.raises(InputError, match=r"neither owns .* nor may INSERT there"):
        into(role.on(copy), made, "append")
    run_sql(copy, f"GRANT INSERT ON ALL TABLES IN SCHEMA public TO {role.name}")
    run_sql(copy, f"GRANT UPDATE ON SEQUENCE store_id_seq TO {role.name}")
    into(role.on(copy), made, "append")
    tables = ("child", "parent", "tree", "staff", "store", "x", "y")
    assert [rows(copy, table) for table in tables] == [rows(source, table) for table in tables]
    with pytest.raises(InputError, match="nor may DELETE there"):
        into(role.on(copy), made, "replace")
    run_sql(copy, f"GRANT DELETE ON ALL TABLES IN SCHEMA public TO {role.name}")
    into(role.on(copy), made, "replace")
    assert [rows(copy, table) for table in tables] == [rows(source, table) for table in tables]


def test_guest_is_refused_where_triggers_would_fire_or_deletes_would_spread(
    database: Make, tmp_path: Path, role: Role
) -> None:
    made = staged(database("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)"), tmp_path / "stage")
    copy = database(
        f"""CREATE TABLE t (id int PRIMARY KEY); GRANT ALL ON t TO {role.name};
        CREATE TABLE mine (t int REFERENCES t ON DELETE CASCADE);
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"""
    )
    with pytest.raises(InputError, match=r"would change public\.mine, which is not part of the load"):
        into(role.on(copy), made, "replace")
    run_sql(copy, "CREATE TRIGGER swallow BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()")
    with pytest.raises(InputError, match=r"triggers of public\.t would fire"):
        into(role.on(copy), made, "append")
    run_sql(copy, "ALTER TABLE t DISABLE TRIGGER swallow")
    into(role.on(copy), made, "append")
    assert query(copy, "SELECT * FROM t") == [(1,)]


# Which database


def test_the_same_database_is_known_however_it_is_spelled(database: Make) -> None:
    one, two = database("CREATE TABLE t (id int)"), database()
    assert Postgres(one).place() == Postgres(one + "&application_name=other").place()
    assert Postgres(one).place() != Postgres(two).place()

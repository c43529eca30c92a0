"""Introspection: what the catalog of a real server tells, on every server version found here and on real schemas."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from conftest import query, run_sql
from understudy.connections.postgres import catalog, session
from understudy.connections.postgres.catalog import of_value
from understudy.connections.postgres.read import Postgres
from understudy.connections.postgres.server import THROW_AWAY, Server, program_folders, program_version
from understudy.graph import components
from understudy.interfaces import Scan
from understudy.schema import Column, ForeignKey, Schema, TableName

SHOP = """
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
ALTER TYPE mood ADD VALUE 'meh' BEFORE 'ok';
CREATE TYPE point3 AS (x int, y int, z int);
CREATE DOMAIN positive AS numeric(8, 2) NOT NULL CONSTRAINT above_zero CHECK (VALUE > 0);
CREATE DOMAIN price AS positive CONSTRAINT not_the_word CHECK (VALUE::text <> 'VALUE');
CREATE SCHEMA billing;

CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gone text,
    email varchar(80) NOT NULL UNIQUE,
    code char(4),
    feeling mood DEFAULT 'ok',
    born date,
    seen timestamptz(3),
    "weird "" name" text,
    full_name text GENERATED ALWAYS AS (email || '!') STORED,
    spent numeric(12, 2) CONSTRAINT not_negative CHECK (spent >= 0 AND born IS NOT NULL),
    anything numeric,
    huge numeric(50, 2),
    tags text[],
    place point3,
    span int4range,
    cost price,
    CONSTRAINT never_two EXCLUDE USING gist (span WITH &&)
);
ALTER TABLE customers DROP COLUMN gone;
COMMENT ON TABLE customers IS 'who buys';
COMMENT ON COLUMN customers.email IS 'lower case';
CREATE UNIQUE INDEX one_per_email ON customers (lower(email)) WHERE born IS NOT NULL;
CREATE INDEX by_born ON customers (born, seen);
CREATE INDEX by_code ON customers (code) WHERE (code IS NOT NULL);
CREATE INDEX some_codes ON customers (code, email) WHERE code > 'm';

CREATE TABLE billing.invoices (year int, no int, customer bigint REFERENCES customers ON DELETE CASCADE,
    buyer varchar(80) CONSTRAINT buyer_known REFERENCES customers (email) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (year, no));
CREATE TABLE lines (id serial PRIMARY KEY, year int, no int, parent int REFERENCES lines,
    CONSTRAINT of_invoice FOREIGN KEY (no, year) REFERENCES billing.invoices (no, year) MATCH FULL);
ALTER TABLE billing.invoices DROP CONSTRAINT invoices_pkey CASCADE;
ALTER TABLE billing.invoices ADD PRIMARY KEY (no, year);
ALTER TABLE lines ADD CONSTRAINT of_invoice FOREIGN KEY (year, no) REFERENCES billing.invoices (year, no) MATCH FULL;
ALTER TABLE lines ADD CONSTRAINT later FOREIGN KEY (parent) REFERENCES lines NOT VALID;

CREATE TABLE events (id int, at date NOT NULL, customer bigint, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (id);
CREATE TABLE events_2024_1 PARTITION OF events_2024 FOR VALUES IN (1);
CREATE TABLE events_2024_2 PARTITION OF events_2024 FOR VALUES IN (2);
CREATE TABLE billing.events_2025 (customer bigint, id int NOT NULL, at date NOT NULL);
ALTER TABLE events ATTACH PARTITION billing.events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
ALTER TABLE events ADD CONSTRAINT everywhere FOREIGN KEY (customer) REFERENCES customers;
ALTER TABLE billing.events_2025 ADD CONSTRAINT only_here FOREIGN KEY (id) REFERENCES lines;
ALTER TABLE events_2024 ADD CONSTRAINT in_two FOREIGN KEY (id) REFERENCES lines;
CREATE UNIQUE INDEX once_in_2025 ON billing.events_2025 (customer);
CREATE TABLE visits (event int, event_at date, FOREIGN KEY (event, event_at) REFERENCES events);

CREATE TABLE animals (id int PRIMARY KEY, name text);
CREATE TABLE dogs (barks boolean) INHERITS (animals);
CREATE UNLOGGED TABLE scratch (a int);
CREATE SEQUENCE tickets START 100 INCREMENT 5;
CREATE SEQUENCE shared;
CREATE TABLE one (n int DEFAULT nextval('shared'));
CREATE TABLE two (n int DEFAULT nextval('shared'), m int DEFAULT nextval('tickets'));
SELECT nextval('tickets'), nextval('tickets');
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION touch();
CREATE VIEW seen AS SELECT * FROM customers;
"""


@pytest.fixture(scope="module")
def shop(module_database: Callable[..., str]) -> Schema:
    return Postgres(module_database(SHOP)).schema()


def version(url: str) -> int:
    ((number,),) = query(url, "SHOW server_version_num")
    return int(str(number)) // 10_000


def column(schema: Schema, text: str) -> Column:
    return schema.find_column(text)[1]


def key(schema: Schema, name: str) -> ForeignKey:
    (found,) = [key for key in schema.foreign_keys if key.name == name]
    return found


def test_tables_are_listed_once_without_views_and_partitions(shop: Schema) -> None:
    names = "billing.invoices animals customers dogs events lines one scratch two visits"
    assert [str(table.name) for table in shop.tables] == names.split()


def test_columns_come_in_order_without_dropped_ones(shop: Schema) -> None:
    assert [c.name for c in shop.find("customers").columns] == [
        *("id", "email", "code", "feeling", "born", "seen", 'weird " name', "full_name", "spent", "anything", "huge"),
        *("tags", "place", "span", "cost"),
    ]


@pytest.mark.parametrize(
    ("name", "native", "kind", "arrow_type"),
    [
        ("id", "bigint", "integer", pa.int64()),
        ("email", "character varying(80)", "text", pa.string()),
        ("code", "character(4)", "text", pa.string()),
        ("feeling", "public.mood", "enum", pa.string()),
        ("born", "date", "date", pa.date32()),
        ("seen", "timestamp(3) with time zone", "timestamp", pa.timestamp("us", tz="UTC")),
        ("spent", "numeric(12,2)", "decimal", pa.decimal128(12, 2)),
        ("cost", "public.price", "decimal", pa.decimal128(8, 2)),
    ],
)
def test_exact_types_travel_as_themselves(
    shop: Schema, name: str, native: str, kind: str, arrow_type: pa.DataType
) -> None:
    found = column(shop, f"customers.{name}")
    assert (found.native_type, found.kind, found.arrow_type, found.as_text) == (native, kind, arrow_type, False)


@pytest.mark.parametrize(
    ("name", "kind", "key_sql"),
    [
        ("anything", "decimal", 'trim_scale("anything")::text'),
        ("huge", "decimal", 'trim_scale("huge")::text'),
        ("tags", "other", '"tags"::text'),
        ("place", "other", '"place"::text'),
        ("span", "other", '"span"::text'),
    ],
)
def test_types_without_an_exact_arrow_form_travel_as_text(shop: Schema, name: str, kind: str, key_sql: str) -> None:
    found = column(shop, f"customers.{name}")
    assert (found.kind, found.arrow_type, found.as_text, found.key_sql) == (kind, pa.string(), True, key_sql)


def test_an_enums_labels_come_in_its_own_order(shop: Schema) -> None:
    assert column(shop, "customers.feeling").labels == ("sad", "meh", "ok", "happy")
    assert column(shop, "customers.feeling").default == "'ok'::public.mood"


def test_what_a_column_says_of_itself_is_told(shop: Schema) -> None:
    assert column(shop, "customers.id").identity == "always"
    assert column(shop, "customers.full_name").generated
    assert not column(shop, "customers.email").nullable
    assert column(shop, "customers.born").nullable
    assert not column(shop, "customers.cost").nullable, "its domain refuses NULL"
    assert column(shop, "customers.email").max_length == 80
    assert column(shop, "customers.code").max_length == 4
    assert column(shop, "customers.email").comment == "lower case"
    assert shop.find("customers").comment == "who buys"


def test_unique_keys_are_told_with_their_conditions_and_expressions(shop: Schema) -> None:
    uniques = {unique.name: unique for unique in shop.find("customers").uniques}
    assert uniques["customers_pkey"].primary and uniques["customers_pkey"].columns == ("id",)
    assert uniques["customers_email_key"].columns == ("email",)
    lower = uniques["one_per_email"]
    assert (lower.columns, lower.expressions, lower.predicate) == ((), "lower((email)::text)", "(born IS NOT NULL)")


def test_nulls_that_count_as_equal_are_told(database: Callable[..., str]) -> None:
    url = database()
    if version(url) < 15:
        pytest.skip("NULLS NOT DISTINCT came with PostgreSQL 15")
    run_sql(url, "CREATE TABLE t (a int UNIQUE NULLS NOT DISTINCT, b int UNIQUE)")
    uniques = {unique.name: unique.nulls_distinct for unique in Postgres(url).schema().find("t").uniques}
    assert uniques == {"t_a_key": False, "t_b_key": True}


def test_the_leading_columns_of_indexes_that_find_every_row_are_told(shop: Schema) -> None:
    found = set(shop.find("customers").indexes)
    assert found == {("id",), ("email",), ("born", "seen"), ("code",)}


def test_checks_are_told_with_their_columns(shop: Schema) -> None:
    checks = {check.name: check for check in shop.find("customers").checks}
    assert set(checks["not_negative"].columns) == {"spent", "born"}
    assert checks["not_negative"].sql == "((spent >= (0)::numeric) AND (born IS NOT NULL))"
    assert checks["never_two"].exclusion and checks["never_two"].columns == ("span",)


def test_the_checks_of_a_domain_become_checks_of_the_column(shop: Schema) -> None:
    checks = {check.name: check for check in shop.find("customers").checks}
    assert checks["above_zero(cost)"].sql == '("cost" > (0)::numeric)'
    assert checks["not_the_word(cost)"].sql == "((\"cost\")::text <> 'VALUE'::text)"


def test_only_the_word_value_is_replaced() -> None:
    assert of_value("VALUE ~ 'VALUE''s' AND \"VALUE\" <> VALUES", "a") == "\"a\" ~ 'VALUE''s' AND \"VALUE\" <> VALUES"


def test_foreign_keys_point_where_the_catalog_says(shop: Schema) -> None:
    assert str(key(shop, "of_invoice")) == "lines.(year, no) -> billing.invoices.year, no"
    assert key(shop, "of_invoice").match == "full"
    assert str(key(shop, "buyer_known")) == "billing.invoices.buyer -> customers.email"
    assert key(shop, "buyer_known").deferrable and key(shop, "buyer_known").deferred
    assert not key(shop, "later").validated
    assert not key(shop, "of_invoice").deferrable and key(shop, "of_invoice").validated


def test_a_partitioned_table_is_one_table_with_its_leaves(shop: Schema) -> None:
    assert [str(name) for name in shop.find("events").partitions] == [
        "billing.events_2025",
        "events_2024_1",
        "events_2024_2",
    ]


def test_a_foreign_key_of_a_partitioned_table_is_one_edge(shop: Schema) -> None:
    assert key(shop, "everywhere").condition == ""
    assert [k.name for k in shop.parents(TableName("public", "visits"))] == ["visits_event_event_at_fkey"]


def test_a_foreign_key_of_some_partitions_is_an_edge_with_a_condition(shop: Schema) -> None:
    assert str(key(shop, "only_here").table) == "events"
    assert key(shop, "only_here").condition == """tableoid IN ('"billing"."events_2025"'::pg_catalog.regclass)"""
    assert key(shop, "in_two").condition.count("regclass") == 2


def test_a_unique_index_of_one_partition_has_it_as_condition(shop: Schema) -> None:
    (unique,) = [unique for unique in shop.find("events").uniques if unique.name == "once_in_2025"]
    assert unique.columns == ("customer",)
    assert unique.predicate == """tableoid IN ('"billing"."events_2025"'::pg_catalog.regclass)"""


def test_inheriting_tables_are_tables_of_their_own(database: Callable[..., str]) -> None:
    url = database(SHOP + "INSERT INTO animals VALUES (1, 'cat'); INSERT INTO dogs VALUES (1, 'rex', true);")
    with Postgres(url).snapshot() as snapshot:
        animals, dogs = (snapshot.read(Scan(TableName("public", name))).read_all() for name in ("animals", "dogs"))
    assert animals.to_pylist() == [{"id": 1, "name": "cat"}]
    assert dogs.to_pylist() == [{"id": 1, "name": "rex", "barks": True}]


def test_tables_without_a_key_say_what_tells_their_rows_apart(shop: Schema) -> None:
    assert shop.find("dogs").row_sql == "ctid"
    assert shop.find("customers").row_sql == ""


def test_sequences_know_their_column_and_their_last_value(shop: Schema) -> None:
    sequences = {str(sequence.name): sequence for sequence in shop.sequences}
    customers, lines, two = (TableName("public", name) for name in ("customers", "lines", "two"))
    assert sequences["customers_id_seq"].owned_by == (customers, "id")
    assert sequences["lines_id_seq"].owned_by == (lines, "id")
    assert sequences["lines_id_seq"].last_value is None
    assert sequences["tickets"].owned_by == (two, "m"), "nobody owns it, one column draws from it"
    assert (sequences["tickets"].start, sequences["tickets"].increment, sequences["tickets"].last_value) == (
        100,
        5,
        105,
    )
    assert sequences["shared"].owned_by is None, "two columns draw from it"


def test_triggers_of_the_user_are_named(shop: Schema) -> None:
    assert shop.find("customers").triggers == ("touched",)
    assert shop.find("lines").triggers == (), "those of foreign keys are the server's own"


def test_what_is_not_carried_is_noted(shop: Schema) -> None:
    assert "unlogged tables, read like any other: scratch" in shop.notes


def test_a_foreign_key_into_an_extensions_table_is_noted(database: Callable[..., str]) -> None:
    url = database("""
        CREATE EXTENSION citext;
        CREATE TABLE looked_up (id int PRIMARY KEY);
        ALTER EXTENSION citext ADD TABLE looked_up;
        CREATE TABLE mine (id citext PRIMARY KEY, other int CONSTRAINT away REFERENCES looked_up)""")
    schema = Postgres(url).schema()
    assert [str(table.name) for table in schema.tables] == ["mine"]
    assert schema.foreign_keys == ()
    assert schema.notes == ("foreign key away of mine points at a table of an extension: not followed",)
    assert column(schema, "mine.id").kind == "text"
    assert column(schema, "mine.id").key_sql == 'lower("id"::text)'


def test_a_column_whose_collation_holds_spellings_equal_is_noted(database: Callable[..., str]) -> None:
    url = database()
    try:
        run_sql(url, "CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
    except psycopg.Error:
        pytest.skip("this server was built without ICU")
    run_sql(url, "CREATE TABLE t (v text COLLATE blind PRIMARY KEY)")
    note = "t.v has a nondeterministic collation; as a key it is compared as it is spelled"
    assert Postgres(url).schema().notes == (note,)


def test_estimates_come_from_the_servers_own_counts(database: Callable[..., str]) -> None:
    url = database("""
        CREATE TABLE counted AS SELECT g AS id FROM generate_series(1, 5000) g;
        CREATE TABLE uncounted AS SELECT g AS id FROM generate_series(1, 5000) g;
        CREATE TABLE empty (id int, t text);
        CREATE TABLE parts (id int) PARTITION BY HASH (id);
        CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
        INSERT INTO parts SELECT * FROM counted;
        ANALYZE counted; ANALYZE parts;""")
    tables = {str(table.name): table for table in Postgres(url).schema().tables}
    assert tables["counted"].rows == 5000 and 100_000 < tables["counted"].bytes < 400_000
    assert 2500 < tables["uncounted"].rows < 10_000
    assert tables["empty"].rows == 0
    assert tables["parts"].rows == 5000 and 100_000 < tables["parts"].bytes < 400_000


def test_the_virtual_columns_of_18_are_computed_ones(database: Callable[..., str]) -> None:
    url = database()
    if version(url) < 18:
        pytest.skip("virtual columns came with PostgreSQL 18")
    run_sql(url, "CREATE TABLE t (a int PRIMARY KEY, b int GENERATED ALWAYS AS (a * 2) VIRTUAL)")
    assert [c.name for c in Postgres(url).schema().find("t").stored] == ["a"]


def test_the_not_valid_and_period_constraints_of_18_are_understood(database: Callable[..., str]) -> None:
    url = database()
    if version(url) < 18:
        pytest.skip("these constraints came with PostgreSQL 18")
    run_sql(
        url,
        """CREATE EXTENSION btree_gist;
        CREATE TABLE rooms (id int, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS));
        CREATE TABLE stays (room int, during daterange, a int,
            CONSTRAINT in_room FOREIGN KEY (room, PERIOD during) REFERENCES rooms (id, PERIOD during),
            CONSTRAINT loose CHECK (a > 0) NOT ENFORCED);
        ALTER TABLE stays ADD CONSTRAINT newer NOT NULL a NOT VALID;""",
    )
    schema = Postgres(url).schema()
    assert schema.foreign_keys == ()
    assert schema.notes == ("foreign key in_room of stays compares periods, not values: not followed",)
    assert column(schema, "stays.a").nullable, "rows from before may hold NULL"
    assert schema.find("stays").checks == ()


def test_the_schema_tells_which_database_it_is_without_credentials(database: Callable[..., str]) -> None:
    url = database(name="named_for_test")
    schema = Postgres(url).schema()
    assert schema.engine == "postgresql"
    assert schema.identity.endswith("/named_for_test")
    assert schema.identity.startswith("postgresql://") and "@" not in schema.identity


def test_a_thousand_tables_are_read_in_under_a_second(database: Callable[..., str]) -> None:
    columns = ", ".join(f"c{n} {'text' if n % 2 else 'int'} NOT NULL DEFAULT {n}" for n in range(8))
    url = database(f"""
        DO $$ BEGIN FOR n IN 1..1000 LOOP
            EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, parent int REFERENCES %s, {columns}, CHECK (c0 > 1))',
                           n, CASE n WHEN 1 THEN 't1' ELSE 't' || n - 1 END);
        END LOOP; END $$""")
    with session.reading(url) as connection:
        took = []
        for _ in range(3):
            started = time.perf_counter()
            schema = catalog.read(connection).schema
            took.append(time.perf_counter() - started)
    assert len(schema.tables) == 1000 and len(schema.foreign_keys) == 1000
    assert min(took) < 1.0, took


def test_every_server_version_here_tells_the_same(shop: Schema) -> None:
    told: dict[int, list[str]] = {}
    programs = {program_version(path / "postgres"): path for path in program_folders() if (path / "initdb").exists()}
    if len(programs) < 2 and os.environ.get("UNDERSTUDY_TEST_POSTGRES") is None:
        pytest.skip("only one version is here")
    for version, path in programs.items():
        with (
            tempfile.TemporaryDirectory(prefix="understudy-test-") as folder,
            Server.start(Path(folder) / "data", options=THROW_AWAY, programs=path) as server,
        ):
            url = server.create("shop")
            run_sql(url, SHOP)
            schema = Postgres(url).schema()
            told[version] = [*map(str, schema.tables), *map(str, schema.foreign_keys), *map(str, schema.sequences)]
    first = [*map(str, shop.tables), *map(str, shop.foreign_keys), *map(str, shop.sequences)]
    assert all(each == first for each in told.values())


@pytest.fixture(scope="module")
def real(module_database: Callable[..., str], shared_data: Path) -> Callable[[str], tuple[str, Schema]]:
    """Load one of the real databases: its URL and Schema.  Statements that need what is not here are left out."""

    def load(*files: str, change: Callable[[str], str] = lambda text: text) -> tuple[str, Schema]:
        url = module_database()
        psql = next(path / "psql" for path in program_folders() if (path / "psql").exists())
        paths = [path for file in files for path in sorted((shared_data / "postgres").glob(file))]
        script = change("\n".join(path.read_text() for path in paths))
        command = [psql, "-qX", "-d", url, "-v", "ON_ERROR_STOP=0", "-f", "-"]
        subprocess.run(command, input=script.encode(), capture_output=True, check=True)
        return url, Postgres(url).schema()

    return load


def test_the_schema_of_coder_is_read_whole(real: Callable[..., tuple[str, Schema]]) -> None:
    url, schema = real("schema_coder/dump.sql")
    assert (len(schema.tables), len(schema.foreign_keys)) == (115, 150)
    assert query(url, "SELECT count(*) FROM pg_type WHERE typtype = 'e'") == [(58,)]
    enums = {c.native_type for t in schema.tables for c in t.columns if c.kind == "enum"}
    used = "SELECT count(DISTINCT atttypid) FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_class c"
    assert query(url, f"{used} ON c.oid = a.attrelid WHERE t.typtype = 'e' AND c.relkind = 'r'") == [(len(enums),)]
    unique = [k for k in schema.foreign_keys if k.parent_columns != schema.table(k.parent).primary_key]
    assert len(unique) == 17
    assert all(any(set(u.columns) == set(k.parent_columns) for u in schema.table(k.parent).uniques) for k in unique)


def test_the_schema_of_documenso_has_a_cycle_of_four_tables(real: Callable[..., tuple[str, Schema]]) -> None:
    _, schema = real("schema_documenso/**/migration.sql")
    edges = {table.name: [key.parent for key in schema.parents(table.name)] for table in schema.tables}
    assert max(len(component) for component in components(edges, edges)) == 4


def test_the_schema_of_danbooru_has_82_deferrable_keys(real: Callable[..., tuple[str, Schema]]) -> None:
    _, schema = real("schema_danbooru/structure.sql")
    assert sum(key.deferrable for key in schema.foreign_keys) == 82


def test_pagilas_payments_are_one_table_whose_partitions_have_keys_of_their_own(
    real: Callable[..., tuple[str, Schema]],
) -> None:
    _, schema = real("pagila/pagila-schema.sql")
    payment = schema.find("payment")
    assert len(payment.partitions) == 7
    keys = schema.parents(payment.name)
    assert len(keys) == 18 and all(
        re.fullmatch(r"tableoid IN \('.*'::pg_catalog.regclass\)", k.condition) for k in keys
    )

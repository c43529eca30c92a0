from importlib.resources import files
from pathlib import Path

import pytest

from conftest import query
from support.shell import KEY
from understudy.connections.postgres import catalog
from understudy.connections.postgres.session import reading
from understudy.demo.bookings import create
from understudy.jobs import run
from understudy.jobs.spec import parse_job

JOB = files("understudy.demo").joinpath("job.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def source(module_database):
    url = module_database()
    create(url, rows=20_000)
    return url


@pytest.fixture(scope="module")
def copy(source, module_database, tmp_path_factory):
    destination = module_database()
    path = tmp_path_factory.mktemp("demo") / "job.yaml"
    path.write_text(JOB, encoding="utf-8")
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {"SOURCE_URL": source, "DEV_URL": destination, "UNDERSTUDY_KEY": KEY}.items():
            environment.setenv(name, value)
        finished = run(path, progress=lambda *_: None)
    assert finished.report.passed
    return destination


def test_the_job_has_a_rule_for_every_column(source):
    job = parse_job(JOB, Path("job.yaml")).job
    with reading(source) as connection:
        schema = catalog.read(connection).schema
    ruled = {(table.name, column.name) for table, column in map(schema.find_column, job.columns)}
    pointing = {(key.table, column) for key in schema.foreign_keys for column in key.columns}
    pointing |= {(schema.find(key.table).name, column) for key in job.subset.virtual for column in key.columns}
    every = {(table.name, column.name) for table in schema.tables for column in table.stored}
    assert every - pointing <= ruled
    assert not ruled & {(t.name, c.name) for t in schema.tables for c in t.columns if c.generated}


def test_the_copy_is_small_and_every_table_holds_something(source, copy):
    tables = [name for (name,) in query(source, "select distinct relid::regclass::text from pg_stat_user_tables")]
    rows = {name: query(copy, f"select count(*) from {name}")[0][0] for name in tables}
    assert all(count for name, count in rows.items() if not name.startswith("bookings_"))
    assert rows["users"] < 0.4 * query(source, "select count(*) from users")[0][0]


def test_every_foreign_key_of_the_copy_is_valid(copy):
    assert query(
        copy,
        "select count(*), count(*) filter (where convalidated) from pg_constraint "
        "where contype = 'f' and conparentid = 0",
    ) == [(27, 27)]


def test_nobody_can_be_found_in_the_copy(source, copy):
    originals = {value for (value,) in query(source, "select lower(email) from users union select phone from users")}
    columns = ("users.email", "users.phone", "users.preferences", "messages.body", "hosts.about", "audit_log.after")
    for column in columns:
        table, name = column.split(".")
        texts = [str(text) for (text,) in query(copy, f"select distinct {name}::text from {table}")]
        assert not [value for value in originals if value and any(value in text.lower() for text in texts)], column


def test_the_audit_log_names_the_same_stand_ins_as_the_users(copy):
    agreeing = "select count(*), count(*) filter (where after ->> 'email' = email and after ->> 'id' = u.id) "
    ((logged, agree),) = query(copy, agreeing + "from audit_log join users u on u.id = record_id")
    assert logged == agree > 0


def test_whoever_asked_to_be_erased_is_not_in_the_copy(source, copy):
    assert query(source, "select count(*) > 0 from users where deleted_at is not null") == [(True,)]
    assert query(copy, "select count(*) from users where deleted_at is not null") == [(0,)]


def test_nobody_has_more_than_twenty_clicks(source, copy):
    clicks = "select max(count) from (select count(*) from sessions where user_id is not null group by user_id) s"
    assert query(source, clicks)[0][0] > 20 >= query(copy, clicks)[0][0] > 0

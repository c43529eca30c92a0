"""What a user can get wrong: told in words that help, nothing lost, no secret and no row shown."""

import re

import psycopg
import pytest

from support.shop import COLUMNS, SUBSET

PASSWORD = "s3cret-in-the-url"


def refused(ran, *words, code=2):
    assert ran.code == code, ran.out + ran.err
    text = ran.out + ran.err
    assert "Traceback" not in text
    for word in words:
        assert word in text, text
    return text


def test_an_unreachable_server_is_named_without_the_password(shop):
    shop.job()
    ran = shop.cli("plan", "job.yaml", SOURCE_URL=f"postgresql://reader:{PASSWORD}@127.0.0.1:1/shop")
    assert PASSWORD not in refused(ran, "127.0.0.1")


def test_a_missing_database_is_named(shop):
    shop.job()
    refused(
        shop.cli("plan", "job.yaml", SOURCE_URL=re.sub(r"/[^/?]+\?", "/no_such_database?", shop.source)),
        "no_such_database",
    )


def test_an_unknown_table_gets_a_close_match(shop):
    shop.job(subset="subset: {targets: [{table: user}]}")
    refused(shop.cli("plan", "job.yaml"), "'user' does not exist", "did you mean 'users'?")


def test_an_unknown_column_gets_a_close_match(shop):
    shop.job(columns=COLUMNS + "  users.emial: email\n")
    refused(shop.cli("plan", "job.yaml"), "users.emial", "users.email")


def test_an_unknown_rule_gets_a_close_match(shop):
    shop.job(columns=COLUMNS.replace("users.email: email", "users.email: emial"))
    refused(shop.cli("plan", "job.yaml"), "emial", "email")


def test_an_invalid_where_gets_the_servers_own_message_and_its_place(shop):
    shop.job(subset="subset: {targets: [{table: users, where: \"contry = 'DE'\"}]}")
    refused(shop.cli("plan", "job.yaml"), 'column "contry" does not exist', "$.subset.targets[0]")


@pytest.mark.parametrize("where", ["true) or (true", "true; drop table users", "true -- ", "1 = 1 limit 5"])
def test_a_where_cannot_change_the_statement_it_stands_in(shop, where):
    shop.job(subset=SUBSET.replace("country = 'DE'", where))
    ran = shop.cli("plan", "job.yaml")
    if where == "true -- ":
        assert ran.code == 0  # a comment of the user's own ends with the line it stands on
    else:
        refused(ran)
    assert shop.query("select count(*) from users", source=True) == [(4,)]


def test_a_column_without_a_rule_is_refused_before_a_row_is_read(shop):
    shop.job(columns=COLUMNS.replace("  users.email: email\n", ""))
    refused(shop.cli("run", "job.yaml"), "users.email", "no rule", "add `users.email: email`")
    assert shop.query("select count(*) from pg_class where relname = 'users'") == [(0,)]


def test_a_lossy_rule_on_a_unique_column_is_refused(shop):
    shop.job(columns=COLUMNS.replace("users.email: email", "users.email: first_name"))
    refused(shop.cli("plan", "job.yaml"), "users.email", "unique")


def test_a_missing_permission_is_told_with_the_grant(shop):
    shop.execute("do $$ begin create role reader login; exception when duplicate_object then null; end $$", source=True)
    shop.execute(
        "grant select on all tables in schema public to reader; revoke select on orders from reader", source=True
    )
    shop.job()
    url = re.sub(r"//[^@/]*@", "//reader@", shop.source)
    refused(shop.cli("run", "job.yaml", SOURCE_URL=url), "orders", "SELECT")


def test_row_security_in_the_way_is_told(shop):
    shop.execute("do $$ begin create role reader login; exception when duplicate_object then null; end $$", source=True)
    shop.execute(
        "grant select on all tables in schema public to reader; alter table users enable row level security; "
        "create policy one on users using (id = 1)",
        source=True,
    )
    shop.job()
    url = re.sub(r"//[^@/]*@", "//reader@", shop.source)
    refused(shop.cli("run", "job.yaml", SOURCE_URL=url), "users", "row")


def test_a_destination_that_already_holds_data_is_left_alone(shop):
    shop.execute("create table users (id int primary key); insert into users values (7)")
    shop.job()
    refused(shop.cli("run", "job.yaml"), "users", "mode: replace")
    assert shop.query("select * from users") == [(7,)]


def test_the_source_is_never_taken_as_destination(shop):
    shop.job(load="load: [{to: '${SOURCE_URL}', mode: replace}]")
    refused(shop.cli("run", "job.yaml"), "source")
    assert shop.query("select count(*) from users", source=True) == [(4,)]


def test_a_missing_key_tells_how_to_make_one(shop):
    shop.job(extra="key: ${NO_SUCH_KEY}")
    refused(shop.cli("run", "job.yaml"), "NO_SUCH_KEY")


def test_a_malformed_key_is_not_echoed(shop):
    shop.job()
    assert "not-a-key-but-secret" not in refused(shop.cli("run", "job.yaml", UNDERSTUDY_KEY="not-a-key-but-secret"))


def test_a_check_that_fails_publishes_and_loads_nothing(shop):
    kept = COLUMNS.replace(
        "notes.body: redact", "notes.body: {keep: free_text}"
    )  # knowingly, and a note quotes an e-mail
    shop.job(columns=kept)
    ran = shop.cli("run", "job.yaml")
    text = refused(ran, "notes.body", code=1)
    assert "ada@" not in text
    assert shop.query("select count(*) from pg_class where relname = 'users'") == [(0,)]
    assert not list(shop.folder.glob(".understudy/runs/*/data"))
    assert list(shop.folder.glob(".understudy/runs/*/report.html"))


def test_a_constraint_of_the_source_that_stand_ins_break_is_found_before_loading(shop):
    shop.execute("alter table users add constraint small check (length(email) < 16)", source=True)
    shop.job()
    refused(shop.cli("run", "job.yaml"), "small", code=1)
    assert shop.query("select count(*) from pg_class where relname = 'users'") == [(0,)]


def test_the_destinations_refusal_leaves_it_as_it_was(shop):
    shop.execute("create table keepsake (x int); insert into keepsake values (1)")
    shop.execute("create function public.log_user() returns int language sql as 'select 1'")  # in the way of the DDL
    shop.job()
    ran = shop.cli("run", "job.yaml")
    assert ran.code in (2, 3) and "Traceback" not in ran.err
    with psycopg.connect(shop.destination) as connection:
        names = connection.execute(
            "select relname from pg_class where relnamespace = 'public'::regnamespace"
        ).fetchall()
    assert names == [("keepsake",)]

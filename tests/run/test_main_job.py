"""The main job from end to end, through the command line, on a real server."""

import zlib

from support.shell import KEY
from understudy.lake import Lake


def test_the_copy_holds_the_targets_with_their_children_and_required_parents(copied):
    shop, _ = copied
    assert shop.query("select count(*) from users") == [(3,)]  # 1 and 3 from DE; 2, whom 1 referred
    assert shop.query("select count(*) from orders") == [(4,)]  # of 1, 2 and 3
    assert shop.query("select count(*) from lines") == [(8,)]
    assert shop.query("select code from countries order by 1") == [("DE",), ("FR",)]
    assert shop.query("select count(*) from notes") == [(1,)]


def test_every_foreign_key_of_the_copy_is_valid(copied):
    shop, _ = copied
    assert shop.query("select count(*) from pg_constraint where contype = 'f' and not convalidated") == [(0,)]
    assert shop.query(
        "select count(*) from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace"
    ) == [(4,)]


def test_no_original_of_a_masked_column_is_left(copied):
    shop, _ = copied
    assert shop.query("select count(*) from users where email like '%mail.test' or name ~ 'Ada|Bob|Carla'") == [(0,)]
    assert shop.query("select count(*) from users where profile::text like '%mail.test%'") == [(0,)]
    assert shop.query("select count(*) from notes where body like '%ada%'") == [(0,)]


def test_the_same_email_in_a_column_and_in_json_is_the_same_stand_in(copied):
    shop, _ = copied
    assert shop.query("select email = profile->>'email' from users where profile ? 'email'") == [(True,)]


def test_what_is_kept_is_kept_exactly(copied):
    shop, _ = copied
    kept = "select total::text, tags::text, placed::text from orders order by 1"
    source = "select total::text, tags::text, placed::text from orders where user_id in (1, 2, 3) order by 1"
    assert shop.query(kept) == shop.query(source, source=True)


def test_identity_sequences_go_on_after_the_copy(ran):
    shop, _ = ran
    shop.execute("insert into users (email) values ('new@x.test')")
    shop.execute("insert into orders (user_id, total) select max(id), 1 from users")
    assert shop.query("select count(*) from users") == [(4,)]


def test_generated_columns_are_computed_by_the_destination(copied):
    shop, _ = copied
    assert shop.query("select count(*) from users where name_length is distinct from length(name)") == [(0,)]


def test_triggers_stay_silent_while_loading_and_fire_afterwards(ran):
    shop, _ = ran
    assert shop.query("select count(*) from audit") == [(0,)]
    shop.execute("insert into users (email) values ('new@x.test')")
    assert shop.query("select count(*) from audit") == [(1,)]


def test_the_report_tells_rows_checks_and_the_key_without_the_secret(copied):
    shop, report = copied
    rows = {table["name"]: table["kept"] for table in report["tables"]}
    assert rows["users"] == 3
    assert report["passed"] is True
    text = str(report)
    assert shop.environment["UNDERSTUDY_KEY"] not in text
    assert "mail.test" not in text
    assert {result["verdict"] for result in report["results"]} <= {"pass", "note"}


def everything_told(shop):
    """What the lake remembers besides files: every node and commit."""
    store = Lake.open(shop.folder / ".understudy").store
    nodes = [zlib.decompress(data) for (data,) in store.database.rows("SELECT data FROM node")]
    return nodes + [str(commit.meta).encode() for commit in store.all_commits()]


def test_secrets_written_into_a_job_reach_no_file_of_its_run(shop):
    to = shop.destination.replace("postgres@", "postgres:hidden-word@")
    shop.job(load=f"load: [{{to: '{to}'}}]", extra=f"key: {KEY}")
    assert shop.cli("run", "job.yaml").code == 0
    written = [path for path in shop.folder.glob(".understudy/**/*") if path.is_file()]
    assert any(path.name.endswith(".metadata.json") for path in written)
    kept = [path.read_bytes() for path in written] + everything_told(shop)
    assert any(b"domains" in text for text in kept), "the job itself is kept"
    for text in kept:
        assert KEY.encode() not in text and b"hidden-word" not in text
    told = shop.cli("why", "users", "1", "--original")
    assert told.code == 0, told.err


def test_the_page_is_one_file_without_links_to_elsewhere(copied):
    shop, _ = copied
    page = next(shop.folder.glob(".understudy/runs/*/report.html")).read_text()
    assert "<html" in page and "users" in page
    assert "http://" not in page.replace("http://www.w3.org/", "") and "https://" not in page


def test_why_tells_the_path_to_a_row(copied):
    shop, _ = copied
    (masked,) = shop.query("select u.id from users u where u.country = 'FR'")[0]
    told = shop.cli("why", "users", masked)
    assert told.code == 0, told.err
    assert "users.referred_by" in told.out and "country = 'DE'" in told.out
    same = shop.cli("why", "users", "2", "--original")
    assert same.out == told.out


def test_why_of_a_row_that_is_not_there_says_so(copied):
    shop, _ = copied
    told = shop.cli("why", "users", "4", "--original")
    assert told.code == 2 and "not in the result" in told.err


def test_running_again_gives_the_same_rows(ran):
    shop, _ = ran
    tables = ("users", "orders", "lines", "notes", "countries")
    first = {table: shop.query(f"select t::text from {table} t order by 1") for table in tables}
    shop.job(load="load: [{to: '${DEV_URL}', mode: replace}]")
    again = shop.cli("run", "job.yaml")
    assert again.code == 0, again.err
    assert first == {table: shop.query(f"select t::text from {table} t order by 1") for table in tables}


def test_a_published_result_loads_again_without_the_source(copied, database):
    shop, _ = copied
    other = database()
    loaded = shop.cli("load", "job.yaml", "--to", other, SOURCE_URL="postgresql://nowhere.invalid/x")
    assert loaded.code == 0, loaded.err
    shop.destination = other
    assert shop.query("select count(*) from users") == [(3,)]


def test_plan_reads_nothing_and_tells_rows_edges_sql_and_rules(shop):
    shop.job()
    planned = shop.cli("plan", "job.yaml", "--estimate")
    assert planned.code == 0, planned.err
    for word in ("orders.user_id", "country = 'DE'", "users.email", "email"):
        assert word in planned.out
    assert not list(shop.folder.glob(".understudy/runs/*"))


def test_preview_shows_masked_rows(shop):
    shop.job()
    shown = shop.cli("preview", "job.yaml", "users", "--json")
    assert shown.code == 0, shown.err
    assert shown.json["rows"] and "mail.test" not in shown.out


def test_init_writes_a_job_that_plan_reads_and_refuses_until_decided(shop):
    written = shop.cli("init", shop.source, "-o", "first.yaml")
    assert written.code == 0, written.err
    text = (shop.folder / "first.yaml").read_text()
    assert "users.email: email" in text and "audit.what: decide" in text
    planned = shop.cli("plan", "first.yaml")
    assert planned.code == 2 and "audit.what" in planned.out + planned.err
    refused = shop.cli("run", "first.yaml")
    assert refused.code == 2 and "still to be decided" in refused.err


def test_check_passes_until_the_source_grows_a_column(shop):
    shop.job()
    assert shop.cli("check", "job.yaml").code == 0
    shop.execute("alter table users add column phone text", source=True)
    drifted = shop.cli("check", "job.yaml")
    assert drifted.code == 1 and "users.phone" in drifted.out + drifted.err
    assert shop.cli("run", "job.yaml").code == 2

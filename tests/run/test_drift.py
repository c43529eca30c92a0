"""The drift gate: `check` and `run` stop the day the source is no longer what its job was reviewed for."""

import pytest

from support.shop import COLUMNS

SLOTS = "alter table users add slot text; update users set slot = 'slot ' || id"
MAILS = "update users set slot = 'user' || id || '@mail.test'"


@pytest.fixture
def reviewed(shop):
    """A shop with a kept column that holds nothing personal, reviewed."""
    shop.execute(SLOTS, source=True)
    shop.job(columns=COLUMNS + "  users.slot: keep\n")
    accepted = shop.cli("plan", "job.yaml", "--accept")
    assert accepted.code == 0, accepted.err
    return shop


def test_a_source_as_it_was_reviewed_passes_the_gate_and_leaves_no_value_in_its_memory(reviewed):
    checked = reviewed.cli("check", "job.yaml", "--json")
    assert checked.code == 0, checked.out
    text = (reviewed.folder / "job.lock").read_text()
    assert '"users"' in text and "mail.test" not in text and "Ada" not in text
    reviewed.execute("insert into users (email, slot) values ('eve@mail.test', 'slot 9'); analyze", source=True)
    assert reviewed.cli("check", "job.yaml").code == 0


def test_without_a_review_the_gate_says_how_to_remember_one(shop):
    shop.job()
    checked = shop.cli("check", "job.yaml")
    assert checked.code == 0 and "understudy plan job.yaml --accept" in checked.out


def test_a_table_whose_values_were_not_looked_at_is_named(reviewed):
    reviewed.execute("create table pictures (data bytea); insert into pictures values ('x')", source=True)
    reviewed.job(columns=COLUMNS + "  users.slot: keep\n  pictures.data: keep\n  notes.subject_id: key\n", subset="")
    checked = reviewed.cli("check", "job.yaml")
    assert checked.code == 0, checked.out
    assert "the values of pictures were not looked at: it has no column whose values can be looked at" in checked.out


def test_a_changed_type_and_a_lost_key_stop_check_plan_and_run_until_they_are_accepted(reviewed):
    reviewed.job(columns=COLUMNS + "  users.slot: keep\n  users.country: keep\n")
    reviewed.execute(
        "alter table orders alter total type numeric(12,2); alter table users drop constraint users_country_fkey",
        source=True,
    )
    for words, code in ((("check", "job.yaml"), 1), (("plan", "job.yaml"), 2), (("run", "job.yaml"), 2)):
        told = reviewed.cli(*words)
        assert told.code == code, told.out + told.err
        assert (
            "orders.total: was numeric(10,2) NOT NULL when it was reviewed, and is numeric(12,2)" in told.out + told.err
        )
        assert "users.country: does not point at countries.code any more" in told.out + told.err
    assert reviewed.query("select count(*) from pg_class where relname = 'users'") == [(0,)]
    assert reviewed.cli("plan", "job.yaml", "--accept").code == 0
    assert reviewed.cli("check", "job.yaml").code == 0


def test_a_kept_column_that_holds_personal_values_by_now_stops_check_and_run(reviewed):
    reviewed.execute(MAILS, source=True)
    for words, code in ((("check", "job.yaml"), 1), (("run", "job.yaml"), 2)):
        told = reviewed.cli(*words)
        text = told.out + told.err
        assert told.code == code, text
        assert "users.slot: is kept, and holds an e-mail address" in text
        assert "`users.slot: email`" in text and "`users.slot: {keep: email}`" in text
        assert "@mail.test" not in text
    assert reviewed.query("select count(*) from pg_class where relname = 'users'") == [(0,)]


def test_what_a_person_keeps_knowingly_passes_and_what_they_did_not_know_of_does_not(reviewed):
    reviewed.execute(MAILS, source=True)
    for rule, code in (
        ("{keep: email}", 0),
        ("{keep: 'city, email'}", 0),
        ("{keep: anything}", 0),
        ("{keep: phone}", 1),
    ):
        reviewed.job(columns=COLUMNS + f"  users.slot: {rule}\n")
        checked = reviewed.cli("check", "job.yaml")
        assert checked.code == code, f"{rule}: {checked.out}"
    reviewed.job(columns=COLUMNS + "  users.slot: {keep: emial}\n")
    misspelled = reviewed.cli("check", "job.yaml")
    assert misspelled.code == 1 and "'emial' does not exist" in misspelled.out and "email" in misspelled.out


def test_the_content_part_can_be_told_only_or_left_out(reviewed):
    reviewed.execute(MAILS, source=True)
    columns = COLUMNS + "  users.slot: keep\n"
    reviewed.job(columns=columns, extra="checks: {drift: note, privacy: note}")
    checked = reviewed.cli("check", "job.yaml")
    assert checked.code == 0 and "note: users.slot: is kept" in checked.out
    ran = reviewed.cli("run", "job.yaml", "--json")
    assert ran.code == 0, ran.err
    assert [one["subject"] for one in ran.json["results"] if one["check"] == "drift"] == ["users.slot"]
    reviewed.job(columns=columns, extra="checks: {drift: off}")
    assert "users.slot" not in reviewed.cli("check", "job.yaml").out


def test_a_rule_that_does_not_fit_its_values_any_more_is_told(reviewed):
    reviewed.execute(
        "alter table users drop constraint users_email_check; "
        "insert into users (email) select 'no address ' || n from generate_series(1, 30) n; "
        "delete from lines; delete from orders; update users set referred_by = null; delete from users where id < 5; "
        'update users set profile = \'{"email": {"now": "nested"}}\'',
        source=True,
    )
    checked = reviewed.cli("check", "job.yaml")
    assert checked.code == 1
    assert "users.email: `email` does not fit its values: none of 30 sampled ones looks like an e-mail" in checked.out
    assert "no address" not in checked.out


def test_init_remembers_the_source_that_it_drafted_a_job_for(shop):
    written = shop.cli("init", shop.source, "--json")
    assert written.code == 0 and written.json["lock"] == "job.lock"
    shop.execute("alter table orders alter total type numeric(12,2)", source=True)
    drifted = shop.cli("check", "job.yaml")
    assert drifted.code == 1 and "orders.total: was numeric(10,2) NOT NULL" in drifted.out

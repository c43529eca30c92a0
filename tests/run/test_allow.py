"""Rows that are let through on purpose: accounts of the team, with which it logs in to the copy."""

from support.shop import COLUMNS

ALLOW = "allow: {users: \"email like 'ada@%'\"}"
# what quotes a user elsewhere is masked all the same; only the row itself is let through


def test_allowed_rows_stay_as_they_are_but_for_their_keys(shop):
    shop.job(extra=ALLOW)
    ran = shop.cli("run", "job.yaml")
    assert ran.code == 0, ran.err
    found = dict(shop.query("select email, name from users"))
    assert found.pop("ada@mail.test") == "Ada Lovelace"
    assert found and not set(found) & {email for (email,) in shop.query("select email from users", source=True)}
    kept = "select id from users where email = 'ada@mail.test'"
    assert shop.query(kept) != shop.query(kept, source=True)
    assert shop.query(
        "select count(*) from orders o join users u on u.id = o.user_id where u.name = 'Ada Lovelace'"
    ) == [(2,)]


def test_without_the_condition_nobody_comes_through(shop):
    shop.job()
    assert shop.cli("run", "job.yaml").code == 0
    assert shop.query("select count(*) from users where email = 'ada@mail.test' or name = 'Ada Lovelace'") == [(0,)]


def test_what_others_keep_of_allowed_rows_is_no_leak_and_what_they_keep_of_the_rest_is(shop):
    shop.execute("update notes set body = 'write to bob@mail.test'", source=True)
    shop.job(columns=COLUMNS.replace("notes.body: redact", "notes.body: {keep: free_text}"), extra=ALLOW)
    ran = shop.cli("run", "job.yaml")
    assert ran.code == 1 and "notes.body" in ran.out + ran.err
    shop.execute("update notes set body = 'write to ada@mail.test'", source=True)
    assert shop.cli("run", "job.yaml").code == 0


def test_a_condition_that_does_not_fit_is_refused_by_its_place(shop):
    shop.job(extra="allow: {users: 'emial is null', ordres: 'true'}")
    ran = shop.cli("plan", "job.yaml")
    assert ran.code == 2
    assert "allow.users: " in ran.out and "emial" in ran.out and "did you mean" in ran.out
    assert "allow.ordres: table 'ordres' does not exist" in ran.out

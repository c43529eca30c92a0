"""Columns that only name someone: of what was made anew on purpose nulls are compared, and little else."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from checks.tables import KEY, USERS, replaced, shop, verdicts
from understudy.checks import scoring
from understudy.checks.marginals import shape
from understudy.checks.quality import quality
from understudy.checks.quality_page import page
from understudy.checks.sides import sides
from understudy.schema import TableName

PEOPLE = TableName("", "people")


def people(seed, host="post.example", null=0.2):
    """400 people with a town, a pay that goes with it, and a mailbox that a fifth of them lack."""
    dice = np.random.default_rng(seed)
    town = dice.integers(0, 4, 400)
    mail = [None if dice.random() < null else f"{seed}-{row}@{host}" for row in range(400)]
    pay = 1000.0 * town + dice.normal(0, 100, 400)
    return pa.table({"mail": mail, "town": np.array(list("abcd"))[town], "pay": pay})


def judged(made, **more):
    """The verdict of every quality Score of made people whose mailboxes were made anew."""
    return verdicts(quality(people(1), made, people(3), anew=["mail"], **more))


def test_mailboxes_made_anew_pass_and_are_a_failure_where_nobody_says_so():
    made = people(2, host="ELSEWHERE")
    found = judged(made)
    assert set(found.values()) <= {"pass", "note"}, found
    assert found["nulls", "mail"] == "pass"
    plain = verdicts(quality(people(1), made, people(3)), "fail")
    assert ("shape", "mail") in plain and ("c2st holdout", "table") in plain


@pytest.mark.parametrize("null", [0.0, 0.6])
def test_nulls_that_vanish_or_come_from_nowhere_fail_a_column_made_anew(null):
    assert judged(people(2, null=null))["nulls", "mail"] == "fail"


def test_of_the_values_nothing_is_compared_and_a_note_says_which_and_why():
    whole = sides(people(1), people(2, host="ELSEWHERE"), people(3), anew=["mail", "gone"])
    shapes = {score.subject: score.value for score in shape(whole)}
    assert whole.facet("mail").labels == 1 and shapes["mail"] == 1.0
    assert [note for note in whole.notes if "mail" in note] == [
        "mail: only nulls compared, for the values, which name someone, were made anew"
    ]
    assert "made anew" not in " ".join(sides(people(1), people(2), people(3)).notes)


def test_numbers_may_become_texts_where_they_were_made_anew():
    phones = [replaced(people(seed), "mail", pa.array(np.arange(400) * 7919 + seed)) for seed in (1, 3)]
    made = replaced(people(2), "mail", pc.cast(phones[0]["mail"], pa.string()))
    whole = sides(phones[0], made, phones[1], anew=["mail"])
    assert not whole.facet("mail").numeric


def test_a_column_made_anew_must_vary_where_the_real_one_does():
    assert judged(replaced(people(2), "mail", pa.array(["REDACTED"] * 400)))["variety", "table"] == "fail"


def test_a_column_made_anew_must_be_unique_where_the_real_one_is():
    real, made, held = (people(seed, null=0) for seed in (1, 2, 3))
    twice = replaced(made, "mail", pa.array([made["mail"][row // 2].as_py() for row in range(400)]))
    for rows, verdict in ((made, "pass"), (twice, "fail")):
        assert verdicts(quality(real, rows, held, anew=["mail"]))["unique key", "mail"] == verdict


def test_a_query_is_asked_of_the_values_as_they_are():
    asked = {"hosts": "select count(*) as n from people where mail like '%@post.example'"}
    for host, verdict in (("post.example", "pass"), ("ELSEWHERE", "fail")):
        found = judged(people(2, host=host), subject="people", queries=asked)
        assert found["query", "hosts"] == verdict


def test_no_mailbox_that_was_made_anew_is_shown_however_many_share_it():
    shared = [replaced(people(seed), "mail", pa.array(["ann@post.example", None] * 200)) for seed in (1, 3)]
    for anew, there in (((), True), (("mail",), False)):
        asked = scoring.Asked(anew={PEOPLE: anew})
        found = scoring.score({PEOPLE: shared[0]}, {PEOPLE: people(2)}, {PEOPLE: shared[1]}, asked)
        assert ("ann@post.example" in page(found) + json.dumps(found.json())) is there


def test_attacks_have_no_field_of_what_was_made_anew():
    guests = {seed: replaced(people(seed), "mail", pa.array(["Ann", "Bob", "Cid", "Dee"] * 100)) for seed in (1, 2, 3)}
    for anew, there in (((), True), (("mail",), False)):
        asked = scoring.Asked(anew={PEOPLE: anew})
        found = scoring.score(*({PEOPLE: guests[seed]} for seed in (1, 2, 3)), asked)
        secrets = next(one.score.breakdown for one in found.answers if one.score.name == "inference")
        assert ("mail" in secrets) is there and "town" in secrets


def test_between_tables_nulls_alone_are_compared_too():
    real, made, held = shop(1), shop(2), shop(3)
    for tables, names in ((real, "ABCD"), (made, "WXYZ"), (held, "ABCD")):
        name = [names[age // 10 - 2] for age in tables[USERS]["age"].to_pylist()]
        tables[USERS] = tables[USERS].append_column("name", pa.array(name))
    for anew, fails in (((), True), (("name", "id"), False)):
        found = scoring.score(real, made, held, scoring.Asked(foreign_keys=(KEY,), anew={USERS: anew}))
        failed = {one.score.subject for one in found.answers if one.bad and one.area == "relations"}
        assert bool(failed) is fails, failed

"""Findings over whole schemas: neighbours, keys, types, comments, and what they may show."""

import json
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detect.tiny import by_schema, column, entities, found, of_rows, points, schema, survey, table
from understudy import detect
from understudy.detect import KEPT
from understudy.schema import CheckConstraint, TableName


def test_keys_of_people_and_the_foreign_keys_to_them_are_found():
    users = table("users", column("id", "integer"), column("email"))
    orders = table("orders", column("id", "integer"), column("buyer", "integer"), column("total", "decimal"))
    assert by_schema(users, orders, keys=[points("orders.buyer", "users")]) == {
        "users.id": "person_key",
        "users.email": "email",
        "orders.buyer": "person_key",
    }


def test_a_table_that_holds_names_and_addresses_is_one_of_people_whatever_it_is_called():
    rows = table("tbl7", column("id", "integer"), column("first_name"), column("email"))
    log = table("log", column("id", "integer"), column("ref", "integer"))
    assert by_schema(rows, log, keys=[points("log.ref", "tbl7")])["log.ref"] == "person_key"


def test_columns_that_a_foreign_key_joins_hold_the_same():
    users = table("accounts", column("email"), key="email")
    logins = table("logins", column("who"), column("at", "timestamp"))
    assert by_schema(users, logins, keys=[points("logins.who", "accounts", parent_column="email")]) == {
        "accounts.email": "email",
        "logins.who": "email",
    }


def test_types_and_constraints_and_labels_tell():
    checks = (CheckConstraint("looks_like_mail", ("c2",), "c2 ~ '@'"),)
    one = table(
        "t",
        column("c1", "other", native_type="inet"),
        column("c2"),
        column("c3", "enum", native_type="sex", labels=("male", "female", "other")),
        column("c4", "enum", native_type="state", labels=("open", "closed")),
        checks=checks,
    )
    assert by_schema(one) == {"t.c1": "ip", "t.c2": "email", "t.c3": "gender"}


def test_a_comment_adds_to_what_a_name_says_and_does_not_suffice_alone():
    named = table(
        "t", column("title", comment="the job title of the patient"), column("c2", comment="an e-mail address")
    )
    findings = {one.place: one for one in detect.survey(schema(named), None).findings}
    assert findings["t.title"].found and "its comment says 'job title'" in findings["t.title"].evidence
    assert not findings["t.c2"].found and findings["t.c2"].confidence >= detect.DOUBTFUL


def test_columns_that_belong_together_make_each_other_surer():
    alone = detect.survey(schema(table("t", column("exp_date"))), None).findings
    beside = detect.survey(schema(table("t", column("card_number"), column("exp_date"))), None).findings
    assert not any(one.found for one in alone)
    assert entities(beside) == {"t.card_number": "card", "t.exp_date": "card_expiry"}


def test_every_finding_tells_its_class():
    data = {"patients": {"email": ["a@mail.test"], "city": ["Berlin"], "diagnosis": ["Asthma"]}}
    assert {one.column: one.sensitivity for one in survey(data).findings} == {
        "email": "direct",
        "city": "quasi",
        "diagnosis": "sensitive",
    }


def test_a_finding_as_json_names_everything_and_shows_nothing():
    made, sample = of_rows({"users": {"email": ["ada@mail.test"] * 3}})
    (one,) = detect.detect(made, sample)
    assert one.json() == {
        "table": "users",
        "column": "email",
        "entity": "email",
        "class": "direct",
        "confidence": one.confidence,
        "evidence": ["its name says 'email'", "all of 3 sampled values are e-mail addresses"],
        "rule": "email",
    }


VALUE = st.text("abcdefghijklmnopqrstuvwxyz@.+ 0123456789ÄÖß{}\":'", min_size=7, max_size=30)


@settings(deadline=None, max_examples=30)
@given(st.lists(VALUE, min_size=1, max_size=20), st.sampled_from(["notes", "email", "name", "c7", "payload", "phone"]))
def test_evidence_never_shows_a_value(values, name):
    told = json.dumps([one.json() for one in survey({"users": {name: values}}).findings])
    for value in values:
        assert value.strip() not in told or value.strip() in json.dumps([name, "users", sorted(KEPT)])


@settings(deadline=None, max_examples=30)
@given(st.permutations(range(12)))
def test_the_order_of_rows_changes_nothing(order):
    names = "Ada Alan Grace Edsger Barbara Donald John Mary Anna Peter Laura Thomas".split()
    mails = [f"{name.lower()}@mail.test" for name in names]
    rows = {
        "c1": names,
        "c2": mails,
        "notes": [f"Call {name} at {mail} please" for name, mail in zip(names, mails, strict=True)],
    }
    turned = {name: [values[place] for place in order] for name, values in rows.items()}
    assert survey({"t": turned}).findings == survey({"t": rows}).findings


def test_what_is_surely_harmless_is_told_apart_from_what_nobody_knows():
    one = table(
        "orders",
        column("paid", "boolean"),
        column("amount", "decimal"),
        column("created_at", "timestamp"),
        column("status"),
        column("c7"),
        column("payload", "json"),
        column("labels", "other", native_type="text[]"),
    )
    harmless = detect.survey(schema(one), None).harmless
    assert {name for _table, name in harmless} == {"paid", "amount", "created_at", "status"}


def test_a_status_with_a_thousand_values_is_not_harmless():
    few = {"orders": {"status": ["open", "closed"] * 50}}
    many = {"orders": {"status": [f"{n} open of {n * 3}" for n in range(100)]}}
    place = (TableName("", "orders"), "status")
    assert place in survey(few).harmless
    assert place not in survey(many).harmless


def test_an_empty_table_is_judged_by_its_names():
    empty = {"users": {"email": pa.array([], pa.string()), "note": pa.array([], pa.string())}}
    assert found(empty) == {"users.email": "email", "users.note": "free_text"}


@pytest.mark.parametrize("name", ["", "_", "42", "ÄÖÜ", "select", 'we"ird', "a" * 200])
def test_any_name_is_read(name):
    by_schema(replace(table("t"), name=TableName("", name), columns=(column(name),)))


def test_a_thousand_tables_are_judged_by_name_in_seconds():
    import time

    columns = [column(f"{word}_{n}") for n in range(5) for word in ("email", "amount", "notes", "ref")]
    many = schema(*(table(f"table_{n}", *columns) for n in range(1000)))
    began = time.monotonic()
    assert len(detect.detect(many, None)) == 10_000
    assert time.monotonic() - began < 30

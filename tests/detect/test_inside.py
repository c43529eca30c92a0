"""Documents, arrays, rows of keys and values, free text."""

import json

import pyarrow as pa

from detect.tiny import column, entities, found, schema, table
from understudy import detect

PEOPLE = [("Ada Lovelace", "ada@mail.test"), ("Alan Turing", "alan@mail.test"), ("Grace Hopper", "grace@mail.test")]


def test_personal_paths_inside_documents_are_found():
    documents = [
        json.dumps({"contact": {"email": mail}, "items": [{"sku": "A1", "recipient_name": name}], "ok": True, "n": 3})
        for name, mail in PEOPLE * 5
    ]
    assert found({"orders": {"payload": documents}}) == {
        "orders.payload $.contact.email": "email",
        "orders.payload $.items[*].recipient_name": "full_name",
    }


def test_keys_of_documents_that_are_numbers_or_hashes_are_one_path():
    documents = [json.dumps({f"{n:032x}": {"email": f"p{n}@mail.test"}}) for n in range(20)]
    assert found({"orders": {"payload": documents}}) == {"orders.payload $[*].email": "email"}


def test_a_text_that_only_looks_like_a_document_is_a_text():
    assert found({"t": {"c7": ["{not json", "[nor this", "{}"] * 5}}) == {}


def test_the_elements_of_arrays_are_found():
    tags = table("users", column("contacts", "other", native_type="text[]", as_text=True))
    rows = pa.table({"contacts": ['{ada@mail.test,"alan@mail.test"}', "{}", "{grace@mail.test}"] * 5})
    assert entities(detect.detect(schema(tags), lambda _table: rows)) == {"users.contacts [*]": "email"}


def test_rows_of_keys_and_values_are_judged_key_by_key():
    keys = ["phone", "theme", "email"] * 10
    values = ["+49 170 1234567", "dark", "ada@mail.test"] * 10
    rows = {"ref": list(range(30)), "meta_key": keys, "meta_value": values}
    assert found({"usermeta": rows}) == {
        "usermeta.meta_value [meta_key=phone]": "phone",
        "usermeta.meta_value [meta_key=email]": "email",
    }


def test_free_text_is_found_by_what_stands_in_it():
    texts = [f"Please call me back at +49 170 12345{n:02} about the order." for n in range(30)]
    prose = [f"A gripping tale of {n} brave sailors on the open sea at night." for n in range(30)]
    assert found({"tickets": {"c1": texts, "c2": prose}}) == {"tickets.c1": "free_text"}


def test_notes_are_free_text_without_a_look_and_short_labels_under_that_name_are_not():
    assert entities(detect.detect(schema(table("visits", column("notes"))), None)) == {"visits.notes": "free_text"}
    assert found({"visits": {"notes": ["ok", "late", "ok", "early"] * 10}}) == {}

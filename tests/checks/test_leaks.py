from __future__ import annotations

import hashlib
import random
import uuid

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.memory import Memory, digest, name, table
from understudy.checks import FixedPoints, Originals, leaks, passed, run_checks
from understudy.checks.originals import identifiers
from understudy.interfaces import Result

USERS = table("users", "id bigint", "email text", "phone text", "nick text", primary="id")
NOTES = table("notes", "id bigint", "body text", "payload jsonb", "tags text[]", "number bigint", "ref uuid")
EMAIL, PHONE = (name("users"), "email"), (name("users"), "phone")
REAL = Memory(
    (USERS, NOTES),
    {
        "users": [
            (1, "Ada@real.org", "+49 170 1234567", "ada"),
            (2, "bob@real.org", "(030) 555-12 34", "bob"),
            (3, None, None, None),
        ],
        "notes": [],
    },
)
MADE = REAL.but(users=[(7, "x1@fake.org", "+49 151 9999999", "zoe"), (8, "x2@fake.org", "(030) 777-00 00", "max")])


def collected(data: Memory = REAL, **limits: int) -> Originals:
    from understudy.interfaces import Scan

    originals = Originals(digest, **limits)
    for batch in data.read(Scan(name("users"))):
        originals.add(EMAIL, batch["email"])
        originals.add(PHONE, batch["phone"])
    return originals


def ask(made: Memory, changed: frozenset = frozenset({EMAIL, PHONE})) -> list[Result]:
    return list(leaks(collected(), changed, {})(REAL, made))


def note(
    body: str | None = None,
    payload: str | None = None,
    tags: str | None = None,
    number: int | None = None,
    ref: uuid.UUID | None = None,
) -> Memory:
    return MADE.but(
        notes=[(1, "nothing here", '{"a": 1}', "{}", 12, uuid.UUID(int=5)), (2, body, payload, tags, number, ref)]
    )


def test_stand_ins_pass_and_say_what_was_looked_for():
    results = ask(MADE)
    assert [(result.subject, result.verdict) for result in results] == [
        ("users.email", "pass"),
        ("users.phone", "pass"),
    ]
    assert results[0].detail.startswith("2 originals looked for in 9 columns")


def test_real_data_against_itself_fails():
    results = run_checks({"leaks": leaks(collected(), frozenset({EMAIL, PHONE}), {})}, REAL, REAL)
    assert not passed(results)
    assert [(result.subject, result.verdict) for result in results] == [
        ("users.email", "fail"),
        ("users.phone", "fail"),
        ("users.phone", "fail"),
    ]


@pytest.mark.parametrize(
    "planted",
    [
        note(body="please write to ada@REAL.org."),
        note(body="ada@real.org"),
        note(body="Ada <ADA@real.org>, urgent"),
        note(payload='{"contact": {"mail": "ada@real.org"}}'),
        note(tags="{ada@real.org,other}"),
    ],
    ids=["in a sentence", "alone", "in brackets", "in a document", "in an array"],
)
def test_a_copied_e_mail_is_caught_wherever_it_stands(planted: Memory):
    [failure] = [result for result in ask(planted) if result.verdict == "fail"]
    assert failure.subject.startswith("notes.")
    assert failure.value == 1
    assert failure.detail == "holds 1 original values of users.email (1 times)"


@pytest.mark.parametrize(
    "planted",
    [
        note(body="call +49 (170) 123-45.67 today"),
        note(body="49 1701234567"),
        note(payload='{"tel": "491701234567"}'),
        note(number=491701234567),
    ],
    ids=["in a sentence", "alone", "in a document", "as a number"],
)
def test_a_copied_telephone_number_is_caught_however_it_is_written(planted: Memory):
    [failure] = [result for result in ask(planted) if result.verdict == "fail"]
    assert failure.subject.startswith("notes.")
    assert "users.phone" in failure.detail


def test_the_original_itself_is_never_told():
    for result in ask(REAL.but(notes=[(1, "ada@real.org +491701234567", None, None, None, None)])):
        assert "ada" not in str(result).lower()
        assert "1234567" not in str(result)


def test_one_original_in_two_columns_is_told_twice():
    made = MADE.but(notes=[(1, "ada@real.org", '{"m": "ada@real.org"}', None, None, None)])
    assert [result.subject for result in ask(made) if result.verdict == "fail"] == ["notes.body", "notes.payload"]


def scan(originals: list[object], kind: pa.DataType, made: Memory) -> list[Result]:
    held = Originals(digest)
    held.add((name("users"), "secret"), pa.array(originals, kind))
    return list(leaks(held, frozenset({(name("users"), "secret")}), {})(REAL, made))


@pytest.mark.parametrize(
    "secret", ["tok_51Hx9", "Hauptstraße 12", "DE-AB-1977", "correct horse battery staple", "4b825dc642cb6eb9"]
)
def test_other_identifying_texts_are_found_whole_and_as_members_of_documents(secret: str):
    assert [result.verdict for result in scan([secret], pa.string(), note(body=secret))] == ["fail"]
    assert [result.verdict for result in scan([secret], pa.string(), note(payload=f'{{"k": ["{secret}"]}}'))] == [
        "fail"
    ]


def test_a_uuid_is_found_as_uuid_and_as_text():
    secret = uuid.UUID("6f9619ff-8b86-d011-b42d-00cf4fc964ff")
    held = Originals(digest)
    storage = pa.array([secret.bytes, None], pa.binary(16))
    held.add((name("users"), "token"), pa.ExtensionArray.from_storage(pa.uuid(), storage))
    for made in (note(ref=secret), note(body=str(secret)), note(payload=f'{{"t":"{str(secret).upper()}"}}')):
        assert [result.verdict for result in leaks(held, frozenset(), {})(REAL, made)] == ["fail"]


@pytest.mark.parametrize("word", ["ada1", "unknown", "default", "12345", "123456"])
def test_short_texts_plain_words_and_short_numbers_are_not_looked_for(word: str):
    [result] = scan([word], pa.string(), note(body=word))
    assert (result.verdict, result.value) == ("pass", 0)
    assert "shorter than 5 characters" in result.detail


def test_without_an_identifying_column_there_is_nothing_to_look_for():
    assert [result.verdict for result in leaks(Originals(digest), frozenset(), {})(REAL, MADE)] == ["note"]


NUMBERS = table("numbers", "n bigint")


def numbers(values: list[int]) -> Memory:
    return Memory((NUMBERS,), {"numbers": [(value,) for value in values]})


def test_numbers_meet_originals_by_chance_and_only_more_than_that_fails():
    dice = random.Random(7)
    originals = [dice.randrange(10**6, 10**7) for _ in range(2_000)]
    others = [dice.randrange(10**6, 10**7) for _ in range(2_000)]
    [by_chance, clean] = scan(list(originals), pa.int64(), numbers(others))
    assert (by_chance.verdict, clean.verdict) == ("note", "pass")
    assert by_chance.limit is not None and 0 < (by_chance.value or 0) <= by_chance.limit
    [copied] = scan(list(originals), pa.int64(), numbers(others + originals[:30]))
    assert copied.verdict == "fail"


def test_stand_ins_of_the_same_form_may_meet_originals_but_not_be_a_copy_of_them():
    place = (name("numbers"), "n")
    held = Originals(digest)
    held.add(place, pa.array(range(10**6, 10**6 + 1000)))
    shifted = numbers(list(range(10**6 + 600, 10**6 + 1600)))
    copied = numbers(list(range(10**6, 10**6 + 1000)))
    assert [result.verdict for result in leaks(held, frozenset({place}), {})(shifted, shifted)] == ["note", "pass"]
    assert [result.verdict for result in leaks(held, frozenset({place}), {})(copied, copied)] == ["fail"]


def test_values_that_stayed_are_told_and_many_of_an_identifying_column_fail():
    nick = (name("users"), "nick")
    stayed = {EMAIL: FixedPoints(400, 1000), PHONE: FixedPoints(3, 1000), nick: FixedPoints(900, 1000)}
    results = list(leaks(collected(), frozenset({EMAIL, PHONE, nick}), stayed)(REAL, MADE))
    told = {result.subject: result.verdict for result in results if "came out" in result.detail}
    assert told == {"users.email": "fail", "users.phone": "note", "users.nick": "note"}


def test_with_more_originals_than_fit_a_sample_is_looked_for_and_said_so():
    secrets = [f"user{number}@real.org" for number in range(4000)]
    held = Originals(digest, most=1000)
    for start in range(0, 4000, 100):
        held.add(EMAIL, pa.array(secrets[start : start + 100]))
    assert 0.2 < held.share(EMAIL) < 0.3
    data = Memory((table("t", "v text"),), {"t": [(secret,) for secret in secrets]})
    [result] = leaks(held, frozenset(), {})(data, data)
    assert result.value == 1000
    [clean] = leaks(held, frozenset(), {})(data, MADE)
    assert "a sample of 2" in clean.detail


def test_all_columns_together_stay_within_their_bound():
    held = Originals(digest, most=1000, total=1500)
    for column in ("a", "b", "c"):
        held.add((name("t"), column), pa.array([f"{column}{number}@real.org" for number in range(900)]))
    assert sum(len(sketch.hashes) for sketch in held.sketches().values()) <= 1500


def test_what_originals_hold_is_not_printed():
    assert repr(collected()) == "Originals of 2 columns"


@given(st.lists(st.text(max_size=40), max_size=8), st.integers(0, 8))
def test_slicing_changes_nothing(values: list[str], start: int):
    """Arrays arrive as slices of larger ones: offsets into their buffers must be honoured."""
    padded = pa.array(["x@y.zz", *values, "call 030 1234567"])
    sliced, fresh = (
        padded.slice(1 + start, len(values)),
        pa.array(padded.slice(1 + start, len(values)).to_pylist(), pa.string()),
    )
    told = [
        [(found.form, found.digits, found.texts.to_pylist()) for found in identifiers(array)]
        for array in (sliced, fresh)
    ]
    assert told[0] == told[1]


@given(
    st.lists(
        st.sampled_from(["a@b.cc", "0301234567", "tok_12345", "plain", "+49 170 1234567", "see a@b.cc, 030 1234567!"]),
        max_size=12,
    )
)
def test_what_a_scan_passes_over_is_nothing_it_would_find(values: list[str]):
    held = Originals(digest)
    held.add(EMAIL, pa.array(["a@b.cc", "tok_12345"]))
    array = pa.array(values, pa.string())
    wanted = {(one.form, text) for one in identifiers(array, held.wanted) for text in one.texts.to_pylist()}
    everything = {(one.form, text) for one in identifiers(array) for text in one.texts.to_pylist()}
    assert wanted & {("email", "a@b.cc"), ("text", "tok_12345")} == everything & {
        ("email", "a@b.cc"),
        ("text", "tok_12345"),
    }


def test_the_hash_is_asked_for_texts_without_nulls_only():
    asked: list[pa.Array] = []

    def watched(values: pa.Array) -> np.ndarray:
        asked.append(values)
        return np.array(
            [int(hashlib.sha256(text.encode()).hexdigest()[:16], 16) for text in values.to_pylist()], np.uint64
        )

    Originals(watched).add(EMAIL, pa.array([None, "ada@real.org", None]))
    assert [array.to_pylist() for array in asked] == [["ada@real.org"]]


@pytest.mark.parametrize(("holder", "verdict"), [("users", "note"), ("notes", "fail")])
def test_a_name_from_a_list_may_be_another_rows_original_but_nowhere_else(holder: str, verdict: str):
    nick, body = (name("users"), "nick"), (name("notes"), "body")
    originals = Originals(digest)
    originals.add(nick, pa.array(["Maximiliana Featherstone", "Ada"]))
    made = {
        "users": MADE.but(users=[(7, None, None, "Maximiliana Featherstone")]),
        "notes": MADE.but(notes=[(1, "Maximiliana Featherstone", None, None, None, None)]),
    }
    found = list(leaks(originals, frozenset({nick, body}), {}, frozenset({nick}))(REAL, made[holder]))
    assert [result.verdict for result in found if result.value] == [verdict]


def test_an_e_mail_in_a_column_of_names_is_no_chance():
    nick = (name("users"), "nick")
    made = MADE.but(users=[(7, None, None, "ada@real.org")])
    [found] = [one for one in leaks(collected(), frozenset({nick}), {}, frozenset({nick}))(REAL, made) if one.value]
    assert (found.subject, found.verdict) == ("users.nick", "fail")


def test_what_stays_on_purpose_is_looked_for_nowhere_and_the_rest_still_is():
    originals = collected()
    originals.spare(pa.array(["Ada@real.org"]))
    made = note(body="from ada@real.org")
    assert passed(leaks(originals, frozenset({EMAIL, PHONE}), {})(REAL, made))
    made = note(body="from ada@real.org to bob@real.org")
    [found] = [one for one in leaks(originals, frozenset({EMAIL, PHONE}), {})(REAL, made) if one.value]
    assert (found.subject, found.value) == ("notes.body", 1)

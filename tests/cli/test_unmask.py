"""`understudy unmask`, `rotate` and `key`: the way back, another key, and what tells one key from another."""

import json

import pytest

from support.shell import KEY
from understudy.transforms import Key

CODES = "id,code,day\n1,AB-12,1990-02-03\n2,,\n3,ż9,1972-10-29\n"
RULES = """
columns: {id: key, code: key, day: {shift_days: 30, per: id}}
types: {id: integer, day: date}
unique: [id]
"""


@pytest.fixture
def codes(shell):
    shell.write("codes.csv", CODES)
    shell.write("rules.yaml", RULES)
    shell.write("other.key", Key.new())
    said = shell.run("mask", "codes.csv", "-r", "rules.yaml", "-o", "masked.csv")
    assert said.code == 0, said.err
    return shell


def test_whoever_holds_the_key_gets_every_byte_back(codes):
    assert codes.read("masked.csv") != CODES
    said = codes.run("unmask", "masked.csv", "-r", "rules.yaml", "-o", "back.csv")
    assert said.code == 0, said.err
    assert codes.read("back.csv") == CODES


def test_the_way_back_goes_over_other_formats_too(codes):
    for name in ("a.parquet", "b.jsonl"):
        assert codes.run("mask", "codes.csv", "-r", "rules.yaml", "-o", name).code == 0
        back = codes.run("unmask", name, "-r", "rules.yaml", "--to", "csv")
        assert back.code == 0, back.err
        assert back.text == CODES


def test_another_key_gives_nothing_back(codes):
    said = codes.run("unmask", "masked.csv", "-r", "rules.yaml", "--key-from", "other.key")
    assert said.code == 0 and not set(said.text.splitlines()[1:]) & set(CODES.splitlines()[1:])


def test_columns_that_cannot_come_back_are_named_or_left_out_or_left_masked(shell):
    shell.write("in.csv", "id,email\n7,ada@x.org\n")
    shell.write("rules.yaml", "columns: {id: key, email: email}")
    shell.run("mask", "in.csv", "-r", "rules.yaml", "-o", "m.csv")
    refused = shell.run("unmask", "m.csv", "-r", "rules.yaml")
    assert refused.code == 2 and "data.email: nothing leads back from email" in refused.err and refused.out == b""
    dropped = shell.run("unmask", "m.csv", "-r", "rules.yaml", "--others", "drop")
    assert dropped.text == "id\n7\n"
    kept = shell.run("unmask", "m.csv", "-r", "rules.yaml", "--others", "keep")
    assert kept.text.startswith("id,email\n7,") and "@example." in kept.text
    shell.run("mask", "in.csv", "-r", "rules.yaml", "-o", "m.jsonl")
    assert shell.run("unmask", "m.jsonl", "-r", "rules.yaml", "--others", "drop").json == {"id": "7"}


def test_a_key_is_exchanged_without_the_source(codes):
    said = codes.run(
        *("rotate", "masked.csv", "-r", "rules.yaml", "-o", "new.csv"),
        *("--from-key", "UNDERSTUDY_KEY", "--to-key", "file:other.key", "--report", "report.json"),
    )
    assert said.code == 0, said.err
    other = codes.read("other.key")
    direct = codes.run("mask", "codes.csv", "-r", "rules.yaml", "--key-from", "other.key")
    assert codes.read("new.csv") == direct.text != codes.read("masked.csv")
    assert json.loads(codes.read("report.json"))["key"] == Key.parse(other).id
    assert KEY not in said.text + said.err and other not in said.text + said.err + codes.read("report.json")


def test_a_key_cannot_be_exchanged_where_nothing_leads_back(codes):
    codes.write("rules.yaml", RULES.replace("code: key", "code: redact"))
    said = codes.run(
        *("rotate", "masked.csv", "-r", "rules.yaml", "-o", "new.csv"),
        *("--from-key", "UNDERSTUDY_KEY", "--to-key", "other.key"),
    )
    assert said.code == 2 and "data.code: nothing leads back from redact" in said.err
    assert "mask the source again" in said.err and "new.csv" not in codes.files()
    same = codes.run(
        "rotate", "masked.csv", "-r", "rules.yaml", "--from-key", "UNDERSTUDY_KEY", "--to-key", "UNDERSTUDY_KEY"
    )
    assert same.code == 2 and "the same" in same.err


def test_the_id_of_a_key_is_told_from_wherever_the_key_is(shell):
    shell.write("one.key", KEY + "\n")
    known = Key.parse(KEY).id
    assert shell.run("key", "id").text == known + "\n"
    for place, given in (
        ("UNDERSTUDY_KEY", ""),
        ("env:UNDERSTUDY_KEY", ""),
        ("one.key", ""),
        ("file:one.key", ""),
        ("-", KEY),
    ):
        said = shell.run("key", "id", "--key-from", place, "--json", given=given)
        assert said.json == {"id": known}, said.err


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("NOT_SET", "NOT_SET is not set"),
        ("nowhere.key", "nowhere.key"),
        (KEY, "where other users can see it"),
        ("bad.key", "checksum"),
    ],
)
def test_a_key_that_cannot_be_had_is_told_and_never_shown(shell, place, told):
    wrong = KEY[:-1] + ("a" if KEY[-1] != "a" else "b")
    shell.write("bad.key", wrong)
    said = shell.run("key", "id", "--key-from", place)
    assert said.code == 2 and told in said.err and said.out == b""
    assert KEY not in said.err and wrong not in said.err


def test_a_key_is_checked_alone_and_against_what_was_made_with_it(codes):
    assert codes.run("key", "check").code == 0
    codes.run("mask", "codes.csv", "-r", "rules.yaml", "-o", "out.parquet", "--report", "report.json")
    for made in ("out.parquet", "report.json"):
        assert codes.run("key", "check", made).code == 0
        other = codes.run("key", "check", made, "--key-from", "other.key", "--json")
        assert other.code == 1 and other.json["same"] is False and other.json["made_with"] == Key.parse(KEY).id
    silent = codes.run("key", "check", "masked.csv")
    assert silent.code == 2 and "tells no key" in silent.err

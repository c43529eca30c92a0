"""`understudy report REAL MADE`, as somebody types it: files and folders, a verdict, a code, a page."""

import io
import json

import numpy as np
import pyarrow.csv as arrow_csv
import pytest

from checks.test_page import read
from understudy.arrow import kind_of
from understudy.lake import tables
from understudy.schema import Column, Table, TableName, Unique
from understudy.synth.network import effort


def csv(seed, start=0, leak=0):
    """120 people as CSV: a key, a town and a pay that goes with it; the first of them may be another seed's."""
    dice = np.random.default_rng(seed)
    towns = dice.integers(0, 3, 120)
    pay = (1000 * towns + dice.normal(0, 100, 120)).round(2)
    lines = [f"{start + row},{'abc'[town]},{money}" for row, (town, money) in enumerate(zip(towns, pay, strict=True))]
    if leak:
        lines[:leak] = csv(1).splitlines()[1 : leak + 1]
    return "id,town,pay\n" + "\n".join(lines) + "\n"


@pytest.fixture
def files(shell):
    for name, text in {"real.csv": csv(1), "made.csv": csv(2, 1000, leak=60), "held.csv": csv(3, 5000)}.items():
        shell.write(name, text)
    return shell


def test_two_files_are_compared_and_a_leak_ends_with_one(files):
    said = files.run("report", "real.csv", "made.csv", "--holdout", "held.csv", "--html", "r.html", "--target", "pay")
    assert said.code == 1, said.err
    assert "fails: " in said.text and "copies" in said.text and "floor" in said.text
    assert "Fails:" in read(files.read("r.html")).text
    assert not [name for name in files.files() if "partial" in name]


def test_json_is_one_document_and_a_file_of_it_is_the_same(files):
    files.write("ask.sql", "-- pay by town\nselect town, avg(pay) as pay from real group by town;\nselect 1 as one;")
    told = ("report", "real.csv", "made.csv", "--masked", "--queries", "ask.sql", "--json-to", "r.json", "--json")
    said = files.run(*told)
    assert said.json == json.loads(files.read("r.json"))
    assert said.json["kind"] == "masked" and said.json["holdout"] == ""
    asked = {one["subject"] for one in said.json["answers"] if one["check"] == "query"}
    assert asked == {"pay by town", "query 2"}, "one that names no table is asked too"


def test_folders_are_compared_table_by_table_with_keys_that_are_said(shell):
    dice = np.random.default_rng(5)
    for side, first in (("real", 0), ("made", 500)):
        shell.write(f"{side}/users.csv", csv(first, first))
        orders = [f"{first + owner},{owner % 7}" for owner in dice.integers(0, 120, 300)]
        orders[0] = "99999,1" if side == "made" else orders[0]
        shell.write(f"{side}/orders.csv", "user_id,kind\n" + "\n".join(orders) + "\n")
    said = shell.run("report", "real", "made", "--masked", "--key", "orders.user_id -> users.id", "--rows", 100)
    assert said.code == 1, said.err
    assert "FAIL" in said.text and "integrity" in said.text and "orders.user_id" in said.text
    wrong = shell.run("report", "real", "made", "--key", "orders.usr -> users.id")
    assert wrong.code == 2 and "user_id" in wrong.err


def test_rows_of_two_branches_of_the_lake_are_compared_with_a_file_held_out(lake, shell):
    for branch, rows in (("main", csv(1)), ("dev", csv(2, 1000, leak=60))):
        found = arrow_csv.read_csv(io.BytesIO(rows.encode()))
        columns = tuple(Column(one.name, "", kind_of(one.type), one.type) for one in found.schema)
        people = Table(TableName("", "people"), columns, (Unique("people_pkey", ("id",), primary=True),))
        tables.create(lake, branch, people, batches=found.to_batches())
    shell.write("held/people.csv", csv(3, 5000))
    said = shell.run("report", "lake:main", "lake:dev", "--holdout", "held", "--json")
    assert said.code == 1, said.err
    asked = {(one["table"], one["check"]): one for one in said.json["answers"]}
    copied = asked["people", "copied rows"]
    assert copied["verdict"] == "fail" and "50.00% of those learned from" in copied["detail"]
    assert asked["people", "unique key"]["value"] == 1.0, "the lake knows the key"
    assert (said.json["real"], said.json["made"]) == ("lake:main", "lake:dev")
    wrong = shell.run("report", "lake:mian", "lake:dev")
    assert wrong.code == 2 and "did you mean 'main'" in wrong.err


def test_a_model_that_is_given_away_with_its_rows_is_asked_who_was_learned_from(files, monkeypatch):
    monkeypatch.setattr(effort, "_EPOCHS", 8)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    learned = files.run("synthesize", "real.csv", "-o", "new.csv", "--effort", "fast", "--save", "m.understudy")
    assert learned.code == 0, learned.err
    told = ("report", "real.csv", "new.csv", "--holdout", "held.csv", "--json")
    said = files.run(*told, "--model", "m.understudy")
    answers = {one["check"]: one for one in said.json["answers"]}
    assert len(answers["membership"]["breakdown"]) == 3
    assert 0.4 < answers["membership by the model"]["value"] < 0.7
    missing = files.run(*told, "--model", "gone.understudy")
    assert missing.code == 2 and "no model 'gone.understudy'" in missing.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("real.csv",), "job"),
        (("job.yaml", "--holdout", "held.csv"), "no made rows"),
        (("job.yaml", "made.csv"), "at once"),
        (("real.csv", "made.csv", "--run", "2026"), "at once"),
        (("real.csv", "made.csv", "--entity", "twon"), "town"),
        (("real.csv", "nothing.csv"), "nothing.csv"),
        (("real.csv", "made.csv", "--key", "a to b"), "write it as"),
    ],
)
def test_what_cannot_be_done_is_told_with_what_to_type(files, words, told):
    said = files.run("report", *words)
    assert said.code == 2 and told in said.err

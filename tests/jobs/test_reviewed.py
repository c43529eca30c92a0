"""What a job remembers of its source, and what differs from it later."""

import json
from dataclasses import replace

import pytest

from support.shell import Shell
from transforms.sample import PEOPLE, column, people
from understudy.errors import InputError
from understudy.jobs.reviewed import accept, changes, lock_of, reviewed
from understudy.schema import ForeignKey, Schema, TableName, Unique

ORDERS = TableName("public", "orders")
TABLE = people(
    column(
        "email", native_type="varchar(120)", max_length=120, nullable=False, default="'nobody@x.org'", comment="secret"
    ),
    column("level", "enum", native_type="level", labels=("bronze", "gold")),
    column("badge", "uuid"),
    uniques=(Unique("people_pkey", ("id",), primary=True), Unique("people_email", ("email",))),
    rows=1000,
)
CHILD = replace(people(column("person_id", "integer")), name=ORDERS)
KEY = ForeignKey("orders_person", ORDERS, ("person_id",), PEOPLE, ("id",))
SCHEMA = Schema((TABLE, CHILD), (KEY,), engine="postgresql")


def altered(**more):
    """The schema with one column of people changed."""
    ((name, change),) = more.items()
    columns = tuple(replace(one, **change) if one.name == name else one for one in TABLE.columns)
    return replace(SCHEMA, tables=(replace(TABLE, columns=columns), CHILD))


def told(now):
    return [str(one) for one in changes(SCHEMA, now, "job.yaml")]


def test_what_is_remembered_is_the_structure_line_by_line_and_no_statistic(tmp_path):
    job = tmp_path / "job.yaml"
    accept(job, SCHEMA)
    text = lock_of(job).read_text()
    assert lock_of(job).name == "job.lock" and json.loads(text)["engine"] == "postgresql"
    assert sum('"native_type"' in line for line in text.splitlines()) == 6
    assert all(word not in text for word in ("nobody", "secret", "1000"))
    known = reviewed(job)
    assert known is not None and changes(known, SCHEMA, "job.yaml") == []
    assert known.table(PEOPLE).column("badge") == TABLE.column("badge")
    assert known.table(PEOPLE).uniques == TABLE.uniques and known.foreign_keys == (KEY,)


def test_remembering_the_same_source_again_changes_no_byte(tmp_path):
    first, again = tmp_path / "a.yaml", tmp_path / "a.yaml"
    accept(first, SCHEMA)
    before = lock_of(first).read_bytes()
    accept(again, replace(SCHEMA, tables=(replace(CHILD, rows=7), TABLE)))
    assert lock_of(again).read_bytes() == before


def test_nothing_is_remembered_where_there_is_no_file_and_a_broken_one_is_told(tmp_path):
    job = tmp_path / "job.yaml"
    assert reviewed(job) is None
    for text in ("{", "[]", '{"format": 99, "about": ""}', '{"format": 1, "about": "", "tables": 7}'):
        lock_of(job).write_text(text)
        with pytest.raises(InputError, match=r"job\.lock") as caught:
            reviewed(job)
        assert "--accept" in caught.value.hint


@pytest.mark.parametrize(
    ("now", "what"),
    [
        (
            altered(email={"native_type": "text", "max_length": None}),
            "was varchar(120) NOT NULL when it was reviewed, and is text NOT NULL",
        ),
        (altered(email={"nullable": True}), "was varchar(120) NOT NULL when it was reviewed, and is varchar(120)"),
        (altered(level={"labels": ("bronze", "gold", "platinum")}), "and is level (bronze, gold, platinum)"),
        (altered(badge={"generated": True}), "and is uuid generated"),
        (replace(SCHEMA, foreign_keys=()), "orders.person_id: does not point at people.id any more"),
    ],
    ids=["type", "null", "labels", "generated", "key gone"],
)
def test_what_changed_since_the_review_is_told(now, what):
    (line,) = told(now)
    assert what in line and "`understudy plan job.yaml --accept`" in line


def test_a_new_key_is_told_since_it_makes_columns_change_alike():
    then = replace(SCHEMA, foreign_keys=())
    (line,) = map(str, changes(then, SCHEMA, "job.yaml"))
    assert "orders.person_id: points at people.id since the review" in line


def test_sizes_comments_and_defaults_are_no_difference():
    assert told(altered(email={"default": "'x'", "comment": "another"})) == []
    assert told(replace(SCHEMA, tables=(replace(TABLE, rows=5, comment="x"), CHILD))) == []


def test_new_and_lost_columns_are_for_the_plan_to_tell():
    fewer = replace(SCHEMA, tables=(replace(TABLE, columns=TABLE.columns[:-1]), CHILD))
    assert told(fewer) == [] and [str(one) for one in changes(fewer, SCHEMA, "job.yaml")] == []


def test_files_that_came_out_of_the_database_are_masked_like_it(tmp_path):
    rules = "people.id: key, people.email: email, people.badge: key, people.level: keep"
    job = f"source: postgresql://nowhere\ncolumns: {{{rules}}}\n"
    (tmp_path / "job.yaml").write_text(job)
    accept(tmp_path / "job.yaml", SCHEMA)
    shell = Shell(tmp_path)
    shell.write("people.csv", "id,email,level,badge\n7,ada@x.org,gold,6f1b0f6e-8a1c-4f7e-9a53-1f1a6a1b2c3d\n")
    shell.write("orders.csv", "id,person_id\n1,7\n")
    people_out = shell.run("mask", "people.csv", "-r", "job.yaml")
    assert people_out.code == 0, people_out.err
    masked_id, _, level, badge = people_out.text.splitlines()[1].split(",")
    assert int(masked_id) < 2**31 and level == "gold" and badge[14] == "4"
    (tmp_path / "job.yaml").write_text(job.replace("people.id: key", "people.id: key, orders.id: keep"))
    orders = shell.run("mask", "orders.csv", "-r", "job.yaml")
    assert orders.code == 0, orders.err
    assert orders.text == f"id,person_id\n1,{masked_id}\n"

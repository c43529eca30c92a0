"""`understudy mask` on files, pipes and folders, as a user runs it."""

import gzip
import json
import os
import re
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from support.shell import KEY
from understudy.transforms import Key

PEOPLE = 'id,email,born,note\n1,ada@x.org,1990-02-03,"said ""hi""\nthere"\n2,,,""\n3,bob@x.org,1972-10-29,\n'
RULES = """
columns: {id: key, email: email, born: {shift_days: 30, per: id}, note: keep}
types: {id: integer, born: date}
unique: [id]
"""
ID = Key.parse(KEY).id


@pytest.fixture
def people(shell):
    shell.write("people.csv", PEOPLE)
    shell.write("rules.yaml", RULES)
    return shell


def rows(text):
    """The records of a masked people.csv, its note taken apart from them."""
    return re.findall(r"^(\d+),([^,]*),([0-9-]*),(.*)$", text, re.MULTILINE)


def test_a_csv_file_is_masked_and_what_is_kept_stays_byte_for_byte(people):
    said = people.run("mask", "people.csv", "--rules", "rules.yaml", "-o", "out.csv")
    assert said.code == 0, said.err
    assert f"3 rows, 3 columns changed\nkey {ID}" in said.text
    made = people.read("out.csv")
    assert made.startswith("id,email,born,note\n") and made.count("example.") == 2 and "x.org" not in made
    assert [note for *_, note in rows(made)] == ['"said ""hi""', '""', ""] and '\nthere"\n' in made
    assert people.files() == ["out.csv", "people.csv", "rules.yaml"]


def test_a_pipe_gives_what_a_file_gives(people):
    people.run("mask", "people.csv", "-r", "rules.yaml", "-o", "out.csv")
    piped = people.run("mask", "-", "--format", "csv", "-r", "rules.yaml", given=PEOPLE)
    assert (piped.code, piped.err) == (0, "")
    assert piped.text == people.read("out.csv")
    assert people.run("mask", "people.csv", "-r", "rules.yaml").out == piped.out


def test_a_pipeline_masks_and_restores(people):
    words = f"{sys.executable} -m understudy"
    told = "- --format csv --table people -r rules.yaml"
    line = f"cat people.csv | {words} mask {told} | {words} unmask {told} --others drop"
    environment = {**os.environ, "UNDERSTUDY_KEY": KEY}
    done = subprocess.run(["bash", "-c", line], cwd=people.folder, env=environment, capture_output=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == 'id,born,note\n1,1990-02-03,"said ""hi""\nthere"\n2,,""\n3,1972-10-29,\n'


def test_a_pipe_of_an_unknown_format_is_asked_for_it(people):
    said = people.run("mask", "-", "-r", "rules.yaml", given=PEOPLE)
    assert said.code == 2 and "--format" in said.err


def test_every_format_becomes_every_other_with_the_same_values(people):
    people.run("mask", "people.csv", "-r", "rules.yaml", "-o", "masked.csv")
    expected = people.read("masked.csv")
    for name in ("a.parquet", "b.jsonl", "c.tsv", "d.csv.gz", "e.jsonl.zst"):
        first = people.run("mask", "people.csv", "-r", "rules.yaml", "-o", name)
        assert first.code == 0, first.err
        people.write("keep.yaml", "columns: {id: keep, email: keep, born: keep, note: keep}")
        again = people.run("mask", name, "-r", "keep.yaml", "--to", "csv", "-o", f"{name}.copy")
        assert again.code == 0, again.err
        assert people.read(f"{name}.copy") == expected


def test_declared_types_reach_parquet_and_so_does_the_id_of_the_key(people):
    people.run("mask", "people.csv", "-r", "rules.yaml", "-o", "out.parquet")
    found = pq.read_table(people.folder / "out.parquet")
    assert [str(field.type) for field in found.schema] == ["int64", "string", "date32[day]", "string"]
    assert found.schema.metadata[b"understudy.key"].decode() == ID
    assert found["note"].to_pylist() == ['said "hi"\nthere', "", None]


def test_parquet_tells_nothing_of_the_original_beyond_its_columns(shell):
    table = pa.table({"email": pa.array(["ada@x.org", "bob@x.org"]).dictionary_encode(), "tags": [["a"], []]})
    note = {b"sample": b"ada@x.org", b"pandas": b"{}"}
    pq.write_table(table.replace_schema_metadata(note), shell.folder / "in.parquet", compression="zstd")
    shell.write("rules.yaml", "columns: {email: email, tags: keep}")
    said = shell.run("mask", "in.parquet", "-r", "rules.yaml", "-o", "out.parquet")
    assert said.code == 0, said.err
    assert b"ada@x.org" not in (shell.folder / "out.parquet").read_bytes()
    found = pq.ParquetFile(shell.folder / "out.parquet")
    assert (
        found.schema_arrow.metadata[b"pandas"] == b"{}" and found.metadata.row_group(0).column(0).compression == "ZSTD"
    )
    assert found.schema_arrow.field("email").type == table.schema.field("email").type
    assert found.read()["tags"] == table["tags"]


def test_json_lines_keep_their_nesting_their_order_their_gaps_and_their_digits(shell):
    lines = '{"t": {"z": 1.50, "a": [1, {"email": "ada@x.org"}]}, "id": 7, "n": 1e5}\n{"id": 8}\n{"n": null, "t": {}}\n'
    shell.write("in.jsonl", lines)
    shell.write("rules.yaml", "columns: {'$.t.a[*].email': email, id: key, n: keep}")
    said = shell.run("mask", "in.jsonl", "-r", "rules.yaml")
    assert said.code == 0, said.err
    first, second, third = said.text.splitlines()
    assert re.fullmatch(
        r'\{"t": \{"z": 1\.50, "a": \[1, \{"email": "[a-z.0-9]+@example\.\w+"\}\]\}, "id": \d+, "n": 1e5\}', first
    )
    assert list(json.loads(second)) == ["id"] and third == '{"n": null, "t": {}}'


@pytest.mark.parametrize("line", ['{"id":7,"x":"é"}', '{"id": 7, "x": "\\u00e9"}', '{"id": 7, "x": "é"}'])
def test_json_lines_are_written_as_they_were(shell, line):
    shell.write("in.jsonl", line + "\n")
    shell.write("rules.yaml", "columns: {id: keep, x: keep}")
    assert shell.run("mask", "in.jsonl", "-r", "rules.yaml").text == line + "\n"


def test_a_field_that_appears_late_without_a_rule_stops_everything(shell):
    shell.write("in.jsonl", '{"id": 1}\n' * 200_000 + '{"id": 2, "email": "ada@x.org"}\n')
    shell.write("rules.yaml", "columns: {id: key}")
    said = shell.run("mask", "in.jsonl", "-r", "rules.yaml", "-o", "out.jsonl")
    assert said.code == 2 and "data.email: no rule" in said.err
    assert "ada" not in said.err and shell.files() == ["in.jsonl", "rules.yaml"]


def test_a_column_without_a_rule_is_refused_before_anything_is_written(people):
    people.write("rules.yaml", "columns: {id: key, email: email}")
    said = people.run("mask", "people.csv", "-r", "rules.yaml", "-o", "out.csv")
    assert said.code == 2 and "data.born: no rule" in said.err and "data.note: no rule" in said.err
    assert people.files() == ["people.csv", "rules.yaml"]


def test_what_is_there_is_not_replaced_without_being_told_to(people):
    people.write("out.csv", "mine\n")
    said = people.run("mask", "people.csv", "-r", "rules.yaml", "-o", "out.csv")
    assert said.code == 2 and "exists already" in said.err and "--force" in said.err
    assert people.read("out.csv") == "mine\n"
    assert people.run("mask", "people.csv", "-r", "rules.yaml", "-o", "out.csv", "--force").code == 0
    assert people.read("out.csv").startswith("id,email")
    same = people.run("mask", "people.csv", "-r", "rules.yaml", "-o", "./people.csv", "--force")
    assert same.code == 2 and "is the input itself" in same.err and people.read("people.csv") == PEOPLE


def test_a_failure_in_the_middle_leaves_nothing_behind(people):
    people.write("people.csv", PEOPLE + "4,x@y.org\n")
    people.write("out.csv", "mine\n")
    said = people.run("mask", "people.csv", "-r", "rules.yaml", "-o", "out.csv", "--force")
    assert said.code == 2 and "record 5 has 2 fields" in said.err and "x@y.org" not in said.err
    assert people.read("out.csv") == "mine\n" and people.files() == ["out.csv", "people.csv", "rules.yaml"]


def test_a_killed_run_leaves_no_result_and_the_next_one_clears_up(people):
    process = people.start("mask", "-", "--format", "csv", "-r", "rules.yaml", "--table", "people", "-o", "out.csv")
    process.stdin.write(PEOPLE.encode() + b"9,a@b.org,,\n" * 500_000)
    process.stdin.flush()
    process.kill()
    process.communicate()
    assert "out.csv" not in people.files()
    assert people.run("mask", "people.csv", "-r", "rules.yaml", "-o", "out.csv").code == 0
    assert people.files() == ["out.csv", "people.csv", "rules.yaml"]


def test_a_reader_that_has_read_enough_ends_the_pipe_quietly(people):
    people.write("people.csv", PEOPLE + "".join(f"{number},a@b.org,,x\n" for number in range(4, 400_000)))
    process = people.start("mask", "people.csv", "-r", "rules.yaml")
    assert process.stdout.readline() == b"id,email,born,note\n"
    process.stdout.close()
    _, told = process.communicate(timeout=60)
    assert told == b""


def test_the_report_tells_what_was_done_and_no_value(people):
    said = people.run("mask", "people.csv", "-r", "rules.yaml", "-o", "o.csv", "--json", "--report", "report.json")
    told = said.json
    assert told == json.loads(people.read("report.json"))
    assert told["key"] == ID and told["files"][0]["rows"] == 3
    assert {"name": "email", "rule": "email", "values": 2, "unchanged": 0} in told["files"][0]["columns"]
    assert "x.org" not in said.text and KEY not in said.text
    twice = people.run("mask", "people.csv", "-r", "rules.yaml", "--json")
    assert twice.code == 2 and "-o" in twice.err


def test_values_that_are_not_what_they_were_declared_to_be_are_counted_and_not_shown(people):
    people.write("people.csv", PEOPLE.replace("1990-02-03", "3 Feb 1990"))
    said = people.run("mask", "people.csv", "-r", "rules.yaml", "-o", "out.csv")
    assert said.code == 2 and "1 values of column 'born' are not dates" in said.err and "Feb" not in said.err


def test_a_folder_becomes_a_folder_and_keys_agree_between_its_files(shell):
    shell.write("in/users.csv", "id;name\n1;Ada\n2;Bob\n")
    shell.write("in/orders.tsv", "no\tuser_id\n7\t2\n8\t1\n")
    shell.write("in/events.jsonl", '{"user": 1}\n{"user": 2}\n')
    shell.write("in/old.csv.gz", gzip.compress(b"user_id\n2\n1\n"))
    shell.write("in/readme.md", "words")
    shell.write(
        "rules.yaml",
        "columns: {users.id: key, users.name: full_name, orders.no: keep}\n"
        "domains: [[users.id, orders.user_id, events.user, old.user_id]]\n"
        "types: {users.id: integer, orders.user_id: integer, old.user_id: integer}\n",
    )
    said = shell.run("mask", "in", "-o", "out", "-r", "rules.yaml")
    assert said.code == 0, said.err
    assert "readme.md holds no table" in said.text
    ada, bob = [line.partition(";")[0] for line in shell.read("out/users.csv").splitlines()[1:]]
    assert shell.read("out/orders.tsv") == f"no\tuser_id\n7\t{bob}\n8\t{ada}\n"
    assert shell.read("out/events.jsonl") == f'{{"user": {ada}}}\n{{"user": {bob}}}\n'
    assert gzip.decompress((shell.folder / "out/old.csv.gz").read_bytes()).decode() == f"user_id\n{bob}\n{ada}\n"
    assert sorted(path.name for path in (shell.folder / "out").iterdir()) == [
        "events.jsonl",
        "old.csv.gz",
        "orders.tsv",
        "users.csv",
    ]


def test_a_folder_is_written_whole_or_not_at_all(shell):
    shell.write("in/a.csv", "id\n1\n")
    shell.write("in/b.csv", "id,new\n1,2\n")
    shell.write("rules.yaml", "columns: {id: key}")
    said = shell.run("mask", "in", "-o", "out", "-r", "rules.yaml")
    assert said.code == 2 and "b.new: no rule" in said.err
    assert shell.files() == ["in/a.csv", "in/b.csv", "rules.yaml"]


def test_a_folder_may_change_its_format_and_is_not_written_over(shell):
    shell.write("in/a.csv", "id\n1\n")
    shell.write("rules.yaml", "columns: {a.id: key}\ntypes: {a.id: int32}")
    assert shell.run("mask", "in", "-o", "out", "-r", "rules.yaml", "--to", "parquet").code == 0
    assert str(pq.read_schema(shell.folder / "out/a.parquet").field("id").type) == "int32"
    again = shell.run("mask", "in", "-o", "out", "-r", "rules.yaml", "--to", "parquet")
    assert again.code == 2 and "exists already" in again.err
    assert shell.run("mask", "in", "-o", "out", "-r", "rules.yaml", "--to", "parquet", "--force").code == 0
    inside = shell.run("mask", "in", "-o", "in/masked", "-r", "rules.yaml")
    assert inside.code == 2 and "inside the input" in inside.err


def test_a_misspelled_rule_is_not_a_silent_one(people):
    people.write("rules.yaml", "columns: {emial: email}\nunmapped: keep")
    said = people.run("mask", "people.csv", "-r", "rules.yaml")
    assert said.code == 2 and "'emial'" in said.err and said.out == b""
    people.write("people.jsonl", '{"email": "ada@x.org"}\n')
    said = people.run("mask", "people.jsonl", "-r", "rules.yaml", "-o", "out.jsonl")
    assert said.code == 2 and "emial" in said.err and "out.jsonl" not in people.files()


def test_a_missing_file_a_missing_key_and_missing_rules_say_what_to_type(people):
    for words, environment, told in (
        (("mask", "nowhere.csv", "-r", "rules.yaml"), {}, "no file 'nowhere.csv'"),
        (("mask", "people.csv", "-r", "nowhere.yaml"), {}, "nowhere.yaml"),
        (("mask", "people.csv", "-r", "rules.yaml"), {"UNDERSTUDY_KEY": ""}, "understudy key new"),
        (("mask", "people.csv", "-r", "rules.yaml", "-o", "out.xlsx"), {}, "--format"),
    ):
        said = people.run(*words, **environment)
        assert said.code == 2 and told in said.err and said.out == b"", said.err


def test_without_rules_a_draft_of_them_is_shown_and_nothing_is_masked(people):
    said = people.run("mask", "people.csv")
    assert said.code == 2 and said.out == b""
    assert "  email: email  # an e-mail address" in said.err and "--rules" in said.err
    assert "ada@x.org" not in said.err
    piped = people.run("mask", "-", "--format", "csv", given=PEOPLE)
    assert piped.code == 2 and "  email: email  #" in piped.err


def test_a_draft_for_a_folder_joins_what_keys_join_so_that_it_still_is_joined_when_masked(shell):
    shell.write("in/users.csv", "user_id,email\n" + "".join(f"{n},ada{n}@x.org\n" for n in range(1, 60)))
    shell.write("in/orders.csv", "no,user_id\n" + "".join(f"{n},{1 + n * 7 % 59}\n" for n in range(90)))
    draft = shell.run("mask", "in", "-o", "out").err
    assert "  users.user_id: key  #" in draft and "- [users.user_id, orders.user_id]" in draft
    assert "orders.user_id:" not in draft
    rules = "".join(line for line in draft.splitlines(keepends=True) if not line.startswith(("error", "hint")))
    shell.write("rules.yaml", rules.replace(": decide", ": keep"))
    said = shell.run("mask", "in", "-o", "out", "-r", "rules.yaml")
    assert said.code == 0, said.err
    users = [line.split(",")[0] for line in shell.read("out/users.csv").splitlines()[1:]]
    there = [line.split(",")[1] for line in shell.read("out/orders.csv").splitlines()[1:]]
    assert users != [str(n) for n in range(1, 60)]
    assert there == [users[n * 7 % 59] for n in range(90)]


def test_what_is_undecided_in_a_folder_is_said_of_all_its_files_at_once(shell):
    shell.write("in/orders.csv", "no,note\n1,x\n")
    shell.write("in/users.csv", "id,hired\n1,2020-01-01\n")
    shell.write("rules.yaml", "columns: {orders.no: keep, orders.note: decide, users.id: keep, users.hired: decide}")
    said = shell.run("mask", "in", "-o", "out", "-r", "rules.yaml")
    assert said.code == 2 and "orders.note: still to be decided" in said.err
    assert "users.hired: still to be decided" in said.err
    alone = shell.run("mask", "in/orders.csv", "-o", "out.csv", "-r", "rules.yaml")
    assert alone.code == 2 and "users.hired" not in alone.err


@pytest.mark.parametrize(
    "text",
    [
        '{\n  "user": {\n    "email": null,\n    "n": 1.50\n  },\n  "id": 7\n}\n',
        '[{"id":7},{"id":8,"user":{}}]\n',
        "[]\n",
        '[\n\t{\n\t\t"id": 7\n\t}\n]\n',
    ],
    ids=["one, indented", "several, compact", "none", "tabs"],
)
def test_a_json_file_keeps_its_shape(shell, text):
    shell.write("in.json", text)
    shell.write("rules.yaml", "columns: {'$.user.email': email, id: keep}")
    said = shell.run("mask", "in.json", "-r", "rules.yaml")
    assert (said.code, said.text) == (0, text), said.err
    shell.write("rules.yaml", "columns: {'$.user.email': email, id: key}\ntypes: {id: integer}")
    assert shell.run("mask", "-", "--format", "json", "-r", "rules.yaml", given=text).text.count("7") <= text.count("7")


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '"ada@x.org"'])
def test_what_is_no_json_of_documents_is_refused_without_its_values(shell, text):
    shell.write("in.json", text)
    shell.write("rules.yaml", "columns: {id: key}")
    said = shell.run("mask", "in.json", "-r", "rules.yaml")
    assert said.code == 2 and said.out == b"" and "ada@x.org" not in said.err


def test_documents_inside_columns_stay_documents_in_every_format(shell):
    shell.write("in.jsonl", '{"id": 7, "user": {"email": "ada@x.org", "n": 1.50}}\n')
    shell.write("rules.yaml", "columns: {'$.user.email': email, id: key}")
    shell.write("keep.yaml", "columns: {user: keep, id: keep}")
    straight = shell.run("mask", "in.jsonl", "-r", "rules.yaml")
    assert shell.run("mask", "in.jsonl", "-r", "rules.yaml", "-o", "out.parquet").code == 0
    assert shell.run("mask", "out.parquet", "-r", "keep.yaml", "--to", "jsonl").text == straight.text
    shell.run("mask", "in.jsonl", "-r", "keep.yaml", "-o", "in.parquet")
    assert shell.run("mask", "in.parquet", "-r", "rules.yaml", "--to", "jsonl").text == straight.text

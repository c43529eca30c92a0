"""`understudy describe` on a script and on a database, against a local server that speaks the protocol."""

import json
import re

import pyarrow.parquet as pq
import pytest

from support.chat import Said, rows, serving, wanted
from understudy.connections import connect
from understudy.connections.folder import Folder
from understudy.interfaces import Scan
from understudy.schema import TableName

SCHEMA = r"""
\restrict nothing
create domain mail as text check (value ~ '@');
create type level as enum ('bronze', 'gold');
create table users (
  id int generated always as identity primary key,
  email mail not null unique,
  level level not null default 'bronze',
  tags text[],
  born date check (born < '2020-01-01'),
  shown text generated always as (upper(email)) stored
);
create table orders (
  id bigserial primary key,
  user_id int not null references users,
  total numeric(8,2) not null check (total >= 0 and 100 / total > 0)
);
comment on table users is 'Everyone who buys hats';
"""


def good(body, number):
    if "Table orders" in body["messages"][-1]["content"]:
        return [{"total": 10 + one} for one in range(wanted(body))]
    return [
        {"email": f"p{number}x{one}@hats.test", "level": "gold", "tags": "{felt,straw}", "born": "1990-01-01"}
        for one in range(wanted(body))
    ]


def answer(body, number):
    found = good(body, number)
    if number == 0:  # one row each that a domain, a type and a constraint refuse
        found[0]["email"], found[1]["tags"], found[2]["born"] = "nobody", "felt, straw", "2024-01-01"
    if number == 2:
        found[0]["total"], found[1]["total"] = 0, -1  # one divides by it
    return Said(rows(*found))


def column(folder, table, name):
    return Folder(folder).read(Scan(TableName("public", table), (name,))).read_all()[name].to_pylist()


def described(shell, server, source, *words, **environment):
    return shell.run(
        "describe", source, "--description", "a shop for hats", "--model", "tiny", "--endpoint", server.url, *words,
        **environment,
    )  # fmt: skip


def test_a_script_becomes_rows_that_its_own_database_would_take(shell, database):
    shell.write("schema.sql", SCHEMA)
    with serving(answer) as server:
        said = described(shell, server, "schema.sql", "--rows", "users=5", "--rows", "orders=8", "-o", "out", "--json",
                         OPENAI_API_KEY="sk-planted")  # fmt: skip
    assert said.code == 0, said.err
    users = said.json["tables"]["users"]
    assert (users["asked"], users["kept"], users["refused"]) == (8, 5, {"check": 3})
    assert said.json["tables"]["orders"]["refused"] == {"check": 2}
    assert said.json["unchecked"] == []
    assert "the constraint" in server.words(1) and "it is no text[]" in server.words(1)
    assert "Everyone who buys hats" in server.words(0)
    assert server.headers[0]["Authorization"] == "Bearer sk-planted"
    out = shell.folder / "out"
    assert column(out, "users", "id") == [1, 2, 3, 4, 5]
    assert set(column(out, "orders", "user_id")) <= {1, 2, 3, 4, 5}
    files = [path for path in out.rglob("*") if path.is_file()]
    assert not [path for path in files if b"sk-planted" in path.read_bytes()]
    assert sum(pq.read_metadata(path).num_rows for path in files if path.suffix == ".parquet") == 13
    made = Folder(out)
    loaded = connect(database()).load(made, mode="create", ddl=made.ddl(), progress=lambda *_: None)
    assert {str(name): count for name, count in loaded.items()} == {"users": 5, "orders": 8}


@pytest.fixture(scope="module")
def source(module_database):
    """A database with one row, which nobody is to see."""
    script = SCHEMA.replace("\\restrict nothing", "")
    return module_database(script + "insert into users (email) values ('planted@real.test');")


def test_the_schema_of_a_database_is_used_and_none_of_its_rows(shell, source):
    with serving(answer) as server:
        said = described(shell, server, source, "--rows", "users=4", "-o", "out")
    assert said.code == 0, said.err
    assert re.search(r"users: 4 rows of 7 asked for; refused: check 3; \d+ tokens", said.text)
    assert "planted" not in json.dumps(server.asked)
    assert "planted@real.test" not in column(shell.folder / "out", "users", "email")


def test_examples_are_files_that_a_person_names(shell, source):
    shell.write("masked.csv", "email,level\nstandin@hats.test,gold\n")
    shell.write("about.txt", "a shop for caps")
    with serving(lambda body, number: Said(rows(*good(body, number)))) as server:
        said = shell.run("describe", source, "-d", "@about.txt", "--model", "tiny", "--endpoint", server.url,
                         "--rows", "users=1", "--example", "users=masked.csv", "-o", "out")  # fmt: skip
    assert said.code == 0, said.err
    assert "standin@hats.test" in server.words(0) and "a shop for caps" in server.words(0)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nowhere.sql", "--rows", "1"], "cannot be read"),
        (["broken.sql", "--rows", "1"], "broken.sql, line 2: "),
        (["SOURCE", "--rows", "many"], "is no value of --rows"),
        (["SOURCE", "--rows", "users=many"], "no number of rows"),
        (["SOURCE", "--rows", "hats=1"], "does not exist"),
        (["SOURCE", "--rows", "orders=1"], "rows of orders need rows of users"),
    ],
)
def test_what_cannot_be_made_is_said_before_anything_is_asked(shell, source, words, told):
    shell.write("broken.sql", "create table a (b int);\ncreate table b (c hats);\n")
    with serving(answer) as server:
        said = described(shell, server, *(source if word == "SOURCE" else word for word in words), "-o", "out")
        assert server.asked == []
    assert said.code == 2 and told in said.err
    assert not (shell.folder / "out").exists()


def test_where_rows_fall_short_nothing_is_left(shell, source):
    with serving(lambda body, number: Said("no")) as server:
        said = described(shell, server, source, "--rows", "2", "--requests", "2", "-o", "out")
    assert said.code == 3 and "the budget of 2 requests is used up; refused: broken 4" in said.err
    assert list(shell.folder.iterdir()) == []

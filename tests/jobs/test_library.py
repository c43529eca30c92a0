"""`understudy.mask` and `unmask`: the same kind of data comes back, changed where rules say so and nowhere else."""

import datetime
import subprocess
import sys
import uuid
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import understudy
from understudy.errors import InputError

KEY = understudy.Key(bytes(range(32)))
RULES = {"id": "key", "email": "email", "name": "full_name", "n": "keep"}
PEOPLE = pa.table(
    {"id": [1, 2, 3], "email": ["ada@x.org", None, "bob@x.org"], "name": ["Ada", "Bob", None], "n": [1.5, 2.5, None]}
)


def masked(data, rules=RULES, **more):
    return understudy.mask(data, rules, key=KEY, **more)


def test_a_table_comes_back_as_a_table_of_the_same_columns():
    found = masked(PEOPLE)
    assert isinstance(found, pa.Table) and found.schema == PEOPLE.schema
    assert found["n"] == PEOPLE["n"] and found["email"][0].as_py().partition("@")[2].startswith("example.")
    assert found["email"][1].as_py() is None and found["id"] != PEOPLE["id"]


def test_a_batch_a_table_and_a_stream_are_masked_alike():
    batch = PEOPLE.to_batches()[0]
    assert isinstance(masked(batch), pa.RecordBatch)
    stream = masked(PEOPLE.to_reader(max_chunksize=1))
    assert isinstance(stream, pa.RecordBatchReader)
    assert stream.read_all().combine_chunks() == masked(PEOPLE) == pa.Table.from_batches([masked(batch)])


def test_a_stream_stays_a_stream():
    read = []

    def batches():
        for number in range(3):
            read.append(number)
            yield pa.record_batch({"id": [number + 1]})

    found = masked(pa.RecordBatchReader.from_batches(pa.schema([("id", pa.int64())]), batches()), {"id": "key"})
    assert read == []
    next(found)
    assert read == [0]


@pytest.mark.parametrize(
    "kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.uint32(), pa.string_view())], ids=str
)
def test_texts_keep_the_layout_they_came_in(kind):
    table = PEOPLE.set_column(1, "email", PEOPLE["email"].cast(kind))
    found = masked(table)
    assert found.schema == table.schema
    assert found["email"].to_pylist() == masked(PEOPLE)["email"].to_pylist()


def test_a_document_keeps_its_keys_in_their_order_and_what_has_no_rule_to_change_it():
    document = {"name": "Ada", "n": {"deep": [1, 2.5, None]}, "id": 7, "email": None}
    found = masked(document)
    assert list(found) == list(document)
    assert found["n"] == document["n"] and found["email"] is None
    assert document["name"] == "Ada" != found["name"]


def test_a_list_of_documents_with_gaps_keeps_the_gaps():
    rows = [{"id": 1}, {"email": "ada@x.org"}, {}, {"id": None, "email": None}]
    found = masked(rows)
    assert [list(row) for row in found] == [list(row) for row in rows]
    assert found[2] == {} and found[3] == rows[3]
    assert [found[0]["id"], found[1]["email"]] == [masked(PEOPLE)[name][0].as_py() for name in ("id", "email")]


def test_paths_lead_into_documents():
    document = {
        "user": {"email": "ada@x.org", "age": 36.5},
        "to": [{"mail": "ada@x.org"}, {"other": 1}],
        "x": "keep me",
    }
    found = masked(document, {"$.user.email": "email", "$.to[*].mail": "email", "$.x": "keep"})
    email = masked({"email": "ada@x.org"}, {"email": "email"})["email"]
    assert found == {"user": {"email": email, "age": 36.5}, "to": [{"mail": email}, {"other": 1}], "x": "keep me"}
    assert type(found["user"]["age"]) is float


def test_what_python_has_and_json_has_not_is_masked_as_what_it_is():
    row = {
        "day": datetime.date(1990, 2, 3),
        "at": datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC),
        "naive": datetime.datetime(2026, 1, 1, 12),
        "price": Decimal("10.50"),
        "u": uuid.UUID(int=2**100 + 7),
    }
    rules = {"day": {"shift_days": 5}, "at": {"shift_days": 5}, "naive": {"shift_days": 5}, "price": {"noise": 0.5}}
    found = masked(row, {**rules, "u": "key"})
    assert {name: type(value) for name, value in found.items()} == {name: type(value) for name, value in row.items()}
    assert all(found[name] != row[name] for name in row)
    assert 0 < abs(found["day"] - row["day"]).days <= 5 and found["at"].utcoffset() == datetime.timedelta(0)
    assert understudy.unmask(found, {**rules, "u": "key"}, key=KEY, others="keep")["u"] == row["u"]


@pytest.mark.parametrize("data", [{"id": 1, "new": "x"}, pa.table({"id": [1], "new": ["x"]})], ids=["dict", "table"])
def test_a_column_without_a_rule_is_refused_by_its_name_unless_it_may_stay(data):
    with pytest.raises(InputError, match=r"data\.new: no rule") as caught:
        masked(data, {"id": "key"})
    assert "`new: keep`" in caught.value.message
    found = masked(data, {"id": "key"}, unmapped="keep")
    assert (found["new"] if isinstance(found, dict) else found["new"][0].as_py()) == "x"


def test_a_rule_for_a_column_that_is_not_there_is_refused_with_a_close_match():
    with pytest.raises(InputError, match="'emial'") as caught:
        masked(PEOPLE, {**RULES, "emial": "email"})
    assert "email" in caught.value.hint


def test_every_reason_is_told_at_once():
    with pytest.raises(InputError) as caught:
        masked(PEOPLE, {"id": "email", "email": "emial", "name": "decide"})
    for told in (
        "data.id: email does not take int64",
        "data.email:",
        "data.name: still to be decided",
        "data.n: no rule",
    ):
        assert told in caught.value.message


@pytest.mark.parametrize("data", ["text", 7, [1, 2], None])
def test_what_cannot_be_masked_is_named(data):
    with pytest.raises(InputError, match="cannot be masked"):
        masked(data)


def test_a_field_of_several_kinds_is_refused_where_it_would_change():
    rows = [{"id": 1}, {"id": "one"}]
    assert masked(rows, {"id": "keep"}) == rows
    with pytest.raises(InputError, match="several kinds"):
        masked(rows, {"id": "key"})
    prices = [{"price": 10}, {"price": 10.5}]
    assert all(isinstance(row["price"], float) for row in masked(prices, {"price": {"noise": 0.1}}))


def test_an_empty_document_an_empty_list_and_an_empty_table_are_no_trouble():
    assert masked({}) == {} and masked([]) == []
    assert masked(PEOPLE.schema.empty_table()) == PEOPLE.schema.empty_table()


def test_the_name_of_the_table_decides_the_stand_ins_of_keys():
    here, there = masked(PEOPLE, table="users"), masked(PEOPLE, table="orders")
    assert here["id"] != there["id"] and here["email"] == there["email"]
    joined = {"domains": [["users.id", "orders.user_id"]]}
    users = masked({"id": 7}, {"id": "key"}, table="users", **joined)
    orders = masked({"user_id": 7}, {"user_id": "key"}, table="orders", **joined)
    assert users["id"] == orders["user_id"]


def test_texts_declared_as_dates_are_masked_as_dates_and_keep_their_form():
    rows = [{"born": "3.2.1990", "id": "7"}, {"born": "", "id": None}, {"born": "n/a", "id": "8"}]
    types = {"born": {"date": "%-d.%-m.%Y"}, "id": "integer"}
    found = masked(rows, {"born": {"shift_days": 3}, "id": "key"}, types=types, nulls=["n/a"])
    first = datetime.datetime.strptime(found[0]["born"], "%d.%m.%Y")
    assert 0 < abs(first - datetime.datetime(1990, 2, 3)).days <= 3 and not found[0]["born"].startswith("0")
    assert [row["born"] for row in found[1:]] == ["", "n/a"]
    assert found[0]["id"] == str(masked({"id": 7}, {"id": "key"})["id"])
    with pytest.raises(InputError, match="1 values of column 'born' are not dates written") as caught:
        masked([{"born": "1990-02-03"}], {"born": {"shift_days": 3}}, types=types)
    assert "1990-02-03" not in str(caught.value)


def test_a_rule_that_looks_at_the_whole_column_can():
    rows = [{"id": number, "city": f"city {number}"} for number in range(50)]
    rules = {"id": "keep", "city": "shuffle"}
    for data in (rows, pa.Table.from_pylist(rows)):
        found = masked(data, rules, unique=["id"])
        cities = [row["city"] for row in (found if isinstance(found, list) else found.to_pylist())]
        assert sorted(cities) == sorted(row["city"] for row in rows) and cities != [row["city"] for row in rows]


def test_what_was_masked_comes_back_and_the_rest_is_named():
    found = masked(PEOPLE)
    with pytest.raises(InputError, match=r"data\.email: nothing leads back from email"):
        understudy.unmask(found, RULES, key=KEY)
    assert understudy.unmask(found, RULES, key=KEY, others="drop") == PEOPLE.select(["id", "n"])
    kept = understudy.unmask(found, RULES, key=KEY, others="keep")
    assert kept["id"] == PEOPLE["id"] and kept["email"] == found["email"]
    assert understudy.unmask(masked({"id": 7, "email": "x@y.org"}), RULES, key=KEY, others="drop") == {"id": 7}


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries({}, optional={"id": st.integers(-(2**63), 2**63 - 1) | st.none(), "code": st.text()})
    )
)
def test_documents_come_back_whatever_they_hold(rows):
    rules = {"id": "key", "code": "key"}
    assert understudy.unmask(masked(rows, rules), rules, key=KEY) == rows


def test_the_key_comes_from_the_environment_unless_it_is_given(monkeypatch):
    text = understudy.Key.new()
    monkeypatch.setenv("UNDERSTUDY_KEY", text)
    assert understudy.mask({"id": 7}, {"id": "key"}) == understudy.mask({"id": 7}, {"id": "key"}, key=text)
    monkeypatch.delenv("UNDERSTUDY_KEY")
    with pytest.raises(InputError, match="UNDERSTUDY_KEY"):
        understudy.mask({"id": 7}, {"id": "key"})


def test_rules_may_stand_in_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_KEY", understudy.Key.new())
    file = tmp_path / "rules.yaml"
    file.write_text("columns: {id: key, born: {shift_days: 3}}\ntypes: {born: date}\nkey: ${SOME_KEY}\n")
    found = understudy.mask({"id": 7, "born": "1990-02-03"}, file)
    assert found["id"] != 7 and found["born"][:6] in ("1990-0",)
    file.write_text("columns: {id: key}\nunmaped: keep\n")
    with pytest.raises(InputError, match=r"'unmaped' does not exist - at `\$\.unmaped`") as caught:
        understudy.mask({"id": 7}, file)
    assert "unmapped" in caught.value.hint


def test_masking_needs_neither_pandas_nor_polars():
    script = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name in ('pandas', 'polars'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "import understudy, pyarrow as pa\n"
        "key = understudy.Key.new()\n"
        "understudy.mask({'id': 1}, {'id': 'key'}, key=key)\n"
        "print(understudy.mask(pa.table({'id': [1]}), {'id': 'key'}, key=key).num_rows)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


def test_a_pandas_frame_keeps_its_index_its_types_and_the_columns_no_rule_changes():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {
            "id": pandas.array([1, 2, None], "Int64"),
            "email": ["ada@x.org", None, "bob@x.org"],
            "name": pandas.Categorical(["Ada", "Bob", "Ada"]),
            "n": [object(), 1, "x"],
        },
        index=["r", "s", "t"],
    )
    before = frame.copy()
    found = masked(frame)
    assert type(found) is type(frame) and list(found.index) == ["r", "s", "t"]
    assert list(map(str, found.dtypes)) == list(map(str, frame.dtypes))
    assert found["n"].tolist() == frame["n"].tolist() and frame.equals(before)
    assert found["id"].tolist()[0] == masked(PEOPLE)["id"][0].as_py() and pandas.isna(found["id"].iloc[2])
    assert list(understudy.unmask(found, RULES, key=KEY, others="drop").columns) == ["id", "n"]


def test_a_polars_frame_keeps_its_types_and_the_columns_no_rule_changes():
    polars = pytest.importorskip("polars")
    columns = {"id": [1, 2, 3], "email": ["ada@x.org", None, "b@x.org"], "n": [[1], [2], None]}
    frame = polars.DataFrame(columns).with_columns(name=polars.Series(["Ada", "Bob", None], dtype=polars.Categorical))
    found = masked(frame)
    assert type(found) is type(frame) and found.schema == frame.schema
    assert found["n"].equals(frame["n"]) and found["id"].to_list() == masked(PEOPLE)["id"].to_pylist()

"""Rows from a description, made against a real local server that speaks the protocol, with all that goes wrong."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.chat import Said, Server, rows, serving, wanted
from understudy.errors import Error, InputError
from understudy.schema import CheckConstraint, Column, ForeignKey, Schema, Table, TableName, Unique
from understudy.synth.described import Budget, Described, Endpoint
from understudy.synth.described.answers import rows_in
from understudy.synth.described.linking import numbered
from understudy.synth.described.values import Unfit, array_of, value_of


def name_of(text: str) -> TableName:
    return TableName("public", text)


ID = Column("id", "bigint", "integer", pa.int64(), nullable=False, identity="always")
NAME = Column("name", "varchar(8)", "text", pa.string(), nullable=False, max_length=8)
LEVEL = Column("level", "level", "enum", pa.string(), labels=("bronze", "gold"))
PEOPLE = Table(
    name_of("people"),
    (ID, NAME, LEVEL, Column("born", "date", "date", pa.date32())),
    uniques=(Unique("people_pkey", ("id",), primary=True), Unique("people_name", ("name",))),
)
TOTAL = Column("total", "numeric(6,2)", "decimal", pa.decimal128(6, 2), nullable=False)
OF = Column("person_id", "bigint", "integer", pa.int64(), nullable=False)
ORDERS = Table(
    name_of("orders"),
    (ID, OF, TOTAL),
    uniques=(Unique("orders_pkey", ("id",), primary=True),),
    checks=(CheckConstraint("positive", ("total",), "total >= 0"),),
)
SHOP = Schema(
    (ORDERS, PEOPLE), (ForeignKey("of", name_of("orders"), ("person_id",), name_of("people"), ("id",)),), engine="tests"
)


def person(number: int, **changed: Any) -> dict[str, Any]:
    return {"name": f"P{number}", "level": "gold", "born": "1990-05-01"} | changed


def well(body: dict[str, Any], number: int) -> Said:
    """What a good server says: as many people as are asked for, no name twice; or as many orders."""
    if "Table orders" in body["messages"][-1]["content"]:
        return Said(rows(*[{"total": 9.5} for _ in range(wanted(body))]))
    return Said(rows(*[person(number * 100 + one) for one in range(wanted(body))]))


def at(server: Server, **changed: Any) -> Endpoint:
    return Endpoint(server.url, "tiny", **{"pause": 0.001, "timeout": 5.0} | changed)


def made(described: Described, **wanted: int) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for table, batch in described.rows({name_of(name): count for name, count in wanted.items()}):
        assert batch.schema.types == [column.arrow_type for column in table.stored]
        found.setdefault(str(table.name), []).extend(batch.to_pylist())
    return found


def described(server: Server, schema: Schema = SHOP, **options: Any) -> Described:
    endpoint = options.pop("endpoint", None) or at(server)
    return Described(schema, "a shop for hats", endpoint, **options)


def in_turn(*said: Said) -> Callable[[dict[str, Any], int], Said]:
    """Some answers first, good ones after them."""
    return lambda body, number: said[number] if number < len(said) else well(body, number)


def test_rows_of_two_tables_are_made_parents_first_and_their_keys_hold() -> None:
    with serving(well) as server:
        maker = described(server, batch_rows=4)
        found = made(maker, orders=9, people=6)
    assert list(found) == ["people", "orders"]
    assert [row["id"] for row in found["people"]] == [1, 2, 3, 4, 5, 6]
    assert {row["person_id"] for row in found["orders"]} <= {1, 2, 3, 4, 5, 6}
    assert found["people"][0] == {"id": 1, "name": "P0", "level": "gold", "born": date(1990, 5, 1)}
    assert found["orders"][0]["total"] == Decimal("9.50")
    counts = maker.counts[name_of("people")]
    assert (counts.asked, counts.kept, dict(counts.refused), counts.requests, counts.tokens) == (6, 6, {}, 2, 200)
    assert maker.unchecked == ["orders: the constraint positive"]


def test_a_question_holds_the_schema_the_description_and_the_rows_to_belong_to() -> None:
    with serving(well) as server:
        made(described(server), people=1, orders=1)
    body, words = server.asked[0], server.words(0)
    assert server.paths == ["/v1/chat/completions"] * 2
    assert body["model"] == "tiny" and isinstance(body["seed"], int)
    form = body["response_format"]["json_schema"]
    assert form["strict"] is True
    row = form["schema"]["properties"]["rows"]["items"]
    assert row["required"] == ["name", "level", "born"] and row["additionalProperties"] is False
    assert row["properties"]["level"] == {"type": ["string", "null"], "enum": ["bronze", "gold", None]}
    assert "a shop for hats" in words and "at most 8 characters" in words
    assert '"name": "P0"' in server.words(1) and "total >= 0" in server.words(1)


def test_refused_rows_are_asked_for_again_with_the_reason_and_the_others_stay() -> None:
    bad = [person(1), person(2, name="much too long"), person(1), person(4, level="tin"), person(5, name=None)]
    with serving(in_turn(Said(rows(*bad)))) as server:
        maker = described(server, batch_rows=5)
        found = made(maker, people=5)["people"]
    counts = maker.counts[name_of("people")]
    assert dict(counts.refused) == {"length": 1, "unique": 1, "label": 1, "null": 1}
    assert [row["name"] for row in found] == ["P1", "P100", "P101", "P102", "P103"]
    again = server.words(1)
    assert "Write 4 rows" in again
    for reason in ("name must have at most 8", "name must differ", 'level must be one of "bronze"', "name must not be"):
        assert reason in again
    assert (counts.asked, counts.kept) == (9, 5)


@pytest.mark.parametrize(
    "text",
    [
        "Here they are:\n```json\n{}\n```\nAnything else?",
        "<think>rows: [{}] hm {{</think>{}",
        "Sure [see below] {braces}: {}",
    ],
)
def test_prose_around_the_rows_is_passed_over(text: str) -> None:
    with serving(in_turn(Said(text.replace("{}", rows(person(1), person(2)), -1)))) as server:
        maker = described(server)
        assert len(made(maker, people=2)["people"]) == 2
    assert len(server.asked) == 1


def test_a_truncated_answer_gives_its_whole_rows_and_the_next_question_is_smaller() -> None:
    cut = rows(*map(person, range(1, 9)))[:150]
    with serving(in_turn(Said(cut, ended="length"))) as server:
        maker = described(server, batch_rows=8)
        assert len(made(maker, people=8)["people"]) == 8
    assert cut.count("born") > wanted(server.asked[1]) - 4
    assert [wanted(body) for body in server.asked] == [8, 4, 2] or wanted(server.asked[1]) <= 4
    assert maker.counts[name_of("people")].refused["cut off"] > 0


@pytest.mark.parametrize(
    "text", ["", "I would rather not.", '{"rows": "none"}', "[1, 2]", "[" * 100_000, '{"a":' * 9_000]
)
def test_an_answer_without_rows_is_counted_and_asked_again(text: str) -> None:
    with serving(in_turn(Said(text))) as server:
        maker = described(server)
        assert len(made(maker, people=3)["people"]) == 3
    assert dict(maker.counts[name_of("people")].refused) == {"broken": 3}


def test_an_answer_that_declines_is_counted_as_such() -> None:
    with serving(in_turn(Said(None, refusal="no"), Said("no", ended="content_filter"))) as server:
        maker = described(server)
        made(maker, people=1)
    assert dict(maker.counts[name_of("people")].refused) == {"declined": 2}


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_waited_for_as_long_as_it_says(status: int) -> None:
    waits: list[float] = []
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    busy = [Said(status=status, headers={"Retry-After": "7"}), Said(status=status), Said(status=status),
            Said(status=status, headers={"Retry-After": later})]  # fmt: skip
    with serving(in_turn(*busy)) as server:
        maker = described(server, wait=waits.append)
        assert len(made(maker, people=1)["people"]) == 1
    assert waits[:3] == [7.0, 0.002, 0.004] and 20 < waits[3] <= 30
    assert maker.counts[name_of("people")].retries == 4


def test_a_server_that_stays_busy_or_asks_for_an_hour_is_an_error() -> None:
    with serving(lambda body, number: Said(status=503)) as server:
        with pytest.raises(Error, match=r"gave no answer: status 503"):
            made(described(server, endpoint=at(server, tries=3)), people=1)
        assert len(server.asked) == 3
    with (
        serving(lambda body, number: Said(status=429, headers={"Retry-After": "3600"})) as server,
        pytest.raises(Error, match="asks to wait 3600 s"),
    ):
        made(described(server), people=1)
    with (
        serving(lambda body, number: Said(status=429, code="insufficient_quota")) as server,
        pytest.raises(InputError, match=r"429 \(insufficient_quota\)"),
    ):
        made(described(server), people=1)


def test_silence_and_what_is_not_of_the_protocol_are_tried_again() -> None:
    slow, odd = (Said(silence=5), Said(rows(person(1)), trickle=0.02)), (b"<html>", b'{"choices": []}', b"[]", b"")
    said = (*slow, *(Said(raw=raw) for raw in odd))
    with serving(in_turn(*said)) as server:
        maker = described(server, endpoint=at(server, timeout=0.3, tries=7))
        assert len(made(maker, people=1)["people"]) == 1
    assert maker.counts[name_of("people")].retries == 6


def test_nobody_there_is_an_error_that_says_so() -> None:
    with serving(well) as server:
        pass
    with pytest.raises(Error, match=r"gave no answer: ConnectionRefusedError"):
        made(described(server, endpoint=at(server, tries=2)), people=1)


def test_a_server_that_refuses_structured_output_or_seeds_is_asked_for_less() -> None:
    def plain(body: dict[str, Any], number: int) -> Said:
        return Said(status=400) if "response_format" in body or "seed" in body else well(body, number)

    with serving(plain) as server:
        made(described(server, batch_rows=1), people=2)
    forms = [body.get("response_format", {}).get("type") for body in server.asked]
    assert forms == ["json_schema", "json_object", None, None, None]
    assert ["seed" in body for body in server.asked] == [True, True, True, False, False]


def test_the_key_goes_to_the_server_and_into_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    key = "sk-planted-4711"
    monkeypatch.setenv("HAT_KEY", key)
    with serving(lambda body, number: Said(key, status=401, code=key)) as server:
        with pytest.raises(InputError) as raised:
            made(described(server, endpoint=at(server, key_env="HAT_KEY")), people=1)
        assert server.headers[0]["Authorization"] == f"Bearer {key}"
    assert key not in raised.value.message + raised.value.hint + repr(raised.value)
    assert "401" in raised.value.message and "HAT_KEY" in raised.value.hint
    assert key not in repr(Endpoint("http://localhost", "tiny", key_env="HAT_KEY"))


def test_without_a_key_in_the_environment_none_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with serving(well) as server:
        made(described(server), people=1)
    assert "Authorization" not in server.headers[0]


def test_a_key_does_not_travel_in_the_clear_nor_to_where_a_server_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-4711")
    with pytest.raises(InputError, match="in the clear to hats"):
        Endpoint("http://hats.example/v1", "tiny").key()
    with serving(well) as other, serving(lambda body, number: Said(status=307, headers={"Location": other.url})) as one:
        with pytest.raises(InputError, match="status 307"):
            made(described(one), people=1)
        assert other.asked == []


@pytest.mark.parametrize("url", ["hats", "ftp://hats/v1", "http://me:secret@hats/v1", "http://hats/v1?key=secret"])
def test_other_urls_are_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(InputError) as raised:
        Described(SHOP, "hats", Endpoint(url, "tiny"))
    assert "secret" not in raised.value.message + raised.value.hint


def test_urls_are_taken_with_and_without_their_path() -> None:
    whole = "https://hats.example/v1/chat/completions"
    for url in ("https://hats.example", "https://hats.example/", "https://hats.example/v1/", whole):
        assert Endpoint(url, "tiny").address == whole


def test_the_same_seed_asks_the_same_questions_and_the_cache_needs_no_server(tmp_path: Path) -> None:
    def steady(body: dict[str, Any], number: int) -> Said:
        return well(body, body["seed"] % 9999)

    with serving(steady) as server:
        options: dict[str, Any] = {"batch_rows": 3, "cache": tmp_path / "cache"}
        first = made(described(server, **options), people=7, orders=5)
        asked = list(server.asked)
        again = described(server, **options)
        assert made(again, people=7, orders=5) == first
        assert server.asked == asked
        assert again.counts[name_of("people")].cached == 3 and again.counts[name_of("people")].tokens == 0
        made(described(server, batch_rows=3), people=7, orders=5)
        assert server.asked[len(asked) :] == asked
        made(described(server, seed=1, **options), people=7, orders=5)
        assert len(server.asked) > 2 * len(asked)
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "cache").iterdir())


def test_what_a_server_refused_is_kept_too(tmp_path: Path) -> None:
    def plain(body: dict[str, Any], number: int) -> Said:
        return Said(status=422) if "response_format" in body else well(body, number)

    with serving(plain) as server:
        first = made(described(server, cache=tmp_path), people=2)
        asked = len(server.asked)
        assert made(described(server, cache=tmp_path), people=2) == first
        assert len(server.asked) == asked


def test_requests_and_tokens_are_bounded() -> None:
    with serving(lambda body, number: Said(rows(*[person(1, level="tin")] * wanted(body)))) as server:
        maker = described(server, batch_rows=2, budget=Budget(requests=3))
        with pytest.raises(
            Error, match=r"0 rows of people are made and the budget of 3 requests is used up; refused: label 6"
        ):
            made(maker, people=4)
        assert len(server.asked) == 3
        with pytest.raises(Error, match=r"0 of 4 rows of people are made and 3 batches in a row had no row that fits"):
            made(described(server, batch_rows=2, budget=Budget(tries=2)), people=4)
        assert len(server.asked) == 3 + 3 * 2
    with serving(well) as server:
        with pytest.raises(Error, match="1 rows of people are made and the budget of 50 tokens is used up"):
            made(described(server, batch_rows=1, budget=Budget(tokens=50)), people=4)
        assert len(server.asked) == 1


def test_tokens_that_no_server_counts_are_guessed() -> None:
    with serving(lambda body, number: Said(well(body, number).text, tokens=None)) as server:
        maker = described(server)
        made(maker, people=1)
    counts = maker.counts[name_of("people")]
    assert counts.guessed and counts.tokens > 100


def test_what_the_database_refuses_is_asked_for_again() -> None:
    def accept(table: TableName, batch: pa.RecordBatch) -> Sequence[str]:
        totals = batch["total"].to_pylist() if table == ORDERS.name else [0] * batch.num_rows
        return ["the constraint positive: total >= 0" if total < 0 else "" for total in totals]

    def answer(body: dict[str, Any], number: int) -> Said:
        return Said(rows({"total": -1}, {"total": 2})) if number == 1 else well(body, number)

    with serving(answer) as server:
        maker = described(server, accept=accept)
        found = made(maker, people=1, orders=2)
    assert [row["total"] for row in found["orders"]] == [Decimal("9.50"), Decimal("2.00")]
    assert dict(maker.counts[name_of("orders")].refused) == {"check": 1}
    assert "a row breaks the constraint positive" in server.words(2)
    assert maker.unchecked == []


def test_examples_are_sent_and_parents_are_not() -> None:
    examples = {name_of("orders"): pa.table({"total": [Decimal("4711.11")]})}
    parents = {name_of("people"): pa.table({"id": [77, 78], "name": ["Planted", "Secret"]})}
    with serving(well) as server:
        found = made(described(server, examples=examples, parents=parents), orders=3)
    assert {row["person_id"] for row in found["orders"]} <= {77, 78}
    sent = json.dumps(server.asked)
    assert "4711.11" in sent and "Planted" not in sent and "77" not in sent.replace("4711.11", "")


def test_uuids_are_made_where_the_database_would_make_them_and_carry_over_to_children() -> None:
    key = Column("id", "uuid", "uuid", pa.uuid(), nullable=False, default="gen_random_uuid()")
    to = Column("person_id", "uuid", "uuid", pa.uuid(), nullable=False)
    people = Table(PEOPLE.name, (key, NAME, LEVEL), uniques=PEOPLE.uniques[:1])
    schema = Schema((people, Table(ORDERS.name, (key, to, TOTAL))), SHOP.foreign_keys)
    with serving(well) as server:
        found = made(described(server, schema), people=3, orders=5)
        known = pa.table({"id": pa.array([row["id"].bytes for row in found["people"]], pa.uuid())})
        again = made(described(server, schema, parents={PEOPLE.name: known}), orders=5)
    there = {row["id"] for row in found["people"]}
    assert len(there) == 3
    assert {row["person_id"] for row in found["orders"]} | {row["person_id"] for row in again["orders"]} <= there


def test_rows_without_their_parents_are_refused_before_anything_is_asked() -> None:
    with serving(well) as server:
        with pytest.raises(InputError, match=r"rows of orders need rows of people, through orders\.person_id"):
            made(described(server), orders=3)
        assert server.asked == []


LINK = (
    Column("a", "int", "integer", pa.int32(), nullable=False),
    Column("b", "int", "integer", pa.int32(), nullable=False),
)


def test_a_table_of_keys_alone_asks_nobody_and_takes_no_pair_twice() -> None:
    link = Table(name_of("link"), LINK, uniques=(Unique("link_pkey", ("a", "b"), primary=True),))
    keys = tuple(ForeignKey(c, name_of("link"), (c,), name_of("people"), ("id",)) for c in ("a", "b"))
    with serving(well) as server:
        maker = described(server, Schema((link, PEOPLE), keys), batch_rows=5)
        found = made(maker, people=3, link=8)["link"]
        asked = len(server.asked)
        with pytest.raises(Error, match="every combination is taken"):
            made(described(server, Schema((link, PEOPLE), keys)), people=2, link=5)
    assert asked == 1 and len({(row["a"], row["b"]) for row in found}) == 8


@pytest.mark.parametrize("nullable", [True, False])
def test_rows_may_belong_to_rows_of_their_own_table(nullable: bool) -> None:
    boss = Column("boss", "bigint", "integer", pa.int64(), nullable=nullable)
    staff = Table(name_of("people"), (*PEOPLE.columns, boss), uniques=PEOPLE.uniques)
    key = ForeignKey("boss", staff.name, ("boss",), staff.name, ("id",))
    with serving(well) as server:
        found = made(described(server, Schema((staff,), (key,)), batch_rows=3), people=12)["people"]
    assert {row["boss"] for row in found} <= {None, *(row["id"] for row in found)}
    assert [row["boss"] for row in found[:3]] == ([None] * 3 if nullable else [1, 2, 3])
    assert any(row["boss"] not in (None, row["id"]) for row in found[3:])


def test_tables_that_need_one_another_are_refused_unless_a_key_may_be_null() -> None:
    def two(nullable: bool) -> Schema:
        to = Column("other", "bigint", "integer", pa.int64(), nullable=nullable)
        tables = tuple(Table(name_of(n), (ID, NAME, LEVEL, to), uniques=PEOPLE.uniques[:1]) for n in ("x", "y"))
        ways = (("x", "y"), ("y", "x"))
        return Schema(tables, tuple(ForeignKey(a, name_of(a), ("other",), name_of(b), ("id",)) for a, b in ways))

    with serving(well) as server:
        with pytest.raises(InputError, match="the rows of x, y need one another first"):
            made(described(server, two(False)), x=1, y=1)
        assert len(made(described(server, two(True)), x=3, y=3)["x"]) == 3


def test_keys_that_share_a_column_agree() -> None:
    tenant = Column("tenant", "int", "integer", pa.int32(), nullable=False)
    number = Column("no", "int", "integer", pa.int32(), nullable=False)
    whole = (Unique("key", ("tenant", "no"), primary=True),)
    parents = {name_of(n): pa.table({"tenant": pa.array([1, 1, 2], pa.int32()), "no": pa.array([1, 2, 3], pa.int32())})
               for n in ("users", "teams")}  # fmt: skip
    columns = (ID, tenant, Column("user", "int", "integer", pa.int32()), Column("team", "int", "integer", pa.int32()))
    tables = (*(Table(name, (tenant, number), uniques=whole) for name in parents), Table(name_of("members"), columns))
    keys = tuple(
        ForeignKey(c, name_of("members"), ("tenant", c), name_of(f"{c}s"), ("tenant", "no")) for c in ("user", "team")
    )
    with serving(well) as server:
        found = made(described(server, Schema(tables, keys), parents=parents), members=40)["members"]
    there = {(1, 1), (1, 2), (2, 3)}
    for column in ("user", "team"):
        assert {(row["tenant"], row[column]) for row in found if row[column] is not None} == there


def test_conditions_of_keys_are_refused() -> None:
    key = ForeignKey("of", name_of("orders"), ("person_id",), name_of("people"), ("id",), condition="total > 0")
    with serving(well) as server, pytest.raises(InputError, match="holds under a condition"):
        made(described(server, Schema((ORDERS, PEOPLE), (key,))), people=1, orders=1)


def test_unique_indexes_over_lowered_text_hold_and_others_are_named_as_unchecked() -> None:
    uniques = (Unique("low", (), expressions="lower((name)::text)"), Unique("odd", (), expressions="md5(name)"))
    people = Table(PEOPLE.name, PEOPLE.columns, uniques=uniques)
    with serving(in_turn(Said(rows(person(1, name="Ann"), person(2, name="ANN"))))) as server:
        maker = described(server, Schema((people,)))
        made(maker, people=2)
    assert dict(maker.counts[name_of("people")].refused) == {"unique": 1}
    assert maker.unchecked == ["people: the unique index odd"]


def test_nothing_of_it_is_loaded_with_the_package() -> None:
    code = (
        "import sys, understudy, understudy.synth, understudy.jobs; print([m for m in sys.modules if 'described' in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.strip() == "[]"


# Values

COLUMNS = {
    "smallint": Column("c", "smallint", "integer", pa.int16()),
    "numeric(6,2)": TOTAL,
    "numeric": Column("c", "numeric", "decimal", pa.string(), as_text=True),
    "real": Column("c", "real", "float", pa.float32()),
    "bool": Column("c", "boolean", "boolean", pa.bool_()),
    "varchar(8)": NAME,
    "date": Column("c", "date", "date", pa.date32()),
    "timestamp": Column("c", "timestamp", "timestamp", pa.timestamp("us")),
    "timestamptz": Column("c", "timestamptz", "timestamp", pa.timestamp("us", tz="UTC")),
    "time": Column("c", "time", "time", pa.time64("us")),
    "uuid": Column("c", "uuid", "uuid", pa.uuid()),
    "jsonb": Column("c", "jsonb", "json", pa.string()),
    "bytea": Column("c", "bytea", "bytes", pa.binary()),
    "text[]": Column("c", "text[]", "other", pa.string(), as_text=True),
}


@pytest.mark.parametrize(
    ("of", "said", "value"),
    [
        ("smallint", 7, 7),
        ("smallint", "7", 7),
        ("smallint", Decimal("7.0"), 7),
        ("numeric(6,2)", Decimal("1234.50"), Decimal("1234.50")),
        ("numeric", Decimal("1E+3"), "1000"),
        ("real", Decimal("0.5"), 0.5),
        ("bool", "True", True),
        ("varchar(8)", "üüüüüüüü", "üüüüüüüü"),
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("date", "2024-02-29T00:00:00Z", date(2024, 2, 29)),
        ("timestamp", "2024-02-29T12:00:00Z", datetime(2024, 2, 29, 12)),
        ("timestamptz", "2024-02-29T12:00:00+02:00", datetime(2024, 2, 29, 10, tzinfo=UTC)),
        ("jsonb", {"a": [1]}, '{"a": [1]}'),
        ("bytea", "\\x00ff", b"\x00\xff"),
        ("text[]", "{a,b}", "{a,b}"),
    ],
)
def test_json_that_stands_for_a_value_is_taken(of: str, said: Any, value: Any) -> None:
    found = array_of(COLUMNS[of], [value_of(COLUMNS[of], said)])
    assert found.type == COLUMNS[of].arrow_type and found.to_pylist() == [value]


@pytest.mark.parametrize(
    ("of", "said", "kind"),
    [
        ("smallint", 40_000, "range"),
        ("smallint", True, "type"),
        ("smallint", Decimal("1.5"), "type"),
        ("smallint", "NaN", "range"),
        ("smallint", "1e999999999", "range"),
        ("numeric(6,2)", Decimal("1.234"), "range"),
        ("numeric(6,2)", 10_000, "range"),
        ("numeric(6,2)", None, "null"),
        ("real", "Infinity", "range"),
        ("bool", 1, "type"),
        ("varchar(8)", 8, "type"),
        ("varchar(8)", "a\0b", "type"),
        ("varchar(8)", "\ud800", "type"),
        ("date", "2023-02-29", "type"),
        ("time", "25:00", "type"),
        ("uuid", "1", "type"),
        ("jsonb", "{", "type"),
        ("jsonb", "[NaN]", "type"),
        ("jsonb", [Decimal("sNaN")], "range"),
        ("jsonb", {"a": Decimal("1e999")}, "range"),
        ("bytea", "0", "type"),
        ("text[]", ["a"], "type"),
    ],
)
def test_json_that_does_not_fit_is_refused_for_its_reason(of: str, said: Any, kind: str) -> None:
    with pytest.raises(Unfit) as raised:
        value_of(COLUMNS[of], said)
    assert raised.value.kind == kind


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(max_size=12)
    | st.sampled_from(["2024-01-01", "2024-01-01T00:00:00", "10:00", "ff", "7", "bronze", "-0", "1e5"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)  # fmt: skip


@settings(deadline=None)
@given(of=st.sampled_from(sorted(COLUMNS)), said=JSON)
def test_whatever_is_said_is_refused_or_is_a_value_of_the_column(of: str, said: Any) -> None:
    try:
        value = value_of(COLUMNS[of], said)
    except Unfit:
        return
    array = array_of(COLUMNS[of], [value])
    array.validate(full=True)
    assert array.type == COLUMNS[of].arrow_type and (array.null_count == 0 or COLUMNS[of].nullable)
    if of == "varchar(8)":
        assert len(value) <= 8


@settings(deadline=None)
@given(st.text() | st.recursive(st.text(), lambda inner: st.builds("{{{}}}".format, inner), max_leaves=3))
def test_no_text_breaks_the_reading_of_answers(text: str) -> None:
    found = rows_in(text)
    assert found is None or all(isinstance(row, dict) for row in found)


@settings(deadline=None)
@given(
    st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=5), min_size=1), min_size=1, max_size=4), st.data()
)
def test_however_much_of_an_answer_is_cut_off_only_whole_rows_are_read(
    said: list[dict[str, str]], data: st.DataObject
) -> None:
    text = json.dumps({"rows": said})
    found = rows_in(text[: data.draw(st.integers(0, len(text)))]) or []
    assert found == said[: len(found)]


def test_rows_are_found_in_each_of_the_forms_that_models_give_them() -> None:
    one, two = {"a": 1}, {"a": 2}
    for text in (
        '{"rows": [{"a": 1}, {"a": 2}]}',
        '[{"a": 1}, {"a": 2}]',
        '{"a": 1}\n{"a": 2}',
        '{"people": [{"a": 1}, {"a": 2}]}',
    ):
        assert rows_in(text) == [one, two]
    assert rows_in('{"rows": []}') == []


# Schemas


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    """Some tables of some columns, unique ones among them, each with keys to some of those before it."""
    tables, keys = [], []
    for number in range(draw(st.integers(1, 4))):
        name = name_of(f"t{number}")
        columns = [ID]
        kinds = draw(st.lists(st.sampled_from(["smallint", "varchar(8)", "date", "bool"]), max_size=3))
        for place, kind in enumerate(kinds):
            of = COLUMNS[kind]
            columns.append(Column(f"c{place}", kind, of.kind, of.arrow_type, draw(st.booleans()), of.max_length))
        for parent in draw(st.sets(st.integers(0, number), max_size=2)):
            columns.append(Column(f"to{parent}", "bigint", "integer", pa.int64(), draw(st.booleans())))
            keys.append(ForeignKey(f"to{parent}", name, (f"to{parent}",), name_of(f"t{parent}"), ("id",)))
        unique = [Unique("pk", ("id",), primary=True)]
        wide = [c.name for c in columns if c.kind == "text"]
        unique += [Unique("u", (draw(st.sampled_from(wide)),))] if wide and draw(st.booleans()) else []
        tables.append(Table(name, tuple(columns), uniques=tuple(unique)))
    return Schema(tuple(draw(st.permutations(tables))), tuple(keys))


def _said(body: dict[str, Any], number: int) -> Said:
    """Rows for any table: often wrong, in ways that the number decides."""
    columns = body["response_format"]["json_schema"]["schema"]["properties"]["rows"]["items"]["properties"]
    good = {"integer": 5, "boolean": True}
    found = []
    for place in range(wanted(body)):
        row = {name: good.get(c["type"] if isinstance(c["type"], str) else c["type"][0]) for name, c in columns.items()}
        for name, value in row.items():
            dated = f"- {name}: date" in body["messages"][-1]["content"]
            row[name] = value if value is not None else ("2024-01-01" if dated else f"{number}-{place}")
        if (number + place) % 3 == 0 and row:
            row[next(iter(row))] = [None]
        found.append(row)
    return Said(rows(*found))


@settings(deadline=None, max_examples=40)
@given(schema=schemas(), count=st.integers(1, 5), seed=st.integers(0, 9))
def test_rows_of_any_schema_keep_its_types_nulls_uniques_and_keys(schema: Schema, count: int, seed: int) -> None:
    with serving(_said) as server:
        maker = Described(schema, "numbers", at(server), batch_rows=3, seed=seed, budget=Budget(tries=20))
        found = made(maker, **{str(table.name): count for table in schema.tables})
    for table in schema.tables:
        inside = found[str(table.name)]
        assert len(inside) == count == maker.counts[table.name].kept
        for column in table.columns:
            assert column.nullable or all(row[column.name] is not None for row in inside)
        for unique in table.uniques:
            values = [tuple(row[name] for name in unique.columns) for row in inside]
            values = [value for value in values if None not in value]
            assert len(set(values)) == len(values)
    for key in schema.foreign_keys:
        there = {row["id"] for row in found[str(key.parent)]}
        assert {row[key.columns[0]] for row in found[str(key.table)]} <= {None, *there}


def test_columns_that_the_database_numbers_are_known_by_their_default() -> None:
    assert numbered(Column("n", "int", "integer", pa.int32(), default="nextval('n_seq'::regclass)"))
    assert not numbered(Column("n", "int", "integer", pa.int32(), default="0"))

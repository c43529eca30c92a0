"""SQL over states of the lake: their tables and nothing else."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from lake.test_tables import ORDERS, USERS, people, table
from understudy.errors import Error, InputError
from understudy.lake import Lake, files, sql, tables
from understudy.schema import Column, Table, TableName


@pytest.fixture
def shop(sqlite_lake: Lake) -> Lake:
    tables.create(sqlite_lake, "main", table(), batches=people(1, 2, 3))
    tables.create(sqlite_lake, "main", table(ORDERS), batches=people(2, 3))
    tables.create(sqlite_lake, "main", table(TableName("billing", "invoices")), batches=people(7))
    sqlite_lake.branch("dev", "main")
    tables.append(sqlite_lake, "dev", USERS, people(4))
    return sqlite_lake


def rows(lake: Lake, text: str, refs: dict[str, str] | str = "main") -> list[tuple[object, ...]]:
    found = sql.query(lake, text, refs).read_all()
    return list(zip(*(column.to_pylist() for column in found.columns), strict=True))


def test_tables_are_called_with_and_without_their_namespace(shop: Lake) -> None:
    assert rows(shop, "select count(*) from users") == [(3,)]
    assert rows(shop, "select count(*) from public.users") == [(3,)]
    assert rows(shop, "SELECT email FROM Billing.Invoices") == [("old7",)]
    assert rows(shop, "select id, email from users order by all limit 1") == [(1, "old1")]
    assert rows(shop, "from users order by id desc limit 1") == [(3, "old3", 3)]


def test_sums_of_integers_are_numbers_of_38_digits(shop: Lake) -> None:
    assert rows(
        shop, "select sum(id), sum(id) filter (id > 9), -sum(id) * 1000000000000000000000000000000::hugeint from users"
    ) == [(Decimal(6), None, Decimal(-6 * 10**30))]
    assert rows(shop, "select sum(id) from users group by id order by 1") == [(1,), (2,), (3,)]


def test_a_table_joins_itself_and_others(shop: Lake) -> None:
    assert rows(shop, "select count(*) from users a join users b using (id) join orders using (id)") == [(2,)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(from dev.users) except (from prod.users)", [(4, "old4", 4)]),
        ("select u.email from (select u from dev.users u where u.id = 4) u", [("old4",)]),
        ("select (u).small from dev.users u where id = 4", [(4,)]),
        ("select o from prod.orders o where o.id = 2", [({"id": 2, "email": "old2", "small": 2},)]),
        ("select count(*) from prod.users natural join dev.users", [(3,)]),
        ("select count(*) from dev.users", [(4,)]),
        ("with x as (from dev.users) select max(x.email) from x where exists (from prod.users)", [("old4",)]),
        ("select column_name from (describe dev.users)", [("id",), ("email",), ("small",)]),
    ],
)
def test_columns_that_are_not_written_out_are_read(shop: Lake, text: str, expected: object) -> None:
    assert rows(shop, text, {"main": "main", "dev": "dev"}) == expected


def test_columns_that_no_one_needs_are_not_read(shop: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    read, asked = files.read, []

    def watched(held, io, **told):  # type: ignore[no-untyped-def]
        asked.append(list(told.get("columns", ())))
        return read(held, io, **told)

    monkeypatch.setattr(files, "read", watched)
    assert rows(shop, "select count(*) from users where small > 1") == [(2,)]
    assert {tuple(columns) for columns in asked} == {(), ("small",)}  # none, to learn the types


def test_columns_that_differ_in_case_are_both_there(sqlite_lake: Lake) -> None:
    columns = tuple(Column(name, "bigint", "integer", pa.int64()) for name in ("a", "A"))
    tables.create(sqlite_lake, "main", Table(USERS, columns), batches=[pa.record_batch({"a": [1], "A": [2]})])
    assert rows(sqlite_lake, "from users") == [(1, 2)]


def test_branches_beside_one_another(shop: Lake) -> None:
    new = "select id from dev.users except select id from prod.public.users"
    assert rows(shop, new, {"main": "main", "dev": "dev"}) == [(4,)]
    assert rows(shop, "select count(*) from users, dev.users as d", {"": "main", "dev": "dev"}) == [(12,)]
    assert rows(shop, "select count(*) from before.users", {"before": "dev~1"}) == [(3,)]


def test_other_tables_are_not_opened(shop: Lake) -> None:
    for found in Path(shop.warehouse, "public").glob("orders-*/metadata/*"):
        found.unlink()
    assert rows(shop, "select count(*) from users") == [(3,)]


def test_columns_keep_their_types(sqlite_lake: Lake) -> None:
    kinds = {
        "u": (pa.uuid(), b"0" * 16),
        "d": (pa.decimal128(20, 4), Decimal("1.5000")),
        "long": (pa.decimal256(60, 2), Decimal("1.50")),
        "t": (pa.timestamp("us", tz="UTC"), 1),
        "n": (pa.timestamp("ns"), 1),
        "b": (pa.bool_(), True),
    }
    columns = tuple(Column(name, str(kind), "other", kind) for name, (kind, _) in kinds.items())
    values = [pa.array([value], kind) for kind, value in kinds.values()]
    tables.create(sqlite_lake, "main", Table(USERS, columns), batches=[pa.RecordBatch.from_arrays(values, list(kinds))])
    found = sql.query(sqlite_lake, "select u, d, long, t, n, b from users", "main").read_all()
    assert found.schema.types == [kind if name != "long" else pa.string() for name, (kind, _) in kinds.items()]
    kept = tables.read(sqlite_lake, "main", USERS, where="b").read_all()
    assert kept.schema.types == [kind for kind, _ in kinds.values()]
    assert kept["long"].to_pylist() == [Decimal("1.50")]


@pytest.mark.parametrize(
    "text",
    [
        "select * from read_csv('{file}')",
        "select * from '{file}'",
        "select content from read_text('{file}')",
        "select * from glob('/*')",
        "select * from 'https://example.org/x.parquet'",
        "select * from secret",
    ],
)
def test_nothing_outside_is_reached(shop: Lake, tmp_path: Path, text: str) -> None:
    secret = pa.table({"a": [1]})  # a variable of the program, no table of the lake
    file = tmp_path / "users.csv"
    file.write_text("password\nxyz\n")
    with pytest.raises(InputError, match="DuckDB refuses this") as error:
        rows(shop, text.format(file=file))
    assert "xyz" not in str(error.value)
    assert secret.num_rows


@pytest.mark.parametrize(
    "text",
    ["drop table users", "insert into users values (1, 'a', 1)", "select 1; select 2", "attach 'x.db'", "load httpfs"],
)
def test_only_one_select_is_taken(shop: Lake, text: str) -> None:
    with pytest.raises(InputError, match="one SELECT"):
        rows(shop, text)


def test_a_wrong_name_is_refused_with_a_close_one(shop: Lake) -> None:
    with pytest.raises(InputError, match=r"(?s)emial.*email"):
        rows(shop, "select emial from users")


def test_an_error_quotes_no_row(shop: Lake) -> None:
    with pytest.raises(Error, match="Conversion error") as error:
        rows(shop, "select email::int from users")
    assert "old1" not in str(error.value)


def test_rows_come_as_a_stream_that_may_be_left(shop: Lake) -> None:
    found = sql.query(shop, "select range from range(10_000_000)", "main")
    assert next(iter(found)).num_rows <= 70_000
    found.close()

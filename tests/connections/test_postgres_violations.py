"""CHECK constraints evaluated on the source, over rows that are not there."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pyarrow as pa
import pytest

from understudy.connections.postgres.read import Postgres
from understudy.errors import Error
from understudy.schema import TableName

DAY = datetime.date
T = TableName("public", "t")

CHECKED = """
CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100);
CREATE TABLE t (
    id int, a int CONSTRAINT positive CHECK (a > 0), b text CONSTRAINT short CHECK (length(b) < 4 AND b LIKE '%x%'),
    d date, e date, share percent, twice int GENERATED ALWAYS AS (a * 2) STORED,
    CONSTRAINT "in % order" CHECK (d < e), CONSTRAINT "of a computed one" CHECK (twice < 100),
    CONSTRAINT apart EXCLUDE (id WITH =)
)"""


def test_violations_counts_the_rows_each_check_refuses(database: Callable[..., str]) -> None:
    url = database(CHECKED)
    batch = pa.record_batch(
        {
            "id": pa.array([1, 2, 3, 4], pa.int32()),
            "a": pa.array([1, 0, None, 60], pa.int32()),
            "b": ["x", "long", None, '"x\\'],
            "d": pa.array([DAY(2024, 1, 1), DAY(2024, 1, 3), None, DAY(2024, 1, 1)]),
            "e": pa.array([DAY(2024, 1, 2)] * 4),
            "share": pa.array([0, 101, None, -1], pa.int32()),
            "_via": pa.array([0, 0, 0, 0], pa.int16()),
        }
    )
    with Postgres(url).snapshot() as snapshot:
        assert snapshot.violations(T, batch) == {
            "positive": 1,
            "short": 1,
            "in % order": 1,
            "of a computed one": 1,
            "percent_check(share)": 2,
        }
        assert set(snapshot.violations(T, batch.slice(0, 0)).values()) == {0}
        many = pa.Table.from_batches([batch] * 6000).combine_chunks().to_batches()[0]
        assert snapshot.violations(T, many)["percent_check(share)"] == 12_000


def test_a_check_whose_columns_are_missing_cannot_run(database: Callable[..., str]) -> None:
    with Postgres(database(CHECKED)).snapshot() as snapshot, pytest.raises(Error, match=r'column "\w+" does not exist'):
        snapshot.violations(T, pa.record_batch({"a": pa.array([1], pa.int32())}))


def test_a_value_that_is_none_of_the_type_cannot_be_checked_and_is_not_shown(database: Callable[..., str]) -> None:
    url = database("CREATE TABLE t (v inet CHECK (masklen(v) > 8))")
    with Postgres(url).snapshot() as snapshot:
        assert snapshot.violations(T, pa.record_batch({"v": ["10.0.0.0/8", "10.0.0.1"]})) == {"t_v_check": 1}
        with pytest.raises(Error, match="InvalidTextRepresentation") as raised:
            snapshot.violations(T, pa.record_batch({"v": ["not an address"]}))
        assert "not an address" not in str(raised.value) + raised.value.hint

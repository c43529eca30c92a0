"""The closure of a real PostgreSQL database equals the oracle's; ``benchmarks/closure_fuzz.py`` runs many more."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from subset import laws
from subset.postgres import comparable, in_postgres
from subset.worlds import make, rank
from understudy.connections.postgres.read import Postgres
from understudy.schema import TableName
from understudy.subset import Request, Target, closure, plan


def test_a_closure_over_postgres_equals_the_oracle(database: Callable[..., str]) -> None:
    url = database()
    cases = filter(comparable, (make(Random(seed)) for seed in range(7_000, 7_020)))
    for case in cases:
        with in_postgres(case, url) as (found, snapshot):
            laws.check(found, snapshot)


KEYS = {
    "smallint to bigint": ("smallint", "7", "bigint", "7"),
    "bigint to numeric": ("bigint", "100", "numeric", "100.00"),
    "numeric without a scale": ("numeric", "1.0", "numeric", "1.00"),
    "numeric of another scale": ("numeric(5, 2)", "1.50", "numeric(6, 1)", "1.5"),
    "double precision": ("double precision", "-0.0", "double precision", "0"),
    "integer to double precision": ("integer", "5", "double precision", "5"),
    "varchar to char": ("varchar(5)", "ab", "char(5)", "ab"),
    "uuid": ("uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    "interval": ("interval", "1 month", "interval", "30 days"),
    "inet": ("inet", "10.0.0.1", "inet", "10.0.0.1/32"),
    "infinity": ("timestamptz", "infinity", "timestamptz", "infinity"),
    "date to timestamp": ("date", "2024-05-01", "timestamp", "2024-05-01"),
    "citext": ("citext", "Bob", "citext", "bOB"),
}


@pytest.mark.parametrize(("ours", "key", "theirs", "value"), KEYS.values(), ids=KEYS)
def test_a_key_is_followed_both_ways_as_postgres_compares_it(
    module_database: Callable[..., str], ours: str, key: str, theirs: str, value: str
) -> None:
    url = module_database(f"""
        CREATE EXTENSION citext;
        CREATE TABLE parents (id int PRIMARY KEY, code {theirs} UNIQUE);
        CREATE TABLE children (id int PRIMARY KEY, code {ours} REFERENCES parents (code));
        INSERT INTO parents VALUES (1, '{value}'), (2, NULL);
        INSERT INTO children VALUES (1, '{key}'), (2, NULL);
    """)
    for start, where in (("parents", "id = 1"), ("children", "id = 1")):
        with Postgres(url).snapshot() as snapshot:
            rows: dict[str, list[int]] = {}
            closure(
                plan(snapshot.schema(), Request((Target(TableName("public", start), where),))),
                snapshot,
                lambda table, batch: rows.setdefault(str(table), []).extend(batch.column("id").to_pylist()),  # noqa: B023
                columns={table.name: ("id",) for table in snapshot.schema().tables},
                rank=rank,
            )
        assert rows == {"parents": [1], "children": [1]}

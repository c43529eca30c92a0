"""Numbers read in the server's binary form are the numbers its text form shows."""

from decimal import Decimal

import numpy as np
import psycopg
import pyarrow as pa
import pytest

from understudy.connections import connect
from understudy.errors import Inexact
from understudy.interfaces import Scan
from understudy.schema import TableName

KINDS = [(1, 0), (5, 2), (12, 2), (18, 0), (18, 4), (18, 18), (9, 9), (4, 1)]


def numbers(precision: int, scale: int) -> list[Decimal | None]:
    """Edges of a type, and random numbers of every length it holds."""
    random = np.random.default_rng(precision * 100 + scale)
    most = 10**precision - 1
    edges = [0, 1, -1, most, -most, most // 2, 10 ** (precision - 1), 5 * 10 ** (precision - 1)]
    drawn = [int(random.integers(0, 10**digits)) for digits in range(1, precision + 1) for _ in range(40)]
    signed = [number * (1 if place % 2 else -1) for place, number in enumerate(drawn)]
    return [None, *(Decimal(number).scaleb(-scale) for number in [*edges, *signed])]


@pytest.mark.parametrize(("precision", "scale"), KINDS)
def test_every_number_is_what_its_text_says(database, precision, scale):
    values, url = numbers(precision, scale), database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create table amounts (n int primary key, value numeric({precision}, {scale}))")
        with connection.cursor() as cursor:
            cursor.executemany("insert into amounts values (%s, %s)", list(enumerate(values)))
        shown = [row[0] for row in connection.execute("select value::text from amounts order by n")]
    found = connect(url).read(Scan(TableName("public", "amounts"), ("value",), order_by="n")).read_all()
    assert found.column("value").type == pa.decimal128(precision, scale)
    assert found.column("value").to_pylist() == values
    assert [None if text is None else Decimal(text) for text in shown] == values


def test_what_is_no_number_asks_for_the_text_lane(database):
    url = database("create table amounts (value numeric(8, 2)); insert into amounts values (1.5), ('NaN')")
    with pytest.raises(Inexact, match=r"amounts\.value holds NaN"):
        connect(url).read(Scan(TableName("public", "amounts"))).read_all()

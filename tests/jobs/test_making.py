"""What learning may use of the machine, and of tables that change while they are read."""

from collections.abc import Iterator

import pyarrow as pa
import pytest

from understudy.errors import Error
from understudy.jobs.making import FamilyMaker, Wish, threads
from understudy.jobs.rows import Rows, Source, table_like
from understudy.schema import ForeignKey, Schema
from understudy.synth.network import effort


@pytest.mark.parametrize(("told", "used"), [("4", 4), ("1", 1), (None, 1), ("", 1), ("0", 1), ("many", 1)])
def test_learning_uses_one_thread_unless_told_more(told, used, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if told is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert threads() == used


def quiet(step, subject, done, total):
    pass


def test_a_table_that_shrinks_while_it_is_read_is_never_copied_unseen(monkeypatch):
    monkeypatch.setattr(effort, "_EPOCHS", 2)  # learning is not what is tested here
    staff = pa.table({"id": range(30), "first_name": ["Wendeline"] * 30})
    orders = pa.table(
        {"id": range(200), "staff_id": [n % 5 for n in range(200)], "total": [n % 90 for n in range(200)]}
    )
    reads = []

    def shrinking() -> Iterator[pa.RecordBatch]:
        reads.append(len(reads))
        yield from staff.slice(0, 30 if len(reads) < 3 else 6).to_batches()

    one, other = table_like("staff", staff.schema), table_like("orders", orders.schema)
    key = ForeignKey("orders_staff", other.name, ("staff_id",), one.name, ("id",))
    tables = (Rows(one, staff.schema, shrinking), Rows(other, orders.schema, lambda: iter(orders.to_batches())))
    with pytest.raises(Error, match="staff has fewer rows than a moment ago"):
        FamilyMaker.learn(Source(tables, Schema((one, other), (key,))), Wish(effort="fast"), quiet)

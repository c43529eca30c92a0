from __future__ import annotations

from collections.abc import Iterator

import duckdb

from checks.memory import Memory, key, table
from understudy.checks import CHECKS, passed, run_checks
from understudy.interfaces import Dataset, Result

DATA = Memory(
    (table("users", "id bigint not null", "nick varchar(9)", primary="id"), table("orders", "user_id bigint")),
    {"users": [(1, "ada"), (2, None)], "orders": [(1,), (2,), (2,)]},
    (key("orders.user_id -> users.id"),),
)


def test_real_data_against_itself_passes_integrity():
    results = run_checks(CHECKS, DATA, DATA)
    assert passed(results)
    assert {result.check for result in results} == {"foreign_keys", "unique", "not_null", "lengths"}


def test_a_check_that_cannot_run_blocks_and_repeats_no_data():
    def broken(real: Dataset, made: Dataset) -> Iterator[Result]:
        yield Result("broken", "users", "pass", 0, 0)
        duckdb.sql("SELECT CAST('ada@example.org' AS INT)").fetchall()

    results = run_checks({"broken": broken, **CHECKS}, DATA, DATA)
    assert [(result.subject, result.verdict) for result in results[:2]] == [
        ("users", "pass"),
        ("the check itself", "error"),
    ]
    assert results[1].detail.startswith("could not run: ConversionException at test_run_checks.py:")
    assert not passed(results)
    assert len(results) > 2, "the other checks run all the same"


def test_a_table_that_cannot_be_read_blocks_every_check_of_it():
    class Torn(Memory):
        def read(self, scan: object) -> object:  # type: ignore[override]
            raise OSError("Parquet magic bytes not found")

    results = run_checks(CHECKS, DATA, Torn(DATA.tables, DATA.rows, DATA.foreign_keys))
    assert {result.check for result in results if result.verdict == "error"} == set(CHECKS)


def test_notes_do_not_block():
    assert passed([Result("leaks", "a", "note", 3), Result("unique", "b", "pass", 0)])


def test_progress_hears_of_every_check():
    heard: list[tuple[str, str, int, int | None]] = []
    run_checks(CHECKS, DATA, DATA, progress=lambda *told: heard.append(told))
    assert heard[0] == ("check", "foreign_keys", 1, 4)
    assert heard[-1] == ("check", "lengths", 4, 4)

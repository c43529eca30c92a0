"""Masked partition keys and rewrite rules: rows go where their stand-ins belong, and nothing fires on the way."""

import pytest

from support.shop import Shop

EVENTS = """
create table events (id int, day date, what text not null, primary key (id, day)) partition by range (day);
create table events_2025 partition of events for values from ('2025-01-01') to ('2026-01-01');
create table events_2026 partition of events for values from ('2026-01-01') to ('2027-01-01');
create table events_other partition of events default;
create table audit (what text);
create rule keep_quiet as on insert to audit do instead nothing;
insert into events
  select n, date '2025-12-01' + n % 60, 'visit ' || n from generate_series(1, 400) n;
alter table audit disable rule keep_quiet;
insert into audit values ('first'), ('second');
alter table audit enable rule keep_quiet;
"""

JOB = """
columns:
  events.id: key
  events.day: {shift_days: 40, per: id}
  events.what: redact
  audit.what: keep
"""


@pytest.fixture
def copied(database, tmp_path):
    shop = Shop(tmp_path, database(EVENTS), database())
    shop.job(subset="", columns=JOB)
    ran = shop.cli("run", "job.yaml")
    assert ran.code == 0, ran.err
    return shop


def test_a_row_whose_partition_key_moved_lies_in_the_partition_of_its_stand_in(copied):
    years = "select tableoid::regclass::text, min(extract(year from day)), max(extract(year from day)), count(*) "
    found = copied.query(years + "from events group by 1 order by 1")
    assert [(name, low, high) for name, low, high, _ in found] == [
        ("events_2025", 2025, 2025),
        ("events_2026", 2026, 2026),
    ]
    assert sum(count for *_, count in found) == 400
    before = copied.query("select count(*) from events_2026", source=True)
    assert copied.query("select count(*) from events_2026") != before


def test_rewrite_rules_arrive_with_the_table_and_do_not_touch_its_rows(copied):
    assert copied.query("select what from audit order by 1") == [("first",), ("second",)]
    assert copied.query("select rulename from pg_rules where tablename = 'audit'") == [("keep_quiet",)]

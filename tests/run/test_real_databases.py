"""Introspect, init, plan, run and load real schemas; PostgreSQL itself validates every foreign key of the copy."""

import pytest

from support.real import DATABASES, load_real
from support.shop import Shop

FOREIGN_KEYS = """
select conrelid::regclass::text, conname, convalidated, condeferrable, condeferred, pg_get_constraintdef(oid)
from pg_constraint where contype = 'f' and conparentid = 0 order by 1, 2
"""


@pytest.mark.parametrize("name", DATABASES)
def test_a_real_database_becomes_a_loaded_copy(name, shared_data, postgres, database, tmp_path):
    prefix = f"real_{tmp_path.name.replace('-', '_')}_"[:40]
    load_real(name, shared_data, postgres.url(), prefix)
    source, destination = postgres.url(prefix + name), database()
    try:
        shop = Shop(tmp_path, source, destination)
        assert shop.cli("init", source).code == 0
        job = tmp_path / "job.yaml"
        decided = job.read_text().replace(": decide", ": {keep: anything}")
        job.write_text(decided.replace("percent: 5", "percent: 20") + "\nload: [{to: '${DEV_URL}'}]\n")
        ran = shop.cli("run", "job.yaml", "--json")
        assert ran.code == 0, ran.err
        assert shop.query(FOREIGN_KEYS) == shop.query(FOREIGN_KEYS, source=True)
        kept = sum(table["kept"] for table in ran.json["tables"])
        assert kept or not any(table["source_rows"] for table in ran.json["tables"])
    finally:
        postgres.drop(prefix + name)

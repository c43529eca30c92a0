"""A masked copy of a whole database answers joins and GROUP BYs over keys and e-mails as the original does."""

from importlib.resources import files
from itertools import product

import pytest
from ruamel.yaml import YAML

from conftest import query
from support.real import load_real
from support.shop import Shop
from understudy.connections.postgres import catalog
from understudy.connections.postgres.session import reading
from understudy.connections.postgres.sql import qualified, quoted
from understudy.demo.bookings import create


def whole_copy(shop, job):
    """Mask every row of the source under the rules of a job, whatever its subset was."""
    yaml = YAML()
    spec = yaml.load(job)
    spec["subset"] = {"virtual": spec["subset"].get("virtual", [])}
    spec["load"] = [{"to": "${DEV_URL}", "mode": "create"}]
    with (shop.folder / "job.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(spec, file)
    ran = shop.cli("run", "job.yaml", "--json")
    assert ran.code == 0, ran.err
    return ran.json


@pytest.fixture(scope="module")
def demo(module_database, tmp_path_factory):
    """The booking platform and a whole copy of it."""
    shop = Shop(tmp_path_factory.mktemp("demo"), module_database(), module_database())
    create(shop.source, rows=20_000)
    whole_copy(shop, files("understudy.demo").joinpath("job.yaml").read_text(encoding="utf-8"))
    return shop


@pytest.fixture(scope="module")
def pagila(module_database, postgres, shared_data, tmp_path_factory):
    """Pagila and a whole copy of it, under the rules that `init` writes."""
    load_real("pagila", shared_data, postgres.url(), "joins_")
    shop = Shop(tmp_path_factory.mktemp("pagila"), postgres.url("joins_pagila"), module_database())
    try:
        assert shop.cli("init", shop.source).code == 0
        whole_copy(shop, (shop.folder / "job.yaml").read_text().replace(": decide", ": keep"))
        yield shop
    finally:
        postgres.drop("joins_pagila")


@pytest.fixture(params=["demo", "pagila"])
def pair(request):
    return request.getfixturevalue(request.param)


def schema_of(url):
    with reading(url) as connection:
        return catalog.read(connection).schema


def joined(path):
    """FROM and ON of a path of foreign keys: each child joined with its parent."""
    text = f"{qualified(path[0].table)} t0"
    for number, key in enumerate(path):
        pairs = zip(key.columns, key.parent_columns, strict=True)
        equal = " AND ".join(f"t{number}.{quoted(child)} = t{number + 1}.{quoted(parent)}" for child, parent in pairs)
        text += f" JOIN {qualified(key.parent)} t{number + 1} ON {equal}"
    return text


def test_every_path_of_up_to_three_foreign_keys_joins_as_many_rows(pair):
    keys = schema_of(pair.source).foreign_keys
    paths = [[key] for key in keys]
    paths += [[a, b] for a, b in product(keys, keys) if a.parent == b.table]
    paths += [[a, b, c] for a, b, c in product(keys, keys, keys) if a.parent == b.table and b.parent == c.table]
    assert len(paths) > 30
    counts = "SELECT " + ", ".join(f"(SELECT count(*) FROM {joined(path)})" for path in paths)
    before, after = query(pair.source, counts), query(pair.destination, counts)
    assert before == after
    assert sum(count > 0 for count in before[0]) > 30


def group_sizes(url, table, columns):
    """How many groups of each size a GROUP BY gives."""
    names = ", ".join(map(quoted, columns))
    groups = f"SELECT count(*) AS size FROM {qualified(table)} GROUP BY {names}"
    return query(url, f"SELECT size, count(*) FROM ({groups}) g GROUP BY size ORDER BY size")


def test_every_group_by_over_keys_and_references_has_groups_of_the_same_sizes(pair):
    schema = schema_of(pair.source)
    grouped = {(table.name, table.row_key) for table in schema.tables if table.row_key}
    grouped |= {(key.table, key.columns) for key in schema.foreign_keys}
    assert len(grouped) > 20
    for table, columns in sorted(grouped):
        assert group_sizes(pair.source, table, columns) == group_sizes(pair.destination, table, columns), columns


def test_e_mails_group_and_join_as_before_and_are_all_changed(pair):
    schema = schema_of(pair.source)
    emails = [(t.name, c.name) for t in schema.tables for c in t.stored if "email" in c.name and c.kind == "text"]
    assert emails
    for table, column in emails:
        assert group_sizes(pair.source, table, [column]) == group_sizes(pair.destination, table, [column])
        values = f"SELECT DISTINCT {quoted(column)} FROM {qualified(table)} WHERE {quoted(column)} <> ''"
        assert not set(query(pair.source, values)) & set(query(pair.destination, values))


def test_the_same_person_in_a_document_still_joins_by_e_mail(demo):
    logged = "select count(*) from audit_log join users on users.email = audit_log.after ->> 'email'"
    assert demo.query(logged) == demo.query(logged, source=True) != [(0,)]

"""Which columns must change alike, and that they do."""

from dataclasses import replace

import pyarrow as pa
import pytest

from transforms.sample import KEY, batch, column
from understudy import transforms
from understudy.interfaces import Rule
from understudy.schema import ForeignKey, Schema, Table, TableName, Unique
from understudy.transforms import parse_rule
from understudy.transforms.domains import title

USERS, ORDERS, LINES, NOTES = (TableName("public", name) for name in ("users", "orders", "lines", "notes"))


def table(name, *columns, key=("id",)):
    return Table(name, columns, (Unique(f"{name.name}_pkey", key, primary=True),))


def edge(child, columns, parent, parent_columns, **more):
    return ForeignKey(f"{child.name}_fkey", child, columns, parent, parent_columns, **more)


SHOP = Schema(
    (
        table(USERS, column("id", "integer", arrow_type=pa.int64()), column("boss", "integer"), column("name")),
        table(ORDERS, column("id", "integer"), column("no", "integer"), column("user_id", "integer"), key=("id", "no")),
        table(LINES, column("id", "integer"), column("order_id", "integer"), column("order_no", "integer")),
        table(NOTES, column("id", "integer"), column("subject", "integer"), column("author")),
    ),
    (
        edge(USERS, ("boss",), USERS, ("id",)),
        edge(ORDERS, ("user_id",), USERS, ("id",)),
        edge(LINES, ("order_no", "order_id"), ORDERS, ("no", "id")),
        edge(NOTES, ("subject",), USERS, ("id",), virtual=True, condition="kind = 'user'"),
        edge(NOTES, ("payload",), ORDERS, ("no",), virtual=True, expressions=("(payload->>'no')::int",)),
    ),
)


def named(found):
    return {title(spot): label for spot, label in found.items()}


def spread(**rules):
    parsed = {_spot(name): parse_rule(rule) for name, rule in rules.items()}
    found, refusals = transforms.spread(SHOP, parsed, transforms.domains(SHOP))
    return {title(spot): rule for spot, rule in found.items()}, refusals


def _spot(name):
    owner, _, inner = name.partition("__")
    return TableName("public", owner), inner


def test_columns_are_joined_pair_by_pair_by_every_foreign_key():
    assert named(transforms.domains(SHOP)) == {
        "users.id": "users.id",
        "users.boss": "users.id",
        "orders.user_id": "users.id",
        "notes.subject": "users.id",
        "orders.id": "orders.id",
        "lines.order_id": "orders.id",
        "orders.no": "orders.no",
        "lines.order_no": "orders.no",
    }


def test_the_job_may_join_columns_that_no_key_joins():
    joined = [((USERS, "name"), (NOTES, "author")), ((USERS, "boss"), (ORDERS, "no"))]
    found = named(transforms.domains(SHOP, joined))
    assert found["users.name"] == found["notes.author"] == "notes.author"
    assert found["users.id"] == found["lines.order_no"] == "orders.no"


def test_a_key_to_a_table_that_points_on_makes_one_domain():
    people, staff, desks = (TableName("public", name) for name in ("people", "staff", "desks"))
    columns = {people: column("id", "integer"), staff: column("id", "integer"), desks: column("owner", "integer")}
    tables = tuple(table(name, only, key=(only.name,)) for name, only in columns.items())
    keys = (edge(staff, ("id",), people, ("id",)), edge(desks, ("owner",), staff, ("id",)))
    assert set(transforms.domains(Schema(tables, keys)).values()) == {"people.id"}


def test_columns_without_a_rule_take_that_of_their_domain():
    found, refusals = spread(users__id="key", users__name="full_name")
    assert refusals == []
    assert found["users.boss"] == found["orders.user_id"] == found["notes.subject"] == Rule("key")
    assert found["users.name"] == Rule("full_name") and "notes.author" not in found


def test_a_key_is_told_the_narrowest_type_of_its_domain():
    found, _ = spread(users__id="key", lines__order_id="key")
    assert found["users.id"] == Rule("key", {"within": "int32"}), "bigint, but integers refer to it"
    assert found["orders.id"] == Rule("key")


def test_a_width_that_the_rule_names_is_left_alone():
    found, _ = spread(users__id={"key": {"within": "int16"}})
    assert found["users.id"] == found["orders.user_id"] == Rule("key", {"within": "int16"})


def test_rules_inside_documents_are_told_the_width_of_the_domain_they_name():
    found, _ = spread(notes__author={"json": {"$.user": {"key": {"domain": "users.id"}}}})
    (inside,) = found["notes.author"].options["paths"].values()
    assert inside == Rule("key", {"domain": "users.id", "within": "int32"})


def test_two_rules_in_one_domain_are_refused_by_both_names():
    _, refusals = spread(users__id="key", orders__user_id={"noise": 0.5})
    (refusal,) = refusals
    assert refusal.subject == "orders.user_id" and "noise" in refusal.reason and "`key` of users.id" in refusal.reason
    assert "leave orders.user_id out" in refusal.hint


def test_a_reference_may_be_emptied_whatever_its_domain_does():
    found, refusals = spread(users__id="key", users__boss="null")
    assert refusals == [] and found["users.boss"] == Rule("null")
    assert found["orders.user_id"].name == "key"


def test_equal_values_get_equal_stand_ins_in_all_columns_of_a_domain():
    domains = transforms.domains(SHOP)
    rules, _ = transforms.spread(SHOP, {(USERS, "id"): Rule("key")}, domains)
    found = []
    for name, inner in ((USERS, "id"), (USERS, "boss"), (ORDERS, "user_id"), (NOTES, "subject")):
        owner = SHOP.table(name)
        own = {column: rule for (there, column), rule in rules.items() if there == name}
        transform = transforms.compile(owner, own, key=KEY, domains=domains)
        found.append(transform(batch(owner, **{"id": [1, 2], inner: [5, 70_000]}))[inner].to_pylist())
    assert found[0] == found[1] == found[2] == found[3] != [5, 70_000]


def test_a_schema_without_keys_has_no_domains():
    assert transforms.domains(replace(SHOP, foreign_keys=())) == {}


@pytest.mark.parametrize("rule", ["key", "null", {"noise": 0.1}])
def test_a_column_in_no_domain_keeps_its_own_rule(rule):
    found, refusals = spread(notes__id=rule)
    assert found == {"notes.id": parse_rule(rule)} and refusals == []


def test_rules_inside_are_told_the_width_of_the_domain_they_name():
    key = Rule("key", {"domain": "users.id"})
    array, when = (
        Rule("array", {"each": key}),
        Rule("when", {"where": "value > 1", "then": Rule("key"), "else": Rule("keep")}),
    )
    rules, _ = transforms.spread(SHOP, {(NOTES, "id"): array, (USERS, "id"): when}, transforms.domains(SHOP))
    assert rules[NOTES, "id"].options["each"].options == {"domain": "users.id", "within": "int32"}
    assert rules[USERS, "id"].options["then"].options == {"within": "int32"}
    assert rules[ORDERS, "user_id"].options["then"] == Rule("key")

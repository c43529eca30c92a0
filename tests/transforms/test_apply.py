"""Rules as one function over batches."""

from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

from transforms.sample import KEY, batch, column, people
from understudy import transforms
from understudy.errors import Error, InputError
from understudy.transforms import parse_rule
from understudy.transforms.declare import Rows

TABLE = people(column("email"), column("name"), column("born", "date"))
RULES = {
    "id": parse_rule("key"),
    "email": parse_rule("email"),
    "born": parse_rule({"shift_days": 30, "per": "people.id"}),
}


def compiled(rules=RULES, table=TABLE, **more):
    return transforms.compile(table, rules, key=KEY, domains={}, **more)


def rows(count=3):
    return batch(TABLE, email=[f"p{i}@x.org" for i in range(count)], name=["Ada"] * count, born=[100] * count)


def test_columns_without_a_rule_pass_untouched():
    extra = rows().append_column("_via", pa.array([1, 2, 3], pa.int16()))
    found = compiled()(extra)
    assert found.schema == extra.schema
    assert found["name"].equals(extra["name"]) and found["_via"].equals(extra["_via"])
    assert not found["id"].equals(extra["id"]) and not found["email"].equals(extra["email"])


def test_a_rule_for_a_column_that_is_not_in_the_batch_does_nothing():
    found = compiled()(rows().select(["name", "id"]))
    assert found.schema.names == ["name", "id"]


def test_subjects_are_read_as_they_were_before_masking():
    alone = compiled({"born": RULES["born"]})(rows())
    assert compiled()(rows())["born"].equals(alone["born"])


def test_what_must_be_read_besides_is_known():
    rules = {
        "born": parse_rule({"shift_days": 30, "per": "name"}),
        "email": parse_rule({"template": "{name}@{born}"}),
        "name": parse_rule({"choice": ["a"]}),
    }
    assert transforms.needs(TABLE, rules) == {"name", "born", "id"}
    assert transforms.needs(TABLE, {"email": parse_rule("email")}) == frozenset()


def test_a_missing_subject_is_an_error_that_names_it():
    with pytest.raises(Error, match="'id' was not read"):
        compiled()(rows().select(["born"]))


def test_an_empty_batch_comes_back_as_it_is():
    empty = rows().slice(0, 0)
    assert compiled()(empty).schema == empty.schema and compiled()(empty).num_rows == 0


def test_rules_that_cannot_run_are_refused_when_they_are_compiled():
    for rule, reason in (("email", "does not take date"), ({"bucket": 10}, "one of day")):
        with pytest.raises(InputError, match=reason):
            compiled({"born": parse_rule(rule)})
    with pytest.raises(InputError, match=r"people\.emial"):
        compiled({"emial": parse_rule("email")})


def test_several_threads_may_share_one_function():
    transform = compiled()
    batches = [rows(500).slice(start, 50) for start in range(0, 500, 50)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(transform, batches * 4))
    assert [one.to_pydict() for one in together] == [transform(one).to_pydict() for one in batches] * 4


def test_the_stand_ins_of_this_version_are_pinned():
    """Whoever must change these lines changes what every user's copy looks like, and says so in the changelog."""
    found = compiled()(rows(2)).to_pydict()
    assert found["id"] == [174165161, 657531980]
    assert found["email"] == ["savannah.herring.bzlna7lvrr@example.net", "luis.stone.a5voiwxr2g@example.org"]


def test_rows_may_be_chosen_and_chosen_from_again():
    table = rows(4)
    chosen = Rows(table, {"name": pa.array(["a", "b", "c", "d"])}).at(pa.array([3, 1, 1])).at(pa.array([2, 0]))
    assert chosen.original("email").to_pylist() == ["p1@x.org", "p3@x.org"]
    assert chosen.changed("name").to_pylist() == ["b", "d"] and chosen.changed("id").to_pylist() == [2, 4]


def test_fixed_points_are_counted():
    before = pa.array(["a", "b", None, "d"])
    assert transforms.fixed_points(before, pa.array(["a", "x", None, "d"])) == 2
    assert transforms.fixed_points(pa.array([], pa.string()), pa.array([], pa.string())) == 0
    uuids = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([bytes(16)], pa.binary(16)))
    assert transforms.fixed_points(uuids, uuids) == 1


def test_importing_the_package_reads_no_tables():
    import subprocess
    import sys

    script = "import understudy.transforms; from understudy import locales; print(locales.people.cache_info().currsize)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"

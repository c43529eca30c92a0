"""Which values of a column are an entity and nothing else."""

import pyarrow as pa
import pytest

from understudy.entities import ENTITIES, whole

TELLING = [
    ("ada@example.org", "email"),
    ("łukasz.żak@poczta.pl", "email"),
    ("https://example.org/a?b=1", "url"),
    ("203.0.113.7", "ip"),
    ("2001:db8::1", "ip"),
    ("00:1B:44:11:3A:B7", "mac"),
    ("3f2504e0-4f89-41d3-9a0c-0305e82c3301", "uuid"),
    ("+49 170 1234567", "phone"),
    ("(212) 555-0142", "phone"),
    ("4111 1111 1111 1111", "card"),
    ("DE89 3704 0044 0532 0130 00", "iban"),
    ("DEUTDEFF500", "bic"),
    ("219-09-9999", "ssn"),
    ("2024-05-01", "date"),
    ("1. Mai 2024", "date"),
    ("2024-05-01 14:48:14", "datetime"),
    ("14:48", "time"),
    ("12 Baker Street", "address"),
    ("Kurfürstenstraße 12", "address"),
    ("10 rue de la Paix", "address"),
    ("NW1 6XE", "postcode"),
    ("52.51704, 13.38886", "coordinates"),
    ("Analytical Engines Ltd.", "company"),
    ("Ada Lovelace", "person"),
    ("Kowalska Anna", "person"),
    ("Ada", "first_name"),
    ("Kowalska", "last_name"),
    ("AKIAIOSFODNN7EXAMPLE", "secret"),
]

NOBODY = [
    "",
    "hello",
    "7",
    "3.14",
    "AB-12",
    "pending",
    "2024-13-45x",
    "a@b",
    "4111 1111 1111 1112",
    "DE88370400440532013000",
]


@pytest.fixture(scope="module")
def told():
    """For every value, and with blanks around it, which entities it is."""
    values = [value for value, _ in TELLING] + NOBODY
    padded = [f"  {value} " for value in values]
    found = whole(pa.array(values + padded))
    names = {
        value: {name for name, is_one in found.items() if is_one[place].as_py()}
        for place, value in enumerate(values + padded)
    }
    assert all(names[value] == names[f"  {value} "] for value in values)
    return names


@pytest.mark.parametrize(("value", "name"), TELLING)
def test_a_value_is_told_by_its_look(told, value, name):
    assert name in told[value]


@pytest.mark.parametrize("value", NOBODY)
def test_plain_values_and_wrong_check_digits_are_nobody(told, value):
    assert told[value] == set()


def test_null_stays_null_and_numbers_are_looked_at_as_they_are_written():
    found = whole(pa.array([4111111111111111, None, 7]), ["card"])
    assert found["card"].to_pylist() == [True, None, False]


def test_every_entity_says_in_plain_words_what_it_is():
    for name, entity in ENTITIES.items():
        assert entity.name == name
        assert entity.summary.startswith(("a ", "an ", "the ", "how "))
        assert entity.example

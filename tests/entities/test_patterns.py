"""Which values of a column are an entity and nothing else."""

import pyarrow as pa
import pytest

from understudy.entities import ENTITIES, whole


def entities_of(value):
    return [name for name, verdict in whole(pa.array([value])).items() if verdict[0].as_py()]


@pytest.mark.parametrize(
    ("value", "name"),
    [
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
    ],
)
def test_a_value_is_told_by_its_look(value, name):
    assert name in entities_of(value)
    assert name in entities_of(f"  {value} ")


@pytest.mark.parametrize("value", ["", "hello", "7", "3.14", "AB-12", "pending", "2024-13-45x", "a@b"])
def test_plain_values_are_nobody(value):
    assert entities_of(value) == []


def test_null_stays_null_and_numbers_are_looked_at_as_they_are_written():
    found = whole(pa.array([4111111111111111, None, 7]), ["card"])
    assert found["card"].to_pylist() == [True, None, False]


def test_every_entity_says_in_plain_words_what_it_is():
    for name, entity in ENTITIES.items():
        assert entity.name == name
        assert entity.summary.startswith(("a ", "an ", "the ", "how "))
        assert entity.example

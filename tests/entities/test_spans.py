"""Where in texts personal data stands."""

import pyarrow as pa
import pytest

from understudy.entities import ENTITIES, spans
from understudy.errors import InputError


def found(text, *names):
    texts = pa.array([text])
    there = spans(texts, names or None)
    return [
        (there.names[entity], part) for entity, part in zip(there.entity, there.texts(texts).to_pylist(), strict=True)
    ]


def test_a_note_with_many_things_in_it():
    note = (
        "Mr. Gray, call me at 617-248-4867 or +49 170 1234567, ada@example.org. "
        "See https://example.org/a?b=1, born 04/17/1960, from 10.0.0.1"
    )
    assert found(note) == [
        ("person", "Gray"),
        ("phone", "617-248-4867"),
        ("phone", "+49 170 1234567"),
        ("email", "ada@example.org"),
        ("url", "https://example.org/a?b=1"),
        ("birth_date", "04/17/1960"),
        ("ip", "10.0.0.1"),
    ]


def test_only_what_is_asked_for_is_found():
    assert found("Ada Lovelace, ada@example.org", "email") == [("email", "ada@example.org")]


def test_an_entity_that_does_not_exist_is_refused_with_the_closest_one():
    with pytest.raises(InputError, match="entity 'mail' does not exist") as caught:
        spans(pa.array(["x"]), ["mail"])
    assert "email" in caught.value.hint


def test_null_and_empty_texts_hold_nothing():
    assert len(spans(pa.array([None, "", " "], pa.string()))) == 0
    assert len(spans(pa.array([], pa.string()))) == 0


@pytest.mark.parametrize("entity", ENTITIES.values(), ids=lambda entity: entity.name)
def test_the_example_of_an_entity_is_found_in_a_sentence(entity):
    if entity.name in ("first_name", "last_name"):
        pytest.skip("inside a text they are a person")
    assert entity.name in [name for name, _ in found(f"see {entity.example}, please", entity.name)]


def test_places_are_bytes_from_where_the_row_starts():
    texts = pa.array(["żółw", None, "żółw ada@example.org"])
    there = spans(texts)
    assert (there.row.tolist(), there.start.tolist(), there.end.tolist()) == ([2], [8], [23])

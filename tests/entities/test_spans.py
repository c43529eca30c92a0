"""Where in texts personal data stands."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.entities import ENTITIES, Entity, Shape, spans, whole
from understudy.entities.spans import resolve
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


INSIDE = [entity for name, entity in ENTITIES.items() if name not in ("first_name", "last_name")]  # parts of a person


@pytest.mark.parametrize("entity", INSIDE, ids=lambda entity: entity.name)
def test_the_example_of_an_entity_is_found_in_a_sentence(entity):
    assert entity.name in [name for name, _ in found(f"see {entity.example}, please", entity.name)]


def test_places_are_bytes_from_where_the_row_starts():
    texts = pa.array(["żółw", None, "żółw ada@example.org"])
    there = spans(texts)
    assert (there.row.tolist(), there.start.tolist(), there.end.tolist()) == ([2], [8], [23])


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("Ada Lovelace wrote it", ["Ada Lovelace"]),
        (
            "ask Grace M. Hopper, J. Smith and Anna-Maria van der Berg",
            ["Grace M. Hopper", "J. Smith", "Anna-Maria van der Berg"],
        ),
        ("Mr. Gray and Frau Dr. Weiß", ["Gray", "Weiß"]),
        ("Dear Rubija, my name is Zweitname.", ["Rubija", "Zweitname"]),
        ("Kind regards,\nTimotea", ["Timotea"]),
        ("Ada's note, Ada’s note", ["Ada", "Ada"]),
        ("Łukasz Żak, Ελένη Παπαδοπούλου, Krisztián Kowalski", ["Łukasz Żak", "Krisztián Kowalski"]),
        ("昨日、山田太郎さんが王伟先生に会った", ["山田太郎", "王伟"]),
        ("السيد محمد العلي", ["محمد العلي"]),
        ("श्री अमित शर्मा", ["अमित शर्मा"]),
    ],
)
def test_people_are_found_by_dictionary_and_by_what_stands_around_them(text, people):
    assert [part for _, part in found(text, "person")] == people


@pytest.mark.parametrize(
    "text",
    [
        "He will call in May or June, Rose wine in hand",
        "Dear Customer, Dear Sir",
        "Blood Pressure and Type Diabetes at General Hospital",
        "St. James Hospital, Victoria Station, Florence",
        "Please Note: The Manager Said No",
        "",
    ],
)
def test_what_only_looks_like_a_name_is_nobody(text):
    assert found(text, "person") == []


@pytest.mark.parametrize(
    "number",
    [
        "+1 (212) 555-0142",
        "212.555.0142",
        "(212) 555-0142 x77",
        "030 1234567",
        "0171/2345678",
        "+44 20 7946 0958",
        "01 23 45 67 89",
    ],
)
def test_telephone_numbers_of_many_forms(number):
    assert found(f"you reach me under {number}, always", "phone") == [("phone", number)]


@pytest.mark.parametrize("text", ["order 2125550142999", "v1.2.3.4", "5/6/2021", "2021-05-06", "12,000.50", "1234567"])
def test_other_numbers_are_no_telephone(text):
    assert found(text, "phone") == []


@pytest.mark.parametrize(
    "date",
    [
        "2021-05-06",
        "5/6/2021",
        "06.05.21",
        "May 5th, 2021",
        "5 May",
        "12. März 2021",
        "3 de mayo de 2021",
        "2021年5月6日",
    ],
)
def test_days_of_many_forms(date):
    assert found(f"seen on {date} at noon", "date") == [("date", date)]


@pytest.mark.parametrize("text", ["version 2021-99-99", "chapter 5.6.7.8", "he may 5 times", "in 1999"])
def test_what_is_no_day_is_left(text):
    assert found(text, "date") == []


def test_a_number_with_wrong_check_digits_is_no_card_and_no_account():
    assert found("4111 1111 1111 1112 and DE88 3704 0044 0532 0130 00", "card", "iban") == []


def test_a_card_of_no_known_brand_is_one_where_the_text_says_so():
    assert found("my credit card number is 180016070420458!", "card") == [("card", "180016070420458")]
    assert found("order 180016070420458", "card") == []


def test_the_longer_span_counts_where_two_overlap():
    assert found("ada@berlin.de at Ada Lovelace Ltd.") == [("email", "ada@berlin.de"), ("company", "Ada Lovelace Ltd.")]


def test_a_span_never_reaches_into_the_next_row():
    texts = pa.array(["call +49 170", "1234567 now", "Dear", "Rubija", "https://example.org/", "path"])
    there = spans(texts)
    assert [(row, part) for row, part in zip(there.row, there.texts(texts).to_pylist(), strict=True)] == [
        (4, "https://example.org/")
    ]


WORDS = [
    "Ada",
    "Lovelace",
    "Dear",
    "Mr.",
    "call",
    "+49 170 1234567",
    "ada@x.org",
    "5 May 2021",
    "12 Baker Street",
    "\n",
    "żółw",
    "山田太郎",
]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join) | st.none(), max_size=8), st.data())
def test_a_row_is_searched_as_if_it_were_alone(rows, data):
    cut = data.draw(st.integers(0, len(rows)))
    texts = pa.array(rows, pa.string())
    together, before, after = spans(texts), spans(texts[:cut]), spans(texts[cut:])
    parts = [*zip(before.row, before.start, before.end, before.entity, strict=True)]
    parts += [*zip(after.row + cut, after.start, after.end, after.entity, strict=True)]
    assert [*zip(together.row, together.start, together.end, together.entity, strict=True)] == parts


def test_an_entity_of_ones_own_is_found_once_it_is_there(monkeypatch):
    badge = Entity(
        name="badge",
        summary="the number of a badge",
        sensitivity="direct",
        example="badge QX-1234",
        whole="QX-[0-9]{4}",
        shapes=(Shape(r"QX-\d{4}(?!\w)", "QX-[0-9]{4}", near=r"badge\W+$", check=lambda text: text != "QX-0000"),),
    )
    monkeypatch.setitem(ENTITIES, "badge", badge)
    assert found("badge QX-1234, badge QX-0000, car QX-5678") == [("badge", "QX-1234")]
    assert whole(pa.array(["QX-1234", "QX-12"]), ["badge"])["badge"].to_pylist() == [True, False]


def test_patterns_that_only_re_understands_are_found_too(monkeypatch):
    wing = Entity(
        "wing", "a wing of a house", "quasi", "Wing BB", shapes=(Shape(r"(\w)\1", "", before=r"(?s:\W)gniW"),)
    )
    monkeypatch.setitem(ENTITIES, "wing", wing)
    assert found("Wing BB, Wing-cc, BB, Wing CD, Wingdd", "wing") == [("wing", "Wing BB"), ("wing", "Wing-cc")]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9), st.integers(0, 3)), max_size=12))
def test_of_spans_that_overlap_the_longest_stays_and_of_equal_ones_the_first_entity(some):
    spans_ = [(start, start + size, kind) for start, size, kind in some]
    expected = []
    for span in sorted(spans_, key=lambda one: (one[0] - one[1], one[2], one[0])):
        if all(span[0] >= other[1] or span[1] <= other[0] for other in expected):
            expected.append(span)
    start, end, kind = (np.array([one[field] for one in spans_], np.int64) for field in range(3))
    assert [spans_[number] for number in resolve(start, end, kind)] == sorted(expected)


def test_many_texts_are_searched_as_few_are():
    rows = [f"see {entity.example}, or not" for entity in INSIDE]
    alone = [triples(spans(pa.array([text]))) for text in rows]
    many = spans(pa.array(rows * 5))
    expected = [(row, *rest) for row, few in enumerate(alone * 5) for rest in few]
    assert [(int(row), *rest) for row, rest in zip(many.row, triples(many), strict=True)] == expected


def triples(there):
    return [(int(s), int(e), there.names[k]) for s, e, k in zip(there.start, there.end, there.entity, strict=True)]

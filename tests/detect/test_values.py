"""What sampled values tell, under names that say nothing."""

import random

import pyarrow as pa
import pytest

from detect.tiny import column, found, schema, survey, table
from understudy import detect

GIVEN = (
    "Ada Grace Alan Edsger Barbara Donald John Mary Anna Peter Laura Thomas Julia David Maria Paul Emma Robert".split()
)
FAMILY = "Smith Johnson Williams Brown Jones Miller Davis Wilson Anderson Taylor Moore Martin Clark Lewis".split()


def luhn(digits: str) -> str:
    """The digits with the check digit that makes them a card number."""
    doubled = [int(d) * 2 if n % 2 == 0 else int(d) for n, d in enumerate(reversed(digits))]
    return digits + str(-sum(d // 10 + d % 10 for d in doubled) % 10)


def cards(count: int = 40, *, right: bool = True) -> list[str]:
    draw = random.Random(1)
    numbers = [luhn(f"4{draw.randrange(10**14):014}") for _ in range(count)]
    return numbers if right else [number[:-1] + str((int(number[-1]) + 3) % 10) for number in numbers]


VALUES = {
    "email": [f"ada{n}@mail.test" for n in range(20)],
    "card": cards(),
    "ip": [f"10.0.{n}.{n * 7 % 250}" for n in range(30)],
    "mac": [f"00:1b:44:11:3a:{n:02x}" for n in range(30)],
    "iban": ["DE89 3704 0044 0532 0130 00", "GB29 NWBK 6016 1331 9268 19", "FR14 2004 1010 0505 0001 3M02 606"] * 5,
    "first_name": GIVEN * 3,
    "full_name": [f"{GIVEN[n % 18]} {FAMILY[n % 14]}" for n in range(60)],
    "gender": ["male", "female", "female", "male", "other"] * 8,
    "marital_status": ["single", "married", "divorced", "widowed"] * 8,
    "ethnicity": ["Asian", "Black", "White", "Hispanic", "Other"] * 8,
    "religion": ["katholisch", "evangelisch", "muslimisch", "konfessionslos"] * 8,
    "job_title": ["Sales Manager", "Software Engineer", "Office Clerk", "Nurse", "Director"] * 6,
    "health": ["Diabetes", "Asthma", "High blood pressure", "Migraine", "Arthritis"] * 6,
    "country": ["Germany", "France", "Italy", "Spain", "Poland", "Brazil"] * 6,
    "secret": [f"$2b$12${n:022}{n:031}" for n in range(20)],
    "address": [f"{n} Market Street" for n in range(1, 40)],
    "user_agent": [f"Mozilla/5.0 (X11; Linux x86_64) Gecko/{n} Firefox/{n}" for n in range(20)],
}


@pytest.mark.parametrize("entity", VALUES)
def test_values_tell_what_they_are(entity):
    assert found({"t": {"c7": VALUES[entity]}}) == {"t.c7": entity}


@pytest.mark.parametrize(
    "values",
    [
        cards(right=False),
        [f"SKU-{n:05}" for n in range(50)],
        ["open", "closed", "pending"] * 20,
        ["red", "green", "blue", "violet"] * 20,
        [f"2024-01-{n % 28 + 1:02}" for n in range(50)],
        [*(f"{n % 12 + 1:02}/{n % 28 + 1:02}/19{60 + n % 40}" for n in range(200)), "08/2010"],
        [f"v1.{n}.0" for n in range(50)],
        [f"/var/log/app/{n}.log" for n in range(50)],
        ["EUR", "USD", "GBP"] * 20,
        [str(n) for n in range(1000, 1050)],
        ["true", "false"] * 20,
        ["", " ", None],
    ],
)
def test_values_of_other_kinds_are_not_personal(values):
    assert found({"t": {"c7": values}}) == {}


def test_a_card_number_in_a_number_column_is_found_by_its_check_digit():
    assert found({"t": {"c7": [int(number) for number in cards()]}}) == {"t.c7": "card"}
    assert found({"t": {"c7": [int(number) for number in cards(right=False)]}}) == {}


def test_a_name_whose_values_say_otherwise_is_doubted():
    rows = {"email": ["yes", "no"] * 20, "phone": ["landline", "mobile"] * 20}
    assert found({"t": rows}) == {}
    assert [one.entity for one in survey({"t": rows}).findings] == []


def test_values_that_agree_with_a_name_make_it_surer():
    sure = {
        one.place: one.confidence for one in survey({"t": {"email": VALUES["email"], "c7": VALUES["email"]}}).findings
    }
    assert sure["t.email"] > sure["t.c7"] > 0.9
    (by_name,) = detect.detect(schema(table("t", column("email"))), None)
    assert sure["t.email"] > by_name.confidence


def test_two_columns_of_degrees_are_a_position():
    draw = random.Random(2)
    rows = {
        "c1": [round(37 + draw.random(), 6) for _ in range(40)],
        "c2": [round(-122 + draw.random(), 6) for _ in range(40)],
        "c3": [round(draw.random() * 50, 2) for _ in range(40)],
    }
    assert found({"rides": rows}) == {"rides.c1": "latitude", "rides.c2": "longitude"}


def test_dates_of_birth_are_told_from_other_dates_by_their_name_and_surer_by_their_years():
    born = pa.array([f"{1940 + n % 60}-05-17" for n in range(60)]).cast(pa.date32())
    lately = pa.array([f"{2020 + n % 5}-05-17" for n in range(60)]).cast(pa.date32())
    confidence = {one.place: one.confidence for one in survey({"t": {"dob": born, "date_of_birth": lately}}).findings}
    assert confidence["t.dob"] > confidence["t.date_of_birth"]


def test_a_random_token_is_doubtful_without_a_name_and_a_secret_with_one():
    draw = random.Random(3)
    tokens = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyzABCDEF0123456789", k=40)) for _ in range(40)]
    seen = {one.place: one.confidence for one in survey({"t": {"c7": tokens, "access_token": tokens}}).findings}
    assert seen["t.access_token"] > 0.8
    assert detect.DOUBTFUL <= seen["t.c7"] < detect.FOUND


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ([f"{n} Market Street\nSpringfield, IL {62000 + n}" for n in range(40)], '{address: {separator: "\\n"}}'),
        ([f"{n} Oak Ave, Suite {n}, Springfield, IL {62000 + n}-0001" for n in range(10, 50)], "address"),
        ([f"Hauptstraße {n}a, {10100 + n} Berlin" for n in range(1, 40)], "address"),
        ([f"12 rue de Rivoli, {75000 + n} Paris, France" for n in range(1, 40)], "address"),
        ([f"{n} Market Street" for n in range(1, 40)], "street"),
    ],
)
def test_whole_addresses_become_whole_addresses_and_streets_streets(values, rule):
    (finding,) = survey({"orders": {"ship_address": values}}).findings
    assert finding.entity == "address" and finding.rule == rule


def test_sentences_with_numbers_are_no_addresses():
    notes = [f"3 parcels came late, we refunded {4000 + n} of them" for n in range(40)]
    assert "address" not in found({"t": {"c": notes}}).values()


def test_how_something_is_shipped_is_no_street_and_numbers_of_houses_are_addresses_however_few():
    few = [str(n % 3 + 1) for n in range(39)]
    places = {"ship_address": VALUES["address"], "ship_city": ["Berlin", "Paris", "Rome"] * 13}
    assert "orders.ship_via" not in found({"orders": {**places, "ship_via": few}})
    assert found({"orders": {**places, "via": [str(n * 7 % 90) for n in range(39)]}})["orders.via"] == "address"
    for name in ("house_number", "suite", "via"):
        assert found({"orders": {**places, name: few}})[f"orders.{name}"] == "address"

"""National identifiers: valid ones become other valid ones, and what they say of a person is exchanged too."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from transforms.sample import KEY, column, masked, people
from understudy import transforms
from understudy.entities.checksums import SCHEMES, samples, valid
from understudy.errors import InputError
from understudy.schema import Schema
from understudy.transforms import TRANSFORMERS, parse_rule
from understudy.transforms.catalogue.national_ids import MAIN, NATIONAL_IDS
from understudy.transforms.identifiers import Identifiers

KINDS = sorted(name for name, scheme in SCHEMES.items() if scheme.country or name == "vat")
SUBKEY = KEY.subkey("test")


def are_valid(name: str, texts: list[str]) -> list[bool]:
    return valid(name, pa.array(texts, pa.string())).to_pylist()


def several(name: str, count: int) -> list[str]:
    """Valid identifiers like the example of a kind."""
    return list(dict.fromkeys(samples(name, count + count // 10).to_pylist()))[:count]


def test_kinds_are_those_of_countries():
    assert len(KINDS) > 80 and set(MAIN.values()) <= set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_valid_ones_become_other_valid_ones_and_come_back(name):
    identifiers = Identifiers(SUBKEY, SCHEMES[name])
    values = pa.array(several(name, 60))
    found = identifiers(values)
    assert valid(name, found).to_pylist() == [True] * 60
    assert not any(before == after for before, after in zip(values.to_pylist(), found.to_pylist(), strict=True))
    assert len(set(found.to_pylist())) == 60
    assert identifiers.restore(found).equals(values)


@pytest.mark.parametrize("name", KINDS)
def test_wrong_ones_stay_wrong_and_come_back(name):
    identifiers = Identifiers(SUBKEY, SCHEMES[name])
    random = np.random.default_rng(1)
    texts = []
    for text in several(name, 60):
        places = [place for place, character in enumerate(text) if character.isdigit()]
        place = int(random.choice(places))
        texts.append(text[:place] + str(random.integers(0, 10)) + text[place + 1 :])
    values = pa.array([*texts, "n/a", "1", "", "ü 12", "x" * 40])
    found = identifiers(values)
    assert valid(name, found).equals(valid(name, values))
    assert identifiers.restore(found).equals(values)


@pytest.mark.parametrize("name", sorted(SCHEMES))
def test_what_people_type_where_they_have_none_is_masked_too(name):
    filled = {form.length: "".join(place[0] for place in form.allowed) for form in SCHEMES[name].forms}
    typed = [*filled.values(), *(digit * length for length in filled for digit in "019A")]
    identifiers = Identifiers(SUBKEY, SCHEMES[name])
    found = identifiers(pa.array(typed))
    assert all(before != after for before, after in zip(typed, found.to_pylist(), strict=True))
    assert identifiers.restore(found).to_pylist() == typed
    assert valid(name, found).equals(valid(name, pa.array(typed)))


def numbers_of(name: str, values: list[str]) -> list[str]:
    return masked({"national_id": name}, values)


@pytest.mark.parametrize(
    ("name", "values", "born"),
    [
        ("pesel", ["44051401359", "02270803624"], lambda text: text[:6]),
        ("resident_id", ["11010519491231002X"], lambda text: text[6:14]),
        ("codice_fiscale", ["RSSMRA85T10A562S"], lambda text: text[6:11]),
        ("nir", ["255081416802538"], lambda text: text[:5]),
        ("cnp", ["1800101221144"], lambda text: text[1:7]),
        ("fodselsnummer", ["15108695088"], lambda text: text[:6]),
        ("za_id", ["8001015009087"], lambda text: text[:6]),
        ("personnummer", ["198112189876"], lambda text: text[:8]),
    ],
)
def test_dates_of_birth_in_them_are_exchanged(name, values, born):
    for before, after in zip(values, numbers_of(name, values), strict=True):
        assert born(before) != born(after)


def test_dates_of_birth_are_spread_over_all_years_and_exist():
    born = []
    for text in numbers_of("pesel", several("pesel", 600)):
        year, month, day = int(text[:2]), int(text[2:4]), int(text[4:6])
        born.append(date((2000 if month > 20 else 1900) + year, month % 20, day))
    assert {one.year // 10 for one in born} >= {190, 193, 196, 199}
    assert max(born) < date(2020, 1, 1)


def test_children_stay_children_so_that_nobody_is_born_in_the_next_years():
    (child,) = numbers_of("resident_id", ["110105202312310" + tail for tail in ("010",)])
    assert 2020 <= int(child[6:10]) < 2040


def test_places_in_them_are_exchanged():
    values = several("resident_id", 400)
    assert len({text[:2] for text in numbers_of("resident_id", values)}) > 25
    same = ["11" + text[2:] for text in values]
    assert len({text[:2] for text in numbers_of("resident_id", same)}) > 25, "wrong ones too"


def test_a_social_security_number_is_never_of_an_area_that_is_not_given_out():
    values = [
        f"{area:03}-{group:02}-{serial:04}"
        for area in (1, 665, 667, 899)
        for group in (1, 99)
        for serial in range(1, 60)
    ]
    for text in masked("ssn", values):
        assert re.fullmatch(r"(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}", text)


def test_one_that_is_not_given_out_becomes_another_such():
    for text in masked("ssn", ["000-12-3456", "666-12-3456", "987-65-4320", "123-00-1234"]):
        assert re.fullmatch(r"\d{3}-\d{2}-\d{4}", text) and are_valid("ssn", [text]) == [False]


def test_social_security_numbers_that_were_stored_as_numbers_agree_with_texts():
    (text,), (number,) = masked("ssn", ["001-23-4567"]), masked("ssn", [1234567], "integer")
    assert int(text.replace("-", "")) == number


def test_a_place_of_a_company_holds_the_stand_in_of_the_company():
    (company,) = numbers_of("siren", ["732829320"])
    places = numbers_of("siret", ["73282932000074", "732 829 320 00074"])
    assert places[0].startswith(company) and places[1].replace(" ", "") == places[0]
    (french,) = masked("vat", ["FR40303265045"])
    (inside,) = numbers_of("siren", ["303265045"])
    assert french.endswith(inside)


@pytest.mark.parametrize(
    ("vat", "kind", "inside"),
    [
        ("PL8567346215", "nip", 2),
        ("ESX2482300W", "nie", 2),
        ("HR33392005961", "oib", 2),
        ("IT00743110157", "partita_iva", 2),
    ],
)
def test_a_vat_number_holds_the_stand_in_of_the_national_number(vat, kind, inside):
    (found,), (national,) = masked("vat", [vat]), numbers_of(kind, [vat[inside:]])
    assert found == vat[:inside] + national


def test_a_goods_and_services_number_holds_the_stand_in_of_its_holder():
    (found,), (holder,) = numbers_of("gstin", ["27AAPFU0939F1ZV"]), numbers_of("pan_in", ["AAPFU0939F"])
    assert found[2:12] == holder


def test_the_x_of_a_check_digit_is_exchanged_for_digits_but_a_small_one_is_not():
    capitals = [text for text in several("resident_id", 1500) if text.endswith("X")]
    assert len({text[-1] for text in numbers_of("resident_id", capitals)}) > 5
    small = numbers_of("resident_id", [text.lower() for text in capitals])
    assert {text[-1] for text in small} == {"x"} and all(are_valid("resident_id", small))


def test_where_case_does_not_matter_a_small_x_is_as_good_as_a_capital():
    (one,), (other_case,) = (
        masked({"national_id": "resident_id"}, [text], key_sql="lower(v)")
        for text in ("11010519491231002X", "11010519491231002x")
    )
    assert one.lower() == other_case.lower()


def test_a_tax_number_has_one_digit_twice_or_thrice_as_it_had():
    twice, thrice = masked("steuer_id", ["86095742719", "65929970489"])
    assert sorted(twice[:10].count(digit) for digit in set(twice[:10])) == [1] * 8 + [2]
    assert sorted(thrice[:10].count(digit) for digit in set(thrice[:10])) == [1] * 7 + [3]


def test_a_spanish_column_may_hold_citizens_foreigners_and_companies():
    found = masked("nif", ["54362315K", "X2482300W", "A58818501"])
    assert found[0][0].isdigit() and found[1][0] in "XYZ" and found[2][0] == "A"
    assert all(are_valid("nif", found))
    assert found[0] == numbers_of("dni", ["54362315K"])[0]


@pytest.mark.parametrize("name", sorted(NATIONAL_IDS.keys() - {"national_id"}))
def test_the_short_name_of_a_kind_is_that_kind(name):
    example = SCHEMES[name].example
    assert masked(name, [example]) == numbers_of(name, [example])
    assert TRANSFORMERS[name].inverse is not None


def test_the_country_may_stand_for_its_main_kind():
    assert masked({"national_id": {"country": "PL"}}, ["44051401359"]) == numbers_of("pesel", ["44051401359"])
    assert MAIN["US"] == "ssn" and MAIN["ES"] == "nif" and MAIN["JP"] == "my_number"


def refused(rule) -> str:
    table = people(column("v"))
    found = transforms.refusals(Schema((table,)), {(table.name, "v"): parse_rule(rule)}, {})
    return str(found[0]) if found else ""


def test_a_rule_without_a_kind_is_refused_with_all_there_are():
    assert all(kind in refused("national_id") for kind in ("pesel", "ssn", "codice_fiscale"))
    assert "no kind of DE" in refused({"national_id": {"kind": "pesel", "country": "DE"}})
    with pytest.raises(InputError, match=r"one of .*pesel"):
        parse_rule({"national_id": "pessel"})

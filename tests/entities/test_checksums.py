"""Identifiers: published samples are valid, and every algorithm agrees with one written as its standard reads."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.entities import check_digits
from understudy.entities.check_digits import CHARACTERS, DIGITS, Check, counts, powers
from understudy.entities.checksums import SCHEMES, samples, scheme, valid
from understudy.errors import InputError

PUBLISHED = [  # where each comes from stands beside it
    ("card", "4111 1111 1111 1111", "Visa's test card"),
    ("card", "3782 822463 10005", "American Express's test card"),
    ("card", "5555-5555-5555-4444", "Mastercard's test card"),
    ("iban", "GB29 NWBK 6016 1331 9268 19", "SWIFT IBAN registry"),
    ("iban", "DE89 3704 0044 0532 0130 00", "SWIFT IBAN registry"),
    ("iban", "FR14 2004 1010 0505 0001 3M02 606", "SWIFT IBAN registry"),
    ("iban", "MT84MALT011000012345MTLCAST001S", "SWIFT IBAN registry"),
    ("iban", "nl91abna0417164300", "SWIFT IBAN registry, in lower case"),
    ("bic", "DEUTDEFF500", "ISO 9362"),
    ("isin", "US0378331005", "Apple's shares"),
    ("isin", "AU0000XVGZA3", "ISO 6166, annex"),
    ("cusip", "037833100", "Apple's shares"),
    ("sedol", "0263494", "BAE Systems' shares"),
    ("lei", "5493001KJTIIGC8Y1R12", "Bloomberg's own"),
    ("routing_number", "021000021", "JPMorgan Chase's"),
    ("imei", "49-015420-323751-8", "3GPP TS 23.003"),
    ("vin", "1M8GDM9AXKP042788", "49 CFR 565"),
    ("npi", "1234567893", "CMS, requirements for the check digit"),
    ("mbi", "1EG4-TE5-MK73", "CMS, the card's sample"),
    ("cpf", "111.444.777-35", "Receita Federal"),
    ("cnpj", "12.ABC.345/01DE-35", "Receita Federal, the numbers with letters of 2026"),
    ("curp", "HEGG560427MVZRRL04", "RENAPO"),
    ("nhs_number", "943 476 5919", "NHS data dictionary"),
    ("nir", "2 55 08 14 168 025 38", "INSEE"),
    ("siren", "732 829 320", "INSEE"),
    ("siret", "732 829 320 00074", "INSEE"),
    ("steuer_id", "86 095 742 719", "Bundeszentralamt für Steuern"),
    ("rvnr", "65 170839 J 003", "Deutsche Rentenversicherung"),
    ("personalausweis", "T220001293", "Bundesministerium des Innern"),
    ("ahv", "756.9217.0769.85", "Zentrale Ausgleichsstelle"),
    ("svnr", "1237 010180", "Österreichische Sozialversicherung"),
    ("codice_fiscale", "RSSMRA85T10A562S", "Agenzia delle Entrate"),
    ("bsn", "111222333", "Rijksdienst voor Identiteitsgegevens"),
    ("pesel", "44051401359", "Ministerstwo Cyfryzacji"),
    ("hetu", "131052-308T", "Digi- ja väestötietovirasto"),
    ("personnummer", "811218-9876", "Skatteverket"),
    ("cpr", "070761-4285", "CPR-kontoret"),
    ("aadhaar", "2341 2341 2346", "UIDAI"),
    ("resident_id", "11010519491231002X", "GB 11643-1999"),
    ("uscc", "91110000600037341L", "GB 32100-2015"),
    ("my_number", "1234 5678 9018", "National Tax Agency, Japan"),
    ("corporate_number", "7000012050002", "National Tax Agency, Japan"),
    ("tfn", "123 456 782", "Australian Taxation Office"),
    ("abn", "51 824 753 556", "Australian Business Register"),
    ("ird", "49-091-850", "Inland Revenue, New Zealand"),
    ("hkid", "G123456(A)", "Immigration Department, Hong Kong"),
    ("vat", "FR40303265045", "European Commission, VIES algorithms"),
    ("vat", "ATU13585627", "European Commission, VIES algorithms"),
    ("vat", "NL004495445B01", "European Commission, VIES algorithms"),
]

OF_COUNTRIES = """
AL47212110090000000235698741 BA391290079401028494 BE68539007547034 CZ6508000000192000145399 EE382200221020145685
ES9121000418450200051332 FI2112345600000785 FR1420041010050500013M02606 HR1210010051863000160
HU42117730161111101800000000 IT60X0542811101000000123456 MC5811222000010123456789030 ME25505000012345678951
MK07250120000058984 MR1300020001010000123456753 NO9386011117947 PL61109010140000071219812874
PT50000201231234567890154 RS35260005601001611379 SI56263300012039086 SK3112000000198742637541
SM86U0322509800000000270100 TL380080012345678910157 TN5910006035183598478831
""".split()  # from the SWIFT IBAN registry, those with check digits of their own


def is_valid(name: str, text: str | None) -> bool | None:
    (found,) = valid(name, pa.array([text], pa.string())).to_pylist()
    return found


@pytest.mark.parametrize(("name", "text", "source"), PUBLISHED)
def test_published_samples_are_valid(name, text, source):
    assert is_valid(name, text)


@pytest.mark.parametrize("name", sorted(SCHEMES))
def test_every_kind_has_a_valid_example(name):
    assert is_valid(name, SCHEMES[name].example)
    assert is_valid(name, SCHEMES[name].example.lower())


@pytest.mark.parametrize("text", OF_COUNTRIES)
def test_countries_own_check_digits_are_right_in_the_registrys_samples(text):
    (core,) = values_of([text])
    (found,) = SCHEMES["iban"].readings(core)
    assert found.exact and not found.reading.off.any()


WRONG = [
    ("ssn", "000-12-3456"),
    ("ssn", "666-12-3456"),
    ("ssn", "900-12-3456"),
    ("ssn", "123-00-3456"),
    ("ssn", "123-45-0000"),
    ("card", "4111 1111 1111 1112"),
    ("card", "1234 5678 9012 3452"),
    ("card", "4111:1111:1111:1111"),
    ("iban", "GB29 NWBK 6016 1331 9268 18"),
    ("iban", "GB29 NWBK 6016 1331 9268 1"),
    ("cpf", "111.111.111-11"),
    ("pesel", "44133101356"),
    ("codice_fiscale", "RSSMRA85T10A562X"),
    ("steuer_id", "12345678903"),
    ("bic", "DEUTXXFF"),
    ("nino", "QQ123456C"),
    ("routing_number", "990000001"),
    ("resident_id", "11010519491331002X"),
    ("aadhaar", "1341 2341 2346"),
    ("card", ""),
    ("card", "n/a"),
    ("card", "４１１１１１１１１１１１１１１１"),
]


@pytest.mark.parametrize(("name", "text"), WRONG)
def test_wrong_check_digits_ranges_and_lengths_are_not_valid(name, text):
    assert is_valid(name, text) is False


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
def test_null_is_neither_valid_nor_not_whatever_the_array(kind):
    texts = pa.array(["x", "4111111111111111", None, "4111111111111112"], pa.string()).cast(kind)
    assert valid("card", texts).to_pylist() == [False, True, None, False]
    assert valid("card", texts.slice(1, 2)).to_pylist() == [True, None]
    assert valid("card", texts.slice(0, 0)).to_pylist() == []


def test_a_kind_that_does_not_exist_is_named_with_the_closest():
    with pytest.raises(InputError, match=r"pessel.*") as caught:
        scheme("pessel")
    assert "pesel" in str(caught.value) + caught.value.hint


@pytest.mark.parametrize("name", sorted(name for name, kind in SCHEMES.items() if kind.checked))
def test_few_texts_are_valid_by_chance_where_there_are_check_digits(name):
    assert SCHEMES[name].chance <= 0.1


def values_of(texts: list[str]) -> list[np.ndarray]:
    return [np.array([[CHARACTERS.index(character) for character in text]], np.uint8) for text in texts]


def code(check: Check, text: str, at: int | None = None) -> str | None:
    """The code that a check computes for the characters before it, or at a place."""
    (values,) = values_of([text])
    (found,) = check.right(values, len(text) if at is None else at)
    return None if found < 0 else check.codes[found]


@pytest.mark.parametrize("name", sorted(SCHEMES))
def test_samples_are_valid_and_in_the_format_of_the_example(name):
    found = samples(name, 40)
    assert valid(name, found).to_pylist() == [True] * 40
    assert len(found.unique()) > 30
    others = {re.sub("[0-9A-Z]", "", text) for text in found.to_pylist()}
    assert others == {re.sub("[0-9A-Z]", "", SCHEMES[name].example)}


digits = st.text(DIGITS, min_size=1, max_size=18)
characters = st.text(CHARACTERS, min_size=1, max_size=18)


@given(digits)
def test_luhn_agrees_with_iso_7812(text):
    total = 0
    for number, character in enumerate(reversed(text + "0")):
        digit = int(character) * (1 + number % 2)
        total += digit - 9 if digit > 9 else digit
    assert code(check_digits.luhn(), text) == str(-total % 10)


@given(characters)
def test_luhn_of_letters_agrees_with_iso_6166(text):
    expanded = "".join(str(CHARACTERS.index(character)) for character in text)
    assert code(check_digits.luhn_of_letters(), text) == code(check_digits.luhn(), expanded)


@given(characters)
def test_luhn_in_base_36_sums_quotients_and_remainders(text):
    total = 0
    for number, character in enumerate(reversed(text)):
        total += sum(divmod(CHARACTERS.index(character) * (2 - number % 2), 36))
    assert code(check_digits.luhn(CHARACTERS, base=36), text) == CHARACTERS[-total % 36]


@given(characters)
def test_mod_97_makes_the_remainder_1(text):
    found = code(check_digits.mod_97(), text)
    assert int("".join(str(CHARACTERS.index(character)) for character in text + found)) % 97 == 1
    assert 2 <= int(found) <= 98


@given(digits)
def test_mod_11_10_agrees_with_iso_7064(text):
    rest = 10
    for character in text:
        rest = (rest + int(character)) % 10 or 10
        rest = rest * 2 % 11
    found = int(code(check_digits.mod_11_10(), text))
    assert (rest + found) % 10 == 1


VERHOEFF_PRODUCT = """
0123456789 1234067895 2340178956 3401289567 4012395678 5987604321 6598710432 7659821043 8765932104 9876543210
""".split()  # as Verhoeff printed it in 1969
VERHOEFF_SPREAD = "0123456789 1576283094 5803796142 8916043527 9453126870 4286573901 2793806415 7046913258".split()


@given(digits)
def test_verhoeff_agrees_with_his_tables(text):
    found = code(check_digits.verhoeff(), text)
    state = 0
    for number, character in enumerate(reversed(text + found)):
        state = int(VERHOEFF_PRODUCT[state][int(VERHOEFF_SPREAD[number % 8][int(character)])])
    assert state == 0


@given(st.text(CHARACTERS, min_size=9, max_size=9), st.lists(st.integers(-10, 20), min_size=9, max_size=9))
def test_weighted_sums_agree_with_plain_ones(text, weights):
    of = counts({"A": 7, "B": -2})
    total = 5 + sum(weight * int(of[CHARACTERS.index(one)]) for weight, one in zip(weights, text, strict=True))
    expected = "0-987654321"[total % 11]
    found = code(check_digits.weighted(weights, "0-987654321", plus=5, of=of), text)
    assert found == (None if expected == "-" else expected)


@given(st.text(DIGITS, min_size=10, max_size=10), st.integers(2, 97))
def test_powers_as_weights_make_the_number_itself(text, modulus):
    table = [f"{rest:02}" for rest in range(modulus)]
    assert code(check_digits.weighted(powers(10, modulus, 10), table), text) == f"{int(text) % modulus:02}"


ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]


@given(st.text(CHARACTERS, min_size=15, max_size=15))
def test_the_letter_of_an_italian_tax_code_agrees_with_the_decree(text):
    ranks = [int(one) if one.isdigit() else ord(one) - ord("A") for one in text]
    total = sum(rank if number % 2 else ODD[rank] for number, rank in enumerate(ranks))
    assert code(check_digits.by_turns(), text) == chr(ord("A") + total % 26)


@given(digits)
def test_the_first_check_that_has_a_code_counts(text):
    first = check_digits.weighted((1,) * len(text), "01-")
    second = check_digits.weighted((1,) * len(text), "789")
    total = sum(map(int, text)) % 3
    assert code(check_digits.first_of(first, second), text) == "019"[total]


@pytest.mark.parametrize("name", ["card", "iban", "aadhaar", "cpf", "npi", "steuer_id", "lei", "bsn", "tckn"])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_one_wrong_digit_is_noticed(name, data):
    text = SCHEMES[name].example.upper()
    place = data.draw(st.sampled_from([place for place, character in enumerate(text) if character in DIGITS]))
    other = data.draw(st.sampled_from(DIGITS.replace(text[place], "")))
    assert not is_valid(name, text[:place] + other + text[place + 1 :])

"""Cards, accounts, securities and devices: what comes out is valid, in the format of what went in."""

from __future__ import annotations

import re
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.sample import KEY, batch, column, masked, people
from understudy import transforms
from understudy.entities.checksums import SCHEMES, samples, valid
from understudy.errors import InputError
from understudy.schema import Schema
from understudy.transforms import parse_rule
from understudy.transforms.identifiers import Identifiers

RULES = ["card", "iban", "bic", "isin", "cusip", "sedol", "lei", "routing_number", "imei", "vin", "iccid"]


def are_valid(name: str, texts: list[str]) -> list[bool]:
    return valid(name, pa.array(texts, pa.string())).to_pylist()


def one(rule, value, kind="text", **more):
    (found,) = masked(rule, [value], kind, **more)
    return found


def several(name: str, count: int) -> list[str]:
    """Valid identifiers like the example of a kind."""
    return list(dict.fromkeys(samples(name, count + count // 10).to_pylist()))[:count]


def pattern(text: str) -> str:
    return re.sub("[0-9]", "0", re.sub("[a-z]", "a", re.sub("[A-Z]", "A", text)))


@pytest.mark.parametrize("name", RULES)
def test_valid_identifiers_become_other_valid_ones(name):
    values = several(name, 300)
    found = masked(name, values)
    assert all(are_valid(name, found))
    assert len(set(found)) == 300
    assert all(before != after for before, after in zip(values, found, strict=True))


@pytest.mark.parametrize("name", RULES)
def test_the_format_stays(name):
    example = SCHEMES[name].example
    spellings = [example, example.lower(), f" {example} ", example.replace(" ", "-"), "/".join(example)]
    found = masked(name, spellings)
    if name != "vin":  # its check digit is an X here, which a small letter shows
        assert len({re.sub("[^0-9A-Z]", "", text.upper()) for text in found}) == 1
    assert [re.sub("[0-9A-Za-z]", "", text) for text in found] == [
        re.sub("[0-9A-Za-z]", "", text) for text in spellings
    ]
    assert [len(text) for text in found] == [len(text) for text in spellings]
    assert found[1] == found[1].lower()


@pytest.mark.parametrize("name", ["card", "iban", "isin", "lei", "routing_number", "imei"])
def test_a_wrong_check_digit_gives_a_wrong_one(name):
    values = several(name, 200)
    wrong = [text[:-1] + ("0" if text[-1] != "0" else "1") for text in values]
    found = masked(name, wrong)
    assert not any(are_valid(name, found))
    assert not set(found) & set(masked(name, values))
    assert [pattern(text) for text in found] == [pattern(text) for text in wrong]


@pytest.mark.parametrize(
    "value", ["n/a", "unknown", "4111 **** **** 1111", "DE89", "", "-", "żółć 12", "X-4111111111111111"]
)
def test_what_is_no_card_number_keeps_its_pattern_and_does_not_come_through(value):
    found = one("card", value)
    assert found != value or not re.search("[0-9A-Za-z]", value)
    assert len(found) == len(value)
    if value.isascii():
        assert pattern(found) == pattern(value)
    assert not any(are_valid("card", [found]))


@given(st.lists(st.text("49 -A", min_size=10, max_size=20), unique=True, min_size=1, max_size=20))
@settings(max_examples=50, deadline=None)
def test_different_texts_stay_different_whatever_their_format(values):
    assert len(set(masked("card", values))) == len(values)


def test_the_same_card_in_two_formats_has_the_same_stand_in():
    spaced, plain, hyphens = masked("card", ["4111 1111 1111 1111", "4111111111111111", "4111-1111-1111-1111"])
    assert spaced.replace(" ", "") == plain == hyphens.replace("-", "")
    assert str(one("card", 4111111111111111, "integer", arrow_type=pa.int64())) == plain
    assert str(one("card", Decimal(4111111111111111), "decimal", arrow_type=pa.decimal128(18, 0))) == plain


def test_non_breaking_spaces_are_spaces():
    nbsp, narrow, plain = masked("iban", ["FR14\u00a02004 1010", "FR14\u202f2004 1010", "FR1420041010"])
    assert nbsp.replace("\u00a0", "").replace(" ", "") == plain
    assert narrow.replace("\u202f", "").replace(" ", "") == plain


BRANDS = {
    "4111111111111111": r"4\d{15}",
    "378282246310005": r"3[47]\d{13}",
    "5555555555554444": r"(5[1-5]|2[2-7])\d{14}",
    "2223003122003222": r"(5[1-5]|2[2-7])\d{14}",
    "6011111111111117": r"6(011|4[4-9]|5)\d+",
    "30569309025904": r"3(0[0-5]|095|6|[89])\d+",
    "3530111333300000": r"35(2[89]|[3-8]\d)\d{12}",
    "6200000000000005": r"(62|81[0-7])\d+",
    "9792020000000001": r"9792\d{12}",
    "1234567812345670": r"1\d{15}",
}


@pytest.mark.parametrize(("card", "same"), BRANDS.items())
def test_the_brand_stays_and_the_bank_does_not(card, same):
    found = one("card", card)
    assert re.fullmatch(same, found)
    assert are_valid("luhn", [found]) == are_valid("luhn", [card])


def test_the_first_digits_of_a_card_can_stay():
    assert one({"card": 6}, "4111 1111 1111 1111").startswith("4111 11")
    assert one({"card": {"keep_bin": 8}}, "4111 1111 1111 1111").startswith("4111 1111")
    assert are_valid("luhn", masked({"card": 0}, [f"{card} " for card in BRANDS])) == are_valid("luhn", list(BRANDS))


def test_cards_of_one_bank_do_not_start_alike():
    values = [f"411111{number:09}0" for number in range(200)]
    assert len({found[:6] for found in masked("card", values)}) > 150


@given(st.lists(st.integers(10**11, 2**63 - 1), unique=True, max_size=10))
@settings(max_examples=20, deadline=None)
def test_card_numbers_as_integers_come_back_and_keep_their_length(values):
    kind = pa.int64()
    found = masked("card", values, "integer", arrow_type=kind)
    assert len(set(found)) == len(values) and not set(found) & {0, -1}
    assert [len(str(number)) for number in found] == [len(str(number)) for number in values]
    table = people(column("v", "integer", arrow_type=kind))
    back, lost = transforms.restore(table, {"v": parse_rule("card")}, key=KEY, domains={})
    assert back(batch(table, v=found))["v"].to_pylist() == values and not lost


def test_a_number_that_lost_its_zeros_is_the_identifier_with_them():
    text, number = one("routing_number", "021000021"), one("routing_number", 21000021, "integer")
    assert int(text) == number


def test_zero_and_minus_one_stay_and_negative_numbers_mirror_the_others():
    found = masked("routing_number", [0, -1, 21000021, ~21000021], "integer")
    assert found == [0, -1, found[2], ~found[2]] and found[2] != 21000021


def refused(rule, kind, **more) -> str:
    table = people(column("v", kind, **more))
    refusals = transforms.refusals(Schema((table,)), {(table.name, "v"): parse_rule(rule)}, {})
    return refusals[0].reason if refusals else ""


def test_what_a_number_cannot_hold_is_refused():
    assert "cannot hold the number of a payment card" in refused("card", "integer")
    assert "has letters" in refused("iban", "integer", arrow_type=pa.int64())
    assert "has letters" in refused("resident_id", "integer", arrow_type=pa.int64()), "an X of a check digit"
    assert "whole ones" in refused("card", "decimal")
    assert not refused("card", "integer", arrow_type=pa.int64())
    assert not refused("routing_number", "integer")


def test_an_iban_keeps_its_country_and_where_wished_its_bank():
    german = "DE89 3704 0044 0532 0130 00"
    assert re.fullmatch(r"DE\d\d( \d{4}){4} \d\d", one("iban", german))
    assert one("iban", german)[5:14] != german[5:14]
    kept = one({"iban": {"keep_bank": True}}, german)
    assert re.fullmatch(r"DE\d\d 3704 0044( \d{4}){2} \d\d", kept) and are_valid("iban", [kept]) == [True]


@pytest.mark.parametrize("country", ["BE", "ES", "FR", "IT", "NO", "PT", "FI", "HU", "SI"])
def test_the_check_digits_of_countries_are_right_too(country):
    samples = """
    BE68539007547034 ES9121000418450200051332 FR1420041010050500013M02606 IT60X0542811101000000123456 NO9386011117947
    PT50000201231234567890154 FI2112345600000785 HU42117730161111101800000000 SI56263300012039086
    """.split()
    (sample,) = [text for text in samples if text.startswith(country)]
    found = masked("iban", [sample, sample[:-2] + "11"])
    for text, right in zip(found, (True, False), strict=True):
        values = np.array([["0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(one) for one in text]], np.uint8)
        (reading,) = [made.reading for made in SCHEMES["iban"].readings(values)]
        assert (not reading.off.any()) == right


def test_an_iban_of_a_country_without_a_known_structure_is_right_too():
    rest = int("12345678901234" + "3535" + "00") % 97  # a Z counts 35
    unknown = f"ZZ{98 - rest:02}12345678901234"
    found = one("iban", unknown)
    assert re.fullmatch(r"ZZ\d{16}", found) and int(found[4:] + "3535" + found[2:4]) % 97 == 1


def test_a_bic_keeps_its_country_and_head_offices_stay_head_offices():
    short, head, branch = masked("bic", ["DEUTDEFF", "DEUTDEFFXXX", "DEUTDEFF500"])
    assert short[4:6] == "DE" and head == short + "XXX"
    assert branch[4:6] == "DE" and not branch.endswith("XXX")


def test_an_american_isin_holds_a_right_cusip_and_a_british_one_a_right_sedol():
    apple, bae = masked("isin", ["US0378331005", "GB0002634946"])
    assert are_valid("cusip", [apple[2:11]]) == [True] and apple.startswith("US")
    assert are_valid("sedol", [bae[4:11]]) == [True] and bae.startswith("GB00")


def test_a_card_type_is_the_brand_of_the_masked_card_beside_it():
    table = people(column("number"), column("v"))
    rules = {"number": parse_rule("card"), "v": parse_rule({"card_type": "number"})}
    rows = batch(
        table,
        number=["4111111111111111", "378282246310005", "5555555555554444", None, "x"],
        v=["Visa", "AMERICAN_EXPRESS", "mc", "Visa", None],
    )
    found = transforms.compile(table, rules, key=KEY, domains={})(rows)["v"].to_pylist()
    assert found[:3] == ["Visa", "AMERICAN_EXPRESS", "mc"] and found[3] and found[4] is None


def test_a_card_type_without_a_card_is_drawn_as_often_as_it_is_met():
    found = masked("card_type", ["Visa"] * 2000)
    assert 0.45 < found.count("Visa") / 2000 < 0.6 and "Mastercard" in found


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("12/26", r"(0[1-9]|1[0-2])/2[78]"),
        ("12-2026", r"(0[1-9]|1[0-2])-202[78]"),
        ("1226", r"(0[1-9]|1[0-2])2[78]"),
        ("2026-12", r"202[78]-(0[1-9]|1[0-2])"),
        ("202612", r"202[78](0[1-9]|1[0-2])"),
        ("2612", r"2[78](0[1-9]|1[0-2])"),
        (" 12 / 26 ", r" ?(0[1-9]|1[0-2]) / 2[78] ?"),
        ("9/26", r"[1-9]/2[678]"),
        ("12/99", r"(0[1-9]|1[0-2])/0[01]"),
    ],
)
def test_a_card_expires_later_in_the_same_format(text, form):
    assert re.fullmatch(form, one("card_expiry", text))


def test_an_expiry_is_never_longer_than_it_was():
    found = masked("card_expiry", [f"{month}/{year}" for month in range(1, 10) for year in range(20, 60)])
    assert {len(text) for text in found} == {4}


def test_more_texts_than_a_batch_has_are_no_trouble():
    identifiers = Identifiers(KEY.subkey("test"), SCHEMES["card"])
    some = pa.array(several("card", 300))
    many = pa.concat_arrays([some] * 300)
    assert identifiers(many).equals(pa.concat_arrays([identifiers(some)] * 300))


def test_what_is_no_expiry_keeps_its_pattern_and_changes():
    found = masked("card_expiry", ["never", "13/26", "00/26", "12/026"])
    assert [pattern(text) for text in found] == ["aaaaa", "00/00", "00/00", "00/000"]
    assert not set(found) & {"never", "13/26", "00/26", "12/026"}


def test_dates_of_expiry_move_by_months_and_last_days_stay_last_days():
    days = [np.datetime64(text).astype(int) for text in ("2026-02-28", "2028-02-29", "2026-01-31", "2026-03-15")]
    found = masked({"card_expiry": 12}, [int(day) for day in days], "date")
    moved = np.array(found, "datetime64[D]")
    assert all(after > before for before, after in zip(days, found, strict=True))
    assert ((moved[:3] + 1).astype("datetime64[M]") != moved[:3].astype("datetime64[M]")).all()
    assert str(moved[3]).endswith("-15")


def test_a_vehicle_keeps_its_maker_and_year_and_a_telephone_its_model_where_wished():
    found = one("vin", "1M8GDM9AXKP042788")
    assert found.startswith("1M8") and found[9] == "K" and found[3:8] != "GDM9A"
    assert one({"vin": 8}, "1M8GDM9AXKP042788").startswith("1M8GDM9A")
    assert one({"imei": 8}, "49-015420-323751-8").startswith("49-015420-")
    with_check, without, version = masked("imei", ["490154203237518", "49015420323751", "4901542032375103"])
    assert with_check[:14] == without == version[:14] and version.endswith("03")


def test_a_licence_plate_keeps_its_pattern():
    assert pattern(one("licence_plate", "M-AB 1234")) == "A-AA 0000"


def test_columns_of_one_domain_agree_and_those_of_another_do_not():
    usual, own = one("card", "4111111111111111"), one({"card": {"domain": "vault"}}, "4111111111111111")
    assert usual != own and own == one({"card": {"domain": "vault"}}, "4111111111111111")


def test_a_rule_takes_no_option_it_does_not_know():
    with pytest.raises(InputError, match="at most 8"):
        parse_rule({"card": 9})

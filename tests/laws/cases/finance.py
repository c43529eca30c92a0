"""The transformer laws: cases of finance, and of what offices and makers number people and things with."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from laws.case import Case
from understudy.entities.checksums import SCHEMES, samples
from understudy.transforms.catalogue.national_ids import NATIONAL_IDS


def other(name: str) -> Callable[[int], str]:
    """The n-th of 1,500 different valid identifiers like the example of a kind."""
    made: list[str] = []

    def nth(number: int) -> str:
        if not made:
            made.extend(dict.fromkeys(samples(name, 1600).to_pylist()))
        return made[number]

    return nth


def of_kind(name: str, *rules: object) -> list[Case]:
    """Cases of one kind of identifier."""
    scheme = SCHEMES[name]
    wrong = scheme.example[:-1] + ("0" if scheme.example[-1] != "0" else "1")
    samples = (scheme.example, scheme.example.lower(), scheme.example.replace(" ", "-"), wrong)
    return [Case(rule, samples=samples, nth=other(name)) for rule in rules]


INT64 = {"arrow_type": pa.int64()}
FOLDED = {"key_sql": "lower(v)"}


def card_number(number: int) -> int:
    """Cards without their check digit being right."""
    return 4_000_000_000_000_000 + 7919 * number


def expiry(number: int) -> str:
    return f"{number % 12 + 1:02}/{2000 + number // 12}"


CASES = {
    "card": [
        *of_kind("card", "card", {"card": 6}, {"card": 0}),
        Case("card", "integer", INT64, samples=(4111111111111111,), nth=card_number),
        Case("card", "decimal", {"arrow_type": pa.decimal128(18, 0)}),
    ],
    "card_type": [
        Case("card_type", samples=("Visa", "MASTERCARD", "american_express", "mc")),
        Case({"card_type": "bystander"}, "text", {"max_length": 10}, samples=("Visa",)),
    ],
    "card_expiry": [
        Case("card_expiry", samples=("12/26", "1226", "2026-12", "1/27", "12 / 2026"), nth=expiry),
        Case("card_expiry", "date"),
        Case({"card_expiry": 12, "per": "who"}, samples=("12/26",), nth=expiry),
    ],
    "cvv": [
        Case("cvv", samples=("123", "0123"), nth=lambda number: f"{number:04}"),
        Case("cvv", "integer", {"arrow_type": pa.int16()}),
    ],
    "iban": [*of_kind("iban", "iban", {"iban": {"keep_bank": True}}), Case("iban", "text", FOLDED)],
    "bic": of_kind("bic", "bic"),
    "account_number": [Case("account_number"), Case("account_number", "integer", INT64)],
    "routing_number": [*of_kind("routing_number", "routing_number"), Case("routing_number", "integer")],
    "isin": of_kind("isin", "isin"),
    "cusip": of_kind("cusip", "cusip"),
    "sedol": of_kind("sedol", "sedol"),
    "lei": of_kind("lei", "lei"),
    "national_id": [
        *of_kind("resident_id", {"national_id": "resident_id"}, {"national_id": {"country": "CN"}}),
        *of_kind("cpr", {"national_id": "cpr"}),
        *of_kind("nrn", {"national_id": "nrn"}),
    ],
    **{name: of_kind(name, name) for name in NATIONAL_IDS if name != "national_id"},
    "passport": [Case("passport", samples=("C01X00T47",)), Case("passport", "text", FOLDED)],
    "driving_licence": [Case("driving_licence", samples=("MORGA657054SM9IJ",))],
    "licence_plate": [Case("licence_plate", samples=("M-AB 1234", "AB12 CDE"))],
    "vin": of_kind("vin", "vin", {"vin": 8}),
    "imei": [*of_kind("imei", "imei", {"imei": 8}), Case("imei", "integer", INT64)],
    "imsi": [*of_kind("imsi", "imsi"), Case("imsi", "integer", INT64)],
    "iccid": of_kind("iccid", "iccid"),
}
CASES["ssn"] += [Case("ssn", "integer"), Case("ssn", "text", {"max_length": 11})]

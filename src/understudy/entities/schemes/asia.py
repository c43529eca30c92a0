"""Identifiers that offices in Asia, Africa and Oceania give to people and organisations."""

from __future__ import annotations

from understudy.entities.check_digits import (
    CHARACTERS,
    DIGITS,
    Check,
    counts,
    first_of,
    free,
    luhn,
    numbered,
    verhoeff,
    weighted,
)
from understudy.entities.forms import Form, form
from understudy.entities.parts import (
    BORN,
    CENTURY,
    CHILDREN,
    Days,
    Either,
    Kept,
    dated,
    digits,
    fixed,
    letters,
    listed,
    numbers,
)
from understudy.entities.scheme import Scheme

_1900 = range(1900, 2000)
_2000 = range(2000, 2020)

_PAN = (letters(3), Kept(1, "ABCFGHJLPT"), letters(1), numbers(4, range(1, 10_000)), letters(1))
_INDIAN_STATES = tuple(f"{number:02}" for number in (*range(1, 39), 97, 99))

_PROVINCES = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82"
_CHINESE = weighted((7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10X98765432")
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_OF_CREDIT = counts({character: number for number, character in enumerate(_CREDIT)})


def _chinese(years: range) -> Form:
    return form(
        listed(_PROVINCES),
        digits(4),
        dated(Days("YYYYMMDD", years)),
        digits(3),
        _CHINESE,
        name=f"resident_id {years[0]}",
    )


_KOREAN = weighted((2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5), "10987654321")


def _korean(check: Check, *signs: tuple[range, str]) -> Form:
    """The seventh digit tells century, sex and citizenship."""
    days = [Days(f"YYMMDD{sign}", years) for years, found in signs for sign in found]
    return form(dated(*days), digits(5), check, name=f"rrn {signs[0][1]}")


_OF_TAIWAN = counts(
    {letter: number // 10 + 9 * (number % 10) for number, letter in enumerate("ABCDEFGHJKLMNPQRSTUVXYWZIO", 10)}
)
_HONG_KONG = "0A987654321"
_SINGAPORE = (2, 7, 6, 5, 4, 3, 2)
_OLD, _FOREIGN, _NEW = "JZIHGFEDCBA", "XWUTRQPNMLK", "KLJNPQRTUWX"


def _singapore(first: str, table: str, plus: int) -> Form:
    return form(fixed(first), digits(7), weighted(_SINGAPORE, table, plus=plus), name=f"nric {first}")


_THAI = weighted(range(13, 1, -1), "10987654321")
_ENDED_TO_11 = weighted((6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2), "00987654321")

SOUTH = (
    Scheme(
        "aadhaar",
        "identity number",
        "2341 2341 2346",
        (form(numbers(1, range(2, 10)), digits(10), verhoeff()),),
        "IN",
    ),
    Scheme("pan_in", "permanent account number of the tax office", "ABCPE1234F", (form(*_PAN, name="pan_in"),), "IN"),
    Scheme(
        "gstin",
        "goods and services tax number",
        "27AAPFU0939F1ZV",
        (
            form(
                Kept(2, DIGITS, _INDIAN_STATES),
                *_PAN,
                Kept(1, CHARACTERS[1:]),
                Kept(1, "Z"),
                luhn(CHARACTERS, base=36),
                name="pan_in",
            ),
        ),
        "IN",
        "organisation",
    ),
    Scheme(
        "cnic",
        "identity card number",
        "34201-0891231-8",
        (form(numbers(1, range(1, 8)), digits(11), numbers(1, range(1, 10))),),
        "PK",
    ),
)
EAST = (
    Scheme(
        "resident_id",
        "resident identity card number",
        "11010519491231002X",
        (
            _chinese(BORN),
            _chinese(CHILDREN),
            form(listed(_PROVINCES), digits(4), dated(Days("YYMMDD", _1900)), digits(3), name="resident_id old"),
        ),
        "CN",
    ),
    Scheme(
        "uscc",
        "unified social credit code",
        "91110000600037341L",
        (
            form(
                Kept(1, "123456789AGNY"),
                Kept(1, "1239"),
                digits(6),
                Either(8, _CREDIT[10:]),
                free(weighted((3, 7, 9, 10, 5, 8, 4, 2), "0X987654321")),
                weighted([pow(3, place, 31) for place in range(17)], ("0", *_CREDIT[:0:-1]), of=_OF_CREDIT),
            ),
        ),
        "CN",
        "organisation",
    ),
    Scheme("my_number", "individual number", "1234 5678 9018", (form(digits(11), _ENDED_TO_11),), "JP"),
    Scheme(
        "corporate_number",
        "corporate number",
        "7000012050002",
        (form(weighted((2, 1) * 6, "987654321", first=1), digits(12)),),
        "JP",
        "organisation",
    ),
    Scheme(
        "rrn",
        "resident registration number",
        "800101-1234560",
        (
            _korean(_KOREAN, (_1900, "12"), (_2000, "34")),
            _korean(_KOREAN, (_1900, "56"), (_2000, "78")),
            _korean(free(_KOREAN), (CHILDREN, "3478")),
        ),
        "KR",
    ),
    Scheme(
        "tw_id",
        "identity card number",
        "A123456789",
        (
            form(
                letters(1), listed("1 2"), digits(7), weighted((1, 8, 7, 6, 5, 4, 3, 2, 1), "0987654321", of=_OF_TAIWAN)
            ),
            form(
                letters(1),
                listed("8 9"),
                digits(7),
                weighted((1, 8, 7, 6, 5, 4, 3, 2, 1), "0987654321", of=_OF_TAIWAN),
                name="tw_id foreign",
            ),
        ),
        "TW",
    ),
    Scheme(
        "hkid",
        "identity card number",
        "G123456(A)",
        (
            form(letters(1), digits(6), weighted(range(8, 1, -1), _HONG_KONG, plus=9 * 36)),
            form(letters(2), digits(6), weighted(range(9, 1, -1), _HONG_KONG)),
        ),
        "HK",
    ),
    Scheme(
        "nric",
        "identity card number",
        "S1234567D",
        (
            _singapore("S", _OLD, 0),
            _singapore("T", _OLD, 4),
            _singapore("F", _FOREIGN, 0),
            _singapore("G", _FOREIGN, 4),
            _singapore("M", _NEW, 3),
        ),
        "SG",
    ),
    Scheme(
        "mykad",
        "identity card number",
        "770305-02-1234",
        (
            form(
                dated(Days("YYMMDD", CENTURY)),
                numbers(2, range(1, 17), range(21, 69), 71, 72, range(74, 80), range(82, 94), 98, 99),
                digits(4),
            ),
        ),
        "MY",
    ),
    Scheme(
        "thai_id",
        "identity number",
        "1-2345-67890-12-1",
        (form(numbers(1, range(1, 9)), digits(11), _THAI),),
        "TH",
    ),
    Scheme(
        "nik",
        "resident identity number",
        "3171011708450001",
        (
            form(
                numbers(2, range(11, 98)),
                digits(4),
                dated(Days("DDMMYY", CENTURY), Days("DDMMYY", CENTURY, day=40)),
                numbers(4, range(1, 10_000)),
            ),
        ),
        "ID",
    ),
)
WEST = (
    Scheme("teudat_zehut", "identity number", "123456782", (form(digits(8), luhn()),), "IL"),
    Scheme(
        "meli",
        "national code",
        "0084575948",
        (form(digits(9), weighted(range(10, 1, -1), "01987654321")),),
        "IR",
    ),
    Scheme(
        "emirates_id",
        "identity number",
        "784-1985-1234567-0",
        (
            form(fixed("784"), numbers(4, BORN), digits(7), free(luhn())),
            form(fixed("784"), numbers(4, CHILDREN), digits(7), free(luhn()), name="emirates_id 2020"),
        ),
        "AE",
    ),
    Scheme(
        "saudi_id",
        "identity number",
        "1012345672",
        (form(Kept(1, "12"), digits(8), luhn()),),
        "SA",
    ),
    Scheme(
        "egyptian_id",
        "national number",
        "29001011234567",
        tuple(
            form(
                days,
                numbers(2, range(1, 5), range(11, 20), range(21, 30), range(31, 36), 88),
                digits(5),
                name=f"egyptian_id{name}",
            )
            for name, days in (
                ("", dated(Days("2YYMMDD", _1900), Days("3YYMMDD", _2000))),
                (" 2020", dated(Days("3YYMMDD", CHILDREN))),
            )
        ),
        "EG",
    ),
    Scheme(
        "za_id",
        "identity number",
        "8001015009087",
        (form(dated(Days("YYMMDD", CENTURY)), digits(4), listed("0 1"), digits(1), luhn()),),
        "ZA",
    ),
)
OCEANIA = (
    Scheme(
        "tfn",
        "tax file number",
        "123 456 782",
        (form(digits(8), weighted((1, 4, 3, 7, 5, 8, 6, 9), "0123456789-")),),
        "AU",
    ),
    Scheme(
        "abn",
        "business number",
        "51 824 753 556",
        (form(weighted((3, 5, 7, 9, 11, 13, 15, 17, 19), numbered(99, 11), first=2), digits(9)),),
        "AU",
        "organisation",
    ),
    Scheme(
        "acn",
        "company number",
        "004 085 616",
        (form(digits(8), weighted(range(8, 0, -1), "0987654321")),),
        "AU",
        "organisation",
    ),
    Scheme(
        "medicare_au",
        "Medicare card number",
        "2123 45670 1",
        (
            form(
                numbers(1, range(2, 7)),
                digits(7),
                weighted((1, 3, 7, 9, 1, 3, 7, 9), DIGITS),
                Kept(1, DIGITS),
                name="medicare_au",
            ),
        ),
        "AU",
    ),
    Scheme(
        "ird",
        "tax number",
        "49-091-850",
        tuple(
            form(
                start,
                digits(6),
                first_of(
                    weighted((3, 2, 7, 6, 5, 4, 3, 2)[-width:], "0-987654321"),
                    weighted((7, 4, 3, 2, 5, 2, 7, 6)[-width:], "0-987654321"),
                ),
                name=f"ird {width}",
            )
            for start, width in ((numbers(1, range(1, 10)), 7), (numbers(2, range(10, 15)), 8))
        ),
        "NZ",
    ),
)
SCHEMES = (*SOUTH, *EAST, *WEST, *OCEANIA)

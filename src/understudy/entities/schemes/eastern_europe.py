"""Identifiers that offices in northern, eastern and south-eastern Europe give to people and organisations."""

from __future__ import annotations

from understudy.entities.check_digits import (
    DIGITS,
    first_of,
    free,
    luhn,
    mod_11_10,
    numbered,
    powers,
    weighted,
)
from understudy.entities.forms import Form, form
from understudy.entities.parts import (
    BORN,
    CENTURY,
    CHILDREN,
    Days,
    dated,
    digits,
    fixed,
    listed,
    numbers,
)
from understudy.entities.scheme import Scheme

_1900 = range(1900, 2000)
_2000 = range(2000, 2020)


def _swedish(pattern: str, years: range, *, day: int = 0) -> Form:
    first = pattern.count("Y") - 2
    parts = (dated(Days(pattern, years, day=day)), digits(3), luhn(first=first))
    return form(*parts, name=f"personnummer {pattern} {years[0]} {day}")


def _norwegian(years: range, numbered_from: range, *, day: int = 0) -> Form:
    return form(
        dated(Days("DDMMYY", years, day=day)),
        numbers(3, numbered_from),
        weighted((3, 7, 6, 1, 8, 9, 4, 5, 2), "0-987654321"),
        weighted((5, 4, 3, 2, 7, 6, 5, 4, 3, 2), "0-987654321"),
        name=f"fodselsnummer {years[0]} {numbered_from[0]} {day}",
    )


def _danish(years: range, seventh: str) -> Form:
    """The check digit is right only in numbers given until 2007."""
    check = free(weighted((4, 3, 2, 7, 6, 5, 4, 3, 2), "0-987654321"))
    return form(dated(Days("DDMMYY", years)), listed(seventh), digits(2), check, name=f"cpr {years[0]} {seventh}")


_FINNISH = "0123456789ABCDEFHJKLMNPRSTUVWXY"


def _finnish(years: range, century: str) -> Form:
    """The sign of the century is a hyphen, which is no part of the number, or a letter."""
    weights = powers(10, 31, 9)
    sign = (listed(century.split()),) if century else ()
    check = weighted((*weights[:6], *(0 for _ in sign), *weights[6:]), _FINNISH, first=0)
    parts = (dated(Days("DDMMYY", years)), *sign, numbers(3, range(2, 900)), check)
    return form(*parts, name=f"hetu {years[0]} {century}")


_BALTIC = first_of(
    weighted((1, 2, 3, 4, 5, 6, 7, 8, 9, 1), "0123456789-"), weighted((3, 4, 5, 6, 7, 8, 9, 1, 2, 3), "01234567890")
)


def _baltic(name: str) -> tuple[Form, ...]:
    """The first digit tells century and sex."""
    adults = dated(Days("3YYMMDD", _1900), Days("4YYMMDD", _1900), Days("5YYMMDD", _2000), Days("6YYMMDD", _2000))
    children = dated(Days("5YYMMDD", CHILDREN), Days("6YYMMDD", CHILDREN))
    return form(adults, digits(3), _BALTIC, name=name), form(children, digits(3), _BALTIC, name=f"{name} 2020")


NIP_FORM = form(digits(9), weighted((6, 5, 7, 2, 3, 4, 5, 6, 7), "0123456789-"), name="nip")
_REGON = weighted((8, 9, 2, 3, 4, 5, 6, 7), "01234567890")
_REGON_LONG = weighted((2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8), "01234567890")
_PESEL = weighted((1, 3, 7, 9, 1, 3, 7, 9, 1, 3), "0987654321")


def _czech(years: range) -> Form:
    """Women have 50 added to the month; until 1953 there was no check digit."""
    days = dated(Days("YYMMDD", years), Days("YYMMDD", years, month=50))
    check = (weighted(powers(10, 11, 9), "01234567890"),) if years[0] >= 1954 else ()
    return form(days, digits(3), *check, name=f"rodne_cislo {years[0]}")


ICO_FORM = form(digits(7), weighted(range(8, 1, -1), "10987654321"), name="ico")
_YUGOSLAV = weighted((7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2), "00987654321")
_ROMANIAN = weighted((2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9), "01234567891")
_COUNTIES = numbers(2, range(1, 47), 51, 52, 70)
_ROMANIAN_DAYS = {
    "": dated(Days("1YYMMDD", _1900), Days("2YYMMDD", _1900), Days("5YYMMDD", _2000), Days("6YYMMDD", _2000)),
    " 2020": dated(Days("5YYMMDD", CHILDREN), Days("6YYMMDD", CHILDREN)),
}
_BULGARIAN = weighted((2, 4, 8, 5, 10, 9, 7, 3, 6), "01234567890")
_SNILS = (*numbered(0, 99), "00")

AFM_FORM = form(digits(8), weighted((256, 128, 64, 32, 16, 8, 4, 2), "01234567890"), name="afm")
OIB_FORM = form(digits(10), mod_11_10(), name="oib")
ORGNR_SE_FORM = form(digits(2), numbers(1, range(2, 10)), digits(6), luhn(), name="orgnr_se")

NORTH = (
    Scheme(
        "personnummer",
        "personal identity number",
        "811218-9876",
        (
            _swedish("YYMMDD", CENTURY),
            _swedish("YYMMDD", CENTURY, day=60),
            _swedish("YYYYMMDD", BORN),
            _swedish("YYYYMMDD", CHILDREN),
            _swedish("YYYYMMDD", BORN, day=60),
        ),
        "SE",
    ),
    Scheme("orgnr_se", "company number", "556703-7485", (ORGNR_SE_FORM,), "SE", "organisation"),
    Scheme(
        "fodselsnummer",
        "national identity number",
        "151086 95088",
        (
            _norwegian(_1900, range(500)),
            _norwegian(range(1940, 2000), range(900, 1000)),
            _norwegian(_2000, range(500, 1000)),
            _norwegian(CHILDREN, range(500, 1000)),
            _norwegian(_1900, range(500), day=40),
            _norwegian(_2000, range(500, 1000), day=40),
        ),
        "NO",
    ),
    Scheme(
        "orgnr_no",
        "company number",
        "988 077 917",
        (form(listed("8 9"), digits(7), weighted((3, 2, 7, 6, 5, 4, 3, 2), "0-987654321")),),
        "NO",
        "organisation",
    ),
    Scheme(
        "cpr",
        "personal identity number",
        "070761-4285",
        (
            _danish(_1900, "0 1 2 3"),
            _danish(range(1937, 2000), "4 9"),
            _danish(_2000, "4 5 6 7 8 9"),
            _danish(range(2020, 2037), "4 5 6 7 8 9"),
        ),
        "DK",
    ),
    Scheme(
        "hetu",
        "personal identity code",
        "131052-308T",
        (
            _finnish(_1900, ""),
            _finnish(_1900, "Y X W V U"),
            _finnish(_2000, "A B C D E F"),
            _finnish(CHILDREN, "A B C D E F"),
        ),
        "FI",
    ),
    Scheme("isikukood", "personal code", "37605030299", _baltic("isikukood"), "EE"),
    Scheme("asmens_kodas", "personal code", "33309240064", _baltic("asmens_kodas"), "LT"),
    Scheme(
        "personas_kods",
        "personal code",
        "161175-19997",
        (
            form(
                dated(Days("DDMMYY1", _1900), Days("DDMMYY2", _2000)),
                digits(3),
                weighted((1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10098765432"),
                name="personas_kods",
            ),
            form(
                dated(Days("DDMMYY2", CHILDREN)),
                digits(3),
                weighted((1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10098765432"),
                name="personas_kods 2020",
            ),
            form(fixed("32"), digits(9), name="personas_kods new"),
        ),
        "LV",
    ),
)
EAST = (
    Scheme(
        "pesel",
        "universal registration number",
        "44051401359",
        (
            form(dated(Days("YYMMDD", _1900), Days("YYMMDD", _2000, month=20)), digits(4), _PESEL, name="pesel"),
            form(dated(Days("YYMMDD", CHILDREN, month=20)), digits(4), _PESEL, name="pesel 2020"),
        ),
        "PL",
    ),
    Scheme("nip", "tax number", "856-734-62-15", (NIP_FORM,), "PL", "organisation"),
    Scheme(
        "regon",
        "business number",
        "192598184",
        (
            form(digits(8), _REGON, name="regon"),
            form(digits(8), _REGON, digits(4), _REGON_LONG, name="regon long"),
        ),
        "PL",
        "organisation",
    ),
    Scheme(
        "rodne_cislo",
        "birth number",
        "710319/2745",
        (_czech(range(1954, 2020)), _czech(CHILDREN), _czech(range(1910, 1954))),
        "CZ",
    ),
    Scheme("ico", "company number", "25123891", (ICO_FORM,), "CZ", "organisation"),
    Scheme(
        "taj",
        "social security number",
        "037 687 210",
        (form(digits(8), weighted((3, 7) * 4, DIGITS)),),
        "HU",
    ),
    Scheme(
        "adoazonosito",
        "tax number of a person",
        "8331001230",
        (
            form(
                fixed("8"),
                numbers(5, range(12_053, 55_882)),
                digits(3),
                weighted(range(1, 10), "0123456789-"),
            ),
        ),
        "HU",
    ),
    Scheme(
        "cnp",
        "personal numeric code",
        "1800101221144",
        tuple(
            form(days, _COUNTIES, numbers(3, range(1, 1000)), _ROMANIAN, name=f"cnp{name}")
            for name, days in _ROMANIAN_DAYS.items()
        ),
        "RO",
    ),
    Scheme(
        "egn",
        "uniform civil number",
        "7523169263",
        (
            form(dated(Days("YYMMDD", _1900), Days("YYMMDD", _2000, month=40)), digits(3), _BULGARIAN, name="egn"),
            form(dated(Days("YYMMDD", CHILDREN, month=40)), digits(3), _BULGARIAN, name="egn 2020"),
            form(dated(Days("YYMMDD", range(1870, 1900), month=20)), digits(3), _BULGARIAN, name="egn 1870"),
        ),
        "BG",
    ),
    Scheme("oib", "personal identification number", "33392005961", (OIB_FORM,), "HR"),
    Scheme(
        "jmbg",
        "unique master citizen number",
        "0101006500006",
        tuple(
            form(dated(Days("DDMMYYY", years)), numbers(2, range(1, 97)), digits(3), _YUGOSLAV, name=f"jmbg {years[0]}")
            for years in (BORN, CHILDREN)
        ),
        "RS",
    ),
    Scheme("afm", "tax number", "094259216", (AFM_FORM,), "GR", "organisation"),
    Scheme(
        "amka",
        "social security number",
        "01013099997",
        (form(dated(Days("DDMMYY", CENTURY)), digits(4), luhn()),),
        "GR",
    ),
    Scheme(
        "tckn",
        "identity number",
        "10000000146",
        (
            form(
                numbers(1, range(1, 10)),
                digits(8),
                weighted((7, 9, 7, 9, 7, 9, 7, 9, 7), DIGITS),
                weighted((1,) * 10, DIGITS),
            ),
        ),
        "TR",
    ),
    Scheme(
        "inn",
        "taxpayer number",
        "500100732259",
        (
            form(
                digits(10),
                weighted((7, 2, 4, 10, 3, 5, 9, 4, 6, 8), "01234567890"),
                weighted((3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8), "01234567890"),
                name="inn person",
            ),
            form(digits(9), weighted((2, 4, 10, 3, 5, 9, 4, 6, 8), "01234567890"), name="inn company"),
        ),
        "RU",
    ),
    Scheme(
        "snils",
        "pension insurance number",
        "112-233-445 95",
        (form(digits(9), weighted(range(9, 0, -1), _SNILS)),),
        "RU",
    ),
    Scheme(
        "rnokpp",
        "taxpayer number",
        "1759013776",
        (
            form(
                numbers(5, range(1, 43_831)),
                digits(4),
                weighted((-1, 5, 7, 9, 4, 6, 10, 5, 7), "01234567890"),
            ),
        ),
        "UA",
    ),
)
SCHEMES = (*NORTH, *EAST)

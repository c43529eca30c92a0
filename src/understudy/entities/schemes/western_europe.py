"""Identifiers that offices in western and southern Europe give to people and organisations."""

from __future__ import annotations

import numpy as np

from understudy.entities.check_digits import (
    DIGITS,
    Check,
    Numbers,
    Values,
    by_turns,
    counts,
    luhn,
    mod_11_10,
    numbered,
    powers,
    verhoeff,
    weighted,
)
from understudy.entities.forms import Form, form
from understudy.entities.parts import (
    BORN,
    CENTURY,
    CHILDREN,
    LETTERS,
    Days,
    Either,
    Kept,
    Listed,
    Spread,
    dated,
    digits,
    fixed,
    letters,
    listed,
    numbers,
)
from understudy.entities.scheme import Scheme

_NINO_PREFIXES = tuple(
    one + two
    for one in "ABCEGHJKLMNOPRSTWXYZ"
    for two in "ABCEGHJKLMNPRSTWXYZ"
    if one + two not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")
)

PPS_SECOND = "ABHW"
PPS_LETTERS = "WABCDEFGHIJKLMNOPQRSTUV"
OF_PPS = counts({**{letter: number for number, letter in enumerate(LETTERS, 1)}, "W": 0})

_CORSICA = counts({"A": -1, "B": -2})  # 2A counts as 19 and 2B as 18
_NIR_KEY = weighted(powers(10, 97, 13), numbered(97, 1), of=_CORSICA)
_DEPARTMENTS = listed([*(f"{number:02}" for number in range(1, 96) if number != 20), "2A", "2B", "99"])
_OVERSEAS = (numbers(3, range(971, 979), range(980, 990)), numbers(2, range(1, 91)))
_NIR_MONTHS = (range(1, 13),)
_NIR_UNKNOWN_MONTHS = (20, range(30, 43), range(50, 100))


def _nir(*where: Listed, months: tuple[int | range, ...], name: str) -> Form:
    return form(listed("1 2"), digits(2), numbers(2, *months), *where, numbers(3, range(1, 1000)), _NIR_KEY, name=name)


_CARD_LETTERS = "CFGHJKLMNPRTVWXYZ"
_MACHINE_READ = weighted((7, 3, 1) * 3, DIGITS)


def _pension(values: Values, at: int) -> Numbers:
    """The letter counts as two digits; every digit is weighted, and the digits of the products are summed."""
    letter = values[:, 8].astype(np.int64) - 9
    columns = [*values[:, :8].T, letter // 10, letter % 10, *values[:, 9:at].T]
    total = np.zeros(len(values), np.int64)
    for weight, column in zip((2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), columns, strict=True):
        term = weight * column.astype(np.int64)
        total += term // 10 + term % 10
    return total % 10


NIF_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_OF_NIE = counts({"X": 0, "Y": 1, "Z": 2})
_CIF_LETTERS = "JABCDEFGHI"
DNI_FORM = form(digits(8), weighted(powers(10, 23, 8), NIF_LETTERS), name="dni")
NIE_FORM = form(listed("X Y Z"), digits(7), weighted(powers(10, 23, 8), NIF_LETTERS, of=_OF_NIE), name="nie")
CIF_KINDS = (("ABEH", DIGITS), ("NPQRSW", _CIF_LETTERS), ("CDFGJUV", DIGITS), ("CDFGJUV", _CIF_LETTERS))
"""The first letters of Spanish companies' numbers, and the check characters that go with them."""

_CIF_FORMS = tuple(form(Kept(1, kinds), digits(7), luhn(codes, first=1), name="cif") for kinds, codes in CIF_KINDS)
BSN_FORM = form(digits(8), weighted(range(9, 1, -1), "0123456789-"), name="bsn")
_BELGIAN = powers(10, 97, 9)


_ITALIAN_DAYS = dated(Days("YYLDD", CENTURY), Days("YYLDD", CENTURY, day=40))  # of men and of women


def _portuguese(first: str) -> Form:
    return form(listed(first), digits(7), weighted(range(9, 1, -1), "00987654321"), name=f"nif_pt {first}")


GB = (
    Scheme(
        "nino",
        "National Insurance number",
        "AB 12 34 56 C",
        (
            form(listed(_NINO_PREFIXES), digits(6), letters(1, "ABCD")),
            Form((listed(_NINO_PREFIXES), digits(6)), proper=False),
        ),
        "GB",
    ),
    Scheme(
        "nhs_number", "NHS number", "943 476 5919", (form(digits(9), weighted(range(10, 1, -1), "0-987654321")),), "GB"
    ),
    Scheme(
        "utr",
        "unique taxpayer reference",
        "19558 39661",
        (form(weighted((6, 7, 8, 9, 10, 5, 4, 3, 2), "21987654321", first=1), digits(9)),),
        "GB",
    ),
)
IE = (
    Scheme(
        "pps",
        "personal public service number",
        "6433435F",
        (
            form(digits(7), weighted(range(8, 1, -1), PPS_LETTERS)),
            form(
                digits(7),
                weighted((8, 7, 6, 5, 4, 3, 2, 0, 9), PPS_LETTERS, first=0, of=OF_PPS),
                letters(1, PPS_SECOND),
            ),
        ),
        "IE",
    ),
)
FR = (
    Scheme(
        "nir",
        "social security number",
        "2 55 08 14 168 025 38",
        (
            _nir(_DEPARTMENTS, numbers(3, range(1, 991)), months=_NIR_MONTHS, name="nir"),
            _nir(*_OVERSEAS, months=_NIR_MONTHS, name="nir overseas"),
            _nir(_DEPARTMENTS, numbers(3, range(1, 991)), months=_NIR_UNKNOWN_MONTHS, name="nir unknown"),
        ),
        "FR",
    ),
    Scheme("siren", "company number", "732 829 320", (form(digits(8), luhn(), name="siren"),), "FR", "organisation"),
    Scheme(
        "siret",
        "number of a company's place",
        "732 829 320 00074",
        (form(digits(8), luhn(), Kept(4, DIGITS), luhn(), name="siren"),),
        "FR",
        "organisation",
    ),
)
DE = (
    Scheme(
        "steuer_id",
        "tax identification number",
        "86 095 742 719",
        tuple(
            Form((Spread(times), mod_11_10()), also=lambda values: values[:, 0] > 0, name=f"steuer_id {times}")
            for times in (2, 3)
        ),
        "DE",
    ),
    Scheme(
        "personalausweis",
        "identity card number",
        "T220001293",
        (
            form(letters(1, "LMNPRTVWXY"), Either(8, _CARD_LETTERS), _MACHINE_READ, name="personalausweis"),
            form(letters(1, "LMNPRTVWXY"), Either(8, _CARD_LETTERS), name="personalausweis"),
            form(digits(9), _MACHINE_READ, name="personalausweis old"),
        ),
        "DE",
    ),
    Scheme(
        "rvnr",
        "pension insurance number",
        "65 170839 J 003",
        (form(digits(2), dated(Days("DDMMYY", CENTURY)), letters(1), digits(2), Check(tuple(DIGITS), _pension)),),
        "DE",
    ),
)
AT = (
    Scheme(
        "svnr",
        "social insurance number",
        "1237 010180",
        (
            form(
                numbers(3, range(100, 1000)),
                weighted((3, 7, 9, 0, 5, 8, 4, 2, 1, 6), "0123456789-", first=0),
                dated(Days("DDMMYY", CENTURY)),
            ),
        ),
        "AT",
    ),
)
CH = (
    Scheme(
        "ahv",
        "old-age insurance number",
        "756.9217.0769.85",
        (form(fixed("756"), digits(9), weighted((1, 3) * 6, "0987654321")),),
        "CH",
    ),
    Scheme(
        "uid_ch",
        "company number",
        "CHE-100.155.212",
        tuple(
            form(
                fixed("CHE"),
                digits(8),
                weighted((5, 4, 3, 2, 7, 6, 5, 4), "0-987654321"),
                *([fixed(tax)] if tax else []),
                name="uid_ch",
            )
            for tax in ("", "MWST", "TVA", "IVA")
        ),
        "CH",
        "organisation",
    ),
)
ES = (
    Scheme("nif", "tax number of a person or a company", "54362315K", (DNI_FORM, NIE_FORM, *_CIF_FORMS), "ES"),
    Scheme("dni", "identity card number", "54362315K", (DNI_FORM,), "ES"),
    Scheme("nie", "identity number of a foreigner", "X2482300W", (NIE_FORM,), "ES"),
    Scheme("cif", "tax number of a company", "A58818501", _CIF_FORMS, "ES", "organisation"),
)
IT = (
    Scheme(
        "codice_fiscale",
        "tax code",
        "RSSMRA85T10A562S",
        (form(letters(6), _ITALIAN_DAYS, letters(1, "ABCDEFGHILMZ"), digits(3), by_turns()),),
        "IT",
    ),
    Scheme(
        "partita_iva",
        "VAT number",
        "00743110157",
        (form(digits(7), numbers(3, range(1, 101), 120, 121, 888, 999), luhn(), name="partita_iva"),),
        "IT",
        "organisation",
    ),
)
NL = (Scheme("bsn", "citizen service number", "111222333", (BSN_FORM,), "NL"),)
BE = (
    Scheme(
        "nrn",
        "national register number",
        "85.07.30-033 28",
        (
            form(
                dated(Days("YYMMDD", range(1900, 2000))),
                digits(3),
                weighted(_BELGIAN, numbered(97, 1)),
                name="nrn 1900",
            ),
            *(
                form(
                    dated(Days("YYMMDD", years)),
                    digits(3),
                    weighted(_BELGIAN, numbered(97, 1), plus=2 * 10**9 % 97),
                    name=f"nrn {years[0]}",
                )
                for years in (range(2000, 2020), CHILDREN)
            ),
        ),
        "BE",
    ),
)
LU = (
    Scheme(
        "matricule",
        "national identification number",
        "1893 1201 05732",
        tuple(
            form(dated(Days("YYYYMMDD", years)), digits(3), luhn(), verhoeff(skip=1), name=f"matricule {years[0]}")
            for years in (range(1880, 1900), BORN, CHILDREN)
        ),
        "LU",
    ),
)
PT = (
    Scheme(
        "nif_pt",
        "tax number",
        "501 442 600",
        tuple(_portuguese(first) for first in ("1 2 3 4", "5", "6 7 8 9")),
        "PT",
    ),
)
SCHEMES = (*GB, *IE, *FR, *DE, *AT, *CH, *ES, *IT, *NL, *BE, *LU, *PT)

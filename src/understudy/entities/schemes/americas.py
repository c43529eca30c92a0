"""Identifiers that offices in North and South America give to people and organisations."""

from __future__ import annotations

from understudy.entities.check_digits import CHARACTERS, DIGITS, counts, free, luhn, weighted
from understudy.entities.forms import Form, form
from understudy.entities.parts import (
    CENTURY,
    CHILDREN,
    LETTERS,
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

_FEDERAL = weighted((10, 9, 8, 7, 6, 5, 4, 3, 2), "00987654321"), weighted(range(11, 1, -1), "00987654321")
_CAMPUS = (range(1, 7), range(10, 17), range(20, 28), range(30, 49), range(50, 69), range(71, 78), range(80, 89))
_MEDICARE = "ACDEFGHJKMNPQRTUVWXY"
_STATES_OF_MEXICO = listed(
    "AS BC BS CC CS CH CL CM DF DG GT GR HG JC MC MN MS NT NL OC PL QT QR SP SL SR TC TS TL VZ YN ZS NE"
)
_CONSONANTS = "BCDFGHJKLMNPQRSTVWXYZ"
_ASCII = counts({letter: ord(letter) - ord("0") for letter in LETTERS})
_WITH_ENYE = counts({letter: CHARACTERS.index(letter) + 1 for letter in "OPQRSTUVWXYZ"})


def _curp(years: range, century: str) -> Form:
    return form(
        letters(1),
        letters(1, "AEIOUX"),
        letters(2),
        dated(Days("YYMMDD", years)),
        letters(1, "HM"),
        _STATES_OF_MEXICO,
        letters(3, _CONSONANTS),
        letters(1) if century == "letter" else digits(1),
        weighted(range(18, 1, -1), "0987654321", of=_WITH_ENYE),
        name="curp",
    )


def _rfc(initials: int) -> Form:
    """Those of companies count a space before them."""
    weights = range(initials + 9, 1, -1)
    check = weighted(weights, "0A987654321", plus=0 if initials == 4 else 37 * 13, of=_WITH_ENYE)
    return form(letters(initials), dated(Days("YYMMDD", CENTURY)), Either(2), free(check), name=f"rfc {initials}")


SSN = Scheme(
    "ssn",
    "Social Security number",
    "536-90-4399",
    (form(numbers(3, range(1, 666), range(667, 900)), numbers(2, range(1, 100)), numbers(4, range(1, 10_000))),),
    "US",
)
ITIN = Scheme(
    "itin",
    "individual taxpayer identification number",
    "912-90-3457",
    (
        form(
            fixed("9"),
            digits(2),
            numbers(2, range(50, 66), range(70, 89), range(90, 93), range(94, 100)),
            digits(4),
        ),
    ),
    "US",
)
EIN = Scheme(
    "ein",
    "employer identification number",
    "12-3456789",
    (form(numbers(2, *_CAMPUS, range(90, 96), 98, 99), digits(7)),),
    "US",
    "organisation",
)
NPI = Scheme(
    "npi", "national provider identifier", "1234567893", (form(listed("1 2"), digits(8), luhn(plus=24)),), "US"
)
DEA = Scheme(
    "dea",
    "registration number of a prescriber",
    "AB1234563",
    (form(letters(1, "ABCDEFGHJKLMPRSTUX"), letters(1), digits(6), weighted((1, 2, 1, 2, 1, 2), "0123456789")),),
    "US",
)
MBI = Scheme(
    "mbi",
    "Medicare beneficiary identifier",
    "1EG4-TE5-MK73",
    (
        form(
            numbers(1, range(1, 10)),
            letters(1, _MEDICARE),
            Either(1, _MEDICARE),
            digits(1),
            letters(1, _MEDICARE),
            Either(1, _MEDICARE),
            digits(1),
            letters(2, _MEDICARE),
            digits(2),
        ),
    ),
    "US",
)
SIN = Scheme(
    "sin",
    "social insurance number",
    "130 692 544",
    (
        form(listed("1 2 3 4 5 6 7 9"), digits(7), luhn()),
        Form((listed("0 8"), digits(7), luhn()), proper=False, name="sin other"),
    ),
    "CA",
)
CURP = Scheme(
    "curp",
    "population registry code",
    "HEGG560427MVZRRL04",
    (_curp(range(1930, 2000), "digit"), _curp(range(2000, 2020), "letter"), _curp(CHILDREN, "letter")),
    "MX",
)
RFC = Scheme("rfc", "taxpayer code", "GODE561231GR8", (_rfc(4), _rfc(3)), "MX")
CPF = Scheme(
    "cpf",
    "taxpayer number of a person",
    "111.444.777-35",
    (
        Form((digits(9), *_FEDERAL), also=lambda values: (values != values[:, :1]).any(axis=1)),
        Form((listed([digit * 11 for digit in DIGITS]),), proper=False, name="cpf of one digit"),
    ),
    "BR",
)
CNPJ = Scheme(
    "cnpj",
    "taxpayer number of an organisation",
    "11.444.777/0001-61",
    (
        form(
            Either(8),
            Kept(4),
            weighted((5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2), "00987654321", of=_ASCII),
            weighted((6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2), "00987654321", of=_ASCII),
            name="cnpj",
        ),
    ),
    "BR",
    "organisation",
)
PIS = Scheme(
    "pis",
    "social integration number",
    "120.12345.67-2",
    (form(digits(10), weighted((3, 2, 9, 8, 7, 6, 5, 4, 3, 2), "00987654321")),),
    "BR",
)
_TAX_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
CUIT = Scheme(
    "cuit",
    "taxpayer number",
    "20-17254359-7",
    tuple(
        form(listed(prefixes), digits(8), weighted(_TAX_WEIGHTS, "0-987654321"), name=f"cuit {prefixes}")
        for prefixes in ("20 23 24 27", "30 33 34")
    ),
    "AR",
)
RUT = Scheme(
    "rut",
    "tax and identity number",
    "12.531.909-2",
    tuple(
        form(numbers(1, range(1, 10)), digits(length - 1), weighted((3, 2, 7, 6, 5, 4, 3, 2)[-length:], "0K987654321"))
        for length in (8, 7)
    ),
    "CL",
)
NIT = Scheme(
    "nit_co",
    "taxpayer number",
    "800.197.268-4",
    (form(numbers(1, range(1, 10)), digits(8), weighted((41, 37, 29, 23, 19, 17, 13, 7, 3), "01987654321")),),
    "CO",
)
RUC = Scheme(
    "ruc_pe",
    "taxpayer number",
    "20512333797",
    tuple(
        form(listed(prefixes), digits(8), weighted(_TAX_WEIGHTS, "10987654321"), name=f"ruc {prefixes}")
        for prefixes in ("10 15 17", "20")
    ),
    "PE",
)
CEDULA = Scheme(
    "cedula_ec",
    "identity card number",
    "171430710-3",
    (form(numbers(2, range(1, 25), 30), numbers(1, range(6)), digits(6), luhn()),),
    "EC",
)
CEDULA_DO = Scheme("cedula_do", "identity card number", "00113918205", (form(digits(10), luhn()),), "DO")
SCHEMES = (
    *(SSN, ITIN, EIN, NPI, DEA, MBI, SIN, CURP, RFC, CPF, CNPJ, PIS),
    *(CUIT, RUT, NIT, RUC, CEDULA, CEDULA_DO),
)

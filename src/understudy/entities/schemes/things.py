"""Identifiers of things that lead to their owners: vehicles (ISO 3779), telephones and their cards (3GPP, ITU-T)."""

from __future__ import annotations

from understudy.entities.check_digits import DIGITS, counts, free, luhn, weighted
from understudy.entities.forms import Form, form
from understudy.entities.parts import Either, Kept, digits, fixed
from understudy.entities.scheme import Scheme

_VIN_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_OF_VIN = counts(dict(zip(_VIN_LETTERS, [*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)], strict=True)))
_VIN_CHECK = weighted((8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2), "0123456789X", first=0, of=_OF_VIN)


def vin_forms(maker: int = 3) -> tuple[Form, ...]:
    """The first characters (the maker) stay, and the tenth (the year); the check digit is required in North America."""
    return (
        form(
            Kept(maker, DIGITS + _VIN_LETTERS),
            *([Either(8 - maker, _VIN_LETTERS)] if maker < 8 else []),
            free(_VIN_CHECK),
            Kept(1, DIGITS + _VIN_LETTERS),
            Either(7, _VIN_LETTERS),
            name=f"vin but {maker}",
        ),
    )


def imei_forms(first: int = 2) -> tuple[Form, ...]:
    """With a check digit, without one, and with the version of the software in its place; the first digits stay."""
    start = (Kept(first, DIGITS), digits(14 - first))
    name = f"imei but {first}"
    return form(*start, luhn(), name=name), form(*start, name=name), form(*start, Kept(2, DIGITS), name=name)


VIN = Scheme("vin", "the number of a vehicle", "1M8GDM9AXKP042788", vin_forms(), whom="thing")
IMEI = Scheme("imei", "the number of a mobile telephone", "49-015420-323751-8", imei_forms(), whom="thing")
IMSI = Scheme(
    "imsi",
    "the number of a mobile subscriber",
    "310150123456789",
    tuple(form(Kept(5, DIGITS), digits(length - 5), name="imsi") for length in (15, 14)),
)
ICCID = Scheme(
    "iccid",
    "the number of a SIM card",
    "8944 5011 0416 9548 380",
    tuple(form(fixed("89"), Kept(3, DIGITS), digits(length - 6), luhn(), name="iccid") for length in (19, 20)),
    whom="thing",
)
SCHEMES = (VIN, IMEI, IMSI, ICCID)

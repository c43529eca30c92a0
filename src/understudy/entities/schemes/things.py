"""Identifiers of things that lead to their owners: vehicles (ISO 3779), telephones and their cards (3GPP, ITU-T)."""

from __future__ import annotations

from understudy.entities.check_digits import DIGITS, counts, free, luhn, weighted
from understudy.entities.forms import Form, form
from understudy.entities.parts import Either, Kept, Part, digits, fixed
from understudy.entities.scheme import Scheme

_VIN_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_VIN_CHARACTERS = DIGITS + _VIN_LETTERS
_OF_VIN = counts(dict(zip(_VIN_LETTERS, [*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)], strict=True)))
_VIN_CHECK = weighted((8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2), "0123456789X", first=0, of=_OF_VIN)


def vin_forms(first: int = 3) -> tuple[Form, ...]:
    """The first characters (the maker) stay, and the tenth (the year); the check digit is required in North America."""
    start: tuple[Part | Either, ...] = (*_kept(first, _VIN_CHARACTERS), *_rest(8 - first))
    end = (Kept(1, _VIN_CHARACTERS), Either(7, _VIN_LETTERS))
    return (Form((*start, free(_VIN_CHECK), *end), name=f"vin but {first}"),)


def _kept(first: int, alphabet: str) -> tuple[Kept, ...]:
    return (Kept(first, alphabet),) if first else ()


def _rest(width: int) -> tuple[Either, ...]:
    return (Either(width, _VIN_LETTERS),) if width else ()


def imei_forms(first: int = 2) -> tuple[Form, ...]:
    """With a check digit, without one, and with the version of the software in its place; the first digits stay."""
    start: tuple[Part, ...] = (*_kept(first, DIGITS), digits(14 - first))
    name = f"imei but {first}"
    return form(*start, luhn(), name=name), form(*start, name=name), form(*start, Kept(2, DIGITS), name=name)


def imsi_forms(first: int = 5) -> tuple[Form, ...]:
    """The first digits (country and network) stay."""
    kept: tuple[Part, ...] = _kept(first, DIGITS)
    return tuple(form(*kept, digits(length - first), name=f"imsi but {first}") for length in (15, 14))


VIN = Scheme("vin", "the number of a vehicle", "1M8GDM9AXKP042788", vin_forms(), whom="thing")
IMEI = Scheme("imei", "the number of a mobile telephone", "49-015420-323751-8", imei_forms(), whom="thing")
IMSI = Scheme(
    "imsi",
    "the number of a mobile subscriber",
    "310150123456789",
    imsi_forms(),
)
ICCID = Scheme(
    "iccid",
    "the number of a SIM card",
    "8944 5011 0416 9548 380",
    tuple(form(fixed("89"), Kept(3, DIGITS), digits(length - 6), luhn(), name="iccid") for length in (19, 20)),
    whom="thing",
)
SCHEMES = (VIN, IMEI, IMSI, ICCID)

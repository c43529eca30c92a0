"""VAT numbers of the European Union and its neighbours, with the two letters of the country before them."""

from __future__ import annotations

from understudy.entities.check_digits import (
    DIGITS,
    by_turns,
    first_of,
    later,
    luhn,
    mod_11_10,
    mod_97,
    numbered,
    powers,
    weighted,
)
from understudy.entities.forms import Form, form
from understudy.entities.parts import Kept, digits, fixed, letters, listed, numbers
from understudy.entities.scheme import Scheme
from understudy.entities.schemes.eastern_europe import AFM_FORM, ICO_FORM, NIP_FORM
from understudy.entities.schemes.western_europe import (
    BSN_FORM,
    CIF_KINDS,
    DNI_FORM,
    NIE_FORM,
    OF_PPS,
    PPS_LETTERS,
    PPS_SECOND,
)

_BULGARIAN = first_of(weighted(range(1, 9), "0123456789-"), weighted(range(3, 11), "01234567890"))
_FRENCH = weighted(powers(10, 97, 9), tuple(f"{(12 + 3 * rest) % 97:02}" for rest in range(97)), first=4)
_LITHUANIAN = first_of(weighted(range(1, 9), "0123456789-"), weighted((3, 4, 5, 6, 7, 8, 9, 1), "01234567890"))
_MALTESE = (3, 4, 6, 7, 8, 9)
_ROMANIAN = (7, 5, 3, 2, 1, 7, 5, 3, 2)


def _after(country: str, inner: Form) -> Form:
    """A national number after its country; its own checks look at the characters right before them."""
    return form(fixed(country), *inner.parts, name=inner.name)


FORMS = (
    form(fixed("ATU"), digits(7), luhn(first=3, plus=4, doubled=1)),
    form(fixed("BE"), listed("0 1"), digits(7), weighted(powers(10, 97, 8), numbered(97, 1))),
    form(fixed("BG"), digits(8), _BULGARIAN),
    form(fixed("CHE"), digits(8), weighted((5, 4, 3, 2, 7, 6, 5, 4), "0-987654321"), name="uid_ch"),
    form(fixed("CY"), digits(8), by_turns(first=2)),
    _after("CZ", ICO_FORM),
    form(fixed("DE"), numbers(1, range(1, 10)), digits(7), mod_11_10(first=2)),
    form(fixed("DK"), digits(7), weighted((2, 7, 6, 5, 4, 3, 2), "0-987654321")),
    form(fixed("EE"), digits(8), weighted((3, 7, 1, 3, 7, 1, 3, 7), "0987654321")),
    _after("EL", AFM_FORM),
    _after("ES", DNI_FORM),
    _after("ES", NIE_FORM),
    *(form(fixed("ES"), Kept(1, kinds), digits(7), luhn(codes, first=3), name="cif") for kinds, codes in CIF_KINDS),
    form(fixed("FI"), digits(7), weighted((7, 9, 10, 5, 8, 4, 2), "0-987654321")),
    form(fixed("FR"), later(_FRENCH), digits(8), luhn(first=4), name="siren"),
    *(
        form(fixed(country), digits(7), weighted(range(8, 1, -1), numbered(97, 1), plus=plus))
        for country in ("GB", "XI")
        for plus in (0, 55)
    ),
    form(fixed("HR"), digits(10), mod_11_10(first=2), name="oib"),
    form(fixed("HU"), digits(7), weighted((9, 7, 3, 1, 9, 7, 3), "0987654321")),
    form(fixed("IE"), digits(7), weighted(range(8, 1, -1), PPS_LETTERS), name="pps"),
    form(
        fixed("IE"),
        digits(7),
        weighted((8, 7, 6, 5, 4, 3, 2, 0, 9), PPS_LETTERS, first=2, of=OF_PPS),
        letters(1, PPS_SECOND),
        name="pps",
    ),
    form(fixed("IT"), digits(7), numbers(3, range(1, 101), 120, 121, 888, 999), luhn(first=2), name="partita_iva"),
    form(fixed("LT"), digits(7), fixed("1"), _LITHUANIAN),
    form(fixed("LU"), digits(6), weighted(powers(10, 89, 6), numbered(0, 88))),
    form(
        fixed("LV"),
        numbers(1, range(4, 10)),
        digits(9),
        weighted((9, 1, 4, 8, 3, 10, 2, 5, 7, 6), "3210-987654"),
    ),
    form(fixed("MT"), digits(6), weighted(_MALTESE, numbered(37, 1))),
    form(fixed("NL"), *BSN_FORM.parts, fixed("B"), Kept(2, DIGITS), name="bsn"),
    form(fixed("NL"), digits(9), fixed("B"), mod_97()),
    _after("PL", NIP_FORM),
    *(
        form(fixed("PT"), listed(first), digits(7), weighted(range(9, 1, -1), "00987654321"), name=f"nif_pt {first}")
        for first in ("1 2 3 4", "5", "6 7 8 9")
    ),
    *(
        form(
            fixed("RO"),
            numbers(1, range(1, 10)),
            digits(count - 1),
            weighted(_ROMANIAN[-count:], [str(10 * rest % 11 % 10) for rest in range(11)]),
        )
        for count in range(9, 3, -1)
    ),
    form(fixed("SE"), digits(2), numbers(1, range(2, 10)), digits(6), luhn(first=2), Kept(2, DIGITS), name="orgnr_se"),
    form(fixed("SI"), numbers(1, range(1, 10)), digits(6), weighted(range(8, 1, -1), "-0987654321")),
    form(
        fixed("SK"),
        numbers(1, range(1, 10)),
        digits(1),
        listed("2 3 4 7 8 9"),
        digits(6),
        weighted(powers(10, 11, 9), "0123456789-"),
    ),
)
"""A form for every country, with the national number inside it where that has a rule of its own."""

SCHEMES = (Scheme("vat", "VAT number with its country", "DE136695976", FORMS, whom="organisation"),)

"""Payment cards, banks and securities (ISO/IEC 7812, ISO 9362, ISO 6166, ISO 17442, ABA, CUSIP, SEDOL).

The ranges of the brands are those that the networks publish.
"""

from __future__ import annotations

from understudy.entities.check_digits import CHARACTERS, DIGITS, Check, free, luhn, luhn_of_letters, mod_97, weighted
from understudy.entities.countries import COUNTRIES
from understudy.entities.forms import Form, form
from understudy.entities.parts import (
    LETTERS,
    Either,
    Kept,
    Listed,
    Part,
    digits,
    fixed,
    letters,
    numbers,
)
from understudy.entities.scheme import Scheme

_PREFIX = 4  # digits that tell the brand
_VISA = 4  # no other brand starts with it

BRANDS: dict[str, tuple[tuple[range, ...], tuple[int, ...]]] = {
    "American Express": ((range(3400, 3500), range(3700, 3800)), (15,)),
    "Visa": ((range(4000, 5000),), (13, 16, 19)),
    "Mastercard": ((range(2221, 2721), range(5100, 5600)), (16,)),
    "Discover": ((range(6011, 6012), range(6440, 6600)), (16, 17, 18, 19)),
    "Diners Club": (
        (range(3000, 3060), range(3095, 3096), range(3600, 3700), range(3800, 4000)),
        (14, 15, 16, 17, 18, 19),
    ),
    "JCB": ((range(3528, 3590),), (16, 17, 18, 19)),
    "UnionPay": ((range(6200, 6300), range(8100, 8172)), (16, 17, 18, 19)),
    "Maestro": (
        (range(5000, 5100), range(5600, 5900), range(6304, 6305), range(6390, 6391), range(6700, 6800)),
        (12, 13, 14, 15, 16, 17, 18, 19),
    ),
    "Mir": ((range(2200, 2205),), (16, 17, 18, 19)),
    "RuPay": ((range(6000, 6011), range(6012, 6100), range(8172, 8300)), (16,)),
    "Troy": ((range(9792, 9793),), (16,)),
}
"""The first four digits of every brand's cards, and how many digits they have."""

CARD_LENGTHS = range(12, 20)
"""How many digits cards have."""


def _unbranded(first: int) -> Listed:
    """First four digits that tell no brand, by the first of them."""
    branded = {number for ranges, _ in BRANDS.values() for some in ranges for number in some}
    return numbers(_PREFIX, *(number for number in range(1000 * first, 1000 * first + 1000) if number not in branded))


def card_forms() -> tuple[Form, ...]:
    """A form for every brand and length: the brand stays, whatever else changes."""
    prefixes = {brand: numbers(_PREFIX, *ranges) for brand, (ranges, _lengths) in BRANDS.items()}
    prefixes |= {str(first): _unbranded(first) for first in range(10) if first != _VISA}
    return tuple(
        Form((start, digits(length - _PREFIX - 1), luhn()), proper=length in _lengths(brand), name=f"card {brand}")
        for length in CARD_LENGTHS
        for brand, start in prefixes.items()
    )


def _lengths(brand: str) -> tuple[int, ...]:
    return BRANDS[brand][1] if brand in BRANDS else ()


def card_forms_keeping(first: int) -> tuple[Form, ...]:
    """A form for every length: the first digits stay, be they none."""
    kept = (Kept(first, DIGITS),) if first else ()
    return tuple(form(*kept, digits(length - first - 1), luhn(), name=f"card but {first}") for length in CARD_LENGTHS)


def _bic() -> tuple[Form, ...]:
    """With or without a branch; the head office is written with XXX or without."""
    bank: tuple[Part | Either, ...] = (letters(4), Kept(2, LETTERS, COUNTRIES), Either(2))
    branch = Form((*bank, Either(3)), also=lambda values: (values[:, 8:] != _X).any(axis=1), name="bic branch")
    return form(*bank, name="bic"), form(*bank, fixed("XXX"), name="bic"), branch


_X = CHARACTERS.index("X")
_NO_VOWELS = "BCDFGHJKLMNPQRSTVWXYZ"
_SEDOL_WEIGHTS = (1, 3, 1, 7, 3, 9)
_ISSUERS = (*COUNTRIES, *"XS XA XB XC XD XF EU QS QT QV".split())


def _isin() -> tuple[Form, ...]:
    """Most hold a national number of nine characters, which has a check digit of its own in some countries."""

    def made(country: str, *inner: Part | Either | Check) -> Form:
        return form(fixed(country), *inner, luhn_of_letters())

    american = (Either(8), free(luhn(first=2)))
    british = (fixed("00"), Either(6, _NO_VOWELS), free(weighted(_SEDOL_WEIGHTS, "0987654321")))
    others = form(Kept(2, LETTERS, _ISSUERS), Either(9), luhn_of_letters(), name="isin")
    return made("US", *american), made("CA", *american), made("GB", *british), others


CARD = Scheme("card", "the number of a payment card", "4111 1111 1111 1111", card_forms(), whom="account")
LUHN = Scheme(
    "luhn",
    "a number with a Luhn check digit",
    "79927398713",
    tuple(form(digits(length - 1), luhn()) for length in range(8, 20)),
    whom="thing",
)
BIC = Scheme("bic", "the code of a bank (BIC, SWIFT)", "DEUTDEFF500", _bic(), whom="organisation")
ISIN = Scheme("isin", "the code of a security", "US0378331005", _isin(), whom="thing")
CUSIP = Scheme(
    "cusip", "the code of a security in North America", "037833100", (form(Either(8), luhn()),), "US", "thing"
)
SEDOL = Scheme(
    "sedol",
    "the code of a security in Great Britain",
    "B0WNLY7",
    (form(Either(6, _NO_VOWELS), weighted(_SEDOL_WEIGHTS, "0987654321")),),
    "GB",
    "thing",
)
LEI = Scheme(
    "lei",
    "the code of a legal entity",
    "5493001KJTIIGC8Y1R12",
    (form(Either(18), mod_97()),),
    whom="organisation",
)
ROUTING_NUMBER = Scheme(
    "routing_number",
    "the routing number of a bank in the United States",
    "021000021",
    (
        form(
            numbers(2, range(13), range(21, 33), range(61, 73), 80),
            digits(6),
            weighted((3, 7, 1, 3, 7, 1, 3, 7), "0987654321"),
        ),
    ),
    "US",
    "organisation",
)
SCHEMES = (CARD, LUHN, BIC, ISIN, CUSIP, SEDOL, LEI, ROUTING_NUMBER)

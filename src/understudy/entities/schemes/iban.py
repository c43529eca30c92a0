"""International bank account numbers (ISO 13616): the structure of every country's, and its own check digits.

The structures are those of the SWIFT IBAN registry, as the package schwifty (MIT licence) compiles
them; after the registry's countries come those that use IBANs without being in it.
"""

from __future__ import annotations

import re

from understudy.entities.check_digits import (
    CHARACTERS,
    DIGITS,
    Check,
    by_turns,
    counts,
    free,
    later,
    luhn,
    mod_11_10,
    mod_97,
    numbered,
    powers,
    weighted,
)
from understudy.entities.forms import Form, form
from understudy.entities.parts import LETTERS, Either, Free, Kept, Part, fixed
from understudy.entities.scheme import Scheme

STRUCTURES = """
    AD 4n4n12c AE 3n16n AL 7nK16c AT 5n11n AZ 4a20c BA 3n3n8nK BE 3n7nK BG 4a4n2n8c BH 4a14c BI 5n5n11n2n BR 8n5n10n1a1c
    BY 4c4n16c CH 5n12c CR 4n14n CY 3n5n16c CZ 4n5nK9nK DE 8n10n DJ 5n5n11n2n DK 4n9n1n DO 4c20n EE 2n2n11nK EG 4n4n17n
    ES 4n4nKK10n FI 3n10nK FK 2a12n FO 4n9n1n FR 5n5n11cK GB 4a6n8n GE 2a16n GI 4a15c GL 4n9n1n GR 3n4n16c GT 4c2n2n16c
    HN 4a20n HR 6nK9nK HU 3n4nK15nK IE 4a6n8n IL 3n3n13n IQ 4a3n12n IS 4n2n6n10n IT K5n5n12c JO 4a4n18c KW 4a22c
    KZ 3n13c LB 4n20c LC 4a24c LI 5n12c LT 5n11n LU 3n13c LV 4a13c LY 3n3n15n MC 5n5n11cK MD 2c18c ME 3n13nK MK 3n10cK
    MN 4n12n MR 5n5n11nK MT 4a5n18c MU 4a2n2n12n3n3a NI 4a20n NL 4a10n NO 4n6nK OM 3n16c PK 4a16c PL 7nK16n PS 4a21c
    PT 4n4n11nK QA 4a21c RO 4a16c RS 3n13nK RU 9n5n15c SA 2n18c SC 4a2n2n16n3a SD 2n12n SE 3n17n SI 5n8nK SK 4n5nK9nK
    SM K5n5n12c SO 4n3n12n ST 4n4n11n2n SV 4a20n TL 3n14nK TN 2n3n13nK TR 5n1n16c UA 6n19c VA 3n15n VG 4a16n
    XK 2n2n10n2n YE 4a4n18c
    AO 4n4n11n2n BF 2c3n5n12n2n BJ 2c3n5n12n2n CF 5n5n11n2n CG 5n5n11n2n CI 2a3n5n12n2n CM 5n5n11n2n CV 4n4n11n2n
    DZ 3n5n10n2n GA 5n5n11n2n GQ 5n5n11n2n GW 2c19n IR 3n19n KM 5n5n11n2n MA 3n5n14n2n MG 5n5n11n2n ML 2c3n5n12n2n
    MZ 4n4n11n2n NE 2a3n5n12n2n SN 2a3n5n12n2n TD 5n5n11n2n TG 2a3n5n12n2n
"""
"""What follows the country and the two check digits: so many digits (n), letters (a) or either (c), the bank
first; a K is the country's own check, as below."""

_FRENCH = ("AJ", "BKS", "CLT", "DMU", "ENV", "FOW", "GPX", "HQY", "IRZ")
_AS_DIGITS = counts({letter: number for number, letters in enumerate(_FRENCH, 1) for letter in letters})


def _key(count: int) -> Check:
    """What makes a number of so many digits, and two more, a multiple of 97; letters count as digits in France."""
    weights = tuple(weight * 100 % 97 for weight in powers(10, 97, count))
    return weighted(weights, numbered(97, 1), of=_AS_DIGITS)


_INTERNATIONAL = mod_97(lambda length: range(4, length - 2))
_CZECH = (weighted((10, 5, 8, 4, 2), "0-987654321"), weighted((6, 3, 7, 9, 10, 5, 8, 4, 2), "0-987654321"))
_HUNGARIAN = (9, 7, 3, 1) * 4
_ITALIAN = by_turns(first=5, last=27)

NATIONAL: dict[str, tuple[Check, ...]] = {
    "AL": (weighted(_HUNGARIAN[:7], "0987654321"),),
    "BA": (_INTERNATIONAL,),
    "BE": (weighted(powers(10, 97, 10), ("97", *numbered(1, 96))),),
    "CZ": _CZECH,
    "EE": (weighted((7, *(1, 3, 7) * 4), "0987654321"),),
    "ES": (
        weighted((4, 8, 5, 10, 9, 7, 3, 6), "01987654321", first=4),
        weighted((1, 2, 4, 8, 5, 10, 9, 7, 3, 6), "01987654321", first=14),
    ),
    "FI": (luhn(first=4),),
    "FR": (_key(21),),
    "HR": (mod_11_10(first=4), mod_11_10(first=11)),
    "HU": (weighted(_HUNGARIAN[:7], "0987654321"), weighted(_HUNGARIAN[:15], "0987654321")),
    "IT": (_ITALIAN,),
    "MC": (_key(21),),
    "ME": (_INTERNATIONAL,),
    "MK": (_INTERNATIONAL,),
    "MR": (_key(21),),
    "NO": (weighted((5, 4, 3, 2, 7, 6, 5, 4, 3, 2), "0-987654321"),),
    "PL": (weighted((3, 9, 7, 1, 3, 9, 7), "0987654321"),),
    "PT": (_INTERNATIONAL,),
    "RS": (_INTERNATIONAL,),
    "SI": (_INTERNATIONAL,),
    "SK": _CZECH,
    "SM": (_ITALIAN,),
    "TL": (_INTERNATIONAL,),
    "TN": (_key(18),),
}
"""How countries compute their own check characters, in the order in which they stand."""

_GROUP = re.compile(r"(\d+)([nac])|K")
_LENGTHS = range(11, 35)
_KINDS = {"n": DIGITS, "a": LETTERS, "c": CHARACTERS}


def _form(country: str, structure: str, *, keep_bank: bool) -> Form:
    checks = iter(NATIONAL.get(country, ()))
    parts: list[Part | Either | Check] = []
    for count, kind in _GROUP.findall(structure):
        if not kind:
            parts.append(free(next(checks)))
        elif keep_bank and not any(isinstance(part, Kept) for part in parts):
            parts.append(Kept(int(count), _KINDS[kind]))
        else:
            parts.append(Either(int(count)) if kind == "c" else Free(int(count), _KINDS[kind]))
    name = f"iban {country} but bank" if keep_bank else f"iban {country}"
    return form(fixed(country), later(_CHECK), *parts, name=name)


_CHECK = mod_97(lambda length: (*range(4, length), 0, 1))


def iban_forms(*, keep_bank: bool = False) -> tuple[Form, ...]:
    """A form for every country, and one for every length that any other may have."""
    pairs = STRUCTURES.split()
    made = [_form(pairs[at], pairs[at + 1], keep_bank=keep_bank) for at in range(0, len(pairs), 2)]
    for length in _LENGTHS:
        parts = (Kept(2, LETTERS), _CHECK, Either(length - 4))
        made.append(Form(parts, proper=False, name="iban"))
    return tuple(made)


IBAN = Scheme(
    "iban", "the number of a bank account (IBAN)", "GB29 NWBK 6016 1331 9268 19", iban_forms(), whom="account"
)
SCHEMES = (IBAN,)

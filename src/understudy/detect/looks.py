"""What sampled values look like: patterns of mail, cards, names ..., and check digits that only such numbers have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pyarrow.compute as pc

from understudy import entities
from understudy.detect.catalogue import KEPT, WHOLE
from understudy.detect.fields import LETTER, Values, percent
from understudy.detect.weighing import Sign
from understudy.entities.checksums import SCHEMES, valid
from understudy.entities.scheme import Scheme

TELLING: Mapping[str, float] = {
    "email": 0.95,
    "jwt": 0.95,
    "secret": 0.90,
    "mac": 0.90,
    "ip": 0.85,
    "iban": 0.80,
    "address": 0.75,
    "coordinates": 0.60,
    "ssn": 0.60,
    "company": 0.55,
    "first_name": 0.55,
    "last_name": 0.50,
    "city": 0.50,
    "country": 0.55,
    "phone": 0.50,
    "url": 0.45,
    "bic": 0.35,
    "imei": 0.30,
    "vin": 0.30,
    "card": 0.30,
}
"""How much values tell by themselves, where nearly all of them are such; check digits make it CHECKED."""

CHECKED = 0.95
"""How much right check digits tell, for of ten numbers that have them by chance there is one in 10^10."""

_SCHEMES = {"card": "card", "iban": "iban", "imei": "device_id", "vin": "licence_plate"}
"""Kinds of identifiers with check digits, and their entity; those that persons are given are national identifiers."""

_CODED = r"^[A-Za-z]{0,4}[ .\-/]?(?:[0-9][ .\-/]{0,2}[A-Za-z]?[A-Za-z]?[ .\-/]?){5,34}$"
"""What an identifier with check digits may look like."""

_LOOSE = frozenset({"first_name", "last_name", "city", "country", "company", "address"})
"""Known by a dictionary or by a look that has exceptions, so that fewer values need to agree."""

_DIALLED = r"^\+?(?:\(?\d{1,5}\)?[ .\-/]){1,5}\d{2,8}(?: ?x?\d{1,5})?$"
_AGENTS = r"(?:Mozilla|Opera|curl|Dalvik|okhttp|python-requests|PostmanRuntime)/\d"
_ICD = r"^[A-TV-Z]\d{2}(?:\.\d{1,4})?$"

_MOST = 250
"""Most different values that are looked at."""

_WORDS = rf"^{LETTER}[^0-9@_/\\]*$"
_HINTS: Mapping[str, str] = {
    "email": "@",
    "jwt": "^eyJ",
    "secret": r"^\S{16,}$|^-----",
    "mac": r"^[0-9A-Fa-f]{2,4}[:.\-]",
    "ip": r"^[0-9A-Fa-f]{0,4}[.:]",
    "iban": r"^[A-Za-z]{2}[0-9]{2}",
    "address": rf"[0-9].*{LETTER}|{LETTER}.*[0-9]",
    "coordinates": r"^[-+]?\d{1,3}[.,]\d",
    "ssn": r"^\d{3}-?\d{2}-?\d{4}$",
    "company": rf"{LETTER}[ .,]",
    "first_name": _WORDS,
    "last_name": _WORDS,
    "city": _WORDS,
    "country": _WORDS,
    "phone": r"^[+(]?\d[\d ().\-/x]{5,}",
    "url": r"^\w+://|^www\.",
    "bic": r"^[A-Z]{6}[A-Z0-9]{2}",
    "imei": r"^\d{15}",
    "vin": r"^[A-Z0-9]{17}$",
    "card": r"^\d[\d \-]{11,}",
}
"""What nearly costs nothing to match: only where enough values do, the whole pattern (or dictionary) is asked."""

_HINTED = 0.3


def found(entity: str, share: float, values: Values, strength: float, *, what: str = "") -> Sign:
    """The sign that so many of the values are such."""
    said = what or f"are {KEPT[entity].plural}"
    return Sign(entity, "values", f"{percent(share)} of {values.rows:,} sampled values {said}", strength)


def enough(values: Values) -> float:
    """How far so few values can be trusted: one value alone half as much as five."""
    return min(1.0, 0.4 + values.distinct / 8)


def signs(values: Values) -> Iterator[Sign]:
    """Values that are e-mail addresses, cards, given names ... and nothing else."""
    looked = values.first(_MOST)
    fitting = entities.whole(looked.texts, [name for name, hint in _HINTS.items() if looked.match(hint) >= _HINTED])
    if "phone" in fitting:  # days may be written as numbers are dialled: 04/17/1960
        fitting["phone"] = pc.and_not(fitting["phone"], entities.whole(looked.texts, ["date"])["date"])
    for name, fits in fitting.items():
        share = looked.share(fits)
        least = 0.35 if name in _LOOSE else 0.6
        if share < least or (name in ("first_name", "last_name") and values.words > 1.5):
            continue
        full = share >= (0.6 if name in _LOOSE else 0.9)
        strength = TELLING[name] * (1.0 if full else 0.6) * enough(values)
        entity = WHOLE[name]
        if name == "phone":
            strength *= 1.6 if values.match(r"[+() .\-/]") >= 0.5 else 1.0
        yield found(entity, share, values, strength)
    if "phone" not in fitting or looked.share(fitting["phone"]) < 0.6:
        dialled = values.match(_DIALLED)
        if dialled >= 0.9 and values.share(entities.whole(values.texts, ["date"])["date"]) < 0.5:
            yield found("phone", dialled, values, 0.45 * enough(values), what="are written like telephone numbers")
    agents = values.match(_AGENTS)
    if agents > 0.5:
        yield found("user_agent", agents, values, 0.9)
    codes = values.match(_ICD)
    if codes > 0.8 and values.distinct > 3:
        yield found("health", codes, values, 0.5, what="are written like codes of diagnoses")


def check_digits(values: Values) -> Iterator[Sign]:
    """Numbers that have the check digits of cards, accounts, national identifiers; of those that fit, the rarest."""
    if values.distinct < 10 or values.match(_CODED) < 0.9 or values.length < 8:
        return
    fitting: list[tuple[float, float, Scheme]] = []
    for name, scheme in SCHEMES.items():
        if scheme.checked and (name in _SCHEMES or scheme.whom == "person"):
            share = values.share(valid(name, values.texts))
            if share >= 0.9:
                fitting.append((scheme.chance, -share, scheme))
    if fitting:
        _chance, share, scheme = min(fitting, key=lambda one: one[:2])
        entity = _SCHEMES.get(scheme.name, "national_id")
        what = f"have the check digits of {scheme.title}"
        yield replace(found(entity, -share, values, CHECKED, what=what), rule=scheme.name)

"""What there is to find in columns: every entity, how much it tells of a person, and which columns can hold it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from understudy.detect.fields import LETTER
from understudy.schema import Kind

Sensitivity = Literal["direct", "quasi", "sensitive"]
"""``direct``: it leads to one person.  ``quasi``: it does so with others.  ``sensitive``: it harms by itself."""

Kinds = frozenset[Kind]

_TEXT: Kinds = frozenset({"text"})
_LABELS: Kinds = frozenset({"text", "enum"})
_DIGITS: Kinds = frozenset({"text", "integer", "decimal"})
_NUMBERS: Kinds = frozenset({"text", "integer", "decimal", "float"})
_NATIVE: Kinds = frozenset({"text", "other"})


@dataclass(frozen=True)
class Kept:
    """An entity as a column keeps it."""

    summary: str
    """What one value is, for sentences."""
    plural: str
    """What many values are."""
    sensitivity: Sensitivity
    kinds: Kinds = _TEXT
    looks: str = ""
    """For Arrow's kernel: what most values match where the entity is right; empty where anything may stand there."""
    of_things: bool = True
    """Things have it too (a product's name, a server's address), so words for things in its names make it doubtful."""


_NAME = r"^[^\d@#$%^*_=+<>{}\[\]|\\]{1,60}$"
_PLACE = r"^[^\d@#$%^*_=+<>{}\[\]|\\]{2,60}\d{0,5}$"

KEPT: Mapping[str, Kept] = {
    "email": Kept("an e-mail address", "e-mail addresses", "direct", _NATIVE, "@", of_things=False),
    "first_name": Kept("a given name", "given names", "direct", looks=_NAME, of_things=False),
    "last_name": Kept("a family name", "family names", "direct", looks=_NAME, of_things=False),
    "full_name": Kept("a person's name", "names of persons", "direct", looks=_NAME),
    "salutation": Kept("a form of address", "forms of address", "quasi", _LABELS, _NAME),
    "username": Kept("a user name", "user names", "direct", looks=r"^\S.{1,79}$"),
    "phone": Kept("a telephone number", "telephone numbers", "direct", _DIGITS, r"^\D{0,6}(\d[ ./()+\-–x]*){4}"),
    "address": Kept("an address", "addresses", "direct", looks=rf"{LETTER}|^[0-9]{{1,5}}$"),
    "city": Kept("a city", "cities", "quasi", _LABELS, _PLACE),
    "region": Kept("a region", "regions", "quasi", _LABELS, _PLACE),
    "postcode": Kept("a postal code", "postal codes", "quasi", _DIGITS, r"^[A-Za-z0-9][A-Za-z0-9 \-]{1,11}$"),
    "country": Kept("a country", "countries", "quasi", _LABELS, _PLACE),
    "nationality": Kept("a nationality", "nationalities", "quasi", _LABELS, _PLACE),
    "latitude": Kept("a latitude", "latitudes", "quasi", _NUMBERS, r"^ ?-?\d{1,2}([.,]\d+)?$", of_things=False),
    "longitude": Kept("a longitude", "longitudes", "quasi", _NUMBERS, r"^ ?-?\d{1,3}([.,]\d+)?$", of_things=False),
    "coordinates": Kept("a position", "positions", "quasi", frozenset({"text", "other", "bytes", "json"})),
    "company": Kept("a company", "companies", "quasi", looks=LETTER),
    "job_title": Kept("an occupation", "occupations", "quasi", _LABELS, r"^[^\d@][^@]{1,79}$"),
    "birth_date": Kept(
        "a date of birth", "dates of birth", "quasi", frozenset({"date", "timestamp", "text", "integer"}), r"\d"
    ),
    "death_date": Kept("a date of death", "dates of death", "quasi", frozenset({"date", "timestamp", "text"}), r"\d"),
    "age": Kept("an age", "ages", "quasi", _NUMBERS, r"^(1?\d{1,2})(\.0+)?$|^\d{1,3} ?[-–+] ?\d{0,3}$|^[<>]"),
    "gender": Kept("a gender", "genders", "quasi", frozenset({"text", "enum", "integer"}), r"^.{1,20}$"),
    "marital_status": Kept("a marital status", "marital statuses", "quasi", _LABELS, _NAME),
    "education": Kept("an education", "educations", "quasi", _LABELS, LETTER),
    "ip": Kept("an IP address", "IP addresses", "quasi", _NATIVE, r"^[0-9a-fA-F.:/{},\"]{3,}$", of_things=False),
    "mac": Kept("a hardware address", "hardware addresses", "direct", _NATIVE, r"[0-9A-Fa-f]{2}", of_things=False),
    "user_agent": Kept("a browser's description", "browsers' descriptions", "quasi", looks=r"[ /]"),
    "device_id": Kept("a device's number", "devices' numbers", "direct", frozenset({"text", "uuid", "integer"})),
    "url": Kept("a web address", "web addresses", "quasi", looks=r"[./#]"),
    "card": Kept("a card number", "card numbers", "direct", _DIGITS, r"^(\d[ \-]?){12,19}$", of_things=False),
    "card_expiry": Kept("a card's expiry", "cards' expiries", "quasi", frozenset({"text", "integer", "date"}), r"\d"),
    "cvv": Kept("a card's check code", "cards' check codes", "direct", _DIGITS, r"^\d{3,4}$", of_things=False),
    "iban": Kept("an IBAN", "IBANs", "direct", looks=r"^[A-Za-z]{2}\d{2}", of_things=False),
    "account": Kept("an account number", "account numbers", "direct", _DIGITS, r"\d", of_things=False),
    "bic": Kept("a bank's code", "banks' codes", "quasi", _DIGITS, r"^[A-Za-z0-9 \-]{5,14}$"),
    "national_id": Kept(
        "a national identifier", "national identifiers", "direct", _DIGITS, r"(\d[^\d]{0,2}){5}", of_things=False
    ),
    "passport": Kept("a passport number", "passport numbers", "direct", looks=r"\d", of_things=False),
    "driving_licence": Kept("a driving licence", "driving licences", "direct", looks=r"\d", of_things=False),
    "licence_plate": Kept("a vehicle's plate", "vehicles' plates", "direct", looks=r"[A-Za-z0-9]", of_things=False),
    "secret": Kept(
        "a secret",
        "secrets",
        "direct",
        frozenset({"text", "bytes", "uuid", "other", "json"}),
        r"^.{3,}$",
        of_things=False,
    ),
    "photo": Kept("a picture of a person", "pictures", "direct", frozenset({"text", "bytes"})),
    "signature": Kept("a signature", "signatures", "direct", frozenset({"text", "bytes"})),
    "free_text": Kept(
        "what people write", "free texts", "direct", frozenset({"text", "json"}), rf"{LETTER}.*\s.*{LETTER}"
    ),
    "biometric": Kept("a biometric feature", "biometric features", "sensitive", frozenset({"text", "bytes", "other"})),
    "health": Kept(
        "a person's health",
        "data of health",
        "sensitive",
        frozenset({"text", "enum", "integer", "decimal", "float", "boolean", "json"}),
    ),
    "religion": Kept("a religion", "religions", "sensitive", frozenset({"text", "enum", "boolean"}), _NAME),
    "ethnicity": Kept("an ethnic origin", "ethnic origins", "sensitive", _LABELS, _NAME),
    "orientation": Kept("a sexual orientation", "sexual orientations", "sensitive", _LABELS, _NAME),
    "political": Kept("a political opinion", "political opinions", "sensitive", _LABELS),
    "union": Kept("a union membership", "union memberships", "sensitive", frozenset({"text", "enum", "boolean"})),
    "criminal": Kept("a criminal record", "criminal records", "sensitive", frozenset({"text", "enum", "boolean"})),
    "salary": Kept("an income", "incomes", "sensitive", frozenset({*_NUMBERS, "enum", "other"}), r"\d"),
    "person_key": Kept(
        "a key of a person", "keys of persons", "quasi", frozenset({"text", "integer", "decimal", "uuid", "other"})
    ),
}
"""Every entity that a column may keep, by name."""


def summary(entity: str) -> str:
    """What one value of an entity is, for sentences; of one that is not ours, its name."""
    return KEPT[entity].summary if entity in KEPT else entity


WHOLE: Mapping[str, str] = {
    "email": "email",
    "url": "url",
    "ip": "ip",
    "mac": "mac",
    "phone": "phone",
    "card": "card",
    "iban": "iban",
    "bic": "bic",
    "ssn": "national_id",
    "imei": "device_id",
    "vin": "licence_plate",
    "jwt": "secret",
    "secret": "secret",
    "address": "address",
    "coordinates": "coordinates",
    "company": "company",
    "first_name": "first_name",
    "last_name": "last_name",
    "city": "city",
    "country": "country",
}
"""What values are recognised as, by the names of ``understudy.entities``, and which entity a column of them keeps."""

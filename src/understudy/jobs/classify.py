"""Which rule a column should get, guessed from its name and type alone; what cannot be guessed is left to a person."""

from __future__ import annotations

import re
from dataclasses import dataclass

from understudy.schema import Column, Schema, Table

UNDECIDED = "decide"
"""What stands in a job file where no rule could be guessed; a run refuses until a person replaces it."""


@dataclass(frozen=True)
class Guess:
    """A rule as it is written in the job file, and why."""

    rule: str
    why: str


_PERSONAL: tuple[tuple[str, str, str], ...] = (
    # words that must all occur in the column's name; rule; what the column is
    ("email", "email", "an e-mail address"),
    ("e_mail", "email", "an e-mail address"),
    ("first name", "first_name", "a given name"),
    ("firstname", "first_name", "a given name"),
    ("given name", "first_name", "a given name"),
    ("last name", "last_name", "a family name"),
    ("lastname", "last_name", "a family name"),
    ("surname", "last_name", "a family name"),
    ("family name", "last_name", "a family name"),
    ("middle name", "first_name", "a given name"),
    ("full name", "full_name", "a person's name"),
    ("fullname", "full_name", "a person's name"),
    ("contact name", "full_name", "a person's name"),
    ("holder name", "full_name", "a person's name"),
    ("company", "company", "a company"),
    ("employer", "company", "a company"),
    ("username", "username", "a user name"),
    ("user name", "username", "a user name"),
    ("login", "username", "a user name"),
    ("nickname", "username", "a user name"),
    ("phone", "phone", "a telephone number"),
    ("mobile", "phone", "a telephone number"),
    ("fax", "phone", "a telephone number"),
    ("street", "street", "an address"),
    ("address", "street", "an address"),
    ("address1", "street", "an address"),
    ("address2", "street", "an address"),
    ("city", "city", "a place"),
    ("town", "city", "a place"),
    ("postcode", "postcode", "a postal code"),
    ("postal code", "postcode", "a postal code"),
    ("zip", "postcode", "a postal code"),
    ("zipcode", "postcode", "a postal code"),
    ("country", "country", "a country"),
    ("birth date", "{shift_days: 30}", "a date of birth"),
    ("birthdate", "{shift_days: 30}", "a date of birth"),
    ("birthday", "{shift_days: 30}", "a date of birth"),
    ("date birth", "{shift_days: 30}", "a date of birth"),
    ("dob", "{shift_days: 30}", "a date of birth"),
    ("iban", "token", "an account number"),
    ("ssn", "token", "a national identifier"),
    ("passport", "token", "an identity document"),
    ("password", "redact", "a secret"),
    ("passwd", "redact", "a secret"),
    ("secret", "redact", "a secret"),
    ("token", "token", "a secret"),
    ("salary", "{noise: 0.1}", "a person's income"),
    ("ip", "redact", "a network address"),
)

_HARMLESS_TEXT = frozenset(
    "status state type kind code currency locale language lang timezone unit category version format role gender "
    "method provider channel browser device color colour size slug mime extension level rating".split()
)
_HARMLESS_NUMBERS = frozenset(
    "count quantity qty amount price total cost rate fee tax discount score rating stars position rank order priority "
    "width height length weight size duration seconds days year month version level number no stock nights guests "
    "capacity beds percent ratio rental replacement units reorder freight balance".split()
)
_HARMLESS_TIMES = frozenset(
    "created updated modified deleted started finished ended at on date time last update".split()
)


def words(name: str) -> list[str]:
    """The words of an identifier: ``customerEmailAddress`` and ``customer_email_address`` read alike."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [word for word in re.split(r"[^0-9A-Za-z]+", spaced.lower()) if word]


def guess(schema: Schema, table: Table, column: Column) -> Guess:
    """The rule one column should get; ``decide`` where its name and type do not tell."""
    if column.name in table.row_key or _referenced(schema, table, column):
        return _key(column)
    name = words(column.name)
    if "address" in name and "email" in words(table.name.name):
        name = ["email"]
    personal = _personal(name, column)
    if personal is not None:
        return personal
    return _harmless(name, column) or Guess(
        UNDECIDED, f"{column.native_type}: its name and type do not tell what it holds"
    )


def _referenced(schema: Schema, table: Table, column: Column) -> bool:
    return any(column.name in key.parent_columns for key in schema.children(table.name))


def _key(column: Column) -> Guess:
    if column.kind in ("integer", "uuid") or (column.kind == "text" and not column.as_text):
        return Guess("key", "identifies a row: permuted, so that keys stay unique and agree everywhere")
    if column.kind in ("enum", "boolean", "date", "timestamp", "time"):
        return Guess("keep", f"{column.kind} inside a key")
    return Guess(UNDECIDED, f"{column.native_type} inside a key")


def _personal(name: list[str], column: Column) -> Guess | None:
    for needed, rule, what in _PERSONAL:
        if set(needed.split()) <= set(name) and _suits(rule, column):
            return Guess(rule, what)
    if name in (["name"], ["display", "name"]) and column.kind == "text":
        return Guess(UNDECIDED, "a name: of a person (full_name), of a company (company) or of a thing (keep)?")
    return None


def _suits(rule: str, column: Column) -> bool:
    if rule.startswith("{shift_days"):
        return column.kind in ("date", "timestamp")
    if rule.startswith("{noise"):
        return column.kind in ("integer", "decimal", "float") and not column.as_text
    return column.kind == "text"


def _harmless(name: list[str], column: Column) -> Guess | None:
    known = set(name)
    if column.kind in ("boolean", "enum"):
        return Guess("keep", f"{column.native_type}: one of a few known values")
    if column.kind in ("integer", "decimal", "float") and known & _HARMLESS_NUMBERS:
        return Guess("keep", "a quantity")
    if column.kind in ("timestamp", "date", "time") and known <= _HARMLESS_TIMES:
        return Guess("keep", "when the row was written")
    if column.kind == "text" and name and name[-1] in _HARMLESS_TEXT:
        return Guess("keep", "a classification")
    return None

"""Which rule a finding should get: texts for the job file, the best first; whoever uses them tries whether they fit.

Names are drawn by the row's subject (``per``), e-mail addresses and user names by their value.  Drawn by subject,
a person's given name, family name, gender and full name agree in the row, and in every table whose foreign key
leads to that person, and nothing is learned from which name is frequent; but equal names of different people
become different, so that ``GROUP BY first_name`` counts other groups.  Drawn by value, joins and counts over a
column survive.  Names are seldom joined on and agree best; e-mail addresses and user names are what systems join,
log in and deduplicate by, in tables without any foreign key, so they stay joinable by default.

Parts of an address are drawn by the row's person, else by the row, where a row has several of them, so that a city
and its postal code agree, in the country that the row has after masking; one alone, and the country itself, is drawn
by its value, which keeps counts.  A name in a row that has no
key of a person (orders that repeat a customer's name) is drawn by its value, so that it stays the same in all rows.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from understudy.detect.fields import Field
from understudy.detect.names import of_people
from understudy.schema import Schema, Table

RULES: Mapping[str, tuple[str, ...]] = {
    "email": ("email",),
    "first_name": ("{first_name: {per: @}}", "first_name"),
    "last_name": ("{last_name: {per: @}}", "last_name"),
    "full_name": ("{full_name: {per: @}}", "full_name"),
    "salutation": ("{title: {per: @}}", "title", "shuffle"),
    "username": ("username",),
    "phone": ("phone", "key"),
    "address": ("{street: {per: @, country: from <country>}}", "{street: {per: @}}", "street", "redact"),
    "city": ("{city: {per: @, country: from <country>}}", "{city: {per: @}}", "city"),
    "region": ("{region: {per: @, country: from <country>}}", "{region: {per: @}}", "region", "city"),
    "postcode": ("{postcode: {per: @, country: from <country>}}", "{postcode: {per: @}}", "postcode", "key"),
    "country": ("country", "shuffle"),
    "nationality": ("country", "shuffle"),
    "latitude": ("{latitude: {jitter_km: 5, with: <longitude>}}", "{noise: 0.001}"),
    "longitude": ("{longitude: {jitter_km: 5, with: <latitude>}}", "{noise: 0.001}"),
    "coordinates": ("null", "redact"),
    "company": ("{company: {per: @}}", "company"),
    "job_title": ("job_title", "shuffle"),
    "birth_date": ("{birth_date: <today>, per: @}", "{birth_date: <today>}", "{shift_days: 30}", "{bucket: 10}"),
    "death_date": ("{shift_days: 30, per: @}", "{shift_days: 30}"),
    "age": ("{age: {born: <birth_date>, on: <today>}}", "{bucket: 5}", "shuffle"),
    "gender": ("{gender: {per: @}}", "gender", "shuffle"),
    "marital_status": ("shuffle",),
    "education": ("shuffle",),
    "ip": ("ip", "redact", "null"),
    "mac": ("mac", "redact", "null"),
    "user_agent": ("user_agent", "shuffle", "redact"),
    "device_id": ("key", "token"),
    "url": ("url", "redact"),
    "card": ("card", "key", "token"),
    "card_expiry": ("{card_expiry: 24}", "shuffle"),
    "cvv": ("cvv", "key", "redact"),
    "iban": ("iban", "key", "token"),
    "account": ("account_number", "key", "token"),
    "bic": ("bic", "routing_number", "token"),
    "national_id": ("key", "token"),
    "passport": ("passport", "key", "token"),
    "driving_licence": ("driving_licence", "key", "token"),
    "licence_plate": ("licence_plate", "key", "token"),
    "secret": ("redact", "token", "null"),
    "photo": ("null", "redact"),
    "signature": ("null", "redact"),
    "free_text": (
        "{free_text: {columns: [<named>]}}",
        "{free_text: {columns: [<parents>], per: @}}",
        "free_text",
        "redact",
    ),
    "biometric": ("null", "redact"),
    "health": ("shuffle", "redact", "null"),
    "religion": ("shuffle", "redact"),
    "ethnicity": ("shuffle", "redact"),
    "orientation": ("shuffle", "redact"),
    "political": ("shuffle", "redact"),
    "union": ("shuffle", "redact"),
    "criminal": ("shuffle", "redact"),
    "salary": ("{noise: 0.1}", "shuffle", "redact"),
    "person_key": ("key", "token"),
}
"""Rules for every entity, the best first; ``@`` stands for the subject, ``<longitude>`` for the row's column of it."""

SECOND: Mapping[str, tuple[str, ...]] = {
    "first_name": ("{middle_name: {per: @}}", "middle_name", "first_name"),
    "last_name": ("last_name",),
    "address": ("street", "redact"),
}
"""Rules for the second column of an entity in a row, which should not say the same as the first."""

_PLACES = frozenset({"address", "city", "region", "postcode", "country"})
_UNKNOWN = ("token", "redact")
_ARRAYS = ("null", '{replace: "{}"}')
"""What an array becomes where no rule fits its elements."""

_COLUMN = re.compile(r"<(\w+)>")
_PLAIN = re.compile(r"[A-Za-z_][\w.]*\Z", re.ASCII)

IDENTITY = ("first_name", "last_name", "full_name", "email", "username", "phone")
"""Entities that a text about the row's person may mention."""


@dataclass(frozen=True)
class Row:
    """What else a row holds that rules can use."""

    person: str = ""
    """The column by which the row's person is told; empty where there is none."""
    key: str = ""
    """The column by which the row itself is told."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """The first column of every entity in the row."""
    parents: tuple[str, ...] = ()
    """Columns of another table that name the person this row's key leads to."""

    def subject(self, entity: str, column: str) -> str:
        """By which column an entity is drawn; empty for its own value."""
        if entity not in _PLACES:
            found = self.person
        else:
            found = (self.person or self.key) if len(_PLACES & self.columns.keys()) > 1 else ""
        return "" if found == column else found


def rules(entity: str, field: Field, row: Row) -> tuple[str, ...]:
    """The rules that a finding may get, as the job file spells them; those that name a subject first."""
    if field.kind == "json" and not field.path:
        return ("redact", "null")
    subject = "" if field.path else row.subject(entity, field.column.name)
    known = {} if field.path else {name: _named(column) for name, column in row.columns.items()}
    known["today"] = f"{datetime.date.today().year}-01-01"  # ages are told on a day
    named = [known[name] for name in IDENTITY if name in known]
    if named and not field.path:
        known["named"] = ", ".join(named)
    if row.parents and not field.path:
        known["parents"] = ", ".join(map(_named, row.parents))
    first = row.columns.get(entity, field.column.name) == field.column.name or field.path or field.key
    table = RULES if first or entity not in SECOND else SECOND
    spelled = (_spelled(rule, subject, known) for rule in table.get(entity, _UNKNOWN))
    found = tuple(dict.fromkeys(rule for rule in spelled if rule))
    return (*(f"{{array: {rule}}}" for rule in found), *_ARRAYS) if field.path == "[*]" else found


def _spelled(rule: str, subject: str, known: Mapping[str, str]) -> str:
    """A rule with its columns filled in; empty where the row has none for it."""
    columns = _COLUMN.findall(rule)
    if ("@" in rule and not subject) or not all(entity in known for entity in columns):
        return ""
    return _COLUMN.sub(lambda found: known[found.group(1)], rule.replace("@", _named(subject)))


def _named(column: str) -> str:
    """A column's name in a flow mapping of YAML: quoted where it is more than a word."""
    return column if _PLAIN.match(column) else '"' + column.replace('"', '\\"') + '"'


def person_of(schema: Schema, table: Table, people: Collection[str]) -> str:
    """The column by which the person in a row is told; empty where there is none.

    A row of a table of people is told by its own key, any other by its only foreign key to such a
    table, so that both agree.
    """
    if len(table.row_key) == 1 and (of_people(table.name.name) or str(table.name) in people):
        return table.row_key[0]
    parents = {
        key.columns[0]
        for key in schema.parents(table.name)
        if len(key.columns) == 1 and not key.expressions and str(key.parent) in people
    }
    return parents.pop() if len(parents) == 1 else ""

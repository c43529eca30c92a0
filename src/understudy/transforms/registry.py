"""All transformers by name, and how a rule is read from the job file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from understudy.errors import InputError, unknown
from understudy.interfaces import Rule
from understudy.transforms.catalogue.address import ADDRESS
from understudy.transforms.catalogue.arrays import ARRAY
from understudy.transforms.catalogue.as_date import AS_DATE
from understudy.transforms.catalogue.banks import (
    ACCOUNT_NUMBER,
    BIC,
    CUSIP,
    IBAN,
    ISIN,
    LEI,
    ROUTING_NUMBER,
    SEDOL,
)
from understudy.transforms.catalogue.birth_date import BIRTH_DATE
from understudy.transforms.catalogue.bucket import BUCKET
from understudy.transforms.catalogue.business import CURRENCY, DEPARTMENT, INDUSTRY, JOB_TITLE, PRODUCT
from understudy.transforms.catalogue.cards import CARD, CARD_EXPIRY, CARD_TYPE, CVV
from understudy.transforms.catalogue.choice import CHOICE
from understudy.transforms.catalogue.company import COMPANY
from understudy.transforms.catalogue.composites import FIELDS
from understudy.transforms.catalogue.computed import DIFFERENCE_OF, PRODUCT_OF, RATIO_OF, SUM_OF
from understudy.transforms.catalogue.conditional import SWITCH, WHEN
from understudy.transforms.catalogue.constant import KEEP, NULL, REDACT, REPLACE
from understudy.transforms.catalogue.coordinates import LATITUDE, LONGITUDE
from understudy.transforms.catalogue.delimited import DELIMITED
from understudy.transforms.catalogue.devices import ICCID, IMEI, IMSI, LICENCE_PLATE, VIN
from understudy.transforms.catalogue.documents import JSON
from understudy.transforms.catalogue.file_path import FILE_PATH
from understudy.transforms.catalogue.free_text import FREE_TEXT
from understudy.transforms.catalogue.from_regex import FROM_REGEX, PATTERN
from understudy.transforms.catalogue.gender import GENDER, TITLE
from understudy.transforms.catalogue.handles import EMAIL, USERNAME
from understudy.transforms.catalogue.hashes import HASH, TOKEN
from understudy.transforms.catalogue.hstore import HSTORE
from understudy.transforms.catalogue.html_text import HTML_TEXT
from understudy.transforms.catalogue.internet import HOSTNAME, URL
from understudy.transforms.catalogue.key import KEY
from understudy.transforms.catalogue.lorem import LOREM
from understudy.transforms.catalogue.mac import MAC
from understudy.transforms.catalogue.mapped import GENERALIZE, MAP
from understudy.transforms.catalogue.mask import MASK, TRUNCATE
from understudy.transforms.catalogue.national_ids import DRIVING_LICENCE, NATIONAL_IDS, PASSPORT
from understudy.transforms.catalogue.network import IP
from understudy.transforms.catalogue.noise import NOISE, SCALE
from understudy.transforms.catalogue.password import PASSWORD
from understudy.transforms.catalogue.people import (
    DISPLAY_NAME,
    FIRST_NAME,
    FULL_NAME,
    INITIALS,
    LAST_NAME,
    MIDDLE_NAME,
)
from understudy.transforms.catalogue.phone import PHONE
from understudy.transforms.catalogue.places import CITY, COUNTRY, COUNTY, REGION, STREET, TIMEZONE
from understudy.transforms.catalogue.postcodes import POSTCODE
from understudy.transforms.catalogue.python import PYTHON
from understudy.transforms.catalogue.random_values import RANDOM
from understudy.transforms.catalogue.ranges import RANGE
from understudy.transforms.catalogue.redistribute import REDISTRIBUTE
from understudy.transforms.catalogue.regex import REGEX, REGEX_REDACT, REGEX_REPLACE
from understudy.transforms.catalogue.rounding import CLAMP, ROUND
from understudy.transforms.catalogue.sample import RARE, SAMPLE
from understudy.transforms.catalogue.scramble import SCRAMBLE, SKU
from understudy.transforms.catalogue.secrets import API_KEY, HASH_SHAPE
from understudy.transforms.catalogue.serial import SERIAL
from understudy.transforms.catalogue.shift_days import JITTER, SHIFT_DAYS
from understudy.transforms.catalogue.shuffle import SHUFFLE
from understudy.transforms.catalogue.stretch import STRETCH
from understudy.transforms.catalogue.template import TEMPLATE
from understudy.transforms.catalogue.timeline import AGE, TIMELINE
from understudy.transforms.catalogue.url_query import URL_QUERY
from understudy.transforms.catalogue.user_agent import USER_AGENT
from understudy.transforms.catalogue.xml import XML
from understudy.transforms.declare import Declaration

TRANSFORMERS: dict[str, Declaration] = {
    "keep": KEEP,
    "key": KEY,
    "serial": SERIAL,
    "hash": HASH,
    "token": TOKEN,
    "api_key": API_KEY,
    "hash_shape": HASH_SHAPE,
    "password": PASSWORD,
    "email": EMAIL,
    "username": USERNAME,
    "first_name": FIRST_NAME,
    "last_name": LAST_NAME,
    "middle_name": MIDDLE_NAME,
    "full_name": FULL_NAME,
    "display_name": DISPLAY_NAME,
    "initials": INITIALS,
    "gender": GENDER,
    "title": TITLE,
    "birth_date": BIRTH_DATE,
    "phone": PHONE,
    "street": STREET,
    "city": CITY,
    "region": REGION,
    "county": COUNTY,
    "postcode": POSTCODE,
    "country": COUNTRY,
    "address": ADDRESS,
    "timezone": TIMEZONE,
    "latitude": LATITUDE,
    "longitude": LONGITUDE,
    "card": CARD,
    "card_type": CARD_TYPE,
    "card_expiry": CARD_EXPIRY,
    "cvv": CVV,
    "iban": IBAN,
    "bic": BIC,
    "account_number": ACCOUNT_NUMBER,
    "routing_number": ROUTING_NUMBER,
    "isin": ISIN,
    "cusip": CUSIP,
    "sedol": SEDOL,
    "lei": LEI,
    **NATIONAL_IDS,
    "passport": PASSPORT,
    "driving_licence": DRIVING_LICENCE,
    "licence_plate": LICENCE_PLATE,
    "vin": VIN,
    "imei": IMEI,
    "imsi": IMSI,
    "iccid": ICCID,
    "company": COMPANY,
    "department": DEPARTMENT,
    "job_title": JOB_TITLE,
    "industry": INDUSTRY,
    "product": PRODUCT,
    "currency": CURRENCY,
    "ip": IP,
    "mac": MAC,
    "hostname": HOSTNAME,
    "url": URL,
    "file_path": FILE_PATH,
    "user_agent": USER_AGENT,
    "shift_days": SHIFT_DAYS,
    "jitter": JITTER,
    "as_date": AS_DATE,
    "timeline": TIMELINE,
    "age": AGE,
    "noise": NOISE,
    "scale": SCALE,
    "round": ROUND,
    "clamp": CLAMP,
    "random": RANDOM,
    "stretch": STRETCH,
    "redistribute": REDISTRIBUTE,
    "sum_of": SUM_OF,
    "difference_of": DIFFERENCE_OF,
    "product_of": PRODUCT_OF,
    "ratio_of": RATIO_OF,
    "bucket": BUCKET,
    "mask": MASK,
    "truncate": TRUNCATE,
    "regex": REGEX,
    "regex_replace": REGEX_REPLACE,
    "regex_redact": REGEX_REDACT,
    "scramble": SCRAMBLE,
    "sku": SKU,
    "from_regex": FROM_REGEX,
    "pattern": PATTERN,
    "lorem": LOREM,
    "html_text": HTML_TEXT,
    "redact": REDACT,
    "replace": REPLACE,
    "null": NULL,
    "template": TEMPLATE,
    "choice": CHOICE,
    "shuffle": SHUFFLE,
    "sample": SAMPLE,
    "rare": RARE,
    "map": MAP,
    "generalize": GENERALIZE,
    "json": JSON,
    "free_text": FREE_TEXT,
    "when": WHEN,
    "switch": SWITCH,
    "array": ARRAY,
    "fields": FIELDS,
    "range": RANGE,
    "hstore": HSTORE,
    "delimited": DELIMITED,
    "url_query": URL_QUERY,
    "xml": XML,
    "python": PYTHON,
}
"""What a column's values can become.  Add yours by assignment."""

_MAPPINGS = ("mapping", "mapping of rules", "rule")

_SPELLING = "write a name (`email`) or a name with its options (`{shift_days: 30, per: users.id}`)"


def declaration(name: str) -> Declaration:
    """The transformer of that name; an InputError with the closest match where there is none."""
    if name not in TRANSFORMERS:
        raise unknown("transformer", name, TRANSFORMERS)
    return TRANSFORMERS[name]


def parse_rule(value: Any) -> Rule:
    """The rule that a value of the job file spells.

    A name (``email``; a bare ``null`` too), or a mapping whose first key is the name and whose value
    is the main option or a mapping of options: ``{bucket: 10}``, ``{email: {keep_domain: true}}``,
    ``{shift_days: 30, per: users.id}``.  ``{fake: full_name}`` is ``full_name``, and the name of a
    function, ``my_rules:mask_code``, is ``{python: my_rules:mask_code}``; what stands after it are its
    arguments.  An InputError says what is wrong and what there is.
    """
    if value is None:
        return parse_rule("null")
    if isinstance(value, str):
        return _checked("python", {"function": value}) if ":" in value else _checked(value, {})
    if not isinstance(value, Mapping) or not value:
        raise InputError(f"{value!r} is not a rule", hint=_SPELLING)
    (name, first), *rest = value.items()
    options = {str(option): given for option, given in rest}
    if name is None:
        name = "null"
    if name == "fake":
        inner = parse_rule(first)
        return _checked(inner.name, {**inner.options, **options})
    if ":" in str(name):
        return _checked("python", {"function": str(name), **({"with": first} if first else {}), **options})
    found = declaration(str(name))
    if isinstance(first, Mapping) and not _takes_mapping(found, first):
        options = {**{str(option): given for option, given in first.items()}, **options}
    elif first is not None:
        if not found.main:
            there = f"its options: {', '.join(sorted(found.option_names))}" if found.options else "it has no options"
            raise InputError(f"{found.name} takes no value of its own, but was given {first!r}", hint=there)
        options = {found.main: first, **options}
    return _checked(found.name, options)


def _takes_mapping(found: Declaration, first: Mapping[Any, Any]) -> bool:
    """Whether a mapping after the name is the main option, and not all options with the main one among them."""
    kind = next((one.kind for one in found.options if one.name == found.main), "")
    among = found.main in first and first.keys() <= found.option_names
    spelled_out = among and (kind == "rule" or isinstance(first[found.main], Mapping))
    return kind in _MAPPINGS and not spelled_out


def _checked(name: str, options: Mapping[str, Any]) -> Rule:
    """A rule whose options exist and are of the right kind; rules among them are parsed too."""
    found = declaration(name)
    for given in options:
        if given not in found.option_names:
            raise unknown(f"option of {name}", given, found.option_names)
    parsed: dict[str, Any] = {}
    for option in found.options:
        if option.name not in options:
            if option.required:
                raise InputError(f"{name} needs {option.name!r}: {option.help}", hint=f"as in `{found.example}`")
            continue
        value = options[option.name]
        option.check(name, value)
        if option.kind == "rule":
            value = value if isinstance(value, Rule) else parse_rule(value)
        if option.kind == "mapping of rules":
            value = {str(path): rule if isinstance(rule, Rule) else parse_rule(rule) for path, rule in value.items()}
        parsed[option.name] = value
    return Rule(name, parsed)

"""Rules for what offices give to people and organisations to tell them apart."""

from __future__ import annotations

from understudy.entities.checksums import SCHEMES
from understudy.entities.scheme import Scheme
from understudy.errors import InputError
from understudy.transforms.catalogue.identifier import identifier, plain
from understudy.transforms.declare import Declaration, Option, Options

_NATIONAL = {name: scheme for name, scheme in SCHEMES.items() if scheme.country or name == "vat"}

MAIN: dict[str, str] = {}
"""The kind of every country that most of its people have: the first that is theirs."""
for _name, _scheme in _NATIONAL.items():
    if _scheme.whom == "person":
        MAIN.setdefault(_scheme.country, _name)


def _chosen(options: Options) -> Scheme:
    """The kind that is named, or the country's main one."""
    kind, country = options["kind"], options["country"]
    if kind is None and country is None:
        raise InputError("national_id needs a `kind` or a `country`", hint=f"kinds are {', '.join(sorted(_NATIONAL))}")
    if kind is None:
        return SCHEMES[MAIN[str(country)]]
    scheme = SCHEMES[str(kind)]
    if country is not None and scheme.country != country:
        raise InputError(f"{kind} is no kind of {country}", hint=f"it is one of {scheme.country or 'many countries'}")
    return scheme


NATIONAL_ID = identifier(
    "national_id",
    "Another identifier of the same kind, in the same format: places and dates of birth in it are exchanged too, and "
    "its check digits are right where they were.",
    _chosen,
    example="{national_id: pesel}",
    options=(
        Option("kind", "text", "which identifier it is", choices=tuple(sorted(_NATIONAL))),
        Option("country", "text", "whose main identifier it is, in two letters", choices=tuple(sorted(MAIN))),
    ),
)

_SHORTHANDS = """
    ssn ein npi sin cpf cnpj nino nhs_number nir siret steuer_id nif codice_fiscale bsn pesel aadhaar resident_id
    my_number vat
""".split()


def _shorthand(name: str) -> Declaration:
    scheme = SCHEMES[name]
    where = f" ({scheme.country})" if scheme.country else ""
    what = scheme.title[0].upper() + scheme.title[1:]
    return identifier(name, f"{what}{where}: short for `{{national_id: {name}}}`.", scheme)


PASSPORT = identifier(
    "passport",
    "The number of a passport, of the same length and pattern; letters stay letters and digits digits.",
    plain("the number of a passport"),
)
DRIVING_LICENCE = identifier(
    "driving_licence",
    "The number of a driving licence, of the same length and pattern; letters stay letters and digits digits.",
    plain("the number of a driving licence"),
)
NATIONAL_IDS = {"national_id": NATIONAL_ID, **{name: _shorthand(name) for name in _SHORTHANDS}}
"""``national_id`` and, for the kinds met most, rules of their own names."""

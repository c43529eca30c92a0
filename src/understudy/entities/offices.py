"""Entities that offices give to people: a number or code for every country's schemes, told by its check characters.

A shape follows from the sample of a scheme.  One that other numbers have by chance too is an identifier
only after a word that says so (``CPF``, ``NHS no.``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from understudy.entities import checksums
from understudy.entities.entity import Entity, Shape
from understudy.entities.letters import start
from understudy.entities.scheme import Scheme

WORDS = {
    "itin": "itin|taxpayer",
    "npi": "npi|provider",
    "dea": "dea",
    "mbi": "mbi|medicare",
    "sin": "sin|nas|social insurance",
    "curp": "curp",
    "rfc": "rfc",
    "cpf": "cpf",
    "pis": "pis|pasep|nis",
    "cuit": "cui[tl]",
    "rut": "rut|run",
    "nit_co": "nit",
    "ruc_pe": "ruc",
    "cedula_ec": "cédula|cedula",
    "cedula_do": "cédula|cedula",
    "nino": "national insurance|nino|ni number",
    "nhs_number": "nhs",
    "utr": "utr|taxpayer reference",
    "pps": "pps",
    "nir": "nir|sécurité sociale|insee",
    "steuer_id": "steuer|idnr|tin",
    "personalausweis": "ausweis",
    "rvnr": "rentenversicherung|rvnr|sozialversicherung",
    "svnr": "svnr|sozialversicherung|sv-nummer",
    "ahv": "ahv|avs",
    "nif": "nif",
    "dni": "dni",
    "nie": "nie",
    "codice_fiscale": "codice fiscale|c\\.f\\.",
    "bsn": "bsn|burgerservice|sofi",
    "nrn": "rijksregister|registre national|nrn|niss|insz",
    "nif_pt": "nif|contribuinte",
    "personnummer": "personnummer|personnr",
    "fodselsnummer": "fødsels|personnummer",
    "cpr": "cpr",
    "hetu": "hetu|henkilötunnus",
    "isikukood": "isikukood",
    "asmens_kodas": "asmens kodas",
    "personas_kods": "personas kods",
    "pesel": "pesel",
    "rodne_cislo": "rodné číslo|rodne cislo|rč",
    "taj": "taj",
    "adoazonosito": "adóazonosító",
    "cnp": "cnp",
    "egn": "егн|egn",
    "oib": "oib",
    "jmbg": "jmbg",
    "afm": "αφμ|afm",
    "amka": "αμκα|amka",
    "tckn": "tckn|kimlik",
    "inn": "инн|inn",
    "snils": "снилс|snils",
    "rnokpp": "рнокпп|іпн",
    "aadhaar": "aadhaa?r|uidai",
    "pan_in": "pan",
    "cnic": "cnic",
    "resident_id": "身份证|resident id",
    "my_number": "マイナンバー|個人番号|my number",
    "rrn": "주민등록|rrn",
    "tw_id": "身分證",
    "hkid": "hkid",
    "nric": "nric|fin",
    "mykad": "mykad|nric|kad pengenalan",
    "thai_id": "thai id|บัตรประชาชน",
    "nik": "nik|ktp",
    "teudat_zehut": "ת\\.ז|תעודת זהות|teudat",
    "emirates_id": "emirates id",
    "saudi_id": "iqama|هوية|national id",
    "egyptian_id": "الرقم القومي|national id",
    "za_id": "id number|identity number",
    "tfn": "tfn|tax file",
    "medicare_au": "medicare",
    "ird": "ird",
    "vat": "vat|ust-?id|tva|iva|btw|nip|moms",
    "ein": "ein|employer identification|federal tax",
    "cnpj": "cnpj",
}
"""What people write before an identifier, by its scheme, for ``re``, in lower case."""

_BY_CHANCE = 1e-3  # of numbers that look like it; from here on a word has to say what it is
_SEPARATED = 0.05  # how much rarer a number is that has the separators of the sample
_END = r"(?!\w|[.\-/]?\d)"
_EDGE = r"\b"
_SHORT = 4  # longer words may go on: Steueridentifikationsnummer
_CALLED = "no|nr|number|num|id|is|n°|nº|#"


def _pattern(sample: str, *, exactly: bool) -> str:
    """What is written like a sample: with its separators, or with any or none."""
    found = ""
    for kind, group in groupby(sample, key=_kind):
        letters = "".join(group)
        if not kind:
            found += re.escape(letters) if exactly else r"[ .\-/()]{0,2}"
        elif found:
            found += f"[{kind}]{{{len(letters)}}}"
        else:
            found = start(kind, not_after=r"\w.\-/") + f"[{kind}]{{{len(letters) - 1}}}"
    return found


def _kind(letter: str) -> str:
    """The class of a character; empty for separators."""
    return "0-9" if letter.isdigit() else "A-Z" if letter.isalpha() else ""


def _hint(sample: str) -> str:
    """A pattern for Arrow's kernel that all texts with such an identifier match."""
    return re.sub(r"\(\?<!.*?\]\)", "", _pattern(sample, exactly=True))


def _apart(words: str) -> str:
    """Words that are not a part of others, as far as letters of ASCII tell."""
    return "|".join(
        (_EDGE if word[0].isascii() else "") + word + (_EDGE if word.isascii() and len(word) <= _SHORT else "")
        for word in words.split("|")
    )


def _shapes(scheme: Scheme, words: str) -> Iterator[Shape]:
    sample = scheme.example
    words = _apart(words)
    separated = not sample.isalnum()
    near = rf"(?:{words})(?:[ \-]?(?:{_CALLED})\.?(?!\w))*\W{{0,4}}(?:is|was)?\W{{0,3}}$"
    yield Shape(_pattern(sample, exactly=False) + _END, f"(?i){words}", near)
    if scheme.chance * (_SEPARATED if separated else 1) <= _BY_CHANCE:
        yield Shape(_pattern(sample, exactly=True) + _END, _hint(sample))


def _entity(name: str, words: str) -> Entity:
    scheme = checksums.scheme(name)
    country = f" ({scheme.country})" if scheme.country else ""
    word = re.sub(r"\[(.).*?\]|\\|.\?", r"\1", words.partition("|")[0])
    return Entity(
        name=name,
        summary=f"the {scheme.title}{country}".replace("the the", "the"),
        sensitivity="direct" if scheme.whom == "person" else "quasi",
        example=f"{word} {scheme.example}",
        shapes=tuple(_shapes(scheme, words)),
        scheme=name,
    )


ENTITIES = tuple(_entity(name, words) for name, words in WORDS.items())

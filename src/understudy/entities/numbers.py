"""Entities that are numbers: telephones, cards, accounts, and what offices give to people."""

from __future__ import annotations

from understudy.entities.entity import Entity, Shape
from understudy.entities.letters import CODE, start

_CALLS = (
    r"phone|telephone|tel|call|mobile|cell|fax|desk|office|whatsapp|sms|text|contact|reach\w*|answer\w*|dial|hotline"
    r"|telefon\w*|telefono|teléfono|téléphone|portable|handy|mobil|móvil|celular|cellulare|telefoon|komórka|numer"
)
_PHONE_WORDS = (
    rf"\b(?:{_CALLS})"
    r"\b(?:[^\w\0]{1,3}(?:me|us|him|her|them|at|on|under|is|no|nr|num|number|unter|al|au|van)\b){0,3}\W{0,3}$"
)
_CALLED = "no|nr|number|num|id|is|code|card|plate|nummer|numéro|número|numero|n°|nº"
_CARDS = "card|visa|mastercard|amex|karte|kreditkarte|carte|tarjeta|carta|kaart|karta|karty|cartão"
_EXTENSION = r"(?: ?(?:x|ext\.?|#) ?\d{1,6}(?!\d))?"


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _dialled(text: str) -> bool:
    """Whether there are as many digits as a telephone number has."""
    return 7 <= _digits(text.partition("x")[0].partition("ext")[0]) <= 15


def _coded(words: str, pattern: str) -> Shape:
    """A shape that means something only after certain words."""
    return Shape(
        pattern,
        rf"(?i)(?:{words})",
        near=rf"(?:{words})(?:'s)?(?:[ \-]?(?:{_CALLED})\b\.?)*\W{{0,4}}(?:is|was)?\W{{0,3}}$",
    )


def _security(text: str) -> bool:
    """What the Social Security Administration gives out: no part is all zeros, and it starts with no 9 and no 666."""
    digits = "".join(filter(str.isdigit, text))
    return digits[:3] not in ("000", "666") and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"


PHONE = Entity(
    name="phone",
    summary="a telephone number",
    sensitivity="direct",
    example="+49 170 1234567",
    whole=r"(?:\+|00)[1-9](?:[ ./()\-]{0,2}[0-9]){6,14}(?: ?(?:x|ext\.?|#) ?[0-9]{1,6})?"
    r"|(?:1[ .\-]?)?\(?[2-9][0-9]{2}\)?[ .\-]{0,2}[0-9]{3}[ .\-]?[0-9]{4}(?: ?(?:x|ext\.?|#) ?[0-9]{1,6})?"
    r"|\(?0[1-9][0-9]{0,4}\)?(?:[ /.\-]{0,2}[0-9]{2,4}){2,5}|\([0-9]{2,5}\) ?[0-9]{2,4}(?:[ .\-]?[0-9]{2,5}){1,3}",
    shapes=(
        Shape(
            start("+", not_after=r"\w") + r"[1-9](?:[ ./()\-]{0,2}\d){6,14}(?!\d)" + _EXTENSION,
            r"\+[1-9](?:[ ./()\-]{0,2}[0-9]){6}",
        ),
        Shape(
            start("2-9(1", not_after=r"\w.,(\-+/")
            + r"(?:(?<=1)[ .\-]\(?[2-9])?(?:(?<=\()[2-9])?\d{2}\)?[ .\-]{0,2}\d{3}[ .\-]\d{4}(?!\w|[.,\-]\d)"
            + _EXTENSION,
            r"[2-9][0-9]{2}\)?[ .\-]{0,2}[0-9]{3}[ .\-][0-9]{4}",
            check=_dialled,
        ),
        Shape(
            start("0(", not_after=r"\w.,+(/\-")
            + r"(?:(?<=\()0)?[1-9]\d{0,4}\)?(?:[ /.\-]{1,2}\d{2,8}){1,5}(?![\w/\-]|[.,]\d)",
            r"0[1-9][0-9]{0,4}\)?[ /.\-][ /.\-]?[0-9]{2}",
            check=lambda text: 9 <= _digits(text) <= 12,
        ),
        Shape(
            start("0-9(+", not_after=r"\w.,(+") + r"(?:[ ./()\-]{0,2}\d){6,14}(?!\d)" + _EXTENSION,
            rf"(?i)(?:{_CALLS})\b",
            near=_PHONE_WORDS,
            check=_dialled,
        ),
        Shape(
            start("0-9(", not_after=r"\w.,(+")
            + r"(?:[ ./()\-]{0,2}\d){6,14}(?=[ \-]{0,2}\(?(?:[Oo]ffice|[Ff]ax|[Mm]obile|[Cc]ell|[Hh]ome|[Dd]esk)\b)",
            r"(?i)[0-9][ \-]{0,2}\(?(?:office|fax|mobile|cell|home|work|desk)",
            check=_dialled,
        ),
        Shape(
            start("(", not_after=r"\w.,(+") + r"\d{2,5}\)[ \-]?\d{2,4}[ \-]\d{2,4}(?:[ \-]\d{2,4})?(?![\w\-])",
            r"\([0-9]{2,5}\)[ \-]?[0-9]{2,4}[ \-]",
            check=_dialled,
        ),
    ),
)
CARD = Entity(
    name="card",
    summary="the number of a payment card",
    sensitivity="direct",
    example="4111 1111 1111 1111",
    whole=r"[1-6][0-9]{3}[ \-]?[0-9]{4}[ \-]?[0-9]{4}[ \-]?[0-9]{0,7}|3[0-9]{3}[ \-]?[0-9]{6}[ \-]?[0-9]{4,5}",
    shapes=(
        Shape(
            start("1-6", not_after=r"\w.+\-")
            + r"\d{3}(?:([ \-]?)\d{4}\1\d{4}(?:\1\d{1,7})?|([ \-])\d{6}\2\d{4,5})(?!\d|[ \-.]\d)",
            r"[1-6][0-9]{3}[ \-]?[0-9]{4,6}[ \-]?[0-9]{4}",
        ),
        Shape(
            start("0-9", not_after=r"\w.+\-") + r"\d{11,18}(?!\w)",
            f"(?i){_CARDS}",
            near=rf"\b(?:{_CARDS})\b(?:\W+(?:{_CALLED})\b)*\W*$",
            scheme="luhn",
        ),
    ),
    scheme="card",
)
IBAN = Entity(
    name="iban",
    summary="the number of a bank account",
    sensitivity="direct",
    example="DE89 3704 0044 0532 0130 00",
    whole=r"(?i)[A-Z]{2}[0-9]{2}[ ]?(?:[A-Z0-9]{4}[ ]?){2,7}[A-Z0-9]{0,4}",
    shapes=(
        Shape(
            start("A-Za-z")
            + r"[A-Za-z]\d{2}(?:[A-Za-z0-9]{11,30}| [A-Z0-9]{4}(?: (?=[A-Z]{0,3}\d)[A-Z0-9]{4}){1,6}"
            + r"(?: (?=[A-Z]{0,2}\d)[A-Z0-9]{1,3})?)(?!\w)",
            r"[A-Za-z]{2}[0-9]{2}(?:[A-Za-z0-9]{11}| [A-Z0-9]{4} [A-Z0-9]{4})",
        ),
    ),
    scheme="iban",
)
BIC = Entity(
    name="bic",
    summary="the code of a bank",
    sensitivity="quasi",
    example="BIC DEUTDEFF500",
    whole=r"[A-Z]{4}(?:A[DELRTUZ]|B[AEGHRY]|C[AHLNORYZ]|D[EKOZ]|E[EGS]|F[IOR]|G[BEIRT]|H[KRU]|I[DELNST]|J[OP]|K[RWZ]|L[BCITUVY]"
    r"|M[ACDEKRTUXY]|N[LOZ]|P[HKLTY]|QA|R[OSU]|S[AEGIKM]|T[HLNRW]|U[AS]|V[AGN]|XK|ZA)[A-Z0-9]{2}(?:[A-Z0-9]{3})?",
    shapes=(_coded("bic|swift", start("A-Z") + r"[A-Z]{5}[A-Z0-9]{2}(?:[A-Z0-9]{3})?(?!\w)"),),
)
ACCOUNT = Entity(
    name="account",
    summary="the number of an account or a customer",
    sensitivity="direct",
    example="account number 12345678",
    shapes=(
        _coded(
            "account|acct|a/c|konto|cuenta|compte|conta|rekening|customer|client|kunden|policy|member(?:ship)?|routing",
            CODE + r"[A-Z0-9\-]{4,20}(?![\w\-])",
        ),
    ),
)
SSN = Entity(
    name="ssn",
    summary="a social security number of the United States",
    sensitivity="direct",
    example="219-09-9999",
    whole=r"(?:[0-578][0-9]{2}|6(?:[0-57-9][0-9]|6[0-57-9]))-(?:0[1-9]|[1-9][0-9])-[0-9]{4}",
    shapes=(
        Shape(
            start("0-8", not_after=r"\w.,\-") + r"\d{2}-\d{2}-\d{4}(?!\w|-\d)",
            r"[0-9]{3}-[0-9]{2}-[0-9]{4}",
            check=_security,
        ),
        _coded("ssn|social security", start("0-8") + r"\d{2} ?\d{2} ?\d{4}(?!\w)"),
    ),
)
PASSPORT = Entity(
    name="passport",
    summary="the number of a passport",
    sensitivity="direct",
    example="passport number C01X00T47",
    shapes=(
        _coded(
            "passport|reisepass|passeport|pasaporte|passaporto|passaporte|paspoort|paszport",
            CODE + r"[A-Z0-9]{6,9}(?!\w)",
        ),
    ),
)
DRIVING_LICENCE = Entity(
    name="driving_licence",
    summary="the number of a driving licence",
    sensitivity="direct",
    example="driver's license number F162823540116",
    shapes=(
        _coded(
            r"driver'?s?'? licen[cs]e|driving licen[cs]e|\bdl\b|führerschein|permis de conduire|patente",
            CODE + r"[A-Z0-9\-]{4,19}(?!\w)",
        ),
    ),
)
PLATE = Entity(
    name="licence_plate",
    summary="the plate of a vehicle",
    sensitivity="direct",
    example="licence plate B AB 1234",
    shapes=(
        _coded(
            "licen[cs]e plate|number plate|plate|kennzeichen|matrícula|immatriculation|targa|kenteken|rejestrac",
            start("A-Z0-9") + r"(?:(?<=\d)|(?=[A-Z \-]{0,7}\d))[A-Z0-9]{0,3}(?:[ \-]?[A-Z0-9]{1,4}){1,3}(?!\w)",
        ),
    ),
)
RECORD = Entity(
    name="medical_record",
    summary="the number of a patient or a medical record",
    sensitivity="direct",
    example="MRN 00123456",
    shapes=(
        _coded(
            r"\bmrn\b|medical record|patient|chart|case|insurance|npi|beneficiary|versicherten",
            CODE + r"[A-Z0-9\-]{4,19}(?!\w)",
        ),
    ),
)
CRYPTO = Entity(
    name="crypto",
    summary="the address of a crypto-currency wallet",
    sensitivity="direct",
    example="0x52908400098527886E0F7030069857D2E4169EE7",
    whole=r"0x[0-9a-fA-F]{40}|bc1[02-9ac-hj-np-z]{11,71}|[13][1-9A-HJ-NP-Za-km-z]{25,34}",
    shapes=(
        Shape(
            start("013b")
            + r"(?:(?<=0)x[0-9a-fA-F]{40}|(?<=b)c1[02-9ac-hj-np-z]{11,71}"
            + r"|(?<=[13])(?=\d{0,30}[A-Za-z])[1-9A-HJ-NP-Za-km-z]{25,34})(?!\w)",
            r"0x[0-9a-fA-F]{40}|bc1[0-9a-z]{11}|[13][1-9A-HJ-NP-Za-km-z]{25}",
        ),
    ),
)
IMEI = Entity(
    name="imei",
    summary="the serial number of a mobile telephone",
    sensitivity="direct",
    example="IMEI 490154203237518",
    whole=r"[0-9]{2}-?[0-9]{6}-?[0-9]{6}-?[0-9]",
    shapes=(_coded("imei", start("0-9") + r"\d-?\d{6}-?\d{6}-?\d(?!\w)"),),
    scheme="imei",
)
VIN = Entity(
    name="vin",
    summary="the serial number of a vehicle",
    sensitivity="direct",
    example="VIN 1M8GDM9AXKP042788",
    whole=r"[A-HJ-NPR-Z0-9]{17}",
    shapes=(_coded("vin|chassis|fahrgestell", start("A-HJ-NPR-Z0-9") + r"[A-HJ-NPR-Z0-9]{16}(?!\w)"),),
)
MONEY = Entity(
    name="money",
    summary="an amount of money",
    sensitivity="sensitive",
    example="€ 1,250.00",
    whole=r"[$€£¥₹] ?[0-9][0-9.,']*|[0-9][0-9.,']* ?(?:[$€£¥₹]|(?i)usd|eur|gbp|chf|jpy|inr|pln|brl|cad|aud)",
    shapes=(
        Shape(r"[$€£¥₹] ?\d[\d.,']*(?<=\d)(?: ?(?:k|m|bn|million|billion)\b)?", r"[$€£¥₹] ?[0-9]"),
        Shape(
            start("0-9", not_after=r"\w.,")
            + r"[\d.,']*(?<=\d) ?(?:[€£¥₹]|(?:USD|EUR|GBP|CHF|JPY|INR|PLN|BRL|CAD|AUD)(?!\w))",
            "[€£¥₹]|USD|EUR|GBP|CHF|JPY|INR|PLN|BRL|CAD|AUD",
        ),
    ),
)

ENTITIES = (SSN, CARD, IBAN, CRYPTO, IMEI, VIN, PASSPORT, DRIVING_LICENCE, PLATE, RECORD, ACCOUNT, BIC, PHONE, MONEY)

"""Entities of time: dates, dates of birth, times of day and ages."""

from __future__ import annotations

import re
from dataclasses import replace

from understudy.entities.entity import Entity, Shape
from understudy.entities.letters import any_of, start

MONTHS = tuple(
    tuple(names.split())
    for names in (
        "January February March April May June July August September October November December",
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
        "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec",
        "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC",
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "Jänner Feber März April Mai Juni Juli August September Oktober November Dezember",
        "Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "janv févr mars avr mai juin juil août sept oct nov déc",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "enero febrero marzo abril mayo junio julio agosto setiembre octubre noviembre diciembre",
        "ene feb mar abr may jun jul ago sep oct nov dic",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "gen feb mar apr mag giu lug ago set ott nov dic",
        "januari februari maart april mei juni juli augustus september oktober november december",
        "jan feb mrt apr mei jun jul aug sep okt nov dec",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "jan fev mar abr mai jun jul ago set out nov dez",
        "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    )
)
"""The twelve months as sentences of eight languages have them, whole and short."""

_MONTH_NAMES = " ".join(name for names in MONTHS for name in names)
_MONTH = f"(?:{any_of(_MONTH_NAMES)})"
_LEADING = " ".join(name[::-1] for name in _MONTH_NAMES.split() if len(name) > 3 or name[0].isupper())
_YEAR = r"(?:1[89]|20)\d\d"
_OLD = (
    r"[ \-](?:years?|yrs?|months?|weeks?)[ \-](?:old|of age)\b| ?(?:y/o|yo)\b| Jahre alt| ans\b| años\b| anni\b| anos\b"
    r"| jaar oud| lat\b"
)
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?"
_ZONE = r"(?: ?(?:Z|UTC|GMT|[+\-]\d{2}:?\d{2}))?"
_HALF = r"(?: ?(?:[aApP]\.?[mM]\.?)(?!\w))?"
_BORN = (
    r"(?:born|birth|dob|d\.o\.b|geboren|geb\.|geburts\w*|née?|naissance|nacid\w*|nacimiento|nat[oa]|nascita|nascid\w*"
    r"|nascimento|geboorte\w*|urodz\w*|b-?day|anniversaire|cumpleaños)\b\W{0,3}(?:\w+\W{1,2}){0,2}$"
)


_BORN_HINT = (
    r"(?i)born|birth|b-?day|\bdob\b|d\.o\.b|gebor|\bgeb\.|geburt|\bnée?\b|naissance|nacid|nacimiento|\bnat[oa]\b"
    r"|nascita|nascid|nascimento|geboort|urodz|anniversaire|cumpleaños"
)


def _day(text: str) -> bool:
    """Whether three numbers can be a day, a month and a year in some order."""
    first, second, third = (int(part) for part in re.findall(r"\d+", text)[:3])
    if first > 31:
        return 1 <= second <= 12 and 1 <= third <= 31
    return 1 <= min(first, second) <= 12 and max(first, second) <= 31 and (third < 100 or 1000 <= third < 3000)


_FULL = start("0-9", not_after=r"\w./\-")
_NUMERIC = (
    Shape(
        _FULL + r"(?:\d{3}([\-/.])\d{1,2}\1\d{1,2}|\d?([./\-])\d{1,2}\2(?:\d{4}|\d{2}))(?![\w/\-]|[.,]\d)",
        r"[0-9][./\-][0-9]{1,2}[./\-][0-9]{1,4}",
        check=_day,
    ),
    Shape(start("0-9") + r"\d{3}年\d{1,2}月\d{1,2}日", "年[0-9]{1,2}月"),
    Shape(start("0-9") + r"\d{3}년 ?\d{1,2}월 ?\d{1,2}일", "년 ?[0-9]{1,2}월"),
)
_NAMED = (
    Shape(
        start("0-9", not_after=r"\w.,\-")
        + rf"\d?(?<!0)(?:st|nd|rd|th|er|\.|º)?[ \-](?:of |de |d')?{_MONTH}\.?(?![^\W\d_])"
        + rf"(?:,?[ \-](?:de |del )?{_YEAR}(?!\d))?",
        _MONTH,
    ),
    Shape(
        start("0-9")
        + r"(?:(?<=[12])\d{3}(?!\w)|(?:(?<=[12])\d|(?<=3)[01]|(?<=0)[1-9]|(?<=[1-9]))(?:st|nd|rd|th)?(?!\w|[.:]\d)"
        + rf"(?:,? {_YEAR}(?!\d))?)",
        _MONTH,
        before=rf" (?:ed )?\.?(?:{any_of(_LEADING)})(?![^\W\d_])",
    ),
)


def _near_birth(shape: Shape) -> Shape:
    return replace(shape, hint=_BORN_HINT, near=_BORN)


_DATE_WHOLE = (
    rf"{_YEAR}[\-/.]\d{{1,2}}[\-/.]\d{{1,2}}|\d{{1,2}}[\-/.]\d{{1,2}}[\-/.](?:{_YEAR}|\d\d)"
    rf"|{_YEAR}年\d{{1,2}}月\d{{1,2}}日"
    rf"|\d{{1,2}}(?:st|nd|rd|th|er|\.|º)?[ \-](?:of |de )?{_MONTH}\.?,?[ \-](?:de |del )?{_YEAR}"
    rf"|{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?,? {_YEAR}"
)

BIRTH_DATE = Entity(
    name="birth_date",
    summary="the day somebody was born",
    sensitivity="quasi",
    example="born on 10 December 1815",
    shapes=tuple(_near_birth(shape) for shape in (*_NUMERIC, *_NAMED)),
)
DATETIME = Entity(
    name="datetime",
    summary="a day and a time",
    sensitivity="quasi",
    example="2024-05-01 14:48:14",
    whole=rf"(?:{_DATE_WHOLE})(?:[T ]|, ?){_CLOCK}{_HALF}{_ZONE}".replace(r"(?!\w)", ""),
    shapes=(
        Shape(
            _FULL
            + r"(?:\d{3}([\-/.])\d{1,2}\1\d{1,2}|\d?([./\-])\d{1,2}\2\d{4})"
            + rf"(?:[T ]|, ?){_CLOCK}{_HALF}{_ZONE}(?![\w:])",
            r"[./\-][0-9]{1,4}(?:[T ]|, ?)[0-9]{1,2}:[0-9]{2}",
            check=_day,
        ),
    ),
)
DATE = Entity(
    name="date",
    summary="a day",
    sensitivity="quasi",
    example="1 May 2024",
    whole=_DATE_WHOLE,
    shapes=(*_NUMERIC, *_NAMED),
)
TIME = Entity(
    name="time",
    summary="a time of day",
    sensitivity="quasi",
    example="14:48",
    whole=rf"(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d(?:\.\d{{1,9}})?)?{_HALF}{_ZONE}".replace(r"(?!\w)", ""),
    shapes=(
        Shape(
            start("0-9", not_after=r"\w.:\-") + rf"(?:(?<=[01])\d|(?<=2)[0-4])?:[0-5]\d(?::[0-5]\d)?{_HALF}(?![\w:])",
            "[0-9]:[0-5][0-9]",
        ),
    ),
)
AGE = Entity(
    name="age",
    summary="how old somebody is",
    sensitivity="quasi",
    example="42 years old",
    whole="",
    shapes=(
        Shape(
            start("0-9", not_after=r"\w.,\-") + rf"\d{{0,2}}(?={_OLD})",
            f"[0-9](?:{_OLD})",
        ),
        Shape(
            start("0-9", not_after=r"\w.,\-") + r"\d{0,2}(?![\w%]|[.,/:\-]\d)",
            r"(?i)\bage|\bturn(?:ed|s|ing)? ",
            near=r"\b(?:aged?:?|age of|turn(?:ed|s|ing)?|aged about) $",
        ),
    ),
)

ENTITIES = (BIRTH_DATE, DATETIME, DATE, TIME, AGE)

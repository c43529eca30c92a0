"""Every case of the transformer laws, a file for each part of the catalogue; add yours to one of them."""

from __future__ import annotations

from laws.case import Case
from laws.cases import (
    business,
    categorical,
    conditional,
    constants,
    finance,
    free_text,
    keys,
    numbers,
    people,
    places,
    structured,
    texts,
)

CASES: dict[str, list[Case]] = {
    **business.CASES,
    **categorical.CASES,
    **conditional.CASES,
    **constants.CASES,
    **finance.CASES,
    **free_text.CASES,
    **keys.CASES,
    **numbers.CASES,
    **people.CASES,
    **places.CASES,
    **structured.CASES,
    **texts.CASES,
}

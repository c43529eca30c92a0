"""How databases write genders and titles, and which of them go together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.locales.countries import each_different

GENDERS = (
    ("F", "M"),
    ("female", "male"),
    ("W", "M"),
    ("woman", "man"),
    ("girl", "boy"),
    ("weiblich", "männlich"),
    ("Frau", "Mann"),
    ("femme", "homme"),
    ("féminin", "masculin"),
    ("F", "H"),
    ("mujer", "hombre"),
    ("femenino", "masculino"),
    ("donna", "uomo"),
    ("femmina", "maschio"),
    ("vrouw", "man"),
    ("V", "M"),
    ("vrouwelijk", "mannelijk"),
    ("mulher", "homem"),
    ("feminino", "masculino"),
    ("kobieta", "mężczyzna"),
    ("K", "M"),
    ("女", "男"),
    ("女性", "男性"),
    ("महिला", "पुरुष"),
    ("स्त्री", "पुरुष"),
    ("أنثى", "ذكر"),
    ("2", "1"),
    ("fem", "masc"),
)
"""The words and codes for women and for men, pair by pair; 2 and 1 are of ISO 5218.  A code of two pairs
(M) belongs to the first."""

OTHERS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("x", "o", "d", "n", "nb"), ("F", "M")),
    **dict.fromkeys(("other", "non-binary", "nonbinary", "diverse", "transgender", "intersex"), ("female", "male")),
    **dict.fromkeys(("divers", "andere"), ("weiblich", "männlich")),
    **dict.fromkeys(("autre", "non-binaire"), ("femme", "homme")),
    "9": ("2", "1"),
}
"""What is written for those who are neither, and the pair that it stands beside."""

TITLES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "en": (("Ms", "Mrs", "Miss"), ("Mr",)),
    "de": (("Frau",), ("Herr",)),
    "fr": (("Mme", "Mlle", "Madame"), ("M.", "Monsieur")),
    "es": (("Sra.", "Srta.", "Doña"), ("Sr.", "Don")),
    "it": (("Sig.ra", "Signora"), ("Sig.", "Signor")),
    "nl": (("Mevr.", "Mevrouw"), ("Dhr.", "Meneer")),
    "pt-BR": (("Sra.", "Srta."), ("Sr.",)),
    "pl": (("Pani",), ("Pan",)),
    "ja": (("様",), ("様",)),
    "zh": (("女士", "小姐"), ("先生",)),
    "hi": (("श्रीमती", "सुश्री"), ("श्री",)),
    "ar": (("السيدة", "الآنسة"), ("السيد",)),
}
"""Titles of women and of men by locale, the usual one first."""


def title_key(text: str) -> str:
    """A title as people compare it: folded, without a full stop behind it."""
    return text.strip().lower().rstrip(".")


@cache
def title_locales() -> Mapping[str, str]:
    """The locale of every title, folded; one that several locales use belongs to the first."""
    found: dict[str, str] = {}
    for locale, (women, men) in TITLES.items():
        for title in (*women, *men):
            found.setdefault(title_key(title), locale)
    return found


@cache
def _women() -> Mapping[str, int]:
    """1 for every word, code and title of women, 0 for those of men, folded."""
    found: dict[str, int] = {}
    for woman, man in GENDERS:
        found.setdefault(woman.lower(), 1)
        found.setdefault(man.lower(), 0)
    for women, men in TITLES.values():
        for titles, who in ((women, 1), (men, 0)):
            for title in titles if women != men else ():
                found.setdefault(title_key(title), who)
    return found


def woman_rows(values: pa.Array) -> NDArray[np.int64]:
    """For genders or titles: 1 where a woman is meant, 0 where a man is, -1 where it cannot be told.

    Looks at every different text once, so it is for columns with few of them.
    """
    known = _women()
    return each_different(
        values, lambda text: known.get((text or "").strip().lower(), known.get(title_key(text or ""), -1))
    )

"""Names in scripts that have no capitals: Japanese, Chinese, Arabic and Hindi ones of the dictionary.

Where words run together a name is a family name and then a given name, or a family name before a title.
Where they do not, it is a given name and then a family name, or any name after a title.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from understudy import locales

_HAN = "\u4e00-\u9fff々"
_WIDE = re.compile(f"[{_HAN}\u3040-\u30ff]")
_SPACED = re.compile("[\u0600-\u06ff\u0900-\u097f]")
_AFTER = "さん|様|さま|氏|君|くん|ちゃん|殿|先生|女士|小姐|医生|老师|经理|太太"
_BEFORE = (
    "السيد|السيدة|الآنسة|الدكتور|الدكتورة|الأستاذ|الأستاذة|المهندس|الحاج|د\\.|श्री|श्रीमती|सुश्री|कुमारी|डॉ\\.?|डॉक्टर|पंडित"
)
_LETTERS = "[\u0600-\u06ff\u0900-\u097f]"

HINT = "[\u0600-\u06ff\u0900-\u097f\u3040-\u30ff\u4e00-\u9fff]"
"""A text without these letters holds no such name."""


def inside(text: str, *, whole: bool = True) -> Iterator[tuple[int, int, str]]:
    """The people that a text names, as the parts of their names if not ``whole``: a loop over matches."""
    found = [match.span() for match in _together().finditer(text)] if _WIDE.search(text) else []
    if _SPACED.search(text):
        found += [match.span(str(match.lastgroup)) for match in _apart().finditer(text)]
    for start, end in found:
        if whole:
            yield start, end, "person"
        else:
            yield from _parts(text[start:end], start)


def _parts(name: str, start: int) -> Iterator[tuple[int, int, str]]:
    """The family name and the given name, in their order."""
    cut = family_ends(name)
    if cut:
        yield start, start + len(name[:cut].rstrip(" \u3000・")), "last_name"
        if cut < len(name):
            yield start + cut, start + len(name), "first_name"
        return
    first, gap, _ = name.rpartition(" ")
    if gap:
        yield start, start + len(first), "first_name"
    yield start + len(first) + len(gap), start + len(name), "last_name" if gap else "first_name"


def family_ends(name: str) -> int:
    """Where the family name ends in a name whose words run together; 0 where they do not."""
    match = _family().match(name) if _WIDE.match(name) else None
    return match.end() if match else 0


def _starting(names: list[str]) -> str:
    """A look at whether a character is one that some names start with, which keeps most from being tried."""
    return f"(?=[{re.escape(''.join(sorted({name[0] for name in names})))}])"


def _any(names: list[str]) -> str:
    return "|".join(sorted(set(names), key=lambda name: (-len(name), name)))


@cache
def _family() -> re.Pattern[str]:
    return re.compile(f"(?:{_any([*_names('ja', 'last'), *_names('zh', 'last')])})[ \u3000・]?")


@cache
def _together() -> re.Pattern[str]:
    kinds = []
    for locale in ("ja", "zh"):
        family, given = _any(_names(locale, "last")), _any([*_names(locale, "female"), *_names(locale, "male")])
        kinds.append(f"(?:{family})[ \u3000・]?(?:{given})")
        kinds.append(f"(?:{family})[{_HAN}\u3040-\u309f]{{0,2}}(?={_AFTER})")
    starting = _starting([*_names("ja", "last"), *_names("zh", "last")])
    return re.compile(f"{starting}(?:{'|'.join(kinds)})")


@cache
def _apart() -> re.Pattern[str]:
    first = _any([name for locale in ("ar", "hi") for part in ("female", "male") for name in _names(locale, part)])
    last = _any([name for locale in ("ar", "hi") for name in _names(locale, "last")])
    word = f"{_LETTERS}+"
    return re.compile(
        rf"(?={_LETTERS})(?<!{_LETTERS})(?:(?:{_BEFORE}) (?P<titled>{word}(?: (?:{last})(?!{_LETTERS}))?)"
        rf"|(?P<name>(?:{first})(?: (?:{first}|بن|ابن|कुमार))? (?:{last}))(?!{_LETTERS}))"
    )


def _names(locale: str, part: str) -> list[str]:
    found: list[str] = getattr(locales.people(locale), part).to_pylist()
    return found

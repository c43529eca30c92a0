"""``user_agent``: another version of the same program on the same system, as programs really introduce themselves."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.locales import longest
from understudy.locales.business import Listed, listed
from understudy.transforms.catalogue.business import chosen
from understudy.transforms.declare import DOMAIN, PER, TEXT, Change, Declaration, Place, Rows, Setting, Uniqueness
from understudy.transforms.draws import needs_subject
from understudy.transforms.fake import faked
from understudy.transforms.joined import joined
from understudy.transforms.matches import matching
from understudy.transforms.prf import Words
from understudy.transforms.terms import Terms

_SYSTEMS: Mapping[str, tuple[str, str]] = {
    "android": ("Android", "Linux; Android {n}; K"),
    "ios": ("iPhone|iPad|iOS", "iPhone; CPU iPhone OS {s}_{p} like Mac OS X"),
    "mac": ("Macintosh|Mac OS X|Darwin", "Macintosh; Intel Mac OS X 10_15_7"),
    "linux": ("Linux|X11|CrOS", "X11; Linux x86_64"),
    "windows": ("", "Windows NT 10.0; Win64; x64"),
}
"""What tells a system, the last one where nothing does, and how it is named."""

_WEBKIT = "Mozilla/5.0 ({os}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{c}.0.0.0"
_APPLE = "Mozilla/5.0 ({os}) AppleWebKit/605.1.15 (KHTML, like Gecko)"
_BROWSERS: Mapping[str, tuple[str, str]] = {
    "edge": ("Edg", _WEBKIT + " Safari/537.36 Edg/{c}.0.0.0"),
    "opera": ("OPR/|Opera", _WEBKIT + " Safari/537.36 OPR/{o}.0.0.0"),
    "samsung": ("SamsungBrowser", _WEBKIT + " SamsungBrowser/{n}.0 Mobile Safari/537.36"),
    "firefox": ("Firefox|FxiOS", "Mozilla/5.0 ({os}; rv:{c}.0) Gecko/20100101 Firefox/{c}.0"),
    "chrome": ("Chrome|CriOS|Chromium", _WEBKIT + "{mobile} Safari/537.36"),
    "safari": ("Safari|AppleWebKit|iPhone|iPad", _APPLE + " Version/{s}.{p}{build} Safari/605.1.15"),
    "other": ("", _WEBKIT + "{mobile} Safari/537.36"),
}
_TERMS = Terms(
    tuple(term for table in (_SYSTEMS, _BROWSERS) for terms, _ in table.values() for term in terms.split("|") if term)
)
_TOOLS: Mapping[str, str] = {
    "curl/": "curl/7.{b}.0 curl/8.{n}.1",
    "Wget/": "Wget/1.{n} Wget/1.{n}.{p}",
    "python-requests/": "python-requests/2.{n}.0 python-requests/2.{n}.1",
    "okhttp/": "okhttp/4.{n}.0 okhttp/5.{p}.0",
    "Go-http-client/": "Go-http-client/1.1 Go-http-client/2.0",
    "PostmanRuntime/": "PostmanRuntime/7.{b}.0 PostmanRuntime/7.{b}.3",
    "axios/": "axios/1.{n}.0 axios/0.{b}.1",
    "Java/": "Java/{n}.0.{p} Java/1.8.0_{c}",
    "Dalvik/": "Dalvik/2.1.{p} Dalvik/2.{n}.0",
}
_ROBOTS = """Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)
Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)
Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)
Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)
Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)
Mozilla/5.0 (compatible; MJ12bot/v1.4.8; http://mj12bot.com/)
DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)
facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)
Twitterbot/1.0
LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)"""
_ROBOT = "(?i)bot\\b|bot/|crawl|spider|slurp|facebookexternalhit"
_VERSIONS = 40


@cache
def _table() -> Listed:
    """All that there is for every browser on every system, then for every tool, then for robots."""
    families = [
        [_written(text, system, name, number) for number in range(_VERSIONS)]
        for _, text in _BROWSERS.values()
        for name, (_, system) in _SYSTEMS.items()
    ]
    tools = [
        [form.format(**_numbers(n)) for n in range(_VERSIONS) for form in text.split()] for text in _TOOLS.values()
    ]
    return listed([list(dict.fromkeys(family)) for family in [*families, *tools, _ROBOTS.splitlines()]])


def _numbers(number: int) -> dict[str, int]:
    """Versions as they are counted: of Chromium and Firefox, of Opera, of systems and their parts, of small tools."""
    small = {"n": 9 + number % 7, "s": 15 + number % 4, "p": number % 7}
    return {"c": 100 + number, "o": 86 + number, "b": 28 + number, **small}


def _written(text: str, system: str, name: str, number: int) -> str:
    mobile = name in ("android", "ios")
    named = system.format(**_numbers(number))
    build = " Mobile/15E148" if name == "ios" else ""
    return text.format(os=named, mobile=" Mobile" if mobile else "", build=build, **_numbers(number))


def _family(values: pa.Array) -> NDArray[np.int64]:
    """Which family of the table each text belongs to."""
    held = _TERMS.held(values)
    system, browser = (_first(held, [terms for terms, _ in table.values()]) for table in (_SYSTEMS, _BROWSERS))
    found = browser * len(_SYSTEMS) + system
    for number, start in enumerate(_TOOLS):
        found[_true(pc.starts_with(values, start))] = len(_BROWSERS) * len(_SYSTEMS) + number
    found[matching(values, _ROBOT)] = len(_table().sizes) - 1
    return found


def _first(held: Words, every: list[str]) -> NDArray[np.int64]:
    """The first of which a text holds one of the terms; the last one where it holds none."""
    found = np.full(len(held), len(every) - 1)
    for number in reversed(range(len(every) - 1)):
        found[held & _TERMS.bits(every[number].split("|")) > 0] = number
    return found


def _true(values: pa.Array) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = pc.fill_null(values, False).to_numpy(zero_copy_only=False)
    return found


def _build(setting: Setting) -> Change:
    def read(values: pa.Array, _rows: Rows) -> tuple[NDArray[np.int64], ...]:
        return (_family(values),)

    def make(drawn: Words, family: NDArray[np.int64]) -> pa.Array:
        return joined(chosen(_table(), drawn, 0, family))

    return faked(setting, "user_agent", make, read=read)


def _length(place: Place) -> int:
    whole = longest(_table().entries)
    return min(whole, place.column.max_length or whole)


USER_AGENT = Declaration(
    name="user_agent",
    summary="How a browser, tool or robot introduces itself: the same program and system in another version.",
    example="user_agent",
    kinds=TEXT,
    build=_build,
    options=(PER, DOMAIN),
    uniqueness=lambda _place: Uniqueness("lossy", len(_table().entries)),
    length=_length,
    needs=needs_subject,
    listed=True,
)

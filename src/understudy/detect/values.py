"""What sampled values say besides their look: few known words, names, hashes, years, and what does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy import entities
from understudy.detect import looks
from understudy.detect.catalogue import KEPT
from understudy.detect.fields import LETTER, Field, Values, percent
from understudy.detect.looks import enough, found
from understudy.detect.names import fold
from understudy.detect.weighing import Sign

_MOST_LABELS = 30
"""Most different values of a field that takes one of a few."""

_UNLIKE = 0.3
"""A smaller share of values that look like the entity speaks against it."""

_FEW_ROWS = 5
"""From so many values on, what does not fit speaks against a name."""

_PERSON = rf"^{LETTER}(?:{LETTER}|[.'\-])*(?:,? {LETTER}(?:{LETTER}|[.'\-])*){{1,3}}$"
_HASHED = r"^(?:\$2[abxy]\$\d\d\$.{53}|\$argon2|\$pbkdf2|\$[156]\$|\{SSHA|pbkdf2_sha256\$|scrypt:)"
_RANDOM = r"^[A-Za-z0-9_\-+/=.]{20,}$"

_POSTED = r"(?:[^\n]{2,40}\b[0-9]{4,5}(?:-[0-9]{4})?|(?:\p{L}{1,2}-)?[0-9]{4,5} \p{L}[^\n]{1,40})"
_STREET = r"(?:[0-9]+[A-Za-z]? [^\n,]{3,60}|\p{L}[^\n,0-9]{2,50} [0-9]{1,5} ?[A-Za-z]?)"
_WHOLE_ADDRESS = rf"^{_STREET}[,\n]\s*{_POSTED}(?:[,\n].{{0,40}})?$"
"""A street with its number, then a place with its postal code, in the order of either side of the Atlantic."""

_MOSTLY = 0.6
"""The share of values that must be whole addresses for a rule to make such."""


@cache
def _sets() -> tuple[Mapping[str, pa.Array], Mapping[str, str]]:
    """Values that are such as a whole, and patterns of words that make one such, by entity."""
    whole: dict[str, set[str]] = {}
    inside: dict[str, set[str]] = {}
    for line in files(__package__).joinpath("values.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            entity, _, listed = line.partition(": ")
            kept = inside if entity.startswith("~") else whole
            kept.setdefault(entity.removeprefix("~"), set()).update(map(str.strip, listed.split(", ")))
    patterns = {
        entity: r"(?:^|[\s,;/(&])(?:" + "|".join(_escaped(word) for word in sorted(words, key=len, reverse=True))
        + r")(?:$|[\s,;/).])"
        for entity, words in inside.items()
    }  # fmt: skip
    return {entity: pa.array(sorted(words)) for entity, words in whole.items()}, patterns


def _escaped(word: str) -> str:
    return "".join(letter if letter.isalnum() or letter in " -'" else "\\" + letter for letter in word)


def signs(field: Field) -> Iterator[Sign]:
    """What the values of a field say by themselves."""
    values = field.values
    if values is None or not values.rows:
        return
    if field.kind in ("text", "enum", "other"):
        yield from looks.signs(values)
        yield from _few_words(values)
        yield from _full_names(values)
        yield from _whole_addresses(values)
        yield from _secrets(values)
    if field.kind in ("text", "integer", "decimal"):
        yield from looks.check_digits(values)
    if field.kind in ("date", "timestamp"):
        yield from _births(values)


def against(field: Field, entity: str) -> Sign | None:
    """The sign that sampled values do not look like an entity at all; None where they do, or where there are few."""
    values, kept = field.values, KEPT[entity]
    if (
        values is None
        or values.rows < _FEW_ROWS
        or not kept.looks
        or field.kind not in ("text", "integer", "decimal", "float")
    ):
        return None
    share = values.match(kept.looks)
    if share >= _UNLIKE:
        return None
    return Sign(
        entity, "unlike", f"{percent(1 - share)} of {values.rows:,} sampled values do not look like {kept.plural}"
    )


def _whole_addresses(values: Values) -> Iterator[Sign]:
    """Streets with their places: a rule for streets would lose half of what is there."""
    share = values.match(_WHOLE_ADDRESS)
    if share >= _MOSTLY:
        lines = values.match(r"\n") >= _MOSTLY
        rule = '{address: {separator: "\\n"}}' if lines else "address"
        yield Sign("address", "values", f"{percent(share)} of sampled values are whole addresses", 0.6 * share, rule)


def _few_words(values: Values) -> Iterator[Sign]:
    """Values out of the few there are of gender, religion ..., and words of occupations, health and companies."""
    folded = pa.array([fold(text) for text in values.texts.to_pylist()[:500]], pa.string())
    counted = Values(folded, values.counts[: len(folded)], values.typed)
    whole, inside = _sets()
    for name, known in whole.items():
        if values.distinct > (60 if name == "region" else _MOST_LABELS) or values.distinct < 2:
            continue
        fits = pc.is_in(folded, known)
        share, kinds = counted.share(fits), int(pc.sum(fits).as_py() or 0)
        if share < 0.8 or kinds < 2:
            continue
        telling = _letters_only(counted, name)
        yield found("health" if name == "blood_type" else name, share, values, telling)
    for name, pattern in inside.items():
        share = counted.match(pattern)
        least = {"health": 0.25, "job_title": 0.4, "company": 0.35}[name]
        if share >= least and values.distinct >= 3:
            yield found(name, share, values, min(0.7, 0.35 + share / 2), what=f"hold words of {KEPT[name].plural}")


def _letters_only(values: Values, name: str) -> float:
    """How much such values tell: single letters, and words that mean anything, tell little."""
    if name == "gender":
        return 0.3 if values.length < 1.5 else 0.85
    if values.length < 3:
        return 0.2
    return {"region": 0.5, "education": 0.5, "political": 0.4}.get(name, 0.7)


def _full_names(values: Values) -> Iterator[Sign]:
    """Two to four words of which the first (or the last) is a known given name and none has a digit."""
    shaped = pc.match_substring_regex(values.texts, _PERSON)
    share = values.share(shaped)
    if share < 0.5 or values.distinct < 3:
        return
    texts = values.texts.filter(shaped)
    firsts = pc.struct_field(pc.extract_regex(texts, r"^(?P<word>[^ ,]+)"), 0)
    lasts = pc.struct_field(pc.extract_regex(texts, r"(?P<word>[^ ,]+)$"), 0)
    is_name = [entities.whole(words, ["first_name", "last_name"]) for words in (firsts, lasts)]
    usual = pc.and_(
        is_name[0]["first_name"],
        pc.or_(is_name[1]["last_name"], pc.or_(pc.utf8_is_title(lasts), pc.utf8_is_upper(lasts))),
    )
    turned = pc.and_(is_name[0]["last_name"], is_name[1]["first_name"])
    hits = float(pc.mean(pc.cast(pc.or_(usual, turned), pa.float64())).as_py() or 0) * share
    if hits >= 0.3:
        yield found("full_name", hits, values, min(0.85, 0.4 + hits / 2) * enough(values))


def _secrets(values: Values) -> Iterator[Sign]:
    """Password hashes, and long random texts that are all different."""
    hashed = values.match(_HASHED)
    if hashed > 0.5:
        yield Sign(
            "secret", "values", f"{percent(hashed)} of {values.rows:,} sampled values are hashes of passwords", 0.95
        )
        return
    if values.distinct < 10 or values.distinct < 0.9 * values.rows or values.match(_RANDOM) < 0.9:
        return
    bits = _entropy(values.texts)
    if bits >= 3.5 and values.share(entities.whole(values.texts, ["uuid"])["uuid"]) < 0.5:
        said = f"the values are random texts of {values.length:.0f} characters, {bits:.1f} bits each"
        yield Sign("secret", "values", said, 0.3)


def _entropy(texts: pa.Array) -> float:
    """Bits of information in a character, inside each of the texts, on average."""
    found = []
    for text in texts.to_pylist()[:50]:
        counts = np.unique(np.frombuffer(text.encode(), np.uint8), return_counts=True)[1]
        shares = counts / counts.sum()
        found.append(float(-(shares * np.log2(shares)).sum()))
    return sum(found) / len(found) if found else 0.0


def _births(values: Values) -> Iterator[Sign]:
    """Dates most of which lie 16 to 100 years before the latest."""
    years = pc.year(values.typed).to_numpy(zero_copy_only=False)
    if len(years) < 20 or np.ptp(years) < 15:
        return
    now = pc.year(pa.scalar(_today(), pa.date32())).as_py()
    old = float(((years <= now - 16) & (years >= now - 105)).mean())
    if old >= 0.95:
        yield Sign(
            "birth_date", "values", f"{percent(old)} of {len(years):,} sampled dates lie 16 to 105 years back", 0.35
        )


def _today() -> object:
    import datetime

    return datetime.date.today()  # a matter of years

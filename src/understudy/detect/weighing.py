"""How signs become a confidence: every source of evidence with its weight, in one table.

Signs for one entity are taken as independent: the confidence is the probability that at least one of them is
right (noisy-or), 1 - (1 - w1 s1)(1 - w2 s2)..., with the weight w of a sign's source and its strength s between
0 and 1.  What speaks against what a name says multiplies the confidence that comes from names, before values count;
what speaks against the whole multiplies all of it.  The entity of the highest confidence is the finding.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

FOUND = 0.5
"""From this confidence a column counts as personal."""

DOUBTFUL = 0.2
"""From this confidence on a column is not harmless, so that a person has to decide."""

WEIGHTS: Mapping[str, float] = {
    "name": 0.80,  # the name says it and nothing else: `customer_email`
    "name in part": 0.60,  # the name says it, and something we do not know
    "weak name": 0.40,  # the name may say it: `name`, `title`, `state`
    "people": 0.45,  # a weak name in a table of people
    "address": 0.50,  # a weak name of a place beside a street or a postal code
    "type": 0.90,  # the type says it: inet, macaddr, geography
    "constraint": 0.50,  # a CHECK constraint or the labels of an enum say it
    "comment": 0.30,  # the comment says it
    "values": 1.00,  # sampled values are such: the strength says how much they tell by themselves
    "texts": 0.60,  # texts hold such things inside
    "beside": 0.35,  # columns that belong together stand together
    "recognizer": 0.90,  # a recognizer of the user's own found it in most values
    "foreign key": 0.90,  # a column that it must agree with is such
}
"""What a sign of every source is worth, at full strength."""

NAMES = frozenset({"name", "name in part", "weak name", "people", "address"})
"""Sources that are about names."""

NAME_DOUBTS: Mapping[str, float] = {
    "thing": 0.40,  # the name has the word of a thing too: `product_name`
    "things": 0.40,  # a weak name in a table of things
    "reference": 0.30,  # a foreign key to something else
}
"""By what the confidence from names is multiplied."""

DOUBTS: Mapping[str, float] = {
    "lookup": 0.45,  # a row of the table is such a place itself, nobody's
    "unlike": 0.15,  # sampled values do not look like it
}
"""By what all confidence is multiplied."""


@dataclass(frozen=True)
class Sign:
    """One piece of evidence for an entity, or (with a source of the doubts) against it."""

    entity: str
    source: str
    says: str
    """A sentence that shows no value."""
    strength: float = 1.0
    rule: str = ""
    """A rule that fits better than the usual one of its entity."""


@dataclass(frozen=True)
class Verdict:
    """What signs add up to."""

    entity: str
    confidence: float
    evidence: tuple[str, ...]
    rules: tuple[str, ...] = ()
    """Rules that its signs know to fit better than the usual ones."""


def weigh(signs: Iterable[Sign]) -> list[Verdict]:
    """The entities that signs speak for, the likeliest first; equal ones in the order of the signs."""
    by_entity: dict[str, list[Sign]] = defaultdict(list)
    for sign in dict.fromkeys(signs):
        by_entity[sign.entity].append(sign)
    verdicts = [_verdict(entity, found) for entity, found in by_entity.items()]
    return sorted((one for one in verdicts if one.confidence > 0), key=lambda one: -one.confidence)


def best(signs: Iterable[Sign]) -> Verdict | None:
    """The likeliest entity; None where there is no sign."""
    return next(iter(weigh(signs)), None)


def _verdict(entity: str, signs: list[Sign]) -> Verdict:
    named = 1 - prod(1 - WEIGHTS[sign.source] * sign.strength for sign in signs if sign.source in NAMES)
    named *= prod(NAME_DOUBTS.get(sign.source, 1.0) for sign in signs)
    others = [sign for sign in signs if sign.source in WEIGHTS and sign.source not in NAMES]
    wrong = (1 - named) * prod(1 - WEIGHTS[sign.source] * sign.strength for sign in others)
    doubt = prod(DOUBTS.get(sign.source, 1.0) for sign in signs)
    says = tuple(dict.fromkeys(sign.says for sign in signs))
    rules = tuple(dict.fromkeys(sign.rule for sign in signs if sign.rule))
    return Verdict(entity, round((1 - wrong) * doubt, 3), says, rules)

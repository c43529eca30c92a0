"""``hstore``: values and keys of PostgreSQL's hstore, each by a rule of its own."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from understudy.native import literals as native
from understudy.transforms.declare import Change, Declaration, Option, Place, Setting
from understudy.transforms.literals import spelling
from understudy.transforms.rewriting import (
    KEYS,
    Format,
    Pieces,
    by_name,
    named_rules,
    nothing_named,
    rewriting,
    text_parts,
)
from understudy.transforms.stretches import Stretches, Texts

_SPELLING = spelling(b"", doubled=False, nothing="NULL")


def _build(setting: Setting) -> Change:
    rules = named_rules(setting.place)
    labels = list(rules)

    def find(texts: Texts) -> Pieces:
        *where, keyed, wrong = native.pairs(texts.data, texts.offsets)
        found = Stretches(*where)
        named = by_name(texts, found.at(np.flatnonzero(keyed)), _SPELLING, labels)
        rule = named[np.cumsum(keyed) - 1]  # a value's is that of the key before it
        rule[keyed] = labels.index(KEYS) if KEYS in labels else -1
        return Pieces(found, rule, np.flatnonzero(wrong))

    return rewriting(setting, rules, Format("hstore", find, _SPELLING))


def _problem(place: Place) -> str:
    if not pa.types.is_string(place.column.arrow_type) or "hstore" not in place.column.native_type:
        return f"{place.column.native_type} is no hstore"
    return nothing_named(place)


HSTORE = Declaration(
    name="hstore",
    summary="Values of an hstore, each key by its own rule, and keys; what has no rule stays, or gets the default.",
    example="{hstore: {email: email, phone: phone}, default: redact}",
    kinds=frozenset({"other", "text"}),
    build=_build,
    inverse=_build,
    main="fields",
    options=(
        Option("fields", "mapping of rules", "keys and the rules of their values"),
        Option("keys", "rule", "the rule for all keys"),
        Option("default", "rule", "the rule for the values of all other keys"),
    ),
    problem=_problem,
    pieces=text_parts,
    sensitive=False,
)

"""Free text: what people write, told by how long it is and by the personal data that stands inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy import entities
from understudy.detect.fields import Field, percent
from understudy.detect.weighing import Sign

LEAST = 0.02
"""From this share of texts with something personal inside, a field is free text."""

WORDS = 4.0
"""Fewer words on average are no text."""

_SEARCHED = 300
"""Most texts of a field that are searched for spans."""

_COVERED = 0.6
"""Where spans make up more of the texts than that, the values are those things and no texts."""

_INSIDE: Mapping[str, str] = {
    "email": "e-mail addresses",
    "phone": "telephone numbers",
    "person": "names of persons",
    "address": "addresses",
    "card": "card numbers",
    "iban": "IBANs",
    "ssn": "national identifiers",
}
"""What in a text makes it personal, by the names of ``understudy.entities``."""


def signs(field: Field) -> Iterator[Sign]:
    """Whether a field holds free text, and whether there is personal data in it."""
    values = field.values
    if field.kind != "text" or values is None or values.words < WORDS or values.distinct < 3:
        return
    yield Sign("free_text", "weak name", f"texts of {values.words:.0f} words on average", min(1.0, values.words / 20))
    found = entities.spans(values.texts.slice(0, _SEARCHED), _INSIDE)
    if not len(found) or _covered(found, values.texts) > _COVERED:
        return
    searched = values.counts[:_SEARCHED]
    shares = {
        said: float(searched[np.unique(found.row[found.of(name)])].sum() / searched.sum())
        for name, said in _INSIDE.items()
        if found.of(name).any()
    }
    share = float(searched[np.unique(found.row)].sum() / searched.sum())
    if share >= LEAST:
        held = ", ".join(sorted(shares, key=lambda said: -shares[said]))
        strength = min(1.0, 0.5 + share)
        yield Sign(
            "free_text", "texts", f"{percent(share)} of {int(searched.sum()):,} sampled texts hold {held}", strength
        )


def _covered(found: entities.Spans, texts: pa.Array) -> float:
    """The share of the searched texts' bytes that stands in spans."""
    total = pc.sum(pc.binary_length(texts.slice(0, _SEARCHED))).as_py() or 1
    return float((found.end - found.start).sum() / total)

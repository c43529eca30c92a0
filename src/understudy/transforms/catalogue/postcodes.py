"""``postcode``: the city's, or the original's with only its first characters kept, by which regions can be told."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.arrow import spans
from understudy.locales import Patterns, places
from understudy.transforms.catalogue.localities import FAMILY, IN_COUNTRY, Where, filled, postcodes, reads
from understudy.transforms.catalogue.numerals import as_digits
from understudy.transforms.declare import (
    DOMAIN,
    LOSSY,
    PER,
    Change,
    Declaration,
    Option,
    Place,
    Rows,
    Setting,
)
from understudy.transforms.draws import needs_subject
from understudy.transforms.fake import faked
from understudy.transforms.prf import Words

_ZIP = 5
_ZIP_KEPT = 3
_SMALL = pa.array("036 059 063 102 203 556 692 790 821 823 830 831 878 879 884 890 893".split())
"""The first digits of ZIP codes with 20,000 inhabitants or fewer (census of 2000), which HIPAA's Safe Harbor
wants as 000: HHS, "Guidance Regarding Methods for De-identification of Protected Health Information", 2012."""


def _build(setting: Setting) -> Change:
    options = setting.place.options
    texts = _safe_harbor if options["hipaa"] else _kept(setting) if options["keep"] else _fake(setting)
    if setting.place.column.kind != "integer":
        return texts
    return as_digits(texts, width=_ZIP if options["hipaa"] else 0)


def _fake(setting: Setting) -> Change:
    where = Where(setting.place)

    def make(drawn: Words, *more: NDArray[np.int64]) -> pa.Array:
        return postcodes(where.rows(drawn, *more), drawn)

    return faked(setting, "postcode", make, family=FAMILY, read=where.read)


def _safe_harbor(values: pa.Array, _rows: Rows) -> pa.Array:
    """The first three digits of a ZIP code and zeros; only zeros where few people live, or where it is none."""
    trimmed = pc.utf8_trim_whitespace(values)
    prefix = pc.utf8_slice_codeunits(trimmed, 0, _ZIP_KEPT)
    fine = pc.and_(pc.match_substring_regex(trimmed, r"^\d{5}"), pc.invert(pc.is_in(prefix, value_set=_SMALL)))
    return pc.binary_join_element_wise(pc.if_else(fine, prefix, "000"), "00", "")


def _kept(setting: Setting) -> Change:
    """The first characters stay, the others change within their class, become zeros, or go."""
    keep, rest = int(setting.place.options["keep"]), setting.place.options["rest"]
    if rest == "drop":
        return lambda values, _rows: pc.utf8_slice_codeunits(pc.utf8_trim_whitespace(values), 0, keep)

    def open_rest(values: pa.Array, _rows: Rows) -> tuple[Patterns]:
        plain = pc.replace_substring_regex(pc.utf8_trim_whitespace(values), "[^ -~]", "X")
        data, offsets = spans(pc.ascii_upper(plain))
        lengths = np.diff(offsets)
        width = int(lengths.max(initial=1))
        padded = np.concatenate([data[: offsets[-1]], np.zeros(width, np.uint8)])
        patterns = padded[offsets[:-1][:, None] + np.arange(width)]
        inside = np.arange(width) < lengths[:, None]
        changed = inside & (np.arange(width) >= np.where(lengths > keep, keep, 0)[:, None])
        digits = (patterns >= ord("0")) & (patterns <= ord("9"))
        others = changed & ~digits & (patterns > ord(" ")) & (patterns != ord("-"))
        patterns[changed & digits], patterns[others], patterns[~inside] = ord("#"), ord("@"), 0
        return (patterns,)

    def make(drawn: Words, patterns: Patterns) -> pa.Array:
        return filled(patterns, np.arange(len(patterns)), drawn[:, 1])

    def zeros(values: pa.Array, rows: Rows) -> pa.Array:
        (patterns,) = open_rest(values, rows)
        patterns[patterns == ord("#")], patterns[patterns == ord("@")] = ord("0"), ord("X")
        return filled(patterns, np.arange(len(patterns)), np.zeros(len(patterns), np.uint64))

    return zeros if rest == "zero" else faked(setting, "postcode rest", make, read=open_rest)


def _problem(place: Place) -> str:
    reads(place)
    options = place.options
    if options["hipaa"] and options["keep"] is not None:
        return "`hipaa` says itself how many digits are kept"
    if options["rest"] != "random" and options["keep"] is None:
        return "`rest` is of what `keep` leaves"
    return ""


def _longest(place: Place) -> int | None:
    """A city's pattern at most; with its first characters kept, a code is as long as it was."""
    options, limit = place.options, place.column.max_length
    if options["keep"] is not None:
        return None
    whole = _ZIP if options["hipaa"] else places().postcodes.shape[1]
    return whole if options["hipaa"] else min(whole, limit or whole)


POSTCODE = Declaration(
    name="postcode",
    summary=(
        "A postal code as its city has them; or the original's first characters with others behind them; or, for "
        "ZIP codes, what HIPAA's Safe Harbor leaves of them."
    ),
    example="{postcode: {per: id, country: from country}}",
    kinds=frozenset({"text", "integer"}),
    build=_build,
    main="keep",
    options=(
        Option("keep", "whole number", "leading characters to keep; a shorter code changes wholly", least=1),
        Option("rest", "text", "what stands behind them", default="random", choices=("random", "zero", "drop")),
        Option("hipaa", "yes or no", "three digits and zeros, only zeros where 20,000 people or fewer live"),
        IN_COUNTRY,
        PER,
        DOMAIN,
    ),
    uniqueness=lambda _place: LOSSY,
    length=_longest,
    needs=needs_subject,
    reads=reads,
    problem=_problem,
    listed=True,
)

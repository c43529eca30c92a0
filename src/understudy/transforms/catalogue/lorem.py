"""``lorem``: words that say nothing, as long as the text in whose place they stand."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.arrow import own_spans
from understudy.native import words as native
from understudy.transforms.characters import text_array
from understudy.transforms.declare import DOMAIN, PER, TEXT, Change, Declaration, Option, Place, Rows, Setting
from understudy.transforms.draws import by_value, needs_subject, pick
from understudy.transforms.fake import cut, folded, keep_blank
from understudy.transforms.parts import Bytes, Offsets, table

_WORDS = """lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et
dolore magna aliqua enim ad minim veniam quis nostrud exercitation ullamco laboris nisi aliquip ex ea commodo
consequat duis aute irure in reprehenderit voluptate velit esse cillum eu fugiat nulla pariatur excepteur sint
occaecat cupidatat non proident sunt culpa qui officia deserunt mollit anim id est laborum perspiciatis unde omnis
iste natus error accusantium doloremque laudantium totam rem aperiam eaque ipsa quae ab illo inventore veritatis
quasi architecto beatae vitae dicta explicabo nemo ipsam quia voluptas aspernatur aut odit fugit consequuntur magni
dolores eos ratione sequi nesciunt neque porro quisquam""".split()
_COUNT = 6_000
_SENTENCE = 11


@cache
def _text() -> tuple[Bytes, Offsets]:
    """A long text of these words, each with a space after it, and where its words start."""
    order = np.random.default_rng(0).integers(0, len(_WORDS), _COUNT)  # not keyed: it is the same for everybody
    words = [_WORDS[number] for number in order]
    for place in range(0, _COUNT, _SENTENCE):
        words[place] = words[place].capitalize()
        words[min(place + _SENTENCE, _COUNT) - 1] += "."
    starts = np.cumsum([0, *(len(word) + 1 for word in words)])
    return np.frombuffer((" ".join(words) + " ").encode(), np.uint8), starts


def _passages(first: Offsets, lengths: Offsets) -> pa.Array:
    """So many characters of the text, from a word on; they end as a sentence does."""
    text, starts = _text()
    return text_array(*native.written(text, starts[first], lengths, True))


def _phrases(first: Offsets, counts: Offsets) -> pa.Array:
    """So many words of the text, from one on."""
    text, starts = _text()
    last = first + counts
    stops = starts[last % _COUNT] + last // _COUNT * starts[-1] - 1
    return text_array(*native.written(text, starts[first], np.where(counts > 0, stops - starts[first], 0), False))


def _build(setting: Setting) -> Change:
    place = setting.place
    draw, words = by_value(setting, "lorem"), place.options["words"]

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        first = pick(draw(values, rows), 0, _COUNT)
        if place.options["like"] == "length" and words is None:
            made = _passages(first, _counted(pc.utf8_length(values)))
        else:
            made = _phrases(first, _words_in(values) if words is None else np.full(len(values), words))
        return cut(keep_blank(values, folded(values), made), place.column.max_length)

    return change


def _words_in(values: pa.Array) -> Offsets:
    """How many words each text has, with spaces between."""
    return native.counted(*own_spans(values), table(b" \t\n\v\f\r"))


def _counted(numbers: pa.Array) -> NDArray[np.int64]:
    found: NDArray[np.int64] = numbers.fill_null(0).cast(pa.int64()).to_numpy(zero_copy_only=False)
    return found


def _length(place: Place) -> int | None:
    limit: int | None = place.column.max_length
    words: int | None = place.options["words"]
    if words is None:
        return limit
    whole = words * (max(map(len, _WORDS)) + 2)  # a full stop and a space after each
    return whole if limit is None else min(whole, limit)


LOREM = Declaration(
    name="lorem",
    summary="Latin words that say nothing: as many characters as the original has, or as many words.",
    example="{lorem: {like: words}}",
    kinds=TEXT,
    build=_build,
    options=(
        Option("like", "text", "what it has in common with the original", "length", choices=("length", "words")),
        Option("words", "whole number", "how many words there are, whatever the original has", least=1, most=1000),
        PER,
        DOMAIN,
    ),
    length=_length,
    needs=needs_subject,
)

"""``html_text``: what HTML or XML says is scrambled, and how it says it stays: tags, entities, structure.

Text between two tags is one piece, the value of an attribute another.  What only looks like a tag, such
as ``<ada@x.org>``, is text.  Scripts are text too, for they may hold anything, and style sheets stay.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from understudy.native import search as native
from understudy.transforms.characters import text_array
from understudy.transforms.declare import DOMAIN, PRESERVED, TEXT, Change, Declaration, Option, Setting
from understudy.transforms.matches import Matches, inside, matches
from understudy.transforms.parts import Mask, Offsets
from understudy.transforms.pieces import CHARACTERS, FOLDED, Pieces

_VALUE = r"""(?:"[^"]*"|'[^']*'|[^\s"'=<>`]+)"""
_TAG = rf"<(?:[/?]?[A-Za-z][\w:.-]*(?:\s+[\w:.-]+(?:\s*=\s*{_VALUE})?)*\s*[/?]?|![A-Za-z][^<>]*)>"
_MARKS = r"&(?:#\d+|#x[0-9A-Fa-f]+|[A-Za-z][A-Za-z0-9]*);|<!\[CDATA\[|(?is:<style[^>]*>.*?</style>)"
_VALUES = rf"=\s*{_VALUE}"
_LOOKS = (
    "class|style|type|rel|lang|dir|width|height|align|valign|border|colspan|rowspan|target|charset|encoding|version"
)
_KEPT = rf"(?i)\s(?:{_LOOKS}|xml[\w:.-]*)\s*=\s*{_VALUE}"


def _parted(texts: pa.Array, tags: Matches, *, attributes: bool) -> tuple[Mask, Offsets]:
    """Which bytes stay, and the n + 1 bounds of the pieces that texts are cut into."""
    count = len(tags.starts) if attributes else 0
    values, kept = (inside(tags.data, tags.starts[:count], tags.stops[:count], one) for one in (_VALUES, _KEPT))
    marks = matches(texts, _MARKS)
    return native.parted(tags.offsets, tags.starts, tags.stops, *values, *kept, marks.starts, marks.stops)


def _way(*, back: bool) -> Callable[[Setting], Change]:
    def build(setting: Setting) -> Change:
        options, folds = setting.place.options, bool(setting.place.column.key_sql)
        subkey = setting.key.subkey(f"html_text:{options['domain'] or 'html_text'}")
        pieces = Pieces(subkey, FOLDED if folds else CHARACTERS)

        def change(values: pa.Array) -> pa.Array:
            texts = pc.utf8_lower(values) if folds else values
            tags = matches(texts, _TAG)
            stay, bounds = _parted(texts, tags, attributes=options["attributes"] == "scramble")
            return text_array(pieces(tags.data, bounds, stay=stay, back=back), tags.offsets)

        return lambda values, _rows: change(values)

    return build


HTML_TEXT = Declaration(
    name="html_text",
    summary="HTML or XML with its texts scrambled; tags, entities and what only concerns looks stay.",
    example="html_text",
    kinds=TEXT,
    build=_way(back=False),
    options=(
        Option(
            "attributes",
            "text",
            "the values of attributes, but for looks (`class`, `style`, `lang` ...)",
            default="scramble",
            choices=("scramble", "keep"),
        ),
        DOMAIN,
    ),
    uniqueness=lambda _place: PRESERVED,
    inverse=_way(back=True),
)

"""Names between separators (of hosts, of folders), each with one stand-in wherever it stands, but for those that stay.

The same few names stand in many rows, so those that stand near one another are permuted once each: to find them costs
a tenth of what a name does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import own_spans, text_array
from understudy.native import texts as native
from understudy.transforms.parts import Bytes, Mask, Offsets, distinct, spread
from understudy.transforms.pieces import Pieces, onward

EXTENSIONS = frozenset(
    """7z aac asp aspx avi bak bat bin bmp bz2 c cfg class conf cpp cs css csv dat db deb dll dmg doc docx eml exe flac
    gif gz h heic hpp htm html ico ics ini iso jar java jpeg jpg js json jsonl jsp key log lua m4a md mkv mov mp3 mp4
    mpeg mpg msg msi odp ods odt ogg parquet pdf pem php png ppt pptx properties ps1 py r rar rb rpm rs rtf sh so sql
    sqlite svg swift tar tex tgz tif tiff toml ts tsv tsx ttf txt vcf wav webm webp wma wmv woff woff2 xhtml xls xlsx
    xml xsd xz yaml yml zip""".split()
)
"""What files are called at their end, by what they hold."""


_AT_ONCE = 1 << 17  # names among which equal ones are looked for: what is known of so many fits the second cache


@dataclass(frozen=True)
class Labels:
    """The permutation of names of one key."""

    subkey: bytes
    keep: frozenset[str] = frozenset()
    """Names, in lower case, that stay what they are in any case; no other becomes one of them."""

    @cached_property
    def _kept(self) -> pa.Array:
        return pa.array(sorted(self.keep), pa.string())

    def __call__(self, data: Bytes, starts: Offsets, stops: Offsets, *, back: bool = False) -> Bytes:
        """The bytes of texts with these parts of them changed, name by name."""
        made, sources, size = [], [], 0
        for first in range(0, max(len(starts), 1), _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            names, which = distinct(data, starts[some], stops[some])
            texts, bounds = own_spans(self._names(names, back=back))
            made.append(texts)
            sources.append(bounds[which] + size)
            size += len(texts)
        return native.filled(data, starts, stops, np.concatenate(made), np.concatenate(sources))

    def _names(self, names: pa.Array, *, back: bool) -> pa.Array:
        pieces, stays = Pieces(self.subkey, repeated=False), self._stays(names)
        data, offsets = own_spans(names)
        kept = np.flatnonzero(stays)
        stay = spread(len(data), offsets[kept], offsets[kept + 1])
        made = text_array(pieces(data, offsets, stay=stay, back=back), offsets)
        return onward(lambda texts: pieces.texts(texts, back=back), made, lambda texts: self._stays(texts) & ~stays)

    def _stays(self, names: pa.Array) -> Mask:
        found: Mask = pc.is_in(pc.ascii_lower(names), self._kept).to_numpy(zero_copy_only=False)
        return found

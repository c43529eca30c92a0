"""``file_path``: folders and files by other names; depth, extensions and the usual folders stay."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import own_spans
from understudy.transforms.catalogue.internet import KEEP
from understudy.transforms.characters import text_array
from understudy.transforms.declare import DOMAIN, PRESERVED, TEXT, Change, Declaration, Rows, Setting
from understudy.transforms.labels import EXTENSIONS, Labels
from understudy.transforms.parts import names_in

_MARKS = b"/\\."
_FOLDERS = frozenset(
    """home users user root usr var tmp temp etc opt srv mnt media bin sbin lib lib64 dev proc sys run boot data log
    logs local share src app apps www public private static uploads upload files file documents desktop downloads
    pictures music videos library applications windows system32 appdata roaming backup backups archive cache""".split()
) | {"program files", "program files (x86)", "c:", "d:", "e:", "file:", "s3:"}
"""Folders that every machine has."""


def _way(*, back: bool) -> Callable[[Setting], Change]:
    def build(setting: Setting) -> Change:
        options, folds = setting.place.options, bool(setting.place.column.key_sql)
        given = {str(name).lower() for name in options["keep"] or ()}
        names = Labels(
            setting.key.subkey(f"file_path:{options['domain'] or 'file_path'}"), EXTENSIONS | _FOLDERS | given
        )

        def change(values: pa.Array, _rows: Rows) -> pa.Array:
            data, offsets = own_spans(pc.utf8_lower(values) if folds else values)
            starts, stops = names_in(data, offsets, _MARKS)
            return text_array(names(data, starts, stops, back=back), offsets)

        return change

    return build


FILE_PATH = Declaration(
    name="file_path",
    summary="A path or file name: every name in it has one stand-in; depth, extensions and the usual folders stay.",
    example="{file_path: {keep: [invoices]}}",
    kinds=TEXT,
    build=_way(back=False),
    options=(KEEP, DOMAIN),
    uniqueness=lambda _place: PRESERVED,
    inverse=_way(back=True),
)

"""Single files and pipes: CSV, TSV, Parquet and JSON lines, read and written as streams, a part at a time.

What is read comes in *parts*: Arrow batches from formats that have columns, lists of documents from JSON
lines, whose fields may differ from line to line.  Every format writes both.
"""

from understudy.connections.files.formats import (
    FORMATS,
    Format,
    Options,
    Part,
    Reader,
    Writer,
    format_of,
    stem,
    tables_in,
)
from understudy.connections.files.places import PIPE, Output, opened, output

__all__ = [
    "FORMATS",
    "PIPE",
    "Format",
    "Options",
    "Output",
    "Part",
    "Reader",
    "Writer",
    "format_of",
    "opened",
    "output",
    "stem",
    "tables_in",
]

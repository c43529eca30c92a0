"""Git for data: every state of many Iceberg tables is a commit, on branches that cost nothing.

``Lake.open`` opens one.  Read ``nouns`` first, then ``tree`` (what a commit holds), ``store`` (where commits and
references are kept) and ``lake``.
"""

from understudy.lake.lake import Lake, Moved

__all__ = ["Lake", "Moved"]

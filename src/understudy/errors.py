"""What Understudy raises: a message that names what was wrong, and a hint that says what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class Error(Exception):
    """Something went wrong that no change of the user's input would mend; exit code 3.

    The message names and quotes what was wrong; the hint is what to type next.  Neither
    ever holds a password, a key or a value of real data.
    """

    exit_code = 3

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(Error):
    """The job, the command line or the databases named there need a change by the user; exit code 2."""

    exit_code = 2


class CheckFailed(Error):
    """A check did not pass, so nothing was published; exit code 1."""

    exit_code = 1


class Inexact(Error):
    """A value of this column does not fit the Arrow type of its lane (NaN in a numeric), so read the table as text."""

    def __init__(self, table: str, column: str, reason: str) -> None:
        super().__init__(f"{table}.{column} holds {reason}", hint="read the table again with that column as text")
        self.table = table
        self.column = column


def unknown(what: str, name: str, known: Iterable[str]) -> InputError:
    """An InputError for a name that does not exist, with the closest match or the valid names as its hint."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        hint = f"did you mean {close[0]!r}?"
    elif names:
        shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        hint = f"known: {shown}"
    else:
        hint = "there are none"
    return InputError(f"{what} {name!r} does not exist", hint=hint)

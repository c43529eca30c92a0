"""Columns that clearly say nothing about anybody; any other without a finding is for a person to decide.

A column is clearly harmless if nothing speaks for an entity (no confidence from ``DOUBTFUL`` on) and

- it is boolean, or an enum;
- it is a number whose name is that of a quantity (``amount``, ``nights``), or 0 or 1 in all sampled rows;
- it is a time whose name is that of when a row was written (``created_at``);
- it is a text whose name is that of a classification (``status``, ``currency``) and, where rows were sampled,
  that holds few short different values.

Everything else could hold anything: a text of unknown use, a document, an array, bytes.
"""

from __future__ import annotations

from understudy.detect.fields import Field, Values
from understudy.detect.names import of_people, tokens

_TEXT = frozenset(
    "status state type kind code currency locale language lang timezone unit category version format role method "
    "provider channel browser device color colour size mime mimetype extension level rating model engine platform "
    "protocol encoding priority severity stage mode scope".split()
)
_NUMBERS = frozenset(
    "count quantity qty amount price total cost rate fee tax discount score rating stars position rank order priority "
    "width height length weight size duration seconds minutes hours days year month day version level no stock nights "
    "guests capacity beds percent percentage ratio rental replacement units reorder freight balance tokens limit "
    "offset index attempts retries interval timeout number bytes milliseconds ms micros port population slots fees "
    "counter tally min max sum average quota threshold progress step steps points x y".split()
)
_TIMES = frozenset(
    "created updated modified deleted started finished ended canceled cancelled completed submitted sent received read "
    "expires expired expiry expiration opened closed at on date time timestamp last first next seen used run update "
    "create creation modification change changed due start end from to until since valid payment order invoice rental "
    "return release shipped required begin window retry heartbeat published archived fetched synced paid booked".split()
)
_MOST_DIFFERENT = 50
_LONGEST = 40
_ENOUGH = 20


def harmless(field: Field) -> str:
    """Why a column without a sign is surely harmless; empty where that is not sure."""
    words = tokens(field.name)
    kind = field.kind
    if kind in ("boolean", "enum"):
        return "one of a few known values"
    if kind == "integer" and field.values is not None and field.values.rows >= _ENOUGH and _flag(field.values):
        return "0 or 1 in every row that was looked at"
    if kind in ("integer", "decimal", "float") and set(words) & _NUMBERS:
        return "" if of_people(field.table.name.name) and set(words) <= {"weight", "height"} else "a quantity"
    if kind in ("timestamp", "date", "time") and words and set(words) <= _TIMES:
        return "when something happened to the row"
    if kind == "text" and words and words[-1] in _TEXT and _few(field):
        return "a classification"
    return ""


def _flag(values: Values) -> bool:
    return set(values.texts.to_pylist()) <= {"0", "1"}


def _few(field: Field) -> bool:
    """Whether the values, as far as they are known, are few and short."""
    values = field.values
    if values is None or not values.rows:
        return True
    few = values.distinct <= min(_MOST_DIFFERENT, max(3, values.rows // 2))
    return few and values.length <= _LONGEST

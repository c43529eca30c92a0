"""``free_text``: what texts tell about people is replaced, as the columns replace it; all else stays byte for byte.

A row's own identity columns are looked for first, and what they become stands in the text as well.  Then come
the spans that ``understudy.entities`` finds, each kind by the transformer that its columns have, drawn by the
value: an address of e-mail becomes the same in a note and in a column.  A kind that has no transformer becomes
its name in brackets.  What nothing tells to be personal, a rare name without context for one, stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy import entities
from understudy.arrow import spans as spans_of
from understudy.entities import offices
from understudy.entities.spans import resolve
from understudy.errors import unknown
from understudy.interfaces import Rule
from understudy.schema import Column, Kind
from understudy.transforms import written_dates
from understudy.transforms.declare import PER, TEXT, Change, Declaration, Option, Part, Place, Rows, Setting
from understudy.transforms.draws import needs_subject
from understudy.transforms.fake import cut
from understudy.transforms.mentions import Mentions, mentions
from understudy.transforms.splice import splice
from understudy.transforms.subjects import known, split

Numbers = NDArray[np.int64]

_TEXT = Column("", "text", "text", pa.string())
_DAY = Column("", "date", "date", pa.date32())

_DATES = frozenset({"date", "datetime", "birth_date"})
_NAMES = ("first_name", "last_name")
_LEFT = frozenset({"time", "age", "money", "hash", "domain", "country", "bic", "person", "initial"})
"""Entities that stay unless the rule names them, or that are changed by their parts."""

_SHIFT = Rule("shift_days", {"days": 30})
_LABEL = Rule("redact", {})
_OTHERWISE: Mapping[str, Rule] = {
    "address": Rule("street", {}),
    "account": Rule("account_number", {}),
    "age": _LABEL,
    **dict.fromkeys(_DATES, _SHIFT),
    **{name: Rule("national_id", {"kind": name}) for name in offices.WORDS},
}
"""Rules of entities whose name is not that of their transformer."""

_PLAIN = frozenset({"redact", "replace", "null"})
"""Transformers that do not read a date as one."""

_KEEP = "keep"
_OWN = -1  # the kind of what the row itself is known to hold: it counts before all others


def _usual(name: str, place: Place) -> Rule:
    """How spans of an entity change where the rule does not say: by the transformer of its name; dates by `per`."""
    from understudy.transforms.registry import TRANSFORMERS  # here, for it imports this file

    per = place.options["per"]
    if name in _DATES and per is not None:
        return Rule(_SHIFT.name, {**_SHIFT.options, "per": per})
    return _OTHERWISE.get(name) or (Rule(name, {}) if name in TRANSFORMERS else _LABEL)


def _rules(place: Place) -> dict[str, Rule]:
    """The entities that change here, and how."""
    given: Mapping[str, Rule] = place.options["rules"] or {}
    wanted = place.options["entities"]
    names = set(entities.ENTITIES) - _LEFT if wanted is None else set(wanted)
    if "person" in names and "person" not in given:
        names = names - {"person"} | set(_NAMES)
    if "person" in given:  # the name as a whole
        names -= set(_NAMES)
    if "date" in given:
        given = {**dict.fromkeys(_DATES & names, given["date"]), **given}
    found = {name: given.get(name) or _usual(name, place) for name in entities.ENTITIES if name in {*names, *given}}
    return {name: rule for name, rule in found.items() if rule.name != _KEEP}


def _named(name: str, rule: Rule) -> Rule:
    """A redaction that says what was there."""
    plain = rule.name == "redact" and rule.options.get("text") is None
    return Rule("redact", {"text": _label(name)}) if plain else rule


def _label(name: str) -> str:
    return f"[{name.upper()}]"


def _pieces(place: Place) -> Mapping[str, Part]:
    return {
        name: Part(_named(name, rule), (_DAY, _TEXT) if name in _DATES and rule.name not in _PLAIN else (_TEXT,))
        for name, rule in _rules(place).items()
    }


Exchange = Callable[[pa.Array, Rows], pa.Array]
"""Texts that are one entity, and the rows they stand in, to what is to stand there; never null."""


def _exchange(setting: Setting, name: str) -> Exchange:
    """How spans of one entity change."""
    label, day_first = _label(name), bool(setting.place.options["day_first"])
    changes: Mapping[Kind, Change] = setting.pieces(name)

    def change(texts: pa.Array, rows: Rows) -> pa.Array:
        if "date" in changes:
            days = changes["date"]
            return written_dates.changed(texts, lambda day: days(day, rows), day_first=day_first, otherwise=label)
        made = pc.fill_null(changes["text"](texts, rows), label)
        return _as_loud(texts, made) if name in _NAMES else made

    return change


def _initial(change: Exchange) -> Exchange:
    """How an initial changes: into that of the given name that would stand for it."""

    def shortened(texts: pa.Array, rows: Rows) -> pa.Array:
        return pc.binary_join_element_wise(
            pc.utf8_slice_codeunits(change(texts, rows), 0, 1), pc.utf8_slice_codeunits(texts, 1), ""
        )

    return shortened


def _as_loud(texts: pa.Array, made: pa.Array) -> pa.Array:
    """Stand-ins in capitals where the text is."""
    loud = pc.and_(pc.utf8_is_upper(texts), pc.greater(pc.utf8_length(texts), 1))
    return pc.if_else(loud, pc.utf8_upper(made), made) if loud.true_count else made


@dataclass(frozen=True)
class _Parts:
    """Parts of texts by what they are; from several finders they may overlap."""

    row: Numbers
    start: Numbers
    end: Numbers
    kind: Numbers

    @staticmethod
    def joined(parts: list[_Parts]) -> _Parts:
        """All of some parts."""
        return _Parts(
            *(np.concatenate([getattr(one, name) for one in parts]) for name in ("row", "start", "end", "kind"))
        )

    def take(self, chosen: NDArray[Any]) -> _Parts:
        """Some of the parts."""
        return _Parts(self.row[chosen], self.start[chosen], self.end[chosen], self.kind[chosen])


def _build(setting: Setting) -> Change:
    """What a row is about is read here, once, where it stands in another table; see ``subjects``."""
    place = setting.place
    exchanges = {name: _exchange(setting, name) for name in _rules(place)}
    if "first_name" in exchanges:
        exchanges["initial"] = _initial(exchanges["first_name"])
    names = tuple(exchanges)
    columns = split(place, "columns")
    people = known(setting, columns) if columns else None
    limit = place.column.max_length

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        texts = pc.fill_null(values, "")
        chosen, own = _spans(texts, names), pa.array([], pa.string())
        if people:
            chosen, own = _with_mentions(texts, chosen, mentions(texts, people(rows)))
        if not len(chosen.row):
            return values
        made = _made(texts, rows, chosen, exchanges, own)
        return cut(splice(texts, chosen.row, chosen.start, chosen.end, made), limit)

    return change


def _with_mentions(texts: pa.Array, found: _Parts, mentioned: Mentions) -> tuple[_Parts, pa.Array]:
    """What stays of mentions of a row's own values and of what else is found; and what is to stand for the former."""
    own = _Parts(mentioned.row, mentioned.start, mentioned.end, np.full(len(mentioned.row), _OWN))
    both, offsets = _Parts.joined([own, found]), spans_of(texts)[1]
    kept = resolve(offsets[both.row] + both.start, offsets[both.row] + both.end, both.kind)
    chosen = both.take(kept)
    return chosen, mentioned.after.take(pa.array(kept[chosen.kind == _OWN]))


def _spans(texts: pa.Array, names: tuple[str, ...]) -> _Parts:
    """What there is to find, people as the parts of their names unless their rule is for the whole."""
    found = entities.spans(texts, names)
    kinds = np.array([names.index(name) for name in found.names] or [0])
    return _Parts(found.row, found.start, found.end, kinds[found.entity])


def _made(texts: pa.Array, rows: Rows, chosen: _Parts, exchanges: Mapping[str, Exchange], own: pa.Array) -> pa.Array:
    """What is to stand in every chosen part, in their order."""
    there = entities.Spans(chosen.row, chosen.start, chosen.end, chosen.kind, tuple(exchanges))
    where = [np.flatnonzero(chosen.kind == _OWN)]
    made = [pc.fill_null(own, _label("redacted"))]
    whole, changes = texts.cast(pa.large_string()), list(exchanges.values())
    for number in np.flatnonzero(np.bincount(chosen.kind[chosen.kind != _OWN])).tolist():
        places = np.flatnonzero(chosen.kind == number)
        where.append(places)
        made.append(changes[number](there.texts(whole, places), rows.at(pa.array(chosen.row[places]))))
    return pa.concat_arrays(made).take(pa.array(np.argsort(np.concatenate(where), kind="stable")))


def _columns(place: Place) -> frozenset[str]:
    """The columns of the row itself that are looked for."""
    return frozenset(split(place, "columns").get("", ()))


def _problem(place: Place) -> str:
    for owner, names in split(place, "columns").items():
        if owner and place.subject is None:
            return f"{owner}.{names[0]} stands in another table: `per` names the column that points there"
        for name in names if not owner else ():
            if place.table.column(name).kind != "text":
                return f"{name} is no text, so no text can mention it"
            if name == place.column.name:
                return "a text cannot be looked for in itself"
    for name in (*(place.options["entities"] or ()), *(place.options["rules"] or ())):
        if name not in entities.ENTITIES:
            raise unknown("entity", str(name), entities.ENTITIES)
    parts = sorted({*_NAMES} & (place.options["rules"] or {}).keys())
    if parts and "person" in place.options["rules"]:
        return f"a rule for person changes names as a whole, so the one for {parts[0]} never would"
    return ""


FREE_TEXT = Declaration(
    name="free_text",
    summary=(
        "What a text tells about people becomes what the columns make of it: the row's own names, and every "
        "address, number, date and name that is found; all else stays."
    ),
    example="{free_text: {columns: [users.first_name, users.last_name, users.email], per: user_id}}",
    kinds=TEXT,
    build=_build,
    main="columns",
    options=(
        Option("columns", "list", "columns whose values the text may mention: of the row, or of the one `per` names"),
        PER,
        Option("entities", "list", "what to look for, instead of all that identifies"),
        Option(
            "rules", "mapping of rules", "how spans of an entity change, instead of the usual way; keep leaves them"
        ),
        Option("day_first", "yes or no", "4/5/2021 is a day in May", default=False),
    ),
    length=lambda place: place.column.max_length,
    needs=lambda place: _columns(place) | needs_subject(place),
    reads=_columns,
    problem=_problem,
    pieces=_pieces,
    sensitive=False,
)

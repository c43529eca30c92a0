"""Pieces of texts, each changed by the rule it is for and written back in the spelling of its format."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.errors import Error
from understudy.interfaces import Rule
from understudy.native import texts as native
from understudy.schema import Kind
from understudy.transforms.declare import Change, Part, Place, Rows, Setting
from understudy.transforms.inside import changed, part
from understudy.transforms.stretches import CHUNK_BYTES, Places, Stretches, Texts, joined, spliced, taken

SPELLED: tuple[Kind, ...] = ("integer", "decimal", "boolean", "date", "timestamp", "text")
"""What a piece of text may be."""

REST = "default"
"""What the rule, and its option, is called that changes what no other rule is for."""

KEYS = "keys"
"""What the rule, and its option, is called that changes keys."""

_FIELD = "field "


@dataclass(frozen=True)
class Spelling:
    """How a format writes the texts that stand in it."""

    read: Callable[[pa.Array], pa.Array]
    """What is written, as what it spells."""
    write: Callable[[pa.Array, pa.Array], pa.Array]
    """New texts, and what was written before, as what is written now."""
    nothing: str = ""
    """How NULL is written."""


NONE: Places = np.zeros(0, np.int64)
"""No places."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """All pieces of some texts, and which of the rules, by their order, each is for; -1 for none."""

    where: Stretches
    rule: Places
    wrong: Places = field(default_factory=lambda: NONE)
    """Texts that are not what they must be; then nothing else counts."""


Mend = Callable[[Stretches, pa.Array], pa.Array]
"""What the changed pieces of one rule spell, made to fit together."""


@dataclass(frozen=True)
class Format:
    """How texts are put together of pieces."""

    called: str
    """What a text that is well-formed is: an array."""
    find: Callable[[Texts], Pieces]
    spelling: Spelling
    form: Kind = "text"
    """What all pieces are written as."""
    mend: Mend = lambda _where, after: after


def named_rules(place: Place) -> dict[str, Rule]:
    """The rules of the usual options, by what they are called: for each of ``fields``, for ``keys``, for the rest."""
    found: dict[str, Rule] = {f"{_FIELD}{name}": rule for name, rule in (place.options["fields"] or {}).items()}
    for label, option in ((KEYS, "keys"), (REST, "default"), (REST, "each")):
        if place.options.get(option) is not None:
            found[label] = place.options[option]
    return found


def text_parts(place: Place) -> dict[str, Part]:
    """The usual rules as rules for pieces of text."""
    rules = named_rules(place).items()
    return {
        label: part(place, label, rule, ("text",) if label == KEYS else SPELLED, distinct=label == KEYS)
        for label, rule in rules
    }


def wrong_positions(place: Place) -> str:
    """Why the rules of ``fields`` are not told by positions; empty if they are."""
    wrong = [name for name in place.options["fields"] or {} if not re.fullmatch("[1-9][0-9]*", name)]
    return f"{wrong[0]!r} is no position: the first is 1" if wrong else ""


def by_position(position: Places, labels: Sequence[str]) -> Places:
    """The rule of every piece, by its position from 1."""
    found = np.full(len(position), _rest(labels))
    for number, label in enumerate(labels):
        if label.startswith(_FIELD):
            found[position == int(label.removeprefix(_FIELD))] = number
    return found


def by_name(texts: Texts, names: Stretches, spelling: Spelling, labels: Sequence[str]) -> Places:
    """The rule of every piece, by its name; what this spells is read once for all that are written alike."""
    fields = [label.removeprefix(_FIELD) for label in labels if label.startswith(_FIELD)]
    which, first = native.distinct(texts.data, names.start, names.end)
    found = pc.index_in(spelling.read(taken(texts, names.at(first))), pa.array(fields, pa.string()))
    return cast("Places", found.fill_null(_rest(labels)).to_numpy(zero_copy_only=False).astype(np.int64)[which])


def field_of(label: str) -> str:
    """The name or position that a rule of ``fields`` is for."""
    return label.removeprefix(_FIELD)


def _rest(labels: Sequence[str]) -> int:
    """The rule for what no other is for."""
    return labels.index(REST) if REST in labels else -1


def nothing_named(place: Place) -> str:
    """Why a rule has nothing to do; empty if it has."""
    return "" if named_rules(place) else "it names no rule for anything inside"


def rewriting(setting: Setting, rules: Mapping[str, Rule], how: Format) -> Change:
    """The Change that finds pieces of texts and exchanges those that a rule is for.

    Where a text column has no room for its stand-ins, each is cut to the length of what it stands for.
    """
    where = f"{setting.place.table.name}.{setting.place.column.name}"
    changes = {
        number: (f"{where} {label}", setting.pieces(label))
        for number, (label, rule) in enumerate(rules.items())
        if rule.name != "keep"
    }

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        texts = Texts(values)
        pieces = _found(texts, how, where)
        exchanges, chosen = [], []
        for number, (label, some) in changes.items():
            places = np.flatnonzero(pieces.rule == number)
            if len(places):
                mine = pieces.where if len(places) == len(pieces.rule) else pieces.where.at(places)
                raw = taken(texts, mine)
                before = how.spelling.read(raw)
                after, _ = changed(some, before, rows.at(pa.array(mine.text)), how.form, where=label)
                exchanges.append(_Exchange(mine, raw, before, how.mend(mine, after), how.spelling))
                chosen.append(places)
        if not exchanges:
            return values
        turn = np.argsort(np.concatenate(chosen), kind="stable") if len(chosen) > 1 else None
        return _within(texts, exchanges, turn, setting.place.column.max_length)

    return change


def _found(texts: Texts, how: Format, where: str) -> Pieces:
    """The pieces of texts; an Error that counts those texts that are not what they must be."""
    found = []
    for first, last in texts.cuts(CHUNK_BYTES):
        some = how.find(texts.part(first, last))
        found.append(Pieces(some.where.moved(first), some.rule, np.unique(some.wrong)))
    lost = sum(len(some.wrong) for some in found)
    if lost:
        message = f"{lost} rows of {where} hold no {how.called}"
        raise Error(message, hint="use `redact` or `null`, or mend them at the source")
    return Pieces(joined([some.where for some in found]), np.concatenate([NONE, *(some.rule for some in found)]))


@dataclass(frozen=True)
class _Exchange:
    """Stretches of texts that one rule exchanges: what is written there, what that spells, and what will be spelled."""

    where: Stretches
    raw: pa.Array
    before: pa.Array
    after: pa.Array
    spelling: Spelling

    @property
    def written(self) -> pa.Array:
        """What is written anew; what spells the same stays byte for byte."""
        written = self.spelling.write(self.after, self.raw)
        if written is self.after and self.before is self.raw and not written.null_count:
            return written
        written = written.fill_null(self.spelling.nothing)
        same = pc.equal(self.after, self.before).fill_null(False)
        return pc.if_else(same, self.raw, written) if same.true_count else written

    def cut(self, over: pa.Array) -> _Exchange:
        """Some of the stand-ins of at most as many characters as what they stand for."""
        places = np.flatnonzero(over.to_numpy(zero_copy_only=False))
        lengths = pc.utf8_length(self.before)
        cut = [
            None if text is None else text[:length]
            for text, length in zip(self.after.take(places).to_pylist(), lengths.take(places).to_pylist(), strict=True)
        ]
        return replace(self, after=pc.replace_with_mask(self.after, over, pa.array(cut, pa.string())))

    def emptied(self, over: pa.Array) -> _Exchange:
        """Some of the stand-ins cut to nothing."""
        return replace(self, after=pc.if_else(over, "", self.after))


def _within(texts: Texts, exchanges: Sequence[_Exchange], turn: Places | None, limit: int | None) -> pa.Array:
    """The texts, of at most so many characters: stand-ins are cut where there is no room, at worst to nothing.

    ``turn`` says in which order the stretches of all exchanges stand, one exchange after the other.
    """
    where = exchanges[0].where if turn is None else joined([one.where for one in exchanges]).at(turn)

    def made() -> pa.Array:
        return spliced(texts, where, pa.concat_arrays([one.written for one in exchanges]), turn)

    found = made()
    for shorten in (_Exchange.cut, _Exchange.emptied) if limit is not None else ():
        over = pc.greater(pc.utf8_length(found), limit)
        if not over.true_count:
            break
        exchanges = [shorten(one, over.take(pa.array(one.where.text))) for one in exchanges]
        found = made()
    return found

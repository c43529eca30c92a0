"""XML documents of a whole column read at once: where their elements, attributes and texts stand.

Tags are paired by counting depth, over the bytes of many documents together.  No parser sees them, so
that nothing is expanded, fetched or lost: whoever changes some texts leaves all other bytes as they are.
Comments, CDATA, declarations and tags with arrows in attributes are found one by one, by a regex.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.transforms.literals import in_texts, trimmed
from understudy.transforms.nesting import depths, pairs, parents, unpaired
from understudy.transforms.parts import among
from understudy.transforms.stretches import Bytes, Flags, Places, Stretches, Texts, having, joined, taken

_SECTION = re.compile(rb"(?s)<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<!DOCTYPE[^<>\[]*(?:\[.*?\]\s*)?>")
_TEXTUAL = (b"<![CDATA[", b"<!--")
_TAG = r"""<[^<>"']*(?:(?:"[^"<]*"|'[^'<]*')[^<>"']*)*>"""
_WHOLE = re.compile(_TAG.encode())
_NAME_ENDS = b" \t\n\f\r/>"
_ATTRIBUTE = r"""(?s)^(?P<head>[^"']*?(?P<name>[^\s"'=<>/]+)\s*=\s*)(?P<value>"[^"]*"|'[^']*')"""
_LESS, _MORE, _SLASH, _SPACE = b"<>/ "


@dataclass(frozen=True, eq=False)
class Names:
    """The names of things, of which there are few."""

    words: pa.Array
    which: Places
    """The word of each; -1 where a thing has no name."""

    @classmethod
    def of(cls, texts: pa.Array) -> Names:
        """Names that are written out; null for none."""
        encoded = texts.dictionary_encode()
        return cls(encoded.dictionary, encoded.indices.fill_null(-1).to_numpy())

    def at(self, places: Places) -> Names:
        """The names of some of the things."""
        return Names(self.words, self.which[places])

    def that(self, are: Callable[[pa.Array], pa.Array]) -> Flags:
        """Which are of the words that a kernel tells."""
        flags: Flags = np.append(are(self.words).to_numpy(zero_copy_only=False), False)[self.which]
        return flags


@dataclass(frozen=True, eq=False)
class Nodes:
    """Elements and texts of documents, each element before what is inside it; and their attributes."""

    where: Stretches
    """Of elements, their first tag; of CDATA and comments all of it."""
    name: Names
    """Of elements; texts have none."""
    parent: Places
    """The element that holds a node; -1 for those that none holds."""
    after: Places
    """The first node that is not inside this one."""
    attributes: Stretches
    """What attributes say, quotes left out."""
    attribute_name: Names
    owner: Places
    """The element of each attribute."""


def read(texts: Texts) -> tuple[Nodes | None, Places]:
    """The nodes of documents; or None, and those documents that are not well-formed."""
    data = texts.data[texts.offsets[0] : texts.offsets[-1]].copy()
    sections, textual = _sections(texts, data)
    tags, wrong = _tags(texts, data)
    wrong = np.concatenate([wrong, sections.text[sections.end > texts.offsets[sections.text + 1]]])
    closes = texts.data[tags.start + 1] == _SLASH
    names = _names(texts, tags, tags.start + 1 + closes)
    opens = ~closes & (texts.data[tags.end - 2] != _SLASH)
    depth = depths(tags.text, opens, closes)
    wrong = np.concatenate([wrong, tags.text[names.which < 0], unpaired(tags.text, depth)])
    if not len(wrong):
        opener, closer = pairs(opens, closes, depth)
        wrong = tags.text[opener[names.which[opener] != names.which[closer]]]
    if len(wrong):
        return None, np.unique(wrong)
    runs = _runs(texts, _sorted([tags, sections]))
    return _nodes(texts, tags, names, opens, closes, _sorted([runs, textual])), wrong


def _flags(values: pa.Array) -> Flags:
    found: Flags = values.to_numpy(zero_copy_only=False)
    return found


def _sorted(parts: list[Stretches]) -> Stretches:
    together = joined(parts)
    return together.at(np.argsort(together.start, kind="stable"))


def _sections(texts: Texts, data: Bytes) -> tuple[Stretches, Stretches]:
    """What is neither tag nor plain text, blanked out; and of that what holds text after all."""
    matches = list(_SECTION.finditer(data.tobytes()))
    found = np.array([match.span() for match in matches], np.int64).reshape(-1, 2)
    textual = np.array([match[0].startswith(_TEXTUAL) for match in matches], bool)
    for start, end in found.tolist():
        data[start:end] = _SPACE
    sections = in_texts(texts, found[:, 0], found[:, 1] - found[:, 0])
    return sections, sections.at(np.flatnonzero(textual))


def _tags(texts: Texts, data: Bytes) -> tuple[Stretches, Places]:
    """All tags, and the texts with half a one."""
    less, more = np.flatnonzero(data == _LESS), np.flatnonzero(data == _MORE)
    end = np.append(more, len(data))[np.searchsorted(more, less)] + 1
    tags = in_texts(texts, less, end - less)
    limit = np.minimum(texts.offsets[tags.text + 1], np.append(tags.start[1:], texts.offsets[-1]))
    if not (tags.end > limit).any():  # then every tag has its end; but the first arrow may stand in an attribute
        quoted = np.flatnonzero(having(texts, tags, b"\"'"))
        arrowed = ~_flags(pc.match_substring_regex(taken(texts, tags.at(quoted)), f"^{_TAG}$"))
        for number in quoted[arrowed]:
            match = _WHOLE.match(data.data, int(less[number]))
            tags.end[number] = limit[number] + 1 if match is None else match.end() + texts.offsets[0]
    late = tags.end > limit
    return tags.at(np.flatnonzero(~late)), tags.text[late]


def _names(texts: Texts, tags: Stretches, start: Places) -> Names:
    """What stands from certain places of tags to the next blank, slash or arrow; nothing is no name."""
    first, last = texts.offsets[0], texts.offsets[-1]
    ends = np.append(np.flatnonzero(among(texts.data[first:last], _NAME_ENDS)) + first, last)
    names = taken(texts, Stretches(tags.text, start, ends[np.searchsorted(ends, start)]))
    empty = pc.equal(pc.binary_length(names), 0)
    return Names.of(pc.if_else(empty, None, names) if empty.true_count else names)


def _runs(texts: Texts, items: Stretches) -> Stretches:
    """What stands between tags and sections, without the blanks around it; what is all blank is nothing."""
    rows = np.arange(len(texts))
    firsts = np.searchsorted(items.text, rows)
    lead = np.minimum(np.append(items.start, texts.offsets[-1])[firsts], texts.offsets[1:])
    follow = np.minimum(np.append(items.start[1:], texts.offsets[-1])[: len(items)], texts.offsets[items.text + 1])
    gaps = Stretches(
        np.concatenate([rows, items.text]),
        np.concatenate([texts.offsets[:-1], items.end]),
        np.concatenate([lead, follow]),
    )
    found = trimmed(texts, gaps.at(np.flatnonzero(gaps.start < gaps.end)))
    return found.at(np.flatnonzero(found.start < found.end))


def _nodes(texts: Texts, tags: Stretches, names: Names, opens: Flags, closes: Flags, inner: Stretches) -> Nodes:
    together = joined([tags, inner])
    order = np.argsort(together.start, kind="stable")
    none = np.zeros(len(inner), bool)
    opens, closes = np.concatenate([opens, none])[order], np.concatenate([closes, none])[order]
    where = together.at(order)
    depth = depths(where.text, opens, closes)
    holder = parents(opens, closes, depth)
    kept = np.flatnonzero(~closes)
    number = np.cumsum(~closes) - 1
    after = np.arange(1, len(kept) + 1)
    opener, closer = pairs(opens, closes, depth)
    after[number[opener]] = number[closer] + 1
    name = Names(names.words, np.append(names.which, np.full(len(inner), -1))).at(order[kept])
    nodes = where.at(kept)
    parent = np.where(holder[kept] < 0, -1, number[holder[kept]])
    return Nodes(nodes, name, parent, after, *_attributes(texts, nodes, np.flatnonzero(name.which >= 0)))


def _attributes(texts: Texts, nodes: Stretches, elements: Places) -> tuple[Stretches, Names, Places]:
    """The attributes of elements, their names and whose they are: the first of all tags at once, then the second."""
    found, names, owners = [], [pa.array([], pa.string())], [np.zeros(0, np.int64)]
    left = nodes.at(elements)
    while len(more := np.flatnonzero(having(texts, left, b"="))):
        left, elements = left.at(more), elements[more]
        parts = pc.extract_regex(taken(texts, left), _ATTRIBUTE)
        there = np.flatnonzero(_flags(parts.is_valid()))
        left, elements, parts = left.at(there), elements[there], parts.take(pa.array(there))
        head, value = (pc.binary_length(pc.struct_field(parts, name)).to_numpy() for name in ("head", "value"))
        start = left.start + head
        found.append(Stretches(left.text, start + 1, start + value - 1))
        names.append(pc.struct_field(parts, "name"))
        owners.append(elements)
        left = Stretches(left.text, start + value, left.end)
    together, owner = joined(found), np.concatenate(owners)
    order = np.argsort(together.start, kind="stable")
    return together.at(order), Names.of(pa.concat_arrays(names)).at(order), owner[order]

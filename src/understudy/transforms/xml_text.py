"""XML documents of a whole column read at once: where their elements, attributes and texts stand.

Tags are paired by counting depth, over the bytes of many documents together.  No parser sees them, so
that nothing is expanded, fetched or lost: whoever changes some texts leaves all other bytes as they are.
Comments, CDATA, declarations and tags with arrows in attributes are found one by one, by a regex.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.transforms.literals import in_texts, trimmed
from understudy.transforms.nesting import depths, pairs, parents, unpaired
from understudy.transforms.stretches import Bytes, Flags, Places, Stretches, Texts, holding, joined, taken

_SECTION = re.compile(rb"(?s)<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<!DOCTYPE[^<>\[]*(?:\[.*?\]\s*)?>")
_TEXTUAL = (b"<![CDATA[", b"<!--")
_TAG = r"""<[^<>"']*(?:(?:"[^"<]*"|'[^'<]*')[^<>"']*)*>"""
_WHOLE = re.compile(_TAG.encode())
_NAME = r"^</?(?P<name>[^\s/>]+)"
_ATTRIBUTE = r"""(?s)^(?P<head>[^"']*?(?P<name>[^\s"'=<>/]+)\s*=\s*)(?P<value>"[^"]*"|'[^']*')"""
_LESS, _MORE, _SLASH, _SPACE = b"<>/ "


@dataclass(frozen=True, eq=False)
class Nodes:
    """Elements and texts of documents, each element before what is inside it; and their attributes."""

    where: Stretches
    """Of elements, their first tag; of CDATA and comments all of it."""
    name: pa.Array
    """Of elements; null of texts."""
    parent: Places
    """The element that holds a node; -1 for those that none holds."""
    after: Places
    """The first node that is not inside this one."""
    attributes: Stretches
    """What attributes say, quotes left out."""
    attribute_name: pa.Array
    owner: Places
    """The element of each attribute."""


def read(texts: Texts) -> tuple[Nodes | None, Places]:
    """The nodes of documents; or None, and those documents that are not well-formed."""
    data = texts.data[texts.offsets[0] : texts.offsets[-1]].copy()
    sections, textual = _sections(texts, data)
    tags, wrong = _tags(texts, data)
    wrong = np.concatenate([wrong, sections.text[sections.end > texts.offsets[sections.text + 1]]])
    names = pc.struct_field(pc.extract_regex(taken(texts, tags), _NAME), "name")
    closes = texts.data[tags.start + 1] == _SLASH
    opens = ~closes & (texts.data[tags.end - 2] != _SLASH)
    wrong = np.concatenate([wrong, tags.text[_flags(names.is_null())], unpaired(tags.text, opens, closes)])
    if not len(wrong):
        opener, closer = (pa.array(places) for places in pairs(opens, closes, depths(tags.text, opens, closes)))
        wrong = tags.text[opener.filter(pc.not_equal(names.take(opener), names.take(closer)))]
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
        written = taken(texts, tags)
        quoted = np.flatnonzero(_flags(holding(written, b"\"'")))
        arrowed = ~_flags(pc.match_substring_regex(written.take(pa.array(quoted)), f"^{_TAG}$"))
        for number in quoted[arrowed]:
            match = _WHOLE.match(data.data, int(less[number]))
            tags.end[number] = limit[number] + 1 if match is None else match.end() + texts.offsets[0]
    late = tags.end > limit
    return tags.at(np.flatnonzero(~late)), tags.text[late]


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


def _nodes(texts: Texts, tags: Stretches, names: pa.Array, opens: Flags, closes: Flags, inner: Stretches) -> Nodes:
    together = joined([tags, inner])
    order = np.argsort(together.start, kind="stable")
    none = np.zeros(len(inner), bool)
    opens, closes = np.concatenate([opens, none])[order], np.concatenate([closes, none])[order]
    where = together.at(order)
    holder = parents(opens, closes, depths(where.text, opens, closes))
    kept = np.flatnonzero(~closes)
    number = np.cumsum(~closes) - 1
    after = np.arange(1, len(kept) + 1)
    opener, closer = pairs(opens, closes, depths(where.text, opens, closes))
    after[number[opener]] = number[closer] + 1
    name = pa.concat_arrays([names, pa.nulls(len(inner), pa.string())]).take(pa.array(order[kept]))
    nodes = where.at(kept)
    parent = np.where(holder[kept] < 0, -1, number[holder[kept]])
    return Nodes(nodes, name, parent, after, *_attributes(texts, nodes, np.flatnonzero(_flags(name.is_valid()))))


def _attributes(texts: Texts, nodes: Stretches, elements: Places) -> tuple[Stretches, pa.Array, Places]:
    """The attributes of elements, their names and whose they are: the first of all tags at once, then the second."""
    found, names, owners = [], [pa.array([], pa.string())], [np.zeros(0, np.int64)]
    elements = elements[_flags(holding(taken(texts, nodes.at(elements)), b"="))]
    left = nodes.at(elements)
    while len(left):
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
    return together.at(order), pa.concat_arrays(names).take(pa.array(order)), owner[order]

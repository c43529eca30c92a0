"""XML documents of a whole column read at once: where their elements, attributes and texts stand.

No parser sees them, so that nothing is expanded, fetched or lost: whoever changes some texts leaves all other
bytes as they are.  Comments and CDATA are texts, declarations and instructions nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from understudy.native import xml as native
from understudy.transforms.parts import part
from understudy.transforms.stretches import Bytes, Flags, Places, Stretches, Texts


@dataclass(frozen=True, eq=False)
class Names:
    """The names of things, of which there are few."""

    words: pa.Array
    which: Places
    """The word of each; -1 where a thing has no name."""

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
    data, offsets = texts.own
    wrong, text, start, end, parent, after, name, name_end, attributes = native.read(data, offsets)
    if wrong.any():
        return None, np.flatnonzero(wrong)
    named = name >= 0
    which = np.full(len(name), -1)
    names = _names(data, name[named], name_end[named])
    which[named] = names.which
    base = texts.offsets[0]
    value, value_end, called, called_end, owner = attributes.reshape(-1, 5).T
    nodes = Nodes(
        where=Stretches(text, start + base, end + base),
        name=Names(names.words, which),
        parent=parent,
        after=after,
        attributes=Stretches(text[owner], value + base, value_end + base),
        attribute_name=_names(data, called, called_end),
        owner=owner,
    )
    return nodes, np.flatnonzero(wrong)


def _names(data: Bytes, start: Places, end: Places) -> Names:
    """The names that stand in these places."""
    encoded = part(data, start, end).dictionary_encode()
    return Names(encoded.dictionary, encoded.indices.to_numpy())

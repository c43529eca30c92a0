"""What a commit holds, as a tree of nodes named by their content: equal content is equal by name, on any branch.

A hash-radix trie, 16 ways wide.  A subtree of at most LEAF entries is one leaf, so the shape depends on the
content alone and never on its history; a change of one entry writes the few nodes on its path.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from understudy.lake.nouns import Changes, Entry, Key

LEAF = 24
"""Most entries of a leaf."""
_BY_NAMESPACE = 2  # digits of the path that a namespace gives, so that its tables are few subtrees


@dataclass(frozen=True, slots=True)
class Leaf:
    """Entries by their keys."""

    entries: Mapping[Key, Entry]


@dataclass(frozen=True, slots=True)
class Inner:
    """Sixteen subtrees, each by hash and number of entries; None where nothing is."""

    children: tuple[tuple[str, int] | None, ...]


Node = Leaf | Inner
Get = Callable[[Collection[str]], Mapping[str, Node]]
"""Nodes by their hashes, all at once."""
Made = dict[str, bytes]
"""New nodes by their hashes, as they are stored."""


@lru_cache(100_000)
def path(key: Key) -> str:
    """Where a key is: hexadecimal digits, those of the namespace first."""
    own = hashlib.sha256("\x1f".join((key.kind, key.namespace, key.name)).encode()).hexdigest()
    return _of_namespace(key.namespace) + own


def _of_namespace(namespace: str) -> str:
    return hashlib.sha256(namespace.encode()).hexdigest()[:_BY_NAMESPACE]


def encode(node: Node) -> bytes:
    """A node as it is hashed and stored."""
    if isinstance(node, Inner):
        return json.dumps([list(child) if child else 0 for child in node.children], separators=(",", ":")).encode()
    rows = [
        [key.kind, key.namespace, key.name, one.uuid, one.location, one.snapshot, one.schema, one.rows, one.external]
        for key, one in sorted(node.entries.items())
    ]
    return json.dumps({"entries": rows}, separators=(",", ":"), ensure_ascii=False).encode()


def decode(data: bytes) -> Node:
    """The node that was encoded."""
    shown = json.loads(data)
    if isinstance(shown, list):
        return Inner(tuple((child[0], child[1]) if child else None for child in shown))
    return Leaf({Key(*row[:3]): Entry(*row[3:]) for row in shown["entries"]})


def name_of(data: bytes) -> str:
    """The name of encoded content."""
    return hashlib.sha256(data).hexdigest()


EMPTY_DATA = encode(Leaf({}))
EMPTY = name_of(EMPTY_DATA)
"""The tree that holds nothing."""


def entries(get: Get, root: str, namespace: str | None = None) -> dict[Key, Entry]:
    """Everything in a tree, or what one namespace holds; nodes are read level by level."""
    wanted = "" if namespace is None else _of_namespace(namespace)
    found: dict[Key, Entry] = {}
    level, depth = [root], 0
    while level:
        following: list[str] = []
        for node in get(level).values():
            if isinstance(node, Leaf):
                found.update(node.entries)
            else:
                chosen = node.children if depth >= len(wanted) else (node.children[int(wanted[depth], 16)],)
                following += [child[0] for child in chosen if child]
        level, depth = following, depth + 1
    if namespace is None:
        return found
    return {key: entry for key, entry in found.items() if key.namespace == namespace}


def find(get: Get, root: str, keys: Iterable[Key]) -> dict[Key, Entry]:
    """The entries of some keys; keys that hold nothing are left out."""
    found: dict[Key, Entry] = {}
    level = {root: list(keys)}
    depth = 0
    while level:
        following: dict[str, list[Key]] = {}
        nodes = get(level)
        for name, wanted in level.items():
            node = nodes[name]
            for key in wanted:
                if isinstance(node, Leaf):
                    if key in node.entries:
                        found[key] = node.entries[key]
                elif child := node.children[int(path(key)[depth], 16)]:
                    following.setdefault(child[0], []).append(key)
        level, depth = following, depth + 1
    return found


def changed(get: Get, root: str, changes: Changes) -> tuple[str, Made]:
    """The tree after some changes, and the nodes that are new in it."""
    made: Made = {}
    child = _put(_along(get, root, changes), get, root, 0, changes, made)
    if child is None:
        return EMPTY, {EMPTY: EMPTY_DATA}
    return child[0], made


def _along(get: Get, root: str, changes: Changes) -> dict[str, Node]:
    """The nodes on the paths of some keys, read level by level."""
    loaded: dict[str, Node] = {}
    level = {root: list(changes)}
    depth = 0
    while level:
        nodes = get(level)
        loaded.update(nodes)
        following: dict[str, list[Key]] = {}
        for name, keys in level.items():
            node = nodes[name]
            if isinstance(node, Inner):
                for key in keys:
                    if child := node.children[int(path(key)[depth], 16)]:
                        following.setdefault(child[0], []).append(key)
        level, depth = following, depth + 1
    return loaded


def _put(
    loaded: dict[str, Node], get: Get, name: str, depth: int, changes: Changes, made: Made
) -> tuple[str, int] | None:
    node = loaded[name]
    if isinstance(node, Leaf):
        merged = {key: entry for key, entry in {**node.entries, **changes}.items() if entry is not None}
        return _build(merged, depth, made)
    children = list(node.children)
    for digit, part in _by_digit(changes, depth).items():
        before = children[digit]
        if before:
            children[digit] = _put(loaded, get, before[0], depth + 1, part, made)
        else:
            children[digit] = _build({key: one for key, one in part.items() if one is not None}, depth + 1, made)
    count = sum(child[1] for child in children if child)
    if count > LEAF:
        return _keep(Inner(tuple(children)), count, made)
    left: dict[Key, Entry] = {}
    for child in children:
        if child:
            left |= entries(lambda names: _known(names, made, get), child[0])
    return _build(left, depth, made)


def _known(names: Collection[str], made: Made, get: Get) -> dict[str, Node]:
    """Nodes that were just made, and stored ones."""
    stored = [name for name in names if name not in made]
    return {name: decode(made[name]) for name in names if name in made} | dict(get(stored) if stored else {})


def _build(held: Mapping[Key, Entry], depth: int, made: Made) -> tuple[str, int] | None:
    """A subtree of entries; None where there are none."""
    if not held:
        return None
    if len(held) <= LEAF:
        return _keep(Leaf(held), len(held), made)
    children: list[tuple[str, int] | None] = [None] * 16
    for digit, part in _by_digit(held, depth).items():
        children[digit] = _build({key: one for key, one in part.items() if one is not None}, depth + 1, made)
    return _keep(Inner(tuple(children)), len(held), made)


def _by_digit(changes: Changes, depth: int) -> dict[int, dict[Key, Entry | None]]:
    found: dict[int, dict[Key, Entry | None]] = {}
    for key, entry in changes.items():
        found.setdefault(int(path(key)[depth], 16), {})[key] = entry
    return found


def _keep(node: Node, count: int, made: Made) -> tuple[str, int]:
    data = encode(node)
    name = name_of(data)
    made[name] = data
    return name, count


def difference(get: Get, one: str, other: str) -> dict[Key, tuple[Entry | None, Entry | None]]:
    """The keys whose entries differ between two trees, with both entries; equal subtrees are not read."""
    found: dict[Key, tuple[Entry | None, Entry | None]] = {}
    pairs: list[tuple[str, str]] = [(one, other)] if one != other else []
    while pairs:
        nodes = get({name for pair in pairs for name in pair})
        following: list[tuple[str, str]] = []
        for before, after in pairs:
            left, right = nodes[before], nodes[after]
            if isinstance(left, Inner) and isinstance(right, Inner):
                both = zip(left.children, right.children, strict=True)
                names = ((a[0] if a else EMPTY, b[0] if b else EMPTY) for a, b in both)
                following += [pair for pair in names if pair[0] != pair[1]]
                continue
            here = left.entries if isinstance(left, Leaf) else entries(get, before)
            there = right.entries if isinstance(right, Leaf) else entries(get, after)
            for key in here.keys() | there.keys():
                if here.get(key) != there.get(key):
                    found[key] = (here.get(key), there.get(key))
        pairs = following
    return found

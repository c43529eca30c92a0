"""How people name a state of the lake: ``main``, ``v1.0``, ``@3fa2c1``, ``main~2``, ``main@{2026-11-20T10:00Z}``."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from understudy.errors import InputError, unknown
from understudy.lake.nouns import Place
from understudy.lake.store import Store

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
_TEXT = re.compile(
    r"(?P<name>[^@~{}]*)(?:@(?P<hash>[0-9a-f]{4,64}))?(?P<steps>(?:~\d*)*)(?:@\{(?P<time>[^}]*)\})?(?P<more>(?:~\d*)*)"
)


def check_name(name: str) -> str:
    """A name that a branch or tag may have; an InputError for others."""
    if not _NAME.fullmatch(name) or ".." in name or name.endswith(".lock"):
        raise InputError(
            f"{name!r} is no name for a branch or tag", hint="letters, digits, . _ - and / between them: feature/prices"
        )
    return name


def resolve(store: Store, text: str) -> Place:
    """Where a reference leads; an InputError, with a close match, where it leads nowhere."""
    match = _TEXT.fullmatch(text)
    if match is None or not (match["name"] or match["hash"]):
        raise InputError(
            f"{text!r} names no state of the lake",
            hint="a branch, a tag, @HASH, main~2 or main@{2026-11-20T10:00Z}",
        )
    ref = None
    if match["name"]:
        ref = store.ref(match["name"])
        if ref is None:
            raise unknown("branch or tag", match["name"], [one.name for one in store.refs()])
    found = ref.hash if ref else ""
    if match["hash"]:
        found = _of_hash(store, match["hash"], within=found)
    found = _back(store, found, match["steps"], text)
    if match["time"]:
        as_ref = "" if match["hash"] or match["steps"] else match["name"]  # the reflog knows of branches alone
        found = _at(store, as_ref, match["time"], found)
    found = _back(store, found, match["more"], text)
    head = ref is not None and ref.kind != "tag" and text == ref.name
    return Place(text, found, ref.name if ref and head else None)


def moment(text: str) -> float:
    """A time as people write it, in seconds since 1970: ISO 8601, UTC where no zone is said."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InputError(f"{text!r} is not a time", hint="write it as 2026-11-20T10:00Z") from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def is_ancestor(store: Store, older: str, newer: str) -> bool:
    """Whether one commit is another, or one that it was made from."""
    wanted, level, seen = store.commit(older), {newer}, set[str]()
    while level:
        if older in level:
            return True
        seen |= level
        commits = store.commits(level).values()
        level = {parent for one in commits if one.generation > wanted.generation for parent in one.parents} - seen
    return False


def _of_hash(store: Store, prefix: str, *, within: str) -> str:
    found = store.starting(prefix)
    if within:
        found = [name for name in found if is_ancestor(store, name, within)]
    if not found:
        raise InputError(f"no commit's hash starts with {prefix!r}", hint="`understudy log` lists them")
    if len(found) > 1:
        raise InputError(f"several commits start with {prefix!r}", hint=", ".join("@" + name[:12] for name in found))
    return found[0]


def _back(store: Store, name: str, steps: str, text: str) -> str:
    """So many commits before, along first parents: ``~2``, ``~`` for one."""
    count = sum(int(step or 1) for step in steps.split("~")[1:])
    for _ in range(count):
        parents = store.commit(name).parents
        if not parents:
            raise InputError(f"{text!r} is before the first commit")
        name = parents[0]
    return name


def _at(store: Store, ref: str, text: str, head: str) -> str:
    """Where a branch pointed at a moment; of other references, the last commit made by then."""
    limit = moment(text)
    if ref and (found := store.at(ref, limit)):
        return found
    commit = store.commit(head)
    while commit.time > limit:
        if not commit.parents:
            raise InputError(f"{ref or '@' + head[:12]!r} is younger than {text}")
        commit = store.commit(commit.parents[0])
    return commit.hash

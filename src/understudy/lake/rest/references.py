"""Branches, tags, history and differences over HTTP, which Iceberg's specification has no words for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from understudy.errors import InputError
from understudy.lake import tree
from understudy.lake.nouns import MAIN, Commit, Entry, Ref
from understudy.lake.rest.call import Answer, Call, Endpoint, Missing


def _ref(ref: Ref) -> dict[str, Any]:
    return {"name": ref.name, "kind": ref.kind, "hash": ref.hash, "protected": ref.protected}


def _commit(commit: Commit) -> dict[str, Any]:
    return {
        "hash": commit.hash,
        "tree": commit.tree,
        "parents": list(commit.parents),
        "time": commit.time,
        "author": commit.author,
        "message": commit.message,
        "status": commit.status,
        "changed": [str(key) for key in commit.changed],
    }


def list_refs(call: Call) -> Answer:
    """Branches and tags that the caller may read."""
    return {"refs": [_ref(ref) for ref in call.lake.refs() if call.caller.may("read", ref.name)]}


def show_ref(call: Call) -> Answer:
    """One branch or tag."""
    name = call.parts["name"]
    call.require("read", name)
    found = call.lake.store.ref(name)
    if found is None:
        raise Missing(f"branch or tag {name!r} does not exist")
    return _ref(found)


def create_ref(call: Call) -> Answer:
    """A new branch or tag: ``{"name": "dev", "from": "main", "kind": "branch"}``."""
    name, at, kind = call.text("name"), call.text("from", MAIN), call.text("kind", "branch")
    if kind not in ("branch", "tag"):
        raise InputError(f"a reference is a 'branch' or a 'tag', not {kind!r}")
    call.require("write", name)
    call.require("read", at)
    return _ref(call.lake.branch(name, at) if kind == "branch" else call.lake.tag(name, at))


def drop_ref(call: Call) -> Answer:
    """Delete a branch."""
    call.require("write", call.parts["name"])
    call.lake.drop(call.parts["name"])
    return None


def log(call: Call) -> Answer:
    """The latest commits of a state: ``?ref=dev&limit=20``."""
    ref, limit = call.query.get("ref", MAIN), call.query.get("limit", "100")
    call.require("read", ref)
    if not limit.isdecimal():
        raise InputError(f"'limit' is a number, not {limit!r}")
    return {"commits": [_commit(one) for one in call.lake.log(ref, limit=int(limit))]}


def diff(call: Call) -> Answer:
    """What differs between two states: ``?from=main&to=dev``."""
    old, new = call.query.get("from", MAIN), call.query.get("to", MAIN)
    call.require("read", old)
    call.require("read", new)
    before, after = call.lake.head(old), call.lake.head(new)
    found = tree.difference(call.lake.store.nodes, before.tree, after.tree)
    return {"tables": [_changed(str(key), *found[key]) for key in sorted(found) if key.kind == "table"]}


def _changed(name: str, before: Entry | None, after: Entry | None) -> dict[str, Any]:
    change = "added" if before is None else "removed" if after is None else "changed"
    return {
        "table": name,
        "change": change,
        "rows": [one.rows if one else None for one in (before, after)],
        "snapshots": [one.snapshot if one else None for one in (before, after)],
    }


ENDPOINTS: Mapping[str, Endpoint] = {
    "GET /lake/v1/refs": list_refs,
    "POST /lake/v1/refs": create_ref,
    "GET /lake/v1/refs/{name}": show_ref,
    "DELETE /lake/v1/refs/{name}": drop_ref,
    "GET /lake/v1/log": log,
    "GET /lake/v1/diff": diff,
}
"""The paths that are served."""

"""Branches, tags, history and differences over HTTP, which Iceberg's specification has no words for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from understudy.errors import InputError, unknown
from understudy.lake.nouns import MAIN, Commit, Ref
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
    """What differs between two states, without reading a file: ``?from=main&to=dev``."""
    from understudy.lake.diff import diff as differences

    old, new = call.query.get("from", MAIN), call.query.get("to", MAIN)
    call.require("read", old)
    call.require("read", new)
    return differences(call.lake, old, new).json(details=False)


def merge(call: Call) -> Answer:
    """Bring one state into a branch: ``{"from": "dev", "into": "main"}``, as ``understudy merge`` does."""
    from understudy.lake.merge import merge as merged

    source, into = call.text("from"), call.text("into", MAIN)
    call.require("read", source)
    call.require("write", into)
    given = {name: value for name, value in call.body.items() if name not in ("from", "into")}
    if wrong := given.keys() - _RULES.keys():
        raise unknown("a merge's rule", min(wrong), _RULES)
    for name, value in given.items():
        if not isinstance(value, _RULES[name]):
            raise InputError(f"{name!r} of a merge is of another type than {value!r}")
    return merged(call.lake, source, into, **given).json()


_RULES: Mapping[str, type] = {"level": str, "strategy": str, "tables": dict, "dry_run": bool, "message": str}


ENDPOINTS: Mapping[str, Endpoint] = {
    "GET /lake/v1/refs": list_refs,
    "POST /lake/v1/refs": create_ref,
    "GET /lake/v1/refs/{name}": show_ref,
    "DELETE /lake/v1/refs/{name}": drop_ref,
    "GET /lake/v1/log": log,
    "GET /lake/v1/diff": diff,
    "POST /lake/v1/merge": merge,
}
"""The paths that are served."""

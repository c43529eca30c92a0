"""The verbs that name states of the lake: branch, switch, tag, reset, reflog, status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from understudy import render
from understudy.cli.opening import Catalog, FromAborted, Json, LakeAt, add, headline, marks, moment, opened, state, told
from understudy.errors import InputError, unknown

if TYPE_CHECKING:
    from understudy.lake import Lake
    from understudy.lake.nouns import Commit, Ref

Delete = Annotated[bool, typer.Option("--delete", "-d", help="Delete it; its commits stay until `understudy gc`.")]
Force = Annotated[bool, typer.Option("--force", help="Even if that loses the name of something.")]


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    add(
        app,
        {
            "branch": (branch, "understudy branch feature/prices --from main"),
            "switch": (switch, "understudy switch feature/prices"),
            "tag": (tag, "understudy tag v1.0 main"),
            "reset": (reset, "understudy reset feature/prices main~2"),
            "reflog": (reflog, "understudy reflog main -n 5"),
            "status": (status, "understudy status"),
        },
    )


def branch(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="The branch; without one, all are listed.")] = "",
    start: Annotated[str, typer.Option("--from", metavar="REF", help="Where it starts; the current state.")] = "",
    delete: Delete = False,
    force: Force = False,
    protect: Annotated[
        bool | None, typer.Option("--protect/--unprotect", help="Whether it may be reset and deleted.")
    ] = None,
    from_aborted: FromAborted = False,
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """List the branches, or make, delete, protect one.  A new branch costs one row, however much the lake holds."""
    out = render.output(json=json)
    with opened(lake, catalog) as found:
        if not name:
            if start or delete or protect is not None:
                raise InputError("no branch is named", hint="`understudy branch NAME`")
            _list(found, out)
        elif delete:
            _delete(found, name, out, force=force)
        elif protect is not None and not start:
            found.protect(name, protected=protect)
            out.result({"branch": name, "protected": protect}, f"{name} is {'' if protect else 'not '}protected")
        else:
            at = state(found, start)
            made = found.make_ref(name, "branch", at, protected=bool(protect), from_aborted=from_aborted)
            shown = {"branch": name, "commit": made.hash, "from": at, "protected": made.protected}
            out.result(shown, f"{name} is at @{made.hash[:12]}, as {at} is", f"next: `understudy switch {name}`")


def _list(lake: Lake, out: render.Output) -> None:
    """All branches and transactions, the current one marked."""
    current, refs = state(lake), [ref for ref in lake.refs() if ref.kind != "tag"]
    commits = lake.store.commits({ref.hash for ref in refs})
    rows = [
        (f"{'*' if ref.name == current else ' '} {ref.name}", f"@{ref.hash[:12]}", _about(ref, commits[ref.hash]))
        for ref in refs
    ]
    out.rows(f"branches of {lake.location}", ("branch", "commit", ""), rows)
    out.document({"current": current, "branches": [_json(ref, commits[ref.hash]) for ref in refs]})


def _about(ref: Ref, commit: Commit) -> str:
    found = ["protected"] if ref.protected else []
    found += [f"until {moment(ref.expires)}"] if ref.expires else []
    return (f"[{', '.join(found)}] " if found else "") + commit.message + marks(commit)


def _json(ref: Ref, commit: Commit) -> dict[str, Any]:
    return {
        "name": ref.name,
        "kind": ref.kind,
        "commit": ref.hash,
        "message": commit.message,
        "protected": ref.protected,
        "status": commit.status,
        "expires": moment(ref.expires) if ref.expires else None,
    }


def _delete(lake: Lake, name: str, out: render.Output, *, force: bool) -> None:
    """Delete a branch or transaction; refused where nothing else would lead to its commits, or it is the current."""
    from understudy.lake.names import is_ancestor

    ref = lake.store.ref(name)
    if ref is None or ref.kind == "tag":
        raise unknown("branch", name, [one.name for one in lake.refs() if one.kind != "tag"])
    if name == lake.current() and not ref.protected:
        raise InputError(f"{name!r} is the current branch", hint="`understudy switch main` first")
    others = [one for one in lake.refs() if one.name != name]
    if not force and not any(is_ancestor(lake.store, ref.hash, other.hash) for other in others):
        hint = f"`understudy branch -d {name} --force` deletes it all the same"
        raise InputError(f"no other branch or tag has what {name!r} is at", hint=hint)
    lake.drop(name)
    tainted = lake.store.commit(ref.hash).status != "published"
    back = f"understudy branch {name} --from @{ref.hash[:12]}" + (" --from-aborted" if tainted else "")
    out.result({"deleted": name, "commit": ref.hash}, f"deleted {name}, which was at @{ref.hash[:12]}; back: `{back}`")


def switch(
    name: Annotated[str, typer.Argument(metavar="BRANCH", help="The branch to work on.")],
    create: Annotated[bool, typer.Option("--create", "-c", help="Make it from the current state first.")] = False,
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Work on another branch from now on: it is what verbs mean where none is named.  No file is touched."""
    out = render.output(json=json)
    with opened(lake, catalog) as found:
        if create:
            found.branch(name, state(found))
        at = found.switch(name)
        out.result({"branch": name, "commit": at.hash}, f"on {name}, at {headline(found.store.commit(at.hash))}")


def tag(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="The tag; without one, all are listed.")] = "",
    ref: Annotated[str, typer.Argument(metavar="[REF]", help="What it names; the current state.")] = "",
    delete: Delete = False,
    force: Force = False,
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """List the tags, or name a state for good.  A tag is deleted or moved only with --force; the reflog tells."""
    out = render.output(json=json)
    with opened(lake, catalog) as found:
        if not name:
            _tags(found, out)
            return
        with found.store.writing() as writing:  # moving one is one step
            there = writing.ref(name)
            if there is not None and there.kind != "tag":
                raise InputError(f"{name!r} is a {there.kind}, not a tag", hint="choose another name")
            at = f"@{found.resolve(state(found, ref)).hash}"
            if there is not None and not (force or delete):
                hint = f"`understudy tag {name} {ref or state(found)} --force` moves it"
                raise InputError(f"the tag {name!r} is at @{there.hash[:12]}, and tags stay", hint=hint)
            if delete or there is not None:
                found.drop(name, force=force)
            if not delete:
                found.tag(name, at)
    was = there.hash if there else None
    moved = f"; it was at @{was[:12]}" if was else ""
    if delete:
        out.result({"deleted": name, "commit": was}, f"deleted the tag {name}{moved}")
    else:
        out.result({"tag": name, "commit": at[1:], "was": was}, f"{name} is {at[:13]}{moved}")


def _tags(lake: Lake, out: render.Output) -> None:
    refs = lake.refs("tag")
    commits = lake.store.commits({ref.hash for ref in refs})
    rows = [(ref.name, f"@{ref.hash[:12]}", commits[ref.hash].message + marks(commits[ref.hash])) for ref in refs]
    out.rows(f"tags of {lake.location}", ("tag", "commit", ""), rows)
    out.document({"tags": [_json(ref, commits[ref.hash]) for ref in refs]})


def reset(
    name: Annotated[str, typer.Argument(metavar="BRANCH", help="The branch to move.")],
    ref: Annotated[str, typer.Argument(metavar="REF", help="Where to.")],
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Move a branch to another state; a protected one is not moved.  The reflog keeps where it was."""
    out = render.output(json=json)
    with opened(lake, catalog) as found:
        before = found.resolve(name).hash
        moved = found.reset(name, ref)
        out.result(
            {"branch": name, "commit": moved.hash, "was": before},
            f"{name} is at {headline(found.store.commit(moved.hash))}",
            f"it was at @{before[:12]}; back: `understudy reset {name} @{before[:12]}`",
        )


def reflog(
    ref: Annotated[str, typer.Argument(metavar="[REF]", help="A branch or tag, even a deleted one; all.")] = "",
    limit: Annotated[int, typer.Option("-n", min=1, help="How many moves, latest first.")] = 20,
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Show where branches and tags pointed, who moved them and why, latest first."""
    out = render.output(json=json)
    with opened(lake, catalog) as found:
        lines = found.reflog(ref, limit=limit)
        if ref and not lines:
            raise unknown("branch or tag", ref, {one.ref for one in found.reflog(limit=1000)})
    rows = [(moment(one.time), one.ref, _short(one.old), _short(one.new), one.author, one.why) for one in lines]
    out.rows("moves of " + (ref or "all"), ("time", "ref", "from", "to", "author", "why"), rows)
    names = ("ref", "old", "new", "author", "why")
    moves = [{"time": moment(one.time), **{name: getattr(one, name) for name in names}} for one in lines]
    out.document({"moves": moves})


def _short(commit: str | None) -> str:
    return f"@{commit[:12]}" if commit else ""


def status(
    ref: Annotated[str, typer.Option("--ref", metavar="REF", help="A state; by default the current one.")] = "",
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Show where you are: the branch, how far it is from main, its tables, its gates, what is unfinished."""
    from understudy.lake import gates
    from understudy.lake.history import between
    from understudy.lake.nouns import MAIN

    out = render.output(json=json)
    with opened(lake, catalog) as found:
        text = state(found, ref)
        commit, main = found.head(text), found.head(MAIN)
        tables = found.tables(f"@{commit.hash}") if commit.files else {}
        ahead, behind = (
            len(between(found.store, *pair)) for pair in ((main.hash, commit.hash), (commit.hash, main.hash))
        )
        open_ = [one.name for one in found.refs("transaction")]
        missing = [gate.check for gate in gates.listed(found, MAIN) if not gates.passed(found, commit.tree, gate)]
        rows = sum(entry.rows or 0 for entry in tables.values())
        out.result(
            {
                "lake": found.location,
                "ref": text,
                "commit": told(commit),
                "tables": len(tables),
                "rows": rows,
                "ahead": ahead,
                "behind": behind,
                "transactions": open_,
                "gates_missing": missing,
            },
            f"on {text} of {found.location}, at {headline(commit)}",
            f"{len(tables)} tables, {rows:,} rows" if commit.files else "its files were collected",
            *([f"{ahead} commits that main has not, {behind} of main it has not"] if ahead or behind else []),
            *([f"before main takes it, to be asked: {', '.join(missing)}"] if missing and ahead else []),
            *([f"transactions that are open or failed: {', '.join(open_)}"] if open_ else []),
        )

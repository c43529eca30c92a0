"""`rerun`: do again what made a commit, beside everything else, and tell whether the same rows came of it."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy import transforms
from understudy.errors import Error, InputError
from understudy.interfaces import Progress
from understudy.jobs.running import execute
from understudy.jobs.spec import JobFile, parse_job, resolve
from understudy.jobs.version import code_version, dependency_versions
from understudy.lake import Lake
from understudy.lake.connection import SCHEME, Branch
from understudy.lake.dataset import Copied
from understudy.lake.nouns import Commit, Key
from understudy.schema import TableName

_KEPT = 86_400.0  # seconds that the branch of a rerun that differs stays
_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class Rerun:
    """Whether a commit's rows came out the same again; if not, where and why."""

    commit: str
    tables: int
    rows: int
    differ: Mapping[TableName, str]
    """Tables whose rows are not the same, and how many were before and are now."""
    causes: tuple[str, ...]
    """What is not as it was when the commit was made."""
    branch: str = ""
    """Where the new rows are, if they differ."""

    @property
    def same(self) -> bool:
        """Every table has exactly the rows it had."""
        return not self.differ

    def json(self) -> dict[str, Any]:
        """The finding as plain lists and dicts."""
        return {
            "commit": self.commit,
            "same": self.same,
            "tables": self.tables,
            "rows": self.rows,
            "differ": {str(name): how for name, how in self.differ.items()},
            "causes": list(self.causes),
            "branch": self.branch,
        }

    def __str__(self) -> str:
        told = [f"note: {cause}" for cause in self.causes]
        if self.same:
            same = f"the same {self.rows:,} rows in {self.tables} tables as commit {self.commit[:12]}"
            return "\n".join([same, *told])
        lines = [f"{len(self.differ)} of {self.tables} tables differ from commit {self.commit[:12]}:"]
        lines += [f"  {name}: {how}" for name, how in self.differ.items()]
        lines += told or ["note: nothing tells why"]
        return "\n".join([*lines, f"see `understudy diff @{self.commit[:12]}..{self.branch}`; it stays for a day"])


def rerun(lake: Lake, ref: str, *, progress: Progress) -> Rerun:
    """Do the job of a commit again, on a branch of its own, and compare; nothing is published and nothing loaded.

    An InputError names everything that is missing for it: variables, the key, the source.
    """
    commit = lake.head(ref)
    copied = _copied(lake, commit, ref)
    file = _job(lake, commit, copied)
    _refuse(commit, file)
    branch = f"rerun/{commit.short}-{secrets.token_hex(2)}"
    about = {"into": branch, "message": "", "meta": {"again": commit.hash}}  # never published
    expires = time.time() + _KEPT
    lake.make_ref(branch, "transaction", "@" + commit.parents[0], expires=expires, meta=about, from_aborted=True)
    again = JobFile(file.job.model_copy(update={"into": branch}), file.path, file.text)
    try:
        finished = execute(again, load=False, progress=progress)
    except Error:
        lake.drop(branch)
        raise
    if not finished.commit:
        lake.drop(branch)
        raise InputError("the checks that this commit passed do not pass again", hint=f"see {finished.folder.page}")
    shutil.rmtree(finished.folder.path, ignore_errors=True)  # `report` shows runs, and the commit keeps its own
    before, after = Branch(lake, "@" + commit.hash), Branch(lake, branch)
    differ = dict(_differences(before, after, copied.name))
    told = Rerun(
        commit=commit.hash,
        tables=len(copied.tables),
        rows=sum(after.entries[Key.table(name)].rows or 0 for name in after.published_by(copied.name).tables),
        differ=differ,
        causes=tuple(_causes(commit, after.commit)),
        branch=branch if differ else "",
    )
    if not differ:
        lake.drop(branch)
    return told


def _copied(lake: Lake, commit: Commit, ref: str) -> Copied:
    if "run" not in commit.meta or not commit.parents:
        raise InputError(f"no run made {ref!r} (commit {commit.short})", hint="`understudy log` shows those of runs")
    return Branch(lake, "@" + commit.hash).published_by(str(commit.meta["job"]))


def _job(lake: Lake, commit: Commit, copied: Copied) -> JobFile:
    """The job as it was, in the lake it is in, reading the very state where its source is one of a lake."""
    told = json.loads(copied.extras["job"]) | {"lake": lake.location, "catalog": _catalog(lake), "load": []}
    if str(told["source"]).startswith(SCHEME):
        location, mark, _ = str(told["source"]).removeprefix(SCHEME).rpartition("#")
        told["source"] = f"{SCHEME}{location}{mark}@{commit.meta['position']}"
    text = json.dumps(told, ensure_ascii=False)
    return parse_job(text, Path.cwd() / f"{copied.name}.yaml")


def _catalog(lake: Lake) -> str:
    url = lake.store.database.url
    return "" if url == f"sqlite:///{Path(lake.location).absolute() / 'lake.db'}" else url


def _refuse(commit: Commit, file: JobFile) -> None:
    """An InputError with everything that is missing, all at once."""
    wanted = sorted({name for text in (file.job.source, file.job.key) for name in _VARIABLE.findall(text)})
    missing = [f"the environment variable {name} is not set" for name in wanted if name not in os.environ]
    if "***" in file.job.source:
        missing.append("the job named its source with a password in it, which is not kept: write it as ${SOURCE_URL}")
    if file.job.key == "***":
        missing.append("the job held its key itself, which is not kept: write it as ${UNDERSTUDY_KEY}")
    elif not missing:
        key = transforms.Key.parse(resolve(file.job.key, "key"))
        if key.id != commit.meta["key"]:
            missing.append(f"the key is {key.id}, and commit {commit.short} was made with {commit.meta['key']}")
    if missing:
        raise InputError(f"commit {commit.short} cannot be made again: {'; '.join(missing)}")


def _causes(before: Commit, after: Commit) -> Iterator[str]:
    """What was different this time, from what both commits tell."""
    if before.meta["source"] != after.meta["source"]:
        yield f"the source was {before.meta['source']}, now it is {after.meta['source']}"
    if before.meta["position"] != after.meta["position"]:
        yield f"the source stood at {before.meta['position']}, now it stands at {after.meta['position']}"
    if before.meta["code"] != (now := code_version()):
        yield f"the code was {before.meta['code']}, now it is {now}"
    known = dict(before.meta["dependencies"])
    for name, version in dependency_versions().items():
        if known.get(name, version) != version:
            yield f"{name} was {known[name]}, now it is {version}"


def _differences(before: Branch, after: Branch, name: str) -> Iterator[tuple[TableName, str]]:
    """Tables that differ, by the hashes of their files where those are known, else by their rows."""
    from understudy.lake.rows import rows

    was, now = before.published_by(name), after.published_by(name)
    for table in dict.fromkeys([*was.tables, *now.tables]):
        if table not in was.tables or table not in now.tables:
            yield table, "was not there before" if table in now.tables else "is not there any more"
        elif (one := before.hashes(table)) and one == after.hashes(table):
            continue
        else:
            with rows(after.lake, f"@{before.commit.hash}", f"@{after.commit.hash}", table, stat=True) as found:
                if found.counts:
                    counts = found.counts
                    yield table, f"{counts.added:,} rows more, {counts.removed:,} less, {counts.changed:,} changed"

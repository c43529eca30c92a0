"""What a state of the lake tells of the database its tables came from: engine, sequences, DDL, and who copied it.

One document per job that publishes on a branch.  Tables that engines made belong to none.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from understudy.connections import manifest
from understudy.errors import InputError
from understudy.lake import lake as lakes
from understudy.lake.nouns import Entries, Entry, Key
from understudy.lake.store import Store
from understudy.schema import Schema, TableName

_PREFIX = "dataset/"


@dataclass(frozen=True)
class Copied:
    """What was published together."""

    name: str
    """Of the job."""
    schema: Schema
    """Without its tables and foreign keys, which the tables' own metadata tell."""
    tables: tuple[TableName, ...]
    hashes: Mapping[str, str] = field(default_factory=dict)
    """Of the data files, by their path as the metadata have it: SHA-256."""
    extras: Mapping[str, Any] = field(default_factory=dict)
    """Job, run, source, position, key id, code, DDL: JSON values."""

    @property
    def key(self) -> Key:
        """Where a commit holds this."""
        return Key("document", "", _PREFIX + self.name)

    def entry(self) -> tuple[Entry, dict[str, bytes]]:
        """What a commit holds, and the node to keep with it."""
        shown = {
            "schema": manifest.to_json(replace(self.schema, tables=(), foreign_keys=())),
            "tables": [[name.namespace, name.name] for name in self.tables],
            "hashes": dict(self.hashes),
            "extras": dict(self.extras),
        }
        name, node = lakes.node(shown)
        return Entry("", name), node


def published(store: Store, held: Entries) -> list[Copied]:
    """What a state tells of the databases its tables came from, by the jobs' names."""
    documents = {
        key.name.removeprefix(_PREFIX): entry.location
        for key, entry in held.items()
        if key.kind == "document" and key.name.startswith(_PREFIX)
    }
    nodes = store.data(list(documents.values()))
    return [_parsed(name, json.loads(nodes[documents[name]])) for name in sorted(documents)]


def _parsed(name: str, shown: Mapping[str, Any]) -> Copied:
    return Copied(
        name,
        manifest.from_json(shown["schema"]),
        tuple(TableName(*table) for table in shown["tables"]),
        shown["hashes"],
        shown["extras"],
    )


def together(found: Collection[Copied], identity: str) -> Schema:
    """One schema without tables for all of them: the engine of them all, their sequences and notes."""
    schemas = [one.schema for one in found]
    engines = {(schema.engine, schema.version) for schema in schemas}
    engine, version = engines.pop() if len(engines) == 1 else ("", "")
    return Schema(
        (),
        sequences=tuple(sequence for schema in schemas for sequence in schema.sequences),
        notes=tuple(dict.fromkeys(note for schema in schemas for note in schema.notes)),
        engine=engine,
        version=version,
        identity=identity,
        extras={name: value for schema in schemas for name, value in schema.extras.items()},
    )


def only(found: Collection[Copied], place: str) -> Copied:
    """The one there is; an InputError where a state holds several, or none."""
    if len(found) > 1:
        names = ", ".join(one.name for one in found)
        raise InputError(
            f"{place} holds the copies of several jobs: {names}", hint="publish each on a branch of its own"
        )
    if not found:
        raise InputError(f"{place} holds no copy of a database", hint="`understudy run JOB` publishes one")
    return next(iter(found))

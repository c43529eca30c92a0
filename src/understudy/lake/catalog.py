"""One branch, tag or commit of a lake as a PyIceberg catalog: ``LakeCatalog(lake, "dev")``.

Each write is a commit; a tag, a commit or a time can only be read.  ``apply`` changes several tables in one.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn

from pyiceberg.catalog import Catalog, PropertiesUpdateSummary
from pyiceberg.exceptions import (
    CommitFailedException,
    CommitStateUnknownException,
    NamespaceAlreadyExistsError,
    NamespaceNotEmptyError,
    NoSuchNamespaceError,
    NoSuchTableError,
    NoSuchViewError,
    TableAlreadyExistsError,
)
from pyiceberg.manifest import ManifestEntryStatus
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import CommitTableResponse, CreateTableTransaction, StagedTable, Table
from pyiceberg.table.metadata import TableMetadata, TableMetadataV1, new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER, SortOrder
from pyiceberg.table.update import (
    AddSchemaUpdate,
    AddSnapshotUpdate,
    AssertCreate,
    SetLocationUpdate,
    TableRequirement,
    TableUpdate,
    update_table_metadata,
)
from pyiceberg.typedef import EMPTY_DICT, Identifier, Properties

from understudy import documents
from understudy.errors import InputError
from understudy.lake import metadata, places, safety
from understudy.lake.lake import Lake, Moved, node
from understudy.lake.namespaces import from_namespace, shown, to_namespace
from understudy.lake.nouns import Changes, Commit, Entry, Key, Place
from understudy.lake.safety import Refused
from understudy.lake.snapshots import trimmed
from understudy.schema import TableName

if TYPE_CHECKING:
    import pyarrow as pa
    from pyiceberg.view import View
    from pyiceberg.view.metadata import ViewVersion

_ATTEMPTS = 20


@dataclass(frozen=True)
class TableChange:
    """What an engine wants of one table: what must hold, and what to change if it does."""

    name: TableName
    requirements: tuple[TableRequirement, ...]
    updates: tuple[TableUpdate, ...]


@dataclass(frozen=True)
class _Made:
    """A table's next metadata, written down."""

    metadata: TableMetadata
    location: str
    external: bool


class LakeCatalog(Catalog):
    """The tables of a branch, read and written; those of a tag, a commit or a time, read only."""

    def __init__(self, lake: Lake, ref: str = "", *, engine: str = "pyiceberg") -> None:
        self.lake = lake
        self.ref = lake.resolve(ref).text
        self.engine = engine
        super().__init__(self.ref, warehouse=lake.warehouse)

    @property
    def writable(self) -> bool:
        """Whether this is a branch."""
        return self.lake.resolve(self.ref).branch is not None

    def _branch(self) -> str:
        try:
            return self.lake.resolve(self.ref).writable()
        except InputError as error:
            raise Refused(error.message, hint=error.hint) from None

    def _commit(self, changes: Changes, message: str, base: Commit, **more: Any) -> Commit:
        """Put changes on the branch; the state is called unknown only where nobody knows."""
        try:
            return self.lake.commit(
                self._branch(), changes, base=base.hash, message=message, meta={"engine": self.engine}, **more
            )
        except (Moved, InputError):
            raise
        except Exception as error:
            message = f"whether {message!r} was committed on {self.ref!r} is not known: {type(error).__name__}"
            raise CommitStateUnknownException(message) from error

    def _commit_once(self, changes: Changes, message: str, base: Commit, **more: Any) -> Commit:
        try:
            return self._commit(changes, message, base, **more)
        except Moved as error:
            raise CommitFailedException(error.message) from error

    def _base(self) -> Commit:
        return self.lake.head(self._branch())

    # Tables

    def _found(self, identifier: str | Identifier) -> tuple[Place, TableName, Entry]:
        """A table in the state that is there now."""
        name, place = self._name(identifier), self.lake.resolve(self.ref)
        entry = self.lake.find("@" + place.hash, [Key.table(name)]).get(Key.table(name))
        if entry is None:
            raise NoSuchTableError(f"table {shown(name)!r} does not exist on {self.ref!r}")
        return place, name, entry

    def _name(self, identifier: str | Identifier) -> TableName:
        parts = self.identifier_to_tuple(identifier)
        if len(parts) != 2:
            raise NoSuchTableError(f"{'.'.join(parts)!r} is no table of a lake: write NAMESPACE.TABLE")
        return TableName(to_namespace(parts[0]), parts[1])

    def _home(self, name: TableName, table: TableMetadata) -> str:
        """Where a table's files are; of one that was registered from elsewhere, where its next ones will be."""
        own = safety.canonical(table.location)
        return own if self._ours(own) else self._new_home(name, table.table_uuid)

    def _ours(self, location: str) -> bool:
        return location.startswith(self.lake.warehouse + "/")

    def _new_home(self, name: TableName, identity: uuid.UUID) -> str:
        return f"{self.lake.warehouse}/{from_namespace(name.namespace)}/{name.name}-{identity.hex[:8]}"

    def _table(self, place: Place, name: TableName, table: TableMetadata, location: str) -> Table:
        """A table as engines see it."""
        where = safety.directory(self.lake, place, self._home(name, table))
        identifier = (from_namespace(name.namespace), name.name)
        return Table(identifier, safety.shown(table, where), location, self.lake.io, self)

    def load_table(self, identifier: str | Identifier) -> Table:
        """The table, at the place's current commit."""
        place, name, entry = self._found(identifier)
        return self._table(place, name, metadata.read(entry.location, self.lake.io), entry.location)

    def table_exists(self, identifier: str | Identifier) -> bool:
        """Whether there is such a table."""
        try:
            self._found(identifier)
        except NoSuchTableError:
            return False
        return True

    def list_tables(self, namespace: str | Identifier) -> list[Identifier]:
        """The tables of a namespace."""
        own = self._namespace(namespace)
        held = self.lake.entries(self.ref, own)
        if not held and not self.namespace_exists(namespace):
            raise _no_namespace(own)
        return [(from_namespace(own), key.name) for key in sorted(held) if key.kind == "table"]

    def create_table(
        self,
        identifier: str | Identifier,
        schema: Schema | pa.Schema,
        location: str | None = None,
        partition_spec: PartitionSpec = UNPARTITIONED_PARTITION_SPEC,
        sort_order: SortOrder = UNSORTED_SORT_ORDER,
        properties: Properties = EMPTY_DICT,
    ) -> Table:
        """A new table without rows."""
        staged = self.stage_table(identifier, schema, location, partition_spec, sort_order, properties)
        name, base = self._name(identifier), self._base()
        self._refuse_taken(name, base)
        made = self._written(name, staged.metadata, external=False)
        changes = {Key.table(name): Entry.of(made.metadata, made.location)}
        commit = self._commit_once(changes, f"create {shown(name)}", base, reads=[_key(name.namespace)])
        return self._table(self._at(commit), name, made.metadata, made.location)

    def stage_table(
        self,
        identifier: str | Identifier,
        schema: Schema | pa.Schema,
        location: str | None = None,
        partition_spec: PartitionSpec = UNPARTITIONED_PARTITION_SPEC,
        sort_order: SortOrder = UNSORTED_SORT_ORDER,
        properties: Properties = EMPTY_DICT,
    ) -> StagedTable:
        """A table that is there once a commit that asserts its creation has landed."""
        name, place = self._name(identifier), self.lake.resolve(self._branch())
        self._refuse_taken(name, self.lake.store.commit(place.hash))
        if location is not None and _says_where(location) and not self._ours(safety.canonical(location)):
            raise Refused("the lake decides where its tables are", hint="leave LOCATION out, or register the table")
        identity = uuid.uuid4()
        home = self._new_home(name, identity)
        table = new_table_metadata(
            schema=self._convert_schema_if_needed(schema),
            partition_spec=partition_spec,
            sort_order=sort_order,
            location=safety.directory(self.lake, place, home),
            properties=safety.safe(properties),
            table_uuid=identity,
        )
        known_as = (from_namespace(name.namespace), name.name)
        return StagedTable(known_as, table, "", self.lake.io, self)

    def create_table_transaction(
        self,
        identifier: str | Identifier,
        schema: Schema | pa.Schema,
        location: str | None = None,
        partition_spec: PartitionSpec = UNPARTITIONED_PARTITION_SPEC,
        sort_order: SortOrder = UNSORTED_SORT_ORDER,
        properties: Properties = EMPTY_DICT,
    ) -> CreateTableTransaction:
        """A new table and its first rows, in one commit."""
        staged = self.stage_table(identifier, schema, location, partition_spec, sort_order, properties)
        return CreateTableTransaction(staged)

    def _refuse_taken(self, name: TableName, base: Commit) -> None:
        self._require_namespace(name.namespace)
        if Key.table(name) in self.lake.find("@" + base.hash, [Key.table(name)]):
            raise TableAlreadyExistsError(f"table {shown(name)!r} exists already on {self.ref!r}")

    def register_table(self, identifier: str | Identifier, metadata_location: str, overwrite: bool = False) -> Table:
        """A table that exists elsewhere: its files stay where they are, and are never collected."""
        name, base = self._name(identifier), self._base()
        if not overwrite:
            self._refuse_taken(name, base)
        table = metadata.read(metadata_location, self.lake.io)
        for key, entry in self.lake.entries("@" + base.hash).items():
            if key.kind == "table" and entry.uuid == str(table.table_uuid) and key != Key.table(name):
                raise TableAlreadyExistsError(f"this is the table {shown(key.table_name)!r} already")
        external = not self._ours(safety.canonical(table.location))
        changes = {Key.table(name): Entry.of(table, metadata_location, external=external)}
        commit = self._commit_once(changes, f"register {shown(name)}", base, reads=[_key(name.namespace)])
        return self._table(self._at(commit), name, table, metadata_location)

    def drop_table(self, identifier: str | Identifier) -> None:
        """Take a table off the branch; its files stay, for other branches and older commits hold them."""
        base = self._base()
        _, name, _ = self._found(identifier)
        self._commit_once({Key.table(name): None}, f"drop {shown(name)}", base)

    def purge_table(self, identifier: str | Identifier) -> None:
        """The same as ``drop_table``: files are removed by ``understudy gc`` once no commit holds them."""
        self.drop_table(identifier)

    def rename_table(self, from_identifier: str | Identifier, to_identifier: str | Identifier) -> Table:
        """Give a table another name; nothing is written."""
        base = self._base()
        _, name, entry = self._found(from_identifier)
        new = self._name(to_identifier)
        self._refuse_taken(new, base)
        changes = {Key.table(name): None, Key.table(new): entry}
        self._commit_once(changes, f"rename {shown(name)} to {shown(new)}", base, reads=[_key(new.namespace)])
        return self.load_table(to_identifier)

    # Changes

    def commit_table(
        self, table: Table, requirements: tuple[TableRequirement, ...], updates: tuple[TableUpdate, ...]
    ) -> CommitTableResponse:
        """Change one table in one commit."""
        change = TableChange(self._name(table.name()), requirements, updates)
        (changed,) = self.apply([change])
        return CommitTableResponse.model_validate(
            {"metadata": changed.metadata, "metadata-location": changed.metadata_location}
        )

    def apply(self, changes: Sequence[TableChange]) -> list[Table]:
        """Change several tables in one commit: all of it, or nothing.

        A CommitFailedException says that nothing was changed, because a requirement does not hold (any more).
        """
        if len({change.name for change in changes}) < len(changes):
            raise InputError("a transaction names a table twice", hint="give every table one list of updates")
        keys = [Key.table(change.name) for change in changes]
        for _ in range(_ATTEMPTS):
            base = self._base()
            held = self.lake.find("@" + base.hash, keys)
            made = {change.name: self._next(change, held.get(Key.table(change.name))) for change in changes}
            entries = {
                Key.table(name): Entry.of(one.metadata, one.location, external=one.external)
                for name, one in made.items()
            }
            try:
                commit = self._commit(entries, _message(changes), base, reads=[_key(n.namespace) for n in made])
            except Moved:
                continue  # the requirements may hold all the same
            place = self._at(commit)
            return [self._table(place, name, one.metadata, one.location) for name, one in made.items()]
        raise CommitFailedException(f"{self.ref!r} moves too fast for {_message(changes)!r}")

    def _next(self, change: TableChange, entry: Entry | None) -> _Made:
        """The metadata that a table would have after a change."""
        if entry is None and not any(isinstance(requirement, AssertCreate) for requirement in change.requirements):
            raise NoSuchTableError(f"table {shown(change.name)!r} does not exist on {self.ref!r}")
        before = metadata.read(entry.location, self.lake.io) if entry else None
        for requirement in change.requirements:
            requirement.validate(before)
        if before is None or entry is None:
            return self._first(change)
        if not change.updates:
            return _Made(before, entry.location, entry.external)
        home = self._home(change.name, before)
        safety.refuse(change.updates, home)
        kept = tuple(update for update in change.updates if not isinstance(update, SetLocationUpdate))
        after = update_table_metadata(before, kept, metadata_location=entry.location)
        return self._written(change.name, after, external=entry.external, before=before)

    def _first(self, change: TableChange) -> _Made:
        """The first metadata of a table that a commit makes."""
        self._require_namespace(change.name.namespace)
        safety.refuse(change.updates, None)
        empty = TableMetadataV1.model_construct(last_column_id=-1, schema=Schema())
        made = update_table_metadata(empty, change.updates, enforce_validation=True)
        if not self._ours(safety.canonical(made.location)):
            raise Refused("the lake decides where its tables are", hint="leave LOCATION out")
        return self._written(change.name, made, external=False)

    def _written(
        self, name: TableName, table: TableMetadata, *, external: bool, before: TableMetadata | None = None
    ) -> _Made:
        """Metadata as the lake keeps them, on the disk together with all that they name."""
        kept = safety.shown(trimmed(table), self._home(name, table))
        known = {snapshot.snapshot_id for snapshot in before.snapshots} if before else set()
        location = metadata.write(kept, self.lake.io)
        named = self._named(kept, known) if places.local_path(self.lake.warehouse) else ()
        places.durable([location, *named])
        return _Made(kept, location, external)

    def _named(self, table: TableMetadata, known: Collection[int]) -> Iterator[str]:
        """The files that new snapshots brought."""
        for snapshot in table.snapshots:
            if snapshot.snapshot_id in known:
                continue
            yield snapshot.manifest_list
            for manifest in snapshot.manifests(self.lake.io):
                if manifest.added_snapshot_id == snapshot.snapshot_id:
                    yield manifest.manifest_path
                    for entry in manifest.fetch_manifest_entry(self.lake.io):
                        if entry.status == ManifestEntryStatus.ADDED:
                            yield entry.data_file.file_path

    def _at(self, commit: Commit) -> Place:
        return replace(self.lake.resolve(self.ref), hash=commit.hash)

    # Namespaces

    def _namespace(self, namespace: str | Identifier) -> str:
        parts = namespace if isinstance(namespace, tuple) else (namespace,)
        if len(parts) != 1 or not parts[0]:
            raise NoSuchNamespaceError(f"{'.'.join(parts)!r} is no namespace of a lake: they have one level")
        return to_namespace(parts[0])

    def _require_namespace(self, own: str) -> None:
        if not self._has_namespace(own):
            raise _no_namespace(own)

    def _has_namespace(self, own: str) -> bool:
        key = _key(own)
        return bool(self.lake.find(self.ref, [key])) or any(
            one.kind == "table" for one in self.lake.entries(self.ref, own)
        )

    def namespace_exists(self, namespace: str | Identifier) -> bool:
        """Whether there is such a namespace."""
        try:
            return self._has_namespace(self._namespace(namespace))
        except NoSuchNamespaceError:
            return False

    def list_namespaces(self, namespace: str | Identifier = ()) -> list[Identifier]:
        """All namespaces; there are none inside others."""
        if namespace:
            self._require_namespace(self._namespace(namespace))
            return []
        held = {key.namespace for key in self.lake.entries(self.ref) if key.kind in ("table", "namespace")}
        return [(from_namespace(name),) for name in sorted(held)]

    def load_namespace_properties(self, namespace: str | Identifier) -> Properties:
        """The properties of a namespace."""
        own = self._namespace(namespace)
        found = self.lake.find(self.ref, [_key(own)]).get(_key(own))
        if found is None:
            self._require_namespace(own)
            return {}
        return dict(self._document(found))

    def _document(self, entry: Entry) -> Mapping[str, str]:
        held: Mapping[str, str] = documents.read(self.lake.store.data([entry.location])[entry.location].decode())
        return held

    def create_namespace(self, namespace: str | Identifier, properties: Properties = EMPTY_DICT) -> None:
        """A new namespace."""
        own, base = self._namespace(namespace), self._base()
        if self._has_namespace(own):
            raise NamespaceAlreadyExistsError(f"namespace {from_namespace(own)!r} exists already on {self.ref!r}")
        self._put_namespace(own, properties, f"create namespace {from_namespace(own)}", base)

    def _put_namespace(self, own: str, properties: Properties, message: str, base: Commit) -> None:
        name, nodes = node({key: str(value) for key, value in properties.items()})
        self._commit_once({_key(own): Entry(uuid="", location=name)}, message, base, nodes=nodes)

    def drop_namespace(self, namespace: str | Identifier) -> None:
        """Take an empty namespace away."""
        own, base = self._namespace(namespace), self._base()
        self._require_namespace(own)
        if self.list_tables(namespace):
            raise NamespaceNotEmptyError(f"namespace {from_namespace(own)!r} holds tables")
        self._commit_once({_key(own): None}, f"drop namespace {from_namespace(own)}", base)

    def update_namespace_properties(
        self, namespace: str | Identifier, removals: set[str] | None = None, updates: Properties = EMPTY_DICT
    ) -> PropertiesUpdateSummary:
        """Set and remove properties of a namespace."""
        own, base = self._namespace(namespace), self._base()
        gone = removals or set()
        if both := gone & updates.keys():
            raise InputError(f"property {min(both)!r} is both set and removed")
        before = self.load_namespace_properties(namespace)
        after = {name: value for name, value in before.items() if name not in gone} | dict(updates)
        self._put_namespace(own, after, f"change namespace {from_namespace(own)}", base)
        return PropertiesUpdateSummary(
            removed=sorted(gone & before.keys()), updated=sorted(updates), missing=sorted(gone - before.keys())
        )

    # Views: a lake has none

    def list_views(self, namespace: str | Identifier) -> list[Identifier]:
        """None."""
        self._require_namespace(self._namespace(namespace))
        return []

    def view_exists(self, identifier: str | Identifier) -> bool:
        """Never."""
        del identifier
        return False

    def load_view(self, identifier: str | Identifier) -> View:
        """There is none."""
        raise NoSuchViewError(f"view {identifier!r} does not exist: a lake holds tables")

    def drop_view(self, identifier: str | Identifier) -> None:
        """There is none."""
        self.load_view(identifier)

    def create_view(
        self,
        identifier: str | Identifier,
        schema: Schema | pa.Schema,
        view_version: ViewVersion,
        location: str | None = None,
        properties: Properties = EMPTY_DICT,
    ) -> View:
        """Not supported."""
        del identifier, schema, view_version, location, properties
        _no_views()

    def register_view(self, identifier: str | Identifier, metadata_location: str) -> View:
        """Not supported."""
        del identifier, metadata_location
        _no_views()

    def supports_server_side_planning(self) -> bool:
        """No: engines plan their scans."""
        return False


def _says_where(location: str) -> bool:
    """Whether a location is more than what an engine without an own idea sends (Sail: ``spark-warehouse/orders``)."""
    return location.startswith("/") or "://" in location


def _no_views() -> NoReturn:
    raise NotImplementedError("a lake holds tables, no views")


def _key(namespace: str) -> Key:
    return Key("namespace", namespace)


def _no_namespace(own: str) -> NoSuchNamespaceError:
    return NoSuchNamespaceError(f"namespace {from_namespace(own)!r} does not exist: create it first")


def _message(changes: Sequence[TableChange]) -> str:
    """What people read in the log."""
    return ", ".join(f"{_verb(change)} {shown(change.name)}" for change in changes[:5]) + (
        f" and {len(changes) - 5} more" if len(changes) > 5 else ""
    )


def _verb(change: TableChange) -> str:
    if any(isinstance(requirement, AssertCreate) for requirement in change.requirements):
        return "create"
    for update in change.updates:
        if isinstance(update, AddSnapshotUpdate) and update.snapshot.summary is not None:
            return str(update.snapshot.summary.operation.value)
    return "alter" if any(isinstance(update, AddSchemaUpdate) for update in change.updates) else "change"

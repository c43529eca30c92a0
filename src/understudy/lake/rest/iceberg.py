"""The endpoints of the Iceberg REST catalog specification; the prefix of their paths is a reference of the lake."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from pydantic import TypeAdapter
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER, SortOrder
from pyiceberg.table.update import TableRequirement, TableUpdate
from pyiceberg.typedef import Identifier

from understudy.errors import InputError
from understudy.lake import places
from understudy.lake.catalog import LakeCatalog, TableChange
from understudy.lake.namespaces import to_namespace
from understudy.lake.rest.call import Answer, Call, Endpoint, Json, Missing
from understudy.schema import TableName

_SEPARATOR = "\x1f"
_UPDATES: TypeAdapter[tuple[TableUpdate, ...]] = TypeAdapter(tuple[TableUpdate, ...])
_REQUIREMENTS: TypeAdapter[tuple[TableRequirement, ...]] = TypeAdapter(tuple[TableRequirement, ...])
_READS = ("GET", "HEAD")


def config(call: Call) -> Answer:
    """What an engine asks first: under which prefix the branch is, and what may be done there."""
    catalog, writes = call.catalog(), _may_write(call)
    endpoints = [one for one in ENDPOINTS if "{prefix}" in one and (writes or one.startswith(_READS))]
    return {
        "defaults": dict(call.storage),
        "overrides": {"prefix": quote(catalog.ref, safe="")},
        "endpoints": endpoints,
    }


def _namespace(call: Call) -> Identifier:
    return tuple(call.parts["namespace"].split(_SEPARATOR))


def _table_name(call: Call) -> Identifier:
    return (*_namespace(call), call.parts["table"])


def _identifier(held: object, what: str) -> Identifier:
    if not isinstance(held, dict) or not isinstance(held.get("namespace"), list):
        raise InputError(f"the request's body needs {what!r} with 'namespace' and 'name'")
    return (*held["namespace"], str(held.get("name", "")))


def list_namespaces(call: Call) -> Answer:
    """All namespaces."""
    parent = call.query.get("parent", "")
    found = call.catalog().list_namespaces(tuple(parent.split(_SEPARATOR)) if parent else ())
    return {"namespaces": [list(name) for name in found]}


def create_namespace(call: Call) -> Answer:
    """A new namespace."""
    name, properties = call.body.get("namespace"), call.body.get("properties") or {}
    if not isinstance(name, list) or not isinstance(properties, dict):
        raise InputError("the request's body needs 'namespace', a list of one name")
    call.catalog("write").create_namespace(tuple(map(str, name)), properties)
    return {"namespace": name, "properties": properties}


def load_namespace(call: Call) -> Answer:
    """A namespace's properties."""
    name = _namespace(call)
    return {"namespace": list(name), "properties": call.catalog().load_namespace_properties(name)}


def has_namespace(call: Call) -> Answer:
    """204 where there is such a namespace."""
    call.catalog().load_namespace_properties(_namespace(call))
    return None


def drop_namespace(call: Call) -> Answer:
    """Take an empty namespace away."""
    call.catalog("write").drop_namespace(_namespace(call))
    return None


def change_namespace(call: Call) -> Answer:
    """Set and remove properties of a namespace."""
    removals, updates = set(call.body.get("removals") or ()), call.body.get("updates") or {}
    done = call.catalog("write").update_namespace_properties(_namespace(call), removals, updates)
    return {"removed": done.removed, "updated": done.updated, "missing": done.missing}


def list_tables(call: Call) -> Answer:
    """The tables of a namespace."""
    found = call.catalog().list_tables(_namespace(call))
    return {"identifiers": [{"namespace": list(one[:-1]), "name": one[-1]} for one in found]}


def _shown(call: Call, table: Table) -> Json:
    """A table as engines load it."""
    _make_folders(call, table)
    named = f'"metadata-location":{json.dumps(table.metadata_location)},' if table.metadata_location else ""
    return Json(f'{{{named}"metadata":{table.metadata.model_dump_json()},"config":{{}}}}')


def _make_folders(call: Call, table: Table) -> None:
    """On a disk DuckDB writes only into folders that are there; other engines make them."""
    folder = places.local_path(table.location())
    if folder is None or "duckdb" not in call.engine.lower() or not _may_write(call):
        return
    for name in ("data", "metadata"):
        Path(folder, name).mkdir(parents=True, exist_ok=True)


def _may_write(call: Call) -> bool:
    return call.caller.may("write", call.ref()) and call.catalog().writable


def load_table(call: Call) -> Answer:
    """A table's metadata."""
    return _shown(call, call.catalog().load_table(_table_name(call)))


def has_table(call: Call) -> Answer:
    """204 where there is such a table."""
    if not call.catalog().table_exists(_table_name(call)):
        raise Missing(f"table {'.'.join(_table_name(call))!r} does not exist")
    return None


def create_table(call: Call) -> Answer:
    """A new table, or one that the next commit will make."""
    body, name = call.body, (*_namespace(call), call.text("name"))
    catalog = call.catalog("write")
    make = catalog.stage_table if body.get("stage-create") else catalog.create_table
    spec, order = body.get("partition-spec"), body.get("write-order")
    table = make(
        name,
        Schema.model_validate(body.get("schema")),
        body.get("location"),
        PartitionSpec.model_validate(spec) if spec else UNPARTITIONED_PARTITION_SPEC,
        SortOrder.model_validate(order) if order else UNSORTED_SORT_ORDER,
        {str(key): str(value) for key, value in (body.get("properties") or {}).items()},
    )
    return _shown(call, table)


def register_table(call: Call) -> Answer:
    """A table that exists elsewhere."""
    name = (*_namespace(call), call.text("name"))
    overwrite = bool(call.body.get("overwrite"))
    return _shown(call, call.catalog("write").register_table(name, call.text("metadata-location"), overwrite))


def drop_table(call: Call) -> Answer:
    """Take a table off the branch; no file is removed, whether ``purgeRequested`` or not."""
    call.catalog("write").drop_table(_table_name(call))
    return None


def rename_table(call: Call) -> Answer:
    """Give a table another name."""
    source, target = (_identifier(call.body.get(what), what) for what in ("source", "destination"))
    call.catalog("write").rename_table(source, target)
    return None


def commit_table(call: Call) -> Answer:
    """Change one table."""
    return _committed(call, call.catalog("write"), _change(call.body, _table_name(call)))


def _committed(call: Call, catalog: LakeCatalog, change: TableChange) -> Json:
    (table,) = catalog.apply([change])
    _make_folders(call, table)
    location = json.dumps(table.metadata_location)
    return Json(f'{{"metadata-location":{location},"metadata":{table.metadata.model_dump_json()}}}')


def _change(body: Mapping[str, object], name: Identifier) -> TableChange:
    if len(name) != 2:
        raise InputError(f"{'.'.join(name)!r} is no table of a lake", hint="namespaces have one level")
    return TableChange(
        TableName(to_namespace(name[0]), name[1]),
        _REQUIREMENTS.validate_python(body.get("requirements") or ()),
        _UPDATES.validate_python(body.get("updates") or ()),
    )


def commit_transaction(call: Call) -> Answer:
    """Change several tables in one commit."""
    changes = call.body.get("table-changes")
    if not isinstance(changes, list) or not all(isinstance(one, dict) for one in changes):
        raise InputError("the request's body needs 'table-changes', a list")
    call.catalog("write").apply([_change(one, _identifier(one.get("identifier"), "identifier")) for one in changes])
    return None


def report_metrics(call: Call) -> Answer:
    """Taken, and not kept."""
    call.catalog()
    return None


ENDPOINTS: Mapping[str, Endpoint] = {
    "GET /v1/config": config,
    "GET /v1/{prefix}/namespaces": list_namespaces,
    "POST /v1/{prefix}/namespaces": create_namespace,
    "GET /v1/{prefix}/namespaces/{namespace}": load_namespace,
    "HEAD /v1/{prefix}/namespaces/{namespace}": has_namespace,
    "DELETE /v1/{prefix}/namespaces/{namespace}": drop_namespace,
    "POST /v1/{prefix}/namespaces/{namespace}/properties": change_namespace,
    "GET /v1/{prefix}/namespaces/{namespace}/tables": list_tables,
    "POST /v1/{prefix}/namespaces/{namespace}/tables": create_table,
    "GET /v1/{prefix}/namespaces/{namespace}/tables/{table}": load_table,
    "HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}": has_table,
    "POST /v1/{prefix}/namespaces/{namespace}/tables/{table}": commit_table,
    "DELETE /v1/{prefix}/namespaces/{namespace}/tables/{table}": drop_table,
    "POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/metrics": report_metrics,
    "POST /v1/{prefix}/namespaces/{namespace}/register": register_table,
    "POST /v1/{prefix}/tables/rename": rename_table,
    "POST /v1/{prefix}/transactions/commit": commit_transaction,
}
"""The paths that are served, as the specification writes them."""

"""A fit of several tables as one file: an archive of each network's own file, beside JSON for everything else.

Nothing in it is executed when it is read, and nothing in it is a row.
"""

from __future__ import annotations

import base64
import json
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from understudy.errors import InputError
from understudy.schema import ForeignKey, TableName
from understudy.synth.artifact import read, written
from understudy.synth.families.learning import Model
from understudy.synth.families.order import Plan, Role
from understudy.synth.flat import Flat

FORMAT = "understudy tables 3"

_PLAIN = ("rows", "values", "shown", "plans", "counts", "ranks", "within", "pairs", "forced", "uniques", "alone")


def save(path: str | Path, plan: Plan, models: Mapping[TableName, Model], seed: int) -> None:
    """Write a fit to a file, whole or not at all; by its ``seed`` children without an order were put in one."""
    path = Path(path)
    beside = path.with_name(path.name + ".part")
    about = {
        "format": FORMAT,
        "seed": seed,
        "keys": [_key(key) for key in plan.keys],
        "tables": [_table(models[role.table]) for role in plan.roles],
    }
    with zipfile.ZipFile(beside, "w") as archive, tempfile.TemporaryDirectory() as folder:
        archive.writestr(zipfile.ZipInfo("tables.json"), json.dumps(about))
        for number, role in enumerate(plan.roles):
            flat = models[role.table].flat
            if flat is not None:
                flat.save(Path(folder, "network"))
                archive.writestr(zipfile.ZipInfo(f"{number}.network"), Path(folder, "network").read_bytes())
    beside.replace(path)


def load(path: str | Path, *, threads: int, device: str) -> tuple[Plan, dict[TableName, Model], int]:
    """Read a fit: the plan, what was learned of each table, and the seed."""
    try:
        archive = zipfile.ZipFile(path)
        about = json.loads(archive.read("tables.json"))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} cannot be read as a synthesizer", hint="give a file that `save` wrote") from error
    with archive, tempfile.TemporaryDirectory() as folder:
        if about.get("format") != FORMAT:
            raise InputError(f"{path} is no synthesizer of this version", hint="fit again, and save it anew")
        keys = {one["id"]: _key_of(one) for one in about["keys"]}
        models = {}
        for number, one in enumerate(about["tables"]):
            model = _model(one, keys)
            if one["network"]:
                archive.extract(f"{number}.network", folder)
                model = replace(
                    model, flat=Flat.load(Path(folder, f"{number}.network"), threads=threads, device=device)
                )
            models[model.role.table] = model
    return Plan(tuple(model.role for model in models.values()), tuple(keys.values())), models, about.get("seed", 0)


def _table(model: Model) -> dict[str, Any]:
    role = model.role
    return {
        "name": [role.table.namespace, role.table.name],
        "owner": role.owner.id if role.owner else None,
        "links": [key.id for key in role.links],
        "late": [key.id for key in role.late],
        "given": role.given,
        "schema": base64.b64encode(model.schema.remove_metadata().serialize().to_pybytes()).decode(),
        "fresh": {name: written(one) for name, one in model.fresh.items()},
        "carried": {name: written(one) for name, one in model.carried.items()},
        "habits": written(model.habits),
        "clusters": {name: written(one) for name, one in model.clusters.items()},
        "network": model.flat is not None,
        **{name: getattr(model, name) for name in _PLAIN},
    }


def _model(about: Mapping[str, Any], keys: Mapping[str, ForeignKey]) -> Model:
    role = Role(
        TableName(*about["name"]),
        keys[about["owner"]] if about["owner"] else None,
        tuple(keys[one] for one in about["links"]),
        tuple(keys[one] for one in about["late"]),
        about["given"],
    )
    return Model(
        role,
        pa.ipc.read_schema(pa.py_buffer(base64.b64decode(about["schema"]))),
        fresh={name: read(one) for name, one in about["fresh"].items()},
        carried={name: read(one) for name, one in about["carried"].items()},
        habits=read(about["habits"]),
        clusters={name: read(one) for name, one in about["clusters"].items()},
        **{name: read(about[name]) for name in _PLAIN},
    )


def _key(key: ForeignKey) -> dict[str, Any]:
    return {"id": key.id, **{one.name: getattr(key, one.name) for one in fields(key)}, **_names(key)}


def _names(key: ForeignKey) -> dict[str, Any]:
    return {"table": list(asdict(key.table).values()), "parent": list(asdict(key.parent).values())}


def _key_of(about: Mapping[str, Any]) -> ForeignKey:
    plain: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in about.items()}
    plain.pop("id")
    plain["table"], plain["parent"] = TableName(*about["table"]), TableName(*about["parent"])
    return ForeignKey(**plain)

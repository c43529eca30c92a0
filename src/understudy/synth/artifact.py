"""A fitted synthesizer as one file: the weights as safetensors, with everything else as JSON in its header.

Nothing in it is executed when it is read, and nothing in it is a row: columns are kept in the private form that
``columns`` describes.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from understudy.errors import InputError
from understudy.readings import Amount, Moment
from understudy.synth.encoding.columns import Categories, Numbers
from understudy.synth.encoding.curves import Curve
from understudy.synth.encoding.encode import Encoder
from understudy.synth.encoding.identifiers import Identifiers
from understudy.synth.encoding.moments import Moments
from understudy.synth.encoding.patterns import Patterns
from understudy.synth.encoding.words import Chain, Words
from understudy.synth.families.children import Habits
from understudy.synth.families.links import Clusters, Common, Scale
from understudy.synth.network.model import Network, Size, mixed
from understudy.synth.network.train import Learned
from understudy.synth.privacy.accounting import Privacy, Share
from understudy.synth.privacy.groups import Cell, Groups
from understudy.synth.privacy.tree import Tree
from understudy.synth.relations.dependencies import Dependency
from understudy.synth.relations.finding import Order, Relation, Relations
from understudy.synth.relations.later import Later
from understudy.synth.relations.legal import Legal, Pair
from understudy.synth.relations.related import Related
from understudy.synth.relations.rules import Copy, Product, Sum

FORMAT = "understudy synthesizer 2"

_KINDS: Mapping[str, Any] = {
    kind.__name__: kind
    for kind in (
        *(Categories, Numbers, Moments, Identifiers, Related, Later, Curve, Patterns, Words, Chain, Size, Learned),
        *(Moment, Amount),
        *(Copy, Sum, Product, Relations, Relation, Order, Dependency, Legal, Pair),
        *(Habits, Clusters, Scale, Common, Privacy, Share, Groups, Cell, Tree),
    )
}


def save(path: str | Path, encoder: Encoder, network: Network, learned: Learned, *, name: str) -> None:
    """Write a fit to a file, whole or not at all."""
    from safetensors.torch import save_file

    about = {"name": name, **told(encoder), "size": written(network.size), "learned": written(learned)}
    path = Path(path)
    beside = path.with_name(path.name + ".part")
    tensors = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
    save_file(tensors, str(beside), {"format": FORMAT, "about": json.dumps(about)})
    beside.replace(path)


def load(path: str | Path) -> tuple[str, Encoder, Network, Learned]:
    """Read a fit: the table's name, its columns, the network and what learning came to."""
    about, tensors = opened(path, FORMAT, "pt")
    encoder = encoder_from(about)
    network = mixed(encoder.parts, encoder.made, read(about["size"]), seed=0)
    network.load_state_dict(tensors)
    network.eval()
    return about["name"], encoder, network, read(about["learned"])


def opened(path: str | Path, form: str, kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a file of some format is about, and its tensors, as torch's ("pt") or numpy's ("np")."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), kind) as file:
            header = file.metadata() or {}
            if header.get("format") != form:
                raise InputError(f"{path} is no synthesizer of this version", hint="fit again, and save it anew")
            return json.loads(header["about"]), {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path} cannot be read as a synthesizer", hint="give a file that `save` wrote") from error


def form_of(path: str | Path) -> str:
    """The format of a file that a synthesizer wrote; empty where it is none."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), "np") as file:
            return str((file.metadata() or {}).get("format", ""))
    except (OSError, SafetensorError):
        return ""


def told(encoder: Encoder) -> dict[str, Any]:
    """Columns as JSON."""
    return {
        "schema": base64.b64encode(encoder.schema.remove_metadata().serialize().to_pybytes()).decode(),
        "columns": {column: written(coded) for column, coded in encoder.coded.items()},
        "identifiers": list(encoder.identifiers),
        "context": list(encoder.context),
        "relations": written(encoder.relations),
        "legal": written(encoder.legal),
        "texts": {column: written(reading) for column, reading in encoder.texts.items()},
    }


def encoder_from(about: Mapping[str, Any]) -> Encoder:
    """The columns that ``told`` told."""
    return Encoder(
        pa.ipc.read_schema(pa.py_buffer(base64.b64decode(about["schema"]))),
        {column: read(one) for column, one in about["columns"].items()},
        tuple(about["identifiers"]),
        tuple(about["context"]),
        read(about["relations"]),
        read(about["legal"]),
        {column: read(one) for column, one in about["texts"].items()},
    )


def written(value: Any) -> Any:
    """A frozen dataclass of plain values as JSON."""
    if is_dataclass(value):
        return {"is": type(value).__name__, **{f.name: written(getattr(value, f.name)) for f in fields(value)}}
    return [written(one) for one in value] if isinstance(value, tuple) else value


def read(value: Any) -> Any:
    """What ``written`` wrote."""
    if isinstance(value, dict):
        return _KINDS[value["is"]](**{key: read(one) for key, one in value.items() if key != "is"})
    return tuple(read(one) for one in value) if isinstance(value, list) else value

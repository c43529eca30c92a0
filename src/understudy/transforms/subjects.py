"""What is known of the person a row is about: columns of the row itself, or of one in another table it points at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import plain
from understudy.errors import Error, InputError
from understudy.schema import Schema, Table
from understudy.transforms.declare import Place, Rows, Setting
from understudy.transforms.mentions import Named
from understudy.transforms.prf import Words, digest

Known = Callable[[Rows], list[Named]]
"""The columns that are known for the persons of some rows, as they were and as they are after masking."""


def split(place: Place, option: str) -> dict[str, list[str]]:
    """The columns that a list names, by their tables; ``""`` for the rule's own table.

    Written ``first_name`` or ``users.first_name``.
    """
    table = place.table.name
    ours = {"", str(table), table.name, f"{table.namespace}.{table.name}"}
    found: dict[str, list[str]] = {}
    for text in place.options[option] or ():
        owner, _, name = str(text).rpartition(".")
        found.setdefault("" if owner in ours else owner, []).append(name)
    return found


def known(setting: Setting, columns: Mapping[str, Sequence[str]]) -> Known:
    """What is known of the person a row is about; reads columns of other tables once, here, and holds them."""
    own = list(columns.get("", ()))
    others = [_Register.read(setting, owner, names) for owner, names in columns.items() if owner]

    def there(rows: Rows) -> list[Named]:
        found = [Named(_texts(rows.original(name)), _texts(rows.changed(name))) for name in own]
        for register in others:
            found += register.of(rows)
        return found

    return there


@dataclass(frozen=True)
class _Register:
    """Some columns of another table by its key: as many texts as it has rows, twice, and 8 bytes a row."""

    per: str
    subkey: bytes
    keys: Words
    """Digests of the keys, ascending."""
    columns: tuple[Named, ...]

    @classmethod
    def read(cls, setting: Setting, owner: str, names: Sequence[str]) -> _Register:
        """Read the columns and mask them by their own rules."""
        place = setting.place
        per = place.subject
        if setting.dataset is None or per is None:
            raise InputError(f"{owner}.{names[0]} stands in another table, which is not read here")
        schema = setting.dataset.schema()
        table = schema.find(owner)
        key = _key(schema, place.table, per, table)
        for name in names:
            if table.column(name).kind != "text":
                raise InputError(f"{owner}.{name} is no text, so no text can mention it")
        subkey = setting.key.subkey(f"subjects of {place.table.name}.{per}")
        pairs = list(setting.masked(table.name, [key, *names]))
        digests = [digest(before.column(key), subkey)[:, 0] for before, _ in pairs]
        keys = np.concatenate([*digests, np.zeros(0, np.uint64)])
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        if (keys[1:] == keys[:-1]).any():
            raise Error(f"rows of {table.name} cannot be told apart by {key}")
        columns = tuple(
            Named(*(_gathered([one[side].column(name) for one in pairs]).take(pa.array(order)) for side in (0, 1)))
            for name in names
        )
        return cls(per, subkey, keys, columns)

    def of(self, rows: Rows) -> list[Named]:
        """The columns for the persons that these rows point at; null where there is none."""
        subjects = rows.original(self.per)
        wanted = digest(subjects, self.subkey)[:, 0]
        place = np.searchsorted(self.keys, wanted)
        place[place == len(self.keys)] = 0
        nobody = pc.is_null(subjects).to_numpy(zero_copy_only=False)
        nobody |= self.keys[place] != wanted if len(self.keys) else True
        there = pa.array(place, mask=nobody)
        return [Named(one.before.take(there), one.after.take(there)) for one in self.columns]


def _key(schema: Schema, table: Table, per: str, other: Table) -> str:
    """The column of another table that the values of ``per`` are found in: what its foreign key says, else the key."""
    for edge in schema.parents(table.name):
        if edge.columns == (per,) and edge.parent == other.name:
            return edge.parent_columns[0]
    if len(other.primary_key) != 1:
        hint = f"declare a foreign key from {table.name}.{per} to {other.name}"
        raise InputError(f"rows of {other.name} cannot be found by {table.name}.{per}", hint=hint)
    return other.primary_key[0]


def _gathered(parts: Sequence[pa.Array]) -> pa.Array:
    return pa.concat_arrays([*map(_texts, parts), pa.array([], pa.string())])


def _texts(values: pa.Array) -> pa.Array:
    """Values of a column as plain texts."""
    values = plain(values)
    return values if pa.types.is_string(values.type) else values.cast(pa.string())

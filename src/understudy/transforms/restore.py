"""The way back: stand-ins become what they stand for, for whoever holds the key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from understudy.arrow import storage
from understudy.errors import InputError
from understudy.interfaces import Rule, Transformer
from understudy.schema import Table
from understudy.transforms.apply import Given, change_of, with_columns
from understudy.transforms.declare import Change, Domains, Rows
from understudy.transforms.key import Key
from understudy.transforms.placed import placed


@dataclass(frozen=True)
class _Restored(Rows):
    """A masked batch on its way back: ``before`` is masked, ``after`` holds the columns already restored."""

    def original(self, name: str) -> pa.Array:
        """A column as it was before it was masked."""
        return self.after[name] if name in self.after else super().original(name)

    def changed(self, name: str) -> pa.Array:
        """A column as its rule made it."""
        return super().original(name)


def restore(
    table: Table, rules: Mapping[str, Rule], *, key: Key, domains: Domains
) -> tuple[Transformer, Mapping[str, str]]:
    """The Transformer that undoes what ``compile`` gives for the same rules, and the columns it cannot restore.

    Those stay masked; they come with the reason, one sentence each.
    """
    changing = {name: rule for name, rule in rules.items() if rule.name != "keep"}
    changes: dict[str, Change] = {}
    lost: dict[str, str] = {}
    for name, rule in changing.items():
        try:
            changes[name] = change_of(table, table.column(name), rule, Given(key, domains, back=True))
        except InputError as error:
            lost[name] = error.message
    turns = _turns(table, changing, lost)

    def transform(batch: pa.RecordBatch) -> pa.RecordBatch:
        if not batch.num_rows:
            return batch
        restored: dict[str, pa.Array] = {}
        rows = _Restored(batch, restored)
        for name in turns:
            if name in batch.schema.names:
                restored[name] = changes[name](storage(batch.column(name)), rows)
        return with_columns(batch, restored)

    return transform, lost


def _turns(table: Table, rules: Mapping[str, Rule], lost: dict[str, str]) -> list[str]:
    """The columns in the order in which they come back, each after those it was drawn by; what cannot is ``lost``."""
    parts = {name: placed(table, table.column(name), rule).needs & rules.keys() for name, rule in rules.items()}
    turns: list[str] = []
    waiting = [name for name in rules if name not in lost]
    while waiting:
        ready = [name for name in waiting if parts[name] <= set(turns)]
        if not ready:
            break
        turns += ready
        waiting = [name for name in waiting if name not in ready]
    for name in waiting:
        missing = sorted(parts[name] - set(turns))
        lost[name] = f"it was drawn by {', '.join(missing)}, which nobody can restore"
    return turns

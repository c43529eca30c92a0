"""What can be done with a table under its rules: mask it, restore it, or exchange the key behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pyarrow as pa

from understudy import transforms
from understudy.errors import InputError
from understudy.interfaces import Dataset, Transformer
from understudy.jobs.lane import Way
from understudy.jobs.policy import Ruled

Others = Literal["refuse", "drop", "keep"]
"""What becomes of columns that cannot be restored: nothing is read, they are left out, or they stay masked."""


def masking(key: transforms.Key) -> Way:
    """Mask."""

    def way(ruled: Ruled, dataset: Dataset | None) -> tuple[Transformer, frozenset[str]]:
        made = transforms.compile(ruled.table, ruled.rules, key=key, domains=ruled.domains, dataset=dataset)
        return made, frozenset()

    return way


def restoring(key: transforms.Key, others: Others = "refuse") -> Way:
    """Give originals back."""

    def way(ruled: Ruled, _dataset: Dataset | None) -> tuple[Transformer, frozenset[str]]:
        made, lost = transforms.restore(ruled.table, ruled.rules, key=key, domains=ruled.domains)
        if others == "refuse" and lost:
            raise _lost(ruled, lost, "drop them, or keep them masked: `others` says which")
        return made, frozenset(lost) if others == "drop" else frozenset()

    return way


def rotating(old: transforms.Key, new: transforms.Key) -> Way:
    """Exchange the key: restore with the old one, mask with the new one."""

    def way(ruled: Ruled, dataset: Dataset | None) -> tuple[Transformer, frozenset[str]]:
        back, lost = transforms.restore(ruled.table, ruled.rules, key=old, domains=ruled.domains)
        if lost:
            raise _lost(ruled, lost, "mask the source again with the new key")
        again = transforms.compile(ruled.table, ruled.rules, key=new, domains=ruled.domains, dataset=dataset)

        def rotate(batch: pa.RecordBatch) -> pa.RecordBatch:
            return again(back(batch))

        return rotate, frozenset()

    return way


def _lost(ruled: Ruled, lost: Mapping[str, str], hint: str) -> InputError:
    shown = "\n".join(f"  {ruled.table.name}.{name}: {reason}" for name, reason in lost.items())
    return InputError(f"these columns cannot be restored, nothing was changed:\n{shown}", hint=hint)

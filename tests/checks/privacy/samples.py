"""Real tables to learn from, hold out, and take fresh rows of; and ways to leak them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

COLUMNS = """age workclass weight education years marital occupation relation race sex gain loss hours country
income""".split()
"""Of the census, in the order of its file, which has no header."""


def adult(shared: Path) -> pa.Table:
    path = shared / "tabular" / "adult_uci" / "adult-train.csv"
    return pyarrow.csv.read_csv(path, pyarrow.csv.ReadOptions(column_names=COLUMNS))


def bank(shared: Path) -> pa.Table:
    return pyarrow.csv.read_csv(shared / "tabular" / "bank_marketing" / "bank_marketing.csv.gz")


def housing(shared: Path) -> pa.Table:
    return pyarrow.csv.read_csv(shared / "tabular" / "california_housing" / "housing.csv")


def parts(table: pa.Table, *counts: int, seed: int = 3) -> list[pa.Table]:
    """So many rows each, by chance and none twice."""
    order = np.random.default_rng(seed).permutation(table.num_rows)
    ends = np.cumsum([0, *counts])
    return [table.take(order[start:end]) for start, end in pairwise(ends)]


def mixed(share: float, leaked: pa.Table, fresh: pa.Table) -> pa.Table:
    """Fresh rows, of which this share is replaced by leaked ones."""
    count = int(share * fresh.num_rows)
    return pa.concat_tables([leaked.slice(0, count), fresh.slice(count)])


def one_field_changed(table: pa.Table, seed: int = 1) -> pa.Table:
    """In every row one field, by chance, is that of another row."""
    dice = np.random.default_rng(seed)
    which = dice.integers(0, table.num_columns, table.num_rows)
    columns = {}
    for at, name in enumerate(table.column_names):
        other = dice.permutation(table.num_rows)
        columns[name] = table.column(name).take(np.where(which == at, other, np.arange(table.num_rows)))
    return pa.table(columns)


def jittered(table: pa.Table, spread: float = 0.05, seed: int = 1) -> pa.Table:
    """Every number with noise of a twentieth of its column's standard deviation."""
    dice = np.random.default_rng(seed)
    columns = {}
    for name in table.column_names:
        column = table.column(name).combine_chunks()
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            values = column.to_numpy(zero_copy_only=False).astype(float)
            values = values + dice.normal(size=len(values)) * np.nanstd(values) * spread
            whole = pa.types.is_integer(column.type)
            column = pa.array(np.round(values) if whole else values, from_pandas=True).cast(column.type)
        columns[name] = column
    return pa.table(columns)

"""Files of staged rows: written once, read as a stream that holds no more than a part of them."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from understudy.connections import parquet
from understudy.connections.parquet import TableWriter

ROWS = 65_536


def test_a_file_is_read_without_holding_what_was_read_before(tmp_path: Path):
    path = tmp_path / "noise.parquet"
    writer = TableWriter(path, pa.schema([("value", pa.int64())]))
    random = np.random.default_rng(1)
    for _ in range(40):
        writer.write(pa.record_batch({"value": random.integers(0, 2**62, ROWS)}))
    size = writer.finish().bytes
    start = pa.total_allocated_bytes()
    held = [pa.total_allocated_bytes() - start for _ in parquet.batches(path, ["value"])]
    assert len(held) == 40 and size > 40 * ROWS * 7
    assert max(held) < size / 4


def test_a_writer_counts_rows_and_nulls(tmp_path: Path):
    writer = TableWriter(tmp_path / "few.parquet", pa.schema([("a", pa.int64()), ("b", pa.string())]))
    writer.write(pa.record_batch({"a": pa.array([1, None, 3]), "b": pa.array(["x", "y", None])}))
    writer.write(pa.record_batch({"a": pa.array([None], pa.int64()), "b": pa.array(["z"])}))
    writer.finish()
    assert (writer.rows, dict(writer.nulls)) == (4, {"a": 2, "b": 1})

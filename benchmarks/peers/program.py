"""What every peer's program does, run by its own Python: read rows, fit, sample, write rows, tell what it cost.

`python PROGRAM SOURCE MADE SEED [MODEL]`: Feather in, Feather out, one line of JSON on standard output.
"""

import json
import random
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather


def spent() -> float:
    """CPU seconds of this process and those it waited for."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def run(fit, sample):
    """Fit on the source, sample as many rows, and write them; both are given a pandas table or a count."""
    source, made, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    random.seed(seed)
    np.random.seed(seed)
    table = pyarrow.feather.read_table(source)
    rows = table.to_pandas(date_as_object=False)
    loaded, began, clock = spent(), time.perf_counter(), time.perf_counter
    model = fit(rows, seed)
    fitted, fitted_at = spent(), clock()
    found = sample(model, len(rows), seed)
    sampled, sampled_at = spent(), clock()
    pyarrow.feather.write_feather(typed(found, table.schema), made)
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cost = {"fit": fitted - loaded, "sample": sampled - fitted, "fit_wall": fitted_at - began,
            "sample_wall": sampled_at - fitted_at, "peak": max(peaks) // 1024}  # fmt: skip
    print(json.dumps(cost))


def typed(rows, schema):
    """A pandas table as Arrow, in the types of the source; whole numbers that came back as floats are rounded."""
    columns = []
    for field in schema:
        values = rows[field.name]
        if pa.types.is_integer(field.type) and values.dtype.kind == "f":
            values = values.round()
        if pa.types.is_string(field.type):
            values = values.astype(object).where(values.notna(), None)
        columns.append(pa.Array.from_pandas(values).cast(field.type, safe=False))
    return pa.table(columns, schema=schema)

"""Adversarial random forests (arfpy), with its defaults."""

import numpy as np
import pandas as pd
import program

np.in1d = np.isin  # arfpy 0.1.1 knows numpy before 2.4
from arfpy import arf  # noqa: E402


def fit(rows, seed):
    """It takes no nulls and no dates: dates become numbers, nulls of labels a label, nulls of numbers the median."""
    del seed
    plain = {}
    for name, values in rows.items():
        if values.dtype.kind in "fiu":
            plain[name] = values.astype(float).fillna(values.median())
        elif values.dtype.kind == "M":
            moments = values.astype("datetime64[us]").astype("int64").where(values.notna()).astype(float)
            plain[name] = moments.fillna(moments.median())
        else:
            plain[name] = values.astype(object).where(values.notna(), "(null)").astype(str).astype("category")
    model = arf.arf(x=pd.DataFrame(plain), verbose=False)
    model.forde()
    return model, rows


def sample(fitted, count, seed):
    """As many rows, with dates and nulls as they were."""
    np.random.seed(seed)
    model, rows = fitted
    found = model.forge(n=count)
    for name, values in rows.items():
        if values.dtype.kind == "M":
            found[name] = pd.to_datetime(found[name].astype("int64"), unit="us")
        elif values.dtype.kind not in "fiu":
            found[name] = found[name].astype(object).replace("(null)", None)
    return found


program.run(fit, sample)

"""Rules of which one changes each value: values are dealt out to them, changed, and put back in their places."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from understudy.transforms.declare import Change, Choose, Place, Rows, Setting


def branched(choose: Callable[[Place], Choose]) -> Callable[[Setting], Change]:
    """What builds the Change of a rule that has ``branches``; each sees the values it is chosen for, and no other."""

    def build(setting: Setting) -> Change:
        chosen, changes = choose(setting.place), setting.branches()

        def change(values: pa.Array, rows: Rows) -> pa.Array:
            which = chosen(values, rows).fill_null(-1).to_numpy(zero_copy_only=False)
            if not len(which):
                return values
            if (which == which[0]).all():
                return changes[which[0]](values, rows) if which[0] >= 0 else values
            order = np.argsort(which, kind="stable")
            ends = np.searchsorted(which[order], np.arange(-1, len(changes) + 1))
            parts = [values.take(pa.array(order[: ends[1]]))]
            for number, one in enumerate(changes):
                there = pa.array(order[ends[number + 1] : ends[number + 2]])
                if len(there):
                    parts.append(one(values.take(there), rows.at(there)))
            back = np.empty(len(order), np.int64)
            back[order] = np.arange(len(order))
            return pa.concat_arrays(parts).take(pa.array(back))

        return change

    return build

"""Tables whose texts are dates or amounts, as what they say: two days are near one another, two texts are not."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pyarrow as pa

from understudy import readings
from understudy.schema import TableName

Tables = Mapping[TableName, pa.Table]


def said(
    real: Tables, made: Tables, holdout: Tables | None, *, leave: Collection[TableName] = ()
) -> tuple[Tables, Tables, Tables | None]:
    """All sides with columns read as the real ones are written; what is not written so is null, and missed as such.

    Tables to ``leave`` stay as they are.
    """
    ways = {name: readings.ways_of(table) for name, table in real.items() if name not in leave}
    one, two, three = (
        {name: readings.said(table, ways.get(name, {})) for name, table in (side or {}).items()}
        for side in (real, made, holdout)
    )
    return one, two, None if holdout is None else three

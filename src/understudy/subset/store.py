"""The key sets of a closure: what was taken, what is still to ask for.  In memory only, never on disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.schema import TableName
from understudy.subset.keys import KEPT_AS, End
from understudy.subset.layout import Layout
from understudy.subset.plan import PlannedEdge

Ranks = np.ndarray[Any, np.dtype[np.uint64]]

SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "temp_directory": "",  # keys are real data: they may not be spilled to a disk
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "arrow_lossless_conversion": True,
}


@dataclass
class Walk:
    """One direction of one edge, and how many rows at its start were already looked at."""

    edge: PlannedEdge
    down: bool
    """From parents to children; else from children to parents."""
    seen: int = 0
    lacking: bool = False
    """Some keys asked for were not there, and are kept in order not to ask again."""

    @property
    def start(self) -> TableName:
        """The table whose rows give the keys."""
        return self.edge.key.parent if self.down else self.edge.key.table

    @property
    def goal(self) -> TableName:
        """The table in which the keys are looked up."""
        return self.edge.key.table if self.down else self.edge.key.parent

    @property
    def start_end(self) -> End:
        """Which end of the edge the keys come from."""
        return "parent" if self.down else "child"

    @property
    def goal_end(self) -> End:
        """Which end of the edge the keys are looked up in."""
        return "child" if self.down else "parent"


@dataclass(frozen=True)
class Asked:
    """Keys to look up: k0, k1 ..., the depth ``d`` of what they reach, and the place of each in the order."""

    keys: pa.Table
    parts: tuple[int, ...]
    """The parts of the table looked into that the keys are compared with."""
    ordered: bool = False
    """Rows found come in the order of the keys, not in that of the source."""
    new: bool = False
    """No row that has one of the keys can be here yet."""
    depth: int | None = None
    """Every row found gets this depth, and the source itself compared the keys as we would."""


class Store:
    """For every table the kept parts of its rows, in the order in which the rows were handed on.

    A row's ``rowid`` here is its position in that order, since rows are only ever added.
    """

    def __init__(self, layouts: Mapping[TableName, Layout]) -> None:
        self.con = duckdb.connect(":memory:", config=SETTINGS)
        self.layouts = layouts
        self.rows: dict[TableName, int] = dict.fromkeys(layouts, 0)
        self._numbers = {name: number for number, name in enumerate(layouts)}
        for name, layout in layouts.items():
            if layout.stored:
                columns = [f"p{number} {self._kept_as(layout, number)}" for number in range(len(layout.parts))]
                self.con.execute(f"CREATE TABLE {self.name(name)} ({', '.join([*columns, 'd INTEGER'])})")

    def close(self) -> None:
        """Forget everything."""
        self.con.close()

    def name(self, table: TableName) -> str:
        """What the rows of a table are called here."""
        return f"r{self._numbers[table]}"

    def table(
        self,
        sql: str,
        *,
        fetched: pa.Table | None = None,  # noqa: ARG002
        asked: pa.Table | None = None,  # noqa: ARG002
        candidates: pa.Table | None = None,  # noqa: ARG002
    ) -> pa.Table:
        """The result of a query over the store and over the Arrow tables given, by these names."""
        # DuckDB finds them as variables of this function; a registered view costs twice the time of a small query.
        return self.con.sql(sql).to_arrow_table()

    def fresh(self, walk: Walk, upto: int) -> pa.Table:
        """The distinct keys (k0, k1 ...) that new rows at the walk's start ask for, in order, each once ever.

        ``d`` is the depth that a row reached over them gets: one more than the nearest row that asks.
        """
        seen, walk.seen = walk.seen, upto
        parts = self.layouts[walk.start].ends[walk.edge.index, walk.start_end]
        keys = [f"p{part} AS k{n}" for n, part in enumerate(parts)]
        # The rows of a parent table hold each key once; their keys need no grouping.
        once = walk.down and walk.edge.unique
        depth = "d + 1 AS d" if once else "min(d) + 1 AS d"
        where = [f"rowid >= {seen}", f"rowid < {upto}", *self.active(walk.edge, walk.start_end)]
        sql = f"SELECT {', '.join([*keys, depth])} FROM {self.name(walk.start)} WHERE {' AND '.join(where)}"
        known = list(self._known(walk, seen))
        if known:
            sql = f"SELECT * FROM ({sql} GROUP BY ALL) a ANTI JOIN {' ANTI JOIN '.join(known)}"
        elif not once:
            sql += " GROUP BY ALL"
        return self.table(f"{sql} ORDER BY {', '.join(f'k{n}' for n in range(len(parts)))}")

    def _known(self, walk: Walk, seen: int) -> Iterable[str]:
        """What need not be asked for (again), as right sides of anti joins."""
        edge, parts = walk.edge, self.layouts[walk.start].ends[walk.edge.index, walk.start_end]
        if not edge.unique:
            same = equal("a.k", range(len(parts)), "o.p", parts)
            active = " AND ".join([f"rowid < {seen}", *self.active(edge, walk.start_end)])
            yield f"(SELECT * FROM {self.name(walk.start)} WHERE {active}) o ON {same}"
        elif not walk.down:
            goal = self.layouts[walk.goal].ends[edge.index, "parent"]
            yield f"{self.name(walk.goal)} g ON {equal('a.k', range(len(goal)), 'g.p', goal)}"
        if walk.lacking:
            yield f"l{edge.index} l ON {equal('a.k', range(len(parts)), 'l.k', range(len(parts)))}"

    def active(self, edge: PlannedEdge, end: End, prefix: str = "") -> list[str]:
        """Conditions under which a stored row has a key at this end of the edge."""
        layout = self.layouts[edge.key.table if end == "child" else edge.key.parent]
        conditions = [f"{prefix}p{part} IS NOT NULL" for part in layout.ends[edge.index, end]]
        if end == "child" and edge.index in layout.flags:
            conditions.append(f"{prefix}p{layout.flags[edge.index]}")
        return conditions

    def lack(self, walk: Walk, asked: pa.Table) -> None:  # noqa: ARG002  # found by its name
        """Keep those of the asked keys that no parent holds."""
        goal = self.layouts[walk.goal].ends[walk.edge.index, "parent"]
        keys = ", ".join(f"k{n}" for n in range(len(goal)))
        same = equal("a.k", range(len(goal)), "g.p", goal)
        sql = f"SELECT {keys} FROM asked a ANTI JOIN {self.name(walk.goal)} g ON {same}"
        made = f"INSERT INTO l{walk.edge.index}" if walk.lacking else f"CREATE TABLE l{walk.edge.index} AS"
        self.con.execute(f"{made} {sql}")  # `asked` is found by its name
        walk.lacking = True

    def one_depth(self, layout: Layout, parts: tuple[int, ...], asked: pa.Table) -> int | None:
        """The depth all asked keys share, where fetched rows need not be compared with them once more."""
        if any(layout.parts[part].form != "value" for part in parts):
            return None
        depths = pc.min_max(asked.column("d")).as_py()
        return int(depths["min"]) if depths["min"] == depths["max"] else None

    def scan_keys(self, layout: Layout, parts: tuple[int, ...], asked: pa.Table) -> pa.Table:
        """The asked keys as a scan wants them: named and typed as the columns they are compared with."""
        own = [f"k{n}" for n in range(len(parts))]
        if all(layout.parts[part].form == "value" for part in parts):
            keys = asked.select(own)
        else:
            casts = ", ".join(self._cast(n, layout, part) for n, part in enumerate(parts))
            whole = " AND ".join(f"{key} IS NOT NULL" for key in own)
            sql = f"SELECT * FROM (SELECT DISTINCT {casts} FROM asked) WHERE {whole} ORDER BY ALL"
            keys = self.table(sql, asked=asked)
        wanted = [
            pa.field(layout.parts[part].column or layout.names[part], self._scan_type(layout, part)) for part in parts
        ]
        return cast(keys, pa.schema(wanted))

    def _cast(self, number: int, layout: Layout, part: int) -> str:
        # What cannot be a value of the column's type cannot be in the column either.
        return f"TRY_CAST(k{number} AS {self._type_name(self._scan_type(layout, part))}) AS k{number}"

    def _scan_type(self, layout: Layout, part: int) -> pa.DataType:
        column = layout.parts[part].column
        return layout.table.by_name[column].arrow_type if column else pa.string()

    def _kept_as(self, layout: Layout, part: int) -> str:
        form = layout.parts[part].form
        return self._type_name(self._scan_type(layout, part)) if form == "value" else KEPT_AS[form]

    def _type_name(self, kind: pa.DataType) -> str:
        return str(self.con.from_arrow(pa.table({"x": pa.array([], kind)})).types[0])

    def match(self, layout: Layout, fetched: pa.Table, asked: Asked | None = None) -> pa.Table:
        """The fetched rows that are asked for and not yet here: position ``pos``, depth ``d`` and parts of each.

        Rows come in the order fetched, or in that of the keys asked for and then of their own keys.
        """
        own = ", ".join(f"{layout.local(part)} AS p{part}" for part in range(len(layout.parts)))
        depth, join, order = "0::INTEGER", "", ["g.pos"]
        if asked is not None and asked.depth is not None:
            depth = f"{asked.depth}::INTEGER"
        elif asked is not None:
            depth, join = "a.d", f"JOIN asked a ON {equal('g.p', asked.parts, 'a.k', range(len(asked.parts)))}"
            if asked.ordered:
                order = ["a.place", *(f"g.p{part}" for part in layout.row)]
        known = "" if asked is not None and asked.new else self._unless_here(layout, "g")
        return self.table(
            f"SELECT g.*, {depth} AS d FROM (SELECT place AS pos{', ' * bool(own)}{own} FROM fetched) g {join} "
            f"{known} ORDER BY {', '.join(order)}",
            fetched=_values(layout, fetched),
            asked=None if asked is None else asked.keys,
        )

    def _unless_here(self, layout: Layout, rows: str) -> str:
        """An anti join that leaves out the rows that were taken before."""
        if not layout.row or not self.rows[layout.table.name]:
            return ""
        here = self.name(layout.table.name)
        return f"ANTI JOIN {here} s ON {equal(f'{rows}.p', layout.row, 's.p', layout.row)}"

    def choose(self, layout: Layout, candidates: pa.Table, asked: Asked, *, top: int | None) -> pa.Table:
        """Of the candidates (parts and rank) for the asked keys, at most ``top`` per key by rank, not yet here.

        The result asks for them by row: k0, k1 ... are the parts of ``layout.row``, in order of the asked keys.
        """
        own = [f"p{part}" for part in layout.row]
        order = ", ".join(["c.rank", *(f"c.{part}" for part in own)])
        limit = f"QUALIFY row_number() OVER (PARTITION BY a.place ORDER BY {order}) <= {top}" if top else ""
        keys = ", ".join(f"t.{part} AS k{n}" for n, part in enumerate(own))
        same = equal("c.p", asked.parts, "a.k", range(len(asked.parts)))
        return self.table(
            f"SELECT {keys}, t.d FROM (SELECT c.*, a.d, a.place AS place FROM candidates c "
            f"JOIN asked a ON {same} {limit}) t {self._unless_here(layout, 't')} "
            f"ORDER BY t.place, {', '.join(f't.{part}' for part in own)}",
            candidates=candidates,
            asked=asked.keys,
        )

    def candidates(self, layout: Layout, fetched: pa.Table, parts: Iterable[int], rank: Ranks) -> pa.Table:
        """Some parts of fetched rows (p0, p1 ...), in their order, with the rank of each."""
        own = ", ".join(f"{layout.local(part)} AS p{part}" for part in sorted(set(parts)))
        ranked = _values(layout, fetched).append_column("rank", pa.array(rank))
        return self.table(f"SELECT {own}, rank FROM fetched ORDER BY place", fetched=ranked)

    def hashable(self, layout: Layout, fetched: pa.Table) -> list[pa.Array]:
        """The row keys of fetched rows as a rank takes them: 64-bit integers, or strings."""
        casts: list[str] = []
        for part in layout.row:
            field = layout.fields.index(layout.names[part])
            kind = fetched.schema.field(layout.names[part]).type
            plain = pa.types.is_integer(kind) and kind != pa.uint64()
            casts.append(f"v{field}::{'BIGINT' if plain else 'VARCHAR'} AS k{len(casts)}")
        sql = f"SELECT {', '.join(casts)} FROM fetched ORDER BY place"
        return [column.combine_chunks() for column in self.table(sql, fetched=_values(layout, fetched)).columns]

    def add(self, layout: Layout, added: pa.Table) -> None:
        """Keep the parts of rows that were handed on, in that order."""
        if layout.stored:
            columns = ", ".join(f"p{part}" for part in range(len(layout.parts)))
            self.con.execute(f"INSERT INTO {self.name(layout.table.name)} SELECT {columns}, d FROM added")
        self.rows[layout.table.name] += added.num_rows


def positioned(rows: pa.Table) -> pa.Table:
    """The rows with a column that says where each stands."""
    return rows.append_column("place", pa.array(np.arange(rows.num_rows, dtype=np.int64)))


def _values(layout: Layout, fetched: pa.Table) -> pa.Table:
    fields = layout.fields
    return positioned(fetched.select(fields).rename_columns([f"v{n}" for n in range(len(fields))]))


def cast(rows: pa.Table, wanted: pa.Schema) -> pa.Table:
    """The columns under other names and types, where each holds the same values."""
    columns = []
    for column, field in zip(rows.columns, wanted, strict=True):
        ours = column.type
        if isinstance(ours, pa.ExtensionType) and ours != field.type:  # DuckDB's own, such as its boolean
            column = pa.chunked_array([chunk.storage for chunk in column.chunks], ours.storage_type)
        columns.append(column.cast(field.type))
    return pa.Table.from_arrays(columns, schema=wanted)


def equal(left: str, lefts: Iterable[int], right: str, rights: Iterable[int]) -> str:
    """SQL: the columns of one relation, by prefix and numbers, equal those of the other."""
    return " AND ".join(f"{left}{a} = {right}{b}" for a, b in zip(lefts, rights, strict=True))

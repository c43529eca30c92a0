"""An in-memory Dataset over Arrow tables: every Scan is one DuckDB query, so its SQL is DuckDB's dialect.

    data = ArrowDataset(schema, {TableName("", "users"): pa.table({"id": [1, 2]})})
    data.read(Scan(TableName("", "users"), where="id > 1")).read_all()

Rows come in the order of the tables unless a Scan asks for another.  A table without a key can use ``rowid`` as
its ``row_sql``.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Mapping

import duckdb
import pyarrow as pa

from understudy.errors import InputError
from understudy.interfaces import BATCH_ROWS, Scan
from understudy.schema import Schema, TableName

_CONNECTION = duckdb.connect(":memory:", config={"threads": 1, "arrow_lossless_conversion": True})
_NUMBERS = itertools.count()


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class ArrowDataset:
    """Tables that nobody named hold no rows; ``scans`` lists every Scan that was read."""

    def __init__(self, schema: Schema, tables: Mapping[TableName, pa.Table]) -> None:
        self._schema = schema
        self.scans: list[Scan] = []
        self._catalog = f"dataset{next(_NUMBERS)}"
        _CONNECTION.execute(f"ATTACH ':memory:' AS {self._catalog}")
        weakref.finalize(self, _CONNECTION.execute, f"DETACH {self._catalog}")
        for table in schema.tables:
            types = pa.schema([pa.field(column.name, column.arrow_type) for column in table.columns])
            rows = tables[table.name].cast(types) if table.name in tables else types.empty_table()
            _CONNECTION.execute(f"CREATE SCHEMA IF NOT EXISTS {self._catalog}.{quoted(table.name.namespace or 'main')}")
            _CONNECTION.register("rows", rows)
            _CONNECTION.execute(f"CREATE TABLE {self._name(table.name)} AS SELECT * FROM rows")
            _CONNECTION.unregister("rows")

    def schema(self) -> Schema:
        return self._schema

    @property
    def position(self) -> str:
        return "memory"

    def read(self, scan: Scan) -> pa.RecordBatchReader:
        """Safe from several threads: each scan has a cursor of its own."""
        self.scans.append(scan)
        con = _CONNECTION.cursor()
        if scan.keys is not None:
            con.register("keys", scan.keys)
        try:
            rows = con.sql(self.sql(scan)).to_arrow_table()
        except duckdb.Error as error:
            raise InputError(str(error)) from error
        fields = [(name, self._schema.table(scan.table).column(name).arrow_type) for name in self._columns(scan)]
        fields += [(name, rows.schema.field(name).type) for name, _ in scan.computed]
        con.close()
        return rows.cast(pa.schema(fields)).to_reader(max_chunksize=BATCH_ROWS)

    def sql(self, scan: Scan) -> str:
        computed = "".join(f", ({sql}\n) AS {quoted(name)}" for name, sql in scan.computed)
        where = f" WHERE ({scan.where}\n)" if scan.where else ""
        shown = ", ".join(quoted(name) for name in (*self._columns(scan), *(name for name, _ in scan.computed)))
        source = f"SELECT *, rowid AS rowid{computed}{self._compared(scan)} FROM {self._name(scan.table)}{where}"
        sql = f"SELECT {shown} FROM ({source}) t"
        if scan.keys is not None:
            same = " AND ".join(f't."={number}" = k."={number}"' for number in range(scan.keys.num_columns))
            sql += f" SEMI JOIN (SELECT *{self._compared(scan)} FROM keys) k ON {same}"
        if scan.top is not None:
            count, columns = scan.top
            per = ", ".join(f"t.{quoted(name)}" for name in columns)
            sql += f" QUALIFY row_number() OVER (PARTITION BY {per} ORDER BY {scan.order_by}\n) <= {count}"
        sql += f" ORDER BY {scan.order_by or 't.rowid'}\n"
        return sql + (f" LIMIT {scan.limit}" if scan.limit is not None else "")

    def _compared(self, scan: Scan) -> str:
        """What keys are compared by, on both sides: a column's own equality is that of its ``key_sql``."""
        columns = self._schema.table(scan.table).by_name
        names = scan.keys.column_names if scan.keys is not None else []
        own = [columns[name].key_sql if name in columns else "" for name in names]
        return "".join(
            f', {sql or quoted(name)} AS "={n}"' for n, (name, sql) in enumerate(zip(names, own, strict=True))
        )

    def validate(self, scan: Scan) -> None:
        self.read(Scan(scan.table, scan.columns, scan.computed, scan.where, order_by=scan.order_by, limit=0))

    def estimate(self, scan: Scan) -> tuple[int, int]:
        rows = self.read(scan).read_all()
        return rows.num_rows, rows.nbytes

    def _columns(self, scan: Scan) -> tuple[str, ...]:
        if scan.columns or scan.computed:
            return scan.columns
        return tuple(column.name for column in self._schema.table(scan.table).stored)

    def _name(self, table: TableName) -> str:
        return f"{self._catalog}.{quoted(table.namespace or 'main')}.{quoted(table.name)}"

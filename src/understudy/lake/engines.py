"""How engines open a branch that ``understudy lake serve`` serves: text to paste."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from understudy.errors import unknown
from understudy.lake.nouns import MAIN

PROD = "prod"
"""What engines call main where they need a name for it: to DuckDB ``main`` is a word of its own."""

_RESERVED = ("main", "temp", "system", "memory")


@dataclass(frozen=True)
class Target:
    """A branch of a served lake, and a table to begin with."""

    uri: str
    ref: str
    token: str = ""
    table: str = "shop.orders"

    @property
    def name(self) -> str:
        """What the engine will call the branch."""
        name = re.sub(r"\W", "_", self.ref.lower())
        if name == MAIN:
            return PROD
        return f"branch_{name}" if name in (*_RESERVED, PROD) or name[0].isdigit() else name

    @property
    def refs(self) -> Mapping[str, str]:
        """The branch and, to compare it with, main, by the names that the engine will have for them."""
        return {self.name: self.ref} | ({} if self.ref == MAIN else {PROD: MAIN})


def duckdb(target: Target) -> str:
    """DuckDB 1.5."""
    access = "SECRET lake" if target.token else "AUTHORIZATION_TYPE 'none'"
    secret = [f"CREATE SECRET lake (TYPE iceberg, TOKEN {_sql(target.token)});"] if target.token else []
    attached = [
        f"ATTACH {_sql(ref)} AS {name} (TYPE iceberg, ENDPOINT {_sql(target.uri)}, {access});"
        for name, ref in target.refs.items()
    ]
    return _lines(
        "INSTALL httpfs; INSTALL avro; INSTALL iceberg;",
        "LOAD httpfs; LOAD avro; LOAD iceberg;",
        *secret,
        *attached,
        f"SELECT * FROM {target.name}.{target.table};",
    )


def pyiceberg(target: Target) -> str:
    """PyIceberg."""
    return _lines(*_catalog(target), "print(table.scan().to_arrow())")


def polars(target: Target) -> str:
    """Polars."""
    return _lines("import polars as pl", *_catalog(target), "print(pl.scan_iceberg(table).collect())")


def daft(target: Target) -> str:
    """Daft."""
    return _lines("import daft", *_catalog(target), "daft.read_iceberg(table).show()")


def _catalog(target: Target) -> list[str]:
    told = {"type": "rest", "uri": target.uri, "warehouse": target.ref} | (
        {"token": target.token} if target.token else {}
    )
    given = ", ".join(f"{name}={value!r}" for name, value in told.items())
    return [
        "from pyiceberg.catalog import load_catalog",
        "",
        f"catalog = load_catalog({target.name!r}, {given})",
        f"table = catalog.load_table({target.table!r})",
    ]


def sail(target: Target) -> str:
    """Sail: Spark SQL without a JVM."""
    access = f', bearer_access_token="{target.token}"' if target.token else ""
    catalogs = ", ".join(
        f'{{name="{name}", type="iceberg-rest", uri="{target.uri}", warehouse="{ref}"{access}}}'
        for name, ref in target.refs.items()
    )
    return _lines(
        "import os",
        "",
        f"os.environ['SAIL_CATALOG__LIST'] = '[{catalogs}]'",
        f"os.environ['SAIL_CATALOG__DEFAULT_CATALOG'] = {target.name!r}",
        "from pysail.spark import SparkConnectServer",
        "from pyspark.sql import SparkSession",
        "",
        "server = SparkConnectServer(port=0)",
        "server.start(background=True)",
        "host, port = server.listening_address",
        "spark = SparkSession.builder.remote(f'sc://{host}:{port}').getOrCreate()",
        f"spark.sql('SELECT * FROM {target.name}.{target.table}').show()",
    )


def spark(target: Target) -> str:
    """Spark with Iceberg's runtime."""
    settings = ["spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"]
    for name, ref in target.refs.items():
        catalog = f"spark.sql.catalog.{name}"
        settings += [
            f"{catalog}=org.apache.iceberg.spark.SparkCatalog",
            f"{catalog}.type=rest",
            f"{catalog}.uri={target.uri}",
            f"{catalog}.warehouse={ref}",
            *([f"{catalog}.token={target.token}"] if target.token else []),
        ]
    return _lines(
        *_untested("#"),
        " \\\n  ".join(
            [
                "spark-sql --packages org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.9.2",
                *(f"--conf {setting}" for setting in settings),
                f"-e 'SELECT * FROM {target.name}.{target.table}'",
            ]
        ),
    )


def trino(target: Target) -> str:
    """Trino."""
    access = ["iceberg.rest-catalog.security=OAUTH2", f"iceberg.rest-catalog.oauth2.token={target.token}"]
    return _lines(
        *_untested("#"),
        f"# etc/catalog/{target.name}.properties",
        "connector.name=iceberg",
        "iceberg.catalog.type=rest",
        f"iceberg.rest-catalog.uri={target.uri}",
        f"iceberg.rest-catalog.warehouse={target.ref}",
        *(access if target.token else []),
        "# and where the warehouse is: fs.native-s3.enabled=true with s3.region, or fs.hadoop.enabled=true",
    )


def _untested(mark: str) -> list[str]:
    return [f"{mark} Written from the engine's documentation: Understudy's own tests do not run it."]


def _sql(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _lines(*lines: str) -> str:
    return "\n".join(lines) + "\n"


ENGINES: Mapping[str, Callable[[Target], str]] = {
    "daft": lambda target: _lines(*_untested("#")) + daft(target),
    "duckdb": duckdb,
    "polars": polars,
    "pyiceberg": pyiceberg,
    "sail": sail,
    "spark": spark,
    "trino": trino,
}
"""The engines there is a text for."""


def snippet(engine: str, uri: str, ref: str, *, token: str = "", table: str = "shop.orders") -> str:
    """What to type or to configure so that an engine opens a branch of the lake served at a URI."""
    if engine not in ENGINES:
        raise unknown("engine", engine, ENGINES)
    return ENGINES[engine](Target(uri.rstrip("/"), ref, token, table))

"""Loads one of the real databases of ../shared/data into a server, by the script that stands beside them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from understudy.connections.postgres.server import binary

DATABASES = (
    *("pagila", "chinook", "northwind", "sakila", "employees", "world", "french_towns", "club"),
    *("osm", "coder", "danbooru", "metabase", "documenso", "cratesio"),
)


def load_real(name: str, folder: Path, server_url: str, prefix: str) -> str:
    """Create and fill ``<prefix><name>`` on the server; returns what the script said."""
    parts = urlsplit(server_url)
    query = parse_qs(parts.query)
    environment = {
        **os.environ,
        "PATH": f"{binary('psql', at_least=13).parent}:{os.environ['PATH']}",
        "PGHOST": query.get("host", [parts.hostname or ""])[0],
        "PGPORT": str(parts.port or query.get("port", ["5432"])[0]),
        "PGUSER": unquote(parts.username or "postgres"),
        "X": prefix,
    }
    if parts.password:
        environment["PGPASSWORD"] = unquote(parts.password)
    script = folder / "load_postgres.sh"
    done = subprocess.run(["bash", script, name], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()

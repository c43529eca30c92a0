"""What a stranger learns from a masked copy, measured: the numbers of ``docs/what-masking-keeps.md``.

The stranger holds a whole masked copy of the booking platform and knows the true rows of every user, which is more
than strangers know; a column ``truth``, which they do not see, tells whether a guess was right.  Every attack is
tried on two copies: under the demo's own rules, and under rules that draw names by the person and move dates.

    python -m benchmarks.attacks --rows 200000
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import duckdb
import psycopg
from ruamel.yaml import YAML

from understudy import jobs
from understudy.connections import connect
from understudy.connections.postgres.server import THROW_AWAY, Server
from understudy.demo.bookings import create
from understudy.interfaces import Scan
from understudy.schema import TableName
from understudy.transforms import Key

USERS, BOOKINGS, SESSIONS = (TableName("public", name) for name in ("users", "bookings", "sessions"))
KNOWN = "truth id first_name last_name email gender age language country city birth_date date_account_created "
KNOWN += "timestamp_first_active date_first_booking signup_method first_browser first_device_type"

BY_VALUE: Mapping[str, object] = {
    "users.first_name": "first_name",
    "users.last_name": "last_name",
    "users.city": "city",
}
"""What the first copy does otherwise than the demo, which draws these by the person."""

MOVED: Mapping[str, object] = {
    "users.date_account_created": {"shift_days": 60, "per": "id"},
    "users.timestamp_first_active": {"shift_days": 60, "per": "id"},
    "users.date_first_booking": {"shift_days": 60, "per": "id"},
}
"""What the second copy does otherwise than the demo, which keeps these dates."""

BY_FREQUENCY = """
    WITH was_ranks AS (SELECT {0} AS v, row_number() OVER (ORDER BY count(*) DESC, {0}) AS r FROM was GROUP BY {0}),
         made_ranks AS (SELECT {0} AS v, row_number() OVER (ORDER BY count(*) DESC, {0}) AS r FROM made GROUP BY {0})
    SELECT avg(coalesce(w.v = was.{0}, false)::int) FROM made JOIN was USING (truth)
    JOIN made_ranks m ON m.v = made.{0} LEFT JOIN was_ranks w USING (r)"""

BY_LINKAGE = """
    WITH a AS (SELECT {0}, min(truth) AS truth FROM was GROUP BY ALL HAVING count(*) = 1),
         b AS (SELECT {0}, min(truth) AS truth FROM made GROUP BY ALL HAVING count(*) = 1)
    SELECT count(*) FILTER (WHERE a.truth = b.truth) / (SELECT count(*) FROM was) FROM a JOIN b USING ({0})"""

BY_BIRTH = """
    SELECT coalesce(sum(1.0 / candidates), 0) / (SELECT count(*) FROM was) FROM (
        SELECT was.truth, count(*) AS candidates FROM was JOIN made
        ON was.gender = made.gender AND was.country = made.country AND abs(was.birth_date - made.birth_date) <= 180
        GROUP BY was.truth)"""

BY_TRACES = """
    WITH a AS (SELECT id, count(*) AS n FROM was_{0} GROUP BY id),
         b AS (SELECT id, count(*) AS n FROM made_{0} GROUP BY id),
         x AS (SELECT n, min(truth) AS truth FROM a JOIN was USING (id) GROUP BY n HAVING count(*) = 1),
         y AS (SELECT n, min(truth) AS truth FROM b JOIN made USING (id) GROUP BY n HAVING count(*) = 1)
    SELECT count(*) FILTER (WHERE x.truth = y.truth) / (SELECT count(*) FROM was) FROM x JOIN y USING (n)"""

ATTACKS: Mapping[str, str] = {
    "frequency: the n-th most common first name is the n-th most common stand-in": BY_FREQUENCY.format("first_name"),
    "frequency: the same with cities": BY_FREQUENCY.format("city"),
    "linkage: birth date, gender and country, dates taken as they are": BY_LINKAGE.format(
        "birth_date, gender, country"
    ),
    "linkage: birth date within 180 days, gender and country": BY_BIRTH,
    "linkage: gender, language, browser, device and way of signing up": BY_LINKAGE.format(
        "gender, language, first_browser, first_device_type, signup_method"
    ),
    "linkage: the moment of the first visit": BY_LINKAGE.format("timestamp_first_active"),
    "traces: how many sessions a user has": BY_TRACES.format("sessions"),
    "equality: e-mail addresses that stayed": (
        "SELECT count(*) / (SELECT count(*) FROM was) FROM was SEMI JOIN made USING (email)"
    ),
}
"""Each gives the share of users of whom the stranger then knows the name (or, of frequencies, the value)."""


def copy(server: Server, source: str, folder: Path, rules: Mapping[str, object]) -> str:
    """A whole masked copy under the demo's rules with some replaced; its URL."""
    yaml = YAML()
    spec = yaml.load(files("understudy.demo").joinpath("job.yaml").read_text(encoding="utf-8"))
    spec["subset"] = {"virtual": spec["subset"]["virtual"]}
    spec["columns"] |= {"users.truth": "keep", **rules}
    made = server.create(folder.name)
    os.environ |= {"SOURCE_URL": source, "DEV_URL": made, "UNDERSTUDY_KEY": Key.new()}
    folder.mkdir()
    with (folder / "job.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(spec, file)
    finished = jobs.run(folder / "job.yaml", progress=lambda *_: None)
    assert finished.report.passed, finished.summary()
    return made


def attack(source: str, made: str) -> dict[str, float]:
    """The success of every attack, as a share of all users."""
    with duckdb.connect() as connection:
        for name, url in (("was", source), ("made", made)):
            database = connect(url)
            connection.register(name, database.read(Scan(USERS, tuple(KNOWN.split()))).read_all())
            sessions = database.read(Scan(SESSIONS, ("user_id",))).read_all().rename_columns(["id"])
            connection.register(f"{name}_sessions", sessions)
        return {title: float((connection.execute(sql).fetchone() or (0,))[0] or 0) for title, sql in ATTACKS.items()}


def main() -> dict[str, list[float]]:
    """Measure and print; returns the shares in both copies."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Server.start(Path(name) / "postgres", options=THROW_AWAY) as server:
        source = server.create("source")
        create(source, rows=options.rows)
        with psycopg.connect(source, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")  # the audit log need not hear of this
            connection.execute("ALTER TABLE users ADD COLUMN truth bigint")
            numbered = "SELECT id, row_number() OVER (ORDER BY account_no) AS n FROM users"
            connection.execute(f"UPDATE users SET truth = n FROM ({numbered}) AS numbered WHERE numbered.id = users.id")
            users = (connection.execute("SELECT count(*) FROM users").fetchone() or (0,))[0]
        copies = [copy(server, source, Path(name) / title, rules) for title, rules in _COPIES.items()]
        found = [attack(source, made) for made in copies]
    print(f"{users:,} users; share of them found{'':<48}{'':>10}".rstrip())
    print(f"{'':<78}" + "".join(f"{title:>10}" for title in _COPIES))
    for title in ATTACKS:
        print(f"{title:<78}" + "".join(f"{shares[title]:>10.2%}" for shares in found))
    return {title: [shares[title] for shares in found] for title in ATTACKS}


_COPIES: Mapping[str, Mapping[str, object]] = {"by value": BY_VALUE, "by person": MOVED}


if __name__ == "__main__":
    main()

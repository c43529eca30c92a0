"""The generated booking platform: a PostgreSQL database like one in production, a million rows in seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import resources

import numpy as np
import psycopg
import pyarrow as pa

from understudy.arrow import prefetch
from understudy.connections.postgres import catalog, session
from understudy.connections.postgres.copy import copy_rows
from understudy.connections.postgres.sql import qualified
from understudy.demo import draw, homes, people, stays, traces, words
from understudy.demo.draw import DAY, Ints
from understudy.demo.stays import Platform
from understudy.errors import InputError
from understudy.interfaces import BATCH_ROWS

FEWEST_ROWS = 1_000
"""With fewer there is not something in every table."""


def create(url: str, *, rows: int = 1_000_000, seed: int = 7) -> dict[str, int]:
    """Create the booking platform in an empty database and fill it; returns the rows of every table.

    There are ``rows`` rows over all tables.  The same seed and number give the same rows.  All is one
    transaction: on an error the database stays empty.  Raises an InputError where it holds tables already.
    """
    if rows < FEWEST_ROWS:
        raise InputError(f"the booking platform has at least {FEWEST_ROWS:,} rows, not {rows:,}")
    with session.connect(url) as connection, connection.transaction():
        _refuse_tables(connection)
        _run(connection, "schema.sql")
        counts = _fill(connection, generate(rows, seed))
        _run(connection, "constraints.sql")
    return counts


def _refuse_tables(connection: psycopg.Connection) -> None:
    query = "select count(*) from pg_catalog.pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
    found = connection.execute(query).fetchone()
    if found and found[0]:
        hint = "give an empty one: `createdb bookings` makes it"
        raise InputError(f"the database holds {found[0]} tables already", hint=hint)


def _run(connection: psycopg.Connection, script: str) -> None:
    """Run one of the SQL files beside this one."""
    connection.execute("set local search_path to public")
    connection.execute(resources.files(__package__).joinpath(script).read_bytes())


def _fill(connection: psycopg.Connection, tables: Iterable[tuple[str, pa.Table]]) -> dict[str, int]:
    """Copy rows into tables that exist, while the next ones are drawn."""
    connection.execute("set local search_path to ''")
    schema = catalog.read(connection).schema
    counts = {}
    for name, rows in prefetch(tables):
        table = schema.find(name)
        batches = rows.combine_chunks().to_batches(max_chunksize=BATCH_ROWS)
        into, freeze = qualified(table.name), not table.partitions
        counts[name] = copy_rows(connection, into, table.stored, batches, freeze=freeze)
    return counts


def generate(rows: int, seed: int) -> Iterator[tuple[str, pa.Table]]:
    """Every table with its rows, in no order that foreign keys ask for; the clicks fill up to ``rows``."""
    platform = _platform(rows, seed)
    left = rows
    for name, table in _tables(platform, rows):
        left -= table.num_rows
        yield name, table
    yield "sessions", traces.sessions_table(seed, platform.everyone, size=left)


def _platform(rows: int, seed: int) -> Platform:
    everyone = people.people(seed, rows // 20)
    home = homes.homes(seed, everyone, hosts=max(20, rows * 35 // 10_000), listings=max(30, rows * 6 // 1000))
    return Platform(seed, everyone, home, stays.stays(seed, everyone, home=home, size=rows * 6 // 100))


def _tables(of: Platform, rows: int) -> Iterator[tuple[str, pa.Table]]:
    seed, everyone, home = of.seed, of.everyone, of.home
    yield from _lookups()
    listed, since, joined, first_booking = _beginnings(of)
    yield "users", people.users(seed, everyone, created=joined, first_booking=first_booking)
    yield "hosts", homes.hosts_table(seed, everyone, home=home, since=since)
    yield "listings", homes.listings_table(seed, everyone, home=home, created=listed)
    night = stays.sell(of, calendar=rows * 24 // 100)
    yield "listing_calendar", stays.calendar_table(of, night)
    yield "bookings", stays.bookings_table(of)
    yield "booking_nights", stays.nights_table(of, night)
    yield "payments", stays.payments_table(of)
    yield "reviews", stays.reviews_table(of)
    yield "billing.invoices", stays.invoices_table(of)
    yield "messages", traces.messages_table(of, size=rows * 11 // 100)
    yield "attachments", traces.attachments_table(of, size=rows * 3 // 100)
    yield "audit_log", traces.audit_table(seed, everyone, size=rows * 15 // 1000)


def _lookups() -> Iterator[tuple[str, pa.Table]]:
    """The small tables that everything points at."""
    code, name, symbol, rate = (list(column) for column in zip(*words.CURRENCIES, strict=True))
    per_euro = pa.array(rate).cast(pa.decimal128(12, 6))
    yield "currencies", pa.table({"code": code, "name": name, "symbol": symbol, "per_euro": per_euro})
    columns = {"code": "code", "name": "name", "dial_code": "dial", "currency": "currency", "language": "language"}
    yield "countries", pa.table({to: [getattr(c, of) for c in words.COUNTRIES] for to, of in columns.items()})
    policy, refund, days = (list(column) for column in zip(*words.POLICIES, strict=True))
    small = pa.int16()
    yield (
        "cancellation_policies",
        pa.table(
            {
                "id": pa.array(range(1, len(policy) + 1), small),
                "name": policy,
                "refund_percent": pa.array(refund, small),
                "days_before": pa.array(days, small),
            }
        ),
    )


def _beginnings(of: Platform) -> tuple[Ints, Ints, Ints, Ints]:
    """When listings were made, hosts began, people joined and first booked (0: never): each before the next."""
    home, stay = of.home, of.stay
    listed = people.joined(of.seed + 1, home.size)
    np.minimum.at(listed, stay.listing, stay.created - 20 * DAY)
    since = np.full(len(home.host_user), people.TODAY)
    np.minimum.at(since, home.host, listed // DAY - 3)
    never = np.iinfo(np.int64).max
    first = np.full(of.everyone.size, never)
    np.minimum.at(first, stay.guest, stay.created)
    joined = people.joined(of.seed, of.everyone.size)
    hurried = draw.stream(of.seed, "hurried").exponential(5 * DAY, len(joined)).astype(np.int64)
    joined = np.minimum(joined, np.where(first == never, never, first - hurried))
    np.minimum.at(joined, home.host_user, since * DAY - DAY)
    return listed, since, joined, np.where(first == never, 0, first)

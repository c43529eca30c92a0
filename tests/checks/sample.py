"""Reports to look at: a small shop and a large generated schema."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from understudy.checks.report import ColumnReport, EdgeReport, Report, StepReport, TableReport
from understudy.interfaces import Result

JOB = """\
source: ${SOURCE_URL}
key: ${UNDERSTUDY_KEY}
subset:
  targets:
    - {table: users, where: "country = 'DE'", percent: 5}
  follow:
    messages.sender_id: false
columns:
  users.id: key
  users.email: email
  users.full_name: {fake: full_name, locale: from country}
  users.notes: redact
load:
  - {to: "${DEV_URL}", mode: replace}
"""


def small(**changes: Any) -> Report:
    """A booking platform whose run passed."""
    columns = {
        "users": (
            ColumnReport("id", "bigint", "key", 4210, 0, 0),
            ColumnReport("email", "citext", "email", 4210, 0, 0),
            ColumnReport("full_name", "text", "fake(full_name)", 4188, 0, 22, "names are drawn from a list"),
            ColumnReport("country", "char(2)", "keep"),
            ColumnReport("notes", "text", "redact", 311, 3899, 0),
        ),
        "bookings": (
            ColumnReport("id", "bigint", "key", 18344, 0, 0),
            ColumnReport("user_id", "bigint", "key", 18344, 0, 0),
            ColumnReport("listing_id", "bigint", "key", 18344, 0, 0),
            ColumnReport("price", "numeric(10,2)", "noise(0.1)", 18101, 0, 243),
            ColumnReport("status", "booking_status", "keep"),
        ),
    }
    tables = (
        TableReport(
            "users", 84_200, 4210, 4210, 0, 3100, 1110, 812_000, "target: country = 'DE', 5 %", columns["users"]
        ),
        TableReport("hosts", 9_100, 2204, 2204, 0, 0, 2204, 301_000, "a host of a listing that was kept"),
        TableReport("listings", 31_000, 6020, 6020, 0, 0, 6020, 2_410_000, "booked by a kept user"),
        TableReport(
            "bookings", 402_000, 18344, 18344, 0, 18344, 0, 3_900_000, "made by a kept user", columns["bookings"]
        ),
        TableReport("payments", 400_100, 18102, 18099, 3, 18099, 0, 2_100_000, "pays for a kept booking"),
        TableReport("reviews", 120_400, 5021, 5021, 0, 5021, 0, 1_800_000, "of a kept booking"),
        TableReport("messages", 2_100_000, 0, 0, 0, 0, 0, 0, "not followed: messages.sender_id"),
        TableReport("currencies", 170, 170, 170, 0, 0, 170, 9_000, "small lookup table, taken whole"),
        TableReport("audit_log", 5_400_000, 0, 0, 0, 0, 0, 0, "no target reaches it"),
    )
    edges = (
        EdgeReport("users.referred_by", "users", "users", "followed", "a kept row points at it", 240),
        EdgeReport("listings.host_id", "listings", "hosts", "followed", "a kept row points at it", 2204),
        EdgeReport("hosts.best_listing_id", "hosts", "listings", "nulled", "set to null by the job", 0),
        EdgeReport("bookings.user_id", "bookings", "users", "followed", "children of a target", 18344),
        EdgeReport("bookings.listing_id", "bookings", "listings", "followed", "a kept row points at it", 6020),
        EdgeReport("payments.booking_id", "payments", "bookings", "followed", "children of kept rows", 18099),
        EdgeReport("payments.currency", "payments", "currencies", "followed", "a kept row points at it", 0),
        EdgeReport("reviews.booking_id", "reviews", "bookings", "followed", "children of kept rows", 5021),
        EdgeReport("messages.sender_id", "messages", "users", "not followed", "the job says so", 0),
        EdgeReport("messages.booking_id", "messages", "bookings", "not followed", "messages is not taken", 0),
    )
    results = (
        *(
            Result("foreign_keys", edge.id, "pass", 0, 0, f"{edge.rows:,} rows, each with its row of {edge.parent}")
            for edge in edges
        ),
        *(Result("unique", f"{table.name} (id)", "pass", 0, 0, "the primary key") for table in tables),
        Result(
            "unique",
            "users [users_lower_email_idx]",
            "note",
            None,
            None,
            "over an expression: enforced by the destination",
        ),
        *(Result("not_null", table.name, "pass", 0, 0, "4 columns") for table in tables),
        Result("lengths", "users", "pass", 0, 0, "2 columns"),
        Result("constraints", "bookings [price_positive]", "pass", 0, 0, "CHECK (price > 0)"),
        *(
            Result(
                "accounting",
                t.name,
                "pass",
                t.kept,
                t.kept,
                f"{t.kept:,} rows = {t.read:,} read - {t.dropped:,} dropped - 0 read twice",
            )
            for t in tables
        ),
        Result("leaks", "users.full_name", "note", 22, None, "22 of 4,210 values came out as they went in"),
        Result("leaks", "users.email", "pass", 0, 0, "4,210 originals looked for in 38 columns"),
    )
    steps = (
        StepReport("plan", 0.21),
        StepReport("extract", 2.84, 54_070),
        StepReport("check", 0.66, 54_067),
        StepReport("publish", 0.09),
        StepReport("load", 1.12, 54_067),
    )
    report = Report(
        run="20260301T081502-3fa2",
        job="nightly",
        job_text=JOB,
        started="2026-03-01T08:15:02+00:00",
        seconds=4.92,
        source="postgresql://db.example.com:5432/platform",
        position="0/1A2B3C48",
        engine="PostgreSQL 16.4",
        destination="postgresql://dev.example.com:5432/platform_dev",
        key_id="k-7f3a91c2",
        code="0.1.0 (ad8a3e9)",
        tables=tables,
        edges=edges,
        results=results,
        steps=steps,
        notes=("the publication `events` is not carried over",),
    )
    return replace(report, **changes)


def failed() -> Report:
    """The same with a planted leak, an orphan and a check that could not run."""
    bad = (
        Result("leaks", "reviews.body", "fail", 3, 0, "holds 3 original values of users.email (4 times)"),
        Result(
            "foreign_keys",
            "payments.booking_id",
            "fail",
            12,
            0,
            "12 of 18,099 rows point at a row of bookings that is not there",
        ),
        Result(
            "constraints",
            "the check itself",
            "error",
            None,
            None,
            "could not run: the source cannot evaluate its CHECK constraints",
        ),
    )
    report = small()
    return replace(report, results=report.results + bad)


def large(tables: int = 120, edges: int = 150) -> Report:
    """A generated schema: a few hubs with many children, chains, a cycle, lone tables."""
    dice = random.Random(11)
    subjects = (
        "account billing catalog chat device event file group invoice job key license member notify order".split()
    )
    parts = "log item link tag role setting history token detail state batch policy note draft share".split()
    names = [
        f"{subjects[number % 15]}_{parts[(number // 15 + number) % 15]}" + ("s" if number < 90 else f"_{number}")
        for number in range(tables)
    ]
    names = list(dict.fromkeys(names))
    linked = names[: int(len(names) * 0.86)]
    made: list[EdgeReport] = []
    for number, name in enumerate(linked[1:], start=1):
        hub = linked[min(int(dice.expovariate(0.25)), number - 1)]
        made.append(
            EdgeReport(f"{name}.{hub}_id", name, hub, "followed", "a kept row points at it", dice.randrange(50_000))
        )
    while len(made) < edges:
        child, parent = dice.sample(linked, 2)
        policy = dice.choice(["followed", "followed", "nulled", "not followed"])
        made.append(
            EdgeReport(f"{child}.{parent}_ref", child, parent, policy, "declared in the job", dice.randrange(900))
        )
    reports = []
    for name in names:
        rows = int(10 ** dice.uniform(1, 7))
        kept = int(rows * dice.uniform(0, 0.2)) if name in linked else 0
        columns = tuple(
            ColumnReport(column, kind, rule, None if rule == "keep" else kept, 0, 0)
            for column, kind, rule in (
                ("id", "bigint", "key"),
                ("name", "text", "full_name"),
                ("created_at", "timestamptz", "keep"),
            )
        )
        reports.append(
            TableReport(
                name, rows, kept, kept, 0, kept // 2, kept - kept // 2, kept * 120, "reached from account_logs", columns
            )
        )
    results = tuple(
        Result("foreign_keys", edge.id, "pass", 0, 0, f"{edge.rows:,} rows, each with its row of {edge.parent}")
        for edge in made
    ) + tuple(Result("unique", f"{name} (id)", "pass", 0, 0, "the primary key") for name in names)
    return small(tables=tuple(reports), edges=tuple(made), results=results, seconds=184.2)

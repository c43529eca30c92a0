"""A run killed at any moment leaves the destination as it was, or complete; the next run succeeds."""

import random
import signal
import time

import pytest

TABLES = ("users", "orders", "lines", "notes", "countries")


@pytest.fixture
def bigger(shop):
    """Enough rows that a run can be killed in its midst."""
    shop.execute(
        """
        alter table users disable trigger users_audit;
        insert into users (email, name, country)
          select 'u' || n || '@mail.test', 'U ' || n, 'DE' from generate_series(5, 20000) n;
        insert into orders (user_id, total) select 5 + n % 19990, n % 100 from generate_series(1, 60000) n;
        alter table users enable trigger users_audit
        """,
        source=True,
    )
    shop.job(load="load: [{to: '${DEV_URL}', mode: replace}]")
    return shop


def state(shop):
    present = shop.query("select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace")
    names = sorted(name for (name,) in present)
    return {name: shop.query(f"select count(*), sum(hashtext(t::text)) from {name} t") for name in names}


def test_a_killed_run_leaves_the_destination_unchanged_or_complete(bigger):
    empty = state(bigger)
    assert bigger.cli("run", "job.yaml").code == 0
    complete = state(bigger)
    assert complete["users"] != empty.get("users")
    bigger.execute("truncate users, orders, lines, notes, countries, audit")
    before = state(bigger)
    started = time.monotonic()
    assert bigger.cli("run", "job.yaml", "--no-load").code == 0
    took = time.monotonic() - started
    moments = random.Random(7)
    for _ in range(6):
        process = bigger.start("run", "job.yaml")
        time.sleep(moments.uniform(0.1, 1.4) * took)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        after = state(bigger)
        assert after in (before, complete)
        if after == complete:
            bigger.execute("truncate users, orders, lines, notes, countries, audit")
    assert bigger.cli("run", "job.yaml").code == 0
    assert state(bigger) == complete
    assert not list(bigger.folder.glob(".understudy/runs/*/*.partial"))

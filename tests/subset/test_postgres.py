"""The closure of a real PostgreSQL database equals the oracle's; ``benchmarks/closure_fuzz.py`` runs many more."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from subset import laws
from subset.postgres import comparable, in_postgres
from subset.worlds import make


def test_a_closure_over_postgres_equals_the_oracle(database: Callable[..., str]) -> None:
    url = database()
    cases = filter(comparable, (make(Random(seed)) for seed in range(7_000, 7_020)))
    for case in cases:
        with in_postgres(case, url) as (found, snapshot):
            laws.check(found, snapshot)

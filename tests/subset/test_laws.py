"""The laws of a closure on random schemas: it equals the oracle, whatever the batch size and the number of workers."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from subset import laws
from subset.worlds import make


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_a_closure_equals_the_oracle(random: Random) -> None:
    laws.check(make(random))


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_why_leads_from_a_row_back_to_where_it_came_from(random: Random) -> None:
    laws.check_why(make(random), random)

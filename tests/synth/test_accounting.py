"""What privacy costs, beside published numbers and another way to sum."""

from __future__ import annotations

import math

import numpy as np
import pytest

from understudy.errors import InputError
from understudy.synth.privacy.accounting import ORDERS, concentrated, epsilon_of, gaussian, noise_for


def by_binomials(noise: float, sampled: float, order: int) -> float:
    """The divergence at a whole order as a finite sum (Mironov, Talwar and Zhang, 2019, section 3.3)."""
    terms = [
        math.lgamma(order + 1)
        - math.lgamma(k + 1)
        - math.lgamma(order - k + 1)
        + (order - k) * math.log1p(-sampled)
        + k * math.log(sampled)
        + (k * k - k) / (2 * noise**2)
        for k in range(order + 1)
    ]
    return float(np.logaddexp.reduce(terms)) / (order - 1)


@pytest.mark.parametrize(("noise", "sampled"), [(0.7, 0.03), (1.1, 256 / 60_000), (4.0, 0.01), (5.0, 0.5)])
def test_divergences_at_whole_orders_are_the_finite_sum(noise: float, sampled: float) -> None:
    whole = np.array([2.0, 3, 5, 8, 17, 40])

    found = gaussian(noise, sampled=sampled, orders=whole)

    assert found == pytest.approx([by_binomials(noise, sampled, int(order)) for order in whole], rel=1e-6)


@pytest.mark.parametrize(
    ("sampled", "noise", "steps", "epsilon"),
    [  # opacus 1.6.0, compute_rdp and get_privacy_spent at these orders, delta 1e-5
        (256 / 60_000, 1.1, 14_062, 2.596555868),
        (0.01, 4.0, 10_000, 1.035490066),
        (0.125, 2.0, 300, 5.870157626),
        (0.03, 0.7, 1_000, 15.353312227),
        (0.5, 5.0, 100, 4.862240845),
    ],
)
def test_epsilons_are_those_of_another_accountant(sampled: float, noise: float, steps: int, epsilon: float) -> None:
    assert epsilon_of(gaussian(noise, times=steps, sampled=sampled), 1e-5) == pytest.approx(epsilon, rel=1e-6)


def test_the_first_paper_on_noisy_gradients_is_met() -> None:
    # Abadi and others (2016), section 5, at delta 1e-5 and by the older bound
    spent = gaussian(4.0, times=10_000, sampled=0.01)

    assert min(spent + math.log(1e5) / (ORDERS - 1)) == pytest.approx(1.26, abs=0.005)
    assert epsilon_of(spent, 1e-5) < 1.26


def test_parts_add_up_at_every_order_and_to_less_than_the_sum_of_their_epsilons() -> None:
    one, other = gaussian(3.0, times=7), gaussian(1.0, times=100, sampled=0.02)

    together = epsilon_of(one + other, 1e-6)

    assert gaussian(3.0, times=7) == pytest.approx(7 * gaussian(3.0))
    assert max(epsilon_of(one, 1e-6), epsilon_of(other, 1e-6)) < together
    assert together < epsilon_of(one, 1e-6) + epsilon_of(other, 1e-6)


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 3.0, 10.0])
def test_the_noise_for_a_budget_spends_all_of_it_and_no_more(epsilon: float) -> None:
    besides = gaussian(30.0, times=10)

    noise = noise_for(epsilon, 1e-6, times=500, sampled=0.05, besides=besides)

    spent = epsilon_of(besides + gaussian(noise, times=500, sampled=0.05), 1e-6)
    assert 0.995 * epsilon < spent <= epsilon
    assert epsilon_of(concentrated(epsilon, 1e-6) * ORDERS, 1e-6) <= epsilon


def test_a_budget_that_is_spent_already_is_refused() -> None:
    with pytest.raises(InputError, match="leave nothing"):
        noise_for(1.0, 1e-6, times=1, sampled=0.1, besides=gaussian(0.5))
    with pytest.raises(InputError, match="no privacy"):
        gaussian(0.0)

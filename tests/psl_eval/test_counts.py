"""Counts of events with probabilities of their own, against all their outcomes one by one."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.stats

from psl_eval.statistics.counts import poisson_binomial_p


@pytest.mark.parametrize("count", range(5))
def test_the_p_value_is_twice_the_smaller_tail(count: int) -> None:
    chances = [0.1, 0.5, 0.3, 1.0]
    weights = np.zeros(5)
    for outcome in itertools.product((False, True), repeat=4):
        weights[sum(outcome)] += math.prod(
            chance if came else 1 - chance for came, chance in zip(outcome, chances, strict=True)
        )
    expected = min(2 * min(weights[: count + 1].sum(), weights[count:].sum()), 1.0)
    assert poisson_binomial_p(count, chances) == pytest.approx(expected)


def test_equal_chances_are_binomial() -> None:
    assert poisson_binomial_p(30, [0.1] * 100) == pytest.approx(2 * scipy.stats.binom.sf(29, 100, 0.1), rel=1e-9)


def test_no_event_has_no_p_value() -> None:
    assert np.isnan(poisson_binomial_p(0, []))

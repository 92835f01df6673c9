"""Counts of events: how many come about by chance, and which share they are of."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.stats

from psl_eval.statistics.resampling import LEVEL, Interval


def poisson_binomial_p(count: int, chances: npt.ArrayLike) -> float:
    """Two-sided p-value of so many events: twice the smaller tail of the Poisson binomial distribution, at most 1.

    Exact, of n events in time n^2. NaN of none.

    Parameters
    ----------
    count : int
        Events that came about.
    chances : float64 array of shape (n,)
        Probability of each.
    """
    of_each = np.asarray(chances, np.float64)
    if not len(of_each):
        return np.nan
    distribution = np.ones(1)
    for chance in of_each.tolist():
        distribution = np.convolve(distribution, (1 - chance, chance))
    smaller = min(distribution[: count + 1].sum(), distribution[count:].sum())
    return float(min(2 * smaller, 1.0))


def wilson_interval(count: int, of: int) -> Interval:
    """Interval of a share at `LEVEL`, events as independent (Wilson 1927).

    Parameters
    ----------
    count, of : int
        Events that came about, and all that might have: 1 or more.
    """
    interval = scipy.stats.binomtest(count, of).proportion_ci(LEVEL, method="wilson")
    return Interval(float(interval.low), float(interval.high))

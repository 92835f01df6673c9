"""How many of several events come about by chance, each with a probability of its own."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


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

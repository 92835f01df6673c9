"""Groups of units, and resamples of them by the bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Statistic = Callable[[Ints], Floats]

RESAMPLES: Final = 2000
LEVEL: Final = 0.95
CELLS: Final = 1 << 21  # numbers drawn at a time: 16 MB an array
MANY: Final = 20_000  # groups beyond which the normal distribution stands for resamples of a mean and flips of signs


class Interval(NamedTuple):
    """A confidence interval; both ends NaN where fewer than two units were there to resample."""

    low: float
    high: float


def units_of(groups: npt.ArrayLike | None, known: Bools) -> Ints:
    """Number of the group of each known value, from 0; those below 0 get numbers of their own."""
    if groups is None:
        return np.arange(np.count_nonzero(known))
    of_value = np.asarray(groups, np.int64)[known]
    alone = of_value < 0
    names, numbers = np.unique(of_value[~alone], return_inverse=True)
    units = np.empty(len(of_value), np.int64)
    units[~alone] = numbers
    units[alone] = len(names) + np.arange(np.count_nonzero(alone))
    return units


def bootstrap(n_units: int, statistic: Statistic, seed: int, resamples: int) -> Floats:
    """The statistic of resampled units, NaN left out.

    `statistic` takes the numbers of the units of each resample, of shape (batch, n_units).
    """
    random = np.random.default_rng(seed)
    batch = max(1, CELLS // n_units)
    sizes = [min(batch, resamples - done) for done in range(0, resamples, batch)]
    draws: Floats = np.concatenate([statistic(random.integers(0, n_units, (size, n_units))) for size in sizes])
    return draws[~np.isnan(draws)]


def interval(draws: Floats, level: float = LEVEL) -> Interval:
    """The percentiles of the draws that leave ``1 - level`` outside, half on each side."""
    if not len(draws):
        return Interval(np.nan, np.nan)
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def divided(dividends: Floats, divisors: Floats) -> Floats:
    """NaN where the divisor is 0."""
    return np.asarray(np.divide(dividends, divisors, out=np.full(len(dividends), np.nan), where=divisors > 0))

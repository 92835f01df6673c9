"""Kernels of statistics of resampled units: a unit holds some of n values, and counts as often as it is drawn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from psl_index._jit import kernel


@kernel
def _times(units: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How often each unit was drawn, of as many as there are."""
    times = np.zeros(len(units), np.int64)
    for unit in units:
        times[unit] += 1
    return times


@kernel
def sums_of_draws(drawn: npt.NDArray[np.int64], values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Sum of the values of the units of each draw; drawn (draws, units), values (all units,), result (draws,)."""
    sums = np.zeros(len(drawn))
    for d in range(len(drawn)):
        for j in range(drawn.shape[1]):
            sums[d] += values[drawn[d, j]]
    return sums


@kernel
def auc_of_draws(
    drawn: npt.NDArray[np.int64],
    unit: npt.NDArray[np.int64],
    positive: npt.NDArray[np.bool_],
    tie: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Area under the ROC curve in each draw, NaN without positives or negatives; O(draws (units + n)).

    `unit` and `positive`, of shape (n,), are in the order of the scores; equal ones have the same number in `tie`.
    """
    areas = np.full(len(drawn), np.nan)
    for d in range(len(drawn)):
        times = _times(drawn[d])
        twice_won = np.int64(0)  # pairs, a tie counting half
        positives, negatives = np.int64(0), np.int64(0)
        i = 0
        while i < len(unit):
            begin, lower = tie[i], negatives
            here = np.int64(0)
            while i < len(unit) and tie[i] == begin:
                if positive[i]:
                    here += times[unit[i]]
                else:
                    negatives += times[unit[i]]
                i += 1
            twice_won += here * (lower + negatives)
            positives += here
        if positives and negatives:
            areas[d] = twice_won / (2 * positives * negatives)
    return areas


@kernel
def spearman_of_draws(
    drawn: npt.NDArray[np.int64],
    unit: npt.NDArray[np.int64],
    order: npt.NDArray[np.int64],
    tie: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Spearman's rho in each draw, NaN where one of the two is constant; O(draws (units + n)).

    Pearson's r of the ranks that n pairs of values have in the draw, equal values sharing their mean rank. `unit` is of
    shape (n,); `order` and `tie`, of shape (2, n), are the order of either value, and in it the number of each run of
    equal ones.
    """
    n = len(unit)
    rhos = np.full(len(drawn), np.nan)
    centred = np.empty((2, n))
    for d in range(len(drawn)):
        times = _times(drawn[d])
        total = np.int64(0)
        for i in range(n):
            total += times[unit[i]]
        for which in range(2):
            lower, i = np.int64(0), 0
            while i < n:
                begin, end, tied = i, i, np.int64(0)
                while end < n and tie[which, end] == tie[which, begin]:
                    tied += times[unit[order[which, end]]]
                    end += 1
                for j in range(begin, end):
                    centred[which, order[which, j]] = lower + (tied + 1) / 2 - (total + 1) / 2
                lower += tied
                i = end
        covariance, variance_x, variance_y = 0.0, 0.0, 0.0
        for i in range(n):
            often = times[unit[i]]
            covariance += often * centred[0, i] * centred[1, i]
            variance_x += often * centred[0, i] ** 2
            variance_y += often * centred[1, i] ** 2
        if variance_x * variance_y > 0:
            rhos[d] = covariance / np.sqrt(variance_x * variance_y)
    return rhos

"""How well one value of a protein tells another: ROC AUC and rank correlation, for units that may come in groups.

`psl_eval.statistics.means` says what groups are.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.stats

from psl_eval.statistics._resampling_kernels import auc_of_draws, spearman_of_draws
from psl_eval.statistics.resampling import (
    RESAMPLES,
    Bools,
    Floats,
    Ints,
    Statistic,
    bootstrap,
    interval,
    units_of,
)

_FEW: Final = 50


class Auc(NamedTuple):
    """How well scores tell positives from negatives; NaN where one of the two is missing."""

    positives: int
    negatives: int
    auc: float
    low: float
    high: float
    p_value: float  # two-sided, of auc = 0.5


class Correlation(NamedTuple):
    """Spearman's rank correlation; NaN where one of the two is constant or there are fewer than three units."""

    pairs: int
    rho: float
    low: float
    high: float
    p_value: float  # two-sided, of rho = 0


def auc(
    scores: npt.ArrayLike,
    positive: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    seed: int,
    resamples: int = RESAMPLES,
) -> Auc:
    """Area under the ROC curve: the chance that a positive scores higher than a negative, a tie counting half.

    Parameters
    ----------
    scores : float64 array of shape (n,)
        NaN are left out.
    positive : bool array of shape (n,)
    groups, seed, resamples
        As for `mean_interval`; a resample without positives or without negatives is left out. The interval takes two
        groups with a positive and two with a negative.

    Notes
    -----
    U / (n1 n0) with U of Mann and Whitney, whose test gives the p-value. That test takes units as independent: where
    groups hold several, the p-value is the smallest level whose percentile interval leaves 0.5 out.
    """
    all_scores = np.asarray(scores, np.float64)
    known: Bools = ~np.isnan(all_scores)
    known_scores, is_positive = all_scores[known], np.asarray(positive, bool)[known]
    positives, negatives = int(is_positive.sum()), int((~is_positive).sum())
    if not positives or not negatives:
        return Auc(positives, negatives, *[np.nan] * 4)
    units = units_of(groups, known)
    test = scipy.stats.mannwhitneyu(known_scores[is_positive], known_scores[~is_positive], alternative="two-sided")
    area = float(test.statistic / (positives * negatives))
    if min(len(np.unique(units[is_positive])), len(np.unique(units[~is_positive]))) < 2:
        draws = np.empty(0)
    else:
        draws = bootstrap(units.max() + 1, _weighted_auc(known_scores, is_positive, units), seed, resamples)
    return Auc(positives, negatives, area, *interval(draws), _p_value(test.pvalue, units, draws, 0.5))


def spearman(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Spearman's rank correlation of two scores of the same residues; NaN where one of them is constant."""
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if len(first) < 2 or first.min() == first.max() or second.min() == second.max():
        return np.nan
    return float(scipy.stats.spearmanr(first, second).statistic)


def rank_correlation(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    seed: int,
    resamples: int = RESAMPLES,
) -> Correlation:
    """Spearman's rho, with its bootstrap interval and p-value.

    Parameters
    ----------
    x, y : float64 arrays of shape (n,)
        A unit counts where both are not NaN.
    groups, seed, resamples
        As for `auc`; a resample in which one of the two is constant is left out.

    Notes
    -----
    The p-value is that of Student's t, for fewer than 50 units that of permuted pairs; with groups as in `auc`.
    """
    of_x, of_y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    known: Bools = ~np.isnan(of_x) & ~np.isnan(of_y)
    of_x, of_y = of_x[known], of_y[known]
    units = units_of(groups, known)
    if len(np.unique(units)) < 3 or of_x.min() == of_x.max() or of_y.min() == of_y.max():
        return Correlation(len(of_x), *[np.nan] * 4)
    rho = float(scipy.stats.spearmanr(of_x, of_y).statistic)
    draws = bootstrap(units.max() + 1, _weighted_spearman(of_x, of_y, units), seed, resamples)
    p_value = _p_value(_spearman_p(of_x, of_y, seed, resamples), units, draws, 0.0)
    return Correlation(len(of_x), rho, *interval(draws), p_value)


def _spearman_p(x: Floats, y: Floats, seed: int, resamples: int) -> float:
    """By Student's t, which is wrong for few; those are paired anew, in all ways where these are no more than asked."""
    if len(x) >= _FEW:
        return float(scipy.stats.spearmanr(x, y).pvalue)
    centred_x, centred_y = (scipy.stats.rankdata(values) - (len(x) + 1) / 2 for values in (x, y))
    test = scipy.stats.permutation_test(
        (centred_x,),
        lambda paired, axis: (paired * centred_y).sum(axis=axis),
        permutation_type="pairings",
        n_resamples=resamples,
        vectorized=True,
        rng=np.random.default_rng(seed),
    )
    return min(float(test.pvalue), 1.0)


def _p_value(of_test: float, units: Ints, draws: Floats, null: float) -> float:
    """That of the test where every unit is alone, else from the resamples: twice the rarer side of `null`."""
    if units.max() + 1 == len(units):
        return max(float(of_test), float(np.finfo(np.float64).tiny))  # what is smaller underflows to 0
    if not len(draws):
        return np.nan
    rarer = min(np.count_nonzero(draws <= null), np.count_nonzero(draws >= null))
    return float(min(1.0, 2 * (1 + rarer) / (1 + len(draws))))


def _weighted_auc(scores: Floats, positive: Bools, units: Ints) -> Statistic:
    """The area of resampled units, without sorting each resample: a unit counts as often as it was drawn."""
    order, tie = _ties(scores)
    positive, units = positive[order], units[order]
    return lambda drawn: auc_of_draws(drawn, units, positive, tie)


def _weighted_spearman(x: Floats, y: Floats, units: Ints) -> Statistic:
    """Spearman's rho of resampled units: Pearson's r of the ranks that they have in the resample."""
    order, tie = (np.stack(both) for both in zip(_ties(x), _ties(y), strict=True))
    return lambda drawn: spearman_of_draws(drawn, units, order, tie)


def _ties(values: Floats) -> tuple[Ints, Ints]:
    """Ascending order of the values, and in it the number of each run of equal ones."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    return order, np.cumsum(np.concatenate([[0], ordered[1:] != ordered[:-1]]))

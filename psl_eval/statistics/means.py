"""Intervals and tests of mean rates, by scipy, for units that may come in groups.

A unit is a protein as a rule. Proteins of one cluster are no independent evidence: with ``groups`` whole groups are
resampled, swapped and flipped together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.stats

from psl_eval.statistics._resampling_kernels import sums_of_draws
from psl_eval.statistics.resampling import (
    CELLS,
    LEVEL,
    MANY,
    RESAMPLES,
    Bools,
    Floats,
    Interval,
    Ints,
    bootstrap,
    divided,
    interval,
    units_of,
)


class PairedTest(NamedTuple):
    """Two methods on the units that have a value of both; NaN where there are too few."""

    pairs: int
    mean_a: float
    mean_b: float
    difference: float  # mean_a - mean_b
    low: float  # of the difference
    high: float
    p_value: float  # two-sided


def mean_interval(
    values: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    seed: int,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Interval:
    """Bootstrap interval of a mean, by percentiles.

    Parameters
    ----------
    values : float64 array of shape (n,)
        NaN are left out.
    groups : int64 array of shape (n,), optional
        Values with the same number are drawn together; below 0: alone. The mean of a draw is the sum of its values
        over their number.
    seed : int
    resamples : int
    level : float

    Notes
    -----
    Not BCa: its acceleration takes the mean without each unit in turn, n^2 numbers, and is undefined where all values
    are equal. Memory does not grow with n times `resamples`. Intervals of a few units are too short, as percentiles
    are. Beyond 20,000 groups the interval is the limit that the bootstrap goes to, normal with the standard error
    of a ratio of sums (linearised); resampling them would take minutes and differ by less than its own noise.
    """
    column = np.asarray(values, np.float64)[:, np.newaxis]
    totals = _totals(column, groups)
    return _mean_interval(column, totals, np.ones(1), seed, resamples, level)


def student_interval(values: npt.ArrayLike, *, level: float = LEVEL) -> Interval:
    """Interval of the mean of a few values that are scattered normally, such as figures of trainings, by Student's t.

    NaN of fewer than two.
    """
    known = np.asarray(values, np.float64)
    if len(known) < 2:
        return Interval(np.nan, np.nan)
    half = scipy.stats.t.ppf((1 + level) / 2, len(known) - 1) * known.std(ddof=1) / len(known) ** 0.5
    return Interval(float(known.mean() - half), float(known.mean() + half))


def student_p(values: npt.ArrayLike) -> float:
    """Two-sided p-value that values scatter about 0, by Student's t; NaN of fewer than two.

    Of values that are all the same 0, or 1 where they are 0.
    """
    known = np.asarray(values, np.float64)
    if len(known) < 2:
        return np.nan
    mean, error = float(known.mean()), float(known.std(ddof=1)) / len(known) ** 0.5
    if not error > 0:
        return float(mean == 0)
    return float(2 * scipy.stats.t.sf(abs(mean) / error, len(known) - 1))


def student_prediction(values: npt.ArrayLike, *, level: float = LEVEL) -> Interval:
    """Where one more of a few values that are scattered normally would lie, by Student's t; NaN of fewer than two."""
    known = np.asarray(values, np.float64)
    if len(known) < 2:
        return Interval(np.nan, np.nan)
    half = scipy.stats.t.ppf((1 + level) / 2, len(known) - 1) * known.std(ddof=1) * (1 + 1 / len(known)) ** 0.5
    return Interval(float(known.mean() - half), float(known.mean() + half))


def student_outlier_p(values: npt.ArrayLike, other: float) -> float:
    """Two-sided p-value that another value is one more of these: below 0.05 outside of `student_prediction`.

    NaN of fewer than two values. Where they are all the same 0, or 1 if the other is, too.
    """
    known = np.asarray(values, np.float64)
    if len(known) < 2:
        return np.nan
    away, scatter = abs(other - float(known.mean())), float(known.std(ddof=1))
    if not scatter > 0:
        return float(away == 0)
    return float(2 * scipy.stats.t.sf(away / (scatter * (1 + 1 / len(known)) ** 0.5), len(known) - 1))


def welch(a: Floats, b: Floats) -> tuple[float, float]:
    """Standard error of a difference of means, and its degrees of freedom, by Welch; 0 and 1 where nothing scatters."""
    shares = np.array([a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)])
    error = float(shares.sum()) ** 0.5
    if not error > 0:
        return 0.0, 1.0
    freedom = shares.sum() ** 2 / (shares**2 / np.array([len(a) - 1, len(b) - 1])).sum()
    return error, float(freedom)


def welch_interval(a: npt.ArrayLike, b: npt.ArrayLike, *, level: float = LEVEL) -> Interval:
    """Interval of the difference of two means of a few values each, by Welch's t; NaN where nothing scatters."""
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    error, freedom = welch(first, second)
    if not error > 0:
        return Interval(np.nan, np.nan)
    half = float(scipy.stats.t.ppf((1 + level) / 2, freedom)) * error
    difference = float(first.mean() - second.mean())
    return Interval(difference - half, difference + half)


def standardised_mean(
    values: npt.ArrayLike,
    weights: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    seed: int,
    resamples: int = RESAMPLES,
) -> tuple[float, Interval]:
    """Mean of strata at given weights, and its bootstrap interval, the weights held fixed.

    Parameters
    ----------
    values : float64 array of shape (n, strata)
        Value of each unit in each stratum, NaN where it has none.
    weights : float64 array of shape (strata,)
        Of any sum; strata of weight 0 do not count at all.
    groups, seed, resamples
        As for `mean_interval`.

    Notes
    -----
    ``sum(w[s] * mean(values[:, s])) / sum(w)``; NaN where a stratum of positive weight is empty. A resample without a
    value in a stratum is left out; a stratum with a single group leaves no interval.
    """
    shares, used = _shares(weights)
    columns = np.asarray(values, np.float64)[:, used]
    totals = _totals(columns, groups)
    return _weighted_mean(columns, shares), _mean_interval(columns, totals, shares, seed, resamples)


def permutation_p(null: npt.ArrayLike, observed: float) -> float:
    """One-sided p-value of an observed value among draws from a null: (1 + b) / (1 + N).

    b of the N draws are at least as large; equal sums in another order count as equal (to 1e-12 of the observed).
    Draws that are NaN are left out. NaN where nothing was observed or no draw remains.

    References
    ----------
    Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9(1), 39.
    """
    draws = np.asarray(null, np.float64)
    draws = draws[~np.isnan(draws)]
    if np.isnan(observed) or not len(draws):
        return np.nan
    at_least = np.count_nonzero(draws >= observed - 1e-12 * abs(observed))
    return float((1 + at_least) / (1 + len(draws)))


def adjusted(p_values: npt.ArrayLike) -> Floats:
    """Benjamini-Hochberg: q-values of a family of p-values, in their order. NaN stay NaN and do not count."""
    family = np.asarray(p_values, np.float64)
    known = ~np.isnan(family)
    q_values = np.full(family.shape, np.nan)
    if known.any():
        q_values[known] = scipy.stats.false_discovery_control(family[known], method="bh")
    return q_values


def holm(p_values: npt.ArrayLike) -> Floats:
    """p-values of a family of tests made up for their number, in their order. NaN stay NaN and do not count.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6(2), 65.
    """
    family = np.asarray(p_values, np.float64)
    known = np.flatnonzero(~np.isnan(family))
    order = known[np.argsort(family[known])]
    stepped = np.maximum.accumulate(family[order] * np.arange(len(order), 0, -1))
    corrected = np.full(family.shape, np.nan)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def paired_test(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    weights: npt.ArrayLike | None = None,
    seed: int,
    resamples: int = RESAMPLES,
) -> PairedTest:
    """Difference of two methods on the same units: bootstrap interval, and p-value by flipping signs.

    Parameters
    ----------
    a, b : float64 arrays of shape (n,) or (n, strata)
        Values of the two methods; a unit counts where both are not NaN (in a stratum: where both are not NaN there).
    groups : int64 array of shape (n,), optional
        As for `mean_interval`; the differences of a group change sign together.
    weights : float64 array of shape (strata,), optional
        For strata: means are ``sum(w[s] * mean of stratum s) / sum(w)``. A stratum of positive weight without a pair
        leaves everything but `pairs` NaN.
    seed : int
    resamples : int
        Resamples of the interval, and flips of signs; where all flips are no more than that, all are taken and the
        p-value is exact. Beyond 20,000 groups both are taken from the normal distribution, as in `mean_interval`.

    Returns
    -------
    PairedTest
        `pairs` counts units with a pair in at least one stratum of positive weight.
    """
    shares, used = _shares(np.ones(1) if weights is None else weights)
    first, second = _as_columns(a)[:, used], _as_columns(b)[:, used]
    paired: Bools = ~np.isnan(first) & ~np.isnan(second)
    first, second = np.where(paired, first, np.nan), np.where(paired, second, np.nan)
    differences = first - second
    totals = _totals(differences, groups)
    mean_a, mean_b = _weighted_mean(first, shares), _weighted_mean(second, shares)
    return PairedTest(
        int(paired.any(axis=1).sum()),
        mean_a,
        mean_b,
        mean_a - mean_b,
        *_mean_interval(differences, totals, shares, seed, resamples),
        _sign_flip_p(totals, shares, seed, resamples),
    )


class _Totals(NamedTuple):
    """Sums and numbers of values by group and stratum, both of shape (groups, strata)."""

    sums: Floats
    counts: Floats


def _as_columns(values: npt.ArrayLike) -> Floats:
    columns = np.asarray(values, np.float64)
    return columns[:, np.newaxis] if columns.ndim == 1 else columns


def _shares(weights: npt.ArrayLike) -> tuple[Floats, Ints]:
    """Positive weights, scaled to sum 1, and the numbers of their strata."""
    of_strata = np.asarray(weights, np.float64)
    used = np.flatnonzero(of_strata > 0)
    return of_strata[used] / of_strata[used].sum(), used


def _totals(values: Floats, groups: npt.ArrayLike | None) -> _Totals:
    known: Bools = ~np.isnan(values)
    some: Bools = np.asarray(known.any(axis=1))
    units = units_of(groups, some)
    shape = (int(units.max()) + 1 if len(units) else 0, values.shape[1])
    totals = _Totals(np.zeros(shape), np.zeros(shape))
    np.add.at(totals.sums, units, np.where(known, values, 0.0)[some])
    np.add.at(totals.counts, units, known[some])
    return totals


def _weighted_mean(values: Floats, shares: Floats) -> float:
    known: Bools = ~np.isnan(values)
    if not len(shares) or not known.any(axis=0).all():
        return np.nan
    return float(sum(share * np.mean(values[known[:, n], n]) for n, share in enumerate(shares)))


def _mean_interval(
    values: Floats, totals: _Totals, shares: Floats, seed: int, resamples: int, level: float = LEVEL
) -> Interval:
    """Interval of a weighted mean; NaN where a stratum has fewer than two groups to draw from."""
    if not len(shares) or ((totals.counts > 0).sum(axis=0) < 2).any():
        return Interval(np.nan, np.nan)
    n_groups = len(totals.sums)
    if n_groups <= MANY:
        return interval(_bootstrap_means(totals, shares, seed, resamples), level)
    means, numbers = totals.sums.sum(axis=0) / totals.counts.sum(axis=0), totals.counts.sum(axis=0)
    of_groups = (shares * (totals.sums - means * totals.counts) / numbers).sum(axis=1)
    error = np.sqrt((of_groups**2).sum() * n_groups / (n_groups - 1))
    mean, half = _weighted_mean(values, shares), float(scipy.stats.norm.ppf((1 + level) / 2) * error)
    return Interval(mean - half, mean + half)


def _bootstrap_means(totals: _Totals, shares: Floats, seed: int, resamples: int) -> Floats:
    """Weighted means of resampled groups."""
    columns = [(totals.sums[:, stratum].copy(), totals.counts[:, stratum].copy()) for stratum in range(len(shares))]

    def statistic(drawn: Ints) -> Floats:
        mean = np.zeros(len(drawn))
        for share, (sums, counts) in zip(shares, columns, strict=True):
            mean += share * divided(sums_of_draws(drawn, sums), sums_of_draws(drawn, counts))
        return mean

    return bootstrap(len(totals.sums), statistic, seed, resamples)


def _sign_flip_p(totals: _Totals, shares: Floats, seed: int, resamples: int) -> float:
    """Two-sided p-value of a weighted mean of differences; each group's share of it changes sign as a whole."""
    pairs = totals.counts.sum(axis=0)
    if not len(shares) or len(totals.sums) < 2 or not pairs.all():
        return np.nan
    shares_of_groups = (shares * totals.sums / pairs).sum(axis=1)
    if len(shares_of_groups) > MANY:
        flipped = np.sqrt((shares_of_groups**2).sum())  # standard deviation over all flips
        return float(2 * scipy.stats.norm.sf(abs(shares_of_groups.sum()) / flipped)) if flipped else 1.0
    test = scipy.stats.permutation_test(
        (shares_of_groups,),
        lambda flipped, axis: flipped.sum(axis=axis),
        permutation_type="samples",
        n_resamples=resamples,
        batch=max(1, CELLS // (2 * len(shares_of_groups))),
        vectorized=True,
        rng=np.random.default_rng(seed),
    )
    return float(min(test.pvalue, 1.0))

"""Percentile bootstrap of classification figures over proteins, without scoring each resample protein by protein.

A figure depends only on how often each pair of true and predicted classes occurs. Drawing n proteins with replacement
is drawing the counts of the distinct pairs from a multinomial distribution; sums over the pairs are one matrix product
for all resamples.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from psl_models.configuration import Task
from psl_models.decisions import Bools, Floats

RESAMPLES: Final = 2000
LEVEL: Final = 0.95


class Interval(NamedTuple):
    """A confidence interval; both ends NaN where fewer than two proteins were there to resample."""

    low: float
    high: float


class Resampled(NamedTuple):
    """Figures of the resamples, r of them."""

    figures: dict[str, Floats]  # by name, of shape (r,)
    class_f1: Floats  # of shape (r, classes)


def resampled_figures(
    labels: Bools, predicted: Bools, task: Task, *, seed: int, resamples: int = RESAMPLES
) -> Resampled:
    """Figures of proteins drawn with replacement.

    Parameters
    ----------
    labels, predicted : bool arrays of shape (n, classes)
        At least one class a protein in each; single-label: exactly one.
    task : {"single-label", "multi-label"}
    seed, resamples : int

    Returns
    -------
    Resampled
        ``accuracy``, ``f1_micro``, ``f1_macro`` and ``mcc`` of single-label, ``subset_accuracy``, ``jaccard``,
        ``f1_micro`` and ``f1_macro`` of multi-label models, each defined as in `psl_models.metrics.evaluate`.
    """
    n, n_classes = labels.shape
    pairs, occurrences = np.unique(np.hstack([labels, predicted]), axis=0, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(n, occurrences / n, size=resamples).astype(np.float64)
    is_label, is_predicted = pairs[:, :n_classes], pairs[:, n_classes:]
    supports = drawn @ is_label
    predictions = drawn @ is_predicted
    both = drawn @ (is_label & is_predicted)
    exact = drawn @ (is_label == is_predicted).all(axis=1) / n
    class_f1 = _or_zero(2 * both, supports + predictions)
    figures = {
        "f1_micro": 2 * both.sum(axis=1) / (supports + predictions).sum(axis=1),
        "f1_macro": class_f1.mean(axis=1),
    }
    if task == "single-label":
        figures |= {"accuracy": exact, "mcc": _correlation(n, supports, predictions, both)}
    else:
        overlap = (is_label & is_predicted).sum(axis=1) / (is_label | is_predicted).sum(axis=1)
        figures |= {"subset_accuracy": exact, "jaccard": drawn @ overlap / n}
    return Resampled(figures, class_f1)


def interval(draws: Floats, proteins: int) -> Interval:
    """The percentiles of the draws that leave 2.5 % outside on each side.

    Parameters
    ----------
    draws : float64 array of shape (resamples,)
    proteins : int
        How many were resampled.
    """
    if proteins < 2:
        return Interval(np.nan, np.nan)
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))


def _correlation(n: int, supports: Floats, predictions: Floats, both: Floats) -> Floats:
    """Gorodkin's coefficient from sums of the confusion matrix; 0 where all proteins have one class, or are given one.

    J. Gorodkin 2004, Comput. Biol. Chem. 28, 367.
    """
    covariance = n * both.sum(axis=1) - (supports * predictions).sum(axis=1)
    spreads = (n**2 - (supports**2).sum(axis=1)) * (n**2 - (predictions**2).sum(axis=1))
    return _or_zero(covariance, np.sqrt(spreads))


def _or_zero(dividends: Floats, divisors: Floats) -> Floats:
    """0 where the divisor is 0."""
    return np.asarray(np.divide(dividends, divisors, out=np.zeros_like(dividends), where=divisors > 0))

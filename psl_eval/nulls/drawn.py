"""Null models: the hit rates to be expected of subsequences that explain nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from psl_eval.queries.rows import Rows


class Drawn(NamedTuple):
    """Mean hit rate over the scored proteins of each subset in each of N draws."""

    rates: npt.NDArray[np.float64]  # (subsets, 2, k, N); NaN where no protein is scored
    scored: npt.NDArray[np.float64]  # (subsets, 2, k) proteins scored, mean over the draws
    compared: npt.NDArray[np.bool_]  # (m, k) proteins that could be drawn for: what is observed is of the same ones
    tests: bool  # whether the draws are a null distribution, or their mean alone is of use


@dataclass(frozen=True)
class Observed:
    """What was scored, for the null models to imitate; m queries, k labels.

    Attributes
    ----------
    rows : Rows
        The subsequences.
    masks : uint16 array of shape (m, k)
        Labels of the queries.
    rates : float64 array of shape (m, 2, k)
        Hit rates of the queries.
    subsets : bool array of shape (subsets, m)
        Queries of each subset.
    groups : int64 array of shape (m,)
        Cluster of each query, -1 for none.
    """

    rows: Rows
    masks: npt.NDArray[np.uint16]
    rates: npt.NDArray[np.float64]
    subsets: npt.NDArray[np.bool_]
    groups: npt.NDArray[np.int64]


class Totals:
    """Adds up the rates of proteins in N draws, some proteins, labels or draws at a time."""

    def __init__(self, observed: Observed, draws: int) -> None:
        shape = (len(observed.subsets), 2, observed.masks.shape[1], draws)
        self._subsets = observed.subsets
        self._everyone = np.ones(observed.masks.shape, np.bool_)
        self._sums = np.zeros(shape)
        self._counts = np.zeros(shape, np.int64)

    def add(self, queries: npt.NDArray[np.int64], labels: slice, draws: slice, rates: npt.NDArray[np.float64]) -> None:
        """Rates of some queries against some labels in some draws, of shape (queries, 2, labels, draws)."""
        scored = ~np.isnan(rates)
        rates = np.where(scored, rates, 0.0)
        for number, subset in enumerate(self._subsets):
            here = subset[queries]
            self._sums[number, :, labels, draws] += rates[here].sum(axis=0)
            self._counts[number, :, labels, draws] += scored[here].sum(axis=0)

    def drawn(self, compared: npt.NDArray[np.bool_] | None = None, *, tests: bool = True) -> Drawn:
        """Means over all that was added; `compared` are all proteins unless it says otherwise."""
        rates = np.full(self._sums.shape, np.nan)
        np.divide(self._sums, self._counts, out=rates, where=self._counts > 0)
        return Drawn(rates, self._counts.mean(axis=-1), self._everyone if compared is None else compared, tests)

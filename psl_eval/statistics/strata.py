"""Hit rates within strata of length: a short subsequence is in many entries, whatever method chose it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.statistics.means import mean_interval
from psl_eval.statistics.resampling import RESAMPLES
from psl_eval.statistics.rows import table_of

STRATA: Final = ("1-4", "5", "6-7", "8-9", "10-14", "15+")
"""Residues of a subsequence; 5 is the shortest that the study's extraction gives."""

STRATUM_ROWS: Final = pa.schema(
    [
        pa.field("exclusion", pa.string(), nullable=False),
        pa.field("against", pa.string(), nullable=False),  # predicted or true
        pa.field("subset", pa.string(), nullable=False),  # all, or the proteins predicted correct or wrong
        pa.field("lengths", pa.string(), nullable=False),  # one of `STRATA`
        pa.field("subsequences", pa.int64(), nullable=False),
        pa.field("subsequences_scored", pa.int64(), nullable=False),
        pa.field("proteins_scored", pa.int64(), nullable=False),  # with a scored subsequence of these lengths
        pa.field("hit_rate", pa.float64()),  # mean over scored proteins of the mean over their scored subsequences
        pa.field("hit_rate_subsequences", pa.float64()),  # mean over scored subsequences
        pa.field("low", pa.float64()),  # interval of hit_rate; null with fewer than two proteins (clusters)
        pa.field("high", pa.float64()),
    ]
)


def stratum_of(lengths: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Place in `STRATA` of each length (residues, 1 or more)."""
    return np.searchsorted(_SHORTEST, np.asarray(lengths), side="right") - 1


def stratum_means(
    lengths: npt.ArrayLike, query: npt.NDArray[np.int64], rates: npt.NDArray[np.float64], n_queries: int
) -> npt.NDArray[np.float64]:
    """Mean rate of each protein's scored subsequences in each stratum.

    Parameters
    ----------
    lengths : int array of shape (n,)
        Residues of each subsequence.
    query : int64 array of shape (n,)
        Number of its protein, from 0.
    rates : float64 array of shape (n,)
        NaN where it is not scored.
    n_queries : int

    Returns
    -------
    float64 array of shape (n_queries, len(STRATA))
        NaN where a protein has no scored subsequence of these lengths.
    """
    scored = ~np.isnan(rates)
    cell = query[scored] * len(STRATA) + stratum_of(lengths)[scored]
    n_cells = n_queries * len(STRATA)
    sums = np.bincount(cell, weights=rates[scored], minlength=n_cells)
    counts = np.bincount(cell, minlength=n_cells)
    means = np.divide(sums, counts, out=np.full(n_cells, np.nan), where=counts > 0)
    return np.asarray(means.reshape(n_queries, len(STRATA)))


def stratum_table(
    lengths: npt.ArrayLike,
    query: npt.NDArray[np.int64],
    rates: npt.NDArray[np.float64],
    subsets: Mapping[str, npt.NDArray[np.bool_]],
    *,
    exclusion: str,
    against: str,
    groups: npt.NDArray[np.int64] | None = None,
    seed: int,
    resamples: int = RESAMPLES,
) -> pa.Table:
    """One row for each subset and stratum, in their order; a stratum without a subsequence has one, too.

    Parameters
    ----------
    lengths, query, rates
        As for `stratum_means`.
    subsets : dict of str to bool array of shape (n,)
        The subsequences of each subset, all those of a protein or none.
    exclusion, against : str
        Written into the rows.
    groups : int64 array of shape (proteins,), optional
        Cluster of each protein, below 0: alone; see `psl_eval.statistics.means.mean_interval`.
    seed, resamples : int

    Returns
    -------
    pyarrow.Table
        Columns of `STRATUM_ROWS`.
    """
    stratum = stratum_of(lengths)
    means = stratum_means(lengths, query, rates, int(query.max()) + 1 if len(query) else 0)
    rows: list[dict[str, Any]] = []
    for subset, of_subset in subsets.items():
        proteins = np.unique(query[of_subset])
        of_proteins = None if groups is None else groups[proteins]
        for number, name in enumerate(STRATA):
            of_stratum = rates[of_subset & (stratum == number)]
            of_subsequences = of_stratum[~np.isnan(of_stratum)]
            protein_means = means[proteins, number]
            low, high = mean_interval(protein_means, of_proteins, seed=seed, resamples=resamples)
            rows.append(
                {
                    "exclusion": exclusion,
                    "against": against,
                    "subset": subset,
                    "lengths": name,
                    "subsequences": len(of_stratum),
                    "subsequences_scored": len(of_subsequences),
                    "proteins_scored": int(np.count_nonzero(~np.isnan(protein_means))),
                    "hit_rate": _mean(protein_means[~np.isnan(protein_means)]),
                    "hit_rate_subsequences": _mean(of_subsequences),
                    "low": low,
                    "high": high,
                }
            )
    return table_of(rows, STRATUM_ROWS)


_SHORTEST: Final = np.array([1, 5, 6, 8, 10, 15])


def _mean(rates: npt.NDArray[np.float64]) -> float | None:
    return float(np.mean(rates)) if len(rates) else None

"""The summary: mean hit rates of the subsets of proteins, what they rest on, and what chance would give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.choices import Choices
from psl_eval.nulls.drawn import Drawn
from psl_eval.results.schemas import SUMMARY
from psl_eval.scoring.scorer import ProteinSums, Rates
from psl_eval.statistics.means import adjusted, mean_interval, permutation_p
from psl_eval.statistics.rows import table_of

#: Number of a side, 0 without and 1 with the exclusion, and the exclusion that it has.
Sides = tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Summary:
    """What the summary is made of; m queries, k labels, two sides (without and with the exclusion).

    Attributes
    ----------
    choices : Choices
    sides : Sides
        Those that have rows.
    against : tuple of str
        The k labels.
    subsets : dict of str to bool array of shape (m,)
        Queries of each subset.
    sums : ProteinSums
    rates : Rates
        Of the proteins.
    priors : float64 array of shape (m, k)
        Share of the entries that count that match each query's label.
    nulls : dict of str to Drawn
        Of each null model.
    groups : int64 array of shape (m,)
        Cluster of each query, -1 for none.
    windows : dict of str to float64 array of shape (m, k)
        ``percentile`` and ``attainable`` of the proteins, where they were found.
    """

    choices: Choices
    sides: Sides
    against: tuple[str, ...]
    subsets: Mapping[str, npt.NDArray[np.bool_]]
    sums: ProteinSums
    rates: Rates
    priors: npt.NDArray[np.float64]
    nulls: Mapping[str, Drawn]
    groups: npt.NDArray[np.int64]
    windows: Mapping[str, npt.NDArray[np.float64]]

    def table(self) -> pa.Table:
        """For each label, subset, exclusion and null model a row; columns of `SUMMARY`."""
        rows = [
            self._observed(label, subset, side, exclusion) | null
            for label in range(len(self.against))
            for subset in self.subsets
            for side, exclusion in self.sides
            for null in self._nulls(label, subset, side)
        ]
        for family in {(row["exclusion"], row.get("null")) for row in rows}:
            of_family = [row for row in rows if (row["exclusion"], row.get("null")) == family]
            for row, q_value in zip(of_family, adjusted([row["p_value"] for row in of_family]), strict=True):
                row["q_value"] = float(q_value)
        return table_of(rows, SUMMARY)

    def _observed(self, label: int, subset: str, side: int, exclusion: str) -> dict[str, Any]:
        here = self.subsets[subset]
        rates = self.rates.hit_rate[here, side, label]
        scored = ~np.isnan(rates)
        rows_scored = int(self.sums.scored[here, side, label].sum())
        low, high = mean_interval(rates, self.groups[here], seed=self.choices.seed, resamples=self.choices.resamples)
        return {
            "definition": self.choices.definition,
            "exclusion": exclusion,
            "against": self.against[label],
            "subset": subset,
            "proteins": int(np.count_nonzero(here)),
            "proteins_scored": int(np.count_nonzero(scored)),
            "subsequences": int(self.sums.rows[here].sum()),
            "subsequences_scored": rows_scored,
            "hit_rate": _mean(rates),
            "hit_rate_subsequences": _share(self.sums.row_rates[here, side, label].sum(), rows_scored),
            "low": low,
            "high": high,
            "hit_rate_jaccard": _mean(self.rates.jaccard[here, side, label]),
            "prior": _mean(self.priors[here, label][scored]),
        }

    def _nulls(self, label: int, subset: str, side: int) -> list[dict[str, Any]]:
        place = list(self.subsets).index(subset)
        found = []
        for name, drawn in self.nulls.items():
            observed = _mean(self.rates.hit_rate[self.subsets[subset] & drawn.compared[:, label], side, label])
            draws = drawn.rates[place, side, label]
            known = draws[~np.isnan(draws)]
            low, high = np.percentile(known, [2.5, 97.5]) if len(known) and drawn.tests else (np.nan, np.nan)
            columns = {
                "null": name,
                "draws": self.choices.draws,
                "null_hit_rate": _mean(draws),
                "null_low": float(low),
                "null_high": float(high),
                "null_proteins_scored": float(drawn.scored[place, side, label]),
                "lift": _share(observed, _mean(draws)),
                "p_value": permutation_p(draws, observed) if drawn.tests else np.nan,
            }
            if name == "window" and side == 1:
                columns |= self._among_windows(label, subset)
            found.append(columns)
        return found or [{"p_value": np.nan}]

    def _among_windows(self, label: int, subset: str) -> dict[str, float]:
        return {name: _mean(of_proteins[self.subsets[subset], label]) for name, of_proteins in self.windows.items()}


def sides(exclude: str, *, none_too: bool = True) -> Sides:
    """The chosen exclusion and, where that is to be shown, none."""
    return ((1, exclude), (0, "none"))[: 1 + none_too] if exclude != "none" else ((0, "none"),)


def _mean(rates: npt.NDArray[np.float64]) -> float:
    """Mean of what is known, NaN where nothing is."""
    known = rates[~np.isnan(rates)]
    return float(np.mean(known)) if len(known) else np.nan


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else np.nan

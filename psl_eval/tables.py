"""From counts to the tables of results."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_eval.definitions import Definition
from psl_eval.proteins import Queries
from psl_eval.results import PROTEINS, SCORED, SUMMARY
from psl_eval.tally import Tally


@dataclass(frozen=True)
class Scores:
    """What was counted about n subsequences of m proteins, each against k labels.

    Attributes
    ----------
    rows : pyarrow.Table
        The n subsequences, columns of `psl_eval.subsequences.SUBSEQUENCES`.
    queries : Queries
        The m proteins.
    labels : tuple of str
        The k columns of `rows` with the class to score against.
    targets : uint16 array of shape (n, k)
        That class as a bit, 0 where there is no label.
    counts : Tally
    """

    rows: pa.Table
    queries: Queries
    labels: tuple[str, ...]
    targets: npt.NDArray[np.uint16]
    counts: Tally

    def rates(self, definition: Definition) -> npt.NDArray[np.float64]:
        """Hit rate of each subsequence, float64 of shape (n, 2, k); NaN without entry or label."""
        rates = definition(self.counts)
        return np.where(self.targets[:, np.newaxis] == 0, np.nan, rates)

    def protein_means(self, rates: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """Mean over each protein's scored subsequences, and how many those are; both of shape (m, 2, k)."""
        shape = (len(self.queries), *rates.shape[1:])
        scored = ~np.isnan(rates)
        sums, counts = np.zeros(shape), np.zeros(shape, np.int64)
        np.add.at(sums, self.queries.of_row, np.where(scored, rates, 0.0))
        np.add.at(counts, self.queries.of_row, scored)
        means = np.full(shape, np.nan)
        np.divide(sums, counts, out=means, where=counts > 0)
        return means, counts


def subsequence_table(scores: Scores, rates: npt.NDArray[np.float64]) -> pa.Table:
    """Each subsequence after the exclusion, one row a label, in input order."""
    n_labels = len(scores.labels)
    row = np.repeat(np.arange(len(scores.rows)), n_labels)
    shown = scores.rows.select(["start", "end", "subsequence"]).take(pa.array(row))
    unlabelled = scores.targets.ravel() == 0
    return pa.table(
        [
            scores.queries.names.take(pa.array(scores.queries.of_row[row])),
            *shown.columns,
            _interleaved([scores.rows[label] for label in scores.labels]),
            _tiled(scores.labels, len(scores.rows)),
            np.repeat(scores.counts.entries[:, 1], n_labels),
            pa.array(scores.counts.matching[:, 1].ravel(), mask=unlabelled),
            _optional(rates[:, 1].ravel()),
        ],
        SCORED,
    )


def protein_table(scores: Scores, rates: npt.NDArray[np.float64]) -> pa.Table:
    """Each protein after the exclusion, one row a label, in the order in which they first appear."""
    means, scored = scores.protein_means(rates)
    n_labels = len(scores.labels)
    queries = scores.queries
    first_row = pa.array(np.unique(queries.of_row, return_index=True)[1])
    return pa.table(
        [
            queries.names.take(pa.array(np.repeat(np.arange(len(queries)), n_labels))),
            _interleaved([scores.rows[label].take(first_row) for label in scores.labels]),
            _tiled(scores.labels, len(queries)),
            np.repeat(np.bincount(queries.of_row), n_labels),
            scored[:, 1].ravel(),
            _optional(means[:, 1].ravel()),
        ],
        PROTEINS,
    )


def summary_table(scores: Scores, rates: npt.NDArray[np.float64], definition: str, exclusion: str) -> pa.Table:
    """For each label and each subset of the proteins a row with the exclusion, and one without it below."""
    means, _ = scores.protein_means(rates)
    correct = scores.rows["correct"]
    subsets = {
        "all": np.ones(len(scores.rows), bool),
        "correct": pc.fill_null(correct, False).to_numpy(),
        "wrong": pc.fill_null(pc.invert(correct), False).to_numpy(),
    }
    sides = ((1, exclusion), (0, "none")) if exclusion != "none" else ((0, "none"),)
    rows = []
    for k, label in enumerate(scores.labels):
        for subset, of_rows in subsets.items():
            proteins = np.unique(scores.queries.of_row[of_rows])
            for side, name in sides:
                of_proteins, of_subsequences = means[proteins, side, k], rates[of_rows, side, k]
                scored_proteins = of_proteins[~np.isnan(of_proteins)]
                scored_rows = of_subsequences[~np.isnan(of_subsequences)]
                rows.append(
                    {
                        "definition": definition,
                        "exclusion": name,
                        "against": label,
                        "subset": subset,
                        "proteins": len(of_proteins),
                        "proteins_scored": len(scored_proteins),
                        "subsequences": len(of_subsequences),
                        "subsequences_scored": len(scored_rows),
                        "hit_rate": _mean(scored_proteins),
                        "hit_rate_subsequences": _mean(scored_rows),
                    }
                )
    return pa.Table.from_pylist(rows, SUMMARY)


def _mean(rates: npt.NDArray[np.float64]) -> float | None:
    return float(np.mean(rates)) if len(rates) else None


def _optional(rates: npt.NDArray[np.float64]) -> pa.DoubleArray:
    return pa.array(rates, mask=np.isnan(rates))


def _interleaved(columns: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    """First elements of all columns, then second ones, and so on."""
    n_rows = len(columns[0])
    order = np.arange(n_rows * len(columns)).reshape(len(columns), n_rows).T.ravel()
    chunks = [chunk for column in columns for chunk in column.chunks]
    return pa.chunked_array(chunks, pa.string()).take(pa.array(order))


def _tiled(labels: tuple[str, ...], times: int) -> pa.DictionaryArray:
    numbers = pa.array(np.tile(np.arange(len(labels), dtype=np.int32), times))
    return pa.DictionaryArray.from_arrays(numbers, pa.array(labels)).cast(pa.string())

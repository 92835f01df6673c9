"""The null model in which the classes of proteins say nothing: labels permuted among comparable proteins."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from psl_eval.nulls.drawn import Drawn, Observed, Totals
from psl_eval.queries.rows import Rows
from psl_eval.scoring.scorer import ProteinSums, Scorer
from psl_eval.statistics.strata import stratum_of


def permuted_labels(
    scorer: Scorer, observed: Observed, draws: int, seed: int, report: Callable[[int, int], None]
) -> Drawn:
    """Labels permuted among the scored proteins of a stratum: same subsequences, another protein's class.

    A stratum is of proteins in the same subsets whose subsequences have about the same mean length
    (`psl_eval.statistics.strata`): those with longer subsequences find fewer entries, and closer relatives. Whether a
    protein is scored does not depend on its label, and those that are not scored keep theirs. Clusters exchange their
    labels as a whole, with others whose proteins are of the same strata; one that has no such other keeps its own.
    """
    of_label, distinct = _distinct(observed.masks)
    rates = _rates_by_label(scorer, observed.rows, len(observed.masks), distinct)
    stratum = _label_strata(observed)
    random = np.random.default_rng(seed)
    totals = Totals(observed, draws)
    n_labels = observed.masks.shape[1]
    for k, side in np.ndindex(n_labels, 2):
        scored = np.flatnonzero((observed.masks[:, k] != 0) & ~np.isnan(observed.rates[:, side, k]))
        exchangeable = _exchangeable(scored, stratum, observed.groups)
        label = of_label[:, k].copy()
        permuted = np.full((len(scored), 2, 1, 1), np.nan)
        for draw in range(draws):
            for clusters in exchangeable:
                label[clusters] = of_label[clusters[random.permutation(len(clusters))], k]
            permuted[:, side, 0, 0] = rates[scored, side, label[scored]]
            totals.add(scored, slice(k, k + 1), slice(draw, draw + 1), permuted)
            report((2 * k + side) * draws + draw, 2 * n_labels * draws)
    return totals.drawn()


def _exchangeable(
    proteins: npt.NDArray[np.int64], stratum: npt.NDArray[np.int64], groups: npt.NDArray[np.int64]
) -> list[npt.NDArray[np.int64]]:
    """Clusters that may exchange labels, each an int64 array of shape (clusters, proteins of each)."""
    group = np.where(groups[proteins] < 0, -1 - proteins, groups[proteins])  # in none: alone
    in_order = proteins[np.lexsort((stratum[proteins], group))]
    group = np.where(groups[in_order] < 0, -1 - in_order, groups[in_order])
    alike: dict[tuple[int, ...], list[npt.NDArray[np.int64]]] = {}
    for cluster in np.split(in_order, np.flatnonzero(np.diff(group)) + 1):
        alike.setdefault(tuple(stratum[cluster].tolist()), []).append(cluster)
    return [np.stack(clusters) for clusters in alike.values() if len(clusters) > 1]


def _distinct(masks: npt.NDArray[np.uint16]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint16]]:
    """Number of each label among the distinct ones, and those."""
    distinct, numbers = np.unique(masks, return_inverse=True)
    return numbers.reshape(masks.shape), distinct


def _rates_by_label(
    scorer: Scorer, rows: Rows, n_queries: int, distinct: npt.NDArray[np.uint16]
) -> npt.NDArray[np.float64]:
    """Hit rate of each query against each of `distinct` labels; float64 of shape (m, 2, labels)."""
    masks = np.broadcast_to(distinct, (n_queries, len(distinct)))
    sums = ProteinSums(n_queries, len(distinct), scorer.counting.definition.credited)
    for block in scorer.blocks(rows, masks):
        sums.add(rows.query[block.rows], block)
    return sums.rates(masks).hit_rate


def _label_strata(observed: Observed) -> npt.NDArray[np.int64]:
    """Number of each query's stratum."""
    n_queries = len(observed.masks)
    rows = np.bincount(observed.rows.query, minlength=n_queries)
    residues = np.bincount(observed.rows.query, observed.rows.lengths, minlength=n_queries)
    length = stratum_of(np.round(residues / rows).astype(np.int64))
    member = (1 << np.arange(len(observed.subsets))) @ observed.subsets
    numbers: npt.NDArray[np.int64] = member * 64 + length
    return numbers

"""The null model in which the classes of proteins say nothing: labels permuted among comparable proteins."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from psl_eval.nulls import Drawn, Observed, Totals
from psl_eval.rows import Rows
from psl_eval.scoring import ProteinSums, Scorer
from psl_eval.strata import stratum_of


def permuted_labels(
    scorer: Scorer, observed: Observed, draws: int, seed: int, report: Callable[[int, int], None]
) -> Drawn:
    """Labels permuted among the proteins of a stratum: same subsequences, another protein's class.

    A stratum is of proteins in the same subsets whose subsequences have about the same mean length
    (`psl_eval.strata`): those with longer subsequences find fewer entries, and closer relatives.
    """
    of_label, distinct = _distinct(observed.masks)
    rates = _rates_by_label(scorer, observed.rows, len(observed.masks), distinct)
    stratum = _label_strata(observed)
    random = np.random.default_rng(seed)
    totals = Totals(observed, draws)
    for k in range(observed.masks.shape[1]):
        labelled = np.flatnonzero(observed.masks[:, k])
        in_order = labelled[np.argsort(stratum[labelled], kind="stable")]
        for draw in range(draws):
            shuffled = labelled[np.lexsort((random.random(len(labelled)), stratum[labelled]))]
            permuted = rates[in_order, :, of_label[shuffled, k]]
            report(k * draws + draw, observed.masks.shape[1] * draws)
            totals.add(in_order, slice(k, k + 1), slice(draw, draw + 1), permuted[:, :, np.newaxis, np.newaxis])
    return totals.drawn()


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

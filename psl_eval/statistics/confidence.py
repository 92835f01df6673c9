"""The hit rate against the predicted class as a measure of confidence: does a high one mean a correct prediction?

Only proteins with a hit rate and a true class can answer; the tables say how many could not. With the protein itself
among the entries (exclusion ``none``) the answer is circular: its own entry matches exactly where the prediction is
correct.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.statistics.association import auc, rank_correlation
from psl_eval.statistics.counts import wilson_interval
from psl_eval.statistics.means import adjusted
from psl_eval.statistics.resampling import RESAMPLES
from psl_eval.statistics.rows import table_of
from psl_index.classes import CLASSES

CONFIDENCE: Final = pa.schema(
    [
        pa.field("exclusion", pa.string(), nullable=False),
        pa.field("class", pa.string()),  # one that is predicted; null for all proteins together
        # single-label: ROC AUC of "the prediction is correct"; multi-label: Spearman's rho with the Jaccard index
        pa.field("form", pa.string(), nullable=False),
        pa.field("proteins", pa.int64(), nullable=False),  # with a hit rate and a true class: those that are judged
        pa.field("without_hit_rate", pa.int64(), nullable=False),  # left out, whatever their label
        pa.field("without_label", pa.int64(), nullable=False),  # left out, though they have a hit rate
        pa.field("correct", pa.int64(), nullable=False),  # of `proteins`: predicted classes are the true ones
        pa.field("estimate", pa.float64()),  # AUC or rho; null where all are correct or wrong, or all rates equal
        pa.field("low", pa.float64()),  # bootstrap interval of the estimate; null where too few
        pa.field("high", pa.float64()),
        pa.field("p_value", pa.float64()),  # two-sided, of AUC = 0.5 or rho = 0
        pa.field("q_value", pa.float64()),  # Benjamini-Hochberg over the classes of a form; null for all together
        # the rest for the single-label form alone: the hit rate read as the probability that the prediction is correct
        pa.field("brier", pa.float64()),  # mean squared difference of hit rate and correct (1) or wrong (0)
        pa.field("brier_of_share", pa.float64()),  # the same for one who always says the share of correct ones
        pa.field("calibration_error", pa.float64()),  # mean over proteins of |hit rate - share correct| of their bins
    ]
)

CALIBRATION: Final = pa.schema(
    [
        pa.field("exclusion", pa.string(), nullable=False),
        pa.field("class", pa.string()),  # null for all proteins together
        pa.field("bin_low", pa.float64(), nullable=False),  # of the hit rate, inclusive
        pa.field("bin_high", pa.float64(), nullable=False),  # exclusive, but for the last
        pa.field("proteins", pa.int64(), nullable=False),  # 1 or more: empty bins have no row
        pa.field("mean_hit_rate", pa.float64(), nullable=False),
        pa.field("correct_share", pa.float64(), nullable=False),
        pa.field("low", pa.float64(), nullable=False),  # Wilson's interval of the share, proteins as independent
        pa.field("high", pa.float64(), nullable=False),
    ]
)

BINS: Final = 10


def confidence_tables(
    hit_rate: npt.NDArray[np.float64],
    predicted: npt.NDArray[np.uint16],
    true: npt.NDArray[np.uint16],
    *,
    exclusion: str,
    groups: npt.NDArray[np.int64] | None = None,
    seed: int,
    resamples: int = RESAMPLES,
) -> tuple[pa.Table, pa.Table]:
    """How far the hit rate tells correct predictions from wrong ones, for all proteins and by predicted class.

    Parameters
    ----------
    hit_rate : float64 array of shape (m,)
        Of each protein against its predicted class, from 0 to 1; NaN where it has none.
    predicted, true : uint16 arrays of shape (m,)
        Masks of classes, see `psl_index.classes.mask_of`; 0 where unknown. A prediction is correct where the two are
        equal; a protein with several predicted classes counts in the row of each.
    exclusion : str
        Written into the rows.
    groups : int64 array of shape (m,), optional
        Clusters for intervals and p-values, below 0: alone; see `psl_eval.statistics.means.mean_interval`.
    seed, resamples : int

    Returns
    -------
    tuple of pyarrow.Table
        Columns of `CONFIDENCE`: all proteins first, then the classes that are predicted in the order of `CLASSES`, each
        in both forms. Columns of `CALIBRATION`: ten bins of equal width in the same order, those that hold a protein.

    Notes
    -----
    The Jaccard index of a protein is the number of classes both predicted and true over that of classes either.

    References
    ----------
    Brier (1950), Monthly Weather Review 78, 1. Calibration error: Naeini, Cooper and Hauskrecht (2015), AAAI 29, eq. 3.
    """
    labelled = (predicted != 0) & (true != 0)
    judged = ~np.isnan(hit_rate) & labelled
    rows, bins = [], []
    for name, of_class in _classes(predicted):
        used = judged & of_class
        judgement = _Judgement(
            hit_rate[used], predicted[used], true[used], None if groups is None else groups[used], seed, resamples
        )
        counts = {
            "exclusion": exclusion,
            "class": name,
            "proteins": int(used.sum()),
            "without_hit_rate": int((of_class & np.isnan(hit_rate)).sum()),
            "without_label": int((of_class & ~np.isnan(hit_rate) & ~labelled).sum()),
            "correct": int(judgement.correct.sum()),
        }
        calibration = list(_bins(judgement))
        rows.append(counts | _single_label(judgement, calibration))
        rows.append(counts | _multi_label(judgement))
        bins += [{"exclusion": exclusion, "class": name} | row for row in calibration]
    for form in ("single-label", "multi-label"):
        family = [row for row in rows if row["form"] == form and row["class"] is not None]
        for row, q_value in zip(family, adjusted([row["p_value"] for row in family]), strict=True):
            row["q_value"] = q_value
    return table_of(rows, CONFIDENCE), table_of(bins, CALIBRATION)


class _Judgement(NamedTuple):
    """The proteins of one row, all with hit rate and labels."""

    hit_rate: npt.NDArray[np.float64]
    predicted: npt.NDArray[np.uint16]
    true: npt.NDArray[np.uint16]
    groups: npt.NDArray[np.int64] | None
    seed: int
    resamples: int

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.predicted == self.true)


def _classes(predicted: npt.NDArray[np.uint16]) -> Iterator[tuple[str | None, npt.NDArray[np.bool_]]]:
    """Name and proteins of each row: all, then those with each predicted class."""
    yield None, np.ones(len(predicted), bool)
    for bit, name in enumerate(CLASSES):
        of_class = (predicted >> bit & 1).astype(bool)
        if of_class.any():
            yield name, of_class


def _bins(judgement: _Judgement) -> Iterator[dict[str, Any]]:
    # Edges as hit rates are compared with them: 0.3 is in the bin that begins with 0.3.
    edges = np.arange(BINS + 1) / BINS
    bin_of = np.minimum(np.searchsorted(edges, judgement.hit_rate, side="right") - 1, BINS - 1)
    for number in np.unique(bin_of):
        here = bin_of == number
        proteins, correct = int(here.sum()), int(judgement.correct[here].sum())
        low, high = wilson_interval(correct, proteins)
        yield {
            "bin_low": float(edges[number]),
            "bin_high": float(edges[number + 1]),
            "proteins": proteins,
            "mean_hit_rate": float(judgement.hit_rate[here].mean()),
            "correct_share": correct / proteins,
            "low": low,
            "high": high,
        }


def _single_label(judgement: _Judgement, calibration: list[dict[str, Any]]) -> dict[str, Any]:
    correct = judgement.correct
    area = auc(judgement.hit_rate, correct, judgement.groups, seed=judgement.seed, resamples=judgement.resamples)
    row = _association("single-label", area.auc, area.low, area.high, area.p_value)
    if not len(correct):
        return row
    share = float(correct.mean())
    gaps = [bin["proteins"] * abs(bin["mean_hit_rate"] - bin["correct_share"]) for bin in calibration]
    return row | {
        "brier": float(np.mean((judgement.hit_rate - correct) ** 2)),
        "brier_of_share": share * (1 - share),
        "calibration_error": sum(gaps) / len(correct),
    }


def _multi_label(judgement: _Judgement) -> dict[str, Any]:
    both = _class_count(judgement.predicted & judgement.true)
    either = _class_count(judgement.predicted | judgement.true)
    rho = rank_correlation(
        judgement.hit_rate, both / either, judgement.groups, seed=judgement.seed, resamples=judgement.resamples
    )
    return _association("multi-label", rho.rho, rho.low, rho.high, rho.p_value)


def _class_count(masks: npt.NDArray[np.uint16]) -> npt.NDArray[np.int64]:
    bits = np.arange(len(CLASSES))
    return np.asarray((masks[:, np.newaxis] >> bits & 1).sum(axis=1, dtype=np.int64))


def _association(form: str, estimate: float, low: float, high: float, p_value: float) -> dict[str, Any]:
    return {"form": form, "estimate": estimate, "low": low, "high": high, "p_value": p_value}

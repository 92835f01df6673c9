"""Do probabilities mean what they say? Reliability tables, expected calibration error, Brier score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from psl_models.configuration import Task

Binning = Literal["equal-width", "equal-count"]

BINS: Final = 15


class Bin(NamedTuple):
    """Predictions of similar confidence, above `low` and up to `high`."""

    low: float
    high: float
    predictions: int
    confidence: float  # mean
    accuracy: float  # share that is correct


@dataclass(frozen=True)
class Calibration:
    """How far confidence is from the share that is correct.

    Attributes
    ----------
    brier : float
        Mean squared distance of probabilities from labels. Single-label: summed over the classes, 0 to 2. Multi-label:
        averaged over them, 0 to 1.
    equal_width, equal_count : tuple of Bin
        Reliability tables, without empty bins. A prediction is the most probable class of a protein (single-label), or
        each class of each protein (multi-label).
    """

    brier: float
    equal_width: tuple[Bin, ...]
    equal_count: tuple[Bin, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain numbers, the two calibration errors among them."""
        return {
            "brier": self.brier,
            "expected_calibration_error": {
                "equal_width": expected_calibration_error(self.equal_width),
                "equal_count": expected_calibration_error(self.equal_count),
            },
            "reliability": {
                "equal_width": [row._asdict() for row in self.equal_width],
                "equal_count": [row._asdict() for row in self.equal_count],
            },
        }


def calibration(probabilities: npt.ArrayLike, labels: npt.ArrayLike, task: Task, bins: int = BINS) -> Calibration:
    """How well a model is calibrated.

    Parameters
    ----------
    probabilities : float array of shape (n, classes)
    labels : bool array of shape (n, classes)
        One class a protein where `task` is single-label.
    task : {"single-label", "multi-label"}
    bins : int
        15, as Guo et al. 2017.
    """
    of_proteins, is_label = np.asarray(probabilities, np.float64), np.asarray(labels, bool)
    squares = (of_proteins - is_label) ** 2
    if task == "single-label":
        confidences = of_proteins.max(axis=1)
        correct = is_label[np.arange(len(is_label)), of_proteins.argmax(axis=1)]
        brier = float(squares.sum(axis=1).mean())
    else:
        confidences, correct, brier = of_proteins.ravel(), is_label.ravel(), float(squares.mean())
    tables = (reliability(confidences, correct, binning, bins) for binning in ("equal-width", "equal-count"))
    return Calibration(brier, *tables)


def reliability(
    confidences: npt.NDArray[np.float64], correct: npt.NDArray[np.bool_], binning: Binning, bins: int = BINS
) -> tuple[Bin, ...]:
    """The reliability table, without empty bins.

    Parameters
    ----------
    confidences : float64 array of shape (m,)
        0 to 1.
    correct : bool array of shape (m,)
    binning : {"equal-width", "equal-count"}
        Bins as wide as each other, or cut at quantiles, so that they hold about as many predictions as each other.
        Equal confidences are always in one bin.
    bins : int
    """
    edges = np.linspace(0, 1, bins + 1)
    if binning == "equal-count":
        edges = np.quantile(confidences, edges)
    of_prediction = np.searchsorted(edges[1:-1], confidences)
    rows = []
    for number in np.unique(of_prediction):
        here = of_prediction == number
        mean, share = float(confidences[here].mean()), float(correct[here].mean())
        rows.append(Bin(float(edges[number]), float(edges[number + 1]), int(here.sum()), mean, share))
    return tuple(rows)


def expected_calibration_error(table: tuple[Bin, ...]) -> float:
    """Mean distance of confidence from accuracy over the bins, weighted by their predictions; 0 is perfect.

    Guo et al. 2017, On Calibration of Modern Neural Networks, ICML, equation 3.
    """
    predictions = sum(row.predictions for row in table)
    return sum(row.predictions * abs(row.accuracy - row.confidence) for row in table) / predictions

"""Accuracy and MCC of each fold that was held out, and their means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.experiments.multiloc.answers import RULES, Answers
from psl_eval.statistics.means import student_interval
from psl_models.metrics import evaluate

#: What Sonderby et al. 2015 give in their abstract, of predictions from the protein sequence alone.
PAPER_ACCURACY: Final = 0.902
SINGLE: Final = "single model"
ENSEMBLE: Final = "ensemble of four"
FIGURES: Final = ("accuracy", "mcc")

FOLD_ROWS: Final = pa.schema(
    [
        pa.field("split", pa.string(), nullable=False),  # random or clustered
        pa.field("predictor", pa.string(), nullable=False),
        pa.field("test_fold", pa.int64(), nullable=False),  # from 1
        pa.field(
            "validation_fold", pa.int64()
        ),  # of a single model, or that its rules do without; null of the ensemble
        pa.field("proteins", pa.int64(), nullable=False),  # of the test fold
        pa.field("figure", pa.string(), nullable=False),  # accuracy or mcc
        pa.field("value", pa.float64(), nullable=False),
        pa.field("low", pa.float64()),  # proteins of the fold are resampled
        pa.field("high", pa.float64()),
    ]
)
SUMMARY_ROWS: Final = pa.schema(
    [
        pa.field("split", pa.string(), nullable=False),
        pa.field("predictor", pa.string(), nullable=False),
        pa.field("figure", pa.string(), nullable=False),
        pa.field("folds", pa.int64(), nullable=False),  # that were held out in turn
        pa.field("proteins", pa.int64(), nullable=False),  # in all of them
        pa.field("value", pa.float64(), nullable=False),  # mean over folds, within each first over validation folds
        pa.field("low", pa.float64()),  # by Student's t over folds; null of one fold
        pa.field("high", pa.float64()),
        pa.field("paper", pa.float64()),  # what Sonderby et al. 2015 report
    ]
)


def fold_rows(
    models: Mapping[int, Answers],
    labels: npt.NDArray[np.bool_],
    classes: tuple[str, ...],
    resamples: int,
    seed: int,
) -> Iterator[dict[str, Any]]:
    """Rows of `FOLD_ROWS` but for split and test fold: single models, their ensemble, and rules without a network.

    Parameters
    ----------
    models : mapping of int to Answers
        By the fold that stopped each, from 0.
    labels : bool array of shape (m, classes)
        Of the proteins of the test fold.
    classes : tuple of str
    resamples, seed : int
        Of intervals.
    """

    def rows_of(predictor: str, probabilities: npt.NDArray[np.float64], fold: int | None) -> Iterator[dict[str, Any]]:
        figures = evaluate(probabilities, labels, classes, "single-label", resamples=resamples, seed=seed).figures
        for figure in FIGURES:
            yield {
                "predictor": predictor,
                "validation_fold": fold,
                "proteins": len(labels),
                "figure": figure,
                **figures[figure]._asdict(),
            }

    for fold, model in models.items():
        yield from rows_of(SINGLE, model.probabilities, fold + 1)
    yield from rows_of(ENSEMBLE, np.mean([model.probabilities for model in models.values()], axis=0), None)
    for rule in RULES:
        for fold, model in models.items():
            yield from rows_of(rule, model.rules[rule], fold + 1)


def summary_rows(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows of `SUMMARY_ROWS` from those of `FOLD_ROWS`."""
    keys = dict.fromkeys((row["split"], row["predictor"], row["figure"]) for row in rows)
    for split, predictor, figure in keys:
        here = [row for row in rows if (row["split"], row["predictor"], row["figure"]) == (split, predictor, figure)]
        of_folds: dict[int, list[float]] = {}
        for row in here:
            of_folds.setdefault(row["test_fold"], []).append(row["value"])
        means = [float(np.mean(values)) for values in of_folds.values()]
        low, high = student_interval(means)
        yield {
            "split": split,
            "predictor": predictor,
            "figure": figure,
            "folds": len(means),
            "proteins": sum({row["test_fold"]: row["proteins"] for row in here}.values()),
            "value": float(np.mean(means)),
            "low": low,
            "high": high,
            "paper": PAPER_ACCURACY if predictor in (SINGLE, ENSEMBLE) and figure == "accuracy" else None,
        }

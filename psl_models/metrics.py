"""How good predictions are: figures of scikit-learn's over whole data sets, with bootstrap intervals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    jaccard_score,
    matthews_corrcoef,
    precision_recall_fscore_support,
)

from psl_index.errors import InputError
from psl_models.calibration import Calibration, calibration, expected_calibration_error
from psl_models.configuration import Task
from psl_models.decisions import Bools, decided
from psl_models.resampling import LEVEL, RESAMPLES, interval, resampled_figures

STUDY_BATCH: Final = 5

FIGURES: Final = {
    "accuracy": "accuracy",
    "subset_accuracy": "subset accuracy",
    "jaccard": "Jaccard index",
    "f1_micro": "F1, micro",
    "f1_macro": "F1, macro",
    "f1_macro_batches": f"F1, macro of batches of {STUDY_BATCH}",
    "mcc": "MCC",
}
"""Names of the figures for people."""


class Figure(NamedTuple):
    """One number about a data set, and its interval; NaN where there is none."""

    value: float
    low: float
    high: float


class ClassFigures(NamedTuple):
    """The numbers of one class against all others; `f1` has an interval."""

    name: str
    proteins: int  # that have the class
    predicted: int  # that are given it
    precision: float
    recall: float
    f1: Figure
    mcc: float


@dataclass(frozen=True)
class Metrics:
    """How good the predictions for a data set are.

    Attributes
    ----------
    task : {"single-label", "multi-label"}
    proteins : int
    figures : dict of str to Figure
        By the names of `FIGURES`.
    classes : tuple of ClassFigures
        In the model's order.
    confusion : int64 array of shape (classes, classes), or None
        Proteins by true (row) and predicted class (column); None where proteins can have several.
    thresholds : tuple of float
        Those given, of the classes.
    calibration : Calibration
    resamples, seed : int
        Of the bootstrap.
    """

    task: Task
    proteins: int
    figures: dict[str, Figure]
    classes: tuple[ClassFigures, ...]
    confusion: npt.NDArray[np.int64] | None
    thresholds: tuple[float, ...]
    calibration: Calibration
    resamples: int
    seed: int

    def as_json(self) -> dict[str, Any]:
        """Plain numbers, texts and lists; None for what is not a number."""
        classes = [row._asdict() | {"f1": _as_json(row.f1)} for row in self.classes]
        return {
            "task": self.task,
            "proteins": self.proteins,
            "figures": {name: _as_json(figure) for name, figure in self.figures.items()},
            "classes": classes,
            "confusion": None if self.confusion is None else self.confusion.tolist(),
            "thresholds": list(self.thresholds),
            "calibration": self.calibration.as_json(),
            "interval": {
                "method": "percentile bootstrap over proteins",
                "level": LEVEL,
                "resamples": self.resamples,
                "seed": self.seed,
            },
        }

    def describe(self) -> list[str]:
        """Lines for people: the figures with their intervals, then a table of the classes."""
        return [
            f"{self.proteins:,} protein{'' if self.proteins == 1 else 's'}, intervals of {LEVEL:.0%}",
            *self._figure_lines(),
            *self._class_lines(),
        ]

    def _figure_lines(self) -> Iterator[str]:
        width = max(len(FIGURES[name]) for name in self.figures)
        for name, figure in self.figures.items():
            yield f"  {FIGURES[name]:{width}}  {figure.value:.3f}{_between(figure)}"
        error = expected_calibration_error(self.calibration.equal_count)
        yield f"  {'calibration':{width}}  off by {error:.3f} (ECE), Brier score {self.calibration.brier:.3f}"

    def _class_lines(self) -> Iterator[str]:
        width = max(5, *(len(row.name) for row in self.classes))
        yield f"  {'class':{width}}  proteins  predicted  precision  recall  {'F1':>5}{'':17}  {'MCC':>6}"
        for row in self.classes:
            yield (
                f"  {row.name:{width}}  {row.proteins:8,}  {row.predicted:9,}  {row.precision:9.3f}  {row.recall:6.3f}"
                f"  {row.f1.value:5.3f}{_between(row.f1):17}  {row.mcc:6.3f}"
            )


def evaluate(
    probabilities: npt.ArrayLike,
    labels: npt.ArrayLike,
    classes: Sequence[str],
    task: Task,
    thresholds: Sequence[float] = (),
    *,
    resamples: int = RESAMPLES,
    seed: int = 1,
) -> Metrics:
    """Compare what a model says with the labels.

    Parameters
    ----------
    probabilities : float array of shape (n, classes)
        In the order of the file: `f1_macro_batches` depends on it, nothing else does.
    labels : bool array of shape (n, classes)
        Exactly one class a protein where `task` is single-label, else one or more.
    classes : sequence of str
    task : {"single-label", "multi-label"}
    thresholds : sequence of float
        Of a multi-label model; see `psl_models.decisions.decided`.
    resamples, seed : int
        Of the bootstrap over proteins that gives the intervals.

    Raises
    ------
    InputError
        Where there is no protein, a protein without a class (or with several, single-label), or a probability that is
        not a number.

    Notes
    -----
    All figures are over the whole data set. Means over classes (`f1_macro`) are over all classes of the model: one that
    no protein has and none is given counts 0, as does every ratio whose divisor is 0. Single-label: `f1_micro` equals
    `accuracy`, `mcc` is the coefficient for several classes, and `f1_macro_batches` is what the study reports (see
    `f1_macro_of_batches`). Multi-label: `subset_accuracy` asks for all classes of a protein, `jaccard` is the mean over
    proteins.

    References
    ----------
    J. Gorodkin 2004, Comparing two K-category assignments by a K-category correlation coefficient,
    Comput. Biol. Chem. 28, 367.
    """
    is_label = np.asarray(labels, bool)
    _check_labels(is_label, task)
    predicted = decided(probabilities, task, thresholds)
    resampled = resampled_figures(is_label, predicted, task, seed=seed, resamples=resamples)
    n = len(is_label)
    figures = {
        name: Figure(value, *(interval(resampled.figures[name], n) if name in resampled.figures else (math.nan,) * 2))
        for name, value in _figures(is_label, predicted, task)
    }
    f1_intervals = [interval(of_class, n) for of_class in resampled.class_f1.T]
    return Metrics(
        task=task,
        proteins=n,
        figures=figures,
        classes=tuple(_class_figures(is_label, predicted, classes, f1_intervals)),
        confusion=_confusion(is_label, predicted) if task == "single-label" else None,
        thresholds=tuple(map(float, thresholds)),
        calibration=calibration(probabilities, is_label, task),
        resamples=resamples,
        seed=seed,
    )


def macro_f1(
    probabilities: npt.ArrayLike, labels: npt.ArrayLike, task: Task, thresholds: Sequence[float] = ()
) -> float:
    """The `f1_macro` of `evaluate`, alone: what early stopping looks at. Parameters as there."""
    predicted = decided(probabilities, task, thresholds)
    return float(f1_score(np.asarray(labels, bool), predicted, average="macro", zero_division=0))


def f1_macro_of_batches(
    true: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], batch: int = STUDY_BATCH
) -> float:
    """Mean over batches of the macro F1 of each, over the classes that are true or predicted in it.

    What the published study calls its macro F1. It depends on the order of the proteins. For comparison with the study
    only.

    Parameters
    ----------
    true, predicted : int64 arrays of shape (n,)
        Class numbers, one a protein, in the order of the file.
    batch : int
        Proteins in a batch; the last one has what is left, and counts as much as the others.
    """
    starts = range(0, len(true), batch)
    pairs = ((true[start : start + batch], predicted[start : start + batch]) for start in starts)
    return float(np.mean([f1_score(*pair, average="macro", zero_division=0) for pair in pairs]))


def _check_labels(labels: Bools, task: Task) -> None:
    if not len(labels):
        raise InputError("no protein to compare predictions with")
    numbers = labels.sum(axis=1)
    odd = np.flatnonzero(numbers != 1 if task == "single-label" else numbers == 0)
    if len(odd):
        expected = "exactly one class" if task == "single-label" else "one class or more"
        raise InputError(f"protein {odd[0] + 1:,} has {numbers[odd[0]]} classes, expected {expected}")


def _figures(labels: Bools, predicted: Bools, task: Task) -> Iterator[tuple[str, float]]:
    if task == "single-label":
        true_numbers, predicted_numbers = labels.argmax(axis=1), predicted.argmax(axis=1)
        yield "accuracy", float(accuracy_score(true_numbers, predicted_numbers))
    else:
        yield "subset_accuracy", float(accuracy_score(labels, predicted))
        yield "jaccard", float(jaccard_score(labels, predicted, average="samples"))
    yield "f1_micro", float(f1_score(labels, predicted, average="micro", zero_division=0))
    yield "f1_macro", float(f1_score(labels, predicted, average="macro", zero_division=0))
    if task == "single-label":
        yield "f1_macro_batches", f1_macro_of_batches(true_numbers, predicted_numbers)
        yield "mcc", _correlation(true_numbers, predicted_numbers)


def _class_figures(
    labels: Bools, predicted: Bools, classes: Sequence[str], f1_intervals: Sequence[tuple[float, float]]
) -> Iterator[ClassFigures]:
    figures = precision_recall_fscore_support(labels, predicted, average=None, zero_division=0)
    columns = zip(classes, labels.T, predicted.T, *figures, f1_intervals, strict=True)
    for name, has_class, is_given, precision, recall, f1, support, f1_interval in columns:
        yield ClassFigures(
            name=name,
            proteins=int(support),
            predicted=int(is_given.sum()),
            precision=float(precision),
            recall=float(recall),
            f1=Figure(float(f1), *f1_interval),
            mcc=_correlation(has_class, is_given),
        )


def _correlation(true: npt.NDArray[Any], predicted: npt.NDArray[Any]) -> float:
    if len(np.union1d(true, predicted)) == 1:
        return 0.0  # what scikit-learn gives, with a warning about the shape of its own matrix
    return float(matthews_corrcoef(true, predicted))


def _confusion(labels: Bools, predicted: Bools) -> npt.NDArray[np.int64]:
    numbers = np.arange(labels.shape[1])
    return np.asarray(confusion_matrix(labels.argmax(axis=1), predicted.argmax(axis=1), labels=numbers), np.int64)


def _as_json(figure: Figure) -> dict[str, float | None]:
    return {name: None if math.isnan(number) else number for name, number in figure._asdict().items()}


def _between(figure: Figure) -> str:
    return "" if math.isnan(figure.low) else f" ({figure.low:.3f} to {figure.high:.3f})"

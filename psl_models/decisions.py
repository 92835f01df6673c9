"""From probabilities to classes: which classes a model says that a protein has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from psl_index.errors import InputError
from psl_models.configuration import Task

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

DEFAULT_THRESHOLD: Final = 0.5


def decided(probabilities: npt.ArrayLike, task: Task, thresholds: Sequence[float] = ()) -> Bools:
    """The classes that probabilities stand for, at least one a protein.

    Parameters
    ----------
    probabilities : float array of shape (n, classes)
    task : {"single-label", "multi-label"}
    thresholds : sequence of float, one a class
        Of a multi-label model, as in its configuration; none: 0.5 each.

    Returns
    -------
    bool array of shape (n, classes)
        Single-label: the most probable class, the first of equal ones. Multi-label: all classes above their threshold;
        where none is, the one that comes closest to it, as a protein is somewhere.

    Raises
    ------
    InputError
        Where a probability is not a number.

    References
    ----------
    Thumuluri et al. 2022, DeepLoc 2.0, Nucleic Acids Res. 50, W228: a threshold a class, strictly exceeded, and the
    closest class where none is.
    """
    of_proteins = np.asarray(probabilities, np.float64)
    _check_numbers(of_proteins)
    if task == "multi-label":
        of_proteins = of_proteins - _thresholds(thresholds, of_proteins.shape[1])
    most = of_proteins.argmax(axis=1)
    is_most: Bools = np.arange(of_proteins.shape[1]) == most[:, None]
    return is_most | (of_proteins > 0) if task == "multi-label" else is_most


def tuned_thresholds(probabilities: npt.ArrayLike, labels: npt.ArrayLike) -> Floats:
    """Threshold of each class that gives the largest Matthews correlation coefficient; tune on validation proteins.

    Parameters
    ----------
    probabilities : float array of shape (n, classes)
    labels : bool array of shape (n, classes)

    Returns
    -------
    float64 array of shape (classes,)
        Half-way between two probabilities that occur; of equally good ones the nearest to 0.5. It is 0.5 where no
        threshold is better than chance, as in a class that no protein or every protein has.

    Notes
    -----
    MCC = (n TP - P S) / sqrt(P (n - P) S (n - S)), with P proteins above the threshold and S that have the class: all
    cuts of the sorted probabilities at once, in O(n log n) a class.

    References
    ----------
    Thumuluri et al. 2022, Nucleic Acids Res. 50, W228 (thresholds by MCC).
    """
    of_proteins, is_label = np.asarray(probabilities, np.float64), np.asarray(labels, bool)
    _check_numbers(of_proteins)
    pairs = zip(of_proteins.T, is_label.T, strict=True)
    return np.array([_tuned_threshold(of_class, is_of_class) for of_class, is_of_class in pairs], np.float64)


def _tuned_threshold(probabilities: Floats, has_class: Bools) -> float:
    order = np.argsort(-probabilities, kind="stable")
    descending = probabilities[order]
    cuts = np.flatnonzero(descending[:-1] > descending[1:])
    n, support = float(len(order)), float(np.count_nonzero(has_class))
    if not len(cuts) or support in (0, n):
        return DEFAULT_THRESHOLD
    above = cuts + 1.0
    correlation = n * np.cumsum(has_class[order])[cuts] - above * support
    correlation /= np.sqrt(above * (n - above)) * np.sqrt(support * (n - support))
    best = correlation.max()
    if best <= 0:
        return DEFAULT_THRESHOLD
    thresholds = (descending[cuts] + descending[cuts + 1]) / 2
    # Equal coefficients can differ in their last bits.
    equally_good = thresholds[np.isclose(correlation, best, rtol=1e-12, atol=0)]
    return float(equally_good[np.abs(equally_good - DEFAULT_THRESHOLD).argmin()])


def _thresholds(thresholds: Sequence[float], n_classes: int) -> Floats:
    if not len(thresholds):
        return np.full(n_classes, DEFAULT_THRESHOLD)
    if len(thresholds) != n_classes:
        raise InputError(f"{len(thresholds)} thresholds for {n_classes} classes: one a class is expected")
    return np.asarray(thresholds, np.float64)


def _check_numbers(probabilities: Floats) -> None:
    odd = np.flatnonzero(~np.isfinite(probabilities).all(axis=1))
    if len(odd):
        raise InputError(
            f"the model's answer is not a number for {len(odd):,} of {len(probabilities):,} proteins, "
            f"the first is number {odd[0] + 1:,}",
            remedy="its weights are damaged, or its training diverged (try a smaller learning rate)",
        )

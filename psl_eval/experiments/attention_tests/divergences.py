"""How far two distributions are from each other: of attention over residues, and of a model's answers."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.special

from psl_models.configuration import Task

Floats = npt.NDArray[np.float64]

#: Of two distributions without common support, in nats: the largest Jensen-Shannon divergence there is.
MOST: Final = float(np.log(2))


def jensen_shannon(p: npt.ArrayLike, q: npt.ArrayLike) -> Floats:
    """Jensen-Shannon divergence of distributions along the last axis, in nats, from 0 to log 2.

    ``H((p + q) / 2) - (H(p) + H(q)) / 2`` with the entropy H (Lin 1991, IEEE Trans. Inf. Theory 37, 145).
    """
    first, second = np.asarray(p, np.float64), np.asarray(q, np.float64)
    found = _entropy((first + second) / 2) - (_entropy(first) + _entropy(second)) / 2
    return np.clip(found, 0.0, MOST)  # beyond by rounding only


def total_variation(p: npt.ArrayLike, q: npt.ArrayLike, task: Task) -> Floats:
    """Total variation distance of answers along the last axis, from 0 to 1 (Jain and Wallace 2019, equation 1).

    Of one class a protein: half the sum of absolute differences of probabilities. Where a protein can have several
    classes, each is an answer of its own: the mean of the distances of all, |p - q| each.
    """
    differences = np.abs(np.asarray(p, np.float64) - np.asarray(q, np.float64))
    return np.asarray(differences.mean(axis=-1) if task == "multi-label" else differences.sum(axis=-1) / 2)


def answer_divergence(p: npt.ArrayLike, q: npt.ArrayLike, task: Task) -> Floats:
    """Jensen-Shannon divergence of answers along the last axis, in nats; of several classes the mean over them."""
    first, second = np.asarray(p, np.float64), np.asarray(q, np.float64)
    if task == "multi-label":
        first, second = np.stack([first, 1 - first], axis=-1), np.stack([second, 1 - second], axis=-1)
        return np.asarray(jensen_shannon(first, second).mean(axis=-1))
    return jensen_shannon(first, second)


def _entropy(distribution: Floats) -> Floats:
    return np.asarray(scipy.special.entr(distribution).sum(axis=-1))

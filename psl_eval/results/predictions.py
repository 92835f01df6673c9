"""Predictions as a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def predictions_table(
    identifiers: Sequence[str],
    labels: Sequence[Sequence[str]],
    predicted: npt.NDArray[np.bool_],
    probabilities: npt.NDArray[np.float32],
    classes: Sequence[str],
) -> pa.Table:
    """What a model says of n proteins: a row each.

    Columns: query, predicted (several classes joined by ``;``), probability (of the most probable class, which
    with thresholds need not be a predicted one), true (as predicted; null without labels), correct (whether the two are
    the same classes; null without labels), then the probability of each class under its name.

    Parameters
    ----------
    identifiers : sequence of str
    labels : sequence of sequence of str
        True classes, none where they are not known.
    predicted : ndarray
        bool of shape (n, classes).
    probabilities : ndarray
        float32 of shape (n, classes).
    classes : sequence of str
    """
    names = np.array(classes, object)
    chosen = [list(names[row]) for row in predicted]
    columns = {
        "query": pa.array(identifiers, pa.string()),
        "predicted": pa.array([joined(each) for each in chosen], pa.string()),
        "probability": pa.array(probabilities.max(1)),
        "true": pa.array([joined(each) for each in labels], pa.string()),
        "correct": pa.array(
            [set(each) == set(true) if true else None for each, true in zip(chosen, labels, strict=True)], pa.bool_()
        ),
    }
    return pa.table(columns | {name: pa.array(column) for name, column in zip(classes, probabilities.T, strict=True)})


def joined(classes: Sequence[str]) -> str | None:
    """Classes in one field; None where there is none."""
    return ";".join(classes) or None

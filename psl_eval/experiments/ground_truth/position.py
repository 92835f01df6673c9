"""What the position alone tells of where signals are: the control that an explanation has to be better than."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from psl_eval.experiments.ground_truth.planted_proteins import Planted

#: Scores from where cores of each class lie in the training proteins, whatever the residues.
POSITION: Final = "position alone"


def scores_by_position(
    planted: Planted, training: npt.NDArray[np.int64], rows: Sequence[int], classes: Sequence[str]
) -> list[npt.NDArray[np.float32]]:
    """How often cores lie as far from either end in training proteins of a class: what can be said without residues.

    That is more than any explanation is told: it is made from the planted signals of the training proteins.

    Parameters
    ----------
    planted : Planted
    training : int64 array
        Numbers of the training proteins.
    rows : sequence of int
        Numbers of the proteins to score.
    classes : sequence of str
        The class of each of these, as predicted.

    Returns
    -------
    list of float32 arrays of shape (length,)
        The larger of two frequencies: of cores among residues of training proteins as far from the N-terminus, and
        from the C-terminus; 0 where none has been seen.
    """
    longest = max(len(sequence) for sequence in planted.dataset.sequences)
    profiles = {}
    for psl_class in set(classes):
        cores, residues = np.zeros((2, longest)), np.zeros(longest)
        for row in training.tolist():
            if planted.dataset.labels[row] == (psl_class,):
                inside = planted.cores(row)
                cores[0, : len(inside)] += inside
                cores[1, : len(inside)] += inside[::-1]
                residues[: len(inside)] += 1
        profiles[psl_class] = cores / np.maximum(residues, 1)
    scores = []
    for row, psl_class in zip(rows, classes, strict=True):
        n = len(planted.dataset.sequences[row])
        from_start, from_end = profiles[psl_class][:, :n]
        scores.append(np.maximum(from_start, from_end[::-1]).astype(np.float32))
    return scores

"""The learned weights at other places: rotated, which keeps the lengths of all runs of high weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from psl_eval.experiments.attention_tests.divergences import jensen_shannon, total_variation
from psl_eval.experiments.attention_tests.readouts import Floats, Readout


class Rotation(NamedTuple):
    """The learned weights of a protein, rotated: what goes beyond the last residue comes back at the first."""

    shift: int  # in residues
    weights: Floats  # (length,)


def farthest_rotation(readout: Readout, epsilon: float, least: int = 10) -> Rotation | None:
    """Of the rotations that hold the answer within `epsilon`, that which is farthest from the learned weights.

    Weights move by at least `least` residues in both directions around, so that runs of high weights stay as long as
    they are and come to lie elsewhere. None where no rotation will do.
    """
    length = len(readout.weights)
    shifts = np.arange(least, length - least + 1)
    if not len(shifts):
        return None
    origin = (np.arange(length) - shifts[:, np.newaxis]) % length
    rotated = readout.weights[origin]
    moved = total_variation(readout.probabilities(rotated), readout.probabilities(readout.weights), readout.task)
    away = np.where(moved <= epsilon, jensen_shannon(rotated, readout.weights), -1.0)
    farthest = int(away.argmax())
    return Rotation(int(shifts[farthest]), rotated[farthest]) if away[farthest] >= 0 else None

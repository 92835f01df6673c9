"""How much of what was planted the scores of residues find, and what the same scores find at other places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from psl_eval.experiments.ground_truth.planted_proteins import Planted
from psl_eval.subsequences.rules import AboveMean, Scores, spans

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: What is measured of a protein, and what the tables say it is.
MEASURES: Final = {
    "recall": "share of the residues of cores that are picked out",
    "precision": "share of the residues picked out that are in cores",
    "precision-signal": "share of the residues picked out that are in signals, core or not",
    "touched": "share of the cores of which a residue is picked out",
    "auprc": "average precision of the scores, residues of cores against all others",
}
_ROTATIONS: Final = 20


class Measured(NamedTuple):
    """A number about a protein, and its mean if what was picked out lay anywhere else; NaN where it has none."""

    value: float
    chance: float


class OfSignal(NamedTuple):
    """What was found of one signal."""

    protein: int  # row among those that are explained
    kind: int
    recall: Measured
    touched: Measured


def picked(scores: Sequence[npt.NDArray[np.float32]]) -> list[Bools]:
    """Whether each residue of each protein is in a subsequence by the study's rule; bool of shape (length,) each."""
    lengths = [len(each) for each in scores]
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    found = spans(Scores(np.concatenate(scores).astype(np.float64), offsets), AboveMean())
    masks = [np.zeros(length, np.bool_) for length in lengths]
    for protein, start, end in zip(found.protein.tolist(), found.start.tolist(), found.end.tolist(), strict=True):
        masks[protein][start:end] = True
    return masks


def measured(scores: npt.NDArray[np.float32], mask: Bools, planted: Planted, row: int) -> dict[str, Measured]:
    """The `MEASURES` of a protein that has a signal.

    Parameters
    ----------
    scores : float32 array of shape (length,)
    mask : bool array of shape (length,)
        What is picked out.
    planted : Planted
    row : int
        Number of the protein in `planted`.

    Notes
    -----
    Chance is the mean over all rotations of the protein against what is picked out, exact but for `auprc`, which takes
    20 others than its own, evenly spaced, or as many as there are: runs keep their lengths and their distances. It
    knows nothing of where signals are as a rule; a method that always looks at one end of the protein can be better
    than that.
    """
    cores, whole = planted.cores(row), planted.whole(row)
    n, found = len(mask), int(mask.sum())
    touched = [touching(mask, each.core_first - 1, each.core_last) for each in planted.signals[row]]
    return {
        "recall": Measured(float(mask[cores].mean()), found / n),
        "precision": _among(cores, mask, found),
        "precision-signal": _among(whole, mask, found),
        "touched": Measured(*np.mean(np.array(touched, np.float64), axis=0).tolist()),
        "auprc": _area(scores, cores),
    }


def of_signals(mask: Bools, planted: Planted, row: int, protein: int) -> Iterator[OfSignal]:
    """The same for each signal of a protein alone."""
    for each in planted.signals[row]:
        core = slice(each.core_first - 1, each.core_last)
        recall = Measured(float(mask[core].mean()), float(mask.mean()))
        yield OfSignal(protein, each.kind, recall, touching(mask, each.core_first - 1, each.core_last))


def touching(mask: Bools, start: int, end: int) -> Measured:
    """Whether a residue from `start` (from 0) up to, not with, `end` is picked out: 1 or 0; chance by all rotations."""
    width = end - start
    around = np.concatenate((mask, mask[: width - 1]))
    sums = np.concatenate(([0], np.cumsum(around)))
    return Measured(float(mask[start:end].any()), float((sums[width:] > sums[:-width]).mean()))


def average_precision(scores: npt.NDArray[Any], wanted: Bools) -> Floats:
    """Area under precision by recall, of the same scores for several sets of residues.

    Parameters
    ----------
    scores : array of shape (length,)
        Equal ones are taken together.
    wanted : bool array of shape (sets, length)
        At least one in each set.

    Returns
    -------
    float64 array of shape (sets,)
        The sum over thresholds of the precision times the gain in recall, without interpolation.
    """
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.cumsum(wanted[:, order], axis=1)[:, last]
    gains = np.diff(hits, axis=1, prepend=0)
    areas: Floats = (hits / (last + 1) * gains).sum(axis=1) / hits[:, -1]
    return areas


def _among(wanted: Bools, mask: Bools, found: int) -> Measured:
    return Measured(float(wanted[mask].mean()), float(wanted.mean())) if found else Measured(np.nan, np.nan)


def _area(scores: npt.NDArray[np.float32], cores: Bools) -> Measured:
    n = len(cores)
    shifts = np.unique(((np.arange(_ROTATIONS) + 0.5) * n / _ROTATIONS).astype(np.int64))
    shifts = shifts[shifts > 0]  # at 0 cores are where they are
    rotated = cores[(np.arange(n) - np.append(0, shifts)[:, np.newaxis]) % n]
    areas = average_precision(scores, rotated)
    return Measured(float(areas[0]), float(areas[1:].mean()))
